"""The command line: what may be typed, what comes out, and with which exit code it ends."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from support import docs

from pbxretain import execute, messages
from pbxretain import plan as planning
from pbxretain.cli import context, main
from pbxretain.cli.face import Face, Plain
from pbxretain.cli.progress import stop_flag
from pbxretain.errors import Exit
from pbxretain.evidence.attachment import attached
from pbxretain.plan import Terms

DAY = timedelta(days=1)
COLUMNS = (
    "calldate, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, duration, "
    "billsec, disposition, amaflags, accountcode, uniqueid, userfield, peeraccount, linkedid, "
    "sequence"
)


def calls(path: Path, *, old: int, young: int) -> Path:
    """A call log of Asterisk in SQLite, with calls of half a year ago and of yesterday."""
    now = datetime.now(UTC)
    with sqlite3.connect(path) as database:
        kinds = COLUMNS.replace("duration", "duration INTEGER")
        database.execute(f"CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, {kinds})")
        marks = ", ".join("?" * len(COLUMNS.split(",")))
        for number in range(old + young):
            start = now - (180 if number < old else 1) * DAY + timedelta(seconds=number)
            unique = f"{int(start.timestamp())}.{number}"
            values = [
                f"{start:%Y-%m-%d %H:%M:%S}",
                '"Zoë Müßiggang" <+493023125411>',
                "+493023125411",
                "411",
                "internal",
                f"PJSIP/a-{number}",
                f"PJSIP/b-{number}",
                "Dial",
                "PJSIP/b",
                30,
                20,
                "ANSWERED",
                "3",
                "",
                unique,
                "",
                "",
                unique,
                number,
            ]
            database.execute(f"INSERT INTO cdr ({COLUMNS}) VALUES ({marks})", values)
    return path


class Place:
    """A folder with a call log and, after ``init``, an installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "etc" / "config.yaml"
        self.state = folder / "state"
        self.log = folder / "cdr.sqlite"

    def run(self, *args: str, lang: str = "en", input: str | None = None) -> Result:
        given = ["--config", str(self.config), "--lang", lang]
        return CliRunner().invoke(main, [*given, *args], input=input)

    def json(self, *args: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run(*args, "--json").stdout)
        assert document["schema"] == 1
        return document

    def init(self, *args: str) -> Result:
        return self.run(
            "init",
            "--yes",
            "--connector=asterisk",
            f"--url=sqlite:///{self.log}",
            "--timezone=Europe/Berlin",
            f"--config-dir={self.config.parent}",
            f"--state-dir={self.state}",
            "--source=office",
            "--controller=Acme GmbH",
            *args,
        )

    def approve(self) -> Result:
        return self.run("policy", "approve", "office-policy", "--by", "management")

    @property
    def reports(self) -> list[Path]:
        return sorted(self.state.glob("*/reports/*.dsse.json"))

    def left(self) -> int:
        with sqlite3.connect(self.log) as database:
            return int(database.execute("SELECT count(*) FROM cdr").fetchone()[0])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A call log with 12 old and 100 young calls; not installed yet."""
    calls(tmp_path / "cdr.sqlite", old=12, young=100)
    return Place(tmp_path)


@pytest.fixture
def ready(place: Place) -> Place:
    """The same, installed and approved."""
    assert place.init().exit_code == 0
    assert place.approve().exit_code == 0
    return place


def program(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pbxretain", *args],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
        check=False,
    )


def every_command() -> Iterator[tuple[str, click.Command]]:
    def below(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
        ctx = click.Context(group)
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            yield f"{path} {name}".strip(), command
            if isinstance(command, click.Group):
                yield from below(command, f"{path} {name}".strip())

    return below(main, "")


COMMANDS = dict(every_command())


# --- help and usage ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help(path: str) -> None:
    result = CliRunner().invoke(main, [*path.split(), "-h"])
    assert result.exit_code == 0
    sentence = (COMMANDS[path].help or "").split("\n")[0]
    assert sentence
    assert sentence in re.sub(r"\s+", " ", result.stdout)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_takes_the_common_options(path: str) -> None:
    given = {option for param in COMMANDS[path].params for option in param.opts}
    assert {"--config", "--lang", "--json", "-v", "--debug"} <= given


@pytest.mark.parametrize("path", COMMANDS)
def test_an_unknown_option_is_usage(path: str) -> None:
    result = CliRunner().invoke(main, [*path.split(), "--no-such-option"])
    assert result.exit_code == Exit.USAGE
    assert "Traceback" not in result.output


_DATABASE = ("sqlalchemy", "rich")
_DOCUMENTS = (*_DATABASE, "yaml", "pbxretain.settings", "pbxretain.records")
_ANYTHING = (*_DOCUMENTS, "pydantic", "cryptography", "pbxretain.wording", "pbxretain.sheet")


@pytest.mark.parametrize(
    ("args", "unwanted"),
    [
        (["--help"], _ANYTHING),
        (["verify", "nowhere.dsse.json"], _DOCUMENTS),
        (["policy", "-h"], _DATABASE),
    ],
)
def test_a_start_waits_for_nothing_that_it_has_no_use_for(
    args: list[str], unwanted: tuple[str, ...], tmp_path: Path
) -> None:
    code = (
        "import sys\n"
        "from pbxretain.cli import main\n"
        f"sys.argv[1:] = {args!r}\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {unwanted!r} if m in sys.modules])\n"
    )
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", docs.PAGES)
def test_the_reference_pages_are_current(name: str) -> None:
    assert (docs.FOLDER / name).read_text("utf-8") == docs.PAGES[name](), (
        "run: PYTHONPATH=tests python -m support.docs"
    )


def test_the_table_of_exit_codes_is_the_programs() -> None:
    page = (docs.FOLDER / "exit-codes.md").read_text("utf-8")
    table = dict(re.findall(r"^\| (\d+) \| (\w+) \|", page, re.M))
    assert table == {str(int(code)): code.name.lower() for code in Exit}


# --- from nothing to a verified report --------------------------------------------------------


def test_the_first_five_minutes(place: Place) -> None:
    begun = place.init()
    assert begun.exit_code == 0
    assert "pbxretain --config" in begun.stdout
    assert "policy approve office-policy --by FUNCTION" in begun.stdout
    assert place.run("run").exit_code == Exit.REFUSED
    assert place.approve().exit_code == 0
    assert place.run("check").exit_code == 0
    done = place.run("run")
    assert (done.exit_code, place.left()) == (0, 100)
    assert place.run("verify", str(place.state / "office")).exit_code == 0


def test_init_ends_with_the_plan_in_the_chosen_language(place: Place) -> None:
    begun = place.run(
        "init",
        "--connector=asterisk",
        "--timezone=Europe/Berlin",
        f"--config-dir={place.config.parent}",
        f"--state-dir={place.state}",
        "--language=de",
        lang="de",
        input=f"sqlite:///{place.log}\n\n",
    )
    assert begun.exit_code == 0
    assert "Ein Löschlauf würde jetzt verweigert; fällig: 12 Datensätze." in begun.stdout
    assert "language: de" in place.config.read_text("utf-8")


def test_init_overwrites_nothing(ready: Place) -> None:
    before = {path: path.read_bytes() for path in ready.folder.rglob("*") if path.is_file()}
    again = ready.init()
    assert again.exit_code == Exit.REFUSED
    assert before == {path: path.read_bytes() for path in before}


def test_init_can_be_repeated_after_it_broke_off(place: Place) -> None:
    assert place.init().exit_code == 0
    place.config.unlink()
    key = (place.state / "keys" / "runner.pem").read_bytes()
    assert place.init().exit_code == 0
    assert (place.state / "keys" / "runner.pem").read_bytes() == key


def test_settings_that_init_writes_can_be_filled_in(place: Place) -> None:
    place.init()
    text = place.config.read_text("utf-8")
    filled = text.replace("    # roots:", "    roots:").replace("    #   ", "      ")
    place.config.write_text(filled, "utf-8")
    assert "recordings: /var/spool/asterisk/monitor" in filled
    assert place.run("policy", "list").exit_code == 0


def test_a_password_is_never_taken_in_the_url(place: Place) -> None:
    result = place.init("--url=mysql://user:s3cret@host/db")
    assert result.exit_code == Exit.USAGE
    assert "s3cret" not in result.output
    assert not place.config.exists()


# --- plan -------------------------------------------------------------------------------------


def test_plan_deletes_nothing_and_says_so(ready: Place) -> None:
    result = ready.run("plan")
    assert result.exit_code == 0
    assert "A run would delete 12 records now; nothing was deleted." in result.stdout
    assert ready.left() == 112


def test_plan_tells_scripts_whether_something_is_due(ready: Place) -> None:
    assert ready.run("plan", "--exit-code").exit_code == Exit.DUE
    ready.run("run")
    assert ready.run("plan", "--exit-code").exit_code == 0


def test_a_signed_dry_run_can_be_handed_on(ready: Place) -> None:
    target = ready.folder / "dry-run.dsse.json"
    assert ready.run("plan", "--report", str(target)).exit_code == 0
    assert "Dry run: office" in ready.run("report", "show", str(target)).stdout
    verdict = ready.json("verify", str(target))
    assert verdict["exit"] == 0
    assert "DRY_RUN" in {finding["code"] for finding in verdict["findings"]}
    assert ready.run("plan", "--report", str(target)).exit_code == Exit.REFUSED


def test_a_listing_warns_and_is_safe_to_look_at(ready: Place) -> None:
    with sqlite3.connect(ready.log) as database:
        database.execute("UPDATE cdr SET src = 'x' || char(27) || '[2J', clid = src")
    result = ready.run("plan", "--list")
    assert "personal data" in result.stderr
    assert "personal data" not in result.stdout
    assert "\x1b" not in result.stdout
    assert len(ready.json("plan", "--list")["sources"][0]["records"]) == 12


def test_the_exact_command_is_printed_when_the_limit_is_exceeded(tmp_path: Path) -> None:
    calls(tmp_path / "cdr.sqlite", old=150, young=10)
    place = Place(tmp_path)
    place.init()
    place.approve()
    assert place.run("run").exit_code == Exit.REFUSED
    steps = place.json("plan")["sources"][0]["next"]
    command = steps["confirm"].split()
    assert command[-4:] == ["run", "office", "--confirm-count", "150"]
    assert CliRunner().invoke(main, command[1:]).exit_code == 0
    assert place.left() == 10


# --- run --------------------------------------------------------------------------------------


def test_run_is_silent_when_all_is_well_and_nobody_looks(ready: Place) -> None:
    done = program("--config", str(ready.config), "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(ready.reports) == 1


def test_a_refusal_is_told_without_a_terminal(place: Place) -> None:
    place.init()
    done = program("--config", str(place.config), "run")
    assert done.returncode == Exit.REFUSED
    assert done.stdout == ""
    assert "policy approve office-policy" in done.stderr
    assert "Traceback" not in done.stderr


def test_run_gives_the_report_as_json(ready: Place) -> None:
    source = ready.json("run")["sources"][0]
    assert source["outcome"] == "complete"
    assert source["report"]["path"] == str(ready.reports[0])
    datasets = source["report"]["predicate"]["datasets"]
    deleted = {entry["dataset"]: entry["balances"]["deleted"] for entry in datasets}
    assert deleted["calls"] == 12


def test_one_source_that_fails_does_not_stop_the_next(ready: Place) -> None:
    text = ready.config.read_text("utf-8")
    head, source = text.split("  office:\n")
    broken = source.replace(str(ready.log), str(ready.folder / "missing.sqlite"))
    ready.config.write_text(f"{head}  branch:\n{broken}  office:\n{source}", "utf-8")
    result = ready.run("run")
    assert result.exit_code == Exit.UNAVAILABLE
    assert ready.left() == 100


def test_a_mistake_of_the_program_in_one_source_does_not_stop_the_next(
    ready: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ready.config.read_text("utf-8")
    head, source = text.split("  office:\n")
    ready.config.write_text(f"{head}  branch:\n{source}  office:\n{source}", "utf-8")
    real = execute.run

    def broken(terms: Terms, *args: Any, **kwargs: Any) -> execute.RunResult:
        if terms.name == "branch":
            raise KeyError("+493023125411")
        return real(terms, *args, **kwargs)

    monkeypatch.setattr(execute, "run", broken)
    result = ready.run("run")
    assert result.exit_code == Exit.FAILED
    assert "internal error KeyError" in result.stderr
    assert "3023125" not in result.output
    assert ready.left() == 100


def test_a_confirmed_count_goes_with_one_source(ready: Place) -> None:
    text = ready.config.read_text("utf-8")
    _, source = text.split("  office:\n")
    ready.config.write_text(f"{text}  branch:\n{source}", "utf-8")
    assert ready.run("run", "--confirm-count", "5").exit_code == Exit.USAGE
    assert ready.left() == 112


def test_a_count_that_somebody_confirmed_is_no_schedules_run(ready: Place) -> None:
    ready.run("run", "--confirm-count", "12")
    ready.run("run")
    told = [json.loads(ready.run("report", "show", str(path), "--json").stdout)
            for path in ready.reports]  # fmt: skip
    assert [one["predicate"]["run"]["trigger"] for one in told] == ["manual", "cron"]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["policy", "show", "x" * 5000], Exit.USAGE),
        (["report", "show", "1" * 5000], Exit.UNAVAILABLE),
        (["run", "office", "--confirm-count", "9" * 19], Exit.USAGE),
        (["plan", "--report", ""], Exit.REFUSED),
    ],
)
def test_endless_and_empty_words_are_refused_in_a_sentence(
    ready: Place, args: list[str], expected: Exit
) -> None:
    result = ready.run(*args)
    assert result.exit_code == expected
    assert "internal" not in result.output
    assert ready.left() == 112


def test_a_mistyped_command_answers_in_json_too(ready: Place) -> None:
    error = ready.json("policy", "check")["error"]
    assert (error["code"], error["exit"]) == ("USAGE", Exit.USAGE)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_elses_state_folder_is_named_in_a_sentence() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        calls(Path(folder) / "cdr.sqlite", old=12, young=100)
        place = Place(Path(folder))
        assert place.init().exit_code == 0
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        for command in ("run", "check", "key show", "report list", "report show"):
            line = [sys.executable, "-m", "pbxretain", f"--config={place.config}", *command.split()]
            done = subprocess.run([*nobody, *line], capture_output=True, text=True, check=False)
            if done.returncode in (126, 127):
                pytest.skip("nobody may not start this Python")
            assert done.returncode == Exit.UNAVAILABLE, (command, done.stderr)
            assert "internal" not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_only_sets_a_flag(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_flag(Face()) as stopped:
        assert stopped() == 0
        os.kill(os.getpid(), number)
        assert stopped() == number
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before


# --- reports, keys, verification --------------------------------------------------------------


def test_reports_are_listed_and_shown_in_both_languages(ready: Place) -> None:
    assert "There are no reports yet." in ready.run("report", "list").stdout
    ready.run("run")
    assert "vollständig" in ready.run("report", "list", lang="de").stdout
    for which in ("latest", "0", str(ready.reports[0])):
        shown = ready.run("report", "show", which, lang="de")
        assert shown.exit_code == 0
        assert shown.stdout.startswith("Löschprotokoll Nr. 0: office")
    assert ready.run("report", "show", "7").exit_code == Exit.USAGE


def test_a_report_is_written_as_a_document_and_never_over_another(
    ready: Place, tmp_path: Path
) -> None:
    ready.run("run")
    report = ready.reports[0]
    for args, name, begin in (
        ((), "000000-deletion-report.en.html", b"<!DOCTYPE html>"),
        (("0", "--format", "pdf"), "000000-deletion-report.en.pdf", b"%PDF-1.7"),
        (("--format", "text"), "000000-deletion-report.en.txt", b"Deletion report no. 0: office"),
    ):
        done = ready.run("report", "render", *args)
        path = report.with_name(name)
        assert (done.exit_code, done.stdout) == (Exit.OK, f"Written:\n\n    {path}\n")
        assert path.read_bytes().startswith(begin)
        assert path.stat().st_mode & 0o777 == 0o644
        again = ready.run("report", "render", *args)
        assert again.exit_code == Exit.REFUSED
        assert "already" in again.stderr
    pdf = report.with_name("000000-deletion-report.en.pdf").read_bytes()
    assert attached(pdf) == report.read_bytes()
    out = tmp_path / "bericht.pdf"
    done = ready.run("report", "render", str(report), "--out", str(out), "--json", lang="de")
    assert json.loads(done.stdout)["format"] == "pdf"
    assert attached(out.read_bytes()) == report.read_bytes()
    assert out.read_bytes() != pdf  # another language
    shown = [ready.run("report", "show", str(path)).stdout for path in (out, report)]
    assert shown[0] == shown[1]
    assert ready.run("verify", str(report.parent)).exit_code == Exit.OK


def test_a_dry_run_is_written_as_a_document(ready: Place, tmp_path: Path) -> None:
    target = tmp_path / "plan.dsse.json"
    ready.run("plan", "--report", str(target))
    assert ready.run("report", "render", str(target), lang="de").exit_code == Exit.OK
    page = (tmp_path / "plan.de.html").read_text("utf-8")
    assert "Ein Löschlauf würde jetzt" in page
    assert "Löschprotokoll Nr." not in page


def test_a_report_holds_nothing_personal(ready: Place) -> None:
    ready.run("run")
    for lang in ("de", "en"):
        shown = ready.run("report", "show", lang=lang).stdout + ready.run("report", "list").stdout
        assert not re.search("Zoë|3023125|PJSIP", shown)


def test_verify_tells_own_key_foreign_key_and_forgery_apart(ready: Place, tmp_path: Path) -> None:
    ready.run("run")
    report = ready.reports[0]
    own = ready.run("verify", str(report), lang="de")
    assert own.exit_code == 0
    assert "eigenen Schlüssel dieses Rechners" in re.sub(r"\s+", " ", own.stdout)

    other = Place(tmp_path / "other")
    other.folder.mkdir()
    calls(other.log, old=1, young=1)
    other.init()
    foreign = other.run("verify", str(report))
    assert foreign.exit_code == Exit.UNTRUSTED
    assert "fingerprint" in foreign.stdout
    key = ready.state / "keys" / "runner.pem.pub"
    assert other.run("verify", str(report), "--key", str(key)).exit_code == 0

    forged = tmp_path / "forged.dsse.json"
    envelope = json.loads(report.read_text("utf-8"))
    envelope["payload"] = "e30=" + envelope["payload"][4:]
    forged.write_text(json.dumps(envelope), "utf-8")
    assert ready.run("verify", str(forged)).exit_code == Exit.FORGED
    assert ready.run("verify", str(tmp_path / "none")).exit_code == Exit.UNAVAILABLE


def test_a_report_of_somebody_else_is_shown_with_a_warning(ready: Place, tmp_path: Path) -> None:
    ready.run("run")
    assert "not verified" not in ready.run("report", "show").stderr
    elsewhere = Place(tmp_path / "elsewhere")
    shown = elsewhere.run("report", "show", str(ready.reports[0]))
    assert shown.exit_code == 0
    assert "not verified" in shown.stderr


def test_a_key_is_made_once(ready: Place) -> None:
    shown = ready.json("key", "show")
    assert re.fullmatch("[0-9a-f]{64}", shown["key"])
    assert ready.run("key", "new").exit_code == Exit.REFUSED
    assert ready.json("key", "show") == shown


def test_a_missing_key_is_named_with_its_remedy(ready: Place) -> None:
    (ready.state / "keys" / "runner.pem").unlink()
    result = ready.run("run")
    assert result.exit_code == Exit.REFUSED
    assert "pbxretain key new" in result.stderr


# --- documents --------------------------------------------------------------------------------


def test_a_policy_is_copied_checked_and_approved(ready: Place) -> None:
    copied = ready.run("policy", "copy", "de-employer-calllog", "second", "--for", "office")
    assert copied.exit_code == 0
    assert ready.run("policy", "copy", "eu-90-days", "second").exit_code == Exit.USAGE
    codes = {note["code"] for note in ready.json("policy", "check", "second")["notes"]}
    assert "NOT_APPROVED" in codes
    assert ready.run("policy", "approve", "second", "--by", "works council").exit_code == 0
    notes = ready.json("policy", "check", "second")["notes"]
    assert {note["code"] for note in notes} <= {"NOT_DECIDED"}
    assert "second" in ready.run("policy", "list", lang="de").stdout
    assert "90 Tage" in ready.run("policy", "show", "second", lang="de").stdout


def test_nobody_is_approved_by_a_mail_address(ready: Place) -> None:
    result = ready.run("policy", "approve", "office-policy", "--by", "zoe@example.org")
    assert result.exit_code == Exit.REFUSED
    assert "zoe" not in result.output


@pytest.mark.parametrize("name", ["../config", "a/b", "", "Ä", "-x"])
def test_a_policy_name_is_no_path(ready: Place, name: str) -> None:
    assert ready.run("policy", "copy", "eu-90-days", "--", name).exit_code == Exit.USAGE


def test_a_changed_rule_voids_the_approval(ready: Place) -> None:
    path = next(ready.config.parent.glob("policies*/office-policy.yaml"))
    path.write_text(path.read_text("utf-8").replace("90 days", "1 day"), "utf-8")
    assert ready.run("run").exit_code == Exit.REFUSED
    assert ready.left() == 112
    assert "void" in ready.run("policy", "show", "office-policy").stdout


@pytest.mark.parametrize("name", ["settings", "policy", "manifest"])
def test_schemas_are_printed(name: str) -> None:
    assert json.loads(CliRunner().invoke(main, ["schema", name]).stdout)["$schema"]


def test_templates_and_connectors_can_be_looked_at_before_init(tmp_path: Path) -> None:
    nowhere = {"PBXRETAIN_CONFIG": str(tmp_path / "none.yaml")}
    for args in (["connector", "show", "freepbx"], ["connector", "list"]):
        result = CliRunner().invoke(main, args, env={"HOME": str(tmp_path)})
        assert result.exit_code == 0
    assert CliRunner().invoke(main, ["plan"], env=nowhere).exit_code == Exit.USAGE


# --- what goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["plan", "nowhere"], Exit.USAGE),
        (["run", "nowhere"], Exit.USAGE),
        (["policy", "show", "nowhere"], Exit.USAGE),
        (["connector", "show", "nowhere"], Exit.USAGE),
        (["report", "show", "nowhere.json"], Exit.UNAVAILABLE),
        (["verify", "x", "--key", "nowhere.pem"], Exit.UNAVAILABLE),
        (["schema", "nothing"], Exit.USAGE),
    ],
)
@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_mistake_is_one_sentence(ready: Place, args: list[str], code: Exit, lang: str) -> None:
    result = ready.run(*args, lang=lang)
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_every_mistake_of_a_document_is_told_with_its_line(ready: Place) -> None:
    text = ready.config.read_text("utf-8")
    ready.config.write_text(text.replace("language: en", "language: fr\nodd: 1"), "utf-8")
    result = ready.run("plan")
    assert result.exit_code == Exit.USAGE
    assert f"{ready.config}:2: language" in result.stderr
    assert f"{ready.config}:3: odd" in result.stderr


def test_an_error_is_json_too_and_stdout_holds_nothing_else(ready: Place) -> None:
    ready.log.unlink()
    document = ready.json("plan")
    assert document["sources"][0]["error"]["exit"] == Exit.UNAVAILABLE
    assert ready.json("plan", "nowhere")["error"]["code"] == "DOCUMENT"


def test_an_unexpected_error_shows_where_but_never_what(
    ready: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> datetime:
        raise ValueError("+493023125411 called")

    monkeypatch.setattr(context, "now", broken)
    for lang, words in (("en", "internal error ValueError at"), ("de", "interner Fehler")):
        result = ready.run("plan", lang=lang)
        assert result.exit_code == Exit.FAILED
        assert words in result.stderr
        assert not re.search("3023125|Traceback", result.output)
    assert "3023125" not in ready.run("plan", "--debug", "--json").output


def test_errors_in_german_say_the_sentence_of_their_code(place: Place) -> None:
    place.init()
    result = place.run("run", lang="de")
    assert "Die Löschregeln sind in dieser Fassung nicht freigegeben." in result.stderr


def test_a_reader_who_goes_away_is_no_error_text(ready: Place) -> None:
    command = f"{sys.executable} -m pbxretain --config {ready.config} report show | true"
    ready.run("run")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_the_journal_gets_priorities_and_one_line_a_record() -> None:
    record = logging.LogRecord("pbxretain", logging.WARNING, "", 0, "a\nb %d\x1b", (3,), None)
    assert Plain(journal=True).format(record) == "<4>pbxretain: a b 3\N{REPLACEMENT CHARACTER}"
    assert Plain(journal=False).format(record).startswith("pbxretain: a b 3")


def test_a_signal_ends_a_real_run_after_the_batch_with_a_report(tmp_path: Path) -> None:
    calls(tmp_path / "cdr.sqlite", old=30_000, young=10)
    place = Place(tmp_path)
    place.init()
    place.approve()
    command = ["--config", str(place.config), "run", "--confirm-count", "30000"]
    child = subprocess.Popen(
        [sys.executable, "-m", "pbxretain", *command], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while place.left() == 30_010 and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    _, told = child.communicate(timeout=60)
    assert child.returncode == Exit.TERMINATED
    assert "interrupted" in told
    assert "Traceback" not in told
    said = place.json("report", "show")["predicate"]
    assert said["run"]["outcome"] == "interrupted"
    deleted = sum(entry["balances"]["deleted"] for entry in said["datasets"])
    assert 0 < deleted < 30_000
    assert place.left() == 30_010 - deleted


# --- nothing personal, nothing broken ---------------------------------------------------------


def test_a_whole_cycle_at_debug_level_tells_nothing_personal(ready: Place) -> None:
    told = ""
    for args in (
        ["check"],
        ["plan"],
        ["plan", "--json"],
        ["run", "--json"],
        ["run"],
        ["report", "list"],
        ["report", "show"],
        ["verify", str(ready.state / "office")],
    ):
        result = ready.run("--debug", *args)
        assert result.exit_code == 0
        told += result.output
    for path in ready.state.rglob("*"):
        told += path.read_bytes().decode("latin-1") if path.is_file() else path.name
    payloads = [json.loads(p.read_text("utf-8"))["payload"] for p in ready.reports]
    told += "".join(base64.b64decode(payload).decode() for payload in payloads)
    assert not re.search("Zoë|M.{1,4}ggang|3023125|PJSIP", told)


def test_who_asks_what_is_done_is_told_also_without_a_terminal(ready: Place) -> None:
    config = ("--config", str(ready.config), "--lang", "de")
    silent = program(*config, "check")
    assert silent.stderr == ""
    said = program(*config, "-v", "run")
    assert "office, calls: zählen" in said.stderr
    assert "office, calls: löschen " in said.stderr
    assert "office, calls: nachzählen" in said.stderr
    assert "office: " in said.stderr
    assert said.stdout == ""
    machine = program(*config, "run", "--debug", "--json")
    assert json.loads(machine.stdout)["exit"] == 0
    assert "office, calls: zählen" in machine.stderr


def _much_due(place: Place) -> None:
    """More than the limits allow, and nobody approved it."""
    place.log.unlink()
    calls(place.log, old=120, young=100)
    assert place.init().exit_code == 0


def test_a_german_refusal_has_no_english_in_it(place: Place) -> None:
    _much_due(place)
    told = place.run("run", lang="de").stderr
    assert "das Regelwerk office-policy ist in der Fassung" in told
    assert "--by FUNKTION" in told
    assert "Datensätzen sind fällig, mehr als 20 %" in told
    assert "den Plan ansehen, dann: pbxretain run office --confirm-count" in told
    told = told.replace("pbxretain policy approve", "")
    assert not re.search(r"Im Einzelnen|\b(the|is|are|not|then|more)\b", told)


def test_what_is_said_in_english_is_what_the_catalogue_says(place: Place) -> None:
    _much_due(place)
    app = context.load(Face(config=place.config))
    terms = app.terms("office")
    with app.opened(terms) as opened:
        now = datetime.now(UTC)
        ahead = now + timedelta(hours=1)
        decided = planning.make(terms, opened, now=now, last_entry=ahead)
        few = planning.make(terms, opened, now=now, confirm_count=1)
    errors = {error.code: error for error in (*decided.refusals, *few.refusals)}
    assert errors.keys() >= {"NOT_APPROVED", "SHARE_LIMIT", "CLOCK_BACK", "CONFIRMED_COUNT"}
    for code, error in errors.items():
        assert messages.detail(code, "en", error.params) == error.args[0]
        assert messages.detail(f"{code}.hint", "en", error.params) == error.hint


def test_a_terminal_without_umlauts_breaks_nothing(ready: Place) -> None:
    env = {"PYTHONIOENCODING": "koi8-r"}
    done = program("--config", str(ready.config), "--lang", "de", "plan", env=env)
    assert done.returncode == 0
    assert "L?schlauf" in done.stdout


def test_the_journal_is_told_errors_as_errors(place: Place, tmp_path: Path) -> None:
    place.init()
    with (tmp_path / "journal").open("w") as journal:
        status = os.fstat(journal.fileno())
        env = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        command = [sys.executable, "-m", "pbxretain", "--config", str(place.config), "run"]
        subprocess.run(command, stderr=journal, env=env, check=False)
    lines = (tmp_path / "journal").read_text("utf-8").splitlines()
    assert lines[0].startswith("<3>Error: ")
    assert all(re.match("<[36]>", line) for line in lines)


def test_every_json_field_is_documented(ready: Place) -> None:
    page = (docs.FOLDER / "json.md").read_text("utf-8")
    top, entries = page.split("## Entries of `sources`")
    known = [set(re.findall(r"`([a-z_]+)`", part)) for part in (top, entries)]
    dry = str(ready.folder / "dry.dsse.json")
    for args in (
        ["check"],
        ["plan", "--list", "--report", dry],
        ["run"],
        ["report", "list"],
        ["report", "show"],
        ["verify", dry],
        ["key", "show"],
        ["key", "new"],
        ["policy", "list"],
        ["policy", "show", "eu-90-days"],
        ["policy", "copy", "eu-90-days", "other"],
        ["policy", "check", "other"],
        ["policy", "approve", "other", "--by", "management"],
        ["connector", "list"],
        ["connector", "show", "asterisk"],
    ):
        document = ready.json(*args)
        assert set(document) <= known[0], args
        for entry in document.get("sources", []):
            assert set(entry) <= known[1], args


def test_what_a_library_logs_is_shown_to_nobody() -> None:
    script = (
        "import logging; from pbxretain.cli import main\n"
        "try: main(['schema', 'policy'])\n"
        "except SystemExit: logging.getLogger('sqlalchemy.pool').error('a row with +49 30 1')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert done.stderr == ""


# --- plan files -------------------------------------------------------------------------------


def _plan_file(place: Place, *options: str) -> str:
    path = str(place.folder / "due.plan")
    done = place.run("plan", "--out", path, *options)
    assert done.exit_code == 0, done.output
    assert "Plan file of 12 records" in done.stderr
    return path


def test_a_plan_file_is_written_shown_and_run(ready: Place) -> None:
    path = _plan_file(ready)
    shown = ready.run("plan", "--show", path)
    assert shown.exit_code == 0
    assert "12 records" in shown.stdout
    done = ready.run("run", "--plan", path)
    assert (done.exit_code, ready.left()) == (0, 100)
    assert "plan: 12 records, deleted 12" not in done.output  # silent: all went, nobody looks
    assert ready.run("verify", str(ready.state / "office" / "reports")).exit_code == 0
    told = ready.json("run", "--plan", path)["sources"][0]["plan"]
    assert (told["planned"], told["deleted"], told["left"]) == (12, 0, {"ALREADY_ABSENT": 12})


def test_a_plan_file_in_the_language_of_the_reader(ready: Place) -> None:
    path = _plan_file(ready)
    shown = ready.run("plan", "--show", path, lang="de")
    assert "12 Datensätze" in shown.stdout
    with sqlite3.connect(ready.log) as database:
        database.execute("DELETE FROM cdr WHERE AcctId = 1")
    done = ready.run("run", "--plan", path, lang="de")
    assert "office: Plan: 12 Datensätze, gelöscht 11." in done.stderr
    assert "1 ALREADY_ABSENT" in done.stderr
    assert done.exit_code == 0


def test_a_changed_plan_file_is_refused_in_one_sentence(ready: Place) -> None:
    path = Path(_plan_file(ready))
    data = path.read_bytes()
    path.write_bytes(data[:-70] + bytes([data[-70] ^ 1]) + data[-69:])
    for lang in ("de", "en"):
        done = ready.run("run", "--plan", str(path), lang=lang)
        assert (done.exit_code, ready.left()) == (7, 112)
        assert len(done.stderr.strip().splitlines()) == 1
    assert ready.run("plan", "--show", str(path)).exit_code == 7


def test_a_plan_file_made_with_a_confirmed_count_needs_none_when_it_is_run(place: Place) -> None:
    calls(place.folder / "other.sqlite", old=300, young=100)
    place.log = place.folder / "other.sqlite"
    assert place.init().exit_code == 0
    assert place.approve().exit_code == 0
    unconfirmed, confirmed = str(place.folder / "a"), str(place.folder / "b")
    assert place.run("plan", "--out", unconfirmed).exit_code == 0
    assert place.run("plan", "--out", confirmed, "--confirm-count", "300").exit_code == 0
    written = place.json("plan", "--out", f"{unconfirmed} b")["sources"][0]["next"]
    assert shlex.split(written["confirm"])[-4:] == [
        "--plan",
        f"{unconfirmed} b",
        "--confirm-count",
        "300",
    ]
    refused = place.run("run", "--plan", unconfirmed)
    assert (refused.exit_code, place.left()) == (5, 400)
    assert "--confirm-count 300" in refused.stderr
    assert "--plan" in refused.stderr
    assert place.run("run", "--plan", confirmed).exit_code == 0
    assert place.left() == 100


def test_a_plan_that_could_not_be_run_is_not_written(place: Place) -> None:
    assert place.init().exit_code == 0
    done = place.run("plan", "--out", str(place.folder / "plan"))
    assert done.exit_code == 5
    assert "policy approve" in done.stderr
    assert not (place.folder / "plan").exists()


def test_an_unapproved_change_of_the_policy_voids_a_plan_file(ready: Place) -> None:
    path = _plan_file(ready)
    policy = ready.config.parent / "policies.d" / "office-policy.yaml"
    policy.write_text(policy.read_text() + "# looked at again\n")
    done = ready.run("run", "--plan", path)
    assert (done.exit_code, ready.left()) == (5, 112)
    assert "policy" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("run", "--plan-age", "3"),
        ("plan", "office", "--show", "x"),
        ("run", "office", "other", "--plan", "{path}"),
    ],
)
def test_options_of_plan_files_that_go_with_nothing_are_told(
    ready: Place, options: tuple[str, ...]
) -> None:
    path = _plan_file(ready)
    assert ready.run(*(option.format(path=path) for option in options)).exit_code == 2
