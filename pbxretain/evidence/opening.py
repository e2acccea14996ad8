"""What do sealed reports say about one number or one record, to somebody who holds the escrow key?

Works on a bundle, without a database. Every file is compared with the digest in its report, every
match with the report's signed root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pbxretain.errors import DocumentError, EvidenceError
from pbxretain.evidence import merkle, proofs, sealing, sidecars
from pbxretain.evidence.bundle import Bundle, Told
from pbxretain.evidence.commitments import RunKey, keystream, record_prefix
from pbxretain.evidence.lookup import ROW, Entry, Search, parties_meant
from pbxretain.evidence.proofs import Record
from pbxretain.evidence.statements import Dataset

_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """Whom and when: a number as a person types it, and local days or minutes."""

    number: str
    region: str | None = None
    extension: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """One deleted record of the number; ``when`` is its minute in the source's zone."""

    told: Told
    dataset: Dataset
    entry: Entry
    leaves: Sequence[bytes]
    """Of the lookup tree that the entry stands in."""

    @property
    def when(self) -> datetime:
        zone = ZoneInfo(self.told.report.run.timezone)
        return datetime.fromtimestamp(self.entry.minute * 60, UTC).astimezone(zone)


@dataclass(slots=True, repr=False)
class Found:
    """What a search came to. The lists hold report numbers: of those searched, and of those that
    nobody can search: destroyed since, sealed to somebody else, or never sealed."""

    matches: list[Match] = field(default_factory=list)
    searched: list[int] = field(default_factory=list)
    destroyed: list[int] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    """SHA-256 of the sealed keys that were opened, for the record of access."""


def find(
    bundle: Bundle,
    private: X25519PrivateKey,
    wanted: Wanted,
    *,
    first: date | datetime,
    last: date | datetime,
    vouched: Container[str] | None = None,
) -> Found:
    """Every deleted record of a number whose start lies between ``first`` and ``last``, both
    included: days of the source, or minutes (a time without a zone is the source's).

    Raises EvidenceError when something in the bundle isn't what was signed, TrustError when a
    report isn't among those ``vouched`` for.
    """
    found = Found()
    for told in bundle.reports(vouched):
        covered = [d for d in told.report.datasets if _minutes(told, d, first, last)]
        if not covered:
            continue
        place = told.report.ledger.seq
        if told.report.evidence.level != "sealed":
            found.counts.append(place)
            continue
        key = _run_key(bundle, private, told, found)
        if key is None:
            continue
        seen = [_search(bundle, key, told, d, wanted, first, last) for d in covered]
        if any(matches is None for matches in seen):
            found.destroyed.append(place)
        else:
            found.searched.append(place)
        found.matches += [match for matches in seen for match in matches or ()]
    return found


def _run_key(bundle: Bundle, private: X25519PrivateKey, told: Told, found: Found) -> RunKey | None:
    """The run key where this escrow key opens it; else notes why not."""
    mine = sealing.recipient(private.public_key()).id
    place = told.report.ledger.seq
    if mine not in told.report.evidence.recipients:
        found.foreign.append(place)
        return None
    gone = 0
    for file in told.report.evidence.files:
        if file.role != "sealed-key":
            continue
        data = bundle.sidecar(file)
        if data is None:
            gone += 1
            continue
        sealed = sidecars.read(data)
        if sealed.header.get("recipient") == mine:
            found.opened.append(file.sha256)
            info = sealing.context(
                installation=told.report.installation, source=told.report.source, run=told.run
            )
            return sealing.open_key(bytes(sealed.body), private, info=info)
    if not gone:
        raise EvidenceError("A report names no run key for its recipient.", code="SIDECAR")
    found.destroyed.append(place)
    return None


def _search(
    bundle: Bundle,
    key: RunKey,
    told: Told,
    dataset: Dataset,
    wanted: Wanted,
    first: date | datetime,
    last: date | datetime,
) -> list[Match] | None:
    file = told.file("index", dataset.dataset)
    if file is None or dataset.lookup is None:
        return []
    data = bundle.sidecar(file)
    if data is None:
        return None
    index = sidecars.read(data)
    rows = index.body
    if index.role != "index" or len(rows) != dataset.lookup.size * ROW:
        _damaged()
    region = index.header.get("region")
    parties = parties_meant(
        wanted.number,
        region=wanted.region or (region if isinstance(region, str) else None),
        stored=region is not None,
        extension=wanted.extension,
    )
    search = Search(key, source=told.report.source, dataset=dataset.dataset)
    minutes = _minutes(told, dataset, first, last)
    entries = [
        entry
        for party in parties
        for entry in search.entries(
            rows, party=party, minutes=minutes, probe=max(1, index.count("probe"))
        )
    ]
    if not entries:
        return []
    leaves = [bytes(rows[at + 32 : at + ROW]) for at in range(0, len(rows), ROW)]
    if merkle.root(leaves).hex() != dataset.lookup.root:
        _damaged()
    return [Match(told, dataset, entry, leaves) for entry in entries]


def _minutes(told: Told, dataset: Dataset, first: date | datetime, last: date | datetime) -> range:
    """UTC minutes that were asked for and in which the dataset had records that went."""
    oldest, newest = dataset.range.oldest_deleted, dataset.range.newest_deleted
    if oldest is None or newest is None or not dataset.merkle.size:
        return range(0)
    zone = ZoneInfo(told.report.run.timezone)
    begins = (_begin(first, zone), _begin(date.fromisoformat(oldest), zone))
    ends = (_end(last, zone), _end(date.fromisoformat(newest), zone))
    return range(max(begins), min(ends))


def _begin(at: date | datetime, zone: ZoneInfo) -> int:
    moment = at if isinstance(at, datetime) else datetime.combine(at, time())
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return int(aware.timestamp() // 60)


def _end(at: date | datetime, zone: ZoneInfo) -> int:
    if isinstance(at, datetime):
        return _begin(at, zone) + 1
    return _begin(at + timedelta(days=1), zone)


def _damaged() -> NoReturn:
    raise EvidenceError(
        "A lookup index beside the reports doesn't fit its signed root.", code="SIDECAR"
    )


# --- proofs -------------------------------------------------------------------------------


def prove_entry(match: Match) -> bytes:
    """The proof that opens one match and nothing else."""
    return proofs.entry_proof(match.told, match.dataset.dataset, match.entry, leaves=match.leaves)


def prove_record(
    bundle: Bundle,
    private: X25519PrivateKey,
    record: Record,
    *,
    number: int,
    dataset: str,
    vouched: Container[str] | None = None,
) -> bytes:
    """The proof for a record that somebody still holds, out of the report of this number.

    DocumentError when there is no such report, dataset or record in it.
    """
    told = next((t for t in bundle.reports(vouched) if t.report.ledger.seq == number), None)
    if told is None:
        raise DocumentError(f"there is no report {number} in {bundle.folder}")
    figures = next((d for d in told.report.datasets if d.dataset == dataset), None)
    file = told.file("leaves", dataset)
    if figures is None or file is None:
        raise DocumentError(f"report {number} has no sealed evidence of a dataset {dataset}")
    found = Found()
    key = _run_key(bundle, private, told, found)
    data = bundle.sidecar(file)
    if key is None or data is None:
        raise EvidenceError(
            f"report {number} was sealed to another key, or its evidence was destroyed",
            code="ESCROW_OPEN",
        )
    sidecar = sidecars.read(data)
    leaves = sidecars.read_leaves(sidecar)
    hashes = leaves.all()
    if leaves.size != figures.merkle.size or merkle.root(hashes).hex() != figures.merkle.root:
        _damaged()
    encoding = sidecar.text("encoding")
    prefix = record_prefix(encoding=encoding, data_class=figures.data_class, dataset=dataset)
    tree_key = key.tree_key(source=told.report.source, dataset=dataset)
    wanted = prefix + record.body()
    for index, leaf_key in enumerate(_leaf_keys(tree_key, leaves.runs)):
        if hashlib.sha256(b"\x00" + leaf_key + wanted).digest() == hashes[index]:
            return proofs.record_proof(
                told,
                dataset,
                record,
                encoding=encoding,
                key=leaf_key,
                index=index,
                leaves=hashes,
            )
    raise DocumentError(
        f"report {number} covers no such record in {dataset}",
        hint="key columns, start event and parties as the PBX had them, to the byte",
        code="NO_SUCH_RECORD",
        params={"number": number, "dataset": dataset},
    )


def _leaf_keys(tree_key: bytes, runs: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    for first, count in runs:
        for begin in range(first, first + count, _AT_ONCE):
            here = min(_AT_ONCE, first + count - begin)
            stream = keystream(tree_key, begin, here)
            yield from (stream[at : at + 32] for at in range(0, len(stream), 32))
