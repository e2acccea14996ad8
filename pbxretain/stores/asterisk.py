"""Which Asterisk keeps this spool, and is anybody in a mailbox just now?

The configuration tells the lock mode and each mailbox's limit; the settings or the manager
interface tell the version, and with it whether a gap in the numbering does harm. What isn't known
stays None, and whoever asks must then take the more careful way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from pbxretain.errors import UnavailableError
from pbxretain.stores.ami import TIMEOUT, Ami, AmiRefused, AmiSettings, Sessions
from pbxretain.stores.folderlock import LockMode

_USUAL_LIMIT = 100
_UNDER_LOCK = 0.1
"""Seconds that Asterisk may take to say who listens while a folder is locked."""

_RELEASE = re.compile(r"^(\d+)\.(\d+)(?:\.\d+)*(?:[-~].*)?$")
_HARMLESS_SINCE = {18: 21, 20: 6, 21: 1}
_SECTION = re.compile(r"^\[([^\]]+)\]")
_INCLUDE = re.compile(r'^#(?:try)?include\s+[<"]?([^>"]+)[>"]?\s*$', re.IGNORECASE)
_DEEPEST = 8
PROGRAM_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/asterisk/sbin"
"""Where the program is looked for; cron's PATH is short, and a user's must not decide."""


@dataclass(frozen=True, slots=True)
class AsteriskFacts:
    """What is known of the Asterisk that owns a spool; None is unknown."""

    lockmode: LockMode | None = None
    version: str | None = None
    formats: tuple[str, ...] = ()
    usual_limit: int | None = None
    limits: Mapping[tuple[bytes, bytes], int] = field(default_factory=dict)
    """``maxmsg`` of single mailboxes by (context, mailbox)."""

    @property
    def gaps_are_harmless(self) -> bool:
        """Whether this version keeps new messages safe when a number below the last is missing.

        False where it doesn't, and where nobody knows: certified and development versions.
        Source: commit 3026ac08 of Asterisk, in 18.21.0, 20.6.0, 21.1.0, 22.0.0.
        """
        found = _RELEASE.match(self.version or "")
        if not found or "cert" in (self.version or ""):
            return False
        major, minor = int(found[1]), int(found[2])
        return major >= 22 or minor >= _HARMLESS_SINCE.get(major, 10**6)

    def limit(self, context: bytes, mailbox: bytes) -> int | None:
        """``maxmsg`` of one mailbox; None where the configuration wasn't read."""
        return self.limits.get((context, mailbox), self.usual_limit)


def read_asterisk_facts(
    config_dir: Path | None, version: str | None, ami: AmiSettings | None
) -> AsteriskFacts:
    """Reads asterisk.conf and voicemail.conf; asks the manager, else the program on this machine,
    for the version if need be.

    Nothing of it is required: what can't be read stays unknown. Never raises.
    """
    main = _read(config_dir, "asterisk.conf")
    mail = _read(config_dir, "voicemail.conf")
    if version is None and ami is not None:
        with suppress(UnavailableError), Ami(ami) as manager:
            version = manager.version()
    if version is None:
        version = program_version()
    return AsteriskFacts(
        lockmode=_lockmode(main),
        version=version,
        formats=tuple(re.findall(r"[^|,\s]+", _last(mail, "general", "format") or "")),
        usual_limit=None if mail is None else _limit(_last(mail, "general", "maxmsg")),
        limits=_limits(mail or []),
    )


def program_version(folders: str = PROGRAM_FOLDERS) -> str | None:
    """The version of the Asterisk installed on this machine (``asterisk -V``), if there is one."""
    found = re.search(r"\d+\.\d+(?:\.\d+)?", _asterisk(folders, "-V") or "")
    return found[0] if found else None


def reload_logger(folders: str = PROGRAM_FOLDERS) -> bool:
    """Has this machine's Asterisk open its logs anew; whether it took the command."""
    return _asterisk(folders, "-rx", "logger reload") is not None


def has_program(folders: str = PROGRAM_FOLDERS) -> bool:
    """Whether Asterisk is installed on this machine."""
    return shutil.which("asterisk", path=folders) is not None


def _asterisk(folders: str, *arguments: str) -> str | None:
    """What the program prints; None where it is missing or fails."""
    program = shutil.which("asterisk", path=folders)
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  (a fixed program of the system, fixed arguments)
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("ascii", "replace")


class Presence:
    """Tells who is in a mailbox. Keeps one session with the manager, renewed when it breaks."""

    def __init__(self, settings: AmiSettings | None) -> None:
        self._settings = settings
        self._ami: Ami | None = None

    @property
    def asks(self) -> bool:
        """Whether open sessions can be seen at all."""
        return self._settings is not None

    def inside(self, context: bytes, mailbox: bytes, *, locked: bool = False) -> bool:
        """Whether somebody is, or may be, in this mailbox.

        False without settings for the manager, and when this machine's Asterisk is stopped.
        ``locked`` shortens the wait. Raises UnavailableError when it can't be told.
        """
        sessions = self._sessions(_UNDER_LOCK if locked else TIMEOUT)
        return sessions is not None and sessions.inside(os.fsdecode(context), os.fsdecode(mailbox))

    def _sessions(self, timeout: float) -> Sessions | None:
        kept = self._ami is not None
        manager = self._manager(timeout)
        if manager is None:
            return None
        try:
            return manager.sessions(timeout=timeout)
        except UnavailableError:
            self.close()
            if not kept:
                raise
        # What broke was an old session: Asterisk may have been restarted since.
        return self._sessions(timeout)

    def refresh(self, context: bytes, mailbox: bytes) -> bool:
        """Sets a mailbox's lamp; False when that failed. True when there is nobody to tell."""
        try:
            manager = self._manager(TIMEOUT)
            if manager is not None:
                manager.refresh(os.fsdecode(context), os.fsdecode(mailbox))
        except UnavailableError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Ends the session; the next question opens a new one."""
        if self._ami is not None:
            self._ami.close()
            self._ami = None

    def _manager(self, timeout: float) -> Ami | None:
        if self._settings is None:
            return None
        if self._ami is None:
            try:
                self._ami = Ami(self._settings, timeout=timeout)
            except AmiRefused:
                if _stopped_here(self._settings.host):
                    return None
                raise
        self._ami.timeout = timeout
        return self._ami


def _stopped_here(host: str) -> bool:
    """Whether the manager that doesn't answer is this machine's, and no Asterisk runs here."""
    with suppress(ValueError):
        if not ip_address(host).is_loopback:
            return False
        host = "localhost"
    if host != "localhost":
        return False
    try:
        return not any(
            comm.read_bytes().strip() == b"asterisk"
            for comm in Path("/proc").glob("[0-9]*/comm")
            if comm.exists()
        )
    except OSError:
        return False


Entry = tuple[str, str, str]
"""Section, key, value."""


def _read(folder: Path | None, name: str) -> list[Entry] | None:
    if folder is None:
        return None
    try:
        lines = list(_lines(folder, folder / name, 0))
    except OSError:
        return None
    return list(_entries(lines))


def _lines(folder: Path, path: Path, depth: int) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        line = re.sub(r"(?<!\\);.*$", "", line).strip()
        found = _INCLUDE.match(line)
        if not found:
            yield line
        elif depth < _DEEPEST:
            yield from _included(folder, found[1].strip(), depth)


def _included(folder: Path, pattern: str, depth: int) -> Iterator[str]:
    base, rest = (Path("/"), pattern[1:]) if pattern.startswith("/") else (folder, pattern)
    with suppress(OSError, ValueError):
        for path in sorted(base.glob(rest)):
            yield from _lines(folder, path, depth + 1)


def _entries(lines: list[str]) -> Iterator[Entry]:
    section = ""
    for line in lines:
        if found := _SECTION.match(line):
            section = found[1]
        elif "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield section, name.strip().lower(), value.removeprefix(">").strip()


def _last(entries: list[Entry] | None, section: str, name: str) -> str | None:
    found = [value for where, key, value in entries or [] if (where, key) == (section, name)]
    return found[-1] if found else None


def _lockmode(entries: list[Entry] | None) -> LockMode | None:
    if entries is None:
        return None
    # Asterisk compares without regard to case and keeps its default for anything else.
    flock = (_last(entries, "options", "lockmode") or "").lower() == "flock"
    return "flock" if flock else "lockfile"


def _limit(text: str | None) -> int:
    return int(text) if text and text.isdigit() and int(text) > 0 else _USUAL_LIMIT


def _limits(entries: list[Entry]) -> dict[tuple[bytes, bytes], int]:
    """``mailbox => pin,name,mail,pager,maxmsg=50|tz=central``, one section a context."""
    limits = {}
    for section, mailbox, value in entries:
        found = re.search(r"[,|]\s*maxmsg=(\d+)", value)
        if section not in ("general", "zonemessages") and found:
            limits[os.fsencode(section), os.fsencode(mailbox)] = _limit(found[1])
    return limits
