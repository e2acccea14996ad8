// What do reports and dry runs have in common, in words? (explain/parts.py)
// A sheet is a list of blocks, as sheet.py has them.

const GLOSSARY = [
  "run",
  "policy",
  "keep",
  "start",
  "as-of",
  "cutoff",
  "class",
  "dataset",
  "record",
  "hold",
  "minimum",
  "redacted",
  "straddling",
  "finding",
  "limit",
  "confirmed",
  "connector",
  "dry-run",
  "ledger",
  "digest",
  "fingerprint",
  "root",
  "checkpoint",
  "logical",
  "level",
  "sealed",
  "assurance",
];
const REPORT_ONLY = [
  "as-of",
  "ledger",
  "root",
  "checkpoint",
  "logical",
  "level",
  "sealed",
  "assurance",
];

const heading = (words, rank = 2) => ({ block: "heading", text: words, level: rank });
const paragraph = (words, tone = "plain") => ({ block: "paragraph", text: words, tone });
const items = (lines) => ({ block: "items", items: lines });
const pairs = (list) => ({ block: "pairs", pairs: list });
const table = (columns, rows) => ({ block: "table", columns, rows });
const answer = (words, status, light = "quiet") => ({
  block: "verdict",
  text: words,
  status,
  light,
});
const form = (choices, lines) => ({ block: "form", choices, lines });

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
  const consulted = { true: "report.consulted.yes", false: "report.consulted.no" };
  const list = [
    ["policy", text("report.policy.value", lang, { name: policy.name, version: policy.version })],
    ["policy.digest", policy.digest],
    ["approval", approval(policy, lang)],
    ["signed", policy.signed_by.map(printOf).join("\n")],
    ["consulted", policy.consulted === null ? "" : text(consulted[policy.consulted], lang)],
    ["limit.share", share ? text("report.limit.share.value", lang, { share }) : ""],
    ["limit.count", count ? number(count, lang) : ""],
    ["limit.confirmed", confirmed ? number(confirmed, lang) : ""],
  ];
  const blocks = [heading(text("report.rules", lang)), keyValue(list, lang)];
  const rows = distinct(what.datasets.map((d) => ruleRow(d, lang, zone)));
  if (!rows.length) return blocks;
  const names = ["data", "rule", "only", "action", "class", "keep", "least", "start"];
  const columns = [...names, "cutoff", "basis"].map((name) => column(name, lang));
  const narrow = what.datasets.some(({ rule }) => rule.only.length);
  const note = narrow ? [paragraph(text("report.rules.only", lang), "note")] : [];
  return [...blocks, withoutEmpty(columns, rows), ...note];
}

function approval({ approved, approved_by: by, approved_on: on }, lang) {
  if (!approved) return text("report.approved.not", lang);
  if (by === null || on === null) return text("report.approved", lang);
  return text("report.approved.by", lang, { by, on: day(on, lang) });
}

/** A dataset by its name; where several rules share it, with the rule whose share it is. */
function nameOf({ dataset, of, rule }, lang) {
  if (of === null) return dataset;
  const redacts = rule.action === "redact";
  const plain_ = rule.name ? "rule" : redacts ? "redact" : "rest";
  const form_ = rule.name && redacts ? "both" : plain_;
  return text(`report.share.${form_}`, lang, { dataset: of, rule: rule.name });
}

function ruleRow({ data_class: data, rule }, lang, zone) {
  let start = code("start", rule.start_event ?? "", lang);
  for (const other of rule.fallback) {
    const then = code("start", other, lang);
    start = text("report.start.fallback", lang, { first: start, then });
  }
  return [
    code("data", data, lang),
    rule.name ?? "",
    rule.only.map((name) => code("facet", name, lang)).join(", "),
    rule.action === "redact" ? text("report.action.redact", lang) : "",
    rule.cutoff ? `${start} + ${keep(rule.keep, lang)}` : "",
    keep(rule.keep, lang),
    rule.minimum ? keep(rule.minimum, lang) : "",
    start,
    cutoff(rule, lang, zone),
    code("basis", rule.basis, lang),
  ];
}

/** What was found, in sentences, undecided classes and uncovered datasets with it. */
function findingsOf(found, what, lang) {
  const called = new Map(what.datasets.map((item) => [item.dataset, nameOf(item, lang)]));
  const line = ([dataset, name, n]) => {
    const where = called.get(dataset) ?? dataset;
    return text("report.exceptions.item", lang, { where, what: sentence(name, lang), n });
  };
  const lines = distinct(found).map(line);
  for (const name of what.policy.not_decided) {
    const params = { where: code("data", name, lang), what: text("code.NOT_DECIDED", lang) };
    lines.push(text("report.exceptions.plain", lang, params));
  }
  for (const dataset of what.not_covered) {
    lines.push(text("report.not-covered", lang, { dataset }));
  }
  const none = what.datasets.length ? "report.exceptions.none" : "report.results.uncounted";
  return lines.length ? items(lines) : paragraph(text(none, lang));
}

function ownFindings(datasets) {
  return datasets.flatMap((d) => d.findings.map((f) => [d.dataset, f.code, f.count]));
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

/** What tells this statement from any other. */
function identity(what, seal) {
  return [
    ["id", what.report_id],
    ["digest", seal.digest],
    ["fingerprint", printOf(seal.keyid)],
    ["installation", what.installation],
  ];
}

function program({ tool }) {
  return ["tool", `${tool.name} ${tool.version}, Python ${tool.python}`];
}

/** A hint that is no key id at all is shown as it stands. */
function printOf(keyid) {
  const groups = [];
  for (let n = 0; n < 32; n += 4) groups.push(keyid.slice(n, n + 4));
  return groups.join(" ");
}

/** What the document doesn't hold, and when the rest is destroyed. */
function privacy(what, lang) {
  const blocks = [
    heading(text("report.privacy", lang)),
    paragraph(text("report.privacy.content", lang)),
  ];
  if (!what.evidence) return blocks;
  const until = what.evidence.shred_after;
  const counts = () => text("report.privacy.counts", lang);
  const sealed = () => text("report.privacy.sealed", lang, { day: day(until, lang) });
  return [...blocks, paragraph(until === null ? counts() : sealed())];
}

/** The terms that occur in this document. */
function terms({ evidence, limits, datasets }) {
  const absent = evidence ? ["dry-run"] : [...REPORT_ONLY];
  if (evidence && evidence.level !== "sealed") absent.push("sealed");
  if (!limits.share && !limits.count) absent.push("limit");
  if (!limits.confirmed) absent.push("confirmed");
  if (!datasets.some(({ rule }) => rule.action === "redact")) absent.push("redacted");
  return GLOSSARY.filter((name) => !absent.includes(name));
}

/** Every term that isn't common, in one sentence each. */
function glossary(what, lang) {
  const list = terms(what).map((name) => [text(`term.${name}`, lang), text(`means.${name}`, lang)]);
  return [heading(text("report.glossary", lang)), pairs(list)];
}

/** `P90D` as `90 days`. */
function keep(iso, lang) {
  const later = /^end-of-year\+(.*)$/.exec(iso);
  if (later) return text("report.keep.end-of-year", lang, { keep: keep(later[1], lang) });
  const found = /^P([0-9]+)([DWMY])$/.exec(iso);
  if (!found) return code("period", iso, lang);
  const unit = { D: "day", W: "week", M: "month", Y: "year" }[found[2]];
  const n = Number(found[1]);
  return text(`period.${unit}.${n === 1 ? "one" : "many"}`, lang, { n });
}

/** How long a record stays at most, and where there is a minimum, at least. */
function bounds(rule, lang) {
  const most = keep(rule.keep, lang);
  if (!rule.minimum) return most;
  if (rule.minimum === rule.keep) return text("report.keep.fixed", lang, { keep: most });
  return text("report.keep.least", lang, { keep: most, least: keep(rule.minimum, lang) });
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
