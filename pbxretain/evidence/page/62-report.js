// What did a run do, in fourteen items? (explain/report.py)

const MAIN = ["due", "deleted", "redacted", "held", "minimum", "failed", "residue"];
const ALWAYS = ["due", "deleted", "residue"];
const ASIDE = [
  "arrived",
  "already_absent",
  "straddling",
  "kept_for_part",
  "undated",
  "future",
  "late",
];
const LIGHTS = {
  complete: "good",
  findings: "attention",
  incomplete: "bad",
  failed: "bad",
  refused: "bad",
};
const LONGEST = 200;

function explainReport(report, lang, seal) {
  const { ledger, source, run } = report;
  const title = isErasure(report) ? "report.erasure.title" : "report.title";
  let item = 0;
  return [
    heading(text(title, lang, { seq: String(ledger.seq), source }), 1),
    ...summary(report, lang),
    ...who(report, lang),
    ...when(report, lang),
    ...rules(report, lang, run.timezone),
    ...results(report.datasets, lang),
    ...oldest(report, lang),
    ...exceptions(report, lang),
    ...method(report.datasets, lang),
    ...copies(report, lang),
    ...continuity(report, lang),
    heading(text("report.changes", lang)),
    paragraph(text("report.changes.compare", lang)),
    ...evidence(report, lang, seal),
    ...privacy(report, lang),
    ...review(lang),
    ...glossary(report, lang),
  ].map((block) => {
    if (block.block !== "heading" || block.level !== 2 || item >= 14) return block;
    item += 1;
    return heading(`${item}. ${block.text}`);
  });
}

function told(report, key, lang) {
  const reason = report.run.refused_reason;
  const total = (...names) => sum(names.flatMap((n) => report.datasets.map((d) => d.balances[n])));
  const erasure = isErasure(report) && known("report.erasure", key);
  return text(erasure ? `report.erasure.${key}` : `report.${key}`, lang, {
    reason: reason ? code("code", reason, lang) : "",
    deleted: gone(total("deleted"), total("redacted"), lang),
    residue: counted(total("residue"), lang),
    left: counted(total("residue", "failed"), lang),
    findings: counted(countListed(report), lang, "finding"),
  });
}

/** How many records were deleted, what was redacted with it; "deleted" follows behind it. */
function gone(deleted, redacted, lang) {
  const words = [redacted, deleted].map((n) => counted(n, lang));
  if (!redacted) return words[1];
  return text("report.gone.both", lang, { redacted: words[0], deleted: words[1] });
}

function countFindings({ policy, datasets }) {
  return datasets.reduce((n, d) => n + d.findings.length, policy.not_decided.length);
}

/** What section 7 lists: dataset, code and count, each once. */
function listed({ exceptions: left, datasets }) {
  return distinct([...left.map((e) => [e.dataset, e.code, e.count]), ...ownFindings(datasets)]);
}

function countListed(report) {
  const { policy, not_covered: unseen } = report;
  return listed(report).length + policy.not_decided.length + unseen.length;
}

/** The status in one or two words. */
function statusOf(report, lang) {
  const { outcome } = report.run;
  const found = outcome === "complete" && countFindings(report);
  return text(found ? "status.findings" : `status.${outcome}`, lang);
}

/** Is everything in order? The sentence names what isn't, and where it stands. */
function answerOf(report, lang) {
  let light = report.run.outcome;
  let key = `answer.${light}`;
  const left = report.datasets.some((d) => d.balances.residue || d.balances.failed);
  if (light === "recovered" && left) {
    [key, light] = [`${key}.residue`, "incomplete"];
  } else if (["complete", "nothing-due", "recovered"].includes(light)) {
    [key, light] = countFindings(report) ? [`${key}.findings`, "findings"] : [key, "complete"];
  }
  if (light === "interrupted") light = "failed";
  return answer(told(report, key, lang), text(`report.light.${light}`, lang), LIGHTS[light]);
}

// --- 1 and 6: the result, and the oldest record -----------------------------------------------

function summary(report, lang) {
  const { run, source } = report;
  const started = moment(run.started_at, run.timezone, lang);
  const blocks = [
    heading(text("report.summary", lang)),
    answerOf(report, lang),
    paragraph(text("report.scope", lang, { source, moment: started }), "note"),
  ];
  blocks.push(...demanded(report, lang));
  const unseen = report.not_covered;
  if (unseen.length) {
    const key = `report.unseen.${unseen.length === 1 ? "one" : "many"}`;
    blocks.push(paragraph(text(key, lang, { n: unseen.length, datasets: unseen.join(", ") })));
  }
  const points = pointsOf(report, lang);
  if (points.length) {
    blocks.push({
      block: "chart",
      title: text("report.oldest.chart", lang),
      points,
      limit: 100,
      limit_title: text("report.oldest.limit", lang),
    });
    blocks.push(paragraph(text("report.oldest.beyond", lang), "note"));
  }
  return [...blocks, paragraph(text("report.terms", lang), "note")];
}

function demanded(report, lang) {
  if (!isErasure(report)) return [];
  const blocks = [paragraph(text("report.erasure.note", lang))];
  const kept = sum(report.datasets.flatMap(({ balances: b }) => [b.held, b.minimum]));
  if (kept) {
    blocks.push(paragraph(text("report.erasure.kept", lang, { kept: counted(kept, lang) })));
  }
  return blocks;
}

/** The oldest record of each data class under each rule, as a share of its period. */
function pointsOf(report, lang) {
  const oldestOf = new Map();
  for (const item of report.datasets) {
    const there = item.range.oldest_remaining;
    if (!item.rule.cutoff || item.rule.action !== "delete" || !there) continue;
    const key = `${item.data_class} ${item.rule.keep} ${item.rule.name ?? ""}`;
    const known_ = oldestOf.get(key);
    if (!known_ || there < known_.range.oldest_remaining) oldestOf.set(key, item);
  }
  return [...oldestOf.values()].map((item) => {
    const { run } = report;
    const from = inZone(item.rule.cutoff, run.timezone).date;
    const whole = Math.max(daysBetween(from, today(run)), 1);
    const age = ageOf(item, run);
    const shown = text("report.oldest.point", lang, {
      day: day(item.range.oldest_remaining, lang),
      age: days(age, lang),
      keep: bounds(item.rule, lang),
    });
    const value = Math.min(Math.max((age / whole) * 100, 0), LONGEST);
    const dataset = code("data", item.data_class, lang);
    const rule = item.rule.name;
    const label = rule ? text("report.share.rule", lang, { dataset, rule }) : dataset;
    return { label, value, shown };
  });
}

function oldest(report, lang) {
  const title = heading(text("report.oldest", lang));
  const { datasets, run } = report;
  if (!datasets.length) return [title, paragraph(text("report.results.uncounted", lang))];
  const names = ["data", "dataset", "oldest-record", "age", "keep", "cutoff"];
  const columns = names.map((name) => column(name, lang, name === "age" ? "right" : "left"));
  const rows = datasets.map((item) => {
    const there = item.range.oldest_remaining;
    const gone = item.total_after.count === 0 ? "report.oldest.none" : "report.oldest.unknown";
    return [
      code("data", item.data_class, lang),
      nameOf(item, lang),
      there ? day(there, lang) : text(gone, lang),
      there ? days(ageOf(item, run), lang) : "-",
      bounds(item.rule, lang),
      cutoff(item.rule, lang, run.timezone),
    ];
  });
  return [title, table(columns, rows), paragraph(text("report.oldest.note", lang))];
}

function today(run) {
  return inZone(run.as_of, run.timezone).date;
}

function ageOf({ range }, run) {
  return range.oldest_remaining ? Math.max(daysBetween(range.oldest_remaining, today(run)), 0) : 0;
}

function daysBetween(from, to) {
  return Math.round((Date.parse(to) - Date.parse(from)) / (24 * HOUR));
}

function days(n, lang) {
  return text(`period.day.${n === 1 ? "one" : "many"}`, lang, { n });
}

// --- 3 and 5: when, and with what result ------------------------------------------------------

function when(report, lang) {
  const { run, clock } = report;
  const skew = clock.database_skew_s;
  const failed = clock.checks.filter((c) => !c.passed).map((c) => code("code", c.code, lang));
  const list = [
    ["started", moment(run.started_at, run.timezone, lang)],
    ["ended", moment(run.ended_at, run.timezone, lang)],
    ["as-of", moment(run.as_of, run.timezone, lang)],
    ["zone", run.timezone],
    ["trigger", code("trigger", run.trigger, lang)],
    [
      "clock",
      skew === null ? text("report.clock.alone", lang) : text("report.clock.value", lang, { skew }),
    ],
    ["clock.failed", failed.join(" ")],
    ["run", run.id],
    ["recovers", run.recovers],
    ["plan", run.plan],
  ];
  return [heading(text("report.when", lang)), keyValue(list, lang)];
}

function results(datasets, lang) {
  const title = heading(text("report.results", lang));
  if (!datasets.length) return [title, paragraph(text("report.results.uncounted", lang))];
  const every = [...MAIN, ...ASIDE];
  const seen = every.filter((name) => datasets.some((d) => d.balances[name]));
  const names = MAIN.filter((name) => ALWAYS.includes(name) || seen.includes(name));
  const columns = [
    column("where", lang),
    column("total", lang, "right"),
    ...names.map((name) => column(name, lang, "right")),
    column("outcome", lang),
  ];
  const rows = datasets.map((d) => [
    `${code("data", d.data_class, lang)}\n${nameOf(d, lang)}`,
    total(d.total_before, lang),
    ...names.map((name) => number(d.balances[name], lang)),
    code("dataset", d.outcome, lang),
  ]);
  const blocks = [title, table(columns, rows), paragraph(text("report.results.note", lang))];
  const aside = asideRows(datasets, lang);
  if (aside.length) {
    const sides = [["dataset"], ["what"], ["count", "right"], ["means"]];
    blocks.push(paragraph(text("report.results.aside", lang)));
    blocks.push(
      table(
        sides.map(([name, side]) => column(name, lang, side)),
        aside,
      ),
    );
  }
  const redacts = datasets.some(({ rule }) => rule.action === "redact");
  const absent_ = every.filter((name) => !names.includes(name) && !seen.includes(name));
  const unseen = absent_.filter((name) => redacts || name !== "redacted");
  if (unseen.length) {
    const absent = unseen.map((name) => text(`report.col.${name}`, lang)).join(", ");
    blocks.push(paragraph(text("report.results.zero", lang, { columns: absent })));
  }
  const along = copiesAlong(datasets, lang);
  return along.length ? [...blocks, items(along)] : blocks;
}

/** What stands in few datasets only: each count with what it means. */
function asideRows(datasets, lang) {
  return datasets.flatMap((item) =>
    ASIDE.filter((name) => item.balances[name]).map((name) => [
      nameOf(item, lang),
      text(`report.col.${name}`, lang),
      number(item.balances[name], lang),
      text(`report.aside.${name}`, lang),
    ]),
  );
}

/** Of datasets that are copies: how many went with their record, under its own count. */
function copiesAlong(datasets, lang) {
  const names = new Set(datasets.map((d) => d.dataset));
  const lines = [];
  for (const { dataset, also } of datasets) {
    for (const [name, n] of sorted(also)) {
      const copy = `${dataset}-${name.replaceAll("_", "-")}`.slice(0, 63).replace(/-+$/, "");
      if (names.has(copy)) lines.push(text("report.results.copies", lang, { dataset: copy, n }));
    }
  }
  return lines;
}

// --- 7, 8, 10: exceptions, method, continuity ---------------------------------------------------

function exceptions(report, lang) {
  const { holds } = report;
  const list = holds && [
    ["holds.active", number(holds.active, lang)],
    ["holds.restrictions", number(holds.restrictions, lang)],
    ["holds.register", holds.register],
  ];
  return [
    heading(text("report.exceptions", lang)),
    ...(list ? [keyValue(list, lang)] : []),
    findingsOf(listed(report), report, lang),
  ];
}

function method(datasets, lang) {
  const lines = datasets
    .filter((d) => d.merkle.size)
    .map((d) => {
      const also = sorted(d.also)
        .map(([name, n]) => `${name}: ${number(n, lang)}`)
        .join(", ");
      const key = also ? "report.method.also" : "report.method.item";
      const how = code("method", d.method, lang);
      return text(key, lang, { dataset: nameOf(d, lang), method: how, also });
    });
  const title = heading(text("report.method", lang));
  const logical = paragraph(text("report.method.logical", lang));
  const redacted = datasets.some((d) => d.balances.redacted);
  const more = redacted ? [paragraph(text("report.method.redacted", lang))] : [];
  return [title, ...(lines.length ? [items(lines)] : []), logical, ...more];
}

function continuity({ ledger, datasets }, lang) {
  const { seq } = ledger;
  const first = text("report.continuity.first", lang);
  const later = () => text("report.continuity.prev", lang, { seq: String(seq - 1) });
  const sums = ["arrived", "already_absent"].map((name) => [
    text(`report.sum.${name}`, lang),
    number(sum(datasets.map((d) => d.balances[name])), lang),
  ]);
  return [
    heading(text("report.continuity", lang)),
    paragraph(seq === 0 ? first : later()),
    ...(datasets.length ? [pairs(sums)] : []),
    paragraph(text("report.continuity.gaps", lang)),
  ];
}

// --- 12 and 14: evidence, review --------------------------------------------------------------

function evidence(report, lang, seal) {
  const { ledger } = report;
  const { files } = report.evidence;
  const file = `${String(ledger.seq).padStart(6, "0")}-deletion-report`;
  const list = [
    ["number", String(ledger.seq)],
    ...identity(report, seal),
    ["prev", ledger.prev || text("report.prev.none", lang)],
    ["witness", ledger.last_witness || text("report.witness.none", lang)],
    ["level", text(`level.${report.evidence.level}`, lang)],
    ["recipients", report.evidence.recipients.map(printOf).join("\n")],
    ["files", files.length ? number(files.length, lang) : ""],
    ["assurance", text("report.assurance.value", lang)],
    program(report),
  ];
  const roots = report.datasets
    .filter((d) => d.merkle.size)
    .map((d) => [nameOf(d, lang), counted(d.merkle.size, lang), d.merkle.root]);
  const sides = [["dataset"], ["deleted", "right"], ["root"]];
  const columns = sides.map(([name, side]) => column(name, lang, side));
  const script = `sh ${file}.verify.sh ${file}.dsse.json ${text("report.key-file", lang)}`;
  return [
    heading(text("report.evidence", lang)),
    keyValue(list, lang),
    paragraph(text("report.how-to-check", lang, { file: `${file}.dsse.json` })),
    paragraph(`pbxretain verify ${file}.dsse.json`, "command"),
    paragraph(text("report.how-to-check.alone", lang)),
    paragraph(script, "command"),
    paragraph(text("report.how-to-check.key", lang)),
    ...(roots.length ? [heading(text("report.roots", lang), 3), table(columns, roots)] : []),
  ];
}

function review(lang) {
  const words = (name) => (name ? text(`report.review.${name}`, lang) : "");
  return [
    heading(text("report.review", lang)),
    paragraph(text("report.review.intro", lang)),
    form(["verified", "read", "observed", "asked"].map(words), []),
    paragraph(text("report.review.verdict", lang)),
    form(
      ["accepted", "accepted-with-findings", "rejected"].map(words),
      ["remark", "", "date", "signature"].map(words),
    ),
  ];
}
