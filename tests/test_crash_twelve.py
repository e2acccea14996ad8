"""Crashes at chosen moments, with something else happening just then.

The campaigns die everywhere; here a second actor moves between the death and the next run, or
between two steps of a batch: a delayed commit, a late call, another host, a full disk, a restore.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import aftermath, served, small
from support.bench import STAY, Bench, benched
from support.proxy import proxy
from support.served import Served
from support.steps import at, dies_at, forked

from pbxretain import keys, verify
from pbxretain.errors import EvidenceError, Exit, LockedError
from pbxretain.execute import Site
from pbxretain.ledger import Ledger
from pbxretain.stores import batches
from pbxretain.stores.database import DatabaseLock, connect


@pytest.fixture(params=served.KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from benched(request.getfixturevalue(request.param), request.param, tmp_path)


@pytest.fixture
def freepbx(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from benched(request.getfixturevalue("mariadb"), "mariadb", tmp_path)


# --- 1: the answer to a COMMIT is lost ---


@pytest.mark.parametrize("delay", [0.0, 2.0])
def test_a_commit_that_arrives_late_or_unanswered_deletes_nothing_without_evidence(
    bench: Bench, delay: float
) -> None:
    with proxy(bench.server.port, delay=delay) as between:
        pbx = bench.pbx
        direct, pbx.url = pbx.url, pbx.url.replace(str(bench.server.port), str(between.port))
        with at("seal", "calls", between.arm):
            done = pbx.run()
        pbx.url = direct
        assert done.exit_code in (Exit.OK, Exit.INCOMPLETE, Exit.UNAVAILABLE)
        assert between.delayed.wait(10)
    bench.heals()


# --- 2: the mark is missing, and the window isn't empty ---


def test_a_late_row_in_the_window_hides_no_evidence_of_a_committed_batch(bench: Bench) -> None:
    dies_at("commit", "calls", bench.pbx.run)
    bench.insert(served.when(2, old=True) + timedelta(seconds=1), 50)
    bench.heals(calls=1)
    assert (bench.covers(0), bench.covers(1)) == (bench.pbx.due["calls"], 1)


def test_a_late_row_in_the_window_makes_no_evidence_of_a_batch_undone(bench: Bench) -> None:
    dies_at("seal", "calls", bench.pbx.run)
    bench.insert(served.when(2, old=True) + timedelta(seconds=1), 50)
    bench.heals(calls=1)
    assert (bench.covers(0), bench.covers(1)) == (0, bench.pbx.due["calls"] + 1)


# --- 3: one of two equal rows is gone ---


def test_of_two_equal_rows_only_the_one_that_went_is_evidence(freepbx: Bench) -> None:
    freepbx.do("ALTER TABLE cdr ENGINE=MyISAM")
    dies_at("seal", "calls", freepbx.pbx.run)
    freepbx.do("DELETE FROM cdr WHERE sequence = 3 LIMIT 1")  # as far as the server came
    freepbx.heals()
    assert freepbx.covers(0) == 1


@pytest.mark.parametrize("engine", ["MyISAM", "InnoDB"])
def test_a_connection_that_breaks_in_mid_batch_is_settled_within_the_run(
    freepbx: Bench, engine: str
) -> None:
    freepbx.do(f"ALTER TABLE cdr ENGINE={engine}")
    with at("seal", "calls", lambda: _cut(freepbx)):
        assert freepbx.pbx.run().exit_code in (Exit.OK, Exit.INCOMPLETE)
    freepbx.heals()


def test_a_connection_that_breaks_after_a_delete_for_good_forgets_no_evidence(
    freepbx: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    freepbx.do("ALTER TABLE cdr ENGINE=MyISAM")
    remove = batches.remove_copies

    def removes(*args: Any, **more: Any) -> int:
        gone = remove(*args, **more)
        monkeypatch.setattr(batches, "remove_copies", remove)
        _cut(freepbx)
        return gone

    def arm() -> None:
        monkeypatch.setattr(batches, "remove_copies", removes)

    with at("seal", "calls", arm):
        assert freepbx.pbx.run().exit_code in (Exit.OK, Exit.INCOMPLETE)
    assert freepbx.covers(0) == freepbx.pbx.due["calls"]
    freepbx.heals()


def _cut(bench: Bench) -> None:
    """Ends every session of the run but the one that holds its lock."""
    holder = bench.do(f"SELECT IS_USED_LOCK('{_lock_of(bench.pbx)._name}')")[0][0]
    ours = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'pbxretain'"
    for (number,) in bench.do(ours):
        if number != holder:
            bench.do(f"KILL {number}")


# --- 4: what can't be rolled back, and a seal that fails ---


@pytest.mark.parametrize("engine", ["MyISAM", "InnoDB"])
def test_a_seal_that_fails_leaves_rows_and_copies_untouched(freepbx: Bench, engine: str) -> None:
    freepbx.do(f"ALTER TABLE cdr ENGINE={engine}")
    before = freepbx.left(), freepbx.left("transient_cdr")

    def run() -> int:
        with at("take", "calls", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))):
            try:
                freepbx.pbx.run()
            except EvidenceError as error:
                return int(error.exit_code)
        return int(Exit.OK)

    assert forked(run) == Exit.FORGED
    assert (freepbx.left(), freepbx.left("transient_cdr")) == before
    freepbx.heals()


# --- 5: one file, two rows, two batches ---


def test_a_file_that_rows_of_two_batches_name_goes_once_and_not_while_a_young_one_does(
    freepbx: Bench,
) -> None:
    pbx = freepbx.pbx
    old, young = (served.recording(pbx, n, old=True) for n in (20, 21))
    for n in range(100, 700):
        freepbx.insert(served.OLD + timedelta(seconds=n), n)
    first, last = served.OLD - timedelta(hours=1), served.when(60, old=True)
    for at_, number, file in ((first, 20, old), (last, 22, old), (first, 21, young)):
        freepbx.insert(at_, number, file=file)
    freepbx.insert(served.when(23, old=False), 23, file=young)
    dies_at("commit", "calls", pbx.run)
    assert 0 < len(freepbx.left()) < 603, "more than one batch"
    assert pbx.run().exit_code == Exit.OK
    assert freepbx.left() == sorted([*STAY, 23])
    names = [Path(name).name for name in pbx.files()]
    assert young in names
    assert old not in names
    extra = {"calls": 603, "recordings": 1}
    freepbx.covered({name: n + extra.get(name, 0) for name, n in pbx.due.items()})


# --- 6: a late call names a file that is set aside ---


@pytest.mark.parametrize("dead", [False, True])
def test_a_file_that_a_late_call_names_gets_its_name_back(bench: Bench, dead: bool) -> None:
    pbx = bench.pbx
    name = served.recording(pbx, 30, old=True)
    before = {path: data for path, data in pbx.files().items() if path.endswith(name)}

    def late() -> None:
        assert not before.items() <= pbx.files().items(), "it is set aside"
        bench.insert(served.when(30, old=False), 30, file=name)

    if dead:
        dies_at("commit", "recordings", pbx.run)
        late()
    else:
        with at("seal", "recordings", late):
            pbx.run()
    assert pbx.run().exit_code == Exit.OK
    assert before.items() <= pbx.files().items()
    assert bench.do("SELECT recordingfile FROM cdr WHERE sequence = 30")[0] == (name,)
    bench.covered(pbx.due)


# --- 7: a number is used anew ---


@pytest.mark.parametrize("step", ["take", "seal", "commit"])
def test_a_message_number_used_anew_meanwhile_keeps_the_new_message(
    tmp_path: Path, step: Any
) -> None:
    pbx = small.build(tmp_path, ["spool"])
    dies_at(step, "voicemail", pbx.run)
    inbox = pbx.pbx / "voicemail/default/411/INBOX"
    epoch = int(small.YOUNG.timestamp())
    new = {
        "msg0000.txt": f"[message]\norigtime={epoch}\nmsg_id={epoch}-00000099\n".encode(),
        "msg0000.wav": b"new",
        "msg0000.WAV": b"NEW",
    }
    for name, content in new.items():
        assert not (inbox / name).exists(), "it is set aside"
        (inbox / name).write_bytes(content)
    assert pbx.run().exit_code == Exit.OK
    assert new == {name: (inbox / name).read_bytes() for name in new}
    assert dict(aftermath.deleted(pbx.site())) == pbx.due
    texts = [path.read_text() for path in (pbx.pbx / "voicemail").rglob("msg*.txt")]
    assert sorted("-00000099" in text for text in texts) == [False, False, True]
    aftermath.assert_tidy(pbx.pbx)


# --- 8 and 11: other file systems below the root, and full disks ---


@pytest.mark.parametrize("scene", ["mounts", "full_disk"])
def test_in_a_namespace_of_its_own(tmp_path: Path, scene: str) -> None:
    """``support.namespaced`` mounts, runs, kills and asserts; a failure there is one here."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("mounting needs root and a mount namespace")
    tests = Path(__file__).parent
    path = os.pathsep.join([str(tests), str(tests.parent)])
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-m", "support.namespaced", scene, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- 10: the lock is lost, and another host starts ---


def _lock_of(pbx: Served) -> DatabaseLock:
    return DatabaseLock(connect(pbx.url, served.PASSWORD))


def test_a_run_whose_lock_is_lost_stops_and_leaves_the_rest_to_the_other_host(
    bench: Bench,
) -> None:
    pbx = bench.pbx
    before = bench.left()

    def lose() -> None:
        if pbx.kind == "mariadb":
            name = _lock_of(pbx)._name
            bench.do(f"KILL {bench.do(f'SELECT IS_USED_LOCK({name!r})')[0][0]}")
        else:
            bench.do("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        _until(lambda: _free(_lock_of(pbx)))

    with at("seal", "calls", lose), pytest.raises(LockedError) as stopped:
        pbx.run()
    assert stopped.value.exit_code == Exit.LOCKED
    assert bench.left() == before, "what was in hand is there again"
    other = pbx.site("other")
    assert pbx.run(other).exit_code == Exit.OK
    assert bench.left() == STAY
    assert pbx.run().exit_code == Exit.OK
    both = aftermath.deleted(pbx.site()) + aftermath.deleted(other)
    assert dict(both) == pbx.due, "two ledgers, and each record in one"


def _free(lock: DatabaseLock) -> bool:
    with suppress(LockedError), lock:
        return True
    return False


def _until(true: Callable[[], bool]) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while not true():
        assert datetime.now(UTC) < deadline


# --- 12: evidence half published, and a state folder of yesterday ---


@pytest.mark.parametrize("half", ["prepared", "ledger", "report"])
def test_a_report_half_published_is_published_with_the_same_bytes(
    tmp_path: Path, half: str
) -> None:
    pbx = small.build(tmp_path, ["tree"])
    dying = {"prepared": "_finish", "ledger": "_put", "report": ""}[half]

    def doomed() -> int:
        with pytest.MonkeyPatch.context() as patch:
            if dying:
                patch.setattr(Ledger, dying, lambda *_: os.kill(os.getpid(), 9))
            else:
                patch.setattr("pbxretain.journal.Journal.remove", lambda _: os.kill(os.getpid(), 9))
            pbx.run()
        return 0

    assert forked(doomed) == -9
    reports = pbx.site().reports
    left = [p for p in (reports / ".prepared", *reports.glob("*.dsse.json")) if p.exists()]
    assert len(left) == 1
    sealed = left[0].read_bytes()
    assert pbx.run().exit_code == Exit.OK
    assert (reports / Ledger(reports).entries()[0].file).read_bytes() == sealed
    assert dict(aftermath.deleted(pbx.site())) == pbx.due
    aftermath.assert_genuine(pbx.site(), small.NOW)


def test_a_state_folder_of_yesterday_beside_todays_reports_is_refused(tmp_path: Path) -> None:
    pbx, yesterday = _two_days(tmp_path)
    site = pbx.site()
    shutil.copy(yesterday / "ledger.jsonl", site.reports / "ledger.jsonl")
    before = pbx.snapshot()
    with pytest.raises(EvidenceError) as refused:
        pbx.run(small.NOW + timedelta(days=200))
    assert (refused.value.code, refused.value.exit_code) == ("FORK", Exit.FORGED)
    assert "older" in str(refused.value)
    assert pbx.snapshot() == before


def test_reports_of_a_restored_state_folder_and_those_before_it_show_the_fork(
    tmp_path: Path,
) -> None:
    pbx, yesterday = _two_days(tmp_path)
    site = pbx.site()
    elsewhere = tmp_path / "dpo"
    shutil.copytree(site.reports, elsewhere)
    shutil.rmtree(site.reports)
    shutil.copytree(yesterday, site.reports)
    assert pbx.run(small.NOW + timedelta(days=3)).exit_code == Exit.OK
    assert _verified(site, [site.reports]).exit == Exit.OK
    both = _verified(site, [site.reports, elsewhere])
    assert both.exit == Exit.FORGED


def _two_days(folder: Path) -> tuple[small.Small, Path]:
    """A PBX with two runs behind it, and a copy of the reports after the first."""
    pbx = small.build(folder, ["tree"])
    assert pbx.run().exit_code == Exit.OK
    shutil.copytree(pbx.site().reports, folder / "yesterday")
    assert pbx.run(small.NOW + timedelta(days=1)).exit_code == Exit.OK
    return pbx, folder / "yesterday"


def _verified(site: Site, paths: list[Path]) -> verify.Verdict:
    own = keys.write_public(site.state / "own.pem", site.key.public_key())
    now = small.NOW + timedelta(days=4)
    return verify.verify_paths(paths, trust=[own], own_public=None, now=now)


# --- 11, once more: a line that reached the file but not surely the disk ---


@pytest.mark.parametrize(("kind", "dataset"), [("spool", "voicemail"), ("tree", "recordings")])
def test_a_commit_line_that_could_not_be_synced_is_not_believed(
    tmp_path: Path, kind: str, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path, [kind])
    expected = small.build(tmp_path / "expected", [kind])
    expected.run()
    before = pbx.snapshot()
    sync = os.fsync

    def fails(fd: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with (
        at("seal", dataset, lambda: monkeypatch.setattr(os, "fsync", fails)),
        pytest.raises(EvidenceError),
    ):
        pbx.run()
    assert pbx.snapshot() == before, "all of it is there again"
    assert pbx.run().exit_code == Exit.OK
    assert pbx.snapshot() == expected.snapshot()
    covered = list(aftermath.reports(pbx.site()))
    assert [sum(d.balances.deleted for d in each.datasets) for each in covered] == [
        0,
        pbx.due[dataset],
    ]
