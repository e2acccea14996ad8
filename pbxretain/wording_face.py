"""Which words stand around the facts? (German, English.)

Headings, table columns and sentences of reports, plans and the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FACE: Final[Mapping[str, tuple[str, str]]] = {
    "none": ("keine", "none"),
    "yes": ("ja", "yes"),
    "no": ("nein", "no"),
    "not-stated": ("nicht angegeben", "not stated"),
    "count.record.one": ("{n} Datensatz", "{n} record"),
    "count.record.many": ("{n} Datensätze", "{n} records"),
    "count.dataset.one": ("{n} Datenbestand", "{n} dataset"),
    "count.dataset.many": ("{n} Datenbestände", "{n} datasets"),
    "count.finding.one": ("{n} Feststellung", "{n} finding"),
    "count.finding.many": ("{n} Feststellungen", "{n} findings"),
    "count.report.one": ("{n} Löschprotokoll", "{n} report"),
    "count.report.many": ("{n} Löschprotokolle", "{n} reports"),
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
    # --- the plan -----------------------------------------------------------------------------
    "plan.title": ("Probelauf: {source}", "Dry run: {source}"),
    "plan.result.due": (
        "Ein Löschlauf würde jetzt {due} löschen; es wurde nichts gelöscht.",
        "A run would delete {due} now; nothing was deleted.",
    ),
    "plan.result.none": (
        "Nichts ist fällig; ein Löschlauf würde nichts löschen.",
        "Nothing is due; a run would delete nothing.",
    ),
    "plan.result.refused": (
        "Ein Löschlauf würde jetzt verweigert; fällig: {due}. Es wurde nichts gelöscht.",
        "A run would be refused now; due: {due}. Nothing was deleted.",
    ),
    "plan.refusals": ("Was einem Löschlauf entgegensteht", "What stands in the way of a run"),
    "plan.not-covered": ("Nicht erfasste Datenbestände", "Datasets not covered"),
    "plan.not-covered.item": ("{dataset}: {why}", "{dataset}: {why}"),
    "plan.not-decided": ("Noch nicht entschieden", "Not decided yet"),
    "plan.not-decided.item": (
        "{data}: Für diese Datenart hat noch niemand entschieden; sie bleibt, wie sie ist.",
        "{data}: nobody has decided on this data class yet; it stays as it is.",
    ),
    "plan.next": ("Nächster Schritt", "Next step"),
    "next.approve": (
        "Regelwerk durchsehen und vom Verantwortlichen freigeben lassen (FUNCTION: zum Beispiel "
        "Geschäftsführung):",
        "Look through the policy and have the controller approve it (FUNCTION: for instance "
        "management):",
    ),
    "next.untried": (
        "Nach „pbxretain check“ diese Zeile in den Einstellungen unter die Quelle setzen:",
        "After “pbxretain check”, put this line under the source in settings:",
    ),
    "next.mend": ("Beheben:", "Mend:"),
    "next.confirm": (
        "Wenn die Anzahl oben stimmt, einmal bestätigen und löschen:",
        "If the count above is right, confirm it once and delete:",
    ),
    "next.run": ("Löschen:", "Delete:"),
    "plan.list.title": ("Fällige Datensätze: {source}", "Due records: {source}"),
    "plan.list.warning": (
        "Diese Liste enthält personenbezogene Daten. Sie wird nirgends gespeichert; geben Sie "
        "sie nicht weiter.",
        "This list holds personal data. It is stored nowhere; don't pass it on.",
    ),
    "plan.col.when": ("Zeitpunkt", "Time"),
    "plan.col.label": ("Datensatz", "Record"),
    "plan.report-written": (
        "Signierter Probelauf: {path}",
        "Signed dry-run report: {path}",
    ),
    # --- the run ------------------------------------------------------------------------------
    "run.report": ("Löschprotokoll: {path}", "Report: {path}"),
    "run.source": ("{source}: {sentence}", "{source}: {sentence}"),
    "run.stopping": (
        "Der laufende Schritt wird noch beendet, dann hört der Löschlauf auf.",
        "The current batch is finished, then the run stops.",
    ),
    "progress.census": ("zählen", "counting"),
    "progress.delete": ("löschen", "deleting"),
    "progress.look": ("nachzählen", "counting again"),
    # --- check --------------------------------------------------------------------------------
    "check.title": ("Prüfung: {source}", "Check: {source}"),
    "check.ok": ("Alles ist bereit für einen Löschlauf.", "Everything is ready for a run."),
    "check.problems": (
        "{n} Punkte stehen einem Löschlauf entgegen oder sollten behoben werden.",
        "{n} things stand in the way of a run or should be mended.",
    ),
    "check.problem": (
        "Ein Punkt steht einem Löschlauf entgegen oder sollte behoben werden.",
        "One thing stands in the way of a run or should be mended.",
    ),
    "check.severity.error": ("Fehler", "error"),
    "check.severity.warning": ("Warnung", "warning"),
    "check.severity.info": ("Hinweis", "note"),
    "check.item": ("{severity}: {text}", "{severity}: {text}"),
    # --- verify -------------------------------------------------------------------------------
    "verify.title": ("Prüfung von Löschprotokollen", "Verification of reports"),
    "verify.result.genuine": (
        "Echt: {reports} geprüft, {findings}.",
        "Genuine: {reports} checked, {findings}.",
    ),
    "verify.result.findings": (
        "Echt, aber mit Feststellungen: {reports} geprüft, {findings}.",
        "Genuine, but with findings: {reports} checked, {findings}.",
    ),
    "verify.result.forged": (
        "Nicht echt: {reports} gelesen, {findings}. Verlassen Sie sich auf keines davon.",
        "Not genuine: {reports} read, {findings}. Rely on none of them.",
    ),
    "verify.result.untrusted": (
        "Nicht bestätigt: {reports} gelesen, {findings}; niemand bürgt hier für den Schlüssel.",
        "Not confirmed: {reports} read, {findings}; nobody here vouches for the key.",
    ),
    "verify.result.unavailable": (
        "Nicht alles ließ sich prüfen: {reports} gelesen, {findings}.",
        "Not everything could be checked: {reports} read, {findings}.",
    ),
    "verify.found": ("Feststellungen", "Findings"),
    "verify.known": ("Gut zu wissen", "Good to know"),
    "verify.reports": ("Gelesene Löschprotokolle", "Reports read"),
    "verify.level": ("Sicherheitsstufe", "Assurance level"),
    "verify.level.none": ("keine", "none"),
    "verify.level.L1": (
        "L1: Signatur und Nachweiskette stimmen; schützt gegen Fremde und Versehen",
        "L1: signature and ledger are sound; protects against outsiders and accidents",
    ),
    "verify.param.seq": ("Nr. {value}", "no. {value}"),
    "verify.param.first": ("von Nr. {value}", "from no. {value}"),
    "verify.param.last": ("bis Nr. {value}", "to no. {value}"),
    "verify.param.dataset": ("{value}", "{value}"),
    "verify.param.count": ("Anzahl {value}", "count {value}"),
    "verify.param.data": ("{value}", "{value}"),
    "verify.param.reason": ("{value}", "{value}"),
    "verify.param.fingerprint": ("Fingerabdruck {value}", "fingerprint {value}"),
    "verify.how-to-trust": (
        "Lassen Sie sich den Fingerabdruck auf einem zweiten Weg bestätigen, etwa am Telefon, und "
        "nennen Sie den Schlüssel dann mit --key.",
        "Have the fingerprint confirmed by a second way, such as by phone, then name the key by "
        "--key.",
    ),
    # --- lists --------------------------------------------------------------------------------
    "list.reports": ("Löschprotokolle", "Reports"),
    "list.reports.none": ("Es gibt noch keine Löschprotokolle.", "There are no reports yet."),
    "list.policies": ("Regelwerke und Vorlagen", "Policies and templates"),
    "list.connectors": ("Konnektoren", "Connectors"),
    "col.seq": ("Nr.", "No."),
    "col.source": ("Quelle", "Source"),
    "col.time": ("Ende", "Ended"),
    "col.name": ("Name", "Name"),
    "col.version": ("Version", "Version"),
    "col.state": ("Zustand", "State"),
    "col.title": ("Bezeichnung", "Title"),
    "col.file": ("Datei", "File"),
    "col.tried": ("Erprobt", "Tried"),
    "col.code": ("Enthält Code", "Contains code"),
    "col.shelf": ("Herkunft", "From"),
    "state.approved": ("freigegeben", "approved"),
    "state.draft": ("nicht freigegeben", "not approved"),
    "state.template": ("Vorlage", "template"),
    "state.broken": ("fehlerhaft", "has mistakes"),
    # --- documents ----------------------------------------------------------------------------
    "connector.title": ("Konnektor {name}", "Connector {name}"),
    "connector.pair.title": ("Bezeichnung", "Title"),
    "connector.pair.digest": ("Prüfsumme", "Digest"),
    "connector.pair.code": ("Enthält Code", "Contains code"),
    "connector.pair.databases": ("Datenbanken", "Databases"),
    "connector.datasets": ("Was gelesen und gelöscht wird", "What is read and deleted"),
    "connector.trials": ("Erprobungen", "Trials"),
    "connector.untried": (
        "An diesem Produkt noch nicht erprobt: Gelöscht wird erst, wenn die Einstellungen das mit "
        "der Zeile accept_untried annehmen.",
        "Not tried on its product yet: nothing is deleted until settings accept that with the "
        "line accept_untried.",
    ),
    "trial.live": ("am laufenden Produkt", "on the running product"),
    "trial.written-by-product": (
        "an Daten, die das laufende Produkt schrieb",
        "on data that the running product wrote",
    ),
    "trial.vendor-schema": ("an den Tabellen des Herstellers", "on the vendor's tables"),
    "trial.documents": ("nur nach Unterlagen", "by documents only"),
    "policy.title": ("Regelwerk {name}, Version {version}", "Policy {name}, version {version}"),
    "policy.state.approved": ("freigegeben", "approved"),
    "policy.state.missing": ("nicht freigegeben", "not approved"),
    "policy.state.broken": (
        "ungültig, denn nach der Freigabe wurde etwas geändert",
        "void, because something was changed after the approval",
    ),
    "policy.col.data": ("Datenart", "Data class"),
    "policy.col.keep": ("Regellöschfrist", "Retention period"),
    "policy.col.minimum": ("Mindestens", "Minimum"),
    "policy.col.start": ("Startzeitpunkt", "Start event"),
    "policy.col.basis": ("Rechtsgrundlage", "Legal basis"),
    "policy.ok": ("{path}: keine Fehler.", "{path}: no mistakes."),
    "policy.copied": (
        "Kopiert nach {path}. Bitte durchsehen und dann freigeben lassen:",
        "Copied to {path}. Please look through it, then have it approved:",
    ),
    "policy.approved": (
        "Freigegeben: {name}. Jede Änderung der Regeln macht die Freigabe ungültig.",
        "Approved: {name}. Any change of the rules voids the approval.",
    ),
    "key.title": ("Schlüssel dieser Installation", "Key of this installation"),
    "key.file": ("Öffentlicher Teil", "Public half"),
    "key.id": ("Schlüsselkennung", "Key id"),
    "key.fingerprint": ("Fingerabdruck", "Fingerprint"),
    # --- init ---------------------------------------------------------------------------------
    "init.ask.connector": ("Welche Telefonanlage ist es", "Which telephone system is it"),
    "init.ask.url": (
        "Adresse der Datenbank, ohne Passwort, wie mysql://pbxretain@localhost/asteriskcdrdb "
        "(leer: keine)",
        "Database address without a password, such as "
        "mysql://pbxretain@localhost/asteriskcdrdb (empty: none)",
    ),
    "init.ask.password": (
        "Datei, in der das Passwort der Datenbank steht (leer: keine)",
        "File that holds the database password (empty: none)",
    ),
    "init.ask.policy": ("Vorlage für das Regelwerk", "Template for the policy"),
    "init.written": ("Geschrieben: {path}", "Written: {path}"),
    "init.next": (
        "Bitte Einstellungen und Regelwerk durchsehen; der Probelauf zeigt, was sie bedeuten.",
        "Please look through settings and policy; the dry run shows what they mean.",
    ),
    # --- errors -------------------------------------------------------------------------------
    "error.line": ("Fehler: {message}", "Error: {message}"),
    "error.detail": ("{sentence} Im Einzelnen: {message}", "{sentence} In detail: {message}"),
    "error.internal": (
        "interner Fehler {kind} in {place}; bitte melden.",
        "internal error {kind} at {place}; please report it.",
    ),
    "error.stopped": ("Abgebrochen.", "Stopped."),
}
