"""How long does it take to check the daily reports of ten years?

Three data classes, a rotation and a cosignature each month: signatures, chain, checkpoints,
schedule and continuity.

    python benchmarks/verify.py [--years 10]

Prints seconds of CPU beside those of reading and parsing the same files alone, which is the limit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support import reports
from support.officer import Book, days, private
from support.reports import NOW

from pbxretain.evidence.statements import parse_statement
from pbxretain.signing import open_envelope
from pbxretain.verify import verify_paths

CLASSES = ("call-log", "recordings", "voicemail")
ROUNDS = 3


def build(folder: Path, years: int) -> Path:
    """A ledger over so many years; returns the roster."""
    book = Book(folder / "reports")
    datasets = tuple(reports.dataset(name) for name in CLASSES)
    count = 365 * years
    for day, when in enumerate(days(NOW - timedelta(days=count), count)):
        if day % 30 == 5:
            book.rotate(when - timedelta(minutes=1))
        book.run(when, datasets=datasets)
        if day % 30 == 0:
            book.cosign(when + timedelta(hours=1))
    book.sign()
    return book.officer.roster(folder / "trust.dsse.json", private(1))


def seconds(work: Callable[[], object]) -> float:
    """The least CPU seconds of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--years", type=int, default=10)
    years = parser.parse_args().years
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        roster = build(folder, years)
        files = sorted((folder / "reports").glob("*.dsse.json"))

        def parsed() -> None:
            for file in files:
                parse_statement(open_envelope(file.read_bytes()).payload)

        def verified() -> None:
            found = verify_paths([folder / "reports"], trust=[roster], own_public=None, now=NOW)
            if found.level != "L2":
                raise SystemExit(f"not sound: {found.findings[:3]}")

        limit, whole = seconds(parsed), seconds(verified)
    print(f"{len(files)} statements over {years} years")
    print(f"read and parse alone  {limit:6.2f} s")
    print(f"verify                {whole:6.2f} s  {whole / limit:.2f} x")


if __name__ == "__main__":
    main()
