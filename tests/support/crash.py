"""What is left when the process dies by SIGKILL at its n-th write, rename, send or commit?

A zygote process imports the program once and then forks a child for each attempt; the child counts
its own effects on the world (``EVENTS``) and really kills itself at the n-th. Nothing is mocked:
every counted call is the real one, before or after which, or half way through which, the process
is gone. ``campaign`` walks n = 1, 2, 3 ...

What C libraries do below Python (SQLite's own page writes, libpq's sends) counts as one event for
each statement and commit. Statements that only ask a database are no events, on any of them.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib
import io
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

When = Literal["before", "after", "torn"]
"""``torn``: half of a write reaches the file or the socket; other events as ``before``."""

_OS_CALLS = (
    "write", "pwrite", "writev", "fsync", "fdatasync", "rename", "replace", "link", "symlink",
    "unlink", "remove", "mkdir", "rmdir", "truncate", "ftruncate", "sendfile", "copy_file_range",
)  # fmt: skip
_CHANGES = (
    "BEGIN", "COMMIT", "END", "ROLLBACK", "DELETE", "UPDATE", "INSERT", "COPY", "WITH",
    "CREATE", "DROP", "REPLACE", "SAVEPOINT", "RELEASE",
)  # fmt: skip
_COM_QUERY = 3
_TEARS = re.compile("write|send")
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. ``events`` are the names of what it did, the fatal one last."""

    code: int
    """Exit code, or minus the signal."""
    events: Sequence[str]
    output: str
    """Standard output and error together."""

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass
class _Order:
    target: str
    args: list[str]
    at: int | None
    when: str
    env: dict[str, str]
    cwd: str | None


class Zygote:
    """Runs attempts; a context manager. ``imports`` are loaded once, before the first fork."""

    def __init__(self, *imports: str) -> None:
        folders = [str(_REPOSITORY / "tests"), str(_REPOSITORY), os.environ.get("PYTHONPATH", "")]
        path = os.pathsep.join(filter(None, folders))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.crash", *(imports or ("pbxretain.cli",))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            text=True,
        )

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def run(
        self,
        target: str,
        args: Sequence[str] = (),
        *,
        at: int | None = None,
        when: When = "before",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Outcome:
        """Forks and calls ``module:function`` with ``sys.argv[1:]`` set to ``args``.

        Dies at event ``at`` (1 is the first), or never. A function of one parameter gets ``args``;
        its integer result or SystemExit is the exit code."""
        order = _Order(target, list(args), at, when, dict(env or {}), str(cwd) if cwd else None)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the zygote died")
        return Outcome(**json.loads(answer))

    def cli(self, *args: str, at: int | None = None, when: When = "before") -> Outcome:
        """A pbxretain command line."""
        return self.run("pbxretain.cli:main", args, at=at, when=when)


def campaign(
    run_child: Callable[[int | None, When], Outcome],
    inspect: Callable[[Outcome], None],
    *,
    modes: Sequence[When] = ("before", "after"),
    stride: int = 1,
    first: int = 1,
    choose: Callable[[Sequence[str]], Sequence[int]] | None = None,
) -> int:
    """Runs undisturbed, then once for each event and mode; returns how many attempts died.

    ``run_child(at, when)`` makes fresh data and runs the child, with None undisturbed; ``inspect``
    repairs, looks, and asserts. A failure names the event at which the child died. A run whose
    events vary may end before n: then it is inspected as well. ``choose`` picks the numbers out of
    the undisturbed run's events, where each attempt is too dear for all of them.
    """
    whole = run_child(None, "before")
    _inspect(inspect, whole, "undisturbed")
    assert whole.events, "nothing was counted: the harness is blind"
    died = 0
    numbers = choose(whole.events) if choose else range(first, len(whole.events) + 1, stride)
    for at in numbers:
        for when in modes:
            if when == "torn" and not _TEARS.search(whole.events[at - 1]):
                continue
            outcome = run_child(at, when)
            died += outcome.killed
            name = outcome.events[-1] if outcome.events else "?"
            _inspect(inspect, outcome, f"{when} event {at} of {len(whole.events)} ({name})")
    assert died, "no attempt died"
    return died


def _inspect(inspect: Callable[[Outcome], None], outcome: Outcome, label: str) -> None:
    try:
        inspect(outcome)
    except BaseException as error:
        error.add_note(f"crash: {label}; exit {outcome.code}\n{outcome.output[-3000:]}")
        raise


# --- in the zygote ---


@dataclass
class _Counter:
    """Counts the events of one attempt, of all its threads, and kills at the chosen one; silent
    until armed."""

    at: int | None = None
    when: str = "before"
    report: int = -1
    armed: bool = False
    events: list[str] = field(default_factory=list)
    one: threading.Lock = field(default_factory=threading.Lock)
    mine: threading.local = field(default_factory=threading.local)

    def call(self, name: str, function: Callable[..., Any], torn: Callable[[], object]) -> Any:
        if not self.armed or getattr(self.mine, "inside", False):
            return function()
        with self.one:
            self.events.append(name)
            fatal = len(self.events) == self.at
        if fatal and self.when != "after":
            if self.when == "torn":
                torn()
            self.die()
        self.mine.inside = True
        try:
            return function()
        finally:
            self.mine.inside = False
            if fatal:
                self.die()

    def die(self) -> None:
        self.armed = False
        self.tell()
        os.kill(os.getpid(), signal.SIGKILL)

    def tell(self) -> None:
        self.armed = False
        data = json.dumps(self.events).encode()
        while data:
            data = data[os.write(self.report, data) :]


_counter = _Counter()


def _counted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        def torn() -> object:
            return _half(name, original, args)

        return _counter.call(name, lambda: original(*args, **kwargs), torn)

    return call


def _half(name: str, original: Callable[..., Any], args: tuple[Any, ...]) -> object:
    if name in ("os.write", "socket.send", "socket.sendall") and len(args) > 1:
        return original(args[0], bytes(args[1])[: len(args[1]) // 2], *args[2:])
    return None


def _install() -> None:
    """Wraps what changes the world. Before the program is imported, so that it sees no other."""
    for name in _OS_CALLS:
        setattr(os, name, _counted(f"os.{name}", getattr(os, name)))
    _wrap_opens()
    for name in ("send", "sendall", "sendto"):
        setattr(socket.socket, name, _counted_send(name, getattr(socket.socket, name)))
    connect = functools.partial(_connect_sqlite, sqlite3.connect)
    sqlite3.connect = connect
    sqlite3.dbapi2.connect = connect
    with contextlib.suppress(ImportError):
        posix = importlib.import_module("pbxretain.posix")
        posix._renameat2 = _counted("renameat2", posix._renameat2)  # type: ignore[attr-defined]
    with contextlib.suppress(ImportError):
        psycopg = importlib.import_module("psycopg")
        psycopg.Connection.commit = _counted("commit", psycopg.Connection.commit)
        for cls in (psycopg.Cursor, psycopg.RawCursor, psycopg.ClientCursor, psycopg.ServerCursor):
            for name in {"execute", "executemany", "copy"} & set(vars(cls)):
                setattr(cls, name, _counted_statement(getattr(cls, name)))


def _wrap_opens() -> None:
    plain, buffered = os.open, builtins.open

    @functools.wraps(plain)
    def os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if not flags & (os.O_CREAT | os.O_TRUNC):
            return plain(path, flags, *args, **kwargs)
        opened = _counter.call("os.open", lambda: plain(path, flags, *args, **kwargs), lambda: None)
        return int(opened)

    @functools.wraps(buffered)
    def open_(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        def opened() -> Any:
            return buffered(file, mode, *args, **kwargs)

        changes = isinstance(mode, str) and bool(set(mode) & set("wax+"))
        return _counter.call("open", opened, lambda: None) if changes else opened()

    os.open = os_open
    builtins.open = open_
    io.open = open_


def _counted_send(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Sends of pymysql count by their statement, all others as they are."""
    plain = _counted(f"socket.{name}", original)

    @functools.wraps(original)
    def call(self: Any, data: Any, *args: Any) -> Any:
        packet = bytes(data)
        if len(packet) < 5 or int.from_bytes(packet[:3], "little") != len(packet) - 4:
            return plain(self, data, *args)
        verb = _verb(packet[5:]) if packet[4] == _COM_QUERY else ""
        if verb not in _CHANGES:
            return original(self, data, *args)
        return _counter.call(
            f"sql {verb}",
            lambda: original(self, data, *args),
            lambda: original(self, packet[: len(packet) // 2], *args),
        )

    return call


def _counted_statement(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        verb = _verb(query)
        if verb not in _CHANGES:
            return original(self, query, *args, **kwargs)
        return _counter.call(
            f"sql {verb}", lambda: original(self, query, *args, **kwargs), lambda: None
        )

    return execute


def _verb(query: Any) -> str:
    text = query.decode(errors="replace") if isinstance(query, bytes) else query
    if not isinstance(text, str):
        text = str(getattr(text, "_obj", "")) or "WITH"
    words = text.split(None, 1)
    return words[0].upper().rstrip(";") if words else ""


def _connect_sqlite(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    base = kwargs.pop("factory", sqlite3.Connection)
    counted = type("Cursor", (sqlite3.Cursor,), {
        name: _counted_statement(getattr(sqlite3.Cursor, name))
        for name in ("execute", "executemany", "executescript")
    })  # fmt: skip

    class Connection(base):  # type: ignore[misc, valid-type]
        commit = _counted("sql COMMIT", base.commit)
        execute = _counted_statement(base.execute)
        executemany = _counted_statement(base.executemany)
        executescript = _counted_statement(base.executescript)

        def cursor(self, factory: Any = counted) -> Any:
            return super().cursor(factory)

    return original(*args, factory=Connection, **kwargs)


def _serve(imports: Sequence[str]) -> None:
    _install()
    for name in imports:
        importlib.import_module(name)
    orders, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    for line in orders:
        outcome = _attempt(_Order(**json.loads(line)))
        answers.write(json.dumps(asdict(outcome)) + "\n")
        answers.flush()


def _attempt(order: _Order) -> Outcome:
    read, write = os.pipe()
    with tempfile.TemporaryFile() as output:
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _child(order, write, output.fileno())
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(pid, 0)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Outcome(os.waitstatus_to_exitcode(status), json.loads(told or b"[]"), text)


def _child(order: _Order, report: int, output: int) -> None:
    code = 70
    _counter.at, _counter.when, _counter.report = order.at, order.when, report
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        os.environ.update(order.env)
        if order.cwd:
            os.chdir(order.cwd)
        sys.argv = [order.target, *order.args]
        module, _, name = order.target.partition(":")
        function = getattr(importlib.import_module(module), name)
        _counter.armed = True
        code = _call(function, order.args)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        _counter.tell()
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _call(function: Callable[..., Any], args: list[str]) -> int:
    takes = getattr(function, "__code__", None)
    result = function(args) if takes is not None and takes.co_argcount else function()
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    # The wrappers must live in the module that programs import, not in ``__main__``.
    importlib.import_module("support.crash")._serve(sys.argv[1:])
