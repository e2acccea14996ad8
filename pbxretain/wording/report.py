"""Which words stand in a deletion report, on its pages, on a dry run? (German, English.)

Terms follow DIN 66398 and ISO/IEC 27555; each is explained in the report itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REPORT: Final[Mapping[str, tuple[str, str]]] = {
    "render.page": ("Seite {page} von {pages}", "Page {page} of {pages}"),
    # --- the report ---------------------------------------------------------------------------
    "report.title": ("Löschprotokoll Nr. {seq}: {source}", "Deletion report no. {seq}: {source}"),
    "report.result.complete": (
        "Der Löschlauf ist vollständig: {deleted} gelöscht, und die Nachzählung fand nichts "
        "Fälliges mehr.",
        "The deletion run is complete: {deleted} deleted, and a fresh count found nothing that "
        "is still due.",
    ),
    "report.result.nothing-due": (
        "Nichts war fällig, und nichts wurde gelöscht.",
        "Nothing was due, and nothing was deleted.",
    ),
    "report.result.incomplete": (
        "Der Löschlauf ist unvollständig: {deleted} gelöscht, {residue} noch fällig.",
        "The deletion run is incomplete: {deleted} deleted, {residue} still due.",
    ),
    "report.result.failed": (
        "Der Löschlauf wurde abgebrochen: {deleted} bis dahin gelöscht; der Rest steht noch aus.",
        "The deletion run was broken off: {deleted} deleted until then; the rest is outstanding.",
    ),
    "report.result.refused": (
        "Der Löschlauf wurde verweigert, und nichts wurde gelöscht: {reason}",
        "The deletion run was refused, and nothing was deleted: {reason}",
    ),
    "report.result.interrupted": (
        "Der Löschlauf wurde unterbrochen: {deleted} bis dahin gelöscht, {residue} noch fällig.",
        "The deletion run was interrupted: {deleted} deleted until then, {residue} still due.",
    ),
    "report.result.recovered": (
        "Dieses Löschprotokoll schließt einen unterbrochenen Löschlauf ab: {deleted} gelöscht.",
        "This report settles a run that was interrupted: {deleted} deleted.",
    ),
    "report.who": ("Verantwortlicher und Anlage", "Controller and system"),
    "report.controller": ("Verantwortlicher", "Controller"),
    "report.source": ("Anlage (Quelle)", "System (source)"),
    "report.activity": (
        "Verarbeitungstätigkeit (VVT, Art. 30 DSGVO)",
        "Processing activity (Art. 30 GDPR)",
    ),
    "report.dpia": (
        "Datenschutz-Folgenabschätzung (DSFA)",
        "Data protection impact assessment (DPIA)",
    ),
    "report.connector": ("Konnektor", "Connector"),
    "report.connector.plain": (
        "{name} (reine Beschreibung, ohne eigenen Programmcode)",
        "{name} (a description only, without code of its own)",
    ),
    "report.connector.code": ("{name} (mit eigenem Programmcode)", "{name} (with code of its own)"),
    "report.connector.digest": ("Prüfsumme des Konnektors", "Digest of the connector"),
    "report.untried": (
        "Dieser Konnektor wurde am Produkt noch nie erprobt; der Betrieb hat das ausdrücklich "
        "angenommen.",
        "This connector was never tried on its product; the operator accepted that explicitly.",
    ),
    "report.untried.refused": (
        "Dieser Konnektor wurde am Produkt noch nie erprobt.",
        "This connector was never tried on its product.",
    ),
    "report.when": ("Zeitraum des Löschlaufs", "Time of the run"),
    "report.started": ("Beginn", "Started"),
    "report.ended": ("Ende", "Ended"),
    "report.as-of": ("Bezugszeitpunkt", "As of"),
    "report.zone": ("Zeitzone der Anlage", "Time zone of the system"),
    "report.trigger": ("Auslöser", "Trigger"),
    "report.clock": ("Uhr", "Clock"),
    "report.clock.value": (
        "Uhr dieses Rechners; Abweichung der Datenbank: {skew} s",
        "this machine's clock; the database's differs by {skew} s",
    ),
    "report.clock.alone": (
        "Uhr dieses Rechners, ohne zweite Uhr zum Vergleich",
        "this machine's clock, without a second one to compare",
    ),
    "report.clock.failed": ("Nicht bestandene Uhrenprüfungen", "Clock checks not passed"),
    "report.run": ("Kennung des Löschlaufs", "Run id"),
    "report.recovers": ("Schließt diesen Löschlauf ab", "Settles this run"),
    "report.rules": ("Löschregeln", "Rules"),
    "report.policy": ("Regelwerk", "Policy"),
    "report.policy.value": ("{name}, Version {version}", "{name}, version {version}"),
    "report.policy.digest": ("Prüfsumme des Regelwerks", "Digest of the policy"),
    "report.approval": ("Freigabe", "Approval"),
    "report.approved": ("in dieser Fassung freigegeben", "approved in this form"),
    "report.approved.not": ("in dieser Fassung nicht freigegeben", "not approved in this form"),
    "report.limit.share": ("Grenze je Datenbestand", "Limit per dataset"),
    "report.limit.share.value": ("{share} %", "{share} %"),
    "report.limit.count": ("Grenze je Löschlauf", "Limit per run"),
    "report.limit.confirmed": ("Von Hand bestätigte Höchstzahl", "Count confirmed by hand"),
    "report.col.data": ("Datenart", "Data class"),
    "report.col.dataset": ("Datenbestand", "Dataset"),
    "report.col.where": ("Datenart, Datenbestand", "Data class, dataset"),
    "report.col.class": ("Löschklasse", "Deletion class"),
    "report.col.keep": ("Regellöschfrist", "Retention period"),
    "report.col.start": ("Startzeitpunkt", "Start event"),
    "report.col.cutoff": ("Stichtag", "Cut-off date"),
    "report.col.basis": ("Begründung der Frist", "Reason for the period"),
    "report.results": ("Ergebnis je Datenart", "Result by data class"),
    "report.results.uncounted": (
        "Der Lauf endete, bevor etwas gezählt werden konnte; über den Bestand sagt er nichts.",
        "The run ended before anything could be counted; it says nothing about what is there.",
    ),
    "report.results.copies": (
        "{dataset} sind Kopien, die ohne ihren Datensatz übrig sind; {n} weitere wurden mit ihrem "
        "Datensatz gelöscht.",
        "{dataset} are copies that were left without their record; {n} more went with theirs.",
    ),
    "report.results.zero": (
        "In keinem Datenbestand kam vor: {columns}.",
        "Not seen in any dataset: {columns}.",
    ),
    "report.col.total": ("Geprüft", "Looked at"),
    "report.col.due": ("Fällig", "Due"),
    "report.col.arrived": ("Nachgekommen", "Arrived"),
    "report.col.deleted": ("Gelöscht", "Deleted"),
    "report.col.already_absent": ("Schon fort", "Already absent"),
    "report.col.held": ("Unter Löschsperre", "Held"),
    "report.col.minimum": ("Aufzubewahren", "Minimum not reached"),
    "report.col.straddling": ("Über den Stichtag", "Straddling"),
    "report.col.kept_for_part": ("Wartet auf Datei", "Waits for a file"),
    "report.col.failed": ("Fehlgeschlagen", "Failed"),
    "report.col.residue": ("Noch fällig", "Still due"),
    "report.col.undated": ("Ohne Datum", "Undated"),
    "report.col.future": ("Aus der Zukunft", "From the future"),
    "report.col.late": ("Verspätet eingetroffen", "Came in late"),
    "report.col.outcome": ("Ergebnis", "Result"),
    "report.about": ("etwa {n}", "about {n}"),
    "report.exceptions.none": (
        "Es gab keine Ausnahmen und keine Feststellungen.",
        "There were no exceptions and no findings.",
    ),
    "report.exceptions.item": (
        "{where}: {what} (Anzahl: {n})",
        "{where}: {what} (count: {n})",
    ),
    "report.exceptions.plain": ("{where}: {what}", "{where}: {what}"),
    "report.not-covered": (
        "{dataset}: Dieser Datenbestand wurde nicht erfasst.",
        "{dataset}: this dataset was not covered.",
    ),
    "report.method": ("Löschverfahren und seine Grenzen", "Method and its limits"),
    "report.method.item": ("{dataset}: {method}", "{dataset}: {method}"),
    "report.method.also": (
        "{dataset}: {method}; dazu mitgelöscht: {also}",
        "{dataset}: {method}; deleted along with it: {also}",
    ),
    "report.copies": ("Weitere Kopien", "Further copies"),
    "report.copies.intro": (
        "Außer Reichweite des Löschlaufs und deshalb gesondert zu regeln; nach einer "
        "Rücksicherung ist der Löschlauf zu wiederholen (Nachlöschung).",
        "Out of the run's reach, and to be dealt with apart; after a restore from backup the run "
        "has to be repeated.",
    ),
    "report.copies.none": (
        "Der Konnektor nennt keine weiteren Kopien.",
        "The connector names no further copies.",
    ),
    "report.continuity.first": (
        "Dies ist das erste Löschprotokoll dieser Anlage.",
        "This is the first report of this system.",
    ),
    "report.evidence": ("Nachweis", "Evidence"),
    "report.id": ("Kennung", "Id"),
    "report.number": ("Nummer in der Nachweiskette", "Number in the ledger"),
    "report.digest": (
        "Prüfsumme der signierten Aussage",
        "Digest of the signed statement",
    ),
    "report.fingerprint": ("Fingerabdruck des Schlüssels", "Fingerprint of the key"),
    "report.prev": ("Prüfsumme des Vorgängers", "Digest of the predecessor"),
    "report.prev.none": ("kein Vorgänger", "none"),
    "report.level": ("Nachweisstufe", "Evidence level"),
    "level.counts": (
        "Anzahlen (counts): Anzahlen und Prüfwurzeln sind signiert; einzelne Datensätze "
        "lassen sich nicht belegen.",
        "counts: counts and roots are signed; single records can't be proved.",
    ),
    "level.sealed": (
        "versiegelt (sealed): Einzelne Löschungen lassen sich mit dem Schlüssel des "
        "Datenschutzbeauftragten belegen.",
        "sealed: single deletions can be proved with the data protection officer's key.",
    ),
    "report.installation": ("Kennung der Installation", "Installation id"),
    "report.tool": ("Programm", "Program"),
    "report.privacy": ("Datenschutzhinweis", "Privacy note"),
    "report.privacy.counts": (
        "Die Zwischenwerte, aus denen die Prüfwurzeln entstanden, wurden gelöscht, als das "
        "Löschprotokoll veröffentlicht war.",
        "The values from which the roots were made were destroyed once the report was published.",
    ),
    "report.unchecked": (
        "Nur angezeigt, nicht geprüft: Die Signatur stammt nicht von dieser Installation. Prüfen "
        "mit: pbxretain verify {path}",
        "Shown only, not verified: the signature isn't this installation's. Check it by: "
        "pbxretain verify {path}",
    ),
    "report.summary": ("Ist alles in Ordnung?", "Is everything in order?"),
    "report.answer.complete": (
        "Ja: {deleted} gelöscht, und eine neue Zählung danach fand nichts Fälliges mehr.",
        "Yes: {deleted} deleted, and a fresh count afterwards found nothing that is still due.",
    ),
    "report.answer.complete.findings": (
        "Ja, mit Feststellungen: {deleted} gelöscht, und eine neue Zählung danach fand nichts "
        "Fälliges mehr; Abschnitt 7 nennt {findings}.",
        "Yes, with findings: {deleted} deleted, and a fresh count afterwards found nothing that is "
        "still due; section 7 names {findings}.",
    ),
    "report.answer.nothing-due": (
        "Ja: Nichts war fällig, und nichts wurde gelöscht.",
        "Yes: nothing was due, and nothing was deleted.",
    ),
    "report.answer.nothing-due.findings": (
        "Ja, mit Feststellungen: Nichts war fällig, und nichts wurde gelöscht; Abschnitt 7 nennt "
        "{findings}.",
        "Yes, with findings: nothing was due, and nothing was deleted; section 7 names {findings}.",
    ),
    "report.answer.recovered": (
        "Ja: Ein unterbrochener Löschlauf wurde abgeschlossen, {deleted} gelöscht, und nichts "
        "davon ist noch fällig.",
        "Yes: a run that had been interrupted was settled, {deleted} deleted, and nothing of it is "
        "still due.",
    ),
    "report.answer.recovered.findings": (
        "Ja, mit Feststellungen: Ein unterbrochener Löschlauf wurde abgeschlossen, {deleted} "
        "gelöscht, und nichts davon ist noch fällig; Abschnitt 7 nennt {findings}.",
        "Yes, with findings: a run that had been interrupted was settled, {deleted} deleted, and "
        "nothing of it is still due; section 7 names {findings}.",
    ),
    "report.answer.recovered.residue": (
        "Nein: Ein unterbrochener Löschlauf wurde abgeschlossen, {deleted} gelöscht, aber "
        "{left} noch fällig (Abschnitt 5).",
        "No: a run that had been interrupted was settled, {deleted} deleted, but {left} still "
        "due (section 5).",
    ),
    "report.answer.incomplete": (
        "Nein: {deleted} gelöscht, aber {left} noch fällig (Abschnitte 5 und 7).",
        "No: {deleted} deleted, but {left} still due (sections 5 and 7).",
    ),
    "report.answer.failed": (
        "Nein: Der Löschlauf wurde abgebrochen; bis dahin {deleted} gelöscht, der Rest steht aus.",
        "No: the run was broken off; {deleted} deleted until then, the rest is outstanding.",
    ),
    "report.answer.interrupted": (
        "Nein: Der Löschlauf wurde unterbrochen; bis dahin {deleted} gelöscht, {left} noch fällig.",
        "No: the run was interrupted; {deleted} deleted until then, {left} still due.",
    ),
    "report.answer.refused": (
        "Nein: Der Löschlauf wurde verweigert, und nichts wurde gelöscht: {reason}",
        "No: the run was refused, and nothing was deleted: {reason}",
    ),
    "report.light.complete": ("vollständig", "complete"),
    "report.light.findings": ("mit Feststellungen", "with findings"),
    "report.light.incomplete": ("unvollständig", "incomplete"),
    "report.light.failed": ("abgebrochen", "broken off"),
    "report.light.refused": ("verweigert", "refused"),
    "report.unseen.one": (
        "{n} Datenbestand wurde nicht angesehen, dort können ältere Daten liegen: {datasets}.",
        "{n} dataset was not looked at; older data may lie there: {datasets}.",
    ),
    "report.unseen.many": (
        "{n} Datenbestände wurden nicht angesehen, dort können ältere Daten liegen: {datasets}.",
        "{n} datasets were not looked at; older data may lie there: {datasets}.",
    ),
    "report.scope": (
        "Das gilt für die Anlage {source} und den Löschlauf vom {moment}.",
        "This holds for the system {source} and the run of {moment}.",
    ),
    "report.terms": (
        "Fachwörter erklärt das Verzeichnis am Ende.",
        "The list at the end explains the terms.",
    ),
    "report.mark": ("Prüfsumme {digest}", "Digest {digest}"),
    "report.oldest": ("Ältester verbleibender Datensatz", "Oldest remaining record"),
    "report.oldest.chart": (
        "Ältester verbleibender Datensatz je Datenart, gemessen an seiner Regellöschfrist",
        "Oldest remaining record of each data class, measured against its retention period",
    ),
    "report.oldest.limit": ("Ende der Regellöschfrist", "end of the retention period"),
    "report.oldest.beyond": (
        "Ein Balken über die Linie hinaus heißt: überfällig, oder etwas hält den Datensatz noch "
        "(Abschnitte 5 und 7). Balken enden spätestens beim Doppelten der Frist.",
        "A bar beyond the line means: overdue, or something still keeps the record (sections 5 "
        "and 7). Bars end at twice the period at the latest.",
    ),
    "report.oldest.point": (
        "{day}, {age} alt (Frist: {keep})",
        "{day}, {age} old (period: {keep})",
    ),
    "report.oldest.none": ("nichts mehr da", "nothing is left"),
    "report.oldest.unknown": ("nicht ermittelt", "not found out"),
    "report.oldest.note": (
        "Das Datum ist das des Startzeitpunkts, das Alter zählt bis zum Bezugszeitpunkt. Was am "
        "Stichtag oder später entstand, ist noch nicht fällig.",
        "The date is that of the start event; the age runs until “as of”. What "
        "began on the cut-off date or later is not due yet.",
    ),
    "report.col.oldest": ("Ältester", "Oldest"),
    "report.col.oldest-record": ("Ältester Datensatz", "Oldest record"),
    "report.col.age": ("Alter", "Age"),
    "report.results.note": (
        "„Geprüft“ ist der ganze Bestand vor dem Löschlauf, „Noch fällig“ das, was eine neue "
        "Zählung danach noch fand.",
        "“Looked at” is everything that was there before the run; “still due” is what a fresh "
        "count found after it.",
    ),
    "report.results.aside": (
        "Außerdem kam vor:",
        "Also seen:",
    ),
    "report.col.what": ("Was", "What"),
    "report.col.count": ("Anzahl", "Count"),
    "report.col.means": ("Bedeutung", "Meaning"),
    "report.aside.arrived": (
        "mit altem Datum eingetroffen, während der Löschlauf schon lief",
        "came in with an old date while the run was on",
    ),
    "report.aside.already_absent": (
        "von anderer Hand oder nach einer anderen Regel gelöscht, bevor der Löschlauf dazu kam",
        "deleted by another hand or under another rule before the run came to them",
    ),
    "report.aside.straddling": (
        "Anrufe, die über den Stichtag reichen oder nicht abgeschlossen sind; sie bleiben ganz",
        "calls that reach across the cut-off date or haven't ended; they stay whole",
    ),
    "report.aside.kept_for_part": (
        "bleiben, bis eine verknüpfte Datei anderer Datenart gelöscht ist",
        "stay until a linked file of another data class has been deleted",
    ),
    "report.aside.undated": (
        "ohne brauchbares Datum; werden nie gelöscht, nur gezählt",
        "without a usable date; never deleted, only counted",
    ),
    "report.aside.future": (
        "mit einem Datum in der Zukunft; werden nie gelöscht, nur gezählt",
        "dated in the future; never deleted, only counted",
    ),
    "report.aside.late": (
        "nach der ersten Zählung eingetroffen; der nächste Löschlauf nimmt sie mit",
        "came in after the first count; the next run takes them",
    ),
    "report.exceptions": ("Ausnahmen und Feststellungen", "Exceptions and findings"),
    "report.method.logical": (
        "Die Daten wurden logisch gelöscht: Die Anlage gibt sie nicht mehr heraus. Ob die "
        "Speicherblöcke darunter überschrieben sind, weist dieses Löschprotokoll nicht nach; es "
        "ist auch keine Vernichtung von Datenträgern.",
        "The data was deleted logically: the system no longer gives it out. This report does not "
        "prove that the storage blocks beneath were overwritten, and no medium was destroyed.",
    ),
    "report.continuity": ("Kontinuität", "Continuity"),
    "report.continuity.prev": (
        "Es knüpft an die Aussage Nr. {seq} der Nachweiskette an; die Prüfsumme des Vorgängers "
        "steht in Abschnitt 12.",
        "It follows statement no. {seq} of the ledger; the predecessor's digest stands in section "
        "12.",
    ),
    "report.continuity.gaps": (
        "Ob ein Löschlauf oder ein Löschprotokoll fehlt, zeigt erst die Prüfung des Ordners.",
        "Whether a run or a report is missing shows only when the folder is checked.",
    ),
    "report.sum.arrived": (
        "Während des Löschlaufs nachgekommen, mit altem Datum",
        "Arrived during the run, with an old date",
    ),
    "report.sum.already_absent": (
        "Von anderer Hand oder nach einer anderen Regel gelöscht, bevor der Löschlauf dazu kam",
        "Deleted by another hand or under another rule before the run came to it",
    ),
    "report.changes": ("Änderungen seit dem letzten Löschlauf", "Changes since the last run"),
    "report.changes.compare": (
        "Ein Löschprotokoll spricht nur von sich. Geändert hat sich etwas, wenn diese Angaben von "
        "denen des Vorgängers abweichen: Prüfsumme des Konnektors (Abschnitt 2), Version und "
        "Prüfsumme des Regelwerks (Abschnitt 4), Fingerabdruck des Schlüssels und Programm "
        "(Abschnitt 12).",
        "A report speaks of itself only. Something has changed where these differ from the "
        "predecessor's: digest of the connector (section 2), version and digest of the policy "
        "(section 4), fingerprint of the key, and program (section 12).",
    ),
    "report.witness": ("Prüfpunkt des Datenschutzbeauftragten", "Checkpoint of the officer"),
    "report.witness.none": (
        "keiner, der bei diesem Löschlauf vorlag",
        "none was there at this run",
    ),
    "report.recipients": (
        "Versiegelt für die Schlüssel",
        "Sealed for the keys",
    ),
    "report.files": (
        "Versiegelte Dateien, deren Prüfsummen die signierte Aussage nennt",
        "Sealed files whose digests the signed statement names",
    ),
    "report.assurance": ("Sicherheitsstufe", "Assurance level"),
    "report.assurance.value": (
        "Sie ergibt sich erst bei der Prüfung; ein Dokument kann sie nicht von sich selbst sagen.",
        "It is found only by checking; no document can state its own.",
    ),
    "report.how-to-check": (
        "Maßgeblich ist allein die signierte Datei {file}, nicht dieser Text; eine PDF-Fassung "
        "trägt sie als Anlage bei sich. Geprüft wird sie mit",
        "What counts is the signed file {file} alone, not this text; a PDF version carries it "
        "along as an attachment. It is checked by",
    ),
    "report.how-to-check.alone": (
        "oder, ohne dieses Programm, mit dem Prüfskript daneben und OpenSSL:",
        "or, without this program, by the script beside it and OpenSSL:",
    ),
    "report.key-file": ("SCHLÜSSEL.pub.pem", "KEY.pub.pem"),
    "report.how-to-check.key": (
        "Lassen Sie sich den Fingerabdruck des Schlüssels auf einem zweiten Weg bestätigen, etwa "
        "am Telefon: Eine Signatur sagt nur, welcher Schlüssel sie gab.",
        "Have the key's fingerprint confirmed by a second way, such as by phone: a signature says "
        "only which key gave it.",
    ),
    "report.roots": (
        "Prüfwurzeln über das Gelöschte",
        "Roots over what was deleted",
    ),
    "report.col.root": ("Prüfwurzel", "Root"),
    "report.privacy.content": (
        "Dieses Dokument enthält keine Rufnummern, Namen, Dateinamen oder Zeitpunkte einzelner "
        "Anrufe, nur Anzahlen, Tage und Kennwörter.",
        "This document holds no numbers, names, file names or times of single calls, only counts, "
        "days and codes.",
    ),
    "report.privacy.sealed": (
        "Die versiegelten Nachweisdaten werden nach dem {day} vernichtet.",
        "The sealed evidence is destroyed after {day}.",
    ),
    "report.review": (
        "Prüfvermerk des Datenschutzbeauftragten",
        "Review by the data protection officer",
    ),
    "report.review.intro": (
        "Für die Unterschrift auf Papier. Was wurde geprüft?",
        "For signing on paper. What was checked?",
    ),
    "report.review.verified": (
        "Signatur und Nachweiskette (pbxretain verify)",
        "signature and ledger (pbxretain verify)",
    ),
    "report.review.read": ("Inhalt gelesen", "content read"),
    "report.review.observed": (
        "Bestand der Anlage selbst angesehen (Stichprobe)",
        "the system itself looked at (sample)",
    ),
    "report.review.asked": ("bei den Verantwortlichen nachgefragt", "those responsible asked"),
    "report.review.verdict": ("Ergebnis der Prüfung:", "Result of the review:"),
    "report.review.accepted": ("anerkannt", "accepted"),
    "report.review.accepted-with-findings": (
        "mit Feststellungen anerkannt",
        "accepted with findings",
    ),
    "report.review.rejected": ("nicht anerkannt", "rejected"),
    "report.review.remark": ("Bemerkung", "Remark"),
    "report.review.date": ("Datum", "Date"),
    "report.review.signature": ("Funktion und Unterschrift", "Function and signature"),
    "report.glossary": ("Fachwörter", "Terms"),
    # --- the dry run --------------------------------------------------------------------------
    "plan.kind": ("Probelauf, nichts gelöscht", "dry run, nothing deleted"),
    "plan.datasets": ("Was fällig ist", "What is due"),
    "plan.how-to-check": (
        "Geprüft wird die signierte Datei mit „pbxretain verify DATEI“; eine PDF-Fassung trägt sie "
        "als Anlage bei sich.",
        "Check the signed file by “pbxretain verify FILE”; a PDF version carries it along as an "
        "attachment.",
    ),
    # --- rendering ----------------------------------------------------------------------------
    "report.written": ("Geschrieben:", "Written:"),
    "code.ATTACHMENT": (
        "Die PDF-Datei trägt nicht genau ein signiertes Löschprotokoll bei sich.",
        "The PDF doesn't carry exactly one signed report.",
    ),
    "code.PDF_MISSING": (
        "Für PDF-Dateien fehlt das Paket fpdf2.",
        "For PDF files the package fpdf2 is missing.",
    ),
}
