"""A small telephone system under retention, an officer far away, and what an attacker may do."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pbxretain import execute, observe, signing, sources
from pbxretain.errors import Exit
from pbxretain.evidence import notes
from pbxretain.evidence.attestations import Observation
from pbxretain.evidence.commitments import RunKey
from pbxretain.evidence.lookup import ROW, lookup_keys, tag_of
from pbxretain.evidence.statements import DeletionReport, parse_statement, statement
from pbxretain.execute import RunResult, Site
from pbxretain.ledger import COSIGNED, FILED, Ledger
from pbxretain.plan import Terms
from pbxretain.records import pack
from pbxretain.rolling import Chain, installed
from pbxretain.runner import RunnerKey
from pbxretain.verify import Verdict, verify_paths
from support import small, trusted
from support.small import NOW, ZONE, Small

SOURCE = "office"
DAY = timedelta(days=1)
PATIENCE = timedelta(hours=36)
"""Interval and grace of the roster."""

DPO = Ed25519PrivateKey.from_private_bytes(bytes(range(3, 35)))
OBSERVER = Ed25519PrivateKey.from_private_bytes(bytes(range(4, 36)))


class Scene:
    """Real runs over an SQLite call log, witnessed by an officer with a roster of his own."""

    def __init__(self, folder: Path) -> None:
        self.pbx = call_log(folder / "host")
        self.first = self.pbx.site()
        self.seen: tuple[notes.Checkpoint, ...] = ()
        self.trust = folder / "trust.dsse.json"
        self.trust.write_bytes(
            trusted.roster(
                self.first.installation,
                {SOURCE: self.first.key.public_key()},
                now=NOW - 400 * DAY,
                others={"dpo": DPO.public_key(), "observer": OBSERVER.public_key()},
            )
        )

    @property
    def database(self) -> Path:
        return self.pbx.pbx / "cdr.db"

    @property
    def reports(self) -> Path:
        return self.first.reports

    # --- the host ------------------------------------------------------------------------------

    def site(self) -> Site:
        """The site whose keys take turns."""
        keys = self.pbx.folder / "state" / "keys"
        roster = installed(self.trust)
        chain = Chain(SOURCE, self.first.installation, self.first.state / "keys",
                      RunnerKey(keys), roster)  # fmt: skip
        ledger = execute.ledger_of(self.first)
        return replace(self.first, key=chain.current(ledger), chain=chain)

    def run(
        self, now: datetime = NOW, *, terms: Terms | None = None, site: Site | None = None
    ) -> RunResult:
        return execute.run(terms or self.pbx.terms(), site or self.first, now=now)

    def report(self, number: int) -> DeletionReport:
        """A report as it stands there."""
        entry = Ledger(self.reports).entries()[number]
        data = (self.reports / entry.file).read_bytes()
        predicate = parse_statement(signing.open_envelope(data).payload).predicate
        assert isinstance(predicate, DeletionReport)
        return predicate

    def sql(self, command: str, *values: object) -> int:
        """What somebody does who has the database; returns how many rows it touched."""
        with closing(sqlite3.connect(self.database)) as database, database:
            return database.execute(command, values).rowcount

    def call(self, when: datetime, number: int) -> None:
        """The telephone system, or a forger, writes a row of the call log."""
        unique = f"{int(when.timestamp())}.{number}"
        self.sql(
            "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
            " VALUES (?, '030', '411', 'c', ?, ?, ?)",
            f"{when.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", unique, unique, str(number),
        )  # fmt: skip

    # --- the officer ---------------------------------------------------------------------------

    def cosign(self, now: datetime, *, key: Ed25519PrivateKey = DPO) -> None:
        """The officer's machine sees the ledger; its checkpoint comes back, and is kept there."""
        note = notes.parse((self.reports / "checkpoint").read_bytes())
        seen = notes.cosign(note, key, name="acme/dpo", now=now)
        folder = self.reports / COSIGNED
        folder.mkdir(exist_ok=True)
        (folder / f"{note.size:06d}.checkpoint").write_bytes(seen.text)
        self.seen = (seen,)

    def observe(self, now: datetime) -> Observation:
        """A look of the officer's own at the database, which is handed back signed."""
        terms = self.pbx.terms()
        with sources.opened(
            terms.source, terms.connector, name=SOURCE, installation="0" * 12, exclusive=False
        ) as opened:
            told = observe.observe(
                terms, opened, installation=self.first.installation, patience=PATIENCE, now=now
            )
        sealed = signing.seal(statement(told), OBSERVER)
        folder = self.reports / FILED
        folder.mkdir(exist_ok=True)
        digest = signing.open_envelope(sealed).digest
        (folder / f"observation-{digest[:12]}.dsse.json").write_bytes(sealed)
        return told

    def verify(self, now: datetime) -> Verdict:
        """What the officer's machine says, under its roster and with what it kept."""
        return verify_paths(
            [self.reports], trust=[self.trust], own_public=None, now=now, seen=self.seen
        )


def call_log(folder: Path) -> Small:
    """The small PBX's call log: four calls due, two young ones, one without a date. No call reaches
    across the cut-off, for such a one is older than all that a run leaves."""
    pbx = small.build(folder, ["table"])
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database, database:
        database.execute("DELETE FROM cdr WHERE sequence = '50'")
    return pbx


def told(verdict: Verdict) -> Counter[str]:
    """What has to be looked at."""
    return Counter(f.code for f in verdict.findings if f.exit is not Exit.OK)


def entries(index: bytes, key: RunKey, *, parties: Sequence[str], minutes: range) -> int:
    """How many entries of a lookup index somebody finds who guesses numbers and minutes with a
    key that he takes for the run's."""
    tags = {index[at : at + 16] for at in range(0, len(index), ROW)}
    look, _ = lookup_keys(key, source=SOURCE, dataset="calls")
    names = [pack(party.encode()) for party in parties]
    whens = [pack(when.to_bytes(8, "big", signed=True)) for when in minutes]
    return sum(tag_of(look, name + when, 0)[:16] in tags for name in names for when in whens)


def plain_hashes(parties: Sequence[str], seconds: Sequence[int]) -> set[bytes]:
    """What a scheme without keys would write down of number and second: all of it can be tried."""
    forms = (f"{party}|{second}".encode() for party in parties for second in seconds)
    return {hashlib.sha256(form).digest() for form in forms}


def guessed_keys(report: DeletionReport, files: bytes) -> list[RunKey]:
    """Everything of 32 bytes that can be read or derived from a report and its files, taken for
    the run key."""
    texts = [report.run.id, report.report_id, report.installation, report.source, "calls"]
    guesses = [bytes(32), *(hashlib.sha256(text.encode()).digest() for text in texts)]
    guesses += [bytes.fromhex(d.merkle.root) for d in report.datasets]
    guesses += [bytes.fromhex(who) for who in report.evidence.recipients]
    guesses += [files[at : at + 32] for at in range(max(0, len(files) - 31))]
    return [RunKey(guess) for guess in dict.fromkeys(guesses)]
