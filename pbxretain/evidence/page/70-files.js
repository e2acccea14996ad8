// Which files did somebody give? Loose files, folders, ZIP archives; nothing is unpacked to disk.

const MAX_ENTRIES = 100000;
const MAX_BYTES = 16 * 1024 ** 3;
const HONEST = 64 * 1024 ** 2;
const SWELL = 50;
const MAX_INFLATED = 1024 * 1024 * 1024;
const BELOW = [COSIGNED, FILED, "sidecars"];
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,150}(?<!\.)$/;
const DEVICES = /^(con|prn|aux|nul|com\p{Nd}|lpt\p{Nd})(\..*)?$/iu;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;

/** An Item over a File or Blob of the browser. */
function blobItem(name, folder, blob) {
  return new Item(name, folder, async (limit) => {
    try {
      return new Uint8Array(await blob.slice(0, limit).arrayBuffer());
    } catch {
      return null;
    }
  });
}

/** Puts a file at a path below a folder, making the folders between; false where one stands. */
function place(root, path, make) {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const name = parts.pop();
  if (name === undefined || parts.includes("..") || name === "..") return false;
  let folder = root;
  for (const part of parts) {
    if (folder.files.has(part)) return false;
    if (!folder.folders.has(part)) folder.folders.set(part, new Folder(part));
    folder = folder.folders.get(part);
  }
  if (folder.files.has(name) || folder.folders.has(name)) return false;
  folder.files.set(name, make(name, folder));
  return true;
}

/**
 * What was given, as Look takes it: folders to examine whole, and single reports.
 * `given` is a list of {path, blob}; a path with folders in it belongs to a folder.
 */
async function sort(given) {
  const loose = new Folder("");
  const roots = new Folder("");
  const broken = [];
  const archives = [];
  for (const { path, blob } of given) {
    if (/\.zip$/i.test(path) && !path.includes("/")) {
      const folder = await readZip(path, blob);
      if (folder) archives.push(folder);
      else broken.push(path);
      continue;
    }
    place(path.includes("/") ? roots : loose, path, (name, folder) => blobItem(name, folder, blob));
  }
  const folders = [...roots.folders.values(), ...archives];
  // Whoever takes the ledger along takes the folder: then a missing report is a gap.
  if (loose.files.has(LEDGER)) return { folders: [loose, ...folders], files: [], broken };
  const files = [...loose.files.values()].filter(({ name }) => !isCompanion(name));
  return { folders, files, broken };
}

/** Files that lie beside reports and are none. */
function isCompanion(name) {
  return /\.(pem|sh|html|txt|checkpoint|bin)$/i.test(name) || name === "checkpoint";
}

/** Where the reports of a bundle lie: in it, or in the only folder in it. */
function bundleRoot(folder) {
  let root = folder;
  while (!root.files.size && root.folders.size === 1 && !root.folders.has("reports")) {
    [root] = root.folders.values();
  }
  return root;
}

// --- ZIP (bundle.py) ---------------------------------------------------------------------------

/** The folder in a bundle's ZIP file (stored or deflated); null for what no honest one holds. */
async function readZip(name, blob) {
  try {
    const entries = await zipEntries(blob);
    const root = new Folder(name.replace(/\.zip$/i, ""));
    const budget = { left: MAX_INFLATED };
    for (const [path, entry] of namedEntries(entries, blob.size)) {
      const read = (limit) => inflate(blob, entry, { limit, budget });
      if (!place(root, path, (own, folder) => new Item(own, folder, read))) return null;
      if (!(await isWhole(blob, entry))) return null;
    }
    return root;
  } catch (error) {
    if (error instanceof TypeError && !/stream|compressed/i.test(error.message)) throw error;
    return null;
  }
}

/** Each entry by the path that it may have below a bundle, and by no other. */
function namedEntries(entries, size) {
  const whole = entries.reduce((total_, entry) => total_ + entry.size, 0);
  const tooLarge = entries.length > MAX_ENTRIES || whole > MAX_BYTES;
  if (tooLarge || whole > Math.max(HONEST, SWELL * size)) refuse("BUNDLE");
  let paths = entries.map(entryPath);
  const tops = new Set(paths.map((parts) => parts[0]));
  const [top] = tops;
  if (tops.size === 1 && !BELOW.includes(top) && paths.every((parts) => parts.length > 1)) {
    paths = paths.map((parts) => parts.slice(1)); // somebody zipped the folder itself
  }
  const found = new Map();
  const seen = new Set(BELOW);
  paths.forEach((parts, n) => {
    const own = parts.join("/");
    const deep = parts.length > 2 || (parts.length === 2 && !BELOW.includes(parts[0]));
    if (deep || seen.has(own.toLowerCase())) refuse("BUNDLE");
    seen.add(own.toLowerCase());
    found.set(own, entries[n]);
  });
  return found;
}

function entryPath({ path, system, mode, encrypted, method: packing }) {
  const kind = system === 3 ? mode & 0o170000 : 0;
  const parts = path.split("/");
  const plainNames = parts.every((part) => PLAIN.test(part) && !DEVICES.test(part));
  const odd = ![0, 0o100000].includes(kind) || encrypted || ![0, 8].includes(packing);
  return odd || !plainNames ? refuse("BUNDLE") : parts;
}

async function zipEntries(blob) {
  const tailStart = Math.max(0, blob.size - 65557);
  const tail = new DataView(await blob.slice(tailStart).arrayBuffer());
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) refuse("BUNDLE");
  const count = tail.getUint16(at + 10, true);
  const size = tail.getUint32(at + 12, true);
  const start = tail.getUint32(at + 16, true);
  const split = tail.getUint16(at + 4, true) !== 0 || tail.getUint16(at + 8, true) !== count;
  if (split || start + size > tailStart + at) refuse("BUNDLE");
  const view = new DataView(await blob.slice(start, start + size).arrayBuffer());
  const entries = [];
  let where = 0;
  for (let n = 0; n < count; n += 1) {
    if (view.getUint32(where, true) !== CENTRAL) refuse("BUNDLE");
    const [nameSize, extra, note] = [28, 30, 32].map((o) => view.getUint16(where + o, true));
    const path = new TextDecoder().decode(new Uint8Array(view.buffer, where + 46, nameSize));
    const entry = {
      path,
      system: view.getUint8(where + 5),
      encrypted: (view.getUint16(where + 8, true) & 1) === 1,
      method: view.getUint16(where + 10, true),
      crc: view.getUint32(where + 16, true),
      packed: view.getUint32(where + 20, true),
      size: view.getUint32(where + 24, true),
      mode: view.getUint32(where + 38, true) >>> 16,
      offset: view.getUint32(where + 42, true),
    };
    if (!path.endsWith("/")) entries.push(entry);
    where += 46 + nameSize + extra + note;
  }
  return entries;
}

/** The inflated bytes of an entry, as a stream. */
async function entryStream(data, entry) {
  const head = new DataView(await data.slice(entry.offset, entry.offset + 30).arrayBuffer());
  if (head.getUint32(0, true) !== LOCAL) refuse("BUNDLE");
  const start = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const packed = data.slice(start, start + entry.packed);
  if (packed.size !== entry.packed) refuse("BUNDLE");
  const stream = packed.stream();
  return entry.method === 0 ? stream : stream.pipeThrough(new DecompressionStream("deflate-raw"));
}

/** Whether an entry holds exactly what it says; in flat memory, and never past its size. */
async function isWhole(data, entry) {
  const reader = (await entryStream(data, entry)).getReader();
  let [size, crc] = [0, CRC_START];
  while (size <= entry.size) {
    const { done, value } = await reader.read();
    if (done) return size === entry.size && (crc ^ CRC_START) >>> 0 === entry.crc;
    size += value.length;
    crc = crcOf(value, crc);
  }
  reader.cancel().catch(() => undefined);
  return false;
}

/** At most `limit` bytes of an entry that was found whole; null past all that may be inflated. */
async function inflate(data, entry, { limit, budget }) {
  if (Math.min(limit, entry.size) > budget.left) return null;
  const read = await readSome(await entryStream(data, entry), Math.min(limit, entry.size));
  budget.left -= read.length;
  return read;
}

async function readSome(stream, limit) {
  const reader = stream.getReader();
  const parts = [];
  let size = 0;
  while (size < limit) {
    const { done, value } = await reader.read();
    if (done) return joined(...parts);
    const part = value.subarray(0, limit - size);
    parts.push(part);
    size += part.length;
  }
  reader.cancel().catch(() => undefined);
  return joined(...parts);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

const CRC_START = 0xffffffff;

function crcOf(bytes, before) {
  let crc = before;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 255];
  return crc;
}

// --- the whole examination --------------------------------------------------------------------

/**
 * Examines what was given. `trust`: {keys: Map, roster, seen, print: hex digits}. Result as Look.at.
 * A fingerprint makes a key count that lies beside the reports and has that fingerprint, or the
 * roster beside them when its authority's key has it. A roster of `trust` that came with what was
 * given (`carried`) counts as little without it: the delivery can't vouch for itself.
 */
async function examine(given, trust, now, progress) {
  const { folders, files, broken } = await sort(given);
  const roots = folders.map((folder) => withLedger(bundleRoot(folder)));
  const places = new Set([...roots, ...files.map((file) => file.folder)]);
  const offered = new Map();
  for (const folder of places) for (const [id, key] of await keysIn(folder)) offered.set(id, key);
  const own = trust.roster ?? null;
  const carried = own && (await carries([...folders, ...files], own)) ? own : null;
  const anchors = await anchored({ ...trust, roster: carried ? null : own }, offered, roots);
  if (carried && isMeant(carried, trust.print)) anchors.roster = carried;
  const look = new Look(anchors, now, progress);
  for (const name of broken) look.find("BUNDLE", name, {}, EXIT_FORGED);
  const open = carried !== null && anchors.roster !== carried;
  if (open) look.find("CARRIED_ROSTER", "", {}, EXIT_UNTRUSTED);
  const verdict = await look.at(roots, files);
  const { roster } = anchors;
  return { ...verdict, offered: [...offered.keys()], roster, carried, open, now };
}

/** Whether this roster lies among what was given, under whatever name but a report's. */
async function carries(given, roster) {
  for (const each of given) {
    if (each instanceof Folder) {
      const inner = [...each.files.values(), ...each.folders.values()];
      if (await carries(inner, roster)) return true;
    } else if (/\.json$/i.test(each.name) && !REPORT_NAME.test(each.name)) {
      const data = await each.read(MAX_TRUST);
      const [envelope] = data ? await attempt(() => openEnvelope(data)) : [null];
      if (envelope?.digest === roster.digest) return true;
    }
  }
  return false;
}

/** Whether a fingerprint is that of the roster's authority. */
function isMeant(roster, print) {
  return Boolean(print) && [...roster.keys("authority").keys()].some((id) => id.startsWith(print));
}

async function anchored({ keys, roster, print, seen }, offered, roots) {
  const meant = (id) => Boolean(print) && id.startsWith(print);
  const beside = [...offered].filter(([id]) => meant(id));
  const anchors = {
    keys: new Map([...keys, ...beside]),
    roster: roster ?? null,
    seen: seen ?? [],
  };
  for (const folder of anchors.roster || !print ? [] : roots) {
    const data = folder.files.has(ROSTER) ? await folder.item(ROSTER).read(MAX_TRUST) : null;
    const [own] = data ? await attempt(() => Roster.read(data)) : [null];
    if (own && isMeant(own, print)) anchors.roster = own;
  }
  return anchors;
}

/** The hex digits of a fingerprint (32) or key id (64) as somebody typed it; null for neither. */
function readPrint(typed) {
  const digits = typed
    .toLowerCase()
    .replace(/^sha-?256:/, "")
    .replace(/[\s:.\-–]/g, "");
  return /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/.test(digits) ? digits : null;
}
