"""One fake PBX under the real engine: what stood there before, what a run says, what is left."""

from __future__ import annotations

import os
import signal
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pbxretain import execute, plan, sources
from pbxretain.connector import Connector
from pbxretain.execute import RunResult
from pbxretain.journal import Journal, Mark
from pbxretain.manifest import TableDataset
from pbxretain.plan import Terms
from pbxretain.records import Batch, Census, Selection, Store
from pbxretain.sources import Opened
from pbxretain.testing import scenes
from pbxretain.testing.fake import Fake, Found, View
from pbxretain.testing.folders import Folders
from pbxretain.testing.setting import Scene, site_of, terms_of
from pbxretain.testing.tables import Tables


@dataclass
class Trial:
    """One connector in one scene. Everything is made once, when somebody asks for it."""

    product: Connector
    scene: Scene
    unreachable: list[tuple[str, int]] = field(default_factory=list)
    deaths: dict[str, tuple[Fake, dict[str, list[Found]]]] = field(default_factory=dict)
    """By step: the PBX over which runs died there, and what that showed of each dataset."""
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @cached_property
    def folder(self) -> Path:
        self._folder = tempfile.TemporaryDirectory(prefix="pbxretain-kit-")
        return Path(self._folder.name)

    def build(self, name: str) -> Fake:
        """A PBX of its own below ``name``; every one is the same."""
        fake = Fake(self.folder / name, self.product, self.scene)
        fake.folder.mkdir()
        folders = Folders(fake)
        folders.plan()
        scenes.plan(Tables(fake, folders))
        fake.write()
        self.unreachable = folders.unreachable
        return fake

    @cached_property
    def fake(self) -> Fake:
        """The PBX on which the run works."""
        return self.build("run")

    @cached_property
    def before(self) -> View:
        """What stood there."""
        return self.looked.view()

    @cached_property
    def looked(self) -> Fake:
        """One that nobody changes for good."""
        return self.build("looked")

    @cached_property
    def drifting(self) -> Fake:
        """One whose tables change."""
        return self.build("drifting")

    @cached_property
    def counted(self) -> Fake:
        """One with records from the future, of which a run over so few would refuse the dataset."""
        fake = self.build("counted")
        scenes.plan_future(Tables(fake, Folders(fake), serial=9000))
        return fake

    def dying(self, name: str) -> Fake:
        """One on which a run dies."""
        return self.build(f"dying-{name}")

    @cached_property
    def names(self) -> list[str]:
        """Every store that there is, by the name that reports give it."""
        with self.opened(self.looked) as opened:
            return [store.dataset for store in opened.stores]

    def only_reads(self, dataset: str) -> bool:
        """Whether the manifest says that nothing of a dataset is ever deleted."""
        stored = self.fake.stores.get(dataset)
        found = self.product.manifest.datasets.get(stored.dataset if stored else dataset)
        return isinstance(found, TableDataset) and found.reads_only

    # --- running ---

    def terms(self, fake: Fake) -> Terms:
        return terms_of(self.product, self.scene, url=fake.url, roots=fake.roots)

    def opened(self, fake: Fake) -> AbstractContextManager[Opened]:
        """The PBX's stores, for looking."""
        mark = site_of(fake.folder / "state").mark
        terms = self.terms(fake)
        return sources.opened(
            terms.source, terms.connector, name=terms.name, installation=mark, exclusive=False
        )

    def run(self, fake: Fake) -> RunResult:
        """One run of the engine, never earlier than the run before ended."""
        site = site_of(fake.folder / "state")
        last = execute.ledger_of(site).last()
        now = max(self.scene.now, last.ended) if last else self.scene.now
        return execute.run(self.terms(fake), site, now=now)

    def selection(self, fake: Fake, opened: Opened, store: Store) -> Selection:
        """What is due in a dataset at the scene's time."""
        chosen = plan.select(self.terms(fake), opened, store, now=self.scene.now)
        assert chosen is not None  # noqa: S101  (the kit's policy keeps nothing for ever)
        return chosen

    # --- what everybody asks for ---

    @cached_property
    def planned(self) -> dict[str, Census]:
        """The census of each dataset before the run."""
        with self.opened(self.fake) as opened:
            return {
                store.dataset: store.census(self.selection(self.fake, opened, store))
                for store in opened.stores
            }

    @cached_property
    def first(self) -> RunResult:
        _ = self.planned
        return self.run(self.fake)

    @cached_property
    def after(self) -> View:
        """What the first run left."""
        _ = self.first
        return self.fake.view()

    @cached_property
    def second(self) -> tuple[RunResult, View]:
        """A second run and what it left."""
        _ = self.after
        result = self.run(self.fake)
        return result, self.fake.view()

    # --- dying ---

    def dead(self, fake: Fake) -> Journal | None:
        """The journal of a run that died there."""
        return Journal.left_behind(site_of(fake.folder / "state").state)

    def killed(self, fake: Fake, dataset: str, step: str) -> bool:
        """Runs in a child that dies by SIGKILL at ``step`` of the dataset's first batch. False
        when the child came to its end: no batch of that dataset passes by there."""
        pid = os.fork()
        if pid == 0:
            try:
                _arm(dataset, step)
                self.run(fake)
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _arm(dataset: str, step: str) -> None:
    """Makes this process die at the step; only ever called in a child."""
    seal, committed, mark = Journal.seal, Journal.committed, Journal.mark
    open_: list[str] = []

    def die(*, at: str, where: str) -> None:
        if (at, where) == (step, dataset):
            os.kill(os.getpid(), signal.SIGKILL)

    def sealing(self: Journal, number: int, name: str, batch: Batch, **more: Any) -> None:
        seal(self, number, name, batch, **more)
        open_.append(name)
        die(at="sealed", where=name)

    def committing(self: Journal, number: int) -> None:
        committed(self, number)
        die(at="final", where=open_[-1])

    def marking(self: Journal, done: Mark) -> None:
        die(at="finished", where=done.dataset)
        mark(self, done)

    Journal.seal = sealing  # type: ignore[method-assign, assignment]
    Journal.committed = committing  # type: ignore[method-assign]
    Journal.mark = marking  # type: ignore[method-assign, assignment]
