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
