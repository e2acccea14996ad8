"""What does a connector read and delete, told to somebody who is no programmer?

One section for each dataset, in the order of deletion: where it lies, what starts its period, what
in it is personal, what goes along, what waits. Everything comes from the manifest.
"""

from __future__ import annotations

from collections.abc import Iterator

from pbxretain import explain, messages
from pbxretain.connector import Connector
from pbxretain.manifest import (
    ApiDataset,
    CommandDataset,
    Dataset,
    DateSource,
    LinesDataset,
    LineStart,
    Manifest,
    SpoolDataset,
    Start,
    TableDataset,
    TreeDataset,
    all_children,
)
from pbxretain.messages import Lang, code, text
from pbxretain.sheet import Block, Heading, Items, KeyValue, Paragraph, Sheet

Pairs = Iterator[tuple[str, str]]
"""Key of a label, and what stands beside it."""


def inventory(item: Connector, lang: Lang) -> Sheet:
    """The connector in words: identity, datasets, trials, copies that nobody can reach."""
    manifest = item.manifest
    blocks: list[Block] = [
        Heading(text("connector.title", lang, name=item.name), 1),
        _pairs(_identity(item, lang), lang),
        Heading(text("connector.datasets", lang)),
        Paragraph(text("inventory.order", lang)),
    ]
    for name, dataset in manifest.datasets.items():
        data = explain.data_class(dataset.data, lang)
        blocks += [
            Heading(text("inventory.dataset", lang, name=name, data=data), 3),
            _pairs(told(manifest, dataset, lang), lang),
        ]
    blocks += [Heading(text("connector.trials", lang)), *_trials(manifest, lang)]
    blocks.append(Heading(text("report.copies", lang)))
    blocks.append(Items(tuple(c.text.get(lang, c.code) for c in manifest.out_of_reach)))
    return Sheet(lang, tuple(blocks))


def _pairs(pairs: Pairs, lang: Lang) -> KeyValue:
    return KeyValue(tuple((text(label, lang), value) for label, value in pairs if value))


def _identity(item: Connector, lang: Lang) -> Pairs:
    yield "connector.pair.title", item.manifest.title
    yield "connector.pair.digest", item.digest
    yield "connector.pair.code", text("yes" if item.contains_code else "no", lang)
    yield "connector.pair.databases", ", ".join(item.manifest.databases)


def _trials(manifest: Manifest, lang: Lang) -> Iterator[Block]:
    if not manifest.was_tried:
        yield Paragraph(text("connector.untried", lang))
    trials = (
        f"{t.version}, {messages.day(t.on, lang)}, {code('trial', t.how, lang)}: {t.note}"
        for t in manifest.tried
    )
    if told := tuple(trial.rstrip(": ") for trial in trials):
        yield Items(told)


def told(manifest: Manifest, dataset: Dataset, lang: Lang) -> Pairs:
    """One dataset: content, place, start of the period, what is personal, what goes along."""
    yield "inventory.what", dataset.title
    yield "inventory.where", _where(manifest, dataset, lang)
    if isinstance(dataset, TableDataset):
        yield from _table(dataset, lang)
    elif isinstance(dataset, TreeDataset):
        yield "inventory.start", _dated(dataset, lang)
        if dataset.paths:
            yield "inventory.stays", text("inventory.stays.others", lang)
    elif isinstance(dataset, SpoolDataset):
        yield "inventory.start", code("start", dataset.start, lang)
        yield "inventory.personal", text("inventory.personal.spool", lang)
    elif isinstance(dataset, LinesDataset):
        yield "inventory.start", _started(dataset, lang)
        yield "inventory.personal", ", ".join(dataset.subjects)
    else:
        yield "inventory.start", code("start", dataset.start, lang)
        yield "inventory.personal", ", ".join(dataset.subjects)
    yield "inventory.facets", ", ".join(code("facet", name, lang) for name in dataset.facets)
    if dataset.optional:
        yield "inventory.note", text("inventory.optional", lang)


def _where(manifest: Manifest, dataset: Dataset, lang: Lang) -> str:
    if isinstance(dataset, TableDataset):
        many = dataset.table.endswith("*")
        key = "inventory.where.tables" if many else "inventory.where.table"
        return text(key, lang, table=dataset.table)
    if isinstance(dataset, ApiDataset | CommandDataset):
        return text("inventory.where.items", lang)
    usual = manifest.roots[dataset.root].usual
    if isinstance(dataset, TreeDataset):
        kinds = ", ".join(f".{ending}" for ending in dataset.extensions)
        return text("inventory.where.tree", lang, folder=usual, kinds=kinds)
    if isinstance(dataset, SpoolDataset):
        return text("inventory.where.spool", lang, folder=usual)
    return text("inventory.where.lines", lang, folder=usual, files=", ".join(dataset.files))


# --- what starts the period -------------------------------------------------------------------


def _started(dataset: TableDataset | LinesDataset, lang: Lang) -> str:
    told = (
        f"{code('start', name, lang)} ({_read(start, lang)})"
        for name, start in dataset.starts.items()
    )
    return "; ".join(told)


def _read(start: Start | LineStart, lang: Lang) -> str:
    """Where the time stands, and by whose clock it goes."""
    if isinstance(start, Start):
        place = text("inventory.column", lang, column=", ".join(start.columns))
    else:
        place = text("inventory.field", lang, number=start.field + 1)
    if start.type == "epoch":
        return place
    key = "inventory.zone.source" if start.zone == "source" else "inventory.zone.named"
    zone = "UTC" if start.zone == "utc" else start.zone
    return f"{place}, {text(key, lang, zone=zone)}"


def _dated(dataset: TreeDataset, lang: Lang) -> str:
    ways = dict.fromkeys(text(f"inventory.dated.{_way(way)}", lang) for way in dataset.dated_by)
    told = f"{code('start', dataset.start, lang)} ({', '.join(ways)})"
    if dataset.named_by:
        told += ". " + text("inventory.dated.row", lang, dataset=dataset.named_by.dataset)
    return told


def _way(way: DateSource) -> str:
    if way.mtime:
        return "mtime"
    return "path" if way.path else "name" if way.name else "sidecar"


# --- tables -----------------------------------------------------------------------------------


def _table(dataset: TableDataset, lang: Lang) -> Pairs:
    yield "inventory.start", _started(dataset, lang)
    people = dict.fromkeys((*dataset.personal, *dataset.subjects.values()))
    yield "inventory.personal", ", ".join(people)
    yield "inventory.along", _along(dataset, lang)
    yield "inventory.waits", "; ".join(_waits(dataset, lang))
    if (link := dataset.link) is not None:
        after = text(f"inventory.gone.{link.on_part_gone}", lang)
        named = {"column": link.column, "dataset": link.dataset, "after": after}
        yield "inventory.link", text("inventory.names", lang, **named)
    if dataset.keep_newest:
        yield "inventory.stays", text("inventory.stays.newest", lang, n=dataset.keep_newest)
    if dataset.reads_only:
        yield "inventory.note", text("inventory.reads_only", lang)


def _along(dataset: TableDataset, lang: Lang) -> str:
    children = [child.table for child in all_children(dataset.children)]
    groups = {
        "children": children,
        "copies": [shadow.table for shadow in dataset.shadows],
        "shared": [shared.table for shared in dataset.shared],
    }
    return "; ".join(
        text(f"inventory.along.{name}", lang, tables=", ".join(dict.fromkeys(tables)))
        for name, tables in groups.items()
        if tables
    )


def _waits(dataset: TableDataset, lang: Lang) -> Iterator[str]:
    if dataset.end:
        yield text("inventory.until.end", lang, column=dataset.end)
    for column, values in dataset.ready.items():
        nothing = text("inventory.empty", lang)
        shown = ", ".join(nothing if value is None else value for value in values)
        yield text("inventory.until.ready", lang, column=column, values=shown)
    for part in dataset.parts:
        yield text("inventory.until.part", lang, dataset=part.dataset)
    for feed in dataset.fed_by:
        yield text("inventory.until.feed", lang, dataset=feed)
