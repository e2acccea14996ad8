// Whose signature counts, and in which part of a ledger? (evidence/trust.py, verify/signers.py)

const SIGNING_ROLES = ["authority", "runner", "dpo", "observer", "controller", "admin"];
const BESIDE_ROLES = {
  trust: ["authority"],
  "key-event": ["authority"],
  policy: ["controller", "dpo"],
  review: ["dpo"],
  observation: ["observer", "dpo"],
  "evidence-access": ["dpo"],
  "evidence-shred": ["dpo"],
};
const MAX_TRUST = 8 * 1024 * 1024;

/** The signing key in base64 of its DER form; null where it is none. */
async function derKey(words) {
  if (words === null) return null;
  const [key] = await attempt(() => publicKey(words));
  return key;
}

/** A roster that holds together: signed by its own authority. */
class Roster {
  static async read(data) {
    const envelope = await openEnvelope(data);
    const { kind, predicate } = await parseStatement(envelope.payload);
    if (kind !== "trust") refuse("UNKNOWN_TYPE");
    const roster = new Roster(predicate, envelope.digest);
    for (const entry of predicate.keys) {
      if (entry.algorithm !== "ed25519") continue;
      const key = (await derKey(entry.public)) ?? refuse("SCHEMA");
      roster.entries.push({ ...entry, key });
    }
    if ((await signedBy(envelope, roster.keys("authority"))) === null) refuse("BAD_SIGNATURE");
    return roster;
  }

  constructor(trust, digest) {
    this.trust = trust;
    this.digest = digest;
    this.entries = [];
  }

  keys(role, at = null) {
    const valid = ({ valid_from: from, valid_until: until }) =>
      at === null || (Date.parse(from) <= at && (until === null || at <= Date.parse(until)));
    const own = this.entries.filter((entry) => entry.role === role && valid(entry));
    return new Map(own.map((entry) => [entry.id, entry.key]));
  }

  /** The first key of a source's ledger. */
  runners(source) {
    const own = this.entries.filter((e) => e.role === "runner" && e.source === source);
    return new Map(own.map((entry) => [entry.id, entry.key]));
  }

  source(name) {
    return this.trust.sources.find((each) => each.source === name) ?? null;
  }
}

/** What a file says whom to trust: a roster, public keys, or a checkpoint that was kept. */
async function readTrust(bytes) {
  const head = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  const none = { keys: new Map(), roster: null, seen: [] };
  if (head.startsWith("{")) return { ...none, roster: await Roster.read(bytes) };
  if (head.startsWith("pbxretain/")) return { ...none, seen: [parseNote(bytes)] };
  return { ...none, keys: await publicKeys(bytes) };
}

/** One key, from one number of the ledger to another (null: open). */
class Span {
  constructor(key, first = 0, last = null) {
    this.key = key;
    this.first = first;
    this.last = last;
  }

  holds(seq) {
    return this.first <= seq && (this.last === null || seq <= this.last);
  }

  until(last) {
    return new Span(this.key, this.first, this.last === null ? last : Math.min(this.last, last));
  }
}

/** Which keys count at which place of one source's ledger. */
class Epochs {
  constructor(pinned, forward) {
    this.pinned = pinned;
    this.forward = forward;
    this.rotations = [];
    this.ended = [];
  }

  rotate(event, envelope) {
    this.rotations.push({ seq: event.ledger.seq, event, envelope });
    this.rotations.sort((a, b) => a.seq - b.seq);
  }

  /** Without `ended` as if no key had been revoked or replaced by the authority. */
  async spans(ended = true) {
    let spans = await this.onward([...this.pinned.values()].map((key) => new Span(key)));
    if (!this.forward) spans = await this.back(spans);
    for (const event of ended ? this.ended : []) {
      const last = event.last_good ?? -1;
      const touched = event.event === "recover";
      const ends = (span) => touched || span.key.id === event.key;
      spans = spans.map((span) => (ends(span) ? span.until(last) : span));
      const key = touched ? await derKey(event.public) : null;
      if (key) spans.push(...(await this.onward([new Span(key, last + 1)])));
    }
    return spans.filter((span) => span.last === null || span.last >= span.first);
  }

  async onward(given) {
    let spans = given;
    for (const { seq, event, envelope } of this.rotations) {
      const fresh = await derKey(event.public);
      const old = spans.find((span) => span.key.id === event.previous && span.holds(seq));
      if (!fresh || !old || !(await bothSigned(envelope, old.key, fresh))) continue;
      spans = spans.map((span) => (span === old ? span.until(seq) : span));
      spans.push(new Span(fresh, seq));
    }
    return spans;
  }

  async back(given) {
    let spans = given;
    for (const { seq, event, envelope } of [...this.rotations].reverse()) {
      const old = await derKey(event.previous_public);
      const fresh = spans.find((span) => span.key.id === event.key && span.holds(seq));
      if (!fresh || !old || spans.some((span) => span.key.id === old.id)) continue;
      if (!(await bothSigned(envelope, old, fresh.key))) continue;
      const fromThere = new Span(fresh.key, seq, fresh.last);
      spans = spans.map((span) => (span === fresh ? fromThere : span));
      spans.push(new Span(old, 0, seq));
    }
    return spans;
  }
}

async function bothSigned(envelope, old, fresh) {
  for (const key of [old, fresh]) {
    if ((await signedBy(envelope, new Map([[key.id, key]]))) === null) return false;
  }
  return true;
}

/** Installation and source, as one word; null for what belongs to no source. */
function sourceOf({ installation, source }) {
  return typeof source === "string" ? JSON.stringify([installation, source]) : null;
}

/** Where a statement stands in a ledger, by its own word. */
function placeOf({ kind, predicate }) {
  const kinds = ["deletion-report", "key-event", "gap-note", "hold"];
  return kinds.includes(kind) ? predicate.ledger : null;
}

/** Says who signed each statement; learns from the statements which key followed which. */
class Signers {
  /** `anchors`: {keys, roster}. */
  constructor(anchors, find) {
    this.anchors = anchors;
    this.find = find;
    this.spans = new Map();
    this.former = new Map(); // as if the authority had ended no key
    // Statements under keys that the authority has ended: how serious each is, the rest of its
    // ledger says.
    this.disowned = [];
    this.offered = new Map();
  }

  of(role) {
    return this.anchors.roster ? this.anchors.roster.keys(role) : new Map();
  }

  async learn(reports) {
    const epochs = new Map();
    for (const { predicate } of reports) {
      const name = sourceOf(predicate);
      if (name !== null && !epochs.has(name)) epochs.set(name, this.epochs(predicate));
    }
    for (const { kind, predicate, envelope } of reports) {
      if (kind !== "key-event") continue;
      const known = epochs.get(sourceOf(predicate));
      if (predicate.ledger !== null) {
        known.rotate(predicate, envelope);
      } else if ((await signedBy(envelope, this.of("authority"))) !== null) {
        known.ended.push(predicate);
      }
    }
    for (const [name, known] of epochs) {
      this.spans.set(name, await known.spans());
      this.former.set(name, await known.spans(false));
    }
  }

  /** The keys that would count there if the authority had not ended them. */
  ended(name, seq) {
    const counting = this.counts(name, seq);
    const former = (this.former.get(name) ?? []).filter((span) => span.holds(seq));
    const ended = former.filter(({ key }) => !counting.has(key.id));
    return new Map(ended.map(({ key }) => [key.id, key]));
  }

  epochs({ installation, source }) {
    const { keys, roster } = this.anchors;
    if (!roster || roster.trust.installation !== installation) return new Epochs(keys, false);
    return new Epochs(new Map([...keys, ...roster.runners(source)]), true);
  }

  /** The runner's keys that count at a number of a source's ledger. */
  counts(name, seq) {
    const spans = (this.spans.get(name) ?? []).filter((span) => span.holds(seq));
    return new Map(spans.map(({ key }) => [key.id, key]));
  }

  /** The runner's keys that count where this statement stands. */
  counting(report) {
    const [name, at] = [sourceOf(report.predicate), placeOf(report)];
    return name !== null && at !== null ? this.counts(name, at.seq) : new Map();
  }

  any(name) {
    const spans = [...(this.former.get(name) ?? []), ...(this.spans.get(name) ?? [])];
    return new Map(spans.map(({ key }) => [key.id, key]));
  }

  /** The id of the trusted key that signed, null without one; Refusal for a forged signature. */
  async signer(report) {
    const name = sourceOf(report.predicate);
    const place = placeOf(report);
    if (place !== null && name !== null) {
      return this.runner(report, name, this.counts(name, place.seq));
    }
    if (report.kind === "plan" && name !== null) {
      const spans = this.spans.get(name) ?? [];
      return this.runner(report, name, new Map(spans.map(({ key }) => [key.id, key])));
    }
    return this.beside(report);
  }

  async runner(report, name, counting) {
    const signer = await verifyEnvelope(report.envelope, counting);
    if (signer) return signer;
    const former = await signedBy(report.envelope, this.any(name));
    if (!former) {
      await this.stranger(report);
      return null;
    }
    const params = { fingerprint: fingerprint(former) };
    const ended = this.ended(name, placeOf(report)?.seq ?? 0).has(former);
    if (ended) this.disowned.push({ report, params });
    else this.find("RETIRED_KEY", report.name, params);
    return null;
  }

  /** What is wrong with an envelope whose content couldn't be read. */
  async unread({ item, envelope, unread }) {
    const keys = new Map([...(await this.besideIt(item.folder)), ...this.everyone()]);
    const named = envelope.signatures.some(({ keyid }) => keys.has(keyid));
    const changed = named && (await signedBy(envelope, keys)) === null;
    this.find(changed ? "BAD_SIGNATURE" : unread, item.name);
  }

  /** Promised once, however many ask at a time. */
  besideIt(folder) {
    if (!this.offered.has(folder)) this.offered.set(folder, keysIn(folder));
    return this.offered.get(folder);
  }

  async stranger({ item, envelope, name }) {
    const beside = await this.besideIt(item.folder);
    const signer = await signedBy(envelope, beside);
    if (signer) {
      this.find("UNTRUSTED_KEY", name, { fingerprint: fingerprint(signer), key: signer });
    } else if (envelope.signatures.some(({ keyid }) => beside.has(keyid))) {
      refuse("BAD_SIGNATURE");
    } else {
      this.find("UNKNOWN_KEY", name);
    }
  }

  /** A statement of the officer's side: only a roster says who may sign it. */
  async beside(report) {
    const roles = BESIDE_ROLES[report.kind];
    const { envelope, kind, name } = report;
    const { roster, keys } = this.anchors;
    const at = Date.parse(madeAt(report));
    if (roster && kind === "policy") {
      const signers = [];
      for (const role of roles) signers.push(await signedBy(envelope, roster.keys(role, at)));
      if (signers.some(Boolean)) return this.policy(name, signers);
    }
    if (!roster) {
      const own = await signedBy(envelope, keys);
      if (own) return this.otherRole(report, own);
      this.find("OTHER_SIGNERS", name);
      return null;
    }
    const wanted = new Map(roles.flatMap((role) => [...this.of(role)]));
    const signer = await verifyEnvelope(envelope, wanted);
    if (!signer) return this.otherRole(report, await signedBy(envelope, this.everyone()));
    const valid = roles.some((role) => roster.keys(role, at).has(signer));
    if (valid && kind !== "policy") return signer;
    this.find("RETIRED_KEY", name, { fingerprint: fingerprint(signer) });
    return null;
  }

  /** The controller decides; the officer, who was only consulted, doesn't. */
  policy(name, [controller, officer]) {
    if (controller === null) this.find("UNDECIDED_POLICY", name);
    else if (officer === null) this.find("NOT_CONSULTED", name);
    return controller;
  }

  /** Signed by a key that is known for something else: nobody vouches for his own work. */
  otherRole({ name }, signer) {
    if (!signer) {
      this.find("OTHER_SIGNERS", name);
      return null;
    }
    const runs = [...this.spans.values()].flat().some((span) => span.key.id === signer);
    if (!this.anchors.roster && !runs) return signer;
    this.find("WRONG_ROLE", name, { fingerprint: fingerprint(signer) });
    return null;
  }

  everyone() {
    const keys = new Map(this.anchors.keys);
    for (const spans of this.spans.values()) for (const { key } of spans) keys.set(key.id, key);
    for (const role of SIGNING_ROLES) for (const [id, key] of this.of(role)) keys.set(id, key);
    return keys;
  }
}

/** When a statement was made, by its own word. */
function madeAt({ kind, predicate }) {
  if (kind === "deletion-report") return predicate.run.ended_at;
  return kind === "plan" ? predicate.made_at : predicate.at;
}
