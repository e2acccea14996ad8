"""FusionPBX: do calls go with all they left in side tables, folders, queues and files, and no more?

The traps bear their numbers from the notes on the product (F1 to F10). F7 (space until VACUUM) and
F9 (its own settings twice) have no test, for nothing is done about them; the README says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from support.servers import PostgreSQL
from support.vendor import CUTOFF, NOW, OLD, YOUNG, Scene, local, scene, spread

from pbxretain import connector
from pbxretain.errors import DriftError, Exit, LockedError
from pbxretain.execute import RunResult

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
SIDE_TABLES = {
    "v_xml_cdr_flow": "xml_cdr_flow_uuid",
    "v_xml_cdr_json": "xml_cdr_json_uuid",
    "v_xml_cdr_logs": "xml_cdr_log_uuid",
    "v_xml_cdr_extensions": "xml_cdr_extension_uuid",
}
STAYS = {
    "v_domains": "1=1",
    "v_voicemails": "1=1",
    "v_recordings": "1=1",
    "v_xml_cdr": CALLS_STAY,
    **{
        table: f"xml_cdr_uuid IN (SELECT xml_cdr_uuid FROM v_xml_cdr WHERE {CALLS_STAY})"
        for table in SIDE_TABLES
    },
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
    "v_user_logs": "\"timestamp\" >= {cutoff}",
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


# --- a FusionPBX ---


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
        self, number: int, at: datetime, *, leg: int = 0, of: str | None = None, **more: object
    ) -> str:
        """One leg of a call, a row of v_xml_cdr; returns its id."""
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
    month = ("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())[int(local(at, "%m")) - 1]
    return f"{domain(number)}/archive/{local(at, '%Y')}/{month}/{local(at, '%d')}"


def recorded(number: int, at: datetime, name: str) -> dict[str, object]:
    """The two columns that name a recording."""
    return {"record_path": f"{SWITCH}/recordings/{archive(number, at)}", "record_name": name}


def usual_calls(made: Fusion) -> None:
    """Calls with one or two legs; some are recorded, transcribed, or were imported a second time."""
    for number, at in enumerate(spread(CALLS)):
        names: dict[str, object] = {}
        legs = 2 if number % 4 == 0 else 1
        if number % 50 == 0:
            # Named by the called leg where there is one, so two rows name one file.
            name = f"{uuid(1 + legs, number)}.mp3"
            names = recorded(number, at, name)
            written = NOW - timedelta(hours=2) if number % 200 == 0 else at
            path = f"{archive(number, at)}/{name}"
            made.file("recordings", path, at=written, stays=at >= CUTOFF)
        imported = NOW - timedelta(days=1) if number % 50 == 7 else at + timedelta(seconds=100)
        first = made.call(number, at, insert_date=imported, **names)
        made.side_rows(first, imported, logs=number % 5 == 0)
        if legs == 2:
            began = at + timedelta(seconds=3)
            made.side_rows(made.call(number, began, leg=1, of=first, **names), imported)
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
    made.call(CALLS + 6, OLD, **shared)
    made.call(CALLS + 8, YOUNG, **shared)
    made.file("recordings", f"{archive(0, OLD)}/shared.wav", at=OLD, stays=True)


def messages(made: Fusion) -> None:
    """Voicemail in rows and in files, mails, faxes, text messages, and what admins did."""
    for number, at in enumerate(spread(600, seed=2)):
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


@pytest.fixture
def made(postgresql: PostgreSQL, tmp_path: Path) -> Fusion:
    """A FusionPBX with settings, announcements and greetings, and nothing else yet."""
    fusion = Fusion(scene("fusionpbx", postgresql, tmp_path))
    fusion.settings()
    return fusion


def ran(made: Fusion) -> RunResult:
    """Loads what was added and runs once; the run must end well."""
    made.load()
    made.pbx.grant()
    done = made.pbx.run()
    assert [str(error) for error in done.errors] == []
    assert done.exit_code == Exit.OK
    return done


def went(made: Fusion) -> dict[str, int]:
    """How much one run took, by dataset."""
    return {result.dataset: result.deleted for result in ran(made).results if result.deleted}


def ids(made: Fusion, table: str) -> set[str]:
    """The keys that are left of a table, first column that is one."""
    key = {"v_xml_cdr": "xml_cdr_uuid", "v_voicemail_messages": "voicemail_message_uuid"}[table]
    return {str(found) for (found,) in made.pbx.do(f"SELECT {key} FROM {table}")}


# --- the whole ---


def test_of_twenty_thousand_calls_and_all_they_left_exactly_the_due_goes(made: Fusion) -> None:
    usual_calls(made)
    odd_calls(made)
    messages(made)
    cdr_files(made)
    made.load()
    made.pbx.stays = STAYS
    made.pbx.dangling = DANGLING
    done = made.pbx.deletes_exactly_the_due(files=made.left)
    quiet = {r.dataset for r in done.results if not r.deleted}
    assert quiet == {
        "loose-flow", "loose-json", "loose-logs", "loose-extensions", "loose-attachments",
        "loose-media",
    }  # fmt: skip


def test_no_number_and_no_file_name_stands_in_a_report_or_a_journal(
    made: Fusion, tmp_path: Path
) -> None:
    name = f"{NUMBER}-{uuid(2, 1)}"
    made.call(1, OLD, **recorded(1, OLD, f"{name}.wav"))
    made.file("recordings", f"{archive(1, OLD)}/{name}.wav", at=OLD, stays=False)
    made.administration(OLD)
    ran(made)
    texts = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert len(texts) > 2
    assert not any(mark.encode() in text for text in texts for mark in (NUMBER, uuid(2, 1)))


# --- the traps ---


def test_f1_rows_whose_call_is_gone_go_by_their_own_date(made: Fusion) -> None:
    for number, at in enumerate((OLD, YOUNG, None)):
        made.side_rows(uuid(77, number), at)
    alive = made.call(1, YOUNG)
    made.side_rows(alive, OLD)
    assert went(made) == {
        "loose-flow": 1, "loose-json": 1, "loose-logs": 1, "loose-extensions": 1,
    }  # fmt: skip
    for table in SIDE_TABLES:
        left = {str(k) for (k,) in made.pbx.do(f"SELECT xml_cdr_uuid FROM {table}")}
        assert left == {alive, uuid(77, 1), uuid(77, 2)}, table


def test_f1_attachments_and_pictures_without_their_message_go_too(made: Fusion) -> None:
    """The vendor's script deletes mails and leaves the sound in their attachments."""
    for number, at in enumerate((OLD, YOUNG)):
        made.mail(number, at)
        made.text(number, at)
    made.load()
    made.pbx.do("DELETE FROM v_email_queue")
    made.pbx.do("DELETE FROM v_messages")
    assert went(made) == {"loose-attachments": 2, "loose-media": 1, "message-queue": 1}
    assert made.pbx.do("SELECT COUNT(*) FROM v_email_queue_attachments") == [(2,)]
    assert made.pbx.do("SELECT COUNT(*) FROM v_message_media") == [(1,)]


def test_f2_a_second_import_makes_no_call_young_and_none_old(made: Fusion) -> None:
    made.side_rows(made.call(1, OLD, insert_date=NOW), NOW)
    young = made.call(2, YOUNG, insert_date=OLD)
    made.side_rows(young, OLD)
    assert went(made) == {"calls": 1}
    assert ids(made, "v_xml_cdr") == {young}
    for table in SIDE_TABLES:
        assert made.pbx.do(f"SELECT COUNT(*) FROM {table}") == [(1,)]


def test_f3_a_recording_is_as_old_as_its_call_else_as_its_folder_whatever_its_mtime(
    made: Fusion,
) -> None:
    converted = NOW - timedelta(hours=3)
    made.call(1, OLD, **recorded(1, OLD, "called.mp3"))
    made.file("recordings", f"{archive(1, OLD)}/called.mp3", at=converted, stays=False)
    made.file("recordings", f"{archive(1, OLD)}/nobody.mp3", at=converted, stays=False)
    made.file("recordings", f"{archive(1, YOUNG)}/restored.mp3", at=OLD, stays=True)
    # Its folder is old, but the call that names it is not.
    made.call(2, YOUNG, **recorded(2, OLD, "held.mp3"))
    made.file("recordings", f"{archive(2, OLD)}/held.mp3", at=OLD, stays=True)
    assert went(made) == {"recordings": 2, "calls": 1}
    assert made.pbx.left() == made.left


def test_f4_a_file_that_two_calls_name_goes_with_the_last_of_them(made: Fusion) -> None:
    shared = recorded(0, OLD, "shared.wav")
    made.call(0, OLD, **shared)
    young = made.call(2, YOUNG, **shared)
    made.file("recordings", f"{archive(0, OLD)}/shared.wav", at=OLD, stays=True)
    made.call(4, OLD, **recorded(0, OLD, "both.wav"))
    made.call(6, OLD - timedelta(days=1), **recorded(0, OLD, "both.wav"))
    made.file("recordings", f"{archive(0, OLD)}/both.wav", at=OLD, stays=False)
    assert went(made) == {"recordings": 1, "calls": 3}
    assert made.pbx.left() == made.left
    assert made.pbx.do("SELECT xml_cdr_uuid::text, record_name FROM v_xml_cdr") == [
        (young, "shared.wav")
    ]


def test_f4_the_same_name_in_the_folders_of_two_days_means_two_files(made: Fusion) -> None:
    for number, at in ((0, OLD), (2, YOUNG)):
        made.call(number, at, **recorded(number, at, "conference.wav"))
        path = f"{archive(number, at)}/conference.wav"
        made.file("recordings", path, at=at, stays=at == YOUNG)
    assert went(made) == {"recordings": 1, "calls": 1}
    assert made.pbx.left() == made.left


def test_a_call_that_outlives_its_recording_no_longer_names_it(made: Fusion) -> None:
    made.pbx.keep = {**everything(made), "call-detail-records": "2 years"}
    key = made.call(1, OLD, **recorded(1, OLD, "gone.mp3"))
    made.file("recordings", f"{archive(1, OLD)}/gone.mp3", at=OLD, stays=False)
    assert went(made) == {"recordings": 1}
    assert made.pbx.do("SELECT xml_cdr_uuid::text, record_name FROM v_xml_cdr") == [(key, None)]
    assert made.pbx.do("SELECT COUNT(*) FROM view_call_recordings") == [(0,)]


def test_a_recording_that_outlives_its_call_makes_the_call_wait(made: Fusion) -> None:
    made.pbx.keep = {**everything(made), "call-recordings": "2 years"}
    key = made.call(1, OLD, **recorded(1, OLD, "kept.mp3"))
    made.call(2, OLD)
    made.file("recordings", f"{archive(1, OLD)}/kept.mp3", at=OLD, stays=True)
    assert went(made) == {"calls": 1}
    assert ids(made, "v_xml_cdr") == {key}
    assert made.pbx.left() == made.left


def everything(made: Fusion) -> dict[str, str]:
    return dict.fromkeys(made.pbx.connector.manifest.offered(), "90 days")


def test_a_transcript_that_may_stay_longer_makes_its_call_wait(made: Fusion) -> None:
    made.pbx.keep = {**everything(made), "transcripts": "forever"}
    key = made.call(1, OLD)
    made.side_rows(key, OLD)
    made.transcript(key, OLD)
    made.call(2, OLD)
    assert went(made) == {"calls": 1}
    assert ids(made, "v_xml_cdr") == {key}
    assert made.pbx.do("SELECT COUNT(*) FROM v_xml_cdr_json") == [(1,)]


def test_f5_whether_the_sound_is_in_the_row_or_in_a_file_is_found_row_by_row(made: Fusion) -> None:
    box = "default/acme.example.org/101"
    made.voicemail(1, OLD, message_base64="UklGRg==", message_intro_base64="UklGRg==")
    filed = made.voicemail(2, OLD)
    made.file("voicemail", f"{box}/msg_{filed}.wav", at=OLD, stays=False)
    made.file("voicemail", f"{box}/intro_msg_{filed}.wav", at=OLD, stays=False)
    both = made.voicemail(3, OLD, message_base64="UklGRg==")
    made.file("voicemail", f"{box}/msg_{both}.mp3", at=OLD, stays=False)
    made.voicemail(4, OLD)
    young = made.voicemail(5, YOUNG)
    made.file("voicemail", f"{box}/msg_{young}.wav", at=OLD, stays=True)
    went(made)
    assert ids(made, "v_voicemail_messages") == {young}
    assert made.pbx.left() == made.left


def test_f6_the_copy_that_a_deletion_in_the_web_pages_leaves_goes_too(made: Fusion) -> None:
    made.administration(OLD)
    made.administration(YOUNG)
    ran(made)
    assert made.pbx.do("SELECT COUNT(*) FROM v_database_transactions") == [(1,)]


def test_f6_a_run_writes_no_copy_of_what_it_deletes(made: Fusion) -> None:
    made.side_rows(made.call(1, OLD), OLD)
    assert went(made) == {"calls": 1}
    assert made.pbx.do("SELECT COUNT(*) FROM v_database_transactions") == [(0,)]


def test_f8_a_message_that_waits_to_be_emptied_out_is_still_there_and_goes(made: Fusion) -> None:
    made.voicemail(1, OLD, message_status="deleted")
    young = made.voicemail(2, YOUNG, message_status="deleted")
    assert went(made) == {"voicemail": 1}
    assert ids(made, "v_voicemail_messages") == {young}


def test_f10_of_two_nodes_only_one_runs(made: Fusion, tmp_path: Path) -> None:
    made.call(1, OLD)
    made.load()
    made.pbx.grant()
    with opened(made.pbx, exclusive=True), pytest.raises(LockedError):
        with opened(made.pbx, exclusive=True):
            pass
    assert ids(made, "v_xml_cdr") == {uuid(2, 1)}


def test_a_tenant_that_is_switched_off_is_no_exception(made: Fusion) -> None:
    disabled = list(DOMAINS).index("gone.example.org")
    made.call(disabled, OLD)
    assert went(made) == {"calls": 1}


def test_a_call_record_that_waits_for_its_import_does_not_bring_the_call_back(
    made: Fusion,
) -> None:
    """The import is a service: it reads what lies in the folder at any moment."""
    for number, at in ((1, OLD), (2, YOUNG)):
        made.call(number, at)
        made.file("logs", f"xml_cdr/a_{uuid(2, number)}.cdr.xml", at=at, stays=at == YOUNG)
    done = ran(made)
    order = [result.dataset for result in done.results]
    assert order.index("cdr-files") < order.index("calls")
    assert set(imported(made.pbx)) == {uuid(2, 2)} == ids(made, "v_xml_cdr")


def imported(pbx: Scene) -> Iterator[str]:
    """What an import would make rows of."""
    for path in (pbx.root("logs") / "xml_cdr").glob("*.cdr.xml"):
        yield path.name.removeprefix("a_").removesuffix(".cdr.xml")


def test_what_is_not_sent_yet_waits_with_all_that_belongs_to_it(made: Fusion) -> None:
    made.mail(1, OLD, status="trying")
    made.fax(1, OLD, status="waiting")
    assert went(made) == {"fax-files": 1}
    for table, count in (("v_email_queue_attachments", 2), ("v_fax_logs", 1), ("v_fax_queue", 1)):
        assert made.pbx.do(f"SELECT COUNT(*) FROM {table}") == [(count,)]


def test_what_an_older_version_lacks_is_not_missed(made: Fusion) -> None:
    for table in ("v_xml_cdr_transcripts CASCADE", "v_transcribe_queue", "v_xml_cdr_logs",
                  "v_messages", "v_message_media", "v_message_queue"):  # fmt: skip
        made.pbx.do(f"DROP TABLE {table}")
    key = made.call(1, OLD)
    made.add("v_xml_cdr_json", xml_cdr_json_uuid=made.id(), xml_cdr_uuid=key, insert_date=OLD)
    assert went(made) == {"calls": 1}
    assert made.pbx.do("SELECT COUNT(*) FROM v_xml_cdr_json") == [(0,)]


# --- drift ---


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE v_xml_cdr RENAME COLUMN start_epoch TO began", "start_epoch"),
        ("ALTER TABLE v_xml_cdr_json RENAME COLUMN xml_cdr_uuid TO call", "xml_cdr_uuid"),
        ("CREATE TABLE notes (call uuid REFERENCES v_xml_cdr ON DELETE CASCADE)", "notes"),
        ("CREATE TABLE v_xml_cdr_2024 (LIKE v_xml_cdr)", "v_xml_cdr_2024"),
        (
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
            "CREATE TRIGGER keeper AFTER DELETE ON v_xml_cdr_flow"
            " FOR EACH ROW EXECUTE FUNCTION keep()",
            "keeper",
        ),
    ],
    ids=["column", "side table's column", "cascade", "copy", "trigger"],
)
def test_a_schema_that_has_changed_refuses_and_is_named(
    made: Fusion, change: str, named: str
) -> None:
    made.load()
    made.pbx.grant()
    made.pbx.do(change)
    with pytest.raises(DriftError, match=named), opened(made.pbx):
        pass


def opened(pbx: Scene, *, exclusive: bool = False) -> Any:
    """The source, opened; ``exclusive`` as a run does."""
    terms = pbx.terms()
    return connector.opened(
        terms.source, pbx.connector, name="office", installation="test", exclusive=exclusive
    )
