"""What does an integrator write for a product that is reachable through its own interface only?

A ``Client``: it lists, looks and deletes. Everything else is the store's (``items``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pbxretain.records import Advice
from pbxretain.secret import Secret


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """One record as the interface names it. ``repr`` shows nothing of it.

    ``id`` is what the interface deletes it by. ``start`` is the start event in the source's own
    text, or its epoch, unchanged: it stands in the evidence. ``call`` ties items to one call.
    ``subjects`` stand in the order of the manifest. ``ready`` is False while the product is at
    work on it; it waits, and its call with it.
    """

    id: str
    start: str | int | None
    call: str | None = None
    subjects: Sequence[str | None] = ()
    ready: bool = True
    end: str | int | None = None
    """Where the product deletes by period: when it was over, written as ``start`` is."""
    facets: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    """The values of each facet that the manifest names; none where the product says so, None, or
    left out, where it can't be told."""

    def __repr__(self) -> str:
        return "<item>"


@dataclass(frozen=True, slots=True)
class Access:
    """How the interface is reached, as settings say under ``api``. The secret prints as stars."""

    url: str
    user: str | None = None
    secret: Secret | None = None
    ca: Path | None = None
    """A file with the certificates to trust, where the system's don't do."""

    timeout: float = 60.0
    """Seconds that one answer may take."""


class Client(ABC):
    """The interface of a product, for one dataset. Any exception may leave a method; it becomes
    one sentence without its text. A ``StoreError`` of the client's own is shown as it is, so it
    may hold no personal data.
    """

    at_once: int = 500
    """Most items of one ``delete``."""

    pause: float = 2.0
    """Seconds between two looks that must agree where something is left after a delete."""

    @abstractmethod
    def items(self, *, before: datetime | None) -> Iterable[Item]:
        """All items, each once, in any order. Those that start at or after ``before`` (aware UTC)
        may be left out. Must fail rather than end early."""

    @abstractmethod
    def delete(self, items: Sequence[Item]) -> None:
        """Deletes these, each with what belongs to it. May fail when part of it is done.

        ``StoreError`` or ``UnavailableError``: the product said no, and is done with the request.
        Anything else, and ``OutcomeUnknown``: it may still be at work.
        """

    def look(self, ids: Sequence[str]) -> Iterable[Item]:
        """Those of the items that are there now; asked afresh, never out of a cache."""
        wanted = set(ids)
        return (item for item in self.items(before=None) if item.id in wanted)

    def clock(self) -> datetime | None:
        """The product's own clock, aware; None where it tells none."""
        return None

    def check(self) -> Sequence[Advice]:
        """Missing rights, a licence, settings of the product that work against the policy."""
        return ()

    def session(self) -> Mapping[str, int | str] | None:
        """What names a helper that may outlive this process and still delete; no secrets."""
        return None

    def end(self, session: Mapping[str, int | str]) -> None:  # noqa: B027
        """Ends such a helper of a dead run and returns when it is gone."""

    def close(self) -> None:  # noqa: B027
        """Gives everything back."""
