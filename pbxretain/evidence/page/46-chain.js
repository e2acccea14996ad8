// Is every statement there, once, in its place; was every run made; what do statements complain
// about? (verify/chain.py, history.py, content.py)

const HOUR = 3600 * 1000;
const AHEAD = 24 * HOUR;
const LACKING = ["GAP", "PREV", "FORK", "TRUNCATED", "MISSING_LEDGER", "MISSING_REPORT"];

/** The deletion report of a real run, null for any other statement. */
function deletionOf(report) {
  return report.kind === "deletion-report" ? report.predicate : null;
}

/** Whether a data subject demanded it: that is no scheduled run. */
function isErasure({ run }) {
  return run.trigger === "erasure-request";
}

function numberOf(report) {
  return placeOf(report).seq;
}

/** What stands in a ledger, by source, in order. */
function chainsOf(reports) {
  const chains = new Map();
  for (const report of reports) {
    const source = sourceOf(report.predicate);
    if (placeOf(report) === null || source === null) continue;
    if (!chains.has(source)) chains.set(source, []);
    chains.get(source).push(report);
  }
  for (const chain of chains.values()) chain.sort((a, b) => numberOf(a) - numberOf(b));
  return chains;
}

/** One number, two statements: also when they come from different folders. */
function forks(chains, find) {
  for (const chain of chains.values()) {
    const first = new Map();
    for (const report of chain) {
      const seq = numberOf(report);
      if (!first.has(seq)) first.set(seq, report.digest);
      if (first.get(seq) !== report.digest) find("FORK", report.name, { seq });
    }
  }
}

/** Each statement names the one before it; in a whole folder none is missing. */
function links(chains, find, whole) {
  for (const chain of chains.values()) {
    const first = numberOf(chain[0]);
    if (whole && first > 0) find("GAP", "", { first: 0, last: first - 1 });
    pairwise(chain, (before, after) => link(before, after, find, whole));
  }
}

function pairwise(list, each) {
  for (let n = 1; n < list.length; n += 1) each(list[n - 1], list[n]);
}

function link(before, after, find, whole) {
  const { seq, prev } = placeOf(after);
  const step = seq - numberOf(before);
  if (step > 1 && whole) find("GAP", "", { first: numberOf(before) + 1, last: seq - 1 });
  else if (step === 1 && prev !== before.digest) find("PREV", after.name, { seq });
  if (madeAt(after) < madeAt(before)) find("CLOCK_BACK", after.name, { seq });
}

/** Whether the ledger's lines and the statements of the folder are the same. */
function checkLedger({ reports, entries, names }, find) {
  const placed = reports.filter((report) => placeOf(report) !== null);
  if (entries === null) {
    if (placed.length && !names.has(LEDGER)) find("MISSING_LEDGER");
    return;
  }
  const byName = new Map(reports.map((report) => [report.name, report]));
  for (const entry of entries) {
    const { file, seq } = entry;
    if (!names.has(file)) find("MISSING_REPORT", file, { seq });
    else if (byName.has(file)) checkEntry(entry, byName.get(file), find);
  }
  const known = new Set(entries.map((entry) => entry.file));
  for (const { name } of placed) if (!known.has(name)) find("EXTRA_REPORT", name);
}

/** Whether all that the folder's ledger names is there, from number 0 on. */
function holdsAll({ entries }, placed) {
  const named = new Set((entries ?? []).map((entry) => entry.seq));
  const there = new Set(placed.map(numberOf));
  const all = [...there].every((seq) => named.has(seq) && seq < there.size);
  return all && named.size === there.size;
}

function checkEntry(entry, report, find) {
  const place = placeOf(report);
  const same =
    place !== null &&
    entry.seq === place.seq &&
    entry.prev === place.prev &&
    entry.digest === report.digest &&
    entry.type === report.type &&
    entry.file === `${String(place.seq).padStart(6, "0")}-${report.kind}.dsse.json` &&
    entry.at === madeAt(report) &&
    entry.run === speaksFor(report);
  const params = { seq: entry.seq };
  if (!same) find("LEDGER_MISMATCH", entry.file, params);
  else if (report.sha256 !== entry.sha256) find("CHANGED_FILE", entry.file, params);
}

/** The run that a report tells of; any other statement tells of itself only. */
function speaksFor(report) {
  const run = deletionOf(report)?.run;
  return run ? run.recovers || run.id : report.predicate.id;
}

// --- history ----------------------------------------------------------------------------------

/** When runs were due between two that took place; none while the second came in time. */
function missed(from, to, { interval_h: interval, grace_h: grace }) {
  const count = Math.ceil((to - from - grace * HOUR) / (interval * HOUR)) - 1;
  return Array.from({ length: Math.max(0, count) }, (_, n) => from + (n + 1) * interval * HOUR);
}

/** Runs that are missing between two reports, and since the last. */
function schedule(chain, expected, find, now) {
  const notes = chain.filter(({ kind }) => kind === "gap-note").map(({ predicate }) => predicate);
  const runs = chain.filter((report) => {
    const run = deletionOf(report);
    return run?.run.recovers === null && !isErasure(run);
  });
  const started = (report) => Date.parse(report.predicate.run.started_at);
  const covers = ({ since, until }, at) => Date.parse(since) <= at && at <= Date.parse(until);
  pairwise(runs, (before, after) => {
    const lost = missed(started(before), started(after), expected);
    if (!lost.length) return;
    const explained = lost.every((at) => notes.some((note) => covers(note, at)));
    const params = { first: numberOf(before), last: numberOf(after), count: lost.length };
    find(explained ? "GAP_EXPLAINED" : "MISSED_RUNS", "", params);
  });
  const last = runs[runs.length - 1];
  if (last && missed(started(last), now, expected).length) {
    find("OVERDUE", "", { seq: numberOf(last), hours: roundEven((now - started(last)) / HOUR) });
  }
}

/** Halves go to the even neighbour, as Python rounds. */
function roundEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** What one run left and the next one found. */
function continuityOf(chain, find) {
  const all = new Map();
  for (const report of chain) {
    const run = deletionOf(report);
    for (const [name, share] of run ? sharesOf(run) : []) {
      if (!all.has(name)) all.set(name, { left: null, ruled: null, old: new Map() });
      for (const [code, count] of breaks(all.get(name), share)) {
        const params = { dataset: name, seq: numberOf(report) };
        find(code, report.name, count ? { ...params, count } : params);
      }
      learn(all.get(name), share);
    }
  }
}

/** What a report says of each dataset of the manifest, under all its rules together. */
function sharesOf(run) {
  const parts = new Map();
  for (const dataset of run.datasets) {
    const name = dataset.of ?? dataset.dataset;
    if (!parts.has(name)) parts.set(name, []);
    parts.get(name).push(dataset);
  }
  return [...parts].map(([name, own]) => [name, shareOf(own, run)]);
}

function shareOf(parts, run) {
  const events = new Set(
    parts.map(({ rule }) => JSON.stringify([rule.start_event, rule.fallback])),
  );
  const rules = parts.map(({ dataset, rule }) => {
    const { cutoff: _, deletion_class: __, ...like } = rule;
    return [dataset, Object.entries(like).sort()];
  });
  return {
    parts,
    erasure: isErasure(run),
    clock: events.size === 1 ? [...events][0] : null,
    looked: looked(parts),
    rules: JSON.stringify(rules.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Whether somebody could count; what a rule keeps for ever nobody counts. */
function looked(parts) {
  const counted_ = ({ total_after: after, range }) =>
    after.count !== null || range.oldest_remaining !== null;
  const ended = parts.every(({ outcome }) => !["not-reached", "failed"].includes(outcome));
  return ended && parts.some(counted_);
}

function learn(known_, share) {
  if (share.looked) {
    known_.left = share;
    if (!share.erasure) known_.ruled = share;
  }
  const count = oldOf(share, "until", "count");
  // What went uncounted can't be told from what others took.
  if (count.size || share.parts.some(({ merkle }) => merkle.size)) known_.old = count;
}

/** By start event: before which instant, and how many records of the dataset lay there. */
function oldOf({ parts }, until, count) {
  const there = parts.filter(({ settled }) => settled !== null && settled[until] !== null);
  return new Map(
    there.map(({ rule, settled }) => [rule.start_event, [settled[until], settled[count]]]),
  );
}

/** How many records the dataset held, as each rule's part was told; empty where not exactly. */
function wholeOf({ parts }, name) {
  const totals = parts.map((part) => part[name]);
  if (!totals.every(({ exact }) => exact)) return [];
  return totals.map(({ count }) => count).filter((count) => count !== null);
}

function breaks({ left, ruled, old }, share) {
  let [lost, more] = [0, 0];
  const was = left ? wholeOf(left, "total_after") : [];
  const there = wholeOf(share, "total_before");
  if (was.length && there.length) lost = Math.min(...was) - Math.max(...there);
  for (const [start, [until, again]] of oldOf(share, "last", "again")) {
    const before = old.get(start);
    if (!before || before[0] !== until) continue;
    [lost, more] = [Math.max(lost, before[1] - again), Math.max(more, again - before[1])];
  }
  const found = [];
  if (lost > 0) found.push(["UNEXPLAINED_ROWS", lost]);
  if (more > 0) found.push(["RETURNED", more]);
  if (ruled && !share.erasure && ruled.rules !== share.rules) found.push(["POLICY_CHANGED", 0]);
  if (ruled && isOlder(ruled, share)) found.push(["WATERMARK", 0]);
  return found;
}

/** Whether something was deleted that is older than all that was left. */
function isOlder(before, after) {
  if (before.clock === null || before.clock !== after.clock) return false;
  const told_ = before.parts.some(({ balances }) => balances.failed); // perhaps set aside
  const marks = before.parts.map(({ range }) => range.oldest_remaining);
  // Where somebody looked and saw no date, the rule has nothing there.
  const unseen = before.parts.some((part, n) => !marks[n] && part.total_after.count === null);
  const oldest = marks.filter((mark) => mark !== null).sort();
  const gone = after.parts.map(({ range }) => range.oldest_deleted).filter((at) => at !== null);
  return !told_ && !unseen && oldest.length > 0 && gone.some((at) => at < oldest[0]);
}

// --- content ----------------------------------------------------------------------------------

/** What reports say of themselves. What the newest of its kind doesn't repeat is settled. */
function runsOf(chains, find, now) {
  for (const chain of chains.values()) {
    const reports = chain.filter(deletionOf);
    // A run settles nothing that a data subject demanded, and the other way round.
    const last = new Map(reports.map((each) => [isErasure(each.predicate), numberOf(each)]));
    for (const report of reports) {
      const run = report.predicate;
      const newest = numberOf(report) === last.get(isErasure(run));
      const settled = newest ? undefined : EXIT_OK;
      complaintsOf(run, (code, params) => find(code, report.name, params, settled));
      if (Date.parse(run.run.ended_at) > now + AHEAD) find("CLOCK_AHEAD", report.name);
      const end = numberOf(report) === numberOf(reports[reports.length - 1]);
      if (end && run.evidence.level === "counts") find("LEVEL_COUNTS", report.name);
    }
  }
}

function complaintsOf({ policy, run, datasets }, find) {
  if (policy.not_decided.length) find("NOT_DECIDED", { data: policy.not_decided.join(", ") });
  if (!policy.approved && run.outcome !== "refused") find("NOT_APPROVED", {});
  const outcome = `RUN_${run.outcome.toUpperCase()}`;
  if (outcome === "RUN_REFUSED") find(outcome, { reason: run.refused_reason || "" });
  else if (outcome in FINDINGS) find(outcome, {});
  for (const { dataset, balances } of datasets) {
    if (balances.residue) find("RESIDUE", { dataset, count: balances.residue });
    if (balances.failed) find("RECORDS_FAILED", { dataset, count: balances.failed });
  }
}

/** A dry run is named as one; under the name of a report somebody may take it for one. */
function plansOf(reports, find) {
  for (const { kind, name } of reports) {
    if (kind !== "plan") continue;
    find("DRY_RUN", name);
    if (REPORT_NAME.test(name)) find("EXTRA_REPORT", name);
  }
}

/** From the oldest signed policy on, each run must be under one of them. */
function policiesOf(chain, beside, find) {
  const own = new Set(chain.map(({ predicate }) => predicate.installation));
  const signed = beside
    .filter(({ kind, signer, predicate }) => kind === "policy" && signer && own.has(predicate.installation))
    .map(({ predicate }) => predicate);
  const digests = new Set(signed.map(({ digest }) => digest));
  const first = Math.min(...signed.map(({ at }) => Date.parse(at)));
  for (const report of chain) {
    const run = deletionOf(report);
    if (!run || run.run.outcome === "refused" || digests.has(run.policy.digest)) continue;
    if (Date.parse(run.run.started_at) >= first) {
      find("UNAPPROVED_POLICY", report.name, { seq: numberOf(report) });
    }
  }
}

/** Whether those whom a report names have signed its policy, before the run. */
async function approvalsOf(chain, beside, roster, find) {
  const own = roster.trust.installation;
  const signed = beside.filter(
    ({ kind, predicate }) => kind === "policy" && predicate.installation === own,
  );
  for (const report of chain) {
    const run = deletionOf(report);
    if (!run || !run.policy.signed_by.length) continue;
    const there = signed.filter(({ predicate }) => predicate.digest === run.policy.digest);
    const params = { seq: numberOf(report) };
    let vouched = false;
    for (const each of there) vouched ||= await vouches(each, run, roster);
    if (!there.length) find("APPROVAL_ABSENT", report.name, params);
    else if (!vouched) find("FALSE_APPROVAL", report.name, params);
  }
}

async function vouches({ predicate, envelope }, { policy, run }, roster) {
  const at = Date.parse(predicate.at);
  const by = { controller: new Set(), dpo: new Set() };
  for (const role of Object.keys(by)) {
    const known_ = roster.keys(role, at);
    for (const id of policy.signed_by) {
      const key = known_.get(id);
      if (key && (await signedBy(envelope, new Map([[id, key]])))) by[role].add(id);
    }
  }
  const whole = policy.signed_by.every((id) => by.controller.has(id) || by.dpo.has(id));
  const officer = policy.consulted === null || policy.consulted === by.dpo.size > 0;
  const before = at <= Date.parse(run.ended_at) + CLOCKS;
  return whole && officer && by.controller.size > 0 && before;
}

/** What the officer said of which report. */
function reviewsOf(chain, beside, find) {
  const digests = new Map(chain.map((report) => [report.digest, report]));
  for (const { kind, signer, predicate: review, name } of beside) {
    if (kind !== "review" || !signer) continue;
    const about = digests.get(review.report);
    const params = { seq: review.seq };
    if (!about || numberOf(about) !== review.seq) find("REVIEW_STRAY", name, params);
    else find(review.verdict === "rejected" ? "REVIEW_REJECTED" : "REVIEWED", name, params);
  }
}

/** An independent look found more overdue than the last report before it had told. */
function observationsOf(chain, beside, find) {
  for (const { kind, signer, predicate: seen, name } of beside) {
    if (kind !== "observation" || !signer) continue;
    const all = chain.map(deletionOf).filter((run) => run && !isErasure(run));
    const runs = all.filter((run) => run.run.ended_at <= seen.as_of);
    const last = runs[runs.length - 1];
    const told = new Map((last ? last.datasets : []).map((each) => [each.dataset, each]));
    for (const { dataset, cutoff: at, overdue } of seen.datasets) {
      const known_ = told.get(dataset);
      const cleared = known_?.rule.cutoff;
      // The look grants the run its patience: an earlier cut-off is within the report's.
      if (!cleared || !at || at > cleared) continue;
      if (BigInt(overdue) > leftOf(known_.balances)) {
        find("OBSERVED_OVERDUE", name, { dataset, count: overdue });
      }
    }
  }
}

function leftOf(b) {
  return sum([b.held, b.minimum, b.straddling, b.kept_for_part, b.failed, b.residue, b.late]);
}

// --- files beside the reports (verify/sidecars.py) ---------------------------------------------

/** Leaves, lookup index and sealed keys that reports name: there, and as signed? */
async function sidecarsOf(source, { folder, names }, { chain, beside }, find, now) {
  const inner = folder.folders.get(SIDECARS);
  const any = names.has(SIDECARS);
  if (any && !inner) find("UNREADABLE", SIDECARS);
  const shredded = shreddedOf(source, beside);
  for (const report of chain) {
    const evidence = deletionOf(report)?.evidence;
    const seq = numberOf(report);
    let count = 0;
    for (const file of evidence ? evidence.files : []) {
      if (inner?.has(file.name)) await compareSidecar(inner.item(file.name), file, find, seq);
      else if (!shredded.has(file.sha256) && !isOver(evidence.shred_after, now)) count += 1;
    }
    if (count && any) find("MISSING_SIDECAR", report.name, { seq, count });
    else if (count) find("SIDECARS_ABSENT");
  }
}

function shreddedOf(source, beside) {
  const own = beside.filter(({ kind, signer }) => kind === "evidence-shred" && signer);
  const ours = own.filter(({ predicate }) => sourceOf(predicate) === source);
  return new Set(ours.flatMap(({ predicate }) => predicate.files));
}

function isOver(lastDay, now) {
  return lastDay !== null && new Date(now).toISOString().slice(0, 10) > lastDay;
}

async function compareSidecar(item, file, find, seq) {
  const name = `${SIDECARS}/${file.name}`;
  const data = await item.read(Math.min(file.bytes + 1, MAX_FILE));
  if (!data) find("UNREADABLE", name);
  else if (data.length !== file.bytes || (await sha256(data)) !== file.sha256) {
    find("SIDECAR", name, { seq });
  }
}
