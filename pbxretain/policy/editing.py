"""How is a policy's file changed, every comment kept, and which version was approved last?"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date
from pathlib import Path

import yaml

from pbxretain.documents import parse, scalar
from pbxretain.errors import DocumentError
from pbxretain.policy.document import Policy, approval_state, load_policy
from pbxretain.posix import write_synced
from pbxretain.strictyaml import printable


def approve(path: Path, *, by: str, ref: str | None, today: date) -> Policy:
    """Writes ``approved`` with the digest of the rules into a policy file and returns the policy.

    Only that line changes: comments, mode and owner stay, and the file is replaced atomically.
    ``by`` is a function (management, works council), never a person's name. Raises DocumentError.
    """
    before = load_policy(path)
    file = path.resolve()
    try:
        text = file.read_bytes().decode("utf-8")
        status = file.stat()
    except (OSError, UnicodeDecodeError):
        raise DocumentError(f"{printable(str(path))} can't be read") from None
    parts = [f"by: {_quoted(by)}", f"on: {today.isoformat()}"]
    parts += [f"ref: {_quoted(ref)}"] if ref else []
    parts += [f'digest: "{before.value.digest()}"']
    changed = set_scalar(text, "approved", "{" + ", ".join(parts) + "}")
    after = parse(changed.encode(), str(path), Policy).value
    told = after.approved and (after.approved.by, after.approved.ref, after.approved.on)
    if approval_state(after) != "approved" or told != (by, ref or None, today):
        raise DocumentError(f"{printable(str(path))} has a form in which approval can't be written")
    try:
        write_synced(file, changed.encode(), status.st_mode & 0o7777)
        if os.name == "posix" and (status.st_uid, status.st_gid) != _owner(file):
            with suppress(PermissionError):
                os.chown(file, status.st_uid, status.st_gid)
    except OSError:
        raise DocumentError(f"{printable(str(path))} can't be written") from None
    return after


def keep_approved(path: Path) -> None:
    """Keeps a copy of a policy file that was just approved, for ``policy diff``: ``approved/NAME``
    beside it. Raises DocumentError where it can't be written."""
    kept = _kept(path)
    try:
        kept.parent.mkdir(mode=0o755, exist_ok=True)
        write_synced(kept, path.read_bytes(), 0o644)
    except OSError:
        raise DocumentError(f"{printable(str(kept))} can't be written") from None


def approved_version(path: Path) -> Policy | None:
    """The policy as it was approved last: the file itself where its approval holds, else the kept
    copy; None where there is no approval or no copy of exactly that version."""
    now = load_policy(path).value
    if now.approved is None or approval_state(now) == "approved":
        return now if now.approved else None
    try:
        kept = load_policy(_kept(path)).value
    except DocumentError:
        return None
    return kept if kept.digest() == now.approved.digest else None


def _kept(path: Path) -> Path:
    return path.parent / "approved" / path.name


def _owner(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_uid, status.st_gid


def _quoted(text: str) -> str:
    """A scalar that is safe inside braces as well."""
    shown = scalar(text)
    return shown if shown.startswith('"') or not set(shown) & set(",[]{}:#") else f'"{shown}"'


# Names at the top of a policy in the order in which people write them.
_ORDER = (
    *("policy", "version", "controller", "approved", "decided_by", "decided_on", "review_by"),
    *("limits", "rules"),
)


def set_scalar(text: str, key: str, value: str) -> str:
    """Replaces the value of a name at the top of a document, or adds it at its usual place."""
    places = _top_level(text)
    if key in places:
        _, start, end = places[key]
        before = text[:start]
        # A comment behind the name keeps its line, and the value stays below it.
        if "#" not in before.rstrip().rpartition("\n")[2]:
            before = before.rstrip()
        space = "" if before[-1:] in (" ", "\t") else " "
        return before + space + value + text[end:]
    earlier = [name for name in _ORDER[: _ORDER.index(key)] if name in places]
    if not earlier:
        raise DocumentError("The document has no policy name")
    column, _, end = places[earlier[-1]]
    line_end = end if text[end - 1 : end] == "\n" else text.find("\n", end)
    newline = "\r\n" if "\r\n" in text else "\n"
    if line_end < 0:
        return text + newline + " " * column + f"{key}: {value}" + newline
    cut = line_end if text[end - 1 : end] == "\n" else line_end + 1
    return text[:cut] + " " * column + f"{key}: {value}" + newline + text[cut:]


def _top_level(text: str) -> dict[str, tuple[int, int, int]]:
    """For each name at the top of a document: its column, and where its value begins and ends.

    A block's own end mark lies behind the comments that follow it, so the end of the last thing
    inside counts instead.
    """
    places: dict[str, tuple[int, int, int]] = {}
    depth = 0
    key: str | None = None
    column = start = end = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        first, last = event.start_mark, event.end_mark
        if first is None or last is None:
            continue
        if isinstance(event, yaml.MappingStartEvent) and depth == 0 and event.flow_style:
            raise DocumentError(
                "The document must have one name on each line, without outer braces"
            )
        closing = isinstance(event, yaml.CollectionEndEvent)
        if depth == 1 and key is None and isinstance(event, yaml.ScalarEvent):
            key, column, start = event.value, first.column, -1
            continue
        depth -= closing
        if key is not None:
            start = first.index if start < 0 else start
            if not closing or last.index > first.index:
                end = last.index
            if depth == 1 and not isinstance(event, yaml.CollectionStartEvent):
                places[key], key = (column, start, end), None
        depth += isinstance(event, yaml.CollectionStartEvent)
    return places
