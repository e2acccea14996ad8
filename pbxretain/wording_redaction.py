"""What is said of redaction and of the key of pseudonyms? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REDACTION: Final[Mapping[str, tuple[str, str]]] = {
    "code.REDACTION_UNDECLARED": (
        "Der Konnektor sagt nicht von jeder Spalte mit Personenbezug, wie sie unkenntlich wird.",
        "The connector doesn't say of each personal column how it is redacted.",
    ),
    "code.REDACTION_UNFIT": (
        "Eine Spalte kann die unkenntliche Form nicht aufnehmen.",
        "A column can't hold the redacted form.",
    ),
    "code.REDACTION_TRIGGER": (
        "Ein Auslöser (Trigger) reagiert auf Änderungen; was er kopiert, weiß niemand.",
        "A trigger answers updates; nobody knows what it copies.",
    ),
    "code.REDACTION_LEAVES": (
        "Textspalten, die beim Unkenntlichmachen bleiben, wie sie sind.",
        "Columns of text that redaction leaves as they are.",
    ),
    "code.REDACTION_KIND": (
        "Unkenntlich machen lassen sich nur Datenbanktabellen; dies hier nur löschen.",
        "Only database tables can be redacted; this can only be deleted.",
    ),
    "code.REDACTION_FACET": (
        "Eine Regel richtet sich nach etwas, das beim Unkenntlichmachen verloren geht.",
        "A rule goes by something that redaction changes.",
    ),
    "detail.REDACTION_FACET": (
        "Datenbestand {dataset}: Eine Regel richtet sich nach {facet}, und das geht beim "
        "Unkenntlichmachen verloren",
        "dataset {dataset}: a rule goes by {facet}, which redaction changes",
    ),
    "detail.REDACTION_FACET.hint": (
        "{facet} aus den Regeln für {data} nehmen, oder kurze Nummern bleiben lassen: extensions",
        "take {facet} out of the rules for {data}, or let short numbers stay: extensions",
    ),
    "code.PSEUDONYM_KEY": (
        "Der Schlüssel der Pseudonyme fehlt oder ist unlesbar.",
        "The key of pseudonyms is missing or can't be read.",
    ),
    "code.PSEUDONYM_KEY_DESTROYED": (
        "Der Schlüssel der Pseudonyme wurde vernichtet: Was damit entstand, ist nun anonym.",
        "The key of pseudonyms was destroyed: what was made with it is anonymous now.",
    ),
}
