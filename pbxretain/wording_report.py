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
    "report.status": ("Ergebnis: {status}.", "Result: {status}."),
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
    "report.col.class": ("Löschklasse", "Deletion class"),
    "report.col.keep": ("Regellöschfrist", "Retention period"),
    "report.col.start": ("Startzeitpunkt", "Start event"),
    "report.col.cutoff": ("Stichtag", "Cut-off date"),
    "report.col.basis": ("Rechtsgrundlage", "Legal basis"),
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
    "report.results.note": (
        "„Noch fällig“ ist, was eine neue Zählung nach dem Löschlauf fand. Ältester: das Datum "
        "des ältesten verbleibenden Datensatzes.",
        "“Still due” is what a fresh count found after the run. Oldest: the date of the oldest "
        "record that remains.",
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
    "report.col.minimum": ("Aufbewahrungspflichtig", "Minimum not reached"),
    "report.col.straddling": ("Über den Stichtag", "Straddling"),
    "report.col.kept_for_part": ("Wartet auf Datei", "Waits for a file"),
    "report.col.failed": ("Fehlgeschlagen", "Failed"),
    "report.col.residue": ("Noch fällig", "Still due"),
    "report.col.undated": ("Ohne Datum", "Undated"),
    "report.col.future": ("Aus der Zukunft", "From the future"),
    "report.col.late": ("Verspätet eingetroffen", "Came in late"),
    "report.col.oldest": ("Ältester", "Oldest"),
    "report.col.outcome": ("Ergebnis", "Result"),
    "report.about": ("etwa {n}", "about {n}"),
    "report.exceptions": ("Ausnahmen und Feststellungen", "Exceptions and findings"),
    "report.exceptions.none": (
        "Es gab keine Ausnahmen und keine Feststellungen.",
        "There were no exceptions and no findings.",
    ),
    "report.exceptions.item": ("{where}: {what} ({n})", "{where}: {what} ({n})"),
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
    "report.method.logical": (
        "Die Daten wurden logisch gelöscht: Die Anlage gibt sie nicht mehr heraus. Ob die "
        "Speicherblöcke darunter überschrieben sind, weist dieses Löschprotokoll nicht nach.",
        "The data was deleted logically: the system no longer gives it out. This report does not "
        "prove that the storage blocks beneath were overwritten.",
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
    "report.continuity": ("Kontinuität und Änderungen", "Continuity and changes"),
    "report.continuity.first": (
        "Dies ist das erste Löschprotokoll dieser Anlage.",
        "This is the first report of this system.",
    ),
    "report.continuity.prev": (
        "Es knüpft an das Löschprotokoll Nr. {seq} an; die Prüfsumme des Vorgängers steht unter "
        "Nachweis.",
        "It follows report no. {seq}; the predecessor's digest stands under Evidence.",
    ),
    "report.continuity.changes": (
        "Was sich seit dem Vorgänger geändert hat, zeigen die Prüfsummen von Regelwerk und "
        "Konnektor und der Fingerabdruck des Schlüssels im Vergleich.",
        "What has changed since shows by comparing the digests of policy and connector and the "
        "key's fingerprint with those of the predecessor.",
    ),
    "report.evidence": ("Nachweis", "Evidence"),
    "report.id": ("Kennung des Löschprotokolls", "Report id"),
    "report.number": ("Nummer in der Nachweiskette", "Number in the ledger"),
    "report.digest": ("Prüfsumme dieses Protokolls", "Digest of this report"),
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
    "report.root": ("Prüfwurzel {dataset}", "Root {dataset}"),
    "report.root.value": ("{root} über {records}", "{root} over {records}"),
    "report.how-to-check": (
        "Geprüft wird es mit „pbxretain verify DATEI“, oder ohne dieses Programm mit "
        "„sh NUMMER-deletion-report.verify.sh DATEI SCHLÜSSEL“ und OpenSSL.",
        "Check it with “pbxretain verify FILE”, or without this program by "
        "“sh NUMBER-deletion-report.verify.sh FILE KEY” and OpenSSL.",
    ),
    "report.privacy": ("Datenschutzhinweis", "Privacy note"),
    "report.privacy.content": (
        "Dieses Dokument enthält keine Rufnummern, Namen, Dateinamen oder Zeitpunkte einzelner "
        "Anrufe.",
        "This document holds no numbers, names, file names or times of single calls.",
    ),
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
    # --- rendering ----------------------------------------------------------------------------
    "report.written": ("Geschrieben: {path}", "Written: {path}"),
    "code.ATTACHMENT": (
        "Die PDF-Datei trägt nicht genau ein signiertes Löschprotokoll bei sich.",
        "The PDF doesn't carry exactly one signed report.",
    ),
    "code.PDF_MISSING": (
        "Für PDF-Dateien fehlt das Paket fpdf2.",
        "For PDF files the package fpdf2 is missing.",
    ),
}
