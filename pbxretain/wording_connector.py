"""What is said about connectors, their tests and new ones: key to (German, English)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONNECTOR: Final[Mapping[str, tuple[str, str]]] = {
    "progress.test": ("prüfen", "testing"),
    "connector.test.kept": (
        "Alle Zusagen werden eingehalten: {total}.",
        "All promises are kept: {total}.",
    ),
    "connector.test.broken": (
        "Nicht eingehaltene Zusagen: {broken} von {total}.",
        "Promises that are not kept: {broken} of {total}.",
    ),
}
