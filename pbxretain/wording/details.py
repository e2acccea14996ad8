"""What exactly stood in the way, with its figures? (German, English.)

``detail.CODE`` is the whole sentence of an error whose code is CODE, ``detail.CODE.hint`` what to
do, where that isn't a command; the error's ``params`` fill both. An error without an entry is told
by the sentence of its code, with the English detail behind it, unless that sentence says all of it
(``WHOLE``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WHOLE: Final = frozenset(
    {
        "BUNDLE",
        "CANT_SIGN",
        "DPO_LOCKED",
        "KEY_EXISTS",
        "KEY_WRITE",
        "NOT_AUTHORITY",
        "NOT_COMPARED",
        "NOT_ENCRYPTED",
        "NOT_COSIGNED",
        "NOT_LOOKED_AT",
        "NOT_OFFICERS",
        "NO_REPORT",
        "NO_CONTROLLER",
        "NO_ROSTER",
        "NO_SUCH_CALL",
        "NO_SYSTEM",
        "OTHER_INSTALLATION",
        "OTHER_LEDGER",
        "OTHER_ROSTER",
        "PASSPHRASE",
        "PLAN_NOT_GENUINE",
        "PLAN_UNFIT",
        "PASSPHRASE_MISSING",
        "CONTROLLER_NAME",
        "KEY_FOLDER",
        "KEY_KIND",
        "REMARK",
        "ROSTER",
        "ROSTER_AUTHORITY",
        "ROSTER_CONTROLLER",
        "ROSTER_READ",
        "SEVERAL_RECORDS",
        "VERDICT_FINDINGS",
        "VERDICT_FORGED",
        "VERDICT_NONE",
        "WRONG_SIGNER",
    }
)
"""Codes whose sentence says all that their errors say."""

DETAILS: Final[Mapping[str, tuple[str, str]]] = {
    "detail.PDF_MISSING": (
        "für eine PDF-Datei fehlt das Paket fpdf2",
        "a PDF needs the package fpdf2",
    ),
    "detail.CARRIED_ROSTER": (
        "das Schlüsselverzeichnis stammt aus eben der Lieferung, die geprüft werden soll; nehmen "
        "Sie Ihr eigenes Exemplar",
        "the roster comes from the very delivery that is to be checked; use your own copy",
    ),
    "detail.SHARE_LIMIT": (
        "Datenbestand {dataset}: {due} von {total} Datensätzen sind fällig, mehr als {share} %",
        "dataset {dataset}: {due} of {total} records are due, more than {share} %",
    ),
    "detail.SHARE_LIMIT.hint": (
        "den Plan ansehen, dann: {command}",
        "look at the plan, then: {command}",
    ),
    "detail.COUNT_LIMIT": (
        "{due} Datensätze sind fällig, mehr als die Grenze von {limit}",
        "{due} records are due, more than the limit of {limit}",
    ),
    "detail.COUNT_LIMIT.hint": (
        "den Plan ansehen, dann: {command}",
        "look at the plan, then: {command}",
    ),
    "detail.CONFIRMED_COUNT": (
        "{due} Datensätze sind fällig, mehr als die bestätigten {confirmed}",
        "{due} records are due, more than the confirmed {confirmed}",
    ),
    "detail.CONFIRMED_COUNT.hint": ("den Plan noch einmal ansehen", "look at the plan again"),
    "detail.NOT_APPROVED": (
        "das Regelwerk {policy} ist in der Fassung, die dort steht, nicht freigegeben",
        "policy {policy} is not approved in the form in which it stands there",
    ),
    "detail.NOT_APPROVED.hint": (
        "pbxretain policy approve {policy} --by FUNKTION",
        "pbxretain policy approve {policy} --by FUNCTION",
    ),
    "detail.UNTRIED_CONNECTOR": (
        "der Konnektor {connector} wurde an seinem Produkt noch nie erprobt",
        "connector {connector} was never tried on its product",
    ),
    "detail.UNTRIED_CONNECTOR.hint": (
        "nach pbxretain check bei der Quelle eintragen: accept_untried: {digest}",
        "after pbxretain check, add to the source: accept_untried: {digest}",
    ),
    "detail.CLOCK_SKEW": (
        "die Uhren dieses Rechners und der Datenbank gehen um {seconds} Sekunden auseinander",
        "the clock of this host and that of the database differ by {seconds} seconds",
    ),
    "detail.CLOCK_SKEW.hint": (
        "beide über NTP stellen, dann neu starten",
        "set both by NTP, then run again",
    ),
    "detail.CLOCK_BACK": (
        "die Uhr zeigt {now} UTC, früher als der letzte Eintrag der Nachweiskette von {last} UTC",
        "the clock says {now} UTC, before the last ledger entry of {last} UTC",
    ),
    "detail.CLOCK_BACK.hint": (
        "die Uhr über NTP stellen, dann neu starten",
        "set the clock by NTP, then run again",
    ),
    "detail.FUTURE_RECORDS": (
        "Datenbestand {dataset}: Datensätze, die in der Zukunft liegen: {count}",
        "dataset {dataset}: records that lie in the future: {count}",
    ),
    "detail.FUTURE_RECORDS.hint": (
        "die Zeitzone in den Einstellungen und die Uhr der Anlage prüfen",
        "check the time zone in settings and the clock of the PBX",
    ),
    "detail.ESCROW_MISSING": (
        "die Einstellungen verlangen versiegelten Nachweis, und es gibt keinen "
        "Hinterlegungsschlüssel, für den versiegelt werden könnte",
        "settings demand sealed evidence, and there is no escrow key to seal it to",
    ),
    "detail.ESCROW_MISSING.hint": (
        "pbxretain key add escrow.pub.pem, vom Datenschutzbeauftragten; oder evidence: auto",
        "pbxretain key add escrow.pub.pem, the officer's; or evidence: auto",
    ),
    "detail.OWN_PURGE_MINIMUM": (
        "die Anlage löscht {data} selbst (Frist: {own}), obwohl sie mindestens bleiben müssen "
        "({keep}): die Pflicht zur Aufbewahrung wird verletzt, ohne dass eine Spur bleibt",
        "the product itself deletes {data} (period: {own}), though they must stay at least "
        "({keep}): the duty to keep them is broken without a trace",
    ),
    "detail.OWN_PURGE_MINIMUM.hint": (
        "sofort in der Anlage abschalten oder dort eine längere Frist setzen",
        "switch it off in the product, or give it a longer period, at once",
    ),
    "detail.OWN_PURGE_EARLIER": (
        "die Anlage löscht {data} selbst (Frist: {own}), bevor das Regelwerk es tut ({keep}): "
        "die gehen ohne Nachweis",
        "the product itself deletes {data} (period: {own}), before the policy does ({keep}): "
        "those go without evidence",
    ),
    "detail.OWN_PURGE_EARLIER.hint": (
        "in der Anlage abschalten oder dort eine längere Frist setzen",
        "switch it off in the product, or give it a longer period",
    ),
    "detail.OWN_PURGE_LATER": (
        "was {data} oder Kopien davon angeht, löscht hier nur die Anlage selbst (Frist: {own}), "
        "und das Regelwerk sagt {keep}",
        "of {data}, or copies of them, only the product itself deletes (period: {own}), and the "
        "policy says {keep}",
    ),
    "detail.OWN_PURGE_LATER.hint": (
        "der eigenen Löschung der Anlage die Frist des Regelwerks geben",
        "give the product's own deletion the policy's period",
    ),
    "detail.OWN_PURGE_UNSEEN": (
        "nach welcher Zeit die Anlage {data} selbst löscht, ist von hier aus nicht zu sehen",
        "after how long the product itself deletes {data} can't be seen from here",
    ),
    "detail.OWN_PURGE_UNSEEN.hint": (
        "auf der Anlage in {file} nachsehen",
        "look into {file} on the PBX",
    ),
    "detail.FACET_UNKNOWN": (
        "Datenbestand {dataset}: Eine Regel fragt nach dem Merkmal {facet}, das der Konnektor von"
        " ihm nicht kennt",
        "dataset {dataset}: a rule goes by {facet}, which the connector doesn't know of it",
    ),
    "detail.FACET_UNKNOWN.hint": (
        "{facet} aus den Regeln für {data} nehmen; welche Merkmale es gibt, sagt pbxretain"
        " connector show",
        "take {facet} out of the rules for {data}; pbxretain connector show tells which facets"
        " there are",
    ),
    "detail.FED_LONGER": (
        "{feed} bleiben länger als {data}, die die Anlage daraus neu erzeugt",
        "{feed} are kept longer than {data}, which the PBX makes anew out of them",
    ),
    "detail.FED_LONGER.hint": (
        "{feed} im Regelwerk dieselbe oder eine kürzere Frist geben",
        "give {feed} the same or a shorter period in the policy",
    ),
    "detail.LOCKED": (
        "an dieser Quelle arbeitet schon ein anderer Löschlauf",
        "another run works on this source",
    ),
    "detail.LOCKED.hint": ("warten, bis er geendet hat", "wait until it has ended"),
    "detail.PASSPHRASE_MISSING.hint": (
        "signing_key: {{passphrase: ...}} in den Einstellungen",
        "signing_key: {{passphrase: ...}} in settings",
    ),
    "detail.BUNDLE.hint": (
        "neu anfordern, wie pbxretain report bundle es macht",
        "ask for it again, as pbxretain report bundle makes it",
    ),
    # --- the officer's commands, keys and evidence --------------------------------------------
    "detail.FILE_READ": ("{path} lässt sich nicht lesen", "{path} can't be read"),
    "detail.FILE_WRITE": ("{path} lässt sich nicht schreiben", "{path} can't be written"),
    "detail.FILE_EXISTS": (
        "{path} gibt es schon; die Datei wird nicht überschrieben",
        "{path} is there already and is not overwritten",
    ),
    "detail.STATE_WRITE": (
        "in den Statusordner {folder} lässt sich nicht schreiben",
        "can't write in the state folder {folder}",
    ),
    "detail.STATE_WRITE.hint": (
        "pbxretain als der Benutzer starten, dem er gehört",
        "run pbxretain as the user who owns it",
    ),
    "detail.DPO_HOME": (
        "in den Ordner des Datenschutzbeauftragten {folder} lässt sich nicht schreiben",
        "can't write in the officer's folder {folder}",
    ),
    "detail.DPO_HOME_OPEN": (
        "in den Ordner des Datenschutzbeauftragten {folder} dürfen andere hineinsehen",
        "others may look into the officer's folder {folder}",
    ),
    "detail.DPO_LOCKED.hint": ("warten, bis er geendet hat", "wait until it has ended"),
    "detail.NO_OFFICER_KEYS": (
        "in {folder} liegen keine Schlüssel eines Datenschutzbeauftragten",
        "there are no keys of an officer in {folder}",
    ),
    "detail.NO_SYSTEM.hint": ("pbxretain dpo init PAKET", "pbxretain dpo init BUNDLE"),
    "detail.NO_ROSTER.hint": (
        "pbxretain key add trust.dsse.json, wie der Datenschutzbeauftragte es übergeben hat",
        "pbxretain key add trust.dsse.json, as the officer handed it over",
    ),
    "detail.OTHER_ROSTER.hint": ("--home ORDNER", "--home FOLDER"),
    "detail.OTHER_FIRST_KEY": (
        "die Quelle {source} ist hier mit einem anderen Schlüssel bekannt",
        "source {source} is known here under another key",
    ),
    "detail.OTHER_FIRST_KEY.hint": (
        "vor dem Vertrauen fragen, warum ihre Nachweiskette neu beginnt",
        "ask why its ledger begins anew before you trust it",
    ),
    "detail.UNKNOWN_SOURCE": (
        "das Schlüsselverzeichnis hier kennt die Nachweiskette der Quelle {source} nicht",
        "the roster here doesn't know the ledger of source {source}",
    ),
    "detail.UNKNOWN_SOURCE.hint": ("pbxretain dpo init PAKET", "pbxretain dpo init BUNDLE"),
    "detail.SEEN": (
        "die eigene Aufzeichnung des Gegengezeichneten ist beschädigt: {path}",
        "the own record of what was witnessed is damaged: {path}",
    ),
    "detail.SEEN.hint": ("aus der Sicherung zurückholen", "bring it back from your backup"),
    "detail.NO_BUNDLE": (
        "unter {path} liegt kein Nachweispaket",
        "there is no bundle at {path}",
    ),
    "detail.NOT_COMPARED.hint": (
        "am Telefon noch einmal fragen und die Datei neu anfordern",
        "ask again by telephone, and for the file anew",
    ),
    "detail.NOT_FILED": (
        "eine Aussage der Art {kind} wird hier nicht abgelegt",
        "a statement of the kind {kind} is not filed here",
    ),
    "detail.POLICY_UNUSED": (
        "keine Quelle hier verwendet das Regelwerk {policy}",
        "no source here uses policy {policy}",
    ),
    "detail.POLICY_UNUSED.hint": (
        "policy: {policy} in den Einstellungen",
        "policy: {policy} in settings",
    ),
    "detail.NO_REPORT_YET": (
        "die Quelle {source} hat noch kein Löschprotokoll, es kann also keines fehlen",
        "source {source} has no report yet, so nothing can be missing",
    ),
    "detail.NO_SUCH_RECORD": (
        "Protokoll {number} deckt im Datenbestand {dataset} keinen solchen Datensatz ab",
        "report {number} covers no such record in {dataset}",
    ),
    "detail.NO_SUCH_RECORD.hint": (
        "Schlüsselspalten, Startzeitpunkt und Beteiligte so, wie die Anlage sie hatte, auf das "
        "Byte genau",
        "key columns, start event and parties as the PBX had them, to the byte",
    ),
    "detail.AT": ("--at ist keine Zeitangabe", "--at is no time"),
    "detail.AT.hint": ("zu schreiben wie 2026-08-24T14:05", "write it like 2026-08-24T14:05"),
    "detail.RECORD_FILE": ("{path} enthält keinen Datensatz", "{path} holds no record"),
    "detail.RECORD_FILE.hint": (
        '{{"key": [...], "start": "...", "subjects": [...]}}, je Text, null oder Base64',
        '{{"key": [...], "start": "...", "subjects": [...]}}, each text, null or base64',
    ),
    "detail.ROLE_MISSING": (
        "die Schlüsseldatei enthält keinen Schlüssel für diese Rolle",
        "the key file holds no key for this role",
    ),
    "detail.ROLE_MISSING.hint": ("sie enthält: {roles}", "it holds: {roles}"),
    "detail.RIGHT_MISSING": (
        "dem Datenbankbenutzer oder dem Konto fehlt ein Recht",
        "the database user or account lacks a right",
    ),
    "detail.NO_INDEX": (
        "einer großen Tabelle fehlt ein Index, an dem entlang gelöscht werden kann",
        "a large table has no index to delete along",
    ),
}
