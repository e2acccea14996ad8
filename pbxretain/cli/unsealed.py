"""How do the evidence commands read their files, record what was done, and show what came out?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from pbxretain import keyring, keys, messages, signing
from pbxretain.cli import context, passphrase
from pbxretain.cli.face import Face
from pbxretain.cli.printed import put
from pbxretain.errors import DocumentError, EvidenceError, Exit, RefusedError, UnavailableError
from pbxretain.evidence import proofs, sealing
from pbxretain.evidence.attestations import EvidenceAccess, EvidenceShred
from pbxretain.evidence.bundle import Bundle, Told
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.leaves import erase
from pbxretain.evidence.notes import Checkpoint
from pbxretain.evidence.opening import Found, Match
from pbxretain.evidence.proofs import MAX_PROOF, Proved, Record
from pbxretain.evidence.statements import KeptFile, file_type, statement
from pbxretain.explain import data_class
from pbxretain.messages import Lang, code, text
from pbxretain.officer import Home
from pbxretain.places import officer_home
from pbxretain.sheet import Block, Column, Heading, Items, KeyValue, Paragraph, Sheet, Table
from pbxretain.verify import Verdict, verify_paths
from pbxretain.verify.carried import keys_for
from pbxretain.verify.signers import Anchors
from pbxretain.witness import kept

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_MAX_RECORD = 1 << 20
UNSEARCHED = ("destroyed", "foreign", "counts")
"""Why a report can't be searched: the names of the lists in ``Found``."""


# --- keys and files ---------------------------------------------------------------------------


class Holder:
    """Whoever opens evidence, with a key file or the officer's home; asks for one passphrase."""

    def __init__(
        self, face: Face, key: Path | None, home: Path | None, passphrase_file: Path | None
    ) -> None:
        self._face = face
        self._home = Home(officer_home(home))
        self._file = self._home.keys if key is None else key
        self._own = key is None
        self._passphrase_file = passphrase_file
        self._rings: dict[Path, keyring.Keyring] = {}

    def opener(self) -> X25519PrivateKey:
        """The private escrow key: out of a key file, or a PEM file without passphrase."""
        ring = self._opened()
        return sealing.load_escrow(self._file) if ring is None else ring.opener()

    def signer(self, file: Path | None) -> signing.PrivateKey:
        """The officer's signing key: the one in a file, or the one beside the escrow key."""
        if file is not None and not keyring.is_container(file):
            return keys.load_key(file)
        ring = self._opened() if file is None else self._open(file)
        if ring is None:
            raise RefusedError("the escrow key can't sign", hint="--sign FILE", code="CANT_SIGN")
        return ring.signer("dpo")

    def trust(self, given: Sequence[Path]) -> Sequence[Path]:
        """What the caller trusts; without a word from him the roster in the officer's home."""
        roster = self._home.roster_file
        return given or ([roster] if self._home.is_set_up else [])

    def seen(self, given: Sequence[Path]) -> Sequence[Checkpoint]:
        """The checkpoints that the officer's machine has kept; none under another's roster."""
        return kept(self._home) if not given and self._home.is_set_up else ()

    def _opened(self) -> keyring.Keyring | None:
        if self._own:
            self._home.must_have_keys()
        return self._open(self._file) if keyring.is_container(self._file) else None

    def _open(self, file: Path) -> keyring.Keyring:
        """Each file is asked for its passphrase once."""
        if file not in self._rings:
            word = passphrase.ask(self._face, self._passphrase_file)
            self._rings[file] = keyring.open_container(file, word)
        return self._rings[file]


_NOT_WHOLE = frozenset(
    ("GAP", "TRUNCATED", "MISSING_REPORT", "MISSING_LEDGER", "EXTRA_REPORT", "MISSING_SIDECAR")
)
"""What verify may find that makes a search tell less than there is, besides forgeries."""


def checked(bundle: Bundle, trust: Sequence[Path], *, seen: Sequence[Checkpoint]) -> Verdict | None:
    """What ``verify`` says of the reports before they are searched; None where the caller trusts
    nobody. ``seen`` are checkpoints from which the ledger must have grown."""
    if not trust:
        return None
    return verify_paths([bundle.folder], trust=trust, own_public=None, now=context.now(), seen=seen)


def signed_in(verdict: Verdict | None) -> frozenset[str] | None:
    """Digests of the reports that a trusted key signed; None where nobody is trusted."""
    if verdict is None:
        return None
    return frozenset(report.digest for report in verdict.reports if report.signer)


def missing(verdict: Verdict | None) -> list[str]:
    """Codes that say that reports are missing or not genuine, so that no search is complete."""
    findings = verdict.findings if verdict else ()
    bad = (f.code for f in findings if f.exit is Exit.FORGED or f.code in _NOT_WHOLE)
    return list(dict.fromkeys(bad))


def trusted(face: Face, proof: Path, trust: Sequence[Path]) -> Mapping[str, signing.PublicKey]:
    """The keys by which a proof's report may be signed: those that are named, or a roster's
    runners; without any, those of the roster in the officer's home, or this installation's own;
    and those that followed them."""
    home = Home(officer_home())
    known = trust or ([home.roster_file] if home.is_set_up else [])
    return keys_for(
        proof, Anchors.load(known, own_public=None if known else context.Own(face).public)
    )


def minute(value: str) -> datetime:
    """A minute as typed; without a zone it is meant in the source's."""
    try:
        return datetime.fromisoformat(value).replace(second=0, microsecond=0)
    except ValueError:
        raise DocumentError(
            "--at is no time", hint="write it like 2026-08-24T14:05", code="AT"
        ) from None


def read_record(path: Path) -> Record:
    """The record in a JSON file: key columns, start event, parties."""
    data = _read(path, _MAX_RECORD)
    try:
        return proofs.read_record(json.loads(data))
    except (ValueError, RecursionError, EvidenceError):
        raise DocumentError(
            f"{path} holds no record",
            hint='{"key": [...], "start": "...", "subjects": [...]}, each text, null or base64',
            code="RECORD_FILE",
            params={"path": str(path)},
        ) from None


def read_proof(path: Path) -> bytes:
    return _read(path, MAX_PROOF)


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError:
        raise UnavailableError(
            f"{path} can't be read", code="FILE_READ", params={"path": str(path)}
        ) from None
    if len(data) > limit:
        raise DocumentError(f"{path} is too large")
    return data


def write_proof(path: Path, proof: bytes) -> None:
    """Writes a proof (0600), never over another file."""
    put(path, proof, mode=0o600)


# --- what was done, recorded ------------------------------------------------------------------


def record_access(
    bundle: Bundle, found: Found, folder: Path, *, purpose: str, key: signing.PrivateKey
) -> Path | None:
    """Puts a signed note into ``folder`` that evidence was opened, why, and with how many matches;
    None where no run key was opened. It never says for whom."""
    told = next(iter(bundle.reports()), None)
    if told is None or not found.opened:
        return None
    note = EvidenceAccess.model_validate(
        {
            **_about(told, context.now()),
            "purpose": purpose,
            "files": tuple(found.opened),
            "matches": len(found.matches),
        }
    )
    return _file(folder, note, key)


def due_for_shredding(bundle: Bundle, today: date | None) -> list[tuple[Told, KeptFile]]:
    """Files that are still there and whose day has passed; all of them without a day."""
    return [
        (told, file)
        for told in bundle.reports()
        for file in told.report.evidence.files
        if (today is None or (told.report.evidence.shred_after or "9") < today.isoformat())
        and bundle.path(file).exists()
    ]


def shred(
    bundle: Bundle,
    due: Sequence[tuple[Told, KeptFile]],
    *,
    signer: signing.PrivateKey,
    ordered: bool,
    now: datetime,
) -> Path | None:
    """Files the statement, then overwrites and removes; None where nothing was due. A crash in
    between leaves files that the next call finds."""
    if not due:
        return None
    note = EvidenceShred.model_validate(
        {
            **_about(due[0][0], now),
            "reason": "ordered" if ordered else "end-of-life",
            "files": tuple(file.sha256 for _, file in due),
        }
    )
    path = _file(bundle.folder / "filed", note, signer)
    for _, file in due:
        gone = bundle.path(file)
        try:
            gone.chmod(0o600)
        except OSError:
            raise UnavailableError(
                f"a file in {gone.parent} can't be destroyed", hint="run this as its owner"
            ) from None
        erase(gone)
    return path


def _about(told: Told, now: datetime) -> dict[str, object]:
    return {
        "schema": 1,
        "id": str(uuid4()),
        "installation": told.report.installation,
        "source": told.report.source,
        "at": instant(now),
    }


def _file(folder: Path, note: EvidenceAccess | EvidenceShred, key: signing.PrivateKey) -> Path:
    document = statement(note)
    sealed = signing.seal(document, key)
    digest = signing.open_envelope(sealed).digest
    kind = file_type(str(document["predicateType"]))
    try:
        folder.mkdir(mode=0o750, exist_ok=True)
    except OSError:
        raise RefusedError(
            f"{folder} can't be written", code="FILE_WRITE", params={"path": str(folder)}
        ) from None
    path = folder / f"{kind}-{digest[:12]}.dsse.json"
    put(path, sealed)
    return path


# --- what is shown ----------------------------------------------------------------------------


def found_data(found: Found) -> dict[str, object]:
    """A search as JSON."""
    return {
        "matches": [
            {
                "when": match.when.isoformat(),
                "data_class": match.dataset.data_class,
                "dataset": match.dataset.dataset,
                "report": match.told.report.ledger.seq,
                "run_ended_at": match.told.report.run.ended_at,
                "file": match.told.name,
            }
            for match in _sorted(found.matches)
        ],
        "searched": found.searched,
        "destroyed": found.destroyed,
        "foreign": found.foreign,
        "counts": found.counts,
    }


def _sorted(matches: Sequence[Match]) -> list[Match]:
    return sorted(matches, key=lambda m: (m.entry.minute, m.told.name, m.dataset.dataset))


def found_sheet(found: Found, lang: Lang, *, gaps: Sequence[str] = ()) -> Sheet:
    """A search as a page; ``gaps`` are codes of what is missing among the reports."""
    title: Block = Heading(text("evidence.find.title", lang), 1)
    if gaps:
        told = [text("evidence.find.gaps", lang), *(code("code", gap, lang) for gap in gaps)]
        return Sheet(lang, (title, Items(tuple(told)), *found_sheet(found, lang).blocks[1:]))
    searched = Paragraph(text("evidence.find.searched", lang, n=len(found.searched)))
    missing = [
        Paragraph(text(f"evidence.find.{name}", lang, numbers=", ".join(map(str, numbers))))
        for name in UNSEARCHED
        if (numbers := getattr(found, name))
    ]
    if not found.searched and not found.matches:
        nothing = Paragraph(text("evidence.find.nothing", lang), "result")
        uncovered = Paragraph(text("evidence.find.uncovered", lang))
        return Sheet(lang, (title, nothing, *(missing or [uncovered])))
    if missing:
        missing.insert(0, Paragraph(text("evidence.find.part", lang)))
    if not found.matches:
        none = Paragraph(text("evidence.find.none", lang), "result")
        return Sheet(lang, (title, none, *missing, searched))
    names = ("when", "class", "report", "run")
    columns = tuple(Column(text(f"evidence.col.{name}", lang)) for name in names)
    rows = tuple(
        (
            messages.moment(match.when, _zone(match.told), lang),
            data_class(match.dataset.data_class, lang),
            str(match.told.report.ledger.seq),
            messages.moment(moment(match.told.report.run.ended_at), _zone(match.told), lang),
        )
        for match in _sorted(found.matches)
    )
    return Sheet(lang, (title, Table(columns, rows), *missing, searched))


def _zone(told: Told) -> ZoneInfo:
    return ZoneInfo(told.report.run.timezone)


def proved_data(proved: Proved) -> dict[str, object]:
    """A checked proof as JSON."""
    return {
        "kind": proved.kind,
        "opened": dict(proved.opened),
        "dataset": proved.dataset.dataset,
        "data_class": proved.dataset.data_class,
        "source": proved.report.source,
        "report": proved.report.ledger.seq,
        "run_ended_at": proved.report.run.ended_at,
        "digest": proved.digest,
        "signer": proved.signer,
    }


def proved_sheet(proved: Proved, lang: Lang) -> Sheet:
    """A checked proof as a page."""
    zone = ZoneInfo(proved.report.run.timezone)
    ended = messages.moment(moment(proved.report.run.ended_at), zone, lang)
    pairs = [
        (text("evidence.col.class", lang), data_class(proved.dataset.data_class, lang)),
        (text("evidence.col.report", lang), str(proved.report.ledger.seq)),
        (text("evidence.col.run", lang), ended),
        (text("evidence.col.signer", lang), signing.fingerprint(proved.signer)),
        *((name, _shown(value)) for name, value in proved.opened.items()),
    ]
    blocks: tuple[Block, ...] = (
        Heading(text("evidence.proof.title", lang), 1),
        Paragraph(text("evidence.proof.sound", lang), "result"),
        KeyValue(tuple(pairs)),
        Paragraph(text("evidence.proof.only", lang)),
    )
    return Sheet(lang, blocks)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shred_data(due: Sequence[tuple[Told, KeptFile]], path: Path | None) -> dict[str, object]:
    """What was destroyed, as JSON."""
    return {
        "destroyed": [file.sha256 for _, file in due],
        "statement": str(path) if path else None,
    }


def shred_sheet(due: Sequence[tuple[Told, KeptFile]], path: Path | None, lang: Lang) -> Sheet:
    """What was destroyed, as a page."""
    if path is None:
        return Sheet(lang, (Paragraph(text("evidence.shred.none", lang), "result"),))
    done = text("evidence.shred.done", lang, n=len(due))
    return Sheet(
        lang,
        (Paragraph(done, "result"), Paragraph(text("evidence.shred.statement", lang, path=path))),
    )
