"""Whatever is killed whenever, a report is published once, in its place, with the same bytes."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support import reports
from support.killing import killed_at

from pbxretain.errors import EvidenceError
from pbxretain.evidence.statements import statement
from pbxretain.ledger import LEDGER, PREPARED, Ledger, read_ledger
from pbxretain.signing import open_envelope, seal

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def visible(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name.endswith((".json", "nl"))}


def test_the_first_report_has_no_predecessor_and_the_next_names_it(ledger: Ledger) -> None:
    assert ledger.last() is None
    assert ledger.next() == (0, None)
    name = reports.publish(ledger, KEY)
    assert name == "000000-deletion-report.dsse.json"
    envelope = open_envelope((ledger.folder / name).read_bytes())
    assert ledger.next() == (1, envelope.digest)
    reports.publish(ledger, KEY, day=1)
    one, two = ledger.entries()
    assert (two.seq, two.prev) == (1, one.digest)
    assert two.ended > one.ended
    assert one.sha256 == hashlib.sha256((ledger.folder / name).read_bytes()).hexdigest()


def test_beside_a_report_lie_the_script_and_the_public_key(ledger: Ledger) -> None:
    name = reports.publish(ledger, KEY)
    assert stat.S_IMODE((ledger.folder / name).stat().st_mode) == 0o440
    assert (ledger.folder / "000000-deletion-report.verify.sh").exists()
    assert (ledger.folder / "runner-a050837d.pub.pem").exists()
    assert not (ledger.folder / PREPARED).exists()


def test_a_report_is_found_by_the_run_it_speaks_for(ledger: Ledger) -> None:
    reports.publish(ledger, KEY)
    dead, own = reports.run().id, reports.run()
    reports.publish(
        ledger,
        KEY,
        run=reports.run(id=own.id, outcome="recovered", recovers=dead),
    )
    entry = ledger.published(dead)
    assert entry is not None
    assert entry.seq == 1
    assert ledger.published(own.id) is None


def test_only_the_next_report_of_this_key_is_published(ledger: Ledger) -> None:
    reports.publish(ledger, KEY)
    before = visible(ledger.folder)
    seq, prev = ledger.next()
    good = statement(reports.report(seq, prev))
    for bad in (
        seal(statement(reports.report(0, None)), KEY),
        seal(statement(reports.report(seq + 1, prev)), KEY),
        seal(statement(reports.report(seq, "ab" * 32)), KEY),
        seal(good, OTHER),
        seal(statement(reports.plan()), KEY),
        seal(good, KEY)[:-5],
    ):
        with pytest.raises(EvidenceError):
            ledger.publish(bad, public=KEY.public_key())
    assert visible(ledger.folder) == before
    assert ledger.next() == (seq, prev)


def third(ledger: Ledger) -> bytes:
    seq, prev = ledger.next()
    return seal(statement(reports.report(seq, prev)), KEY)


def test_killed_at_any_write_the_same_bytes_are_published_or_none(tmp_path: Path) -> None:
    outcomes = set()
    for n in range(1, 60):
        folder = tmp_path / str(n)
        folder.mkdir()
        ledger = Ledger(folder)
        reports.publish(ledger, KEY)
        reports.publish(ledger, KEY, day=1)
        sealed = third(ledger)
        killed = killed_at(n, lambda: ledger.publish(sealed, public=KEY.public_key()))  # noqa: B023
        entry = ledger.resume()
        assert ledger.resume() is None
        outcomes.add((killed, entry is not None))
        if not (folder / "000002-deletion-report.dsse.json").exists():
            assert killed
            assert len(ledger.entries()) == 2
            ledger.publish(sealed, public=KEY.public_key())
        assert (folder / "000002-deletion-report.dsse.json").read_bytes() == sealed
        assert [e.seq for e in ledger.entries()] == [0, 1, 2]
        assert not list(folder.glob(".*"))
        reports.publish(ledger, KEY, day=2)
        if not killed:
            assert outcomes == {(True, False), (True, True), (False, False)}
            assert n > 10
            return
    pytest.fail("never ran to its end")


def test_killed_again_while_resuming_it_still_ends_the_same(tmp_path: Path) -> None:
    for n in range(8, 40):
        for m in range(1, 12):
            folder = tmp_path / f"{n}-{m}"
            folder.mkdir()
            ledger = Ledger(folder)
            sealed = third(ledger)
            if not killed_at(n, lambda: ledger.publish(sealed, public=KEY.public_key())):  # noqa: B023
                assert n > 10
                return
            finished = not killed_at(m, lambda: ledger.resume())  # noqa: B023
            ledger.resume()
            if not ledger.entries():
                ledger.publish(sealed, public=KEY.public_key())
            assert (folder / "000000-deletion-report.dsse.json").read_bytes() == sealed
            assert len(ledger.entries()) == 1
            if finished:
                break
    pytest.fail("never ran to its end")


def test_while_a_report_is_half_published_no_number_is_given_out(ledger: Ledger) -> None:
    (ledger.folder / PREPARED).write_bytes(third(ledger))
    with pytest.raises(EvidenceError) as caught:
        ledger.next()
    assert caught.value.code == "UNPUBLISHED"


def test_a_torn_line_is_repaired_only_by_the_report_it_began(ledger: Ledger) -> None:
    reports.publish(ledger, KEY)
    sealed = third(ledger)
    whole = (ledger.folder / LEDGER).read_bytes()
    (ledger.folder / LEDGER).write_bytes(whole + b'{"at":"2031')
    for action in (ledger.resume, ledger.next):
        with pytest.raises(EvidenceError):
            action()
    (ledger.folder / PREPARED).write_bytes(sealed)
    with pytest.raises(EvidenceError):
        ledger.resume()
    (ledger.folder / LEDGER).write_bytes(whole + b'{"at":"2026' + bytes(9))
    entry = ledger.resume()
    assert entry is not None
    assert (ledger.folder / LEDGER).read_bytes() == whole + entry.line()


def test_a_restored_state_folder_does_not_give_a_number_out_twice(ledger: Ledger) -> None:
    reports.publish(ledger, KEY)
    yesterday = (ledger.folder / LEDGER).read_bytes()
    reports.publish(ledger, KEY, day=1)
    (ledger.folder / LEDGER).write_bytes(yesterday)
    with pytest.raises(EvidenceError) as caught:
        ledger.next()
    assert caught.value.code == "FORK"


def test_a_prepared_report_of_another_history_is_not_published(ledger: Ledger) -> None:
    sealed = third(ledger)
    reports.publish(ledger, KEY)
    before = visible(ledger.folder)
    (ledger.folder / PREPARED).write_bytes(sealed)
    with pytest.raises(EvidenceError):
        ledger.resume()
    assert visible(ledger.folder) == before


def test_every_tampered_ledger_is_noticed(ledger: Ledger) -> None:
    for day in range(3):
        reports.publish(ledger, KEY, day=day)
    lines = (ledger.folder / LEDGER).read_bytes().splitlines(keepends=True)
    bent = (
        [lines[1], lines[2]],
        [lines[0], lines[2]],
        [lines[0], lines[2], lines[1]],
        [lines[0], lines[1], lines[1], lines[2]],
        [lines[0].replace(b'"prev":null', b'"prev":"00"'), *lines[1:]],
        [lines[0].replace(b",", b", ", 1), *lines[1:]],
        [lines[0].replace(b"{", b'{"a":1,', 1), *lines[1:]],
        [lines[0].replace(b'"seq":0', b'"seq":false'), *lines[1:]],
        [lines[0].replace(b"000000-deletion", b"../../x-deletion"), *lines[1:]],
        [lines[0].replace(b"2026", b"late"), *lines[1:]],
        [b"\n", *lines],
        [b"\xff\n", *lines],
    )
    for case in bent:
        with pytest.raises(EvidenceError):
            read_ledger(b"".join(case))
    assert len(read_ledger(b"".join(lines))[0]) == 3


def test_a_full_disk_is_one_sentence_and_the_report_comes_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pbxretain import posix

    sealed = third(ledger)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(posix, "append_synced", full)
        with pytest.raises(EvidenceError):
            ledger.publish(sealed, public=KEY.public_key())
    entry = ledger.resume()
    assert entry is not None
    assert (ledger.folder / entry.file).read_bytes() == sealed
