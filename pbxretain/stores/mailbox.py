"""Which files in a voicemail folder are one message, how old is it, and whose voice is in it?

A message is every file of one stem: ``msgNNNN.*``, the player copies ``msgNNNN_*`` and the intros
``msgNNNNintro.*``, names compared byte for byte (``.wav`` and ``.WAV`` are two files). Its age is
``origtime`` in the ``.txt``. The number is no identity: Asterisk gives it away again.

Sound may lie under a number without being of its message. A *leftover* is the voice of a former
owner of the number, older than the message itself; an *orphan* has no ``.txt`` at all. A sound file
is never younger than its last change, so that change is the latest instant it can be from.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pbxretain.errors import StoreError
from pbxretain.records import pack
from pbxretain.stores import files
from pbxretain.stores.moments import EARLIEST

FOLDERS = (
    *(b"INBOX", b"Old", b"Work", b"Family", b"Friends"),
    *(b"Cust1", b"Cust2", b"Cust3", b"Cust4", b"Cust5", b"Deleted", b"Urgent"),
)
"""Asterisk's fixed list; nothing else in a mailbox holds messages."""

TEXT = b".txt"
HIGHEST = 9998
"""The last number that Asterisk gives."""

_STEM = re.compile(rb"msg(\d{4})(\..+|_.+|intro\..+)", re.DOTALL)
_SLACK_NS = 3600 * 10**9
"""Sound that is older than its message by more than this can't be of this message."""
_LARGEST_TEXT = 64 * 1024
_EPOCH_DIGITS = 12
_DIGIT = re.compile(rb"\d")
_NUMBER = re.compile(rb"<([^<>]*)>\s*$")

Kind = Literal["message", "leftover", "orphan"]
Names = Mapping[bytes, os.DirEntry[bytes]]


@dataclass(frozen=True, slots=True, order=True, repr=False)
class Place:
    """One message folder; bytes as on disk."""

    context: bytes
    mailbox: bytes
    folder: bytes

    @property
    def rel(self) -> bytes:
        return b"/".join((self.context, self.mailbox, self.folder))


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One file of a message, with what tells it apart from a later file of the same name."""

    name: bytes
    suffix: bytes
    inode: int
    size: int
    changed: int
    """Nanoseconds since the epoch (mtime)."""

    def same(self, other: Part) -> bool:
        """Whether it is the very same, unchanged file, perhaps under another number."""
        mine = (self.suffix, self.inode, self.size, self.changed)
        return mine == (other.suffix, other.inode, other.size, other.changed)


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """One record: a message, a former owner's leftover, or sound without a message."""

    place: Place
    kind: Kind
    number: int
    parts: tuple[Part, ...]
    when: datetime | None = None
    start: bytes = b""
    message_id: bytes = b""
    caller: bytes | None = None
    leftovers: tuple[Item, ...] = ()
    hidden: bool = False
    """Set aside by a run that is over and not yet put back or removed."""
    whole: bool = True
    """False where something under its number is no file: then it is left alone."""

    def __repr__(self) -> str:
        return f"<{self.kind}>"


class Present:
    """Which names of messages a folder holds; kept current while files are set aside."""

    def __init__(self, found: Iterable[tuple[bytes, int]]) -> None:
        """``found``: names with their inodes."""
        self._by_number: dict[int, dict[bytes, int]] = {}
        self._numbers: dict[int, list[int]] = {}
        for name, inode in found:
            if ends := split(name):
                self._by_number.setdefault(ends[0], {})[name] = inode
                self._numbers.setdefault(inode, []).append(ends[0])

    @classmethod
    def of(cls, folder: files.Folder) -> Present:
        """What stands there now."""
        return cls((name, entry.inode()) for name, entry in names_of(folder).items())

    def of_number(self, number: int) -> Collection[bytes]:
        """All names of one number."""
        return self._by_number.get(number, {})

    def numbers(self, inode: int) -> Sequence[int]:
        """The numbers under which a file is to be found."""
        return self._numbers.get(inode, ())

    def forget(self, names: Iterable[bytes]) -> None:
        """Files that were set aside."""
        for name in names:
            if ends := split(name):
                self._by_number.get(ends[0], {}).pop(name, None)


@dataclass(slots=True)
class Contents:
    """What one folder holds."""

    items: list[Item] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    highest: int = -1
    count: int = 0
    aside: bool = False
    """Messages lie there that a run of ours set aside and couldn't put back yet."""


def places(root: files.Root, first: Place | None = None) -> Iterator[Place]:
    """Every message folder below the root from ``first`` on, in order; no symlink is followed."""
    for context in _folders(root, b""):
        if context == b"lost+found" or (first and context < first.context):
            continue
        for mailbox in _folders(root, context):
            if first and (context, mailbox) < (first.context, first.mailbox):
                continue
            for folder in _folders(root, files.join(context, mailbox)):
                place = Place(context, mailbox, folder)
                if folder in FOLDERS and (first is None or place >= first):
                    yield place


def has_contexts(root: files.Root) -> bool:
    """Whether there is any folder at all below the root."""
    return bool(_folders(root, b""))


def _folders(root: files.Root, rel: bytes) -> list[bytes]:
    try:
        with root.folder(rel) as folder:
            return sorted(folder.listing().folders)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        raise StoreError(
            "A folder of the voicemail spool can't be read.",
            hint="run pbxretain as Asterisk's user",
            code="UNREADABLE_FOLDER",
        ) from None


def names_of(folder: files.Folder) -> Names:
    """Everything in the folder by name."""
    with os.scandir(folder.at(b".")) as entries:
        return {entry.name: entry for entry in entries}


def split(name: bytes) -> tuple[int, bytes] | None:
    """(number, suffix) of a file that belongs to a message; None for any other name."""
    found = _STEM.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def stem(number: int) -> bytes:
    return b"msg%04d" % number


def read_folder(folder: files.Folder, place: Place, *, installation: str) -> Contents:
    """All records of a folder. What vanishes while it is read counts as never seen."""
    contents = Contents()
    names = names_of(folder)
    by_number: dict[int, list[bytes]] = {}
    for name in names:
        if found := split(name):
            by_number.setdefault(found[0], []).append(name)
    for number, own in sorted(by_number.items()):
        if item := read_stem(folder, place, number, own):
            contents.items.append(item)
    _count(contents)
    _hidden(folder, place, list(names), installation, contents)
    return contents


def read_stem(
    folder: files.Folder, place: Place, number: int, names: Collection[bytes]
) -> Item | None:
    """What lies under one number; ``names`` are all names of that stem."""
    parts = [part for name in sorted(names) if (part := _part(folder, name, name))]
    if not parts:
        return None
    plain = len(parts) == len(names)
    return _item(folder, place, number, parts, whole=plain)


def identity(folder: files.Folder, item: Item) -> bytes:
    """Packed as ``records.Taken.identity`` packs it. Raises OSError when sound can't be read."""
    return pack(*key(folder, item), item.start)


def key(folder: files.Folder, item: Item) -> tuple[bytes, ...]:
    """What names a record for good: never its number. Reads sound only where there is no id."""
    place = item.place
    named = item.message_id or b"sound-sha256:" + digest(folder, item).hex().encode()
    return (place.context, place.mailbox, place.folder, named)


def digest(folder: files.Folder, item: Item) -> bytes:
    """SHA-256 over all files of the record, each with the end of its name and its length."""
    whole = hashlib.sha256()
    for part in sorted(item.parts, key=lambda one: one.suffix):
        whole.update(pack(part.suffix) + part.size.to_bytes(8, "big"))
        files.feed(folder, part.name, whole, expected=part.size)
    return whole.digest()


def records(contents: Contents, cutoff: datetime) -> Iterator[Item]:
    """The records under one cut-off: leftovers stand alone only while their message stays."""
    for item in contents.items:
        yield item
        if item.when is not None and item.when >= cutoff:
            yield from item.leftovers


def told(folder: files.Folder, item: Item) -> Mapping[bytes, bytes]:
    """What the text file of a message says, by key; empty where there is none any more."""
    for part in item.parts:
        if part.suffix == TEXT:
            with suppress(OSError), os.fdopen(folder.open(part.name), "rb") as file:
                return _fields(file.read(_LARGEST_TEXT))
    return {}


def lies_as(folder: files.Folder, item: Item, names: Collection[bytes]) -> bool:
    """Whether these names are the very files of a record that was read before, unchanged."""
    return len(names) == len(item.parts) and all(
        part.name in names and (now := _part(folder, part.name, part.name)) and now.same(part)
        for part in item.parts
    )


def _part(folder: files.Folder, name: bytes, original: bytes) -> Part | None:
    found, ends = folder.stat(name), split(original)
    if found is None or ends is None or not stat.S_ISREG(found.st_mode):
        return None
    return Part(name, ends[1], found.st_ino, found.st_size, found.st_mtime_ns)


def _item(
    folder: files.Folder,
    place: Place,
    number: int,
    parts: Sequence[Part],
    *,
    whole: bool = True,
    hidden: bool = False,
) -> Item | None:
    text = next((part for part in parts if part.suffix == TEXT), None)
    if text is None:
        return _sound(place, "orphan", number, parts, whole=whole, hidden=hidden)
    try:
        content = _read(folder, text)
    except FileNotFoundError:
        return None
    except OSError:
        raise StoreError(
            "A message of the voicemail spool can't be read.",
            hint="run pbxretain as Asterisk's user",
            code="UNREADABLE",
        ) from None
    fields = _fields(content)
    start = fields.get(b"origtime", b"")
    when = _moment(start)
    return Item(
        place=place,
        kind="message",
        number=number,
        # The text goes first, so that nobody counts a message that is half gone.
        parts=(text, *(part for part in parts if part is not text)),
        when=when,
        start=start,
        message_id=fields.get(b"msg_id") or _digest_id(content),
        caller=_caller(fields.get(b"callerid", b"")),
        leftovers=() if hidden else _leftovers(place, number, parts, when),
        hidden=hidden,
        whole=whole,
    )


def _read(folder: files.Folder, text: Part) -> bytes:
    """A text file, of a long one the beginning."""
    fd = folder.open(text.name)
    try:
        return os.read(fd, _LARGEST_TEXT)
    finally:
        os.close(fd)


def _sound(
    place: Place,
    kind: Kind,
    number: int,
    parts: Sequence[Part],
    *,
    whole: bool = True,
    hidden: bool = False,
) -> Item:
    latest = max(part.changed for part in parts)
    when = datetime.fromtimestamp(latest // 10**9, UTC)
    return Item(
        place=place,
        kind=kind,
        number=number,
        parts=tuple(parts),
        when=when if when >= EARLIEST else None,
        start=b"%d.%09d" % divmod(latest, 10**9),
        hidden=hidden,
        whole=whole,
    )


def _leftovers(
    place: Place, number: int, parts: Sequence[Part], when: datetime | None
) -> tuple[Item, ...]:
    """Sound that was there before its message came. The message keeps sound of its own: where
    all of it is too old, a clock was wrong and nobody can tell."""
    if when is None:
        return ()
    bound = int(when.timestamp()) * 10**9 - _SLACK_NS
    sound = [part for part in parts if part.suffix != TEXT]
    old = [part for part in sound if part.changed < bound]
    if not old or not any(part.suffix.startswith(b".") for part in sound if part not in old):
        return ()
    return tuple(_sound(place, "leftover", number, [part]) for part in old)


def _count(contents: Contents) -> None:
    messages = [item for item in contents.items if item.kind == "message"]
    contents.count = len(messages)
    contents.highest = max((item.number for item in messages), default=-1)
    found = contents.findings
    found["ORPHAN_AUDIO"] = len(contents.items) - len(messages)
    found["NO_AUDIO"] = sum(len(item.parts) == 1 for item in messages)
    found["FORMER_OWNER"] = sum(len(item.leftovers) for item in messages)
    found["FORMER_OWNER_SUSPECTED"] = _suspects(messages)
    found["NOT_A_FILE"] = sum(not item.whole for item in contents.items)


def _suspects(messages: Sequence[Item]) -> int:
    """Messages with a form of sound that neither neighbour has, although they share the others.

    A move renews the time of a former owner's sound as well; then only this gives it away. It is
    no proof, so it is told and goes no sooner than the message.
    """
    sets = [
        {part.suffix for part in item.parts if part.suffix.startswith(b".")} for item in messages
    ]
    found = 0
    for i in range(len(messages)):
        around = [sets[j] for j in (i - 1, i + 1) if 0 <= j < len(sets)]
        odd = [one for one in sets[i] if around and not any(one in other for other in around)]
        rest = sets[i].difference(odd)
        known = {one for old in messages[i].leftovers for one in (old.parts[0].suffix,)}
        if set(odd) - known and len(rest) > 1 and all(rest <= other for other in around):
            found += 1
    return found


def _hidden(
    folder: files.Folder, place: Place, names: list[bytes], installation: str, contents: Contents
) -> None:
    groups: dict[tuple[str, int, int], list[Part]] = {}
    for one in files.hidden_in(folder, names):
        if not one.of(installation):
            contents.findings["FOREIGN_LEFTOVER"] += 1
            continue
        contents.findings["OWN_LEFTOVER" if one.original else "NAMELESS_LEFTOVER"] += 1
        ends = split(one.original or b"")
        contents.aside |= ends is not None
        part = _part(folder, one.name, one.original or b"")
        if ends and part:
            groups.setdefault((one.run, one.batch, ends[0]), []).append(part)
    for (_, _, number), parts in groups.items():
        if item := _item(folder, place, number, parts, hidden=True):
            contents.items.append(item)


def _fields(content: bytes) -> dict[bytes, bytes]:
    """Keys of the section ``[message]``; of a key that stands there twice with two values, none."""
    found: dict[bytes, bytes] = {}
    inside = False
    for line in content.splitlines():
        line = line.strip()
        if line.startswith(b"["):
            inside = line.startswith(b"[message]")
        elif inside and b"=" in line and not line.startswith(b";"):
            name, _, value = line.partition(b"=")
            name, value = name.strip(), value.removeprefix(b">").strip()
            found[name] = value if found.get(name, value) == value else b""
    return found


def _moment(text: bytes) -> datetime | None:
    if not (text.isdigit() and len(text) <= _EPOCH_DIGITS):
        return None
    try:
        when = datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return when if when >= EARLIEST else None


def _digest_id(content: bytes) -> bytes:
    """Stands in for the msg_id that versions before 11 didn't write."""
    return b"text-sha256:" + hashlib.sha256(content).hexdigest().encode()


def _caller(text: bytes) -> bytes | None:
    found = _NUMBER.search(text)
    number = (found[1] if found else text).strip()
    return number if _DIGIT.search(number) else None
