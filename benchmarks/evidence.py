"""What does sealed evidence cost? Leaves, lookup rows and the files that stay, of a million records
with two parties each; then the search for one number over 90 days of daily reports.

    python benchmarks/evidence.py [--records 1000000] [--days 90] [--daily 3000]

Prints seconds of CPU, microseconds a record, and the peak memory above that of the idle process.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import phonenumbers
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pbxretain import keeping
from pbxretain.evidence import merkle, sealing
from pbxretain.evidence.commitments import Committer, RunKey
from pbxretain.evidence.lookup import ROW, Lookup, Search, party, select_rows
from pbxretain.haul import Haul
from pbxretain.journal import Journal, Mark
from pbxretain.outcomes import DatasetResult
from pbxretain.records import Batch, Taken

BATCH = 5000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = {"source": "office", "dataset": "calls"}
HEADER = {**NAMES, "data_class": "call-detail-records", "encoding": "bench/1", "region": "DE"}


@dataclass
class Fake:
    """As much of a batch as the journal asks for."""

    taken: Sequence[Taken]
    bounds: dict[str, int] = field(default_factory=dict)
    session: None = None
    absent: int = 0


def records(count: int, *, numbers: int) -> Iterator[Haul]:
    """Batches as a table hands them over: records four a second, from so many numbers to 500
    extensions."""
    draw = random.Random(1)
    known = [b"030%07d" % draw.randrange(10**7) for _ in range(numbers)]
    begin = int(BEGIN.timestamp())
    for first in range(0, count, BATCH):
        places = range(first, min(count, first + BATCH))
        yield Haul(
            key=[
                [b"%d.%d" % (1_700_000_000 + n, n) for n in places],
                [b"%d" % n for n in places],
            ],
            start=[b"2026-01-01 00:00:00"] * len(places),
            subjects=[
                [draw.choice(known) for _ in places],
                [b"%d" % draw.randrange(100, 600) for _ in places],
            ],
            seconds=[begin + n // 4 for n in places],
        )


def journal(folder: Path, *, sealed: bool, key: RunKey) -> Journal:
    """A run folder at a level."""
    facts = {
        "run": "00000000-0000-4000-8000-000000000000",
        "installation": "00000000-0000-4000-8000-000000000001",
        "source": NAMES["source"],
        "timezone": "Europe/Berlin",
        "evidence": {"level": "sealed" if sealed else "counts"},
    }
    who = sealing.recipient(X25519PrivateKey.generate().public_key())
    keys = sealing.seal_key(key, [who], info=b"bench") if sealed else {}
    return Journal.create(folder, facts, records=1, keys=keys)


def peak() -> float:
    """Peak resident memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(name: str, action: Callable[[], object], count: int) -> float:
    began = time.process_time()
    action()
    took = time.process_time() - began
    print(f"{name:44} {took:7.2f} s {took / count * 1e6:7.2f} us a record  peak {peak():6.0f} MB")
    return took


def run(count: int, *, sealed: bool) -> float:
    """All that evidence does in a run of ``count`` records, without a source; returns its
    microseconds of CPU a record."""
    key = RunKey()
    with tempfile.TemporaryDirectory() as made:
        book = journal(Path(made), sealed=sealed, key=key)
        committer = Committer(
            key, **NAMES, data_class=HEADER["data_class"], encoding=HEADER["encoding"]
        )
        lookup = Lookup(key, **NAMES, region="DE") if sealed else None
        result = DatasetResult("calls")
        spent = {"leaves": 0.0, "rows": 0.0, "disk": 0.0}

        def step(name: str, action: Callable[[], Any]) -> Any:
            began = time.process_time()
            value = action()
            spent[name] += time.process_time() - began
            return value

        for number, taken in enumerate(records(count, numbers=20_000), 1):
            first = committer.next_index
            leaves = step("leaves", partial(committer.leaves, first, taken))
            rows = None
            if lookup is not None:
                rows = step("rows", partial(lookup.rows, first, taken))
            book.leaf_file("calls", HEADER)
            batch = cast(Batch, Fake(taken))
            seal = partial(book.seal, number, "calls", batch, leaves=leaves, first=first, rows=rows)
            step("disk", seal)
            mark = Mark(number, "calls", None, len(taken))
            step("disk", partial(book.mark, mark))
            result.marks.append(mark)
        for name, took in spent.items():
            print(f"  {name:42} {took:7.2f} s {took / count * 1e6:7.2f} us a record")
        reports = Path(made) / "reports"
        reports.mkdir()
        tree = timed(
            "  trees and files that stay", lambda: keeping.grow(book, [result], reports), count
        )
        size = sum(path.stat().st_size for path in reports.rglob("*.bin"))
        print(f"  on disk afterwards: {size / 2**20:.0f} MB")
    return (sum(spent.values()) + tree) / count * 1e6


def find(days: int, daily: int) -> None:
    """The search itself over daily indexes, each of its own run, in the range of its report."""
    indexes = []
    with tempfile.TemporaryDirectory() as made:
        for day in range(days):
            key = RunKey()
            book = journal(Path(made) / str(day), sealed=True, key=key)
            lookup = Lookup(key, **NAMES, region="DE")
            draw = random.Random(day)
            taken = [
                Taken(
                    key=(b"%d" % n,),
                    start=b"",
                    when=BEGIN + timedelta(days=day, seconds=draw.randrange(86_400)),
                    subjects=(b"030%07d" % draw.randrange(20_000), b"411"),
                )
                for n in range(daily)
            ]
            book.row_file("calls").append(1, *lookup.rows(0, taken))
            rows = select_rows(book.row_file("calls"), {1: None})
            indexes.append((key, b"".join(rows), rows.probe))
    name = party(b"0300000007", "DE")
    assert name

    def search() -> None:
        found = 0
        for day, (key, index, probe) in enumerate(indexes):
            begin = int((BEGIN + timedelta(days=day)).timestamp() // 60)
            minutes = range(begin, begin + 1440)
            entries = Search(key, **NAMES).entries(index, party=name, minutes=minutes, probe=probe)
            matches = list(entries)
            found += len(matches)
            if matches:
                merkle.root(index[at + 32 : at + ROW] for at in range(0, len(index), ROW))
        print(f"  {found} matches in {days} indexes of {daily} records")

    timed("find one number", search, days * daily)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--daily", type=int, default=3000)
    parser.add_argument("--only", choices=["counts", "sealed", "find"])
    given = parser.parse_args()
    phonenumbers.parse("0301234567", "DE")
    idle = peak()
    print(f"idle: {idle:.0f} MB; {given.records:,} records, batches of {BATCH}")
    for level in ("counts", "sealed"):
        if given.only in (None, level):
            print(f"level {level}")
            each = run(given.records, sealed=level == "sealed")
            print(f"  peak over idle: {peak() - idle:.0f} MB")
            print(json.dumps({"level": level, "us": each}))
    if given.only in (None, "find"):
        find(given.days, given.daily)


if __name__ == "__main__":
    main()
