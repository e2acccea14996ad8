"""Which sentence explains what stood in the way? (German, English.)

Codes of errors, of what ``check`` and ``verify`` find, and of what the stores met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    # --- errors, by code ----------------------------------------------------------------------
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
    # --- what verify finds --------------------------------------------------------------------
    "code.PREV": (
        "Ein Löschprotokoll knüpft nicht an seinen Vorgänger an.",
        "A report doesn't follow its predecessor.",
    ),
    "code.LEDGER": (
        "Die Nachweiskette ist beschädigt oder nicht lesbar.",
        "The ledger is damaged or can't be read.",
    ),
    "code.LEDGER_MISMATCH": (
        "Ein Löschprotokoll ist ein anderes als das, das in der Nachweiskette steht.",
        "A report is another one than the ledger names.",
    ),
    "code.UNTRUSTED_KEY": (
        "Die Signatur ist in Ordnung, aber niemand hat hier bestätigt, wem ihr Schlüssel gehört.",
        "The signature is sound, but nobody here has confirmed whose key it is.",
    ),
    "code.UNKNOWN_KEY": (
        "Der Schlüssel der Signatur ist hier unbekannt; sie lässt sich nicht prüfen.",
        "The key of the signature is unknown here; it can't be checked.",
    ),
    "code.MISSING_REPORT": (
        "Ein Löschprotokoll, das in der Nachweiskette steht, fehlt.",
        "A report that the ledger names is missing.",
    ),
    "code.MISSING_LEDGER": (
        "Die Nachweiskette fehlt neben den Löschprotokollen.",
        "The ledger is missing beside the reports.",
    ),
    "code.EXTRA_REPORT": (
        "Ein Löschprotokoll steht nicht in der Nachweiskette.",
        "A report isn't named in the ledger.",
    ),
    "code.CHANGED_FILE": (
        "Die Datei eines Löschprotokolls wurde umgeschrieben; sein Inhalt ist noch echt.",
        "A report's file was rewritten; its content is still genuine.",
    ),
    "code.UNPUBLISHED": (
        "Ein Löschprotokoll ist noch nicht ganz veröffentlicht; der nächste Löschlauf tut es.",
        "A report isn't fully published yet; the next run does it.",
    ),
    "code.CLOCK_AHEAD": (
        "Ein Löschprotokoll ist auf die Zukunft datiert.",
        "A report is dated in the future.",
    ),
    "code.RECORDS_FAILED": (
        "Einzelne Datensätze ließen sich nicht löschen.",
        "Single records could not be deleted.",
    ),
    "code.RUN_INCOMPLETE": (
        "Der Löschlauf war unvollständig.",
        "The run was incomplete.",
    ),
    "code.RUN_FAILED": (
        "Der Löschlauf wurde abgebrochen.",
        "The run was broken off.",
    ),
    "code.RUN_REFUSED": ("Der Löschlauf wurde verweigert.", "The run was refused."),
    "code.RUN_INTERRUPTED": ("Der Löschlauf wurde unterbrochen.", "The run was interrupted."),
    "code.RUN_RECOVERED": (
        "Ein unterbrochener Löschlauf wurde abgeschlossen.",
        "A run that was interrupted has been settled.",
    ),
    "code.UNREADABLE": ("Eine Datei ließ sich nicht lesen.", "A file could not be read."),
    "code.NOTHING": ("Hier gibt es kein Löschprotokoll.", "There is no report here."),
    "code.OWN_KEY": (
        "Signiert mit dem eigenen Schlüssel dieses Rechners, von niemand anderem bestätigt.",
        "Signed by this machine's own key, not confirmed by anyone else.",
    ),
    "code.DRY_RUN": (
        "Dies ist ein Probelauf; er belegt keine Löschung.",
        "This is a dry run; it proves no deletion.",
    ),
    "code.LEVEL_COUNTS": (
        "Nachweisstufe Anzahlen: Ohne Schlüssel des Datenschutzbeauftragten lassen sich einzelne "
        "Datensätze nicht belegen.",
        "Evidence level counts: without a data protection officer's key single records can't be "
        "proved.",
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
    # --- what the stores met, and what the engine ran into -------------------------------------
    "code.FORMER_OWNER_SUSPECTED": (
        "Ton unter der Nummer einer Nachricht könnte von einer früheren stammen; er blieb stehen.",
        "Sound under a message's number may be that of an earlier one; it was left alone.",
    ),
    "code.GAP_AT_LIMIT": (
        "Ein Ordner der Mailbox ist voll; Lücken darin könnten neue Nachrichten gefährden.",
        "A mailbox folder is full; gaps in it could endanger new messages.",
    ),
    "code.LAMP_NOT_REFRESHED": (
        "Nachrichtenlampen ließen sich nicht auffrischen; der nächste Anruf tut es.",
        "Message lamps could not be refreshed; the next call does it.",
    ),
    "code.NOT_A_FILE": (
        "Etwas, das wie eine Nachricht heißt, ist keine gewöhnliche Datei und blieb stehen.",
        "Something named like a message is no regular file and was left alone.",
    ),
    "code.NOT_RENAMED": (
        "Dateien ließen sich nicht beiseitelegen und blieben stehen.",
        "Files could not be set aside and were left alone.",
    ),
    "code.NO_AUDIO": (
        "Nachrichten ohne Tonaufnahme.",
        "Messages without sound.",
    ),
    "code.ORPHAN_AUDIO": (
        "Tonaufnahmen ohne Begleitdatei; sie werden nach ihrem eigenen Datum behandelt.",
        "Sound without a description; it is treated by its own date.",
    ),
    "code.OWN_LEFTOVER": (
        "Überbleibsel eines unterbrochenen Löschlaufs; der nächste räumt sie auf.",
        "Leftovers of an interrupted run; the next one puts them right.",
    ),
    "code.FOREIGN_LEFTOVER": (
        "Dateien, die eine andere Installation beiseitegelegt hat; sie blieben stehen.",
        "Files that another installation set aside; they were left alone.",
    ),
    "code.NAMELESS_LEFTOVER": (
        "Dateien, die ein Löschlauf beiseitegelegt hat und deren Name verloren ist; bitte ansehen.",
        "Files that a run set aside and whose name is lost; somebody has to look at them.",
    ),
    "code.NO_MAILBOXES": (
        "Der als Sprachnachrichten angegebene Ordner enthält Dateien, aber keine Mailbox; "
        "anzugeben ist der Ordner über den Kontexten, meist /var/spool/asterisk/voicemail.",
        "The folder named as voicemail spool holds files but no mailbox; name the folder above "
        "the contexts, usually /var/spool/asterisk/voicemail.",
    ),
    "code.SYMLINKS": (
        "Symbolische Verknüpfungen; ihnen wird nicht gefolgt.",
        "Symbolic links; they are not followed.",
    ),
    "code.UNKNOWN_FILES": (
        "Dateien, die nicht heißen wie die dieser Datenart, wurden nicht angerührt.",
        "Files not named like those of this kind of data were left alone.",
    ),
    "code.CHANGED": (
        "Datensätze, die sich inzwischen geändert hatten, blieben stehen.",
        "Records that had changed meanwhile were left alone.",
    ),
    "code.SESSION_UNKNOWN": (
        "Ob in der Mailbox gerade abgehört wird, war nicht zu erfahren; sie blieb stehen.",
        "Whether somebody was listening to the mailbox could not be learnt; it was left alone.",
    ),
    "code.READ_ONLY_FOLDER": (
        "In einen Ordner kann nicht geschrieben werden.",
        "A folder can't be written to.",
    ),
    "code.PARTIAL_LINES": (
        "Angefangene Zeilen am Ende einer Protokolldatei; sie werden erst fertig gezählt.",
        "Lines begun at the end of a log file; they count once they are whole.",
    ),
    "code.UNREADABLE_FOLDER": (
        "Ein Ordner lässt sich nicht lesen.",
        "A folder can't be read.",
    ),
    "code.RIGHT_MISSING": (
        "Dem Datenbankbenutzer oder dem Konto fehlt ein Recht.",
        "The database user or account lacks a right.",
    ),
    "code.TRIGGERS_HIDDEN": (
        "Auslöser (Trigger) in der Datenbank sind nicht zu sehen.",
        "Triggers in the database can't be seen.",
    ),
    "code.TABLES_HIDDEN": (
        "Fremdschlüssel und Kopien in anderen Tabellen der Datenbank sind nicht zu sehen.",
        "Foreign keys and copies in other tables of the database can't be seen.",
    ),
    "code.REPORT_IMPOSSIBLE": (
        "Über diesen Löschlauf ließe sich kein Löschprotokoll schreiben; nichts wurde gelöscht.",
        "No report of this run could be written; nothing was deleted.",
    ),
    "code.NO_INDEX": (
        "Eine große Tabelle hat keinen Index, an dem entlang gelöscht werden kann.",
        "A large table has no index to delete along.",
    ),
    "code.OWN_PURGE_MINIMUM": (
        "Die Anlage löscht selbst, was noch aufbewahrt werden muss, und ohne Nachweis.",
        "The product itself deletes what must still be kept, and without evidence.",
    ),
    "code.OWN_PURGE_LATER": (
        "Nur die Anlage selbst löscht dies, und später, als das Regelwerk es sagt, oder nie.",
        "Nothing but the product deletes this, and later than the policy says, or never.",
    ),
    "code.OWN_PURGE_EARLIER": (
        "Die Anlage löscht selbst früher, als das Regelwerk es sagt, und ohne Nachweis.",
        "The product itself deletes earlier than the policy says, and without evidence.",
    ),
    "code.OWN_PURGE_UNSEEN": (
        "Nach welcher Zeit die Anlage selbst löscht, ist von hier aus nicht zu sehen.",
        "After how long the product itself deletes can't be seen from here.",
    ),
    "code.READY_NEVER": (
        "Keine Zeile hat einen Wert, den der Konnektor als fertig kennt; nichts würde gelöscht.",
        "No row has a value that the connector knows as finished; nothing would go.",
    ),
    "code.INDEX_MISSING": (
        "Ein Index fehlt; Löschläufe lesen mehr, als sie müssten.",
        "An index is missing; runs read more than they need.",
    ),
    "code.KEY_UNINDEXED": (
        "Ein Fremdschlüssel hat keinen Index; ein Löschlauf kann Tage dauern.",
        "A foreign key has no index; a run may take days.",
    ),
    "code.LAX_DURABILITY": (
        "Die Datenbank sichert Änderungen verzögert; nach einem Stromausfall wird erneut gelöscht.",
        "The database syncs late; after a power cut some rows are deleted again.",
    ),
    "code.NUMBERING": (
        "Diese Asterisk-Version kann neue Nachrichten verlieren, wenn ältere fehlen.",
        "This version of Asterisk may lose new messages when older ones are missing.",
    ),
    "code.NO_AMI": (
        "Ohne Managerschnittstelle ist nicht zu sehen, ob gerade jemand abhört.",
        "Without the manager interface nobody can see whether somebody is listening.",
    ),
    "code.AMI": (
        "Die Managerschnittstelle von Asterisk ist nicht erreichbar.",
        "Asterisk's manager interface can't be reached.",
    ),
    "code.LOCKMODE": (
        "Wie Asterisk seine Mailboxen sperrt, steht nicht fest.",
        "How Asterisk locks its mailboxes isn't known.",
    ),
    "code.NOT_WRITABLE": (
        "In den Ordner kann nicht geschrieben werden.",
        "The folder can't be written to.",
    ),
    "code.ENCODING": (
        "Ein Wert passt nicht in den Zeichensatz der Datenbank.",
        "A value doesn't fit the database's character set.",
    ),
    "code.NO_LOCKS": (
        "Die Datenbank vergibt keine benannten Sperren.",
        "The database gives no named locks.",
    ),
    "code.SESSION_ALIVE": (
        "Eine Datenbanksitzung eines früheren Löschlaufs arbeitet noch.",
        "A database session of an earlier run is still working.",
    ),
    "code.NOT_PUT_BACK": (
        "Beiseitegelegte Dateien ließen sich nicht zurücklegen; der nächste Löschlauf versucht es.",
        "Files set aside could not be put back; the next run tries again.",
    ),
    "code.NOT_SYNCED": (
        "Ein Ordner ließ sich nicht dauerhaft sichern.",
        "A folder could not be synced.",
    ),
    "code.NO_NUMBER_LEFT": (
        "In einem Mailboxordner ist keine Nummer mehr frei.",
        "A mailbox folder has no number left.",
    ),
    "code.NO_LINK": (
        "Der Datenbestand nennt keine Dateien.",
        "The dataset names no files.",
    ),
    "code.MOVED": (
        "Es wären andere Zeilen gelöscht worden als gewählt; alles wurde zurückgenommen.",
        "Other rows would have gone than chosen; all of it was undone.",
    ),
    "code.CLOSED": (
        "Ein Löschschritt war nicht mehr offen.",
        "A batch was no longer open.",
    ),
    "code.UNSETTLED": (
        "Ob ein Löschschritt galt, ist noch offen; der nächste Löschlauf klärt es.",
        "Whether a batch was final is still open; the next run settles it.",
    ),
    "code.NO_ROOM": (
        "Für Nachweis und Arbeitsdateien ist zu wenig Platz.",
        "There is too little room for evidence and working files.",
    ),
    "code.JOURNAL_DAMAGED": (
        "Das Arbeitsjournal eines Löschlaufs ist beschädigt.",
        "The journal of a run is damaged.",
    ),
    "code.JOURNAL_UNWRITTEN": (
        "Das Arbeitsjournal ließ sich nicht schreiben.",
        "The journal could not be written.",
    ),
    "code.LEAVES_DAMAGED": (
        "Nachweisblätter sind beschädigt.",
        "Evidence leaves are damaged.",
    ),
    "code.LEAVES_MISSING": (
        "Nachweisblätter fehlen.",
        "Evidence leaves are missing.",
    ),
    "code.PENDING": (
        "Die Merkmale eines offenen Löschschritts fehlen oder sind beschädigt.",
        "The tags of an open batch are missing or damaged.",
    ),
    "code.NO_LOGGER_RELOAD": (
        "Asterisk lässt sich nicht bitten, sein Protokoll neu zu öffnen; die Datei bleibt.",
        "Asterisk can't be asked to reopen its log; the file in use is left alone.",
    ),
    "code.NO_RIGHT": (
        "In einem Ordner fehlt das Recht zu schreiben.",
        "The right to write in a folder is missing.",
    ),
    "code.UNREADABLE_SEGMENT": (
        "Eine Protokolldatei lässt sich nicht lesen.",
        "A log file can't be read.",
    ),
}
