"""After a crash and the run that followed: what do all reports of a site say together?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pbxretain import keys, signing, verify
from pbxretain.errors import Exit
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.execute import Site
from pbxretain.ledger import Ledger


def reports(site: Site) -> Iterator[DeletionReport]:
    """The reports of the ledger, oldest first."""
    for entry in Ledger(site.reports).entries():
        envelope = signing.open_envelope((site.reports / entry.file).read_bytes())
        predicate = parse_statement(envelope.payload).predicate
        if isinstance(predicate, DeletionReport):
            yield predicate


def deleted(site: Site) -> Counter[str]:
    """How many records all reports together cover, deleted or redacted, by dataset."""
    total: Counter[str] = Counter()
    for predicate in reports(site):
        total.update(_counts(predicate))
    return +total


def last_deleted(site: Site) -> Counter[str]:
    """As ``deleted``, by the newest report alone."""
    return +Counter(_counts(list(reports(site))[-1]))


def _counts(predicate: DeletionReport) -> dict[str, int]:
    return {d.dataset: d.balances.deleted + d.balances.redacted for d in predicate.datasets}


def assert_genuine(site: Site, now: datetime) -> None:
    """The whole chain verifies, and no run folder is left."""
    assert not (site.state / "run").exists()
    own = keys.write_public(site.state / "own.pem", site.key.public_key())
    verdict = verify.verify_paths([site.reports], trust=[own], own_public=None, now=now)
    assert verdict.exit == Exit.OK, verdict.findings


def assert_tidy(pbx: Path) -> None:
    """No hidden file, lock or renamed thing of ours lies on the PBX's disks."""
    left = [p for p in pbx.rglob(".*") if p.is_file() and p.name != ".pbxretain.lock"]
    assert not left, left
