// Are these reports genuine and complete? (verify/__init__.py, verify/witness.py)

const CLOCKS = 10 * 60 * 1000;
const EXIT_OK = 0;
const EXIT_INCOMPLETE = 3;
const EXIT_UNAVAILABLE = 6;
const EXIT_FORGED = 7;
const EXIT_UNTRUSTED = 8;
const SHAKY = ["UNWITNESSED", "TRUNCATED", "NOT_APPROVED", "UNAPPROVED_POLICY"];

/** The checkpoints of one source's ledger, held against the ledger itself. */
class Witness {
  constructor(source, read, find) {
    const [installation, name] = JSON.parse(source);
    this.source = source;
    this.origin = `pbxretain/${installation}/${name}`;
    this.read = read;
    this.find = find;
    this.sights = new Map();
    this.named = new Set();
  }

  /** The runner's checkpoint: covers all that stands in the ledger. */
  async own(signers, trusted) {
    if (this.read.checkpoint === null) {
      this.find("MISSING_CHECKPOINT");
      return;
    }
    const note = await this.note(this.read.checkpoint, CHECKPOINT);
    if (!note) return;
    let signed = !trusted;
    for (const key of signers.counts(this.source, note.size - 1).values()) {
      signed = signed || (await noteSigned(note, key));
    }
    if (!signed) await this.unsigned(signers, note);
    else if (note.size < this.read.ledger.size) this.find("UNPUBLISHED");
  }

  /** Nobody's, or genuine, but of a key that counts no more. */
  async unsigned(signers, note) {
    for (const key of signers.ended(this.source, note.size - 1).values()) {
      if (await noteSigned(note, key)) {
        this.find("REVOKED_KEY", CHECKPOINT, { fingerprint: fingerprint(key.id) });
        return;
      }
    }
    this.find("CHECKPOINT", CHECKPOINT);
  }

  /** The checkpoints that came back from the officer's machine. */
  async cosigned(signers, roster, ahead) {
    const witnesses = (this.witnesses = [...signers.of("dpo").values()]);
    for (const [name, data] of this.read.cosigned) {
      const file = `${COSIGNED}/${name}`;
      const digest = await sha256(data);
      this.named.add(digest);
      const note = await this.note(data, file);
      if (!note) continue;
      const times = [];
      for (const key of witnesses) times.push(await cosignedAt(note, key));
      const known = times.filter((at) => at !== null);
      const at = Math.max(...known);
      if (!known.length) {
        let named = false;
        for (const key of witnesses) named ||= await noteNames(note, key);
        if (roster) this.find(named ? "CHECKPOINT" : "OTHER_SIGNERS", file);
      } else if (at > ahead) {
        this.find("CLOCK_AHEAD", file);
      } else {
        this.sights.set(digest, { size: note.size, at });
      }
    }
  }

  /** Of what the reader himself saw before nothing may be missing or changed. */
  async seen(kept) {
    const { ledger } = this.read;
    for (const note of kept) {
      const { origin, size, root } = note;
      if (origin !== this.origin) continue;
      const last = size - 1;
      if (size > ledger.size) this.find("TRUNCATED", "", { first: ledger.size, last });
      else if (root !== (await ledger.root(size))) this.find("FORK", "", { last });
      else await this.ownLook(note);
    }
  }

  /** What the reader cosigned himself needn't have come back yet. */
  async ownLook(note) {
    for (const key of this.witnesses) {
      const at = await cosignedAt(note, key);
      if (at !== null) this.sights.set(`kept ${note.size}`, { size: note.size, at });
    }
  }

  /** Each report between the checkpoint that it names and the next that covers it. */
  brackets(chain) {
    const bySize = [...this.sights.values()].sort((a, b) => a.size - b.size);
    for (const report of chain) {
      const at = Date.parse(madeAt(report));
      const seq = numberOf(report);
      this.after(report, at);
      const first = bySize.find((sight) => sight.size > seq);
      if (first && at > first.at + CLOCKS) this.find("POSTDATED", report.name, { seq });
    }
  }

  after(report, at) {
    const named = deletionOf(report)?.ledger.last_witness ?? null;
    if (named === null) return;
    const seq = numberOf(report);
    const sight = this.sights.get(named);
    if (!this.named.has(named)) this.find("MISSING_WITNESS", report.name, { seq });
    else if (sight && at < sight.at - CLOCKS) this.find("BACKDATED", report.name, { seq });
  }

  async note(data, file) {
    const [note] = await attempt(() => parseNote(data));
    const whole = this.read.entries !== null;
    const { ledger } = this.read;
    const fits =
      note &&
      note.origin === this.origin &&
      (!whole || note.size <= ledger.size) &&
      (!whole || note.root === (await ledger.root(note.size)));
    if (fits) return note;
    this.find("CHECKPOINT", file);
    return null;
  }
}

class Look {
  /** `anchors`: {keys, roster, seen}, `seen` checkpoints that were kept; `now` in milliseconds. */
  constructor(anchors, now, progress) {
    this.anchors = anchors;
    this.now = now;
    this.progress = progress ?? (() => undefined);
    this.findings = [];
    this.find = this.find.bind(this);
    this.signers = new Signers(anchors, this.find);
    this.sights = [];
    this.whole = [];
  }

  find(code, file = "", params = {}, exit = FINDINGS[code]) {
    this.findings.push({ code, exit, file, params });
  }

  async at(folders, files) {
    let count = 0;
    const progress = () => this.progress((count += 1));
    const read = [];
    for (const folder of folders) read.push(await readFolder(folder, this.find, progress));
    const alone = [];
    for (const file of files) alone.push(await readGiven(file, this.find));
    const unread = [...read.flatMap((folder) => folder.unread), ...alone.filter((e) => e?.unread)];
    let single = alone.filter((each) => each && !each.unread);
    const beside = await rotationsBeside(single);
    beside.push(...single.flatMap(({ rotations }) => rotations ?? []));
    await this.signers.learn([...read.flatMap((f) => f.reports), ...single, ...beside]);
    for (const each of unread) await this.signers.unread(each);
    for (const folder of read) folder.reports = await this.genuine(folder.reports);
    const proofs = single.filter((each) => each.proof);
    single = await this.genuine(single);
    const reports = [...read.flatMap((folder) => folder.reports), ...single];
    if (!reports.length && !this.findings.length) this.find("NOTHING");
    for (const folder of read) await this.folder(folder);
    for (const each of proofs) await checkProof(each, this.signers.counting(each), this.find);
    links(chainsOf(single), this.find, false);
    const known = chainsOf(reports);
    forks(known, this.find);
    runsOf(known, this.find, this.now);
    plansOf(reports, this.find);
    this.disown(known);
    return this.verdict(reports);
  }

  /** Tells of statements under ended keys. Where the ledger has gone on under a key that counts,
      they are a finding and count for nothing, but what came after stands. */
  disown(known) {
    const last = new Map();
    for (const placed of known.values()) {
      const highest = Math.max(-1, ...placed.filter(({ signer }) => signer).map(numberOf));
      for (const { item } of placed) last.set(item, highest);
    }
    this.disowned = new Set();
    for (const { report, params } of this.signers.disowned) {
      const goesOn = (placeOf(report)?.seq ?? -1) < (last.get(report.item) ?? -1);
      if (goesOn) this.disowned.add(report.item);
      const exit = goesOn ? EXIT_INCOMPLETE : FINDINGS.REVOKED_KEY;
      this.find("REVOKED_KEY", report.name, params, exit);
    }
  }

  async genuine(reports) {
    const kept = await together(reports, async (report) => {
      const [signer, code] = await attempt(() => this.signers.signer(report));
      if (code) this.find(code, report.name);
      const keyid = signer ?? report.envelope.signatures[0].keyid;
      return code ? null : { ...report, signer, keyid };
    });
    return kept.filter(Boolean);
  }

  async folder(read) {
    const { roster } = this.anchors;
    const known = chainsOf(read.reports);
    links(known, this.find, true);
    checkLedger(read, this.find);
    const beside = read.reports.filter((report) => placeOf(report) === null);
    for (const [source, placed] of known) {
      const witness = new Witness(source, read, this.find);
      await witness.own(
        this.signers,
        placed.some((report) => report.signer),
      );
      await witness.cosigned(this.signers, roster, this.now + AHEAD);
      await witness.seen(this.anchors.seen);
      witness.brackets(placed);
      this.sights.push(...witness.sights.values());
      continuityOf(placed, this.find);
      policiesOf(placed, beside, this.find);
      if (roster) await approvalsOf(placed, beside, roster, this.find);
      reviewsOf(placed, beside, this.find);
      observationsOf(placed, beside, this.find);
      await sidecarsOf(source, read, { chain: placed, beside }, this.find, this.now);
      const name = JSON.parse(source)[1];
      const expected = roster ? roster.source(name) : null;
      const before = this.findings.length;
      if (expected) schedule(placed, expected, this.find, this.now);
      if (holdsAll(read, placed)) {
        const known_ = expected && placed.some(deletionOf);
        const kept = known_ ? this.findings.length === before : null;
        this.whole.push({ source: name, last: numberOf(placed[placed.length - 1]), kept });
      }
      if (!expected) continue;
      const within = expected.witness_h * HOUR;
      const sights = [...witness.sights.values()];
      if (!sights.some(({ at }) => this.now - at <= within)) this.find("UNWITNESSED");
    }
  }

  verdict(reports) {
    const findings = once(this.findings, ({ code, file, params }) =>
      JSON.stringify([code, file, Object.entries(params).sort()]),
    );
    const exit = worst(findings.map((finding) => finding.exit));
    const unseen = findings.some((finding) => finding.exit === EXIT_UNAVAILABLE);
    const sound = [EXIT_OK, EXIT_INCOMPLETE].includes(exit) && reports.length && !unseen;
    const lacking = findings.some((finding) => LACKING.includes(finding.code));
    const whole = sound && !lacking ? this.whole : [];
    return { exit, level: this.level(sound, findings, reports), whole, findings, reports };
  }

  level(sound, findings, reports) {
    const kept = reports.filter(({ item }) => !this.disowned.has(item));
    const placed = kept.filter((report) => placeOf(report) !== null);
    const counting = placed.length ? placed : reports;
    if (!sound || !counting.every((report) => report.signer)) return null;
    const open = findings.filter((finding) => finding.exit !== EXIT_OK);
    const shaky = open.some((finding) => SHAKY.includes(finding.code));
    return this.anchors.roster && this.sights.length && !shaky ? "L2" : "L1";
  }
}

function worst(exits) {
  return SEVERITY.find((exit) => exits.includes(exit)) ?? EXIT_OK;
}

/** The first of those that have the same key. */
function once(list, keyOf) {
  const seen = new Set();
  return list.filter((each) => {
    const key = keyOf(each);
    return !seen.has(key) && seen.add(key);
  });
}
