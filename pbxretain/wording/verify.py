"""Which sentence tells what ``verify`` found? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERIFY: Final[Mapping[str, tuple[str, str]]] = {
    # --- one statement, its file, its place in the ledger -------------------------------------
    "code.PREV": (
        "Ein Löschprotokoll knüpft nicht an seinen Vorgänger an.",
        "A report doesn't follow its predecessor.",
    ),
    "code.LEDGER": (
        "Die Nachweiskette ist beschädigt oder nicht lesbar.",
        "The ledger is damaged or can't be read.",
    ),
    "code.LEDGER_MISMATCH": (
        "Ein Löschprotokoll ist ein anderes als das, das in der Nachweiskette steht.",
        "A report is another one than the ledger names.",
    ),
    "code.UNTRUSTED_KEY": (
        "Die Signatur ist in Ordnung, aber niemand hat hier bestätigt, wem ihr Schlüssel gehört.",
        "The signature is sound, but nobody here has confirmed whose key it is.",
    ),
    "code.UNKNOWN_KEY": (
        "Der Schlüssel der Signatur ist hier unbekannt; sie lässt sich nicht prüfen.",
        "The key of the signature is unknown here; it can't be checked.",
    ),
    "code.MISSING_REPORT": (
        "Ein Löschprotokoll, das in der Nachweiskette steht, fehlt.",
        "A report that the ledger names is missing.",
    ),
    "code.MISSING_LEDGER": (
        "Die Nachweiskette fehlt neben den Löschprotokollen.",
        "The ledger is missing beside the reports.",
    ),
    "code.EXTRA_REPORT": (
        "Ein Löschprotokoll steht nicht in der Nachweiskette.",
        "A report isn't named in the ledger.",
    ),
    "code.CHANGED_FILE": (
        "Die Datei eines Löschprotokolls wurde umgeschrieben; sein Inhalt ist noch echt.",
        "A report's file was rewritten; its content is still genuine.",
    ),
    "code.UNPUBLISHED": (
        "Ein Löschprotokoll ist noch nicht ganz veröffentlicht; der nächste Löschlauf tut es.",
        "A report isn't fully published yet; the next run does it.",
    ),
    "code.CLOCK_AHEAD": (
        "Ein Löschprotokoll ist auf die Zukunft datiert.",
        "A report is dated in the future.",
    ),
    "code.RECORDS_FAILED": (
        "Einzelne Datensätze ließen sich nicht löschen.",
        "Single records could not be deleted.",
    ),
    "code.RUN_INCOMPLETE": (
        "Der Löschlauf war unvollständig.",
        "The run was incomplete.",
    ),
    "code.RUN_FAILED": (
        "Der Löschlauf wurde abgebrochen.",
        "The run was broken off.",
    ),
    "code.RUN_REFUSED": ("Der Löschlauf wurde verweigert.", "The run was refused."),
    "code.RUN_INTERRUPTED": ("Der Löschlauf wurde unterbrochen.", "The run was interrupted."),
    "code.RUN_RECOVERED": (
        "Ein unterbrochener Löschlauf wurde abgeschlossen.",
        "A run that was interrupted has been settled.",
    ),
    "code.UNREADABLE": ("Eine Datei ließ sich nicht lesen.", "A file could not be read."),
    "code.NOTHING": ("Hier gibt es kein Löschprotokoll.", "There is no report here."),
    "code.OWN_KEY": (
        "Signiert mit dem eigenen Schlüssel dieses Rechners, von niemand anderem bestätigt.",
        "Signed by this machine's own key, not confirmed by anyone else.",
    ),
    "code.DRY_RUN": (
        "Dies ist ein Probelauf; er belegt keine Löschung.",
        "This is a dry run; it proves no deletion.",
    ),
    "code.LEVEL_COUNTS": (
        "Nachweisstufe Anzahlen: Ohne Schlüssel des Datenschutzbeauftragten lassen sich einzelne "
        "Datensätze nicht belegen.",
        "Evidence level counts: without a data protection officer's key single records can't be "
        "proved.",
    ),
    # --- between statements, keys and witnesses -----------------------------------------------
    "code.CHECKPOINT": (
        "Ein Prüfpunkt passt nicht zur Nachweiskette: Er ist beschädigt, gehört zu einer anderen "
        "Kette, oder die Kette wurde nachträglich geändert.",
        "A checkpoint doesn't fit the ledger: it is damaged, belongs to another ledger, or the "
        "ledger was changed afterwards.",
    ),
    "code.RETIRED_KEY": (
        "Signiert mit einem Schlüssel, der an dieser Stelle nicht mehr oder noch nicht galt.",
        "Signed with a key that no longer counted there, or not yet.",
    ),
    "code.REVOKED_KEY": (
        "Signiert mit einem Schlüssel, der für diese Stelle widerrufen ist.",
        "Signed with a key that is revoked for this place.",
    ),
    "code.WRONG_ROLE": (
        "Signiert mit einem Schlüssel, dem diese Aussage nicht zusteht: Niemand bestätigt seine "
        "eigene Arbeit.",
        "Signed with a key that may not say this: nobody confirms his own work.",
    ),
    "code.MISSED_RUNS": (
        "Zwischen zwei Löschprotokollen fehlen vorgesehene Löschläufe.",
        "Scheduled runs are missing between two reports.",
    ),
    "code.GAP_EXPLAINED": (
        "Vorgesehene Löschläufe fehlen; der Administrator hat dazu einen Vermerk signiert.",
        "Scheduled runs are missing; the administrator signed a note about it.",
    ),
    "code.BACKDATED": (
        "Das Löschprotokoll nennt einen Prüfpunkt, den es zu seinem Datum noch nicht gab: Es ist "
        "rückdatiert, oder eine Uhr ging falsch.",
        "The report names a checkpoint that didn't exist yet at its date: it is backdated, or a "
        "clock was wrong.",
    ),
    "code.POSTDATED": (
        "Das Löschprotokoll trägt ein späteres Datum als der Prüfpunkt, der es schon enthielt: "
        "Eine Uhr ging falsch.",
        "The report bears a later date than the checkpoint that already held it: a clock was "
        "wrong.",
    ),
    "code.UNEXPLAINED_ROWS": (
        "Seit dem vorigen Löschlauf sind Datensätze verschwunden, von denen kein Löschprotokoll "
        "weiß: Jemand oder die Anlage selbst hat sie gelöscht.",
        "Since the run before, records have gone of which no report knows: somebody, or the "
        "system itself, deleted them.",
    ),
    "code.UNDECIDED_POLICY": (
        "Ein Regelwerk trägt die Unterschrift des Datenschutzbeauftragten, aber nicht die des "
        "Verantwortlichen: Beschlossen hat es damit niemand.",
        "A policy bears the data protection officer's signature, but not the controller's: so "
        "nobody has decided on it.",
    ),
    "code.NOT_CONSULTED": (
        "Der Verantwortliche hat das Regelwerk signiert, der Datenschutzbeauftragte nicht.",
        "The controller has signed the policy, the data protection officer has not.",
    ),
    "code.FALSE_APPROVAL": (
        "Das Löschprotokoll nennt Unterschriften unter das Regelwerk, die es so nicht gibt oder "
        "die erst später geleistet wurden.",
        "The report names signatures under the policy that aren't there like that, or were given "
        "only later.",
    ),
    "code.APPROVAL_ABSENT": (
        "Das signierte Regelwerk, das Löschprotokolle nennen, liegt nicht bei; ob es so "
        "unterschrieben war, lässt sich hier nicht prüfen.",
        "The signed policy that reports name isn't enclosed; whether it was signed like that can't "
        "be checked here.",
    ),
    "code.RETURNED": (
        "Es liegen mehr alte Datensätze da, als der vorige Löschlauf übrig ließ: Eine Sicherung "
        "wurde eingespielt, jemand hat sie nachgetragen, oder das vorige Löschprotokoll stimmte "
        "nicht.",
        "More old records are there than the run before had left: a backup was restored, somebody "
        "entered them afterwards, or the report before was not true.",
    ),
    "code.WATERMARK": (
        "Es wurden Datensätze gelöscht, die älter sind als der älteste, den der vorige Löschlauf "
        "übrig ließ: Eine Sicherung wurde eingespielt, oder das vorige Löschprotokoll stimmte "
        "nicht.",
        "Records were deleted that are older than the oldest one which the run before had left: a "
        "backup was restored, or the report before was not true.",
    ),
    "code.UNWITNESSED": (
        "Der letzte Prüfpunkt, den der Rechner des Datenschutzbeauftragten gegengezeichnet hat, "
        "ist älter als vorgesehen, oder es gibt keinen.",
        "The last checkpoint that the data protection officer's machine cosigned is older than "
        "agreed, or there is none.",
    ),
    "code.MISSING_WITNESS": (
        "Das Löschprotokoll nennt einen gegengezeichneten Prüfpunkt, der nicht dabei ist.",
        "The report names a cosigned checkpoint that isn't here.",
    ),
    "code.MISSING_CHECKPOINT": (
        "Der Prüfpunkt der Nachweiskette fehlt.",
        "The ledger's checkpoint is missing.",
    ),
    "code.UNAPPROVED_POLICY": (
        "Gelöscht wurde nach einem Regelwerk, das der Verantwortliche in dieser Fassung nicht "
        "signiert hat.",
        "Deletion followed a policy that the controller hasn't signed in this version.",
    ),
    "code.REVIEWED": (
        "Der Datenschutzbeauftragte hat das Löschprotokoll geprüft.",
        "The data protection officer has reviewed the report.",
    ),
    "code.REVIEW_REJECTED": (
        "Der Datenschutzbeauftragte hat das Löschprotokoll beanstandet.",
        "The data protection officer has rejected the report.",
    ),
    "code.REVIEW_STRAY": (
        "Ein Prüfvermerk gilt einem Löschprotokoll, das nicht in dieser Nachweiskette steht.",
        "A review is about a report that doesn't stand in this ledger.",
    ),
    "code.OBSERVED_OVERDUE": (
        "Ein unabhängiger Blick in die Anlage hat mehr überfällige Datensätze gefunden, als das "
        "letzte Löschprotokoll davor nennt.",
        "An independent look into the system found more overdue records than the last report "
        "before it tells.",
    ),
    "code.BUNDLE_CHANGED": (
        "Eine Datei des Pakets ist verändert, fehlt, oder ist hinzugekommen.",
        "A file of the bundle was changed, is missing, or was added.",
    ),
    "code.MISSING_SIDECAR": (
        "Nachweisdateien (Blätter, Suchverzeichnis oder versiegelte Schlüssel) zum Löschprotokoll "
        "fehlen, obwohl ihre Frist nicht um ist und niemand ihre Vernichtung signiert hat.",
        "Evidence files (leaves, lookup index or sealed keys) of the report are missing, although "
        "their time isn't over and nobody signed that they were destroyed.",
    ),
    "code.SIDECARS_ABSENT": (
        "Die Nachweisdateien (Blätter, Suchverzeichnis, versiegelte Schlüssel) sind nicht dabei "
        "und wurden nicht geprüft.",
        "The evidence files (leaves, lookup index, sealed keys) aren't here and were not checked.",
    ),
    "code.PDF_PAGES": (
        "Geprüft ist das signierte Löschprotokoll, das der PDF-Datei beiliegt, nicht ihre Seiten.",
        "What was checked is the signed report attached to the PDF, not its pages.",
    ),
    "code.PROVED": (
        "Der Beleg stimmt: Ein bestimmter Datensatz ist unter den gelöschten dieses "
        "Löschprotokolls.",
        "The proof holds: one certain record is among those that this report deleted.",
    ),
    "code.OTHER_SIGNERS": (
        "Die Aussage eines anderen, etwa eines früheren Datenschutzbeauftragten, wurde nicht "
        "geprüft und zählt nicht: Sein Schlüssel ist hier nicht bekannt. Ihn nennt das "
        "Schlüsselverzeichnis (Ihr eigenes, mit --trust trust.dsse.json).",
        "The statement of somebody else, such as a former data protection officer, was not "
        "checked and doesn't count: his key isn't known here. The roster names it (your own, by "
        "--trust trust.dsse.json).",
    ),
    "code.CARRIED_ROSTER": (
        "Das Schlüsselverzeichnis stammt aus eben der Lieferung, die geprüft werden soll; nehmen "
        "Sie Ihr eigenes Exemplar.",
        "The roster comes from the very delivery that is to be checked; use your own copy.",
    ),
    "code.ROSTER": (
        "Das Schlüsselverzeichnis schließt nicht an das an, das schon da ist.",
        "The roster doesn't follow the one that is there.",
    ),
    "verify.whole.one": (
        "{source}: Nr. {last} ist da, und davor fehlt nichts",
        "{source}: no. {last} is there, and nothing is missing before it",
    ),
    "verify.whole.many": (
        "{source}: Nr. {first} bis {last} sind ohne Lücke da",
        "{source}: no. {first} to {last} are there without a gap",
    ),
    "verify.whole.open": (
        "{numbers}; ob jeder vereinbarte Lauf stattfand, sagt nur Ihr Schlüsselverzeichnis.",
        "{numbers}; whether every agreed run was made only your roster tells.",
    ),
    "verify.whole.kept": (
        "{numbers}, und der vereinbarte Zeitplan wurde eingehalten.",
        "{numbers}, and the agreed schedule was kept.",
    ),
    "verify.whole.late": (
        "{numbers}; was vom vereinbarten Zeitplan fehlt, steht unten.",
        "{numbers}; what is missing of the agreed schedule is told below.",
    ),
    "verify.level.L2": (
        "L2: wie L1, und der Rechner des Datenschutzbeauftragten hat die Nachweiskette "
        "gegengezeichnet; schützt auch gegen nachträgliches Ändern durch den Administrator",
        "L2: as L1, and the data protection officer's machine has cosigned the ledger; also "
        "protects against later changes by the administrator",
    ),
    "verify.param.hours": ("seit {value} Stunden", "for {value} hours"),
}
