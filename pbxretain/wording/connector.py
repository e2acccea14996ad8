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
        "In dieser Reihenfolge. Fristen stehen nicht hier, sondern im Regelwerk.",
        "In this order. Retention periods don't stand here but in the policy.",
    ),
    "inventory.dataset": ("{data} (Datenbestand {name})", "{data} (dataset {name})"),
    "inventory.what": ("Inhalt", "Content"),
    "inventory.where": ("Ort", "Place"),
    "inventory.start": ("Fristbeginn", "Start of the period"),
    "inventory.personal": ("Personenbezogen", "Personal"),
    "inventory.facets": ("Einzeln regelbar nach", "Rules may tell apart by"),
    "inventory.along": ("Wird mitgelöscht", "Goes along"),
    "inventory.waits": ("Wartet, bis", "Waits until"),
    "inventory.link": ("Dateien", "Files"),
    "inventory.stays": ("Bleibt immer", "Always stays"),
    "inventory.stays.others": (
        "Dateien im selben Ordner, die anders heißen, etwa Ansagen",
        "files in the same folder with other names, such as announcements",
    ),
    "inventory.stays.newest": (
        "die jüngsten Datensätze ({n}), weil die Anlage sie braucht",
        "the newest records ({n}), since the system needs them",
    ),
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
    "new.hint": (
        "Enter übernimmt den Vorschlag in eckigen Klammern, - heißt: gibt es nicht.",
        "Enter takes what stands in brackets, - says that there is no such thing.",
    ),
    "new.ask.title": ("Wie heißt das Produkt", "What is the product called"),
    "new.ask.database": (
        "Welche Datenbanken hat es (mysql, postgresql, sqlite; - wenn nur Dateien)",
        "Which databases does it have (mysql, postgresql, sqlite; - for files only)",
    ),
    "new.ask.data": ("Welche Datenart ist es", "Which data class is it"),
    "new.ask.table": ("In welcher Tabelle stehen die Anrufe", "Which table holds the calls"),
    "new.ask.key": (
        "Welche Spalten unterscheiden die Zeilen (mit Komma)",
        "Which columns tell rows apart (with commas)",
    ),
    "new.ask.call-id": (
        "Welche Spalte ist in allen Teilen eines Anrufs gleich",
        "Which column is the same in all legs of a call",
    ),
    "new.ask.start": (
        "Welche Spalte sagt, wann der Anruf begann",
        "Which column says when the call began",
    ),
    "new.ask.kind": (
        "Was steht darin (datetime: Datum und Uhrzeit, epoch: Sekunden seit 1970, text)",
        "What does it hold (datetime: date and time, epoch: seconds since 1970, text)",
    ),
    "new.ask.form": ("Wie ist die Zeit geschrieben", "How is the time written"),
    "new.ask.zone": (
        "Nach wessen Uhr (source: Ortszeit der Anlage, utc, oder etwa Europe/Berlin)",
        "By whose clock (source: the system's local time, utc, or such as Europe/Berlin)",
    ),
    "new.ask.end": (
        "Welche Spalte sagt, wann der Anruf endete",
        "Which column says when the call ended",
    ),
    "new.ask.caller": ("In welcher Spalte steht, wer anruft", "Which column says who calls"),
    "new.ask.called": (
        "In welcher Spalte steht, wer angerufen wird",
        "Which column says who is called",
    ),
    "new.ask.personal": (
        "Welche Spalten nennen noch jemanden (mit Komma)",
        "Which other columns name somebody (with commas)",
    ),
    "new.ask.done": (
        "Woran sieht man, dass ein Anruf fertig ist (etwa state=done)",
        "How does a row say that its call is over (such as state=done)",
    ),
    "new.ask.recordings": (
        "In welchem Ordner liegen Aufzeichnungen gewöhnlich",
        "In which folder do recordings usually lie",
    ),
    "new.ask.extensions": (
        "Welche Endungen haben sie (mit Komma)",
        "Which endings do they have (with commas)",
    ),
    "new.ask.pattern": (
        "Wie nennt ihr Name die Zeit (etwa {{date}}-{{time}}-{{any}}; leer: letzte Änderung)",
        "How does their name tell the time (such as {{date}}-{{time}}-{{any}}; empty: last change)",
    ),
    "new.ask.link": (
        "Welche Spalte nennt die Datei eines Anrufs",
        "Which column names a call's file",
    ),
    "new.missing": (
        "{option} fehlt; ohne Rückfragen (--yes) muss es angegeben werden.",
        "{option} is missing; without questions (--yes) it has to be given.",
    ),
    "new.unused": (
        "{option} gehört nicht zu diesen Antworten.",
        "{option} doesn't belong to these answers.",
    ),
    "new.bad.name": (
        "Der Name besteht aus kleinen Buchstaben, Ziffern und Bindestrichen, höchstens 63.",
        "The name is made of small letters, digits and hyphens, at most 63.",
    ),
    "new.bad.taken": (
        "Ein Konnektor {name} ist schon da; wählen Sie einen anderen Namen.",
        "A connector {name} is there already; choose another name.",
    ),
    "new.bad.title": (
        "Der Name des Produkts ist eine Zeile mit höchstens 80 Zeichen.",
        "The product's name is one line of at most 80 characters.",
    ),
    "new.bad.database": (
        "Bekannt sind mysql (auch MariaDB), postgresql und sqlite.",
        "Known are mysql (MariaDB, too), postgresql and sqlite.",
    ),
    "new.bad.data": (
        "Datenarten sind {known}, oder ein eigener Name mit x- am Anfang.",
        "Data classes are {known}, or a name of your own that begins with x-.",
    ),
    "new.bad.identifier": (
        "{name!r} kann kein Name einer Tabelle oder Spalte sein.",
        "{name!r} can't be the name of a table or column.",
    ),
    "new.bad.table": (
        "Eine Tabelle {name} gibt es dort nicht, nur {known}.",
        "There is no table {name}, only {known}.",
    ),
    "new.bad.column": (
        "Eine Spalte {name} gibt es dort nicht, nur {known}.",
        "There is no column {name}, only {known}.",
    ),
    "new.bad.twice": (
        "Die Spalte {name} steht schon unter {other} und kann nicht beides sein.",
        "Column {name} stands under {other} already and can't be both.",
    ),
    "new.bad.empty": ("Mindestens eine Spalte wird gebraucht.", "At least one column is needed."),
    "new.bad.choice": ("Zur Wahl stehen {known}.", "You may choose {known}."),
    "new.bad.zone": (
        "Gebraucht wird source, utc oder eine Zeitzone wie Europe/Berlin.",
        "It takes source, utc or a time zone such as Europe/Berlin.",
    ),
    "new.bad.done": (
        "Gebraucht wird eine Spalte und ihre Werte, etwa state=done,missed.",
        "It takes a column and its values, such as state=done,missed.",
    ),
    "new.bad.nothing": (
        "Ohne Datenbank wird ein Ordner gebraucht.",
        "Without a database a folder is needed.",
    ),
    "new.bad.folder": (
        "Gebraucht wird ein Pfad ab der Wurzel, etwa /var/spool/recordings.",
        "It takes a path from the root, such as /var/spool/recordings.",
    ),
    "new.bad.extensions": (
        "Gebraucht werden Endungen mit Komma, etwa wav,mp3.",
        "It takes endings with commas, such as wav,mp3.",
    ),
    "new.bad.pattern": ("So geht das Muster nicht: {why}", "The pattern won't do: {why}"),
    "new.written": ("Geschrieben: {path} und README.md.", "Written: {path} and README.md."),
    "new.others": (
        "Auch diese Tabellen sehen nach Anrufdaten aus und fehlen noch:",
        "These tables look like call data, too, and are still missing:",
    ),
    "new.next": (
        "Lesen Sie die Kommentare darin, dann prüfen Sie:",
        "Read the comments in it, then test:",
    ),
    "new.note.head": (
        "Was dieses Produkt speichert, und was die Frist eines Datensatzes beginnen lässt.\n"
        "Keine Fristen (Regelwerk), keine Adressen und Passwörter (Einstellungen).\n"
        "Jedes Feld erklärt docs/reference/manifest.md.",
        "What this product stores, and what starts the period of each record.\n"
        "No periods (policy), no addresses and passwords (settings).\n"
        "Every field is explained in docs/reference/manifest.md.",
    ),
    "new.note.tried": (
        "Noch nicht am Produkt erprobt: gelöscht wird nur, wo Einstellungen es zulassen\n"
        "(accept_untried). Nach einem Versuch am laufenden Produkt:",
        "Not tried on the product yet: it deletes only where settings accept that\n"
        "(accept_untried). After a trial on the running product:",
    ),
    "new.note.order": (
        "In der Reihenfolge des Löschens: Dateien vor den Zeilen, die sie nennen.",
        "In the order of deletion: files before the rows that name them.",
    ),
    "new.note.others": (
        "Sieht auch nach Anrufdaten aus und ist noch nicht beschrieben: {tables}",
        "Looks like call data, too, and isn't described yet: {tables}",
    ),
    "new.note.reach": (
        "Kopien, die hiervon nicht gelöscht werden; jeder Bericht nennt sie. Was fehlt noch?",
        "Copies that this doesn't delete; every report names them. What is missing?",
    ),
    "new.note.dated.name": (
        "Eine Datei, deren Name keine Zeit nennt, bleibt liegen und wird gezählt.",
        "A file whose name tells no time stays and is counted.",
    ),
    "new.note.dated.mtime": (
        "Die letzte Änderung hat jede Datei: alles mit diesen Endungen wird gelöscht. Nennt der\n"
        "Name die Zeit, ist er besser.",
        "Every file has a last change: all with these endings is deleted. Where the name tells\n"
        "the time, it is better.",
    ),
    "new.note.zone-files": (
        "Nach wessen Uhr die Zeit im Namen geht.",
        "By whose clock the time in the name goes.",
    ),
    "new.note.call-id": (
        "Verbindet die Teile eines Anrufs: sie gehen nur zusammen.",
        "Ties the legs of a call together: they only go together.",
    ),
    "new.note.zone": (
        "source: Ortszeit der Anlage. Nicht raten: mit einem eigenen Anruf vergleichen,\n"
        "sonst wird Stunden zu früh gelöscht.",
        "source: the system's local time. Don't guess: compare with a call of your own,\n"
        "or records go hours too early.",
    ),
    "new.note.end": (
        "Solange sie leer ist, läuft der Anruf noch.",
        "While it is empty the call still goes on.",
    ),
    "new.note.done": (
        "Nur diese Werte heißen, dass nichts mehr geschrieben wird; alles andere wartet.",
        "Only these values mean that nothing more is written; all else waits.",
    ),
    "new.note.personal": (
        "Was jemanden nennt; in keinem Bericht zu lesen.",
        "What names somebody; no report ever shows it.",
    ),
    "new.note.children": (
        "Zeilen, die an einem Anruf hängen und mit ihm gehen (aus Fremdschlüsseln).",
        "Rows that hang on a call and go with it (from foreign keys).",
    ),
    "new.note.no-children": (
        "Hängen Zeilen anderer Tabellen daran? Sie blieben sonst für immer.\n"
        "children: [{{table: notes, column: call_id, parent_column: id}}]",
        "Do rows of other tables hang on these? They would stay for ever.\n"
        "children: [{{table: notes, column: call_id, parent_column: id}}]",
    ),
    "new.note.link": (
        "leave: die Spalte bleibt, wie sie ist, wenn die Datei weg ist. Verträgt das Produkt\n"
        "eine leere, dann blank oder null.",
        "leave: the column stays as it is once the file is gone. Where the product takes an\n"
        "empty one, say blank or null.",
    ),
    "new.backups": (
        "Sicherungen der Anlage enthalten diese Daten und bringen sie beim Zurückspielen wieder.",
        "Backups of the system hold these data and bring them back when restored.",
    ),
    "new.readme.what": (
        "Dieser Konnektor sagt, welche Daten das Produkt speichert und was ihre Frist beginnen "
        "lässt. Er ist angefangen, nicht fertig.",
        "This connector says which data the product stores and what starts their period. "
        "It is begun, not finished.",
    ),
    "new.readme.columns": ("| Bestand | Datenart | Ort |", "| Dataset | Data class | Where |"),
    "new.readme.table": ("Tabelle `{table}`", "table `{table}`"),
    "new.readme.folder": ("`{folder}`", "`{folder}`"),
    "new.readme.before": ("Vorher klären", "To find out first"),
    "new.readme.zone": (
        "Geht die Zeit nach Ortszeit oder UTC? Mit einem eigenen Anruf vergleichen.",
        "Is the time local or UTC? Compare with a call of your own.",
    ),
    "new.readme.over": (
        "Woran sieht man, dass ein Anruf vorbei ist und nichts mehr geschrieben wird?",
        "How does one see that a call is over and nothing more is written?",
    ),
    "new.readme.below": (
        "Welche Tabellen hängen an der Zeile (Notizen, Teile, Statistik)?",
        "Which tables hang on the row (notes, legs, statistics)?",
    ),
    "new.readme.copies": (
        "Welche Tabellen enthalten dieselben Anrufe noch einmal (Anruflisten, Archiv)?",
        "Which tables hold the same calls once more (call lists, archive)?",
    ),
    "new.readme.names": (
        "Liegt im Ordner noch etwas mit diesen Endungen, etwa Ansagen? `paths` schließt es aus.",
        "Is there anything else with these endings, such as announcements? `paths` keeps it out.",
    ),
    "new.readme.own": (
        "Löscht das Produkt selbst? Beides verträgt sich nicht immer.",
        "Does the product delete by itself? The two don't always go together.",
    ),
    "new.readme.grants": (
        "Welche Rechte sind nötig? `pbxretain check` nennt jedes, das fehlt.",
        "Which rights are needed? `pbxretain check` names each that is missing.",
    ),
    "new.readme.next": ("Wie es weitergeht", "What comes next"),
    "new.readme.steps": (
        "`pbxretain connector test connector.yaml`, dann an einer Kopie `pbxretain check` und "
        "`pbxretain plan`, dann vergleichen.",
        "`pbxretain connector test connector.yaml`, then `pbxretain check` and `pbxretain plan` "
        "on a copy, then compare.",
    ),
    "new.readme.reach": ("Außer Reichweite", "Out of reach"),
    "new.readme.tried": ("Wie er erprobt wurde", "How it was tried"),
    "new.readme.untried": ("Noch gar nicht.", "Not at all yet."),
}
