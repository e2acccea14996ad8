"""Which files in a voicemail folder are one message, how old is it, and whose voice is in it?"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from support import samples
from support.voicemail import SpoolMaker

from pbxretain.stores import mailbox
from pbxretain.stores.files import check_root
from pbxretain.stores.mailbox import Contents, Place, places, read_folder, split

OLD = samples.CUTOFF - timedelta(days=30)
HOUR = timedelta(hours=1)


def contents(spool: SpoolMaker, folder: bytes = b"INBOX") -> Contents:
    root = check_root(spool.root, folders_suffice=True)
    place = Place(b"default", b"411", folder)
    with root.folder(place.rel) as opened:
        return read_folder(opened, place, installation="i")


@pytest.fixture
def spool(tmp_path: Path) -> SpoolMaker:
    maker = SpoolMaker(tmp_path / "voicemail")
    maker.folder()
    return maker


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"msg0000.txt", (0, b".txt")),
        (b"msg9998.WAV", (9998, b".WAV")),
        (b"msg0007intro.wav", (7, b"intro.wav")),
        (b"msg0007_0a1b.mp3", (7, b"_0a1b.mp3")),
        (b"msg0001.\xff", (1, b".\xff")),
        (b"msg00001.txt", None),
        (b"msg001.txt", None),
        (b"MSG0001.txt", None),
        (b"msg0001", None),
        (b"msg0001x.wav", None),
        (b"unavail.wav", None),
        (b".pbxretain-i-r-1-msg0001.txt", None),
    ],
)
def test_only_these_names_belong_to_messages(
    name: bytes, expected: tuple[int, bytes] | None
) -> None:
    assert split(name) == expected


def test_case_tells_two_files_apart(spool: SpoolMaker) -> None:
    spool.message(0, OLD, extensions=[".wav", ".WAV"])
    (item,) = contents(spool).items
    assert [part.suffix for part in item.parts] == [b".txt", b".WAV", b".wav"]


def test_only_asterisks_twelve_folders_are_looked_at(tmp_path: Path) -> None:
    spool = SpoolMaker(tmp_path)
    for folder in (*map(os.fsdecode, mailbox.FOLDERS), "tmp", "inbox", "Cust6", "greet"):
        spool.folder(folder)
    assert {place.folder for place in places(check_root(tmp_path, folders_suffice=True))} == set(
        mailbox.FOLDERS
    )
    assert len(mailbox.FOLDERS) == 12


def test_a_walk_may_begin_in_the_middle(tmp_path: Path) -> None:
    spool = SpoolMaker(tmp_path)
    for box in ("a/1", "a/2", "b/1"):
        for folder in ("INBOX", "Old"):
            spool.folder(folder, box)
    root = check_root(tmp_path, folders_suffice=True)
    everywhere = list(places(root))
    assert len(everywhere) == 6
    for i, place in enumerate(everywhere):
        assert list(places(root, place)) == everywhere[i:]


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        (b'"A <b> c" <+4930>', b"+4930"),
        (b"+12125550100", b"+12125550100"),
        (b"Unknown", None),
        (b"anonymous <anonymous>", None),
        (b"", None),
        (b'"\xff" <12>', b"12"),
    ],
)
def test_the_callers_number_is_read_from_any_form(
    spool: SpoolMaker, caller: bytes, number: bytes | None
) -> None:
    spool.message(0, OLD, caller=caller)
    assert contents(spool).items[0].caller == number


@pytest.mark.parametrize(("before", "leftovers"), [(HOUR / 2, 0), (HOUR * 2, 1)])
def test_sound_is_a_former_owners_only_well_before_the_message(
    spool: SpoolMaker, before: timedelta, leftovers: int
) -> None:
    spool.message(0, OLD, extensions=[".WAV"])
    spool.file(spool.folder() / "msg0000.wav", b"x", OLD - before)
    assert len(contents(spool).items[0].leftovers) == leftovers


def test_an_odd_player_copy_leaves_the_message_its_sound(spool: SpoolMaker) -> None:
    spool.message(0, OLD, extensions=[".wav"])
    spool.file(spool.folder() / "msg0000_ab.wav", b"x", OLD - HOUR * 9)
    (leftover,) = contents(spool).items[0].leftovers
    assert leftover.parts[0].suffix == b"_ab.wav"
    assert leftover.when == (OLD - HOUR * 9).replace(microsecond=0)


def test_every_form_of_sound_alike_is_no_suspicion(spool: SpoolMaker) -> None:
    for number in range(4):
        spool.message(number, OLD + number * HOUR, extensions=[".wav", ".WAV"])
    spool.message(4, OLD + 5 * HOUR, extensions=[".gsm"])
    assert not +contents(spool).findings


def test_the_samples_sound_is_all_of_its_own_messages(tmp_path: Path) -> None:
    root = check_root(samples.restore_tree("voicemail", tmp_path), folders_suffice=True)
    for place in places(root):
        with root.folder(place.rel) as folder:
            assert not +read_folder(folder, place, installation="i").findings
