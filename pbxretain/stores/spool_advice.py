"""What should an administrator mend before voicemail is deleted?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pbxretain.errors import UnavailableError
from pbxretain.records import Advice
from pbxretain.stores.asterisk import AsteriskFacts, Presence

NUMBERING = (
    "This Asterisk may lose new messages when older ones are missing, and nobody can tell whether "
    "a caller is in the mailbox."
)
NUMBERING_HINT = "set asterisk: {version: ...} or ami: {user: ..., secret: ...} for this source"
_NO_AMI = (
    "Without Asterisk's manager interface open mailbox sessions can't be seen: what a caller "
    "deletes meanwhile may come back, a message may move to Old unheard when it gets the number "
    "of one that he just heard, and lamps stay lit until the next call."
)
_AMI_HINT = "ami: {host: 127.0.0.1, user: pbxretain, secret: {credential: ami}}"


def on_asterisk(facts: AsteriskFacts, presence: Presence) -> Iterator[Advice]:
    """What is missing to know of the running Asterisk."""
    if not presence.asks:
        if not facts.gaps_are_harmless:
            yield Advice("NUMBERING", NUMBERING, NUMBERING_HINT, "error")
        yield Advice("NO_AMI", _NO_AMI, _AMI_HINT)
    else:
        try:
            presence.inside(b"-", b"-")
        except UnavailableError as error:
            yield Advice("AMI", str(error.args[0]), error.hint, "error")
    if facts.lockmode is None:
        yield Advice(
            "LOCKMODE",
            "asterisk.conf can't be read, so folders are locked in both of Asterisk's modes.",
            "asterisk: {config: /etc/asterisk}",
            "info",
        )


def on_folders(shut: int, seen: int, stale: int, root: Path) -> Iterator[Advice]:
    """Folders that can't be worked in now: not writable, or locked for more than a minute."""
    if shut:
        # Where any can be written, the messages of the others needn't wait.
        severity: Literal["error", "warning"] = "error" if shut == seen else "warning"
        text = f"{shut} voicemail folders can't be written."
        yield Advice("NOT_WRITABLE", text, "run pbxretain as Asterisk's user", severity)
    if stale:
        text = f"{stale} voicemail folders have been locked for more than a minute."
        command = f"find {root} -name .lock -mmin +1"
        yield Advice("FOREIGN_LOCK", text, command)
