"""What does a SIP proxy (Kamailio, OpenSIPS) log, and what must be left of it?

Both write rows of accounting, not calls: an INVITE and its BYE are two rows with one Call-ID.
Names, numbers and addresses are invented.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from support.vendor import CUTOFF, Scene, local, spread

NUMBERS = ("+493023125001", "+494066969002", "+498999998003", "anonymous")
USERS = ("alice", "bob", "zoë")
ROW = (
    "method", "from_tag", "to_tag", "callid", "sip_code", "sip_reason", "time", "src_user",
    "src_domain", "src_ip", "dst_ouser", "dst_user", "dst_domain",
)  # fmt: skip
"""Columns of ``acc`` and ``missed_calls`` with those of the sample configuration."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call; without an end it was missed."""

    number: int
    at: datetime
    end: datetime | None

    @property
    def callid(self) -> str:
        return f"{self.number:x}-call@192.0.2.5"

    @property
    def who(self) -> tuple[str, str]:
        return NUMBERS[self.number % 4], USERS[self.number % 3]


def calls(count: int = 20_000) -> list[Call]:
    """Calls of a few hundred days, each fifth missed, with two over the cut-off and twins."""
    dice = random.Random(7)
    found = [
        Call(n, at, at + timedelta(seconds=dice.randrange(5, 2400)) if n % 5 else None)
        for n, at in enumerate(spread(count))
    ]
    over = CUTOFF - timedelta(minutes=2), CUTOFF + timedelta(minutes=2)
    found += [Call(count, *over), Call(count + 1, *over)]
    return [*found, found[1], found[1]]


def row(call: Call, method: str, at: datetime) -> tuple[object, ...]:
    """A row of ``ROW``."""
    src, dst = call.who
    code = ("200", "OK") if call.end else ("486", "Busy here")
    return (
        method, f"f{call.number}", f"t{call.number}", call.callid, *code, local(at), src,
        "example.org", "192.0.2.5", dst, dst, "example.org",
    )  # fmt: skip


def accounting(found: Iterable[Call]) -> list[tuple[object, ...]]:
    """INVITE and BYE of all answered calls nearly in the order of their time, as several processes
    write them."""
    dice = random.Random(3)
    rows = [
        (at + timedelta(seconds=dice.randrange(20)), row(call, method, at))
        for call in found
        if call.end
        for method, at in (("INVITE", call.at), ("BYE", call.end))
    ]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def missed(found: Iterable[Call]) -> list[tuple[object, ...]]:
    """Rows of ``missed_calls``."""
    return [row(call, "INVITE", call.at) for call in found if not call.end]


def trace(found: Iterable[Call]) -> Iterator[tuple[object, ...]]:
    """Whole SIP messages: time_stamp, callid, msg, method, fromtag, direction."""
    for call in found:
        src, dst = call.who
        for method, at in (("INVITE", call.at), ("BYE", call.end or call.at)):
            text = f"{method} sip:{dst}@example.org SIP/2.0\r\nFrom: <sip:{src}@example.org>\r\n"
            yield local(at), call.callid, text, method, f"f{call.number}", "in"


TRACE = ("time_stamp", "callid", "msg", "method", "fromtag", "direction")
SILO = ("src_addr", "dst_addr", "username", "domain", "inc_time", "exp_time", "body")


def offline(found: Iterable[Call]) -> list[tuple[object, ...]]:
    """Rows of ``SILO``."""
    return [
        (f"sip:{src}@example.org", f"sip:{dst}@example.org", dst, "example.org",
         int(call.at.timestamp()), int(call.at.timestamp()) + 86_400, f"call me, {src}")
        for call in found
        for src, dst in (call.who,)
    ]  # fmt: skip


def stay(table: str, *, time: str = "time", call: str = "callid", newest: bool = True) -> str:
    """The WHERE of what must be left: young rows with the whole of their calls, the newest."""
    young = f"{time} >= {{local}}"
    where = f"{young} OR {call} IN (SELECT {call} FROM {table} WHERE {young})"
    return where + (f" OR {time} = (SELECT MAX({time}) FROM {table})" if newest else "")


def fill(pbx: Scene, found: Sequence[Call]) -> None:
    """Both accounting tables, with what must stay."""
    pbx.load("acc", ROW, accounting(found))
    pbx.load("missed_calls", ROW, missed(found))
    pbx.stays |= {table: stay(table) for table in ("acc", "missed_calls")}


def recordings(pbx: Scene, ats: Iterable[datetime]) -> set[str]:
    """What rtpengine writes of calls; returns the files of young ones and of no call."""
    pbx.file("recordings", "rtpengine.pid", at=CUTOFF - timedelta(days=300))
    left = {"recordings/rtpengine.pid"}
    for number, at in enumerate(ats):
        stem = f"{number:x}-call%40192.0.2.5-c0ffee{number}"
        for path in (f"pcaps/{stem}.pcap", f"metadata/{stem}.txt", f"sound/{stem}-mix.wav"):
            pbx.file("recordings", path, at=at)
            left |= {f"recordings/{path}"} if at >= CUTOFF else set()
    return left


def count(pbx: Scene, table: str, where: str = "1=1") -> int:
    """Rows of a table; ``where`` may hold the marks of ``Scene.stays``."""
    ((found,),) = pbx.do(pbx.filled(f"SELECT COUNT(*) FROM {table} WHERE {where}"))
    return int(found)


BUILT = "SELECT cdr_id FROM cdrs WHERE sip_call_id = callid AND sip_from_tag = from_tag"


def build_cdrs(pbx: Scene) -> int:
    """What the stored procedure of many sites does, in our words: a CDR for each INVITE without one
    whose BYE is there. Returns how many it made, and says what must stay of them."""
    before = count(pbx, "cdrs")
    pbx.do(
        "INSERT IGNORE INTO cdrs"
        " (call_start_time, duration, sip_call_id, sip_from_tag, sip_to_tag, created)"
        " SELECT i.time, TIMESTAMPDIFF(SECOND, i.time, b.time), i.callid, i.from_tag, i.to_tag,"
        " NOW() FROM acc i JOIN acc b ON b.callid = i.callid AND b.method = 'BYE'"
        " WHERE i.method = 'INVITE' AND i.cdr_id = 0"
    )
    pbx.do(f"UPDATE acc SET cdr_id = COALESCE(({BUILT}), 0) WHERE cdr_id = 0")
    pbx.stays["cdrs"] = (
        "call_start_time >= {local} OR call_start_time = (SELECT MAX(call_start_time) FROM cdrs)"
    )
    return count(pbx, "cdrs") - before
