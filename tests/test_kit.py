"""Does the conformance kit find every shipped connector sound, and every faulty store?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pbxretain import connector
from pbxretain.cli import main
from pbxretain.testing import BrokenPromiseError, suite

SHIPPED = sorted(connector.shelf())


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_connector_keeps_every_promise(name: str) -> None:
    product = connector.find(name)
    cases = suite(product)
    assert len(cases) > 10 or product.manifest.api  # pbxretain's own client has tests of its own
    assert [case.sentence(found) for case in cases if (found := case.findings())] == []


SMALL = """\
connector: small
title: Small PBX
databases: [mysql]
roots:
  recordings: {usual: /var/recordings}
datasets:
  calls:
    data: call-detail-records
    title: calls
    kind: table
    table: calls
    key: [number]
    call_id: [call]
    starts: {call-start: {column: began, type: datetime}}
    personal: [caller]
"""


def test_the_command_says_how_many_promises_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "connector.yaml"
    path.write_text(SMALL)
    told = CliRunner().invoke(main, ["--json", "connector", "test", str(path)])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["kept"] > 20
    assert json.loads(told.stdout)["broken"] == []


UNREACHED = """\
  files:
    data: call-recordings
    title: recordings
    kind: tree
    root: recordings
    extensions: [wav]
    dated_by: [{mtime: true}, {name: "{any}-{date}"}]
"""


def test_a_broken_promise_is_one_sentence_that_names_promise_dataset_and_fields(
    tmp_path: Path,
) -> None:
    path = tmp_path / "connector.yaml"
    path.write_text(SMALL + UNREACHED)
    told = CliRunner().invoke(main, ["--lang", "en", "connector", "test", str(path)])
    assert told.exit_code == 1
    said = " ".join(told.stdout.split())
    assert "dataset files: promise dates-reached" in said
    assert "look at dated_by and paths under datasets.files." in said
    assert said.count("dataset files: promise") == 1, "what only repeats it isn't told"
    case = next(c for c in suite(path) if str(c).startswith("dates-reached"))
    with pytest.raises(BrokenPromiseError, match="dates-reached"):
        case.check()


def test_a_manifest_with_mistakes_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "connector.yaml"
    path.write_text(SMALL.replace("key: [number]", "keys: [number]"))
    told = CliRunner().invoke(main, ["connector", "test", str(path)])
    assert told.exit_code == 2
    assert "connector.yaml:12" in told.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("starts: {call-start: {column: began, type: datetime, zone: local}}",
         "connector.yaml:15: datasets.calls.starts.call-start.zone: must be source (the zone in"
         " settings), utc, or one such as Europe/Berlin"),
        ("link: {column: file, dataset: nowhere}",
         "connector.yaml:7: datasets.calls: there is no dataset 'nowhere'"),
        ("table: calls\n  other: {data: call-recordings, title: x, kind: tree, root: nowhere,"
         " extensions: [wav], dated_by: [{mtime: true}]}",
         "datasets.other.root: there is no root 'nowhere' under roots"),
    ],
)  # fmt: skip
def test_a_wrong_word_or_reference_is_told_at_its_own_line(
    tmp_path: Path, wrong: str, said: str
) -> None:
    path = tmp_path / "connector.yaml"
    field = wrong.partition(":")[0]
    lines = [line for line in SMALL.splitlines() if not line.strip().startswith(f"{field}:")]
    path.write_text("\n".join(lines) + f"\n    {wrong}\n")
    told = CliRunner().invoke(main, ["--lang", "en", "connector", "test", str(path)])
    assert told.exit_code == 2
    assert said in " ".join(told.stderr.split())


def test_a_star_stands_for_tables_that_are_all_emptied(tmp_path: Path) -> None:
    path = tmp_path / "connector.yaml"
    path.write_text(SMALL.replace("table: calls", "table: calls_*"))
    cases = suite(path)
    assert {case.dataset for case in cases} == {"calls-calls-2025", "calls-calls-2026"}
    assert [case.sentence(found) for case in cases if (found := case.findings())] == []
