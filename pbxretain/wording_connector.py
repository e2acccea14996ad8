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
    "inventory.order": (
        "In dieser Reihenfolge. Fristen stehen nicht hier, sondern in der Policy.",
        "In this order. Retention periods don't stand here but in the policy.",
    ),
    "inventory.dataset": ("{data} (Datenbestand {name})", "{data} (dataset {name})"),
    "inventory.what": ("Inhalt", "Content"),
    "inventory.where": ("Ort", "Place"),
    "inventory.start": ("Fristbeginn", "Start of the period"),
    "inventory.personal": ("Personenbezogen", "Personal"),
    "inventory.along": ("Wird mitgelöscht", "Goes along"),
    "inventory.waits": ("Wartet, bis", "Waits until"),
    "inventory.link": ("Dateien", "Files"),
    "inventory.note": ("Hinweis", "Note"),
    "inventory.where.table": ("Datenbanktabelle {table}", "database table {table}"),
    "inventory.where.tables": (
        "Datenbanktabellen, deren Name zu {table} passt",
        "database tables whose names match {table}",
    ),
    "inventory.where.tree": (
        "Dateien ({kinds}) unter dem Ordner, den die Einstellungen nennen; üblich: {folder}",
        "files ({kinds}) below the folder that settings name; usually {folder}",
    ),
    "inventory.where.spool": (
        "Sprachnachrichten mit allen ihren Dateien unter dem Ordner, den die Einstellungen nennen; "
        "üblich: {folder}",
        "voicemail messages with all their files below the folder that settings name; usually "
        "{folder}",
    ),
    "inventory.where.lines": (
        "Zeilen der Dateien {files} unter dem Ordner, den die Einstellungen nennen; üblich: "
        "{folder}",
        "lines of the files {files} below the folder that settings name; usually {folder}",
    ),
    "inventory.where.items": (
        "nur über die eigene Schnittstelle des Produkts",
        "only through the product's own interface",
    ),
    "inventory.column": ("Spalte {column}", "column {column}"),
    "inventory.field": ("{number}. Feld der Zeile", "field {number} of the line"),
    "inventory.zone.source": ("Ortszeit der Telefonanlage", "local time of the telephone system"),
    "inventory.zone.named": ("in der Zeitzone {zone}", "in the time zone {zone}"),
    "inventory.dated.name": ("Datum im Dateinamen", "date in the file's name"),
    "inventory.dated.path": ("Datum im Ordnernamen", "date in the folder's name"),
    "inventory.dated.sidecar": ("Datum in der Begleitdatei", "date in the file beside it"),
    "inventory.dated.mtime": (
        "letzte Änderung der Datei",
        "last change of the file",
    ),
    "inventory.dated.row": (
        "Solange der Datenbestand {dataset} die Datei nennt, zählt der jüngste Teil des Anrufs",
        "While the dataset {dataset} names the file, the newest part of the call counts",
    ),
    "inventory.personal.spool": (
        "die Aufnahme selbst; Anrufer, Postfach und Zeit in der Beschreibungsdatei",
        "the voice itself; caller, mailbox and time in the description file",
    ),
    "inventory.along.children": ("Zeilen von {tables}", "rows of {tables}"),
    "inventory.along.copies": ("Kopien in {tables}", "copies in {tables}"),
    "inventory.along.shared": (
        "Zeilen von {tables}, die dann kein Anruf mehr nennt",
        "rows of {tables} that no call names any more",
    ),
    "inventory.names": (
        "Spalte {column} nennt Dateien des Datenbestands {dataset}; {after}",
        "column {column} names files of the dataset {dataset}; {after}",
    ),
    "inventory.gone.blank": (
        "ist die Datei gelöscht, wird die Spalte geleert",
        "once the file is deleted the column is emptied",
    ),
    "inventory.gone.null": (
        "ist die Datei gelöscht, wird die Spalte auf NULL gesetzt",
        "once the file is deleted the column is set to NULL",
    ),
    "inventory.gone.deleted": (
        "ist die Datei gelöscht, steht in der Spalte „deleted“",
        "once the file is deleted the column says “deleted”",
    ),
    "inventory.gone.leave": (
        "die Spalte bleibt, wie sie ist, auch wenn die Datei gelöscht ist",
        "the column stays as it is, also when the file is deleted",
    ),
    "inventory.until.end": (
        "der Anruf ein Ende hat (Spalte {column})",
        "the call has an end (column {column})",
    ),
    "inventory.until.ready": (
        "die Anlage fertig ist (Spalte {column}: {values})",
        "the system is done with it (column {column}: {values})",
    ),
    "inventory.until.part": (
        "seine Datensätze in {dataset} gelöscht sind",
        "its records in {dataset} are deleted",
    ),
    "inventory.until.feed": (
        "{dataset} gelöscht ist, woraus die Anlage ihn neu schriebe",
        "{dataset}, from which the system would write it anew, is deleted",
    ),
    "inventory.empty": ("leer", "empty"),
    "inventory.optional": (
        "Fehlt in manchen Anlagen; der Bericht nennt das dann.",
        "Some systems don't have this; the report says so then.",
    ),
    "inventory.reads_only": (
        "Wird nur gezählt und berichtet, nie gelöscht.",
        "Only counted and reported, never deleted.",
    ),
}
