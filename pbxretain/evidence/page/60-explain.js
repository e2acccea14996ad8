// What does a signed statement say, in words? (explain.py, and cli/verdict.py at the end)
// A sheet is a list of blocks: heading, paragraph, pairs, items, table.

const BALANCES = [
  "due", "arrived", "deleted", "already_absent", "held", "minimum", "straddling",
  "kept_for_part", "failed", "residue", "undated", "future", "late",
];
const ALWAYS = ["due", "deleted", "residue"];
const PLANNED = ["due", "held", "minimum", "straddling", "kept_for_part", "undated", "future"];

const heading = (words, rank = 2) => ({ block: "heading", text: words, level: rank });
const paragraph = (words, tone = "plain") => ({ block: "paragraph", text: words, tone });
const items = (lines) => ({ block: "items", items: lines });
const pairs = (list) => ({ block: "pairs", pairs: list });
const table = (columns, rows) => ({ block: "table", columns, rows });

/** The sheet of a report; `report` as Look reads it. */
function explain(report, lang) {
  const seal = { digest: report.digest, keyid: report.keyid };
  const told = EXPLAIN[report.kind];
  return told ? told(report.predicate, lang, seal) : explainOther(report, lang, seal);
}

const EXPLAIN = { "deletion-report": explainReport, plan: explainPlan };

function explainReport(report, lang, seal) {
  const { ledger, source } = report;
  return [
    heading(text("report.title", lang, { seq: String(ledger.seq), source }), 1),
    paragraph(resultOf(report, lang), "result"),
    paragraph(text("report.status", lang, { status: statusOf(report, lang) })),
    ...who(report, lang),
    ...when(report, lang),
    ...rules(report, lang, report.run.timezone),
    ...results(report.datasets, lang),
    ...exceptions(report, lang),
    ...method(report.datasets, lang),
    ...copies(report, lang),
    ...continuity(ledger.seq, lang),
    ...evidence(report, lang, seal),
    ...privacy(report, lang),
  ];
}

function resultOf(report, lang) {
  const total = (name) => counted(sum(report.datasets.map((d) => d.balances[name])), lang);
  const { outcome, refused_reason: reason } = report.run;
  return text(`report.result.${outcome}`, lang, {
    reason: reason ? code("code", reason, lang) : "",
    deleted: total("deleted"),
    residue: total("residue"),
  });
}

function statusOf(report, lang) {
  const { outcome } = report.run;
  const found = report.exceptions.length || report.datasets.some((d) => d.findings.length);
  return text(`status.${outcome === "complete" && found ? "findings" : outcome}`, lang);
}

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
      skew === null
        ? text("report.clock.alone", lang)
        : text("report.clock.value", lang, { skew }),
    ],
    ["clock.failed", failed.join(" ")],
    ["run", run.id],
    ["recovers", run.recovers],
  ];
  return [heading(text("report.when", lang)), keyValue(list, lang)];
}

function results(datasets, lang) {
  const title = heading(text("report.results", lang));
  if (!datasets.length) return [title, paragraph(text("report.results.uncounted", lang))];
  const seen = (name) => datasets.some((d) => d.balances[name]);
  const names = BALANCES.filter((name) => ALWAYS.includes(name) || seen(name));
  const columns = [
    column("data", lang),
    column("dataset", lang),
    column("total", lang, "right"),
    ...names.map((name) => column(name, lang, "right")),
    column("oldest", lang),
    column("outcome", lang),
  ];
  const rows = datasets.map((d) => [
    code("data", d.data_class, lang),
    d.dataset,
    total(d.total_before, lang),
    ...names.map((name) => number(d.balances[name], lang)),
    dayOrDash(d.range.oldest_remaining, lang),
    code("dataset", d.outcome, lang),
  ]);
  const unseen = BALANCES.filter((name) => !names.includes(name));
  const blocks = [title, table(columns, rows)];
  if (unseen.length) {
    const absent = unseen.map((name) => text(`report.col.${name}`, lang)).join(", ");
    blocks.push(paragraph(text("report.results.zero", lang, { columns: absent })));
  }
  blocks.push(paragraph(text("report.results.note", lang)));
  const along = copiesAlong(datasets, lang);
  return along.length ? [...blocks, items(along)] : blocks;
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

function exceptions(report, lang) {
  const found = report.exceptions.map((e) => [e.dataset, e.code, e.count]);
  return findingsOf([...found, ...ownFindings(report.datasets)], report, lang);
}

function ownFindings(datasets) {
  return datasets.flatMap((d) => d.findings.map((f) => [d.dataset, f.code, f.count]));
}

function method(datasets, lang) {
  const lines = datasets
    .filter((d) => d.balances.deleted)
    .map((d) => {
      const also = sorted(d.also).map(([name, n]) => `${name}: ${number(n, lang)}`).join(", ");
      const key = also ? "report.method.also" : "report.method.item";
      const how = code("method", d.method, lang);
      return text(key, lang, { dataset: d.dataset, method: how, also });
    });
  const title = heading(text("report.method", lang));
  const logical = paragraph(text("report.method.logical", lang));
  return lines.length ? [title, items(lines), logical] : [title, logical];
}

function continuity(seq, lang) {
  const title = heading(text("report.continuity", lang));
  if (seq === 0) return [title, paragraph(text("report.continuity.first", lang))];
  return [
    title,
    paragraph(text("report.continuity.prev", lang, { seq: String(seq - 1) })),
    paragraph(text("report.continuity.changes", lang)),
  ];
}

function evidence(report, lang, seal) {
  const place = [
    ["number", String(report.ledger.seq)],
    ["prev", report.ledger.prev ?? text("report.prev.none", lang)],
    ["level", text(`level.${report.evidence.level}`, lang)],
  ];
  const roots = report.datasets
    .filter((d) => d.merkle.size)
    .map((d) => [
      text("report.root", lang, { dataset: d.dataset }),
      text("report.root.value", lang, {
        root: d.merkle.root,
        records: counted(d.merkle.size, lang),
      }),
    ]);
  return [
    heading(text("report.evidence", lang)),
    keyValue([...sealOf(report, seal), ...place], lang),
    ...(roots.length ? [pairs(roots)] : []),
    paragraph(text("report.how-to-check", lang)),
  ];
}

function explainPlan(plan, lang, seal) {
  const due = sum(plan.datasets.map((d) => d.due));
  const found = ownFindings(plan.datasets);
  for (const d of plan.datasets) if (d.over_limit) found.push([d.dataset, "SHARE_LIMIT", d.due]);
  const key = due ? "plan.result.due" : "plan.result.none";
  return [
    heading(text("plan.title", lang, { source: plan.source }), 1),
    paragraph(text(key, lang, { due: counted(due, lang) }), "result"),
    plannedTable(plan.datasets, lang, plan.timezone),
    ...who(plan, lang),
    ...rules(plan, lang, plan.timezone),
    ...findingsOf(found, plan, lang),
    ...copies(plan, lang),
    heading(text("report.evidence", lang)),
    keyValue(sealOf(plan, seal), lang),
    paragraph(text("report.how-to-check", lang)),
    ...privacy(plan, lang),
  ];
}

function plannedTable(datasets, lang, zone) {
  const names = PLANNED.filter((name) => name === "due" || datasets.some((d) => d[name]));
  const columns = [
    ...["data", "dataset", "keep", "cutoff"].map((name) => column(name, lang)),
    column("total", lang, "right"),
    ...names.map((name) => column(name, lang, "right")),
    column("oldest", lang),
  ];
  const rows = datasets.map((d) => [
    code("data", d.data_class, lang),
    d.dataset,
    keep(d.rule.keep, lang),
    cutoff(d.rule, lang, zone),
    total(d.total, lang),
    ...names.map((name) => number(d[name], lang)),
    dayOrDash(d.oldest, lang),
  ]);
  return table(columns, rows);
}

/** `P90D` as `90 days`. */
function keep(iso, lang) {
  const found = /^P([0-9]+)([DWMY])$/.exec(iso);
  if (!found) return code("period", iso, lang);
  const unit = { D: "day", W: "week", M: "month", Y: "year" }[found[2]];
  const n = Number(found[1]);
  return text(`period.${unit}.${n === 1 ? "one" : "many"}`, lang, { n });
}

/** A statement that tells of no records: its kind in words, its fields as they stand. */
function explainOther({ kind, predicate }, lang, seal) {
  const own = ["schema", "id", "installation", "source", "at", "controller"];
  const list = [
    ["controller", predicate.controller],
    ["source", predicate.source],
    ["installation", predicate.installation],
    ["digest", seal.digest],
    ["fingerprint", printOf(seal.keyid)],
  ];
  const fields = Object.entries(predicate).filter(
    ([name, value]) => !own.includes(name) && value !== null && value !== "",
  );
  return [
    heading(text(`page.kind.${kind}`, lang), 1),
    paragraph(text(`page.kind.${kind}.what`, lang), "result"),
    paragraph(text("page.made", lang, { at: moment(predicate.at, "UTC", lang) })),
    keyValue(list, lang),
    heading(text("page.content", lang)),
    pairs(fields.map(([name, value]) => [name, valueOf(value)])),
  ];
}

function valueOf(value) {
  const flat = (each) => (each !== null && typeof each === "object" ? JSON.stringify(each) : each);
  return Array.isArray(value) ? value.map(flat).join(", ") : String(flat(value));
}

// --- what reports and dry runs share ----------------------------------------------------------

function who(what, lang) {
  const { connector } = what.tool;
  const form = connector.contains_code ? "code" : "plain";
  const unstated = text("not-stated", lang);
  const list = [
    ["controller", what.controller || unstated],
    ["source", what.source],
    ["activity", what.processing_activity || unstated],
    ["dpia", what.dpia_ref || unstated],
    ["connector", text(`report.connector.${form}`, lang, { name: connector.name })],
    ["connector.digest", connector.digest],
  ];
  const blocks = [heading(text("report.who", lang)), keyValue(list, lang)];
  if (connector.tried) return blocks;
  const key = connector.accept_untried ? "report.untried" : "report.untried.refused";
  return [...blocks, paragraph(text(key, lang))];
}

function rules(what, lang, zone) {
  const { policy, limits } = what;
  const { share, count, confirmed } = limits;
  const list = [
    ["policy", text("report.policy.value", lang, { name: policy.name, version: policy.version })],
    ["policy.digest", policy.digest],
    ["approval", text(policy.approved ? "report.approved" : "report.approved.not", lang)],
    ["limit.share", share ? text("report.limit.share.value", lang, { share }) : ""],
    ["limit.count", count ? number(count, lang) : ""],
    ["limit.confirmed", confirmed ? number(confirmed, lang) : ""],
  ];
  const blocks = [heading(text("report.rules", lang)), keyValue(list, lang)];
  const rows = distinct(what.datasets.map((d) => ruleRow(d, lang, zone)));
  if (!rows.length) return blocks;
  const names = ["data", "class", "keep", "start", "cutoff", "basis"];
  return [...blocks, withoutEmpty(names.map((name) => column(name, lang)), rows)];
}

function ruleRow({ data_class: data, rule }, lang, zone) {
  const start = code("start", rule.start_event ?? "", lang);
  return [
    code("data", data, lang),
    rule.cutoff ? `${start} + ${keep(rule.keep, lang)}` : "",
    keep(rule.keep, lang),
    start,
    cutoff(rule, lang, zone),
    code("basis", rule.basis, lang),
  ];
}

function findingsOf(found, what, lang) {
  const line = ([where, name, n]) =>
    text("report.exceptions.item", lang, { where, what: sentence(name, lang), n });
  const lines = distinct(found).map(line);
  for (const name of what.policy.not_decided) {
    const params = { where: code("data", name, lang), what: text("code.NOT_DECIDED", lang) };
    lines.push(text("report.exceptions.plain", lang, params));
  }
  for (const dataset of what.not_covered) {
    lines.push(text("report.not-covered", lang, { dataset }));
  }
  const none = what.datasets.length ? "report.exceptions.none" : "report.results.uncounted";
  return [
    heading(text("report.exceptions", lang)),
    lines.length ? items(lines) : paragraph(text(none, lang)),
  ];
}

function sentence(name, lang) {
  return known("code", name) ? text(`code.${name}`, lang) : `${name}.`;
}

function copies(what, lang) {
  const title = heading(text("report.copies", lang));
  const list = what.copies_out_of_reach;
  if (!list.length) return [title, paragraph(text("report.copies.none", lang))];
  const words = ({ code: name, text: own }) => own[lang] || (Object.values(own)[0] ?? name);
  return [title, paragraph(text("report.copies.intro", lang)), items(list.map(words))];
}

function sealOf(what, seal) {
  const { tool } = what;
  return [
    ["id", what.report_id],
    ["digest", seal.digest],
    ["fingerprint", printOf(seal.keyid)],
    ["installation", what.installation],
    ["tool", `${tool.name} ${tool.version}, Python ${tool.python}`],
  ];
}

/** A hint that is no key id at all is shown as it stands. */
function printOf(keyid) {
  const groups = [];
  for (let n = 0; n < 32; n += 4) groups.push(keyid.slice(n, n + 4));
  return groups.join(" ");
}

function privacy(what, lang) {
  const blocks = [
    heading(text("report.privacy", lang)),
    paragraph(text("report.privacy.content", lang)),
  ];
  if (what.evidence?.level === "counts") blocks.push(paragraph(text("report.privacy.counts", lang)));
  return blocks;
}

// --- small pieces -----------------------------------------------------------------------------

function column(name, lang, align = "left") {
  return { title: text(`report.col.${name}`, lang), align };
}

function keyValue(list, lang) {
  const stated = list.filter(([, value]) => value);
  return pairs(stated.map(([key, value]) => [text(`report.${key}`, lang), value]));
}

function withoutEmpty(columns, rows) {
  const kept = columns.map((_, n) => n).filter((n) => rows.some((row) => row[n]));
  const only = (row) => kept.map((n) => row[n]);
  return table(only(columns), rows.map(only));
}

function total({ count, exact }, lang) {
  if (count === null) return "-";
  return exact ? number(count, lang) : text("report.about", lang, { n: count });
}

function dayOrDash(value, lang) {
  return value ? day(value, lang) : "-";
}

/** The cut-off is the first instant of a day in the source's zone: the day says it all. */
function cutoff(rule, lang, zone) {
  return rule.cutoff === null ? "-" : day(inZone(rule.cutoff, zone).date, lang);
}

function distinct(rows) {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}

function sorted(dictionary) {
  return Object.entries(dictionary).sort(([a], [b]) => (a < b ? -1 : 1));
}

// --- the verdict ------------------------------------------------------------------------------

const RESULTS = { 0: "genuine", 3: "findings", 8: "untrusted", 6: "unavailable" };
const PARAMS = [
  "seq", "first", "last", "dataset", "count", "data", "reason", "hours", "fingerprint",
];

function resultWord(verdict) {
  return RESULTS[verdict.exit] ?? "forged";
}

/** One finding in words, without the file's name. */
function findingLine(finding, lang) {
  const details = PARAMS.filter((name) => name in finding.params).map((name) =>
    text(`verify.param.${name}`, lang, { value: paramValue(name, finding.params[name], lang) }),
  );
  const words = code("code", finding.code, lang);
  return details.length ? `${words} (${details.join(", ")})` : words;
}

function paramValue(name, value, lang) {
  if (name === "data") {
    return value.split(", ").map((item) => code("data", item, lang)).join(", ");
  }
  if (name === "reason" && known("code", value)) return code("code", value, lang).replace(/\.+$/, "");
  return name === "count" ? value : String(value);
}
