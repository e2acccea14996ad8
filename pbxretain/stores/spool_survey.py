"""Is this folder a voicemail spool, and what in it may be a message that no run ever looks at?

Counted by names alone; no symlink is followed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from pbxretain.errors import RootError
from pbxretain.stores.files import Folder, Root, is_own, join
from pbxretain.stores.mailbox import places, split

_LIKE_A_MESSAGE = re.compile(rb"msg\d", re.IGNORECASE)
_LOCKS = frozenset({b"lock"})
_OF_A_MAILBOX = frozenset({b"unavail", b"busy", b"greet", b"temp", b"secret"})
"""Greetings and the PIN: what a mailbox may hold before its first message."""
_DEPTH = 2
"""Of a mailbox below the root."""


def strangers(root: Root) -> Counter[str]:
    """UNKNOWN_FILES: named like messages where Asterisk keeps none, or lying in a message folder
    and no message. SYMLINKS: links that lead out of the spool, or nowhere. Raises StoreError."""
    known = {place.rel for place in places(root)}
    found: Counter[str] = Counter()
    for folder, listing in root.walk():
        inside = folder.rel in known
        found["UNKNOWN_FILES"] += sum(_unknown(name, inside=inside) for name in listing.files)
        found["SYMLINKS"] += sum(_leads_out(root, folder, name) for name in listing.links)
    return found


def refuse_other_folder(root: Root, *, name: str) -> None:
    """Raises RootError where files lie below the root and none of its folders is a message folder:
    it is no spool, or a folder above or below one. A new spool without messages passes. ``name``
    is the root's own, as settings call it."""
    if next(places(root), None) is not None:
        return
    foreign = False
    for folder, listing in root.walk():
        depth = folder.rel.count(b"/") + 1 if folder.rel else 0
        if depth != _DEPTH and b"INBOX" in listing.folders:
            raise _no_mailboxes(f"under roots write {name}: {_above(root, folder)}")
        foreign = foreign or any(_foreign(each, folder, depth) for each in listing.files)
    if foreign:
        raise _no_mailboxes(f"under roots.{name} name the folder in which default/501/INBOX lies")


def _no_mailboxes(hint: str) -> RootError:
    text = "The folder named as voicemail spool holds files but no mailbox."
    return RootError(text, hint=hint, code="NO_MAILBOXES")


def _above(root: Root, folder: Folder) -> Path:
    """What the root should be when ``folder`` is a mailbox."""
    path = Path(os.fsdecode(join(root.path, folder.rel) if folder.rel else root.path))
    return path.parents[_DEPTH - 1] if len(path.parents) >= _DEPTH else path


def _foreign(name: bytes, folder: Folder, depth: int) -> bool:
    """Whether a file is none of those that a mailbox holds before its first message."""
    if name.startswith(b".") or is_own(name):
        return False
    if depth > _DEPTH and folder.rel.endswith(b"/tmp"):
        return False
    return depth != _DEPTH or name.partition(b".")[0] not in _OF_A_MAILBOX


def _unknown(name: bytes, *, inside: bool) -> bool:
    if not inside:
        return _LIKE_A_MESSAGE.match(name) is not None
    return split(name) is None and not name.startswith(b".") and name not in _LOCKS


def _leads_out(root: Root, folder: Folder, name: bytes) -> bool:
    """Whether a link hides what only it leads to. FreePBX links mailboxes a second time: those are
    looked at where they lie. A link in the place of a message's file is counted with its message,
    one to another file is somebody's greeting."""
    target = os.path.realpath(join(folder.path, name))
    if target.startswith(os.path.realpath(root.path) + b"/"):
        return False
    return not Path(os.fsdecode(target)).is_file() or (
        _LIKE_A_MESSAGE.match(name) is not None and split(name) is None
    )
