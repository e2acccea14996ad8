"""What happens between take and mark to records that only the product itself can delete?

Nothing can be put back, so nothing is touched before the journal says that the batch is committed;
then it looks once more, deletes what is still the same, and looks what is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, Self

from pbxretain.errors import OutcomeUnknown, RetainError, StoreError, UnavailableError
from pbxretain.records import Bits, Bounds, Finish, Session, Taken, is_call
from pbxretain.stores.told import Told


@dataclass(frozen=True, slots=True, repr=False)
class ItemCursor:
    """The last item that a take came to."""

    when: datetime
    key: bytes

    def __repr__(self) -> str:
        return "<cursor>"


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """An item as the store reads it; ``when`` is None where its time can't be used."""

    taken: Taken
    when: datetime | None
    ready: bool
    end: datetime | None = None
    told: Told = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<listed>"

    @property
    def id(self) -> str:
        return (self.taken.key[0] or b"").decode("utf-8", "surrogatepass")

    @property
    def call(self) -> bytes:
        """The call id, empty where there is none."""
        value = self.taken.call[0]
        return value if value is not None and is_call(value) else b""


def order(entry: Listed) -> tuple[datetime, bytes]:
    return entry.taken.when, entry.taken.key[0] or b""


class Product(Protocol):
    """What a batch asks of the store that it came out of."""

    dataset: str

    def there(self, taken: Sequence[Taken]) -> Mapping[bytes, Listed]:
        """By id what is there now of these."""
        ...

    def delete(self, taken: Sequence[Taken]) -> None:
        """Asks the product to delete these."""
        ...

    def left(self, taken: Sequence[Taken]) -> list[bool]:
        """Which of them are gone, once two looks agree."""
        ...

    def session(self) -> Session | None:
        """The helper that deletes, where there is one."""
        ...


@dataclass(slots=True, repr=False)
class ItemBatch:
    """Implements ``records.Batch``; final once the journal says so."""

    _store: Product
    exhausted: bool
    taken: list[Taken] = field(default_factory=list)
    cursor: ItemCursor | None = None
    bounds: Bounds = field(default_factory=dict)
    absent: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    session: Session | None = None
    final: Literal["store", "journal"] = "journal"
    _kept: Sequence[int] = ()

    def __repr__(self) -> str:
        return f"<batch of {len(self.taken)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def seal_bounds(self) -> None:
        """Notes what a look after a crash needs, once all is taken."""
        self.bounds = _bounds(self.taken)
        self.session = self._store.session() if self.taken else None

    def commit(self) -> Bits | None:
        """Deletes and looks. What the product refused before anything was gone is an error, and
        the engine tries smaller; what it left behind although it said yes is ``failed``."""
        there = self._store.there(self.taken)
        same = {key: entry.taken.identity for key, entry in there.items()}
        going = [t for t in self.taken if same.get(t.key[0] or b"") == t.identity]
        if self._store.session() != self.session:
            raise StoreError(
                f"dataset {self._store.dataset}: the connector's program was started anew "
                f"in the middle of a batch"
            )
        refused: RetainError | None = None
        unknown = False
        try:
            if going:
                self._store.delete(going)
        except OutcomeUnknown:
            unknown = True
        except (StoreError, UnavailableError) as error:
            refused = error
        bits = self._look()
        if refused is not None and not any(bits):
            raise refused
        if refused is None and not unknown:
            self._kept = [index for index, gone in enumerate(bits) if not gone]
        return None if all(bits) else bits

    def _look(self) -> list[bool]:
        try:
            return self._store.left(self.taken)
        except RetainError:
            raise OutcomeUnknown(
                f"dataset {self._store.dataset}: the product couldn't be asked what it deleted",
                hint="the run looks what became of it",
            ) from None

    def rollback(self) -> None:
        """Nothing was touched."""

    def finish(self) -> Finish:
        """What is still there although the product said that it deleted it, counts as failed."""
        return Finish(kept=self._kept, failed=len(self._kept))


def _bounds(taken: Sequence[Taken]) -> Bounds:
    """The day of the youngest, for a look after a crash."""
    return {"to": max(t.when for t in taken).date().isoformat()} if taken else {}
