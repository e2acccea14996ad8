"""How do messages get another number without one ever being torn or overwritten?

Giving a message another number renames several files; a crash in between would tear it. So the
renames stand in a synced note in the folder first, and whoever comes next finishes them. All of it
happens under the folder's lock. Since Asterisk 18.21.0, 20.6.0, 21.1.0 and 22.0.0 gaps do no harm
and are left alone; before, a gap destroys new messages and is closed at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from pbxretain import posix
from pbxretain.errors import StoreError
from pbxretain.records import BatchName
from pbxretain.stores import files
from pbxretain.stores.mailbox import HIGHEST, TEXT, Item, names_of, split, stem

_NAME_FILE = b".name"

Move = tuple[int, bytes, bytes]
"""Inode, present name, new name."""


def note_name(installation: str) -> bytes:
    """The note of renames under way; no message, and nothing that was set aside."""
    return b".pbxretain-%s-moves" % os.fsencode(installation.replace("-", "_"))


def noted(folder: files.Folder, installation: str) -> bool:
    """Whether renames of a dead run wait to be ended."""
    return folder.regular(note_name(installation)) is not None


def finish_moves(folder: files.Folder, installation: str) -> bool:
    """Ends the renames that a dead run noted; False when there was nothing to end."""
    note = note_name(installation)
    try:
        fd = folder.open(note)
    except OSError:
        return False
    with os.fdopen(fd, "rb") as file:
        lines = file.read().splitlines()
    for line in lines:
        inode, present, wanted = line.split(b" ")
        _move(folder, (int(inode), bytes.fromhex(present.decode()), bytes.fromhex(wanted.decode())))
    folder.sync()
    files.drop(folder, note)
    return True


def close_gaps(folder: files.Folder, installation: str) -> None:
    """Numbers the messages from 0 without a gap, ascending; sound without a message keeps its."""
    names = [name for name in names_of(folder) if split(name)]
    stems: dict[int, list[bytes]] = {}
    for name in names:
        stems.setdefault(_number(name), []).append(name)
    moves: list[Move] = []
    free = 0
    taken = set(stems)
    for number in sorted(stems):
        if stem(number) + TEXT not in stems[number]:
            continue
        while free < number and free in taken:
            free += 1
        if free < number:
            moves += _renumbered(folder, stems[number], free)
            taken.discard(number)
            taken.add(free)
        free += 1
    if moves:
        _noted(folder, installation, moves)


def gap_without(folder: files.Folder, items: Iterable[Item]) -> bool:
    """Whether a gap stays when these records go."""
    gone = {item.number for item in items if item.kind == "message"}
    numbers = {_number(name) for name in names_of(folder) if _is_text(name)}
    rest, gone = numbers - gone, gone & numbers
    return bool(gone and rest) and max(rest) > min(gone)


def set_aside(
    folder: files.Folder, installation: str, name: BatchName | None
) -> list[list[files.Hidden]]:
    """What was set aside, record by record, in the order of the numbers."""
    groups: dict[tuple[str, int, int], list[files.Hidden]] = {}
    for one in files.hidden_in(folder, list(names_of(folder))):
        ends = split(one.original or b"")
        mine = one.of(installation) if name is None else one.belongs(name)
        if ends and mine:
            groups.setdefault((one.run, one.batch, ends[0]), []).append(one)
    return [groups[key] for key in sorted(groups)]


def restore(
    folder: files.Folder, group: Sequence[files.Hidden], installation: str, *, gaps: bool
) -> bool:
    """Puts one record back that was set aside: all its files or none, never over another file.

    The old number where all its names are still free, else the next number at the end. Without
    ``gaps`` a number past the end counts as taken, too. Sound without its text has no place but
    the old one: where that is taken it stays aside, and False comes back. Raises StoreError when
    no number is left.
    """
    ordered = sorted(group, key=lambda one: not _is_text(one.original or b""))
    suffixes = [(split(one.original or b"") or (0, b""))[1] for one in ordered]
    number = _number(ordered[0].original or b"")
    has_text = TEXT in suffixes
    fits = _fits(folder, ordered, suffixes, number)
    if not fits and not has_text:
        return False
    end = _end(folder)
    fits = fits and (gaps or not has_text or number <= end)
    if not fits and end > HIGHEST:
        raise StoreError(
            "A voicemail folder has no number left to put a message back.", code="NO_NUMBER_LEFT"
        )
    target = number if fits else end
    moves = [
        (found.st_ino, one.name, stem(target) + suffix)
        for one, suffix in zip(ordered, suffixes, strict=True)
        if (found := folder.stat(one.name))
    ]
    if fits:
        for move in moves:
            _move(folder, move)
    else:
        _noted(folder, installation, moves)
    return True


def _noted(folder: files.Folder, installation: str, moves: Sequence[Move]) -> None:
    lines = (f"{inode} {old.hex()} {new.hex()}\n" for inode, old, new in moves)
    posix.write_synced(folder.at(note_name(installation)), "".join(lines).encode())
    finish_moves(folder, installation)


def _move(folder: files.Folder, move: Move) -> None:
    inode, old, new = move
    there = folder.stat(old)
    if there is not None and there.st_ino == inode:
        try:
            posix.rename_noreplace(folder.at(old), folder.at(new))
        except FileExistsError:
            taken = folder.stat(new)
            if taken is None or taken.st_ino != inode:
                return
            files.drop(folder, old)
    if not split(old):
        files.drop(folder, old + _NAME_FILE)


def _renumbered(folder: files.Folder, names: Sequence[bytes], number: int) -> list[Move]:
    """Text last: until then Asterisk counts the message where it was."""
    moves = []
    for name in sorted(names, key=_is_text):
        found, ends = folder.stat(name), split(name)
        if found and ends:
            moves.append((found.st_ino, name, stem(number) + ends[1]))
    return moves


def _fits(
    folder: files.Folder, group: Sequence[files.Hidden], suffixes: Sequence[bytes], number: int
) -> bool:
    for one, suffix in zip(group, suffixes, strict=True):
        taken, mine = folder.stat(stem(number) + suffix), folder.stat(one.name)
        if taken is not None and (mine is None or taken.st_ino != mine.st_ino):
            return False
    return True


def _end(folder: files.Folder) -> int:
    return 1 + max((_number(name) for name in names_of(folder) if split(name)), default=-1)


def _is_text(name: bytes) -> bool:
    ends = split(name)
    return bool(ends and ends[1] == TEXT)


def _number(name: bytes) -> int:
    ends = split(name)
    return ends[0] if ends else -1
