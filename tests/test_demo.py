"""The demo goes the whole path on a machine that knows nothing of pbxretain, and is right."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbxretain.cli import demo

REPOSITORY = Path(__file__).resolve().parents[1]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a PBX, the call log as its rows; locks of ours aside."""
    paths = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".db", ".lock"))
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths}


def rows(pbx: demo.Pbx, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(pbx.database)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY AcctId").fetchall()


def test_the_same_clock_and_seed_make_the_same_pbx(tmp_path: Path) -> None:
    now = datetime(2026, 3, 30, 1, tzinfo=UTC)
    one, two = (demo.build(tmp_path / name, now=now) for name in ("one", "two"))
    other = demo.build(tmp_path / "other", now=now, seed=1)
    assert tree(one.folder) == tree(two.folder)
    assert rows(one, "cdr") == rows(two, "cdr") != rows(other, "cdr")
    assert rows(one, "cel") == rows(two, "cel")


def test_the_pbx_has_umlauts_withheld_numbers_and_orphans_both_ways(tmp_path: Path) -> None:
    pbx = demo.build(tmp_path / "pbx", now=datetime(2026, 11, 23, 12, tzinfo=UTC))
    calls = rows(pbx, "cdr")
    named = {str(row[-1]) for row in calls} - {""}
    there = {path.name for path in pbx.recordings.rglob("*.wav")}
    assert named - there
    assert there - named
    assert any("ß" in str(row[2]) for row in calls)
    assert {row[3] for row in calls} >= {"", "anonymous"}
    oldest = min(str(row[1]) for row in calls)
    assert "2026-05-07" <= oldest < "2026-05-20"


def test_the_demo_deletes_what_is_due_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    now = datetime.now(UTC)
    before = demo.build(tmp_path / "before", now=now)
    (tmp_path / "demo").mkdir()
    report = demo.tour(tmp_path / "demo", "en", now=now)
    after = demo.Pbx(tmp_path / "demo" / "pbx")
    day = now.astimezone(demo.ZONE).date() - timedelta(days=90)
    cutoff = datetime(day.year, day.month, day.day, tzinfo=demo.ZONE)
    assert report.is_file()
    assert rows(after, "cdr") == [r for r in rows(before, "cdr") if str(r[1]) >= str(day)]
    young = cutoff.timestamp()
    assert rows(after, "cel") == [r for r in rows(before, "cel") if float(str(r[2])) >= young]
    stay = {
        name: data
        for name, data in tree(before.folder).items()
        if (before.folder / name).stat().st_mtime >= young
        or name.endswith(("unavail.wav", "asterisk.conf"))
    }
    assert tree(after.folder) == stay


def test_anyone_may_call_it_twice_with_an_empty_home(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C"}
    line = [sys.executable, "-m", "pbxretain.cli.demo", "--into", "demo", "--lang", "de"]
    environment["PYTHONPATH"] = str(REPOSITORY)
    for _ in range(2):
        done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.decode().strip().splitlines()[-1]
    assert (tmp_path / last.rpartition(" ")[2]).is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"demo"}


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    line = [sys.executable, "-m", "pbxretain.cli.demo", "--into", str(tmp_path)]
    done = subprocess.run(line, cwd=REPOSITORY, capture_output=True, check=False)
    assert done.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
