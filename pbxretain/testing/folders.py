"""Which files and lines does a fake PBX hold, and what dates them?

Each way of dating a file gets files of its own, either side of the cut-off as finely as it can
tell: a name with a second, a folder with a day.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

from pbxretain.manifest import DateSource, LinesDataset, LineStart, SpoolDataset, TreeDataset
from pbxretain.stores.dating import compile_pattern
from pbxretain.testing.fake import MARK, Fake, Piece, stored_values
from pbxretain.testing.setting import AUTUMN, SPRING

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
_GROUP = re.compile(r"\{([a-z]+)\}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EXACT = {"epoch", "uniqueid"}

_OFFSETS = {
    "second": {
        "more than a year old": -400 * DAY,
        "a second before the cut-off": -SECOND,
        "at the cut-off itself": timedelta(),
        "a second after the cut-off": SECOND,
        "a day after the cut-off": DAY,
    },
    "day": {"more than a year old": -400 * DAY, "three days before the cut-off": -3 * DAY,
            "of the day of the cut-off": HOUR, "a day after the cut-off": DAY},
    "month": {"more than a year old": -400 * DAY, "of the month of the cut-off": HOUR},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Name:
    folder: str
    stem: str

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.stem}" if self.folder else self.stem


@dataclass(slots=True)
class Folders:
    """Plans all files and lines of a fake PBX."""

    fake: Fake
    serial: int = 0
    unreachable: list[tuple[str, int]] = field(default_factory=list)
    """Ways of dating that no file can ever take: (dataset, number of the entry, from 0)."""

    def plan(self) -> None:
        """All folders and all that lies in them."""
        for name, dataset in self.fake.product.manifest.datasets.items():
            if isinstance(dataset, TreeDataset):
                self._tree(name, dataset)
            elif isinstance(dataset, SpoolDataset):
                self._spool(name, dataset)
            elif isinstance(dataset, LinesDataset):
                self._lines(name, dataset)

    @property
    def cutoff(self) -> datetime:
        return self.fake.scene.cutoff

    def zone(self, name: str) -> ZoneInfo:
        """The zone that a manifest means."""
        if name == "source":
            return self.fake.scene.zone
        return ZoneInfo("UTC" if name == "utc" else name)

    # --- trees ---

    def _tree(self, name: str, tree: TreeDataset) -> None:
        for number, step in enumerate(tree.dated_by):
            fine = _fineness(step)
            scenes = dict(_OFFSETS[fine])
            if fine == "second":
                scenes["in the night when the clock was set back"] = AUTUMN - self.cutoff
                scenes["in the night when the clock was put forward"] = SPRING - self.cutoff
            made = [
                self.file(name, self.cutoff + offset, what=f"a file {what}", step=number)
                for what, offset in scenes.items()
                if self.cutoff + offset < self.fake.scene.now
            ]
            if not any(made):
                self.unreachable.append((name, number))
        self.file(name, self.cutoff - 100 * DAY, what="a file named in another encoding", odd=True)
        self._others(name, tree)

    def _others(self, name: str, tree: TreeDataset) -> None:
        """What lies there and is no record, or has no date."""
        stem = _Name(f"{MARK}-greetings", f"{MARK}-greeting")
        piece = Piece(
            dataset=name,
            what="a file outside paths, such as a greeting",
            gone=False,
            when=None,
            counted=False,
            look="paths",
            path=self._path(tree, stem, tree.extensions[0]),
            content=f"{MARK} greeting below {tree.root}".encode(),
            changed=(self.cutoff - 300 * DAY).timestamp(),
        )
        beside = [
            other
            for other in self.fake.product.manifest.datasets.values()
            if isinstance(other, TreeDataset) and other.root == tree.root
        ]
        if not any(_covers(other, stem) for other in beside):
            self.fake.files.append(piece)
        elif len(beside) == 1 and _dated_by(tree, stem) is None:
            piece.what, piece.counted = "a file that nothing dates", True
            self.fake.files.append(piece)

    def file(
        self,
        dataset: str,
        when: datetime,
        *,
        what: str,
        step: int | None = None,
        row: datetime | None = None,
        odd: bool = False,
    ) -> bytes | None:
        """One record of files that dates itself to ``when``; ``row``: the newest leg that names it
        and counts instead. Returns the first file's path, None when no such file can be made."""
        tree = self.fake.product.manifest.datasets[dataset]
        assert isinstance(tree, TreeDataset)  # noqa: S101  (the caller knows)
        self.serial += 1
        steps = range(len(tree.dated_by)) if step is None else [step]
        for number in steps:
            source = tree.dated_by[number]
            if step is None and _fineness(source) == "month":
                continue
            for name in self._names(tree, source, when):
                if _covers(tree, name) and _dated_by(tree, name, number) == number:
                    own = self._own_date(tree, source, when)
                    return self._write(dataset, tree, source, name,
                                       when=when, dated=row or own, what=what, odd=odd)  # fmt: skip
        return None

    def _write(
        self,
        dataset: str,
        tree: TreeDataset,
        source: DateSource,
        name: _Name,
        *,
        when: datetime,
        dated: datetime,
        what: str,
        odd: bool,
    ) -> bytes:
        extensions = list(tree.extensions[:2])
        contents = {e: f"{MARK} voice {self.serial} {e}".encode() for e in extensions}
        if source.sidecar:
            stamp: object = int(when.timestamp())
            if source.sidecar.type == "text":
                stamp = f"{when.astimezone(self.zone(tree.zone)):%Y-%m-%d %H:%M:%S}"
            contents[source.sidecar.extension] = json.dumps({source.sidecar.field: stamp}).encode()
        paths = [self._path(tree, name, extension) for extension in contents]
        if odd:
            mark = f"{MARK}{self.serial}".encode()
            paths = [path.replace(mark, mark + b"\xfc") for path in paths]
        for number, (path, content) in enumerate(zip(paths, contents.values(), strict=True)):
            self.fake.files.append(
                Piece(
                    dataset=dataset,
                    what=what,
                    gone=dated < self.cutoff,
                    when=dated,
                    counted=number == 0,
                    look="extensions" if number else "dated_by",
                    path=path,
                    content=content,
                    changed=when.timestamp(),
                )
            )
        return paths[0]

    def _path(self, tree: TreeDataset, name: _Name, extension: str) -> bytes:
        return os.fsencode(self.fake.root(tree.root) / f"{name.path}.{extension}")

    def _names(self, tree: TreeDataset, source: DateSource, when: datetime) -> Iterator[_Name]:
        """Names that may do for a way of dating."""
        local = when.astimezone(self.zone(tree.zone))
        at = self.serial % max(len(tree.paths), 1)
        whole = [self._fill(text, local) for text in [*tree.paths[at:], *tree.paths[:at]]]
        folders = [path.rpartition("/")[0] for path in whole] or ["", f"{MARK}-{self.serial % 3}"]
        plain = f"{MARK}{self.serial}"
        if source.name:
            yield from (_Name(folder, self._fill(source.name, local)) for folder in folders)
            return
        if source.path:
            own = self._fill(source.path, local)
            yield _Name(own, plain)
            yield _Name(*_split(own))
        yield from (_Name(*_split(path)) for path in whole)
        if not whole:
            yield _Name(folders[-1], plain)

    def _fill(self, pattern: str, local: datetime) -> str:
        known = {
            "year": f"{local:%Y}", "month": f"{local:%m}", "day": f"{local:%d}",
            "mon": _MONTHS[local.month - 1], "date": f"{local:%Y%m%d}", "time": f"{local:%H%M%S}",
            "hour": f"{local:%H}", "minute": f"{local:%M}", "second": f"{local:%S}",
            "epoch": f"{local.timestamp():.0f}", "from": f"{MARK}030123", "to": "411",
            "uniqueid": f"{local.timestamp():.0f}.{self.serial}", "number": str(self.serial),
            "uuid": str(uuid5(NAMESPACE_OID, str(self.serial))),
        }  # fmt: skip
        return _GROUP.sub(lambda found: known.get(found[1], f"{MARK}{self.serial}"), pattern)

    def _own_date(self, tree: TreeDataset, source: DateSource, when: datetime) -> datetime:
        """What the file says of itself: the latest instant that it may mean."""
        local = when.astimezone(self.zone(tree.zone))
        fine, groups = _fineness(source), _groups(source)
        if fine == "second":
            exact = source.mtime or bool(groups & _EXACT)
            exact |= source.sidecar is not None and source.sidecar.type == "epoch"
            return when if exact else _latest(local)
        first = local.date()
        if fine == "month":
            first = first.replace(day=28) + 4 * DAY
            first -= first.day * DAY
        following = datetime.combine(first + DAY, time(), self.zone(tree.zone))
        return following.astimezone(UTC) - timedelta(microseconds=1)

    # --- Asterisk's voicemail ---

    def _spool(self, dataset: str, spool: SpoolDataset) -> None:
        mailbox = self.fake.root(spool.root) / "default" / "411"
        offsets = list(_OFFSETS["second"].items())
        for folder, scenes in {"INBOX": offsets, "Old": offsets[::-1]}.items():
            for number, (what, offset) in enumerate(scenes):
                self._message(dataset, mailbox / folder / f"msg{number:04}", what, offset)
        self.fake.files.append(
            Piece(
                dataset=dataset,
                what="a greeting",
                gone=False,
                when=None,
                counted=False,
                path=os.fsencode(mailbox / "unavail.wav"),
                content=f"{MARK} greeting".encode(),
                changed=(self.cutoff - 300 * DAY).timestamp(),
            )
        )

    def _message(self, dataset: str, stem: os.PathLike[str], what: str, offset: timedelta) -> None:
        self.serial += 1
        when = self.cutoff + offset
        epoch = int(when.timestamp())
        told = (
            f'[message]\norigmailbox=411\ncallerid="{MARK}" <030123>\norigtime={epoch}\n'
            f"msg_id={epoch}-{self.serial:08}\nduration=3\n"
        )
        parts = {"txt": told.encode(), "wav": f"{MARK} voice {self.serial}".encode()}
        for extension, content in parts.items():
            self.fake.files.append(
                Piece(
                    dataset=dataset,
                    what=f"a message {what}",
                    gone=offset < timedelta(),
                    when=when,
                    counted=extension == "txt",
                    path=os.fsencode(f"{os.fspath(stem)}.{extension}"),
                    content=content,
                    changed=when.timestamp(),
                )
            )

    # --- log files ---

    def _lines(self, dataset: str, logs: LinesDataset) -> None:
        offsets = {f"a line {what}": offset for what, offset in _OFFSETS["second"].items()}
        offsets["a line of the night when the clock was set back"] = AUTUMN - self.cutoff
        for pattern in logs.files:
            path = os.fsencode(self.fake.root(logs.root) / pattern.replace("*", MARK))
            for what, offset in offsets.items():
                self._line(dataset, logs, path, what, self.cutoff + offset)
            self._line(dataset, logs, path, "a line twice the same", self.cutoff - DAY)
            self.fake.lines.append(self.fake.lines[-1])
            self._line(dataset, logs, path, "a line without a date", None)
            if logs.call_id:
                leg = f"{int((self.cutoff - DAY).timestamp())}.{self.serial}"
                for days in (-1, 1):
                    self._line(dataset, logs, path, "a line of a call on both sides of the cut-off",
                               self.cutoff + days * DAY, call=leg)  # fmt: skip

    def _line(
        self,
        dataset: str,
        logs: LinesDataset,
        path: bytes,
        what: str,
        when: datetime | None,
        *,
        call: str | None = None,
    ) -> None:
        self.serial += 1
        start = next(iter(logs.starts.values()))
        used = [start.field, start.referee or 0, *logs.call_id, *logs.subjects.values()]
        used += [at for facet in logs.facets.values() for at in facet.all_fields]
        fields = [f"{MARK}{self.serial}".encode() + b"\xfc"] * (max(used) + 2)
        for facet in logs.facets.values():
            if stored := stored_values(facet):
                value = stored[self.serial % len(stored)].encode()
                fields = [value if at in facet.all_fields else f for at, f in enumerate(fields)]
        own = f"{int((when or self.cutoff).timestamp())}.{self.serial}"
        for index in dict.fromkeys([*logs.call_id, start.referee]):
            if index is not None:
                fields[index] = own.encode()
        if call:
            fields[logs.call_id[0]] = call.encode()
        fields[start.field] = self._stamp(start, when).encode()
        mark = b"|" if logs.format == "bar" else b'","'
        text = mark.join(fields)
        self.fake.lines.append(
            Piece(
                dataset=dataset,
                what=what,
                gone=when is not None and when < self.cutoff and not call,
                when=self._read(start, when),
                path=path,
                content=(text if logs.format == "bar" else b'"' + text + b'"') + b"\n",
            )
        )

    def _stamp(self, start: LineStart, when: datetime | None) -> str:
        if when is None:
            return "no date"
        if start.type == "epoch":
            return str(int(when.timestamp()))
        local = when.astimezone(self.zone(start.zone))
        if start.forms[0] == "YYYYMMDDHHMMSS":
            return f"{local:%Y%m%d%H%M%S}"
        return f"{local:%Y-%m-%d}{'T' if 'T' in start.forms[0] else ' '}{local:%H:%M:%S}"

    def _read(self, start: LineStart, when: datetime | None) -> datetime | None:
        if when is None or start.type == "epoch" or start.referee is not None:
            return when
        return _latest(when.astimezone(self.zone(start.zone)))


def _latest(local: datetime) -> datetime:
    """The latest instant at which the wall clock showed this."""
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _split(path: str) -> tuple[str, str]:
    folder, _, stem = path.rpartition("/")
    return folder, stem


def _groups(source: DateSource) -> set[str]:
    return set(_GROUP.findall(source.name or source.path or ""))


def _fineness(source: DateSource) -> str:
    """How finely a way of dating tells: second, day or month."""
    groups = _groups(source)
    if source.mtime or source.sidecar or groups & _EXACT:
        return "second"
    day = "date" in groups or "day" in groups
    clock = "time" in groups or groups >= {"hour", "minute", "second"}
    return "second" if day and clock else "day" if day else "month"


def _covers(tree: TreeDataset, name: _Name) -> bool:
    text = name.path.encode()
    return not tree.paths or any(compile_pattern(p).fullmatch(text) for p in tree.paths)


def _dated_by(tree: TreeDataset, name: _Name, sidecar: int | None = None) -> int | None:
    """Which way of dating comes first for a name; ``sidecar``: the one that has a file beside."""
    for number, step in enumerate(tree.dated_by):
        if step.sidecar and number != sidecar:
            continue
        texts = [name.stem] if step.name else [name.folder, name.path]
        pattern = step.name or step.path
        if not pattern or any(compile_pattern(pattern).fullmatch(t.encode()) for t in texts):
            return number
    return None
