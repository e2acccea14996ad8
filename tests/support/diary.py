"""A source that ran through some weeks, each run as a test wants it, in a real signed ledger."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pbxretain import keys, signing
from pbxretain.annex.counting import chain, figures
from pbxretain.annex.figures import Figures
from pbxretain.evidence import statements as st
from pbxretain.evidence.attestations import (
    GapNote,
    LedgerPlace,
    Role,
    RosterKey,
    RosterSource,
    Trust,
)
from pbxretain.evidence.fields import instant
from pbxretain.ledger import Ledger
from pbxretain.period import first_instant
from pbxretain.spans import Schedule, Span
from pbxretain.verify import Verdict, verify_paths
from support import reports as made

KEEP = 90
ZONE = ZoneInfo("Europe/Berlin")
CLASSES = {"calls": "call-detail-records", "copies": "call-detail-records"} | {
    "recordings": "call-recordings"
}


@dataclass
class Diary:
    """A folder of reports that grows by one run at a time."""

    folder: Path
    key: signing.PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.reports = self.folder / "reports"
        self.reports.mkdir(parents=True)
        self.key = keys.new_key(self.folder / "runner.pem")
        self.public = self.folder / "runner.pem.pub"
        self.ledger = Ledger(self.reports)

    def run(
        self,
        at: datetime,
        *,
        outcome: str = "complete",
        deleted: Mapping[str, int] | None = None,
        left: Mapping[str, Mapping[str, int]] | None = None,
        older: Mapping[str, int] | None = None,
        findings: tuple[tuple[str, int], ...] = (),
        **change: Any,
    ) -> Path:
        """One run. ``left``: balances of a dataset beside ``deleted``; ``older``: by how many days
        its oldest remaining record lies before the cut-off."""
        when = instant(at)
        facts: dict[str, Any] = {"started_at": when, "ended_at": when, "as_of": when}
        refused = outcome == "refused"
        run = made.run(
            **facts,
            outcome=outcome,
            refused_reason="SHARE_LIMIT" if refused else None,
            recovers=made.INSTALLATION if outcome == "recovered" else None,
            exit_code=0 if outcome in ("complete", "nothing-due") else 3,
        )
        datasets = (
            ()
            if refused or outcome == "failed"
            else tuple(
                self._dataset(
                    name,
                    at,
                    deleted=(deleted or {}).get(name, 0),
                    left=(left or {}).get(name, {}),
                    older=(older or {}).get(name, 0),
                    findings=findings,
                )
                for name in CLASSES
            )
        )
        values: dict[str, Any] = {"run": run, "datasets": datasets} | change
        return self.reports / made.publish(self.ledger, self.key, **values)

    def _dataset(
        self,
        name: str,
        at: datetime,
        *,
        deleted: int,
        left: Mapping[str, int],
        older: int,
        findings: tuple[tuple[str, int], ...],
    ) -> st.Dataset:
        day = at.astimezone(ZONE).date() - timedelta(days=KEEP)
        base = made.dataset(name, deleted=deleted, **left)
        nothing = not deleted and base.outcome == "complete"
        return base.model_copy(
            update={
                "data_class": CLASSES[name],
                "outcome": "nothing-due" if nothing else base.outcome,
                "rule": base.rule.model_copy(update={"cutoff": instant(first_instant(day, ZONE))}),
                "total_before": st.Total(count=1000),
                "range": st.Range(oldest_remaining=(day - timedelta(days=older)).isoformat()),
                "findings": tuple(st.Finding(code=code, count=n) for code, n in findings),
            }
        )

    def verdict(self, *, now: datetime, trusted: bool = True) -> Verdict:
        keys = [self.public] if trusted else []
        return verify_paths([self.reports], trust=keys, own_public=None, now=now)

    def figures(
        self, span: str, *, now: datetime, every: int | None = None, trusted: bool = True
    ) -> Figures:
        """One period, all the way from the files. ``span``: as the options take it."""
        kind = "quarter" if "Q" in span else "month" if "-" in span else "year"
        found = self.verdict(now=now, trusted=trusted)
        source, reports = chain(found, None)
        schedule = Schedule.every(every) if every else None
        return figures(
            reports,
            found,
            Span.parse(kind, span),  # type: ignore[arg-type]
            source=source,
            now=now,
            schedule=schedule,
        )

    def note(self, since: datetime, until: datetime) -> None:
        """A gap-note in the ledger."""
        seq, prev = self.ledger.next()
        note = GapNote(
            id=str(uuid4()),
            installation=made.INSTALLATION,
            at=instant(until),
            source="head-office",
            ledger=LedgerPlace(seq=seq, prev=prev),
            since=instant(since),
            until=instant(until),
            reason="maintenance",
            remark="new disks",
        )
        sealed = signing.seal(st.statement(note), self.key)
        self.ledger.publish(sealed, public=self.key.public_key())

    def roster(self, *, interval: int, grace: int) -> Path:
        """A roster of an authority of its own that names this ledger's key and schedule."""
        authority = keys.new_key(self.folder / "authority.pem")
        sealed = signing.seal(
            st.statement(
                Trust(
                    id=str(uuid4()),
                    installation=made.INSTALLATION,
                    at=instant(made.NOW),
                    version=1,
                    controller="Acme GmbH",
                    keys=(_roster_key(authority, "authority"), _roster_key(self.key, "runner")),
                    sources=(
                        RosterSource(
                            source="head-office",
                            origin=f"pbxretain/{made.INSTALLATION}/head-office",
                            interval_h=interval,
                            grace_h=grace,
                        ),
                    ),
                )
            ),
            authority,
        )
        path = self.folder / "roster.dsse.json"
        path.write_bytes(sealed)
        return path

    def raw(self) -> Iterator[dict[str, Any]]:
        """What the reports say, read by hand: base64 and JSON, none of our own code."""
        for path in sorted(self.reports.glob("*-deletion-report.dsse.json")):
            payload = json.loads(path.read_text())["payload"]
            yield json.loads(base64.b64decode(payload))["predicate"]


def _roster_key(key: signing.PrivateKey, role: Role) -> RosterKey:
    public = key.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return RosterKey(
        id=signing.key_id(public),
        role=role,
        algorithm="ed25519",
        public=base64.b64encode(der).decode(),
        source="head-office" if role == "runner" else None,
        valid_from=instant(made.NOW),
    )


def at(day: str | date, hour: int = 3) -> datetime:
    """An hour (UTC) of a day."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def days(first: str, count: int) -> list[date]:
    return [date.fromisoformat(first) + timedelta(days=n) for n in range(count)]
