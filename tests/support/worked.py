"""The distribution that docs/how-to/python-store.md shows, taken from the page itself."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from pbxretain import connector
from pbxretain.connector import Connector
from support.pages import DOCS, blocks

PAGE = DOCS / "how-to" / "python-store.md"


def write(folder: Path) -> Path:
    """Writes the page's files below a folder; returns it."""
    for block in blocks(PAGE):
        for word in block.words:
            if word.startswith("file="):
                path = folder / word.removeprefix("file=")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, "utf-8")
    return folder


def install(folder: Path) -> Path:
    """Builds the distribution and installs it below a folder, so that its entry point is found by
    whoever has the returned folder on his path."""
    source, target = write(folder / "pbxretain-numera"), folder / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True)
    return target


def product(folder: Path) -> Connector:
    """The connector, its module imported from the folder but not installed."""
    write(folder)
    _module(folder)
    path = folder / "pbxretain_numera" / "connector.yaml"
    found = connector.parse(path.read_bytes(), "connector.yaml", "distribution pbxretain-numera")
    return replace(found, module="pbxretain_numera")


def _module(folder: Path) -> Any:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pbxretain_numera"]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        module = importlib.import_module("pbxretain_numera")
        module.Numera.pause = 0.05
        importlib.import_module("pbxretain_numera.invented")
        return module
    finally:
        sys.path.remove(str(folder))
