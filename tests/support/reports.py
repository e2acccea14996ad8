"""Deletion reports of an invented source, valid unless a test bends them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from pbxretain.evidence import notes
from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant
from pbxretain.evidence.merkle import leaf_hash, root
from pbxretain.ledger import Ledger
from pbxretain.signing import PrivateKey, seal

INSTALLATION = "6b2f0c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SOURCE = "head-office"
DIGEST = "sha256:" + "ab" * 32


def dataset(name: str = "call-log", *, deleted: int = 3, **balances: int) -> st.Dataset:
    """One dataset whose balances add up, unless ``balances`` says otherwise."""
    other = sum(v for k, v in balances.items() if k not in ("due", "undated", "future", "late"))
    balances.setdefault("due", deleted + other)
    leaves = [leaf_hash(bytes([i])) for i in range(deleted)]
    left = balances.get("residue", 0) + balances.get("failed", 0)
    return st.Dataset(
        dataset=name,
        data_class="call-detail-records",
        kind="table",
        rule=st.Rule(
            keep="P90D", start_event="hangup", cutoff="2026-08-24T22:00:00Z", basis="necessity"
        ),
        balances=st.Balances(deleted=deleted, **balances),
        method="db_delete",
        outcome="incomplete" if left else "complete",
        merkle=st.Merkle(size=deleted, root=root(leaves).hex()),
    )


def run(**change: Any) -> st.Run:
    """One complete run at NOW."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "trigger": "manual",
        "started_at": instant(NOW),
        "ended_at": instant(NOW),
        "as_of": instant(NOW),
        "timezone": "Europe/Berlin",
        "outcome": "complete",
        "exit_code": 0,
    }
    return st.Run(**(values | change))


def tool() -> st.Tool:
    """This tool, invented."""
    return st.Tool(
        version="0.1.0",
        python="3.11.7",
        os_family="linux",
        connector=st.Connector(
            name="freepbx", digest=DIGEST, contains_code=False, tried=True, accept_untried=False
        ),
    )


def policy(**change: Any) -> st.Policy:
    """An approved policy."""
    values: dict[str, Any] = {"name": "acme-calls", "version": 3, "digest": DIGEST}
    return st.Policy(**({"approved": True} | values | change))


def report(seq: int = 0, prev: str | None = None, **change: Any) -> st.DeletionReport:
    """A deletion report at a place in the ledger."""
    values: dict[str, Any] = {
        "report_id": str(uuid.uuid4()),
        "installation": INSTALLATION,
        "source": "head-office",
        "controller": "Acme GmbH",
        "ledger": st.ReportPlace(seq=seq, prev=prev),
        "run": run(),
        "tool": tool(),
        "policy": policy(),
        "datasets": (dataset(),),
        "evidence": st.Evidence(level="counts"),
    }
    return st.DeletionReport(**(values | change))


def plan(**change: Any) -> st.Plan:
    """A dry run."""
    values: dict[str, Any] = {
        "report_id": str(uuid.uuid4()),
        "installation": INSTALLATION,
        "source": "head-office",
        "controller": "Acme GmbH",
        "tool": tool(),
        "policy": policy(),
        "made_at": instant(NOW),
        "as_of": instant(NOW),
        "timezone": "Europe/Berlin",
    }
    return st.Plan(**(values | change))


def publish(ledger: Ledger, key: PrivateKey, *, day: int = 0, **change: Any) -> str:
    """Publishes one more report, ``day`` days after NOW; returns its file name."""
    seq, prev = ledger.next()
    at = instant(NOW + timedelta(days=day))
    change.setdefault("run", run(started_at=at, ended_at=at, as_of=at))
    sealed = seal(st.statement(report(seq, prev, **change)), key)
    file = ledger.publish(sealed, public=key.public_key()).file
    ledger.sign_checkpoint(key, notes.origin(INSTALLATION, SOURCE))
    return file


def strands() -> tuple[st.Dataset, ...]:
    """Two datasets under five rules: redacted and deleted later, an exception, a fallback."""
    log = dataset("call-log-redact", deleted=0)
    redacts = log.model_copy(
        update={
            "of": "call-log",
            "rule": st.Rule(
                name="short",
                action="redact",
                keep="P30D",
                start_event="hangup",
                cutoff="2026-10-23T22:00:00Z",
                basis="necessity",
            ),
            "balances": st.Balances(due=7, redacted=4, held=2, kept_for_part=1),
            "method": "db_update",
            "merkle": st.Merkle(size=4, root="cd" * 32),
            "settled": st.Settled(
                until="2026-11-20T03:00:00Z", count=40, last="2026-11-19T03:00:00Z", again=38
            ),
        }
    )
    deletes = dataset("call-log", deleted=3, held=1).model_copy(update={"of": "call-log"})
    advice = dataset("recordings-advice", deleted=2, minimum=5).model_copy(
        update={
            "of": "recordings",
            "data_class": "call-recordings",
            "kind": "tree",
            "method": "file_unlink",
            "rule": st.Rule(
                name="advice",
                only=("queue", "x-team"),
                keep="P5Y",
                minimum="P5Y",
                start_event="recorded",
                fallback=("received",),
                cutoff="2021-11-22T23:00:00Z",
                basis="DE-WPHG-83-8",
            ),
        }
    )
    books = dataset("recordings-books", deleted=0).model_copy(
        update={
            "of": "recordings",
            "data_class": "call-recordings",
            "kind": "tree",
            "method": "file_unlink",
            "rule": st.Rule(
                name="books", only=("tenant",), keep="end-of-year+P8Y", basis="DE-HGB-257"
            ),
        }
    )
    return redacts, deletes, advice, books


def stranded(seq: int = 0, prev: str | None = None, **change: Any) -> st.DeletionReport:
    """A report with all that a policy of several rules brings into it."""
    values: dict[str, Any] = {
        "datasets": strands(),
        "holds": st.Holds(active=2, restrictions=1, register="ef" * 32),
        "exceptions": (
            st.Exemption(code="HELD", dataset="call-log-redact", count=2),
            st.Exemption(code="HELD", dataset="call-log", count=1),
            st.Exemption(code="MIN_RETENTION", dataset="recordings-advice", count=5),
        ),
        "policy": policy(
            approved_by="management",
            approved_on="2026-11-01",
            signed_by=("ab" * 32,),
            consulted=False,
        ),
    }
    return report(seq, prev, **(values | change))
