"""Calls and recordings of a self-hosted Bitrix24, through the product's own classes."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pbxretain.stores.client import Client, Item
from pbxretain.stores.command import ProgramClient

_HERE = Path(__file__).parent


class _StandIn(ProgramClient):
    """The program before a stand-in for the product, in a folder that goes with it."""

    def __init__(self, dataset: str, folder: Path) -> None:
        self._folder = folder
        php = ["php", "-d", "display_errors=0", str(_HERE / "bitrix24.php")]
        super().__init__(php, dataset=dataset, product=str(folder), timeout=30)

    def __del__(self) -> None:
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def standin(folder: Path, tables: dict[str, Any]) -> Path:
    """Makes a product of these tables in a folder; returns it."""
    shutil.copytree(_HERE / "standin", folder, dirs_exist_ok=True)
    (folder / "data.json").write_text(json.dumps(tables), "utf-8")
    return folder


def fake(dataset: str, items: Sequence[Item]) -> Client:
    """What the conformance kit calls: the real program, a product that holds these items."""
    rows = {item.id: _row(dataset, item) for item in items}
    folder = Path(tempfile.mkdtemp(prefix="pbxretain-bitrix24-"))
    tables = {"modules": ["voximplant"], "b_voximplant_statistic": rows, "b_file": {}}
    return _StandIn(dataset, standin(folder, tables))


def _row(dataset: str, item: Item) -> dict[str, Any]:
    number, user = item.subjects
    has_file = dataset == "recordings" or not item.ready
    return {
        "ID": int(item.id),
        "CALL_ID": item.call,
        "CALL_START_DATE": str(item.start).replace("T", " "),
        "PHONE_NUMBER": number,
        "PORTAL_USER_ID": user,
        "CALL_RECORD_ID": int(item.id) if has_file else None,
        "CALL_WEBDAV_ID": None,
        "CRM_ACTIVITY_ID": None,
    }
