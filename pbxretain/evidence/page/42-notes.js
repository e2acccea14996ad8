// How does a ledger say in three lines all that it holds? (evidence/notes.py, merkle.py)
// C2SP signed notes over RFC 9162 trees.

const NOTE_KEY = 1;
const COSIGNATURE_KEY = 4;
const MAX_LINES = 16;
const LATEST = 253402300799n; // the last second of the year 9999

/** The tree over statement digests; each complete subtree is hashed once. */
class LedgerTree {
  constructor(digests) {
    this.digests = digests;
    this.nodes = new Map();
  }

  get size() {
    return this.digests.length;
  }

  /** The root over the first `size` digests, hex. */
  async root(size) {
    if (size === 0) return EMPTY_ROOT;
    let root = null;
    let end = size;
    for (let height = 0; end > 0; height += 1) {
      if (end & 1) {
        const node = await this.node(height, end - 1);
        root = root === null ? node : await nodeHash(node, root);
      }
      end = Math.floor(end / 2);
    }
    return root;
  }

  /** The complete subtree of 2^height leaves, the index-th of its kind. */
  async node(height, index) {
    const place = `${height}/${index}`;
    if (!this.nodes.has(place)) {
      const hash =
        height === 0
          ? await sha256(joined([0], hexBytes(this.digests[index])))
          : await nodeHash(
              await this.node(height - 1, 2 * index),
              await this.node(height - 1, 2 * index + 1),
            );
      this.nodes.set(place, hash);
    }
    return this.nodes.get(place);
  }
}

function nodeHash(left, right) {
  return sha256(joined([1], hexBytes(left), hexBytes(right)));
}

function hexBytes(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Reads a note strictly, trusting nothing in it; Refusal CHECKPOINT for any other spelling. */
function parseNote(data) {
  let words;
  try {
    words = utf8Text(data.length <= MAX_NOTE ? data : new Uint8Array());
  } catch {
    refuse("CHECKPOINT");
  }
  const gap = words.indexOf("\n\n");
  const parts = words.slice(0, Math.max(gap, 0)).split("\n");
  if (gap < 0 || parts.length !== 3 || !parts[0] || !/^(?:0|[1-9][0-9]{0,15})$/.test(parts[1])) {
    refuse("CHECKPOINT");
  }
  const shown = words.slice(gap + 2).split("\n");
  if (shown.pop() !== "" || shown.length < 1 || shown.length > MAX_LINES) refuse("CHECKPOINT");
  const root = noteBase64(parts[2]);
  if (root.length !== 32) refuse("CHECKPOINT");
  return {
    origin: parts[0],
    size: Number(parts[1]),
    root: hex(root),
    body: utf8(words.slice(0, gap + 1)),
    lines: shown.map(noteLine),
  };
}

function noteLine(words) {
  const found = /^\u2014 ([^ \n+]{1,255}) ([A-Za-z0-9+/]+={0,2})$/u.exec(words);
  if (!found) refuse("CHECKPOINT");
  const data = noteBase64(found[2]);
  if (data.length <= 4) refuse("CHECKPOINT");
  return { name: found[1], hint: hex(data.subarray(0, 4)), data: data.subarray(4) };
}

function noteBase64(words) {
  if (/[-_]/.test(words)) refuse("CHECKPOINT");
  try {
    return base64Bytes(words);
  } catch {
    return refuse("CHECKPOINT");
  }
}

async function noteHint(name, key, kind) {
  return (await sha256(joined(utf8(name), [10, kind], key.raw))).slice(0, 8);
}

/** Whether this key signed the checkpoint as its ledger's runner. */
async function noteSigned(note, key) {
  const hint = await noteHint(note.origin, key, NOTE_KEY);
  for (const line of note.lines) {
    const named = line.name === note.origin && line.hint === hint;
    if (named && (await verifies(key, line.data, note.body))) return true;
  }
  return false;
}

/** Whether a line of the checkpoint claims to be this witness's cosignature, rightly or not. */
async function noteNames(note, key) {
  for (const line of note.lines) {
    if (line.hint === (await noteHint(line.name, key, COSIGNATURE_KEY))) return true;
  }
  return false;
}

/** When this witness saw the checkpoint (milliseconds), by its own clock; null if it didn't. */
async function cosignedAt(note, key) {
  for (const line of note.lines) {
    const hint = await noteHint(line.name, key, COSIGNATURE_KEY);
    if (line.hint !== hint || line.data.length !== 72) continue;
    const seconds = BigInt(`0x${hex(line.data.subarray(0, 8))}`);
    const message = joined(utf8(`cosignature/v1\ntime ${seconds}\n`), note.body);
    if (await verifies(key, line.data.subarray(8), message)) {
      return seconds <= LATEST ? Number(seconds) * 1000 : null;
    }
  }
  return null;
}
