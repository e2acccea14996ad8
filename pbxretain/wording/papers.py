"""What stands in the period report, and where the officer fills in a review? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PAPERS: Final[Mapping[str, tuple[str, str]]] = {
    "month.1": ("Januar", "January"),
    "month.2": ("Februar", "February"),
    "month.3": ("März", "March"),
    "month.4": ("April", "April"),
    "month.5": ("Mai", "May"),
    "month.6": ("Juni", "June"),
    "month.7": ("Juli", "July"),
    "month.8": ("August", "August"),
    "month.9": ("September", "September"),
    "month.10": ("Oktober", "October"),
    "month.11": ("November", "November"),
    "month.12": ("Dezember", "December"),
    "count.run.one": ("{n} Löschlauf", "{n} run"),
    "count.run.many": ("{n} Löschläufe", "{n} runs"),
    "count.point.one": ("{n} offener Punkt", "{n} open point"),
    "count.point.many": ("{n} offene Punkte", "{n} open points"),
    "count.hour.one": ("{n} Stunde", "{n} hour"),
    "count.hour.many": ("{n} Stunden", "{n} hours"),
    # --- the period report --------------------------------------------------------------------
    "annex.title": ("Löschbericht {span}: {source}", "Deletion summary {span}: {source}"),
    "annex.mark": ("Löschbericht {span}, {source}", "Deletion summary {span}, {source}"),
    "annex.span.month": ("{month} {year}", "{month} {year}"),
    "annex.span.quarter": ("{quarter}. Quartal {year}", "Q{quarter} {year}"),
    "annex.from-to": ("{first} bis {last}", "{first} to {last}"),
    "annex.result.good": (
        "Ja, alles ist in Ordnung: {runs}, {deleted} gelöscht, nichts Fälliges übrig.",
        "Yes, everything is in order: {runs}, {deleted} deleted, nothing due is left.",
    ),
    "annex.result.notes": (
        "Ja, in Ordnung, mit Hinweisen: {runs}, {deleted} gelöscht, nichts Fälliges übrig.",
        "Yes, in order, with remarks: {runs}, {deleted} deleted, nothing due is left.",
    ),
    "annex.result.open": (
        "Nicht alles ist in Ordnung: {n}. Im Zeitraum: {runs}, {deleted} gelöscht.",
        "Not everything is in order: {n}. In this period: {runs}, {deleted} deleted.",
    ),
    "annex.result.none": (
        "Nein: Für diesen Zeitraum liegt kein Löschprotokoll vor.",
        "No: there is no report of any run for this period.",
    ),
    "annex.result.unseen": (
        "Nicht zu sagen: Nicht alles ließ sich lesen; die Zahlen sind unvollständig ({runs}, "
        "{deleted} gelöscht).",
        "Can't be said: not everything could be read; the figures are incomplete ({runs}, "
        "{deleted} deleted).",
    ),
    "annex.result.untrusted": (
        "Nicht bestätigt: Für den Schlüssel, der diese Löschprotokolle signiert hat, bürgt hier "
        "niemand ({runs}, {deleted} gelöscht).",
        "Not confirmed: nobody here vouches for the key that signed these reports ({runs}, "
        "{deleted} deleted).",
    ),
    "annex.result.forged": (
        "Nein: Löschprotokolle sind nicht echt oder beschädigt. Verlassen Sie sich auf keine Zahl "
        "dieser Seiten.",
        "No: reports are not genuine or are damaged. Rely on no figure of these pages.",
    ),
    "annex.status.good": ("in Ordnung", "in order"),
    "annex.status.notes": ("in Ordnung, mit Hinweisen", "in order, with remarks"),
    "annex.status.open": ("offene Punkte", "open points"),
    "annex.status.none": ("kein Löschlauf belegt", "no run proved"),
    "annex.status.unseen": ("nicht zu beurteilen", "can't be judged"),
    "annex.status.untrusted": ("nicht bestätigt", "not confirmed"),
    "annex.status.forged": ("nicht echt", "not genuine"),
    "annex.open": ("Offen", "Open"),
    "annex.known": ("Gut zu wissen", "Good to know"),
    "annex.provisional": (
        "Vorläufig: Der Zeitraum ist noch nicht zu Ende. Stand: {day}.",
        "Provisional: the period isn't over yet. As of {day}.",
    ),
    "annex.remark.evidence": (
        "Die Prüfung der Löschprotokolle ergab {n} Feststellungen; sie stehen unter Nachweis.",
        "Checking the reports gave {n} findings; they stand under Evidence.",
    ),
    "annex.remark.missed": (
        "Von {due} Löschläufen, die der Zeitplan verlangt, fehlen {n}.",
        "Of {due} runs that the schedule asks for, {n} are missing.",
    ),
    "annex.remark.no-run": (
        "Im Zeitraum ist kein Löschlauf belegt.",
        "No run in this period is on record.",
    ),
    "annex.remark.residue": (
        "Nach dem letzten Löschlauf sind noch {n} Datensätze fällig.",
        "After the last run, {n} records are still due.",
    ),
    "annex.remark.failed": (
        "{n} fällige Datensätze ließen sich nicht löschen.",
        "{n} due records could not be deleted.",
    ),
    "annex.remark.unexplained": (
        "Ein verbleibender Datensatz liegt um {days} vor dem Stichtag, und kein Löschprotokoll "
        "nennt einen Grund.",
        "A remaining record lies {days} before the cut-off, and no report gives a reason.",
    ),
    "annex.remark.last-run": (
        "Der letzte Löschlauf des Zeitraums: {outcome}.",
        "The last run of the period: {outcome}.",
    ),
    "annex.remark.not-decided": (
        "Datenarten ohne Entscheidung über ihre Löschfrist: {n}.",
        "Data classes on whose period nobody has decided: {n}.",
    ),
    "annex.remark.not-approved": (
        "Das Regelwerk ist in der zuletzt angewandten Fassung nicht freigegeben.",
        "The policy isn't approved in the form that was last applied.",
    ),
    "annex.remark.made-good": (
        "Löschläufe, die nicht vollständig endeten und von einem späteren nachgeholt wurden: {n}.",
        "Runs that didn't end complete and were made good by a later one: {n}.",
    ),
    "annex.remark.was-overdue": (
        "Zeitweise war ein Datensatz um {days} überfällig; inzwischen ist nichts Fälliges übrig.",
        "For a time a record was overdue by {days}; by now nothing due is left.",
    ),
    "annex.remark.begins": (
        "Die Löschprotokolle beginnen am {day}; für die Zeit davor ist nichts belegt.",
        "Reports begin on {day}; nothing is on record for the time before.",
    ),
    "annex.remark.findings": (
        "Arten von Feststellungen der Löschläufe, die noch bestehen: {n}; sie stehen unten.",
        "Kinds of findings of the runs that persist: {n}; they stand below.",
    ),
    "annex.period": ("Zeitraum", "Period"),
    "annex.period.rule": (
        "Ein Löschlauf zählt zu dem Tag, an dem er in der Zeitzone der Anlage endete.",
        "A run counts for the day on which it ended in the system's time zone.",
    ),
    "annex.schedule": ("Zeitplan", "Schedule"),
    "annex.runs": ("Löschprotokolle im Zeitraum", "Reports in the period"),
    "annex.schedule.kept": ("Zeitplan eingehalten", "Schedule kept"),
    "annex.schedule.value": ("{taken} von {due}", "{taken} of {due}"),
    "annex.schedule.unknown": (
        "Ein Zeitplan ist nicht bekannt; deshalb steht hier nur die längste Zeit ohne Löschlauf.",
        "No schedule is known, so only the longest time without a run is given.",
    ),
    "annex.schedule.binding": (
        "Laut Schlüsselverzeichnis ist alle {every} ein Löschlauf fällig, mit {grace} Nachfrist.",
        "The roster asks for a run every {every}, with {grace} of grace.",
    ),
    "annex.schedule.given": (
        "Nach Angabe beim Erzeugen dieses Berichts ist alle {every} ein Löschlauf fällig, mit "
        "{grace} Nachfrist; signiert hat das niemand.",
        "As given when this summary was made, a run is due every {every}, with {grace} of grace; "
        "nobody has signed that.",
    ),
    "annex.schedule.rule": (
        "Gezählt ist, ob ein Löschlauf stattfand; wie er endete, steht unten. Zusätzliche Läufe "
        "von Hand zählen nicht mit.",
        "What counts is whether a run took place; how it ended stands below. Additional runs by "
        "hand don't count.",
    ),
    "annex.remark.explained": (
        "Fehlende Löschläufe, für die eine signierte Erklärung vorliegt: {n}.",
        "Missing runs that a signed note accounts for: {n}.",
    ),
    "annex.gaps": ("Erklärte Lücken", "Gaps accounted for"),
    "annex.col.since": ("Von", "From"),
    "annex.col.until": ("Bis", "To"),
    "annex.col.remark": ("Bemerkung", "Remark"),
    "annex.gap.host-off": ("Rechner ausgeschaltet", "host switched off"),
    "annex.gap.pbx-off": ("Anlage außer Betrieb", "telephone system out of service"),
    "annex.gap.maintenance": ("Wartung", "maintenance"),
    "annex.gap.disk-full": ("Speicher voll", "disk full"),
    "annex.gap.mistake": ("Versehen", "mistake"),
    "annex.gap.other": ("anderer Grund", "another reason"),
    "annex.longest": ("Längste Zeit ohne Löschlauf", "Longest time without a run"),
    "annex.longest.value": ("{time}, seit {since}", "{time}, from {since}"),
    "annex.classes.none": (
        "Im Zeitraum gab es keinen Löschlauf, der etwas zählen konnte.",
        "No run in this period could count anything.",
    ),
    "annex.classes.note": (
        "Gelöscht: Summe aller Löschläufe. Alles andere ist, was der letzte Löschlauf vorfand, der "
        "zählen konnte; denn was bleibt, findet jeder Löschlauf wieder. Ältester: das Datum des "
        "ältesten verbleibenden Datensatzes.",
        "Deleted: sum of all runs. All else is what the last run saw that could count, since every "
        "run meets again what stays. Oldest: the date of the oldest record that remains.",
    ),
    "annex.col.deleted": ("Gelöscht (Summe)", "Deleted (sum)"),
    "annex.overdue": ("Größte Überfälligkeit nach einem Löschlauf", "Longest overdue after a run"),
    "annex.excepted": (
        "Am längsten vor dem Stichtag aus einem Grund, der das zulässt",
        "Longest before the cut-off for a reason that allows it",
    ),
    "annex.age.none": ("keine", "none"),
    "annex.age.value": (
        "{days}: {where} (Datenbestand {dataset}, Löschlauf vom {on}, Nr. {seq})",
        "{days}: {where} (dataset {dataset}, run of {on}, no. {seq})",
    ),
    "annex.course": ("Verlauf", "Course"),
    "annex.chart.deleted.day": ("Gelöschte Datensätze je Tag", "Records deleted per day"),
    "annex.chart.deleted.month": ("Gelöschte Datensätze je Monat", "Records deleted per month"),
    "annex.chart.age": (
        "Alter des ältesten verbleibenden Datensatzes: {data}",
        "Age of the oldest remaining record: {data}",
    ),
    "annex.limit": ("Frist: {days}", "Period: {days}"),
    "annex.chart.note": (
        "Alter in Tagen, je Woche oder Monat der größte Wert nach einem Löschlauf. Über der Frist "
        "liegt nur, was überfällig ist oder aus einem Grund bleibt.",
        "Age in days, the largest value after a run of each week or month. Only what is overdue or "
        "stays for a reason lies above the period.",
    ),
    "annex.findings.none": (
        "Die Löschläufe meldeten keine Ausnahmen und keine Feststellungen.",
        "The runs told of no exceptions and no findings.",
    ),
    "annex.col.what": ("Was", "What"),
    "annex.col.where": ("Wo", "Where"),
    "annex.col.first": ("Zuerst", "First"),
    "annex.col.last": ("Zuletzt", "Last"),
    "annex.col.count": ("Anzahl", "Count"),
    "annex.col.open": ("Besteht noch", "Persists"),
    "annex.troubles": (
        "Löschläufe, die nicht vollständig endeten",
        "Runs that didn't end complete",
    ),
    "annex.troubles.none": (
        "Jeder Löschlauf des Zeitraums endete vollständig oder fand nichts Fälliges.",
        "Every run of the period ended complete or found nothing due.",
    ),
    "annex.troubles.datasets": ("Nicht zu Ende bearbeitet: {names}", "Not finished: {names}"),
    "annex.troubles.incomplete": ("Etwas Fälliges blieb übrig.", "Something due was left."),
    "annex.troubles.failed": (
        "Der Löschlauf brach ab, bevor er zählen konnte.",
        "The run broke off before it could count.",
    ),
    "annex.troubles.refused": (
        "Eine Sicherheitsprüfung verhinderte ihn.",
        "A safety check prevented it.",
    ),
    "annex.troubles.interrupted": ("Er wurde von außen beendet.", "It was ended from outside."),
    "annex.troubles.recovered": (
        "Ein Löschlauf war abgebrochen; der nächste hat ihn abgeschlossen und berichtet.",
        "A run had died; the next one settled and reported it.",
    ),
    "annex.col.when": ("Wann", "When"),
    "annex.col.runs": ("Läufe", "Runs"),
    "annex.col.outcome": ("Ergebnis", "Result"),
    "annex.col.reason": ("Grund", "Reason"),
    "annex.col.good": ("Nachgeholt", "Made good"),
    "annex.documents": ("Regelwerk und Programm", "Policy and program"),
    "annex.col.policy": ("Regelwerk", "Policy"),
    "annex.col.digest": ("Prüfsumme", "Digest"),
    "annex.col.days": ("Angewandt", "Applied"),
    "annex.col.approved": ("Freigegeben", "Approved"),
    "annex.col.program": ("Programm und Konnektor", "Program and connector"),
    "annex.col.tried": ("Konnektor erprobt", "Connector tried"),
    "annex.program.value": ("pbxretain {version}, {name}", "pbxretain {version}, {name}"),
    "annex.during": ("{days} ({runs})", "{days} ({runs})"),
    "annex.changes": ("Änderungen im Zeitraum", "Changes in the period"),
    "annex.changes.none": (
        "Von Löschlauf zu Löschlauf hat sich nichts geändert: Regelwerk, Freigabe, Konnektor, "
        "Programm, Schlüssel, Grenzen.",
        "Nothing changed from run to run: policy, approval, connector, program, key, limits.",
    ),
    "annex.col.day": ("Tag", "Day"),
    "annex.col.seq": ("Nr.", "No."),
    "annex.col.change": ("Was", "What"),
    "annex.col.old": ("Vorher", "Before"),
    "annex.col.new": ("Nachher", "After"),
    "annex.change.policy": ("Regelwerk", "Policy"),
    "annex.change.approved": ("Freigabe", "Approval"),
    "annex.change.connector": ("Konnektor", "Connector"),
    "annex.change.program": ("Programm", "Program"),
    "annex.change.key": ("Schlüssel", "Key"),
    "annex.change.zone": ("Zeitzone", "Time zone"),
    "annex.change.controller": ("Verantwortlicher", "Controller"),
    "annex.change.level": ("Nachweisstufe", "Evidence level"),
    "annex.change.limits": ("Grenzen (Anteil / Anzahl)", "Limits (share / count)"),
    "annex.change.not-covered": ("Nicht erfasste Datenbestände", "Datasets not covered"),
    "annex.unconfirmed": ("nicht bestätigt", "not confirmed"),
    "annex.evidence.checked": (
        "Vor dem Zählen wurden die Signaturen, die Anzahlen in jedem Löschprotokoll und die "
        "Nachweiskette geprüft. Dieser Bericht fasst nur zusammen; Nachweis sind die signierten "
        "Löschprotokolle selbst.",
        "Signatures, the figures in each report and the ledger were checked before counting. This "
        "summary only adds up; the signed reports themselves are the evidence.",
    ),
    "annex.evidence.count": ("Löschprotokolle", "Reports"),
    "annex.evidence.first": ("Erstes", "First"),
    "annex.evidence.last": ("Letztes", "Last"),
    "annex.evidence.place": ("Nr. {seq}, Prüfsumme {digest}", "no. {seq}, digest {digest}"),
    "annex.evidence.reviewed": (
        "Davon vom Datenschutzbeauftragten geprüft (signiert)",
        "Of these reviewed by the data protection officer (signed)",
    ),
    "annex.evidence.none": (
        "Die Prüfung ergab keine Feststellungen.",
        "The check gave no findings.",
    ),
    "annex.evidence.earlier": (
        "Weitere Feststellungen der Prüfung betreffen nur frühere Zeiträume: {n}.",
        "Further findings of the check concern earlier periods only: {n}.",
    ),
    "annex.evidence.finding": ("{told}: {what}", "{told}: {what}"),
    "annex.evidence.times": ("{what} ({n} Mal)", "{what} ({n} times)"),
    "annex.evidence.number": ("Nr. {seq}", "no. {seq}"),
    "annex.evidence.from-to": ("Nr. {first} bis {last}", "no. {first} to {last}"),
    "annex.evidence.foreign": (
        "eine Datei, die nicht wie ein Löschprotokoll heißt",
        "a file that isn't named like a report",
    ),
    "annex.how-to-check": ("So wird geprüft", "How to check"),
    "annex.how-to-check.text": (
        "Im Ordner der Löschprotokolle: „pbxretain verify ORDNER --key SCHLÜSSEL“. Danach ergibt "
        "„pbxretain report period“ mit demselben Ordner (--from) und Zeitraum dieselben Zahlen. "
        "Ein einzelnes Löschprotokoll prüft auch OpenSSL allein, mit dem Skript daneben.",
        "In the folder of the reports: “pbxretain verify FOLDER --key KEY”. Then “pbxretain report "
        "period” gives the same figures from the same folder (--from) and period. A single report "
        "is also checked by OpenSSL alone, with the script beside it.",
    ),
    "annex.privacy.dates": (
        "Es enthält Anzahlen und Tagesdaten: das Datum des ältesten verbleibenden Datensatzes, nie "
        "einen Zeitpunkt.",
        "It holds counts and dates: the date of the oldest record that remains, never a time.",
    ),
    "annex.list": ("Löschprotokolle des Zeitraums", "Reports of the period"),
    # --- the review block ---------------------------------------------------------------------
    "review.title": ("Prüfvermerk", "Review"),
    "review.intro": (
        "Auszufüllen von der oder dem Datenschutzbeauftragten. Die Unterschrift bestätigt die "
        "Durchsicht, nicht die Entscheidung über die Fristen; die trifft der Verantwortliche.",
        "To be filled in by the data protection officer. The signature confirms the review, not "
        "the decision on the periods; that is the controller's.",
    ),
    "review.choice.order": ("geprüft, ohne Beanstandung", "reviewed, no objection"),
    "review.choice.findings": (
        "geprüft, mit den unten genannten Feststellungen",
        "reviewed, with the findings named below",
    ),
    "review.choice.refused": ("nicht anerkannt", "not accepted"),
    "review.line.findings": ("Feststellungen, Frist zur Behebung", "Findings, to be mended by"),
    "review.line.function": ("Funktion", "Function"),
    "review.line.place": ("Ort, Datum", "Place, date"),
    "review.line.signature": ("Unterschrift", "Signature"),
}
