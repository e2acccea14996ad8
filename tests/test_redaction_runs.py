"""Redaction as a stage of a rule: whole runs of the engine over a small call log in SQLite."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import aftermath
from support.site import everything, make_site, make_terms
from support.tables import drain, selecting, shipped

from pbxretain import connector, execute, sources, subject
from pbxretain.aliases import aliases
from pbxretain.connector import Connector
from pbxretain.errors import Exit
from pbxretain.evidence.statements import Dataset
from pbxretain.execute import RunResult
from pbxretain.holds import Folder, Match, new_hold
from pbxretain.records import Redaction, pack
from pbxretain.stores.database import connect
from pbxretain.stores.table import open_table
from pbxretain.subject import Subject

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
NUMBER, EXTENSION = "+493012345678", "201"
COLUMNS = (
    "calldate, src, dst, clid, channel, dstchannel, lastdata, billsec, disposition, uniqueid,"
    " linkedid, sequence, recordingfile, userfield"
)
STAGES = "180 days, redact: {after: 30 days, extensions: 3}"


class Office:
    """One call log; ``days`` say how old its calls are."""

    def __init__(self, folder: Path, days: tuple[int, ...] = (200, 100, 40, 10)) -> None:
        self.folder = folder
        self.path = folder / "cdr.db"
        with closing(sqlite3.connect(self.path)) as made:
            made.execute(f"CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, {COLUMNS})")
            for n, age in enumerate(days):
                when = NOW - timedelta(days=age, minutes=n)
                made.execute(
                    f"INSERT INTO cdr ({COLUMNS}) VALUES ({', '.join('?' * 14)})",
                    (f"{when.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", NUMBER, EXTENSION,
                     f'"Ann" <{NUMBER}>', f"PJSIP/{NUMBER}-0001", f"PJSIP/{EXTENSION}-0002",
                     f"PJSIP/{EXTENSION},20", 60 + n, "ANSWERED", f"{int(when.timestamp())}.{n}",
                     "", n, f"in-{NUMBER}.wav", f"from {NUMBER}"),
                )  # fmt: skip
            made.commit()

    def run(
        self,
        calls: str = STAGES,
        *,
        now: datetime = NOW,
        product: Connector | str = "asterisk",
        roots: Mapping[str, Path] | None = None,
        share: int = 100,
        holds: Folder | None = None,
    ) -> RunResult:
        known = connector.find(product) if isinstance(product, str) else product
        keep = everything(known.manifest, "90 days") | {"call-detail-records": calls}
        terms = make_terms(
            known,
            url=f"sqlite:///{self.path}",
            keep=keep,
            roots=roots,
            extra="region: DE",
            share=share,
        )
        terms = replace(terms, holds=holds)
        site = make_site(self.folder / "state")
        last = execute.ledger_of(site).last()
        return execute.run(terms, site, now=max(now, last.ended) if last else now)

    def rows(self, columns: str = "*") -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as opened:
            return opened.execute(f"SELECT {columns} FROM cdr ORDER BY AcctId").fetchall()

    def told(self) -> dict[str, Dataset]:
        """The newest report by dataset."""
        newest = list(aftermath.reports(make_site(self.folder / "state")))[-1]
        return {each.dataset: each for each in newest.datasets}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_rule_of_two_stages_redacts_first_and_deletes_later(office: Office) -> None:
    done = office.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    told = office.told()
    assert {name: (d.balances.deleted, d.balances.redacted) for name, d in told.items()} == {
        "calls": (1, 0), "calls-redact": (0, 2),
    }  # fmt: skip
    stage = told["calls-redact"]
    assert (stage.of, stage.method, stage.rule.action) == ("calls", "db_update", "redact")
    assert (stage.rule.keep, stage.outcome, stage.merkle.size) == ("P30D", "complete", 2)
    assert office.rows("src, dst, clid, channel, dstchannel, billsec") == [
        ("+493012345***", "201", "", "PJSIP", "PJSIP", 61),
        ("+493012345***", "201", "", "PJSIP", "PJSIP", 62),
        (NUMBER, "201", f'"Ann" <{NUMBER}>', f"PJSIP/{NUMBER}-0001", "PJSIP/201-0002", 63),
    ]
    before = office.rows()
    again = office.run()
    assert (again.exit_code, again.outcome) == (Exit.OK, "nothing-due")
    assert office.rows() == before
    later = office.run(now=NOW + timedelta(days=90))
    assert later.exit_code == Exit.OK
    told = office.told()
    assert (told["calls"].balances.deleted, told["calls-redact"].balances.redacted) == (1, 1)
    assert NUMBER not in repr(office.rows())
    office.run(now=NOW + timedelta(days=400))
    assert office.rows() == []
    site = make_site(office.folder / "state")
    assert aftermath.deleted(site) == {"calls": 4, "calls-redact": 3}
    aftermath.assert_genuine(site, NOW + timedelta(days=401))


def test_what_is_redacted_may_stay_for_ever(office: Office) -> None:
    assert office.run("forever, redact: {after: 30 days}").exit_code == Exit.OK
    assert [row[0] for row in office.rows("src")] == ["+493012345***"] * 3 + [NUMBER]
    told = office.told()
    assert (told["calls"].outcome, told["calls-redact"].balances.redacted) == ("kept", 3)


def test_a_minimum_is_not_redacted_before_its_end(office: Office) -> None:
    how = "180 days, minimum: 90 days, redact: {after: 30 days}, override: {by: management}"
    assert office.run(how).exit_code == Exit.OK
    stage = office.told()["calls-redact"]
    assert (stage.balances.redacted, stage.balances.minimum) == (1, 1)
    assert [row[0] for row in office.rows("src")] == ["+493012345***", NUMBER, NUMBER]


PSEUDONYM = "forever, redact: {after: 30 days, numbers: pseudonym, key_for: 1 year}"


def test_the_end_of_a_pseudonyms_key_stands_in_the_report(office: Office) -> None:
    assert office.run(PSEUDONYM).exit_code == Exit.OK
    first = {row[0] for row in office.rows("src")} - {NUMBER}
    assert len(first) == 1
    office.run(PSEUDONYM, now=NOW + timedelta(days=100))
    assert {row[0] for row in office.rows("src")} == first
    office.run(PSEUDONYM, now=NOW + timedelta(days=400))
    findings = {f.code: f.count for f in office.told()["calls-redact"].findings}
    assert findings["PSEUDONYM_KEY_DESTROYED"] == 1
    office.run(PSEUDONYM, now=NOW + timedelta(days=401))
    findings = {f.code: f.count for d in office.told().values() for f in d.findings}
    assert "PSEUDONYM_KEY_DESTROYED" not in findings
    assert not (office.folder / "state" / "office" / "pseudonyms.key").exists()


def test_a_pseudonym_is_found_and_held_as_long_as_its_key_lives(office: Office) -> None:
    def found(whom: Subject) -> int:
        known = aliases(office.folder / "state" / "office", region="DE")
        terms = make_terms("asterisk", url=f"sqlite:///{office.path}")
        with sources.opened(
            terms.source, terms.connector, name="office", installation="i", exclusive=False
        ) as opened:
            holding = subject.search(opened, whom.sought("DE", known), source="office")
        return len(holding.records)

    several = [Subject([spelt]) for spelt in (NUMBER, "0049 30 12345678", "030/12345678")]
    several.append(Subject(extensions=[EXTENSION]))
    assert office.run(PSEUDONYM).exit_code == Exit.OK
    assert [found(whom) for whom in several] == [4] * 4
    assert found(Subject(["+498912345678"])) == 0
    folder = Folder(office.folder / "holds.d", office.folder / "state")
    match = Match(numbers=["030 12345678"])
    folder.put(new_hold(match, kind="legal-hold", by="legal department", today=NOW.date()))
    deletes = PSEUDONYM.replace("forever", "50 days")
    assert office.run(deletes, holds=folder).exit_code == Exit.OK
    assert len(office.rows()) == 4
    office.run(PSEUDONYM, now=NOW + timedelta(days=400), holds=folder)
    assert found(several[0]) == 1


def _changed(change: Callable[[str], str]) -> Connector:
    text = change(connector.find("asterisk").text.decode())
    return connector.parse(text.encode(), "connector.yaml", "shipped")


@pytest.mark.parametrize("lines", [0, 150])
def test_a_dataset_that_cant_be_redacted_is_refused_alone(office: Office, lines: int) -> None:
    logs = office.folder / "logs" / "cdr-csv"
    logs.mkdir(parents=True)
    when = f"{NOW - timedelta(days=60):%Y-%m-%d %H:%M:%S}"
    line = '"","1","2","x","""1"" <1>","PJSIP/1","","Dial","",{0},,{0},1,1,"BUSY","3","{1}",""\n'
    text = "".join(line.format(f'"{when}"', f"{number}.1") for number in range(lines))
    (logs / "Master.csv").write_text(text)
    done = office.run(roots={"logs": office.folder / "logs"}, share=20)
    assert done.exit_code == Exit.REFUSED
    told = office.told()
    assert (told["calls-redact"].outcome, told["calls"].outcome) == ("complete", "complete")
    refused = told["call-log-files-redact"]
    assert (refused.outcome, refused.balances.residue) == ("refused", lines)
    assert {error.code for error in done.errors} == {"REDACTION_KIND"}


def test_files_of_the_same_data_class_are_deleted_when_their_rows_are_redacted(
    office: Office,
) -> None:
    product = _changed(lambda text: text.replace("call-recordings", "call-detail-records"))
    folder = office.folder / "recordings"
    folder.mkdir()
    with closing(sqlite3.connect(office.path)) as opened:
        for n, (age,) in enumerate([(200,), (100,), (40,), (10,)]):
            name = f"in-{NUMBER}-{n}.wav"
            opened.execute("UPDATE cdr SET recordingfile = ? WHERE sequence = ?", (name, n))
            (folder / name).write_bytes(b"voice")
            then = (NOW - timedelta(days=age)).timestamp()
            os.utime(folder / name, (then, then))
        opened.commit()
    done = office.run(product=product, roots={"recordings": folder})
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    left = [path.name for path in folder.iterdir() if path.suffix == ".wav"]
    assert left == [f"in-{NUMBER}-3.wav"]
    told = office.told()
    assert (told["recordings"].balances.deleted, told["recordings"].rule.keep) == (3, "P30D")
    assert [row[0] for row in office.rows("recordingfile")] == ["", "", f"in-{NUMBER}-3.wav"]


def test_a_personal_column_without_a_form_refuses(office: Office) -> None:
    product = _changed(lambda text: text.replace("clid: text, src: number", "src: number"))
    done = office.run(product=product)
    assert {error.code for error in done.errors} == {"REDACTION_UNDECLARED"}
    assert "clid" in str(done.errors[0])
    assert NUMBER in repr(office.rows("src"))


def test_a_trigger_on_updates_refuses(office: Office) -> None:
    trigger = "    triggers: [{table: cdr, name: copy, event: update}]\n    link: {column: rec"
    product = _changed(lambda text: text.replace("    link: {column: rec", trigger, 1))
    with closing(sqlite3.connect(office.path)) as opened:
        opened.execute("CREATE TRIGGER copy AFTER UPDATE ON cdr BEGIN SELECT 1; END")
    assert {e.code for e in office.run(product=product).errors} == {"REDACTION_TRIGGER"}


def test_a_rule_that_goes_by_what_redaction_changes_is_refused(office: Office) -> None:
    def run(redact: str) -> set[str]:
        rules = (
            f"1 year, redact: {redact}, only: {{extension: '201'}}, basis: {{code: necessity}}}}"
        )
        rest = "\n  - {data: call-detail-records, keep: 90 days"
        return {error.code for error in office.run(rules + rest).errors}

    assert run("{after: 30 days}") == {"REDACTION_FACET"}
    assert NUMBER in repr(office.rows("src"))
    assert run("{after: 30 days, extensions: 3}") == set()
    assert office.rows("src, dst")[0] == ("+493012345***", "201")


def test_no_number_stands_in_report_state_folder_or_key_of_pseudonyms(office: Office) -> None:
    done = office.run(PSEUDONYM)
    assert done.entry
    for path in (office.folder / "state").rglob("*"):
        if path.is_file():
            assert NUMBER[1:].encode() not in path.read_bytes(), path


# --- whatever is held, or under a minimum, stays as it is ---

CUT = NOW - timedelta(days=30)
CALLS = st.lists(
    st.tuples(st.integers(-40, 40), st.sampled_from(["", "a", "b", "c"])), min_size=1, max_size=12
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=CALLS, held=st.sets(st.sampled_from(["a", "b"])), keys=st.sets(st.integers(0, 11)))
def test_no_held_record_and_none_after_the_cut_off_is_redacted(
    tmp_path_factory: pytest.TempPathFactory,
    calls: list[tuple[int, str]],
    held: set[str],
    keys: set[int],
) -> None:
    office = Office(tmp_path_factory.mktemp("held"), ())
    with closing(sqlite3.connect(office.path)) as made:
        for n, (days, call) in enumerate(calls):
            when = CUT + timedelta(days=days, minutes=30)
            made.execute(
                "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (f"{when.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", NUMBER, f"0301{n:05}", "", f"u-{n}",
                 call, n),
            )  # fmt: skip
        made.commit()
    before = office.rows("sequence, src, dst, calldate")
    store = open_table(
        name="calls",
        dataset=shipped("asterisk", "calls"),
        engine=connect(f"sqlite:///{office.path}"),
        zone=ZONE,
    )
    spared = [before[n] for n in keys if n < len(before)]
    identities = frozenset(
        pack(f"u-{n}".encode(), b"\x00i:%d" % n, dst.encode(), b"", stamp.encode(),
             calls[n][1].encode(), f"u-{n}".encode())
        for n, _, dst, stamp in spared
    )  # fmt: skip
    selection = selecting(
        store, CUT, NOW, redact=Redaction("cut"), excluded_keys=identities,
        held_calls=frozenset(call.encode() for call in held),
    )  # fmt: skip
    census = store.census(selection)
    went = drain(store, selection, limit=3)
    if store.census(selection).due:  # behind the boundary of the first walk
        went += drain(store, selection, limit=3)
    store.close()
    straddling = {c for c in ("a", "b", "c") if len({d >= 0 for d, x in calls if x == c}) == 2}
    must = {
        n
        for n, (days, call) in enumerate(calls)
        if days >= 0 or call in held | straddling or n in keys
    }
    after = {row[0]: row for row in office.rows("sequence, src, dst, calldate")}
    assert {n for n, row in enumerate(before) if after[n] == row} == must
    assert census.due == len(went) == len(calls) - len(must)
