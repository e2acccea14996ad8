"""How are many small steps on a disk done at the same time?

A file that is read, or whose blocks are given back, mostly waits for the disk: several threads
wait together. What has few steps is done in turn, in the thread that asks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

THREADS = 4
FEW = 32
"""Steps for which threads cost more than they gain."""

CHUNK = 64
"""Files that one thread works on without asking for more."""


def abreast(work: Callable[[T], object], tasks: Sequence[T], *, steps: int) -> None:
    """Calls ``work`` for every task, in any order; ``steps`` is what all of them amount to.

    All have ended when this returns or raises: an error of one doesn't stop the others, the first
    is raised at the end.
    """
    if steps <= FEW or len(tasks) < 2 or os.name != "posix":
        _each(work, tasks)
        return
    with ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(work, task) for task in tasks]
    for one in running:
        one.result()


def _each(work: Callable[[T], object], tasks: Sequence[T]) -> None:
    first: Exception | None = None
    for task in tasks:
        try:
            work(task)
        except Exception as error:  # noqa: BLE001  (raised below)
            first = first or error
    if first is not None:
        raise first
