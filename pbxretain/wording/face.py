"""Which words stand around the facts? (German, English.)

Headings, table columns and sentences of reports, plans and the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FACE: Final[Mapping[str, tuple[str, str]]] = {
    "answer.choice": ("j/N", "y/N"),
    "answer.unclear": ("Bitte mit j oder n antworten.", "Please answer with y or n."),
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
    "count.report.one": ("{n} Löschprotokoll", "{n} deletion report"),
    "count.report.many": ("{n} Löschprotokolle", "{n} deletion reports"),
    "count.statement.one": ("{n} andere Aussage", "{n} other statement"),
    "count.statement.many": ("{n} andere Aussagen", "{n} other statements"),
    "count.both": ("{reports} und {others}", "{reports} and {others}"),
    "count.entry.one": ("{n} Eintrag", "{n} entry"),
    "count.entry.many": ("{n} Einträge", "{n} entries"),
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
    "verify.others": ("Andere Aussagen", "Other statements read"),
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
    "col.purpose": ("Zweck", "Purpose"),
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
    "policy.col.basis": ("Begründung der Frist", "Reason for the period"),
    "policy.ok": ("{path}: keine Fehler.", "{path}: no mistakes."),
    "policy.copied": (
        "Kopiert nach {path}. Bitte durchsehen und dann freigeben lassen:",
        "Copied to {path}. Please look through it, then have it approved:",
    ),
    "policy.lost": (
        "{data}: eine Regel wurde zum Kommentar, denn die Anlage kennt nicht: {unknown}",
        "{data}: a rule became a comment, for the PBX doesn't know: {unknown}",
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
