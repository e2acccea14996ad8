"""A voicemail spool on disk for tests: messages as Asterisk writes them, and what is left of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain.manifest import SpoolDataset
from pbxretain.records import Bits, Bounds, Session
from pbxretain.stores.ami import AmiSettings
from pbxretain.stores.asterisk import AsteriskFacts
from pbxretain.stores.folderlock import LockMode
from pbxretain.stores.spool import SpoolStore, open_spool

INSTALLATION = "inst-1"
DATASET = SpoolDataset(
    data="voicemail-messages", title="voicemail messages", kind="spool", root="voicemail"
)


def open_store(
    root: Path,
    *,
    version: str | None = "22.10.1",
    lockmode: LockMode | None = "lockfile",
    ami: AmiSettings | None = None,
    installation: str = INSTALLATION,
    limit: int | None = None,
) -> SpoolStore:
    return open_spool(
        name="voicemail",
        dataset=DATASET,
        root=root,
        zone=ZoneInfo("Europe/Vienna"),
        asterisk=AsteriskFacts(lockmode=lockmode, version=version, usual_limit=limit),
        ami=ami,
        installation=installation,
    )


@dataclass
class SpoolMaker:
    """Writes messages the way Asterisk does."""

    root: Path
    counter: int = 0

    def folder(self, folder: str = "INBOX", box: str = "default/411") -> Path:
        path = self.root / box / folder
        path.mkdir(parents=True, exist_ok=True)
        return path

    def message(
        self,
        number: int,
        when: datetime,
        *,
        folder: str = "INBOX",
        box: str = "default/411",
        extensions: Iterable[str] = (".wav", ".WAV"),
        caller: bytes = b'"Jo \xfcber" <+493023125001>',
        message_id: str | None = "",
        sound: bytes | None = None,
        origtime: str | None = None,
    ) -> str:
        """Writes one message; returns its msg_id."""
        self.counter += 1
        epoch = int(when.timestamp())
        if message_id == "":
            message_id = f"{epoch}-{self.counter:08x}"
        at = self.folder(folder, box)
        lines = [
            b";\n; Message Information file\n;\n[message]",
            b"origmailbox=" + box.split("/")[1].encode(),
            b"context=app-vm",
            b"callerid=" + caller,
            b"origdate=Sat Oct 18 11:36:50 PM UTC 2025",
            b"origtime=" + (str(epoch) if origtime is None else origtime).encode(),
            *([b"msg_id=" + message_id.encode()] if message_id else []),
            b"flag=",
            b"duration=2",
        ]
        stem = f"msg{number:04d}"
        for extension in extensions:
            content = sound if sound is not None else f"{message_id}{extension}".encode()
            self.file(at / f"{stem}{extension}", content, when)
        self.file(at / f"{stem}.txt", b"\n".join(lines) + b"\n", when)
        return message_id or ""

    @staticmethod
    def file(path: Path, content: bytes, when: datetime) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (when.timestamp(), when.timestamp()))
        return path


@dataclass
class StoredIntent:
    """An intent as a journal would tell it."""

    run: str
    batch: int
    committed: bool
    count: int
    bounds: Bounds = None  # type: ignore[assignment]
    session: Session | None = None

    def compare(self, present: Iterable[tuple[bytes, bytes]]) -> Bits:
        raise AssertionError("a spool settles by its journal")

    def matches(self, identity: bytes) -> bool:
        raise AssertionError("a spool settles by its journal")


def everything(root: Path) -> dict[bytes, bytes]:
    """Each file below the root by path, with its content; links by their target."""
    found = {}
    for folder, _, names in os.walk(root):
        for path in (Path(folder, name) for name in names):
            link = path.is_symlink()
            content = b"-> " + os.fsencode(path.readlink()) if link else path.read_bytes()
            found[os.fsencode(path.relative_to(root))] = content
    return found


def ours(root: Path) -> list[bytes]:
    """Whatever of pbxretain's or of any lock lies below the root."""
    return [
        path
        for path in everything(root)
        if b".pbxretain" in path or path.endswith((b"/.lock", b"/lock"))
    ]
