"""How does one keep Asterisk out of a voicemail folder for a few milliseconds?"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbxretain.stores.files import Folder, Root
from pbxretain.stores.folderlock import FolderBusyError, clear_dead, hold, lock_age, probe

MODES: list[Any] = ["lockfile", "flock", None]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    found = tmp_path.stat()
    with Root(os.fsencode(tmp_path), (found.st_dev, found.st_ino)).folder() as opened:
        yield opened


def names(path: Path) -> set[str]:
    return {one.name for one in path.iterdir()}


@pytest.mark.parametrize("mode", MODES)
def test_the_lock_is_asterisks_own_and_leaves_nothing(
    folder: Folder, tmp_path: Path, mode: Any
) -> None:
    with hold(folder, mode=mode, installation="i-1"):
        expected = {"lockfile": {".lock"}, "flock": {"lock"}, None: {".lock", "lock"}}[mode]
        assert names(tmp_path) == expected
        assert all((tmp_path / name).lstat().st_nlink == 1 for name in expected)
        if "lock" in expected:
            with (tmp_path / "lock").open("rb") as other, pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("mode", MODES)
def test_an_error_inside_still_unlocks(folder: Folder, tmp_path: Path, mode: Any) -> None:
    with pytest.raises(KeyError), hold(folder, mode=mode, installation="i"):
        raise KeyError
    assert names(tmp_path) == set()


@pytest.mark.parametrize("mode", ["lockfile", None])
def test_a_foreign_lockfile_is_waited_for_briefly_and_never_broken(
    folder: Folder, tmp_path: Path, mode: Any
) -> None:
    (tmp_path / ".lock").write_bytes(b"")
    os.utime(tmp_path / ".lock", (1, 1))
    begun = time.monotonic()
    with (
        pytest.raises(FolderBusyError),
        hold(folder, mode=mode, installation="i", wait=0.1),
    ):
        pass
    assert 0.1 <= time.monotonic() - begun < 1
    assert clear_dead(folder, "i") == 0
    assert names(tmp_path) == {".lock"}
    assert lock_age(folder, "i", 100.0) == 99.0


def test_a_held_flock_is_waited_for_briefly_and_left(folder: Folder, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with (
            pytest.raises(FolderBusyError),
            hold(folder, mode="flock", installation="i", wait=0.05),
        ):
            pass
        assert names(tmp_path) == {"lock"}


def test_a_lock_file_that_nobody_holds_is_no_lock(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"")
    with hold(folder, mode="flock", installation="i", wait=0.05):
        pass
    assert names(tmp_path) == set()


def test_a_lock_that_is_a_symlink_or_has_two_names_is_refused(
    folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "lock").symlink_to("target")
    with pytest.raises(FolderBusyError), hold(folder, mode="flock", installation="i", wait=0):
        pass
    (tmp_path / "lock").unlink()
    (tmp_path / "lock").hardlink_to(tmp_path / "target")
    with pytest.raises(FolderBusyError), hold(folder, mode="flock", installation="i", wait=0):
        pass
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert names(tmp_path) == {"target", "lock"}


_CHILD = """
import os, signal, sys
from pbxretain.stores.files import Root
from pbxretain.stores.folderlock import hold
path = os.fsencode(sys.argv[1])
found = os.stat(path)
mode = None if sys.argv[2] == "None" else sys.argv[2]
with Root(path, (found.st_dev, found.st_ino)).folder() as folder:
    with hold(folder, mode=mode, installation=sys.argv[3]):
        print("held", flush=True)
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def _holder(path: Path, mode: object, installation: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path), str(mode), installation],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdout.readline() == "held\n"
    return child


@pytest.mark.parametrize("mode", MODES)
def test_a_lock_of_our_own_crash_goes_and_a_living_one_stays(
    folder: Folder, tmp_path: Path, mode: Any
) -> None:
    child = _holder(tmp_path, mode, "i-1")
    held = names(tmp_path)
    assert clear_dead(folder, "i-1") == 0
    assert names(tmp_path) == held
    child.communicate("")
    assert names(tmp_path) == held
    assert clear_dead(folder, "i-2") == 0
    assert lock_age(folder, "i-1", time.time() + 99) == 0
    assert clear_dead(folder, "i-1") == len(held)
    assert names(tmp_path) == set()


def test_another_installations_crash_is_foreign(folder: Folder, tmp_path: Path) -> None:
    _holder(tmp_path, "lockfile", "i-1").communicate("")
    assert clear_dead(folder, "i") == 0
    assert lock_age(folder, "i", time.time() + 99) > 90
    assert names(tmp_path) == {".lock"}


@pytest.mark.parametrize("mode", MODES)
def test_two_processes_never_hold_it_at_once(folder: Folder, tmp_path: Path, mode: Any) -> None:
    code = _CHILD.replace('print("held", flush=True)', "pass").replace("sys.stdin.read()", "pass")
    code = code.replace("os.kill(os.getpid(), signal.SIGKILL)", _STEP)
    code = code.replace("    with hold", "    for _ in range(60):\n     with hold")
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(mode), f"i{number}"])
        for number in range(3)
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "180"
    assert names(tmp_path) == {"count"}


_STEP = """
        count = os.path.join(os.fsdecode(path), "count")
        seen = int(open(count).read()) if os.path.exists(count) else 0
        open(count, "w").write(str(seen + 1))
"""


def test_the_probe_tells_working_locks_and_leaves_nothing(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert probe(folder, "i")
    assert names(tmp_path) == set()

    def no_links(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    assert not probe(folder, "i")
    assert names(tmp_path) == set()
