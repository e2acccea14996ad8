"""How does an expired voicemail message leave Asterisk's spool while people phone?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import samples
from support.ami_server import ami_server
from support.voicemail import (
    INSTALLATION,
    SpoolMaker,
    StoredIntent,
    everything,
    open_store,
    ours,
)

from pbxretain.errors import RefusedError, RootError, StoreError, UnavailableError
from pbxretain.records import BatchName, Selection
from pbxretain.stores import spool_taking
from pbxretain.stores.spool import SpoolStore
from pbxretain.stores.spool_batch import SpoolBatch

NOW = samples.NOW
CUTOFF = samples.CUTOFF
OLD = CUTOFF - timedelta(days=30)
NEW = CUTOFF + timedelta(days=30)


def select(**values: object) -> Selection:
    return Selection(cutoff=CUTOFF, now=NOW, start="received", **values)  # type: ignore[arg-type]


def listed(spool: SpoolMaker) -> list[str]:
    return sorted(path.name for path in spool.folder().iterdir())


def take(store: SpoolStore, *, batch: int = 1, limit: int = 1000, after: Any = None) -> SpoolBatch:
    return store.take(
        select(),
        limit=limit,
        after=after,
        skip=frozenset(),
        name=BatchName(INSTALLATION, "run-7", batch),
    )


def purge(store: SpoolStore, **values: Any) -> SpoolBatch:
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
    after: Any = None
    seen: list[bytes] = []
    for number in range(100):
        batch = purge(store, batch=number, limit=limit, after=after)
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


# --- what is a record, and whose ---


def test_every_file_of_a_message_goes_and_a_neighbour_keeps_its_own(spool: SpoolMaker) -> None:
    spool.message(0, OLD, extensions=[".wav", ".WAV", ".gsm", "intro.wav", "_0a1b.mp3"])
    spool.message(1, NEW)
    kept = {path: data for path, data in everything(spool.root).items() if b"msg0001" in path}
    with take(open_store(spool.root)) as batch:
        batch.commit()
        assert batch.finish().also == {"player-copies": 1, "intros": 1}
    assert len(batch.taken) == 1
    assert everything(spool.root) == kept


def test_the_cut_off_itself_stays_and_a_second_before_goes(spool: SpoolMaker) -> None:
    spool.message(0, CUTOFF - timedelta(seconds=1))
    spool.message(1, CUTOFF)
    purge(open_store(spool.root))
    assert listed(spool) == ["msg0001.WAV", "msg0001.txt", "msg0001.wav"]


def test_age_is_origtime_and_never_the_time_of_a_file(spool: SpoolMaker) -> None:
    moved = spool.folder("Old")
    spool.message(0, OLD, folder="Old")
    for path in moved.iterdir():
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    assert len(purge(open_store(spool.root)).taken) == 1


def test_identity_is_place_id_and_time_and_the_evidence_has_the_parties(spool: SpoolMaker) -> None:
    known = spool.message(3, OLD)
    with take(open_store(spool.root)) as batch:
        (one,) = batch.taken
    assert one.key == (b"default", b"411", b"INBOX", known.encode())
    assert one.start == str(int(OLD.timestamp())).encode()
    assert one.when == OLD.replace(microsecond=0)
    assert one.subjects == (b"+493023125001", b"411")
    assert one.digest is not None
    assert len(one.digest) == 32
    assert known not in repr(batch) + repr(one)


def test_the_digest_follows_the_content_and_not_the_number(spool: SpoolMaker) -> None:
    store = open_store(spool.root)

    def digest(number: int, sound: bytes) -> bytes | None:
        for path in spool.folder().iterdir():
            path.unlink()
        spool.message(number, OLD, message_id="1-0000000a", sound=sound)
        with take(store) as batch:
            return batch.taken[0].digest

    assert digest(0, b"voice") == digest(7, b"voice")
    assert digest(0, b"voice") != digest(0, b"other")


def test_a_message_without_an_id_is_known_by_its_text(spool: SpoolMaker) -> None:
    spool.message(0, OLD, message_id=None)
    spool.message(1, OLD + timedelta(seconds=1), message_id=None)
    batch = purge(open_store(spool.root))
    assert len({one.identity for one in batch.taken}) == 2
    assert all((one.key[-1] or b"").startswith(b"text-sha256:") for one in batch.taken)


def test_a_forwarded_copy_with_the_same_id_is_another_record(spool: SpoolMaker) -> None:
    known = spool.message(0, OLD)
    spool.message(0, OLD, box="default/412", message_id=known)
    batch = purge(open_store(spool.root))
    assert len({one.identity for one in batch.taken}) == 2


def test_twins_in_one_folder_go_in_one_batch(spool: SpoolMaker) -> None:
    for number in range(3):
        spool.message(number, OLD, message_id="1-00000001")
    spool.message(3, OLD + timedelta(hours=1))
    with take(open_store(spool.root), limit=1) as batch:
        assert len(batch.taken) == 3
        assert not batch.exhausted


@pytest.mark.parametrize("text", ["", "soon", "-5", "99999999999999", "12", "0", "1e9"])
def test_a_text_without_a_usable_time_is_undated_and_never_taken(
    spool: SpoolMaker, text: str
) -> None:
    spool.message(0, OLD, origtime=text)
    before = everything(spool.root)
    store = open_store(spool.root)
    census = store.census(select())
    assert (census.undated, census.before) == (1, 0)
    purge(store)
    assert everything(spool.root) == before


def test_garbage_for_a_text_is_undated_and_never_taken(spool: SpoolMaker) -> None:
    maker = spool
    maker.file(maker.folder() / "msg0000.txt", os.urandom(3000), OLD)
    maker.file(maker.folder() / "msg0000.wav", b"sound", OLD)
    twice = b"[message]\norigtime=1700000000\norigtime=1800000000\n"
    maker.file(maker.folder() / "msg0001.txt", twice, OLD)
    maker.file(maker.folder() / "msg0002.txt", b"origtime=1700000000\n", OLD)
    before = everything(spool.root)
    store = open_store(spool.root)
    assert store.census(select()).undated == 3
    purge(store)
    assert everything(spool.root) == before


def test_a_message_from_the_future_is_counted_and_stays(spool: SpoolMaker) -> None:
    spool.message(0, NOW + timedelta(days=1))
    spool.message(1, NOW + timedelta(days=1, seconds=1))
    store = open_store(spool.root)
    assert store.census(select()).future == 1
    assert not take(store).taken


@pytest.fixture
def fixed() -> Iterator[Callable[[Path], None]]:
    """Makes a file one that not even root renames, until the test is over."""
    done: list[Path] = []

    def fix(path: Path) -> None:
        if subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False).returncode:
            pytest.skip("files can't be made immutable here")
        done.append(path)

    yield fix
    for path in done:
        subprocess.run(["chattr", "-i", str(path)], check=True)


@pytest.mark.parametrize("part", ["msg0001.txt", "msg0001.wav", "msg0001.WAV"])
def test_a_message_that_cant_be_renamed_stays_whole_and_keeps_no_other(
    spool: SpoolMaker, fixed: Callable[[Path], None], part: str
) -> None:
    for number in range(3):
        spool.message(number, OLD)
    fixed(spool.folder() / part)
    batch = purge(open_store(spool.root))
    assert (len(batch.taken), batch.skipped) == (2, {"NOT_RENAMED": 1})
    assert listed(spool) == ["msg0001.WAV", "msg0001.txt", "msg0001.wav"]


def test_where_gaps_do_harm_a_message_that_cant_be_renamed_ends_the_batch(
    spool: SpoolMaker, fixed: Callable[[Path], None]
) -> None:
    for number in range(3):
        spool.message(number, OLD)
    before = everything(spool.root)
    fixed(spool.folder() / "msg0001.wav")
    with pytest.raises(StoreError):
        take(open_store(spool.root, version="16.30.0"))
    assert everything(spool.root) == before


def test_a_text_without_sound_goes_by_its_own_time(spool: SpoolMaker) -> None:
    spool.message(0, OLD, extensions=[])
    store = open_store(spool.root)
    assert store.census(select()).findings == {"NO_AUDIO": 1}
    purge(store)
    assert not everything(spool.root)


def test_file_names_that_are_not_utf8_go_and_come_back(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    folder = os.fsencode(spool.folder())
    odd = folder + (b"/msg0000_\xff\xfe\n.wav")
    Path(os.fsdecode(odd)).write_bytes(b"copy")
    long = folder + (b"/msg0000_" + b"\xe9" * 243 + b".wav")
    Path(os.fsdecode(long)).write_bytes(b"long")
    before = everything(spool.root)
    store = open_store(spool.root)
    with take(store) as batch:
        assert len(batch.taken) == 1
    assert everything(spool.root) == before
    take(store)
    assert open_store(spool.root).tidy(INSTALLATION) == 1
    assert everything(spool.root) == before
    purge(store)
    assert not everything(spool.root)


def test_mailboxes_that_are_symlinks_are_never_entered(spool: SpoolMaker, tmp_path: Path) -> None:
    other = SpoolMaker(tmp_path / "elsewhere")
    other.message(0, OLD, box="x/500")
    (spool.root / "device").mkdir()
    (spool.root / "device" / "500").symlink_to(other.root / "x" / "500")
    (spool.root / "context").symlink_to(other.root / "x")
    (spool.root / "default" / "411" / "Old").symlink_to(other.root / "x" / "500" / "INBOX")
    before = everything(tmp_path)
    store = open_store(spool.root)
    census = store.census(select())
    assert (census.total, census.findings) == (0, {"SYMLINKS": 3})
    assert [one.text for one in store.check() if one.code == "SYMLINKS"] == [
        "voicemail: symbolic links, which are not followed: 3."
    ]
    purge(store)
    assert everything(tmp_path) == before


def test_a_link_to_what_is_looked_at_anyway_or_to_a_greeting_is_nothing_to_tell(
    spool: SpoolMaker, tmp_path: Path
) -> None:
    spool.message(0, OLD)
    (spool.root / "device").mkdir()
    (spool.root / "device" / "411").symlink_to(spool.root / "default" / "411")
    (tmp_path / "greeting.wav").touch()
    (spool.root / "default" / "411" / "unavail.wav").symlink_to(tmp_path / "greeting.wav")
    assert open_store(spool.root).census(select()).findings == {}
    (spool.root / "default" / "412").symlink_to(tmp_path / "unmounted")
    assert open_store(spool.root).census(select()).findings == {"SYMLINKS": 1}


def test_messages_where_asterisk_keeps_none_are_told_and_stay(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    for folder in ("Custom", "inbox", "."):
        spool.message(0, OLD, folder=folder, extensions=[".wav"])
    spool.message(10000, OLD, extensions=[".wav"])
    (spool.folder() / "saved by hand.wav").touch()
    for name in ("unavail.wav", "INBOX/.lock-0001", "INBOX/lock", "tmp/Xy0123"):
        spool.file(spool.root / "default" / "411" / name, b"x", OLD)
    store = open_store(spool.root)
    assert store.census(select()).findings == {"UNKNOWN_FILES": 9}
    assert "UNKNOWN_FILES" in [one.code for one in store.check()]
    (spool.folder() / "lock").unlink()
    purge(store)
    after = store.census(select())
    assert (after.total, after.findings) == (0, {"UNKNOWN_FILES": 9})


def test_a_message_with_a_symlink_among_its_files_is_left_alone(
    spool: SpoolMaker, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    spool.message(0, OLD, extensions=[".wav"])
    (spool.folder() / "msg0000.gsm").symlink_to(target)
    before = everything(tmp_path)
    store = open_store(spool.root)
    with take(store) as batch:
        assert not batch.taken
        assert batch.skipped == {"NOT_A_FILE": 1}
    assert store.census(select()).findings["NOT_A_FILE"] == 1
    assert everything(tmp_path) == before


def test_what_is_held_stays_and_is_counted_apart(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    spool.message(1, OLD + timedelta(hours=1))
    store = open_store(spool.root)
    with take(store) as batch:
        held = batch.taken[0].identity
    selection = select(excluded_keys=frozenset({held}))
    census = store.census(selection)
    assert (census.before, census.due, census.held) == (2, 1, 1)
    assert len(list(store.scan(selection))) == 1
    batch = store.take(
        selection,
        limit=9,
        after=None,
        skip=frozenset(),
        name=BatchName(INSTALLATION, "r", 2),
    )
    with batch:
        assert held not in {one.identity for one in batch.taken}
        assert len(batch.taken) == 1
    skipping = store.take(
        select(), limit=9, after=None, skip=frozenset({held}), name=BatchName(INSTALLATION, "r", 3)
    )
    with skipping:
        assert len(skipping.taken) == 1


def test_the_listing_is_oldest_first_over_all_folders(spool: SpoolMaker) -> None:
    for i, box in enumerate(["b/2", "a/1", "c/3"]):
        spool.message(0, OLD - timedelta(days=i), box=box)
    records = list(open_store(spool.root).scan(select()))
    assert [one.when for one in records] == sorted(one.when for one in records if one.when)
    assert "2@b INBOX +493023125001" in [one.label for one in records]


# --- a former owner's voice ---


def _former_owner(spool: SpoolMaker, number: int, own: datetime, former: datetime) -> Path:
    """Asterisk after a change from gsm|wav to wav49|gsm: the old .wav stays under the number."""
    spool.message(number, own, extensions=[".WAV", ".gsm"])
    return spool.file(spool.folder() / f"msg{number:04d}.wav", b"old voice", former)


def test_a_former_owners_voice_goes_alone_while_its_message_stays(spool: SpoolMaker) -> None:
    spool.message(0, NEW, extensions=[".WAV", ".gsm"])
    voice = _former_owner(spool, 1, NEW, OLD)
    before = everything(spool.root)
    store = open_store(spool.root)
    census = store.census(select())
    assert (census.before, census.due, census.total) == (1, 1, 3)
    assert census.findings == {"FORMER_OWNER": 1}
    batch = purge(store)
    (one,) = batch.taken
    assert one.when == OLD.replace(microsecond=0)
    assert (one.key[-1] or b"").startswith(b"sound-sha256:")
    assert one.subjects == (None, b"411")
    path = os.fsencode(voice.relative_to(spool.root))
    assert everything(spool.root) == {key: data for key, data in before.items() if key != path}
    assert store.census(select()).findings == {}


def test_a_former_owners_voice_waits_until_it_is_due_itself(spool: SpoolMaker) -> None:
    _former_owner(spool, 0, NEW + timedelta(days=9), NEW)
    store = open_store(spool.root)
    assert store.census(select()).findings == {"FORMER_OWNER": 1}
    assert not take(store).taken


def test_a_former_owners_voice_goes_with_a_message_that_is_due(spool: SpoolMaker) -> None:
    _former_owner(spool, 0, OLD, OLD - timedelta(days=9))
    store = open_store(spool.root)
    assert store.census(select()).before == 1
    assert len(purge(store).taken) == 1
    assert not everything(spool.root)


def test_a_former_owners_voice_comes_back_beside_its_message(spool: SpoolMaker) -> None:
    _former_owner(spool, 4, NEW, OLD)
    before = everything(spool.root)
    with take(open_store(spool.root)) as batch:
        assert len(batch.taken) == 1
    assert everything(spool.root) == before


def test_a_message_is_never_left_without_sound_of_its_own(spool: SpoolMaker) -> None:
    spool.message(0, NEW)
    for path in spool.folder().glob("*.[wW]*"):
        os.utime(path, (OLD.timestamp(), OLD.timestamp()))
    store = open_store(spool.root)
    assert store.census(select()).findings == {}
    assert not take(store).taken


def test_a_voice_whose_time_a_move_renewed_is_told_and_left(spool: SpoolMaker) -> None:
    for number in range(3):
        spool.message(number, NEW + timedelta(hours=number), extensions=[".WAV", ".gsm"])
    spool.file(spool.folder() / "msg0001.wav", b"old voice", NEW + timedelta(days=1))
    store = open_store(spool.root)
    assert store.census(select()).findings == {"FORMER_OWNER_SUSPECTED": 1}
    assert not take(store).taken


def test_sound_without_a_message_is_told_and_goes_by_its_latest_change(spool: SpoolMaker) -> None:
    spool.file(spool.folder() / "msg0004.wav", b"old", OLD)
    spool.file(spool.folder() / "msg0005.wav", b"old", OLD)
    spool.file(spool.folder() / "msg0005.gsm", b"touched since", NEW)
    store = open_store(spool.root)
    census = store.census(select())
    assert census.findings == {"ORPHAN_AUDIO": 2}
    assert census.before == 1
    assert len(purge(store).taken) == 1
    assert listed(spool) == ["msg0005.gsm", "msg0005.wav"]


# --- numbers move while nobody holds the lock ---


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Runs ``act``, as another program would, when all is hashed and the lock not yet held."""
    original = spool_taking.hashed_content

    def hashed(*args: Any) -> None:
        original(*args)
        act()

    monkeypatch.setattr(spool_taking, "hashed_content", hashed)


def test_a_number_that_became_another_message_is_not_taken(
    spool: SpoolMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.message(0, OLD)

    def reuse() -> None:
        for path in spool.folder().iterdir():
            path.unlink()
        spool.message(0, NEW)

    _meanwhile(monkeypatch, reuse)
    with take(open_store(spool.root)) as batch:
        assert not batch.taken
        assert batch.absent == 1
    assert len(everything(spool.root)) == 3


def test_a_message_that_was_renumbered_meanwhile_is_taken_under_its_new_number(
    spool: SpoolMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.message(3, OLD)
    spool.message(5, NEW)

    def resequence() -> None:
        for old, new in ((3, 0), (5, 3)):
            for path in list(spool.folder().glob(f"msg{old:04d}.*")):
                path.rename(path.with_name(f"msg{new:04d}{path.suffix}"))

    _meanwhile(monkeypatch, resequence)
    batch = purge(open_store(spool.root))
    assert len(batch.taken) == 1
    assert listed(spool) == ["msg0003.WAV", "msg0003.txt", "msg0003.wav"]


def test_a_message_that_changed_since_it_was_hashed_waits(
    spool: SpoolMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.message(0, OLD)
    _meanwhile(
        monkeypatch, lambda: spool.file(spool.folder() / "msg0000_ab.wav", b"player copy", NOW)
    )
    with take(open_store(spool.root)) as batch:
        assert not batch.taken
        assert batch.skipped == {"CHANGED": 1}
    assert len(everything(spool.root)) == 4


@pytest.mark.parametrize("folder_too", [False, True])
def test_what_somebody_else_deleted_meanwhile_is_absent_and_no_evidence_of_ours(
    spool: SpoolMaker, monkeypatch: pytest.MonkeyPatch, folder_too: bool
) -> None:
    spool.message(0, OLD)

    def delete() -> None:
        for path in spool.folder().iterdir():
            path.unlink()
        if folder_too:
            spool.folder().rmdir()

    _meanwhile(monkeypatch, delete)
    with take(open_store(spool.root)) as batch:
        assert (batch.absent, list(batch.taken)) == (1, [])


def test_a_gap_is_left_alone_where_asterisk_closes_it_itself(spool: SpoolMaker) -> None:
    for number in range(4):
        spool.message(number, OLD if number == 1 else NEW + timedelta(hours=number))
    purge(open_store(spool.root))
    numbers = sorted({name[3:7] for name in listed(spool)})
    assert numbers == ["0000", "0002", "0003"]


def test_undo_gives_a_reused_number_to_nobody_and_appends(spool: SpoolMaker) -> None:
    spool.message(8, NEW)
    old = spool.message(9, OLD)
    with take(open_store(spool.root)) as batch:
        assert len(batch.taken) == 1
        new = spool.message(9, NEW, extensions=[".gsm"])
    folder = spool.folder()
    assert new in (folder / "msg0009.txt").read_text(errors="replace")
    assert (folder / "msg0009.gsm").read_text() == f"{new}.gsm"
    assert not (folder / "msg0009.wav").exists()
    assert old in (folder / "msg0010.txt").read_text(errors="replace")
    assert (folder / "msg0010.WAV").read_text() == f"{old}.WAV"
    assert not ours(spool.root)


def test_undo_of_sound_never_covers_a_new_file(spool: SpoolMaker) -> None:
    spool.file(spool.folder() / "msg0004.wav", b"orphan", OLD)
    store = open_store(spool.root)
    with take(store) as batch:
        assert len(batch.taken) == 1
        spool.message(4, NEW, extensions=[".wav"])
    assert (spool.folder() / "msg0004.wav").read_bytes() != b"orphan"
    census = open_store(spool.root).census(select())
    assert census.findings == {"OWN_LEFTOVER": 1}
    assert census.before == census.due == 1


# --- versions on which a gap destroys new messages ---


def test_an_old_version_without_sight_of_sessions_is_refused(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    spool.message(1, NEW)
    before = everything(spool.root)
    for version in (None, "18.20.2", "20.5.0", "21.0.1", "16.30.0", "certified/18.9-cert4"):
        store = open_store(spool.root, version=version)
        assert [one.code for one in store.check() if one.severity == "error"] == ["NUMBERING"]
        with pytest.raises(RefusedError, match="version"):
            take(store)
    assert everything(spool.root) == before


def test_an_old_version_loses_from_the_end_without_sight_of_sessions(spool: SpoolMaker) -> None:
    for number in range(3):
        spool.message(number, (NEW if number == 0 else OLD) + timedelta(hours=number))
    store = open_store(spool.root, version="18.20.2")
    assert len(purge(store, limit=1).taken) == 2
    assert store.census(select()).before == 0


def test_an_old_version_has_its_gaps_closed_under_the_same_lock(spool: SpoolMaker) -> None:
    kept = []
    for number in range(60):
        due = number % 2 == 0
        known = spool.message(
            number,
            (OLD if due else NEW) + timedelta(minutes=number),
            extensions=[".wav", ".WAV", "_ab.mp3"] if number % 3 else [".wav"],
        )
        kept += [] if due else [known]
    with ami_server(version="18.20.2") as server:
        store = open_store(spool.root, version="18.20.2", ami=server.settings)
        after: Any = None
        for number in range(9):
            batch = purge(store, batch=number, after=after)
            after = batch.cursor
            if batch.exhausted:
                break
        store.close()
    folder = spool.folder()
    texts = [path.read_text(errors="replace") for path in sorted(folder.glob("*.txt"))]
    assert [path.name[3:7] for path in sorted(folder.glob("*.txt"))] == [
        f"{number:04d}" for number in range(30)
    ]
    assert all(known in text for known, text in zip(kept, texts, strict=True))
    for path in folder.glob("*.wav"):
        assert path.read_text().removesuffix(".wav") in path.with_suffix(".txt").read_text(
            errors="replace"
        )
    assert not ours(spool.root)


def test_undo_on_an_old_version_appends_and_leaves_no_gap(spool: SpoolMaker) -> None:
    for number in range(6):
        spool.message(number, (OLD if number < 2 else NEW) + timedelta(hours=number))
    before = everything(spool.root)
    with ami_server() as server:
        store = open_store(spool.root, version="20.5.0", ami=server.settings)
        with take(store) as batch:
            assert len(batch.taken) == 2
        store.close()
    after = everything(spool.root)
    assert sorted(after.values()) == sorted(before.values())
    assert sorted(after) == sorted(before)


# --- who is in the mailbox ---


def test_a_mailbox_with_an_open_session_is_left_alone_and_counted(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    spool.message(0, OLD, folder="Old")
    spool.message(0, OLD, box="default/412")
    with ami_server(channels=[("VoiceMailMain", "411@default")]) as server:
        store = open_store(spool.root, ami=server.settings)
        batch = purge(store)
        assert batch.skipped == {"SESSION_OPEN": 2}
        assert [one.key[1] for one in batch.taken] == [b"412"]
        server.channels = []
        assert len(purge(store, batch=2).taken) == 2
        store.close()


def test_a_session_that_begins_before_the_lock_is_seen_under_it(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    with ami_server() as server:
        asked = []

        def log_in(action: str) -> None:
            if action == "CoreShowChannels":
                asked.append(action)
                if len(asked) == 2:
                    server.channels = [("VoiceMailMain", "411@default")]

        server.when_asked = log_in
        store = open_store(spool.root, ami=server.settings)
        with take(store) as batch:
            assert not batch.taken
            assert batch.skipped == {"SESSION_OPEN": 1}
        store.close()
    assert not ours(spool.root)


def test_lamps_are_refreshed_after_the_messages_are_gone(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    spool.message(0, OLD, box="werkstatt/621")
    spool.message(0, NEW, box="default/412")
    with ami_server() as server:
        store = open_store(spool.root, ami=server.settings)
        with take(store) as batch:
            batch.commit()
            assert not server.actions("VoicemailRefresh")
            batch.finish()
        refreshed = [(one["Context"], one["Mailbox"]) for one in server.actions("VoicemailRefresh")]
        assert refreshed == [("default", "411"), ("werkstatt", "621")]
        assert {one["Action"] for one in server.asked} <= {
            "Login",
            "Logoff",
            "CoreShowChannels",
            "VoicemailRefresh",
        }
        store.close()


def test_a_lamp_that_stays_lit_is_a_finding_and_no_error(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    with ami_server(denied={"VoicemailRefresh"}) as server:
        store = open_store(spool.root, ami=server.settings)
        purge(store)
        assert store.census(select()).findings == {"LAMP_NOT_REFRESHED": 1}
        store.close()


def test_a_manager_that_does_not_say_who_listens_stops_the_dataset(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    before = everything(spool.root)
    with ami_server(denied={"CoreShowChannels"}) as server:
        store = open_store(spool.root, ami=server.settings)
        assert [(one.code, one.severity) for one in store.check()] == [("AMI", "error")]
        with pytest.raises(UnavailableError):
            take(store)
        store.close()
    assert everything(spool.root) == before


def test_a_stopped_asterisk_hinders_nothing(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    spool.message(1, NEW)
    with ami_server() as server:
        settings = server.settings
    store = open_store(spool.root, version="18.20.2", ami=settings)
    assert len(purge(store).taken) == 1
    assert listed(spool)[0] == "msg0000.WAV"


def test_a_restarted_asterisk_is_asked_anew(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    spool.message(0, OLD, box="default/412")
    with ami_server() as server:
        store = open_store(spool.root, ami=server.settings)
        assert store.presence.inside(b"a", b"1") is False
        assert store.presence._ami is not None
        store.presence._ami._socket.shutdown(2)
        assert len(purge(store).taken) == 2
        store.close()


def test_without_the_manager_the_risk_is_told(spool: SpoolMaker) -> None:
    advice = {one.code: one for one in open_store(spool.root).check()}
    assert list(advice) == ["NO_AMI"]
    assert advice["NO_AMI"].severity == "warning"
    assert "ami:" in advice["NO_AMI"].command


# --- roots, leftovers, rights ---


def test_a_missing_or_empty_root_is_refused_and_an_empty_mailbox_is_not(tmp_path: Path) -> None:
    with pytest.raises(RootError):
        open_store(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RootError):
        open_store(tmp_path / "empty")
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "file").touch()
    with pytest.raises(RootError):
        open_store(tmp_path / "stray")
    (tmp_path / "spool" / "default").mkdir(parents=True)
    assert open_store(tmp_path / "spool").census(select()).total == 0


@pytest.mark.parametrize(
    "holds",
    [
        ["default/501"],
        ["default/501/unavail.wav", "default/501/secret.conf", "default/501/tmp/Xy0123"],
        ["default/501/INBOX"],
        ["default/501/INBOX", "old/msg0000.txt"],
    ],
)
def test_a_new_spool_without_messages_opens(tmp_path: Path, holds: list[str]) -> None:
    spool = SpoolMaker(tmp_path / "voicemail")
    for name in holds:
        path = spool.root / name
        if "." in path.name or path.parent.name == "tmp":
            spool.file(path, b"x", OLD)
        else:
            path.mkdir(parents=True)
    assert open_store(spool.root).census(select()).total == 0


def test_a_root_above_or_below_the_spool_is_refused_with_the_right_one(tmp_path: Path) -> None:
    spool = SpoolMaker(tmp_path / "asterisk" / "voicemail")
    spool.message(0, OLD)
    spool.file(tmp_path / "asterisk/monitor/2026/x.wav", b"x", OLD)
    for wrong in (spool.root / "default", spool.root / "default/411", tmp_path / "asterisk"):
        with pytest.raises(RootError) as refused:
            open_store(wrong)
        assert refused.value.code == "NO_MAILBOXES"
        assert refused.value.hint == f"under roots write voicemail: {spool.root}"


@pytest.mark.parametrize("name", ["2026/05/02/out-1.wav", "2026/05/x.wav", "2026/05/02/msg0.txt"])
def test_a_root_that_is_no_spool_is_refused(tmp_path: Path, name: str) -> None:
    spool = SpoolMaker(tmp_path / "voicemail")
    spool.file(spool.root / name, b"x", OLD)
    with pytest.raises(RootError) as refused:
        open_store(spool.root)
    assert refused.value.code == "NO_MAILBOXES"
    assert "default/501/INBOX" in refused.value.hint


def test_opening_planning_and_counting_change_nothing(sample: Path) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in sample.rglob("*")}
    store = open_store(sample)
    store.check()
    store.census(select())
    list(store.scan(select()))
    store.close()
    assert {path: path.stat().st_mtime_ns for path in sample.rglob("*")} == stamps


def test_what_another_installation_set_aside_is_told_and_untouched(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    other = open_store(spool.root, installation="somebody")
    other.take(select(), limit=9, after=None, skip=frozenset(), name=BatchName("somebody", "r", 1))
    before = everything(spool.root)
    store = open_store(spool.root)
    assert store.tidy(INSTALLATION) == 0
    census = store.census(select())
    assert census.findings == {"FOREIGN_LEFTOVER": 3}
    assert census.total == 0
    assert everything(spool.root) == before


def test_our_own_leftover_counts_as_what_remains(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    take(open_store(spool.root)).commit()
    census = open_store(spool.root).census(select())
    assert (census.before, census.due, census.total) == (1, 1, 1)
    assert census.findings == {"OWN_LEFTOVER": 3}


def test_a_full_folder_that_only_looks_full_is_told(spool: SpoolMaker) -> None:
    for number in range(5):
        spool.message(number, (OLD if number < 3 else NEW), folder="Work")
    store = open_store(spool.root, limit=5)
    assert store.census(select()).findings == {}
    purge(store)
    assert store.census(select()).findings == {"GAP_AT_LIMIT": 1}


def test_finish_may_run_twice(spool: SpoolMaker) -> None:
    spool.message(0, OLD)
    with take(open_store(spool.root)) as batch:
        batch.commit()
        assert batch.finish().kept == []
        assert batch.finish().kept == []
    assert not everything(spool.root)


def test_nothing_personal_is_shown_by_any_repr(spool: SpoolMaker) -> None:
    spool.message(0, OLD, box="canary-context/canary-box")
    store = open_store(spool.root)
    with take(store) as batch:
        shown = f"{store} {batch} {batch.taken} {batch.cursor} {batch.skipped} {batch.bounds}"
    shown += f"{list(store.scan(select()))}"
    assert "canary" not in shown


_AS_NOBODY = """
import sys
from pathlib import Path
from support.voicemail import INSTALLATION, open_store
from support.spool_child import selection
from pbxretain.errors import RetainError
from pbxretain.records import BatchName
store = open_store(Path(sys.argv[1]))
print(sorted(one.code for one in store.check() if one.severity == "error"))
name = BatchName(INSTALLATION, "r", 1)
try:
    with store.take(selection(), limit=9, after=None, skip=frozenset(), name=name) as batch:
        batch.commit()
        finish = batch.finish()
        print(len(batch.taken), finish.failed)
except RetainError as error:
    print(error.code, "/" in str(error))
"""


def _as_nobody(root: Path) -> list[str]:
    command = [sys.executable, "-c", _AS_NOBODY, str(root)]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    paths = f"{Path(__file__).parent}{os.pathsep}{Path(__file__).parents[1]}"
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, cwd="/"
    )
    assert not done.stderr
    return done.stdout.splitlines()


def test_a_folder_that_can_not_be_written_keeps_its_own_messages_only() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        spool = SpoolMaker(Path(scratch) / "voicemail")
        spool.message(0, OLD)
        spool.message(0, OLD, box="default/412")
        if os.geteuid() == 0:
            for path in (spool.root, *spool.root.rglob("*")):
                os.chown(path, 65534, 65534)
        before = everything(spool.root)
        other = spool.folder("INBOX", box="default/412")
        for one in (spool.folder(), other):
            one.chmod(0o555)
        assert _as_nobody(spool.root) == ["['NOT_WRITABLE']", "0 0"]
        assert everything(spool.root) == before
        other.chmod(0o755)
        assert _as_nobody(spool.root) == ["[]", "1 0"]
        assert everything(spool.root) == {k: v for k, v in before.items() if b"/411/" in k}
        spool.folder().chmod(0o755)
        assert _as_nobody(spool.root) == ["[]", "1 0"]
        assert not everything(spool.root)
