"""Redaction: the form of each column, the key of pseudonyms, and a whole FreePBX call log.

What holds on every database is in ``support.redaction_promises``.
"""

from __future__ import annotations

import re
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import freepbx
from support.servers import MariaDB, PostgreSQL
from support.site import policy_text
from support.tables import drain, selecting, shipped, table

from pbxretain.cli import ruletext
from pbxretain.documents import parse
from pbxretain.errors import DocumentError, EvidenceError
from pbxretain.messages import Lang
from pbxretain.policy.document import Policy, Redact
from pbxretain.pseudonyms import Pseudonyms
from pbxretain.records import Redaction
from pbxretain.stores.database import Session, connect
from pbxretain.stores.dialects import dialect_named
from pbxretain.stores.redacted import CONSTANT, TECHNOLOGIES, Forms
from pbxretain.stores.schema import Shape
from pbxretain.stores.table import TableStore, open_table
from pbxretain.strands import redaction_of

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
PASSWORD = "a password of the tests"

# --- forms ---

PSEUDONYM = b"pn-0123456789abcdef"
HOW = [
    *(Redaction("cut", cut=cut, keep=keep) for cut, keep in ((1, 0), (3, 0), (3, 4), (15, 6))),
    Redaction("blank"), Redaction("constant", keep=4),
    Redaction("pseudonym", keep=2, pseudonym=lambda value: PSEUDONYM),
]  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.text(alphabet="0123456789+*", max_size=18),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.sampled_from([t.decode() for t in TECHNOLOGIES]).flatmap(
        lambda t: st.sampled_from([t, f"{t}/201-0000001a", f"{t.lower()}", f"{t}\n"])
    ),
    st.sampled_from([CONSTANT.decode(), PSEUDONYM.decode(), "pn-12", "***", "+49***", "redacted "]),
)


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    path = tmp_path_factory.mktemp("forms") / "x.sqlite"
    path.touch()
    session = Session(connect(f"sqlite:///{path}"))
    session.run("CREATE TABLE t (c)")
    yield session
    session.close()


@settings(max_examples=60, deadline=None)
@given(value=VALUES, kind=st.sampled_from(["number", "text", "channel", "blank", "null",
                                           "constant"]), how=st.sampled_from(HOW))  # fmt: skip
@example(value="123***\n", kind="number", how=HOW[1])
@example(value="", kind="null", how=HOW[1])
def test_a_value_stays_exactly_where_the_database_says_that_it_is_redacted(
    lite: Session, value: str | None, kind: str, how: Redaction
) -> None:
    shape = Shape("t", {"c": object()}, [])
    forms = Forms({"c": kind}, shape, dialect_named("sqlite"), how)

    def redacted() -> bool:
        return lite.number("SELECT COUNT(*) FROM t WHERE " + forms.done()) == 1

    lite.run("DELETE FROM t")
    cursor = lite._driver.execute("INSERT INTO t VALUES (?)", (value,))
    cursor.close()
    before = lite.rows("SELECT c FROM t")[0][0]
    change = forms.assignments({"c": [before if isinstance(before, bytes) else None]})
    assert (change is None) == redacted()
    if change is not None:
        lite.run("UPDATE t SET " + change)
        assert redacted(), lite.rows("SELECT c FROM t")
        again = lite.rows("SELECT c FROM t")[0][0]
        assert again == forms._forms["c"].made(before if isinstance(before, bytes) else None)
        assert forms.assignments({"c": [again if isinstance(again, bytes) else None]}) is None


def test_what_names_a_person_and_has_no_form_is_told() -> None:
    dataset = table(
        personal=["src", "clid"], redact={"clid": "text"},
        children=[{"table": "leg", "column": "a", "parent_column": "b"},
                  {"table": "tag", "column": "a", "parent_column": "b", "redact": {}}],
        shared=[{"table": "party", "key": "id", "named_by": [{"table": "leg", "column": "p"}]}],
    )  # fmt: skip
    assert dataset.without_form == ["src", "leg", "party"]


REDACTED = [
    ("freepbx", "mysql", ("calls", "events")),
    ("asterisk", "mysql", ("calls", "events")),
    ("asterisk", "postgresql", ("calls", "events")),
    ("asterisk", "sqlite", ("calls", "events-sqlite")),
    ("issabel", "mysql", ("calls", "events")),
    ("nethvoice", "mysql", ("calls", "events")),
    ("vitalpbx", "mysql", ("calls",)),
    ("mikopbx", "sqlite", ("calls",)),
    ("freeswitch", "sqlite", ("calls",)),
    ("fusionpbx", "postgresql", (
        "calls", "loose-flow", "loose-json", "loose-logs", "loose-extensions", "emergency-calls",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("connector", "dialect", "names"), REDACTED)
def test_shipped_connectors_redact_every_personal_column_of_the_vendors_tables(
    connector: str, dialect: str, names: tuple[str, ...], tmp_path: Path, request: Any
) -> None:
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path / 'cdr.db'}"
        with closing(sqlite3.connect(tmp_path / "cdr.db")) as plain:
            freepbx.create_tables(plain, connector)
    else:
        server = request.getfixturevalue("mariadb" if dialect == "mysql" else "postgresql")
        database = server.create_database("vendor")
        server.create_user("vendors", password=PASSWORD, database=database, grants={"*": "ALL"})
        with closing(server.admin(database)) as plain:
            freepbx.create_tables(plain, connector)
            if dialect == "postgresql":
                plain.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO vendors")
        url = server.url(database, "vendors")
    for name in names:
        engine = connect(url, PASSWORD if dialect != "sqlite" else None)
        store = open_table(name=name, dataset=shipped(connector, name), engine=engine, zone=ZONE)
        for how in (Redaction("cut"), Redaction("pseudonym")):
            found = [each for each in store.check_redaction(how) if each.severity == "error"]
            assert found == []
        store.close()


# --- policy and key ---


def _policy(redact: str) -> Policy:
    text = policy_text({"call-detail-records": "180 days"})
    text = text.replace("keep: 180 days", f"keep: 180 days, redact: {redact}")
    return parse(text.encode(), "policy", Policy).value


KEYED = "{after: 30 days, numbers: pseudonym, key_for: 1 year}"


def test_a_policy_says_how_numbers_are_redacted() -> None:
    def said(redact: str) -> Redaction:
        rule = _policy(redact).rules[0].redact
        assert isinstance(rule, Redact)
        return redaction_of(rule)

    assert said("{after: 30 days}") == Redaction("cut", cut=3)
    assert said("{after: 30 days, numbers: {cut: 4}, extensions: 3}") == Redaction("cut", 4, 3)
    assert said("{after: 30 days, numbers: blank}") == Redaction("blank")
    assert said(KEYED) == Redaction("pseudonym")
    assert Redaction.read(said("{after: 3 days, extensions: 2}").code) == Redaction("cut", 3, 2)
    for wrong in ("{after: 3 days, numbers: pseudonym}", "{after: 3 days, key_for: 1 year}"):
        with pytest.raises(DocumentError):
            _policy(wrong)


def test_a_redaction_is_told_in_words() -> None:
    def said(redact: str, lang: Lang) -> str:
        stage = _policy(redact).rules[0].redact
        assert stage
        return ruletext.redaction(stage, lang)

    assert said("{after: 30 days, extensions: 4}", "en") == (
        "redacted after 30 days (numbers: without their last 3 digits; extensions of up to 4"
        " digits stay)"
    )
    assert said(KEYED, "de") == (
        "nach 30 Tagen unkenntlich gemacht (Rufnummern: durch ein Pseudonym ersetzt; dessen"
        " Schlüssel gilt 1 Jahr)"
    )


def test_one_number_has_one_pseudonym_while_the_key_lives_and_another_afterwards(
    tmp_path: Path,
) -> None:
    policy, form = _policy(KEYED), Redaction("pseudonym")

    def made(now: datetime, number: bytes) -> bytes:
        keys = Pseudonyms(tmp_path, region="DE")
        keys.retire(policy, now=now, zone=ZONE)
        keyed = keys.keyed(form, now=now)
        assert keyed.pseudonym
        return keyed.pseudonym(number)

    first = made(NOW, b"+49301234567")
    assert re.fullmatch(rb"pn-[0-9a-f]{16}", first)
    assert made(NOW + timedelta(days=365), b"030 1234567") == first
    assert made(NOW, b"+49301234568") != first
    assert stat.S_IMODE((tmp_path / "pseudonyms.key").stat().st_mode) == 0o600
    assert Pseudonyms(tmp_path).destroyed() == 0
    assert made(NOW + timedelta(days=367), b"+49301234567") != first
    assert Pseudonyms(tmp_path).destroyed() == 1
    Pseudonyms(tmp_path).told()
    assert Pseudonyms(tmp_path).destroyed() == 0


def test_a_key_that_no_rule_asks_for_is_destroyed_and_a_broken_one_is_told(tmp_path: Path) -> None:
    keys = Pseudonyms(tmp_path)
    keys.keyed(Redaction("pseudonym"), now=NOW)
    keys.retire(_policy(KEYED), now=NOW, zone=ZONE)
    assert (tmp_path / "pseudonyms.key").exists()
    keys.retire(_policy("{after: 30 days}"), now=NOW, zone=ZONE)
    assert not (tmp_path / "pseudonyms.key").exists()
    assert keys.destroyed() == 1
    (tmp_path / "pseudonyms.key").write_bytes(b"{}")
    with pytest.raises(EvidenceError) as caught:
        keys.keyed(Redaction("pseudonym"), now=NOW)
    assert caught.value.code == "PSEUDONYM_KEY"


# --- a whole call log ---

GRANTS = {
    table: f"SELECT, UPDATE ({', '.join(shipped('freepbx', name).redact)}), TRIGGER"
    for table, name in (("cdr", "calls"), ("transient_cdr", "calls"), ("cel", "events"))
} | {"*": "REFERENCES"}
NUMBERS = re.compile(rb"\+?[0-9]{7,}(?![0-9*])")
STAMPS = re.compile(rb"(?:[a-z0-9]+-)?[0-9]{9,10}\.[0-9]+")


@pytest.fixture(scope="module")
def exchange(mariadb: MariaDB) -> str:
    database = mariadb.create_database("redaction")
    with mariadb.admin(database) as plain:
        freepbx.fill(plain, calls=600, now=NOW)
    mariadb.create_user("pbxretain", password=PASSWORD, database=database, grants=GRANTS)
    return database


def _open(server: MariaDB | PostgreSQL, database: str, dataset: str) -> TableStore:
    return open_table(
        name=dataset,
        dataset=shipped("freepbx", dataset),
        engine=connect(server.url(database, "pbxretain"), PASSWORD),
        zone=ZONE,
    )


def _personal(names: list[str], row: freepbx.Raw, columns: list[str]) -> Iterator[bytes]:
    for name, value in zip(names, row, strict=True):
        if name in columns and value:
            yield value


def _figures(names: list[str], rows: list[freepbx.Raw]) -> Counter[Any]:
    """Calls and seconds for each day and extension, as a statistic counts them."""
    at = {name: n for n, name in enumerate(names)}
    found: Counter[Any] = Counter()
    for row in rows:
        day = (row[at["calldate"]] or b"")[:10]
        for party in ("src", "dst"):
            number = row[at[party]] or b""
            if re.fullmatch(rb"[0-9]{1,4}", number):
                found[day, party, number] += 1
                found[day, party, number, "seconds"] += int(row[at["billsec"]] or 0)
        found[day, row[at["disposition"]], row[at["amaflags"]]] += 1
    return found


def test_in_a_whole_call_log_no_number_is_left_and_every_total_is(
    mariadb: MariaDB, exchange: str
) -> None:
    names, before = freepbx.raw_rows(mariadb, exchange, "cdr")
    how = Redaction("cut", cut=3, keep=4)
    cutoff = NOW - timedelta(days=30)
    stores = [_open(mariadb, exchange, "calls"), _open(mariadb, exchange, "events")]
    stores += stores[0].shadow_stores()
    for store in stores:
        assert [a for a in store.check_redaction(how) if a.severity == "error"] == []
        selection = selecting(store, cutoff, NOW, redact=how)
        due = store.census(selection).due
        assert len(drain(store, selection, limit=500)) == due
        assert store.census(selection).due == 0
        assert drain(store, selection) == []
    _, after = freepbx.raw_rows(mariadb, exchange, "cdr")
    assert _figures(names, after) == _figures(names, before)
    spared = {c for s in stores for c in s.straddlers(selecting(s, cutoff, NOW))}
    for name, time in (("cdr", "calldate"), ("transient_cdr", "calldate"), ("cel", "eventtime")):
        _nobody_left(*freepbx.raw_rows(mariadb, exchange, name), time, spared, cutoff)


def _nobody_left(
    names: list[str], rows: list[freepbx.Raw], time: str, spared: set[bytes], cutoff: datetime
) -> None:
    at = {name: n for n, name in enumerate(names)}
    redacted = 0
    for row in rows:
        calls = {row[at["linkedid"]], row[at["uniqueid"]]}
        epoch = re.match(rb"(?:.*-)?([0-9]{9,10})\.", row[at["uniqueid"]] or b"")
        when = float(epoch[1]) if epoch else None
        undated = (row[at[time]] or b"").startswith(b"0000")
        if undated or when is None or when >= cutoff.timestamp() or calls & spared:
            continue
        redacted += 1
        whole = b"\t".join(value or b"" for value in row)
        assert not NUMBERS.search(STAMPS.sub(b"", whole)), time
        for value in _personal(names, row, ["clid", "cnam", "cid_name", "lastdata", "userfield",
                                            "recordingfile", "appdata", "extra"]):  # fmt: skip
            pytest.fail(f"something is left: {len(value)} bytes")
        channel = row[at["channel" if "channel" in at else "channame"]] or b""
        assert b"/" not in channel
    assert redacted > 300
