// What was found, in words? (cli/verdict.py)

const RESULTS = { 0: "genuine", 3: "findings", 8: "untrusted", 6: "unavailable" };
const PARAMS = [
  "seq",
  "first",
  "last",
  "dataset",
  "count",
  "data",
  "reason",
  "hours",
  "fingerprint",
];

function resultWord(verdict) {
  return RESULTS[verdict.exit] ?? "forged";
}

/** One finding in words, without the file's name. */
function findingLine(finding, lang) {
  const details = PARAMS.filter((name) => name in finding.params).map((name) =>
    text(`verify.param.${name}`, lang, { value: paramValue(name, finding.params[name], lang) }),
  );
  // Some sentences of the command name its options: here they stand without them.
  const kind = known("page.code", finding.code) ? "page.code" : "code";
  const words = code(kind, finding.code, lang);
  return details.length ? `${words} (${details.join(", ")})` : words;
}

/** How many reports and other statements were read; each once, however it came. */
function readLine({ reports }, lang) {
  const all = once(reports, ({ digest }) => digest);
  const own = all.filter(deletionOf).length;
  const told = counted(own, lang, "report");
  if (own === all.length) return told;
  const others = counted(all.length - own, lang, "statement");
  return own ? text("count.both", lang, { reports: told, others }) : others;
}

/** That no number of a source is missing, and what is known of its schedule. */
function wholeLine({ source, last, kept }, lang) {
  const many = last ? "many" : "one";
  const params = { source, first: "0", last: String(last) };
  const numbers = text(`verify.whole.${many}`, lang, params);
  const known_ = kept === null ? "open" : kept ? "kept" : "late";
  return text(`verify.whole.${known_}`, lang, { numbers });
}

function paramValue(name, value, lang) {
  if (name === "data") {
    return value
      .split(", ")
      .map((item) => code("data", item, lang))
      .join(", ");
  }
  if (name === "reason" && known("code", value))
    return code("code", value, lang).replace(/\.+$/, "");
  return name === "count" ? value : String(value);
}
