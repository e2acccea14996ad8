"""What happens when something is wrong? One sentence, the right exit code, nothing touched.

Each case spoils one thing of an installation that would delete, and runs it through the command
line. Afterwards the PBX is byte for byte what it was, and nobody saw a traceback.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from support import freepbx
from support.servers import MariaDB, PostgreSQL, Server

from pbxretain import connector, execute
from pbxretain.cli import context, main
from pbxretain.cli.face import Face
from pbxretain.errors import Exit, LockedError
from pbxretain.posix import lock_file

DAY = timedelta(days=1)
CLASSES = connector.find("asterisk").manifest.offered()


class Place:
    """An approved installation on a PBX with something due in each store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state, self.etc = folder / "state", folder / "etc"
        self.config, self.policy = self.etc / "config.yaml", self.etc / "policies.d" / "all.yaml"
        self.pbx = folder / "pbx"
        self.log = self.pbx / "cdr.db"
        self.now = datetime.now(UTC)
        self._build()
        self.source: dict[str, object] = {
            "connector": "asterisk",
            "url": f"sqlite:///{self.log}",
            "timezone": "Europe/Berlin",
            "roots": {n: str(self.pbx / n) for n in ("recordings", "voicemail")},
            "policy": "all",
            "asterisk": {"version": "22.10.1", "config": str(folder)},
        }
        self.policy.parent.mkdir(parents=True)
        self.write()
        rules = [{"data": n, "keep": "90 days", "basis": {"code": "necessity"}} for n in CLASSES]
        self.policy.write_text(yaml.safe_dump({"policy": "all", "rules": rules}))
        assert self.run("key", "new").exit_code == 0
        assert self.run("policy", "approve", "all", "--by", "management").exit_code == 0

    def write(self, **changes: object) -> None:
        source = {k: v for k, v in {**self.source, **changes}.items() if v is not None}
        document = {"state": str(self.state), "sources": {"office": source}}
        self.config.write_text(yaml.safe_dump(document))

    def _build(self) -> None:
        inbox = self.pbx / "voicemail/default/411/INBOX"
        inbox.mkdir(parents=True)
        (self.pbx / "recordings").mkdir()
        with closing(sqlite3.connect(self.log)) as database:
            freepbx.create_tables(database, "asterisk")
            for number in range(12):
                self._record(database, number, inbox, self.now - (180 if number < 6 else 1) * DAY)
            database.commit()

    def _record(
        self, database: sqlite3.Connection, number: int, inbox: Path, when: datetime
    ) -> None:
        epoch = int(when.timestamp())
        unique = f"{epoch}.{number}"
        columns = "calldate, src, dst, dstchannel, uniqueid, linkedid, sequence"
        database.execute(
            f"INSERT INTO cdr ({columns}) VALUES (?, '030', '411', 'c', ?, ?, ?)",
            (f"{when:%Y-%m-%d %H:%M:%S}", unique, unique, number),
        )
        message = f"[message]\norigtime={epoch}\nmsg_id={epoch}-{number}\n"
        files = {
            self.pbx / f"recordings/out-1-2-{when:%Y%m%d-%H%M%S}-{unique}.wav": "voice",
            inbox / f"msg{number:04}.txt": message,
            inbox / f"msg{number:04}.wav": "voice",
        }
        for path, text in files.items():
            path.write_text(text)
            os.utime(path, (epoch, epoch))

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.config), "--lang", "en", *args])

    def snapshot(self) -> dict[str, object]:
        """All that the PBX has, bytes and rows; not our lock files."""
        seen: dict[str, object] = {}
        for folder, folders, names in os.walk(os.fsencode(self.pbx)):
            for name in [*names, *folders]:
                path = Path(os.fsdecode(folder), os.fsdecode(name))
                if path.is_symlink():
                    seen[str(path)] = path.readlink()
                elif path.is_file() and ".pbxretain" not in path.name and path.suffix != ".db":
                    seen[str(path)] = path.read_bytes()
        if self.log.is_file():
            with closing(sqlite3.connect(self.log)) as database:
                seen["rows"] = list(database.iterdump()) if _is_sqlite(self.log) else None
        return seen

    def change(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.log)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()


def _is_sqlite(path: Path) -> bool:
    return path.read_bytes()[:6] == b"SQLite"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _one_sentence(result: Result, code: Exit, words: str) -> None:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert "internal error" not in result.output
    assert words in result.stderr, result.stderr
    told = [line for line in result.stderr.splitlines() if line.strip() and line[0] != " "]
    assert len(told) <= 3, result.stderr


def _refused(place: Place, code: Exit, words: str, *args: str) -> None:
    before = place.snapshot()
    result = place.run(*(args or ("run",)))
    assert place.snapshot() == before, "the PBX was touched"
    _one_sentence(result, code, words)


def test_undisturbed_this_installation_deletes(place: Place) -> None:
    before = place.snapshot()
    result = place.run("run")
    assert result.exit_code == Exit.OK, result.output
    assert place.snapshot() != before


# --- documents --------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda text: "", "config.yaml"),
    "no yaml": (lambda text: text + "\n\t: [", "config.yaml"),
    "not UTF-8": (lambda text: text + "\udcff", "config.yaml"),
    "a name twice": (lambda text: text + "\nstate: /x\n", "state"),
    "an anchor": (lambda text: text.replace("policy: all", "policy: &a all"), "config.yaml"),
    "an unknown name": (lambda text: text + "\nextra: 1\n", "extra"),
    "a missing name": (lambda text: text.replace("    timezone: Europe/Berlin\n", ""), "timezone"),
    "an unknown zone": (lambda text: text.replace("Europe/Berlin", "Europe/Nowhere"), "timezone"),
    "a password in the url": (
        lambda text: text.replace("sqlite:///", "mysql://u:geheim@h/d?x="),
        "password",
    ),
    "an unknown connector": (
        lambda text: text.replace("connector: asterisk", "connector: nothing"),
        "nothing",
    ),
    "an unknown root": (lambda text: text.replace("recordings:", "tapes:"), "tapes"),
    "a relative root": (lambda text: text.replace("voicemail: /", "voicemail: "), "voicemail"),
    "an unknown policy": (lambda text: text.replace("policy: all", "policy: none"), "none"),
    "an unknown table": (
        lambda text: text.replace("    policy: all", "    policy: all\n    tables: {odd: cdr}"),
        "odd",
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_mistake_in_settings_is_named(place: Place, name: str) -> None:
    spoil, words = SETTINGS[name]
    text = spoil(place.config.read_text())
    place.config.write_bytes(text.encode("utf-8", "surrogateescape"))
    _refused(place, Exit.USAGE, words)
    assert "geheim" not in place.run("run").output


POLICIES: dict[str, tuple[Callable[[str], str], Exit, str]] = {
    "zero days": (lambda t: t.replace("90 days", "0 days", 1), Exit.USAGE, "keep"),
    "a period of another form": (lambda t: t.replace("90 days", "3M", 1), Exit.USAGE, "keep"),
    "no rules": (lambda t: "policy: all\nrules: []\n", Exit.USAGE, "rules"),
    "an unknown class": (lambda t: t.replace("data: call-events", "data: e"), Exit.USAGE, "data"),
    "a class twice": (
        lambda t: t.replace("data: call-events", "data: queue-logs"), Exit.USAGE, "rule already"
    ),
    "a class without a rule": (
        lambda t: t.replace("data: call-events", "data: chat-messages"), Exit.USAGE, "call-events"
    ),
    "an unknown start event": (
        lambda t: t.replace("  data: call-recordings\n", "  data: call-recordings\n  from: x y\n"),
        Exit.USAGE, "from",
    ),
    "a changed rule": (lambda t: t.replace("90 days", "80 days", 1), Exit.REFUSED, "approved"),
    "another name": (lambda t: t.replace("policy: all", "policy: else"), Exit.USAGE, "name"),
    "a minimum beyond the maximum": (
        lambda t: t.replace("keep: 90 days\n", "keep: 90 days\n  minimum: 1 year\n", 1),
        Exit.USAGE, "minimum",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_a_mistake_in_the_policy_is_named(place: Place, name: str) -> None:
    spoil, code, words = POLICIES[name]
    before = place.policy.read_text()
    place.policy.write_text(spoil(before))
    assert place.policy.read_text() != before
    _refused(place, code, words)


def test_an_unapproved_policy_is_refused_with_the_command_to_type(place: Place) -> None:
    lines = place.policy.read_text().splitlines(keepends=True)
    place.policy.write_text("".join(line for line in lines if not line.startswith("approved:")))
    _refused(place, Exit.REFUSED, "pbxretain policy approve all")
    assert place.run("plan").exit_code == Exit.OK


@pytest.mark.parametrize("which", ["config", "policy"])
def test_a_document_that_everybody_may_write_is_refused(place: Place, which: str) -> None:
    path: Path = getattr(place, which)
    path.chmod(0o666)
    _refused(place, Exit.REFUSED, "chmod o-w")


def test_a_bad_manifest_of_the_site_and_an_untried_one_are_refused(place: Place) -> None:
    folder = place.etc / "connectors" / "own"
    folder.mkdir(parents=True)
    manifest = folder / "connector.yaml"
    text = connector.find("asterisk").text.decode().replace("connector: asterisk", "connector: own")
    manifest.write_text(text.replace("key: [id]", "key: [id]\n    sql: DELETE"))
    place.write(connector="own")
    _refused(place, Exit.USAGE, "sql")
    manifest.write_text(text.replace("how: written-by-product", "how: documents"))
    _refused(place, Exit.REFUSED, "accept_untried: sha256:")
    manifest.write_text(text.replace("connector: own", "connector: asterisk"))
    _refused(place, Exit.USAGE, "two shelves")


# --- the PBX ----------------------------------------------------------------------------------

DRIFTS = {
    "renamed column": ("ALTER TABLE cdr RENAME COLUMN uniqueid TO unique_id",),
    "unknown trigger": ("CREATE TRIGGER spy AFTER DELETE ON cdr BEGIN SELECT 1; END",),
    "undeclared cascade": (
        "CREATE UNIQUE INDEX one ON cdr (AcctId)",
        "CREATE TABLE bills (id INTEGER REFERENCES cdr (AcctId) ON DELETE CASCADE)",
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_a_call_log_that_is_not_as_declared_is_refused(place: Place, name: str) -> None:
    place.change(*DRIFTS[name])
    _refused(place, Exit.REFUSED, "calls")


def test_missing_tables_are_refused(place: Place) -> None:
    place.change("DROP TABLE cdr")
    place.write(tables={"calls": "cdr"})
    _refused(place, Exit.REFUSED, "cdr")
    place.write()
    _refused(place, Exit.REFUSED, "cdr")


def test_a_file_that_is_no_database_is_unavailable(place: Place) -> None:
    place.log.write_bytes(b"no database at all" * 100)
    before = place.log.read_bytes()
    result = place.run("run")
    assert result.exit_code in (Exit.UNAVAILABLE, Exit.FAILED, Exit.REFUSED)
    assert "Traceback" not in result.output
    assert place.log.read_bytes() == before


@pytest.mark.parametrize("root", ["recordings", "voicemail"])
@pytest.mark.parametrize("how", ["missing", "empty", "symlink"])
def test_a_root_that_is_not_what_it_should_be_is_refused(place: Place, root: str, how: str) -> None:
    path = place.pbx / root
    shutil.move(path, place.folder / "elsewhere")
    if how == "empty":
        path.mkdir()
    elif how == "symlink":
        path.symlink_to(place.folder / "elsewhere")
    elsewhere = sorted((place.folder / "elsewhere").rglob("*"))
    _refused(place, Exit.REFUSED, root)
    assert sorted((place.folder / "elsewhere").rglob("*")) == elsewhere


def test_a_message_file_that_is_garbage_and_odd_names_stay_and_stop_nothing(place: Place) -> None:
    inbox = place.pbx / "voicemail/default/411/INBOX"
    kept = {
        inbox / "msg0100.txt": b"\xff\xfe\x00 garbage [[[\norigtime=\n",
        inbox / "msg0100.wav": b"voice",
        Path(os.fsdecode(os.fsencode(place.pbx / "recordings") + b"/\xff\xfe.wav")): b"odd",
        Path(os.fsdecode(os.fsencode(inbox) + b"/msg\xff.txt")): b"odd",
    }
    for path, content in kept.items():
        path.write_bytes(content)
        os.utime(path, (1_600_000_000, 1_600_000_000))
    result = place.run("run")
    assert result.exit_code in (Exit.OK, Exit.INCOMPLETE), result.output
    assert "Traceback" not in result.output
    assert {path: path.read_bytes() for path in kept} == kept
    assert len(list(inbox.glob("msg00*.txt"))) == 6
    assert place.run("report", "show").exit_code == Exit.OK


# --- limits -----------------------------------------------------------------------------------


def test_too_large_a_share_needs_a_count_and_a_smaller_count_does_not_do(place: Place) -> None:
    with closing(sqlite3.connect(place.log)) as database:
        with_old = "SELECT calldate, src, dst, dstchannel, uniqueid || 'x', linkedid || ?, sequence"
        for number in range(20):
            database.execute(
                "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
                f" {with_old} FROM cdr WHERE AcctId <= 6",
                (f"-{number}",),
            )
        database.commit()
    due = 126 + 6 + 6
    _refused(place, Exit.REFUSED, f"--confirm-count {due}")
    _refused(place, Exit.REFUSED, f"{due} records are due", "run", "--confirm-count", str(due - 1))
    assert place.run("run", "--confirm-count", str(due)).exit_code == Exit.OK
    assert place.run("run").exit_code == Exit.OK


# --- this host --------------------------------------------------------------------------------


def test_a_key_that_others_may_use_or_that_is_no_key_is_refused(place: Place) -> None:
    key = place.state / "keys" / "runner.pem"
    key.chmod(0o666)
    _refused(place, Exit.REFUSED, "key")
    key.chmod(0o600)
    key.write_bytes(b"no key")
    _refused(place, Exit.REFUSED, "key")
    key.unlink()
    _refused(place, Exit.REFUSED, "pbxretain key new")


def test_a_second_run_at_once_is_locked_out(place: Place) -> None:
    (place.state / "office").mkdir(exist_ok=True)
    with lock_file(place.state / "office" / "lock"):
        _refused(place, Exit.LOCKED, "another run")
    with lock_file(place.pbx / "recordings" / ".pbxretain.lock"):
        _refused(place, Exit.LOCKED, "another run")


def test_two_real_runs_at_once_delete_once(place: Place) -> None:
    codes: list[int] = []
    gate = threading.Barrier(2)
    app = context.load(Face(config=place.config))
    terms, site = app.terms("office"), app.site("office")

    def go() -> None:
        gate.wait()
        try:
            done = execute.run(terms, site, now=datetime.now(UTC))
            codes.append(done.exit_code if done.outcome != "nothing-due" else -1)
        except LockedError as error:
            codes.append(error.exit_code)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) in ([Exit.OK, Exit.LOCKED], [-1, Exit.OK])


@pytest.mark.parametrize("turned", [-400, -1])
def test_a_clock_that_was_set_back_is_refused_by_the_ledger(
    place: Place, monkeypatch: pytest.MonkeyPatch, turned: int
) -> None:
    assert place.run("run").exit_code == Exit.OK
    later = datetime.now(UTC)
    monkeypatch.setattr(context, "now", lambda: later + turned * DAY)
    _refused(place, Exit.REFUSED, "last ledger entry")


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
@pytest.mark.parametrize("days", [-1, 1])
def test_a_host_clock_a_day_off_is_refused_by_the_database(
    request: pytest.FixtureRequest,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    days: int,
) -> None:
    server: Server = request.getfixturevalue(kind)
    _point_at(place, server)
    off = datetime.now(UTC) + days * DAY
    monkeypatch.setattr(context, "now", lambda: off)
    _refused(place, Exit.REFUSED, "differ by 86")


def _point_at(place: Place, server: Server, password: str = "right") -> None:
    name = server.create_database("bad")
    with closing(server.admin(name)) as connection:
        freepbx.create_tables(connection, "asterisk")
    rights = "SELECT, DELETE" + (", TRIGGER" if isinstance(server, MariaDB) else "")
    grants = dict.fromkeys(("cdr", "cel"), rights)
    server.create_user("bad", password="right", database=name, grants=grants)
    secret = place.folder / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    place.write(url=server.url(name, "bad"), password={"file": str(secret)})


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_a_wrong_password_and_an_unreachable_server_are_unavailable(
    request: pytest.FixtureRequest, place: Place, kind: str
) -> None:
    server: MariaDB | PostgreSQL = request.getfixturevalue(kind)
    _point_at(place, server, password="geheim")
    _refused(place, Exit.UNAVAILABLE, "database")
    assert "geheim" not in place.run("run").output
    (place.folder / "password").chmod(0o644)
    _refused(place, Exit.REFUSED, "chmod o-rw")
    (place.folder / "password").chmod(0o600)
    url = server.url("bad", "bad").replace(str(server.port), "1")
    place.write(url=url, password={"file": str(place.folder / "password")})
    _refused(place, Exit.UNAVAILABLE, "database")
    place.write(url=url, password={"env": "PBXRETAIN_NO_SUCH_VARIABLE"})
    _refused(place, Exit.USAGE, "PBXRETAIN_NO_SUCH_VARIABLE")


def test_a_state_folder_that_is_a_file_is_told(place: Place) -> None:
    shutil.rmtree(place.state / "office", ignore_errors=True)
    (place.state / "office").write_text("in the way")
    before = place.snapshot()
    result = place.run("run")
    assert place.snapshot() == before
    _one_sentence(result, Exit.UNAVAILABLE, "state folder")


@pytest.mark.parametrize(
    "damage", [b"garbage\n", b'{"seq":0}\n', b"\xff\xfe"], ids=["garbage", "other", "binary"]
)
def test_a_damaged_ledger_stops_everything(place: Place, damage: bytes) -> None:
    assert place.run("run").exit_code == Exit.OK
    ledger = place.state / "office" / "reports" / "ledger.jsonl"
    ledger.write_bytes(damage + ledger.read_bytes())
    _refused(place, Exit.FORGED, "ledger")


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"run": 1}', b"\xff"])
def test_a_damaged_run_folder_stops_everything(place: Place, damage: bytes) -> None:
    run = place.state / "office" / "run"
    run.mkdir(parents=True)
    (run / "run.json").write_bytes(damage)
    (run / "journal.jsonl").write_bytes(b"")
    _refused(place, Exit.FORGED, "journal")
