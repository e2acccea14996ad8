"""What do reports say of policies with several rules, of redaction, holds, signed approval, and of
what a data subject demanded? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RULES: Final[Mapping[str, tuple[str, str]]] = {
    # --- one rule's share in a dataset --------------------------------------------------------
    "report.share.rule": ("{dataset} (Regel {rule})", "{dataset} (rule {rule})"),
    "report.share.redact": ("{dataset} (Unkenntlichmachen)", "{dataset} (redaction)"),
    "report.share.both": (
        "{dataset} (Regel {rule}, Unkenntlichmachen)",
        "{dataset} (rule {rule}, redaction)",
    ),
    "report.share.rest": ("{dataset} (alles Übrige)", "{dataset} (all the rest)"),
    "report.col.rule": ("Regel", "Rule"),
    "report.col.only": ("Nur für bestimmte", "Only for some"),
    "report.col.action": ("Was geschieht", "What happens"),
    "report.col.least": ("Aufbewahrungsfrist", "Minimum"),
    "report.action.redact": ("unkenntlich machen", "redact"),
    "report.start.fallback": ("{first}, sonst {then}", "{first}, else {then}"),
    "report.keep.end-of-year": ("bis Jahresende + {keep}", "until end of year + {keep}"),
    "report.keep.least": ("{keep}, mindestens {least}", "{keep}, at least {least}"),
    "report.keep.fixed": ("genau {keep}", "exactly {keep}"),
    "report.rules.only": (
        "Für welche genau eine Regel gilt, steht im Regelwerk; hier steht es nicht, weil es "
        "Nummern sein können.",
        "For which ones exactly a rule holds stands in the policy; not here, because it may be "
        "numbers.",
    ),
    # --- redaction ----------------------------------------------------------------------------
    "report.col.redacted": ("Unkenntlich gemacht", "Redacted"),
    "report.gone.both": (
        "{redacted} unkenntlich gemacht und {deleted}",
        "{redacted} redacted and {deleted}",
    ),
    "method.db_update": (
        "in der Datenbank unkenntlich gemacht; der übrige Datensatz bleibt",
        "redacted in the database; the rest of the record stays",
    ),
    "report.method.redacted": (
        "Unkenntlich gemacht heißt: Nummern und Namen sind gekürzt, ersetzt oder leer, der übrige "
        "Datensatz bleibt. Ein Pseudonym bleibt ein personenbezogenes Datum, bis sein Schlüssel "
        "vernichtet ist.",
        "Redacted means: numbers and names are cut, replaced or empty, the rest of the record "
        "stays. A pseudonym remains personal data until its key is destroyed.",
    ),
    "term.redacted": ("Unkenntlich machen", "Redaction"),
    "means.redacted": (
        "Nummern und Namen aus einem Datensatz nehmen, der im Übrigen bleibt, etwa für eine "
        "Statistik.",
        "Taking numbers and names out of a record whose rest stays, such as for a statistic.",
    ),
    # --- holds --------------------------------------------------------------------------------
    "report.holds.active": ("Löschsperren in Kraft", "Holds in force"),
    "report.holds.restrictions": (
        "Einschränkungen der Verarbeitung in Kraft (Art. 18 DSGVO)",
        "Restrictions of processing in force (Art. 18 GDPR)",
    ),
    "report.holds.register": ("Prüfsumme des Sperrverzeichnisses", "Digest of the hold register"),
    # --- who approved -------------------------------------------------------------------------
    "report.approved.by": (
        "in dieser Fassung freigegeben: {by}, {on}",
        "approved in this form: {by}, {on}",
    ),
    # --- rosters and gaps ---------------------------------------------------------------------
    "code.ROSTER_SOURCE": (
        "Das Schlüsselverzeichnis kennt diese Quelle nicht.",
        "The roster doesn't know this source.",
    ),
    "detail.ROSTER_SOURCE": (
        "das Schlüsselverzeichnis kennt die Quelle {source} nicht",
        "the roster knows no source {source}",
    ),
    "code.ROSTER_AUTHORITY": (
        "Das Schlüsselverzeichnis im Ordner des Datenschutzbeauftragten ist von einer anderen "
        "Stelle signiert.",
        "The roster in the officer's folder is signed by another authority.",
    ),
    "code.ROSTER_CONTROLLER": (
        "Das Schlüsselverzeichnis muss sagen, wer verantwortlich ist.",
        "The roster has to say who is responsible.",
    ),
    "code.CONTROLLER_NAME": (
        "Der Name des Verantwortlichen ist eine Zeile mit höchstens 1000 Zeichen.",
        "The name of the controller is one line of at most 1000 characters.",
    ),
    "code.ROSTER_ROLE": (
        "Der Schlüssel hat im Schlüsselverzeichnis eine andere Rolle.",
        "The key has another role in the roster.",
    ),
    "detail.ROSTER_ROLE": (
        "der Schlüssel, der für die Rolle {role} gedacht ist, hat im Schlüsselverzeichnis eine "
        "andere",
        "the key of the {role} has another role in the roster",
    ),
    "detail.ROSTER_ROLE.hint": (
        "legen Sie einen eigenen an: pbxretain key new --role ROLLE --out DATEI",
        "make one of its own: pbxretain key new --role ROLE --out FILE",
    ),
    "detail.GAP_NOTE": (
        "die Lücke muss beginnen, bevor sie endet, bis jetzt zu Ende sein, und ihre Bemerkung eine "
        "Zeile mit höchstens 1000 Zeichen",
        "the gap has to begin before it ends, end by now, and its remark be one line of at most "
        "1000 characters",
    ),
    "code.NOT_SIGNED": (
        "Das Regelwerk ist in dieser Fassung nicht vom Verantwortlichen signiert.",
        "The policy isn't signed by the controller in this form.",
    ),
    "detail.NOT_SIGNED": (
        "das Regelwerk {policy} ist in der Fassung, die dort steht, nicht vom Verantwortlichen "
        "signiert",
        "policy {policy} isn't signed by the controller in the form in which it stands there",
    ),
    "detail.NOT_SIGNED.hint": (
        "pbxretain policy sign {policy} --key DATEI --out {policy}.dsse.json, danach "
        "pbxretain report add {policy}.dsse.json",
        "pbxretain policy sign {policy} --key FILE --out {policy}.dsse.json, then "
        "pbxretain report add {policy}.dsse.json",
    ),
    "detail.NOT_CONSULTED": (
        "der Datenschutzbeauftragte hat nicht signiert, dass er zum Regelwerk {policy} angehört "
        "wurde",
        "the officer hasn't signed that they were consulted on policy {policy}",
    ),
    "detail.NOT_CONSULTED.hint": (
        "am Rechner des Datenschutzbeauftragten pbxretain dpo consult {policy}.dsse.json --out "
        "{policy}-both.dsse.json, danach pbxretain report add {policy}-both.dsse.json",
        "pbxretain dpo consult {policy}.dsse.json --out {policy}-both.dsse.json on the officer's "
        "machine, then pbxretain report add {policy}-both.dsse.json",
    ),
    "code.NO_CONTROLLER": (
        "Verlangt ist ein signiertes Regelwerk, aber das Schlüsselverzeichnis kennt keinen "
        "Verantwortlichen.",
        "A signed policy is demanded, and the roster knows no controller.",
    ),
    "detail.NO_CONTROLLER.hint": (
        "am Rechner des Datenschutzbeauftragten pbxretain dpo init BUNDLE --controller-key DATEI, "
        "danach pbxretain key add trust.dsse.json",
        "pbxretain dpo init BUNDLE --controller-key FILE on the officer's machine, then "
        "pbxretain key add trust.dsse.json",
    ),
    "report.signed": ("Freigabe signiert mit", "Approval signed with"),
    "report.consulted": ("Datenschutzbeauftragter", "Data protection officer"),
    "report.consulted.yes": (
        "wurde angehört und hat das mitsigniert (Art. 38 Abs. 6 DSGVO)",
        "was consulted and has signed that (Art. 38(6) GDPR)",
    ),
    "report.consulted.no": ("hat nicht mitsigniert", "has not signed"),
    # --- what a data subject demanded ---------------------------------------------------------
    "trigger.erasure-request": (
        "Löschverlangen einer betroffenen Person (Art. 17 DSGVO)",
        "demand for erasure by a data subject (Art. 17 GDPR)",
    ),
    "report.erasure.title": (
        "Löschprotokoll Nr. {seq} zu einem Löschverlangen: {source}",
        "Deletion report no. {seq} on a demand for erasure: {source}",
    ),
    "report.erasure.note": (
        "Dies ist kein Löschlauf nach Plan: Gelöscht wurde auf Verlangen einer betroffenen Person "
        "(Art. 17 DSGVO). „Fällig“ heißt hier: zu dieser Person gefunden. Wer es ist, steht hier "
        "nicht.",
        "This is no scheduled run: deletion was demanded by a data subject (Art. 17 GDPR). “Due” "
        "means here: found for this person. Who it is doesn't stand here.",
    ),
    "report.erasure.result.complete": (
        "Das Löschverlangen ist ausgeführt: {deleted} gelöscht, und eine neue Suche fand nichts "
        "mehr, was zu löschen wäre.",
        "The demand for erasure is carried out: {deleted} deleted, and a fresh search found "
        "nothing more to delete.",
    ),
    "report.erasure.result.nothing-due": (
        "Zu dem Löschverlangen war nichts zu löschen, und nichts wurde gelöscht.",
        "There was nothing to delete for the demand for erasure, and nothing was deleted.",
    ),
    "report.erasure.result.incomplete": (
        "Das Löschverlangen ist unvollständig ausgeführt: {deleted} gelöscht, {residue} noch zu "
        "löschen.",
        "The demand for erasure is carried out in part: {deleted} deleted, {residue} still to "
        "delete.",
    ),
    "report.erasure.answer.complete": (
        "Ja: {deleted} gelöscht, und eine neue Suche fand nichts mehr, was zu löschen wäre.",
        "Yes: {deleted} deleted, and a fresh search found nothing more to delete.",
    ),
    "report.erasure.answer.complete.findings": (
        "Ja, mit Feststellungen: {deleted} gelöscht, und eine neue Suche fand nichts mehr, was zu "
        "löschen wäre; Abschnitt 7 nennt {findings}.",
        "Yes, with findings: {deleted} deleted, and a fresh search found nothing more to delete; "
        "section 7 names {findings}.",
    ),
    "report.erasure.answer.nothing-due": (
        "Ja: Es war nichts zu löschen, und nichts wurde gelöscht.",
        "Yes: there was nothing to delete, and nothing was deleted.",
    ),
    "report.erasure.kept": (
        "Nicht gelöscht wurden {kept}, die ein Gesetz oder eine Löschsperre noch hält (Art. 17 "
        "Abs. 3 DSGVO, Abschnitt 7).",
        "Not deleted were {kept} that a law or a hold still keeps (Art. 17(3) GDPR, section 7).",
    ),
    "annex.erasures": (
        "davon auf Löschverlangen betroffener Personen",
        "of these on demand of data subjects",
    ),
    "annex.erasure": ("{state} (Löschverlangen)", "{state} (demand for erasure)"),
    "annex.change.signed": ("Unterschriften unter das Regelwerk", "Signatures under the policy"),
    "annex.nobody": ("niemand", "nobody"),
    "annex.col.redacted": ("Unkenntlich gemacht (Summe)", "Redacted (sum)"),
}
