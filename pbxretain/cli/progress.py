"""How does somebody at a terminal see that work goes on, and how do they stop it?

Bars appear after a second and only on a terminal; who asks for words (``-v``) gets lines instead,
wherever stderr goes. A first signal sets a flag that ends the run
after the batch; a second one ends the program as signals do.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from pbxretain import messages
from pbxretain.cli.face import Face

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

PATIENCE = 1.0
Progress = Callable[[str, str, int, int | None], None]
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def bars(face: Face, source: str) -> Iterator[Progress]:
    """A progress callback: lines when asked for, else bars on a terminal, else nothing."""
    if face.verbose:
        yield _Lines(face, source)
        return
    if not sys.stderr.isatty() or face.json:
        yield lambda step, dataset, done, total: None
        return
    drawn = _Bars(face)
    try:
        yield drawn
    finally:
        drawn.close()


class _Lines:
    """One line when a step begins with a dataset; with ``--debug`` one for each batch."""

    def __init__(self, face: Face, source: str) -> None:
        self._face = face
        self._source = source
        self._begun: set[tuple[str, str]] = set()

    def __call__(self, step: str, dataset: str, done: int, total: int | None) -> None:
        if not dataset:
            return
        begun = (step, dataset) in self._begun
        if begun and self._face.verbose < 2:
            return
        self._begun.add((step, dataset))
        lang = self._face.lang
        told = [f"{self._source}, {dataset}:", messages.code("progress", step, lang)]
        if step == "delete":
            of = f" / {messages.number(total, lang)}" if total else ""
            told.append(f"{messages.number(done, lang)}{of}")
        self._face.note(" ".join(told), level=logging.DEBUG if begun else logging.INFO)


class _Bars:
    """One bar per step and dataset."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._began = time.monotonic()
        self._bars: Bars | None = None
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __call__(self, step: str, dataset: str, done: int, total: int | None) -> None:
        if time.monotonic() - self._began < PATIENCE:
            return
        bars = self._started()
        # A census counts datasets: one bar for all of them.
        key = (step, "" if step == "census" else dataset)
        if key not in self._tasks:
            self._tasks[key] = bars.add_task(self._label(step, key[1]), total=total)
        bars.update(self._tasks[key], completed=done, total=total)

    def _started(self) -> Bars:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
            from rich.progress import TimeRemainingColumn as Remaining

            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                Remaining(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bars.start()
        return self._bars

    def _label(self, step: str, dataset: str) -> str:
        word = messages.code("progress", step, self._face.lang)
        return f"{dataset} {word}".strip()

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()


@contextmanager
def stop_flag(face: Face) -> Iterator[Callable[[], int]]:
    """While open, the first SIGINT or SIGTERM only sets what the callable returns."""
    seen: list[int] = []

    def remember(number: int, _: FrameType | None) -> None:
        seen.append(number)
        for name, handler in before.items():
            signal.signal(name, handler)
        if sys.stderr.isatty():
            face.note(face.text("run.stopping"))

    before = {name: signal.signal(name, remember) for name in SIGNALS}
    try:
        yield lambda: seen[0] if seen else 0
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
