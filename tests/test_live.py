"""A PBX at work: calls, messages and log lines come in while a run deletes, and none is lost.

The bounds are those at which a PBX would lose something, not measurements: Asterisk's SQLite
driver gives up after a second, its voicemail after five.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import aftermath, served
from support.ami_server import ami_server
from support.live import NUMBER, writing
from support.servers import MariaDB, Server
from support.site import make_site, make_terms

from pbxretain import execute
from pbxretain.errors import Exit
from pbxretain.plan import Terms

LATE = 0.9
"""Seconds that no writer may wait."""

OLD = served.OLD
ROWS = 6000


def _run(terms: Terms, folder: Path) -> dict[str, int]:
    """One run; records deleted by dataset."""
    site = make_site(folder / "state")
    done = execute.run(terms, site, now=datetime.now(UTC))
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    return dict(aftermath.deleted(site))


def _old(n: int) -> tuple[str, str, str, int]:
    at = OLD + timedelta(seconds=n)
    unique = f"{int(at.timestamp())}.{n}"
    return f"{at.astimezone(served.ZONE):%Y-%m-%d %H:%M:%S}", unique, unique, n


def _fill(connection: Any, column: str, mark: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.executemany(
            f"INSERT INTO cdr ({column}, src, dst, dstchannel, uniqueid, linkedid, sequence)"
            f" VALUES ({mark}, '030', '411', 'c', {mark}, {mark}, {mark})",
            [_old(n) for n in range(ROWS)],
        )
    connection.commit()


def _numbers(connection: Any) -> list[int]:
    with closing(connection.cursor()) as cursor:
        cursor.execute("SELECT sequence FROM cdr")
        return sorted(int(number) for (number,) in cursor.fetchall())


def test_calls_go_into_sqlite_in_time(tmp_path: Path) -> None:
    path = tmp_path / "cdr.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, calldate, src, dst, dstchannel,"
            " uniqueid, linkedid, sequence)"
        )
        _fill(database, "calldate", "?")
    terms = make_terms("asterisk", url=f"sqlite:///{path}", timezone="Europe/Vienna")
    with writing("sqlite", tmp_path / "stop", str(path)) as live:
        assert _run(terms, tmp_path) == {"calls": ROWS}
    assert (live.failed, live.slowest < LATE) == (0, True), live.slowest
    with closing(sqlite3.connect(path)) as database:
        assert _numbers(database) == list(range(NUMBER, NUMBER + live.written))


@pytest.mark.parametrize("kind", served.KINDS)
def test_calls_go_into_a_server_in_time(
    kind: served.Kind, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    url = served.prepare(server, kind, f"live_{kind}")
    (tmp_path / "password").write_text(served.PASSWORD)
    (tmp_path / "password").chmod(0o600)
    product = "freepbx" if kind == "mariadb" else "asterisk"
    secret = f"password: {{file: {str(tmp_path / 'password')!r}}}"
    terms = make_terms(product, url=url, timezone="Europe/Vienna", extra=secret)
    with closing(server.admin(f"live_{kind}")) as admin:
        _fill(admin, "calldate" if kind == "mariadb" else '"start"', "%s")
        with writing(kind, tmp_path / "stop", _address(server, kind)) as live:
            assert _run(terms, tmp_path) == {"calls": ROWS}
        assert (live.failed, live.slowest < LATE) == (0, True), live.slowest
        admin.rollback()
        assert _numbers(admin) == list(range(NUMBER, NUMBER + live.written))
        if kind == "mariadb":
            with closing(admin.cursor()) as cursor:
                cursor.execute("SELECT count(*) FROM transient_cdr")
                assert cursor.fetchone()[0] == live.written


def _address(server: Server, kind: str) -> str:
    if isinstance(server, MariaDB):
        place = {"unix_socket": str(server.socket), "user": "root", "database": f"live_{kind}"}
        return json.dumps(place)
    return f"host={server.folder} port={server.port} user=postgres dbname=live_{kind}"


def test_messages_are_left_in_time_while_old_ones_go(tmp_path: Path) -> None:
    inbox = tmp_path / "voicemail/default/411/INBOX"
    inbox.mkdir(parents=True)
    count = 300
    for n in range(count):
        epoch = int(OLD.timestamp()) + n
        text = f"[message]\norigtime={epoch}\nmsg_id={epoch}-{n:08x}\nduration=2\n"
        for name, content in {"txt": text, "wav": "voice", "WAV": "VOICE"}.items():
            path = inbox / f"msg{n:04}.{name}"
            path.write_text(content)
            os.utime(path, (epoch, epoch))
    terms = make_terms(
        "asterisk",
        roots={"voicemail": tmp_path / "voicemail"},
        timezone="Europe/Vienna",
        extra='asterisk: {version: "22.10.1"}',
    )
    with writing("voicemail", tmp_path / "stop", str(inbox)) as live:
        assert _run(terms, tmp_path) == {"voicemail": count}
    assert (live.failed, live.slowest < LATE) == (0, True), live.slowest
    assert live.written > 10
    for extension in ("wav", "WAV"):
        found = sorted(int(path.read_text().split()[0]) for path in inbox.glob(f"*.{extension}"))
        assert found == list(range(NUMBER, NUMBER + live.written))
    for text_file in inbox.glob("*.txt"):
        number = int(text_file.with_suffix(".wav").read_text().split()[0])
        assert f"-{number:08x}\n" in text_file.read_text(), "the parts belong together"
    assert {p.name[:3] for p in inbox.iterdir()} == {"msg"}, "no lock, nothing set aside"


def test_lines_are_written_in_time_while_old_ones_go(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "cdr-csv").mkdir(parents=True)
    queue, master = logs / "queue_log", logs / "cdr-csv/Master.csv"
    count = 400
    with queue.open("w") as one, master.open("w") as two:
        for n in range(count):
            wall, unique, linked, _ = _old(n)
            one.write(f"{unique.split('.')[0]}|{unique}|hotline|NONE|ENTERQUEUE||{n}\n")
            two.write(
                f'"","030","411","ctx","""X"" <030>","c","d","Dial","","{wall}",,"{wall}",0,0,'
                f'"ANSWERED","D","{unique}","","","{linked}",{n}\n'
            )
    (tmp_path / "secret").write_text("se:cret word")
    (tmp_path / "secret").chmod(0o600)
    with (
        ami_server() as ami,
        writing("logger", tmp_path / "stop", str(queue)) as logger,
        writing("csv", tmp_path / "stop", str(master)) as csv,
    ):

        def reload(action: str) -> None:
            if action == "Command":
                logger.process.send_signal(1)

        ami.when_asked = reload
        login = f"{{host: 127.0.0.1, port: {ami.port}, user: pbxretain, "
        login += f"secret: {{file: {str(tmp_path / 'secret')!r}}}}}"
        terms = make_terms(
            "asterisk", roots={"logs": logs}, timezone="Europe/Vienna", extra=f"ami: {login}"
        )
        done = _run(terms, tmp_path)
    assert done == {"queue-log": count, "call-log-files": count}
    for live, path, separator in ((logger, queue, "|"), (csv, master, ",")):
        assert (live.failed, live.slowest < LATE) == (0, True), live.slowest
        parts = path.parent.glob(f"{path.name}*")
        lines = [line for part in parts for line in part.read_text().splitlines()]
        found = sorted(int(line.rpartition(separator)[2]) for line in lines)
        assert found == list(range(NUMBER, NUMBER + live.written))
