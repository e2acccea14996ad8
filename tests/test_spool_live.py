"""What is left of a voicemail spool when the run dies, or when callers leave messages meanwhile?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import samples
from support.ami_server import ami_server
from support.crash import Outcome, When, Zygote, campaign
from support.spool_child import RUN, selection
from support.voicemail import (
    INSTALLATION,
    SpoolMaker,
    StoredIntent,
    everything,
    open_store,
    ours,
)

from pbxretain.records import BatchName
from pbxretain.stores.spool import SpoolStore

OLD = samples.CUTOFF - timedelta(days=30)
NEW = samples.CUTOFF + timedelta(days=30)
TESTS = Path(__file__).resolve().parent


def _small(root: Path) -> SpoolMaker:
    spool = SpoolMaker(root)
    spool.message(0, OLD, extensions=[".wav", ".WAV"])
    spool.message(1, NEW, extensions=[".wav"])
    spool.message(2, OLD + timedelta(hours=1), extensions=[".wav"])
    spool.message(3, NEW + timedelta(hours=1), extensions=[".WAV"])
    spool.file(spool.folder() / "msg0003.wav", b"former owner", OLD)
    spool.message(0, OLD, folder="Old", extensions=[".wav"])
    return spool


def _messages(root: Path) -> Counter[tuple[bytes, ...]]:
    """Each message by what is in its files, whatever its number; a former owner's voice apart."""
    stems: dict[bytes, list[bytes]] = {}
    for path, data in everything(root).items():
        stem = path[: path.index(b"/msg") + 8]
        if data == b"former owner":
            stem += b" voice"
        stems.setdefault(stem, []).append(path[-4:] + data)
    return Counter((stem.split(b"/")[2], *sorted(files)) for stem, files in stems.items())


def _mode(text: str) -> Any:
    return None if text == "None" else text


@pytest.mark.slow
@pytest.mark.parametrize("what", ["commit", "rollback"])
@pytest.mark.parametrize(
    ("mode", "version"),
    [("lockfile", "22.0.0"), ("flock", "22.0.0"), ("None", "18.20.0")],
)
def test_a_batch_killed_anywhere_is_settled_to_all_or_nothing(
    tmp_path: Path, mode: str, version: str, what: str
) -> None:
    _small(tmp_path / "original")
    before = _messages(tmp_path / "original")
    state: dict[str, Path] = {}

    def inspect(outcome: Outcome) -> None:
        root = state["root"]
        assert outcome.killed or outcome.code == 0, outcome.output
        lines = [json.loads(one) for one in _read(root.parent / "journal")]
        journal = {(word, batch): count for word, batch, count in lines}
        last = max((batch for word, batch in journal if word == "intent"), default=-1)
        with ami_server(version=version) as server:
            store = open_store(root, lockmode=_mode(mode), version=version, ami=server.settings)
            if ("intent", last) in journal and ("mark", last) not in journal:
                committed = ("committed", last) in journal
                count = journal["intent", last]
                bits = store.settle(
                    StoredIntent(run=RUN, batch=last, committed=committed, count=count)
                )
                assert list(bits) == [committed] * count
            store.tidy(INSTALLATION)
            assert store.tidy(INSTALLATION) == 0
            gone = sum(count for (word, _), count in journal.items() if word == "committed")
            after = _messages(root)
            assert not ours(root)
            assert sum(after.values()) == 6 - gone
            assert after <= before
            assert store.census(selection()).before == 4 - gone
            store.close()

    with Zygote("support.spool_child") as zygote, tempfile.TemporaryDirectory() as scratch:
        number = iter(range(10_000))

        def run_child(at: int | None, when: When) -> Outcome:
            root = Path(scratch) / f"{next(number)}" / "voicemail"
            _small(root)
            state["root"] = root
            args = [str(root), mode, version, what]
            return zygote.run("support.spool_child:batches", args, at=at, when=when)

        # Dying after an event and before the next one leave the same disk.
        assert campaign(run_child, inspect, modes=("before",)) > 40


def _read(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("mode", ["lockfile", "flock"])
def test_callers_lose_nothing_and_hardly_wait_while_messages_are_deleted(
    tmp_path: Path, mode: Any
) -> None:
    spool = SpoolMaker(tmp_path / "voicemail")
    for number in range(200):
        spool.message(number, OLD + timedelta(minutes=number))
    folder = spool.folder()
    callers = [
        subprocess.Popen(
            [sys.executable, "-m", "support.spool_child", str(folder), mode, "30", "0.02"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
        )
        for _ in range(2)
    ]
    left: list[str] = []
    threads = [
        threading.Thread(target=lambda c=caller: left.extend(c.stdout or [])) for caller in callers
    ]
    for thread in threads:
        thread.start()
    store = open_store(spool.root, lockmode=mode)
    taken = 0
    for number in range(1000):
        with _take(store, number, limit=15) as batch:
            taken += len(batch.taken)
            if number % 3:
                batch.commit()
                batch.finish()
            else:
                taken -= len(batch.taken)
        if all(caller.poll() is not None for caller in callers) and taken == 200:
            break
    for thread in threads:
        thread.join(60)
    assert [caller.wait(60) for caller in callers] == [0, 0]
    waits = [float(line.split()[1]) for line in left]
    assert len(left) == 60
    assert max(waits) < 1
    assert sorted(waits)[len(waits) * 9 // 10] < 0.2
    there = {path.read_text().split("msg_id=")[1].strip() for path in folder.glob("*.txt")}
    assert there == {line.split()[0] for line in left}
    for path in folder.glob("*.txt"):
        known = path.read_text().split("msg_id=")[1].strip()
        assert path.with_suffix(".wav").read_text() == known
        assert path.with_suffix(".WAV").read_text() == known
    assert len(list(folder.iterdir())) == 180


def _take(store: SpoolStore, number: int, limit: int = 1000) -> Any:
    name = BatchName(INSTALLATION, RUN, number)
    return store.take(selection(), limit=limit, after=None, skip=frozenset(), name=name)


_ages = st.lists(
    st.tuples(
        st.integers(-400, 200),
        st.sampled_from(["INBOX", "Old", "Urgent", "Deleted", "Cust5"]),
        st.sets(st.sampled_from([".wav", ".WAV", ".gsm", "intro.wav", "_ff.mp3"]), max_size=4),
        st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(ages=_ages, limit=st.integers(1, 9), old_version=st.booleans(), undo=st.booleans())
def test_for_any_spool_nothing_due_remains_and_nothing_else_changes(
    ages: list[tuple[int, str, set[str], bool]], limit: int, old_version: bool, undo: bool
) -> None:
    with tempfile.TemporaryDirectory() as scratch, ami_server() as server:
        spool = SpoolMaker(Path(scratch) / "voicemail")
        spool.folder()
        numbers: Counter[str] = Counter()
        for hours, folder, extensions, dated in ages:
            spool.message(
                numbers[folder],
                samples.CUTOFF + timedelta(hours=hours),
                folder=folder,
                extensions=extensions,
                origtime=None if dated else "?",
            )
            numbers[folder] += 1
        due = sum(hours < 0 and dated for hours, _, _, dated in ages)
        before = _messages(spool.root)
        version = "18.20.0" if old_version else "22.0.0"
        store = open_store(spool.root, version=version, ami=server.settings)
        census = store.census(selection())
        assert (census.before, census.total) == (due, len(ages))
        after: Any = None
        taken = []
        for number in range(60):
            name = BatchName(INSTALLATION, RUN, number)
            with store.take(
                selection(), limit=limit, after=after, skip=frozenset(), name=name
            ) as batch:
                if undo:
                    continue
                taken += [one.identity for one in batch.taken]
                batch.commit()
                batch.finish()
            after = batch.cursor
            if batch.exhausted:
                break
        store.close()
        left = _messages(spool.root)
        if undo:
            assert left == before
        else:
            assert len(set(taken)) == len(taken) == due
            assert store.census(selection()).before == 0
            assert sum(left.values()) == len(ages) - due
            assert left <= before
        assert not ours(spool.root)
