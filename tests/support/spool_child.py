"""What children do to a voicemail spool in tests: one batch that may be killed, or Asterisk leaving
messages by its own lock protocol (main/app.c, apps/app_voicemail.c)."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from pbxretain.records import BatchName, Selection
from support import samples
from support.ami_server import ami_server
from support.voicemail import INSTALLATION, open_store

RUN = "run-7"


def selection() -> Selection:
    return Selection(cutoff=samples.CUTOFF, now=samples.NOW, start="received")


def batches(args: list[str]) -> int:
    """root, mode, version, what: takes all in batches, and commits or rolls back each."""
    root, mode, version, what = args
    marks = Path(root).parent / "journal"
    after: Any = None
    with ami_server(version=version) as server:
        store = open_store(Path(root), lockmode=_mode(mode), version=version, ami=server.settings)
        for number in range(9):
            name = BatchName(INSTALLATION, RUN, number)
            with store.take(
                selection(), limit=100, after=after, skip=frozenset(), name=name
            ) as batch:
                _mark(marks, "intent", number, len(batch.taken))
                if what == "commit":
                    _mark(marks, "committed", number, len(batch.taken))
                    batch.commit()
                    batch.finish()
            _mark(marks, "mark", number, len(batch.taken))
            after = batch.cursor
            if batch.exhausted:
                break
    return 0


def _mode(text: str) -> Any:
    return None if text == "None" else text


def _mark(path: Path, word: str, batch: int, count: int) -> None:
    """A journal of our own, in the same manner: appended, synced."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{json.dumps([word, batch, count])}\n".encode())
    os.fsync(fd)
    os.close(fd)


class AsteriskLock:
    """Asterisk's lock as its own source does it; five seconds, then the voicemail is lost."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder = folder
        self.mode = mode
        self.waited = 0.0

    def __enter__(self) -> AsteriskLock:
        begun = time.monotonic()
        if self.mode == "flock":
            self._flock(begun)
        else:
            self._link(begun)
        self.waited = time.monotonic() - begun
        return self

    def _link(self, begun: float) -> None:
        temporary = self.folder / f".lock-{secrets.randbits(32):08x}"
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            while True:
                try:
                    os.link(temporary, self.folder / ".lock")
                    return
                except FileExistsError:
                    assert time.monotonic() - begun < 5, "Voicemail will be lost"
                    time.sleep(0.001)
        finally:
            temporary.unlink()

    def _flock(self, begun: float) -> None:
        path = self.folder / "lock"
        while True:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.stat().st_ino == os.fstat(self.fd).st_ino:
                    return
            except (BlockingIOError, FileNotFoundError):
                pass
            os.close(self.fd)
            assert time.monotonic() - begun < 5, "Voicemail will be lost"
            time.sleep(0.001)

    def __exit__(self, *exc: object) -> None:
        if self.mode == "flock":
            (self.folder / "lock").unlink()
            os.close(self.fd)
        else:
            (self.folder / ".lock").unlink()


def leave_messages(folder: Path, mode: str, count: int, pause: float) -> None:
    """Leaves messages like app_voicemail; prints each msg_id with the seconds it waited."""
    for number in range(count):
        known = f"1900000000-{os.getpid() % 10000:04x}{number:04x}"
        with AsteriskLock(folder, mode) as lock:
            texts = [int(path.name[3:7]) for path in folder.glob("msg[0-9]*.txt")]
            stem = f"msg{max(texts, default=-1) + 1:04d}"
            work = folder.parent / f"tmp-{known}"
            for extension in (".wav", ".WAV"):
                work.write_bytes(known.encode())
                work.rename(folder / f"{stem}{extension}")
            age = int(samples.NOW.timestamp()) - 60
            work.write_bytes(f"[message]\norigtime={age}\nmsg_id={known}\n".encode())
            work.rename(folder / f"{stem}.txt")
        print(known, f"{lock.waited:.4f}", flush=True)  # noqa: T201
        time.sleep(pause)


if __name__ == "__main__":
    leave_messages(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
