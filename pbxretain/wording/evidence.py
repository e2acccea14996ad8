"""What is said about evidence on its way between host and officer, in German and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EVIDENCE: Final[Mapping[str, tuple[str, str]]] = {
    # --- kinds of statements ------------------------------------------------------------------
    "statement.deletion-report": ("Löschprotokoll", "Deletion report"),
    "statement.plan": ("Probelauf", "Dry run"),
    "statement.checkpoint": ("Gegengezeichneter Prüfpunkt", "Cosigned checkpoint"),
    "statement.trust": ("Schlüsselverzeichnis", "Trust roster"),
    "statement.policy": ("Beschlossenes Regelwerk", "Approved policy"),
    "statement.review": ("Prüfvermerk", "Review"),
    "statement.hold": ("Löschsperre", "Hold"),
    "statement.gap-note": ("Vermerk zu einer Lücke", "Note on a gap"),
    "statement.observation": ("Unabhängige Nachschau", "Independent observation"),
    "statement.key-event": ("Schlüsselwechsel", "Change of a key"),
    "statement.evidence-access": (
        "Öffnung versiegelter Nachweise",
        "Sealed evidence opened",
    ),
    "statement.evidence-shred": (
        "Vernichtung versiegelter Nachweise",
        "Sealed evidence destroyed",
    ),
    "statement.at": ("Erklärt am", "Made at"),
    "statement.installation": ("Installation", "Installation"),
    "statement.digest": ("Prüfsumme", "Digest"),
    "statement.signer": ("Signiert mit Schlüssel", "Signed with key"),
    "statement.remark": ("Bemerkung", "Remark"),
    "statement.proof": ("Nachweis", "Evidence"),
    # --- review -------------------------------------------------------------------------------
    "review.accepted": (
        "Löschprotokoll Nr. {seq} der Quelle {source} ist ohne Beanstandung geprüft.",
        "Report no. {seq} of source {source} was checked and accepted.",
    ),
    "review.accepted-with-findings": (
        "Löschprotokoll Nr. {seq} der Quelle {source} ist geprüft, mit Feststellungen.",
        "Report no. {seq} of source {source} was checked and accepted with findings.",
    ),
    "review.rejected": (
        "Löschprotokoll Nr. {seq} der Quelle {source} ist beanstandet.",
        "Report no. {seq} of source {source} was checked and rejected.",
    ),
    "review.checks": ("Was geprüft wurde", "What was done"),
    "review.check.verified": ("Echtheit geprüft", "verified"),
    "review.check.read": ("gelesen", "read"),
    "review.check.observed": ("selbst nachgesehen", "observed independently"),
    "review.check.asked": ("nachgefragt", "asked"),
    "review.report": ("Prüfsumme des Löschprotokolls", "Digest of the report"),
    # --- observation --------------------------------------------------------------------------
    "observation.none": (
        "In Quelle {source} ist nichts überfällig.",
        "Nothing is overdue in source {source}.",
    ),
    "observation.overdue": (
        "In Quelle {source} sind Datensätze überfällig: {n}.",
        "Records overdue in source {source}: {n}.",
    ),
    "observation.cutoff": ("Stichtag", "Cut-off"),
    "observation.total": ("Gesamt", "Total"),
    "observation.col.overdue": ("Überfällig", "Overdue"),
    "observation.undated": ("Undatiert", "Undated"),
    "observation.oldest": ("Ältester", "Oldest"),
    "observation.note": (
        "Gezählt mit eigenem Lesezugang. Der Stichtag lässt dem Löschlauf die Frist, die das "
        "Schlüsselverzeichnis ihm gibt.",
        "Counted with a read-only login of its own. The cut-off leaves the run the time that the "
        "roster grants it.",
    ),
    "observation.policy": ("Regelwerk", "Policy"),
    "observation.connector": ("Konnektor", "Connector"),
    # --- gap note -----------------------------------------------------------------------------
    "gap.result": (
        "Quelle {source}: kein Löschlauf vom {since} bis {until}.",
        "Source {source}: no run from {since} to {until}.",
    ),
    "gap.reason": ("Grund", "Reason"),
    "gap.reason.host-off": ("Rechner war aus", "host was off"),
    "gap.reason.pbx-off": ("Telefonanlage war aus", "telephone system was off"),
    "gap.reason.maintenance": ("Wartung", "maintenance"),
    "gap.reason.disk-full": ("Datenträger voll", "disk was full"),
    "gap.reason.mistake": ("Versehen", "mistake"),
    "gap.reason.other": ("sonstiger", "other"),
    # --- key event ----------------------------------------------------------------------------
    "key-event.rotate": (
        "Quelle {source} signiert von hier an mit dem Schlüssel {short}.",
        "From here on source {source} signs with the key {short}.",
    ),
    "key-event.revoke": (
        "Der Schlüssel {short} der Quelle {source} ist widerrufen.",
        "The key {short} of source {source} is revoked.",
    ),
    "key-event.recover": (
        "Für Quelle {source} gilt nach einem Verlust der Schlüssel {short}.",
        "After a loss, the key {short} counts for source {source}.",
    ),
    "key-event.reason.scheduled": ("planmäßiger Wechsel", "scheduled"),
    "key-event.reason.requested": ("auf Wunsch", "requested"),
    "key-event.reason.compromised": ("in fremden Händen", "compromised"),
    "key-event.reason.lost": ("verloren", "lost"),
    "key-event.reason.superseded": ("ersetzt", "superseded"),
    "key-event.previous": ("Vorheriger Schlüssel", "Key before"),
    "key-event.last-good": ("Letzte gültige Nr.", "Last good no."),
    # --- hold ---------------------------------------------------------------------------------
    "hold.set": (
        "In Quelle {source} gilt die Löschsperre {hold}.",
        "The hold {hold} is set in source {source}.",
    ),
    "hold.released": (
        "In Quelle {source} ist die Löschsperre {hold} aufgehoben.",
        "The hold {hold} is released in source {source}.",
    ),
    "hold.kind": ("Art", "Kind"),
    "hold.kind.legal-hold": ("Aufbewahrung für ein Verfahren", "legal hold"),
    "hold.kind.restriction": ("Einschränkung (Art. 18 DSGVO)", "restriction (Art. 18 GDPR)"),
    "hold.data": ("Datenarten", "Data classes"),
    "hold.since": ("Ab", "From"),
    "hold.until": ("Bis", "Until"),
    # --- roster -------------------------------------------------------------------------------
    "trust.result": (
        "Schlüsselverzeichnis, Fassung {version}. Verantwortlich: {who}.",
        "Trust roster, version {version}. Controller: {who}.",
    ),
    "trust.keys": ("Schlüssel", "Keys"),
    "trust.role": ("Rolle", "Role"),
    "trust.post": ("Stelle", "Post"),
    "trust.since": ("Gültig ab", "Valid from"),
    "trust.until": ("Gültig bis", "Valid until"),
    "trust.sources": ("Quellen", "Sources"),
    "trust.source": (
        "{source}: ein Löschlauf alle {interval} (Geduld: {grace}), eine Gegenzeichnung alle "
        "{witness}",
        "{source}: a run every {interval} (patience: {grace}), cosigned every {witness}",
    ),
    "role.authority": ("Vertrauensanker", "authority"),
    "role.runner": ("Löschlauf", "runner"),
    "role.dpo": ("Datenschutzbeauftragte", "data protection officer"),
    "role.escrow": ("Versiegelung", "escrow"),
    "role.observer": ("Nachschau", "observer"),
    "role.controller": ("Verantwortlicher", "controller"),
    "role.admin": ("Administration", "admin"),
    # --- policy, access, shred ----------------------------------------------------------------
    "approved.result": (
        "Regelwerk {policy}, Fassung {version}: vom Verantwortlichen beschlossen.",
        "Policy {policy}, version {version}: decided by the controller.",
    ),
    "approved.note": (
        "Gilt mit der Unterschrift des Verantwortlichen, der entscheidet. Der "
        "Datenschutzbeauftragte signiert, wenn er angehört wurde (Art. 38 Abs. 6 DSGVO); wer "
        "unterschrieben hat, zeigt die Prüfung.",
        "Counts with the signature of the controller, who decides. The data protection officer "
        "signs when consulted (Art. 38(6) GDPR); who has signed is shown by verification.",
    ),
    "approved.digest": ("Prüfsumme des Regelwerks", "Digest of the policy"),
    "access.result": (
        "Quelle {source}: versiegelte Nachweise wurden geöffnet, Treffer: {n}.",
        "Source {source}: sealed evidence was opened, matches: {n}.",
    ),
    "access.purpose": ("Zweck", "Purpose"),
    "access.purpose.data-subject": ("Auskunft an eine betroffene Person", "data subject"),
    "access.purpose.court": ("Gericht", "court"),
    "access.purpose.authority": ("Aufsichtsbehörde", "supervisory authority"),
    "access.purpose.restore": ("Rücksicherung", "restored backup"),
    "access.purpose.audit": ("Prüfung", "audit"),
    "shred.result": (
        "Quelle {source}: vernichtete Nachweisdateien: {n}.",
        "Source {source}: files of evidence destroyed: {n}.",
    ),
    "shred.reason.end-of-life": ("Ende der Aufbewahrung", "end of life"),
    "shred.reason.ordered": ("auf Anordnung", "ordered"),
    # --- bundle and filing --------------------------------------------------------------------
    "bundle.title": ("Nachweispaket", "Bundle"),
    "bundle.written": (
        "Das Nachweispaket der Quelle {source} liegt in {path} (Dateien: {n}).",
        "The bundle of source {source} is in {path} (files: {n}).",
    ),
    "bundle.next": (
        "Geben Sie es dem Datenschutzbeauftragten. Es enthält keine Rufnummern und keine Namen.",
        "Hand it to the data protection officer. It holds no telephone numbers and no names.",
    ),
    "filed.title": ("Abgelegt", "Filed"),
    "filed.new": ("{kind} für Quelle {source}: abgelegt.", "{kind} for source {source}: filed."),
    "filed.known": (
        "{kind} für Quelle {source}: lag schon vor.",
        "{kind} for source {source}: was there already.",
    ),
    "filed.list": ("Vom Datenschutzbeauftragten zurück", "Handed back by the officer"),
    "filed.col.kind": ("Art", "Kind"),
    "gap.written": (
        "Der Vermerk steht als Nr. {seq} in der Nachweiskette der Quelle {source}.",
        "The note stands as no. {seq} in the ledger of source {source}.",
    ),
    # --- dpo: init ----------------------------------------------------------------------------
    "dpo.passphrase": ("Passphrase des Schlüsselkastens", "Passphrase of the key file"),
    "dpo.passphrase.new": (
        "Neue Passphrase (mindestens {n} Zeichen)",
        "New passphrase (at least {n} characters)",
    ),
    "dpo.passphrase.again": ("Noch einmal", "Once more"),
    "dpo.init.title": ("Datenschutzbeauftragter: Einrichtung", "Data protection officer: set-up"),
    "dpo.init.claim": (
        "Das Paket gibt sich aus als Quelle {source} der Installation {installation}. Lassen Sie "
        "sich von der Administration am Telefon den Fingerabdruck von „pbxretain key show“ "
        "vorlesen. In diesem Paket ist es:",
        "The bundle says that it is source {source} of installation {installation}. Have the admin "
        "read the fingerprint of “pbxretain key show” to you on the telephone. In this bundle it "
        "is:",
    ),
    "dpo.init.keys": (
        "Die Schlüssel liegen in {path}. Sichern Sie diese Datei und merken Sie sich die "
        "Passphrase: Ohne beide lässt sich nichts mehr gegenzeichnen, prüfen oder entsiegeln.",
        "The keys are in {path}. Keep a copy of this file, and the passphrase: without both, "
        "nothing can be cosigned, reviewed or unsealed any more.",
    ),
    "dpo.init.escrow": (
        "Der öffentliche Schlüssel zum Versiegeln liegt in {path}. Geben Sie ihn der "
        "Administration für: pbxretain key add {name}",
        "The public key for sealing is in {path}. Hand it to the admin for: pbxretain key add "
        "{name}",
    ),
    "dpo.init.roster": (
        "Quelle {source} steht im Schlüsselverzeichnis, Fassung {version}: {path}. Geben Sie es "
        "der Administration für: pbxretain key add {name}",
        "Source {source} stands in the roster, version {version}: {path}. Hand it to the admin "
        "for: pbxretain key add {name}",
    ),
    "dpo.init.same": (
        "Das Schlüsselverzeichnis sagt das alles schon; es bleibt, wie es ist.",
        "The roster says all that already; it stays as it is.",
    ),
    "dpo.init.own-fingerprint": (
        "Fingerabdruck des Vertrauensankers, zum Vergleich beim Einspielen",
        "Fingerprint of the authority key, to be compared when the roster is installed",
    ),
    # --- dpo: witness, review, observe --------------------------------------------------------
    "witness.title": ("Gegenzeichnung", "Witness"),
    "witness.done": (
        "Gegengezeichnet: Quelle {source}, bis einschließlich Nr. {last}. Neu seit dem letzten "
        "Mal: {new}.",
        "Cosigned: source {source}, up to and including no. {last}. New since last time: {new}.",
    ),
    "witness.done.first": (
        "Gegengezeichnet: Quelle {source}, bis einschließlich Nr. {last}. Zum ersten Mal: {new}.",
        "Cosigned: source {source}, up to and including no. {last}. For the first time: {new}.",
    ),
    "witness.findings": (
        "Die Gegenzeichnung bestätigt, was heute vorlag, nicht, dass alles gut ist. "
        "Feststellungen:",
        "The cosignature attests what was seen today, not that all is well. Findings:",
    ),
    "witness.hand-back": (
        "Geben Sie {path} der Administration für: pbxretain report add {name}",
        "Hand {path} back to the admin for: pbxretain report add {name}",
    ),
    # --- a signed policy ----------------------------------------------------------------------
    "dpo.init.people": (
        "Eingetragen mit diesen Fingerabdrücken. Lassen Sie sie sich von den Betreffenden selbst "
        "vorlesen, nicht von der Administration:",
        "Entered with these fingerprints. Have them read to you by those people themselves, not by "
        "the admin:",
    ),
    "approval.digest": (
        "Prüfsumme der Datei, wie Löschprotokolle sie nennen",
        "Digest of the file, as reports name it",
    ),
    "approval.controller-key": ("Schlüssel des Verantwortlichen", "Key of the controller"),
    "approval.signed": (
        "Als Verantwortlicher unterschrieben: {path}. Geben Sie die Datei dem "
        "Datenschutzbeauftragten für: pbxretain dpo consult {name}",
        "Signed as controller: {path}. Hand it to the data protection officer for: pbxretain dpo "
        "consult {name}",
    ),
    "approval.read": (
        "Dieses Regelwerk hat der Verantwortliche unterschrieben. Ihre Unterschrift sagt, dass "
        "Sie angehört wurden; entschieden hat der Verantwortliche (Art. 38 Abs. 6 DSGVO).",
        "The controller has signed this policy. Your signature says that you were consulted; the "
        "controller decided (Art. 38(6) GDPR).",
    ),
    "approval.ask": (
        "Gelesen, und als Angehörter unterschreiben?",
        "Read, and sign that you were consulted?",
    ),
    "dpo.refused": (
        "Nicht gegengezeichnet: Was nicht echt ist, bestätigt niemand.",
        "Not cosigned: nobody attests what isn't genuine.",
    ),
    # --- codes --------------------------------------------------------------------------------
    "code.POLICY_STATEMENT": (
        "Dieses Regelwerk lässt sich so nicht unterschreiben oder ablegen.",
        "This policy can't be signed or filed like that.",
    ),
    "code.BUNDLE": (
        "Diesem Nachweispaket ist nicht zu trauen.",
        "This is no bundle that can be trusted.",
    ),
    "code.DPO_HOME": (
        "Der Ordner des Datenschutzbeauftragten lässt sich nicht benutzen.",
        "The officer's folder can't be used.",
    ),
    "code.NO_OFFICER_KEYS": (
        "Hier liegen keine Schlüssel eines Datenschutzbeauftragten.",
        "There are no keys of a data protection officer here.",
    ),
    "code.DPO_HOME_OPEN": (
        "In den Ordner des Datenschutzbeauftragten dürfen andere hineinsehen.",
        "Others may look into the officer's folder.",
    ),
    "code.DPO_LOCKED": (
        "Im Ordner des Datenschutzbeauftragten arbeitet schon ein anderer Befehl.",
        "Another command works in the officer's folder.",
    ),
    "code.NO_SYSTEM": (
        "Hier ist noch keine Telefonanlage eingetragen.",
        "No telephone system is entered here yet.",
    ),
    "code.NO_BUNDLE": ("Dort liegt kein Nachweispaket.", "There is no bundle there."),
    "code.FILE_READ": ("Eine Datei lässt sich nicht lesen.", "A file can't be read."),
    "code.STATE_WRITE": (
        "In den Statusordner lässt sich nicht schreiben.",
        "The state folder can't be written to.",
    ),
    "code.NO_ROSTER": (
        "Hier ist noch kein Schlüsselverzeichnis eingespielt; wessen Unterschrift zählt, weiß also "
        "niemand.",
        "No roster is installed here yet, so nobody knows whose signature counts.",
    ),
    "code.ROSTER_READ": (
        "Das eingespielte Schlüsselverzeichnis lässt sich nicht lesen.",
        "The installed roster can't be read.",
    ),
    "code.UNKNOWN_SOURCE": (
        "Das Schlüsselverzeichnis hier kennt diese Nachweiskette nicht.",
        "The roster here doesn't know this ledger.",
    ),
    "code.OTHER_ROSTER": (
        "Das Schlüsselverzeichnis hier gehört zu einer anderen Installation; jede hat ihren "
        "eigenen Ordner.",
        "The roster here is of another installation; each has an officer's folder of its own.",
    ),
    "code.OTHER_FIRST_KEY": (
        "Die Quelle ist hier mit einem anderen Schlüssel bekannt.",
        "The source is known here under another key.",
    ),
    "code.OTHER_INSTALLATION": (
        "Die Datei gehört zu einer anderen Installation.",
        "The file is of another installation.",
    ),
    "code.OTHER_LEDGER": (
        "Der Prüfpunkt gehört zu einer anderen Nachweiskette.",
        "The checkpoint is of another ledger.",
    ),
    "code.NOT_OFFICERS": (
        "Diesen Prüfpunkt hat kein Datenschutzbeauftragter gegengezeichnet, den das eingespielte "
        "Schlüsselverzeichnis kennt.",
        "No officer of the installed roster has cosigned this checkpoint.",
    ),
    "code.NOT_AUTHORITY": (
        "Das hat nicht der Vertrauensanker des eingespielten Schlüsselverzeichnisses signiert.",
        "The authority of the installed roster has not signed this.",
    ),
    "code.WRONG_SIGNER": (
        "Die Aussage ist nicht mit einem Schlüssel signiert, dem das Schlüsselverzeichnis diese "
        "Rolle gibt.",
        "The statement isn't signed by a key to which the roster gives that role.",
    ),
    "code.NOT_FILED": (
        "Eine Aussage dieser Art wird hier nicht abgelegt.",
        "A statement of this kind is not filed here.",
    ),
    "code.POLICY_UNUSED": (
        "Keine Quelle hier verwendet dieses Regelwerk.",
        "No source here uses this policy.",
    ),
    "code.NOT_COSIGNED": (
        "Dieses Paket wird nicht gegengezeichnet: Was nicht echt ist, bestätigt niemand.",
        "This bundle is not cosigned: nobody attests what isn't genuine.",
    ),
    "code.NOT_LOOKED_AT": (
        "Dieses Paket wird nicht gegengezeichnet: Nicht alles darin ließ sich prüfen.",
        "This bundle is not cosigned: not everything in it could be checked.",
    ),
    "code.NOT_COMPARED": (
        "Der Fingerabdruck ist nicht der, den die Datei zeigt; es wurde nichts geschrieben.",
        "The fingerprint is not the one that the file shows; nothing was written.",
    ),
    "code.SHRUNK": (
        "Die Nachweiskette ist kürzer, als sie beim letzten Mal war.",
        "The ledger is shorter than it was last time.",
    ),
    "detail.SHRUNK": (
        "Die Nachweiskette ist geschrumpft: {before} Einträge waren gegengezeichnet, {now} sind "
        "noch da",
        "The ledger has shrunk: {before} entries were witnessed, {now} are left",
    ),
    "detail.SHRUNK.hint": (
        "ein neueres Paket anfordern; gibt es keines, nach dem Verbleib fragen",
        "ask for a newer bundle; if there is none, ask where the rest is",
    ),
    "code.FORKED": (
        "Die Nachweiskette ist nicht mehr die, die gegengezeichnet wurde.",
        "The ledger is no longer the one that was witnessed.",
    ),
    "detail.FORKED": (
        "Die Nachweiskette ist nicht die gegengezeichnete: Ab Nr. {seq} erzählt sie etwas anderes",
        "The ledger is not the one that was witnessed: from no. {seq} on it tells another story",
    ),
    "detail.FORKED.hint": (
        "dieses Paket aufheben und nach dem Grund fragen",
        "keep this bundle, and ask why",
    ),
    "code.SEEN": (
        "Die eigene Aufzeichnung des Gegengezeichneten ist beschädigt.",
        "The own record of what was witnessed is damaged.",
    ),
    "code.NO_REPORT": ("Es gibt kein solches Löschprotokoll.", "There is no such report."),
    "code.NO_REPORT_YET": (
        "Diese Quelle hat noch kein Löschprotokoll.",
        "This source has no report yet.",
    ),
    "code.VERDICT_FORGED": (
        "Dieses Prüfergebnis passt nicht: Was nicht echt ist, lässt sich nur beanstanden.",
        "This verdict doesn't fit: what isn't genuine can only be rejected.",
    ),
    "code.VERDICT_FINDINGS": (
        "Dieses Prüfergebnis passt nicht: Es gibt Feststellungen, also accepted-with-findings "
        "oder rejected.",
        "This verdict doesn't fit: there are findings, so accepted-with-findings or rejected.",
    ),
    "code.VERDICT_NONE": (
        "Dieses Prüfergebnis passt nicht: Es gibt keine Feststellung; welche Sie haben, gehört in "
        "--remark.",
        "This verdict doesn't fit: there is no finding; say in --remark which one you have.",
    ),
    "code.GAP_NOTE": (
        "So lässt sich keine Lücke vermerken.",
        "A gap can't be noted like that.",
    ),
    "code.REMARK": (
        "Eine Bemerkung ist eine Zeile mit höchstens 1000 Zeichen.",
        "A remark is one line of at most 1000 characters.",
    ),
}
