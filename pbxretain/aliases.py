"""By which pseudonym does a source know a number, while the key of its pseudonyms lives?

Until then what was redacted is still about somebody who can be told: a demand finds it, and a hold
keeps it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pbxretain.errors import EvidenceError
from pbxretain.evidence.lookup import party
from pbxretain.signing import parse_canonical
from pbxretain.sought import international

KEY = "pseudonyms.key"
PREFIX = b"pn-"
_REMEMBERED = 1 << 16

Aliases = Callable[[str], list[str]]
"""Every pseudonym under which a number or an extension may stand."""


def aliases(state: Path, *, region: str | None) -> Aliases:
    """By the key in a source's state folder; none where it makes no pseudonyms. EvidenceError for
    a key that can't be read."""
    known = read(state / KEY)
    if known is None:
        return nobody
    made = maker(key_of(known), region)

    def found(text: str) -> list[str]:
        own = text.strip()
        meant = international(own, region) or own
        if (party(own.encode(), region) or "").startswith("ext:"):
            meant = own
        # A trunk hands numbers over without their sign, and nobody knew then what they were.
        spelt = dict.fromkeys((meant, meant.lstrip("+"), meant.replace("+", "00", 1)))
        return list(dict.fromkeys(made(one.encode()).decode() for one in spelt))

    return found


def nobody(text: str) -> list[str]:
    """Where there are no pseudonyms."""
    del text
    return []


def maker(key: bytes, region: str | None) -> Callable[[bytes], bytes]:
    """What makes a number's pseudonym under a key."""

    @lru_cache(maxsize=_REMEMBERED)  # one hash for each number, not for each row
    def made(number: bytes) -> bytes:
        # One person, one pseudonym, however the product spelt the number.
        meant = party(number, region)
        said = meant.encode() if meant else number
        return PREFIX + hmac.new(key, said, hashlib.sha256).hexdigest()[:16].encode()

    return made


def key_of(known: Mapping[str, Any]) -> bytes:
    """The key out of its file; EvidenceError for none."""
    try:
        key = bytes.fromhex(known["key"])
    except (KeyError, TypeError, ValueError):
        raise unread() from None
    if len(key) != 32:
        raise unread()
    return key


def read(path: Path) -> dict[str, Any] | None:
    """What a file of pseudonyms says; None where there is none."""
    try:
        return parse_canonical(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, EvidenceError):
        raise unread() from None


def unread() -> EvidenceError:
    """For a key that can't be read."""
    return EvidenceError(
        "The key of pseudonyms can't be read.",
        hint="restore the state folder, or remove the file pseudonyms.key: a new key gives other"
        " pseudonyms",
        code="PSEUDONYM_KEY",
    )
