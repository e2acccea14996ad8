"""In which order do messages go, which must go together, and whose are those of one folder?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile
from typing import Literal

from pbxretain.records import Selection
from pbxretain.stores.mailbox import Item, Place
from pbxretain.stores.spool_batch import dated
from pbxretain.stores.told import Told, claim

Due = tuple[bytes, Item]
"""Packed identity and record."""


@dataclass(frozen=True, slots=True, order=True, repr=False)
class Position:
    """The last record that was looked at; folders in order, in each by time."""

    place: Place
    when: datetime
    identity: bytes


def at(one: Due) -> Position:
    """Where a due record stands in the order of deletion."""
    return Position(one[1].place, dated(one[1]), one[0])


def of_one_sort(chosen: list[Due]) -> list[Due]:
    """Messages or mere sound: where messages are renumbered, sound would not find back."""
    first = chosen[0][1].kind == "message"
    return list(takewhile(lambda one: (one[1].kind == "message") == first, chosen))


def with_twins(due: list[Due], room: int) -> list[Due]:
    """The first ``room`` records and whatever else has the last one's identity."""
    end = min(room, len(due))
    while end < len(due) and due[end][0] == due[end - 1][0]:
        end += 1
    return due[:end]


_NEVER = datetime.min.replace(tzinfo=UTC)
_HEARD = {b"Old": "true", b"INBOX": "false", b"Urgent": "false"}
"""Asterisk's own filing. What lies elsewhere an owner or a program put there, heard or not."""

Facet = Literal["mailbox", "context", "folder"]


def told_of(place: Place, facets: Mapping[str, Facet]) -> Told:
    """What a folder says of its messages."""
    return {name: _part(place, part) for name, part in facets.items()}


def of_place(place: Place, selection: Selection, facets: Mapping[str, Facet]) -> Selection | None:
    """The selection as it stands for all messages of one folder; None where they are another
    rule's."""
    if not selection.narrowed:
        return selection
    mine = claim(told_of(place, facets), selection)
    if mine is None:
        return None
    return replace(selection, cutoff=mine.cutoff or _NEVER, maximum=mine.maximum)


def untold(selection: Selection, mine: Selection, when: datetime) -> bool:
    """Whether a message stays only because nobody can tell whose its folder is."""
    return mine.cutoff <= when < selection.past


def _part(place: Place, part: Facet) -> frozenset[str] | None:
    if part != "folder":
        return frozenset({getattr(place, part).decode("utf-8", "surrogateescape")})
    heard = _HEARD.get(place.folder)
    return None if heard is None else frozenset({heard})
