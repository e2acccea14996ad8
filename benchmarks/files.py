"""Recordings in YYYY/MM/DD, and voicemail in mailboxes: against what a shell does."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from support.voicemail import SpoolMaker

from benchmarks.calllog import COUNTS, KEEP, ZONE, now
from benchmarks.race import Contender, Event, Measure
from benchmarks.site import child
from pbxretain.period import Period, cutoff

RECORDING = b"RIFF" + bytes(4092)
SOUND = b"RIFF" + bytes(30_000)
BOXES = 500


class Tree:
    """Files over 120 days, three quarters of them due; copied anew for each turn."""

    def __init__(self, folder: Path, files: int) -> None:
        self.now = now()
        self.edge = cutoff(Period(KEEP, "day"), now=self.now, zone=ZONE)
        self.made, self.used = folder / "made", folder / "used"
        self.days = [self.edge + timedelta(days=n - 90, hours=6) for n in range(120)]
        self.due = self.left = 0
        self._make(files)

    def _make(self, files: int) -> None:
        raise NotImplementedError

    def _count(self, when: datetime) -> None:
        if when < self.edge:
            self.due += 1
        else:
            self.left += 1

    def prepare(self) -> None:
        shutil.rmtree(self.used, ignore_errors=True)
        subprocess.run(["cp", "-a", self.made, self.used], check=True)

    def found(self) -> list[Path]:
        return [Path(at, name) for at, _, names in os.walk(self.used) for name in names]

    def judge(self) -> None:
        """Raises SystemExit where not exactly the due files are gone."""
        seen = [path.stat().st_mtime for path in self.found() if self.is_record(path)]
        old = sum(at < self.edge.timestamp() for at in seen)
        if (len(seen), old) != (self.left, 0):
            raise SystemExit(f"wrong files left: {len(seen)} of {self.left}, due {old}")

    @staticmethod
    def is_record(path: Path) -> bool:
        return path.suffix == ".wav"

    def find(self) -> None:
        """What a shell does; ``-mtime +90`` with the edge said exactly."""
        edge = f"@{self.edge.timestamp():.0f}"
        rule = ["-type", "f", "!", "-newermt", edge, "-delete"]
        subprocess.run(["find", str(self.used), *rule], check=True)

    def unlink(self) -> None:
        """The same files, each unlinked by its name."""
        edge = self.edge.timestamp()
        for at, _, names in os.walk(self.used):
            for name in names:
                path = f"{at}/{name}"
                if os.stat(path).st_mtime < edge:  # noqa: PTH116
                    os.unlink(path)  # noqa: PTH108


class Recordings(Tree):
    """Small files in a folder for each day."""

    def _make(self, files: int) -> None:
        for n in range(files):
            when = self.days[n % len(self.days)] + timedelta(seconds=n // len(self.days))
            local = when.astimezone(ZONE)
            folder = self.made / f"{local:%Y/%m/%d}"
            if n < len(self.days):
                folder.mkdir(parents=True)
            name = f"external-201-030{n:07d}-{local:%Y%m%d-%H%M%S}-{when.timestamp():.0f}.{n}.wav"
            SpoolMaker.file(folder / name, RECORDING, when)
            self._count(when)


class Voicemail(Tree):
    """Messages in mailboxes, text and sound."""

    def _make(self, files: int) -> None:
        maker = SpoolMaker(self.made)
        for n in range(files):
            when = self.days[n % len(self.days)]
            box, number = f"default/{1000 + n % BOXES}", n // BOXES
            maker.message(number, when, box=box, extensions=(".wav",), sound=SOUND)
            self._count(when)


@contextmanager
def recordings(files: int) -> Iterator[Event]:
    """A tree of recordings without a database: each file is dated by its name."""
    with tempfile.TemporaryDirectory(prefix="pbxretain-bench-") as folder:
        tree = Recordings(Path(folder), files)
        roots = {"recordings": tree.used}
        yield Event(
            title=f"Recordings, {files:,} files of 4 KB, {tree.due:,} due",
            contenders=[
                Contender("find -delete", tree.find),
                Contender(COUNTS, lambda: child("freepbx", roots=roots)),
            ],
            prepare=tree.prepare,
            judge=tree.judge,
            base="find -delete",
            unit=tree.due,
            measures=[Measure("recordings", COUNTS, "find -delete", "counts")],
        )


@contextmanager
def voicemail(messages: int) -> Iterator[Event]:
    """A voicemail spool, locked as Asterisk locks it."""
    with tempfile.TemporaryDirectory(prefix="pbxretain-bench-") as folder:
        tree = Voicemail(Path(folder), messages)
        config = Path(folder) / "etc"
        config.mkdir()
        (config / "asterisk.conf").write_text("[options]\nlockmode = lockfile\n")
        extra = f"asterisk: {{config: {config}, version: 22.10.1}}"
        roots = {"voicemail": tree.used}
        yield Event(
            title=f"Voicemail, {messages:,} messages in {BOXES} mailboxes, {tree.due:,} due",
            contenders=[
                Contender("plain unlink", tree.unlink),
                Contender(
                    COUNTS,
                    lambda: child("freepbx", roots=roots, extra=extra),
                ),
            ],
            prepare=tree.prepare,
            judge=tree.judge,
            base="plain unlink",
            unit=tree.due,
            measures=[Measure("voicemail", COUNTS, "plain unlink", "counts")],
        )
