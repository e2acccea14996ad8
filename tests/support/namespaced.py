"""Scenes that need mounts: run as root in a mount namespace of their own.

``python -m support.namespaced SCENE FOLDER`` under ``unshare -m``; ends with 0 when all held.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pbxretain import posix
from pbxretain.errors import Exit, RetainError
from support import aftermath, small
from support.small import Small
from support.steps import Step, dies_at, forked

_STEPS: tuple[Step, ...] = ("take", "seal", "commit")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _assert_heals(pbx: Small, expected: dict[str, object]) -> None:
    done = pbx.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    assert pbx.snapshot() == expected
    assert dict(aftermath.deleted(pbx.site())) == pbx.due, "covered by exactly one report"
    aftermath.assert_tidy(pbx.pbx)
    aftermath.assert_genuine(pbx.site(), small.NOW)


# --- other file systems below the root, and the longest names ---


def mounts(folder: Path) -> None:
    """A day on another disk, a day that is a bind mount, and names of 255 bytes in both."""
    for step in _STEPS:
        pbx = small.build(folder / step, ["tree"])
        young = _across_mounts(pbx, folder / step)
        dies_at(step, "recordings", pbx.run)
        _assert_heals(pbx, young)


def _across_mounts(pbx: Small, folder: Path) -> dict[str, object]:
    """Adds two old and two young recordings on mounts; what must be left in the end."""
    place = folder / "elsewhere"
    place.mkdir()
    for n, (kind, options) in enumerate(
        {"disk": ["-t", "tmpfs", "none"], "bind": ["--bind", str(place)]}.items()
    ):
        for age, when in (("old", small.OLD), ("young", small.YOUNG)):
            day = pbx.pbx / "recordings" / f"{when:%Y}" / kind / age
            day.mkdir(parents=True)
            if age == "old":
                _mount(*options, str(day))
            epoch = int(when.timestamp()) + n
            tail = f"-{when:%Y%m%d-%H%M%S}-{epoch}.{n}.wav"
            path = day / ("x" * (255 - len(tail)) + tail)
            path.write_bytes(b"long")
            os.utime(path, (when.timestamp(), when.timestamp()))
    pbx.due["recordings"] += 2
    return {
        name: content
        for name, content in pbx.snapshot().items()
        if f"/{small.YOUNG:%Y/%m/%d}/" in name or "/young/" in name
    }


# --- a state folder on a full disk ---

_CALLS = ("write", "open", "replace", "rename", "mkdir", "posix_fallocate", "link")


def full_disk(folder: Path) -> None:
    """The disk of the state folder fills up just before the n-th change to it, for every n."""
    kinds = ["tree", "table"]
    pbx = small.build(folder / "expected", kinds)
    assert pbx.run().exit_code == Exit.OK
    expected = pbx.snapshot()
    _assert_refused(small.build(folder / "tiny", kinds))
    codes: set[int] = set()
    n = 0
    while True:
        n += 1
        pbx = small.build(folder / str(n), kinds)
        state = pbx.site().state
        state.mkdir(exist_ok=True)
        _mount("-t", "tmpfs", "-o", "size=4m", "none", str(state))
        before = pbx.snapshot()
        code = forked(lambda: _fills_at(n, pbx))  # noqa: B023  (called at once)
        if code == _FINISHED:
            break
        codes.add(code)
        (state / "filler").unlink(missing_ok=True)
        shutil.rmtree(state / "more", ignore_errors=True)
        assert code in _ALLOWED, (n, code)
        if not (state / "run").exists() and code != Exit.OK:
            assert pbx.snapshot() == before, n
        _assert_heals(pbx, expected)
        subprocess.run(["umount", "-l", str(state)], check=True)
        shutil.rmtree(folder / str(n))
    assert n > 30, "the harness is blind"
    assert codes == _ALLOWED, "some deaths of the disk stop a run, the last ones don't"


_FINISHED = 90
_ALLOWED = {int(Exit.OK), int(Exit.REFUSED), int(Exit.FORGED)}


def _assert_refused(pbx: Small) -> None:
    """Room for a report, but not for the evidence of a run: nothing begins."""
    state = pbx.site().state
    state.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", "size=512k", "none", str(state))
    before = pbx.snapshot()
    done = pbx.run()
    assert (done.exit_code, [error.code for error in done.errors]) == (Exit.REFUSED, ["NO_ROOM"])
    assert pbx.snapshot() == before
    assert [str(each.run.outcome) for each in aftermath.reports(pbx.site())] == ["refused"]


def _fills_at(n: int, pbx: Small) -> int:
    """One run; its exit code, or ``_FINISHED`` when there was no n-th change."""
    state = str(pbx.site().state)
    left = n

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any, **more: Any) -> Any:
            nonlocal left
            if left and _place(first).startswith(state) and _changes(original, rest):
                left -= 1
                if not left:
                    _fill(Path(state))
            return original(first, *rest, **more)

        return call

    for name in _CALLS:
        setattr(os, name, counted(getattr(os, name)))
    posix._renameat2 = counted(posix._renameat2)
    try:
        code = int(pbx.run().exit_code)
    except RetainError as error:
        text = str(error)
        assert text, "one sentence"
        assert "\n" not in text
        assert "Errno" not in text
        code = int(error.exit_code)
    return _FINISHED if left else code


def _changes(original: Callable[..., Any], rest: tuple[Any, ...]) -> bool:
    return original.__name__ != "open" or bool(rest and rest[0] & os.O_CREAT)


def _place(first: Any) -> str:
    if isinstance(first, int):
        with suppress(OSError):
            return str(Path(f"/proc/self/fd/{first}").readlink())
        return ""
    return os.fsdecode(first)


def _fill(state: Path) -> None:
    """Takes every block and every inode that is free."""
    with (state / "filler").open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    usage = os.statvfs(state)
    assert usage.f_bfree == 0


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
