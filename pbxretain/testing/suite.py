"""The conformance kit as cases, one for each promise of each dataset.

from pbxretain.testing import suite

@pytest.mark.parametrize("case", suite("connector.yaml"), ids=str)
def test_connector(case):
    case.check()
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pbxretain import connector
from pbxretain.connector import Connector
from pbxretain.errors import RetainError
from pbxretain.manifest import TableDataset, TreeDataset
from pbxretain.testing.fake import Found
from pbxretain.testing.items import ItemCase, item_cases, item_datasets, without_items
from pbxretain.testing.promises import PROMISES, Promise
from pbxretain.testing.setting import FULL, LEAN, variants
from pbxretain.testing.trial import Trial

_log = logging.getLogger(__name__)
MOST = 5
"""Findings told of one promise; more only repeat them."""


class BrokenPromiseError(AssertionError):
    """A connector doesn't keep a promise: one sentence that says which, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Case:
    """One promise of one dataset in one scene. ``str`` gives its name."""

    promise: Promise
    dataset: str
    trial: Trial = field(repr=False)

    def __str__(self) -> str:
        kinds = "-".join(self.trial.product.manifest.databases) or "files"
        return f"{self.promise.name}/{self.dataset}/{self.trial.scene.name}/{kinds}"

    def check(self) -> None:
        """Raises BrokenPromiseError."""
        if found := self.findings():
            raise BrokenPromiseError(self.sentence(found))

    def findings(self) -> list[Found]:
        """What speaks against the promise; empty when it is kept."""
        try:
            found = list(self.promise.check(self.trial, self.dataset))
        except RetainError as error:
            found = [Found(f"it ended with: {error}", "every field that the message names")]
        except Exception as error:  # noqa: BLE001  (a store of code may raise anything)
            _log.debug("%s broke off", self, exc_info=True)
            found = [Found(f"it broke off with {type(error).__name__}, which nothing may let out")]
        return list(dict.fromkeys(found))

    def sentence(self, found: list[Found]) -> str:
        """The findings as one sentence."""
        told = "; ".join(item.text for item in found[:MOST])
        more = f"; and {len(found) - MOST} more" if len(found) > MOST else ""
        looks = dict.fromkeys(item.look or self.promise.look for item in found)
        look = ", ".join(name for name in looks if name) or "every field"
        return (
            f"dataset {self.dataset}: promise {self.promise.name} ({self.promise.says}) isn't"
            f" kept, since {told}{more}; look at {look} under datasets.{self.dataset}."
        )


def suite(source: Path | str | Connector) -> list[Case | ItemCase]:
    """All cases of a connector: a manifest's file, or one that is loaded already (as one with
    code must be: ``connector.find`` knows where its module is).

    Raises DocumentError for a manifest with mistakes.
    """
    product = source if isinstance(source, Connector) else connector.load(Path(source))
    rest = without_items(product) if item_datasets(product) else product
    return [*(_cases(rest) if rest else ()), *item_cases(product)]


def _cases(product: Connector) -> Iterator[Case]:
    for variant in variants(product):
        for scene in (FULL, LEAN):
            trial = Trial(variant, scene)
            for dataset in trial.names:
                for promise in PROMISES:
                    if _applies(promise, trial, dataset):
                        yield Case(promise, dataset, trial)


def _applies(promise: Promise, trial: Trial, dataset: str) -> bool:
    """Promises that say nothing of a kind of dataset, or nothing new in a second scene."""
    stored = trial.fake.stores.get(dataset)
    found = trial.product.manifest.datasets.get(stored.dataset if stored else dataset)
    table = isinstance(found, TableDataset)
    copy = bool(stored and stored.anchor)
    if promise.name.startswith("killed"):
        wanted = trial.scene is FULL and not (table and promise.name == "killed-final")
        return wanted and not (isinstance(found, TableDataset) and found.reads_only)
    if promise.name in ("drift-refuses", "no-dangling"):
        return table and not copy and trial.scene is FULL
    if promise.name == "rules-share":
        return bool(getattr(found, "facets", None)) and trial.scene is FULL
    if promise.name == "newest-stays":
        return isinstance(found, TableDataset) and found.keep_newest > 0 and not copy
    if promise.name == "newer-stays":
        return not table and trial.scene is FULL  # rows stand under the database's own locks
    if promise.name == "twins-together":
        return table  # a log file is replaced as a whole, a file has one name
    if promise.name == "dates-reached":
        return isinstance(found, TreeDataset) and trial.scene is FULL
    return True
