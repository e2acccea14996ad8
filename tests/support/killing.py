"""Kills a forked child of the test at the n-th thing it does to the disk."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from pbxretain import posix

_CALLS = ("fsync", "replace", "truncate", "ftruncate", "unlink", "link", "rename", "rmdir")


def killed_at(n: int, action: Callable[[], object]) -> bool:
    """Runs ``action`` in a forked child that dies by SIGKILL just before its n-th change to the
    disk; a write is torn in the middle. False when the child finished before that."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _arm(n)
            action()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed by itself"
    return False


def _arm(n: int) -> None:
    left = n

    def hit() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if hit():
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return run

    write = os.write

    def torn(fd: int, data: Any) -> int:
        if hit():
            write(fd, bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(fd, data)

    patch = pytest.MonkeyPatch()
    for name in _CALLS:
        patch.setattr(os, name, wrapped(getattr(os, name)))
    patch.setattr(os, "write", torn)
    patch.setattr(posix, "_renameat2", wrapped(posix._renameat2))
