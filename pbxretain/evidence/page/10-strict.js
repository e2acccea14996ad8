// What do these bytes say, read as strictly as pbxretain reads them? (signing.py)

/** A file that can't be accepted; `code` is one of the findings' codes. */
class Refusal extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

function refuse(code) {
  throw new Refusal(code);
}

const DEEPEST = 900;
const MAX_INTEGER = 9007199254740991;

function utf8(text) {
  return new TextEncoder().encode(text);
}

function utf8Text(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("MALFORMED");
  }
}

/** Objects become Maps, so that order, duplicates and names like __proto__ stay what they are. */
class Reader {
  constructor(text, asciiKeys) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
    this.asciiKeys = asciiKeys;
  }

  whole() {
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) refuse("MALFORMED");
    return value;
  }

  space() {
    while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at])) this.at += 1;
  }

  next() {
    this.space();
    return this.text[this.at];
  }

  expect(sign) {
    if (this.next() !== sign) refuse("MALFORMED");
    this.at += 1;
  }

  value() {
    const sign = this.next();
    if (sign === '"') return this.string();
    if (sign === "{") return this.nested(() => this.object());
    if (sign === "[") return this.nested(() => this.array());
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.integer();
  }

  nested(read) {
    this.depth += 1;
    if (this.depth > DEEPEST) refuse("MALFORMED");
    this.at += 1;
    const value = read();
    this.depth -= 1;
    return value;
  }

  object() {
    const result = new Map();
    if (this.next() === "}") {
      this.at += 1;
      return result;
    }
    for (;;) {
      if (this.next() !== '"') refuse("MALFORMED");
      const key = this.string();
      if (result.has(key) || (this.asciiKeys && !isAscii(key))) refuse("MALFORMED");
      this.expect(":");
      result.set(key, this.value());
      if (this.next() === "}") break;
      this.expect(",");
    }
    this.at += 1;
    return result;
  }

  array() {
    const result = [];
    if (this.next() === "]") {
      this.at += 1;
      return result;
    }
    for (;;) {
      result.push(this.value());
      if (this.next() === "]") break;
      this.expect(",");
    }
    this.at += 1;
    return result;
  }

  string() {
    const start = this.at;
    let end = start + 1;
    let escaped = false;
    for (;;) {
      const code = this.text.charCodeAt(end);
      if (!(code >= 0x20)) refuse("MALFORMED"); // a control character, or the end of the text
      if (code === 0x22) break;
      if (code === 0x5c) {
        escaped = true;
        end += 1;
      }
      end += 1;
    }
    this.at = end + 1;
    if (!escaped) return this.text.slice(start + 1, end);
    try {
      return JSON.parse(this.text.slice(start, end + 1));
    } catch {
      return refuse("MALFORMED");
    }
  }

  integer() {
    const form = /-?(?:0|[1-9][0-9]*)(\.[0-9]|[eE][-+]?[0-9])?/y;
    form.lastIndex = this.at;
    const found = form.exec(this.text);
    if (!found || found[1] !== undefined || found[0].length > 17) refuse("MALFORMED");
    const number = Number(found[0]);
    if (Math.abs(number) > MAX_INTEGER) refuse("MALFORMED");
    this.at += found[0].length;
    return number;
  }
}

function isAscii(text) {
  for (let n = 0; n < text.length; n += 1) if (text.charCodeAt(n) > 127) return false;
  return true;
}

function parseObject(bytes, { asciiKeys }) {
  const text = utf8Text(bytes);
  const value = new Reader(text, asciiKeys).whole();
  if (!(value instanceof Map)) refuse("MALFORMED");
  return { value, text };
}

/** One JSON object that must be its own RFC 8785 form, byte for byte. */
function parseCanonical(bytes) {
  const { value, text } = parseObject(bytes, { asciiKeys: true });
  if (canonical(value) !== text) refuse("NOT_CANONICAL");
  return value;
}

function canonical(value) {
  const parts = [];
  writeCanonical(value, parts);
  return parts.join("");
}

function writeCanonical(value, parts) {
  if (value instanceof Map) {
    let sign = "{";
    for (const key of [...value.keys()].sort()) {
      parts.push(sign, JSON.stringify(key), ":");
      writeCanonical(value.get(key), parts);
      sign = ",";
    }
    parts.push(value.size ? "}" : "{}");
  } else if (Array.isArray(value)) {
    value.forEach((item, n) => {
      parts.push(n ? "," : "[");
      writeCanonical(item, parts);
    });
    parts.push(value.length ? "]" : "[]");
  } else if (Object.is(value, -0)) {
    parts.push("0");
  } else {
    // JSON.stringify escapes half a surrogate pair, which canonical text can't hold at all.
    if (typeof value === "string" && !value.isWellFormed()) refuse("NOT_CANONICAL");
    parts.push(JSON.stringify(value));
  }
}

/** Either alphabet, never a mixture, with padding, without spare bits. */
function base64Bytes(value) {
  if (typeof value !== "string" || !isAscii(value)) refuse("MALFORMED");
  let text = value;
  if (/[-_]/.test(text)) {
    if (/[+/]/.test(text)) refuse("MALFORMED");
    text = text.replaceAll("-", "+").replaceAll("_", "/");
  }
  let decoded;
  try {
    decoded = atob(text);
  } catch {
    refuse("MALFORMED");
  }
  if (btoa(decoded) !== text) refuse("MALFORMED");
  const bytes = new Uint8Array(decoded.length);
  for (let n = 0; n < decoded.length; n += 1) bytes[n] = decoded.charCodeAt(n);
  return bytes;
}

function hex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256(bytes) {
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
