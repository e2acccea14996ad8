"""Under which key do numbers become pseudonyms, and from when on can nobody undo that?

One key per source, in its state folder, mode 0600. While it lives, one number has one pseudonym,
so that figures per caller keep their sense, and whoever holds the key can find a number's. On
schedule it is destroyed; what was made with it is anonymous then.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain import period, posix
from pbxretain.aliases import KEY, key_of, maker, read, unread
from pbxretain.errors import EvidenceError
from pbxretain.plan import Item, Plan
from pbxretain.policy.document import Policy
from pbxretain.records import Redaction
from pbxretain.signing import canonical


class Pseudonyms:
    """The key of one source. Used under the source's lock; ``repr`` shows nothing of it.

    All methods raise EvidenceError where a file can't be read or written.
    """

    def __init__(self, state: Path, *, region: str | None = None) -> None:
        self._path = state / KEY
        self._note = state / "pseudonyms.destroyed"
        self._region = region

    def __repr__(self) -> str:
        return "<pseudonyms>"

    def retire(self, policy: Policy, *, now: datetime, zone: ZoneInfo) -> None:
        """Destroys the key once it is older than the policy says, or no rule asks for one."""
        made = self._made()
        if made is None:
            return
        lives = [rule.redact.key_for for rule in policy.rules if rule.redact]
        cuts = [period.cutoff(life, now=now, zone=zone) for life in lives if life]
        if cuts and made >= max(cuts):
            return
        try:
            # Noted first: a crash may let the key live a little longer, and never go unreported.
            noted = sorted({*self._noted(), made.isoformat()})
            posix.write_synced(self._note, canonical({"made": noted}))
            posix.destroy(self._path)
        except OSError:
            raise _unwritten() from None

    def destroyed(self) -> int:
        """How many keys were destroyed that no report has told yet."""
        return len(self._noted())

    def told(self) -> None:
        """After a report told it."""
        if not self._note.exists():
            return
        try:
            posix.remove_synced(self._note)
        except OSError:
            raise _unwritten() from None

    def given(self, decided: Plan, *, now: datetime) -> Plan:
        """The plan with the key in what will be redacted."""
        return replace(decided, items=[self._with_key(item, now) for item in decided.items])

    def _with_key(self, item: Item, now: datetime) -> Item:
        selection = item.selection
        if selection is None or selection.redact is None or item.refusal:
            return item
        keyed = self.keyed(selection.redact, now=now)
        return replace(item, selection=replace(selection, redact=keyed))

    def keyed(self, redaction: Redaction, *, now: datetime) -> Redaction:
        """The redaction with what it takes to make pseudonyms, where it makes any; the key is made
        when it is first needed."""
        if redaction.numbers != "pseudonym":
            return redaction
        return replace(redaction, pseudonym=maker(self._key(now), self._region))

    def _key(self, now: datetime) -> bytes:
        known = read(self._path)
        if known is None:
            key = secrets.token_bytes(32)
            made = now.astimezone(UTC).isoformat()
            try:
                posix.write_synced(self._path, canonical({"key": key.hex(), "made": made}))
            except OSError:
                raise _unwritten() from None
            return key
        return key_of(known)

    def _made(self) -> datetime | None:
        known = read(self._path)
        try:
            return datetime.fromisoformat(known["made"]) if known else None
        except (KeyError, TypeError, ValueError):
            raise unread() from None

    def _noted(self) -> list[str]:
        return list((read(self._note) or {}).get("made", ()))


def _unwritten() -> EvidenceError:
    return EvidenceError(
        "The key of pseudonyms can't be written or destroyed.",
        hint="see whether the state folder is full or read only",
        code="PSEUDONYM_KEY",
    )
