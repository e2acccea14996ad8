"""What a run does when the world around it stops: the server, a folder's rights, a signal."""

from __future__ import annotations

import ast
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from support import aftermath, served, small
from support.bench import Bench, benched
from support.lacking import SERVER, lacking
from support.servers import MissingServerError
from support.steps import Step, at, forked

from pbxretain import execute
from pbxretain.cli import main
from pbxretain.errors import Exit, RetainError
from pbxretain.ledger import Ledger
from pbxretain.signing import open_envelope

NOBODY = 65534

# --- the database server is killed ---


@pytest.fixture(params=served.KINDS)
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A PBX on a server of the test's own."""
    try:
        server = served.server_of(request.param)
    except MissingServerError as error:
        lacking(f"{SERVER}{error}")
    try:
        server.start()
        yield from benched(server, request.param, tmp_path)
    finally:
        server.stop()


def test_a_server_killed_in_mid_batch_ends_the_run_and_the_next_one_settles(mortal: Bench) -> None:
    steps: tuple[Step, ...] = ("seal", "commit")
    pbx = mortal.pbx
    for step in steps:
        with at(step, "calls", mortal.server.kill):
            done = pbx.run()
        assert done.exit_code in (Exit.INCOMPLETE, Exit.UNAVAILABLE)
        assert done.errors
        for error in done.errors:
            text = str(error)
            assert text.endswith((")", "."))
            assert served.PASSWORD not in text
        mortal.server.restart()
        with closing(mortal.server.admin(f"bench_{pbx.kind}")) as admin:
            mortal.admin = admin
            mortal.heals()
            folder = pbx.folder.parent / f"after-{step}"
            mortal.pbx = pbx = served.build(folder, pbx.kind, pbx.url, admin)


@pytest.mark.parametrize("step", ["take", "seal", "commit"])
def test_a_server_killed_in_mid_batch_shows_nobodys_traceback(
    mortal: Bench, step: Step, tmp_path: Path
) -> None:
    stderr = tmp_path / "stderr"

    def run() -> int:
        with stderr.open("wb") as file:
            os.dup2(file.fileno(), 2)
        logging.getLogger().handlers.clear()  # pytest's, which keep Python's last resort silent
        logging.lastResort = logging.StreamHandler(os.fdopen(2, "w", closefd=False))
        with at(step, "calls", mortal.server.kill):
            return int(mortal.pbx.run().exit_code)

    assert forked(run) in (Exit.INCOMPLETE, Exit.UNAVAILABLE)
    told = stderr.read_text()
    assert "Traceback" not in told
    assert "sqlalchemy" not in told
    assert "Exception" not in told


# --- a folder becomes read-only ---


def test_a_folder_that_becomes_read_only_loses_nothing_and_is_taken_up_again() -> None:
    folder = Path(tempfile.mkdtemp(prefix="pbxretain-readonly-"))
    try:
        pbx = small.build(folder / "office", ["tree"])
        before = pbx.snapshot()
        _give(folder, NOBODY)
        days = {p.parent for p in pbx.pbx.rglob("*.wav")}
        # What is imported late must be there before the child can't read it.
        pbx.terms()
        assert small.build(folder / "warm", ["tree"]).run().exit_code == Exit.OK

        def protect(mode: int) -> None:
            for day in days:
                day.chmod(mode)

        def run() -> int:
            _become_nobody()
            with at("seal", "recordings", lambda: protect(0o555)):
                return int(pbx.run().exit_code)

        assert forked(run) == Exit.INCOMPLETE
        files = [path for path in pbx.pbx.rglob("*") if path.is_file()]
        left = sorted(filter(None, (path.read_bytes() for path in files)))
        assert left == sorted(filter(None, before.values()))  # type: ignore[type-var]
        protect(0o755)
        assert forked(lambda: _become_nobody() or int(pbx.run().exit_code)) == Exit.OK
        _give(folder, os.geteuid())
        assert dict(aftermath.deleted(pbx.site())) == pbx.due
        assert len(list(pbx.pbx.rglob("*.wav"))) == 1
        aftermath.assert_tidy(pbx.pbx)
        aftermath.assert_genuine(pbx.site(), small.NOW)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("mode", "code", "left"), [(0o000, Exit.UNAVAILABLE, 0), (0o555, Exit.INCOMPLETE, 3)]
)
def test_a_shut_voicemail_folder_stops_no_other_dataset(mode: int, code: Exit, left: int) -> None:
    """One that can't be read leaves its dataset out, one that can't be written its own messages."""
    folder = Path(tempfile.mkdtemp(prefix="pbxretain-readonly-"))
    told = folder / "told"
    try:
        # What is imported late must be there before the child can't read it.
        assert small.build(folder / "warm", ["spool", "tree"]).run().exit_code == Exit.OK
        pbx = small.build(folder / "office", ["spool", "tree"])
        terms, site = pbx.terms(), pbx.site()
        inbox = pbx.pbx / "voicemail/default/499/INBOX"
        shutil.copytree(pbx.pbx / "voicemail/default/411/INBOX", inbox)
        _give(folder, NOBODY)
        inbox.chmod(mode)

        def run() -> int:
            _become_nobody()
            done = execute.run(terms, site, now=small.NOW)
            told.write_text(repr([(r.dataset, r.deleted, dict(r.skipped)) for r in done.results]))
            return int(done.exit_code)

        assert forked(run) == code
        deleted = {name: count for name, count, _ in ast.literal_eval(told.read_text())}
        assert deleted["recordings"] == pbx.due["recordings"]
        skipped = {name: codes for name, _, codes in ast.literal_eval(told.read_text())}
        assert bool(deleted["voicemail"]) == bool(left)
        assert set(skipped["voicemail"]) == ({"READ_ONLY_FOLDER"} if left else set())
        if left:
            assert deleted["voicemail"] == pbx.due["voicemail"]
            assert skipped["voicemail"]["READ_ONLY_FOLDER"] == left
        inbox.chmod(0o755)
        later = small.NOW + timedelta(minutes=1)
        assert (
            forked(lambda: _become_nobody() or int(execute.run(terms, site, now=later).exit_code))
            == Exit.OK
        )
        assert {path.stem for path in inbox.glob("msg*")} == {"msg0001"}
        _give(folder, os.geteuid())
        aftermath.assert_genuine(pbx.site(), small.NOW)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("shut", ["reports", "reports/ledger.jsonl", "a missing folder"])
def test_nothing_is_deleted_where_no_report_could_be_written(shut: str, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="pbxretain-readonly-"))
    told = folder / "told"
    try:
        pbx = small.build(folder / "office", ["tree"])
        before = pbx.snapshot()
        reports = pbx.site().reports
        reports.mkdir(parents=True)
        (reports / "ledger.jsonl").touch()
        terms, site = pbx.terms(), pbx.site()
        _give(folder, NOBODY)
        place = reports.parent / shut
        if shut == "a missing folder":
            shutil.rmtree(reports)
            reports.write_bytes(b"a file in its place")
        else:
            place.chmod(0o555 if place.is_dir() else 0o444)

        def run() -> int:
            _become_nobody()
            try:
                return int(execute.run(terms, site, now=small.NOW).exit_code)
            except RetainError as error:
                told.write_text(f"{error.code} {error}")
                return int(error.exit_code)

        assert forked(run) == Exit.FORGED
        assert pbx.snapshot() == before
        assert "REPORT_UNWRITTEN" in told.read_text()
        assert f"let this user write in {reports}" in told.read_text()
        assert "disk space" not in told.read_text()
    finally:
        shutil.rmtree(folder)


def _give(folder: Path, user: int) -> None:
    """Root ignores modes, so the run goes as somebody else; without root as oneself."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user)


def _become_nobody() -> int:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return 0


# --- signals ---


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_ends_the_run_after_its_batch_with_a_report(
    tmp_path: Path, name: str, code: int
) -> None:
    log = _call_log(tmp_path / "cdr.sqlite", old=20_000, young=5)
    config = ["--config", str(tmp_path / "etc/config.yaml"), "--lang", "en"]
    made = CliRunner().invoke(
        main,
        [*config, "init", "--yes", "--connector=asterisk", f"--url=sqlite:///{log}",
         "--timezone=Europe/Vienna", f"--config-dir={tmp_path / 'etc'}",
         f"--state-dir={tmp_path / 'state'}", "--source=office", "--controller=Acme GmbH"],
    )  # fmt: skip
    assert made.exit_code == Exit.OK, made.output
    approve = [*config, "policy", "approve", "office-policy", "--by", "management"]
    assert CliRunner().invoke(main, approve).exit_code == Exit.OK
    command = [sys.executable, "-m", "pbxretain", *config, "run", "--confirm-count", "20000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        _await_marks(tmp_path / "state", 2)
        process.send_signal(getattr(signal, name))
        output, _ = process.communicate(timeout=30)
    assert process.returncode == code, output
    left = _count(log)
    assert 5 < left < 20_005, "in mid-dataset"
    reports = next((tmp_path / "state").glob("*/reports"))
    entry = Ledger(reports).last()
    assert entry is not None
    assert b'"outcome":"interrupted"' in open_envelope((reports / entry.file).read_bytes()).payload
    assert subprocess.run([*command], check=False, capture_output=True).returncode == Exit.OK
    assert _count(log) == 5
    assert len(Ledger(reports).entries()) == 2


def _call_log(path: Path, *, old: int, young: int) -> Path:
    now = datetime.now(UTC)
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, calldate, clid, src, dst, dcontext,"
            " channel, dstchannel, lastapp, lastdata, duration INTEGER, billsec, disposition,"
            " amaflags, accountcode, uniqueid, userfield, peeraccount, linkedid, sequence)"
        )
        rows = []
        for n in range(old + young):
            start = now - timedelta(days=180 if n < old else 1) + timedelta(seconds=n)
            unique = f"{int(start.timestamp())}.{n}"
            rows.append((f"{start:%Y-%m-%d %H:%M:%S}", unique, unique, n))
        database.executemany(
            "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
            " VALUES (?, '030', '411', 'c', ?, ?, ?)",
            rows,
        )
    return path


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM cdr").fetchone()[0])


def _await_marks(state: Path, marks: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for journal in state.glob("*/run/journal.jsonl"):
            if journal.read_bytes().count(b'"mark"') >= marks:
                return
        time.sleep(0.002)
    raise AssertionError("no batch came to its end")
