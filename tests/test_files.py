"""Can a file be set aside and given back whatever its name, and never a step outside the root?"""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxretain.errors import RootError, StoreError
from pbxretain.records import BatchName
from pbxretain.stores import files
from pbxretain.stores.abreast import abreast
from pbxretain.stores.files import (
    Root,
    check_root,
    drop,
    hidden_in,
    hide,
    is_own,
    put_back,
    scraps,
    without_paths,
)

BATCH = BatchName("inst-1", "0f-3a", 12)


@pytest.fixture
def at(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "keep.wav").write_bytes(b"keep")
    return folder


def raw(folder: Path, name: bytes) -> bytes:
    return os.fsencode(folder) + b"/" + name


def put(folder: Path, name: bytes, content: bytes = b"x") -> None:
    with open(raw(folder, name), "wb") as file:  # noqa: PTH123  (bytes path)
        file.write(content)


def names(folder: Path) -> set[bytes]:
    return set(os.listdir(os.fsencode(folder))) - {b"keep.wav"}  # noqa: PTH208


NAMES = [
    b"a.wav",
    b"\xff\xfe.wav",
    b"~",
    b"-1-2-3-x",
    b".hidden",
    b"new\nline",
    b"q" * 255,
    b"x" * 230,
]


@pytest.mark.parametrize("by_fd", [True, False], ids=["by fd", "by path"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_alone_is_enough_to_put_a_file_back(
    at: Path, name: bytes, by_fd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BY_FD", by_fd)
    put(at, name, b"content")
    root = check_root(at)
    with root.folder() as folder:
        hidden = hide(folder, name, BATCH)
        assert name not in names(at)
        assert all(len(one) <= 255 and is_own(one) for one in names(at))
        assert hidden[7:11] != b".txt"
        assert not hidden.startswith(b"msg")
    with root.folder() as folder:
        (found,) = hidden_in(folder, folder.listing().files)
        assert found.original == name
        assert found.belongs(BATCH)
        assert found.of("inst-1")
        assert not found.belongs(BatchName("inst-1", "0f-3a", 13))
        assert not found.of("inst-2")
        assert put_back(folder, found.name, name) == name
    assert names(at) == {name}


@settings(max_examples=80, deadline=None)
@given(
    st.binary(min_size=1, max_size=255).filter(
        lambda n: not {47, 0} & set(n) and n not in (b".", b"..", b"keep.wav") and not is_own(n)
    )
)
def test_any_name_goes_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, name: bytes
) -> None:
    at = tmp_path_factory.mktemp("root")
    put(at, name)
    with check_root(at).folder() as folder:
        hide(folder, name, BATCH)
        listed = folder.listing().files
        mine = [one for one in hidden_in(folder, listed) if one.belongs(BATCH)]
        assert [one.original for one in mine] == [name]
        drop(folder, mine[0].name)
        drop(folder, mine[0].name)
    assert names(at) == set()


def test_a_newer_file_of_that_name_is_never_replaced(at: Path) -> None:
    put(at, b"a.wav", b"old")
    with check_root(at).folder() as folder:
        hidden = hide(folder, b"a.wav", BATCH)
        put(at, b"a.wav", b"new")
        put(at, b"a~1.wav", b"other")
        assert put_back(folder, hidden, b"a.wav") == b"a~2.wav"
    assert {n: Path(os.fsdecode(raw(at, n))).read_bytes() for n in names(at)} == {
        b"a.wav": b"new",
        b"a~1.wav": b"other",
        b"a~2.wav": b"old",
    }


def test_two_names_of_one_file_become_one(at: Path) -> None:
    """What a kill between link and unlink leaves where renames can't spare a target."""
    put(at, b"a.wav")
    with check_root(at).folder() as folder:
        hidden = hide(folder, b"a.wav", BATCH)
        os.link(raw(at, hidden), raw(at, b"a.wav"))
        assert put_back(folder, hidden, b"a.wav") == b"a.wav"
    assert names(at) == {b"a.wav"}


def test_notes_without_a_file_are_scraps_and_others_stay(at: Path) -> None:
    long = b"n" * 250
    put(at, long)
    with check_root(at).folder() as folder:
        hidden = hide(folder, long, BATCH)
        listed = folder.listing().files
        assert scraps(listed, "inst-1") == []
        os.unlink(raw(at, hidden))  # noqa: PTH108
        listed = folder.listing().files
        assert scraps(listed, "inst-1") == [hidden + b".name"]
        assert scraps(listed, "inst-2") == []
        assert hidden_in(folder, listed) == []


def test_a_damaged_note_puts_nothing_back(at: Path) -> None:
    put(at, b"n" * 250)
    with check_root(at).folder() as folder:
        hidden = hide(folder, b"n" * 250, BATCH)
        put(at, hidden + b".name", b"pbxretain/name/1\n../../etc/passwd")
        (found,) = hidden_in(folder, folder.listing().files)
        assert found.original is None
        assert "nnn" not in repr(found)


@pytest.mark.parametrize("by_fd", [True, False], ids=["by fd", "by path"])
def test_no_way_leads_out_of_the_root(
    tmp_path: Path, at: Path, by_fd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BY_FD", by_fd)
    outside = tmp_path / "outside"
    (outside / "below").mkdir(parents=True)
    (outside / "secret.wav").write_bytes(b"secret")
    (at / "link").symlink_to(outside)
    (at / "secret.wav").symlink_to(outside / "secret.wav")
    root = check_root(at)
    for rel in (b"link", b"link/below", b"..", b"a/../..", b"missing"):
        with pytest.raises(OSError), root.folder(rel):  # noqa: PT011
            pass
    with root.folder() as folder:
        assert folder.regular(b"secret.wav") is None
        with pytest.raises(OSError) as caught:  # noqa: PT011
            os.close(folder.open(b"secret.wav"))
        assert caught.value.errno == errno.ELOOP
    assert [rel for rel, _ in seen(root)] == [b""]


def seen(root: Root) -> list[tuple[bytes, list[bytes]]]:
    return [(folder.rel, found.files) for folder, found in root.walk()]


def test_a_pipe_never_makes_it_wait(at: Path) -> None:
    os.mkfifo(at / "pipe.wav")
    with check_root(at).folder() as folder:
        assert folder.listing().files == [b"keep.wav"]
        assert folder.regular(b"pipe.wav") is None
        done = threading.Thread(target=lambda: os.close(folder.open(b"pipe.wav")), daemon=True)
        done.start()
        done.join(5)
        assert not done.is_alive()


def test_folders_that_vanish_while_walking_are_passed_by(at: Path) -> None:
    for name in ("a", "b", "c"):
        (at / name).mkdir()
    walked = []
    for folder, _ in check_root(at).walk():
        walked.append(folder.rel)
        if folder.rel == b"a":
            (at / "b").rmdir()
    assert walked == [b"", b"a", b"c"]


def test_an_unmounted_folder_is_refused_by_what_fstab_says(tmp_path: Path, at: Path) -> None:
    fstab = tmp_path / "fstab"
    fstab.write_text(f"# comment\nUUID=1 {at} ext4 defaults,noauto 0 2\n")
    check_root(at, fstab=fstab)
    fstab.write_text(f"UUID=1 / ext4 defaults 0 1\nserver:/rec {tmp_path} nfs defaults 0 0\n")
    with pytest.raises(RootError) as caught:
        check_root(at, fstab=fstab)
    assert "mount" in caught.value.hint


def test_an_error_of_the_system_loses_its_path() -> None:
    with pytest.raises(StoreError) as caught, without_paths():
        raise PermissionError(errno.EACCES, "denied", "/secret/49301234.wav")
    assert "49301234" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "EACCES" in str(caught.value)


@pytest.mark.parametrize("steps", [1, 1000], ids=["in turn", "by threads"])
def test_of_many_steps_one_that_fails_stops_no_other_and_is_told(steps: int) -> None:
    done: list[int] = []

    def step(number: int) -> None:
        if number == 3:
            raise OSError(errno.EIO, "")
        done.append(number)

    with pytest.raises(OSError, match="Errno"):
        abreast(step, range(40), steps=steps)
    assert sorted(done) == [n for n in range(40) if n != 3]
