// Which report came inside something else, a PDF or a proof? (verify/carried.py,
// evidence/attachment.py, evidence/proofs.py)

const MAX_PDF = 64 * 1024 * 1024;
const REACH = 4096;
const MENTIONS = 100;
const MAX_PROOF = 2 * MAX_ENVELOPE;
const PROOF = `${BASE}proof/v1`;
const LONGEST_PATH = 64;
const MOST_ROTATIONS = 5000;
const PROOF_FIELDS = "dataset,index,key,kind,opened,path,report,rotations,text,type";
const NULL_FIELD = Uint8Array.of(255, 255, 255, 255);

/** What somebody gave: a signed statement by itself, or what carries one along. */
async function readGiven(item, find) {
  const data = await item.read(MAX_PDF + 1);
  if (!data) {
    find("UNREADABLE", item.name);
    return null;
  }
  if (startsWith(data, utf8("%PDF-"))) {
    const [envelope] = await attempt(() => attachedTo(data));
    find(envelope ? "PDF_PAGES" : "ATTACHMENT", item.name);
    return envelope ? readData(item, envelope, find) : null;
  }
  if (!endsWith(data, utf8(`,"type":"${PROOF}"}\n`))) return readData(item, data, find);
  const [proof] = await attempt(() => openedProof(data));
  if (!proof) {
    find("MALFORMED", item.name);
    return null;
  }
  const read = await readData(item, utf8(proof.get("report")), find);
  if (!read || read.unread) return read;
  const rotations = [];
  for (const event of proof.get("rotations")) {
    const report = await readData(item, utf8(event), () => undefined);
    if (report && !report.unread) rotations.push(report);
  }
  return { ...read, proof, rotations };
}

function startsWith(data, head) {
  return head.every((byte, n) => data[n] === byte);
}

function endsWith(data, tail) {
  return data.length >= tail.length && startsWith(data.subarray(data.length - tail.length), tail);
}

// --- PDF --------------------------------------------------------------------------------------

/** The one file attached to a PDF; its pages are never looked at. */
async function attachedTo(pdf) {
  if (pdf.length > MAX_PDF) refuse("ATTACHMENT");
  const words = new TextDecoder("latin1").decode(pdf); // one sign a byte, whatever it shows
  const mentions = [...words.matchAll(/\/Type[ \t\n\r\f\v]*\/EmbeddedFile(?![A-Za-z0-9#_.-])/g)];
  const found = mentions.slice(0, MENTIONS + 1).map(({ index }) => pdfObject(words, index));
  const objects = found.filter(Boolean);
  if (objects.length !== 1 || mentions.length > MENTIONS) refuse("ATTACHMENT");
  const [{ head, start }] = objects;
  const data = pdf.subarray(start, start + pdfLength(words, head));
  const plainBytes = isDeflated(head) ? await inflated(data) : data;
  if (!plainBytes.length || plainBytes.length > MAX_ENVELOPE) refuse("ATTACHMENT");
  return plainBytes;
}

/** The dictionary around a mention and where its stream begins; null for mere text. */
function pdfObject(words, at) {
  const from = Math.max(at - REACH, 0);
  const begins = [...words.slice(from, at).matchAll(/\d+[ \t\n\r\f\v]+\d+[ \t\n\r\f\v]+obj\b/g)];
  const stream = />>[ \t\n\r\f\v]*stream(?:\r\n|\n)/.exec(words.slice(at, at + REACH));
  if (!begins.length || !stream) return null;
  const begin = begins[begins.length - 1];
  const head = words.slice(from + begin.index + begin[0].length, at + stream.index);
  return head.includes("endobj") ? null : { head, start: at + stream.index + stream[0].length };
}

function pdfLength(words, head) {
  const form = /\/Length[ \t\n\r\f\v]+(\d{1,12})(?:[ \t\n\r\f\v]+(\d{1,5})[ \t\n\r\f\v]+R\b)?/;
  const found = form.exec(head) ?? refuse("ATTACHMENT");
  if (found[2] === undefined) return Number(found[1]);
  const gap = "[ \\t\\n\\r\\f\\v]+";
  const there = `(?<!\\d)${found[1]}${gap}${found[2]}${gap}obj${gap}(\\d{1,12})${gap}endobj`;
  const lengths = [...words.matchAll(new RegExp(there, "g"))];
  return lengths.length ? Number(lengths[lengths.length - 1][1]) : refuse("ATTACHMENT");
}

function isDeflated(head) {
  if (!head.includes("/Filter")) return false;
  const gap = "[ \\t\\n\\r\\f\\v]*";
  const form = new RegExp(`/Filter${gap}(?:/(\\w+)|\\[${gap}/(\\w+)${gap}\\])`);
  const found = form.exec(head);
  const known_ = found && (found[1] || found[2]) === "FlateDecode";
  return known_ && !head.includes("/DecodeParms") ? true : refuse("ATTACHMENT");
}

/** At most one byte more than an envelope may have, however much more would come. */
async function inflated(data) {
  try {
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"));
    return await readSome(stream, MAX_ENVELOPE + 1);
  } catch {
    return refuse("ATTACHMENT");
  }
}

// --- proofs -----------------------------------------------------------------------------------

function openedProof(data) {
  if (data.length > MAX_PROOF) refuse("MALFORMED");
  const proof = parseCanonical(data.subarray(0, data.length - 1));
  const fields = [...proof.keys()].sort().join();
  const words = proof.get("text");
  if (fields !== PROOF_FIELDS || proof.get("type") !== PROOF) refuse("MALFORMED");
  if (!(words instanceof Map) || plain(words) !== plain(PROOF_TEXT)) refuse("MALFORMED");
  const texts = [proof.get("report"), ...listOf(proof.get("rotations"))];
  if (!texts.every((each) => typeof each === "string")) refuse("MALFORMED");
  return proof;
}

function listOf(value) {
  return Array.isArray(value) && value.length <= MOST_ROTATIONS ? value : refuse("MALFORMED");
}

/** Whether what a proof opens is among the records of its report. Never says which it is. */
async function checkProof({ proof, name, kind, predicate, envelope }, trusted, find) {
  const [seq, code] = await attempt(async () => {
    const [path, key, index] = ["path", "key", "index"].map((field) => proof.get(field));
    const short = Array.isArray(path) && path.length <= LONGEST_PATH && path.every(isHex);
    if (!short || !isHex(key) || typeof index !== "number") refuse("MALFORMED");
    const signer = await verifyEnvelope(envelope, trusted);
    if (signer === null) return null; // said of its report already
    if (!envelope.signatures.some(({ keyid }) => keyid === signer)) refuse("MALFORMED");
    if (kind !== "deletion-report") refuse("MALFORMED");
    const dataset = predicate.datasets.find((each) => each.dataset === proof.get("dataset"));
    const opened = proof.get("opened");
    if (!dataset || !(opened instanceof Map)) refuse("MALFORMED");
    const make = { record: recordLeaf, entry: entryLeaf }[proof.get("kind")] ?? refuse("MALFORMED");
    const leaf = await sha256(joined([0], hexBytes(key), make(opened, dataset)));
    const tree = make === recordLeaf ? dataset.merkle : dataset.lookup;
    if (!tree || !(await isIncluded(leaf, index, tree, path))) refuse("PROOF_BAD");
    return predicate.ledger.seq;
  });
  if (code) find(code in FINDINGS ? code : "MALFORMED", name);
  else if (seq !== null) find("PROVED", name, { seq, dataset: proof.get("dataset") });
}

function isHex(value) {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function onlyFields(opened, names) {
  if ([...opened.keys()].sort().join() !== names) refuse("MALFORMED");
}

/** The record behind a leaf: the source's own bytes. */
function recordLeaf(opened, dataset) {
  onlyFields(opened, "digest,encoding,key,start,subjects");
  const [encoding, digest] = [opened.get("encoding"), opened.get("digest")];
  if (typeof encoding !== "string" || (digest !== null && !isHex(digest))) refuse("MALFORMED");
  const [key, subjects] = [opened.get("key"), opened.get("subjects")].map(fieldList);
  const digests = digest === null ? [] : [hexBytes(digest)];
  if (Math.max(key.length, subjects.length) > 255) refuse("MALFORMED");
  const shape = Uint8Array.of(key.length, subjects.length, digests.length);
  const head = ["pbxretain/rec/2", encoding, dataset.data_class, dataset.dataset].map(utf8);
  return packed([...head, shape, ...key, fieldBytes(opened.get("start")), ...subjects, ...digests]);
}

/** One entry of the lookup: party, minute, running number, position. */
function entryLeaf(opened) {
  onlyFields(opened, "minute,party,position,repeat");
  const [party, minute] = [opened.get("party"), opened.get("minute")];
  const [repeat, position] = [opened.get("repeat"), opened.get("position")];
  const counts = [repeat, position].every((n) => typeof n === "number" && n >= 0);
  if (!counts || repeat > 0xffffffff || typeof party !== "string") refuse("MALFORMED");
  if (typeof minute !== "string" || !isInstant(minute)) refuse("MALFORMED");
  const seconds = Date.parse(minute) / 1000;
  if (seconds % 60) refuse("MALFORMED");
  const numbers = [bigEndian(seconds / 60, 8), bigEndian(repeat, 4), bigEndian(position, 8)];
  return packed([utf8("pbxretain/lookup/2"), utf8(party), ...numbers]);
}

function fieldList(values) {
  return Array.isArray(values) ? values.map(fieldBytes) : refuse("MALFORMED");
}

/** Null, text, or bytes in base64. */
function fieldBytes(value) {
  if (value === null) return null;
  if (typeof value === "string") return utf8(value);
  const words = value instanceof Map && value.size === 1 ? value.get("base64") : null;
  const form = typeof words === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(words);
  if (!form || words.length % 4) refuse("MALFORMED");
  try {
    return Uint8Array.from(atob(words), (sign) => sign.charCodeAt(0));
  } catch {
    return refuse("MALFORMED");
  }
}

/** Length-prefixed, so that no value passes for another; null apart from empty. */
function packed(fields) {
  const parts = fields.map((f) => (f === null ? NULL_FIELD : joined(bigEndian(f.length, 4), f)));
  return joined(...parts);
}

function bigEndian(number_, size) {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigInt64(0, BigInt(number_));
  return new Uint8Array(bytes.buffer).slice(8 - size);
}

/** RFC 9162, section 2.1.3. */
async function isIncluded(leaf, index, { size, root }, path) {
  if (index < 0 || index >= size) return false;
  let [hash, at, last] = [leaf, BigInt(index), BigInt(size) - 1n];
  for (const sibling of path) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      hash = await nodeHash(sibling, hash);
      while (!(at & 1n) && at) [at, last] = [at >> 1n, last >> 1n];
    } else {
      hash = await nodeHash(hash, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && hash === root;
}
