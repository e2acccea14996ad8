"""What lies in a copy of a source's reports, a folder or one ZIP file? Read only; nothing in it is
trusted, and no file is read that is larger than it should be."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pbxretain.errors import DocumentError, EvidenceError, TrustError, UnavailableError
from pbxretain.evidence.statements import DeletionReport, KeptFile, parse_statement
from pbxretain.signing import (
    MAX_ENVELOPE,
    Envelope,
    open_envelope,
)

_REPORT = re.compile(r"\d{6,16}-deletion-report\.dsse\.json")
_LEDGER = "ledger.jsonl"
_SIDECARS = "sidecars"


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One report: its file's name and bytes, and what it says."""

    name: str
    data: bytes
    envelope: Envelope
    report: DeletionReport

    @property
    def run(self) -> str:
        """The run that made the run key: the dead one, where another told its story."""
        return self.report.run.recovers or self.report.run.id

    def file(self, role: str, dataset: str | None) -> KeptFile | None:
        """The file of a role beside the report; None where there is none."""
        for file in self.report.evidence.files:
            if (file.role, file.dataset) == (role, dataset):
                return file
        return None


class Bundle:
    """A folder of reports or a ZIP file of one. DocumentError when it is neither,
    UnavailableError when it can't be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        try:
            if path.is_dir():
                inner = path / "reports"
                self.folder = path if (path / _LEDGER).exists() or not inner.is_dir() else inner
                names = {name: name for name in os.listdir(self.folder)}  # noqa: PTH208
            else:
                self._zip = zipfile.ZipFile(path)
                self.folder = path.parent
                names = _members(self._zip)
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            raise DocumentError(
                f"{path} is neither a folder of reports nor a ZIP file of one"
            ) from None
        except OSError:
            raise UnavailableError(f"{path} can't be read") from None
        self._names: Mapping[str, str] = names

    @property
    def is_folder(self) -> bool:
        return self._zip is None

    def reports(self, vouched: Container[str] | None = None) -> Iterator[Told]:
        """All reports by number. ``vouched`` are digests of statements whose signature somebody
        has checked: any other is a TrustError. Without it, nobody vouches for them."""
        for name in sorted(filter(_REPORT.fullmatch, self._names)):
            data = self._read(self._names[name], MAX_ENVELOPE + 1)
            if data is None:
                raise EvidenceError(f"{name} can't be read", code="MALFORMED")
            envelope = open_envelope(data)
            if vouched is not None and envelope.digest not in vouched:
                raise TrustError(f"{name} isn't signed by a key that is trusted here")
            report = parse_statement(envelope.payload).predicate
            if isinstance(report, DeletionReport):
                yield Told(name, data, envelope, report)

    def sidecar(self, file: KeptFile) -> bytes | None:
        """The content of a file that a report names; None when it isn't there any more.
        EvidenceError (SIDECAR) when it isn't what the report names."""
        inside = f"{_SIDECARS}/{file.name}"
        data = self._read(self._names.get(inside, inside), file.bytes + 1)
        if data is None:
            return None
        if len(data) != file.bytes or hashlib.sha256(data).hexdigest() != file.sha256:
            raise EvidenceError(
                f"the file {file.name[:12]}… beside the reports isn't the one that was signed for",
                code="SIDECAR",
            )
        return data

    def _read(self, name: str, limit: int) -> bytes | None:
        try:
            if self._zip is None:
                with (self.folder / name).open("rb") as file:
                    return file.read(limit)
            with self._zip.open(name) as member:
                return member.read(limit)
        except (FileNotFoundError, KeyError):
            return None
        except (OSError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile):
            raise UnavailableError(f"a file in {self.path} can't be read") from None


def _members(file: zipfile.ZipFile) -> dict[str, str]:
    """Members by their path below the folder in which the ledger lies."""
    names = file.namelist()
    tops = [PurePosixPath(n).parent for n in names if PurePosixPath(n).name == _LEDGER]
    top = min(tops, key=lambda path: len(path.parts), default=PurePosixPath())
    return {
        str(PurePosixPath(name).relative_to(top)): name
        for name in names
        if PurePosixPath(name).is_relative_to(top)
    }
