"""How is a program asked that knows the product from inside?

One process for each dataset, started with an argument list and never through a shell. It reads one
JSON object a line and answers in lines, the last of which is ``{"done": N}``. See
docs/reference/command.md. Whatever else it does (garbage, silence, an early end) is an error that
quotes nothing, and the process is ended: what it did meanwhile only a fresh look tells.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pbxretain.errors import OutcomeUnknown, StoreError, UnavailableError
from pbxretain.stores.client import Client, Item

PROTOCOL = 1
_LONGEST = 1 << 20
_CHUNK = 1 << 16
_CODE_LENGTH = 40


class ProgramClient(Client):
    """Implements ``client.Client`` by asking a program. ``timeout``: seconds without a line."""

    at_once = 50  # a program deletes one by one, and is silent meanwhile

    def __init__(
        self, argv: Sequence[str], *, dataset: str, product: str | None, timeout: float
    ) -> None:
        self._argv = list(argv)
        self._dataset = dataset
        self._product = product
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    # What the store asks --------------------------------------------------------------------------

    def items(self, *, before: datetime | None) -> Iterator[Item]:
        told = before.astimezone(UTC).isoformat() if before else None
        yield from self._items({"ask": "items", "before": told})

    def look(self, ids: Sequence[str]) -> Iterator[Item]:
        left = iter(ids)
        while group := list(islice(left, self.at_once)):
            yield from self._items({"ask": "look", "ids": group})

    def delete(self, items: Sequence[Item]) -> None:
        named = [{"id": item.id, "start": item.start} for item in items]
        try:
            for _ in self._answers({"ask": "delete", "items": named}):
                raise self._broken("answers a delete with records")
        except SaidNoError:
            raise
        except (StoreError, UnavailableError) as error:
            raise OutcomeUnknown(str(error.args[0]), hint="the run looks what it did") from None

    def clock(self) -> datetime | None:
        for answer in self._answers({"ask": "clock"}):
            told = answer.get("clock")
            try:
                return datetime.fromisoformat(str(told)) if told is not None else None
            except ValueError:
                raise self._broken("tells a time that can't be read") from None
        return None

    def session(self) -> Mapping[str, int | str] | None:
        self._started()
        pid = self._process.pid if self._process else 0
        born = _born(pid)
        return {"pid": pid, "born": born, "boot": _boot()} if born else None

    def end(self, session: Mapping[str, int | str]) -> None:
        self.close()
        pid, born = int(session["pid"]), str(session["born"])
        if session["boot"] != _boot() or _born(pid) != born:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        until = time.monotonic() + self._timeout
        while _born(pid) == born:
            if time.monotonic() > until:
                raise UnavailableError(
                    f"dataset {self._dataset}: the program of a dead run still runs",
                    hint=f"end process {pid}",
                )
            time.sleep(0.05)

    def close(self) -> None:
        """Ends the program, by force where it doesn't end by itself."""
        process, self._process, self._rest = self._process, None, b""
        if process is None:
            return
        with suppress(OSError):
            if process.stdin:
                process.stdin.close()
        until = time.monotonic() + 1
        while not _over(process) and time.monotonic() < until:
            time.sleep(0.01)
        self._killed(process)

    # The lines ------------------------------------------------------------------------------------

    def _items(self, question: Mapping[str, Any]) -> Iterator[Item]:
        for answer in self._answers(question):
            yield self._item(answer.get("item"))

    def _item(self, told: object) -> Item:
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise self._broken("names a record without an id")
        start, call, subjects = told.get("start"), told.get("call"), told.get("subjects", [])
        fits = isinstance(start, str | int | None) and isinstance(call, str | None)
        if not fits or not isinstance(subjects, list):
            raise self._broken("describes a record in a way that isn't known")
        if not all(isinstance(subject, str | None) for subject in subjects):
            raise self._broken("describes a record in a way that isn't known")
        facets = told.get("facets", {})
        if not isinstance(facets, dict) or not all(map(_values, facets.values())):
            raise self._broken("describes a record in a way that isn't known")
        ready = told.get("ready", True) is True
        return Item(told["id"], start, call, subjects, ready, facets=facets)

    def _answers(self, question: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Everything before the last line, which must count it. A program that is left in the
        middle of an answer is ended."""
        self._started()
        seen, whole = 0, False
        try:
            self._write(question)
            while True:
                answer = self._read()
                if "error" in answer:
                    whole = True
                    raise SaidNoError(self._dataset, answer["error"])
                if "done" in answer:
                    if answer["done"] != seen:
                        raise self._broken("miscounts its own answer")
                    whole = True
                    return
                seen += 1
                yield answer
        finally:
            if not whole:
                self._kill()

    def _started(self) -> None:
        if self._process is not None and not _over(self._process):
            return
        self._kill()
        try:
            self._process = subprocess.Popen(  # noqa: S603  (an argument list out of a distribution)
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # could hold anything
                cwd=Path(self._argv[-1]).parent,
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                start_new_session=True,
            )
        except OSError:
            raise UnavailableError(
                f"dataset {self._dataset}: the connector's program can't be started",
                hint="name the interpreter under command: in settings",
            ) from None
        try:
            self._write({"pbxretain": PROTOCOL, "product": self._product})
            hello = self._read()
            if "error" in hello:
                raise SaidNoError(self._dataset, hello["error"])
            if hello.get("pbxretain") != PROTOCOL:
                raise self._broken(f"doesn't speak version {PROTOCOL} of the protocol")
        except BaseException:
            self._kill()
            raise

    def _write(self, question: Mapping[str, Any]) -> None:
        pipe = self._process.stdin if self._process else None
        line = json.dumps({**question, "dataset": self._dataset}).encode() + b"\n"
        try:
            assert pipe is not None  # noqa: S101  (it was just started)
            pipe.write(line)
            pipe.flush()
        except OSError:
            raise self._broken("ended by itself") from None

    def _read(self) -> Mapping[str, Any]:
        try:
            answer = json.loads(self._line())
        except (ValueError, RecursionError):
            raise self._broken("answers with something that is no JSON") from None
        if not isinstance(answer, dict):
            raise self._broken("answers with something that is no object")
        return answer

    def _line(self) -> bytes:
        until = time.monotonic() + self._timeout
        while b"\n" not in self._rest:
            if len(self._rest) > _LONGEST:
                raise self._broken("answers with a line that never ends")
            self._rest += self._chunk(until)
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _chunk(self, until: float) -> bytes:
        pipe = self._process.stdout if self._process else None
        assert pipe is not None  # noqa: S101  (it was just started)
        with selectors.DefaultSelector() as waiting:
            waiting.register(pipe, selectors.EVENT_READ)
            if not waiting.select(max(0.0, until - time.monotonic())):
                raise UnavailableError(
                    f"dataset {self._dataset}: the connector's program is silent for "
                    f"{self._timeout:g} seconds",
                    hint="raise command.timeout in settings if the product is only slow",
                )
        data = os.read(pipe.fileno(), _CHUNK)
        if not data:
            raise self._broken("ended by itself")
        return data

    def _broken(self, what: str) -> StoreError:
        return StoreError(
            f"dataset {self._dataset}: the connector's program {what}",
            hint="try it by hand: docs/reference/command.md",
            code="PROGRAM_BROKEN",
        )

    def _kill(self) -> None:
        process, self._process, self._rest = self._process, None, b""
        if process is not None:
            self._killed(process)

    @staticmethod
    def _killed(process: subprocess.Popen[bytes]) -> None:
        """Ends the program with all that it started; a group of its own, so nothing else."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()


class SaidNoError(StoreError):
    """The program says no, by a code: it is done with the request."""

    def __init__(self, dataset: str, told: object) -> None:
        plain = isinstance(told, str) and told.isascii() and told.replace("_", "").isupper()
        shown = told if plain and len(str(told)) <= _CODE_LENGTH else "without a code"
        super().__init__(
            f"dataset {dataset}: the connector's program refused ({shown})", code="PROGRAM_REFUSED"
        )


def _values(value: object) -> bool:
    """Whether it is what a record may say of a facet: texts, or null where nobody can tell."""
    return value is None or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def _over(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended. It isn't reaped yet: its number names no other process meanwhile."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _born(pid: int) -> str:
    """When a process began, in ticks since boot; empty where there is none or nobody can tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return fields[19] if fields[0] != "Z" else ""


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
