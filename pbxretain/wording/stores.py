"""Which sentence tells what the stores met, and what the engine ran into? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, tuple[str, str]]] = {
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
