"""How is the next batch taken while the one in hand still becomes evidence?

Where a store offers a second connection, the server deletes the next batch there, in a transaction
of its own, while this thread seals, commits, finishes and marks. Batches come one after the other
all the same: one that is taken ahead is no more than an open transaction, and whoever has to wait,
or goes another way than was foreseen, puts it back first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Self

from pbxretain.records import Batch, BatchName, Cursor, Selection, Store

SWITCH = 0.0005
"""Seconds after which Python lets the other thread go on. The usual 5 ms would leave the server
waiting until its rows are read, again and again within one batch."""


@dataclass(frozen=True, slots=True, repr=False)
class _Asked:
    """What a batch was taken for."""

    selection: Selection
    after: Cursor | None
    skip: frozenset[bytes]

    def meets(self, other: _Asked) -> bool:
        """A selection is never changed, so another one is another object."""
        same = self.selection is other.selection and self.skip == other.skip
        return same and self.after == other.after


@dataclass(frozen=True, slots=True, repr=False)
class _Taken:
    batch: Batch
    seconds: float
    """That the taking took."""


class LookAhead:
    """Takes the batches of one pass. A context manager: at its end nothing is taken ahead, no
    thread runs, and the second connection is closed. Without ``second`` it takes when asked."""

    def __init__(self, store: Store, second: Store | None = None) -> None:
        self._free, self._other = store, second
        self._second = second
        self._threads: ThreadPoolExecutor | None = None
        self._ahead: tuple[_Asked, Future[_Taken]] | None = None
        self._interval = sys.getswitchinterval()
        self.began = 0.0
        """When the batch handed out last began to be taken (monotonic). One that waited for its
        turn counts as taken just then: the wait would be no shorter if it were smaller."""

    def __repr__(self) -> str:
        return "<look-ahead>"

    def __enter__(self) -> Self:
        if self._second is not None:
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="pbxretain-ahead")
            sys.setswitchinterval(min(SWITCH, self._interval))
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.drop()
        finally:
            if self._threads is not None and self._second is not None:
                self._threads.shutdown()
                self._second.close()
                sys.setswitchinterval(self._interval)

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> Batch:
        """As ``Store.take``, and raises the same. What comes behind the batch is begun at once."""
        asked = _Asked(selection, after, skip)
        taking = _taking(self._free, asked, limit=limit, name=name)
        taken = self._foreseen(asked) or taking()
        self.began = time.monotonic() - taken.seconds
        if self._threads is not None and self._other is not None and not taken.batch.exhausted:
            following = _Asked(selection, taken.batch.cursor, skip)
            taking = _taking(self._other, following, limit=limit, name=name)
            try:
                self._ahead = following, self._threads.submit(taking)
                self._free, self._other = self._other, self._free
            except RuntimeError:  # no thread is to be had: then one does it
                self._other = None
        return taken.batch

    def drop(self) -> None:
        """Puts back what is taken ahead; when this returns nothing is open there."""
        if self._ahead is not None:
            future = self._ahead[1]
            wait([future])
            self._ahead = None
            if future.exception() is None:
                future.result().batch.rollback()

    def _foreseen(self, asked: _Asked) -> _Taken | None:
        """The batch taken ahead, where it is the one that is asked for."""
        if self._ahead is None:
            return None
        foreseen, future = self._ahead
        if not asked.meets(foreseen):
            self.drop()
            return None
        wait([future])
        self._ahead = None
        return future.result()


def _taking(store: Store, asked: _Asked, *, limit: int, name: BatchName) -> Callable[[], _Taken]:
    def taking() -> _Taken:
        began = time.monotonic()
        batch = store.take(
            asked.selection, limit=limit, after=asked.after, skip=asked.skip, name=name
        )
        return _Taken(batch, time.monotonic() - began)

    return taking
