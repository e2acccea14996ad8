"""Files are whole or absent, never replaced by mistake, and locks exclude."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pbxretain import posix
from pbxretain.errors import LockedError


@pytest.mark.parametrize("mode", [0o600, 0o440, 0o644])
def test_a_written_file_has_its_bytes_and_its_mode_whatever_the_umask(
    tmp_path: Path, mode: int
) -> None:
    old = os.umask(0o077)
    try:
        posix.write_synced(tmp_path / "a", b"one", mode)
        posix.write_synced(tmp_path / "a", b"two", mode)
    finally:
        os.umask(old)
    assert (tmp_path / "a").read_bytes() == b"two"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_without_replace_an_existing_file_stays(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        posix.write_synced(tmp_path / "a", b"new", replace=False)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("native", [True, False])
def test_rename_never_replaces(
    tmp_path: Path, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not native:
        monkeypatch.setattr(posix, "_libc_renameat2", lambda: None)
    one, two = os.fsencode(tmp_path / "\udcff one"), os.fsencode(tmp_path / "two")
    Path(os.fsdecode(one)).write_bytes(b"1")
    Path(os.fsdecode(two)).write_bytes(b"2")
    with pytest.raises(FileExistsError):
        posix.rename_noreplace(one, two)
    assert Path(os.fsdecode(two)).read_bytes() == b"2"
    posix.rename_noreplace(one, two + b"x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["two", "twox"]


def test_rename_of_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        posix.rename_noreplace(tmp_path / "a", tmp_path / "b")


def test_append_keeps_what_was_there(tmp_path: Path) -> None:
    posix.append_synced(tmp_path / "log", b"a\n")
    posix.append_synced(tmp_path / "log", b"b\n")
    assert (tmp_path / "log").read_bytes() == b"a\nb\n"


def test_append_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):  # noqa: PT011
        posix.append_synced(tmp_path / "link", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_sweep_removes_only_leftovers(tmp_path: Path) -> None:
    (tmp_path / ".a.1234.tmp~").write_bytes(b"")
    (tmp_path / "keep").write_bytes(b"")
    assert posix.sweep_temporary(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["keep"]


def test_a_second_process_is_locked_out_and_let_in_after(tmp_path: Path) -> None:
    code = (
        "import sys; from pbxretain.posix import lock_file\n"
        "with lock_file(sys.argv[1], shared=sys.argv[2]=='s'): print('in')"
    )

    def attempt(kind: str) -> int:
        command = [sys.executable, "-c", code, str(tmp_path / "lock"), kind]
        environment = {**os.environ, "PYTHONPATH": str(Path(posix.__file__).parents[1])}
        return subprocess.run(command, capture_output=True, check=False, env=environment).returncode

    with posix.lock_file(tmp_path / "lock"):
        assert attempt("x") != 0
        with pytest.raises(LockedError), posix.lock_file(tmp_path / "lock"):
            pass
    with posix.lock_file(tmp_path / "lock", shared=True):
        assert attempt("s") == 0
        assert attempt("x") != 0
    assert attempt("x") == 0
