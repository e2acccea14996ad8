"""What stands in the deletion concept? (German, English.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONCEPT: Final[Mapping[str, tuple[str, str]]] = {
    "concept.title": (
        "Löschkonzept für die Telekommunikation: {controller}",
        "Deletion concept for telephony: {controller}",
    ),
    "concept.mark": ("Löschkonzept, Stand {today}", "Deletion concept as of {today}"),
    "concept.result.done": (
        "Für alle Datenarten ({classes}) ist eine Frist beschlossen, und jedes Regelwerk ist in "
        "der Fassung freigegeben, die hier steht.",
        "A period is decided for every data class ({classes}), and every policy is approved in the "
        "form that stands here.",
    ),
    "concept.result.open": (
        "Noch nicht fertig: Datenarten ohne Entscheidung: {undecided}; Regelwerke ohne gültige "
        "Freigabe: {drafts}.",
        "Not finished: data classes without a decision: {undecided}; policies without a valid "
        "approval: {drafts}.",
    ),
    "concept.status.done": ("beschlossen und freigegeben", "decided and approved"),
    "concept.status.open": ("unvollständig", "incomplete"),
    # --- purpose, roles -----------------------------------------------------------------------
    "concept.purpose": ("Zweck und Geltung", "Purpose and scope"),
    "concept.purpose.text": (
        "Dieses Löschkonzept legt fest, wann welche Daten der Telefonanlagen gelöscht werden, wer "
        "das entscheidet und wie es geschieht (Art. 5 Abs. 1 Buchst. e und Abs. 2, Art. 17, 24 und "
        "25 DSGVO). Es ist nach DIN 66398 und ISO/IEC 27555 gegliedert. Am {today} von pbxretain "
        "{version} aus den Einstellungen, den Regelwerken und den Beschreibungen der Anlagen "
        "erzeugt; ändern sie sich, wird es neu erzeugt.",
        "This deletion concept lays down which data of the telephone systems are deleted when, who "
        "decides that and how it is done (Art. 5(1)(e), 5(2), 17, 24 and 25 GDPR). It follows the "
        "order of DIN 66398 and ISO/IEC 27555. Made by pbxretain {version} on {today} out of "
        "settings, policies and the descriptions of the systems; when they change, it is made "
        "anew.",
    ),
    "concept.purpose.not": (
        "Es beschreibt, was geschehen soll. Was geschehen ist, weisen die Löschprotokolle nach. Es "
        "ist keine Rechtsberatung, und es behauptet nicht, dass die Fristen rechtlich genügen.",
        "It describes what is meant to happen. What did happen is proved by the deletion reports. "
        "It is no legal advice and doesn't claim that the periods satisfy the law.",
    ),
    "concept.roles": ("Verantwortlichkeiten", "Responsibilities"),
    "concept.col.role": ("Rolle", "Role"),
    "concept.col.function": ("Wer", "Who"),
    "concept.col.task": ("Aufgabe", "Task"),
    "concept.role.controller": ("Verantwortlicher", "Controller"),
    "concept.role.controller.task": (
        "entscheidet über jede Frist und gibt das Regelwerk frei",
        "decides on every period and approves the policy",
    ),
    "concept.role.dpo": ("Datenschutzbeauftragte/r", "Data protection officer"),
    "concept.role.dpo.who": ("einzutragen: ____________", "to be filled in: ____________"),
    "concept.role.dpo.task": (
        "wird vor der Entscheidung beteiligt, prüft die Löschprotokolle; entscheidet nicht selbst "
        "(Art. 38 Abs. 6 DSGVO)",
        "is consulted before the decision, reviews the deletion reports; doesn't decide "
        "(Art. 38(6) GDPR)",
    ),
    "concept.role.admin": ("Administration der Anlage", "Administration of the system"),
    "concept.role.admin.who": ("einzutragen: ____________", "to be filled in: ____________"),
    "concept.role.admin.task": (
        "richtet Zugänge und Zeitplan ein, behebt Störungen; ändert keine Frist",
        "sets up access and schedule, mends faults; changes no period",
    ),
    "concept.role.legal": ("Rechtsabteilung", "Legal department"),
    "concept.role.legal.who": ("einzutragen: ____________", "to be filled in: ____________"),
    "concept.role.legal.task": (
        "ordnet Löschsperren an und hebt sie auf",
        "orders holds and releases them",
    ),
    "concept.role.works-council": ("Betriebsrat oder Personalrat", "Works or staff council"),
    "concept.role.works-council.who": (
        "wo es einen gibt: ____________",
        "where there is one: ____________",
    ),
    "concept.role.works-council.task": (
        "bestimmt mit, wo die Daten Verhalten oder Leistung von Beschäftigten zeigen",
        "has a say where the data show conduct or performance of employees",
    ),
    "concept.roles.note": (
        "Funktionen, keine Personen: So bleibt das Konzept bei einem Wechsel gültig.",
        "Functions, not persons: so the concept stays valid when people change.",
    ),
    # --- systems ------------------------------------------------------------------------------
    "concept.systems": ("Anlagen", "Systems"),
    "concept.product": ("Produkt", "Product"),
    "concept.database": ("Datenbank", "Database"),
    "dialect.mysql": ("MySQL oder MariaDB", "MySQL or MariaDB"),
    "dialect.postgresql": ("PostgreSQL", "PostgreSQL"),
    "dialect.sqlite": ("SQLite", "SQLite"),
    "dialect.none": ("keine", "none"),
    "concept.untried": ("Am Produkt unerprobt", "Untried on the product"),
    "concept.untried.yes": (
        "Der Betrieb hat das ausdrücklich angenommen.",
        "The operator accepted that explicitly.",
    ),
    "concept.untried.no": (
        "Gelöscht wird erst, wenn die Einstellungen das annehmen.",
        "Nothing is deleted until settings accept that.",
    ),
    "concept.systems.left": (
        "Nicht angeschlossen und deshalb von diesem Konzept nicht erfasst: {names}.",
        "Not connected and so not covered by this concept: {names}.",
    ),
    # --- data ---------------------------------------------------------------------------------
    "concept.data": ("Datenarten", "Data classes"),
    "concept.data.intro": (
        "Welche Daten wo liegen, und was darin jemanden betrifft. Spalten und Felder heißen, wie "
        "das Produkt sie nennt; Beschreibungen stehen in der Sprache, in der sie geschrieben sind.",
        "Which data lie where, and what in them concerns somebody. Columns and fields are named as "
        "the product names them; descriptions stand in the language that they were written in.",
    ),
    "concept.col.data": ("Datenart", "Data class"),
    "concept.col.place": ("Anlage: Datenbestand", "System: dataset"),
    "concept.col.content": ("Inhalt", "Content"),
    "concept.col.personal": ("Personenbezogen", "Personal"),
    "concept.col.subjects": ("Betroffene", "Data subjects"),
    "concept.personal.whole": (
        "der ganze Inhalt, dazu Angaben im Dateinamen",
        "the whole content, and what the file's name tells",
    ),
    "concept.personal.below": ("Zeilen von {tables}", "rows of {tables}"),
    "concept.subjects.call": ("wer am Gespräch teilnahm", "whoever took part in the call"),
    "concept.subjects.spool": (
        "Anrufer und Inhaber des Postfachs",
        "caller and owner of the mailbox",
    ),
    "subject.caller": ("Anrufer", "caller"),
    "subject.caller-ani": ("Anrufer (gemeldete Nummer)", "caller (number given)"),
    "subject.caller-number": ("Anrufer (Nummer)", "caller (number)"),
    "subject.caller-extension": ("Anrufer (Nebenstelle)", "caller (extension)"),
    "subject.callee-extension": ("Angerufener (Nebenstelle)", "callee (extension)"),
    "subject.callee": ("Angerufener", "callee"),
    "subject.called-number": ("gewählte Nummer", "number called"),
    "subject.dialled": ("gewählte Nummer", "number dialled"),
    "subject.agent": ("Agent der Warteschlange", "queue agent"),
    "subject.user": ("Benutzer", "user"),
    "subject.owner": ("Inhaber des Anschlusses", "owner of the line"),
    "subject.party": ("Gesprächspartner", "other party"),
    "subject.party-extension": ("Gesprächspartner (Nebenstelle)", "other party (extension)"),
    "subject.sender": ("Absender", "sender"),
    "subject.sender-extension": ("Absender (Nebenstelle)", "sender (extension)"),
    "subject.sender-mail": ("Absender (E-Mail)", "sender (mail)"),
    "subject.sender-number": ("Absender (Nummer)", "sender (number)"),
    "subject.recipient": ("Empfänger", "recipient"),
    "subject.mailbox": ("Inhaber des Postfachs", "owner of the mailbox"),
    "subject.from-extension": ("anrufende Nebenstelle", "calling extension"),
    "subject.to-extension": ("angerufene Nebenstelle", "called extension"),
    # --- rules --------------------------------------------------------------------------------
    "concept.rules": ("Löschregeln", "Deletion rules"),
    "concept.rules.intro": (
        "Eine Löschregel besteht aus Regellöschfrist und Startzeitpunkt. Der Katalog der "
        "Löschregeln ist das freigegebene Regelwerk.",
        "A deletion rule is a regular deletion period with a starting point. The catalogue of "
        "deletion rules is the approved policy.",
    ),
    "concept.signature": ("Verlangte Unterschrift", "Signature demanded"),
    "concept.signature.one": (
        "Der Verantwortliche muss diese Fassung signiert haben, sonst löscht die Anlage nichts.",
        "The controller must have signed this version, or nothing is deleted.",
    ),
    "concept.signature.both": (
        "Verantwortlicher und Datenschutzbeauftragter müssen diese Fassung signiert haben, sonst "
        "löscht die Anlage nichts.",
        "Controller and data protection officer must have signed this version, or nothing is "
        "deleted.",
    ),
    "concept.applies": ("Gilt für", "Applies to"),
    "concept.approved": ("freigegeben durch {by} am {on}", "approved by {by} on {on}"),
    "concept.rules.counting": (
        "Gerechnet wird in Kalendertagen, -monaten und -jahren nach dem Kalender der Anlage (§§ "
        "187, 188 BGB): Was an einem Tag beginnt, ist vom Tag nach dem Ende der Frist an fällig. "
        "Ohne eigene Angabe zählt der Startzeitpunkt des Datenbestands.",
        "Periods are calendar days, months and years by the calendar of the system (sections 187, "
        "188 BGB): what begins on a day is due from the day after its period's end. Where a rule "
        "names none, the starting point is the dataset's.",
    ),
    "concept.rules.period": (
        "Die Regellöschfrist schließt die Zeit bis zum nächsten Löschlauf ein, nicht aber die "
        "Aufbewahrung von Sicherungen. Wo ein Gesetz eine Höchstfrist nennt, muss die Frist hier "
        "um den Abstand zweier Löschläufe kürzer sein.",
        "The regular deletion period includes the time until the next run, but not the retention "
        "of backups. Where a law names a maximum, the period here has to be shorter by the time "
        "between two runs.",
    ),
    "concept.classes": ("Löschklassen", "Deletion classes"),
    "concept.classes.intro": (
        "Fristen und Startzeitpunkte gekreuzt; jedes besetzte Feld ist eine Löschklasse.",
        "Periods crossed with starting points; each field that isn't empty is a deletion class.",
    ),
    "concept.classes.none": (
        "Noch keine: Für keine Datenart ist eine Frist beschlossen.",
        "None yet: no period is decided for any data class.",
    ),
    "concept.col.period": ("Frist", "Period"),
    "concept.undecided": ("Noch nicht entschieden", "Not decided yet"),
    "concept.undecided.item": (
        "{source}, {data}: Es gibt keine Entscheidung; die Daten bleiben, bis sie getroffen ist.",
        "{source}, {data}: there is no decision; the data stay until it is taken.",
    ),
    "concept.undecided.none": (
        "Über jede Datenart, die die Anlagen bieten, ist entschieden.",
        "Every data class that the systems offer has been decided on.",
    ),
    "concept.undecided.kept": (
        "Bewusst unbefristet aufbewahrt: {names}. Dafür braucht es einen Grund, der dauerhaft "
        "trägt.",
        "Kept for ever on purpose: {names}. That takes a reason that holds for ever.",
    ),
    # --- method -------------------------------------------------------------------------------
    "concept.method": ("Löschverfahren und seine Grenzen", "Method of deletion and its limits"),
    "concept.method.db_delete": (
        "Datenbanken: Die Zeilen werden in kurzen Transaktionen gelöscht, mit allem, was an ihnen "
        "hängt; danach wird neu gezählt.",
        "Databases: rows are deleted in short transactions, with all that hangs on them; then "
        "everything is counted anew.",
    ),
    "concept.method.file_unlink": (
        "Dateien: Sie werden umbenannt, als gelöscht belegt und dann aus dem Verzeichnis entfernt; "
        "ihr Inhalt wird nicht überschrieben.",
        "Files: they are renamed, put on record as deleted and then removed from the folder; their "
        "content is not overwritten.",
    ),
    "concept.method.rewrite": (
        "Protokolldateien: Die Datei wird ohne die fälligen Zeilen neu geschrieben und an die "
        "Stelle der alten gesetzt.",
        "Log files: the file is written anew without the due lines and put in the old one's place.",
    ),
    "concept.method.product": (
        "Schnittstelle des Produkts: Gelöscht wird nur, was das Produkt selbst löscht; danach wird "
        "nachgesehen. Was das Produkt intern zurückbehält, ist von außen nicht zu sehen.",
        "The product's own interface: only what the product itself deletes is deleted, then it is "
        "looked at. What the product keeps inside can't be seen from outside.",
    ),
    "concept.reclaim.mysql": (
        "MySQL und MariaDB: Der Platz wird später wiederverwendet und nicht überschrieben; "
        "Binärprotokolle und Replikate altern nach den Regeln des Servers. Tabellen werden nicht "
        "neu aufgebaut.",
        "MySQL and MariaDB: space is used again later and isn't overwritten; binary logs and "
        "replicas age by the server's rules. Tables are not rebuilt.",
    ),
    "concept.reclaim.postgresql": (
        "PostgreSQL: Alte Fassungen der Zeilen bleiben bis zum VACUUM des Servers, das WAL bis zu "
        "seiner Wiederverwendung; beides stößt pbxretain nicht an.",
        "PostgreSQL: old versions of rows stay until the server's VACUUM, the WAL until it is used "
        "again; pbxretain starts neither.",
    ),
    "concept.reclaim.sqlite": (
        "SQLite: Mit secure_delete wird der Inhalt gelöschter Zeilen in der Datenbankdatei mit "
        "Nullen überschrieben; ältere Fassungen im Journal oder WAL altern für sich.",
        "SQLite: with secure_delete the content of deleted rows is overwritten with zeroes in the "
        "database file; older versions in journal or WAL age by themselves.",
    ),
    "concept.method.logical": (
        "Das ist eine logische Löschung: Die Anlage gibt die Daten nicht mehr heraus. Dass sie "
        "sich mit forensischen Mitteln nicht zurückholen lassen, behauptet dieses Konzept nicht; "
        "wo das nötig ist, gehören Verschlüsselung und Vernichtung der Datenträger dazu (DIN "
        "66399, ISO/IEC 21964).",
        "This is logical deletion: the system no longer gives the data out. This concept doesn't "
        "claim that forensic means can't bring them back; where that matters, encryption and "
        "destruction of the media have to be added (DIN 66399, ISO/IEC 21964).",
    ),
    "concept.method.order": (
        "Jeder Schritt ist erst endgültig, wenn sein Nachweis auf der Platte steht. Ein "
        "abgebrochener Löschlauf wird vom nächsten abgeschlossen und berichtet.",
        "No step is final before its evidence is on disk. A run that died is settled and reported "
        "by the next one.",
    ),
    # --- copies -------------------------------------------------------------------------------
    "concept.copies": ("Kopien außer Reichweite", "Copies out of reach"),
    "concept.copies.intro": (
        "Diese Kopien löscht pbxretain nicht. Für jede ist einzutragen, nach welcher Zeit sie "
        "verfällt und wer dafür sorgt.",
        "pbxretain doesn't delete these copies. For each one, fill in after which time it ages out "
        "and who sees to it.",
    ),
    "concept.col.system": ("Anlage", "System"),
    "concept.col.copy": ("Kopie", "Copy"),
    "concept.col.ages": ("Verfällt nach", "Ages out after"),
    "concept.col.responsible": ("Zuständig", "Responsible"),
    "concept.copies.blank": ("__________", "__________"),
    "concept.copies.table": (
        "Tabelle {table}: bleibt laut Einstellungen stehen.",
        "table {table}: stays, as settings say.",
    ),
    "concept.copies.restore": (
        "Nachlöschung: Nach jeder Rücksicherung läuft pbxretain, bevor die Anlage wieder benutzt "
        "wird; Gelöschtes, das zurückkam, ist dann wieder fällig und geht mit eigenem Nachweis.",
        "Deletion after a restore: after every restore pbxretain runs before the system is used "
        "again; what was deleted and came back is due again then and goes with evidence of its "
        "own.",
    ),
    # --- holds --------------------------------------------------------------------------------
    "concept.holds": ("Ausnahmen und Schutz vor Versehen", "Exceptions and safety"),
    "concept.holds.precedence": (
        "Vorrang: zuerst die Löschsperre, dann die Mindestfrist, dann die Regellöschfrist.",
        "Precedence: first the hold, then the minimum, then the regular deletion period.",
    ),
    "concept.holds.hold": (
        "Löschsperren (Rechtsstreit, Einschränkung nach Art. 18 DSGVO): Was unter einer Sperre "
        "steht, bleibt bis zu deren Aufhebung, in allen Datenarten und mit allen Teilen des "
        "Anrufs. Löschprotokolle nennen Anzahlen, nie Grund oder Person.",
        "Holds (litigation, restriction under Art. 18 GDPR): what stands under a hold stays until "
        "it is released, over all data classes and with all parts of the call. Reports name "
        "counts, never a reason or a person.",
    ),
    "concept.holds.minimum": (
        "Mindestfristen: Vor ihrem Ende wird nichts gelöscht. Ein Regelwerk, dessen Mindestfrist "
        "länger ist als die Regellöschfrist, wird abgelehnt, solange es nicht sagt, wer den "
        "Vorrang entschieden hat.",
        "Minimums: nothing is deleted before they end. A policy whose minimum is longer than its "
        "regular deletion period is refused unless it says who decided which goes first.",
    ),
    "concept.holds.undated": (
        "Datensätze ohne brauchbares Datum oder aus der Zukunft werden nie gelöscht, sondern "
        "gezählt und gemeldet.",
        "Records without a usable date, or from the future, are never deleted but counted and "
        "told.",
    ),
    "concept.holds.straddling": (
        "Ein Anruf, der über den Stichtag reicht oder noch nicht abgeschlossen ist, bleibt ganz.",
        "A call that reaches across the cut-off, or isn't finished, stays whole.",
    ),
    "concept.holds.part": (
        "Ein Datensatz wartet, solange eine Datei anderer Datenart nur durch ihn zu finden oder zu "
        "datieren ist.",
        "A record waits while a file of another data class can only be found or dated by it.",
    ),
    "concept.holds.limit": (
        "Grenze in {name}: Sind mehr als {share} % eines Datenbestands auf einmal fällig, "
        "verweigert der Löschlauf, bis jemand die Anzahl bestätigt.",
        "Limit in {name}: where more than {share} % of a dataset are due at one time, the run "
        "refuses until somebody confirms the count.",
    ),
    "concept.holds.refuse": (
        "Im Zweifel wird nicht gelöscht, sondern verweigert und berichtet: bei fremdem "
        "Tabellenaufbau, widersprechenden Uhren, fehlenden Ordnern oder fehlender Freigabe.",
        "In doubt nothing is deleted; the run refuses and reports: unknown table layout, clocks "
        "that disagree, missing folders, missing approval.",
    ),
    # --- evidence, schedule, revision ---------------------------------------------------------
    "concept.evidence": ("Nachweis", "Evidence"),
    "concept.evidence.text": (
        "Jeder Löschlauf schreibt ein signiertes Löschprotokoll in die Nachweiskette der Anlage, "
        "auch wenn nichts fällig war, verweigert wurde oder etwas scheiterte. Es enthält Anzahlen, "
        "Tage und Prüfsummen, keine Rufnummern, Namen oder Zeitpunkte einzelner Anrufe.",
        "Every run writes a signed deletion report into the system's ledger, also when nothing was "
        "due, the run refused or something failed. It holds counts, days and digests, no numbers, "
        "names or times of single calls.",
    ),
    "concept.evidence.auto": (
        "Stufe: versiegelt, sobald ein Schlüssel der oder des Datenschutzbeauftragten hinterlegt "
        "ist; sonst Anzahlen.",
        "Level: sealed, once a key of the data protection officer is there; else counts.",
    ),
    "concept.evidence.sealed": (
        "Stufe: versiegelt. Ohne Schlüssel der oder des Datenschutzbeauftragten wird nicht "
        "gelöscht.",
        "Level: sealed. Without a key of the data protection officer nothing is deleted.",
    ),
    "concept.evidence.counts": (
        "Stufe: Anzahlen. Einzelne Datensätze lassen sich später nicht belegen.",
        "Level: counts. Single records can't be proved later.",
    ),
    "concept.evidence.sidecars": (
        "Bei der Stufe „versiegelt“ liegen Nachweisdaten neben dem Löschprotokoll, die nur mit dem "
        "Schlüssel der oder des Datenschutzbeauftragten lesbar sind. Wie lange sie bleiben, "
        "entscheidet der Verantwortliche: ____________. Danach werden sie vernichtet.",
        "At level “sealed”, evidence lies beside the report that only the data protection "
        "officer's key can read. How long it stays, the controller decides: ____________. Then it "
        "is destroyed.",
    ),
    "concept.evidence.check": (
        "Geprüft wird mit „pbxretain verify“, einzeln auch mit OpenSSL. „pbxretain report period“ "
        "fasst einen Monat, ein Quartal oder ein Jahr für die Datenschutz-Folgenabschätzung "
        "zusammen.",
        "Checked by “pbxretain verify”, single reports also by OpenSSL. “pbxretain report period” "
        "sums up a month, a quarter or a year for the data protection impact assessment.",
    ),
    "concept.schedule": ("Zeitplan", "Schedule"),
    "concept.schedule.known": (
        "{source}: ein Löschlauf mindestens alle {every}, mit {grace} Nachfrist.",
        "{source}: a run at least every {every}, with {grace} of grace.",
    ),
    "concept.schedule.unknown": (
        "{source}: Ein Zeitplan ist nicht hinterlegt; einzutragen: ____________ (empfohlen: "
        "täglich).",
        "{source}: no schedule is on record; to be filled in: ____________ (advised: daily).",
    ),
    "concept.schedule.note": (
        "Ein Datensatz wird spätestens nach Regellöschfrist und einem Abstand zweier Löschläufe "
        "gelöscht.",
        "A record is deleted after its regular deletion period and one interval between two runs "
        "at the latest.",
    ),
    "concept.revision": ("Überprüfung", "Revision"),
    "concept.revision.by": ("zu überprüfen bis {on}", "to be looked at again by {on}"),
    "concept.revision.draft": (
        "vor der Freigabe zu prüfen; danach alle zwölf Monate",
        "to be looked through before approval; then every twelve months",
    ),
    "concept.revision.when": (
        "Früher, wenn sich etwas ändert: ein Gesetz, eine Betriebsvereinbarung, der Zweck, die "
        "Anlage oder ihre Version.",
        "Earlier when something changes: a law, a works agreement, the purpose, the system or its "
        "version.",
    ),
    # --- annex --------------------------------------------------------------------------------
    "concept.annex": ("Anhang: Umsetzungsvorgaben", "Annex: implementation requirements"),
    "concept.annex.intro": (
        "Für jeden Datenbestand, in der Reihenfolge des Löschens: wo er liegt, was die Frist "
        "beginnen lässt, wie gelöscht wird, was mitgeht und was wartet.",
        "For each dataset, in the order of deletion: where it lies, what starts its period, how it "
        "is deleted, what goes along and what waits.",
    ),
    "concept.annex.source": ("{source} ({product})", "{source} ({product})"),
    "concept.rule.none": (
        "noch nicht entschieden; die Daten bleiben",
        "not decided yet; the data stay",
    ),
    "concept.table.named": ("Tabelle laut Einstellungen", "Table as settings name it"),
    "concept.how": ("Löschen", "Deletion"),
}
