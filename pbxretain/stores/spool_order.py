"""In which order do messages go, and which must go together?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from pbxretain.stores.mailbox import Item, Place
from pbxretain.stores.spool_batch import dated

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
