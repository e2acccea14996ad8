"""Files for ``pbxretain verify`` of sources whose policy has several rules, and of what data
subjects demanded: sound, tampered with, and what one report says against the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant
from pbxretain.signing import canonical
from support import office, reports
from support.office import Book
from support.vector_cases import Vector, one, payload, signed

FINE = "LEVEL_COUNTS"
_LATER = (
    *(
        "plan",
        "of",
        "name",
        "action",
        "only",
        "minimum",
        "fallback",
        "redacted",
        "settled",
        "holds",
    ),
    *("approved_by", "approved_on", "signed_by", "consulted"),
)
"""Fields that the first reports of this version of the format didn't have yet."""


def rules() -> Iterator[tuple[str, Vector]]:
    """One report of several rules, and what must not be written into it."""
    good = payload(
        **{
            name: getattr(reports.stranded(), name)
            for name in ("datasets", "holds", "exceptions", "policy")
        }
    )
    yield "rules", one("Several rules on one dataset.", signed(good), 0, FINE, level="L1")
    yield (
        "rules-earlier",
        one(
            "A report from before there were several rules.",
            signed(_earlier(payload())),
            0,
            FINE,
            level="L1",
        ),
    )
    changes: dict[str, tuple[str, bytes, bytes, str]] = {
        "redacted": ("More redacted than was due.", b'"redacted":4', b'"redacted":5', "BALANCE"),
        "redacted-as-deleted": (
            "Deleted under a rule that redacts.",
            b'"deleted":0,"due":7,"failed":0,"future":0,"held":2,"kept_for_part":1,"late":0,'
            b'"minimum":0,"redacted":4',
            b'"deleted":4,"due":7,"failed":0,"future":0,"held":2,"kept_for_part":1,"late":0,'
            b'"minimum":0,"redacted":0',
            "BALANCE",
        ),
        "redacted-action": (
            "Redacted under a rule that deletes.",
            b'"action":"redact"',
            b'"action":"delete"',
            "BALANCE",
        ),
        "redacted-leaves": ("A leaf too few.", b'"size":4', b'"size":3', "BALANCE"),
        "minimum": ("Fewer kept by a minimum.", b'"minimum":5', b'"minimum":4', "BALANCE"),
        "hold-number": (
            "The holds say whom they are about.",
            b'"holds":{"active":2',
            b'"holds":{"active":2,"number":"+4930"',
            "SCHEMA",
        ),
        "facet-value": (
            "A rule says which queue.",
            b'"only":["queue"',
            b'"only":["queue=800"',
            "SCHEMA",
        ),
        "end-of-year": (
            "A period that nobody can reckon with.",
            b'"end-of-year+P8Y"',
            b'"end-of-year+forever"',
            "SCHEMA",
        ),
        "settled-half": (
            "A count without its instant.",
            b'"until":"2026-11-20T03:00:00Z"',
            b'"until":null',
            "BALANCE",
        ),
        "trigger": (
            "Started by nobody knows whom.",
            b'"trigger":"manual"',
            b'"trigger":"other"',
            "SCHEMA",
        ),
    }
    for name, (about, old, new, code) in changes.items():
        assert good.count(old) == 1, name
        yield f"rules-{name}", one(about, signed(good.replace(old, new)), 7, code)


def _earlier(data: bytes) -> bytes:
    def without(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {k: without(v) for k, v in value.items() if k not in _LATER or k == "name"}
            return {k: v for k, v in kept.items() if v is not None or k != "name"}
        return [without(item) for item in value] if isinstance(value, list) else value

    return canonical(without(json.loads(data)))


# --- from one report to the next --------------------------------------------------------------


def _counted(
    before: int,
    after: int,
    *,
    name: str = "call-log",
    old: tuple[int | None, int | None] = (None, None),
    deleted: int = 0,
) -> Callable[[datetime], st.Dataset]:
    """A dataset with its totals; ``old``: what lay out of reach when the run before ended, counted
    again, and when this one had."""

    def made(now: datetime) -> st.Dataset:
        again, count = old
        until, last = (instant(now - timedelta(days=n)) for n in (2, 3))
        settled = st.Settled(
            until=until if count is not None else None,
            count=count,
            last=last if again is not None else None,
            again=again,
        )
        change: dict[str, Any] = {
            "total_before": st.Total(count=before),
            "total_after": st.Total(count=after),
            "settled": None if old == (None, None) else settled,
        }
        if name != "call-log":
            change["of"] = "call-log"
            rule = reports.dataset().rule
            change["rule"] = rule.model_copy(update={"name": "sales", "only": ("queue",)})
        return reports.dataset(name, deleted=deleted).model_copy(update=change)

    return made


Made = Sequence[Callable[[datetime], st.Dataset]]


def continuity() -> Iterator[tuple[str, Vector]]:
    """What is there again, what is gone, and what was demanded in between."""

    def of(about: str, runs: Sequence[Made], exit_: int, codes: str, **more: Any) -> Vector:
        book = Book()
        for made in runs:
            book.run(datasets=tuple(one_(book.now) for one_ in made))
        book.cosign()
        book.checkpoint(office.RUNNER)
        found = f"{FINE} {codes}".strip()
        return Vector(about, book.bundle(sums=False), exit_, found, "L2", now=book.now, **more)

    both = (_counted(100, 100), _counted(100, 100, name="call-log-sales"))
    yield (
        "rules-rows-gone",
        of(
            "Records went from under two rules: told once.",
            (both, (_counted(99, 99), _counted(99, 99, name="call-log-sales"))),
            3,
            "UNEXPLAINED_ROWS",
        ),
    )
    yield (
        "rules-narrowed",
        of(
            "A rule of its own for a part of the dataset.",
            ((_counted(100, 100),), both),
            0,
            "POLICY_CHANGED",
        ),
    )
    first = (_counted(100, 100, old=(None, 90)),)
    cases: dict[str, tuple[str, Made, int, str]] = {
        "kept": ("Old records are all still there.", (_counted(130, 130, old=(90, 95)),), 0, ""),
        "gone": (
            "Old records went, behind as many new calls.",
            (_counted(130, 130, old=(88, 95)),),
            3,
            "UNEXPLAINED_ROWS",
        ),
        "returned": (
            "Old records came back.",
            (_counted(130, 130, old=(92, 99)),),
            3,
            "RETURNED",
        ),
        "uncounted": ("Counting would have cost too much.", (_counted(130, 130),), 0, ""),
    }
    for name, (about, made, exit_, codes) in cases.items():
        yield f"settled-{name}", of(about, (first, made), exit_, codes)
    yield (
        "settled-between",
        of(
            "A report that deleted and didn't count lies between two that did.",
            (first, (_counted(100, 97, deleted=3),), (_counted(130, 130, old=(87, 95)),)),
            0,
            "",
        ),
    )
    yield from _demanded()


def _demanded() -> Iterator[tuple[str, Vector]]:
    def of(about: str, make: Callable[[Book], None], exit_: int, codes: str) -> Vector:
        book = Book()
        make(book)
        book.cosign()
        book.checkpoint(office.RUNNER)
        found = f"{FINE} {codes}".strip()
        return Vector(about, book.bundle(sums=False), exit_, found, "L2", now=book.now)

    def demanded(book: Book, **change: Any) -> None:
        when = instant(book.now)
        times = {"started_at": when, "ended_at": when, "as_of": when}
        book.run(run=reports.run(trigger="erasure-request", **times), **change)

    def instead(book: Book) -> None:
        book.run()
        demanded(book)
        demanded(book)
        book.run()

    def left(book: Book) -> None:
        when = instant(book.now)
        run = reports.run(
            outcome="incomplete", exit_code=3, started_at=when, ended_at=when, as_of=when
        )
        book.run(run=run, datasets=(reports.dataset(residue=2),), days=0.5)
        demanded(book, days=0.5)

    def short(book: Book) -> None:
        book.run(days=0.5)
        rule = reports.dataset().rule.model_copy(update={"keep": "P1D"})
        demanded(book, datasets=(reports.dataset().model_copy(update={"rule": rule}),), days=0.5)
        book.run()

    yield (
        "erasure-instead",
        of("What data subjects demanded keeps no schedule.", instead, 3, "MISSED_RUNS"),
    )
    yield (
        "erasure-settles-nothing",
        of("An erasure settles nothing that a run had left.", left, 3, "RESIDUE RUN_INCOMPLETE"),
    )
    yield "erasure", of("An erasure has no rule of its own.", short, 0, "")
