"""Which sentence stands in the commands that open sealed evidence? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPENING: Final[Mapping[str, tuple[str, str]]] = {
    "evidence.find.title": (
        "Gelöschte Datensätze der gesuchten Rufnummer",
        "Deleted records of the number in question",
    ),
    "evidence.find.gaps": (
        "Es fehlen Löschprotokolle, oder sie sind nicht echt; die Suche ist deshalb nicht "
        "vollständig, und aus ihr folgt nicht, dass es keinen Datensatz gab.",
        "Reports are missing, or aren't genuine; the search is incomplete for that reason, and it "
        "doesn't follow from it that there was no record.",
    ),
    "evidence.find.nothing": (
        "Kein Löschprotokoll ließ sich durchsuchen. Daraus folgt nichts: Ob Datensätze dieser "
        "Rufnummer gelöscht wurden, bleibt offen.",
        "No report could be searched. Nothing follows from that: whether records of this number "
        "were deleted stays open.",
    ),
    "evidence.find.uncovered": (
        "Keines der vorliegenden Löschprotokolle hat aus den gefragten Tagen etwas gelöscht.",
        "None of the reports at hand deleted anything of the days in question.",
    ),
    "evidence.find.part": (
        "Nicht alle Löschprotokolle ließen sich durchsuchen; über die folgenden sagt das Ergebnis "
        "nichts.",
        "Not all reports could be searched; of the following ones the result says nothing.",
    ),
    "evidence.find.none": (
        "Die durchsuchten Nachweise enthalten keinen Datensatz dieser Rufnummer.",
        "The evidence that was searched covers no record of this number.",
    ),
    "evidence.find.searched": (
        "Durchsucht: Nachweise aus {n} Löschprotokoll(en). Jeder Treffer ist gegen die signierte "
        "Prüfwurzel seines Protokolls geprüft.",
        "Searched: evidence of {n} report(s). Each match is checked against the signed root of its "
        "report.",
    ),
    "evidence.find.destroyed": (
        "Nicht durchsuchbar, weil der Nachweis nicht mehr da ist (vernichtet, oder nicht in diesem "
        "Exemplar): Protokoll {numbers}.",
        "Can't be searched, since the evidence isn't there any more (destroyed, or not in this "
        "copy): report {numbers}.",
    ),
    "evidence.find.foreign": (
        "Nicht durchsuchbar, weil für einen anderen Schlüssel versiegelt: Protokoll {numbers}.",
        "Can't be searched, since it was sealed to another key: report {numbers}.",
    ),
    "evidence.find.counts": (
        "Nicht durchsuchbar, weil nur mit Anzahlen belegt: Protokoll {numbers}.",
        "Can't be searched, since only counts are kept: report {numbers}.",
    ),
    "evidence.find.unchecked": (
        'Die Unterschriften der Protokolle wurden nicht geprüft: --trust angeben, oder "verify".',
        'The signatures of the reports weren\'t checked: give --trust, or see "verify".',
    ),
    "evidence.find.noted": (
        "Der Zugriff ist festgehalten in {path}; wer eine Kopie durchsucht hat, gibt dem Admin "
        "diese Datei für: pbxretain report add",
        "The access is recorded in {path}; whoever searched a copy hands this file to the admin "
        "for: pbxretain report add",
    ),
    "evidence.col.when": ("Beginn", "Began"),
    "evidence.col.class": ("Datenart", "Data class"),
    "evidence.col.report": ("Protokoll", "Report"),
    "evidence.col.run": ("Gelöscht im Lauf vom", "Deleted in the run of"),
    "evidence.col.signer": ("Unterschrift", "Signed by"),
    "evidence.proof-written": (
        "Beleg geschrieben: {path}. Er öffnet diesen einen Datensatz und ist personenbezogen.",
        "Proof written: {path}. It opens this one record and is personal data.",
    ),
    "evidence.proof.title": ("Beleg einer einzelnen Löschung", "Proof of a single deletion"),
    "evidence.proof.sound": (
        "Der Beleg ist echt: Der Datensatz steht unter der signierten Prüfwurzel.",
        "The proof is sound: the record stands under the signed root.",
    ),
    "evidence.proof.only": (
        "Er öffnet genau diesen Datensatz und sagt nichts über einen anderen. Er belegt, dass das "
        "Programm die Löschung dieses Datensatzes beurkundet hat.",
        "It opens exactly this record and says nothing about any other. It shows that the program "
        "attested to the deletion of this record.",
    ),
    "evidence.shred.ask": (
        "{n} Datei(en) unwiderruflich vernichten? Einzelne Löschungen lassen sich danach nicht "
        "mehr belegen.",
        "Destroy {n} file(s) for good? Single deletions can't be proved afterwards.",
    ),
    "evidence.shred.none": ("Nichts ist zu vernichten.", "Nothing is to be destroyed."),
    "evidence.shred.done": (
        "{n} Datei(en) überschrieben und gelöscht; die Protokolle bleiben gültig.",
        "{n} file(s) overwritten and removed; the reports stay genuine.",
    ),
    "evidence.shred.statement": ("Festgehalten in: {path}", "Recorded in: {path}"),
    "code.PROOF_BAD": (
        "Der Beleg passt nicht zum Löschprotokoll.",
        "The proof doesn't fit the report.",
    ),
    "code.CANT_SIGN": (
        "Mit dem Hinterlegungsschlüssel lässt sich nicht signieren.",
        "The escrow key can't sign.",
    ),
    "code.NO_SUCH_CALL": (
        "Die Protokolle decken keinen Datensatz dieser Rufnummer und Minute ab.",
        "The reports cover no record of this number and minute.",
    ),
    "code.NO_SUCH_RECORD": (
        "Die Protokolle decken keinen solchen Datensatz ab.",
        "The reports cover no such record.",
    ),
    "code.SEVERAL_RECORDS": (
        "Es gibt mehrere solche Datensätze.",
        "There are several such records.",
    ),
    "code.AT": ("Die Zeitangabe ist nicht lesbar.", "The time can't be read."),
    "code.RECORD_FILE": (
        "Die Datei enthält keinen Datensatz in der erwarteten Form.",
        "The file holds no record in the expected form.",
    ),
    "code.REPORT_MISSING": (
        "Ein Löschprotokoll ist nicht lesbar.",
        "A report can't be read.",
    ),
}
