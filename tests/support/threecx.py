"""How does a test get a large 3CX: calls in the log of v16/v18 and in that of v20, and the rest?

Rows as the product writes them: a leg's party row bears another id than the leg, transferred calls
go on under an id of their own, a call's legs end one after the other. ``STAYS`` says in SQL of its
own, with nothing of pbxretain, what a run must leave.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pbxretain.execute import RunResult
from pbxretain.outcomes import DatasetResult
from pbxretain.plan import Terms
from pbxretain.records import Census
from support import vendor
from support.calls import EXTENSIONS, NAMES, RANGES
from support.servers import PostgreSQL
from support.vendor import CUTOFF, Scene

STAMP = "%Y%m%d%H%M%S"
V20_TABLES = (
    "cdrbilling", "cdrcrmcontact", "cdroutput", "s_voicemail", "cl_quality", "chat_message",
    "chat_conversation",
)  # fmt: skip
"""What a v16/v18 host lacks, in an order in which it can be dropped."""

V20_COLUMNS = {
    "cl_calls": ("call_history_id", "duplicated", "migrated"),
    "cl_party_info": ("crm_contact",),
    "cl_segments": ("call_history_id",),
    "callcent_queuecalls": ("cdr_participant_id",),
    "recordings": (
        "cdr_id", "transcription", "archived_url", "call_type", "sentiment_score", "summary",
        "result", "transcribed", "transcription_started_at", "queue_dn", "emailed", "offload_id",
        "forced",
    ),
}  # fmt: skip

TOGETHER = (
    ("cl_calls", "cl_segments", "cl_participants", "cl_party_info"),
    ("cdroutput", "cdrbilling", "cdrcrmcontact"),
    ("recordings",), ("s_voicemail",), ("callhistory3", "calldetails"),
    ("myphone_callhistory_v14",), ("callcent_queuecalls",), ("callcent_ag_dropped_calls",),
    ("cl_quality",), ("chat_message", "chat_conversation"), ("audit_log",),
)  # fmt: skip
"""Tables of which a host has all or none."""

Row = Mapping[str, Any]


def utc(at: datetime) -> str:
    """An instant as timestamptz takes it."""
    return at.astimezone(UTC).isoformat(" ")


def naive(at: datetime) -> str:
    """An instant as 3CX's columns without a zone hold it: in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def stamp(at: datetime) -> str:
    """An instant as names of recordings and of voicemail messages hold it: in UTC."""
    return at.astimezone(UTC).strftime(STAMP)


def recording_name(at: datetime, *, number: int = 1, display: str = "Rossi, Anna") -> str:
    """A recording's file name without its extension."""
    return f"[{display}]_411-+4930231250_{stamp(at)}({number})"


def downgrade(pbx: Scene) -> None:
    """Makes a v18 host of a v20 one."""
    pbx.do("DROP VIEW cdrrecordings")
    for table in V20_TABLES:
        pbx.do(f"DROP TABLE {table}")
    for table, columns in V20_COLUMNS.items():
        for column in columns:
            pbx.do(f"ALTER TABLE {table} DROP COLUMN {column}")


_OLD_CALL = "COALESCE(call_history_id::text, 'alone ' || id)"
_CALL = "COALESCE(main_call_history_id, call_history_id)"
_YOUNG_CALLS = (
    f"SELECT id FROM cl_calls WHERE {_OLD_CALL} IN (SELECT {_OLD_CALL} FROM cl_calls"
    " GROUP BY 1 HAVING MAX(end_time) >= {cutoff})"
)
YOUNG_LEGS = (
    f"SELECT cdr_id FROM cdroutput WHERE {_CALL} IN (SELECT {_CALL} FROM cdroutput GROUP BY 1"
    " HAVING MAX(cdr_ended_at) >= {cutoff} OR bool_or(processed IS NOT TRUE))"
)
STAYS = {
    "cl_calls": f"id IN ({_YOUNG_CALLS})",
    "cl_segments": f"call_id IN ({_YOUNG_CALLS})",
    "cl_participants": f"call_id IN ({_YOUNG_CALLS})",
    "cl_party_info": (
        f"id IN (SELECT info_id FROM cl_participants WHERE call_id IN ({_YOUNG_CALLS}))"
    ),
    "cdroutput": f"cdr_id IN ({YOUNG_LEGS})",
    "cdrbilling": f"cdr_id IN ({YOUNG_LEGS})",
    "cdrcrmcontact": f"cdr_id IN ({YOUNG_LEGS})",
    "recordings": "start_time >= {cutoff}",
    "s_voicemail": f"created_time >= '{CUTOFF:{STAMP}}' OR COALESCE(heard, '') <> '1'",
    "myphone_callhistory_v14": "end_time >= {cutoff}",
    "callhistory3": "endtime >= {cutoff}",
    "calldetails": (
        "idcallhistory2 IN (SELECT idcallhistory3 FROM callhistory3 WHERE endtime >= {cutoff})"
    ),
    "callcent_queuecalls": "time_end >= {cutoff}",
    "callcent_ag_dropped_calls": "time_end >= {cutoff}",
    "cl_quality": "time_stamp >= {cutoff}",
    "chat_conversation": "1=1",
    "chat_message": "time_sent >= {cutoff}",
    "audit_log": "time_stamp >= {cutoff}",
}


REFERENCES = (
    ("cl_segments", "call_id", "cl_calls", "id"),
    ("cl_participants", "call_id", "cl_calls", "id"),
    ("cl_participants", "info_id", "cl_party_info", "id"),
    ("cdrbilling", "cdr_id", "cdroutput", "cdr_id"),
    ("cdrcrmcontact", "cdr_id", "cdroutput", "cdr_id"),
    ("cdroutput", "base_cdr_id", "cdroutput", "cdr_id"),
    ("cdroutput", "continued_in_cdr_id", "cdroutput", "cdr_id"),
    ("cdroutput", "originating_cdr_id", "cdroutput", "cdr_id"),
    ("calldetails", "idcallhistory2", "callhistory3", "idcallhistory3"),
    (
        "callcent_ag_dropped_calls", "q_call_history_id", "callcent_queuecalls", "call_history_id",
    ),
    ("chat_message", "fkid_chat_conversation", "chat_conversation", "id"),
)  # fmt: skip
"""Columns that name a row of another table, by a foreign key or by convention."""


def _orphans(table: str, column: str, parent: str, key: str) -> str:
    return (
        f"SELECT COUNT(*) FROM {table} t WHERE t.{column} IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM {parent} p WHERE p.{key} = t.{column})"
    )


@dataclass
class Pbx(Scene):
    """A 3CX whose clock stands in ``zone``."""

    zone: str = vendor.ZONE.key

    def terms(self) -> Terms:
        terms = super().terms()
        return replace(terms, source=terms.source.model_copy(update={"timezone": self.zone}))

    def deletes_exactly_the_due(self, *, files: Iterable[str] | None = None) -> RunResult:
        """As a scene does, on those tables that this version has."""
        there = self.tables()
        self.stays = {table: where for table, where in self.stays.items() if table in there}
        self.dangling = {
            f"{table}.{column}": _orphans(table, column, parent, key)
            for table, column, parent, key in REFERENCES
            if {table, parent} <= set(there)
        }
        return super().deletes_exactly_the_due(files=files)


def build(server: PostgreSQL, folder: Path) -> Pbx:
    """An empty v20 host that was upgraded, so that it has the tables of v16/v18 as well."""
    made = vendor.scene("3cx", server, folder)
    return Pbx(made.connector, made.server, made.database, made.folder, stays=dict(STAYS))


def classes(pbx: Pbx, **keep: str) -> Mapping[str, str]:
    """90 days for every data class but those named; underscores stand for hyphens."""
    others = {name.replace("_", "-"): period for name, period in keep.items()}
    return dict.fromkeys(pbx.connector.manifest.offered(), "90 days") | others


def result(done: RunResult, dataset: str) -> DatasetResult:
    """What became of one dataset."""
    (found,) = (r for r in done.results if r.dataset == dataset)
    return found


def after(done: RunResult, dataset: str) -> Census:
    """What is left of one dataset."""
    census = result(done, dataset).after
    assert census is not None
    return census


def lean(pbx: Scene) -> None:
    """Drops what holds no row, as on a version that lacks it; a small host is quick to run over."""
    for tables in TOGETHER:
        if not any(pbx.do(f"SELECT 1 FROM {table} LIMIT 1") for table in tables):
            pbx.do(f"DROP TABLE {', '.join(tables)} CASCADE")


@dataclass
class Filler:
    """Collects rows of one PBX and loads them at once; ids go on from row to row."""

    pbx: Scene
    seed: int = 1
    v20: bool = True
    whole: bool = False
    """Whether tables that hold nothing stay there as well."""
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    counters: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def add(self, table: str, **columns: Any) -> None:
        """One row."""
        self.rows[table].append(columns)

    def next(self, name: str) -> int:
        """The next number of a sequence."""
        self.counters[name] += 1
        return self.counters[name]

    def id(self, name: str = "uuid") -> str:
        """A UUID that no other row has."""
        return f"{self.seed:08x}-0000-4000-8000-{self.next(name):012x}"

    def load(self) -> int:
        """Writes what was collected, parents first; returns how many rows."""
        first = ["cl_calls", "cl_party_info", "cl_participants", "chat_conversation"]
        order = [*first, *(name for name in self.rows if name not in first)]
        total = 0
        for table in order:
            by_columns: dict[tuple[str, ...], list[Sequence[Any]]] = defaultdict(list)
            for row in self.rows[table]:
                by_columns[tuple(row)].append(tuple(row.values()))
            total += sum(self.pbx.load(table, *same) for same in by_columns.items())
        self.rows.clear()
        if not self.whole:
            lean(self.pbx)
        return total

    # --- the log of v16 and v18 ---

    def old_call(
        self,
        end: datetime,
        *,
        legs: int = 2,
        history: str | None = None,
        parties: Sequence[int | None] = (),
    ) -> int:
        """One call of cl_*; ``parties`` are ids of party rows to use again. Returns its id."""
        call, start = self.next("call"), end - timedelta(seconds=self.dice.randrange(5, 900))
        more = {"call_history_id": history} if self.v20 else {}
        self.add("cl_calls", id=call, start_time=utc(start), end_time=utc(end), **more)
        parts = []
        for number in range(legs):
            again = parties[number] if number < len(parties) else None
            parts.append(self.next("participant"))
            self.add(
                "cl_participants", id=parts[-1], call_id=call, info_id=again or self.party(),
                role=1 + number % 2, start_time=utc(start), end_time=utc(end),
            )  # fmt: skip
        for number in range(1, legs):
            for kind in (1, 2):
                self.add(
                    "cl_segments", id=self.next("segment"), call_id=call, seq_order=kind,
                    seq_group=number, src_part_id=parts[number - 1], dst_part_id=parts[number],
                    action_party_id=parts[0] if number > 1 else None, start_time=utc(start),
                    end_time=utc(end), type=kind, action_id=1, **more,
                )  # fmt: skip
        return call

    def party(self) -> int:
        """One row of cl_party_info, under an id that isn't its leg's."""
        number = 50 + self.next("party")
        self.add(
            "cl_party_info", id=number, dn_type=0, dn=self.dice.choice(EXTENSIONS),
            caller_number=self.phone(), display_name=self.dice.choice(NAMES),
            firstlastname=self.dice.choice(NAMES), did_number=None,
        )  # fmt: skip
        return number

    def phone(self) -> str:
        """A number out of ranges reserved for fiction."""
        return f"{self.dice.choice(RANGES)}{self.dice.randrange(100):02d}"

    # --- the log of v20 ---

    def call(
        self,
        end: datetime,
        *,
        legs: int = 1,
        step: timedelta = timedelta(minutes=2),
        chained: bool = False,
        **more: Any,
    ) -> list[str]:
        """One call of cdroutput whose first leg ends at ``end``, each further one a ``step``
        later; ``chained`` legs go on under ids of their own. Returns the legs' ids; ``more`` are
        columns of the last leg."""
        main, found = self.id(), [self.id() for _ in range(legs)]
        for number, leg in enumerate(found):
            ended = end + number * step
            row: dict[str, Any] = {
                "cdr_id": leg,
                "call_history_id": self.id() if chained and number else main,
                "main_call_history_id": main,
                "source_participant_id": self.id(), "destination_participant_id": self.id(),
                "source_dn_number": self.dice.choice(EXTENSIONS),
                "source_participant_name": self.dice.choice(NAMES),
                "source_participant_phone_number": self.phone(),
                "destination_participant_name": self.dice.choice(NAMES),
                "destination_participant_phone_number": self.phone(),
                "source_presentation": self.phone(),
                "base_cdr_id": found[0],
                "originating_cdr_id": found[number - 1] if number else None,
                "continued_in_cdr_id": found[number + 1] if number + 1 < legs else None,
                "cdr_started_at": utc(ended - timedelta(seconds=100)),
                "cdr_ended_at": utc(ended), "processed": True, "migrated": False,
            }  # fmt: skip
            self.add("cdroutput", **(row | (more if number == legs - 1 else {})))
            self.add("cdrbilling", cdr_id=leg, source_bill_rate=1)
            if self.dice.random() < 0.3:
                self.add("cdrcrmcontact", cdr_id=leg, crm_contact=self.dice.choice(NAMES))
        return found

    # --- what was said ---

    def recording(
        self,
        at: datetime,
        *,
        url: str | None = None,
        file: bool = True,
        row: bool = True,
        cdr: str | None = None,
        **more: Any,
    ) -> str:
        """A recording's row and its file below the root; returns the file's path there."""
        number = self.next("recording")
        extension = self.dice.choice(EXTENSIONS)
        path = f"{extension}/{recording_name(at, number=number)}.wav"
        if row:
            link = {"cdr_id": cdr} if self.v20 else {}
            self.add(
                "recordings", id_recording=number, recording_url=url or path, start_time=utc(at),
                end_time=utc(at + timedelta(seconds=90)), **link, **more,
            )  # fmt: skip
        if file:
            self.pbx.file("recordings", path, at=at)
        return path

    def voicemail(
        self,
        at: datetime,
        *,
        heard: str | None = "1",
        file: bool = True,
        row: bool = True,
        root: str = "voicemail",
        extension: str = "411",
        **more: Any,
    ) -> str:
        """A message's row and its file; returns the file's path below its root."""
        name = f"vmail_{self.phone()}_{extension}_{stamp(at)}"
        if row:
            self.add(
                "s_voicemail", id=self.next("voicemail"), __name=f"{extension}/{name}",
                wav_file=name, callee=extension, caller="4930231250", duration="90000",
                created_time=f"{stamp(at)}.25", heard=heard, removed="", **more,
            )  # fmt: skip
        if file:
            self.pbx.file(root, f"{extension}/{name}.wav", at=at)
        return f"{extension}/{name}.wav"

    # --- further copies ---

    def copies(self, end: datetime) -> None:
        """One call in the tables beside the call logs."""
        history, start = f"{self.next('queue'):016X}_7", end - timedelta(seconds=200)
        times = {"time_start": naive(start), "time_end": naive(end)}
        self.add(
            "callcent_ag_dropped_calls", idcallcent_ag_dropped_calls=self.next("attempt"),
            q_num="800", ag_num=self.dice.choice(EXTENSIONS), q_call_history_id=history, **times,
        )  # fmt: skip
        self.add(
            "callcent_queuecalls", idcallcent_queuecalls=self.next("queued"), q_num="800",
            from_userpart=self.phone(), call_history_id=history, **times,
        )  # fmt: skip
        for owner in self.dice.sample(EXTENSIONS, 2):
            self.add(
                "myphone_callhistory_v14", idmpch14=self.next("own"), call_id=self.next("entry"),
                dnowner=owner, party_callerid=self.phone(), party_name=self.dice.choice(NAMES),
                start_time=naive(start), end_time=naive(end),
            )  # fmt: skip
        self.legacy_call(end)
        self.add(
            "audit_log", id=self.next("audit"), time_stamp=utc(end), user_name="admin",
            ip="192.0.2.7", new_data='{"Number": "411"}',
        )  # fmt: skip
        if self.v20:
            self.add(
                "cl_quality", call_history_id=self.id(), call_id=self.next("measured"),
                time_stamp=utc(end), a_number=self.phone(), a_address="192.0.2.9",
            )  # fmt: skip
            self.add(
                "chat_message", id_message=self.next("message"), fkid_chat_conversation=1,
                party="411", message="call me", time_sent=utc(end),
            )  # fmt: skip

    def legacy_call(self, end: datetime, *, details: int = 2) -> int:
        """One call of callhistory3 with its details; returns its id."""
        number = self.next("legacy")
        start = end - timedelta(seconds=60)
        self.add(
            "callhistory3", idcallhistory3=number, callid=f"{number:016X}_9",
            starttime=naive(start), endtime=naive(end), from_no="411", to_no=self.phone(),
        )  # fmt: skip
        for detail in range(details):
            self.add(
                "calldetails", idcalldetail=self.next("detail"), idcallhistory2=number,
                detailnum=detail, dest_num=self.phone(), starttime=naive(start),
            )  # fmt: skip
        return number
