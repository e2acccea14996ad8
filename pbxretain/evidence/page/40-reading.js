// What lies in a file or folder under examination? (verify/reading.py, ledger.py)

const LEDGER = "ledger.jsonl";
const PREPARED = ".prepared";
const CHECKPOINT = "checkpoint";
const ROSTER = "trust.dsse.json";
const COSIGNED = "cosigned";
const FILED = "filed";
const SUMS = "SHA256SUMS";
const SIDECARS = "sidecars";
const MAX_LEDGER = 256 * 1024 * 1024;
const MAX_OFFERED = 1000;
const MAX_NOTE = 64 * 1024;
const MAX_FILE = 1024 * 1024 * 1024;
const REPORT_NAME = /^\p{Nd}{6,}-[a-z-]+\.dsse\.json$/u;
const COSIGNED_NAME = /^\p{Nd}{6,16}\.checkpoint$/u;
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

  has(name) {
    return this.files.has(name) || this.folders.has(name);
  }

  names() {
    return [...this.files.keys(), ...this.folders.keys()].sort();
  }

  /** The file of that name; one that can't be read where a folder has it. */
  item(name) {
    return this.files.get(name) ?? new Item(name, this, async () => null);
  }
}

/** The folder with the ledger: this one, or `reports` in it. */
function withLedger(folder) {
  const inner = folder.folders.get("reports");
  return !folder.has(LEDGER) && inner ? inner : folder;
}

/** One statement, parsed strictly; null for a file that is no envelope (a finding then). */
async function readFile(item, find) {
  const data = await item.read(MAX_ENVELOPE + 1);
  if (!data) {
    find("UNREADABLE", item.name);
    return null;
  }
  return readData(item, data, find);
}

/** The statement in an envelope's bytes, which came out of a file. */
async function readData(item, data, find) {
  const [envelope] = await attempt(() => openEnvelope(data));
  if (!envelope) {
    find("MALFORMED", item.name);
    return null;
  }
  const [statement, code] = await attempt(() => parseStatement(envelope.payload));
  if (!statement) return { item, envelope, unread: code in FINDINGS ? code : "MALFORMED" };
  const { digest } = envelope;
  return { item, name: item.name, digest, sha256: await sha256(data), envelope, ...statement };
}

/** The key-events beside single files: whose key followed whose. Both keys signed each. */
async function rotationsBeside(reports) {
  const found = [];
  for (const folder of new Set(reports.map(({ item }) => item.folder))) {
    const names = folder.names().filter((name) => name.endsWith("-key-event.dsse.json"));
    for (const name of names.slice(0, MAX_OFFERED)) {
      const report = await readFile(folder.item(name), () => undefined);
      if (report && !report.unread) found.push(report);
    }
  }
  return found;
}

/** What an action gives for each of a list, in its order, several at a time. */
async function together(list, action) {
  const results = [];
  for (let n = 0; n < list.length; n += 64) {
    results.push(...(await Promise.all(list.slice(n, n + 64).map(action))));
  }
  return results;
}

/** What it gives, or the code with which it refuses. */
async function attempt(action) {
  try {
    return [await action(), null];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [null, error.code];
  }
}

/** All statements of a folder of reports, its ledger and its checkpoints. */
async function readFolder(folder, find, progress) {
  const names = folder.names();
  const own = (name) => name.endsWith(".dsse.json") && name[0] !== "." && name !== ROSTER;
  const files = names.filter(own).map((name) => folder.item(name));
  const filed = folder.folders.get(FILED);
  if (filed) files.push(...filed.names().map((name) => filed.item(name)));
  else if (names.includes(FILED)) find("UNREADABLE", FILED);
  if (names.includes(ROSTER)) files.push(folder.item(ROSTER));
  const read = await together(files, (file) => {
    progress();
    return readFile(file, find);
  });
  const result = { folder, names: new Set(names), entries: null, checkpoint: null };
  result.reports = read.filter((each) => each && !each.unread);
  result.unread = read.filter((each) => each && each.unread);
  if (names.includes(PREPARED)) find("UNPUBLISHED");
  if (names.includes(LEDGER)) result.entries = await ledgerOf(folder.item(LEDGER), find);
  if (names.includes(CHECKPOINT)) result.checkpoint = await noteBytes(folder.item(CHECKPOINT));
  result.cosigned = await cosignedIn(folder, find);
  if (names.includes(SUMS)) await checkSums(folder, find);
  result.ledger = new LedgerTree((result.entries ?? []).map((entry) => entry.digest));
  return result;
}

async function noteBytes(item) {
  return (await item.read(MAX_NOTE + 1)) ?? new Uint8Array();
}

async function ledgerOf(item, find) {
  const read = async () => readLedger((await item.read(MAX_LEDGER)) ?? refuse("LEDGER"));
  const [ledger] = await attempt(read);
  if (!ledger) {
    find("LEDGER", item.name);
    return null;
  }
  if (ledger.torn) find("UNPUBLISHED");
  return ledger.entries;
}

/** The checkpoints that came back cosigned, by file name. */
async function cosignedIn(folder, find) {
  const inner = folder.folders.get(COSIGNED);
  const notes = new Map();
  if (!inner && folder.has(COSIGNED)) find("UNREADABLE", COSIGNED);
  for (const name of inner ? inner.names() : []) {
    if (COSIGNED_NAME.test(name)) notes.set(name, await noteBytes(inner.item(name)));
    else find("BUNDLE_CHANGED", name);
  }
  return notes;
}

/** Whether the files of a bundle are those that were put into it. Nobody signs the list. */
async function checkSums(folder, find) {
  // Names as their bytes, one sign each: a damaged list may hold what is no UTF-8.
  const listed = new Map();
  const words = binaryText((await folder.item(SUMS).read(MAX_LEDGER)) ?? new Uint8Array());
  const lines = words.split(/\r\n|\r|\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  for (const line of lines) {
    const at = line.indexOf("  ");
    listed.set(at < 0 ? "" : line.slice(at + 2), at < 0 ? line : line.slice(0, at));
  }
  const own = [...listed.keys()].sort().map((name) => `${listed.get(name)}  ${name}\n`);
  if (words !== own.join("")) find("BUNDLE_CHANGED", SUMS);
  const there = new Map();
  for (const [name, item] of inside(folder, "")) there.set(binaryText(utf8(name)), item);
  there.delete(SUMS);
  for (const name of [...new Set([...there.keys(), ...listed.keys()])].sort()) {
    const same = there.has(name) && (await digestOf(there.get(name))) === listed.get(name);
    const shown = new TextDecoder().decode(Uint8Array.from(name, (sign) => sign.charCodeAt(0)));
    if (!same) find("BUNDLE_CHANGED", shown);
  }
}

function binaryText(bytes) {
  const parts = [];
  for (let n = 0; n < bytes.length; n += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(n, n + 8192)));
  }
  return parts.join("");
}

function* inside(folder, above) {
  for (const [name, item] of folder.files) yield [above + name, item];
  for (const [name, inner] of folder.folders) yield* inside(inner, `${above}${name}/`);
}

async function digestOf(item) {
  const data = await item.read(MAX_FILE);
  return data ? sha256(data) : "";
}

/** Keys lying beside a report: only a fingerprint from elsewhere makes one of them count. */
async function keysIn(folder) {
  const names = folder.names().filter((name) => /^runner-.*\.pub\.pem$/s.test(name));
  const keys = new Map();
  for (const name of names.slice(0, MAX_OFFERED)) {
    const data = (await folder.item(name).read(MAX_NOTE)) ?? new Uint8Array();
    const [found] = await attempt(() => publicKeys(data));
    for (const [id, key] of found ?? []) keys.set(id, key);
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
  if (typeof entry.at !== "string" || !isInstant(entry.at)) refuse("LEDGER");
  return entry;
}
