"""Does a folder of recordings forget what is due, and nothing else, whatever happens?"""

from __future__ import annotations

import errno
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import samples
from support.batchrun import INSTALLATION, MiniJournal, recover, run, select
from support.killing import killed_at
from support.naming import Rows

from pbxretain import posix
from pbxretain.connector import find
from pbxretain.errors import DocumentError, RetainError, RootError, StoreError
from pbxretain.manifest import TreeDataset
from pbxretain.messages import known
from pbxretain.records import Batch, BatchName, Naming, Selection
from pbxretain.stores import abreast, tree_hold
from pbxretain.stores.dating import compile_pattern
from pbxretain.stores.files import short_name
from pbxretain.stores.tree import TreeStore, open_tree

ZONE = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
CUTOFF = datetime(2026, 8, 17, tzinfo=ZONE).astimezone(UTC)
OLD = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
YOUNG = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


def dataset(**more: object) -> TreeDataset:
    given_ = {
        "data": "call-recordings",
        "title": "recordings",
        "kind": "tree",
        "root": "recordings",
        "extensions": ["wav", "WAV", "wav49", "mp3"],
        "sidecars": ["json"],
        "dated_by": [
            {"name": "{any}-{date}-{time}-{uniqueid}"},
            {"name": "{uniqueid}"},
            {"path": "{year}/{month}/{day}"},
        ],
    }
    return TreeDataset.model_validate(given_ | more)


def opened(root: Path, naming: Naming | None = None, **more: object) -> TreeStore:
    return open_tree(
        name="recordings",
        dataset=dataset(**more),
        root=root,
        zone=ZONE,
        naming=naming,
        installation=INSTALLATION,
    )


def put(path: Path, content: bytes = b"RIFF", *, age: timedelta = timedelta(days=100)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    touch(path, age)
    return path


def touch(path: Path, age: timedelta) -> None:
    moment = (NOW - age).timestamp()
    os.utime(path, (moment, moment))


def files(root: Path) -> dict[str, bytes]:
    """Every file but the marker of a root that may be empty."""
    return {
        os.fsencode(str(path.relative_to(root))).decode("utf-8", "surrogateescape"): (
            path.read_bytes()
        )
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name != ".pbxretain.root"
    }


def name_at(when: datetime, counter: int = 1) -> str:
    local = when.astimezone(ZONE)
    return f"external-411-+493023125-{local:%Y%m%d-%H%M%S}-{int(when.timestamp())}.{counter}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "monitor"
    folder.mkdir()
    return folder


@pytest.fixture
def journal(tmp_path: Path) -> MiniJournal:
    return MiniJournal(tmp_path / "journal")


DUE = select(CUTOFF, NOW)


# What goes and what stays -----------------------------------------------------------------------


def test_the_sample_loses_exactly_what_is_due(tmp_path: Path, journal: MiniJournal) -> None:
    root = samples.restore_tree("recordings", tmp_path)
    expected = samples.recordings(root)
    before = files(root)
    census = opened(root).census(DUE)
    assert census.due == len(expected.due) > 20
    assert census.total == len(before)
    tally = run(opened(root), DUE, journal, limit=7)
    assert tally["gone"] == len(expected.due)
    assert files(root) == {name: before[name] for name in expected.stay}
    again = opened(root)
    assert again.census(DUE).due == 0
    assert run(again, DUE, journal)["gone"] == 0


def test_batches_go_by_time_and_scan_lists_the_same(tmp_path: Path, journal: MiniJournal) -> None:
    root = samples.restore_tree("recordings", tmp_path)
    listed = [record.label for record in opened(root).scan(DUE)]
    taken: list[str] = []
    times: list[datetime] = []

    def note(step: str, batch: Batch) -> None:
        if step == "take":
            taken.extend(os.fsdecode(t.key[0] or b"") for t in batch.taken)
            times.extend(t.when for t in batch.taken)

    run(opened(root), DUE, journal, limit=5, at=note)
    assert taken == listed
    assert times == sorted(times)


def test_all_files_of_a_stem_go_together_and_no_other(root: Path, journal: MiniJournal) -> None:
    stem = name_at(OLD, 12)
    for extension in ("wav", "mp3", "json"):
        put(root / f"{stem}.{extension}")
    other = put(root / f"{stem}.pdf")
    neighbour = put(root / f"{name_at(YOUNG, 12)}.wav")
    assert opened(root).census(DUE).findings["UNKNOWN_FILES"] == 1
    assert run(opened(root), DUE, journal)["gone"] == 1
    assert set(files(root)) == {other.name, neighbour.name}


def test_a_stem_loses_one_extension_and_nothing_else(root: Path, journal: MiniJournal) -> None:
    """Calls of one second differ only behind the dot: no counter may be cut as an extension."""
    epoch = int(OLD.timestamp())
    due = put(root / f"x-{epoch}.12.wav")
    kept = put(root / f"x-{epoch}.13.txt")
    bare = put(root / f"x-{epoch}.14")
    tally = run(opened(root, dated_by=[{"name": "{any}-{uniqueid}"}]), DUE, journal)
    assert tally["gone"] == 1
    assert set(files(root)) == {kept.name, bare.name}
    assert not due.exists()


def test_extensions_are_told_apart_by_case(root: Path, journal: MiniJournal) -> None:
    put(root / f"{name_at(OLD)}.Wav")
    put(root / f"{name_at(OLD)}.WAV")
    assert run(opened(root), DUE, journal)["gone"] == 1
    assert set(files(root)) == {f"{name_at(OLD)}.Wav"}


def test_a_record_at_the_cut_off_stays(root: Path, journal: MiniJournal) -> None:
    put(root / f"{name_at(CUTOFF)}.wav")
    put(root / f"{name_at(CUTOFF - timedelta(seconds=1))}.wav")
    assert run(opened(root), DUE, journal)["gone"] == 1
    assert set(files(root)) == {f"{name_at(CUTOFF)}.wav"}


def test_a_folder_date_stands_for_its_whole_local_day(root: Path, journal: MiniJournal) -> None:
    last = put(root / "2026/08/16/a.wav")
    first = put(root / "2026/08/17/a.wav")
    assert run(opened(root), DUE, journal)["gone"] == 1
    assert not last.exists()
    assert first.exists()


def test_a_doubled_hour_counts_as_the_later_one(root: Path) -> None:
    put(root / "x-20251026-023000-1.wav")
    store = opened(root, dated_by=[{"name": "x-{date}-{time}-{any}"}])
    assert store.census(DUE).oldest == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "name", ["x-20269931-101010-1.wav", "voice.wav", "x-20260101-250000-1.wav", "x-19690101.wav"]
)
def test_what_cant_be_dated_stays_and_is_counted(root: Path, name: str) -> None:
    put(root / name)
    store = opened(root, dated_by=[{"name": "x-{date}-{time}-{any}"}, {"name": "x-{date}"}])
    census = store.census(DUE)
    assert (census.undated, census.before, census.total) == (1, 0, 1)


def test_digits_of_a_number_are_no_time(root: Path) -> None:
    put(root / "out-493023125.1.wav")
    census = opened(root, dated_by=[{"name": "{any}-{epoch}.{any}"}]).census(DUE)
    assert census.undated == 1


def test_the_future_is_counted_and_stays(root: Path) -> None:
    put(root / f"{name_at(NOW + timedelta(days=30))}.wav")
    census = opened(root).census(DUE)
    assert (census.future, census.before) == (1, 0)


def test_a_sidecar_or_a_declared_mtime_dates(root: Path, journal: MiniJournal) -> None:
    put(root / "a.wav")
    put(root / "a.json", b'{"started": %d}' % int(YOUNG.timestamp()))
    put(root / "b.wav")
    put(root / "b.json", b'{"started": %d}' % int(OLD.timestamp()))
    put(root / "c.wav", age=timedelta(days=200))
    put(root / "d.wav", age=timedelta(days=2))
    put(root / "e.json", b"[[[")
    sidecar = {"sidecar": {"extension": "json", "field": "started"}}
    store = opened(root, dated_by=[sidecar, {"mtime": True}])
    assert run(store, DUE, journal)["gone"] == 3
    assert set(files(root)) == {"a.wav", "a.json", "d.wav"}


def test_files_still_being_written_are_left_alone(root: Path, journal: MiniJournal) -> None:
    put(root / f"{name_at(OLD)}.wav", age=timedelta(minutes=5))
    assert opened(root).census(DUE).findings == {"STILL_WRITTEN": 1}
    assert opened(root).census(DUE).due == 0
    assert run(opened(root), DUE, journal)["STILL_WRITTEN"] == 1
    assert len(files(root)) == 1


def test_files_that_vanish_are_absent_not_evidence(root: Path, journal: MiniJournal) -> None:
    gone = put(root / f"{name_at(OLD, 2)}.wav")
    put(root / f"{name_at(OLD, 1)}.wav")

    def vanish(step: str, batch: Batch) -> None:
        if step == "take":
            gone.unlink(missing_ok=True)

    tally = run(opened(root), DUE, journal, limit=1, at=vanish)
    assert (tally["gone"], tally["absent"]) == (1, 1)


def test_the_content_digest_tells_the_content(root: Path) -> None:
    put(root / f"{name_at(OLD)}.wav", b"sound")
    name = BatchName(INSTALLATION, "r", 1)
    with opened(root).take(DUE, limit=9, after=None, skip=frozenset(), name=name) as batch:
        (taken,) = batch.taken
    inner = hashlib.sha256(b"sound").digest()
    outer = len(b".wav").to_bytes(4, "big") + b".wav" + len(inner).to_bytes(4, "big") + inner
    assert taken.digest == hashlib.sha256(outer).digest()
    assert "sound" not in repr(taken)
    assert "external" not in repr(batch) + repr(batch.cursor)


def test_skipped_and_excluded_records_stay(root: Path) -> None:
    for counter in range(3):
        put(root / f"{name_at(OLD, counter)}.wav")
    store = opened(root)
    name = BatchName(INSTALLATION, "r", 1)
    with store.take(DUE, limit=9, after=None, skip=frozenset(), name=name) as batch:
        identities = [taken.identity for taken in batch.taken]
    held = select(CUTOFF, NOW, excluded_keys=frozenset(identities[:1]))
    assert (store.census(held).due, store.census(held).held) == (2, 1)
    skip = frozenset(identities[1:2])
    with store.take(held, limit=9, after=None, skip=skip, name=name) as batch:
        assert [taken.identity for taken in batch.taken] == identities[2:]


def test_leaving_a_batch_uncommitted_puts_all_back(root: Path) -> None:
    put(root / f"{name_at(OLD)}.wav", b"a")
    put(root / f"{name_at(OLD)}.mp3", b"b")
    before = files(root)
    name = BatchName(INSTALLATION, "r", 1)
    with opened(root).take(DUE, limit=9, after=None, skip=frozenset(), name=name):
        assert all(held.startswith(".pbxretain-inst1-r-1-") for held in files(root))
    assert files(root) == before


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stem",
    [
        b"\xff\xfe caf\xe9-" + name_at(OLD).encode(),
        b"~" + name_at(OLD).encode(),
        b"line\nbreak-" + name_at(OLD).encode(),
        b"a" * (251 - len(name_at(OLD)) - 1) + b"-" + name_at(OLD).encode(),
        b"-" * 100 + b"7" * 60 + name_at(OLD).encode(),
    ],
    ids=["latin-1", "tilde", "newline", "255 bytes", "dashes"],
)
def test_any_name_survives_taking_and_putting_back(
    root: Path, journal: MiniJournal, stem: bytes
) -> None:
    put(Path(os.fsdecode(os.fsencode(root) + b"/" + stem + b".wav")), b"x")
    before = files(root)
    name = BatchName(INSTALLATION, "r", 1)
    with opened(root).take(DUE, limit=9, after=None, skip=frozenset(), name=name) as batch:
        assert len(batch.taken) == 1
        assert files(root) != before
    assert files(root) == before
    # The same by a run that finds only the names of a dead one.
    opened(root).take(DUE, limit=9, after=None, skip=frozenset(), name=name)
    assert opened(root).tidy(INSTALLATION) == 1
    assert files(root) == before
    assert run(opened(root), DUE, journal)["gone"] == 1
    assert files(root) == {}


def test_putting_back_never_overwrites(root: Path) -> None:
    path = put(root / f"{name_at(OLD)}.wav", b"old")
    name = BatchName(INSTALLATION, "r", 1)
    with opened(root).take(DUE, limit=9, after=None, skip=frozenset(), name=name):
        path.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert sorted(files(root).values()) == [b"new", b"old"]


def test_what_was_set_aside_and_lost_its_name_is_reported_and_stays(
    root: Path, journal: MiniJournal
) -> None:
    """A name too long for a prefix has its own in a note beside it; here the note is gone."""
    name = short_name(BatchName(INSTALLATION, "run9", 3), b"lost.wav")
    lost = put(root / os.fsdecode(name))
    put(root / f"{name_at(YOUNG)}.wav")
    store = opened(root)
    assert store.tidy(INSTALLATION) == 0
    assert store.census(DUE).findings == {"NAMELESS_LEFTOVER": 1}
    assert {advice.code for advice in store.check()} == {"NAMELESS_LEFTOVER"}
    run(store, DUE, journal)
    assert lost.exists()


def test_check_tells_what_stays_whatever_its_age(root: Path) -> None:
    put(root / "notes.txt")
    put(root / f"{name_at(YOUNG)}.wav")
    (root / "elsewhere").symlink_to("/var")
    found = {advice.code for advice in opened(root).check()}
    assert found == {"SYMLINKS", "UNKNOWN_FILES"}
    assert all(known("code", code) for code in found)


def test_foreign_leftovers_are_reported_and_stay(root: Path, journal: MiniJournal) -> None:
    foreign = put(root / f".pbxretain-other-run9-3-{name_at(OLD)}.wav")
    put(root / f"{name_at(YOUNG)}.wav")
    store = opened(root)
    assert store.census(DUE).findings == {"FOREIGN_LEFTOVER": 1}
    assert "FOREIGN_LEFTOVER" in {advice.code for advice in store.check()}
    run(store, DUE, journal)
    assert foreign.exists()


# Rows that name files ---------------------------------------------------------------------------


def test_the_newest_leg_of_a_naming_row_dates_a_file(root: Path, journal: MiniJournal) -> None:
    rows = Rows()
    stem = name_at(OLD)
    put(root / f"2026/05/01/{stem}.wav")
    rows.add("call", OLD, b"")
    rows.add("call", OLD, stem.encode() + b".wav")
    rows.add("call", YOUNG, b"")
    assert run(opened(root, rows), DUE, journal)["gone"] == 0
    assert opened(root, rows).census(DUE).findings == {}
    assert rows.links().count(b"") == 2


@pytest.mark.parametrize("form", ["{s}", "{s}.wav", "{s}.mp3", "2026/05/01/{s}.wav", "{r}/{s}.wav"])
def test_a_row_may_spell_the_name_in_any_way(root: Path, journal: MiniJournal, form: str) -> None:
    rows, stem = Rows(), name_at(OLD)
    put(root / f"2026/05/01/{stem}.wav")
    rows.add("call", OLD, form.format(s=stem, r=root / "2026/05/01").encode())
    store = opened(root, rows)
    assert store.census(DUE).findings == {}
    assert run(store, DUE, journal)["gone"] == 1
    assert rows.links() == [b""]


def test_orphans_both_ways_are_counted(root: Path) -> None:
    rows = Rows()
    put(root / f"{name_at(OLD)}.wav")
    rows.add("one", OLD, b"never-written.wav")
    rows.add("two", OLD, b"never-written.wav")
    rows.add("three", OLD, b"deleted")
    assert opened(root, rows).census(DUE).findings == {"ORPHAN_FILES": 1, "MISSING_FILES": 1}


def test_a_name_that_belongs_to_another_dataset_counts_as_no_missing_file(root: Path) -> None:
    rows = Rows()
    put(root / f"2026/05/01/{name_at(OLD)}.wav")
    for folder in (b"/mnt/rec/2026/05/01", b"/mnt/rec/2026/05/01/INBOX"):
        rows.add("call", OLD, folder + b"/never-written.wav")
    store = opened(root, rows, paths=["{year}/{month}/{day}/{name}"])
    assert store.census(DUE).findings == {"ORPHAN_FILES": 1, "MISSING_FILES": 1}


def test_an_undated_file_goes_by_its_row(root: Path, journal: MiniJournal) -> None:
    rows = Rows()
    put(root / "voice.wav")
    rows.add("call", OLD, b"voice.wav")
    assert run(opened(root, rows), DUE, journal)["gone"] == 1
    assert rows.links() == [b""]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (b"hotline.wav", "hotline.wav"),
        (b"2025/01/02/hotline.wav", "hotline.wav"),
        (b"/elsewhere/monitor/2025/01/02/hotline.wav", "hotline.wav"),
    ],
)
def test_a_name_that_is_used_again_never_takes_the_young_file_along(
    root: Path, journal: MiniJournal, value: bytes, path: str
) -> None:
    rows = Rows()
    rows.add("1", OLD, value)
    put(root / path, age=timedelta(days=2))
    assert run(opened(root, rows), DUE, journal)["gone"] == 0
    assert (root / path).exists()


def test_an_old_row_dates_the_file_in_its_folder_and_not_its_young_namesake(
    root: Path, journal: MiniJournal
) -> None:
    rows = Rows()
    rows.add("1", OLD, b"conf.wav")
    old, young = (f"{day:%Y/%m/%d}/conf.wav" for day in (OLD, NOW - timedelta(days=7)))
    for path in (old, young):
        put(root / path)
    run(opened(root, rows, dated_by=[{"path": "{year}/{month}/{day}"}]), DUE, journal)
    assert not (root / old).exists()
    assert (root / young).exists()


def test_a_late_row_keeps_its_file(root: Path, journal: MiniJournal) -> None:
    """A call that still goes on names a file that lies under its hidden name already."""
    rows = Rows()
    path = put(root / f"{name_at(OLD, 1)}.wav")
    put(root / f"{name_at(OLD, 2)}.wav")

    def late(step: str, batch: Batch) -> None:
        if step == "seal":
            rows.add("late", YOUNG, path.name.encode())

    tally = run(opened(root, rows), DUE, journal, at=late)
    assert (tally["gone"], tally["kept"], tally["failed"]) == (1, 1, 0)
    assert set(files(root)) == {path.name}
    assert rows.links() == [path.name.encode()]


def test_a_bare_name_in_two_folders_is_blanked_with_the_last(
    root: Path, journal: MiniJournal
) -> None:
    rows, stem = Rows(), "voice"
    put(root / f"2026/05/01/{stem}.wav")
    put(root / f"2026/05/02/{stem}.wav")
    rows.add("call", OLD, b"voice.wav")
    seen: list[list[bytes]] = []
    run(
        opened(root, rows),
        DUE,
        journal,
        limit=1,
        at=lambda step, batch: seen.append(rows.links()) if step == "take" else None,
    )
    assert seen[1] == [b"voice.wav"]
    assert rows.links() == [b""]


# Roots, links, rights ---------------------------------------------------------------------------


def test_missing_empty_linked_and_unmounted_roots_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "2026/05").mkdir(parents=True)
    real = put(tmp_path / "real/a.wav").parent
    (tmp_path / "link").symlink_to(real)
    put(tmp_path / "file")
    (empty / ".pbxretain.lock").touch()
    for name in ("missing", "empty", "link", "file"):
        with pytest.raises(RootError) as caught:
            opened(tmp_path / name)
        assert caught.value.exit_code == 5
    (empty / ".pbxretain.root").touch()
    assert opened(empty).census(DUE).total == 0


def test_a_root_that_a_run_emptied_opens_again(root: Path, journal: MiniJournal) -> None:
    put(root / f"2026/05/{name_at(OLD)}.wav")
    touch(root / "2026/05", timedelta(days=3))
    touch(root / "2026", timedelta(days=3))
    assert run(opened(root), DUE, journal)["gone"] == 1
    assert not (root / "2026").exists()
    assert opened(root).census(DUE).total == 0


def test_folders_go_only_when_empty_and_older_than_a_day(root: Path, journal: MiniJournal) -> None:
    put(root / f"fresh/{name_at(OLD, 1)}.wav")
    put(root / f"full/{name_at(OLD, 2)}.wav")
    put(root / "full/note.txt")
    touch(root / "full", timedelta(days=3))
    touch(root / "fresh", timedelta(hours=3))
    assert run(opened(root), DUE, journal)["gone"] == 2
    assert (root / "fresh").is_dir()
    assert (root / "full").is_dir()


def test_symlinks_are_never_followed(tmp_path: Path, root: Path, journal: MiniJournal) -> None:
    outside = put(tmp_path / f"outside/{name_at(OLD)}.wav")
    put(root / f"{name_at(YOUNG)}.wav")
    (root / "2025").symlink_to(outside.parent)
    (root / f"{name_at(OLD)}.wav").symlink_to(outside)
    census = opened(root).census(DUE)
    assert (census.total, census.findings) == (1, {"SYMLINKS": 2})
    assert run(opened(root), DUE, journal)["gone"] == 0
    assert outside.exists()


def test_a_folder_swapped_for_a_symlink_leads_nowhere(
    tmp_path: Path, root: Path, journal: MiniJournal
) -> None:
    outside = put(tmp_path / f"outside/{name_at(OLD, 2)}.wav")
    put(root / f"a/{name_at(OLD, 1)}.wav")
    put(root / f"b/{name_at(OLD, 2)}.wav")

    def swap(step: str, batch: Batch) -> None:
        if step == "take" and not (root / "b").is_symlink():
            shutil.rmtree(root / "b")
            (root / "b").symlink_to(outside.parent)

    tally = run(opened(root), DUE, journal, limit=1, at=swap)
    assert tally["gone"] == 1
    assert outside.exists()


def test_a_root_swapped_in_mid_run_stops(tmp_path: Path, root: Path, journal: MiniJournal) -> None:
    put(root / f"{name_at(OLD, 1)}.wav")
    store = opened(root)
    root.rename(tmp_path / "moved")
    other = put(root / f"{name_at(OLD, 1)}.wav")
    with pytest.raises(RootError):
        run(store, DUE, journal)
    assert other.exists()


def as_nobody(script: str, *arguments: str) -> str:
    """Runs a script as an unprivileged user: root ignores modes."""
    command = [sys.executable, "-c", script, *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    here = Path(__file__).parent
    done = subprocess.run(
        command,
        env={"PYTHONPATH": f"{here.parent}:{here}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def given_to_nobody(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)
    for parent in folder.parents:
        if parent != Path("/") and os.geteuid() == 0 and not parent.stat().st_mode & 1:
            parent.chmod(parent.stat().st_mode | 0o711)


def user_65534() -> str:
    return pwd.getpwuid(65534).pw_name if os.geteuid() == 0 else posix.user()


UNPRIVILEGED = """
import sys
from pathlib import Path
import test_tree
from support.batchrun import MiniJournal, run
root, journal = Path(sys.argv[1]), MiniJournal(Path(sys.argv[2]))
what = sys.argv[3]
def at(step, batch):
    if step == what:
        (root / "closed").chmod(0o555)
tally = run(test_tree.opened(root), test_tree.DUE, journal, at=at)
print(dict(tally))
print([(a.code, a.command) for a in test_tree.opened(root).check()])
"""


def test_the_halves_that_monitor_wrote_are_dated_by_their_names(root: Path, tmp_path: Path) -> None:
    dated = find("asterisk").manifest.datasets["recordings"].model_dump()["dated_by"]
    epoch = int(OLD.timestamp())
    for stem in (f"q-1-2-{OLD:%Y%m%d-%H%M%S}-{epoch}.7", f"{epoch}.8"):
        for half in ("-in", "-out", "-mixed"):
            put(root / f"{stem}{half}.wav")
    store = opened(root, dated_by=dated)
    census = store.census(DUE)
    assert (census.total, census.undated, census.due) == (6, 2, 4)
    assert run(store, DUE, MiniJournal(tmp_path / "journal"))["gone"] == 4
    assert {path.stem[-6:] for path in root.glob("*.wav")} == {"-mixed"}


@pytest.mark.parametrize("when", ["before", "seal"])
def test_a_folder_that_became_read_only_keeps_its_files(
    tmp_path: Path, root: Path, when: str
) -> None:
    put(root / f"open/{name_at(OLD, 1)}.wav")
    closed = put(root / f"closed/{name_at(OLD, 2)}.wav", b"kept")
    (tmp_path / "journal").mkdir()
    given_to_nobody(tmp_path)
    if when == "before":
        (root / "closed").chmod(0o555)
    out = as_nobody(UNPRIVILEGED, str(root), str(tmp_path / "journal"), when)
    (root / "closed").chmod(0o755)
    assert "'gone': 1" in out
    assert "READ_ONLY_FOLDER" in out
    assert f"setfacl -R -m u:{user_65534()}:rwX -m d:u:{user_65534()}:rwX {root}" in out
    if when == "before":
        assert "'NOT_RENAMED': 1" in out
    else:
        assert "'failed': 1" in out
        recover(opened(root), MiniJournal(tmp_path / "journal"))
    assert closed.read_bytes() == b"kept"


UNREADABLE = """
import sys
from pathlib import Path
import test_tree
store = test_tree.opened(Path(sys.argv[1]))
print([a.code for a in store.check()])
try:
    store.census(test_tree.DUE)
except test_tree.StoreError as error:
    print(error.code, error)
"""


@pytest.mark.parametrize("mode", [0, 0o444])
def test_a_folder_that_cant_be_read_is_an_error_without_its_name(
    tmp_path: Path, root: Path, mode: int
) -> None:
    put(root / "a.wav")
    put(root / f"secret-name/{name_at(OLD, 2)}.wav")
    given_to_nobody(tmp_path)
    (root / "secret-name").chmod(mode)
    out = as_nobody(UNREADABLE, str(root))
    (root / "secret-name").chmod(0o755)
    assert ("UNREADABLE_FOLDER" if mode == 0 else "READ_ONLY_FOLDER") in out
    assert "\nSTORE" in out or "\nUNREADABLE_FOLDER" in out
    assert "secret-name" not in out


def test_a_mount_inside_the_root_is_worked_on_in_place(
    tmp_path: Path, root: Path, journal: MiniJournal
) -> None:
    """Renaming across two mounts fails, so nothing may ever leave its own folder."""
    archive = tmp_path / "archive"
    put(archive / f"{name_at(OLD)}.wav")
    put(root / f"{name_at(YOUNG)}.wav")
    (root / "archive").mkdir()
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("mount namespaces aren't allowed here")
    script = (
        f"mount --bind {archive} {root}/archive && exec {sys.executable} -c '"
        "import sys; from pathlib import Path; import test_tree;"
        "from support.batchrun import MiniJournal, run;"
        "print(dict(run(test_tree.opened(Path(sys.argv[1])), test_tree.DUE,"
        f" MiniJournal(Path(sys.argv[2])))))' {root} {journal.folder}"
    )
    here = Path(__file__).parent
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        env=os.environ | {"PYTHONPATH": f"{here.parent}:{here}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "'gone': 1" in done.stdout, done.stderr
    assert not files(archive)


# Dying ------------------------------------------------------------------------------------------


def scene(root: Path, db: Path) -> None:
    rows = Rows(db)
    for counter in range(3):
        stem = f"{name_at(OLD, counter)}"
        put(root / f"2026/05/{stem}.wav", b"sound %d" % counter)
        rows.add(f"call{counter}", OLD, stem.encode() + b".wav")
    put(root / f"2026/05/{name_at(OLD, 0)}.json", b"{}")
    put(root / f"{'9' * (250 - len(name_at(OLD, 7)))}-{name_at(OLD, 7)}.wav", b"long")
    put(root / f"{name_at(YOUNG)}.wav", b"young")
    touch(root / "2026/05", timedelta(days=3))


@pytest.mark.parametrize("how", ["noreplace", "link and unlink", "by several threads"])
def test_a_kill_at_any_change_to_the_disk_loses_nothing_and_hides_nothing(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 2
    if how == "link and unlink":  # as where no rename is known which spares its target
        monkeypatch.setattr(posix, "_renameat2", lambda *_: errno.ENOSYS)
    if how == "by several threads":
        limit = 9
        monkeypatch.setattr(abreast, "FEW", 0)
        monkeypatch.setattr(tree_hold, "CHUNK", 1)
    n = 0
    while True:
        n += 1
        at = tmp_path / str(n)
        (at / "root").mkdir(parents=True)
        root, db = at / "root", at / "rows"
        scene(root, db)
        before = files(root)
        journal = MiniJournal(at / "journal")

        def child(root: Path = root, db: Path = db, journal: MiniJournal = journal) -> None:
            run(opened(root, Rows(db)), DUE, journal, limit=limit)

        died = killed_at(n, child)
        recover(opened(root, Rows(db)), journal)
        check_consistent(root, before, journal, Rows(db))
        run(opened(root, Rows(db)), DUE, journal, limit=limit)
        check_consistent(root, before, journal, Rows(db))
        assert set(files(root)) == {f"{name_at(YOUNG)}.wav"}
        assert set(Rows(db).links()) == {b""}
        shutil.rmtree(at)
        if not died:
            break
    assert n > 30


def test_a_kill_while_putting_back_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for how in (None, lambda *_: errno.ENOSYS):
        if how:
            monkeypatch.setattr(posix, "_renameat2", how)
        n = 0
        died = True
        while died:
            n += 1
            at = tmp_path / f"{n}-{bool(how)}"
            root, db = at / "root", at / "rows"
            root.mkdir(parents=True)
            scene(root, db)
            before = files(root)
            journal = MiniJournal(at / "journal")
            name = BatchName(INSTALLATION, "r", 1)
            batch = opened(root, Rows(db)).take(
                DUE, limit=9, after=None, skip=frozenset(), name=name
            )
            journal.seal(name, batch)
            died = killed_at(n, lambda root=root, j=journal: recover(opened(root), j))  # type: ignore[misc]
            recover(opened(root, Rows(db)), journal)
            assert files(root) == before
            assert journal.gone() == []
        assert n > 8


def check_consistent(
    root: Path, before: dict[str, bytes], journal: MiniJournal, rows: Rows
) -> None:
    """Every record is there, or gone with evidence; no part alone, no name of ours."""
    there = files(root)
    assert not [name for name in there if ".pbxretain" in name]
    assert all(before[name] == content for name, content in there.items())
    gone = list(journal.gone())
    assert len(gone) == len(set(gone))
    keys = {identity[4 : 4 + int.from_bytes(identity[:4], "big")].decode() for identity in gone}
    stems = {name.removesuffix(".wav").removesuffix(".json") for name in before}
    parts = {stem: {n for n in before if n.startswith(stem + ".")} for stem in stems}
    for stem, names in parts.items():
        present = names & set(there)
        assert present == (set() if stem in keys else names)
    for link in filter(None, rows.links()):
        assert any(name.endswith(link.decode()) for name in there)


def test_settling_asks_the_rows_again(root: Path, tmp_path: Path, journal: MiniJournal) -> None:
    rows = Rows(tmp_path / "rows")
    path = put(root / f"{name_at(OLD, 1)}.wav")
    put(root / f"{name_at(OLD, 2)}.wav")
    name = BatchName(INSTALLATION, "r", 1)
    batch = opened(root, rows).take(DUE, limit=9, after=None, skip=frozenset(), name=name)
    journal.seal(name, batch)
    journal.committed(1)
    rows.add("late", YOUNG, path.name.encode())
    recover(opened(root, rows), journal)
    assert set(files(root)) == {path.name}
    assert len(journal.gone()) == 1


# Patterns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["{nope}", "{date}{date}", "{any}-{from}-{to}-{any}-{from}"])
def test_bad_patterns_are_refused(bad: str) -> None:
    with pytest.raises(DocumentError):
        compile_pattern(bad)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40).filter(lambda t: "{" not in t and "}" not in t), st.binary(max_size=40))
def test_literal_text_matches_only_itself(text: str, other: bytes) -> None:
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return
    pattern = compile_pattern(text)
    assert pattern.fullmatch(raw)
    assert bool(pattern.fullmatch(other)) == (other == raw)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1767225600, 1794268800).map(
                lambda epoch: datetime.fromtimestamp(epoch, UTC)
            ),
            st.sampled_from(["", "a", "a/b", "2026/08/16"]),
            st.sampled_from(["wav", "mp3", "txt"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_nothing_due_remains_and_nothing_else_changes(
    tmp_path_factory: pytest.TempPathFactory,
    recordings: list[tuple[datetime, str, str]],
    limit: int,
) -> None:
    at = tmp_path_factory.mktemp("tree")
    root = at / "root"
    stay: set[str] = set()
    due: set[str] = set()
    for counter, (when, folder, extension) in enumerate(recordings):
        path = put(root / folder / f"{name_at(when, counter)}.{extension}")
        goes = extension != "txt" and when.replace(microsecond=0) < CUTOFF
        (due if goes else stay).add(str(path.relative_to(root)))
    store = opened(root)
    assert store.census(DUE).due == len(due)
    journal = MiniJournal(at / "journal")
    assert run(store, DUE, journal, limit=limit)["gone"] == len(due)
    assert set(files(root)) == stay
    assert run(opened(root), DUE, journal)["gone"] == 0


def test_errors_never_name_a_file(root: Path) -> None:
    put(root / "Jörg-493023125.wav")
    store = opened(root)
    shutil.rmtree(root)
    with pytest.raises(RetainError) as caught:
        store.census(DUE)
    assert "493023125" not in str(caught.value) + repr(caught.value)
    assert isinstance(caught.value, RootError | StoreError)
    assert isinstance(DUE, Selection)


def test_what_several_threads_take_goes_whole_and_in_order_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_hold, "CHUNK", 7)
    for folder in range(3):
        for counter in range(40):
            put(tmp_path / f"{folder}/{name_at(OLD, 40 * folder + counter)}.wav", b"%d" % counter)
    before = files(tmp_path)
    name = BatchName(INSTALLATION, "r", 1)
    store = opened(tmp_path)
    with store.take(DUE, limit=100, after=None, skip=frozenset(), name=name) as batch:
        assert not batch.exhausted
        keys = [taken.key[0] or b"" for taken in batch.taken]
        assert (len(keys), keys) == (100, sorted(keys))
        assert len({taken.digest for taken in batch.taken}) == 40
        assert sum(".pbxretain" in one for one in files(tmp_path)) == 100
    assert files(tmp_path) == before
    with store.take(DUE, limit=100, after=None, skip=frozenset(), name=name) as batch:
        batch.commit()
        assert batch.finish().kept == []
    assert set(before) - set(files(tmp_path)) == {f"{os.fsdecode(key)}.wav" for key in keys}
