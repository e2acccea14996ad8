// What does a signed statement say that is no report? (explain/attestations.py)

const EXPLAIN = { "deletion-report": explainReport, plan: explainPlan };

/**
 * The sheet of a statement; `report` as Look reads it. `zone` is for a statement that names none:
 * the command shows its times in UTC.
 */
function explain(report, lang, zone = "UTC") {
  const seal = { digest: report.digest, keyid: report.keyid };
  const own = EXPLAIN[report.kind];
  return own ? own(report.predicate, lang, seal) : explainAttestation(report, lang, seal, zone);
}

function explainAttestation({ kind, predicate }, lang, seal, zone) {
  const { result, blocks } = ATTESTATIONS[kind];
  return [
    heading(text(`statement.${kind}`, lang), 1),
    paragraph(result(predicate, lang, zone), "result"),
    ...blocks(predicate, lang, zone),
    heading(text("statement.proof", lang)),
    named(
      [
        ["statement.at", moment(predicate.at, zone, lang)],
        ["statement.installation", predicate.installation],
        ["statement.digest", seal.digest],
        ["statement.signer", printOf(seal.keyid)],
      ],
      lang,
    ),
  ];
}

/** Per kind: the result in one sentence, and the rest. */
const ATTESTATIONS = {
  review: {
    result: ({ verdict, source, seq }, lang) => text(`review.${verdict}`, lang, { source, seq }),
    blocks: reviewBlocks,
  },
  observation: {
    result({ source, datasets }, lang) {
      const n = sum(datasets.map((d) => d.overdue));
      const key = n ? "observation.overdue" : "observation.none";
      return text(key, lang, { source, n: number(n, lang) });
    },
    blocks: observationBlocks,
  },
  "gap-note": {
    result({ source, since, until }, lang, zone) {
      const [from, to] = [since, until].map((at) => moment(at, zone, lang));
      return text("gap.result", lang, { source, since: from, until: to });
    },
    blocks: ({ reason, remark }, lang) => [
      named(
        [
          ["gap.reason", text(`gap.reason.${reason}`, lang)],
          ["statement.remark", remark],
        ],
        lang,
      ),
    ],
  },
  "key-event": {
    result: ({ event, source, key }, lang) =>
      text(`key-event.${event}`, lang, { source, short: printOf(key) }),
    blocks: ({ reason, previous, last_good: last }, lang) => [
      named(
        [
          ["gap.reason", text(`key-event.reason.${reason}`, lang)],
          ["key-event.previous", previous ? printOf(previous) : ""],
          ["key-event.last-good", last === null ? "" : String(last)],
        ],
        lang,
      ),
    ],
  },
  hold: {
    result: ({ event, source, hold }, lang) => text(`hold.${event}`, lang, { source, hold }),
    blocks: ({ kind, data, since, until }, lang) => [
      named(
        [
          ["hold.kind", text(`hold.kind.${kind}`, lang)],
          ["hold.data", data.map((name) => code("data", name, lang)).join(", ")],
          ["hold.since", dayOrDash(since, lang)],
          ["hold.until", dayOrDash(until, lang)],
        ],
        lang,
      ),
    ],
  },
  trust: {
    result: ({ version, controller }, lang) =>
      text("trust.result", lang, { version, who: controller }),
    blocks: trustBlocks,
  },
  policy: {
    result: ({ policy, version }, lang) => text("approved.result", lang, { policy, version }),
    blocks: ({ digest, document: words }, lang) => [
      paragraph(text("approved.note", lang), "note"),
      named([["approved.digest", digest]], lang),
      paragraph(words, "command"),
    ],
  },
  "evidence-access": {
    result: ({ source, matches: n }, lang) => text("access.result", lang, { source, n }),
    blocks: ({ purpose }, lang) => [
      named([["access.purpose", text(`access.purpose.${purpose}`, lang)]], lang),
    ],
  },
  "evidence-shred": {
    result: ({ source, files }, lang) => text("shred.result", lang, { source, n: files.length }),
    blocks: ({ reason }, lang) => [
      named([["gap.reason", text(`shred.reason.${reason}`, lang)]], lang),
    ],
  },
};

function reviewBlocks({ checks, remark, findings, report }, lang) {
  const looked_ = checks.map((name) => text(`review.check.${name}`, lang)).join(", ");
  const list = [
    ["review.checks", looked_],
    ["statement.remark", remark],
  ];
  const found = [
    heading(text("verify.found", lang)),
    items(findings.map((name) => code("code", name, lang))),
  ];
  return [
    named(list, lang),
    ...(findings.length ? found : []),
    named([["review.report", report]], lang),
  ];
}

function observationBlocks({ datasets, timezone, policy, connector }, lang) {
  const columns = [
    ["report.col.data"],
    ["report.col.dataset"],
    ["observation.cutoff"],
    ["observation.total", "right"],
    ["observation.col.overdue", "right"],
    ["observation.undated", "right"],
    ["observation.oldest"],
  ].map(([key, align = "left"]) => ({ title: text(key, lang), align }));
  const rows = datasets.map((each) => [
    code("data", each.data_class, lang),
    each.dataset,
    each.cutoff ? moment(each.cutoff, timezone, lang) : text("period.forever", lang),
    each.total === null ? "-" : number(each.total, lang),
    number(each.overdue, lang),
    number(each.undated, lang),
    dayOrDash(each.oldest, lang),
  ]);
  return [
    table(columns, rows),
    paragraph(text("observation.note", lang), "note"),
    named(
      [
        ["observation.policy", policy],
        ["observation.connector", connector],
      ],
      lang,
    ),
  ];
}

function trustBlocks({ keys, sources }, lang, zone) {
  const titles = ["trust.role", "trust.post", "key.fingerprint", "trust.since", "trust.until"];
  const columns = titles.map((key) => ({ title: text(key, lang), align: "left" }));
  const rows = keys.map((key) => {
    const role = text(`role.${key.role}`, lang);
    return [
      key.source ? `${role} (${key.source})` : role,
      key.post || "-",
      printOf(key.id),
      moment(key.valid_from, zone, lang),
      key.valid_until ? moment(key.valid_until, zone, lang) : "-",
    ];
  });
  const lines = sources.map((each) =>
    text("trust.source", lang, {
      source: each.source,
      interval: hours(each.interval_h, lang),
      grace: hours(each.grace_h, lang),
      witness: hours(each.witness_h, lang),
    }),
  );
  const expected = [heading(text("trust.sources", lang)), items(lines)];
  return [
    heading(text("trust.keys", lang)),
    table(columns, rows),
    ...(lines.length ? expected : []),
  ];
}

/** Names with values; what isn't stated at all is left out. */
function named(list, lang) {
  const stated = list.filter(([, value]) => value);
  return pairs(stated.map(([key, value]) => [text(key, lang), value]));
}
