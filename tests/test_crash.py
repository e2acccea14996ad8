"""A run that really dies, at every single write, rename, link, unlink, sync, send and commit.

After the next run every record is there, or gone and covered by exactly one report; the figures
add up, the chain verifies, and nothing of ours is left on the PBX's disks.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from support import small
from support.crash import Outcome, When, Zygote, campaign
from support.small import NOW, Small

from pbxretain import keys, signing, verify
from pbxretain.errors import Exit
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.ledger import Ledger

LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("support.small", "pbxretain.stores.tree", "pbxretain.stores.spool") as zygote:
        yield zygote


@pytest.mark.parametrize("kind", small.KINDS)
def test_death_at_any_step_leaves_each_record_there_or_gone_with_evidence(
    kind: str, tmp_path: Path, zygote: Zygote
) -> None:
    numbers = count()
    expected = _undisturbed(tmp_path / "expected", kind)
    current: list[Small] = []

    def run_child(at: int | None, when: When) -> Outcome:
        current[:] = [small.build(tmp_path / str(next(numbers)), [kind])]
        arguments = [str(current[0].folder), json.dumps([kind])]
        return zygote.run("support.small:run_child", arguments, at=at, when=when)

    def inspect(outcome: Outcome) -> None:
        assert outcome.killed or outcome.code == Exit.OK, outcome.output
        _inspect(current[0], expected)

    campaign(run_child, inspect, modes=("after", "torn"))


def _undisturbed(folder: Path, kind: str) -> dict[str, object]:
    pbx = small.build(folder, [kind])
    done = pbx.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    assert {r.dataset: r.deleted for r in done.results if r.deleted} == pbx.due
    return pbx.snapshot()


def _inspect(pbx: Small, expected: dict[str, object]) -> None:
    done = pbx.run(LATER)
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    assert pbx.snapshot() == expected
    assert _deleted(pbx) == Counter(pbx.due), "covered by exactly one report"
    assert not (pbx.site().state / "run").exists()
    assert not [p for p in pbx.pbx.rglob(".*") if p.is_file() and p.name != ".pbxretain.lock"]
    site = pbx.site()
    own = keys.write_public(site.state / "own.pem", site.key.public_key())
    verdict = verify.verify_paths([site.reports], trust=[own], own_public=None, now=LATER)
    assert verdict.exit == Exit.OK, verdict.findings


def _deleted(pbx: Small) -> Counter[str]:
    """By dataset, over all reports of the ledger."""
    total: Counter[str] = Counter()
    reports = pbx.site().reports
    for entry in Ledger(reports).entries():
        envelope = signing.open_envelope((reports / entry.file).read_bytes())
        predicate = parse_statement(envelope.payload).predicate
        assert isinstance(predicate, DeletionReport)
        for dataset in predicate.datasets:
            total[dataset.dataset] += dataset.balances.deleted
    return +total
