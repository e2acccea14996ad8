"""A dead run is settled by what it knew, whatever the documents say since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support import small
from support.crash import Zygote
from support.small import NOW, Small

from pbxretain import connector, execute, signing
from pbxretain.errors import Exit
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.ledger import Ledger
from pbxretain.plan import Terms

LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("support.small", "pbxretain.stores.tree", "pbxretain.stores.table") as zygote:
        yield zygote


def _dead(folder: Path, zygote: Zygote, kind: str) -> Small:
    """A PBX whose run died with a sealed batch in flight."""
    for at in range(1, 200):
        pbx = small.build(folder / str(at), [kind])
        arguments = [str(pbx.folder), json.dumps([kind])]
        assert zygote.run("support.small:run_child", arguments, at=at, when="after").killed
        if list(pbx.site().state.glob("run/pending-*")):
            return pbx
    raise AssertionError("no attempt died in a batch")


def _reports(pbx: Small) -> list[DeletionReport]:
    reports = pbx.site().reports
    found = []
    for entry in Ledger(reports).entries():
        envelope = signing.open_envelope((reports / entry.file).read_bytes())
        predicate = parse_statement(envelope.payload).predicate
        assert isinstance(predicate, DeletionReport)
        found.append(predicate)
    return found


def _run(pbx: Small, terms: Terms) -> execute.RunResult:
    return execute.run(terms, pbx.site(), now=LATER)


def test_a_dataset_dropped_from_the_manifest_is_settled_and_reported(
    tmp_path: Path, zygote: Zygote
) -> None:
    pbx = _dead(tmp_path, zygote, "tree")
    terms = pbx.terms()
    text = terms.connector.text.replace(b"  recordings:\n    title", b"  taped:\n    title")
    text = text.replace(b"dataset: recordings,", b"dataset: taped,")
    changed = replace(terms, connector=connector.parse(text, "connector.yaml", "shipped"))
    done = _run(pbx, changed)
    assert done.recovered is not None
    assert done.exit_code == Exit.OK
    first, second = _reports(pbx)
    assert first.run.outcome == "recovered"
    assert [d.dataset for d in first.datasets] == ["recordings"]
    assert [d.dataset for d in second.datasets] == ["taped"]
    deleted = sum(d.balances.deleted for r in (first, second) for d in r.datasets)
    assert deleted == pbx.due["recordings"]


def test_a_policy_without_approval_settles_but_deletes_nothing_more(
    tmp_path: Path, zygote: Zygote
) -> None:
    pbx = _dead(tmp_path, zygote, "table")
    done = _run(pbx, replace(pbx.terms(), approved=False))
    assert done.recovered is not None
    assert done.exit_code == Exit.REFUSED
    assert [report.run.outcome for report in _reports(pbx)] == ["recovered", "refused"]
    assert not (pbx.site().state / "run").exists()


def test_a_password_rolled_since_the_death_does_not_leave_the_run_unsettled(
    tmp_path: Path, zygote: Zygote
) -> None:
    pbx = _dead(tmp_path, zygote, "table")
    path = pbx.site().state / "run" / "run.json"
    facts = json.loads(path.read_bytes())
    facts["settings"]["password"] = {"file": "/nonexistent/rolled"}
    path.write_text(json.dumps(facts))
    assert _run(pbx, pbx.terms()).exit_code == Exit.OK


def test_a_source_that_cannot_be_reached_stays_unsettled_until_it_can(
    tmp_path: Path, zygote: Zygote
) -> None:
    pbx = _dead(tmp_path, zygote, "tree")
    root = pbx.pbx / "recordings"
    root.rename(pbx.pbx / "away")
    done = _run(pbx, pbx.terms())
    assert done.exit_code != Exit.OK
    assert done.entry is None, "the dead run's report has to come first"
    assert (pbx.site().state / "run").is_dir()
    (pbx.pbx / "away").rename(root)
    assert _run(pbx, pbx.terms()).exit_code == Exit.OK
    total = sum(d.balances.deleted for r in _reports(pbx) for d in r.datasets)
    assert total == pbx.due["recordings"]


def test_what_a_lost_state_folder_left_set_aside_is_never_passed_over_in_silence(
    tmp_path: Path, zygote: Zygote
) -> None:
    pbx = _dead(tmp_path, zygote, "tree")
    shutil.rmtree(pbx.folder / "state")
    hidden = sorted(pbx.pbx.rglob(".pbxretain-*"))
    assert hidden
    for now in (LATER, LATER + timedelta(hours=1)):
        done = execute.run(pbx.terms(), pbx.site(), now=now)
        assert (done.outcome, done.exit_code) == ("incomplete", Exit.INCOMPLETE)
    assert sorted(pbx.pbx.rglob(".pbxretain-*")) == hidden, "another installation's are not ours"


def test_where_nobody_can_look_again_the_first_census_does_not_stand_in(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["tree"])
    root = pbx.pbx / "recordings"

    def vanish(step: str, dataset: str, done: int, total: int | None) -> None:
        if step == "delete" and done == pbx.due["recordings"] and root.exists():
            root.rename(pbx.pbx / "away")

    done = execute.run(pbx.terms(), pbx.site(), now=NOW, progress=vanish)
    assert (done.outcome, done.exit_code) == ("incomplete", Exit.REFUSED)
    (report,) = _reports(pbx)
    (figures,) = [d.balances for d in report.datasets if d.dataset == "recordings"]
    assert (figures.deleted, figures.arrived, figures.residue) == (3, 0, 0)
