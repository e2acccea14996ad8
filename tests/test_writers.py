"""Is it known who writes into a file, and is a doubt taken as one?"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pbxretain.stores.writers import Renamed, Sight, Writers, look

HOLD = """
import sys
open("/proc/self/comm", "w").write(sys.argv[3])
file = open(sys.argv[1], sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path, mode: str = "ab", name: str = "asterisk") -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), mode, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    process.stdout.readline()
    try:
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes(b"x\n")
    return path


def test_writers_are_seen_and_readers_pass(log: Path) -> None:
    with holder(log):
        assert look(log.stat()).held
    with holder(log, "rb"):
        assert not look(log.stat()).held
    assert not look(log.stat()).held


@pytest.mark.parametrize(("name", "blind"), [("asterisk", True), ("other", False)])
def test_what_cant_be_looked_into_matters_by_its_name(log: Path, name: str, blind: bool) -> None:
    """An unprivileged run sees no open files of another user's Asterisk, but that it runs."""
    if os.geteuid() != 0:
        pytest.skip("needs root to have a process of another user")
    code = (
        "import os, sys; from pbxretain.stores.writers import look;"
        "print(look(os.lstat('/'), program='asterisk'))"
    )
    with holder(log, name=name):
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c",
             code],
            env={"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.strip() == repr(Sight(held=False, blind=blind))


def test_without_a_process_table_nothing_is_sure(log: Path, tmp_path: Path) -> None:
    assert look(log.stat(), proc=tmp_path / "none").blind


def test_another_machines_disk_is_never_seen_through(log: Path, tmp_path: Path) -> None:
    found = log.stat()
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "4242/fd").mkdir(parents=True)
    device = f"{os.major(found.st_dev)}:{os.minor(found.st_dev)}"
    for kind, blind in (("nfs4", True), ("ext4", False)):
        line = f"36 35 {device} / /mnt rw - {kind} server:/x rw\n"
        (proc / "self/mountinfo").write_text(line)
        assert look(found, program="asterisk", proc=proc).blind is blind


def test_a_file_is_asked_about_once_until_it_changes(log: Path) -> None:
    asked: list[int] = []

    def reopen() -> bool:
        asked.append(1)
        return True

    writers = Writers(program="asterisk", reopen=reopen, quiet=0.1)
    path = os.fsencode(log)
    assert writers.let_go(path, Renamed(time.monotonic(), 2))
    assert writers.let_go(path)
    assert len(asked) == 1
    with holder(log):
        log.write_bytes(b"more\n")
        assert not Writers(program="asterisk", reopen=None, quiet=0.1).let_go(path)
        assert not Writers(program="asterisk", reopen=lambda: False, quiet=0.1).let_go(path)
