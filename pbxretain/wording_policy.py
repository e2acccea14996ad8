"""What rules say in words, what changes between two policies, and how one plays out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

POLICY: Final[Mapping[str, tuple[str, str]]] = {
    "facet.direction": ("Richtung", "direction"),
    "facet.answered": ("angenommen", "answered"),
    "facet.extension": ("Nebenstelle", "extension"),
    "facet.queue": ("Warteschlange", "queue"),
    "facet.tenant": ("Mandant", "tenant"),
    "facet.department": ("Abteilung", "department"),
    "facet.mailbox": ("Mailbox", "mailbox"),
    "facet.heard": ("abgehört", "heard"),
    "facet.recorded": ("aufgezeichnet", "recorded"),
    "facet.value.true": ("ja", "yes"),
    "facet.value.false": ("nein", "no"),
    "facet.value.inbound": ("eingehend", "inbound"),
    "facet.value.outbound": ("ausgehend", "outbound"),
    "facet.value.internal": ("intern", "internal"),
    "rule.part": ("{data} ({facets})", "{data} ({facets})"),
    "rule.or": ("{values} oder {last}", "{values} or {last}"),
    "rule.else": ("{first}, sonst {second}", "{first}, else {second}"),
    "rule.redact": (
        "nach {period} unkenntlich gemacht (Rufnummern: {numbers})",
        "redacted after {period} (numbers: {numbers})",
    ),
    "rule.redact.year-end": (
        "unkenntlich gemacht, gezählt {period} (Rufnummern: {numbers})",
        "redacted, counted {period} (numbers: {numbers})",
    ),
    "rule.slack": ("{period}, fällig {slack} früher", "{period}, due {slack} earlier"),
    "rule.none": ("keine", "none"),
    "numbers.blank": ("geleert", "blanked"),
    "numbers.constant": ("durch ein festes Wort ersetzt", "replaced by a constant"),
    "numbers.pseudonym": ("durch ein Pseudonym ersetzt", "replaced by a pseudonym"),
    "numbers.cut.one": ("ohne die letzte Ziffer", "without their last digit"),
    "numbers.cut.many": ("ohne die letzten {n} Ziffern", "without their last {n} digits"),
    "minimum.override": (
        "{period}, geht vor: {by}",
        "{period}, goes first: {by}",
    ),
    "policy.decided": ("Entschieden von", "Decided by"),
    "policy.review-by": ("Zu prüfen bis", "Review by"),
    "policy.note.earlier": (
        "{what} (frühere Regel: Zeile {line})",
        "{what} (earlier rule: line {line})",
    ),
    "policy.note.facet": ("{what} (Merkmal: {facet})", "{what} (facet: {facet})"),
}
