"""What does verify.html say, the page that checks reports in a browser? (German, English.)

It goes to people who have neither this program nor a command line, so it never names an option.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PAGE: Final[Mapping[str, tuple[str, str]]] = {
    "page.title": ("Löschprotokolle prüfen", "Check deletion reports"),
    "page.intro": (
        "Diese Seite prüft in Ihrem Browser, ob Löschprotokolle echt und vollständig sind. Sie "
        "arbeitet ohne Netz: Nichts verlässt diesen Rechner, und nichts wird gespeichert.",
        "This page checks in your browser whether deletion reports are genuine and complete. It "
        "works offline: nothing leaves this computer, and nothing is stored.",
    ),
    "page.limits": (
        "Nehmen Sie diese Seite aus derselben sicheren Quelle wie den Fingerabdruck, nicht aus der "
        "Lieferung, die Sie prüfen: Wer Löschprotokolle fälscht, könnte auch eine Seite beilegen, "
        "die alles für echt erklärt.",
        "Take this page from the same trusted source as the fingerprint, not from the delivery "
        "that you check: whoever forges reports could enclose a page that calls everything "
        "genuine.",
    ),
    "page.unable.word": ("Hier nicht möglich", "Not possible here"),
    "page.unable": (
        "Dieser Browser kann Ed25519-Signaturen nicht prüfen; deshalb urteilt diese Seite hier "
        "nicht. Es geht mit Chrome oder Edge ab Version 137, Firefox ab 129 und Safari ab 17.",
        "This browser can't check Ed25519 signatures, so this page gives no verdict here. Use "
        "Chrome or Edge from version 137, Firefox from 129, or Safari from 17.",
    ),
    # --- the two steps ------------------------------------------------------------------------
    "page.reports": ("Löschprotokolle", "Reports"),
    "page.reports.what": (
        "Ein Löschprotokoll (.dsse.json oder PDF), mehrere, den ganzen Ordner „reports“ oder ein "
        "ZIP-Archiv davon. Nur am ganzen Ordner zeigt sich, ob ein Löschlauf fehlt.",
        "One report (.dsse.json or PDF), several, the whole folder “reports”, or a ZIP archive "
        "of it. Only the whole folder shows whether a run is missing.",
    ),
    "page.drop": ("Dateien oder Ordner hierher ziehen", "Drop files or a folder here"),
    "page.choose.files": ("Dateien wählen", "Choose files"),
    "page.choose.folder": ("Ordner wählen", "Choose a folder"),
    "page.choose.key": ("Datei wählen", "Choose a file"),
    "page.files.one": ("{n} Datei", "{n} file"),
    "page.files.many": ("{n} Dateien", "{n} files"),
    "page.closed": (
        "Dieser Browser öffnet hier keinen hineingezogenen Ordner ({names}). Nehmen Sie „Ordner "
        "wählen“ oder ein ZIP-Archiv.",
        "This browser opens no dropped folder here ({names}). Use “Choose a folder” or a ZIP "
        "archive.",
    ),
    "page.clear": ("entfernen", "remove"),
    "page.key": ("Fingerabdruck des Schlüssels", "Fingerprint of the key"),
    "page.key.what": (
        "Lassen Sie ihn sich auf einem zweiten Weg geben: am Telefon, auf Papier, bei der "
        "Einrichtung. Aus der Lieferung selbst darf er nicht stammen.",
        "Get it by a second way: by phone, on paper, when the system was set up. It must not come "
        "from the delivery itself.",
    ),
    "page.print": (
        "Fingerabdruck: acht Gruppen zu vier Zeichen",
        "Fingerprint: eight groups of four characters",
    ),
    "page.print.short": (
        "Bisher {n} von 32 Zeichen (0 bis 9, a bis f). Auch die ganze Schlüsselkennung mit 64 "
        "Zeichen gilt.",
        "So far {n} of 32 characters (0 to 9, a to f). The whole key id of 64 characters will do "
        "as well.",
    ),
    "page.print.nokey": (
        "Zu einem Fingerabdruck gehört der öffentliche Schlüssel selbst: die Datei "
        "runner-….pub.pem aus dem Ordner „reports“. Ziehen Sie sie zusammen mit den "
        "Löschprotokollen ins erste Feld.",
        "A fingerprint needs the public key itself: the file runner-….pub.pem from the folder "
        "“reports”. Drop it into the first field together with the reports.",
    ),
    "page.key.drop": (
        "oder hierher ziehen, was Sie schon früher und sicher erhalten haben: eine Schlüsseldatei "
        "(.pem), Ihr Schlüsselverzeichnis (trust.dsse.json), einen aufbewahrten Prüfpunkt",
        "or drop here what you have received earlier and safely: a key file (.pem), your trust "
        "roster (trust.dsse.json), a checkpoint that you kept",
    ),
    "page.key.from": ("Sie vertrauen {file}:", "You trust {file}:"),
    "page.key.carried": (
        "Noch nicht bestätigt, weil mit der Lieferung gekommen: {file}",
        "Not confirmed yet, because it came with the delivery: {file}",
    ),
    "page.key.none": (
        "{file} ist weder ein öffentlicher Ed25519-Schlüssel noch ein Schlüsselverzeichnis oder "
        "Prüfpunkt.",
        "{file} is neither a public Ed25519 key nor a trust roster or checkpoint.",
    ),
    # --- the verdict --------------------------------------------------------------------------
    "page.busy": ("Es wird geprüft … {n}", "Checking … {n}"),
    "page.word.genuine": ("Echt", "Genuine"),
    "page.word.findings": ("Echt, mit Feststellungen", "Genuine, with findings"),
    "page.word.forged": ("Nicht echt", "Not genuine"),
    "page.word.untrusted": ("Noch nicht bestätigt", "Not confirmed yet"),
    "page.word.unavailable": ("Nicht alles prüfbar", "Not everything could be checked"),
    "page.word.stranger": ("Fremder Schlüssel", "Another key"),
    "page.word.keyless": ("Noch nicht prüfbar", "Can't be checked yet"),
    "page.said.checked": ("{reports} geprüft, {findings}.", "{reports} checked, {findings}."),
    "page.said.read": ("{reports} gelesen, {findings}.", "{reports} read, {findings}."),
    "page.next.genuine": (
        "Die Löschprotokolle stammen vom Inhaber dieses Schlüssels und sind unverändert.",
        "The reports were made by the holder of this key and have not been changed.",
    ),
    "page.next.findings": (
        "Die Signaturen stimmen. Gehen Sie die Feststellungen durch und fragen Sie nach dem, was "
        "offen ist.",
        "The signatures are sound. Go through the findings and ask about what is open.",
    ),
    "page.next.forged": (
        "Verlassen Sie sich auf nichts davon: Mindestens eine Datei ist verändert, gefälscht oder "
        "beschädigt. Holen Sie die Lieferung noch einmal; bleibt es dabei, gehen Sie der Sache "
        "nach.",
        "Rely on none of it: at least one file has been changed, forged or damaged. Fetch the "
        "delivery once more; if it stays so, look into the matter.",
    ),
    "page.next.untrusted": (
        "Es fehlt nur noch der zweite Schritt: Geben Sie den Fingerabdruck ein, den Sie auf einem "
        "zweiten Weg erhalten haben.",
        "Only the second step is missing: enter the fingerprint that you received by a second way.",
    ),
    "page.next.carried": (
        "Das Schlüsselverzeichnis im zweiten Feld kam mit der Lieferung und beweist nichts, "
        "solange der Fingerabdruck seines Vertrauensankers nicht verglichen ist. Geben Sie den "
        "Fingerabdruck ein, den Sie auf einem zweiten Weg erhalten haben.",
        "The roster in the second field came with the delivery and proves nothing until the "
        "fingerprint of its authority was compared. Enter the fingerprint that you received by a "
        "second way.",
    ),
    "page.next.stranger": (
        "Der Schlüssel, dem Sie vertrauen, hat nicht alles hier signiert. Vergleichen Sie die "
        "Fingerabdrücke und fragen Sie nach, wessen Schlüssel es ist.",
        "The key that you trust did not sign everything here. Compare the fingerprints and ask "
        "whose key it is.",
    ),
    "page.next.keyless": (
        "Es fehlt die Schlüsseldatei: {keys} liegt im Paket. Ziehen Sie sie zusammen mit dem "
        "Löschprotokoll ins erste Feld; der Fingerabdruck allein prüft keine Signatur.",
        "The key file is missing: {keys} lies in the bundle. Drop it into the first field "
        "together with the report; a fingerprint alone checks no signature.",
    ),
    "page.next.unavailable": (
        "Was gelesen werden konnte, ist in Ordnung oder steht unten; etwas aber ließ sich nicht "
        "lesen.",
        "What could be read is in order or told below; but something could not be read.",
    ),
    "page.checked": (
        "Geprüft am {at} (Uhr dieses Rechners)",
        "Checked at {at} (clock of this computer)",
    ),
    "page.trusted": ("Sie vertrauen dem Schlüssel", "You trust the key"),
    "page.exit": (
        "Exit-Code wie bei pbxretain verify: {code}",
        "Exit code as of pbxretain verify: {code}",
    ),
    "page.compare": ("Fingerabdruck vergleichen", "Compare the fingerprint"),
    "page.compare.what": (
        "Dieser Schlüssel liegt der Lieferung bei. Er zählt erst, wenn alle acht Gruppen mit dem "
        "Fingerabdruck übereinstimmen, den Sie auf einem zweiten Weg erhalten haben.",
        "This key came with the delivery. It counts only once all eight groups agree with the "
        "fingerprint that you received by a second way.",
    ),
    "page.compare.carried": (
        "Dieser Vertrauensanker steht im Verzeichnis, das mit der Lieferung kam. Es "
        "zählt erst, wenn alle acht Gruppen mit dem Fingerabdruck übereinstimmen, den Sie auf "
        "einem zweiten Weg erhalten haben; schreiben Sie ihn nicht von hier ab.",
        "This key of the authority stands in the roster that came with the delivery. The roster "
        "counts only once all eight groups agree with the fingerprint that you received by a "
        "second way; don't copy it from here.",
    ),
    "page.compare.open": ("noch nicht verglichen", "not compared yet"),
    "page.compare.same": (
        "stimmt mit Ihrer Eingabe überein",
        "agrees with what you entered",
    ),
    "page.compare.newer": (
        "ein neuerer Schlüssel, eingesetzt von dem, den Sie bestätigt haben (Nr. {seq})",
        "a newer key, put in place by the one you confirmed (no. {seq})",
    ),
    "page.compare.older": (
        "ein älterer Schlüssel, abgelöst von dem, den Sie bestätigt haben (Nr. {seq})",
        "an older key, replaced by the one you confirmed (no. {seq})",
    ),
    "page.compare.other": (
        "stimmt nicht mit Ihrer Eingabe überein",
        "doesn't agree with what you entered",
    ),
    "page.code.CARRIED_ROSTER": (
        "Das Schlüsselverzeichnis im zweiten Feld ist dasselbe, das der Lieferung beiliegt; "
        "niemand hat den Fingerabdruck seines Vertrauensankers verglichen.",
        "The roster in the second field is the one that came with the delivery; nobody has "
        "compared the fingerprint of its authority.",
    ),
    "page.code.OTHER_SIGNERS": (
        "Die Aussage eines anderen (etwa des Datenschutzbeauftragten) wurde nicht geprüft: Dafür "
        "braucht es das Schlüsselverzeichnis (trust.dsse.json) im zweiten Feld.",
        "The statement of somebody else (such as the data protection officer) was not checked: "
        "that needs the trust roster (trust.dsse.json) in the second field.",
    ),
    "page.more": ("und {n} weitere", "and {n} more"),
    # --- the reports --------------------------------------------------------------------------
    "page.list": ("Löschprotokolle und andere Aussagen", "Deletion reports and other statements"),
    "page.col.number": ("Nr.", "No."),
    "page.col.date": ("Zeitpunkt", "Time"),
    "page.col.source": ("Anlage", "System"),
    "page.col.result": ("Ergebnis", "Result"),
    "page.col.signature": ("Signatur", "Signature"),
    "page.signed": ("bestätigt", "confirmed"),
    "page.unsigned": ("nicht bestätigt", "not confirmed"),
    "page.seal.good": (
        "Signatur geprüft und bestätigt: {file}",
        "Signature checked and confirmed: {file}",
    ),
    "page.seal.open": (
        "Nur angezeigt: Niemand bürgt hier für den Schlüssel von {file}.",
        "Shown only: nobody here vouches for the key of {file}.",
    ),
}
