"""How does a test do something exactly between two steps of a batch, or die there?

``at`` hooks the engine's own steps without changing what they do; ``dies_at`` runs in a forked
child that really ends by SIGKILL.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest

from pbxretain.batches import Work
from pbxretain.stores.batches import TableBatch
from pbxretain.stores.spool_batch import SpoolBatch
from pbxretain.stores.tree_batch import TreeBatch

Step = Literal["take", "seal", "commit"]
"""The step after which something happens."""


@contextmanager
def at(step: Step, dataset: str, act: Callable[[], object]) -> Iterator[None]:
    """Within the block, ``act`` is called once: after that step of the dataset's first batch."""
    waiting = [act]
    current = ""

    def reached(name: str) -> None:
        if name == dataset and waiting:
            waiting.pop()()

    seal, final = Work._seal, Work._final

    def sealing(work: Work, *args: Any) -> Any:
        if step == "take":
            reached(work.store.dataset)
        return seal(work, *args)

    def finalizing(work: Work, *args: Any) -> Any:
        nonlocal current
        current = work.store.dataset
        if step == "seal":
            reached(current)
        return final(work, *args)

    def committing(original: Callable[..., Any]) -> Callable[..., Any]:
        def commit(batch: Any) -> Any:
            bits = original(batch)
            if step == "commit":
                reached(current)
            return bits

        return commit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Work, "_seal", sealing)
        patch.setattr(Work, "_final", finalizing)
        for kind in (TableBatch, TreeBatch, SpoolBatch):
            patch.setattr(kind, "commit", committing(kind.commit))
        yield
    assert not waiting, f"no batch of {dataset} came to the step {step}"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_at(step: Step, dataset: str, run: Callable[[], object]) -> None:
    """Runs in a child that is killed right after that step."""

    def doomed() -> int:
        with at(step, dataset, die):
            run()
        return 0

    assert forked(doomed) == -signal.SIGKILL


def forked(run: Callable[[], int]) -> int:
    """Exit code of a child that calls ``run``, or minus its signal."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = run()
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)
