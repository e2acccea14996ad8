"""Files for ``pbxretain verify``, good and tampered with, and what it has to say of them.

What is expected stands here by hand: a verifier that changes its mind fails the test, and so does
a generator that no longer makes what the name says.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pbxretain.evidence import attestations as at
from pbxretain.evidence import notes
from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant
from pbxretain.keys import public_pem
from pbxretain.ledger import CHECKPOINT, LEDGER, PREPARED
from pbxretain.signing import PAYLOAD_TYPE, canonical, pae
from support import office, reports
from support.office import Book

Files = dict[str, bytes]
NOW = office.START + timedelta(days=1)
KEYS = (office.RUNNER, office.NEXT)
WEEK = timedelta(days=7)


def report_name(seq: int) -> str:
    """The file name of a report."""
    return f"{seq:06d}-deletion-report.dsse.json"


@dataclass(frozen=True)
class Vector:
    """Files, who is trusted (names of TRUST) and when; what ``verify`` says: exit code, every code
    that it finds (also notes), and level."""

    about: str
    files: Files
    exit: int
    codes: str
    level: str | None = None
    whole: bool = True
    trust: Sequence[str] = ("roster",)
    now: datetime = NOW
    seen: bytes | None = None
    own: bool = False


def weekly() -> bytes:
    """A roster that expects a run every week, and a look every five weeks."""
    source = at.RosterSource(
        source=reports.SOURCE, origin=office.ORIGIN, interval_h=168, grace_h=24
    )
    return office.sealed(
        office.roster(id=reports.INSTALLATION, sources=(source,)), office.AUTHORITY
    )


TRUST: Mapping[str, Callable[[], bytes]] = {
    "roster": lambda: office.TRUST,
    "weekly": weekly,
    "runner": lambda: public_pem(office.RUNNER.public_key()),
    "stranger": lambda: public_pem(office.STRANGER.public_key()),
}
"""What a reader may trust, by name."""


# --- one envelope -----------------------------------------------------------------------------


def signed(payload: bytes, *keys: office.Key) -> bytes:
    """An envelope around any bytes, soundly signed."""
    signatures = [
        {
            "keyid": office.ident(key),
            "sig": base64.b64encode(key.sign(pae(PAYLOAD_TYPE, payload))).decode(),
        }
        for key in keys or (office.RUNNER,)
    ]
    outer = {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE}
    return canonical({**outer, "signatures": signatures}) + b"\n"


def payload(**change: Any) -> bytes:
    """The payload of a report at START."""
    when = instant(office.START)
    change.setdefault("run", reports.run(started_at=when, ended_at=when, as_of=when))
    return canonical(st.statement(reports.report(**change)))


def bent(old: bytes, new: bytes) -> bytes:
    """A report soundly signed, with something else written in it."""
    good = payload()
    assert old in good, old
    return signed(good.replace(old, new, 1))


def one(about: str, data: bytes, exit_: int, codes: str, **more: Any) -> Vector:
    """A vector of a single report, trusted by the runner's key."""
    name = more.pop("name", "report.dsse.json")
    more.setdefault("trust", ("runner",))
    return Vector(about, {name: data}, exit_, codes, whole=False, **more)


def envelopes() -> Iterator[tuple[str, Vector]]:
    """What DSSE allows and what it doesn't."""
    good = signed(payload())
    outer = json.loads(good)
    swap = str.maketrans("+/", "-_")
    other = {
        "payload": outer["payload"].translate(swap),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{**s, "sig": s["sig"].translate(swap)} for s in outer["signatures"]],
    }
    assert other["signatures"] != outer["signatures"]
    hint = outer["signatures"][0]["keyid"]
    fine = "LEVEL_COUNTS"
    yield "report", one("A genuine report.", good, 0, fine, level="L1")
    yield (
        "base64url",
        one("The other base64 alphabet says the same.", canonical(other), 0, fine, level="L1"),
    )
    mixed = canonical({**outer, "payload": "ab-/"})
    yield "base64-mixed", one("Both alphabets in one field.", mixed, 7, "MALFORMED")
    yield (
        "cosigned",
        one(
            "A second signature by somebody unknown takes nothing away.",
            signed(payload(), office.STRANGER, office.RUNNER),
            0,
            fine,
            level="L1",
        ),
    )
    nohint = canonical({**outer, "signatures": [{**outer["signatures"][0], "keyid": ""}]})
    yield (
        "no-hint",
        one("A key id in the envelope is a hint and decides nothing.", nohint, 0, fine, level="L1"),
    )
    false_hint = good.replace(hint.encode(), office.ident(office.STRANGER).encode())
    yield "false-hint", one("A false hint decides nothing.", false_hint, 0, fine, level="L1")
    content = bytearray(payload())
    content[len(content) // 2] ^= 1
    flipped = canonical({**outer, "payload": base64.b64encode(content).decode()})
    yield (
        "payload-bit",
        one("One bit of the payload is flipped.", flipped, 7, "BAD_SIGNATURE"),
    )
    yield (
        "foreign-signature",
        one(
            "The signature belongs to another report.",
            canonical(
                {**outer, "signatures": json.loads(signed(payload(controller="X")))["signatures"]}
            ),
            7,
            "BAD_SIGNATURE",
        ),
    )
    kind = good.replace(b"in-toto+json", b"in-toto-json")
    yield "payload-type", one("Another payloadType.", kind, 7, "MALFORMED")
    twice = canonical({**outer, "signatures": outer["signatures"] * 2})
    yield (
        "same-key-twice",
        one("One key signs twice, to look like two people.", twice, 7, "MALFORMED"),
    )
    yield (
        "no-signature",
        one("No signature.", canonical({**outer, "signatures": []}), 7, "MALFORMED"),
    )
    more = canonical({**outer, "zz": "all deleted"})
    yield "envelope-field", one("A field that no signature covers.", more, 7, "MALFORMED")
    yield "envelope-twice", one("Two envelopes in one file.", good + good, 7, "MALFORMED")
    yield (
        "unknown-key",
        one(
            "Signed by a key that nobody named.",
            signed(payload(), office.STRANGER),
            8,
            "LEVEL_COUNTS UNKNOWN_KEY",
        ),
    )
    yield (
        "own-key",
        one(
            "Only this machine's own key.",
            good,
            0,
            "LEVEL_COUNTS OWN_KEY",
            level="L1",
            trust=(),
            own=True,
        ),
    )


def payloads() -> Iterator[tuple[str, Vector]]:
    """Soundly signed, and impossible all the same."""
    schema = b'"schema":1'
    changes: dict[str, tuple[str, bytes, bytes, int, str]] = {
        "duplicate-key": ("A key twice.", schema, b'"schema":1,"schema":1', 7, "MALFORMED"),
        "nan": ("NaN.", schema, b'"schema":NaN', 7, "MALFORMED"),
        "float": ("A float.", schema, b'"schema":1.0', 7, "MALFORMED"),
        "integer": ("2^53.", b'"version":3', b'"version":9007199254740992', 7, "MALFORMED"),
        "crlf": ("CR LF between two fields.", schema, b'\r\n"schema":1', 7, "NOT_CANONICAL"),
        "space": ("A space after a colon.", schema, b'"schema": 1', 7, "NOT_CANONICAL"),
        "escape": ("A letter escaped.", b"Acme GmbH", b"\\u0041cme GmbH", 7, "NOT_CANONICAL"),
        "surrogate": ("Half a surrogate pair.", b"Acme GmbH", b"\\ud834", 7, "NOT_CANONICAL"),
        "key-beyond-ascii": (
            "A key beyond ASCII.",
            b'"controller"',
            '"contröller"'.encode(),
            7,
            "MALFORMED",
        ),
        "predicate-type": (
            "Another predicateType.",
            b"deletion-report/v1",
            b"deletion-proof/v1",
            6,
            "UNKNOWN_TYPE",
        ),
        "newer-schema": ("A newer schema.", schema, b'"schema":2', 6, "UNKNOWN_TYPE"),
        "unknown-field": ("A field more.", schema, b'"schema":1,"secret":1', 7, "SCHEMA"),
        "as-plan": (
            "A report under the type of a dry run.",
            b"deletion-report/v1",
            b"plan/v1",
            7,
            "SCHEMA",
        ),
        "no-such-day": (
            "30 February.",
            b"2026-08-24T22:00:00Z",
            b"2026-02-30T22:00:00Z",
            7,
            "SCHEMA",
        ),
        "counts": ("Due isn't what became of it.", b'"residue":0', b'"residue":5', 7, "BALANCE"),
        "tree-size": ("More leaves than deleted.", b'"size":3', b'"size":4', 7, "BALANCE"),
        "subject": (
            "Another source than its subject says.",
            b'"source":"head-office"',
            b'"source":"branch"',
            7,
            "SUBJECT",
        ),
    }
    for name, (about, old, new, exit_, codes) in changes.items():
        yield name, one(about, bent(old, new), exit_, codes)
    yield "trailing", one("Bytes behind the JSON.", signed(payload() + b"{}"), 7, "MALFORMED")
    plan = canonical(st.statement(reports.plan()))
    as_report = signed(plan.replace(b"evidence/plan/v1", b"evidence/deletion-report/v1"))
    yield "plan-as-report", one("A dry run under the type of a report.", as_report, 7, "SCHEMA")
    yield "plan", one("A dry run.", signed(plan), 0, "DRY_RUN", level="L1", name="plan.dsse.json")
    yield (
        "plan-named-report",
        one(
            "A dry run under the name of a report.",
            signed(plan),
            3,
            "DRY_RUN EXTRA_REPORT",
            level="L1",
            name=report_name(0),
        ),
    )


def complaints() -> Iterator[tuple[str, Vector]]:
    """Genuine reports that say themselves what is wrong."""
    when = instant(office.START)

    def run(outcome: st.RunOutcome, exit_code: int, **more: Any) -> st.Run:
        times = {"started_at": when, "ended_at": when, "as_of": when}
        return reports.run(outcome=outcome, exit_code=exit_code, **(times | more))

    left = reports.dataset(residue=2, failed=1)
    later = instant(NOW + timedelta(days=2))
    cases: dict[str, tuple[str, dict[str, Any], int, str]] = {
        "not-decided": (
            "A data class on which nobody has decided.",
            {"policy": reports.policy(not_decided=("fax-documents",))},
            3,
            "NOT_DECIDED",
        ),
        "not-approved": (
            "The policy wasn't approved.",
            {"policy": reports.policy(approved=False)},
            3,
            "NOT_APPROVED",
        ),
        "refused": (
            "The run was refused.",
            {"run": run("refused", 5, refused_reason="LIMIT"), "datasets": ()},
            3,
            "RUN_REFUSED",
        ),
        "failed": ("The run failed.", {"run": run("failed", 1)}, 3, "RUN_FAILED"),
        "interrupted": (
            "The run was interrupted.",
            {"run": run("interrupted", 143)},
            3,
            "RUN_INTERRUPTED",
        ),
        "residue": (
            "Records were left over, and one failed.",
            {"datasets": (left,), "run": run("incomplete", 3)},
            3,
            "RECORDS_FAILED RESIDUE RUN_INCOMPLETE",
        ),
        "recovered": (
            "The report of a run that died, made by the next.",
            {"run": run("recovered", 0, recovers=reports.INSTALLATION)},
            0,
            "RUN_RECOVERED",
        ),
        "clock-ahead": (
            "More than a day ahead of the reader.",
            {"run": reports.run(started_at=when, ended_at=later, as_of=when)},
            3,
            "CLOCK_AHEAD",
        ),
    }
    for name, (about, change, exit_, codes) in cases.items():
        found = f"LEVEL_COUNTS {codes}"
        yield name, one(about, signed(payload(**change)), exit_, found, level="L1")


# --- folders ----------------------------------------------------------------------------------


@dataclass
class Tampered:
    """A good small bundle, for whoever bends it: two runs, the first of which was witnessed."""

    book: Book = field(default_factory=Book)

    def __post_init__(self) -> None:
        self.book.run()
        self.book.cosign()
        self.book.run()
        self.book.checkpoint(office.RUNNER)

    @property
    def now(self) -> datetime:
        return self.book.now

    def files(self, change: Mapping[str, bytes | None] | None = None) -> Files:
        """All files but the list of sums; None takes one away."""
        files = {**self.book.bundle(sums=False), **(change or {})}
        return {name: data for name, data in files.items() if data is not None}


def ledgers() -> Iterator[tuple[str, Vector]]:
    """Missing, added, exchanged, and out of order."""
    small = Tampered()
    good, now, kept = small.files(), small.now, small.book.files[CHECKPOINT]
    lines = small.book.lines
    fine = "LEVEL_COUNTS"

    def of(
        about: str, change: Mapping[str, bytes | None], exit_: int, codes: str, **more: Any
    ) -> Vector:
        more.setdefault("now", now)
        return Vector(about, small.files(change), exit_, codes, **more)

    yield "bundle", of("A good bundle.", {}, 0, fine, level="L2")
    sums = Vector("The same with its list of sums.", office.with_sums(good), 0, fine, "L2", now=now)
    yield "sums", sums
    changed = {**office.with_sums(good), "verify.html": b"<p>\n"}
    yield (
        "sums-changed",
        Vector("A file was added.", changed, 3, f"BUNDLE_CHANGED {fine}", "L2", now=now),
    )
    yield (
        "bundle-by-key",
        of(
            "A good bundle under the runner's key.",
            {},
            0,
            f"{fine} OTHER_SIGNERS",
            level="L1",
            trust=("runner",),
        ),
    )
    yield (
        "key-beside",
        of(
            "The key beside the reports is never trusted.",
            {},
            8,
            "LEVEL_COUNTS OTHER_SIGNERS UNTRUSTED_KEY",
            trust=(),
        ),
    )
    yield (
        "bundle-zip",
        Vector(
            "A bundle as one zip file.",
            {"bundle.zip": zipped(office.with_sums(good))},
            0,
            fine,
            "L2",
            whole=False,
            now=now,
        ),
    )
    yield (
        "gap",
        of(
            "The first report is missing.",
            {report_name(0): None},
            3,
            f"GAP {fine} MISSING_REPORT",
            level="L2",
        ),
    )
    yield (
        "last-missing",
        of(
            "The last report is missing, the ledger knows it.",
            {report_name(1): None},
            3,
            f"{fine} MISSING_REPORT",
            level="L2",
            now=now - office.DAY,
        ),
    )
    yield "no-ledger", of("No ledger.", {LEDGER: None}, 3, f"{fine} MISSING_LEDGER", level="L2")
    yield (
        "torn-ledger",
        of(
            "The ledger's last line is torn.",
            {LEDGER: good[LEDGER][:-9]},
            7,
            f"CHECKPOINT EXTRA_REPORT {fine} UNPUBLISHED",
        ),
    )
    yield (
        "ledger-order",
        of("The ledger's lines are swapped.", {LEDGER: lines[1] + lines[0]}, 7, f"{fine} LEDGER"),
    )
    told = good[LEDGER].replace(b'"at":"2026-11-01', b'"at":"2026-10-31', 1)
    yield (
        "ledger-mismatch",
        of(
            "The ledger says another time than the report.",
            {LEDGER: told},
            7,
            f"{fine} LEDGER_MISMATCH",
        ),
    )
    spaced = good[report_name(1)].replace(b",", b", ")
    yield (
        "changed-file",
        of(
            "Spaces in the envelope: the statement is the same.",
            {report_name(1): spaced},
            3,
            f"CHANGED_FILE {fine}",
            level="L2",
        ),
    )
    yield (
        "prepared",
        of(
            "A crash left a report half published.",
            {PREPARED: b"{}"},
            3,
            f"{fine} UNPUBLISHED",
            level="L2",
        ),
    )
    yield (
        "no-checkpoint",
        of("No checkpoint.", {CHECKPOINT: None}, 3, f"{fine} MISSING_CHECKPOINT", level="L2"),
    )
    bent_note = kept.replace(b"\n2\n", b"\n1\n")
    yield (
        "checkpoint",
        of("The checkpoint tells another size.", {CHECKPOINT: bent_note}, 7, f"CHECKPOINT {fine}"),
    )
    note = notes.checkpoint(office.ORIGIN, small.book.digests)
    strange = notes.sign(note, office.STRANGER).text
    yield (
        "checkpoint-signer",
        of(
            "The checkpoint is signed by a stranger.",
            {CHECKPOINT: strange},
            7,
            f"CHECKPOINT {fine}",
        ),
    )
    seen = "cosigned/000001.checkpoint"
    yield (
        "no-cosigned",
        of(
            "The cosigned checkpoint that a report names is missing.",
            {seen: None},
            3,
            f"{fine} MISSING_WITNESS UNWITNESSED",
            level="L1",
        ),
    )
    yield (
        "unwitnessed",
        of(
            "Nobody has looked for long.",
            {},
            3,
            f"{fine} OVERDUE UNWITNESSED",
            level="L1",
            now=now + timedelta(days=60),
        ),
    )
    yield (
        "unreadable",
        of(
            "A folder where a report should be.",
            {"000002-deletion-report.dsse.json/x": b"x\n"},
            6,
            f"{fine} UNREADABLE",
        ),
    )
    yield "nothing", Vector("No report at all.", {"note.txt": b"Nothing here.\n"}, 6, "NOTHING")
    again = Book()
    again.run()
    fork = again.files[report_name(0)]
    yield (
        "fork",
        of(
            "Two reports of one number.",
            {"000000-copy.dsse.json": fork},
            7,
            f"EXTRA_REPORT FORK {fine}",
        ),
    )
    yield (
        "wrong-prev",
        of(
            "A report names another predecessor.",
            {report_name(0): fork},
            7,
            f"{fine} LEDGER_MISMATCH PREV",
        ),
    )
    # The whole tail goes: report, line, checkpoint.
    cut = Book()
    cut.files, cut.lines, cut.digests = (
        {report_name(0): good[report_name(0)], seen: good[seen]},
        lines[:1],
        small.book.digests[:1],
    )
    cut.checkpoint(office.RUNNER)
    tail = cut.bundle(sums=False)
    yield (
        "tail-kept",
        Vector(
            "The tail is removed; the reader kept a checkpoint.",
            tail,
            3,
            f"{fine} TRUNCATED",
            "L1",
            now=now - office.DAY,
            seen=kept,
        ),
    )
    yield (
        "tail-unseen",
        Vector(
            "The tail is removed. Without a kept checkpoint, before the next run is due, nobody "
            "can tell.",
            tail,
            0,
            fine,
            "L2",
            now=now - office.DAY,
        ),
    )
    yield (
        "tail-late",
        Vector("The tail is removed; a run is overdue.", tail, 3, f"{fine} OVERDUE", "L2", now=now),
    )
    rewritten = Tampered()
    yield (
        "rewritten",
        Vector(
            "The ledger was written anew; the reader kept a checkpoint.",
            rewritten.files(),
            7,
            f"FORK {fine}",
            now=now,
            seen=other_note(),
        ),
    )


def other_note() -> bytes:
    """A checkpoint of another ledger of the same name and size."""
    other = Book()
    for _ in range(2):
        other.run(controller="Before GmbH")
    other.checkpoint(office.RUNNER)
    return other.files[CHECKPOINT]


def zipped(files: Mapping[str, bytes]) -> bytes:
    """One zip file, nothing packed, so that no version of zlib matters."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()
