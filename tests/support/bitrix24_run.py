"""A stand-in for Bitrix24 and one run over it; also a target for ``support.crash``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pbxretain import connector, execute
from pbxretain.connector import Connector
from pbxretain.execute import RunResult
from pbxretain.stores.command import ProgramClient
from support import aftermath
from support.site import make_site, make_terms

SOURCE = Path(__file__).resolve().parents[2] / "connectors" / "bitrix24" / "distribution"
NOW = datetime.now(UTC).replace(microsecond=0)
"""The program tells the real time, and a run compares."""
OLD, YOUNG = NOW - timedelta(days=120), NOW - timedelta(days=10)


def loaded() -> tuple[Connector, Any]:
    """The connector and its module, imported where they lie."""
    if str(SOURCE) not in sys.path:
        sys.path.append(str(SOURCE))
    import pbxretain_bitrix24  # type: ignore[import-not-found]

    path = SOURCE / "pbxretain_bitrix24" / "connector.yaml"
    found = connector.parse(path.read_bytes(), "connector.yaml", "distribution pbxretain-bitrix24")
    return replace(found, module="pbxretain_bitrix24"), pbxretain_bitrix24


@dataclass
class Bitrix:
    """One stand-in for the product in a folder."""

    folder: Path

    @property
    def www(self) -> Path:
        return self.folder / "www"

    def tables(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.www / "data.json").read_text())
        return told

    def table(self, name: str) -> dict[str, Any]:
        return {str(key): row for key, row in _items(self.tables().get(name, {}))}

    def ids(self, name: str) -> list[int]:
        return sorted(int(key) for key in self.table(name))

    def run(self, *, timeout: int = 20) -> RunResult:
        product, _ = loaded()
        ledger = execute.ledger_of(make_site(self.folder / "state"))
        ledger.resume()
        last = ledger.last()
        extra = (
            f"accept_untried: {product.digest}\n"
            f"command: {{product: '{self.www}', timeout: {timeout}}}"
        )
        terms = make_terms(product, timezone="Europe/Berlin", extra=extra)
        real = datetime.now(UTC).replace(microsecond=0)
        now = max(real, last.ended) if last else real
        return execute.run(terms, make_site(self.folder / "state"), now=now)

    def deleted(self) -> dict[str, int]:
        return dict(aftermath.deleted(make_site(self.folder / "state")))


def _items(table: Any) -> Iterator[tuple[Any, Any]]:
    """PHP writes a list where keys happen to be 0, 1, 2, ..."""
    yield from (enumerate(table) if isinstance(table, list) else table.items())


def build(folder: Path, *, old: int, young: int, disk: bool = True) -> Bitrix:
    """Every second call has a recording, every third is missed, every fourth is transcribed."""
    _, module = loaded()
    names = ("statistic", "statistic_index", "statistic_missed", "transcript", "transcript_line")
    rows: dict[str, Any] = {f"b_voximplant_{name}": {} for name in names}
    rows |= {"b_file": {}, "b_disk_object": {}, "b_crm_act": {}}
    rows["modules"] = ["voximplant", "disk", "crm"]
    pbx = Bitrix(folder)
    module.standin(pbx.www, rows)
    (pbx.www / "upload").mkdir()
    for number in range(1, old + young + 1):
        when = (OLD if number <= old else YOUNG) + timedelta(minutes=number)
        _call(rows, pbx.www, number, when.strftime("%Y-%m-%d %H:%M:%S"), disk=disk)
    (pbx.www / "data.json").write_text(json.dumps(rows))
    make_site(folder / "state")
    return pbx


def _call(rows: dict[str, Any], www: Path, number: int, when: str, *, disk: bool) -> None:
    file = 1000 + number if number % 2 == 0 else None
    on_disk = 5000 + number if file and disk else None
    rows["b_voximplant_statistic"][number] = {
        "ID": number, "CALL_ID": f"call-{number}", "CALL_START_DATE": when,
        "PHONE_NUMBER": f"+4930{number:07d}", "PORTAL_USER_ID": 1, "CALL_RECORD_ID": file,
        "CALL_WEBDAV_ID": on_disk, "CALL_RECORD_URL": "x", "RECORD_DURATION": 3,
        "CRM_ACTIVITY_ID": None,
    }  # fmt: skip
    rows["b_voximplant_statistic_index"][number] = {"ID": number, "CONTENT": f"+4930{number:07d}"}
    if file:
        path = f"upload/{number}.mp3"
        (www / path).write_bytes(b"voice")
        rows["b_file"][file] = {"ID": file, "PATH": path}
        if on_disk:
            rows["b_disk_object"][on_disk] = {"ID": on_disk, "FILE_ID": file}
        rows["b_crm_act"][number] = {
            "ID": number, "ORIGIN_ID": f"VI_call-{number}", "STORAGE_TYPE_ID": 3 if disk else 1,
            "STORAGE_ELEMENT_IDS": f"a:2:{{i:0;i:{on_disk or file};i:1;i:77;}}",
        }  # fmt: skip
    if number % 3 == 0:
        rows["b_voximplant_statistic_missed"][number] = {
            "ID": number, "CALL_START_DATE": when, "PHONE_NUMBER": "x",
            "CALLBACK_ID": number - 1, "CALLBACK_CALL_START_DATE": when,
        }  # fmt: skip
    if number % 4 == 0:
        rows["b_voximplant_transcript"][number] = {"ID": number, "CALL_ID": f"call-{number}"}
        for line in (number * 10, number * 10 + 1):
            rows["b_voximplant_transcript_line"][line] = {"ID": line, "TRANSCRIPT_ID": number}


def healed(pbx: Bitrix, *, old: int, young: int) -> None:
    """Nothing of the old is left in any table or folder, all of the young is."""
    after = list(range(old + 1, old + young + 1))
    assert pbx.ids("b_voximplant_statistic") == after
    assert pbx.ids("b_voximplant_statistic_index") == after
    assert pbx.ids("b_voximplant_statistic_missed") == [n for n in after if n % 3 == 0]
    assert pbx.ids("b_voximplant_transcript") == [n for n in after if n % 4 == 0]
    assert {row["TRANSCRIPT_ID"] for row in pbx.table("b_voximplant_transcript_line").values()} == {
        n for n in after if n % 4 == 0
    }
    recorded = [n for n in after if n % 2 == 0]
    assert pbx.ids("b_file") == [1000 + n for n in recorded]
    assert sorted(path.stem for path in (pbx.www / "upload").iterdir()) == sorted(
        map(str, recorded)
    )
    for number, row in pbx.table("b_crm_act").items():
        dead = "i:0;i:77;}" in row["STORAGE_ELEMENT_IDS"]
        assert dead == (int(number) <= old), row
    assert pbx.deleted() == {"recordings": old // 2, "calls": old}
    aftermath.assert_genuine(make_site(pbx.folder / "state"), NOW + timedelta(hours=2))


def child(args: list[str]) -> int:
    """In a process that dies: the folder."""
    ProgramClient.at_once = 3
    ProgramClient.pause = 0.05
    return int(Bitrix(Path(args[0])).run().exit_code)
