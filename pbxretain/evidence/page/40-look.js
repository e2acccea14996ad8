// Are these reports genuine and complete, and what do they complain about? (verify.py, ledger.py)

const LEDGER = "ledger.jsonl";
const PREPARED = ".prepared";
const MAX_LEDGER = 256 * 1024 * 1024;
const MAX_OFFERED = 100;
const AHEAD = 24 * 3600 * 1000;
const REPORT_NAME = /^\p{Nd}{6,}-[a-z-]+\.dsse\.json$/u;
const ENTRY_FIELDS = "at,digest,file,prev,run,seq,sha256,type";
const ENTRY_FORMS = {
  digest: /^[0-9a-f]{64}$/,
  sha256: /^[0-9a-f]{64}$/,
  type: /^https:\/\/pbxretain\.org\/evidence\/[a-z-]+\/v\p{Nd}+$/u,
  file: REPORT_NAME,
  run: /^[0-9a-f-]{36}$/,
};

/** A file under examination: `read(limit)` gives at most so many bytes, or null. */
class Item {
  constructor(name, folder, read) {
    this.name = name;
    this.folder = folder;
    this.read = read;
  }
}

/** A folder under examination: files and folders by name. */
class Folder {
  constructor(name) {
    this.name = name;
    this.files = new Map();
    this.folders = new Map();
  }

  names() {
    return [...this.files.keys(), ...this.folders.keys()].sort();
  }
}

/** The deletion report of a real run, null for any other statement. */
function deletionOf(report) {
  return report.kind === "deletion-report" ? report.predicate : null;
}

class Look {
  /** `trusts(keyid)` says which keys count; `keys` are those that came with the trust. */
  constructor({ keys, trusts, now, progress }) {
    this.keys = keys;
    this.trusts = trusts;
    this.now = now;
    this.progress = progress ?? (() => undefined);
    this.findings = [];
    this.reports = [];
    this.seen = new Set();
    this.latest = new Map();
    this.offered = new Map();
  }

  find(code, file = "", params = {}) {
    this.findings.push({ code, exit: FINDINGS[code], file, params });
  }

  async files(items) {
    this.chain(await this.readAll(items), false);
  }

  async folder(folder) {
    const inner = folder.folders.get("reports");
    const inside = !folder.files.has(LEDGER) && !folder.folders.has(LEDGER) && inner;
    await this.reportsFolder(inside ? inner : folder);
  }

  verdict() {
    if (!this.reports.length && !this.findings.length) this.find("NOTHING");
    this.forks();
    for (const report of this.reports) this.content(report);
    const findings = once(this.findings);
    const exit = worst(findings.map((finding) => finding.exit));
    return { exit, level: level(exit, findings, this.reports), findings, reports: this.reports };
  }

  forks() {
    const known = new Map();
    for (const report of this.reports) {
      const run = deletionOf(report);
      if (!run) continue;
      const place = JSON.stringify([run.installation, run.source, run.ledger.seq]);
      if (!known.has(place)) known.set(place, report.digest);
      if (known.get(place) !== report.digest) {
        this.find("FORK", report.name, { seq: run.ledger.seq });
      }
    }
  }

  // -- one file

  async readAll(items) {
    const reports = [];
    for (const item of items) {
      if (this.seen.has(item)) continue;
      this.progress(this.reports.length);
      const report = await this.file(item);
      if (!report) continue;
      this.seen.add(item);
      this.reports.push(report);
      reports.push(report);
    }
    return reports;
  }

  async file(item) {
    const data = await item.read(MAX_ENVELOPE + 1);
    if (!data) {
      this.find("UNREADABLE", item.name);
      return null;
    }
    try {
      const envelope = await openEnvelope(data);
      const signer = await this.signer(envelope, item);
      const statement = await parseStatement(envelope.payload);
      const { digest } = envelope;
      const keyid = signer ?? envelope.signatures[0].keyid;
      return { name: item.name, digest, sha256: await sha256(data), signer, keyid, ...statement };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.find(error.code in FINDINGS ? error.code : "MALFORMED", item.name);
      return null;
    }
  }

  async signer(envelope, item) {
    const offered = await this.offeredBeside(item.folder);
    const trusted = new Map(this.keys);
    for (const [id, key] of offered) if (this.trusts(id)) trusted.set(id, key);
    const signer = await signedBy(envelope, trusted);
    if (signer) return signer;
    if (envelope.signatures.some(({ keyid }) => trusted.has(keyid))) refuse("BAD_SIGNATURE");
    const stranger = await signedBy(envelope, offered);
    if (stranger) {
      const params = { fingerprint: fingerprint(stranger), key: stranger };
      this.find("UNTRUSTED_KEY", item.name, params);
    } else if (envelope.signatures.some(({ keyid }) => offered.has(keyid))) {
      refuse("BAD_SIGNATURE");
    } else {
      this.find("UNKNOWN_KEY", item.name);
    }
    return null;
  }

  /** Keys lying beside a report: only a fingerprint from elsewhere makes one of them count. */
  async offeredBeside(folder) {
    if (!this.offered.has(folder)) this.offered.set(folder, await keysIn(folder));
    return this.offered.get(folder);
  }

  // -- a folder

  async reportsFolder(folder) {
    const names = folder.names();
    const files = names.filter((name) => name.endsWith(".dsse.json"));
    const items = files.filter((name) => name[0] !== ".").map((name) => itemIn(folder, name));
    const reports = await this.readAll(items);
    if (names.includes(PREPARED)) this.find("UNPUBLISHED");
    this.chain(reports, true);
    if (names.includes(LEDGER)) {
      await this.ledger(itemIn(folder, LEDGER), reports, new Set(files));
    } else if (reports.some(deletionOf)) {
      this.find("MISSING_LEDGER");
    }
  }

  chain(reports, whole) {
    const sources = new Map();
    for (const report of reports) {
      const run = deletionOf(report);
      if (!run) continue;
      const source = JSON.stringify([run.installation, run.source]);
      if (!sources.has(source)) sources.set(source, []);
      sources.get(source).push(report);
    }
    for (const [source, chain] of sources) {
      chain.sort((a, b) => a.predicate.ledger.seq - b.predicate.ledger.seq);
      const first = chain[0].predicate.ledger.seq;
      const last = chain[chain.length - 1].predicate.ledger.seq;
      this.latest.set(source, Math.max(this.latest.get(source) ?? 0, last));
      if (whole && first > 0) this.find("GAP", "", { first: 0, last: first - 1 });
      for (let n = 1; n < chain.length; n += 1) this.link(chain[n - 1], chain[n], whole);
    }
  }

  link(old, report, whole) {
    const [before, after] = [old.predicate, report.predicate];
    const { seq, prev } = after.ledger;
    const step = seq - before.ledger.seq;
    if (step > 1 && whole) this.find("GAP", "", { first: before.ledger.seq + 1, last: seq - 1 });
    else if (step === 1 && prev !== old.digest) this.find("PREV", report.name, { seq });
    if (after.run.ended_at < before.run.ended_at) this.find("CLOCK_BACK", report.name, { seq });
  }

  async ledger(item, reports, files) {
    let read;
    try {
      read = readLedger((await item.read(MAX_LEDGER)) ?? refuse("LEDGER"));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.find("LEDGER", item.name);
      return;
    }
    if (read.torn) this.find("UNPUBLISHED");
    const byName = new Map(reports.map((report) => [report.name, report]));
    for (const entry of read.entries) {
      const { file, seq } = entry;
      if (!files.has(file)) this.find("MISSING_REPORT", file, { seq });
      else if (byName.has(file)) this.entry(entry, byName.get(file));
    }
    const known = new Set(read.entries.map((entry) => entry.file));
    for (const report of reports) {
      if (deletionOf(report) && !known.has(report.name)) this.find("EXTRA_REPORT", report.name);
    }
  }

  entry(entry, report) {
    const run = deletionOf(report);
    const { file, seq } = entry;
    const same =
      run !== null &&
      entry.digest === report.digest &&
      seq === run.ledger.seq &&
      entry.type === report.type &&
      entry.at === run.run.ended_at &&
      entry.run === (run.run.recovers || run.run.id);
    if (!same) this.find("LEDGER_MISMATCH", file, { seq });
    else if (report.sha256 !== entry.sha256) this.find("CHANGED_FILE", file, { seq });
  }

  // -- what a report itself says

  content(report) {
    const run = deletionOf(report);
    if (!run) {
      this.find("DRY_RUN", report.name);
      // A dry run under the name of a report: somebody may take it for one.
      if (REPORT_NAME.test(report.name)) this.find("EXTRA_REPORT", report.name);
      return;
    }
    const newest = this.latest.get(JSON.stringify([run.installation, run.source]));
    const current = newest === run.ledger.seq;
    const before = this.findings.length;
    this.complaints(run, report.name);
    if (!current) for (const finding of this.findings.slice(before)) finding.exit = EXIT_OK;
    if (Date.parse(run.run.ended_at) > this.now + AHEAD) this.find("CLOCK_AHEAD", report.name);
    if (current && run.evidence.level === "counts") this.find("LEVEL_COUNTS", report.name);
  }

  complaints({ policy, run, datasets }, file) {
    if (policy.not_decided.length) {
      this.find("NOT_DECIDED", file, { data: policy.not_decided.join(", ") });
    }
    if (!policy.approved && run.outcome !== "refused") this.find("NOT_APPROVED", file);
    const outcome = `RUN_${run.outcome.toUpperCase()}`;
    if (outcome === "RUN_REFUSED") this.find(outcome, file, { reason: run.refused_reason || "" });
    else if (outcome in FINDINGS) this.find(outcome, file);
    for (const { dataset, balances } of datasets) {
      if (balances.residue) this.find("RESIDUE", file, { dataset, count: balances.residue });
      if (balances.failed) this.find("RECORDS_FAILED", file, { dataset, count: balances.failed });
    }
  }
}

const EXIT_OK = 0;
const EXIT_INCOMPLETE = 3;
const EXIT_UNAVAILABLE = 6;

function worst(exits) {
  return SEVERITY.find((exit) => exits.includes(exit)) ?? EXIT_OK;
}

function level(exit, findings, reports) {
  const unseen = findings.some((finding) => finding.exit === EXIT_UNAVAILABLE);
  const sound = [EXIT_OK, EXIT_INCOMPLETE].includes(exit) && reports.length && !unseen;
  return sound && reports.every((report) => report.signer) ? "L1" : null;
}

function once(findings) {
  const seen = new Set();
  return findings.filter(({ code, file, params }) => {
    const key = JSON.stringify([code, file, Object.entries(params).sort()]);
    return !seen.has(key) && seen.add(key);
  });
}

function itemIn(folder, name) {
  return folder.files.get(name) ?? new Item(name, folder, async () => null);
}

async function keysIn(folder) {
  const names = folder.names().filter((name) => /^runner-.*\.pub\.pem$/s.test(name));
  const keys = new Map();
  for (const name of names.slice(0, MAX_OFFERED)) {
    const data = await itemIn(folder, name).read(MAX_KEY_FILE);
    try {
      for (const [id, key] of await publicKeys(data ?? new Uint8Array())) keys.set(id, key);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return keys;
}

/** Entries of a ledger file and whether its last line is torn; Refusal LEDGER for a broken one. */
function readLedger(data) {
  const entries = [];
  let start = 0;
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
    const entry = readEntry(data.subarray(start, end));
    const last = entries[entries.length - 1];
    if (entry.seq !== entries.length || entry.prev !== (last ? last.digest : null)) {
      refuse("LEDGER");
    }
    entries.push(entry);
    start = end + 1;
  }
  return { entries, torn: start < data.length };
}

function readEntry(line) {
  let value;
  try {
    value = parseCanonical(line);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse("LEDGER");
  }
  const entry = Object.fromEntries(value);
  const fields = [...value.keys()].sort().join() === ENTRY_FIELDS;
  if (!fields || typeof entry.seq !== "number") refuse("LEDGER");
  for (const [name, form] of Object.entries(ENTRY_FORMS)) {
    if (typeof entry[name] !== "string" || !form.test(entry[name])) refuse("LEDGER");
  }
  if (entry.prev !== null && typeof entry.prev !== "string") refuse("LEDGER");
  if (typeof entry.at !== "string" || !isMoment(entry.at)) refuse("LEDGER");
  return entry;
}

/** Whether Python's strptime reads it as an instant: also without leading zeros. */
function isMoment(text) {
  const form =
    /^(\d{4})-(1[0-2]|0?[1-9])-(3[01]|[12]\d|0?[1-9]| [1-9])T(2[0-3]|[01]\d|\d):([0-5]?\d):([0-5]?\d)Z$/i;
  const found = form.exec(text);
  return Boolean(found) && dayExists(Number(found[1]), Number(found[2]), Number(found[3]));
}
