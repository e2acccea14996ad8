"""What is said about keys: people's and the installation's, in German and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "key.ring.title": ("Schlüsseldatei", "Key file"),
    "key.container": ("Datei", "File"),
    "key.source": ("Quelle", "Source"),
    "key.last-good": ("Gut bis einschließlich Nummer", "Good up to and including number"),
    "key.unprotected": (
        "Achtung: {path} ist nicht durch eine Passphrase geschützt. Wer die Datei lesen kann, kann "
        "mit dem Schlüssel arbeiten.",
        "Mind: {path} is protected by no passphrase. Whoever reads the file can use the key.",
    ),
    "key.import.passphrase": (
        "Passphrase der Datei, aus der der Schlüssel kommt",
        "Passphrase of the file that the key comes from",
    ),
    "key.compared": (
        "Ist das der Fingerabdruck, der Ihnen auf anderem Weg genannt wurde",
        "Is this the fingerprint that you were told by another way",
    ),
    "key.recovery": (
        "Der Schlüssel signiert noch nichts. Geben Sie diese Datei dem "
        "Datenschutzbeauftragten, der ihn mit „pbxretain dpo recover“ für die Quelle {source} "
        "bestätigt, und lesen Sie den Fingerabdruck am Telefon vor.",
        "The key signs nothing yet. Hand this file to the data protection officer, who confirms it "
        "for source {source} by “pbxretain dpo recover”, and read the fingerprint out on the "
        "telephone.",
    ),
    "key.today": ("Zurzeit signieren:", "These keys sign at present:"),
    "key.add.title": ("Schlüssel hinzufügen", "Add keys"),
    "key.escrow.added": (
        "Nachweise werden von jetzt an auch für diesen Schlüssel versiegelt: {path}",
        "From now on evidence is sealed to this key, too: {path}",
    ),
    "key.roster.added": (
        "Das Schlüsselverzeichnis, Fassung {version}, gilt von jetzt an. Darin stehen:",
        "The trust roster, version {version}, holds from now on. In it are:",
    ),
    "key.roster.stranger": (
        "Achtung: Für die Quelle {source} nennt das Verzeichnis einen anderen Schlüssel als den "
        "dieser Installation; ihre Löschprotokolle gelten dann nicht. Lassen Sie es berichtigen.",
        "Mind: for source {source} the roster names another key than this installation's, so its "
        "reports count for nobody. Have it corrected.",
    ),
    "key.revoke.added": (
        "Der Schlüssel der Quelle {source} ist widerrufen.",
        "The key of source {source} is revoked.",
    ),
    "key.revoke.next": (
        "Ist es der Schlüssel, der jetzt signiert, so läuft keine Löschung mehr, bis ein "
        "neuer bestätigt ist: pbxretain key new --source {source}",
        "If it is the key that signs now, nothing is deleted any more before another one is "
        "confirmed: pbxretain key new --source {source}",
    ),
    "key.recover.added": (
        "Für die Quelle {source} signiert von jetzt an der bestätigte Schlüssel.",
        "From now on the confirmed key signs for source {source}.",
    ),
    "key.recover.missing": (
        "Achtung: Der private Teil dieses Schlüssels ({id}…) liegt nicht hier.",
        "Mind: the private half of this key ({id}…) is not here.",
    ),
    "key.outside": (
        "Der Signaturschlüssel liegt außerhalb des Statusordners. pbxretain kann ihn dort nicht "
        "vernichten und wechselt ihn deshalb nicht jeden Monat.",
        "The signing key lies outside the state folder. pbxretain can't destroy it there, so it is "
        "not replaced each month.",
    ),
    "key.outside.hint": (
        "signing_key: {{passphrase: …}} statt des Schlüssels selbst",
        "signing_key: {{passphrase: …}} instead of the key itself",
    ),
    "key.rotate.title": ("Neue Signaturschlüssel", "New signing keys"),
    "dpo.revoke.title": ("Schlüssel widerrufen", "Revoke a key"),
    "dpo.revoke.written": ("Der Widerruf steht in {path}.", "The revocation is in {path}."),
    "dpo.recover.title": ("Neuen Schlüssel bestätigen", "Confirm a new key"),
    "dpo.recover.written": ("Die Bestätigung steht in {path}.", "The confirmation is in {path}."),
    "dpo.ended.next": (
        "Geben Sie die Datei der Administration. Dort: pbxretain key add {name}",
        "Hand the file to the admin. There: pbxretain key add {name}",
    ),
    "code.PASSPHRASE": (
        "Die Passphrase stimmt nicht, oder die Schlüsseldatei wurde verändert.",
        "The passphrase is wrong, or the key file was changed.",
    ),
    "code.PASSPHRASE_MISSING": (
        "Der Schlüssel liegt unter einer Passphrase, und es ist keine angegeben.",
        "The key lies under a passphrase, and none is given.",
    ),
    "code.NOT_ENCRYPTED": (
        "Die Schlüsseldatei liegt unter keiner Passphrase, und es ist eine angegeben.",
        "The key file lies under no passphrase, and one is given.",
    ),
    "code.PASSPHRASE_SHORT": (
        "Die Passphrase ist zu kurz.",
        "The passphrase is too short.",
    ),
    "code.KEY_OUTSIDE": (
        "Die Einstellungen nennen einen Signaturschlüssel außerhalb des Statusordners.",
        "Settings name a signing key outside the state folder.",
    ),
    "code.KEY_REVOKED": (
        "Der Signaturschlüssel wurde widerrufen.",
        "The signing key was revoked.",
    ),
    "code.KEY_FIXED": (
        "Der Signaturschlüssel wird nicht gewechselt.",
        "The signing key is not replaced.",
    ),
    "code.KEY_LEFT": (
        "Ein abgelöster Schlüssel lässt sich nicht vernichten.",
        "A key that signs no more can't be destroyed.",
    ),
    "detail.PASSPHRASE_SHORT": (
        "eine Passphrase braucht mindestens {n} Zeichen",
        "a passphrase needs at least {n} characters",
    ),
    "detail.KEY_REVOKED": (
        "der Signaturschlüssel der Quelle {source} wurde widerrufen",
        "the signing key of source {source} was revoked",
    ),
    "detail.KEY_REVOKED.hint": (
        "pbxretain key new --source {source}, und den Schlüssel bestätigen lassen",
        "pbxretain key new --source {source}, and have it confirmed",
    ),
    "detail.KEY_FIXED": (
        "der Schlüssel der Quelle {source} wird nicht gewechselt",
        "the key of source {source} is not replaced",
    ),
    "detail.KEY_FIXED.hint": (
        "das beginnt mit einem Schlüsselverzeichnis (pbxretain key add DATEI) und gilt nur für "
        "Schlüssel im Statusordner",
        "that begins with a roster (pbxretain key add FILE), and only for keys in the state folder",
    ),
    "code.ROLE_MISSING": (
        "Die Schlüsseldatei enthält keinen Schlüssel für diese Rolle.",
        "The key file holds no key for this role.",
    ),
}
