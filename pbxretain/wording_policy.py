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
    "rule.part": ("{data}, {facets}", "{data}, {facets}"),
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
    "diff.title": ("Was sich ändert", "What changes"),
    "diff.before": ("Bisher", "Before"),
    "diff.after": ("Danach", "After"),
    "diff.same": ("Beide entscheiden dasselbe.", "Both decide the same."),
    "diff.added": ("neue Regel: {stages}", "new rule: {stages}"),
    "diff.removed": ("Regel entfällt (bisher {stages})", "rule removed (was {stages})"),
    "diff.term": ("{what}: {before} → {after}", "{what}: {before} → {after}"),
    "diff.counted": ("{said}; {more}", "{said}; {more}"),
    "diff.reordered": (
        "{data}: Die Regeln stehen in anderer Reihenfolge.",
        "{data}: the rules stand in another order.",
    ),
    "diff.class": ("{data}, alle Regeln zusammen: {more}", "{data}, all rules together: {more}"),
    "diff.source": ("{source}, insgesamt: {more}.", "{source}, in all: {more}."),
    "diff.uncounted": (
        "Datenbestand {dataset} lässt sich jetzt nicht zählen.",
        "Dataset {dataset} can't be counted now.",
    ),
    "diff.none": (
        "beim nächsten Löschlauf gleich viele Datensätze fällig",
        "as many records due at the next run as before",
    ),
    "diff.more.one": (
        "beim nächsten Löschlauf 1 Datensatz mehr fällig",
        "1 more record due at the next run",
    ),
    "diff.more.many": (
        "beim nächsten Löschlauf {n} Datensätze mehr fällig",
        "{n} more records due at the next run",
    ),
    "diff.fewer.one": (
        "beim nächsten Löschlauf 1 Datensatz weniger fällig",
        "1 record fewer due at the next run",
    ),
    "diff.fewer.many": (
        "beim nächsten Löschlauf {n} Datensätze weniger fällig",
        "{n} records fewer due at the next run",
    ),
    "diff.minimum": ("Mindestfrist", "minimum"),
    "diff.slack": ("Vorlauf", "slack"),
    "diff.redact": ("Unkenntlichmachung", "redaction"),
    "diff.starts": ("Startzeitpunkt", "start event"),
    "diff.override": ("Vorrang entschieden von", "precedence decided by"),
    "diff.basis": ("Begründung", "reason"),
    "diff.only": ("gilt für", "applies to"),
    "diff.controller": ("Verantwortlicher", "controller"),
    "diff.decided_by": ("Entschieden von", "decided by"),
    "diff.decided_on": ("Entschieden am", "decided on"),
    "diff.review_by": ("Zu prüfen bis", "review by"),
    "diff.limits": ("Grenzen eines Löschlaufs", "limits of a run"),
    "policy.decided": ("Entschieden von", "Decided by"),
    "policy.review-by": ("Zu prüfen bis", "Review by"),
    "policy.note.earlier": (
        "{what} (frühere Regel: Zeile {line})",
        "{what} (earlier rule: line {line})",
    ),
    "policy.note.facet": ("{what} (Merkmal: {facet})", "{what} (facet: {facet})"),
}
