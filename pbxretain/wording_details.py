"""What exactly stood in the way, with its figures? (German, English.)

``detail.CODE`` is the whole sentence of an error whose code is CODE, ``detail.CODE.hint`` what to
do, where that isn't a command; the error's ``params`` fill both. An error without an entry is told
by the sentence of its code, with the English detail behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
    "detail.RIGHT_MISSING": (
        "dem Datenbankbenutzer oder dem Konto fehlt ein Recht",
        "the database user or account lacks a right",
    ),
    "detail.NO_INDEX": (
        "einer großen Tabelle fehlt ein Index, an dem entlang gelöscht werden kann",
        "a large table has no index to delete along",
    ),
}
