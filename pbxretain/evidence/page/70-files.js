// Which files did somebody give? Loose files, folders, ZIP archives; nothing is unpacked to disk.

const MAX_ENTRIES = 200000;
const MAX_INFLATED = 1024 * 1024 * 1024;
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

// --- ZIP --------------------------------------------------------------------------------------

/** The folder in a ZIP archive (stored or deflated entries); null when it can't be read so. */
async function readZip(name, blob) {
  try {
    const { entries, data } = await zipEntries(blob);
    const root = new Folder(name.replace(/\.zip$/i, ""));
    const budget = { left: MAX_INFLATED };
    for (const entry of entries) {
      if (entry.path.endsWith("/")) continue;
      const make = (own, folder) => new Item(own, folder, (limit) => inflate(data, entry, { limit, budget }));
      if (!place(root, entry.path, make)) return null;
    }
    return bundleRoot(root);
  } catch {
    return null;
  }
}

async function zipEntries(blob) {
  const tailStart = Math.max(0, blob.size - 65557);
  const tail = new DataView(await blob.slice(tailStart).arrayBuffer());
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new RangeError("no end record");
  const count = tail.getUint16(at + 10, true);
  const size = tail.getUint32(at + 12, true);
  const start = tail.getUint32(at + 16, true);
  const split = tail.getUint16(at + 4, true) !== 0 || tail.getUint16(at + 8, true) !== count;
  if (split || count > MAX_ENTRIES || start + size > blob.size) throw new RangeError("not plain");
  const view = new DataView(await blob.slice(start, start + size).arrayBuffer());
  const entries = [];
  for (let n = 0, where = 0; n < count; n += 1) {
    if (view.getUint32(where, true) !== CENTRAL) throw new RangeError("no entry");
    const [nameSize, extraSize, noteSize] = [28, 30, 32].map((o) => view.getUint16(where + o, true));
    const nameBytes = new Uint8Array(view.buffer, where + 46, nameSize);
    entries.push({
      path: new TextDecoder().decode(nameBytes).replaceAll("\\", "/"),
      encrypted: (view.getUint16(where + 8, true) & 1) === 1,
      method: view.getUint16(where + 10, true),
      crc: view.getUint32(where + 16, true),
      packed: view.getUint32(where + 20, true),
      size: view.getUint32(where + 24, true),
      offset: view.getUint32(where + 42, true),
    });
    where += 46 + nameSize + extraSize + noteSize;
  }
  return { entries, data: blob };
}

/** At most `limit` bytes of an entry; null when it is damaged, or inflates beyond what it says. */
async function inflate(data, entry, { limit, budget }) {
  if (entry.encrypted || ![0, 8].includes(entry.method)) return null;
  try {
    const head = new DataView(await data.slice(entry.offset, entry.offset + 30).arrayBuffer());
    if (head.getUint32(0, true) !== LOCAL) return null;
    const start = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    const packed = data.slice(start, start + entry.packed);
    if (packed.size !== entry.packed) return null;
    const plainStream = packed.stream();
    const stream =
      entry.method === 0
        ? plainStream
        : plainStream.pipeThrough(new DecompressionStream("deflate-raw"));
    const read = await readSome(stream, Math.min(limit, entry.size + 1, budget.left));
    budget.left -= read.length;
    if (read.length === limit && entry.size >= limit) return read;
    return read.length === entry.size && crc32(read) === entry.crc ? read : null;
  } catch {
    return null;
  }
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

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

// --- the whole examination --------------------------------------------------------------------

/**
 * Examines what was given. `trust`: {keys: Map, roster, print: hex digits}. Result as Look.at.
 * A fingerprint makes a key count that lies beside the reports and has that fingerprint, or the
 * roster beside them when its authority's key has it.
 */
async function examine(given, trust, now, progress) {
  const { folders, files, broken } = await sort(given);
  const roots = folders.map((folder) => withLedger(bundleRoot(folder)));
  const places = new Set([...roots, ...files.map((file) => file.folder)]);
  const offered = new Map();
  for (const folder of places) for (const [id, key] of await keysIn(folder)) offered.set(id, key);
  const anchors = await anchored(trust, offered, roots);
  const look = new Look(anchors, now, progress);
  for (const name of broken) look.find("UNREADABLE", name);
  const verdict = await look.at(roots, files);
  return { ...verdict, offered: [...offered.keys()], roster: anchors.roster };
}

async function anchored({ keys, roster, print }, offered, roots) {
  const meant = (id) => Boolean(print) && id.startsWith(print);
  const beside = [...offered].filter(([id]) => meant(id));
  const anchors = { keys: new Map([...keys, ...beside]), roster: roster ?? null };
  for (const folder of anchors.roster || !print ? [] : roots) {
    const data = folder.files.has(ROSTER) ? await folder.item(ROSTER).read(MAX_TRUST) : null;
    const [own] = data ? await attempt(() => Roster.read(data)) : [null];
    if (own && [...own.keys("authority").keys()].some(meant)) anchors.roster = own;
  }
  return anchors;
}

/** The hex digits of a fingerprint (32) or key id (64) as somebody typed it; null for neither. */
function readPrint(typed) {
  const digits = typed.toLowerCase().replace(/^sha-?256:/, "").replace(/[\s:.\-–]/g, "");
  return /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/.test(digits) ? digits : null;
}
