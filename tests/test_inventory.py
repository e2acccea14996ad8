"""Does ``connector show`` tell a data protection officer all that a manifest touches?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pbxretain import connector
from pbxretain.cli import main
from pbxretain.cli.inventory import inventory
from pbxretain.manifest import TableDataset, all_children
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.render import as_text

SHIPPED = sorted(connector.shelf())


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_column_folder_and_further_copy_is_told(name: str, lang: Lang) -> None:
    item = connector.find(name)
    told = " ".join(as_text(inventory(item, lang)).split())
    wanted = [item.digest, *(root.usual for root in item.manifest.roots.values())]
    wanted += [copy.text[lang] for copy in item.manifest.out_of_reach]
    for title, dataset in item.manifest.datasets.items():
        wanted += [title, dataset.title]
        if isinstance(dataset, TableDataset):
            wanted += [dataset.table, *dataset.personal, *dataset.subjects.values()]
            wanted += [f"({dataset.keep_newest})"] if dataset.keep_newest else []
            wanted += [child.table for child in all_children(dataset.children)]
            wanted += [shadow.table for shadow in dataset.shadows]
            wanted += [shared.table for shared in dataset.shared]
            wanted += [column for start in dataset.starts.values() for column in start.columns]
            wanted += list(dataset.ready)
    assert [word for word in wanted if " ".join(word.split()) not in told] == []


def test_a_manifest_that_is_on_no_shelf_yet_is_shown_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "connector.yaml"
    path.write_bytes(connector.find("asterisk").text)
    told = CliRunner().invoke(main, ["--json", "connector", "show", str(path)])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["digest"] == connector.find("asterisk").digest
    missing = CliRunner().invoke(main, ["connector", "show", str(tmp_path / "none.yaml")])
    assert missing.exit_code == 2
    assert "none.yaml can't be read" in missing.stderr


def test_a_shipped_connector_stands_in_a_folder_of_its_name() -> None:
    shipped = Path(__file__).resolve().parents[1] / "connectors"
    for manifest in shipped.glob("*/connector.yaml"):
        assert connector.load(manifest).name == manifest.parent.name
