"""How does a test get a large Wazo, and what must be left of it?

``Wazo`` collects rows and files by what happened at the PBX: a call, a recording, a message.
``STAYS`` and ``DANGLING`` say in SQL of their own what must be left of each table, and which
references must lead somewhere. ``rebuilt`` does in our words what Wazo does each night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from support.vendor import CUTOFF, NOW, OLD, YOUNG, Scene, local, spread
from support.voicemail import SpoolMaker

CALLS = 20_000
NUMBER = "+4930770770"
"""The beginning of every caller's number, to be looked for where it must not stand."""

SOUNDS = "/var/lib/wazo/sounds/tenants"
TENANTS = 2
EDGE = timedelta(seconds=2)
PART_OF_A_NIGHT = 20_000
"""So many unprocessed events Wazo looks at (``wazo-call-logs``, as cron starts it)."""

EVENTS_STAY = "linkedid IN (SELECT linkedid FROM cel WHERE eventtime >= {cutoff})"
RECORDINGS_STAY = (
    "call_log_id IN (SELECT call_log_id FROM call_logd_recording WHERE start_time >= {cutoff})"
)
CALLS_STAY = (
    "date >= {cutoff} OR conversation_id IN"
    " (SELECT conversation_id FROM call_logd_call_log WHERE date >= {cutoff})"
    f" OR id IN (SELECT call_log_id FROM call_logd_recording WHERE {RECORDINGS_STAY})"
    f" OR id IN (SELECT call_log_id FROM cel WHERE {EVENTS_STAY})"
    f" OR conversation_id IN (SELECT linkedid FROM cel WHERE {EVENTS_STAY})"
)
BELOW_CALLS = f"call_log_id IN (SELECT id FROM call_logd_call_log WHERE {CALLS_STAY})"
MESSAGES_STAY = "SELECT uuid FROM chatd_room_message WHERE created_at >= {cutoff}"
DELIVERIES_STAY = f"SELECT id FROM chatd_message_delivery WHERE message_uuid IN ({MESSAGES_STAY})"


def _by_call(table: str) -> str:
    """Rows of one call stay together; a word instead of an id means no call."""
    return (
        "time >= {cutoff} OR time IS NULL OR (callid ~ '[0-9]' AND callid IN"
        f" (SELECT callid FROM {table} WHERE time >= {{cutoff}}))"
    )


CONFIGURATION = (
    "call_logd_tenant", "call_logd_retention", "call_logd_config", "queuefeatures", "stat_queue",
    "stat_agent", "voicemail", "webhookd_subscription", "chatd_tenant", "chatd_user", "chatd_room",
    "chatd_room_user", "chatd_user_identity",
)  # fmt: skip
STAYS = {
    **dict.fromkeys(CONFIGURATION, "1=1"),
    "cel": EVENTS_STAY,
    "call_logd_recording": RECORDINGS_STAY,
    "call_logd_call_log": CALLS_STAY,
    "call_logd_call_log_participant": BELOW_CALLS,
    "call_logd_call_log_destination": BELOW_CALLS,
    "call_logd_export": "requested_at >= {cutoff} OR status IN ('pending', 'processing')",
    "call_logd_voicemail_transcription": "created_at >= {cutoff}",
    "queue_log": _by_call("queue_log"),
    "stat_call_on_queue": _by_call("stat_call_on_queue"),
    "stat_queue_periodic": "time >= {cutoff}",
    "stat_agent_periodic": "time >= {cutoff}",
    "stat_switchboard_queue": "time >= {local}",
    "webhookd_subscription_log": "started_at >= {cutoff} OR started_at IS NULL",
    "chatd_room_message": "created_at >= {cutoff}",
    "chatd_message_meta": f"message_uuid IN ({MESSAGES_STAY})",
    "chatd_message_delivery": f"message_uuid IN ({MESSAGES_STAY})",
    "chatd_delivery_record": f"delivery_id IN ({DELIVERIES_STAY})",
}
DANGLING = {
    "events": (
        "SELECT COUNT(*) FROM cel e WHERE call_log_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM call_logd_call_log c WHERE c.id = e.call_log_id)"
    ),
    # Foreign keys guard these, but only their rows; a NULL would slip through.
    "participants": "SELECT COUNT(*) FROM call_logd_call_log_participant WHERE call_log_id IS NULL",
    "destinations": "SELECT COUNT(*) FROM call_logd_call_log_destination WHERE call_log_id IS NULL",
}


def uuid(kind: int, number: int) -> str:
    """A different id for each pair; no number of a caller can be read in it."""
    return str(UUID(int=(0xABCD << 112) + (kind << 64) + number))


def linkedid(number: int, at: datetime) -> str:
    return f"{int(at.timestamp())}.{number}"


def tenant(number: int) -> str:
    return uuid(1, number % TENANTS)


def monitor(number: int, at: int = 0) -> str:
    """A recording's path below the root; ``at`` counts the recordings of one call."""
    return f"{tenant(number)}/monitor/{uuid(2 + at, number)}.wav"


@dataclass
class Wazo:
    """Collects rows and files, and what of the files must be left."""

    pbx: Scene
    rows: dict[str, list[Mapping[str, object]]] = field(default_factory=lambda: defaultdict(list))
    left: set[str] = field(default_factory=set)

    def add(self, table: str, **row: object) -> None:
        self.rows[table].append(row)

    def load(self) -> None:
        for table, rows in self.rows.items():
            names = list(dict.fromkeys(name for row in rows for name in row))
            self.pbx.load(table, names, ([row.get(name) for name in names] for row in rows))
        self.rows.clear()

    def file(self, root: str, path: str, *, at: datetime, stays: bool) -> None:
        self.pbx.file(root, path, at=at)
        self.left |= {f"{root}/{path}"} if stays else set()

    def settings(self) -> None:
        """Tenants, users, queues, announcements: nothing of it may ever go."""
        for number in range(TENANTS):
            self.add("call_logd_tenant", uuid=tenant(number))
            self.add("chatd_tenant", uuid=tenant(number))
        self.add("call_logd_retention", tenant_uuid=tenant(0), cdr_days=1, recording_days=0)
        self.add(
            "call_logd_config", retention_cdr_days=30, retention_cdr_days_from_file=False,
            retention_recording_days=365, retention_recording_days_from_file=False,
            retention_export_days=2, retention_export_days_from_file=False,
        )  # fmt: skip
        self.add("queuefeatures", id=1, name="support")
        self.add("stat_queue", id=1, name="support", tenant_uuid=tenant(0), deleted=False)
        self.add("stat_agent", id=1, name="Agent/1001", tenant_uuid=tenant(0), deleted=False)
        self.add("voicemail", context="default", mailbox="1001", fullname="Erika Mustermann")
        self.add("webhookd_subscription", uuid=uuid(20, 1), owner_tenant_uuid=tenant(0))
        self.add("chatd_user", uuid=uuid(21, 1), tenant_uuid=tenant(0), state="available")
        self.add("chatd_room", uuid=uuid(22, 1), tenant_uuid=tenant(0))
        self.add(
            "chatd_room_user", room_uuid=uuid(22, 1), uuid=uuid(21, 1), tenant_uuid=tenant(0),
            wazo_uuid=uuid(23, 1),
        )  # fmt: skip
        self.add(
            "chatd_user_identity", uuid=uuid(24, 1), tenant_uuid=tenant(0), user_uuid=uuid(21, 1),
            backend="sms", type="sms", identity="+4930123",
        )  # fmt: skip
        self.load()
        for name in ("playback/welcome.wav", "acd/monitor/hold.wav", "monitor.wav"):
            self.file("recordings", f"{tenant(0)}/{name}", at=OLD, stays=True)

    def call(
        self,
        number: int,
        at: datetime,
        *,
        events: tuple[datetime, ...] | None = None,
        processed: bool = True,
        **more: object,
    ) -> str:
        """One call log with all that hangs on it; returns its conversation's id. ``events``: when
        its channel events were, by default four from its start on."""
        conversation = str(more.get("conversation_id") or linkedid(number, at))
        caller = f"{NUMBER}{number:05}"
        row: dict[str, object] = {
            "id": number, "date": at, "date_answer": at + timedelta(seconds=9),
            "date_end": at + timedelta(seconds=99), "tenant_uuid": tenant(number),
            "source_name": "Erika Mustermann", "source_exten": caller, "requested_exten": "2000",
            "destination_exten": "1001", "direction": ("inbound", "internal", None)[number % 3],
            "conversation_id": conversation, **more,
        }  # fmt: skip
        self.add("call_logd_call_log", **row)
        log = row["id"]
        for role in ("source", "destination")[: 1 + number % 2]:
            self.add(
                "call_logd_call_log_participant", call_log_id=log, user_uuid=uuid(21, 1),
                role=role, tags="{}", answered=True, requested=False, forwarded=False,
            )  # fmt: skip
        for key, value in (("type", "user"), ("user_name", "Erika"))[: 1 + number % 2]:
            self.add(
                "call_logd_call_log_destination", call_log_id=log, destination_details_key=key,
                destination_details_value=value,
            )  # fmt: skip
        usual = tuple(at + timedelta(seconds=s) for s in (0, 9, 99, 99))
        for moment in usual if events is None else events:
            self.event(conversation, moment, log=log if processed else None, caller=caller)
        return conversation

    def event(
        self, conversation: str, at: datetime, *, log: object = None, caller: str = NUMBER
    ) -> None:
        """One channel event; without ``log`` Wazo hasn't made a call log out of it yet."""
        empty = dict.fromkeys(
            ("userdeftype", "cid_rdnis", "cid_dnid", "appdata", "accountcode", "peeraccount",
             "userfield", "peer"),
            "",
        )  # fmt: skip
        self.add(
            "cel", eventtype="CHAN_START", eventtime=at, cid_name="Erika", cid_num=caller,
            cid_ani=caller, exten="2000", context="from-extern", channame="PJSIP/x-00000001",
            appname="", amaflags=3, uniqueid=conversation, linkedid=conversation,
            call_log_id=log, **empty,
        )  # fmt: skip

    def recording(
        self,
        number: int,
        at: datetime,
        *,
        stays: bool | None,
        count: int = 0,
        written: datetime | None = None,
    ) -> None:
        """A recording of that call log, with a file unless ``stays`` is None (media deleted)."""
        path = monitor(number, count)
        self.add(
            "call_logd_recording", uuid=uuid(2 + count, number), call_log_id=number,
            start_time=at, end_time=at + timedelta(seconds=60),
            path=None if stays is None else f"{SOUNDS}/{path}",
        )  # fmt: skip
        if stays is not None:
            self.file("recordings", path, at=written or at, stays=stays)

    def export(
        self,
        number: int,
        at: datetime,
        *,
        stays: bool | None,
        status: str = "finished",
        written: datetime | None = None,
    ) -> None:
        """A request to pack recordings, with its package unless ``stays`` is None."""
        path = f"{uuid(10, number)}.zip"
        self.add(
            "call_logd_export", uuid=uuid(10, number), tenant_uuid=tenant(number),
            user_uuid=uuid(21, 1), requested_at=at, status=status,
            path=None if stays is None else str(self.pbx.root("exports") / path),
        )  # fmt: skip
        if stays is not None:
            self.file("exports", path, at=written or at, stays=stays)

    def transcript(self, message: str, at: datetime) -> None:
        self.add(
            "call_logd_voicemail_transcription", message_id=message, tenant_uuid=tenant(0),
            voicemail_id=1, transcription_text="call me back", created_at=at,
        )  # fmt: skip

    def queue_call(self, call: str, at: datetime) -> None:
        """A call in a queue: its events, and what was counted out of them."""
        for seconds, name, detail in ((0, "ENTERQUEUE", f"{NUMBER}1"), (9, "CONNECT", "x")):
            self.queue_event(call, at + timedelta(seconds=seconds), event=name, data2=detail)
        self.add(
            "stat_call_on_queue", callid=call, time=at, status="answered", ringtime=9,
            talktime=60, waittime=9, stat_queue_id=1, stat_agent_id=1,
        )  # fmt: skip

    def queue_event(self, call: str, at: datetime | None, **more: object) -> None:
        self.add("queue_log", time=at, callid=call, queuename="support", agent="Agent/1001", **more)

    def hour(self, at: datetime) -> None:
        """An hour's statistics, and one call at a switchboard (local time without a zone)."""
        self.add("stat_agent_periodic", time=at, stat_agent_id=1, login_time="1:00:00",
                 pause_time="0", wrapup_time="0")  # fmt: skip
        zeros = dict.fromkeys(
            ("answered", "abandoned", "total", "full", "closed", "joinempty", "leaveempty",
             "divert_ca_ratio", "divert_waittime", "timeout"),
            0,
        )  # fmt: skip
        self.add("stat_queue_periodic", time=at, stat_queue_id=1, **zeros)
        self.add(
            "stat_switchboard_queue", time=local(at), end_type="completed", wait_time=3.5,
            queue_id=1,
        )  # fmt: skip

    def webhook(self, number: int, at: datetime | None) -> None:
        self.add(
            "webhookd_subscription_log", uuid=uuid(25, number), subscription_uuid=uuid(20, 1),
            status="success", started_at=at, attempts=1, max_attempts=9,
            event=f'{{"caller": "{NUMBER}{number:05}"}}', detail="{}",
        )  # fmt: skip

    def message(self, number: int, at: datetime) -> None:
        """A text message with its delivery."""
        key = uuid(26, number)
        self.add(
            "chatd_room_message", uuid=key, room_uuid=uuid(22, 1), content="hello",
            user_uuid=uuid(21, 1), tenant_uuid=tenant(0), wazo_uuid=uuid(23, 1), created_at=at,
        )  # fmt: skip
        self.add("chatd_message_meta", message_uuid=key, extra="{}")
        self.add(
            "chatd_message_delivery", id=number, message_uuid=key, backend="sms", type="sms",
            recipient_identity=f"{NUMBER}{number:05}", external_id=f"x{number}", retry_count=0,
        )  # fmt: skip
        for status in ("pending", "delivered"):
            self.add("chatd_delivery_record", delivery_id=number, status=status, timestamp=at)


def rebuilt(pbx: Scene) -> set[str]:
    """The conversations of which Wazo would make call logs tonight, by ``find_last_unprocessed``
    of wazo-call-logd: the newest events without a call log, and all others of their calls."""
    return {
        str(found)
        for (found,) in pbx.do(
            "SELECT DISTINCT linkedid FROM (SELECT linkedid FROM cel WHERE call_log_id IS NULL"
            f" ORDER BY eventtime DESC LIMIT {PART_OF_A_NIGHT}) unprocessed"
        )
    }


def usual_calls(made: Wazo) -> None:
    """Calls of 200 days: some of two call logs, recorded, in a queue, unprocessed, made anew."""
    for number, at in enumerate(spread(CALLS), start=1):
        log = number if number % 40 != 7 else CALLS + 1000 + number
        moments = (0, 9, 99, 99) if number % 2 else (0, 20)  # answered, or not
        events = tuple(at + timedelta(seconds=s) for s in moments)
        call = made.call(number, at, events=events, processed=number % 30 != 0, id=log)
        if number % 25 == 1:
            later = CALLS * 2 + number
            began = at + timedelta(seconds=30)
            made.call(later, began, events=(began,), conversation_id=call)
        if number % 40 == 0:
            deleted = number % 400 == 0
            converted = NOW - timedelta(hours=2) if number % 120 == 0 else at
            stays = None if deleted else at >= CUTOFF
            made.recording(number, at + EDGE, stays=stays, written=converted)
        if number % 10 == 3:
            made.queue_call(call, at)


def odd_calls(made: Wazo) -> None:
    """At the edge of the cut-off, over it in each of the ways in which a call may be."""
    first = CALLS * 4
    made.call(first, CUTOFF - EDGE, events=(CUTOFF - EDGE,))
    made.call(first + 1, CUTOFF, events=(CUTOFF,))
    # Two call logs of a conversation; events alone; a recording alone; unprocessed events.
    over = made.call(first + 2, CUTOFF - EDGE, events=())
    made.call(first + 3, CUTOFF + EDGE, events=(), conversation_id=over)
    made.call(first + 4, CUTOFF - EDGE, events=(CUTOFF - EDGE, CUTOFF + EDGE))
    made.call(first + 6, CUTOFF - EDGE, events=())
    made.recording(first + 6, CUTOFF - EDGE, stays=True)
    made.recording(first + 6, CUTOFF + EDGE, stays=True, count=1)
    made.call(first + 8, CUTOFF - EDGE, events=(CUTOFF - EDGE, CUTOFF + EDGE), processed=False)
    made.queue_call(linkedid(first + 4, CUTOFF - EDGE), CUTOFF - EDGE)
    for at in (OLD, CUTOFF - EDGE, CUTOFF, YOUNG, None):
        made.queue_event("NONE", at, event="ADDMEMBER")
    # A call log from before Wazo noted conversations.
    made.add("call_logd_call_log", id=first + 10, date=OLD, tenant_uuid=tenant(0))


def messages(made: Wazo) -> None:
    """Voicemail with its transcripts, chat, webhooks, packages, statistics of hours."""
    spool = SpoolMaker(made.pbx.root("voicemail"))
    for number, at in enumerate(spread(400, seed=2), start=1):
        box, place = f"default/{1001 + number % 20}", (number - 1) // 20
        key = spool.message(place, at, box=box, extensions=(".wav",))
        if at >= CUTOFF:
            made.left |= {f"voicemail/{box}/INBOX/msg{place:04d}.{end}" for end in ("wav", "txt")}
        made.transcript(key, at + timedelta(seconds=20))
        made.message(number, at)
        made.webhook(number, at)
        made.hour(at)
        written = NOW - timedelta(days=1) if number % 7 == 0 else at
        made.export(number, at, stays=at >= CUTOFF, written=written)
        if number % 10 == 0:
            old = f"user-1001-{number}-{int(at.timestamp())}.wav"
            made.file("old-recordings", old, at=at, stays=at >= CUTOFF)
    made.webhook(1_000, None)
    made.export(1_000, OLD, stays=None, status="pending")
    for at in (CUTOFF - EDGE, CUTOFF):
        made.hour(at)
