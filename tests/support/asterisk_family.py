"""What do PBXs built on Asterisk log in a few hundred days, and what must be left of it?

Pure and deterministic: the legs of calls with everything that makes deleting hard (a call over the
cut-off, twins, rows of old versions without ``linkedid``). A product's test puts them into its own
columns. Names and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from support.vendor import CUTOFF, OLD, Scene, local, spread

NUMBERS = ("+493023125001", "+494066969002", "+498999998003", "anonymous", "")
EXTENSIONS = ("411", "412", "413", "451")


@dataclass(frozen=True, slots=True)
class Leg:
    """One row of a call log; ``recording`` is a file name without a folder."""

    at: datetime
    uniqueid: str
    linkedid: str
    src: str
    dst: str
    sequence: int
    recording: str = ""

    @property
    def call(self) -> str:
        return self.linkedid or self.uniqueid


def legs(calls: int = 20_000, *, recorded: int = 100) -> list[Leg]:
    """Legs of that many calls in the order of writing, each n-th recorded, with the hard ones."""
    found: list[Leg] = []
    for n, at in enumerate(spread(calls)):
        found += _call(n, at, recorded=bool(recorded) and n % recorded == 0)
    return [*found, *_hard(calls)]


def _call(n: int, at: datetime, *, recorded: bool) -> Iterator[Leg]:
    uniqueid = f"{int(at.timestamp())}.{n}"
    src, dst = NUMBERS[n % 5], EXTENSIONS[n % 4]
    name = recording_of(at, uniqueid, src, dst) if recorded else ""
    first = Leg(at, uniqueid, uniqueid, src, dst, 4 * n, name)
    yield first
    for leg in range(1, 3 if n % 7 == 0 else 1):
        later = at + timedelta(seconds=20 * leg)
        own = f"{int(later.timestamp())}.{n}{leg}"
        yield replace(first, at=later, uniqueid=own, dst=EXTENSIONS[leg], sequence=4 * n + leg)


def recording_of(at: datetime, uniqueid: str, src: str, dst: str) -> str:
    """A recording's name as FreePBX and its forks build it."""
    stamp = local(at, "%Y%m%d-%H%M%S")
    return f"external-{dst}-{src or 'unknown'}-{stamp}-{uniqueid}.wav"


def _hard(calls: int) -> Iterator[Leg]:
    before, after = CUTOFF - timedelta(minutes=2), CUTOFF + timedelta(minutes=2)
    root = f"{int(before.timestamp())}.{calls}"
    yield Leg(before, root, root, "+493023125007", "411", 1)
    yield Leg(after, f"{int(after.timestamp())}.{calls}", root, "+493023125007", "412", 2)
    twin = f"{int(OLD.timestamp())}.{calls + 1}"
    for _ in range(2):
        yield Leg(OLD, twin, twin, "+493023125008", "411", 0)
    bare = f"{int(OLD.timestamp())}.{calls + 2}"
    yield Leg(OLD, bare, "", "+493023125009", "411", 0)


CALL = "COALESCE(NULLIF(linkedid, ''), uniqueid)"


def stay(
    table: str, *, time: str = "calldate", mark: str = "{local}", call: str | None = CALL
) -> str:
    """The WHERE of what must be left of a call log: young rows, whole calls, undated rows."""
    undated = f"{time} IS NULL OR {time} < " + ("31622400" if mark == "{epoch}" else "'1971-01-02'")
    young = f"{time} >= {mark}"
    if call is None:
        return f"{undated} OR {young}"
    return f"{undated} OR {young} OR {call} IN (SELECT {call} FROM {table} WHERE {young})"


CDR_COLUMNS = (
    "calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata",
    "duration", "billsec", "disposition", "uniqueid", "did", "recordingfile", "cnum", "cnam",
    "linkedid", "sequence",
)  # fmt: skip
"""Columns of ``cdr`` that FreePBX and its forks share."""


def cdr_row(leg: Leg, *, recording: str | None = None) -> tuple[object, ...]:
    """A leg as a row of ``CDR_COLUMNS``."""
    return (
        local(leg.at), f'"Zoë Müßiggang" <{leg.src}>', leg.src, leg.dst, "from-internal",
        f"PJSIP/{leg.src or 'anonymous'}-{leg.sequence:08x}", f"PJSIP/{leg.dst}-{leg.sequence:08x}",
        "Dial", f"PJSIP/{leg.dst},,HhTtr", 30, 25, "ANSWERED", leg.uniqueid, "493023125900",
        leg.recording if recording is None else recording, leg.src, "Zoë Müßiggang",
        leg.linkedid, leg.sequence,
    )  # fmt: skip


CEL_COLUMNS = (
    "eventtype", "eventtime", "cid_name", "cid_num", "cid_ani", "cid_rdnis", "cid_dnid", "exten",
    "context", "channame", "appname", "appdata", "amaflags", "accountcode", "uniqueid", "linkedid",
    "peer",
)  # fmt: skip


def cel_rows(leg: Leg) -> Iterator[tuple[object, ...]]:
    """The events of a leg as rows of ``CEL_COLUMNS``."""
    for step, kind in enumerate(("CHAN_START", "HANGUP")[: 1 + (leg.sequence % 8 == 0)]):
        yield (
            kind, local(leg.at + timedelta(seconds=step)), "Zoë Müßiggang", leg.src, leg.src, "",
            "493023125900", leg.dst, "from-internal", f"PJSIP/{leg.src}", "Dial", leg.dst, 3, "",
            leg.uniqueid, leg.call, "",
        )  # fmt: skip


def queue_log(path_legs: Iterable[Leg]) -> bytes:
    """Lines of Asterisk's ``queue_log``, oldest first."""
    lines = [
        f"{int(leg.at.timestamp())}|{leg.uniqueid}|800|NONE|ENTERQUEUE||{leg.src}|1\n"
        for leg in sorted(path_legs, key=lambda leg: leg.at)
    ]
    return "".join(lines).encode()


def write_recordings(scene: Scene, found: Sequence[Leg], *, named: bool = True) -> set[str]:
    """The file of each recorded call in a folder of its day; returns those that must stay: a file
    is as old as the newest leg of its call, or as its own name where no row is ``named``."""
    newest: dict[str, datetime] = {}
    first: dict[str, Leg] = {}
    for leg in found:
        newest[leg.call] = max(leg.at, newest.get(leg.call, leg.at))
        if leg.recording:
            first.setdefault(leg.recording, leg)
    left = set()
    for name, leg in first.items():
        path = f"{local(leg.at, '%Y/%m/%d')}/{name}"
        scene.file("recordings", path, at=leg.at)
        if (newest[leg.call] if named else leg.at) >= CUTOFF:
            left.add(f"recordings/{path}")
    return left
