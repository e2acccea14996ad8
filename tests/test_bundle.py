"""A bundle holds all that belongs in it and comes out as it went in; no other zip is opened."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support import reports

from pbxretain import bundle
from pbxretain.errors import EvidenceError, RefusedError, UnavailableError
from pbxretain.ledger import COSIGNED, FILED, SIDECARS, Ledger
from pbxretain.verify import verify_paths
from pbxretain.verify.reading import SUMS

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LEAVES = hashlib.sha256(b"leaves").hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reports folder with one of everything, and some things that don't belong in a bundle."""
    path = tmp_path / "reports"
    path.mkdir()
    for day in range(3):
        reports.publish(Ledger(path), KEY, day=day)
    Ledger(path).sign_checkpoint(KEY, f"pbxretain/{reports.INSTALLATION}/head-office")
    for name in (COSIGNED, FILED, SIDECARS):
        (path / name).mkdir()
    (path / COSIGNED / "000002.checkpoint").write_bytes(b"note")
    (path / FILED / f"review-{LEAVES[:12]}.dsse.json").write_bytes(b"{}")
    (path / SIDECARS / f"{LEAVES}.bin").write_bytes(b"leaves")
    (path / ".prepared").write_bytes(b"half")
    (path / "notes of the admin.txt").write_bytes(b"secret")
    (path / SIDECARS / "part").write_bytes(b"half")
    (path / "runner-00000000.pub.pem").symlink_to("/etc/passwd")
    return path


def packed(folder: Path, out: Path, *, sidecars: bool = True) -> Path:
    bundle.write(bundle.contents(folder, sidecars=sidecars, added={}), out)
    return out


def held(path: Path) -> dict[str, bytes]:
    files = (each for each in path.rglob("*") if each.is_file())
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in files}


def test_a_zip_gives_back_what_a_folder_holds(folder: Path, tmp_path: Path) -> None:
    plain, zipped = packed(folder, tmp_path / "copy"), packed(folder, tmp_path / "copy.zip")
    with bundle.opened_bundle(zipped) as opened:
        assert held(opened) == held(plain)
        inside = opened
        if os.name == "posix":
            assert stat.S_IMODE(opened.stat().st_mode) == 0o700
    assert not inside.exists()
    names = set(held(plain))
    assert {f"{COSIGNED}/000002.checkpoint", f"{SIDECARS}/{LEAVES}.bin", SUMS} <= names
    assert not {".prepared", "notes of the admin.txt", f"{SIDECARS}/part"} & names
    assert "runner-00000000.pub.pem" not in names, "a link is never followed"


def test_the_same_contents_give_the_same_zip(folder: Path, tmp_path: Path) -> None:
    first, second = packed(folder, tmp_path / "a.zip"), packed(folder, tmp_path / "b.zip")
    for path in folder.iterdir():
        if path.is_file():
            os.utime(path, (1, 1))
    assert (
        first.read_bytes() == second.read_bytes() == packed(folder, tmp_path / "c.zip").read_bytes()
    )


def test_sidecars_can_stay_at_home(folder: Path, tmp_path: Path) -> None:
    with bundle.opened_bundle(packed(folder, tmp_path / "a.zip", sidecars=False)) as opened:
        assert not (opened / SIDECARS).exists()
        assert (opened / COSIGNED).exists()


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_nothing_is_overwritten_and_nothing_is_left_of_what_fails(
    folder: Path, tmp_path: Path, name: str
) -> None:
    packed(folder, tmp_path / name)
    before = held(tmp_path)
    with pytest.raises(RefusedError) as caught:
        packed(folder, tmp_path / name)
    assert caught.value.code == "FILE_EXISTS"
    assert held(tmp_path) == before
    found = bundle.contents(folder, sidecars=True, added={})
    gone = bundle.Contents({**found.files, "checkpoint": folder / "gone"})
    with pytest.raises(RefusedError) as caught:
        bundle.write(gone, tmp_path / f"other-{name}")
    assert caught.value.code == "FILE_WRITE"
    assert held(tmp_path) == before


def test_verify_takes_a_bundle_and_notices_what_was_added(folder: Path, tmp_path: Path) -> None:
    for name in (COSIGNED, FILED):
        for path in (folder / name).iterdir():
            path.unlink()
    plain, key = packed(folder, tmp_path / "copy"), tmp_path / "key.pem"
    from pbxretain.keys import public_pem

    key.write_bytes(public_pem(KEY.public_key()))
    now = reports.NOW + timedelta(days=3)

    def codes() -> set[str]:
        verdict = verify_paths([plain], trust=[key], own_public=None, now=now)
        return {finding.code for finding in verdict.findings}

    assert "BUNDLE_CHANGED" not in codes()
    (plain / SIDECARS / f"{LEAVES}.bin").write_bytes(b"other leaves")
    assert "BUNDLE_CHANGED" in codes()


# --- hostile --------------------------------------------------------------------------------------


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in entries:
            archive.writestr(entry, data)
    return path


def _linked() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("checkpoint")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


HOSTILE: dict[str, list[tuple[str | zipfile.ZipInfo, bytes]]] = {
    "up": [("../escaped", b"x")],
    "up-inside": [("sidecars/../../escaped", b"x")],
    "absolute": [("/tmp/escaped", b"x")],
    "drive": [("C:escaped", b"x")],
    "backslash": [("..\\escaped", b"x")],
    "stream": [("checkpoint:hidden", b"x")],
    "device": [("aux.json", b"x")],
    "dot-at-end": [("checkpoint.", b"x")],
    "hidden": [(".prepared", b"x")],
    "deep": [("sidecars/more/file.bin", b"x"), ("checkpoint", b"x")],
    "foreign-folder": [("elsewhere/file", b"x"), ("checkpoint", b"x")],
    "empty-part": [("sidecars//x.bin", b"x"), ("checkpoint", b"x")],
    "twice": [("checkpoint", b"x"), ("checkpoint", b"y")],
    "case": [("checkpoint", b"x"), ("CHECKPOINT", b"y")],
    "file-for-folder": [("sidecars", b"x"), ("sidecars/a.bin", b"y")],
    "link": [(_linked(), b"/etc/passwd")],
    "bomb": [(f"{number:06d}-plan.dsse.json", bytes(16 * 1024 * 1024)) for number in range(5)],
    "newline": [("check\npoint", b"x")],
    "umlaut": [("prüfpunkt", b"x")],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_zip_is_opened(name: str, tmp_path: Path) -> None:
    place = tmp_path / "inside" / "there"
    place.mkdir(parents=True)
    path = zipped(place / "bad.zip", *HOSTILE[name])
    before = held(tmp_path)
    with pytest.raises(EvidenceError) as caught, bundle.opened_bundle(path):
        pass
    assert caught.value.code == "BUNDLE"
    assert held(tmp_path) == before
    assert not Path("/tmp/escaped").exists()


def _encrypted(data: bytes) -> bytes:
    marked = bytearray(data)
    marked[marked.index(b"PK\x01\x02") + 8] |= 1
    marked[6] |= 1
    return bytes(marked)


def _lying(data: bytes) -> bytes:
    """The directory says that a file is smaller than it is."""
    marked = bytearray(data)
    at = marked.index(b"PK\x01\x02") + 24
    marked[at : at + 4] = (3).to_bytes(4, "little")
    return bytes(marked)


BENT: dict[str, Callable[[bytes], bytes]] = {
    "encrypted": _encrypted,
    "lying": _lying,
    "torn": lambda data: data[: len(data) // 2],
    "flipped": lambda data: data[:45] + bytes([data[45] ^ 1]) + data[46:],
    "no-zip": lambda data: b"not a zip file at all",
    "empty": lambda data: b"",
}


@pytest.mark.parametrize("name", BENT)
def test_no_bent_zip_is_opened(name: str, tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("checkpoint", b"0123456789" * 20)
    path = tmp_path / "bad.zip"
    path.write_bytes(BENT[name](made.getvalue()))
    with pytest.raises(EvidenceError) as caught, bundle.opened_bundle(path):
        pass
    assert caught.value.code == "BUNDLE"


def test_an_unusual_packing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("checkpoint", b"x" * 100)
    with pytest.raises(EvidenceError), bundle.opened_bundle(path):
        pass


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MAX_FILES", 2)
    entries = [(f"{number:06d}-plan.dsse.json", b"x") for number in range(3)]
    with (
        pytest.raises(EvidenceError),
        bundle.opened_bundle(zipped(tmp_path / "a.zip", *entries)),
    ):
        pass


def test_a_folder_that_somebody_zipped_by_hand_is_opened(folder: Path, tmp_path: Path) -> None:
    plain = packed(folder, tmp_path / "copy")
    entries = [(f"office reports/{name}", data) for name, data in held(plain).items()]
    with pytest.raises(EvidenceError), bundle.opened_bundle(zipped(tmp_path / "a.zip", *entries)):
        pass  # a space in the folder's name
    entries = [(f"reports/{name}", data) for name, data in held(plain).items()]
    with bundle.opened_bundle(zipped(tmp_path / "b.zip", *entries)) as opened:
        assert held(opened) == held(plain)


def test_a_folder_with_a_link_in_it_is_no_bundle(folder: Path, tmp_path: Path) -> None:
    plain = packed(folder, tmp_path / "copy")
    with bundle.opened_bundle(plain) as opened:
        assert opened == plain
    (plain / SIDECARS / "link.bin").symlink_to("/etc/passwd")
    with pytest.raises(EvidenceError), bundle.opened_bundle(plain):
        pass


@pytest.mark.parametrize("name", ["nowhere", "nowhere.zip", "fifo"])
def test_what_is_no_file_is_no_bundle(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "fifo":
        os.mkfifo(path)
    with pytest.raises(UnavailableError), bundle.opened_bundle(path):
        pass
