"""How does a test get a real database server of its own?

Debian's binaries, a private data folder, a free loopback port and a unix socket; as ``nobody``
when the tests run as root. Syncs to disk are off: a killed process loses nothing by that, and the
machine isn't what these tests crash. ``setpriv --pdeathsig`` ends the server with the tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pymysql
from psycopg import sql

_NOBODY = 65534
_START_SECONDS = 60.0


class MissingServerError(Exception):
    """The server's programs aren't installed; the text names the Debian package."""


def find_program(name: str, *folders: str) -> Path | None:
    """A program on the path, or in one of the folders (globs; the last match counts)."""
    if found := shutil.which(name):
        return Path(found)
    candidates = [p for folder in folders for p in sorted(Path("/").glob(f"{folder[1:]}/{name}"))]
    return candidates[-1] if candidates else None


class Server:
    """A server with a data folder of its own; starts with ``start``, ends with ``stop``."""

    kind: str
    scheme: str

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"pbxretain-{self.kind}-"))
        self.host = "127.0.0.1"
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            os.chown(self.folder, _NOBODY, _NOBODY)

    def start(self) -> None:
        """Makes the data folder at the first time, starts, waits until it answers."""
        if not (self.folder / "data").exists():
            self._install()
        log = (self.folder / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                self._unprivileged(*self._command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._await()

    def kill(self) -> None:
        """SIGKILL, as a crash does it; returns when no process of the server is left."""
        if self.process is None:
            return
        children = _children(self.process.pid)
        for pid in (self.process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        while any(Path(f"/proc/{pid}").exists() and not _is_zombie(pid) for pid in children):
            time.sleep(0.005)

    def restart(self) -> None:
        """Kills what still runs and starts again with the same data, port and socket."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Ends the server for good and removes its folder."""
        if self.process is not None:
            self.process.send_signal(
                signal.SIGQUIT if self.kind == "postgresql" else signal.SIGTERM
            )
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, user: str) -> str:
        """The address as settings name it; a password never stands in it."""
        return f"{self.scheme}://{quote(user)}@{self.host}:{self.port}/{quote(database)}"

    def admin(self, database: str | None = None) -> Any:
        """A connection of the driver with all rights and autocommit."""
        raise NotImplementedError

    def create_database(self, name: str) -> str:
        """Makes an empty database, dropping one of that name; returns the name."""
        raise NotImplementedError

    def create_user(
        self, name: str, *, password: str, database: str, grants: Mapping[str, str]
    ) -> None:
        """Makes a login that has only these rights: table (or ``*``) to a list of rights."""
        raise NotImplementedError

    def _install(self) -> None:
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _unprivileged(self, *command: str) -> list[str]:
        identity = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        drop = identity if os.geteuid() == 0 else []
        return ["setpriv", *drop, "--pdeathsig", "KILL", "--", *command]

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            self._unprivileged(*command), cwd=self.folder, capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError((done.stdout + done.stderr).decode(errors="replace"))

    def _await(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.admin().close()
            except (pymysql.err.OperationalError, psycopg.OperationalError):
                if self.process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                log = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.kind} did not start\n{log}") from None
            return


class MariaDB(Server):
    """MariaDB from Debian; ``admin`` is root over the unix socket."""

    kind = "mariadb"
    scheme = "mysql"

    def __init__(self) -> None:
        server = find_program("mariadbd", "/usr/sbin", "/usr/libexec")
        install = find_program("mariadb-install-db")
        if server is None or install is None:
            raise MissingServerError("MariaDB is not installed (mariadb-server)")
        self._server, self._installer = str(server), str(install)
        super().__init__()
        self.socket = self.folder / "mariadb.sock"

    def admin(self, database: str | None = None) -> pymysql.connections.Connection[Any]:
        return pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            database=database,
            charset="utf8mb4",
            autocommit=True,
            local_infile=True,
        )

    def create_database(self, name: str) -> str:
        with self.admin() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return name

    def create_user(
        self, name: str, *, password: str, database: str, grants: Mapping[str, str]
    ) -> None:
        with self.admin() as connection, connection.cursor() as cursor:
            for host in ("localhost", "127.0.0.1"):
                cursor.execute(
                    "CREATE OR REPLACE USER %s@%s IDENTIFIED BY %s", (name, host, password)
                )
                for table, rights in grants.items():
                    place = f"`{database}`.{'*' if table == '*' else f'`{table}`'}"
                    cursor.execute(f"GRANT {rights} ON {place} TO %s@%s", (name, host))

    def _install(self) -> None:
        self._run(
            self._installer,
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            self._own_tmpdir(),
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-flush-method=nosync",
            "--innodb-log-file-size=16M",
        )

    def _own_tmpdir(self) -> str:
        """A MariaDB that starts removes every temporary table of the folder: never share one."""
        return f"--tmpdir={self.folder}"

    def _command(self) -> list[str]:
        return [
            self._server,
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket}",
            self._own_tmpdir(),
            f"--pid-file={self.folder / 'mariadb.pid'}",
            f"--port={self.port}",
            f"--bind-address={self.host}",
            "--skip-name-resolve",
            "--local-infile=1",
            "--innodb-flush-method=nosync",
            "--innodb-flush-log-at-trx-commit=1",
            "--innodb-log-file-size=256M",
            "--innodb-buffer-pool-size=256M",
            "--innodb-buffer-pool-load-at-startup=OFF",
            "--innodb-buffer-pool-dump-at-shutdown=OFF",
            "--performance-schema=OFF",
        ]


class PostgreSQL(Server):
    """PostgreSQL from Debian; ``admin`` is the superuser over the unix socket, by trust."""

    kind = "postgresql"
    scheme = "postgresql"

    def __init__(self) -> None:
        server = find_program("postgres", "/usr/lib/postgresql/*/bin")
        if server is None or not (server.parent / "initdb").exists():
            raise MissingServerError("PostgreSQL is not installed (postgresql)")
        self._bin = server.parent
        super().__init__()

    def admin(self, database: str | None = None) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="postgres",
            dbname=database or "postgres",
            autocommit=True,
        )

    def create_database(self, name: str) -> str:
        with self.admin() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
            )
        return name

    def create_user(
        self, name: str, *, password: str, database: str, grants: Mapping[str, str]
    ) -> None:
        login = sql.Identifier(name)
        with self.admin(database) as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
            if known.fetchone():
                connection.execute(sql.SQL("DROP OWNED BY {}").format(login))
            else:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(login))
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(login, sql.Literal(password))
            )
            for table, rights in grants.items():
                place = (
                    sql.SQL("ALL TABLES IN SCHEMA public")
                    if table == "*"
                    else sql.Identifier(*table.split("."))
                )
                connection.execute(
                    sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), place, login)
                )

    def _install(self) -> None:
        self._run(
            str(self._bin / "initdb"),
            "--pgdata",
            str(self.folder / "data"),
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--no-sync",
            "--no-instructions",
        )

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            "max_wal_size": "1GB",
            "autovacuum_naptime": "1d",
            "timezone": "UTC",
        }
        options = [part for k, v in settings.items() for part in ("-c", f"{k}={v}")]
        return [str(self._bin / "postgres"), "-D", str(self.folder / "data"), *options]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
