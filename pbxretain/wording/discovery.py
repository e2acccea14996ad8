"""Which words tell what stands on a host, and comment a settings file? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DISCOVERY: Final[Mapping[str, tuple[str, str]]] = {
    # --- the sheet ----------------------------------------------------------------------------
    "discover.none": (
        "Hier wurde keine bekannte Telefonanlage gefunden.",
        "No known telephone system was found here.",
    ),
    "discover.title": ("Gefunden: {title}", "Found: {title}"),
    "discover.result": (
        "Orte mit Anrufdaten: {all}, davon {managed} vom Konnektor {connector} verwaltet. "
        "Es wurde nur gelesen und nichts geändert.",
        "Places with call data: {all}, of which the connector {connector} manages {managed}. "
        "Everything was only read; nothing was changed.",
    ),
    "discover.below": ("Alle Pfade liegen unterhalb von {root}.", "All paths lie below {root}."),
    "discover.zone": ("Zeitzone: {zone} ({where})", "Time zone: {zone} ({where})"),
    "discover.zone.none": (
        "Die Zeitzone der Anlage war nicht zu finden; nennen Sie sie mit --timezone.",
        "The system's time zone could not be found; name it by --timezone.",
    ),
    "discover.managed": ("Verwaltet", "Managed"),
    "discover.unmanaged": ("Gefunden, aber nicht verwaltet", "Found, but not managed"),
    "discover.off": (
        "Abgeschaltet, aber vielleicht noch mit alten Daten",
        "Switched off, but maybe with old data still",
    ),
    "discover.folders": ("Ordner", "Folders"),
    "discover.logins": ("Wo Zugänge stehen (nie ausgegeben)", "Where logins stand (never printed)"),
    "discover.purges": ("Was die Anlage selbst löscht", "What the system deletes by itself"),
    "discover.notes": ("Nicht gelesen oder nicht verstanden", "Not read or not understood"),
    "discover.next": (
        "Eine Einstellungsdatei dafür schreiben:",
        "Write a settings file for it:",
    ),
    # --- places -------------------------------------------------------------------------------
    "discover.place.stated": ("{place}, laut {where}", "{place}, by {where}"),
    "discover.place.managed": (
        "{place} (Datenbestand: {datasets})",
        "{place} (dataset: {datasets})",
    ),
    "discover.at.table": (
        "Tabelle {table} in {database}",
        "table {table} in {database}",
    ),
    "discover.at.files.none": ("{path} (noch leer)", "{path} (nothing there yet)"),
    "discover.at.remote": (
        "Übergabe an ein anderes System ({name})",
        "handed to another system ({name})",
    ),
    "discover.at.unknown": (
        "eine Datenbank, deren Adresse nicht lesbar ist ({name})",
        "a database whose address can't be read ({name})",
    ),
    "discover.database": (
        "{engine}-Datenbank {database} auf {host}",
        "{engine} database {database} on {host}",
    ),
    "discover.database.file": ("SQLite-Datei {database}", "SQLite file {database}"),
    "discover.engine.none": ("fremde", "foreign"),
    # --- folders, logins, purges --------------------------------------------------------------
    "discover.folder": (
        "{name}: {path} ({holding}; Datenbestand: {datasets})",
        "{name}: {path} ({holding}; dataset: {datasets})",
    ),
    "holding.there": ("vorhanden", "there"),
    "holding.empty": ("leer", "empty"),
    "holding.missing": ("nicht vorhanden", "not there"),
    "holding.unreadable": ("nicht einsehbar", "can't be looked into"),
    "discover.login": (
        "{use}: Benutzer {user}; das Geheimnis steht in {where}",
        "{use}: user {user}; the secret stands in {where}",
    ),
    "discover.login.plain": (
        "{use}: das Geheimnis steht in {where}",
        "{use}: the secret stands in {where}",
    ),
    "login.database": ("Datenbank", "Database"),
    "login.reading": ("Datenbank, nur lesend", "Database, reading only"),
    "login.manager": ("Manager-Schnittstelle (AMI)", "Manager interface (AMI)"),
    "login.api": ("Schnittstelle der Anlage (API)", "The system's API"),
    "discover.purge.set": (
        "{data}: {what}: {value} ({where})",
        "{data}: {what}: {value} ({where})",
    ),
    "discover.purge.unset": (
        "{data}: {what}: nicht gesetzt",
        "{data}: {what}: not set",
    ),
    "discover.purge.usual": (
        "{data}: {what}: nicht gesetzt, üblich ist {value}",
        "{data}: {what}: not set, usual is {value}",
    ),
    "discover.purge.hidden": ("(hier nicht gezeigt)", "(not shown here)"),
    # --- why nothing manages a place ----------------------------------------------------------
    "code.NO_DATASET": (
        "Der Konnektor kennt diesen Ort nicht.",
        "The connector doesn't know this place.",
    ),
    "code.LACKS_TABLE": (
        "In dieser Datenbank fehlt die Anrufliste, ohne die der Konnektor sie nicht öffnet.",
        "This database lacks the call log, without which the connector doesn't open it.",
    ),
    "code.OTHER_ENGINE": (
        "Der Konnektor arbeitet nicht mit dieser Art von Datenbank.",
        "The connector doesn't work with this kind of database.",
    ),
    "code.NO_ADDRESS": (
        "Die Einstellungen sagen nicht lesbar, wo diese Datenbank ist.",
        "The settings don't say in a readable way where this database is.",
    ),
    "code.FILE_MISSING": (
        "Die Datei ist nicht da.",
        "The file isn't there.",
    ),
    "code.LEAVES_HOST": (
        "Diese Kopie verlässt den Rechner und ist gesondert zu regeln.",
        "This copy leaves the host and has to be dealt with apart.",
    ),
    # --- what was passed over -----------------------------------------------------------------
    "code.NO_ACCESS": (
        "Dieser Benutzer darf das nicht lesen; rufen Sie den Befehl als root auf.",
        "This user may not read it; run the command as root.",
    ),
    "code.LINK_LOOP": (
        "Verweise führen im Kreis.",
        "Links lead in a circle.",
    ),
    "code.NOT_REGULAR": (
        "Das ist keine gewöhnliche Datei.",
        "This is no regular file.",
    ),
    "code.TOO_LARGE": (
        "Die Datei ist größer als 1 MiB und wurde übergangen.",
        "The file is larger than 1 MiB and was passed over.",
    ),
    "code.NOT_TEXT": (
        "Die Datei ist kein Text und wurde übergangen.",
        "The file is no text and was passed over.",
    ),
    "code.BAD_FORMAT": (
        "Die Datei ist nicht so geschrieben, wie es sein müsste, und wurde übergangen.",
        "The file isn't written as it should be and was passed over.",
    ),
    "code.COMPUTED": (
        "Ein Wert wird dort erst berechnet; aus dem Text ist er nicht zu lesen.",
        "A value is computed there; it can't be read from the text.",
    ),
    "code.NAME_UNCLEAR": (
        "Eine Angabe dort ist kein schlichter Name und wird deshalb nicht gezeigt.",
        "Something there is no plain name and therefore isn't shown.",
    ),
    "code.NOT_EXECUTED": (
        "Ein Befehl dort würde weitere Einstellungen erzeugen; er wurde nicht ausgeführt.",
        "A command there would make further settings; it was not executed.",
    ),
    "code.TOO_MANY_FILES": (
        "Die Datei bindet zu viele weitere ein oder sich selbst; der Rest wurde nicht gelesen.",
        "The file includes too many others, or itself; the rest was not read.",
    ),
    "code.TOO_MANY_SECTIONS": (
        "Die Datei hat zu viele Abschnitte; der Rest wurde nicht angesehen.",
        "The file has too many sections; the rest was not looked at.",
    ),
    # --- comments in the settings file --------------------------------------------------------
    "comment.head": (
        "Einstellungen von pbxretain. Löschfristen stehen nicht hier, sondern im Regelwerk.",
        "Settings of pbxretain. Retention periods don't stand here but in the policy.",
    ),
    "comment.evidence": (
        "Anzahlen, bis ein Schlüssel des Datenschutzbeauftragten da ist",
        "counts, until a data protection officer's key is there",
    ),
    "comment.url": ("nie ein Passwort", "never a password"),
    "comment.password": ("oder env:, credential:", "or env:, credential:"),
    "comment.peer": (
        "Ohne Passwort: Die Datenbank lässt diesen Benutzer des Betriebssystems ein.",
        "Without a password: the database lets this user of the operating system in.",
    ),
    "comment.login": (
        "Die Anlage selbst: {login}",
        "The system itself: {login}",
    ),
    "comment.zone": (
        "die der Anlage, nicht dieses Rechners",
        "the telephone system's, not this host's",
    ),
    "comment.policy": (
        "zuvor: pbxretain policy copy eu-90-days {policy} --for {source}",
        "first: pbxretain policy copy eu-90-days {policy} --for {source}",
    ),
    "comment.interface": (
        "Wie das Produkt selbst zu erreichen ist; ohne das gilt der Bestand als nicht erfasst:",
        "How the product itself is reached; without it the datasets count as not covered:",
    ),
    "comment.untried": (
        "Dieser Konnektor wurde an seinem Produkt nie erprobt. Ein Löschlauf braucht die nächste\n"
        "Zeile, sobald Sie den Probelauf angesehen haben:",
        "This connector was never tried on its product. A run needs the next line,\n"
        "once you have looked at the plan:",
    ),
    "comment.unknown-tables": (
        "Weitere Tabellen dieser Datenbank, die der Konnektor nicht kennt. Sieht eine davon wie\n"
        "eine Kopie der Anrufdaten aus, wird der Löschlauf verweigert. Nur wenn sie bleiben darf:",
        "Further tables of this database that the connector doesn't know. Where one looks like\n"
        "a copy of call data, a run is refused. Only if it may stay:",
    ),
    "comment.unmanaged": ("Nicht verwaltet: {place}", "Not managed: {place}"),
    "comment.off": ("Abgeschaltet: {place}", "Switched off: {place}"),
    "comment.purge": ("Die Anlage löscht selbst: {purge}", "The system deletes by itself: {purge}"),
    "comment.asterisk": (
        "Version von Asterisk, wegen der Sprachnachrichten",
        "Asterisk's version, for the sake of voicemail",
    ),
}
