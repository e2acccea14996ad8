"""What do the terms of reports and dry runs mean? (German, English.)

Terms follow DIN 66398 and ISO/IEC 27555; each report explains those that it uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TERMS: Final[Mapping[str, tuple[str, str]]] = {
    "term.run": ("Löschlauf", "Deletion run"),
    "means.run": (
        "Eine Ausführung der Löschung an einer Anlage, mit eigenem Löschprotokoll.",
        "One execution of the deletion on one system, with a report of its own.",
    ),
    "term.policy": ("Regelwerk", "Policy"),
    "means.policy": (
        "Die Löschregeln, die der Verantwortliche freigegeben hat: je Datenart Frist, "
        "Startzeitpunkt und Begründung.",
        "The rules that the controller approved: period, start event and reason for each data "
        "class.",
    ),
    "term.keep": ("Regellöschfrist", "Retention period"),
    "means.keep": (
        "Wie lange eine Datenart bleibt, gerechnet ab dem Startzeitpunkt; Sicherungskopien sind "
        "nicht eingeschlossen.",
        "How long a data class stays, from its start event on; backups are not included.",
    ),
    "term.start": ("Startzeitpunkt", "Start event"),
    "means.start": (
        "Das Ereignis, mit dem die Frist beginnt, etwa der Beginn des Anrufs.",
        "The event that starts the period, such as the start of the call.",
    ),
    "term.as-of": ("Bezugszeitpunkt", "As of"),
    "means.as-of": (
        "Der Zeitpunkt, von dem an zurückgerechnet wird: Er bestimmt Stichtage und Alter.",
        "The instant from which is counted back: it decides on cut-off dates and ages.",
    ),
    "term.finding": ("Feststellung", "Finding"),
    "means.finding": (
        "Etwas, das bemerkt wurde und das jemand ansehen sollte; nicht jede ist ein Fehler.",
        "Something that was noticed and that somebody should look at; not each is a fault.",
    ),
    "term.limit": ("Grenze", "Limit"),
    "means.limit": (
        "Wie viel ein Löschlauf auf einmal höchstens löschen darf; ist mehr fällig, löscht er "
        "nichts, bis jemand es bestätigt.",
        "How much a run may delete at one time; where more is due, it deletes nothing until "
        "somebody confirms it.",
    ),
    "term.confirmed": ("Von Hand bestätigte Höchstzahl", "Count confirmed by hand"),
    "means.confirmed": (
        "Die Zahl von Datensätzen, bis zu der jemand diesen einen Löschlauf über die Grenze hinaus "
        "erlaubt hat.",
        "The number of records up to which somebody allowed this one run to go beyond the limit.",
    ),
    "term.level": ("Nachweisstufe", "Evidence level"),
    "means.level": (
        "Was sich später belegen lässt: nur Anzahlen (counts) oder auch einzelne Löschungen "
        "(sealed).",
        "What can be proved later: counts only (counts), or single deletions too (sealed).",
    ),
    "term.sealed": ("Versiegelt", "Sealed"),
    "means.sealed": (
        "So verschlüsselt, dass nur der Schlüssel des Datenschutzbeauftragten es öffnet.",
        "Encrypted so that only the data protection officer's key opens it.",
    ),
    "term.assurance": ("Sicherheitsstufe", "Assurance level"),
    "means.assurance": (
        "Wogegen der Nachweis schützt. L1: gegen Fremde und Versehen. L2: auch gegen "
        "nachträgliches Ändern durch den Administrator, weil der Datenschutzbeauftragte "
        "gegengezeichnet hat.",
        "What the evidence protects against. L1: outsiders and accidents. L2: also later changes "
        "by the administrator, since the data protection officer has cosigned.",
    ),
    "term.cutoff": ("Stichtag", "Cut-off date"),
    "means.cutoff": (
        "Der erste Tag, dessen Daten noch bleiben: Alles davor ist fällig.",
        "The first day whose data still stays: everything before it is due.",
    ),
    "term.class": ("Löschklasse", "Deletion class"),
    "means.class": (
        "Datenarten mit gleicher Frist und gleichem Startzeitpunkt.",
        "Data classes with the same period and the same start event.",
    ),
    "term.dataset": ("Datenbestand", "Dataset"),
    "means.dataset": (
        "Eine Tabelle oder ein Ordner der Anlage mit Daten einer Datenart.",
        "One table or folder of the system that holds one data class.",
    ),
    "term.record": ("Datensatz", "Record"),
    "means.record": (
        "Was auf einmal gelöscht wird: eine Zeile oder Datei mit allem, was dazugehört.",
        "What is deleted at once: a row or a file with all that belongs to it.",
    ),
    "term.hold": ("Löschsperre", "Hold"),
    "means.hold": (
        "Anordnung, bestimmte Datensätze vorerst nicht zu löschen (Legal Hold, Art. 18 DSGVO).",
        "An order not to delete certain records for now (legal hold, Art. 18 GDPR).",
    ),
    "term.minimum": ("Aufbewahrungsfrist", "Minimum"),
    "means.minimum": (
        "Gesetzliche Frist, vor deren Ende nicht gelöscht werden darf.",
        "A statutory period before whose end nothing may be deleted.",
    ),
    "term.straddling": ("Über den Stichtag", "Straddling"),
    "means.straddling": (
        "Anrufe, von denen ein Teil vor und ein Teil nach dem Stichtag liegt; sie bleiben ganz.",
        "Calls that lie in part before and in part after the cut-off date; they stay whole.",
    ),
    "term.connector": ("Konnektor", "Connector"),
    "means.connector": (
        "Die Beschreibung einer Anlage: in welchen Tabellen und Ordnern welche Datenart liegt.",
        "The description of a system: which tables and folders hold which data class.",
    ),
    "term.dry-run": ("Probelauf", "Dry run"),
    "means.dry-run": (
        "Zählt, was ein Löschlauf löschen würde, und löscht nichts.",
        "Counts what a run would delete, and deletes nothing.",
    ),
    "term.ledger": ("Nachweiskette", "Ledger"),
    "means.ledger": (
        "Die lückenlose Reihe der Löschprotokolle einer Anlage; jedes nennt die Prüfsumme seines "
        "Vorgängers.",
        "The series of a system's reports without gaps; each names its predecessor's digest.",
    ),
    "term.digest": ("Prüfsumme", "Digest"),
    "means.digest": (
        "Eine Zahl, die sich ändert, sobald sich am Inhalt irgendetwas ändert (SHA-256).",
        "A number that changes as soon as anything in the content does (SHA-256).",
    ),
    "term.fingerprint": ("Fingerabdruck", "Fingerprint"),
    "means.fingerprint": (
        "Die Prüfsumme eines öffentlichen Schlüssels, gekürzt zum Vorlesen.",
        "The digest of a public key, shortened for reading aloud.",
    ),
    "term.root": ("Prüfwurzel", "Root"),
    "means.root": (
        "Eine Prüfsumme über alle gelöschten Datensätze zusammen.",
        "One digest over all records that were deleted.",
    ),
    "term.checkpoint": ("Prüfpunkt", "Checkpoint"),
    "means.checkpoint": (
        "Der Stand der Nachweiskette, wie ihn der Datenschutzbeauftragte gegengezeichnet hat; was "
        "davor liegt, lässt sich nicht mehr unbemerkt ändern.",
        "The state of the ledger that the data protection officer cosigned; what lies before it "
        "can't be changed unnoticed any more.",
    ),
    "term.logical": ("Logisch gelöscht", "Logically deleted"),
    "means.logical": (
        "Aus Tabellen und Ordnern der Anlage entfernt; über Speicherblöcke und Kopien sagt das "
        "nichts.",
        "Removed from the system's tables and folders; that says nothing of storage blocks and "
        "copies.",
    ),
}
