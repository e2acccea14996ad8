"""What of a run's evidence outlives the run folder?

At level counts nothing: the roots are computed and the leaves go. At level sealed the leaves in
their final order, the lookup index and the sealed run keys move beside the reports, before the
report that names them. The same run folder always gives the same files, so that a crash in
between leads to the same names again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pbxretain import signing
from pbxretain.errors import EvidenceError
from pbxretain.evidence.leaves import LeafFile, Marked
from pbxretain.evidence.lookup import ROW, Rows, select_rows
from pbxretain.evidence.merkle import Tree
from pbxretain.evidence.sidecars import Folder, Kept
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.journal import Journal
from pbxretain.ledger import SIDECARS, Ledger
from pbxretain.outcomes import DatasetResult


def grow(journal: Journal, results: Sequence[DatasetResult], reports: Path) -> list[Kept]:
    """Grows each dataset's trees out of its marked batches; at level sealed also writes the files
    that stay, and returns them in the order in which the report names them.

    Raises EvidenceError when leaves of a finished batch are missing, or the disk fails.
    """
    worked = [result for result in results if result.deleted]
    if not journal.sealed:
        for result in worked:
            result.tree = journal.leaf_file(result.dataset).tree(_marked(result))
        return []
    folder = Folder(reports / SIDECARS)
    files = [kept for result in worked for kept in _dataset(journal, result, folder)]
    if worked:
        about = {"role": "sealed-key", **_about(journal)}
        for keyid, sealed in sorted(journal.sealed_keys().items()):
            files.append(folder.write({**about, "recipient": keyid}, [sealed]))
    return files


def named(ledger: Ledger) -> None:
    """The report that names all new files is published."""
    Folder(ledger.folder / SIDECARS).settled()


def sweep(ledger: Ledger) -> None:
    """Before a run, once the last one's report is published: no file stays that no report names.
    Looks only where a crash came before the report."""
    folder = Folder(ledger.folder / SIDECARS)
    if folder.unnamed:
        folder.sweep(frozenset(_named(ledger)))


def _named(ledger: Ledger) -> Iterator[str]:
    for entry in ledger.entries():
        try:
            data = (ledger.folder / entry.file).read_bytes()
            predicate = parse_statement(signing.open_envelope(data).payload).predicate
        except OSError:
            raise EvidenceError("A report can't be read.", code="REPORT_MISSING") from None
        if isinstance(predicate, DeletionReport):
            yield from (file.sha256 for file in predicate.evidence.files)


def _about(journal: Journal) -> dict[str, str | int | None]:
    facts = journal.facts
    return {"run": journal.run, "source": facts["source"], "installation": facts["installation"]}


def _marked(result: DatasetResult) -> Marked:
    return {mark.batch: mark.gone for mark in result.marks}


def _dataset(journal: Journal, result: DatasetResult, folder: Folder) -> Iterator[Kept]:
    marked = _marked(result)
    leaves = journal.leaf_file(result.dataset)
    about = {**_about(journal), "dataset": result.dataset}
    result.tree = Tree()
    yield folder.write(
        {
            "role": "leaves",
            **about,
            "data_class": leaves.header["data_class"],
            "encoding": leaves.header["encoding"],
            "size": result.deleted,
        },
        _leaves(leaves, marked, result.tree),
    )
    rows = select_rows(journal.row_file(result.dataset), marked)
    result.lookup = Tree()
    if rows.size:
        region = leaves.header["region"] or None
        header = {"role": "index", **about, "region": region, "size": rows.size}
        yield folder.write({**header, "probe": rows.probe}, _rows(rows, result.lookup))


def _leaves(file: LeafFile, marked: Marked, tree: Tree) -> Iterator[bytes]:
    """The hashes in order; behind them the runs of positions at which they were made."""
    runs: list[list[int]] = []
    for positions, leaves in file.gone(marked):
        tree.extend(leaves)
        yield leaves
        for first, count in _runs(positions):
            if runs and sum(runs[-1]) == first:
                runs[-1][1] += count
            else:
                runs.append([first, count])
    for first, count in runs:
        yield first.to_bytes(8, "big") + count.to_bytes(8, "big")


def _runs(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and length of each stretch without a gap."""
    if isinstance(positions, range):
        yield positions.start, len(positions)
        return
    for position in positions:
        yield position, 1


def _rows(rows: Rows, tree: Tree) -> Iterator[bytes]:
    for some in rows:
        tree.extend(b"".join([some[at - 32 : at] for at in range(ROW, len(some) + 1, ROW)]))
        yield some
