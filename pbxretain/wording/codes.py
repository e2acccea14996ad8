"""Which sentence explains which code? (German, English.)

Everything that a report, a plan or an error says by code. Terms follow DIN 66398 and ISO/IEC
27555: Löschregel, Regellöschfrist, Startzeitpunkt, Stichtag, Löschlauf, Löschprotokoll.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[str, tuple[str, str]]] = {
    # --- data classes -------------------------------------------------------------------------
    "data.call-detail-records": ("Gesprächsdatensätze (Anrufliste)", "call detail records"),
    "data.call-events": ("Anrufereignisse", "call events"),
    "data.queue-logs": ("Warteschlangenprotokolle", "queue logs"),
    "data.call-recordings": ("Gesprächsaufzeichnungen", "call recordings"),
    "data.voicemail-messages": ("Sprachnachrichten", "voicemail messages"),
    "data.voicemail-greetings": ("Mailbox-Ansagen", "voicemail greetings"),
    "data.fax-documents": ("Faxdokumente", "fax documents"),
    "data.chat-messages": ("Chatnachrichten", "chat messages"),
    "data.transcripts": ("Transkripte", "transcripts"),
    "data.call-quality": ("Messwerte zur Gesprächsqualität", "call quality measurements"),
    "data.audit-logs": ("Prüfprotokolle", "audit logs"),
    "data.system-logs": ("Systemprotokolle", "system logs"),
    # --- start events -------------------------------------------------------------------------
    "start.call-start": ("Beginn des Anrufs", "start of the call"),
    "start.call-end": ("Ende des Anrufs", "end of the call"),
    "start.recorded": ("Aufzeichnung", "recording made"),
    "start.received": ("Eingang der Nachricht", "message received"),
    "start.heard": ("Abhören der Nachricht", "message heard"),
    "start.event": ("Eintritt des Ereignisses", "the event itself"),
    "start.measured": ("Zeitpunkt der Messung", "time of the measurement"),
    "start.sent": ("Versand", "sent"),
    "start.created": ("Erstellung", "created"),
    "start.invoice-sent": ("Versand der Rechnung", "invoice sent"),
    "start.paid": ("Zahlung", "payment"),
    "start.drafted": ("Abfassung", "drafted"),
    "start.run": ("Löschlauf", "deletion run"),
    # --- periods ------------------------------------------------------------------------------
    "period.day.one": ("{n} Tag", "{n} day"),
    "period.day.many": ("{n} Tage", "{n} days"),
    "period.week.one": ("{n} Woche", "{n} week"),
    "period.week.many": ("{n} Wochen", "{n} weeks"),
    "period.month.one": ("{n} Monat", "{n} month"),
    "period.month.many": ("{n} Monate", "{n} months"),
    "period.year.one": ("{n} Jahr", "{n} year"),
    "period.year.many": ("{n} Jahre", "{n} years"),
    "period.forever": ("unbefristet", "forever"),
    "period.never": ("nie", "never"),
    "period.at-once": ("sofort", "at once"),
    # --- what became of a run -----------------------------------------------------------------
    "status.complete": ("vollständig", "complete"),
    "status.findings": ("vollständig, mit Feststellungen", "complete, with findings"),
    "status.nothing-due": ("nichts fällig", "nothing due"),
    "status.incomplete": ("unvollständig", "incomplete"),
    "status.failed": ("abgebrochen", "broken off"),
    "status.refused": ("verweigert", "refused"),
    "status.interrupted": ("unterbrochen", "interrupted"),
    "status.recovered": ("nach Unterbrechung abgeschlossen", "settled after an interruption"),
    "status.unknown": ("unbekannt", "unknown"),
    # --- findings and reasons -----------------------------------------------------------------
    "code.NOT_DECIDED": (
        "Für diese Datenart wurde noch nicht entschieden, wie lange sie bleiben darf.",
        "Nobody has decided yet how long this kind of data may stay.",
    ),
    "code.NOT_COVERED": (
        "Dieser Datenbestand ist an der Anlage nicht vorhanden oder nicht angeschlossen.",
        "This dataset doesn't exist on the system or isn't connected.",
    ),
    "code.SHARED_LEFT": (
        "Gemeinsame Datensätze, die kein Anruf mehr nennt und die noch da sind.",
        "Shared records that no call names any more and that are still there.",
    ),
    "code.NEVER_READY": (
        "Fällige Datensätze warten, weil die Anlage sie nie als fertig gekennzeichnet hat.",
        "Due records wait, since the system never marked them as finished.",
    ),
    "code.READS_ONLY": (
        "Fällige Datensätze, die dieser Connector nur zählt: Er löscht hier nicht.",
        "Due records that this connector only counts: it never deletes here.",
    ),
    "code.COPY_UNDECLARED": (
        "Eine Tabelle sieht aus wie eine Kopie von Anrufdaten und ist nicht angegeben.",
        "A table looks like a copy of call data and isn't declared.",
    ),
    "code.COPY_LEFT": (
        "Eine Kopie von Anrufdaten, die laut Einstellungen stehen bleibt.",
        "A copy of call data that stays, as settings say.",
    ),
    "code.FED_LONGER": (
        "Woraus die Anlage diese Datensätze neu erzeugt, bleibt länger als sie selbst.",
        "The source from which the PBX makes these records anew is kept longer than they are.",
    ),
    "code.FACET_UNKNOWN": (
        "Eine Regel fragt nach einem Merkmal, das der Konnektor von diesem Datenbestand nicht"
        " kennt.",
        "A rule goes by a facet that the connector doesn't know of this dataset.",
    ),
    "code.FACET_UNTOLD": (
        "Niemand kann sagen, unter welche Regel diese Datensätze fallen: Sie gehen erst, wenn jede"
        " Regel sie gehen lässt.",
        "Nobody can tell under which rule these records fall: they go only when every rule lets"
        " them.",
    ),
    "code.ORPHAN_FILES": (
        "Dateien, die kein Datensatz nennt; sie werden nach ihrem eigenen Datum behandelt.",
        "Files that no record names; they are treated by their own date.",
    ),
    "code.MISSING_FILES": (
        "Datensätze nennen Dateien, die es nicht mehr gibt.",
        "Records name files that no longer exist.",
    ),
    "code.FOREIGN_FILES": (
        "Dateien, die nicht zu dieser Datenart gehören, wurden nicht angerührt.",
        "Files that don't belong to this kind of data were left alone.",
    ),
    "code.FOREIGN_LOCK": (
        "Ein anderes Programm hielt den Ordner gesperrt; die Sperre wurde nicht gebrochen.",
        "Another program had locked the folder; its lock was not broken.",
    ),
    "code.SESSION_OPEN": (
        "In der Mailbox wurde gerade abgehört; sie kommt beim nächsten Löschlauf an die Reihe.",
        "Somebody was listening to the mailbox; the next run comes back to it.",
    ),
    "code.STILL_WRITTEN": (
        "Dateien, an denen noch geschrieben wurde, blieben stehen.",
        "Files that were still being written were left alone.",
    ),
    "code.BROKEN_MESSAGE": (
        "Nachrichten ohne lesbare Begleitdatei wurden nicht angerührt.",
        "Messages without a readable description were left alone.",
    ),
    "code.FORMER_OWNER": (
        "Tonaufnahmen früherer Nachrichten lagen unter der Nummer einer anderen Nachricht.",
        "Sound of earlier messages lay under the number of another message.",
    ),
    "code.UNDATED": (
        "Datensätze ohne brauchbares Datum; sie werden nie gelöscht und hier gezählt.",
        "Records without a usable date; they are never deleted and are counted here.",
    ),
    "code.FUTURE": (
        "Datensätze mit einem Datum in der Zukunft; sie werden nie gelöscht und hier gezählt.",
        "Records dated in the future; they are never deleted and are counted here.",
    ),
    "code.RULE_OVERLAP": (
        "Auch eine frühere Regel kann diese Datensätze treffen; die Reihenfolge entscheidet.",
        "An earlier rule can match the same records; their order decides.",
    ),
    "code.RULE_UNREACHABLE": (
        "Diese Regel trifft nie zu: Eine frühere Regel nimmt alles, was sie nehmen könnte.",
        "This rule never applies: an earlier rule takes all that it could take.",
    ),
    "code.RULE_FACET": (
        "Der Konnektor kennt dieses Merkmal bei dieser Datenart nicht; sie wird nicht gelöscht.",
        "The connector doesn't know this facet for this kind of data; nothing of it is deleted.",
    ),
    "code.REVIEW_DUE": (
        "Der Tag, bis zu dem das Regelwerk geprüft werden sollte, ist vorbei.",
        "The day by which the policy was to be reviewed has passed.",
    ),
    "code.KEPT_FOR_PART": (
        "Datensätze warten, bis eine mit ihnen verknüpfte Datei anderer Datenart gelöscht ist.",
        "Records wait until a linked file of another kind of data has been deleted.",
    ),
    "code.STRADDLING": (
        "Anrufe, die über den Stichtag reichen oder noch nicht abgeschlossen sind, bleiben ganz.",
        "Calls that reach across the cut-off date, or haven't ended, stay whole.",
    ),
    "code.HELD": (
        "Datensätze unter Löschsperre bleiben bis zu deren Aufhebung.",
        "Records under a hold stay until it is released.",
    ),
    "code.MIN_RETENTION": (
        "Datensätze, deren Aufbewahrungsfrist noch läuft, bleiben.",
        "Records whose statutory retention period still runs stay.",
    ),
    "code.START_UNKNOWN": (
        "Datensätze, deren Startzeitpunkt nicht feststeht, bleiben und werden gezählt.",
        "Records whose start event isn't known stay and are counted.",
    ),
    "code.ALREADY_ABSENT": (
        "Datensätze waren schon fort, als der Löschlauf zu ihnen kam.",
        "Records were already gone when the run came to them.",
    ),
    "code.RESIDUE": (
        "Nach dem Löschlauf ist noch Fälliges übrig.",
        "Something due is still there after the run.",
    ),
    "code.FAILED_RECORDS": (
        "Einzelne Datensätze ließen sich nicht löschen.",
        "Single records could not be deleted.",
    ),
    "code.DATASET_FAILED": (
        "Ein Datenbestand konnte nicht bis zu Ende bearbeitet werden.",
        "A dataset could not be worked on to its end.",
    ),
    "code.SINGLE_RECORDS_NOT_PROVABLE": (
        "Einzelne Datensätze lassen sich nicht belegen.",
        "Single records can't be proved.",
    ),
    "code.SINGLE_RECORDS_PROVABLE": (
        "Einzelne Löschungen lassen sich mit dem Hinterlegungsschlüssel belegen.",
        "Single deletions can be proved with the escrow key.",
    ),
    "code.LIMIT": (
        "Es ist mehr fällig, als die Grenzen der Löschregeln auf einmal zulassen.",
        "More is due than the limits allow at one time.",
    ),
    "code.CLOCK": (
        "Die Uhren von Rechner, Datenbank und Nachweiskette stimmen nicht überein.",
        "The clocks of host, database and ledger don't agree.",
    ),
    "code.DRIFT": (
        "Die Anlage sieht anders aus, als der Konnektor sie beschreibt.",
        "The system doesn't look as the connector describes it.",
    ),
    "code.ROOT": (
        "Ein Ordner fehlt, ist leer oder nicht eingebunden.",
        "A folder is missing, empty or not mounted.",
    ),
    "code.NOT_APPROVED": (
        "Die Löschregeln sind in dieser Fassung nicht freigegeben.",
        "The policy isn't approved in this form.",
    ),
    "code.UNTRIED": (
        "Der Konnektor wurde an diesem Produkt noch nie erprobt.",
        "The connector has never been tried on this product.",
    ),
    "code.SCHEDULE_GAP": (
        "Seit dem letzten Löschlauf ist mehr Zeit vergangen als vorgesehen.",
        "More time than intended has passed since the last run.",
    ),
    "code.GONE_BEFORE": (
        "Seit dem vorigen Löschlauf sind Datensätze verschwunden, die dieses Programm nicht "
        "gelöscht hat; dafür gibt es keinen Nachweis.",
        "Since the run before, records have gone that this program didn't delete; there is no "
        "evidence of that.",
    ),
    "code.GONE_OWN_PURGE": (
        "Seit dem vorigen Löschlauf sind Datensätze verschwunden, die dieses Programm nicht "
        "gelöscht hat; die Anlage löscht diese Datenart auch selbst, und ohne Nachweis.",
        "Since the run before, records have gone that this program didn't delete; the system "
        "itself deletes this data class too, and without evidence.",
    ),
    "code.IDLE": (
        "Seit so vielen Tagen hat die Anlage nichts Neues geschrieben.",
        "The system hasn't written anything new for this many days.",
    ),
    "code.RECOVERED": (
        "Ein früherer Löschlauf war unterbrochen worden und wurde abgeschlossen.",
        "An earlier run had been interrupted and was settled.",
    ),
    "code.POLICY_CHANGED": (
        "Die Löschregeln sind seit dem letzten Löschlauf geändert worden.",
        "The policy has changed since the last run.",
    ),
    "code.CONNECTOR_CHANGED": (
        "Die Beschreibung der Anlage (Konnektor) hat sich seit dem letzten Löschlauf geändert.",
        "The description of the system (connector) has changed since the last run.",
    ),
    "code.KEY_CHANGED": (
        "Das Löschprotokoll ist mit einem anderen Schlüssel signiert als das vorige.",
        "The report is signed with another key than the one before.",
    ),
    "code.GAP": (
        "In der Nachweiskette fehlen Löschprotokolle: Nummern sind ausgelassen.",
        "Reports are missing in the ledger: numbers are left out.",
    ),
    "code.OVERDUE": (
        "Der nächste Löschlauf ist überfällig.",
        "The next run is overdue.",
    ),
    "code.FORK": (
        "Die Nachweiskette ist gespalten: Zu derselben Nummer gibt es zwei Fassungen (etwa nach "
        "dem Zurückspielen einer alten Sicherung des Rechners).",
        "The ledger has been split: there are two versions of the same number (such as after an "
        "old image of the machine was restored).",
    ),
    "code.TRUNCATED": (
        "Am Ende der Nachweiskette fehlen Löschprotokolle, die schon einmal da waren.",
        "Reports are missing at the end of the ledger that had been there before.",
    ),
    "code.COUNTS": (
        "Die Anzahlen in einem Löschprotokoll gehen nicht auf.",
        "The counts in a report don't add up.",
    ),
    # --- legal bases --------------------------------------------------------------------------
    "basis.necessity": (
        "Erforderlichkeit (Art. 5 Abs. 1 Buchst. c und e DSGVO)",
        "necessity (Art. 5(1)(c) and (e) GDPR)",
    ),
    "basis.consent": (
        "Einwilligung (Art. 6 Abs. 1 Buchst. a DSGVO)",
        "consent (Art. 6(1)(a) GDPR)",
    ),
    "basis.contract": (
        "Vertrag (Art. 6 Abs. 1 Buchst. b DSGVO)",
        "contract (Art. 6(1)(b) GDPR)",
    ),
    "basis.works-agreement": (
        "Betriebsvereinbarung (§ 26 Abs. 4 BDSG)",
        "works agreement (section 26(4) BDSG)",
    ),
    "basis.undecided": ("noch nicht entschieden", "not decided yet"),
    "basis.DE-WPHG-83-8": (
        "§ 83 Abs. 8 WpHG (Aufzeichnungen im Wertpapiergeschäft)",
        "section 83(8) WpHG (recordings in securities business)",
    ),
    "basis.DE-FINVERMV-18A": (
        "§ 18a FinVermV (Aufzeichnungen der Finanzanlagenvermittler)",
        "section 18a FinVermV (recordings of financial investment brokers)",
    ),
    "basis.accountability": (
        "Rechenschaftspflicht (Art. 5 Abs. 2 DSGVO)",
        "accountability (Art. 5(2) GDPR)",
    ),
    "basis.DE-TDDDG-6-1": (
        "§ 6 Abs. 1 Nr. 3 TDDDG (Nachrichten, wie der Vertrag mit dem Nutzer es sagt)",
        "section 6(1) no. 3 TDDDG (messages, as the contract with the user says)",
    ),
    "basis.DE-TDDDG-9-1": (
        "§ 9 Abs. 1 Satz 2 TDDDG (nicht mehr gebrauchte Verkehrsdaten)",
        "section 9(1) sentence 2 TDDDG (traffic data that is no longer needed)",
    ),
    "basis.DE-TDDDG-12": (
        "§ 12 TDDDG (Störungen und Missbrauch)",
        "section 12 TDDDG (faults and fraud)",
    ),
    "basis.DE-UWG-7A": (
        "§ 7a UWG (Nachweis der Einwilligung in Telefonwerbung)",
        "section 7a UWG (proof of consent to telephone advertising)",
    ),
    "basis.DE-HGB-257": (
        "§ 257 HGB, § 147 AO (Buchungsbelege)",
        "section 257 HGB, section 147 AO (accounting vouchers)",
    ),
    "basis.DE-BGB-195": (
        "§§ 195, 199 BGB (regelmäßige Verjährung)",
        "sections 195, 199 BGB (ordinary limitation period)",
    ),
    "basis.FR-CNIL-2014-474": (
        "CNIL, délibération 2014-474 (Mitschnitte am Arbeitsplatz)",
        "CNIL, délibération 2014-474 (recordings at work)",
    ),
    "basis.AT-TKG-167-1": (
        "§ 167 Abs. 1 TKG 2021 (Verkehrsdaten nach Ende der Verbindung)",
        "section 167(1) TKG 2021 (traffic data after the connection)",
    ),
    "basis.AT-TKG-167-2": (
        "§ 167 Abs. 2 TKG 2021 (Verrechnung von Entgelten)",
        "section 167(2) TKG 2021 (charging and billing)",
    ),
    "basis.CH-VUEPF-21": (
        "Art. 21 VÜPF (Aufbewahrung von Randdaten)",
        "Art. 21 VÜPF (keeping of secondary data)",
    ),
    "basis.UK-SYSC-10A": (
        "FCA SYSC 10A (Aufzeichnungen im Wertpapiergeschäft)",
        "FCA SYSC 10A (recordings in investment business)",
    ),
    "basis.DE-TDDDG-10-2": (
        "§ 10 Abs. 2 TDDDG (Entgeltermittlung und -abrechnung)",
        "section 10(2) TDDDG (charging and billing)",
    ),
    # --- what became of a dataset -------------------------------------------------------------
    "dataset.complete": ("vollständig", "complete"),
    "dataset.incomplete": ("unvollständig", "incomplete"),
    "dataset.failed": ("abgebrochen", "broken off"),
    "dataset.refused": ("verweigert", "refused"),
    "dataset.nothing-due": ("nichts fällig", "nothing due"),
    "dataset.kept": ("bleibt unbefristet", "kept for ever"),
    "dataset.not-reached": ("nicht erreicht", "not reached"),
    # --- how it was deleted -------------------------------------------------------------------
    "method.db_delete": ("aus der Datenbank gelöscht", "deleted from the database"),
    "method.file_unlink": ("Dateien entfernt", "files removed"),
    "method.rewrite": ("Datei ohne die Zeilen neu geschrieben", "file rewritten without the lines"),
    "method.product": (
        "durch die Schnittstelle des Produkts gelöscht, danach nachgesehen",
        "deleted by the product's own interface, then looked at",
    ),
    "trigger.cron": ("Zeitplan", "schedule"),
    "trigger.manual": ("von Hand", "by hand"),
}
