// What may a signed statement say, and do its figures agree? (evidence/statements.py)
// SCHEMAS comes out of the Python models; only rules between fields are written here by hand.

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const BASE = "https://pbxretain.org/evidence/";
const PATTERNS = new Map();

/** A Rust pattern as pydantic compiles it: `\d` knows every decimal digit, `\z` is the end. */
function pattern(source) {
  if (!PATTERNS.has(source)) {
    const own = source.replaceAll("\\z", "$").replaceAll("\\d", "\\p{Nd}");
    PATTERNS.set(source, new RegExp(own, "u"));
  }
  return PATTERNS.get(source);
}

/** Values that a pattern alone can't tell: real days and instants, base64 without spare bits. */
const REAL = {
  "^\\d{4}-\\d\\d-\\d\\d\\z": isDay,
  "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\\z": isInstant,
  "^[A-Za-z0-9+/]{4,400}={0,2}\\z": isBase64,
};

function isBase64(text) {
  try {
    return btoa(atob(text)) === text;
  } catch {
    return false;
  }
}

function isDay(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  return Boolean(found) && dayExists(Number(found[1]), Number(found[2]), Number(found[3]));
}

function isInstant(text) {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(text);
  if (!found || !isDay(found[1]) || text < "1000") return false;
  return Number(found[2]) < 24 && Number(found[3]) < 60 && Number(found[4]) < 60;
}

function dayExists(year, month, day) {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}

/** Reads values by a JSON Schema into plain objects, defaults filled in; throws Refusal SCHEMA. */
class SchemaReader {
  constructor(root) {
    this.root = root;
  }

  read(value, schema = this.root) {
    if (schema.$ref) return this.read(value, this.root.$defs[schema.$ref.split("/").pop()]);
    if (schema.anyOf) return this.anyOf(value, schema.anyOf);
    if (schema.oneOf) return this.anyOf(value, schema.oneOf);
    if ("const" in schema && value !== schema.const) refuse("SCHEMA");
    if (schema.enum && !schema.enum.includes(value)) refuse("SCHEMA");
    switch (schema.type) {
      case "object":
        return this.object(value, schema);
      case "array":
        return this.array(value, schema);
      case "string":
        return this.string(value, schema);
      case "integer":
        return this.integer(value, schema);
      case "boolean":
        return typeof value === "boolean" ? value : refuse("SCHEMA");
      case "null":
        return value === null ? value : refuse("SCHEMA");
      default:
        return "const" in schema || schema.enum ? value : refuse("SCHEMA");
    }
  }

  anyOf(value, choices) {
    for (const choice of choices) {
      try {
        return this.read(value, choice);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
    return refuse("SCHEMA");
  }

  object(value, schema) {
    if (!(value instanceof Map)) refuse("SCHEMA");
    return schema.properties || schema.additionalProperties === false
      ? this.model(value, schema)
      : this.dictionary(value, schema);
  }

  model(value, schema) {
    const properties = schema.properties ?? {};
    const result = Object.create(null);
    for (const key of value.keys()) if (!Object.hasOwn(properties, key)) refuse("SCHEMA");
    for (const [key, inner] of Object.entries(properties)) {
      if (value.has(key)) result[key] = this.read(value.get(key), inner);
      else if ("default" in inner) result[key] = structuredClone(inner.default);
      else refuse("SCHEMA");
    }
    return result;
  }

  dictionary(value, schema) {
    const result = Object.create(null);
    const patterns = Object.entries(schema.patternProperties ?? {});
    for (const [key, item] of value) {
      const match = patterns.find(([source]) => pattern(source).test(key));
      const inner = match ? match[1] : patterns.length ? null : schema.additionalProperties;
      if (!inner) refuse("SCHEMA");
      if (schema.propertyNames) this.read(key, { type: "string", ...schema.propertyNames });
      result[key] = this.read(item, inner);
    }
    this.size(value.size, schema.minProperties, schema.maxProperties);
    return result;
  }

  array(value, schema) {
    if (!Array.isArray(value)) refuse("SCHEMA");
    this.size(value.length, schema.minItems, schema.maxItems);
    const fixed = schema.prefixItems ?? [];
    return value.map((item, n) => {
      const inner = fixed[n] ?? schema.items;
      return inner ? this.read(item, inner) : refuse("SCHEMA");
    });
  }

  string(value, schema) {
    if (typeof value !== "string") refuse("SCHEMA");
    if (schema.pattern && !pattern(schema.pattern).test(value)) refuse("SCHEMA");
    if (REAL[schema.pattern] && !REAL[schema.pattern](value)) refuse("SCHEMA");
    this.size([...value].length, schema.minLength, schema.maxLength);
    return value;
  }

  integer(value, schema) {
    if (typeof value !== "number") refuse("SCHEMA");
    const fits =
      value >= (schema.minimum ?? -Infinity) &&
      value <= (schema.maximum ?? Infinity) &&
      value > (schema.exclusiveMinimum ?? -Infinity) &&
      value < (schema.exclusiveMaximum ?? Infinity);
    return fits ? value : refuse("SCHEMA");
  }

  size(count, least = 0, most = Infinity) {
    if (count < least || count > most) refuse("SCHEMA");
  }
}

// --- rules between fields: what the models' validators say ------------------------------------

const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function agree(...conditions) {
  if (!conditions.every(Boolean)) refuse("BALANCE");
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + BigInt(number), 0n);
}

function checkBalances(b) {
  const became = [b.deleted, b.redacted, b.already_absent, b.held, b.minimum, b.straddling];
  agree(sum([b.due, b.arrived]) === sum([...became, b.kept_for_part, b.failed, b.residue]));
}

function checkRun(run) {
  agree(
    run.started_at <= run.ended_at,
    (run.outcome === "refused") === (run.refused_reason !== null),
    (run.outcome === "recovered") === (run.recovers !== null),
  );
}

function checkDataset(dataset) {
  const { balances, merkle, lookup, outcome, settled } = dataset;
  checkBalances(balances);
  checkSettled(settled ?? { until: null, count: null, last: null, again: null });
  const redacts = dataset.rule.action === "redact";
  const went = sum([balances.deleted, balances.redacted]);
  agree(
    (merkle.size === 0) === (merkle.root === EMPTY_ROOT),
    lookup === null || (lookup.size === 0) === (lookup.root === EMPTY_ROOT),
    BigInt(merkle.size) === went,
    (redacts ? balances.deleted : balances.redacted) === 0,
    redacts === (dataset.method === "db_update"),
    !["complete", "nothing-due"].includes(outcome) || !(balances.residue || balances.failed),
    !["nothing-due", "kept"].includes(outcome) || went === 0n,
  );
}

/** Each count with the instant before which it was taken, or neither. */
function checkSettled({ until, count, last, again }) {
  agree((until === null) === (count === null), (last === null) === (again === null));
}

/** A place in the ledger: the first has no predecessor, all others have one. */
function checkPlace({ seq, prev }) {
  agree((seq === 0) === (prev === null));
}

function checkDeletionReport(report) {
  const { ledger, run, datasets } = report;
  checkPlace(ledger);
  checkRun(run);
  datasets.forEach(checkDataset);
  checkEvidence(report.evidence);
  checkFiles(report);
  const fine = datasets.every((d) => ["complete", "nothing-due", "kept"].includes(d.outcome));
  const left = datasets.some((d) => d.balances.residue || d.balances.failed);
  const went = datasets.some((d) => d.balances.deleted || d.balances.redacted);
  agree(
    new Set(datasets.map((d) => d.dataset)).size === datasets.length,
    !["complete", "nothing-due"].includes(run.outcome) || (fine && !left),
    !["nothing-due", "refused"].includes(run.outcome) || !went,
  );
}

function checkEvidence({ level, note, files, recipients, shred_after: until }) {
  for (const file of files) {
    agree(
      file.name === `${file.sha256}.bin`,
      (file.role === "sealed-key") === (file.dataset === null),
    );
  }
  const sealed = level === "sealed";
  agree(
    sealed === recipients.length > 0,
    sealed === (until !== null),
    sealed || !files.length,
    sealed === (note !== "SINGLE_RECORDS_NOT_PROVABLE"),
    new Set(recipients).size === recipients.length,
    new Set(files.map((file) => file.sha256)).size === files.length,
  );
}

/** At level sealed each dataset has exactly the files that its trees need. */
function checkFiles({ evidence: { level, files, recipients }, datasets }) {
  const sealed = level === "sealed";
  const needed = [];
  for (const { dataset, merkle, lookup } of datasets) {
    if (sealed && merkle.size > 0) needed.push(`leaves ${dataset}`);
    if (lookup !== null && lookup.size > 0) needed.push(`index ${dataset}`);
  }
  if (needed.length) needed.push(...recipients.map(() => "sealed-key "));
  const there = files.map(({ role, dataset }) => `${role} ${dataset ?? ""}`);
  agree(
    there.sort().join() === needed.sort().join(),
    datasets.every((d) => sealed === (d.lookup !== null)),
    datasets.every((d) => !d.lookup?.size || d.merkle.size > 0),
  );
}

function policySubjects({ policy }) {
  return [{ name: `policy/${policy.name}`, digest: { sha256: policy.digest.slice(7) } }];
}

function reportSubjects(report) {
  const roots = report.datasets.map((d) => ({
    name: `${report.source}/${d.dataset}`,
    digest: { smdr2: d.merkle.root },
  }));
  return [...policySubjects(report), ...roots];
}

const subject = (name, digest) => ({ name, digest: { sha256: digest } });

/** The key id of a public key in base64 of its DER form. */
function keyDigest(publicKeyText) {
  return sha256(base64Bytes(publicKeyText));
}

async function checkTrust({ version, previous, keys, sources }) {
  for (const key of keys) {
    agree(
      key.id === (await keyDigest(key.public)),
      (key.role === "escrow") === (key.algorithm === "x25519"),
      (key.role === "runner") === (key.source !== null),
      key.valid_until === null || key.valid_from <= key.valid_until,
    );
  }
  const places = new Set(keys.map((key) => JSON.stringify([key.id, key.source])));
  const roles = new Set(keys.map((key) => `${key.id} ${key.role}`));
  const names = new Set(sources.map((source) => source.source));
  agree(
    (version === 1) === (previous === null),
    places.size === keys.length,
    roles.size === new Set(keys.map((key) => key.id)).size,
    names.size === sources.length,
    keys.some((key) => key.role === "authority"),
    keys.every((key) => key.role !== "runner" || names.has(key.source)),
  );
}

async function checkKeyEvent(event) {
  const rotates = event.event === "rotate";
  const given = (value) => value !== null;
  checkPlace(event.ledger ?? { seq: 0, prev: null });
  agree(
    rotates === given(event.ledger),
    rotates === given(event.previous),
    rotates === given(event.previous_public),
    rotates === !given(event.last_good),
    (event.event === "revoke") === !given(event.public),
    !given(event.public) || (await keyDigest(event.public)) === event.key,
    !given(event.previous_public) || (await keyDigest(event.previous_public)) === event.previous,
    event.previous !== event.key,
  );
}

function checkGapNote({ ledger, since, until, at }) {
  checkPlace(ledger);
  agree(ledger.seq > 0, since < until, until <= at);
}

async function checkApproved({ digest, document: words }) {
  agree(digest === `sha256:${await sha256(utf8(words))}`);
}

function checkReview({ checks, verdict, findings, remark }) {
  agree(checks.length, verdict !== "accepted-with-findings" || findings.length || remark);
}

async function installationSubject({ installation }) {
  return [subject("installation", await sha256(utf8(installation)))];
}

async function observedSubject({ source, datasets }) {
  const found = utf8(canonical(asMaps({ datasets })));
  return [subject(`${source}/observed`, await sha256(found))];
}

/** Per statement type: the rules between its fields, and what its subjects have to be. */
const TYPES = {
  "deletion-report/v1": { check: checkDeletionReport, subjects: reportSubjects },
  "plan/v1": { check() {}, subjects: policySubjects },
  "trust/v1": { check: checkTrust, subjects: installationSubject },
  "policy/v1": {
    check: checkApproved,
    subjects: ({ policy, digest }) => [subject(`policy/${policy}`, digest.slice(7))],
  },
  "review/v1": {
    check: checkReview,
    subjects: ({ source, seq, report }) => [subject(`${source}/${seq}`, report)],
  },
  "hold/v1": {
    check: ({ ledger }) => checkPlace(ledger),
    subjects: ({ register }) => [subject("hold-register", register)],
  },
  "gap-note/v1": {
    check: checkGapNote,
    subjects: ({ ledger }) => [subject("previous", ledger.prev ?? "")],
  },
  "observation/v1": { check() {}, subjects: observedSubject },
  "key-event/v1": {
    check: checkKeyEvent,
    subjects: ({ key }) => [subject(`key/${key.slice(0, 8)}`, key)],
  },
  "evidence-access/v1": {
    check() {},
    subjects: ({ files }) => files.map((file) => subject("sealed-key", file)),
  },
  "evidence-shred/v1": {
    check: ({ files }) => agree(files.length),
    subjects: ({ files }) => files.map((file) => subject("sidecar", file)),
  },
};

/** Reads the payload of an envelope whose signature was checked before. */
async function parseStatement(payload) {
  const outer = parseCanonical(payload);
  const predicate = outer.get("predicate");
  if (outer.get("_type") !== STATEMENT_TYPE || !(predicate instanceof Map)) refuse("MALFORMED");
  const type = outer.get("predicateType");
  const name = typeof type === "string" && type.startsWith(BASE) ? type.slice(BASE.length) : "";
  const schema = predicate.get("schema");
  const newer = typeof schema === "number" && schema > 1;
  if (!Object.hasOwn(TYPES, name) || newer) refuse("UNKNOWN_TYPE");
  const read = new SchemaReader(SCHEMAS[name]).read(predicate);
  await TYPES[name].check(read);
  const fields = [...outer.keys()].sort().join();
  if (fields !== "_type,predicate,predicateType,subject") refuse("SCHEMA");
  const own = plain(await TYPES[name].subjects(read));
  if (plain(outer.get("subject")) !== own) refuse("SUBJECT");
  return { type, kind: name.split("/")[0], predicate: read };
}

/** Plain objects and Maps of the same content in the same text. */
function plain(value) {
  return canonical(asMaps(value));
}

function asMaps(value) {
  if (Array.isArray(value)) return value.map(asMaps);
  if (value === null || typeof value !== "object" || value instanceof Map) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, asMaps(item)]));
}
