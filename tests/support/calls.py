"""What does a busy PBX write in a few hundred days, with everything that makes deleting hard?

Pure and deterministic by seed: legs and events in the order in which Asterisk would have written
them (a call is logged when it ends, an event when it happens). Names are invented, numbers come
from ranges reserved for fiction.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

NAMES = (
    "Jörg Weiß", "Zoë Müßiggang", "Ελένη Παπαδοπούλου", "김서연", "Łukasz Żółć", "Işıl Demirtaş",
    'Anna "Anni" Groß', "O'Hara, Niall", "Back\\slash GmbH", "Bär & Söhne; Büro", "📞 Hotline", "",
)  # fmt: skip
RANGES = ("+493023125", "+494066969", "+498999998", "+442079460", "+15555501", "+331990012")
EXTENSIONS = ("411", "412", "413", "451", "452", "621", "622")
_KINDS = ("in", "out", "local", "missed", "queue", "transfer", "old", "assigned", "zero", "shared")
_WEIGHTS = (40, 20, 10, 9, 10, 6, 2, 0.5, 0.2, 0.3)

Leg = dict[str, str]
"""A row of cdr by column, and ``start``, ``answer``, ``end`` beside ``calldate``."""

Event = dict[str, str]


@dataclass(frozen=True)
class Settings:
    """What to make. ``now`` is an aware instant, the end of the span of ``days``."""

    calls: int
    days: int
    seed: int
    now: datetime
    zone: tzinfo
    recorded: float
    """Share of the calls that are recorded, 0 to 1."""
    events: bool
    utc_until: datetime | None
    """Calls before it stand in UTC in ``cdr``, as after a change of FreePBX's CDRUSEGMT."""


@dataclass
class Call:
    """The legs and events of one call, each with the instant (epoch) of its writing."""

    legs: list[tuple[float, Leg]] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)


def in_order(settings: Settings) -> Iterator[tuple[str, Leg | Event]]:
    """All rows as ("cdr" or "cel", row), in the order of writing."""
    queue: list[tuple[float, int, str, Leg | Event]] = []
    number = itertools.count()
    for begin, call in _Exchange(settings).calls():
        while queue and queue[0][0] < begin:
            _, _, table, row = heapq.heappop(queue)
            yield table, row
        for at, leg in call.legs:
            heapq.heappush(queue, (at, next(number), "cdr", leg))
        for at, event in call.events:
            heapq.heappush(queue, (at, next(number), "cel", event))
    while queue:
        _, _, table, row = heapq.heappop(queue)
        yield table, row


class _Exchange:
    def __init__(self, settings: Settings) -> None:
        self._set = settings
        self._random = random.Random(settings.seed)
        self._channel = itertools.count()
        self._sequence = itertools.count()
        self._conference = ""

    def calls(self) -> Iterator[tuple[float, Call]]:
        choose, span = self._random, self._set.days * 86400
        first = self._set.now.timestamp() - span
        begins = sorted(first + choose.random() * (span - 7200) for _ in range(self._set.calls))
        kinds = choose.choices(_KINDS, _WEIGHTS, k=self._set.calls)
        midnight, restart = "", first + span / 2
        for begin, kind in zip(begins, kinds, strict=True):
            if begin > restart:
                restart = float("inf")
                self._channel, self._sequence = itertools.count(), itertools.count()
            local = self._local(begin)
            if local[:10] != midnight:
                midnight = local[:10]
                yield from self._over_midnight(midnight, begin, first)
            yield begin, self._call(begin, kind)

    def _over_midnight(self, day: str, begin: float, first: float) -> Iterator[tuple[float, Call]]:
        """One call a day with a leg on either side of local midnight, and one file over days."""
        at = datetime.fromisoformat(day).replace(tzinfo=self._set.zone).timestamp()
        if first + 60 < at < begin:
            yield at - 3, self._call(at - 3, "transfer", later=6)
        yield begin, self._call(begin, "shared")

    def _call(self, begin: float, kind: str, later: float = 0.0) -> Call:
        choose, call = self._random, Call()
        uniqueid = f"{int(begin)}.{next(self._channel)}"
        inside, outside = choose.choice(EXTENSIONS), self._outside()
        src, dst = (inside, outside) if kind == "out" else (outside, inside)
        if kind == "local":
            src = choose.choice(EXTENSIONS)
        name = choose.choice(NAMES)
        template = self._template(kind, uniqueid, (src, dst), name)
        may = kind not in ("zero", "old")
        if kind == "shared" or (may and choose.random() < self._set.recorded):
            template["recordingfile"] = self._recording(begin, kind, uniqueid, (src, dst))
        ids = [uniqueid] * (choose.randint(2, 6) if kind == "queue" else 1)
        if kind == "transfer":
            ids.append(f"{int(begin + later)}.{next(self._channel)}")
        for n, own in enumerate(ids):
            start = begin + (later if later and n else 0.3 * n)
            call.legs.append(self._leg(template, own, start, answered=kind != "missed"))
        if kind == "zero":
            call.legs[0][1].update(calldate="", start="", answer="", end="")
        if choose.random() < 0.01:
            call.legs.append(call.legs[-1])
        if self._set.events:
            call.events = list(self._happenings(template, ids, begin, later))
        return call

    def _template(self, kind: str, uniqueid: str, parties: tuple[str, str], name: str) -> Leg:
        src, dst = parties
        linked = "" if kind == "old" else uniqueid
        return {
            "clid": f'"{name}" <{src}>', "src": src, "dst": dst, "dcontext": "from-internal",
            "channel": f"PJSIP/{src or 'anonymous'}-{next(self._channel):08x}"[:80],
            "lastapp": "Dial", "lastdata": f"PJSIP/{dst},,HhTtr", "amaflags": "3",
            "accountcode": "vertrieb" if src in EXTENSIONS else "", "userfield": "",
            "did": "493023125900" if dst in EXTENSIONS else "", "recordingfile": "",
            "cnum": src, "cnam": name, "outbound_cnum": "", "outbound_cnam": "", "dst_cnam": "",
            "linkedid": linked, "peeraccount": "", "kind": kind,
        }  # fmt: skip

    def _leg(
        self, template: Leg, uniqueid: str, start: float, *, answered: bool
    ) -> tuple[float, Leg]:
        choose = self._random
        talk = int(choose.expovariate(1 / 120)) if answered else 0
        ring = choose.randint(0, 9)
        leg = dict(template)
        kind = leg.pop("kind")
        # A click-to-dial program that gives every channel one id: keys repeat over the years.
        leg["uniqueid"] = "click2dial" if kind == "assigned" else uniqueid
        leg["sequence"] = "0" if kind in ("old", "assigned") else str(next(self._sequence))
        tail = "0000" if kind == "assigned" else f"{choose.randrange(8):04x}"
        leg["dstchannel"] = f"PJSIP/{leg['dst']}-{tail}"
        leg["duration"], leg["billsec"] = str(ring + talk), str(talk)
        leg["disposition"] = "ANSWERED" if answered else "NO ANSWER"
        write = self._local if kind == "assigned" else self._written
        leg["start"] = leg["calldate"] = write(start)
        leg["answer"] = write(start + ring) if answered else ""
        leg["end"] = write(start + ring + talk)
        return start + ring + talk, leg

    def _happenings(
        self, template: Leg, ids: list[str], begin: float, later: float
    ) -> Iterator[tuple[float, Event]]:
        for n, uniqueid in enumerate(dict.fromkeys(ids)):
            at = begin + (later if n else 0)
            for step, kind in enumerate(("CHAN_START", "ANSWER", "HANGUP", "CHAN_END")):
                moment = at + 0.7 * step
                yield moment, {
                    "eventtype": kind, "eventtime": self._local(moment),
                    "epoch": f"{moment:.6f}", "cid_name": template["cnam"],
                    "cid_num": template["src"], "cid_ani": template["src"], "cid_rdnis": "",
                    "cid_dnid": template["did"], "exten": template["dst"],
                    "context": template["dcontext"], "channame": template["channel"],
                    "appname": "Dial" if step else "", "appdata": template["lastdata"],
                    "amaflags": "3", "accountcode": template["accountcode"],
                    "uniqueid": uniqueid, "linkedid": ids[0], "peer": "", "userdeftype": "",
                    "extra": "", "userfield": "", "peeraccount": "",
                }  # fmt: skip

    def _outside(self) -> str:
        choose = self._random
        if choose.random() < 0.1:
            return choose.choice(("", "anonymous"))
        return f"{choose.choice(RANGES)}{choose.randrange(1000):03d}"

    def _recording(self, begin: float, kind: str, uniqueid: str, parties: tuple[str, str]) -> str:
        if kind == "shared" and self._conference:
            # A conference that goes on the next day still names yesterday's file.
            name, self._conference = self._conference, ""
            return name
        stamp = datetime.fromtimestamp(int(begin), self._set.zone).strftime("%Y%m%d-%H%M%S")
        sort = {"out": "out", "local": "internal", "queue": "q"}.get(kind, "external")
        name = f"{sort}-{parties[1] or 'unknown'}-{parties[0] or 'unknown'}-{stamp}-{uniqueid}.wav"
        if kind == "shared":
            self._conference = name
        return name

    def _written(self, moment: float) -> str:
        until = self._set.utc_until
        if until is not None and moment < until.timestamp():
            return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%d %H:%M:%S")
        return self._local(moment)

    def _local(self, moment: float) -> str:
        stamp = datetime.fromtimestamp(int(moment), self._set.zone)
        return stamp.replace(tzinfo=None).isoformat(" ")


def default_now() -> datetime:
    """A fixed instant, so that what is made doesn't depend on the day."""
    return datetime(2026, 11, 23, 3, 15, tzinfo=UTC)


def first_due_date(now: datetime, days: int, zone: tzinfo) -> datetime:
    """The cut-off of ``keep: N days``: first instant of the first local date that stays, UTC."""
    day = now.astimezone(zone).date() - timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
