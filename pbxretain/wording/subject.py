"""What is said to those who answer data subjects, and in the sheet itself? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SUBJECT: Final[Mapping[str, tuple[str, str]]] = {
    "subject.history": (
        "Achtung: Was auf der Befehlszeile steht, bleibt im Verlauf der Shell und ist in der "
        "Prozessliste zu sehen. Ohne Wert wird danach gefragt; „-“ liest ihn von der "
        "Standardeingabe.",
        "Mind: what stands on the command line stays in the shell's history and shows in the list "
        'of processes. Without a value it is asked for; "-" reads it from stdin.',
    ),
    "subject.ask.number": ("Rufnummer", "Telephone number"),
    "subject.ask.extension": ("Nebenstelle", "Extension"),
    "subject.ask.name": ("Name", "Name"),
    "subject.find.title": ("Gefundene Datensätze einer Person", "Records found of one person"),
    "subject.none": (
        "Zu dieser Person wurde nichts gefunden.",
        "Nothing was found about this person.",
    ),
    "subject.uncovered": (
        "{source}: nicht durchsucht, weil es sie dort nicht gibt oder die Einstellungen sie nicht "
        "nennen: {names}.",
        "{source}: not searched, as they aren't there or settings don't name them: {names}.",
    ),
    "subject.written": (
        "Das Gefundene steht in {path}: subject.html zum Lesen, subject.json für Maschinen.",
        "What was found is in {path}: subject.html to read, subject.json for machines.",
    ),
    "subject.written.note": (
        "Nur Sie können diese Dateien lesen. Sie nennen auch die anderen, mit denen gesprochen "
        "wurde: Prüfen Sie vor der Herausgabe, was deren Rechte berührt (Art. 15 Abs. 4 DSGVO), "
        "und löschen Sie die Dateien danach.",
        "Only you can read these files. They also name the others who were spoken with: before you "
        "hand them over, see what touches their rights (Art. 15(4) GDPR), and delete the files "
        "afterwards.",
    ),
    "subject.unsettled": (
        "Quelle {source}: Ein Löschlauf ist gestorben oder arbeitet noch. Was er beiseitegelegt "
        "hat, findet keine Suche: Rufen Sie erst „pbxretain run“ auf.",
        "Source {source}: a run died, or is still at work. What it set aside no search finds: "
        'run "pbxretain run" first.',
    ),
    "subject.undated": ("ohne Zeit", "without a time"),
    "subject.col.source": ("Quelle", "Source"),
    "subject.col.dataset": ("Datenbestand", "Dataset"),
    "subject.col.records": ("Datensätze", "Records"),
    "subject.col.related": ("Weitere desselben Anrufs", "Others of the same call"),
    "subject.col.when": ("Zeit", "Time"),
    "subject.col.stored": ("Was gespeichert ist", "What is stored"),
    "subject.sheet.title": (
        "Auskunft über gespeicherte Verkehrsdaten und Aufzeichnungen",
        "What the telephone system stores about you",
    ),
    "subject.sheet.about": (
        "Auskunft nach Art. 15 DSGVO: alle Datensätze der Telefonanlage, die die gesuchte "
        "Rufnummer, Nebenstelle oder den gesuchten Namen nennen, in jeder Schreibweise. Die "
        "Felder heißen wie in der Telefonanlage.",
        "Access under Art. 15 GDPR: every record of the telephone system that names the number, "
        "extension or name in question, in whatever spelling. The fields are named as the "
        "telephone system names them.",
    ),
    "subject.sheet.gaps": (
        "Diese Auskunft ist nicht vollständig: Ein Teil ließ sich nicht durchsuchen.",
        "This answer is incomplete: a part could not be searched.",
    ),
    "subject.sheet.source": ("Telefonanlage {source}", "Telephone system {source}"),
    "subject.sheet.dataset": ("{kind} ({dataset}): {count}", "{kind} ({dataset}): {count}"),
    "subject.sheet.copy": ("Kopie: {path}", "Copy: {path}"),
    "subject.sheet.related": (
        "Weitere Datensätze derselben Anrufe",
        "Other records of the same calls",
    ),
    "subject.sheet.related.note": (
        "Sie gehören zu denselben Anrufen, nennen die Person aber nicht. Ihr Inhalt betrifft "
        "andere und ist hier nicht wiedergegeben.",
        "They belong to the same calls and don't name the person. What they hold concerns others "
        "and isn't given here.",
    ),
    "subject.sheet.not-searched": (
        "Nicht durchsucht werden konnte: {names}.",
        "Could not be searched: {names}.",
    ),
    "subject.sheet.not-covered": (
        "Auf dieser Anlage nicht vorhanden oder nicht eingerichtet: {names}.",
        "Not there on this system, or not set up: {names}.",
    ),
    "subject.sheet.out-of-reach": (
        "Weitere Kopien, die diese Suche nicht erreicht:",
        "Further copies that this search can't reach:",
    ),
    "subject.col.found": ("Gefunden", "Found"),
    "subject.col.going": ("Wird gelöscht", "Goes"),
    "subject.col.held": ("Gesperrt", "Held"),
    "subject.col.minimum": ("Mindestfrist", "Minimum"),
    "subject.col.waiting": ("Jetzt nicht", "Not now"),
    "subject.erase.title": (
        "Löschverlangen: was gelöscht wird und was bleibt",
        "Demand for erasure: what goes and what stays",
    ),
    "subject.erase.note": (
        "„Gefunden“ zählt auch Kopien, die mit ihrem Datensatz gehen. Was eine Löschsperre oder "
        "eine Mindestfrist hält, bleibt (Art. 17 Abs. 3 DSGVO); das Löschprotokoll hält die "
        "Ablehnung fest. „Jetzt nicht“: Das Gespräch läuft noch, ein Teil muss vorher gehen, der "
        "Datensatz nennt keine Zeit und hat eine Mindestfrist, oder kein Schlüssel unterscheidet "
        "ihn von dem eines anderen.",
        '"Found" also counts copies, which go with their record. What a hold or a minimum keeps '
        'stays (Art. 17(3) GDPR); the report records the refusal. "Not now": the call goes on, a '
        "part has to go first, the record tells no time and has a minimum, or no key tells it from "
        "somebody else's.",
    ),
    "subject.erase.ask": (
        "{records} dieser Person unwiderruflich löschen?",
        "Delete {records} of this person for good?",
    ),
    "subject.erase.ended": ("Ergebnis", "Result"),
    "subject.erase.done": (
        "{source}: {deleted} gelöscht. Eine neue Suche findet nichts mehr.",
        "{source}: {deleted} deleted. A new search finds nothing any more.",
    ),
    "subject.erase.kept-some": (
        "{source}: {deleted} gelöscht. Was eine neue Suche noch findet, hält eine Löschsperre oder "
        "eine Mindestfrist.",
        "{source}: {deleted} deleted. What a new search still finds is kept by a hold or a "
        "minimum.",
    ),
    "subject.erase.left": (
        "{source}: {deleted} gelöscht. Übrig und noch zu löschen: {left}. Rufen Sie den Befehl "
        "noch einmal auf.",
        "{source}: {deleted} deleted. Left, and still to go: {left}. Give the command once more.",
    ),
    "subject.erase.kept": (
        "{source}: nichts gelöscht; was gefunden wurde, darf jetzt nicht gehen.",
        "{source}: nothing deleted; what was found may not go now.",
    ),
    "subject.erase.nothing": (
        "{source}: Zu dieser Person wurde nichts gefunden.",
        "{source}: nothing was found about this person.",
    ),
    "subject.erase.failed": (
        "{source}: nicht ausgeführt.",
        "{source}: not carried out.",
    ),
    "code.NO_NUMBER": (
        "Das ist keine Rufnummer oder Nebenstelle, nach der sich suchen lässt.",
        "That is no telephone number or extension that can be looked for.",
    ),
    "code.NO_NAME": (
        "Das ist kein Name: Es sind zwei Buchstaben oder mehr nötig.",
        "That is no name: it takes two letters or more.",
    ),
    "code.NO_SUBJECT": (
        "Die Datei nach --from lässt sich nicht lesen, oder eine Zeile nennt weder number:, "
        "extension: noch name:.",
        "The file that --from names can't be read, or a line says neither number:, extension: nor "
        "name:.",
    ),
}
