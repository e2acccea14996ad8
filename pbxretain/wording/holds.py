"""What is said about holds, in German and English. Never whom they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HOLDS: Final[Mapping[str, tuple[str, str]]] = {
    "holds.add.title": ("Löschsperre setzen", "Set a hold"),
    "holds.added": (
        "Die Löschsperre {hold} gilt. Sie steht in {path}.",
        "The hold {hold} is in force. It stands in {path}.",
    ),
    "holds.source.idle": (
        "{source}: Gerade läuft nichts. Sie bindet ab dem nächsten Lauf.",
        "{source}: no run is going on. It binds from the next one on.",
    ),
    "holds.source.running": (
        "{source}: Ein Lauf war unterwegs. Die Sperre bindet ihn ab Stapel {batch}. Von ihr "
        "erfasst und in diesem Lauf bereits gelöscht: {taken}.",
        "{source}: a run was going on. The hold binds it from batch {batch} on. Meant by it and "
        "already deleted by this run: {taken}.",
    ),
    "holds.source.running.unknown": (
        "{source}: Ein Lauf war unterwegs. Die Sperre bindet ihn ab Stapel {batch}. Wie viele von "
        "ihr erfasste Datensätze er schon gelöscht hatte, weiß niemand.",
        "{source}: a run was going on. The hold binds it from batch {batch} on. How many records "
        "that it means were deleted by then nobody knows.",
    ),
    "holds.source.silent": (
        "{source}: Ein Lauf ist unterwegs und hat noch nicht geantwortet. Er schließt keinen "
        "Stapel mehr ab, ohne die Sperre zu beachten. Wie viele erfasste Datensätze er schon "
        "gelöscht hatte, weiß niemand.",
        "{source}: a run is going on and has not answered yet. It ends no batch any more without "
        "heeding the hold. How many records that it means were deleted by then nobody knows.",
    ),
    "holds.source.untold": (
        "{source}: Die Sperre bindet ab dem nächsten Lauf. Im Nachweisbuch steht sie noch nicht; "
        "der nächste Lauf trägt sie ein.",
        "{source}: it binds from the next run on. The ledger doesn't say so yet; the next run will "
        "tell it.",
    ),
    "holds.list.title": ("Löschsperren", "Holds"),
    "holds.none": ("Es gilt keine Löschsperre.", "No hold is in force."),
    "holds.all": ("alle", "all"),
    "holds.col.hold": ("Kennung", "Id"),
    "holds.col.kind": ("Art", "Kind"),
    "holds.col.set-on": ("Gesetzt am", "Set on"),
    "holds.col.set-by": ("Gesetzt von", "Set by"),
    "holds.col.sources": ("Quellen", "Sources"),
    "holds.col.data": ("Datenarten", "Data classes"),
    "holds.col.state": ("Stand", "State"),
    "holds.state.in-force": ("gilt", "in force"),
    "holds.state.asked": (
        "gilt; die Aufhebung ist beantragt",
        "in force; its release is asked for",
    ),
    "holds.state.grace": (
        "aufgehoben; die Datensätze bleiben bis zum {day}",
        "released; its records stay until {day}",
    ),
    "holds.state.over": (
        "aufgehoben seit {day}; die Datei kann gelöscht werden",
        "over since {day}; its file may be deleted",
    ),
    "holds.show.title": ("Löschsperre {hold}", "Hold {hold}"),
    "holds.show.warning": (
        "Achtung: Das sind personenbezogene Daten.",
        "Mind: this is personal data.",
    ),
    "holds.match.numbers": ("Rufnummern", "Numbers"),
    "holds.match.extensions": ("Nebenstellen", "Extensions"),
    "holds.match.mailboxes": ("Postfächer", "Mailboxes"),
    "holds.match.calls": ("Anrufe", "Calls"),
    "holds.match.queues": ("Warteschlangen", "Queues"),
    "holds.match.tenants": ("Mandanten", "Tenants"),
    "holds.match.since": ("Ab", "From"),
    "holds.match.until": ("Bis einschließlich", "Up to and including"),
    "holds.reason": ("Grund", "Reason"),
    "holds.person": ("Person", "Person"),
    "holds.release.title": ("Löschsperre {hold} aufheben", "Release hold {hold}"),
    "holds.release.second": (
        "Eine zweite Funktion muss zustimmen: pbxretain hold release KENNUNG --agree --key DATEI "
        "--by FUNKTION",
        "Another function has to agree: pbxretain hold release ID --agree --key FILE --by FUNCTION",
    ),
    "holds.ended": (
        "Das Nachweisbuch sagt jetzt, dass die Löschsperre nicht mehr gilt.",
        "The ledger now says that the hold is in force no more.",
    ),
    "holds.plan": (
        "Löschsperren: {active}, davon Einschränkungen nach Art. 18 DSGVO: {restrictions}.",
        "Holds in force: {active}, of these restrictions (Art. 18 GDPR): {restrictions}.",
    ),
    # --- codes --------------------------------------------------------------------------------
    "code.HOLDS": ("Löschsperren gelten.", "Holds are in force."),
    "code.HOLDS_EXPOSED": (
        "Jeder Benutzer dieses Rechners kann lesen, um wen es bei Löschsperren geht.",
        "Every user of this machine may read whom holds are about.",
    ),
    "code.HOLD_UNTIED": (
        "Löschsperren für Anrufe, von denen hier nichts sagt, zu welchem Anruf ein Datensatz "
        "gehört; es bleibt nur, was die Person selbst nennt.",
        "Holds that mean calls, where nothing says which call a record is of; only what itself "
        "names the person stays.",
    ),
    "code.RESTRICTED": (
        "Nur die Einschränkung der Verarbeitung hält diese Datensätze (Art. 18 DSGVO).",
        "A restriction of processing alone keeps these records (Art. 18 GDPR).",
    ),
    "code.HOLDS_UNREADABLE": (
        "Eine Löschsperre ist nicht lesbar; was sie hält, weiß niemand, also wird nichts gelöscht.",
        "A hold can't be read; what it keeps nobody knows, so nothing is deleted.",
    ),
    "code.HOLDS_UNRESOLVED": (
        "Ein Datenbestand ließ sich nicht nach dem durchsuchen, was eine Löschsperre hält.",
        "A dataset couldn't be searched for what a hold keeps.",
    ),
    "code.HOLDS_WRITE": (
        "Im Ordner der Löschsperren kann dieser Benutzer nicht schreiben.",
        "This user can't write in the folder of the holds.",
    ),
    "code.HOLDS_MOVED": (
        "Eine Löschsperre oder ein von ihr erfasster Anruf kam dazwischen; der Stapel wird "
        "wiederholt.",
        "A hold, or a call that one keeps, came in between; the batch is repeated.",
    ),
    "code.HOLD_MISSING": (
        "Nach dem Nachweisbuch gilt eine Löschsperre, deren Datei fehlt.",
        "By the ledger a hold is in force whose file is gone.",
    ),
    "code.HOLD_CHANGED": (
        "Eine Löschsperre meint etwas anderes als das, wovon das Nachweisbuch weiß, und niemand "
        "hat sie aufgehoben.",
        "A hold means something else than what the ledger was told of, and nobody released it.",
    ),
    "detail.HOLD_MISSING": (
        "Löschsperre {hold} gilt nach dem Nachweisbuch, und ihre Datei fehlt",
        "hold {hold} is in force by the ledger, and its file is gone",
    ),
    "detail.HOLD_MISSING.hint": (
        "die Datei zurücklegen, oder: pbxretain hold release {short}",
        "put it back, or: pbxretain hold release {short}",
    ),
    "detail.HOLD_CHANGED": (
        "Löschsperre {hold} meint etwas anderes als das, wovon das Nachweisbuch weiß",
        "hold {hold} means something else than when the ledger was told of it",
    ),
    "detail.HOLD_CHANGED.hint": (
        "die Datei wiederherstellen, oder: pbxretain hold release {short}, und eine neue setzen",
        "put it back as it was, or: pbxretain hold release {short}, and set another one",
    ),
    "code.HOLD_INVALID": (
        "So ist das keine Löschsperre: Sie nennt mindestens eine Rufnummer, Nebenstelle, Mailbox, "
        "Warteschlange, einen Anruf, Mandanten oder Tag.",
        "That is no hold: it names at least one number, extension, mailbox, call, queue, tenant or "
        "day.",
    ),
    "code.HOLD_RELEASED": (
        "Diese Löschsperre ist schon aufgehoben.",
        "That hold is released already.",
    ),
    "code.HOLD_NOT_ASKED": (
        "Niemand hat die Aufhebung dieser Löschsperre beantragt.",
        "Nobody has asked for the release of that hold.",
    ),
    "code.HOLD_SECOND": (
        "Der Aufhebung muss eine zweite Funktion mit einem Schlüssel der Vertrauensliste "
        "zustimmen.",
        "Another function has to agree to the release, with a key of the roster.",
    ),
    "code.NO_HOLD": (
        "Eine solche Löschsperre gibt es nicht.",
        "There is no such hold.",
    ),
}
