"""How does a test get a large FusionPBX, and what must be left of it?

``Fusion`` collects rows and files by what happened at the PBX: a call, a message, a fax. ``STAYS``
and ``DANGLING`` say in SQL of their own what must be left of each table, and which references must
lead somewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from support.vendor import CUTOFF, NOW, OLD, YOUNG, Scene, local, spread

CALLS = 20_000
NUMBER = "+4930770770"
"""The beginning of every caller's number, to be looked for where it must not stand."""

DOMAINS = {"acme.example.org": True, "gone.example.org": False}
"""Tenants, and whether they are enabled: FusionPBX's own purge passes the other kind by."""

EDGE = timedelta(seconds=2)
SWITCH = "/var/lib/freeswitch"
Row = Mapping[str, object]

CALL = "COALESCE(originating_leg_uuid, xml_cdr_uuid)"
CALLS_STAY = (
    f"start_epoch IS NULL OR {CALL} IN"
    f" (SELECT {CALL} FROM v_xml_cdr WHERE start_epoch >= {{epoch}})"
    " OR xml_cdr_uuid IN"
    " (SELECT xml_cdr_uuid FROM v_xml_cdr_transcripts WHERE insert_date >= {cutoff})"
)
SIDE_TABLES = ("v_xml_cdr_flow", "v_xml_cdr_json", "v_xml_cdr_logs", "v_xml_cdr_extensions")
STAYS = {
    "v_domains": "1=1",
    "v_voicemails": "1=1",
    "v_recordings": "1=1",
    "v_xml_cdr": CALLS_STAY,
    **dict.fromkeys(
        SIDE_TABLES, f"xml_cdr_uuid IN (SELECT xml_cdr_uuid FROM v_xml_cdr WHERE {CALLS_STAY})"
    ),
    "v_xml_cdr_transcripts": "insert_date >= {cutoff}",
    "v_transcribe_queue": "insert_date >= {cutoff}",
    "v_voicemail_messages": "created_epoch >= {epoch}",
    "v_email_queue": "email_date >= {cutoff} OR email_status NOT IN ('sent', 'failed')",
    "v_email_queue_attachments": (
        "email_queue_uuid IN (SELECT email_queue_uuid FROM v_email_queue"
        " WHERE email_date >= {cutoff} OR email_status NOT IN ('sent', 'failed'))"
    ),
    "v_fax_files": "fax_epoch >= {epoch}",
    "v_fax_queue": "fax_date >= {cutoff} OR fax_status NOT IN ('sent', 'failed')",
    "v_fax_logs": (
        "fax_epoch >= {epoch} OR fax_log_uuid IN (SELECT fax_log_uuid FROM v_fax_queue"
        " WHERE fax_date >= {cutoff} OR fax_status NOT IN ('sent', 'failed'))"
    ),
    "v_messages": "message_date >= {cutoff}",
    "v_message_media": (
        "message_uuid IN (SELECT message_uuid FROM v_messages WHERE message_date >= {cutoff})"
    ),
    "v_message_queue": "message_date >= {cutoff}",
    "v_database_transactions": "transaction_date >= {cutoff}",
    "v_user_logs": '"timestamp" >= {cutoff}',
    "v_event_guard_logs": "log_date >= {cutoff}",
    "v_emergency_logs": "insert_date >= {cutoff}",
}


def orphans(table: str, parent: str, key: str) -> str:
    """A query that counts rows of a table whose parent is gone."""
    return (
        f"SELECT COUNT(*) FROM {table} c WHERE c.{key} IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM {parent} p WHERE p.{key} = c.{key})"
    )


DANGLING = {
    **{table: orphans(table, "v_xml_cdr", "xml_cdr_uuid") for table in SIDE_TABLES},
    "transcripts": orphans("v_xml_cdr_transcripts", "v_xml_cdr", "xml_cdr_uuid"),
    "attachments": orphans("v_email_queue_attachments", "v_email_queue", "email_queue_uuid"),
    "media": orphans("v_message_media", "v_messages", "message_uuid"),
    "fax logs": orphans("v_fax_queue", "v_fax_logs", "fax_log_uuid"),
}


def uuid(kind: int, number: int) -> str:
    """A different id for each pair."""
    return str(UUID(int=(kind << 64) + number))


def epoch(at: datetime) -> int:
    return int(at.timestamp())


@dataclass
class Fusion:
    """Collects rows and files, and what of the files must be left."""

    pbx: Scene
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    left: set[str] = field(default_factory=set)
    _next: int = 0

    def add(self, table: str, **row: object) -> None:
        self.rows[table].append(row)

    def id(self) -> str:
        """A new id for a row that nobody names."""
        self._next += 1
        return uuid(99, self._next)

    def load(self) -> None:
        for table, rows in self.rows.items():
            names = list(dict.fromkeys(name for row in rows for name in row))
            self.pbx.load(table, names, ([row.get(name) for name in names] for row in rows))
        self.rows.clear()

    def file(self, root: str, path: str, *, at: datetime, stays: bool) -> None:
        self.pbx.file(root, path, at=at)
        self.left |= {f"{root}/{path}"} if stays else set()

    def call(
        self,
        number: int,
        at: datetime,
        *,
        leg: int = 0,
        of: str | None = None,
        named: Row | None = None,
        **more: object,
    ) -> str:
        """One leg of a call, a row of v_xml_cdr; returns its id. ``named``: as ``recorded``."""
        key = uuid(2 + leg, number)
        row: dict[str, object] = {
            "xml_cdr_uuid": key,
            "domain_uuid": uuid(1, number % len(DOMAINS)),
            "domain_name": domain(number),
            "caller_id_name": "Erika Mustermann",
            "caller_id_number": f"{NUMBER}{number:05}",
            "destination_number": "2000",
            "start_epoch": epoch(at),
            "start_stamp": at,
            "end_epoch": epoch(at) + 90,
            "end_stamp": at + timedelta(seconds=90),
            "leg": "ab"[leg],
            "originating_leg_uuid": of,
            "bridge_uuid": of,
            "hangup_cause": "NORMAL_CLEARING",
            "insert_date": at + timedelta(seconds=100),
            **(named or {}),
            **more,
        }
        self.add("v_xml_cdr", **row)
        return key

    def side_rows(self, call: str, imported: datetime | None, *, logs: bool = True) -> None:
        """What a leg leaves in the side tables."""
        same: dict[str, object] = {"xml_cdr_uuid": call, "insert_date": imported}
        self.add("v_xml_cdr_flow", xml_cdr_flow_uuid=self.id(), call_flow='{"a": 1}', **same)
        self.add("v_xml_cdr_json", xml_cdr_json_uuid=self.id(), json='{"number": 1}', **same)
        self.add("v_xml_cdr_extensions", xml_cdr_extension_uuid=self.id(), **same)
        if logs:
            self.add("v_xml_cdr_logs", xml_cdr_log_uuid=self.id(), log_content="INVITE", **same)

    def transcript(self, call: str, at: datetime) -> None:
        self.add(
            "v_xml_cdr_transcripts",
            xml_cdr_transcript_uuid=self.id(),
            xml_cdr_uuid=call,
            transcript_json='{"said": "hello"}',
            insert_date=at,
        )
        self.add(
            "v_transcribe_queue",
            transcribe_queue_uuid=call,
            transcribe_status="completed",
            transcribe_message="hello",
            insert_date=at,
        )

    def voicemail(self, number: int, at: datetime, **more: object) -> str:
        """A row of v_voicemail_messages; returns its id."""
        key = uuid(4, number)
        row: dict[str, object] = {
            "voicemail_message_uuid": key,
            "voicemail_uuid": uuid(5, number % 20),
            "created_epoch": epoch(at),
            "caller_id_number": f"{NUMBER}{number:05}",
            "message_status": ("", "saved", "deleted")[number % 3],
            **more,
        }
        self.add("v_voicemail_messages", **row)
        return key

    def mail(self, number: int, at: datetime, *, status: str = "sent") -> None:
        self.add(
            "v_email_queue", email_queue_uuid=uuid(6, number), email_date=at, email_status=status,
            email_to="erika@example.org", email_subject="Voicemail",
        )  # fmt: skip
        for _ in range(2):
            self.add(
                "v_email_queue_attachments",
                email_queue_attachment_uuid=self.id(),
                email_queue_uuid=uuid(6, number),
                email_attachment_base64="UklGRg==",
                insert_date=at,
            )

    def fax(self, number: int, at: datetime, *, status: str = "sent") -> None:
        """A sent fax: a row with its file, its place in the queue, its log."""
        path = f"{domain(number)}/3000/sent/{number}.tif"
        self.add(
            "v_fax_files", fax_file_uuid=uuid(7, number), fax_mode="tx", fax_epoch=epoch(at),
            fax_file_path=f"{SWITCH}/storage/fax/{path}", fax_destination=f"{NUMBER}{number:05}",
        )  # fmt: skip
        self.add(
            "v_fax_logs", fax_log_uuid=uuid(8, number), fax_epoch=epoch(at), fax_date=at,
            fax_uri=f"{NUMBER}{number:05}",
        )  # fmt: skip
        self.add(
            "v_fax_queue", fax_queue_uuid=uuid(9, number), fax_date=at, fax_status=status,
            fax_number=f"{NUMBER}{number:05}", fax_log_uuid=uuid(8, number),
        )  # fmt: skip

    def text(self, number: int, at: datetime) -> None:
        same: dict[str, object] = {
            "message_date": at, "message_from": f"{NUMBER}{number:05}", "message_text": "hello",
        }  # fmt: skip
        self.add("v_messages", message_uuid=uuid(10, number), **same)
        self.add("v_message_queue", message_queue_uuid=uuid(11, number), **same)
        self.add(
            "v_message_media", message_media_uuid=self.id(), message_uuid=uuid(10, number),
            message_media_content="R0lGODlh", insert_date=at,
        )  # fmt: skip

    def administration(self, at: datetime) -> None:
        """One change, one login, one blocked address, one emergency call."""
        self.add(
            "v_database_transactions", database_transaction_uuid=self.id(), transaction_date=at,
            transaction_type="delete", transaction_old=f'{{"caller_id_number": "{NUMBER}"}}',
        )  # fmt: skip
        self.add("v_user_logs", user_log_uuid=self.id(), timestamp=at, username="admin")
        self.add("v_event_guard_logs", event_guard_log_uuid=self.id(), log_date=at)
        self.add("v_emergency_logs", emergency_log_uuid=self.id(), insert_date=at, extension=101)

    def settings(self) -> None:
        """Tenants, mailboxes, announcements: nothing of it may ever go."""
        for number, (name, enabled) in enumerate(DOMAINS.items()):
            self.add(
                "v_domains", domain_uuid=uuid(1, number), domain_name=name, domain_enabled=enabled
            )
        for number in range(20):
            self.add("v_voicemails", voicemail_uuid=uuid(5, number), voicemail_name_base64="UklG")
        self.add("v_recordings", recording_uuid=self.id(), insert_date=OLD, recording_base64="UklG")
        for path in ("welcome.wav", "archive/2020/welcome.wav", "ivr/archive.mp3"):
            self.file("recordings", f"acme.example.org/{path}", at=OLD, stays=True)
        for name in ("greeting_1.wav", "recorded_name.wav"):
            self.file("voicemail", f"default/acme.example.org/101/{name}", at=OLD, stays=True)
        self.file("fax", "acme.example.org/3000/cover.pdf", at=OLD, stays=True)
        self.file("logs", "freeswitch.log", at=OLD, stays=True)


def domain(number: int) -> str:
    return list(DOMAINS)[number % len(DOMAINS)]


def archive(number: int, at: datetime) -> str:
    """The folder of a recording below the root: its day in the switch's time, an English month."""
    return f"{domain(number)}/archive/{local(at, '%Y/%b/%d')}"


def recorded(number: int, at: datetime, name: str) -> Row:
    """The two columns that name a recording."""
    return {"record_path": f"{SWITCH}/recordings/{archive(number, at)}", "record_name": name}


def usual_calls(made: Fusion) -> None:
    """Calls with one or two legs; some are recorded, transcribed, or were imported twice."""
    for number, at in enumerate(spread(CALLS)):
        names: Row = {}
        legs = 2 if number % 20 == 0 else 1
        if number % 50 == 0:
            # Named by the called leg where there is one, so two rows name one file.
            name = f"{uuid(1 + legs, number)}.mp3"
            names = recorded(number, at, name)
            written = NOW - timedelta(hours=2) if number % 200 == 0 else at
            path = f"{archive(number, at)}/{name}"
            made.file("recordings", path, at=written, stays=at >= CUTOFF)
        imported = NOW - timedelta(days=1) if number % 50 == 7 else at + timedelta(seconds=100)
        first = made.call(number, at, insert_date=imported, named=names)
        made.side_rows(first, imported, logs=number % 5 == 0)
        if legs == 2:
            began = at + timedelta(seconds=3)
            made.side_rows(made.call(number, began, leg=1, of=first, named=names), imported)
        if number % 10 == 1:
            made.transcript(first, at + timedelta(seconds=400))


def odd_calls(made: Fusion) -> None:
    """At the edge of the cut-off, over it, without a date, waiting for a transcript."""
    made.call(CALLS, CUTOFF - EDGE)
    made.call(CALLS + 1, CUTOFF)
    first = made.call(CALLS + 2, CUTOFF - EDGE)
    second = made.call(CALLS + 2, CUTOFF + EDGE, leg=1, of=first)
    for leg in (first, second):
        made.side_rows(leg, CUTOFF - EDGE)
    undated = made.call(CALLS + 3, OLD, start_epoch=None)
    made.side_rows(undated, OLD)
    waiting = made.call(CALLS + 4, CUTOFF - EDGE)
    made.side_rows(waiting, CUTOFF - EDGE)
    made.transcript(waiting, CUTOFF + EDGE)
    # Two calls share a file: the younger one holds it.
    shared = recorded(0, OLD, "shared.wav")
    made.call(CALLS + 6, OLD, named=shared)
    made.call(CALLS + 8, YOUNG, named=shared)
    made.file("recordings", f"{archive(0, OLD)}/shared.wav", at=OLD, stays=True)


def messages(made: Fusion) -> None:
    """Voicemail in rows and in files, mails, faxes, text messages, and what admins did."""
    for number, at in enumerate(spread(400, seed=2)):
        box = f"default/{domain(number)}/{1000 + number % 20}"
        stays = at >= CUTOFF
        if number % 2:
            made.voicemail(number, at, message_base64="UklGRg==")
        else:
            key = made.voicemail(number, at)
            made.file("voicemail", f"{box}/msg_{key}.wav", at=at, stays=stays)
            if number % 4 == 0:
                made.file("voicemail", f"{box}/intro_{key}.wav", at=at, stays=stays)
        made.mail(number, at, status="sent" if number % 3 else "failed")
        made.fax(number, at, status="sent" if number % 3 else "failed")
        if number % 3 == 0:
            for tail in ("tif", "pdf"):
                path = f"{domain(number)}/3000/sent/{number}.{tail}"
                made.file("fax", path, at=at, stays=stays)
        made.text(number, at)
        made.administration(at)
    made.mail(1_000, OLD, status="waiting")
    made.fax(1_000, OLD, status="trying")


def cdr_files(made: Fusion) -> None:
    """Call records as files: not imported, refused, archived."""
    for number, at in enumerate(spread(90, seed=6)):
        key, stays = uuid(12, number), at >= CUTOFF
        day = archive(number, at).partition("/archive/")[2]
        path = (
            f"a_{key}.cdr.xml",
            f"failed/{('xml/', 'sql/', '')[number // 3 % 3]}{key}.cdr.xml",
            f"archive/{day}/{key}.{('xml', 'json')[number % 2]}",
        )[number % 3]
        made.file("logs", f"xml_cdr/{path}", at=at, stays=stays)
