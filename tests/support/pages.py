"""What do the documentation pages show, and does it work as shown?

Splits pages into their code blocks, and runs shell blocks in a sandbox: a folder in which
``/etc``, ``/var`` and ``/opt`` of the text lie, and in which ``sudo``, ``install`` and the like do
their work without another user. Blocks of one page share folder, variables and what they made.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
_FENCE = re.compile(r"^( *)```(.*)$")
_ABSOLUTE = re.compile(r"(?<![\w.$/~}-])/(etc|var|opt)/")
_SQLITE = re.compile(r"(sqlite:///)/(etc|var|opt)/")

SHIMS = {
    "sudo": 'while :; do case "$1" in -u) shift 2;; -E) shift;; *) break;; esac; done; exec "$@"',
    "install": (
        'set -- "$@" --; while [ "$1" != -- ]; do case "$1" in -o|-g) shift 2;; '
        '*) set -- "$@" "$1"; shift;; esac; done; shift; exec /usr/bin/install "$@"'
    ),
    "chown": "exit 0",
    "editor": "exit 0",
}
"""Programs that need another user, or a person; everything else is real."""


@dataclass(frozen=True)
class Block:
    """A fenced block. ``words`` is its info string, ``before`` the last line above that counts."""

    page: Path
    line: int
    words: tuple[str, ...]
    text: str
    before: str

    @property
    def kind(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def place(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


def name_of(page: Path) -> str:
    """A page as people call it: its path below the repository."""
    return str(page.relative_to(REPOSITORY))


def pages() -> list[Path]:
    """Every page that people read, but the licence."""
    top = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("policies/*.md")]
    return sorted([*top, *REPOSITORY.glob("connectors/**/*.md"), *DOCS.rglob("*.md")])


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    before, fence, start, found = "", None, 0, list[str]()
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        match = _FENCE.match(line)
        if match and fence is None:
            fence, start, found = match, number, []
        elif match and fence is not None:
            words = tuple(fence[2].split())
            yield Block(page, start, words, "\n".join(found) + "\n", before)
            fence = None
        elif fence is not None:
            found.append(line.removeprefix(fence[1]))
        elif line.strip():
            before = line.strip()


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


class Sandbox:
    """A place in which the shell blocks of one page run, one after the other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        shims = root / "bin"
        for folder in (self.home, shims, root / "etc", root / "var" / "lib"):
            folder.mkdir(parents=True)
        for name, text in SHIMS.items():
            (shims / name).write_text(f"#!/bin/sh\n{text}\n")
            (shims / name).chmod(0o755)
        (root / "cwd").write_text(str(self.home))
        path = f"{shims}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        variables = {
            "HOME": str(self.home),
            "PATH": path,
            "LC_ALL": "C.UTF-8",
            "PBXRETAIN_CONFIG": str(root / "etc/pbxretain/config.yaml"),
            "STATE_DIRECTORY": str(root / "var/lib/pbxretain"),
        }
        lines = [f"export {name}='{value}'\n" for name, value in variables.items()]
        (root / "env").write_text("".join(lines))

    def path(self, text: str) -> Path:
        """Where an absolute path of the text lies."""
        return self.root / text.lstrip("/")

    def moved(self, text: str) -> str:
        """A text whose absolute paths lead into the sandbox."""
        inside = _SQLITE.sub(lambda m: f"{m[1]}{self.root}/{m[2]}/", text)
        return _ABSOLUTE.sub(lambda m: f"{self.root}/{m[1]}/", inside)

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """Runs one block; stops at the first command that fails."""
        script = (
            f"trap 'declare -px > {self.root}/env; pwd > {self.root}/cwd' EXIT\n"
            f"set -euo pipefail\n{self.moved(text)}"
        )
        start = f'cd "$(cat {self.root}/cwd)"; . {self.root}/env\n'
        return subprocess.run(
            ["/usr/bin/env", "-i", "bash", "-c", start + script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
