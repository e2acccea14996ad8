"""The quick ways with thousands of rows say the same as the slow ones, record by record."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql import err
from support.servers import MariaDB, PostgreSQL, Server

from pbxretain.evidence.commitments import Committer, RunKey
from pbxretain.evidence.leaves import Pending
from pbxretain.evidence.merkle import Tree
from pbxretain.haul import Haul, identities, locators, span
from pbxretain.records import Field, Taken
from pbxretain.stores import wire
from pbxretain.stores.database import connect, session
from pbxretain.stores.dialects import Sql
from pbxretain.stores.moments import Moments

VIENNA = ZoneInfo("Europe/Vienna")
FIELDS = st.none() | st.binary(max_size=5) | st.just(b"x" * 600)
ROWS = st.lists(
    st.tuples(FIELDS, FIELDS, FIELDS, FIELDS, FIELDS, st.integers(10**9, 2 * 10**9)),
    min_size=1,
    max_size=6,
)


def _haul(rows: list[Any], *, located: bool) -> tuple[Haul, list[Taken]]:
    """The same records twice: two key columns, a start, a call, a subject."""
    first, second, start, call, subject, seconds = zip(*rows, strict=True)
    places = [b"%d" % n for n in range(len(rows))] if located else None
    haul = Haul(
        key=[first, second],
        start=start,
        call=[call],
        subjects=[subject],
        locators=places,
        seconds=seconds,
    )
    singly = [
        Taken(
            key=row[:2],
            start=row[2],
            when=datetime.fromtimestamp(row[5], UTC),
            call=row[3:4],
            subjects=row[4:5],
            locator=b"%d" % n if located else b"",
        )
        for n, row in enumerate(rows)
    ]
    return haul, singly


@given(ROWS, st.booleans())
def test_columns_give_the_evidence_that_records_give(rows: list[Any], located: bool) -> None:
    haul, singly = _haul(rows, located=located)
    assert list(haul) == singly == haul[:]
    assert identities(haul) == [record.identity for record in singly]
    assert span(haul) == span(singly)
    assert list(locators(haul)) == [record.locator for record in singly]

    def leaves(taken: Any) -> bytes:
        made = Committer(RunKey(bytes(32)), source="s", dataset="d", data_class="c", encoding="e/1")
        return made.leaves(0, taken)

    assert leaves(haul) == leaves(singly)
    twice = Haul.joined([haul, _haul(rows, located=located)[0]])
    assert list(twice) == [*singly, *singly]
    assert leaves(twice) == leaves([*singly, *singly])
    assert identities(twice) == identities(singly) * 2


@given(ROWS, st.booleans())
def test_settle_tags_of_columns_match_each_record(rows: list[Any], located: bool) -> None:
    import tempfile
    from pathlib import Path

    haul, singly = _haul(rows, located=located)
    with tempfile.TemporaryDirectory() as folder:
        Pending.write(Path(folder) / "pending", 1, haul)
        pending = Pending.read(Path(folder) / "pending")
    assert not any(pending.compare((t.identity, t.locator) for t in singly))
    assert all(pending.matches(t.identity) for t in singly)


def test_a_haul_shows_nothing_of_its_records() -> None:
    haul, _ = _haul([(b"+49301234567", b"", b"", b"", b"+49301234567", 10**9)], located=True)
    assert repr(haul) == "<haul of 1>"


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 3072, 5000])
def test_a_tree_grown_by_steps_is_the_tree_grown_leaf_by_leaf(count: int) -> None:
    leaves = [n.to_bytes(32, "big") for n in range(count)]
    one_by_one = Tree()
    for leaf in leaves:
        one_by_one.add(leaf)
    assert Tree(leaves).root() == one_by_one.root()
    late = Tree(leaves[:7])
    late.extend(b"".join(leaves[7:]))
    assert late.root() == one_by_one.root()


# Around the hour that comes twice and the one that never comes, and far from both.
HOURS = [(2026, 10, 25, 1), (2026, 3, 29, 1), (2026, 6, 1, 0), (1970, 6, 1, 0)]
WALLS = st.builds(
    lambda hour, seconds: datetime(*hour) + timedelta(seconds=seconds),  # noqa: DTZ001  (wall clock)
    st.sampled_from(HOURS),
    st.integers(0, 7200),
)
ODD = st.sampled_from([b"", b"0000-00-00 00:00:00", b"2026-06-01 10:00:61", b"2026-06-01T10:00:00"])
TEXTS = st.one_of(WALLS.map(lambda wall: str(wall).encode()), ODD)


@given(st.lists(st.tuples(TEXTS, st.integers(-400, 400) | st.none()), min_size=1, max_size=4))
def test_a_column_of_times_is_read_as_each_time_or_not_at_all(
    drawn: list[tuple[bytes, int | None]],
) -> None:
    for moments in (Moments("wall", VIENNA), Moments("wall", VIENNA, ZoneInfo("UTC"))):
        raws = [raw for raw, _ in drawn]
        referees: list[bytes | None] = []
        for raw, off in drawn:
            read = moments.read(raw)
            near = read is not None and off is not None
            referees.append(b"%d.7" % (read.timestamp() + off) if read and near else None)  # type: ignore[operator]
        known = referees if moments.other else []
        seconds = moments.seconds(raws, known)
        if seconds is not None:
            pairs = zip(raws, referees, strict=True)
            singly = [moments.read(raw, referee) for raw, referee in pairs]
            assert [datetime.fromtimestamp(s, UTC) for s in seconds] == singly


# --- off the wire ---


class Answer:
    """PyMySQL's connection as far as ``wire`` asks: one result, handed over in pieces."""

    def __init__(self, packets: list[bytes], columns: int, step: int) -> None:
        data = b"".join(
            len(body).to_bytes(3, "little") + bytes([(number + 1) % 256]) + body
            for number, body in enumerate(packets)
        )
        self._pieces = io.BytesIO(data)
        self._step = step
        self._next_seq_id = 1
        self._rfile = self
        self._result = self
        self.field_count = columns
        self.unbuffered_active = True
        self.connection: Any = self
        self.closed = False

    def query(self, text: str, *, unbuffered: bool) -> None:
        assert unbuffered

    def read1(self, most: int) -> bytes:
        return self._pieces.read(min(self._step, most))

    def _force_close(self) -> None:
        self.closed = True


END = b"\xfe\x00\x00\x02\x00"


def _query(answer: Answer) -> list[Any]:
    arrived: list[Any] = []
    rows = wire.query(answer, "", arrived.extend)
    assert arrived == rows
    return rows


def _packet(row: list[Field]) -> bytes:
    parts = []
    for value in row:
        if value is None:
            parts.append(b"\xfb")
        elif len(value) < 251:
            parts.append(bytes([len(value)]) + value)
        else:
            parts.append(b"\xfc" + len(value).to_bytes(2, "little") + value)
    return b"".join(parts)


VALUES = st.none() | st.binary(max_size=4) | st.just(b"y" * 251) | st.just(b"\xfe" * 300)


def test_a_row_of_several_packets_that_does_not_fit_is_the_drivers_error() -> None:
    whole = b"\xfe" + (0xFFFFFF).to_bytes(8, "little") + bytes(0xFFFFFF) + b"junk"
    answer = Answer([whole[:0xFFFFFF], whole[0xFFFFFF:], END], 1, 1 << 24)
    with pytest.raises(err.InternalError):
        _query(answer)
    assert answer.closed


@given(
    st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=300),
    st.sampled_from([1, 3, 7, 1000, 1 << 20]),
)
def test_rows_are_the_same_wherever_the_wire_cuts_them(rows: list[Any], step: int) -> None:
    answer = Answer([*map(_packet, rows), END], 3, step if len(rows) < 20 else 1000)
    assert _query(answer) == [tuple(row) for row in rows]
    assert not answer.closed


@pytest.mark.parametrize(
    "packets",
    [
        [_packet([b"a"])],  # nothing says that it is over
        [_packet([b"a"]) + b"more", END],
        [_packet([b"a"]), END, END],
    ],
)
def test_a_result_that_breaks_off_is_an_error_and_closes_the_connection(
    packets: list[bytes],
) -> None:
    answer = Answer(packets, 1, 1 << 20)
    with pytest.raises(pymysql.MySQLError):
        _query(answer)
    assert answer.closed


def test_what_the_server_refuses_in_mid_result_leaves_the_connection_open() -> None:
    answer = Answer([_packet([b"a"]), b"\xff\x10\x04#70100stopped"], 1, 1 << 20)
    with pytest.raises(pymysql.MySQLError):
        _query(answer)
    assert not answer.closed


def test_a_packet_that_is_missing_is_noticed() -> None:
    answer = Answer([_packet([b"a"]), END], 1, 1 << 20)
    answer._next_seq_id = 0
    with pytest.raises(pymysql.InternalError):
        _query(answer)


@pytest.mark.parametrize("more", [0, 5])
def test_a_row_that_needs_two_packets_is_one_row(more: int) -> None:
    value = b"z" * (0xFFFFFF - 9 + more)
    body = b"\xfe" + len(value).to_bytes(8, "little") + value
    answer = Answer([body[:0xFFFFFF], body[0xFFFFFF:], _packet([b"a"]), END], 1, 1 << 20)
    assert _query(answer) == [(value,), (b"a",)]


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_a_server_hands_over_the_same_bytes_quickly(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Server = request.getfixturevalue(kind)
    assert isinstance(server, MariaDB | PostgreSQL)
    database = server.create_database(f"fast_{kind}")
    with server.admin(database) as admin:
        long = "MEDIUMTEXT" if kind == "mariadb" else "TEXT"
        admin.cursor().execute(f"CREATE TABLE t (n INT, v {long})")
    server.create_user("fast", password="fast", database=database, grants={"t": "SELECT, INSERT"})
    engine = connect(server.url(database, "fast"), "fast")
    texts = ["", "Zoë", "x" * 250, "x" * 251, "y" * 70_000]
    values = ", ".join(f"({n}, '{text}')" for n, text in enumerate(texts))
    with session(engine) as opened:
        opened.run(f"INSERT INTO t VALUES {values}, (5, NULL)")
        names = opened.dialect.fetched("n"), opened.dialect.fetched("v")
        ask = Sql(f"SELECT NULL, {', '.join(names)} FROM t WHERE n >= %s ORDER BY n", (0,))
        arrived: list[Any] = []
        quick = opened.texts(ask, arrived.extend)
        assert quick == arrived == opened.rows(ask)
        assert [row[2] for row in quick] == [*(t.encode() for t in texts), None]
        assert opened.texts(Sql("SELECT v FROM t WHERE n > 99"), arrived.extend) == []
        assert opened.number("SELECT COUNT(*) FROM t") == 6  # the connection goes on
        monkeypatch.setattr(wire, "_NEEDED", ("nothing_of_the_sort",))
        assert opened.texts(ask, arrived.extend) == quick  # another version of the driver
