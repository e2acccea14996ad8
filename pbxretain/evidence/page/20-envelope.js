// Who signed this envelope? DSSE and Ed25519 keys. (signing.py)

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const MAX_ENVELOPE = 8 * 1024 * 1024;
const MAX_SIGNATURES = 16;
const SPKI_START = "302a300506032b6570032100";

/** Opens an envelope without trusting it: exactly DSSE's fields in their order, no escapes. */
async function openEnvelope(bytes) {
  if (bytes.length > MAX_ENVELOPE) refuse("MALFORMED");
  const { value, text } = parseObject(bytes, { asciiKeys: false });
  const fields = [...value.keys()].join();
  if (fields !== "payload,payloadType,signatures" || text.includes("\\")) refuse("MALFORMED");
  if (value.get("payloadType") !== PAYLOAD_TYPE) refuse("MALFORMED");
  const signatures = value.get("signatures");
  const some = Array.isArray(signatures) && signatures.length >= 1;
  if (!some || signatures.length > MAX_SIGNATURES) refuse("MALFORMED");
  const read = signatures.map(readSignature);
  if (new Set(read.map((signature) => signature.keyid)).size !== read.length) refuse("MALFORMED");
  const payload = base64Bytes(value.get("payload"));
  const message = pae(payload);
  return { payload, signatures: read, message, digest: await sha256(message) };
}

function readSignature(value) {
  if (!(value instanceof Map) || [...value.keys()].join() !== "keyid,sig") refuse("MALFORMED");
  const keyid = value.get("keyid");
  if (typeof keyid !== "string" || !/^[A-Za-z0-9._-]*$/.test(keyid)) refuse("MALFORMED");
  return { keyid, sig: base64Bytes(value.get("sig")) };
}

/** DSSE's pre-authentication encoding: what is signed. */
function pae(payload) {
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  return joined(utf8(head), payload);
}

/** The public keys of a PEM text, by key id; Refusal KEY_KIND when anything else is in it. */
async function publicKeys(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/gs)];
  if (!blocks.length || blocks.some((block) => block[1] !== "PUBLIC KEY")) refuse("KEY_KIND");
  const keys = new Map();
  for (const block of blocks) {
    const key = await publicKey(block[2]);
    keys.set(key.id, key);
  }
  return keys;
}

async function publicKey(body) {
  let der;
  try {
    der = base64Bytes(body.replace(/\s/g, ""));
  } catch {
    refuse("KEY_KIND");
  }
  if (der.length !== 44 || !hex(der).startsWith(SPKI_START)) refuse("KEY_KIND");
  try {
    const key = await crypto.subtle.importKey("spki", der, "Ed25519", true, ["verify"]);
    return { id: await sha256(der), key, raw: der.subarray(12) };
  } catch {
    return refuse("KEY_KIND");
  }
}

/** The first 128 bits of a key id as 8 groups of 4. */
function fingerprint(keyid) {
  return keyid.slice(0, 32).match(/.{4}/g).join(" ");
}

function verifies({ key }, signature, message) {
  return signature.length === 64 && crypto.subtle.verify("Ed25519", key, signature, message);
}

/**
 * The id of the first of these keys that signed, null when none did. A hint decides nothing; the
 * key that it names is only tried first.
 */
async function signedBy(envelope, keys) {
  for (const { keyid, sig } of envelope.signatures) {
    const hinted = keys.has(keyid) ? [[keyid, keys.get(keyid)]] : [];
    for (const [id, key] of [...hinted, ...keys]) {
      if (await verifies(key, sig, envelope.message)) return id;
    }
  }
  return null;
}

/** The id of the trusted key that signed, null for a stranger; Refusal where one is named. */
async function verifyEnvelope(envelope, trusted) {
  const signer = await signedBy(envelope, trusted);
  const named = envelope.signatures.some(({ keyid }) => trusted.has(keyid));
  return signer === null && named ? refuse("BAD_SIGNATURE") : signer;
}

/** Whether this browser can check what it is asked to check. */
async function canVerify() {
  // RFC 8032, section 7.1, test 2: a browser that gets this wrong must not judge reports.
  const spki = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
  const sig =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  const bytes = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
  try {
    const der = bytes(SPKI_START + spki);
    const key = await crypto.subtle.importKey("spki", der, "Ed25519", true, ["verify"]);
    const good = await crypto.subtle.verify("Ed25519", key, bytes(sig), bytes("72"));
    const bad = await crypto.subtle.verify("Ed25519", key, bytes(sig), bytes("73"));
    return good && !bad;
  } catch {
    return false;
  }
}
