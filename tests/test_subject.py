"""Whoever asks gets everything that is stored about them, and whoever demands it is forgotten.

The real command line on FreePBX's own tables and folders (MariaDB), with the documented grants.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from support import person
from support.servers import MariaDB

from pbxretain import connector
from pbxretain.cli import main
from pbxretain.errors import Exit

TABLES = {"calls": "cdr", "calls-transient-cdr": "transient_cdr", "events": "cel"}
NUMBER = "030 1234567"


class Office:
    """An installation beside a FreePBX that holds one person's data among others'."""

    def __init__(self, folder: Path, server: MariaDB) -> None:
        self.folder, self.server = folder, server
        self.state = folder / "state"
        self.config = folder / "etc" / "config.yaml"
        self.outputs: list[str] = []
        self.name = server.create_database("subject")
        self.planted = person.plant(folder / "pbx", server.admin(self.name), datetime.now(UTC))
        grants = connector.find("freepbx").manifest.grants("mysql")
        grants = {t: r for t, r in grants.items() if t in ("cdr", "cel", "transient_cdr", "*")}
        grants["queuelog"] = "SELECT, DELETE, TRIGGER"
        server.create_user("pbxretain", password="x", database=self.name, grants=grants)
        self._configure()
        self.run("key", "new")
        self.approve()

    def _configure(self) -> None:
        policies = self.config.parent / "policies.d"
        policies.mkdir(parents=True)
        secret = self.config.parent / "password"
        secret.touch(0o600)
        secret.write_text("x")
        source = {
            "connector": "freepbx",
            "url": self.server.url(self.name, "pbxretain"),
            "password": {"file": str(secret)},
            "timezone": "Europe/Berlin",
            "region": "DE",
            "policy": "all",
            "roots": {name: str(path) for name, path in self.planted.roots.items()},
            "asterisk": {"version": "22.10.1"},
        }
        settings = {"language": "en", "state": str(self.state), "sources": {"office": source}}
        self.config.write_text(yaml.safe_dump(settings))
        self.policy()

    def policy(self, **rules: dict[str, object]) -> None:
        """90 days for all, but what is given (underscores stand for hyphens)."""
        classes = connector.find("freepbx").manifest.offered()
        usual = {name: {"keep": "90 days"} for name in classes}
        given = {name.replace("_", "-"): rule for name, rule in rules.items()}
        made = [
            {"data": name, "basis": {"code": "necessity"}, **rule}
            for name, rule in (usual | given).items()
        ]
        text = yaml.safe_dump({"policy": "all", "rules": made})
        (self.config.parent / "policies.d" / "all.yaml").write_text(text)

    def approve(self) -> None:
        self.run("policy", "approve", "all", "--by", "management")

    def run(self, *args: str, input: str | None = None) -> Result:
        done = CliRunner().invoke(main, ["--config", str(self.config), *args], input=input)
        # What is typed at a prompt shows on the terminal, as everywhere.
        typed = NUMBER if input and "-" not in args else ""
        self.outputs.append(done.output.replace(f": {typed}\n", "\n", 1) if typed else done.output)
        return done

    def erase(self, *args: str) -> dict[str, Any]:
        done = self.run("subject", "erase", "--number", "-", "--yes", "--json", *args, input=NUMBER)
        told: dict[str, Any] = json.loads(done.stdout)
        assert told["exit"] == done.exit_code
        return told

    def marks(self, dataset: str) -> set[str]:
        """What is there now, read without pbxretain."""
        if dataset in TABLES:
            return self._column(f"SELECT uniqueid FROM {TABLES[dataset]}")
        if dataset == "queue-log-table":
            return self._column("SELECT callid FROM queuelog")
        roots = self.planted.roots
        if dataset == "recordings":
            root = roots["recordings"]
            return {str(p.relative_to(root))[:-4] for p in root.rglob("*.wav")}
        if dataset == "voicemail":
            root = roots["voicemail"]
            texts = root.rglob("msg????.txt")
            return {
                re.sub(r"\d{4}$", "", str(p.relative_to(root))[:-4]) + _caller(p) for p in texts
            }
        name, place = ("queue_log", 1) if dataset == "queue-log" else ("cdr-csv", 16)
        files = [p for p in roots["logs"].rglob("*") if name in str(p) and p.is_file()]
        lines = [line for p in files for line in p.read_text().splitlines()]
        split = [line.split("|" if place == 1 else '","') for line in lines]
        return {fields[place] for fields in split}

    def _column(self, query: str) -> set[str]:
        with closing(self.planted.connection.cursor()) as cursor:
            cursor.execute(query)
            return {value for (value,) in cursor.fetchall()}

    def nowhere(self, *texts: str) -> None:
        """None of it in what was printed, or in anything of the state folder."""
        written = [path.read_bytes() for path in self.state.rglob("*") if path.is_file()]
        assert written
        for text in texts:
            assert not any(text in output for output in self.outputs)
            assert not any(text.encode() in data for data in written)


def _caller(path: Path) -> str:
    found = re.search("callerid=(.*)", path.read_text("latin-1"))
    assert found
    return found[1]


@pytest.fixture
def office(tmp_path: Path, mariadb: MariaDB) -> Iterator[Office]:
    office = Office(tmp_path, mariadb)
    yield office
    # Whatever was done: the number stands in no output and in no file that stays.
    office.nowhere("301234567", "30 1234567", "Anna Muster")


def test_everything_goes_and_nobody_elses_record_is_touched(office: Office) -> None:
    every = {name: office.marks(name) for name in office.planted.hers}
    told = office.erase()
    (source,) = told["sources"]
    assert (told["exit"], source["outcome"], source["after"]) == (Exit.OK, "complete", {})
    for name, marks in office.planted.hers.items():
        left = office.marks(name)
        if name != "voicemail":
            assert left == every[name] - marks, name
    assert len(list(office.planted.roots["voicemail"].rglob("msg????.txt"))) == len(
        office.planted.others["voicemail"]
    )
    again = office.run("subject", "erase", "--number", "-", "--yes", input=NUMBER)
    assert again.exit_code == Exit.OK
    assert "nothing was found" in again.output


def _reports(office: Office) -> list[dict[str, Any]]:
    folder = office.state / "office" / "reports"
    found = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.dsse.json"))]
    statements = [json.loads(base64.b64decode(envelope["payload"])) for envelope in found]
    return [each["predicate"] for each in statements if "deletion" in each["predicateType"]]


def test_the_report_says_that_it_was_demanded_and_not_by_whom(office: Office) -> None:
    office.erase()
    (report,) = _reports(office)
    assert report["run"]["trigger"] == "erasure-request"
    by_name = {entry["dataset"]: entry for entry in report["datasets"]}
    for name, marks in office.planted.hers.items():
        copies = 0 if name == "calls-transient-cdr" else len(marks)
        assert by_name[name]["balances"]["deleted"] == copies, name
        assert by_name[name]["rule"]["cutoff"] is None
        assert by_name[name]["range"]["oldest_deleted"] is None
    assert by_name["calls"]["also"] == {"transient_cdr": len(office.planted.hers["calls"])}


def test_runs_before_and_after_agree_with_an_erasure(office: Office) -> None:
    office.planted.forget_future()
    codes = [office.run("run", "office", "--confirm-count", "9999").exit_code]
    office.erase()
    codes.append(office.run("run", "office", "--confirm-count", "9999").exit_code)
    assert codes == [Exit.OK, Exit.OK]
    folder = office.state / "office" / "reports"
    told = json.loads(office.run("verify", str(folder), "--json").stdout)
    codes_found = {finding["code"] for finding in told["findings"]}
    assert not codes_found & {"UNEXPLAINED_ROWS", "POLICY_CHANGED", "WATERMARK", "RETURNED"}


def test_what_a_minimum_keeps_is_refused_and_the_report_says_so(office: Office) -> None:
    office.policy(call_detail_records={"keep": "5 years", "minimum": "100 days"})
    office.approve()
    before = office.marks("calls")
    told = office.erase()
    (source,) = told["sources"]
    assert told["exit"] == Exit.OK
    gone = before - office.marks("calls")
    assert gone < office.planted.hers["calls"]
    assert all(datetime.fromtimestamp(int(m.split(".")[0]), UTC).year < 2030 for m in gone)
    kept = source["after"]["calls"]
    # Rows that named her by their recording alone name nobody once that is gone.
    by_file = len(person.SPELLINGS)
    assert kept["minimum"] == len(office.planted.hers["calls"] - gone) - by_file > 0
    assert (kept["going"], kept["waiting"]) == (0, 0)
    (report,) = _reports(office)
    exceptions = {(e["code"], e["dataset"]): e["count"] for e in report["exceptions"]}
    assert exceptions["MIN_RETENTION", "calls"] == kept["minimum"] + by_file
    assert exceptions["MIN_RETENTION", "call-log-files"]
    assert "events" not in source["after"]


def test_what_a_hold_keeps_is_refused_and_the_report_says_so(office: Office) -> None:
    before = {name: office.marks(name) for name in office.planted.hers}
    held = office.run("hold", "add", "--number", person.NUMBER, "--by", "legal department")
    assert held.exit_code == Exit.OK
    told = office.erase()
    (source,) = told["sources"]
    assert (told["exit"], source["deleted"]) == (Exit.OK, 0)
    assert {name: office.marks(name) for name in office.planted.hers} == before
    (report,) = _reports(office)
    exceptions = {e["dataset"]: e["count"] for e in report["exceptions"] if e["code"] == "HELD"}
    wanted = {name: len(marks) for name, marks in office.planted.hers.items()}
    assert exceptions == {n: c for n, c in wanted.items() if n != "calls-transient-cdr"}


def test_nothing_goes_where_nobody_confirms(office: Office) -> None:
    before = office.marks("calls")
    for args, answer in ((("--dry-run",), ""), ((), "n\n"), ((), "")):
        done = office.run("subject", "erase", "--number", *args, input=f"{NUMBER}\n{answer}")
        assert done.exit_code in (Exit.OK, Exit.INTERRUPTED)
    assert office.marks("calls") == before
    assert _reports(office) == []


def test_nothing_goes_under_a_policy_that_nobody_approved(office: Office) -> None:
    office.policy(voicemail_messages={"keep": "60 days"})
    before = office.marks("calls")
    told = office.erase()
    assert told["exit"] == Exit.REFUSED
    assert office.marks("calls") == before
    (refused,) = told["sources"][0]["refused_before"]
    assert refused["code"] == "NOT_APPROVED"


def _plant_undated(office: Office) -> None:
    leg = {"calldate": "0000-00-00 00:00:00", "uniqueid": "none", "linkedid": "none"}
    office.planted.insert("cdr", **leg, src=person.NUMBER)
    office.planted.insert("cdr", **leg, src=person.OTHERS[0], sequence=7)
    log = office.planted.roots["logs"] / "cdr-csv" / "Master.csv"
    old = log.read_text()
    log.write_text(old + ",".join(['""', '"0301234567"', *['""'] * 14, '"none"']) + "\n")


def test_a_record_without_a_time_goes_where_no_minimum_may_keep_it(office: Office) -> None:
    _plant_undated(office)
    told = office.erase()
    assert (told["exit"], told["sources"][0]["after"]) == (Exit.OK, {})
    sources = office._column("SELECT src FROM cdr WHERE uniqueid = 'none'")
    assert sources == office._column("SELECT src FROM transient_cdr WHERE uniqueid = 'none'")
    assert sources == {person.OTHERS[0]}
    assert "none" not in office.marks("call-log-files")


def test_a_record_that_no_key_tells_from_somebody_elses_stays_and_is_told(office: Office) -> None:
    when = person.freepbx_time(office.planted.now)
    twin = {"calldate": when, "uniqueid": "twin", "linkedid": "twin", "dst": "s"}
    for number in (person.NUMBER, person.OTHERS[0]):
        office.planted.insert("cdr", **twin, src=number)
    told = office.erase()
    assert told["exit"] == Exit.INCOMPLETE
    assert told["sources"][0]["after"]["calls"]["waiting"] == 1
    left = office._column("SELECT src FROM cdr WHERE uniqueid = 'twin'")
    assert left == {person.NUMBER, person.OTHERS[0]}


def test_a_record_without_a_time_stays_where_a_minimum_may_keep_it(office: Office) -> None:
    _plant_undated(office)
    office.policy(call_detail_records={"keep": "5 years", "minimum": "1 days"})
    office.approve()
    told = office.erase()
    assert told["exit"] == Exit.INCOMPLETE
    after = told["sources"][0]["after"]
    assert after["calls"]["waiting"] == after["call-log-files"]["waiting"] == 1
    assert len(office._column("SELECT src FROM cdr WHERE uniqueid = 'none'")) == 2


def test_access_gives_everything_in_files_of_its_own_and_nothing_else(office: Office) -> None:
    out = office.folder / "answer"
    done = office.run(
        "subject", "find", "--out", str(out), "--with-files", "--number", input=f"{NUMBER}\n"
    )
    assert done.exit_code == Exit.OK
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_dir()} == {0o700}
    told = json.loads((out / "subject.json").read_text())
    (source,) = told["sources"]
    counts: dict[str, int] = {}
    for record in source["records"]:
        counts[record["dataset"]] = counts.get(record["dataset"], 0) + 1
    assert counts == {name: len(marks) for name, marks in office.planted.hers.items()}
    sheet = (out / "subject.html").read_text()
    assert "+49 (0)30 1234-567" in sheet
    assert "+431301234567" not in sheet
    copies = {path.name for path in out.rglob("*.wav")}
    assert {
        f"{mark.rpartition('/')[2]}.wav" for mark in office.planted.hers["recordings"]
    } <= copies
    voicemail = list(out.rglob("msg*.txt"))
    assert len(voicemail) == len(office.planted.hers["voicemail"])
    again = office.run("subject", "find", "--out", str(out), "--number", "-", input=NUMBER)
    assert again.exit_code == Exit.REFUSED


def test_legs_that_name_others_are_counted_and_not_handed_out(office: Office) -> None:
    when = office.planted.now
    leg = {"calldate": person.freepbx_time(when), "linkedid": "call", "dst": "s"}
    office.planted.insert("cdr", **leg, src=person.NUMBER, uniqueid="hers")
    office.planted.insert("cdr", **leg, src="4711", uniqueid="others", clid="Secret Person")
    out = office.folder / "answer"
    office.run("subject", "find", "--out", str(out), "--number", "-", input=NUMBER)
    (source,) = json.loads((out / "subject.json").read_text())["sources"]
    related = [each for each in source["related"] if each["dataset"] == "calls"]
    assert [each["call"] for each in related] == ["call"]
    written = (out / "subject.json").read_text() + (out / "subject.html").read_text()
    assert "Secret Person" not in written
    office.erase()
    assert "hers" not in office.marks("calls")
    assert "others" in office.marks("calls")


def test_a_value_on_the_command_line_is_warned_of_and_a_file_is_not(office: Office) -> None:
    given = office.folder / "whom"
    given.write_text("# who asked\nextension: 4711\nname: Nobody Here\n")
    done = office.run("subject", "erase", "--dry-run", "--from", str(given))
    assert (done.exit_code, "history" in done.output) == (Exit.OK, False)
    done = office.run("subject", "erase", "--dry-run", "--extension", "4711")
    assert (done.exit_code, "history" in done.output) == (Exit.OK, True)
    given.write_text("phone: 4711\n")
    done = office.run("subject", "erase", "--from", str(given))
    assert (done.exit_code, "4711" in done.output) == (Exit.USAGE, False)
    done = office.run("subject", "erase", "--number", "-", input="12ab")
    assert (done.exit_code, "12ab" in done.output) == (Exit.USAGE, False)
    assert office.run("subject", "erase").exit_code == Exit.USAGE


def test_what_wasnt_searched_is_told_beside_what_was_found(office: Office) -> None:
    settings = yaml.safe_load(office.config.read_text())
    del settings["sources"]["office"]["roots"]["logs"]
    office.config.write_text(yaml.safe_dump(settings))
    out = str(office.config.parent / "out")
    for command in (["find", "--out", out], ["erase", "--dry-run"]):
        for number in (NUMBER, "+49 40 66969999"):
            done = office.run("subject", *command, "--number", "-", input=number)
            assert "not searched" in done.output
            assert "queue-log" in done.output
            shutil.rmtree(out, ignore_errors=True)
