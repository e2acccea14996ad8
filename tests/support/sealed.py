"""Opens all sealed reports of a source with the escrow key and compares them with what is gone."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pbxretain.evidence import merkle, sealing, sidecars
from pbxretain.evidence.bundle import Bundle
from pbxretain.evidence.commitments import Committer, RunKey, keystream, record_body, record_prefix
from pbxretain.evidence.lookup import ROW, Search, minute, party
from pbxretain.evidence.statements import Dataset
from pbxretain.records import Taken


@contextmanager
def watched() -> Iterator[dict[str, list[Taken]]]:
    """What every committer of this process is given meanwhile, by its dataset."""
    seen: dict[str, list[Taken]] = defaultdict(list)
    names: dict[int, str] = {}
    begin, leaves = Committer.__init__, Committer.leaves

    def starting(self: Committer, *args: Any, **names_: Any) -> None:
        begin(self, *args, **names_)
        names[id(self)] = names_["dataset"]

    def watching(self: Committer, first: int, taken: Sequence[Taken]) -> bytes:
        seen[names[id(self)]] += taken
        return leaves(self, first, taken)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Committer, "__init__", starting)
        patch.setattr(Committer, "leaves", watching)
        yield seen


def assert_sealed(reports: Path, escrow: Path, gone: Mapping[str, Sequence[Taken]]) -> None:
    """All reports together open to exactly these records, by leaf and by lookup, under roots that
    were signed; no file lies there that no report names."""
    bundle, private = Bundle(reports), sealing.load_escrow(escrow)
    proved: dict[str, Counter[bytes]] = defaultdict(Counter)
    rows: Counter[str] = Counter()
    named: set[str] = set()
    for told in bundle.reports():
        named |= {file.name for file in told.report.evidence.files}
        keys = [file for file in told.report.evidence.files if file.role == "sealed-key"]
        if not keys:
            continue
        sealed = sidecars.read(bundle.sidecar(keys[0]) or b"")
        info = sealing.context(
            installation=told.report.installation, source=told.report.source, run=told.run
        )
        key = sealing.open_key(bytes(sealed.body), private, info=info)
        for dataset in told.report.datasets:
            if dataset.merkle.size:
                rows[dataset.dataset] += _opened(
                    bundle, told, dataset, key, gone[dataset.dataset], proved[dataset.dataset]
                )
    for name, records in gone.items():
        assert proved[name] == Counter(map(record_body, records)), name
        assert rows[name] == sum(len(_parties(record)) for record in records), name
    folder = reports / "sidecars"
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    assert there == named


def _parties(record: Taken) -> set[str]:
    return {p for s in record.subjects if s and (p := party(s, "AT"))}


def _opened(
    bundle: Bundle,
    told: Any,
    dataset: Dataset,
    key: RunKey,
    records: Sequence[Taken],
    proved: Counter[bytes],
) -> int:
    """Counts the bodies that this report's leaves open to; returns how many lookup rows it has,
    each of which was found and stands for a record of it."""
    side = sidecars.read(bundle.sidecar(told.file("leaves", dataset.dataset)) or b"")
    leaves = sidecars.read_leaves(side)
    hashes = leaves.all()
    assert merkle.root(hashes).hex() == dataset.merkle.root
    tree_key = key.tree_key(source=told.report.source, dataset=dataset.dataset)
    prefix = record_prefix(
        encoding=side.text("encoding"), data_class=dataset.data_class, dataset=dataset.dataset
    )
    by_body = {record_body(record): record for record in records}
    at: dict[int, Taken] = {}
    places = [p for first, count in leaves.runs for p in range(first, first + count)]
    for place, leaf in zip(places, hashes, strict=True):
        stream = b"\x00" + keystream(tree_key, place, 1) + prefix
        (body,) = [b for b in by_body if hashlib.sha256(stream + b).digest() == leaf]
        proved[body] += 1
        at[place] = by_body[body]
    assert dataset.lookup is not None
    if not dataset.lookup.size:
        return 0
    index = sidecars.read(bundle.sidecar(told.file("index", dataset.dataset)) or b"")
    assert len(index.body) == ROW * dataset.lookup.size
    in_order = [bytes(index.body[i : i + ROW]) for i in range(0, len(index.body), ROW)]
    assert in_order == sorted(in_order)
    assert merkle.root([row[32:] for row in in_order]).hex() == dataset.lookup.root
    search = Search(key, source=told.report.source, dataset=dataset.dataset)
    found: Counter[tuple[int, str]] = Counter()
    for name, when in {(p, minute(r)) for r in at.values() for p in _parties(r)}:
        for entry in search.entries(
            index.body, party=name, minutes=range(when, when + 1), probe=index.count("probe")
        ):
            found[entry.position, name] += 1
    assert found == Counter({(p, name): 1 for p, r in at.items() for name in _parties(r)})
    return found.total()
