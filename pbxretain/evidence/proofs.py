"""Does this proof show that one certain record was deleted?

A proof opens one leaf of one tree: the record, or one entry of the lookup, with its key, its path
to the root, and the signed report that bears the root. It is checked offline and without any key
of the data protection officer. It says nothing about any other record.

What makes leaves is imported where one is opened: most of what is verified is no proof.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pbxretain.errors import EvidenceError
from pbxretain.evidence import merkle
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.statements import BASE, Dataset, DeletionReport, parse_statement
from pbxretain.signing import (
    MAX_ENVELOPE,
    PublicKey,
    canonical,
    open_envelope,
    parse_canonical,
    verify_envelope,
)

if TYPE_CHECKING:
    from pbxretain.evidence.bundle import Told
    from pbxretain.evidence.lookup import Entry
    from pbxretain.records import Field

PROOF = f"{BASE}proof/v1"
MAX_PROOF = 2 * MAX_ENVELOPE
_END = f',"type":"{PROOF}"}}\n'.encode()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_PATH = 64
_MOST_ROTATIONS = 5000
_FIELDS = frozenset(
    ["type", "text", "kind", "dataset", "opened", "key", "index", "path", "report", "rotations"]
)
_TEXT = {
    "de": "Dieser Beleg öffnet genau einen gelöschten Datensatz und ist darum personenbezogen. "
    "Er sagt nichts über einen anderen.",
    "en": "This proof opens exactly one deleted record, by intent, and is personal data for that "
    "reason. It says nothing about any other.",
}

Kind = Literal["record", "entry"]


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """A record as somebody who still holds it knows it: the source's own bytes."""

    key: tuple[Field, ...]
    start: Field
    subjects: tuple[Field, ...] = ()
    digest: Field = None

    def body(self) -> bytes:
        """The part of the leaf that is this record's own."""
        from pbxretain.evidence.commitments import record_body
        from pbxretain.records import Taken

        if max(len(self.key), len(self.subjects)) > 255:
            _malformed()
        return record_body(Taken(self.key, self.start, _EPOCH, (), self.subjects, self.digest))

    def __repr__(self) -> str:
        return "<record>"


@dataclass(frozen=True, slots=True, repr=False)
class Proved:
    """What a sound proof shows. ``opened`` is the record, or party, minute, running number and
    position; personal data."""

    kind: Kind
    report: DeletionReport
    digest: str
    signer: str
    dataset: Dataset
    index: int
    opened: Mapping[str, Any]


def read_record(value: object) -> Record:
    """A record out of JSON: ``key``, ``start``, ``subjects`` and perhaps ``digest`` (hex). Each
    value is null, text, or ``{"base64": ...}``. EvidenceError (MALFORMED) for anything else."""
    if not isinstance(value, dict) or not value.keys() <= {"key", "start", "subjects", "digest"}:
        _malformed()
    digest = value.get("digest")
    if digest is not None and not _is_hex(digest):
        _malformed()
    return Record(
        key=_values(value.get("key")),
        start=_value(value.get("start")),
        subjects=_values(value.get("subjects", [])),
        digest=None if digest is None else bytes.fromhex(digest),
    )


def _values(values: object) -> tuple[Field, ...]:
    if not isinstance(values, list):
        _malformed()
    return tuple(map(_value, values))


def _value(value: object) -> Field:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, dict) and value.keys() == {"base64"}:
            return base64.b64decode(value["base64"], validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError, TypeError):
        _malformed()
    return _malformed()


def _json(field: Field) -> Any:
    if field is None:
        return None
    try:
        return field.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(field).decode()}


# --- making -------------------------------------------------------------------------------


def record_proof(
    told: Told,
    dataset: str,
    record: Record,
    *,
    encoding: str,
    key: bytes,
    index: int,
    leaves: Sequence[bytes],
) -> bytes:
    """The proof for leaf ``index`` of a dataset's tree over ``leaves``."""
    opened = {
        "encoding": encoding,
        "key": [_json(field) for field in record.key],
        "start": _json(record.start),
        "subjects": [_json(field) for field in record.subjects],
        "digest": None if record.digest is None else record.digest.hex(),
    }
    return _proof("record", told, dataset, opened, key=key, index=index, leaves=leaves)


def entry_proof(told: Told, dataset: str, entry: Entry, *, leaves: Sequence[bytes]) -> bytes:
    """The proof for one entry of a dataset's lookup, whose tree is over ``leaves``."""
    opened = {
        "party": entry.party,
        "minute": instant(_EPOCH + timedelta(minutes=entry.minute)),
        "repeat": entry.repeat,
        "position": entry.position,
    }
    return _proof("entry", told, dataset, opened, key=entry.key, index=entry.row, leaves=leaves)


def _proof(
    kind: Kind,
    told: Told,
    dataset: str,
    opened: Mapping[str, Any],
    *,
    key: bytes,
    index: int,
    leaves: Sequence[bytes],
) -> bytes:
    proof = {
        "type": PROOF,
        "text": _TEXT,
        "kind": kind,
        "dataset": dataset,
        "opened": opened,
        "key": key.hex(),
        "index": index,
        "path": [node.hex() for node in merkle.inclusion_proof(leaves, index)],
        "report": told.data.decode(),
        "rotations": [event.decode("utf-8", "replace") for event in told.rotations],
    }
    return canonical(proof) + b"\n"


# --- checking -----------------------------------------------------------------------------


def is_proof(data: bytes) -> bool:
    """Whether a file says that it is a proof; nothing else about it is checked."""
    return data.endswith(_END)


def report_in(proof: bytes) -> bytes:
    """The signed report that a proof carries along, as untrusted as the proof. EvidenceError
    (MALFORMED) for what is no proof."""
    return _text(_opened(proof)["report"]).encode("utf-8", "replace")


def rotations_in(proof: bytes) -> list[bytes]:
    """The key-events that a proof carries along, as untrusted as the proof: each proves itself by
    the signatures of both keys. EvidenceError (MALFORMED) for what is no proof."""
    return [event.encode("utf-8", "replace") for event in _opened(proof)["rotations"]]


def _opened(proof: bytes) -> dict[str, Any]:
    if len(proof) > MAX_PROOF:
        _malformed()
    read = parse_canonical(proof.removesuffix(b"\n"))
    if read.keys() != _FIELDS or read["type"] != PROOF or read["text"] != _TEXT:
        _malformed()
    events = read["rotations"]
    if not isinstance(events, list) or len(events) > _MOST_ROTATIONS:
        _malformed()
    if not all(isinstance(event, str) for event in events):
        _malformed()
    return read


def check_proof(proof: bytes, trusted: Mapping[str, PublicKey]) -> Proved:
    """Checks a proof against the keys that the caller trusts.

    Raises TrustError when the report is signed by another key, EvidenceError otherwise: code
    PROOF_BAD when the record isn't in the report's tree, MALFORMED for what is no proof.
    """
    read = _opened(proof)
    path = read["path"]
    if not isinstance(path, list) or len(path) > _LONGEST_PATH or not all(map(_is_hex, path)):
        _malformed()
    if not _is_hex(read["key"]) or type(read["index"]) is not int:
        _malformed()
    envelope = open_envelope(_text(read["report"]).encode("utf-8", "replace"))
    signer = verify_envelope(envelope, trusted)
    if signer not in {signature.keyid for signature in envelope.signatures}:
        _malformed()  # only a hint, but nobody writes another
    report = parse_statement(envelope.payload).predicate
    if not isinstance(report, DeletionReport):
        _malformed()
    dataset = next((d for d in report.datasets if d.dataset == read["dataset"]), None)
    if dataset is None or not isinstance(read["opened"], dict):
        _malformed()
    kind: Kind = "record" if read["kind"] == "record" else "entry"
    if kind != read["kind"]:
        _malformed()
    make = _record_leaf if kind == "record" else _entry_leaf
    opened = make(read["opened"], bytes.fromhex(read["key"]), dataset)
    tree = dataset.merkle if kind == "record" else dataset.lookup
    if tree is None or not merkle.is_included(
        opened,
        index=read["index"],
        size=tree.size,
        proof=[bytes.fromhex(node) for node in path],
        root=bytes.fromhex(tree.root),
    ):
        raise EvidenceError(
            "What the proof opens isn't among the records that the report covers.",
            code="PROOF_BAD",
        )
    return Proved(
        kind, report, envelope.digest, signer, dataset, read["index"], opened=read["opened"]
    )


def _record_leaf(opened: dict[str, Any], key: bytes, dataset: Dataset) -> bytes:
    from pbxretain.evidence.commitments import leaf, record_prefix

    if opened.keys() != {"encoding", "key", "start", "subjects", "digest"}:
        _malformed()
    fields = {name: value for name, value in opened.items() if name != "encoding"}
    try:
        prefix = record_prefix(
            encoding=_text(opened["encoding"]),
            data_class=dataset.data_class,
            dataset=dataset.dataset,
        )
    except UnicodeEncodeError:
        _malformed()
    return leaf(key, prefix=prefix, body=read_record(fields).body())


def _entry_leaf(opened: dict[str, Any], key: bytes, dataset: Dataset) -> bytes:
    from pbxretain.evidence.lookup import Entry, opened_leaf

    if opened.keys() != {"party", "minute", "repeat", "position"}:
        _malformed()
    numbers = opened["repeat"], opened["position"]
    if any(type(number) is not int or number < 0 for number in numbers):
        _malformed()
    try:
        minute = moment(_text(opened["minute"]))
        seconds = int((minute - _EPOCH).total_seconds())
    except (ValueError, OverflowError):
        _malformed()
    if seconds % 60 or instant(minute) != opened["minute"]:
        _malformed()
    return opened_leaf(
        Entry(
            row=0,
            party=_text(opened["party"]),
            minute=seconds // 60,
            repeat=numbers[0],
            position=numbers[1],
            key=key,
        )
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        _malformed()
    return value


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _malformed() -> NoReturn:
    raise EvidenceError("The file is no proof, or was changed.", code="MALFORMED") from None
