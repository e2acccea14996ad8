"""Does a database that can't be opened say why, and what to do, without a password?"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.servers import Server

from pbxretain.errors import UnavailableError
from pbxretain.messages import known
from pbxretain.stores import database
from pbxretain.stores.database import Session, connect, session

SECRET = "s3cret-of-the-tests"


def refused(url: str, password: str | None = None) -> UnavailableError:
    with pytest.raises(UnavailableError) as found:
        Session(connect(url, password))
    error = found.value
    assert known("code", error.code)
    assert SECRET not in str(error)
    assert error.hint
    return error


@pytest.fixture(params=["mariadb", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    found.create_database("reach")
    found.create_user("reacher", password=SECRET, database="reach", grants={})
    return found


def test_a_wrong_password_and_an_unknown_user_are_a_refused_login(server: Server) -> None:
    for user, password in (("reacher", "wrong"), ("nobody-of-that-name", SECRET)):
        error = refused(server.url("reach", user), password)
        assert error.code == "DATABASE_LOGIN"
        assert user not in str(error)
        assert "user in url and its password" in error.hint


def test_a_database_that_is_not_there_is_named(server: Server) -> None:
    error = refused(server.url("no_such_base", "reacher"), SECRET)
    assert error.code == "DATABASE_MISSING"
    assert "no_such_base" in error.hint


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_a_closed_port_and_an_unknown_host_are_named(scheme: str) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{unused.getsockname()[1]}"
    for where in (at, "no-such-host.invalid:3306"):
        error = refused(f"{scheme}://reacher@{where}/reach", SECRET)
        assert error.code == "DATABASE_CLOSED"
        assert where in error.hint


def test_an_sqlite_file_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    missing = refused(f"sqlite:///{tmp_path / 'none.db'}")
    assert missing.code == "DATABASE_NO_FILE"
    assert f"sqlite:///{tmp_path / 'none.db'}" in missing.hint
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("no database at all " * 99)
    assert refused(f"sqlite:///{tmp_path / 'text.db'}").code == "DATABASE_NO_SQLITE"


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program that lets nobody read meanwhile."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE IF NOT EXISTS cdr (start)")
        other.execute("BEGIN EXCLUSIVE")
        yield other


def test_a_busy_sqlite_file_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "cdr.db"
    with writing(path) as other:
        release = threading.Timer(0.8, lambda: other.execute("COMMIT"))
        release.start()
        begun = time.monotonic()
        with session(connect(f"sqlite:///{path}")) as opened:
            assert opened.number("SELECT COUNT(*) FROM cdr") == 0
            assert time.monotonic() - begun > 0.6
            release.join()
            other.execute("BEGIN EXCLUSIVE")
            release = threading.Timer(0.8, lambda: other.execute("COMMIT"))
            release.start()
            assert opened.number("SELECT COUNT(*) FROM cdr") == 0
            release.join()


def test_the_wait_for_a_busy_sqlite_file_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    path = tmp_path / "cdr.db"
    with writing(path):
        begun = time.monotonic()
        error = refused(f"sqlite:///{path}")
        assert 0.2 < time.monotonic() - begun < 5
    assert error.code == "DATABASE_BUSY"
    assert str(path) in error.hint


_AS_NOBODY = """
import sys
from pbxretain.errors import UnavailableError
from pbxretain.stores.database import Session, connect
try:
    Session(connect(sys.argv[1]))
except UnavailableError as error:
    print(error.code)
"""


def test_an_sqlite_file_without_the_right_to_read_it_is_told_from_a_missing_one() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "cdr.db"
        path.touch(mode=0o000)
        command = [sys.executable, "-c", _AS_NOBODY, f"sqlite:///{path}"]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
        paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(command, capture_output=True, text=True, env=paths, cwd="/")
    assert (done.stdout, done.stderr) == ("DATABASE_FILE\n", "")
