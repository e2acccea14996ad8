"""When did it happen? Reads a PBX's own time stamps as instants.

A PBX writes wall clock time without an offset, UTC that looks the same, or epochs, sometimes all
three in one table over the years. In doubt the later instant counts: a record is rather kept an
hour too long than deleted an hour too early.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from operator import sub
from typing import Literal

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
"""Anything before is a zero date or a default, never a call."""

REFEREE_SLACK = timedelta(seconds=300)
_NEAR = timedelta(hours=3)
"""More than any clock change moves a wall clock."""
_UNIQUEID = re.compile(rb"^(?:.*-)?(\d{9,10})\.\d+")
_COMPACT = re.compile(r"^(\d{8})(\d{6})(.*)$")


def uniqueid_epoch(value: bytes | None) -> datetime | None:
    """The creation second of a channel out of Asterisk's ``[<systemname>-]<epoch>.<counter>``.

    Source: main/channel_internal_api.c of Asterisk. None for ids that ARI or AMI assigned.
    """
    found = _UNIQUEID.match(value or b"")
    if not found:
        return None
    moment = datetime.fromtimestamp(int(found[1]), UTC)
    return moment if moment >= EARLIEST else None


_EARLIEST = int(EARLIEST.timestamp())
_WITHIN = {b":%02d:%02d" % divmod(second, 60): second for second in range(3600)}
_BEHIND = (b".", b"")
"""What follows the seconds in a referee; nothing where it is empty."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Reads one time column. ``zone`` is the zone of its wall clock; ``other`` the one it may
    have been written in as well (UTC beside local time, or the reverse), where a referee says so.
    """

    kind: Literal["wall", "epoch"]
    zone: tzinfo
    other: tzinfo | None = None

    def read(self, raw: bytes | None, referee: bytes | None = None) -> datetime | None:
        """The instant, aware UTC; None for NULL, zero dates and what can't be read."""
        if not raw:
            return None
        try:
            moment = self._epoch(raw) if self.kind == "epoch" else self._wall(raw, referee)
        except (ValueError, OverflowError, OSError):
            return None
        return moment if moment and moment >= EARLIEST else None

    def doubt(self, cutoff: datetime) -> tuple[datetime, datetime]:
        """Naive wall clock bounds (low, high): below low a row is due under any reading, at or
        above high under none; between them each row must be read. Equal where no stamp near the
        cut-off has two readings: no referee, and no clock change within three hours."""
        walls = [cutoff.astimezone(zone).replace(tzinfo=None) for zone in self._zones()]
        if len(set(walls)) == 1 and not any(_changes(zone, cutoff) for zone in self._zones()):
            return walls[0], walls[0]
        return min(walls) - _NEAR, max(walls) + _NEAR

    def _zones(self) -> list[tzinfo]:
        return [self.zone] if self.other is None else [self.zone, self.other]

    @staticmethod
    def _epoch(raw: bytes) -> datetime:
        whole, _, fraction = raw.decode("ascii").strip().partition(".")
        micro = int((fraction + "000000")[:6]) if fraction else 0
        return datetime.fromtimestamp(int(whole), UTC) + timedelta(microseconds=micro)

    def _wall(self, raw: bytes, referee: bytes | None) -> datetime:
        return self._usual(raw, referee) or self._read(raw, referee)

    def _usual(self, raw: bytes, referee: bytes | None) -> datetime | None:
        """What nearly every row holds, read without a calendar: an hour that has one reading, and
        a referee that agrees. None for all else."""
        if len(raw) != 19 or not (raw[14:16] + raw[17:]).isdigit() or raw[13:17:3] != b"::":
            return None
        begin, past = _hour(self.zone, raw[:13]), (int(raw[14:16]), int(raw[17:]))
        if begin is None or max(past) > 59:
            return None
        second = begin + past[0] * 60 + past[1]
        if self.other is not None and referee:
            channel = referee[:10] if referee[10:11] == b"." else b""
            if not channel.isdigit() or abs(second - int(channel)) > REFEREE_SLACK.seconds:
                return None
        return datetime.fromtimestamp(second, UTC)

    def seconds(self, raws: Sequence[bytes], referees: Sequence[bytes | None]) -> list[int] | None:
        """Whole seconds since 1970 of a column of times, as ``read`` would tell each; None where
        one of them isn't as usual. ``referees`` may be empty."""
        if self.kind == "epoch":
            return list(map(int, raws)) if all(map(bytes.isdigit, raws)) else None
        hours = {hour: _hour(self.zone, hour) for hour in {raw[:13] for raw in raws}}
        if None in hours.values() or set(map(len, raws)) != {19}:
            return None
        try:
            read = [hours[raw[:13]] + _WITHIN[raw[13:]] for raw in raws]  # type: ignore[operator]
            if self.other is not None and referees:
                made = [
                    int(known[:10]) if known else at
                    for at, known in zip(read, referees, strict=True)
                ]
                if not all(known is None or known[10:11] in _BEHIND for known in referees):
                    return None
                if max(map(abs, map(sub, read, made))) > REFEREE_SLACK.seconds:
                    return None
        except (KeyError, ValueError):
            return None
        return read if min(read) >= _EARLIEST else None

    def _read(self, raw: bytes, referee: bytes | None) -> datetime:
        text = raw.decode("ascii").strip()
        if compact := _COMPACT.match(text):
            text = f"{compact[1]}T{compact[2]}{compact[3]}"
        stamp = datetime.fromisoformat(text)
        if stamp.tzinfo is not None:
            return stamp.astimezone(UTC)
        return self._settle(stamp, uniqueid_epoch(referee) if self.other else None)

    def _settle(self, stamp: datetime, epoch: datetime | None) -> datetime:
        """One naive stamp, several possible instants: the epoch decides, else the later one."""
        first, second = (stamp.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        readings = [first.astimezone(UTC)]
        if first.utcoffset() != second.utcoffset():
            readings = sorted((*readings, second.astimezone(UTC)), reverse=True)
        later = readings[0]
        if epoch is None:
            return later
        if self.other is not None:
            readings.append(stamp.replace(tzinfo=self.other, fold=1).astimezone(UTC))
        for reading in readings:
            if abs(reading - epoch) <= REFEREE_SLACK:
                return reading
        # A leg may begin long after its channel was made, never before. The declared zone's
        # readings come first: another zone needs a better reason than a long queue.
        latest = epoch + timedelta(days=2)
        return next((r for r in readings if epoch - REFEREE_SLACK <= r <= latest), later)


@lru_cache(maxsize=10_000)
def _hour(zone: tzinfo, text: bytes) -> int | None:
    """When an hour on the wall, ``YYYY-MM-DD HH``, began, in seconds since 1970; None where it has
    two readings or none, or isn't of that form."""
    if text[10:11] not in (b" ", b"T") or not text.replace(b"-", b"")[:8].isdigit():
        return None
    try:
        begin = datetime.fromisoformat(f"{text.decode('ascii')}:00:00")
    except ValueError:
        return None
    ends = [begin.replace(minute=minute, tzinfo=zone, fold=f) for minute in (0, 59) for f in (0, 1)]
    if len({end.utcoffset() for end in ends}) > 1:
        return None
    return int(ends[0].timestamp())


def _changes(zone: tzinfo, moment: datetime) -> bool:
    """Whether the zone's offset changes within reach of a moment."""
    return (moment - _NEAR).astimezone(zone).utcoffset() != (moment + _NEAR).astimezone(
        zone
    ).utcoffset()
