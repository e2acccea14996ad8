// What would a run delete, in words? (explain/plan.py)

const PLANNED = ["due", "held", "minimum", "straddling", "kept_for_part", "undated", "future"];

function explainPlan(plan, lang, seal) {
  const due = sum(plan.datasets.map((d) => d.due));
  const found = ownFindings(plan.datasets);
  for (const d of plan.datasets) if (d.over_limit) found.push([d.dataset, "SHARE_LIMIT", d.due]);
  const redacted = sum(plan.datasets.map((d) => (d.rule.action === "redact" ? d.due : 0)));
  const plain = due ? "plan.result.due" : "plan.result.none";
  const key = redacted ? "plan.result.both" : plain;
  const counts = {
    due: counted(due, lang),
    deleted: counted(due - redacted, lang),
    redacted: counted(redacted, lang),
  };
  return [
    heading(text("plan.title", lang, { source: plan.source }), 1),
    answer(text(key, lang, counts), text("plan.kind", lang)),
    paragraph(text("report.terms", lang)),
    heading(text("plan.datasets", lang)),
    plannedTable(plan.datasets, lang, plan.timezone),
    ...who(plan, lang),
    ...rules(plan, lang, plan.timezone),
    heading(text("report.exceptions", lang)),
    findingsOf(found, plan, lang),
    ...copies(plan, lang),
    heading(text("report.evidence", lang)),
    keyValue([...identity(plan, seal), program(plan)], lang),
    paragraph(text("plan.how-to-check", lang)),
    ...privacy(plan, lang),
    ...glossary(plan, lang),
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
    nameOf(d, lang),
    bounds(d.rule, lang),
    cutoff(d.rule, lang, zone),
    total(d.total, lang),
    ...names.map((name) => number(d[name], lang)),
    dayOrDash(d.oldest, lang),
  ]);
  return table(columns, rows);
}
