"""What the hold commands say and do; and whom a hold is about stands nowhere but in its file."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from support.held import COLUMNS, Call, rows

from pbxretain import keyring
from pbxretain.cli import main
from pbxretain.errors import Exit
from pbxretain.evidence.trust import read_roster
from pbxretain.secret import Secret

NUMBER, PERSON, REASON = "+49 30 55512345", "Zacharias Canary", "quarrel with Canary"
TODAY = datetime.now(UTC)
PASSPHRASE = "five words of no meaning"


class Place:
    """An installation with one source, approved."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.state = folder, folder / "state"
        self.config = folder / "etc" / "config.yaml"
        age = (TODAY - datetime(2026, 11, 15, tzinfo=UTC)).days
        calls = [Call(n, NUMBER if n < 2 else "030 999", "201", 120 - age) for n in range(4)]
        with closing(sqlite3.connect(folder / "cdr.db")) as database:
            database.execute(f"CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, {COLUMNS})")
            marks = ", ".join("?" * len(COLUMNS.split(",")))
            database.executemany(f"INSERT INTO cdr ({COLUMNS}) VALUES ({marks})", list(rows(calls)))
            database.commit()
        assert (
            self.run(
                "init",
                "--yes",
                "--connector=asterisk",
                f"--url=sqlite:///{folder / 'cdr.db'}",
                "--timezone=Europe/Berlin",
                f"--config-dir={self.config.parent}",
                f"--state-dir={self.state}",
                "--source=office",
                "--controller=Acme GmbH",
            ).exit_code
            == Exit.OK
        )
        found = yaml.safe_load(self.config.read_text()) | settings
        found["sources"]["office"]["region"] = "DE"
        self.config.write_text(yaml.safe_dump(found))
        assert self.run("policy", "approve", "office-policy", "--by", "management").exit_code == 0

    def run(self, *args: str, lang: str = "en") -> Result:
        given = ["--config", str(self.config), "--lang", lang]
        done = CliRunner().invoke(main, [*given, *args])
        if args[:2] not in (("hold", "show"), ("plan", "--list")):
            assert "Canary" not in done.output
            assert "55512345" not in done.output.replace(" ", "")
        return done

    def json(self, *args: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*args, "--json").stdout)
        return found

    def add(self, *more: str) -> str:
        given = ("--number", NUMBER, "--by", "legal department")
        about = ("--reason", REASON, "--person", PERSON)
        return str(self.json("hold", "add", *given, *about, *more)["hold"])

    def left(self) -> int:
        with closing(sqlite3.connect(self.folder / "cdr.db")) as database:
            return int(database.execute("SELECT count(*) FROM cdr").fetchone()[0])

    def file(self, hold: str) -> Path:
        return self.config.parent / "holds.d" / f"{hold}.yaml"

    def statements(self) -> list[tuple[str, str, int]]:
        """Hold statements of the ledger: hold, event, how many signed."""
        found = []
        for path in sorted((self.state / "office" / "reports").glob("*-hold.dsse.json")):
            envelope = json.loads(path.read_bytes())
            said = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
            found.append((said["hold"], said["event"], len(envelope["signatures"])))
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_hold_is_set_kept_listed_and_told_to_the_ledger(place: Place) -> None:
    before = place.left()
    hold = place.add()
    assert place.file(hold).stat().st_mode & 0o777 == 0o600
    assert place.statements() == [(hold, "set", 1)]
    assert place.run("run", "--confirm-count", "100").exit_code == Exit.OK
    assert place.left() == before // 2
    assert hold[:8] in place.run("hold", "list").output
    assert place.run("verify", str(place.state / "office" / "reports")).exit_code == Exit.OK
    for lang in ("de", "en"):
        shown = place.run("hold", "show", hold[:8], lang=lang).output
        assert all(word in shown for word in (NUMBER, PERSON, REASON))


def test_the_plan_counts_what_is_held_and_lists_none_of_it(place: Place) -> None:
    listed = place.json("plan", "--list")["sources"][0]["records"]
    hold = place.add()
    after = place.json("plan", "--list")["sources"][0]
    assert len(after["records"]) == len(listed) // 2
    assert after["holds"] == {"active": 1, "restrictions": 0}
    said = place.run("plan").output
    assert "Holds in force: 1" in said
    assert hold not in said
    assert "Löschsperren: 1" in place.run("check", lang="de").output


def test_a_hold_that_everybody_may_read_is_told(place: Place) -> None:
    path = place.file(place.add())
    path.chmod(0o644)
    assert "HOLDS_EXPOSED" not in place.run("check", "--json").output
    path.parent.chmod(0o755)
    assert "HOLDS_EXPOSED" in place.run("check", "--json").output
    path.chmod(0o640)
    assert "HOLDS_EXPOSED" not in place.run("check", "--json").output


def test_nothing_but_the_file_of_a_hold_says_whom_it_is_about(place: Place) -> None:
    place.add()
    place.add("--restriction", "--data", "call-detail-records")
    place.run("run", "--confirm-count", "100")
    place.run("check")
    needles = [text.encode() for text in (PERSON, REASON, "55512345", NUMBER)]
    for path in place.state.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [needle for needle in needles if needle in data], path


@pytest.mark.parametrize(
    "given",
    [
        (),
        ("--number", "Mrs Canary"),
        ("--extension", "a b c"),
        ("--number", NUMBER, "--data", "canary"),
        ("--since", "2026-02-01", "--until", "2026-01-01"),
        ("--since", "yesterday"),
        ("--number", NUMBER, "--source", "elsewhere"),
    ],
)
def test_a_hold_that_means_nothing_is_refused(place: Place, given: tuple[str, ...]) -> None:
    done = place.run("hold", "add", *given, "--by", "legal department")
    assert done.exit_code == Exit.USAGE
    assert not list((place.config.parent / "holds.d").glob("*"))


def test_days_that_end_before_they_begin_are_told_as_such(place: Place) -> None:
    done = place.run("hold", "add", "--by", "x", "--since", "2026-02-01", "--until", "2026-01-01")
    assert (done.exit_code, "lies before" in done.output) == (Exit.USAGE, True)


def test_a_person_is_no_function(place: Place) -> None:
    done = place.run("hold", "add", "--extension", "201", "--by", "me@example.com")
    assert done.exit_code == Exit.REFUSED


def test_one_person_releases_a_hold_and_its_records_stay_for_the_grace(place: Place) -> None:
    hold = place.add()
    done = place.json("hold", "release", hold[:8], "--by", "legal department")
    assert done["state"] == "grace"
    assert place.statements() == [(hold, "set", 1), (hold, "released", 1)]
    place.run("run", "--confirm-count", "100")
    assert place.left() == 4
    again = place.run("hold", "release", hold[:8], "--by", "legal department")
    assert again.exit_code == Exit.REFUSED


def _two(folder: Path) -> tuple[Place, Path, Path]:
    """An installation whose releases take two persons, with the officer's keys and passphrase."""
    place = Place(folder, hold={"grace": "1 day", "release": "two-person"})
    secret = folder / "passphrase"
    secret.touch(0o600)
    secret.write_text(PASSPHRASE + "\n")
    return place, secret, folder / "officer"


def test_two_persons_release_a_hold_each_with_a_word_of_their_own(tmp_path: Path) -> None:
    place, secret, home = _two(tmp_path)
    hold = place.add()
    asked = place.json("hold", "release", hold[:8], "--by", "legal department")
    assert asked["state"] == "asked"
    agree = ("hold", "release", hold[:8], "--agree", "--passphrase-file", str(secret))
    stranger = tmp_path / "stranger.key"
    keyring.write_container(
        stranger, {"controller": keyring.generate("controller")}, Secret(PASSPHRASE), created=TODAY
    )
    alone = place.run(*agree, "--by", "management", "--key", str(stranger))
    assert alone.exit_code == Exit.REFUSED  # without a roster nobody has a say
    _roster(place, home, secret)
    refused = place.run(*agree, "--by", "management", "--key", str(stranger))
    assert refused.exit_code == Exit.REFUSED
    same = place.run(*agree, "--by", "legal department", "--key", str(_keys(home)))
    assert same.exit_code == Exit.REFUSED
    assert place.statements() == [(hold, "set", 1)]
    done = place.run(*agree, "--by", "officer", "--key", str(_keys(home)))
    assert done.exit_code == Exit.OK, done.output
    assert place.statements() == [(hold, "set", 1), (hold, "released", 2)]
    assert place.json("hold", "list")["holds"][0]["state"] == "grace"
    found = place.json("verify", str(place.state / "office" / "reports"))
    assert [finding["code"] for finding in found["findings"]] == ["UNWITNESSED"]


def test_a_file_alone_releases_nothing_where_two_persons_have_to_agree(tmp_path: Path) -> None:
    place, _, _ = _two(tmp_path)
    hold = place.add()
    text = yaml.safe_load(place.file(hold).read_text())
    day = (TODAY - timedelta(days=9)).date().isoformat()
    text["release"] = {"asked_by": "a", "asked_on": day, "given_by": "b", "given_on": day,
                       "ends": day}  # fmt: skip
    place.file(hold).write_text(yaml.safe_dump(text))
    assert [each["state"] for each in place.json("hold", "list")["holds"]] == ["asked"]
    before = place.left()
    assert place.run("run", "--confirm-count", "100").exit_code == Exit.OK
    assert place.left() == before // 2


def test_a_hold_whose_file_vanished_is_released_by_a_word(place: Place) -> None:
    hold = place.add()
    place.file(hold).unlink()
    for command in (["plan"], ["check"], ["run", "--confirm-count", "100"]):
        done = place.run(*command)
        assert done.exit_code == Exit.REFUSED
        assert f"hold release {hold[:8]}" in done.output
    assert place.run("hold", "release", hold[:8], "--by", "legal department").exit_code == Exit.OK
    assert place.run("run", "--confirm-count", "100").exit_code == Exit.OK
    assert place.left() == 0


def _keys(home: Path) -> Path:
    return home / "dpo-keys.json"


def _roster(place: Place, home: Path, secret: Path) -> None:
    bundle = place.folder / "office.zip"
    assert place.run("report", "bundle", "office", "--out", str(bundle)).exit_code == 0
    print_ = re.search(r"[0-9a-f]{64}", place.run("key", "show", "--json").stdout)
    assert print_
    out = place.folder / "trust.dsse.json"
    done = place.run(
        "dpo", "init", str(bundle), "--home", str(home), "--controller", "Acme GmbH",
        "--passphrase-file", str(secret), "--fingerprint", print_[0], "--out", str(out),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    authority = next(iter(read_roster(out.read_bytes()).authority))
    added = place.run("key", "add", str(out), "--fingerprint", authority)
    assert added.exit_code == 0, added.output
