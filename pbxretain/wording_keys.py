"""What is said about keys: people's and the installation's, in German and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "code.PASSPHRASE": (
        "Die Passphrase stimmt nicht, oder die Schlüsseldatei wurde verändert.",
        "The passphrase is wrong, or the key file was changed.",
    ),
    "code.PASSPHRASE_SHORT": (
        "Die Passphrase ist zu kurz.",
        "The passphrase is too short.",
    ),
    "code.KEY_OUTSIDE": (
        "Die Einstellungen nennen einen Signaturschlüssel außerhalb des Zustandsordners.",
        "Settings name a signing key outside the state folder.",
    ),
    "code.KEY_REVOKED": (
        "Der Signaturschlüssel wurde widerrufen.",
        "The signing key was revoked.",
    ),
    "code.KEY_FIXED": (
        "Der Signaturschlüssel wird nicht gewechselt.",
        "The signing key is not replaced.",
    ),
    "code.KEY_LEFT": (
        "Ein abgelöster Schlüssel lässt sich nicht vernichten.",
        "A key that signs no more can't be destroyed.",
    ),
    "code.ROLE_MISSING": (
        "Die Schlüsseldatei enthält keinen Schlüssel für diese Rolle.",
        "The key file holds no key for this role.",
    ),
}
