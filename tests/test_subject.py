"""Whoever asks gets everything that is stored about them, and whoever demands it is forgotten.

The real command line on FreePBX's own tables and folders (MariaDB), with the documented grants.
"""

from __future__ import annotations

import json
import re
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
        self.outputs.append(done.output)
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
    assert "nothing is stored" in again.output
