"""When was a file recorded, as far as the file itself tells?

Patterns of a manifest are literal text with groups from a fixed alphabet. An epoch is exact and
wins; a wall clock time is read in the dataset's zone, the later instant in doubt; a bare date
stands for the last instant of that local day, so a file goes only when its whole day is due.
"""

from __future__ import annotations

import calendar
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from pbxretain.errors import DocumentError
from pbxretain.forms import PATTERN_GROUPS
from pbxretain.manifest import DateSource, Sidecar, TreeDataset
from pbxretain.stores.files import Folder, join
from pbxretain.stores.moments import Moments

PLAUSIBLE = datetime(2000, 1, 1, tzinfo=UTC)
"""No PBX recorded anything before; digits that say so are part of a number, not a time."""

_GROUP = re.compile(r"\{([^{}]*)\}")
_REPEATABLE = {"any", "name", "from", "to"}
_OPEN_GROUPS = {*_REPEATABLE, "facet"}
_MOST_OPEN = 4
"""More groups of any length make matching slow on names that callers can choose."""
_EXACT = ("uniqueid", "epoch")
_CLOCK = ("hour", "minute", "second")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_SIDECAR_LIMIT = 1 << 20


def compile_pattern(text: str) -> re.Pattern[bytes]:
    """A manifest's pattern, to be matched against whole names.

    Raises DocumentError for a group outside the alphabet, one used twice, or too many open ones.
    """
    parts: list[str] = []
    seen: list[str] = []
    at = 0
    for found in _GROUP.finditer(text):
        parts.append(re.escape(text[at : found.start()]))
        if found[1] not in PATTERN_GROUPS:
            raise _bad_pattern(f"has an unknown group {found[1]!r}")
        if not (found[1] == "any" and seen[-1:] == ["any"] and parts[-1] == ""):
            parts.append(PATTERN_GROUPS[found[1]])
            seen.append(found[1])
        at = found.end()
    parts.append(re.escape(text[at:]))
    if sum(group in _OPEN_GROUPS for group in seen) > _MOST_OPEN:
        raise _bad_pattern(f"has more than {_MOST_OPEN} groups of any length")
    if any(seen.count(group) > 1 for group in seen if group not in _REPEATABLE):
        raise _bad_pattern("uses a group twice")
    return re.compile("".join(parts).encode(), re.DOTALL)


def _bad_pattern(what: str) -> DocumentError:
    return DocumentError(
        f"A pattern under dated_by {what}.", hint=f"groups are: {', '.join(PATTERN_GROUPS)}"
    )


def zone_of(name: str, source: ZoneInfo) -> tzinfo:
    """The zone that a manifest means: the source's own, UTC, or one by name."""
    if name == "source":
        return source
    return UTC if name == "utc" else ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class _Step:
    source: DateSource
    pattern: re.Pattern[bytes] | None


class Dater:
    """Dates files by a tree dataset's ``dated_by``, in its order."""

    def __init__(self, dataset: TreeDataset, source_zone: ZoneInfo) -> None:
        self._zone = zone_of(dataset.zone, source_zone)
        self._steps = [_Step(step, _pattern(step)) for step in dataset.dated_by]

    def own_date(
        self, folder: Folder, *, stem: bytes, parts: Mapping[bytes, bytes]
    ) -> datetime | None:
        """The file's own date, aware UTC, or None.

        ``parts`` maps the names of the record's files to the names they bear now.
        """
        for step in self._steps:
            if found := self._by(step, folder, stem=stem, parts=parts):
                return found if found >= PLAUSIBLE else None
        return None

    def _by(
        self, step: _Step, folder: Folder, *, stem: bytes, parts: Mapping[bytes, bytes]
    ) -> datetime | None:
        if step.source.sidecar:
            return self._sidecar(step.source.sidecar, folder, stem=stem, parts=parts)
        if step.pattern is None:
            stats = [stat for name in parts.values() if (stat := folder.regular(name))]
            return _instant(max((stat.st_mtime for stat in stats), default=None))
        texts = [stem] if step.source.name else [folder.rel, join(folder.rel, stem)]
        for text in texts:
            if (match := step.pattern.fullmatch(text)) and (found := self._read(match)):
                return found
        return None

    def _read(self, match: re.Match[bytes]) -> datetime | None:
        known = match.re.groupindex
        for exact in _EXACT:
            found = _instant(int(match[exact] or -1)) if exact in known else None
            if found and found >= PLAUSIBLE:
                return found
        groups = {name: value.decode() for name, value in match.groupdict().items() if value}
        try:
            return self._wall(groups)
        except (ValueError, OverflowError):
            return None

    def _wall(self, groups: dict[str, str]) -> datetime | None:
        if "date" in groups:
            day = datetime.strptime(groups["date"], "%Y%m%d").date()  # noqa: DTZ007
        elif "year" in groups:
            day = _last_day(groups)
        else:
            return None
        clock = groups.get("time") or "".join(groups.get(part, "") for part in _CLOCK)
        if len(clock) != 6 or ("date" not in groups and "day" not in groups):
            return end_of_day(day, self._zone)
        at = datetime.strptime(clock, "%H%M%S").time()  # noqa: DTZ007
        return later_instant(datetime.combine(day, at), self._zone)

    def _sidecar(
        self, sidecar: Sidecar, folder: Folder, *, stem: bytes, parts: Mapping[bytes, bytes]
    ) -> datetime | None:
        name = parts.get(stem + b"." + sidecar.extension.encode())
        if name is None:
            return None
        try:
            fd = folder.open(name)
            with os.fdopen(fd, "rb") as file:
                value = json.loads(file.read(_SIDECAR_LIMIT))[sidecar.field]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        if sidecar.type == "epoch":
            return _instant(value)
        if not isinstance(value, str):
            return None
        return Moments("wall", self._zone).read(value.encode("utf-8", "replace"))


def _pattern(step: DateSource) -> re.Pattern[bytes] | None:
    text = step.name or step.path
    return compile_pattern(text) if text else None


def _last_day(groups: dict[str, str]) -> date:
    year, month = int(groups["year"]), int(groups.get("month", 12))
    if "mon" in groups:
        month = _MONTHS.index(groups["mon"]) + 1
    if not 1 <= month <= 12 or year < 1:
        raise ValueError("no such month")
    return date(year, month, int(groups.get("day", calendar.monthrange(year, month)[1])))


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The last instant of a local day, aware UTC."""
    following = datetime.combine(day + timedelta(days=1), time())
    # The first pass of a doubled midnight ends the day: what comes after is the next one.
    first = min(following.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first - timedelta(microseconds=1)


def later_instant(stamp: datetime, zone: tzinfo) -> datetime:
    """A wall clock time as an instant; the later one where the clock showed it twice or never."""
    return max(stamp.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _instant(epoch: object) -> datetime | None:
    if isinstance(epoch, bool) or not isinstance(epoch, int | float | str):
        return None
    try:
        return datetime.fromtimestamp(float(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        return None
