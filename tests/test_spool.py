"""How does an expired voicemail message leave Asterisk's spool while people phone?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support import samples
from support.voicemail import (
    INSTALLATION,
    SpoolMaker,
    StoredIntent,
    everything,
    open_store,
    ours,
)

from pbxretain.records import BatchName, Selection
from pbxretain.stores.spool import SpoolStore
from pbxretain.stores.spool_batch import SpoolBatch

NOW = samples.NOW
CUTOFF = samples.CUTOFF
OLD = CUTOFF - timedelta(days=30)
NEW = CUTOFF + timedelta(days=30)


def select(**values: object) -> Selection:
    return Selection(cutoff=CUTOFF, now=NOW, start="received", **values)  # type: ignore[arg-type]


def take(
    store: SpoolStore, *, batch: int = 1, limit: int = 1000, after: object = None
) -> SpoolBatch:
    return store.take(
        select(),
        limit=limit,
        after=after,
        skip=frozenset(),
        name=BatchName(INSTALLATION, "run-7", batch),
    )


def purge(store: SpoolStore, **values: int) -> SpoolBatch:
    with take(store, **values) as batch:
        batch.commit()
        batch.finish()
    return batch


def intent(*, committed: bool, count: int, batch: int = 1) -> StoredIntent:
    return StoredIntent(run="run-7", batch=batch, committed=committed, count=count)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return samples.restore_tree("voicemail", tmp_path)


@pytest.fixture
def spool(tmp_path: Path) -> SpoolMaker:
    maker = SpoolMaker(tmp_path / "voicemail")
    maker.folder()
    return maker


# --- the sample that a running Asterisk wrote ---


def test_the_sample_loses_exactly_what_an_independent_count_expects(sample: Path) -> None:
    expected = samples.voicemail(sample)
    before = everything(sample)
    store = open_store(sample)
    census = store.census(select())
    assert census.due == census.before == len(expected.due) / 3 == 41
    assert census.total == 85
    assert len(list(store.scan(select()))) == census.due
    batch = purge(store)
    assert len(batch.taken) == census.due
    assert samples.remaining(sample) == expected.stay
    after = everything(sample)
    assert all(after[path] == before[path] for path in after)
    assert store.census(select()).before == 0
    assert not take(store, batch=2).taken


def test_the_sample_comes_back_byte_for_byte_when_a_batch_is_rolled_back(sample: Path) -> None:
    before = everything(sample)
    with take(open_store(sample)) as batch:
        assert len(batch.taken) > 40
        assert everything(sample) != before
    assert everything(sample) == before


@pytest.mark.parametrize("limit", [1, 7, 20])
def test_small_batches_take_the_same_once_each(sample: Path, limit: int) -> None:
    store = open_store(sample)
    due = store.census(select()).due
    after: object = None
    seen: list[bytes] = []
    for number in range(100):
        batch = purge(store, batch=number, limit=limit, after=after)  # type: ignore[arg-type]
        assert len(batch.taken) <= limit + 1
        seen += [one.identity for one in batch.taken]
        assert batch.exhausted or batch.cursor != after
        after = batch.cursor
        if batch.exhausted:
            break
    assert len(seen) == len(set(seen)) == due
    assert store.census(select()).before == 0


@pytest.mark.parametrize("committed", [True, False])
def test_settle_alone_ends_a_batch_either_way(sample: Path, committed: bool) -> None:
    before = everything(sample)
    count = len(take(open_store(sample)).taken)
    store = open_store(sample)
    bits = store.settle(intent(committed=committed, count=count))
    assert list(bits) == [committed] * count
    if committed:
        assert samples.voicemail(sample).due == frozenset()
    else:
        assert everything(sample) == before
    assert not ours(sample)
    assert store.tidy(INSTALLATION) == 0


def test_tidy_puts_back_what_has_no_intent(sample: Path) -> None:
    before = everything(sample)
    count = len(take(open_store(sample)).taken)
    assert open_store(sample).tidy(INSTALLATION) >= count
    assert everything(sample) == before


def test_greetings_recordings_in_progress_and_pins_are_never_touched(sample: Path) -> None:
    maker = SpoolMaker(sample)
    box = sample / "default" / "411"
    maker.file(box / "secret.conf", b"[general]\npassword=1\n", OLD)
    maker.file(box / "msg0000.txt", b"[message]\norigtime=1\n", OLD)
    maker.file(box / "INBOX" / "note.txt", b"x", OLD)
    maker.message(0, OLD, folder="Attic")
    outside = {path: data for path, data in everything(sample).items() if not _in_folder(path)}
    purge(open_store(sample))
    left = {path: data for path, data in everything(sample).items() if not _in_folder(path)}
    assert left == outside
    assert (box / "INBOX" / "note.txt").exists()
    assert len([path for path in outside if b"tmp/" in path]) == 3


def _in_folder(path: bytes) -> bool:
    parts = path.split(b"/")
    return len(parts) == 4 and parts[2] not in (b"tmp", b"Attic")
