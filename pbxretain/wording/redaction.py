"""What is said of redaction and of the key of pseudonyms? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REDACTION: Final[Mapping[str, tuple[str, str]]] = {
    "plan.result.both": (
        "Ein Löschlauf würde jetzt löschen: {deleted}, unkenntlich machen: {redacted}; es wurde "
        "nichts geändert.",
        "A run would delete {deleted} and redact {redacted} now; nothing was changed.",
    ),
    "numbers.key": ("dessen Schlüssel gilt {period}", "under a key for {period}"),
    "numbers.extensions": (
        "Nebenstellen bis {n} Stellen bleiben",
        "extensions of up to {n} digits stay",
    ),
    "policy.note.dataset": ("{what} (Datenbestand: {name})", "{what} (dataset: {name})"),
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
    "code.RULE_REDACT": (
        "Ein Datenbestand dieser Datenart lässt sich nicht unkenntlich machen; dort geschieht "
        "nichts, bis er gelöscht wird.",
        "A dataset of this kind of data can't be redacted; nothing happens there until it is "
        "deleted.",
    ),
    "code.REDACTED_BEFORE_FILE": (
        "Dateien bleiben länger, als die Datensätze, die sie nennen, lesbar sind; danach findet "
        "sie keine Löschsperre und keine Auskunft mehr über die Rufnummer, wenn nicht ihr Name "
        "sie nennt.",
        "Files stay longer than the records that name them can be read; then no hold and no "
        "request finds them by the number, unless their name tells it.",
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
    "detail.REDACTION_UNDECLARED": (
        "Datenbestand {dataset}: Der Konnektor sagt nicht, wie {what} unkenntlich wird",
        "dataset {dataset}: the connector doesn't say how {what} is redacted",
    ),
    "detail.REDACTION_UNDECLARED.hint": (
        "im Konnektor unter redact eine Form nennen, oder löschen statt unkenntlich machen",
        "name a form under redact in the connector manifest, or delete instead",
    ),
    "detail.REDACTION_UNFIT": (
        "Datenbestand {dataset}: {columns} in {table} kann die unkenntliche Form nicht aufnehmen",
        "dataset {dataset}: {columns} in {table} can't hold the redacted form",
    ),
    "detail.REDACTION_UNFIT.hint": (
        "im Regelwerk eine andere Form für Nummern wählen, etwa blank",
        "choose another form for numbers in the policy, such as blank",
    ),
    "detail.REDACTION_TRIGGER": (
        "ein Auslöser (Trigger) auf {table} reagiert auf Änderungen; was er kopiert, weiß niemand",
        "a trigger on {table} answers updates; nobody knows what it copies",
    ),
    "detail.REDACTION_TRIGGER.hint": (
        "diese Datensätze stattdessen löschen, oder den Trigger entfernen",
        "delete these records instead, or drop the trigger",
    ),
    "detail.REDACTION_LEAVES": (
        "diese Spalten von {table} bleiben beim Unkenntlichmachen, wie sie sind: {columns}",
        "redaction leaves these columns of {table} as they are: {columns}",
    ),
    "detail.REDACTION_KIND": (
        "Datenbestand {dataset} lässt sich nur löschen, nicht unkenntlich machen",
        "dataset {dataset} can only be deleted, not redacted",
    ),
    "detail.REDACTION_KIND.hint": (
        "seiner Datenart eine Regel ohne redact geben, oder ihn aus der Anlage entfernen",
        "give its data class a rule without redact, or remove it from the PBX",
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
