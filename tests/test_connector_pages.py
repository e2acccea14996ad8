"""Does each page about a product say what its manifest says, and that nobody ran the product?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pbxretain.connector import find
from pbxretain.manifest import TableDataset

CONNECTORS = Path(__file__).resolve().parents[1] / "connectors"
NAMES = (
    "3cx-xapi", "bitrix24", "grandstream-ucm", "innovaphone", "issabel", "kamailio", "locaphone",
    "mikopbx", "nethvoice", "opensips", "pascom", "ucware", "vitalpbx", "wazo", "yeastar",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_products_page_lists_its_datasets_and_what_is_out_of_reach(name: str) -> None:
    manifest = find(name).manifest
    page = (CONNECTORS / name / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \| (.+) \|$", page, flags=re.MULTILINE)
    assert [row[:2] for row in rows] == [(n, d.data) for n, d in manifest.datasets.items()]
    for (_, _, where), dataset in zip(rows, manifest.datasets.values(), strict=True):
        if isinstance(dataset, TableDataset):
            assert f"`{dataset.table}`" in where
            assert dataset.reads_only == ("**only read**" in where)
    last = page.partition("## Out of reach")[2].partition("##")[0]
    assert re.findall(r"\(`([a-z-]+)`\)", last) == [copy.code for copy in manifest.out_of_reach]


@pytest.mark.parametrize("name", NAMES)
def test_a_product_that_nobody_ran_is_called_untried(name: str) -> None:
    manifest = find(name).manifest
    page = (CONNECTORS / name / "README.md").read_text("utf-8")
    assert not manifest.was_tried
    assert re.search(r"\*\*(No )?\w[\w ]* was (not )?run\.?\*\*", page)
    assert "One test host would show" in page


def test_a_product_without_a_connector_says_why() -> None:
    assert not (CONNECTORS / "starface" / "connector.yaml").exists()
    assert "There is no connector for STARFACE" in (CONNECTORS / "starface/README.md").read_text()
