"""Does a client of kind ``api`` or ``command`` show and delete what it should?

Tried over the fake product that the distribution offers: ``fake(dataset, items)`` in the module of
its entry point gives the client before a product that holds these items. Only what a client can
break is tried; what happens to a batch when the machine dies is the store's and tested there.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pbxretain import connector, documents, execute
from pbxretain.connector import Connector
from pbxretain.errors import Exit, RetainError
from pbxretain.manifest import ApiDataset, CommandDataset
from pbxretain.plan import Terms
from pbxretain.settings import Api
from pbxretain.stores.client import Client, Item
from pbxretain.stores.dating import zone_of
from pbxretain.stores.moments import Moments
from pbxretain.testing.fake import Found
from pbxretain.testing.setting import FULL, site_of, terms_of

_OLD, _YOUNG = 430, 170
_LOOK = "the client"
Fake = Callable[[str, Sequence[Item]], Client]


@dataclass(frozen=True, slots=True)
class ItemCase:
    """One promise of one client; ``findings`` and ``sentence`` as ``suite.Case`` has them."""

    name: str
    says: str
    dataset: str
    product: Connector = field(repr=False)
    promise: Callable[[_Try], Iterator[str]] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name}/{self.dataset}/client"

    def check(self) -> None:
        """Raises AssertionError."""
        if found := self.findings():
            raise AssertionError(self.sentence(found))

    def findings(self) -> list[Found]:
        """What speaks against the promise; empty when it is kept."""
        try:
            told = list(self.promise(_Try(self.product, self.dataset)))
        except RetainError as error:
            told = [f"it ended with: {error}"]
        except Exception as error:  # noqa: BLE001  (foreign code)
            told = [f"it raised {type(error).__name__}"]
        return [Found(text, _LOOK) for text in dict.fromkeys(told)]

    def sentence(self, found: Sequence[Found]) -> str:
        """The findings as one sentence."""
        told = "; ".join(item.text for item in found)
        return (
            f"dataset {self.dataset}: promise {self.name} ({self.says}) isn't kept, since {told}; "
            f"look at {_LOOK} in module {self.product.module}."
        )


def item_datasets(product: Connector) -> list[str]:
    """The datasets behind an interface."""
    kinds = (ApiDataset, CommandDataset)
    return [n for n, d in product.manifest.datasets.items() if isinstance(d, kinds)]


def without_items(product: Connector) -> Connector | None:
    """The rest of a connector, which the kit tries as it tries any; None where nothing is left."""
    plain = product.manifest.model_dump(mode="json", exclude_defaults=True)
    for name in item_datasets(product):
        del plain["datasets"][name]
    if not plain["datasets"]:
        return None
    for name in ("api", "program"):
        plain.pop(name, None)
    return connector.parse(documents.dump(plain).encode(), product.name, product.shelf)


def item_cases(product: Connector) -> Iterator[ItemCase]:
    """All cases. pbxretain's own clients have none: its own tests try them on real servers."""
    if not product.contains_code:
        return
    for dataset in item_datasets(product):
        for name, (says, promise) in _PROMISES.items():
            yield ItemCase(name, says, dataset, product, promise)


@dataclass(slots=True)
class _Try:
    """One dataset with items of its own, old ones and young ones."""

    product: Connector
    dataset: str

    def items(self) -> list[Item]:
        old, young = FULL.cutoff - timedelta(days=40), FULL.cutoff + timedelta(hours=1)
        return [self._item(n, old) for n in range(1, _OLD + 1)] + [
            self._item(n, young) for n in range(_OLD + 1, _OLD + _YOUNG + 1)
        ]

    def _item(self, number: int, first: datetime) -> Item:
        kind = self._kind()
        moment = first + timedelta(minutes=number)
        start: str | int = int(moment.timestamp())
        if kind.type == "text":
            zone = self._zone()
            local = moment.astimezone(zone).replace(tzinfo=None)
            start = local.isoformat() + ("Z" if zone is UTC else "")
        subjects = [f"+4930{number:07d}" for _ in kind.subjects]
        facets = {name: [f"{name}-{number % 2}"] for name in kind.facets}
        return Item(str(number), start, f"call-{number}", subjects, facets=facets)

    def plain(self, items: Iterable[Item]) -> Counter[str]:
        """Items to compare; a time counts as the instant that it means."""
        known = self._kind()
        moments = Moments("epoch" if known.type == "epoch" else "wall", self._zone())
        return Counter(
            repr((i.id, moments.read(str(i.start).encode()), i.call, list(i.subjects), i.ready))
            + repr([list(i.facets.get(name) or ()) for name in known.facets])
            for i in items
        )

    def _kind(self) -> ApiDataset | CommandDataset:
        kind = self.product.manifest.datasets[self.dataset]
        assert isinstance(kind, ApiDataset | CommandDataset)  # noqa: S101  (the caller knows)
        return kind

    def _zone(self) -> tzinfo:
        return zone_of(self._kind().zone, FULL.zone)

    def client(self, items: Sequence[Item]) -> Client:
        """Raises RetainError where the module offers no fake."""
        if self.product.module is None:
            raise RetainError("its code isn't here: name the installed connector, not its file")
        module: Any = import_module(self.product.module)
        fake: Fake | None = getattr(module, "fake", None)
        if not callable(fake):
            raise RetainError("the module has no function fake(dataset, items)")
        made = fake(self.dataset, items)
        made.pause = 0.01
        return made


def _lists_all(this: _Try) -> Iterator[str]:
    items = this.items()
    shown, wanted = this.plain(this.client(items).items(before=None)), this.plain(items)
    if missing := (wanted - shown).total():
        yield f"{missing} of {len(items)} records weren't listed as they are"
    if more := (shown - wanted).total():
        yield f"{more} records were listed twice or otherwise than they are"


def _leaves_nothing_out(this: _Try) -> Iterator[str]:
    items = this.items()
    shown = {item.id for item in this.client(items).items(before=FULL.cutoff)}
    if missing := [item for item in items[:_OLD] if item.id not in shown]:
        yield f"{len(missing)} records before the moment that was asked for weren't listed"


def _finds_by_id(this: _Try) -> Iterator[str]:
    items = this.items()
    wanted = [items[0], items[250], items[-1]]
    asked = [item.id for item in wanted] + [str(len(items) + 9)]
    if this.plain(this.client(items).look(asked)) != this.plain(wanted):
        yield "a look at three ids and one that isn't there showed something else"


def _deletes_exactly(this: _Try) -> Iterator[str]:
    items = this.items()
    client = this.client(items)
    shown = {item.id: item for item in client.items(before=None)}
    client.delete([shown[item.id] for item in items[3:5] if item.id in shown])
    left = this.plain(client.items(before=None))
    if left != this.plain(items[:3] + items[5:]):
        yield "after deleting two records others were gone or changed, or the two still there"
    if this.plain(client.look([items[3].id])):
        yield "a look still shows a record that was deleted"


def _comes_through_a_run(this: _Try) -> Iterator[str]:
    items = this.items()
    client = this.client(items)
    module: Any = ModuleType(f"pbxretain_kit_{id(client)}")
    module.client = lambda dataset, access: client
    close, client.close = client.close, lambda: None  # type: ignore[method-assign]
    client.clock = lambda: None  # type: ignore[method-assign]  # the run's clock is invented
    sys.modules[module.__name__] = module
    try:
        with tempfile.TemporaryDirectory(prefix="pbxretain-kit-") as folder:
            site = site_of(Path(folder))
            done = execute.run(_terms(this, module.__name__), site, now=FULL.now)
        if done.exit_code != Exit.OK:
            said = "; ".join(map(str, done.errors)) or done.outcome
            yield f"a run ended with {int(done.exit_code)}: {said}"
        if this.plain(client.items(before=None)) != this.plain(items[_OLD:]):
            yield "after a run something due was left, or something else gone or changed"
    finally:
        del sys.modules[module.__name__]
        close()


def _terms(this: _Try, module: str) -> Terms:
    """The one dataset under the engine, whatever its kind, with the fake's client."""
    plain = this.product.manifest.model_dump(mode="json", exclude_defaults=True)
    dataset = plain["datasets"][this.dataset] | {"kind": "api"}
    plain["datasets"] = {this.dataset: dataset}
    text = documents.dump({k: v for k, v in plain.items() if k not in ("program", "discover")})
    product = connector.parse(text.encode(), this.product.name, this.product.shelf)
    terms = terms_of(replace(product, module=module), FULL, url=None, roots={})
    source = terms.source.model_copy(update={"api": Api(url="http://localhost")})
    return replace(terms, source=source)


_PROMISES = {
    "lists-all": ("every record is listed once, as it is", _lists_all),
    "leaves-nothing-out": ("a bounded listing has all before the bound", _leaves_nothing_out),
    "finds-by-id": ("a look shows exactly what is there", _finds_by_id),
    "deletes-exactly": ("what is named goes and nothing else", _deletes_exactly),
    "comes-through-a-run": ("a run leaves nothing due and spares the rest", _comes_through_a_run),
}
