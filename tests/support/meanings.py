"""What does each field of each document mean, in the words of the reference pages?

By document, model and field; read by ``support.reference``. The first entry of a model is its lead
sentence. A test checks that nothing is missing and nothing is left over.
"""

from __future__ import annotations

from collections.abc import Mapping

Meanings = Mapping[str, Mapping[str, str]]

LEAD = "_"

SETTINGS: Meanings = {
    "Settings": {
        "language": "Language of everything that is printed.",
        "evidence": (
            "Evidence level. `auto`: *sealed* when an escrow key of the officer is there "
            "(`dpo init`, `key add`), else *counts*. `sealed` refuses to run without one."
        ),
        "approval": (
            "`stated`: a policy has to say that it is approved as it stands. `signed`: besides, "
            "a key that the roster gives to the controller has to have signed its very bytes, and "
            "the statement be filed (`report add`); else every run is refused."
        ),
        "consulted": (
            "With `approval: signed`: the data protection officer has to have signed as well that "
            "they were consulted."
        ),
        "state": (
            "State folder. Without it: `$STATE_DIRECTORY`, `/var/lib/pbxretain`, for plain users "
            "their own state folder."
        ),
        "signing_key": (
            "Where the key that signs reports is to be had, or the passphrase of the one in the "
            "state folder. Without it: `keys/runner.pem` in the state folder, made by `init`."
        ),
        "policies": (
            "Folder with the policies. Without it: `policies` beside the settings where there is "
            "one, else `policies.d`."
        ),
        "connectors": (
            "Folder with the site's own manifests. Without it: `connectors` beside the settings."
        ),
        "holds": (
            "Folder with the [holds](holds.md). Without it: `holds.d` beside the settings. Whoever "
            "runs pbxretain must be able to read it, and to write in it for `hold add`."
        ),
        "hold": "How a hold ends.",
        "sources": "The PBXs, each under a name of its own.",
    },
    "HoldRules": {
        LEAD: "How a [hold](holds.md) ends.",
        "grace": "How long the records of a released hold stay, such as `30 days`.",
        "release": (
            "`one-person`: who releases it, decides. `two-person`: one function asks, another "
            "agrees with a key of the roster (officer, controller or admin); only then does the "
            "grace begin, and the ledger has both signatures."
        ),
    },
    "Source": {
        LEAD: "One PBX at one site. It has a ledger, a lock and reports of its own.",
        "connector": "Which product it is: a name of `pbxretain connector list`.",
        "url": (
            "Database address: `mysql://`, `mariadb://`, `postgresql://user@host/database`, or "
            "`sqlite:////absolute/path`. Never with a password. Options behind `?`: `unix_socket`, "
            "`host`, `ssl_ca`, `sslmode`, `sslrootcert`."
        ),
        "password": "Where the database password is to be had.",
        "timezone": (
            "The zone in which the PBX writes local times and in which its days begin, such as "
            "`Europe/Berlin`. The zone of this machine is never used."
        ),
        "region": (
            "Country of the numbers, such as `DE`: how national numbers of holds, requests and "
            "evidence are read."
        ),
        "roots": "Folders of the PBX, by the names that the connector knows. Absolute paths.",
        "policy": "Which policy applies: its file name without `.yaml`.",
        "approval": "Another demand for this source than at the top level.",
        "consulted": "Another demand for this source than at the top level.",
        "tables": "Another table name for a dataset, where this PBX uses its own.",
        "uncovered_tables": (
            "Tables that look like copies of call data and stay all the same. Each report names "
            "them as not covered."
        ),
        "accept_untried": (
            "Digest of a manifest that was never tried on its product. Without this line such a "
            "connector plans but never deletes."
        ),
        "asterisk": "What the voicemail spool depends on.",
        "ami": "Asterisk's manager interface, for voicemail and the queue log.",
        "api": "The product's own interface, for datasets of kind `api`.",
        "command": "The connector's program, for datasets of kind `command`.",
        "processing_activity": "Reference into the record of processing activities, for reports.",
        "dpia_ref": "Reference of the data protection impact assessment, for reports.",
    },
    "SecretRef": {
        LEAD: "Where a secret is to be had. Exactly one of the three.",
        "credential": "Name of a systemd credential (`LoadCredential=` in the unit).",
        "env": "Name of an environment variable.",
        "file": "Absolute path of a file that holds only the secret. Others may not read it.",
    },
    "SigningKey": {
        LEAD: (
            "The unattended key that signs reports. A key from outside the state folder can't be "
            "destroyed by pbxretain, so it isn't replaced each month; see "
            "[keys](../how-to/keys.md)."
        ),
        "credential": "Name of a systemd credential (`LoadCredentialEncrypted=` in the unit).",
        "file": "Absolute path of a key file. Nobody but its owner may read it.",
        "descriptor": "Number of an open descriptor, 3 or more, from which the key is read.",
        "passphrase": "Where the passphrase of an encrypted key is to be had.",
    },
    "KeyRef": {
        LEAD: (
            "Where a key's passphrase is to be had. Exactly one of the three; never the "
            "environment, which other programs can read."
        ),
        "credential": "Name of a systemd credential (`LoadCredentialEncrypted=` in the unit).",
        "file": "Absolute path of a file that holds only the passphrase. Others may not read it.",
        "descriptor": "Number of an open descriptor, 3 or more.",
    },
    "Asterisk": {
        LEAD: "Version and configuration folder of the Asterisk that owns the voicemail spool.",
        "version": (
            "Such as `22.10.1`. Decides whether gaps in the numbering must be closed. Without it "
            "AMI is asked; unknown counts as old."
        ),
        "config": "Folder with `asterisk.conf`, read for `lockmode`.",
    },
    "Api": {
        LEAD: (
            "The product's own interface, for connectors with datasets of kind `api`. Run "
            "pbxretain for one interface from one machine: it has no lock of its own."
        ),
        "url": "Its address. `https://`, or `http://` for this very machine. Never with a secret.",
        "user": "User or client id, as the connector's page says.",
        "secret": "Where its password, key or token is to be had.",
        "ca": "A file with the certificates to trust, where the system's don't do.",
        "timeout": "Seconds that one answer may take.",
    },
    "Command": {
        LEAD: "The program of a connector with datasets of kind `command`.",
        "interpreter": (
            "Instead of the manifest's: a program and its arguments, such as "
            "`[/usr/bin/php8.2]`. No shell reads it."
        ),
        "product": "Folder in which the product is installed, where the program needs it.",
        "timeout": "Seconds without a line of an answer, after which the program is ended.",
    },
    "Ami": {
        LEAD: (
            "Asterisk's manager interface. It tells who listens just now, refreshes message lamps "
            "and lets Asterisk reopen the queue log."
        ),
        "host": "Where it listens.",
        "port": "Its TCP port.",
        "user": "Manager user; see the [how-to](../how-to/freepbx.md) for its classes.",
        "secret": "Where its secret is to be had.",
    },
}

POLICY: Meanings = {
    "Policy": {
        "policy": "Its name; the file is called the same, with `.yaml`.",
        "version": "A number of your own that you raise with each change.",
        "controller": "Who decides: the controller in the sense of the GDPR. Stands in reports.",
        "approved": "Written by `pbxretain policy approve`, never by hand.",
        "limits": "How much one run may delete before a person has to look.",
        "decided_by": "Who decided the periods: a function such as `management`.",
        "decided_on": "The day of that decision.",
        "review_by": "The day by which somebody looks at the periods again.",
        "rules": ("Rules for each data class, in order: the first that matches a record counts."),
    },
    "Rule": {
        LEAD: "How long one data class stays.",
        "data": "The data class; see the list below.",
        "keep": (
            "How long at most: `90 days`, `2 weeks`, `6 months`, `5 years`, "
            "`until end of year + 8 years`, or `forever`. Months and years are calendar periods. "
            "Zero is refused."
        ),
        "minimum": (
            "How long at least, because a law says so, in the same forms. A policy in which "
            "`keep` could end before it is refused, unless `override` says who decided that the "
            "minimum goes first."
        ),
        "name": (
            "What the rule is called in reports, beside others of its class. Never a number or a "
            "person's name."
        ),
        "slack": (
            "So much earlier than `keep` says a record is due, in days or weeks, so that a run "
            "is through before a legal maximum. Never before `minimum`."
        ),
        "redact": "An earlier stage: the record stays, without whom it concerns.",
        "override": (
            "Only where `minimum` can end later than `keep` or `redact.after`: the minimum wins, "
            "and `basis` must be decided."
        ),
        "from": (
            "The start event, such as `call-start`; of a list, the first that is known. May be "
            "left out where the dataset offers one only."
        ),
        "basis": "Why. `undecided` is allowed, and is a finding until somebody decides.",
        "only": (
            "The rule takes a part of the data class: each facet named must have the value, or "
            "one of the values. `answered`, `heard` and `recorded` are `true` or `false`. Without "
            "it, the rule takes all that the rules before it leave."
        ),
    },
    "Redact": {
        LEAD: "The earlier stage of a rule: names and free text are blanked, totals stay.",
        "after": "When, counted from the same start event. Must end before `keep` does.",
        "numbers": (
            "What becomes of telephone numbers: `blank`, `constant`, `pseudonym` (its key is "
            "destroyed on schedule), or `{cut: N}`; the last three digits are cut unless said."
        ),
        "extensions": (
            "Numbers of at most so many digits are the house's own and stay as they are, for "
            "figures per extension. Without it none stays."
        ),
        "key_for": (
            "With `numbers: pseudonym`: how long its key lives. Then it is destroyed, and what was "
            "made with it is anonymous."
        ),
    },
    "Cut": {
        LEAD: "A number without its end.",
        "cut": "How many digits are cut off at the end.",
    },
    "Override": {
        LEAD: "Who decided that a minimum goes before a shorter period.",
        "by": "A function such as `management`, never a person's name.",
        "ref": "A document, such as `decision of 3 June 2026`.",
    },
    "Basis": {
        LEAD: "Why the period is what it is.",
        "code": "A short code, such as `necessity`, `consent` or that of a law.",
        "text": "The controller's own words.",
    },
    "Limits": {
        LEAD: "How much one run may delete before a person has to look.",
        "share": (
            "Largest share of one dataset, 20 % unless set. Not asked when fewer than 100 of its "
            "records are due."
        ),
        "count": "Largest number of records over all datasets. None unless set.",
    },
    "Approval": {
        LEAD: "Who approved exactly this policy. A changed rule breaks it.",
        "by": "A function such as `management`, never a person's name.",
        "on": "The day of the approval.",
        "ref": "A document, such as `works agreement 7`.",
        "digest": "Digest of all that was decided: everything but `approved`.",
    },
}

_DATASET = {
    "data": "Which data class it holds.",
    "title": "What it is, for people.",
    "optional": "Absence is reported as not covered. Without this it is drift, a refusal.",
    "settle_in": (
        "Seconds. A younger record, or one without an end, may still be written: its call waits."
    ),
}

_ITEMS = {
    **_DATASET,
    "settle_in": "Seconds. A younger record may still be written: its call waits.",
    "start": "Name of its only start event.",
    "type": "How the time is written: ISO text, with an offset or without one, or an epoch.",
    "zone": "Zone of times without an offset.",
    "subjects": "Who is named in a record, in the order in which the client tells it.",
    "facets": "By what a rule may take a part of the records: those that the client tells of each.",
}

_MEANS = {
    "values": (
        "What the stored values mean, by the value that a policy names. Without it they are "
        "compared as they stand."
    ),
    "otherwise": "What any other stored value means. No value at all (NULL) means nothing.",
}

MANIFEST: Meanings = {
    "Manifest": {
        "connector": "Its name, as settings use it.",
        "title": "The product's name.",
        "tried": "On which versions it was tried, and how.",
        "databases": "Which databases the product uses. `mysql` stands for MySQL and MariaDB.",
        "roots": "Folders of the product, by name.",
        "api": (
            "A client that pbxretain itself brings, for datasets of kind `api`. Without it the "
            "distribution's own module offers one: "
            "[how-to](../how-to/python-store.md)."
        ),
        "program": "The program for datasets of kind `command`: [protocol](command.md).",
        "datasets": "Tables, folders, files and interfaces, **in deletion order**.",
        "out_of_reach": "Further copies that this connector can't delete. Each report names them.",
        "discover": "What reveals the product on its own host, and where it keeps call data.",
    },
    "Trial": {
        LEAD: (
            "How a version was tried. `live` and `written-by-product` allow deletion; "
            "`vendor-schema` and `documents` don't."
        ),
        "version": "The product's version.",
        "on": "When.",
        "how": "How closely.",
        "note": "What exactly was tried.",
    },
    "Root": {
        LEAD: "A folder that settings name under `roots`.",
        "usual": "Where it usually is.",
        "required": "Settings must name it.",
        "title": "What it is, for people.",
    },
    "TableFacet": {
        LEAD: "How a row's facet is told. Either `column` or `columns`.",
        "column": "The column that tells it.",
        "columns": "Several, of which each may: either party of a call.",
        **_MEANS,
    },
    "TableDataset": {
        LEAD: "Rows of a database table.",
        **_DATASET,
        "kind": "A table.",
        "table": (
            "Its name. Settings may name another one under `tables`. With a star at its end: all "
            "tables whose names begin so, as where a product makes one for each month."
        ),
        "databases": "Only on these databases. Empty: on all of the connector.",
        "key": "Columns that name a row. They need not be unique: rows are compared as a multiset.",
        "call_id": "Columns that name the call. The first that isn't empty counts.",
        "starts": "Start events by name.",
        "personal": "Columns with personal data.",
        "subjects": (
            "Columns that name a person, by the part they play in a call; the names of these parts "
            "are free."
        ),
        "redact": (
            "Columns and their redacted forms: `number` (as the policy says), `text` (emptied), "
            "`channel` (only the technology stays), `blank`, `null`, `constant` (the word "
            "`redacted`), `keep` (a technical id that names nobody). Each personal column, subject "
            "and link needs one, else a rule that redacts is refused for the dataset. Columns that "
            "aren't named stay as they are: [redaction](../how-to/redaction.md)."
        ),
        "facets": (
            "By what a rule may take a part of the rows (`only` in a policy), and the columns that "
            "tell it."
        ),
        "may_lack": (
            "Declared columns, and tables under `children`, that some versions don't have (or have "
            "as a view). Any other lack is drift."
        ),
        "walk": "A unique ascending id to walk along where the time column has no index.",
        "reads_only": (
            "Rows are counted and reported, never deleted. What is due there is left over after "
            "each run."
        ),
        "ready": (
            "Column and the values it has in rows that the product is done with; `null` stands for "
            "no value at all. Others wait, and so do their whole call and a file of their own data "
            "class."
        ),
        "end": (
            "The column with a call's end. While it is NULL or empty and the call began less than "
            "`settle_in` before the cut-off, the call goes on and waits."
        ),
        "link": "A column that names a file of another dataset.",
        "shadows": "Tables with copies of the same rows.",
        "children": (
            "Rows of other tables, of the same data class, that go with a row; their own columns "
            "are not listed."
        ),
        "shared": "Rows that several records name; they go once no row names them.",
        "parts": "Rows of another data class that hang on a row; it waits until they are gone.",
        "fed_by": (
            "Datasets out of which the product makes these rows anew. They stand before this one "
            "and may not be kept longer."
        ),
        "not_copies": "Tables that look like copies of this one and are none.",
        "triggers": "Triggers that may stand on the tables. Any other is drift.",
        "cascades": "Tables that the database itself deletes from when a row goes.",
        "keep_newest": "So many of the newest rows always stay.",
    },
    "Start": {
        LEAD: "A start event: which column starts the clock, and how it is read.",
        "column": "The column. Of a list, the first that the table has.",
        "type": "How the time is stored. `detect` goes by the column's type, else by a sample.",
        "zone": (
            "`source` (the zone in settings), `utc`, or a zone by name. Types that know their own "
            "zone (`timestamptz`; MySQL's `timestamp`, read in UTC) need none."
        ),
        "forms": "Forms of a time kept as text; known forms are listed below.",
        "referee": (
            "A column with Asterisk's `<epoch>.<counter>`. Its epoch decides between two readings "
            "of a local time."
        ),
    },
    "Link": {
        LEAD: "A column that names a file.",
        "column": "The column.",
        "dataset": "The dataset with the files.",
        "folder": "A second column, with the file's folder.",
        "prefix": "What stands before the column's value in the file's name.",
        "form": "`url`: the value may be percent-encoded and may use backslashes.",
        "on_part_gone": "What stands in the column once the file is gone.",
    },
    "Shadow": {
        LEAD: "A table with copies of the rows, with the same columns.",
        "table": "Its name.",
        "optional": "It may be absent.",
    },
    "Child": {
        LEAD: "Rows of another table that go with a row, before it.",
        "table": "That table.",
        "column": "Its column that names the row.",
        "parent_column": "The row's column that is named.",
        "children": "Rows that go with those.",
        "redact": (
            "Its columns and their redacted forms, as under `redact` of the dataset; `{}`: it "
            "holds nothing about a person. Without it records of the dataset can't be redacted."
        ),
    },
    "Reference": {
        LEAD: "A column that names a row of another table.",
        "table": "The table.",
        "column": "Its column.",
    },
    "Shared": {
        LEAD: (
            "Rows that several records name, of their own data class, such as the parties of "
            "calls. They go after the dataset's batches, once no row names them and they are older "
            "than those of every call that stays."
        ),
        "table": "Their table.",
        "key": "Its ascending whole number.",
        "named_by": "Who names them: the dataset's table or its children.",
    },
    "Part": {
        LEAD: "Rows of another dataset, of another data class, that hang on a record.",
        "dataset": "That dataset; it stands before this one.",
        "column": "Its column that names the record.",
        "parent_column": "The record's column that is named.",
    },
    "Trigger": {
        LEAD: "A trigger that may stand on a declared table.",
        "table": "The table.",
        "name": "The trigger's name.",
        "event": "What sets it off.",
    },
    "TreeDataset": {
        LEAD: "Files below a root. A record is all files of one folder with one stem.",
        **_DATASET,
        "kind": "A folder tree.",
        "root": "Which of `roots`.",
        "extensions": "Extensions that make a recording, compared exactly.",
        "paths": (
            "Patterns of the path below the root, without the extension. Where given, only files "
            "that match one are records; all others, such as announcements, are never touched."
        ),
        "sidecars": "Extensions of further files of the same stem that go with it.",
        "start": "Name of its only start event.",
        "dated_by": "Ways to date a file, in order; the first that works counts.",
        "zone": "Zone of dates in paths and names.",
        "named_by": "The table whose link column names these files.",
        "facets": (
            "By what a rule may take a part of the files (`only` in a policy), and what tells it. "
            "A file that no row names, where rows tell it, goes only when every rule of its class "
            "lets it."
        ),
        "stands_alone": (
            "Names alone date the files and tie them to a call, so their rows may go first."
        ),
    },
    "DateSource": {
        LEAD: "One way to date a file. Exactly one of the four.",
        "path": (
            "Pattern of the folders below the root (a day: that day's end), or of the whole path "
            "without its extension (`{year}/{month}/{day}/{time}_{name}`: to the second)."
        ),
        "name": "Pattern of the name without its extension.",
        "sidecar": "A JSON file of the same stem.",
        "mtime": "The file's last change.",
    },
    "TreeFacet": {
        LEAD: "How a file's facet is told. Exactly one of `names` and `rows`.",
        "names": (
            "Patterns of the name, less its extension; the group `{facet}` holds the value, and "
            "the first pattern that fits counts. A name that none fits says nothing: such files "
            "go only when every rule of their class lets them (`FACET_UNTOLD`)."
        ),
        "rows": "The rows that name the file tell it, as their own dataset says.",
        **_MEANS,
    },
    "Sidecar": {
        LEAD: "A JSON file of the same stem that dates a recording.",
        "extension": "Its extension.",
        "field": "The field with the time.",
        "type": "How the time is written.",
    },
    "NamedBy": {
        LEAD: "Which rows name these files.",
        "dataset": "The table dataset.",
    },
    "SpoolDataset": {
        LEAD: "Asterisk's voicemail spool (file storage).",
        **_DATASET,
        "kind": "A voicemail spool.",
        "root": "Which of `roots`.",
        "start": "Name of its only start event.",
        "facets": (
            "By what a rule may take a part of the messages, and which part of their place tells "
            "it: `mailbox`, `context`, or `folder` (true in `Old`, false in `INBOX` and `Urgent`; "
            "what lies elsewhere goes only when every rule of its class lets it)."
        ),
    },
    "ApiDataset": {
        LEAD: (
            "Records that only the product's API lists and deletes. The client is code of an "
            "installed distribution, or what `api` names; a site's manifest can't bring it."
        ),
        **_ITEMS,
        "kind": "Behind an API.",
    },
    "CommandDataset": {
        LEAD: (
            "Records that a program lists and deletes, which an installed distribution brings; a "
            "site's manifest can't."
        ),
        **_ITEMS,
        "kind": "Behind a program.",
    },
    "Program": {
        LEAD: "A program of the distribution, started with an argument list and without a shell.",
        "file": "Its file name, beside `connector.yaml`.",
        "interpreter": "What runs it, with arguments. Settings may name another one.",
    },
    "LinesDataset": {
        LEAD: "Lines of log files.",
        **_DATASET,
        "kind": "Log files.",
        "root": "Which of `roots`.",
        "files": "Paths below the root; `*` stands for a part of a name. Rotated ones count too.",
        "format": "`csv`, or `bar`: fields parted by a vertical bar.",
        "starts": "Start events by name.",
        "call_id": "Fields that name the call, counted from 0.",
        "subjects": "Fields that name a person.",
        "facets": "By what a rule may take a part of the lines, and the fields that tell it.",
        "reopen": "How the writer is told that its file was set aside.",
        "quiet": "Seconds without growth before a file counts as let go by its writer.",
    },
    "LineFacet": {
        LEAD: "How a line's facet is told. Either `field` or `fields`.",
        "field": "The place of the field that tells it, counted from 0.",
        "fields": "Several, of which each may: either party of a call.",
        **_MEANS,
    },
    "LineStart": {
        LEAD: "The field of a line that starts the clock.",
        "field": "Its place, counted from 0.",
        "type": "How the time is written.",
        "zone": "As for a table.",
        "forms": "As for a table.",
        "referee": "The field with `<epoch>.<counter>`.",
    },
    "OutOfReach": {
        LEAD: "A copy that this connector can't delete.",
        "code": "A short name.",
        "text": "What it is, in German and English.",
    },
    "Discover": {
        LEAD: (
            "What reveals the product on its own host, and what it says there about its call "
            "data. Files are read as text, never executed; of a secret only the place is told."
        ),
        "files": "Files or folders that are all there where the product is installed.",
        "any_files": "Files or folders of which at least one is there.",
        "contains": (
            "Connectors of products inside this one: they aren't reported apart, and their clues "
            "are followed too."
        ),
        "texts": "The product's own settings files, by a name of your own.",
        "modules": "Of `texts`, the one that says which modules are loaded.",
        "folders": "Where its folders are. One with the name of a root locates that root.",
        "copies": "Every place where it keeps call data, by a name of your own.",
        "credentials": "Logins that belong to no database, such as that of the manager interface.",
        "purges": "What the product forgets by itself.",
        "timezone": "Settings that name its time zone; else the host's counts.",
    },
    "HostText": {
        LEAD: "A file of settings, and which of its keys say where a database is.",
        "paths": (
            "All that are there are read. A value counts in the first file that has it, within a "
            "file the last time. `*` stands for part of a name."
        ),
        "format": "How it is written. `php` reads assigned literals, `define` and arrays.",
        "keys": "For sections that other texts lead to.",
        "through": "Where these sections lead on to.",
        "variables": "Of `texts`, the one that says what `$${name}` stands for.",
    },
    "Keys": {
        LEAD: "Keys by what they tell. Of several the first that is set counts.",
        "address": "A whole connection text: URL, libpq or ODBC string, `dsn:user:password`.",
        "engine": "Kind of database, or the name of its driver.",
        "host": "Its host.",
        "port": "Its port.",
        "socket": "Its socket.",
        "database": "Its name.",
        "table": "The table.",
        "user": "As whom the product goes there.",
        "password": "Only where it stands is ever told.",
    },
    "Through": {
        LEAD: "A key whose value is the name of a section in another text.",
        "key": "The key.",
        "text": "The other text.",
    },
    "Setting": {
        LEAD: "One value.",
        "text": "In which of `texts`.",
        "section": "In which section; nested ones joined by dots.",
        "key": "Under which key.",
        "below": "For a folder: what is added to the value.",
    },
    "FolderClue": {
        LEAD: (
            "The first setting that is set, else the first usual place that is there. Without "
            "either, products inside this one are asked, then the root's own `usual` counts."
        ),
        "settings": "Settings that name it.",
        "usual": "Where it usually is.",
    },
    "CopyClue": {
        LEAD: 'One place with call data, or with `section: "*"` one for each section.',
        "data": "What it holds.",
        "text": "Of `texts`, the one whose section tells of it.",
        "sign": "A file or folder that is there where the copy is, also when no text says so.",
        "section": "The section; `*` for each.",
        "not_sections": "Sections that are none.",
        "needs": "Keys of which one must be set for the product to use the section.",
        "module": "The module that writes it. Where it isn't loaded, the copy is switched off.",
        "active": "A switch elsewhere.",
        "keys": "Which keys of the section say where it is.",
        "through": "Where the section leads on to.",
        "parts": (
            "A key whose value is engine, section of `through`'s text, and table, with commas "
            "between."
        ),
        "tables": "A setting of which every value is a table of this place.",
        "usual": "What the product takes where nothing is set, by `engine`, `host` and so on.",
        "whole": "Without a table: all the connector's tables are in this database.",
        "sqlite": "It is a SQLite file.",
        "files": "It is files.",
        "credentials": "Logins that stand elsewhere than the address.",
        "peer": "An account of the operating system that the database lets in without a password.",
        "leaves": "The product sends it to another system.",
    },
    "Active": {
        LEAD: "A switch: on where the setting has one of the values.",
        "text": "In which of `texts`.",
        "section": "In which section.",
        "key": "Under which key.",
        "values": "What means on.",
        "unset": "What it means when nothing is set.",
    },
    "SqliteFile": {
        LEAD: "A SQLite file. A section or database that is an absolute path is the file itself.",
        "folder": "Of `folders` or `roots`.",
        "name": "Its name; `{section}` and `{database}` are filled in.",
    },
    "FilesAt": {
        LEAD: "Files in a folder.",
        "folder": "Of `folders` or `roots`.",
        "sub": "A folder in it.",
        "pattern": "Their names; `*` stands for part of a name.",
        "key": "A key of the section that names the folder instead.",
        "below": "A folder in that one.",
    },
    "Credential": {
        LEAD: "Where a login stands.",
        "text": "In which of `texts`.",
        "section": "In which section. `*`: every one with the password; its name is the user's.",
        "user": "Keys with the user.",
        "password": "Keys with the secret.",
        "use": "What it is good for.",
    },
    "Purge": {
        LEAD: "One setting by which the product itself forgets.",
        "data": "What it deletes.",
        "text": "What it does, in German and English; without a setting also where that stands.",
        "settings": "Settings in files: the first that is set counts, where nothing is stored. "
        "Only a small number, or yes or no, is ever shown.",
        "stored": "Settings in a database; each value counts, since it may be one tenant's. "
        "`check` compares them with the policy.",
        "usual": "What applies where nothing is set.",
        "unit": "Unit of `settings` and `usual`. Without one they are no period, and `check` "
        "compares nothing.",
        "at_least": "The product deletes nothing where the number is smaller.",
        "zero": "What 0 means: nothing is deleted, or everything.",
        "clears": "Records of the data class, or copies of them: those must go no later than the "
        "policy says, and may go any time.",
        "dataset": "The dataset that holds these copies: where a source has it, the policy reaches "
        "them.",
    },
    "StoredSetting": {
        LEAD: "A setting in a table: a number of units. Empty means never, NULL says nothing.",
        "file": "The SQLite file that has the table, on the PBX's host; without one the source's "
        "own database.",
        "table": "The table; with another database's or schema's name before a dot.",
        "column": "The column with the value.",
        "where": "Columns and the values that they have in its rows; without any, every row.",
        "unit": "Unit of the value.",
        "factory": "The value that the product put there itself: where it still stands, `settings` "
        "count.",
    },
}

_COMMON = {
    "schema": "Version of this form.",
    "report_id": "A random id of this statement.",
    "installation": "A random id of the pbxretain installation.",
    "source": "The source's name in settings.",
    "controller": "From the policy.",
    "processing_activity": "From settings.",
    "dpia_ref": "From settings.",
    "tool": "What ran.",
    "policy": "Which policy applied.",
    "not_covered": "Datasets that the connector knows and this source lacks.",
    "copies_out_of_reach": "Copies that stay, in the manifest's words.",
    "limits": "The limits in force.",
}
_COUNTS = {
    "due": "Before the cut-off, and nothing kept them.",
    "held": "Kept by a hold or a restriction (Art. 18 GDPR).",
    "minimum": "Kept because a minimum has not been reached.",
    "straddling": "Legs of a call that reaches across the cut-off or hasn't ended.",
    "kept_for_part": "Rows that wait for a file of another data class.",
    "undated": "Without a usable time. Never deleted.",
    "future": "Dated in the future. Never deleted.",
}

REPORT: Meanings = {
    "DeletionReport": {
        LEAD: "What a real run did, also one that found nothing due, was refused or failed.",
        **_COMMON,
        "ledger": "Its place in the source's ledger.",
        "run": "The run.",
        "holds": "Holds in force, as numbers only; null for reports from before holds were there.",
        "clock": "What the clock guards saw.",
        "datasets": "What became of each dataset, in deletion order.",
        "exceptions": "What kept records from being deleted, by code.",
        "evidence": "How much can be proved later.",
    },
    "ReportPlace": {
        "seq": "Number of the report, from 0, without gaps.",
        "prev": "Digest of the statement before it; null for the first.",
        "last_witness": "SHA-256 of the newest checkpoint that the officer's machine had cosigned.",
    },
    "Run": {
        "id": "A random id.",
        "trigger": (
            "Whether a timer or a person started it, or a data subject demanded it "
            "(`erasure-request`, Art. 17 GDPR): that is no scheduled run."
        ),
        "started_at": "Begin.",
        "ended_at": "End.",
        "as_of": "The instant for which all cut-offs were worked out.",
        "timezone": "The source's zone.",
        "outcome": "How it ended. `recovered`: the report of a run that died, made by the next.",
        "refused_reason": "Why it was refused; null otherwise.",
        "exit_code": "See [exit codes](exit-codes.md).",
        "recovers": "The dead run that this report speaks for; null otherwise.",
        "plan": "The SHA-256 of the plan file that named the records; null for any other run.",
    },
    "Holds": {
        "active": "Legal holds in force.",
        "restrictions": "Restrictions of processing in force (Art. 18 GDPR).",
        "register": "Digest of the hold register, as hold statements in the ledger quote it.",
    },
    "Clock": {
        "database_skew_s": "Database clock minus this machine's, in seconds; null without one.",
        "checks": "The guards.",
    },
    "Check": {
        "code": "Which guard.",
        "passed": "Whether it passed.",
    },
    "Tool": {
        "name": "Always `pbxretain`.",
        "version": "Its version.",
        "python": "Python's version.",
        "os_family": "Kind of operating system.",
        "connector": "The manifest.",
    },
    "Connector": {
        "name": "Its name.",
        "digest": "Digest of the manifest's bytes.",
        "contains_code": "Whether it brings code of its own.",
        "tried": "Whether it was tried on its product.",
        "accept_untried": "Whether settings accept it untried.",
    },
    "Policy": {
        "name": "Its name.",
        "version": "Its version.",
        "digest": "Digest of the file's bytes.",
        "approved": "Whether it was approved in this form.",
        "approved_by": "Who approved it, by function.",
        "approved_on": "When, as the file says.",
        "signed_by": "Keys that signed these very bytes, the controller's first.",
        "consulted": "Whether the officer signed that they were consulted; null where none did.",
        "not_decided": "Data classes that nobody has decided on.",
    },
    "Limits": {
        "share": "Largest share of a dataset, in percent.",
        "count": "Largest number of records.",
        "confirmed": "The number given with `--confirm-count`; null without it.",
    },
    "Copy": {
        "code": "A short name.",
        "text": "What it is, in German and English.",
    },
    "Dataset": {
        "dataset": "Its name: the manifest's, or of one rule's share in it.",
        "of": "The manifest's name, where several rules share a dataset.",
        "data_class": "What it holds.",
        "kind": "What kind of store it is.",
        "rule": "The rule that applied.",
        "balances": "What was due and what became of it.",
        "total_before": "All records of the dataset before the run, under whatever rule.",
        "total_after": "The same after the run.",
        "range": "From when to when.",
        "also": "What went along with the records, such as shadow copies, by name.",
        "method": (
            "How records go: rows deleted or redacted (`db_update`), files unlinked, log files "
            "rewritten, or by the product itself."
        ),
        "findings": "What is worth knowing.",
        "outcome": "How it ended. `kept`: the data class stays forever.",
        "merkle": "Root over the deleted records.",
        "lookup": "Root over the entries by which they can be found, at level `sealed`.",
        "settled": "What lies out of late writers' reach, counted by two runs.",
    },
    "Settled": {
        LEAD: (
            "Of the whole dataset, under whatever rule, by the rule's start event. "
            "Between two runs nothing is added to what is old: fewer in `again` than the run "
            "before left in `count` is a loss, more is a return. Null where counting would cost "
            "a full scan."
        ),
        "until": "An instant that no late writer reaches any more.",
        "count": "Records before `until` when the run had ended.",
        "last": "The `until` of the run before.",
        "again": "Records before `last` when this run began.",
    },
    "Rule": {
        "name": "Its name in the policy, where it has one.",
        "action": "Whether records go, or are redacted and stay.",
        "only": "Facets that narrow the rule. Never their values: those may be numbers.",
        "minimum": "The period before whose end nothing goes.",
        "fallback": "Start events that count where the one before is unknown.",
        "keep": "The period.",
        "start_event": "From which event on.",
        "cutoff": "Records before this instant were due; null for `forever`.",
        "basis": "Code of the reason; see the policy for its words.",
        "deletion_class": "Deletion class (DIN 66398), where one is named.",
    },
    "Balances": {
        LEAD: (
            "`due` + `arrived` = `deleted` + `redacted` + `already_absent` + `held` + `minimum` + "
            "`straddling` + `kept_for_part` + `failed` + `residue`. A report in which this doesn't "
            "hold can be neither signed nor verified. The last three lie outside of the sum."
        ),
        **_COUNTS,
        "due": "Before the cut-off when the run began.",
        "arrived": "Came in before the cut-off while the run went on.",
        "deleted": "Gone, with evidence.",
        "redacted": "Brought into redacted form, with evidence; the rest of the record stays.",
        "already_absent": "Gone by somebody else before the run came to them.",
        "failed": "Could not be deleted.",
        "residue": "Still due after the run. Decides between exit codes 0 and 3.",
        "late": "Came in after the dataset's last look.",
    },
    "Total": {
        "count": "How many; null where counting would cost a full scan.",
        "exact": "Whether it is exact.",
    },
    "Range": {
        LEAD: "Dates in the source's zone, never times.",
        "oldest_deleted": "Oldest deleted record.",
        "newest_deleted": "Newest deleted record.",
        "oldest_remaining": "Oldest record still there: the most telling date of the report.",
    },
    "Finding": {
        "code": "Which.",
        "count": "How many.",
    },
    "Merkle": {
        "scheme": "How leaves are made; see [evidence](../explanation/evidence.md).",
        "size": "Number of leaves: that of the deleted or redacted records.",
        "root": "The root (RFC 9162).",
    },
    "Lookup": {
        "size": "Number of entries: one for each number of each deleted record.",
        "root": "The root (RFC 9162).",
    },
    "KeptFile": {
        "name": "Its name in the folder `sidecars`: its digest.",
        "role": "What it holds.",
        "dataset": "Whose; null for a sealed key.",
        "sha256": "Its digest.",
        "bytes": "Its size.",
    },
    "Exemption": {
        "code": "What kept them.",
        "dataset": "Where.",
        "count": "How many.",
    },
    "Evidence": {
        "level": "`counts`: counts and roots only. `sealed`: the recipients can open the files.",
        "note": "What that means, as a code.",
        "files": "Files beside the report: leaves, lookup indexes, sealed run keys.",
        "recipients": "Ids of the keys that can open the sealed run key.",
        "shred_after": "Day after which the files are to be destroyed.",
    },
    "Plan": {
        LEAD: "A dry run. A type of its own, so that it never passes for a run.",
        **_COMMON,
        "made_at": "When it was made.",
        "as_of": "The instant for which all cut-offs were worked out.",
        "timezone": "The source's zone.",
        "datasets": "What a run would do with each dataset.",
    },
    "PlannedDataset": {
        **_COUNTS,
        "dataset": "Its name: the manifest's, or of one rule's share in it.",
        "of": "The manifest's name, where several rules share a dataset.",
        "data_class": "What it holds.",
        "kind": "What kind of store it is.",
        "rule": "The rule that would apply.",
        "due": "What a run would delete now.",
        "total": "All records.",
        "oldest": "Oldest dated record.",
        "newest": "Newest dated record.",
        "over_limit": "More is due than the limits allow.",
        "findings": "What is worth knowing.",
    },
}

HOLD: Meanings = {
    "Hold": {
        "hold": "Its id. The file is called the same, with `.yaml`.",
        "kind": "`restriction` is the restriction of processing (Art. 18 GDPR).",
        "nonce": (
            "Random digits (`openssl rand -hex 16`). They keep the register's digest in reports "
            "and ledger from telling anything about what stands here."
        ),
        "set_by": "Who decided, by function: `legal department`.",
        "set_on": "When it was set.",
        "reason": "Why. It never leaves this file.",
        "person": "Who it is about. It never leaves this file.",
        "sources": "Only in these sources. Without it: in all.",
        "data": (
            "Only these data classes. Without it: all. What tells which call something held "
            "is of stays with it: rows that name a held file, rows and lines of a call with "
            "held ones."
        ),
        "match": "What is held.",
        "release": "Its end, written by `hold release`.",
    },
    "Match": {
        LEAD: (
            "What is held. Of numbers, extensions, mailboxes and calls any one suffices; queue, "
            "tenant and days narrow it. At least one field. A record that doesn't say its queue, "
            "tenant or day is held all the same."
        ),
        "numbers": (
            "Telephone numbers in any spelling, with their country or as the source's `region` "
            "dials them."
        ),
        "extensions": "Internal numbers, compared literally.",
        "mailboxes": "Voicemail boxes: `201`, or `201@context`.",
        "calls": "Call ids as the PBX writes them.",
        "queues": "Queues, compared literally.",
        "tenants": "Tenants, compared literally.",
        "since": "Only records from this day on, in the source's zone.",
        "until": "Only records up to this day, which counts in.",
    },
    "Release": {
        LEAD: "Who ended it. While `ends` is missing, somebody has only asked for it.",
        "asked_by": "Who asked, by function.",
        "asked_on": "When.",
        "given_by": "Who decided or agreed, by function.",
        "given_on": "When.",
        "ends": "The first day on which its records may go.",
    },
}

BY_DOCUMENT: Mapping[str, Meanings] = {
    "hold": HOLD,
    "settings": SETTINGS,
    "policy": POLICY,
    "manifest": MANIFEST,
    "report": REPORT,
    "plan": REPORT,
}
