// What does the person see and do? Everything shown goes through textContent, never as HTML.

const SIGNS = {
  genuine: "✓",
  findings: "!",
  forged: "✗",
  untrusted: "?",
  stranger: "?",
  keyless: "?",
  unavailable: "?",
};
const SHADES = { 7: "bad", 3: "warn", 8: "open", 6: "open" };
const SHOWN_FILES = 4;

class Face {
  constructor(root) {
    this.root = root;
    this.lang = (navigator.language || "").toLowerCase().startsWith("de") ? "de" : "en";
    this.given = [];
    this.closed = [];
    this.trust = { keys: new Map(), roster: null, seen: [], names: [] };
    this.typed = "";
    this.keyProblem = "";
    this.verdict = null;
    this.busy = false;
    this.round = 0;
    this.shown = null;
    this.able = true;
  }

  async start() {
    this.able = await canVerify();
    this.draw();
  }

  say(key, params) {
    return text(key, this.lang, params);
  }

  // -- what the person does

  /** `closed` are folders that the browser wouldn't open: half of a drop is never judged. */
  async take(files, closed = []) {
    this.closed = closed;
    if (closed.length) this.given = [];
    if (!files.length || closed.length) return void this.draw();
    this.given = files;
    this.shown = null;
    this.verdict = null;
    await this.look();
    this.root.querySelector("#verdict")?.scrollIntoView({ block: "nearest" });
  }

  async takeKeys(files) {
    for (const { path, blob } of files) {
      const name = path.split("/").pop();
      const bytes = new Uint8Array(await blob.slice(0, MAX_TRUST).arrayBuffer());
      const [taken] = await attempt(() => readTrust(bytes));
      this.keyProblem = taken ? "" : this.say("page.key.none", { file: name });
      if (!taken) continue;
      if (taken.roster) this.trust.roster = taken.roster;
      this.trust.seen.push(...taken.seen);
      for (const [id, key] of taken.keys) this.trust.keys.set(id, key);
      this.trust.names.push(name);
    }
    await this.look();
  }

  async type(value) {
    const before = readPrint(this.typed);
    this.typed = value;
    if (readPrint(value) === before) return this.draw();
    return this.look();
  }

  async look() {
    this.round += 1;
    const own = this.round;
    if (!this.given.length) return this.draw();
    this.busy = true;
    this.drawVerdict();
    this.result.setAttribute("aria-busy", "true");
    const trust = { ...this.trust, print: readPrint(this.typed) ?? "" };
    const progress = (count) => {
      if (own === this.round && count % 50 === 0) this.tell(count);
    };
    const verdict = await examine(this.given, trust, Date.now(), progress);
    if (own !== this.round) return undefined;
    this.busy = false;
    this.result.removeAttribute("aria-busy");
    this.verdict = verdict;
    return this.draw();
  }

  async switchTo(lang) {
    this.lang = lang;
    this.draw();
    if (this.given.length) this.drawVerdict();
  }

  // -- what it shows

  draw() {
    document.documentElement.lang = this.lang;
    document.title = this.say("page.title");
    const field = document.activeElement?.id === "print" ? document.activeElement : null;
    const caret = field?.selectionStart;
    this.result = make("div", { "aria-live": "polite", id: "result" });
    this.root.replaceChildren(
      make(
        "header",
        {},
        make("div", {}, make("h1", {}, this.say("page.title")), this.intro()),
        this.languages(),
      ),
      ...(this.able ? [this.steps()] : [this.unable()]),
      this.result,
      make("p", { class: "soft small" }, this.say("page.limits")),
    );
    if (this.able) this.drawTyped();
    if (field) {
      this.root.querySelector("#print").focus();
      this.root.querySelector("#print").setSelectionRange(caret, caret);
    }
    return this.drawVerdict();
  }

  intro() {
    return make("p", { class: "soft" }, this.say("page.intro"));
  }

  languages() {
    const one = (lang, name) =>
      make(
        "button",
        {
          type: "button",
          lang,
          "aria-pressed": String(this.lang === lang),
          click: () => this.switchTo(lang),
        },
        name,
      );
    return make("div", { class: "lang" }, one("de", "Deutsch"), one("en", "English"));
  }

  unable() {
    return make(
      "section",
      { class: "card verdict unavailable" },
      make("div", { class: "sign", "aria-hidden": "true" }, "?"),
      make(
        "div",
        {},
        make("p", { class: "word" }, this.say("page.unable.word")),
        make("p", { class: "said" }, this.say("page.unable")),
      ),
    );
  }

  steps() {
    return make("div", { class: "steps" }, this.reportsCard(), this.keyCard());
  }

  reportsCard() {
    const card = make(
      "section",
      { class: "card", id: "reports" },
      make("h2", {}, make("span", { class: "step" }, "1"), this.say("page.reports")),
      make("p", { class: "soft small" }, this.say("page.reports.what")),
      make(
        "div",
        { class: "drop" },
        make("div", {}, this.say("page.drop")),
        make(
          "div",
          { class: "actions" },
          this.chooser("page.choose.files", { multiple: true, id: "files" }, (files) =>
            this.take(files),
          ),
          this.chooser("page.choose.folder", { webkitdirectory: true, id: "folder" }, (files) =>
            this.take(files),
          ),
        ),
      ),
    );
    if (this.given.length) card.append(this.givenLine());
    if (this.closed.length) {
      const names = this.closed.join(", ");
      card.append(make("p", { class: "given small no" }, this.say("page.closed", { names })));
    }
    return dropping(card, (files, closed) => this.take(files, closed));
  }

  givenLine() {
    const tops = [...new Set(this.given.map(({ path }) => path.split("/")[0]))];
    const names = tops.slice(0, 3).join(", ") + (tops.length > 3 ? " …" : "");
    const files = this.say(`page.files.${this.given.length === 1 ? "one" : "many"}`, {
      n: this.given.length,
    });
    const clear = () => {
      this.given = [];
      this.verdict = null;
      this.busy = false;
      this.round += 1;
      this.draw();
    };
    return make(
      "p",
      { class: "given small" },
      `${names} (${files}) `,
      make("button", { type: "button", click: clear }, this.say("page.clear")),
    );
  }

  keyCard() {
    const input = make("input", {
      type: "text",
      id: "print",
      class: "mono",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "0000 0000 0000 0000 0000 0000 0000 0000",
      input: (event) => this.type(event.target.value),
    });
    input.value = this.typed;
    const card = make(
      "section",
      { class: "card", id: "key" },
      make("h2", {}, make("span", { class: "step" }, "2"), this.say("page.key")),
      make("p", { class: "soft small" }, this.say("page.key.what")),
      make("p", {}, make("label", { for: "print" }, this.say("page.print")), input),
      make("div", { id: "typed" }),
      make(
        "div",
        { class: "drop" },
        make("div", {}, this.say("page.key.drop")),
        make(
          "div",
          { class: "actions" },
          this.chooser("page.choose.key", { multiple: true, id: "keyfile" }, (files) =>
            this.takeKeys(files),
          ),
        ),
      ),
    );
    return dropping(card, (files) => this.takeKeys(files));
  }

  /** What became of the fingerprint and the key files, beneath their field. */
  drawTyped() {
    const place = this.root.querySelector("#typed");
    if (!place) return;
    const lines = [];
    const digits = this.typed.replace(/[^0-9a-f]/gi, "").length;
    if (this.typed.trim() && !readPrint(this.typed)) {
      lines.push(make("p", { class: "small soft" }, this.say("page.print.short", { n: digits })));
    }
    if (this.keyProblem) lines.push(make("p", { class: "small no" }, this.keyProblem));
    if (this.trust.names.length) lines.push(this.keysLine());
    place.replaceChildren(...lines);
  }

  keysLine() {
    const open = Boolean(this.verdict?.open && this.given.length);
    const prints = trustedPrints(open ? { ...this.trust, roster: null } : this.trust, "");
    const key = open ? "page.key.carried" : "page.key.from";
    const clear = () => {
      this.trust = { keys: new Map(), roster: null, seen: [], names: [] };
      this.look();
    };
    return make(
      "p",
      { class: "given small" },
      `${this.say(key, { file: this.trust.names.join(", ") })} `,
      make("span", { class: "mono" }, prints.join(" · ")),
      make("button", { type: "button", click: clear }, this.say("page.clear")),
    );
  }

  chooser(key, attributes, taken) {
    const input = make("input", { type: "file", ...attributes });
    input.addEventListener("change", () => {
      const files = [...input.files].map((file) => ({
        path: file.webkitRelativePath || file.name,
        blob: file,
      }));
      taken(files);
    });
    return make("label", { class: "button" }, this.say(key), input);
  }

  tell(count) {
    const place = this.root.querySelector("#count");
    if (place) place.textContent = this.say("page.busy", { n: count });
  }

  drawVerdict() {
    if (!this.result) return;
    if (this.busy && !this.verdict) {
      this.result.replaceChildren(
        make("p", { class: "card busy", id: "count" }, this.say("page.busy", { n: 0 })),
      );
    } else if (this.verdict && this.given.length) {
      this.result.replaceChildren(...this.told(this.verdict));
    } else {
      this.result.replaceChildren();
    }
  }

  told(verdict) {
    const serious = seriousOf(verdict);
    const notes = verdict.findings.filter((finding) => finding.exit === EXIT_OK);
    return [
      this.verdictCard(verdict),
      this.printsCard(verdict),
      this.findingsCard("verify.found", serious),
      this.findingsCard("verify.known", notes),
      ...this.reportsTold(verdict.reports),
    ].filter(Boolean);
  }

  verdictCard(verdict) {
    const word = resultWord(verdict);
    const shown = word === "untrusted" ? this.unconfirmed(verdict) : word;
    const next = shown === "untrusted" && verdict.open ? "carried" : shown;
    const keys = missingKeys(verdict.reports, readPrint(this.typed) ?? "");
    const at = new Date(verdict.now).toLocaleString(this.lang);
    const small = [
      this.say("page.checked", { at }),
      this.say("page.exit", { code: String(verdict.exit) }),
    ];
    if (verdict.level) small.unshift(this.say(`verify.level.${verdict.level}`));
    const trust = verdict.open ? { ...this.trust, roster: null } : this.trust;
    const trusted = trustedPrints(trust, this.typed);
    return make(
      "section",
      { class: `card verdict ${shown}`, id: "verdict" },
      make("div", { class: "sign", "aria-hidden": "true" }, SIGNS[shown]),
      make(
        "div",
        {},
        make(
          "p",
          { class: "word", role: "heading", "aria-level": "2" },
          this.say(`page.word.${shown}`),
        ),
        make("p", { class: "said" }, this.said(verdict, word)),
        ...verdict.whole.map((source) => make("p", {}, wholeLine(source, this.lang))),
        make("p", {}, this.say(`page.next.${next}`, { keys })),
        make("p", { class: "small soft" }, small.join(" · ")),
        ...trusted.map((print) =>
          make(
            "p",
            { class: "small" },
            `${this.say("page.trusted")} `,
            make("span", { class: "mono" }, print),
          ),
        ),
      ),
    );
  }

  /** Why nothing is confirmed: nothing to compare with yet, no key to check with, or another's. */
  unconfirmed({ open, offered }) {
    const print = readPrint(this.typed);
    if (open || !(this.trust.names.length || print)) return "untrusted";
    return this.trust.names.length || offered.length ? "stranger" : "keyless";
  }

  said(verdict, word) {
    const sound = word === "genuine" || word === "findings";
    return this.say(sound ? "page.said.checked" : "page.said.read", {
      reports: readLine(verdict, this.lang),
      findings: counted(seriousOf(verdict).length, this.lang, "finding"),
    });
  }

  /** The fingerprints to compare: of the keys that came with the reports. */
  printsCard({ exit, offered, roster, carried, open, reports }) {
    const print = readPrint(this.typed);
    if (!this.typed.trim() && exit !== EXIT_UNTRUSTED) return null;
    const beside = carried ?? (this.trust.roster ? null : roster);
    const authority = beside ? [...beside.keys("authority").keys()] : [];
    const signers = new Set([
      ...reports.map((report) => report.signer),
      ...(open ? [] : authority),
    ]);
    const keys = authority.length ? authority : offered.filter((id) => !this.trust.keys.has(id));
    if (!keys.length) {
      const missing = print && !offered.length;
      return missing
        ? make("section", { class: "card" }, make("p", {}, this.say("page.print.nokey")))
        : null;
    }
    const typed = this.typed
      .toLowerCase()
      .replace(/^sha-?256:/, "")
      .replace(/[^0-9a-f]/g, "");
    const rolled = (id) => (signers.has(id) ? rotationOf(id, reports, this.lang) : null);
    const agreed = keys.some((id) => signers.has(id));
    const what = open ? "page.compare.carried" : "page.compare.what";
    return make(
      "section",
      { class: "card", id: "compare" },
      make("h2", {}, this.say("page.compare")),
      ...(agreed ? [] : [make("p", { class: "soft small" }, this.say(what))]),
      ...keys.flatMap((id) => this.compared(id, typed, rolled(id))),
    );
  }

  /** A key's groups beside what was typed; `rolled` tells of one that counts by another's word. */
  compared(id, typed, rolled) {
    const known = readPrint(this.typed);
    const meant = known && id.startsWith(known);
    const entered = rolled && !meant ? "" : typed;
    const groups = fingerprint(id)
      .split(" ")
      .map((group, n) => {
        const own = entered.slice(n * 4, n * 4 + 4);
        const same = own === group;
        const state = !own ? "" : same ? "same" : group.startsWith(own) ? "" : "other";
        const mark = { same: "✓", other: own, "": "" }[state];
        return make("li", { class: `mono ${state}` }, group, make("small", {}, mark));
      });
    const agrees = meant ? "page.compare.same" : "page.compare.other";
    const key = known ? agrees : "page.compare.open";
    const shade = !known || (rolled && !meant) ? "soft" : meant ? "ok" : "no";
    const words = rolled && !meant ? rolled : this.say(key);
    return [
      make("ul", { class: "print" }, ...groups),
      make("p", { class: `small ${shade}` }, words),
    ];
  }

  /** Findings of one kind told once, with the files that they concern. */
  findingsCard(title, findings) {
    if (!findings.length) return null;
    const lines = new Map();
    for (const finding of findings) {
      const line = findingLine(finding, this.lang);
      if (!lines.has(line)) lines.set(line, { finding, files: [] });
      if (finding.file) lines.get(line).files.push(finding.file);
    }
    const rank = ({ finding }) => SEVERITY.indexOf(finding.exit);
    const ordered = [...lines].sort(([, a], [, b]) => rank(a) - rank(b));
    return make(
      "section",
      { class: "card" },
      make("h2", {}, this.say(title)),
      make("ul", { class: "list" }, ...ordered.map(([line, what]) => this.findingItem(line, what))),
    );
  }

  findingItem(line, { finding, files }) {
    const more = files.length - SHOWN_FILES;
    const names = files.sort().slice(0, SHOWN_FILES).join(", ");
    const shown = more > 0 ? `${names} ${this.say("page.more", { n: more })}` : names;
    return make(
      "li",
      { class: SHADES[finding.exit] ?? "" },
      line,
      make("div", { class: "files" }, [finding.code, shown].filter(Boolean).join(" · ")),
    );
  }

  // -- the reports themselves

  reportsTold(given) {
    if (!given.length) return [];
    const reports = once(given, ({ digest }) => digest);
    const order = [...reports].sort((a, b) => (madeAt(a) < madeAt(b) ? 1 : -1));
    const shown = this.shown ?? order.find(deletionOf) ?? order[0];
    const list = order.length > 1 ? [this.reportsList(order, shown)] : [];
    return [...list, this.sheetCard(shown)];
  }

  reportsList(reports, shown) {
    const head = ["number", "date", "source", "result", "signature"].map((name) =>
      make("th", { scope: "col" }, this.say(`page.col.${name}`)),
    );
    const rows = reports.map((report) => this.reportRow(report, report === shown));
    return make(
      "section",
      { class: "card" },
      make("h2", {}, this.say("page.list")),
      make(
        "div",
        { class: "tall" },
        make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)),
      ),
    );
  }

  reportRow(report, open) {
    const { predicate } = report;
    const run = deletionOf(report);
    const show = () => {
      this.shown = report;
      this.drawVerdict();
      this.root.querySelector("#sheet").scrollIntoView();
    };
    const place = placeOf(report);
    const kind = this.say(`statement.${report.kind}`);
    const name = run ? String(run.ledger.seq) : `${place ? `${place.seq} ` : ""}${kind}`;
    const zone = zoneOf(report, this.verdict.reports);
    const cells = [
      make("button", { type: "button", click: show }, name),
      moment(madeAt(report), zone, this.lang),
      predicate.source ?? "",
      run ? statusOf(run, this.lang) : "",
      this.say(report.signer ? "page.signed" : "page.unsigned"),
    ];
    return make("tr", { class: open ? "open" : "" }, ...cells.map((cell) => make("td", {}, cell)));
  }

  sheetCard(report) {
    const key = report.signer ? "page.seal.good" : "page.seal.open";
    return make(
      "section",
      { class: "card sheet", id: "sheet" },
      make(
        "p",
        { class: `seal small ${report.signer ? "genuine" : "untrusted"}` },
        this.say(key, { file: report.name }),
      ),
      ...explain(report, this.lang, zoneOf(report, this.verdict.reports)).map(blockNode),
    );
  }
}

/** The fingerprints that the person vouches for: so that a printed check names them. */
function trustedPrints({ keys, roster }, typed) {
  const authority = roster ? [...roster.keys("authority").keys()] : [];
  const print = readPrint(typed);
  return [...authority, ...keys.keys(), ...(print ? [print] : [])].map(fingerprint);
}

/** What made a key count that nobody compared: the rotation that names it; null without one. */
function rotationOf(id, reports, lang) {
  const events = reports.filter(({ kind, signer }) => kind === "key-event" && signer).filter(placeOf);
  for (const [field, key] of [
    ["key", "page.compare.newer"],
    ["previous", "page.compare.older"],
  ]) {
    const event = events.find(({ predicate }) => predicate[field] === id);
    if (event) return text(key, lang, { seq: String(numberOf(event)) });
  }
  return null;
}

/** The zone of the source that a statement is about, as its reports name it; UTC without one. */
function zoneOf({ kind, predicate }, reports) {
  const named = (each) => deletionOf(each)?.run.timezone ?? each.predicate.timezone;
  const own = named({ kind, predicate });
  if (own) return own;
  const { source } = predicate;
  const about = reports.filter((each) => !source || each.predicate.source === source);
  const zones = new Set(about.map(named).filter(Boolean));
  return zones.size === 1 || source ? ([...zones][0] ?? "UTC") : "UTC";
}

/** The names of the key files that would check the runner's signatures, as the bundle has them. */
function missingKeys(reports, print) {
  const runners = reports.filter((report) => placeOf(report) !== null || report.kind === "plan");
  const hints = runners.map(({ keyid }) => keyid).filter((id) => /^[0-9a-f]{64}$/.test(id));
  const ids = new Set((hints.length ? hints : [print]).map((id) => id.slice(0, 8)));
  return [...ids].map((id) => `runner-${id}.pub.pem`).join(", ");
}

function seriousOf(verdict) {
  return verdict.findings.filter((finding) => finding.exit !== EXIT_OK);
}

function blockNode(block) {
  switch (block.block) {
    case "heading":
      return make(`h${block.level + 1}`, {}, block.text);
    case "paragraph":
      return make(block.tone === "command" ? "pre" : "p", { class: block.tone }, block.text);
    case "items":
      return make("ul", {}, ...block.items.map((item) => make("li", {}, item)));
    case "pairs":
      return pairsNode(block.pairs);
    case "verdict":
      return make(
        "div",
        { class: `answer ${block.light}` },
        make("p", { class: "status" }, block.status),
        make("p", {}, block.text),
      );
    case "chart":
      return chartNode(block);
    case "form":
      return make(
        "div",
        { class: "form" },
        ...block.choices.map((choice) => make("p", { class: "choice" }, choice)),
        ...block.lines.map((line) => make("p", { class: "blank" }, make("span", {}, line))),
      );
    default:
      return tableNode(block);
  }
}

function pairsNode(list) {
  const rows = list.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  return make("dl", {}, ...rows);
}

/** Bars under each other, each with its words; the limit is drawn through them. */
function chartNode({ title, points, limit, limit_title: legend }) {
  const top = Math.max(...points.map((point) => point.value), limit ?? 0) || 1;
  const rows = points.map(({ label, value, shown }) => {
    const picture = drawn("svg", { viewBox: "-1 0 203 18", "aria-hidden": "true" });
    picture.append(drawn("rect", { y: 3, width: (value / top) * 200, height: 12, class: "bar" }));
    const at = ((limit ?? 0) / top) * 200;
    if (limit !== null) picture.append(drawn("path", { d: `M${at} 0V18`, class: "limit" }));
    const head = make("th", { scope: "row" }, label);
    return make("tr", {}, head, make("td", { class: "drawn" }, picture), make("td", {}, shown));
  });
  return make(
    "figure",
    {},
    make("figcaption", {}, title),
    make("table", { class: "bars" }, make("tbody", {}, ...rows)),
    make("p", { class: "legend" }, legend),
  );
}

function drawn(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

function tableNode({ columns, rows }) {
  const cell = (kind, words, { align }) => make(kind, { class: align }, words);
  const line = (kind, words) =>
    make("tr", {}, ...words.map((word, n) => cell(kind, word, columns[n])));
  const head = make(
    "thead",
    {},
    line(
      "th",
      columns.map(({ title }) => title),
    ),
  );
  const body = make("tbody", {}, ...rows.map((row) => line("td", row)));
  return make("div", { class: "scroll" }, make("table", {}, head, body));
}

/** An element; functions among the attributes listen, booleans are set as properties. */
function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (typeof value === "boolean") node[name] = value;
    else if (value !== "") node.setAttribute(name, value);
  }
  node.append(...children.map((child) => (typeof child === "string" ? clean(child) : child)));
  return node;
}

/** Text without signs that can't be seen or turn the writing round, as render.py prints it. */
function clean(words) {
  return words.replace(/[\p{C}\p{Z}]/gu, (sign) => (" \n".includes(sign) ? sign : "\ufffd"));
}

// --- dropping -------------------------------------------------------------------------------

function dropping(card, taken) {
  card.addEventListener("dragover", (event) => {
    event.preventDefault();
    card.classList.add("over");
  });
  card.addEventListener("dragleave", () => card.classList.remove("over"));
  card.addEventListener("drop", async (event) => {
    event.preventDefault();
    card.classList.remove("over");
    const { files, closed } = await dropped(event.dataTransfer);
    taken(files, closed);
  });
  return card;
}

/**
 * All files of a drop, folders walked, and the folders that this browser wouldn't open. What a drop
 * holds has to be asked for before the first wait.
 */
async function dropped(transfer) {
  const items_ = [...transfer.items].filter((item) => item.kind === "file");
  const given = items_.map((item) => ({
    file: item.getAsFile(),
    entry: item.webkitGetAsEntry?.() ?? null,
    handle: item.getAsFileSystemHandle?.().catch(() => null) ?? null,
  }));
  const result = { files: [], closed: [] };
  for (const { file, entry, handle } of given) {
    if (!entry?.isDirectory) {
      if (file) result.files.push({ path: file.name, blob: file });
      continue;
    }
    const found = await walked(entry, await handle).catch(() => null);
    if (found) result.files.push(...found);
    else result.closed.push(entry.name);
  }
  return result;
}

/** A folder's files. Chromium opens no entries for a page from disk, others know no handles. */
async function walked(entry, handle) {
  const files = [];
  if (handle) await walkHandle(handle, `${entry.name}/`, files);
  else await walkEntry(entry, `${entry.name}/`, files);
  return files;
}

async function walkHandle(folder, path, files) {
  for await (const [name, inner] of folder.entries()) {
    if (files.length >= MAX_ENTRIES) throw new RangeError("too many files");
    if (inner.kind === "directory") await walkHandle(inner, `${path}${name}/`, files);
    else files.push({ path: path + name, blob: await inner.getFile().catch(() => null) });
  }
}

async function walkEntry(folder, path, files) {
  const reader = folder.createReader();
  const some = () => new Promise((done, failed) => reader.readEntries(done, failed));
  for (let found = await some(); found.length; found = await some()) {
    for (const inner of found) {
      if (files.length >= MAX_ENTRIES) throw new RangeError("too many files");
      if (inner.isDirectory) await walkEntry(inner, `${path}${inner.name}/`, files);
      else files.push({ path: path + inner.name, blob: await fileOf(inner).catch(() => null) });
    }
  }
}

function fileOf(entry) {
  return new Promise((done, failed) => entry.file(done, failed));
}
