"""How does a source's evidence travel from the host to the officer's machine?

A bundle is a copy of the source's reports folder, or the same in one zip file. Packing takes what
has a name there and nothing else. Opening trusts nothing: no path that leads elsewhere, no link,
no second file of one name, no more bytes than a small file may honestly hold.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from pbxretain import posix
from pbxretain.errors import EvidenceError, RefusedError, UnavailableError
from pbxretain.ledger import (
    CHECKPOINT,
    COSIGNED,
    COSIGNED_NAME,
    FILED,
    LEDGER,
    ROSTER,
    SIDECARS,
)
from pbxretain.signing import MAX_ENVELOPE
from pbxretain.verify.reading import SUMS

PAGE = "verify.html"
_AT_TOP = re.compile(
    r"\d{6,}-[a-z-]+\.(dsse\.json|verify\.sh)|runner-[0-9a-f]{8}\.pub\.pem"
    rf"|{re.escape(LEDGER)}|{CHECKPOINT}|{re.escape(ROSTER)}|{re.escape(PAGE)}"
)
_BELOW: Mapping[str, re.Pattern[str]] = {
    COSIGNED: COSIGNED_NAME,
    FILED: re.compile(r"[a-z-]+-[0-9a-f]{12}\.dsse\.json"),
    SIDECARS: re.compile(r"[0-9a-f]{64}\.bin"),
}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}(?<!\.)")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are no files on Windows, whatever follows their dot."""

MAX_FILES = 100_000
MAX_BYTES = 16 * 1024**3
_HONEST = 64 * 1024**2
_SWELL = 50
"""Reports shrink to a fifth at best: a file that grows fifty times over, past 64 MiB, is made to
fill a disk."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle: files of the folder by their name there, and what is added."""

    files: Mapping[str, Path]
    added: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> list[str]:
        """Every file but the list of sums."""
        return sorted({*self.files, *self.added})

    def chunks(self, name: str) -> Iterator[bytes]:
        """One file's bytes."""
        if name in self.added:
            yield self.added[name]
            return
        with self.files[name].open("rb") as source:
            while chunk := source.read(_CHUNK):
                yield chunk


def _poured(
    bundle: Contents, open_entry: Callable[[str], AbstractContextManager[IO[bytes]]]
) -> None:
    """Writes each file where ``open_entry`` says, and last the sums over what was written."""
    sums = ""
    for name in bundle.names:
        digest = hashlib.sha256()
        with open_entry(name) as target:
            for chunk in bundle.chunks(name):
                digest.update(chunk)
                target.write(chunk)
        sums += f"{digest.hexdigest()}  {name}\n"
    with open_entry(SUMS) as target:
        target.write(sums.encode())


def contents(folder: Path, *, sidecars: bool, added: Mapping[str, bytes]) -> Contents:
    """The files of a reports folder that belong into a bundle; ``added`` replaces those of its
    name. Call it under the source's lock. UnavailableError when the folder can't be read."""
    found: dict[str, Path] = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.name in _BELOW and (sidecars or path.name != SIDECARS):
                inside = _BELOW[path.name]
                found |= {
                    f"{path.name}/{each.name}": each
                    for each in sorted(path.iterdir())
                    if inside.fullmatch(each.name) and _is_plain_file(each)
                }
            elif _AT_TOP.fullmatch(path.name) and _is_plain_file(path):
                found[path.name] = path
    except OSError:
        raise UnavailableError(f"the reports in {folder} can't be read") from None
    return Contents({n: p for n, p in found.items() if n not in added}, added)


def _is_plain_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def write(bundle: Contents, out: Path) -> None:
    """Writes a bundle: one zip file where ``out`` ends in ``.zip``, else a folder. Never over
    anything (RefusedError FILE_EXISTS); what can't be finished is removed (FILE_WRITE).

    The same contents give the same zip file, byte for byte, under one version of zlib.
    """
    if os.path.lexists(out):
        raise exists(out)
    try:
        if out.suffix.lower() == ".zip":
            _write_zip(bundle, out)
        else:
            _write_folder(bundle, out)
    except (OSError, ValueError):
        raise RefusedError(
            f"{out} can't be written", code="FILE_WRITE", params={"path": str(out)}
        ) from None


def _write_zip(bundle: Contents, out: Path) -> None:
    # Straight to its place: memory sticks know neither modes nor a rename that never replaces.
    with out.open("xb") as file:
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                _poured(bundle, lambda name: _entry(archive, name))
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                out.unlink()
            raise


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return archive.open(entry, "w", force_zip64=True)


def hand_over(out: Path, data: bytes) -> None:
    """Writes one file that goes to the other side, onto any kind of disk; never over another.

    RefusedError (FILE_EXISTS, FILE_WRITE).
    """
    try:
        with out.open("xb") as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                with suppress(OSError):
                    out.unlink()
                raise
    except FileExistsError:
        raise exists(out) from None
    except (OSError, ValueError):
        raise RefusedError(
            f"{out} can't be written", code="FILE_WRITE", params={"path": str(out)}
        ) from None


def handed(path: Path) -> bytes:
    """A file that came from the other side: as much as a statement may have, and one byte more.
    UnavailableError (FILE_READ)."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_ENVELOPE + 1)
    except (OSError, ValueError):
        raise UnavailableError(
            f"{path} can't be read", code="FILE_READ", params={"path": str(path)}
        ) from None


def exists(out: Path) -> RefusedError:
    """What is said when a file would be overwritten."""
    return RefusedError(
        f"{out} is there already and is not overwritten",
        code="FILE_EXISTS",
        params={"path": str(out)},
    )


def _write_folder(bundle: Contents, out: Path) -> None:
    part = out.with_name(f".{out.name}.part~")
    part.mkdir()
    try:
        _poured(bundle, lambda name: _file(part, name))
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    posix.fsync_dir(out.absolute().parent)


@contextmanager
def _file(folder: Path, name: str) -> Iterator[IO[bytes]]:
    path = folder.joinpath(*PurePosixPath(name).parts)
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as target:
        yield target
        target.flush()
        os.fsync(target.fileno())


# --- opening ------------------------------------------------------------------------------------


@contextmanager
def opened_bundle(path: Path) -> Iterator[Path]:
    """The folder of a bundle: the folder itself, or what a zip file holds, unpacked for the length
    of the block into a folder that only its owner can read.

    UnavailableError when it can't be read, EvidenceError (BUNDLE) for anything that no honest
    bundle holds.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        raise UnavailableError(
            f"there is no bundle at {path}", code="NO_BUNDLE", params={"path": str(path)}
        ) from None
    if stat.S_ISDIR(mode):
        yield _folder(path)
        return
    if not stat.S_ISREG(mode):
        raise UnavailableError(
            f"{path} is neither a folder nor a file", code="NO_BUNDLE", params={"path": str(path)}
        )
    with tempfile.TemporaryDirectory(prefix="pbxretain-") as made:
        folder = Path(made)
        _unpack(path, folder)
        yield folder


@contextmanager
def opened_paths(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The same paths, with each zip file opened as a bundle for the length of the block."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(opened_bundle(path)) if path.suffix.lower() == ".zip" else path
            for path in paths
        ]


def _folder(path: Path) -> Path:
    inner = path / "reports"
    folder = inner if not (path / LEDGER).exists() and inner.is_dir() else path
    try:
        below = [folder / name for name in _BELOW if (folder / name).is_dir()]
        for where in (folder, *below):
            if where.is_symlink() or any(each.is_symlink() for each in where.iterdir()):
                _bad("it holds a link")
    except OSError:
        raise UnavailableError(
            f"the bundle at {path} can't be read", code="FILE_READ", params={"path": str(path)}
        ) from None
    return folder


def _unpack(path: Path, folder: Path) -> None:
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            # Not is_dir(), which some Pythons let fail over an empty name.
            entries = [e for e in archive.infolist() if not e.filename.endswith("/")]
            _bear(entries, size)
            for name, entry in _named(entries).items():
                _extract(archive, entry, folder.joinpath(*PurePosixPath(name).parts))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        _bad("it is no zip file, or a damaged one")
    except (OSError, ValueError):
        raise UnavailableError(f"the bundle at {path} can't be unpacked") from None


def _bear(entries: list[zipfile.ZipInfo], size: int) -> None:
    whole = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES or whole > MAX_BYTES:
        _bad("it is too large")
    if whole > max(_HONEST, _SWELL * size):
        _bad("it would grow beyond all measure when unpacked")


def _named(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Each entry by the path that it may have below a bundle, and by no other."""
    paths = [_path(entry) for entry in entries]
    tops = {parts[0] for parts in paths}
    if len(tops) == 1 and not tops & set(_BELOW) and all(len(parts) > 1 for parts in paths):
        paths = [parts[1:] for parts in paths]  # somebody zipped the folder itself
    named: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for parts, entry in zip(paths, entries, strict=True):
        name = "/".join(parts)
        if len(parts) > 2 or (len(parts) == 2 and parts[0] not in _BELOW):
            _bad("it holds folders that don't belong there")
        if name.casefold() in seen or name.casefold() in _BELOW:
            _bad("it holds two files of one name")
        seen.add(name.casefold())
        named[name] = entry
    return named


def _path(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == 3 else 0
    if kind not in (0, stat.S_IFREG):
        _bad("it holds a link or a device")
    if entry.flag_bits & 0x1:
        _bad("it is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _bad("it is packed in an unusual way")
    parts = tuple(entry.orig_filename.split("/"))
    if not all(_PLAIN.fullmatch(part) and not _DEVICES.fullmatch(part) for part in parts):
        _bad("it holds a file with a name that doesn't belong there")
    return parts


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    left = entry.file_size
    with archive.open(entry) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                _bad("a file in it is larger than it says")
            target.write(chunk)
    if left:
        _bad("a file in it is smaller than it says")


def _bad(why: str) -> NoReturn:
    raise EvidenceError(
        f"This is no bundle that can be trusted: {why}",
        hint="ask for it again, as pbxretain report bundle makes it",
        code="BUNDLE",
    ) from None
