"""Which reports and which files beside them lie in a copy of a source's reports? Read only;
nothing in it is trusted, and no file is read that is larger than its report says."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from pbxretain.errors import EvidenceError, TrustError, UnavailableError
from pbxretain.evidence.statements import DeletionReport, KeptFile, parse_statement
from pbxretain.signing import (
    MAX_ENVELOPE,
    Envelope,
    open_envelope,
)

_REPORT = re.compile(r"\d{6,16}-deletion-report\.dsse\.json")
_ROTATION = re.compile(r"\d{6,16}-key-event\.dsse\.json")
_SIDECARS = "sidecars"


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """One report: its file's name and bytes, and what it says."""

    name: str
    data: bytes
    envelope: Envelope
    report: DeletionReport
    rotations: tuple[bytes, ...] = ()
    """The key-events before it: whose key followed whose."""

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
    """A folder of reports. Raises UnavailableError when it can't be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._names = sorted(os.listdir(folder))  # noqa: PTH208  (names, undecodable ones too)
        except OSError:
            raise UnavailableError(f"{folder} can't be read") from None

    def reports(self, vouched: Container[str] | None = None) -> Iterator[Told]:
        """All reports by number. ``vouched`` are digests of statements whose signature somebody
        has checked: any other is a TrustError. Without it, nobody vouches for them."""
        rotations: list[bytes] = []
        for name in self._names:
            if _ROTATION.fullmatch(name):
                rotations.append(self._read(self.folder / name, MAX_ENVELOPE) or b"")
            if not _REPORT.fullmatch(name):
                continue
            data = self._read(self.folder / name, MAX_ENVELOPE + 1)
            if data is None:
                raise EvidenceError(f"{name} can't be read", code="MALFORMED")
            envelope = open_envelope(data)
            if vouched is not None and envelope.digest not in vouched:
                raise TrustError(f"{name} isn't signed by a key that is trusted here")
            report = parse_statement(envelope.payload).predicate
            if isinstance(report, DeletionReport):
                yield Told(name, data, envelope, report, tuple(rotations))

    def path(self, file: KeptFile) -> Path:
        """Where a file lies that a report names."""
        return self.folder / _SIDECARS / file.name

    def sidecar(self, file: KeptFile) -> bytes | None:
        """The content of a file that a report names; None when it isn't there any more.
        EvidenceError (SIDECAR) when it isn't what the report names."""
        data = self._read(self.path(file), file.bytes + 1)
        if data is None:
            return None
        if len(data) != file.bytes or hashlib.sha256(data).hexdigest() != file.sha256:
            raise EvidenceError(
                f"the file {file.name[:12]}… beside the reports isn't the one that was signed for",
                code="SIDECAR",
            )
        return data

    def _read(self, path: Path, limit: int) -> bytes | None:
        try:
            with path.open("rb") as file:
                return file.read(limit)
        except FileNotFoundError:
            return None
        except OSError:
            raise UnavailableError(f"a file in {self.folder} can't be read") from None
