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
    "code.ROLE_MISSING": (
        "Die Schlüsseldatei enthält keinen Schlüssel für diese Rolle.",
        "The key file holds no key for this role.",
    ),
}
