"""Which sentence explains what stood in the way of a command or a run? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "code.FAILED": ("Der Befehl ist gescheitert.", "The command failed."),
    "code.DOCUMENT": (
        "Einstellungen, Löschregeln oder Befehlszeile sind so nicht brauchbar.",
        "Settings, policy or command line can't be used.",
    ),
    "code.LOCKED": (
        "An dieser Quelle arbeitet schon ein anderer Löschlauf.",
        "Another run works on this source.",
    ),
    "code.LOCK_LOST": (
        "Die Sperre auf der Datenbank ging verloren; nichts ist halb getan.",
        "The lock on the database was lost; nothing is half done.",
    ),
    "code.REFUSED": (
        "Eine Sicherheitsprüfung hat verhindert, dass hier gelöscht wird.",
        "A safety check kept the run from deleting here.",
    ),
    "code.UNAVAILABLE": (
        "Eine Quelle oder Datei ließ sich nicht öffnen.",
        "A source or file could not be opened.",
    ),
    "code.DATABASE_LOGIN": (
        "Der Datenbankserver weist die Anmeldung ab; Benutzer in url und Kennwort prüfen.",
        "The database server refused the login; check user in url and password.",
    ),
    "code.DATABASE_NOT_LET_IN": (
        "Der Datenbankserver lässt diesen Benutzer von diesem Rechner aus nicht zu; dort erlauben.",
        "The database server doesn't let this user in from this host; allow it there.",
    ),
    "code.DATABASE_MISSING": (
        "Eine Datenbank dieses Namens gibt es für diesen Benutzer nicht; Namen in url prüfen.",
        "There is no database of that name for this user; check the name in url.",
    ),
    "code.DATABASE_CLOSED": (
        "Unter dieser Adresse antwortet kein Datenbankserver; läuft er? Rechner und Port prüfen.",
        "No database server answers at that address; see that it runs, check host and port.",
    ),
    "code.DATABASE_FULL": (
        "Der Datenbankserver nimmt keine Verbindung mehr an; später noch einmal versuchen.",
        "The database server takes no more connections; try again later.",
    ),
    "code.DATABASE_NO_FILE": (
        "Die SQLite-Datei gibt es nicht; den Pfad in url prüfen.",
        "The SQLite file isn't there; check the path in url.",
    ),
    "code.DATABASE_FILE": (
        "Die SQLite-Datei lässt sich nicht öffnen; Rechte an Datei und Ordner geben.",
        "The SQLite file can't be opened; give rights on the file and its folder.",
    ),
    "code.DATABASE_NO_SQLITE": (
        "Die als Datenbank angegebene Datei ist keine SQLite-Datei; den Pfad in url prüfen.",
        "The file named as database is no SQLite file; check the path in url.",
    ),
    "code.DATABASE_BUSY": (
        "Ein anderes Programm schreibt in die SQLite-Datei; danach noch einmal starten.",
        "Another program writes to the SQLite file; run again when it has ended.",
    ),
    "code.EVIDENCE": (
        "Der Nachweis ist nicht echt oder konnte nicht geschrieben werden.",
        "Evidence is not genuine or could not be written.",
    ),
    "code.REPORT_UNWRITTEN": (
        "Löschprotokolle lassen sich nicht schreiben.",
        "Reports can't be written.",
    ),
    "code.UNTRUSTED": (
        "Die Signatur ist in Ordnung, aber ihrem Schlüssel wird hier nicht vertraut.",
        "The signature is sound, but its key isn't trusted here.",
    ),
    "code.STORE": (
        "Ein Datenbestand ließ sich nicht bearbeiten.",
        "A dataset could not be worked on.",
    ),
    "code.OUTCOME_UNKNOWN": (
        "Die Antwort der Datenbank ging verloren; der Stand wird vor dem nächsten Schritt geklärt.",
        "The database's answer was lost; the outcome is settled before the next step.",
    ),
    "code.CLOCK_SKEW": (
        "Die Uhren des Rechners und der Datenbank gehen zu weit auseinander.",
        "The clocks of this machine and of the database are too far apart.",
    ),
    "code.CLOCK_BACK": (
        "Die Uhr steht vor dem letzten Eintrag der Nachweiskette.",
        "The clock stands before the last entry of the ledger.",
    ),
    "code.FUTURE_RECORDS": (
        "Zu viele Datensätze tragen ein Datum in der Zukunft.",
        "Too many records are dated in the future.",
    ),
    "code.ESCROW_MISSING": (
        "Versiegelter Nachweis ist verlangt, aber es gibt keinen Hinterlegungsschlüssel.",
        "Sealed evidence is demanded, but there is no escrow key.",
    ),
    "code.ESCROW_KIND": (
        "Die Datei ist kein Hinterlegungsschlüssel (X25519).",
        "The file is no escrow key (X25519).",
    ),
    "code.ESCROW_OPEN": (
        "Der Nachweis lässt sich mit diesem Hinterlegungsschlüssel nicht öffnen.",
        "The evidence doesn't open with this escrow key.",
    ),
    "code.SIDECAR": (
        "Eine Datei neben dem Löschprotokoll ist nicht die, für die signiert wurde: Sie ist "
        "verändert oder beschädigt.",
        "A file beside the report isn't the one that was signed for: it is changed or damaged.",
    ),
    "code.UNTRIED_CONNECTOR": (
        "Der Konnektor wurde an diesem Produkt noch nie erprobt.",
        "The connector has never been tried on this product.",
    ),
    "code.CONFIRMED_COUNT": (
        "Es ist mehr fällig, als bestätigt wurde.",
        "More is due than was confirmed.",
    ),
    "code.SHARE_LIMIT": (
        "Ein größerer Anteil eines Datenbestands ist fällig, als die Grenze auf einmal zulässt.",
        "A larger share of a dataset is due than the limit allows at one time.",
    ),
    "code.COUNT_LIMIT": (
        "Mehr Datensätze sind fällig, als die Grenze auf einmal zulässt.",
        "More records are due than the limit allows at one time.",
    ),
    "code.NO_DATABASE_CONFIGURED": (
        "In den Einstellungen ist keine Datenbank genannt.",
        "Settings name no database.",
    ),
    "code.NO_SUCH_TABLE": (
        "Die Datenbank hat diese Tabelle nicht.",
        "The database doesn't have this table.",
    ),
    "code.NO_API_CONFIGURED": (
        "In den Einstellungen ist keine Schnittstelle des Produkts genannt.",
        "Settings name no interface of the product.",
    ),
    "code.NO_COMMAND_CONFIGURED": (
        "In den Einstellungen steht nichts über das Programm dieses Konnektors.",
        "Settings say nothing of this connector's program.",
    ),
    "code.PROGRAM_BROKEN": (
        "Das Programm des Konnektors hält sich nicht an das Protokoll.",
        "The connector's program doesn't keep to the protocol.",
    ),
    "code.PROGRAM_REFUSED": (
        "Das Programm des Konnektors hat die Anfrage abgelehnt.",
        "The connector's program refused the request.",
    ),
    "code.UNREADABLE_TIMES": (
        "Kein Zeitpunkt dieses Datenbestands ist lesbar.",
        "No time of this dataset can be read.",
    ),
    "code.API_DENIED": (
        "Die Schnittstelle des Produkts nimmt die Anmeldung nicht an.",
        "The product's interface doesn't accept the login.",
    ),
    "code.API_REFUSED": (
        "Die Schnittstelle des Produkts hat die Anfrage abgelehnt.",
        "The product's interface refused the request.",
    ),
    "code.API_NO_JSON": (
        "Die Schnittstelle des Produkts antwortet anders als erwartet.",
        "The product's interface answers in a way that isn't expected.",
    ),
    "code.OWN_PURGE": (
        "Das Produkt löscht auch selbst nach Alter; das sollte zur Löschregel passen.",
        "The product deletes by age itself as well; that should fit the policy.",
    ),
    "code.PERIOD_NOT_CLEAR": (
        "Das Produkt löscht nur ganze Zeiträume, und in diesem liegt etwas, das bleiben muss.",
        "The product deletes whole periods only, and this one holds something that must stay.",
    ),
    "code.NO_ROOT_CONFIGURED": (
        "In den Einstellungen ist dieser Ordner nicht genannt.",
        "Settings don't name this folder.",
    ),
    "code.NO_SETTINGS": (
        "Es gibt noch keine Einstellungen.",
        "There are no settings yet.",
    ),
    "code.SECRET": ("Ein Passwort ließ sich nicht lesen.", "A password could not be read."),
    "code.SECRET_READABLE": (
        "Jeder Benutzer dieses Rechners kann ein Passwort lesen.",
        "Every user of this machine may read a password.",
    ),
    "code.WRITABLE_BY_OTHERS": (
        "Jeder Benutzer dieses Rechners kann eine wichtige Datei ändern.",
        "Every user of this machine may change an important file.",
    ),
    "code.KEY_EXISTS": (
        "Es gibt schon einen Schlüssel; ein Schlüssel wird nie überschrieben.",
        "There is a key already; a key is never overwritten.",
    ),
    "code.KEY_WRITE": (
        "Der Schlüssel ließ sich nicht schreiben.",
        "The key could not be written.",
    ),
    "code.KEY_FOLDER": (
        "Der Ordner des Schlüssels ist keiner, oder andere als sein Besitzer können darin "
        "schreiben.",
        "The folder of the key is none, or others than its owner may write in it.",
    ),
    "code.KEY_MISSING": (
        "Ein Schlüssel fehlt oder ist nicht lesbar.",
        "A key is missing or can't be read.",
    ),
    "code.KEY_KIND": (
        "Die Datei enthält keinen Schlüssel der Art, die hier gebraucht wird (Ed25519 zum "
        "Signieren, X25519 zum Versiegeln).",
        "The file holds no key of the kind that is needed here (Ed25519 to sign, X25519 to seal).",
    ),
    "code.KEY_EXPOSED": (
        "Andere als der Besitzer können den Schlüssel lesen oder ändern.",
        "Others than its owner may read or change the key.",
    ),
    "code.BAD_SIGNATURE": ("Die Signatur ist nicht echt.", "The signature is not genuine."),
    "code.MALFORMED": (
        "Eine Datei hat nicht die Form eines Löschprotokolls.",
        "A file doesn't have the form of a report.",
    ),
    "code.NOT_CANONICAL": (
        "Eine Datei ist nicht Byte für Byte so geschrieben, wie es sein muss.",
        "A file isn't written byte for byte as it must be.",
    ),
    "code.UNKNOWN_TYPE": (
        "Eine Datei ist von einer Art, die diese Programmversion nicht kennt.",
        "A file is of a kind that this version doesn't know.",
    ),
    "code.SCHEMA": (
        "Ein Löschprotokoll hat Felder, die es nicht haben darf, oder es fehlen welche.",
        "A report has fields it must not have, or lacks some.",
    ),
    "code.BALANCE": (
        "Die Anzahlen in einem Löschprotokoll gehen nicht auf.",
        "The counts in a report don't add up.",
    ),
    "code.SUBJECT": (
        "Ein Löschprotokoll handelt von etwas anderem, als es vorgibt.",
        "A report is about something else than it claims.",
    ),
    "code.PERSON": (
        "Freigegeben wird durch eine Funktion, nicht durch eine namentlich genannte Person.",
        "Approval is given by a function, not by a person's name.",
    ),
    "code.FILE_EXISTS": (
        "Die Datei gibt es schon; sie wird nicht überschrieben.",
        "The file is there already and is not overwritten.",
    ),
    "code.FILE_WRITE": (
        "Die Datei ließ sich nicht schreiben.",
        "The file could not be written.",
    ),
}
