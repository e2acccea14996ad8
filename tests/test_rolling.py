"""Keys take turns: one signs, the ledger says which, and the old ones are gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import reports, small, trusted
from support.killing import killed_at
from support.small import Small

from pbxretain import execute, keys, rolling, verify
from pbxretain.documents import parse
from pbxretain.errors import EvidenceError, Exit, RefusedError
from pbxretain.evidence.fields import instant
from pbxretain.evidence.trust import Roster
from pbxretain.execute import Site
from pbxretain.ledger import ROSTER, Ledger
from pbxretain.posix import destroy
from pbxretain.rolling import KEY_EVENT, Chain
from pbxretain.runner import RunnerKey
from pbxretain.settings import SigningKey
from pbxretain.signing import key_id

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SOURCE = "office"
INSTALLATION = "6b2f0c1e-0000-4000-8000-000000000001"


class House:
    """An installation with a first key and, when asked for, a roster; no PBX."""

    def __init__(self, folder: Path, *sources: str, named: SigningKey | None = None) -> None:
        self.state = folder / "state"
        (self.state / "keys").mkdir(mode=0o700, parents=True)
        self.sources = sources or (SOURCE,)
        self.first = RunnerKey(self.state / "keys", named)
        self.first.new(now=NOW)
        for source in self.sources:
            self.ledger(source)

    def enroll(self) -> None:
        public = self.first.load().public_key()
        data = trusted.roster(INSTALLATION, dict.fromkeys(self.sources, public), now=NOW)
        (self.state / ROSTER).write_bytes(data)

    def ledger(self, source: str = SOURCE) -> Ledger:
        folder = self.state / source / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        return Ledger(folder)

    def chain(self, source: str = SOURCE) -> Chain:
        return Chain(
            source=source,
            installation=INSTALLATION,
            folder=self.state / source / "keys",
            first=self.first,
            roster=rolling.installed(self.state / ROSTER),
            others=tuple(self.ledger(other).folder for other in self.sources if other != source),
        )

    def site(self, source: str = SOURCE) -> Site:
        chain = self.chain(source)
        key = chain.current(self.ledger(source))
        return Site(self.state / source, INSTALLATION, key, chain)

    def report(self, source: str = SOURCE, *, now: datetime = NOW) -> Site:
        """What a run does with keys: settle, hand over when due, sign a report."""
        ledger = self.ledger(source)
        ledger.resume()
        site = self.site(source).settled(ledger).rolled(ledger, now=now)
        at = instant(now)
        run = reports.run(started_at=at, ended_at=at, as_of=at)
        reports.publish(ledger, site.key, run=run, source=source)
        ledger.sign_checkpoint(site.key, site.origin(source))
        return site

    def private(self, source: str = SOURCE) -> list[Path]:
        folder = self.state / source / "keys"
        return sorted(folder.iterdir()) if folder.exists() else []

    def rotations(self, source: str = SOURCE) -> int:
        return sum(entry.type == KEY_EVENT for entry in self.ledger(source).entries())


def _roster(house: House) -> Roster:
    roster = rolling.installed(house.state / ROSTER)
    assert roster
    return roster


def test_without_a_roster_the_first_key_signs_for_ever(tmp_path: Path) -> None:
    house = House(tmp_path)
    for month in range(4):
        house.report(now=NOW + 31 * month * DAY)
    assert house.rotations() == 0
    assert house.private() == []
    assert house.first.path.exists()
    with pytest.raises(RefusedError) as caught:
        house.chain().rotate(house.ledger(), now=NOW, reason="requested")
    assert caught.value.code == "KEY_FIXED"


def test_with_a_roster_each_month_has_a_key_of_its_own(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.report()
    house.enroll()
    house.report(now=NOW + DAY)
    assert house.rotations() == 1
    house.report(now=datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert house.rotations() == 1
    house.report(now=datetime(2026, 12, 1, 0, 0, tzinfo=UTC))
    assert house.rotations() == 2
    house.report(now=datetime(2027, 12, 1, 0, 0, tzinfo=UTC))
    assert house.rotations() == 3
    assert trusted.assert_each_signed_in_its_epoch(house.site(), _roster(house), SOURCE) == 4


def test_old_private_keys_are_nowhere_in_the_state_folder(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    old = [house.site().key]
    for month in range(3):
        house.report(now=NOW + 31 * month * DAY)
        old.append(house.site().key)
    current = old.pop()
    found = {path: path.read_bytes() for path in house.state.rglob("*") if path.is_file()}
    for key in old:
        pem = keys.private_pem(key).split(b"\n")[1]
        assert not [path for path, data in found.items() if pem in data]
    (kept,) = house.private()
    assert found[kept] == keys.private_pem(current)
    assert not house.first.path.exists()
    assert house.first.public.exists()


def test_a_destroyed_file_was_overwritten_before_it_went(tmp_path: Path) -> None:
    path, other = tmp_path / "key", tmp_path / "link"
    path.write_bytes(b"secret" * 20)
    path.chmod(0o400)
    other.hardlink_to(path)
    destroy(path)
    assert not path.exists()
    assert len(other.read_bytes()) == 120
    assert b"secret" not in other.read_bytes()
    destroy(path)


def test_the_shared_first_key_stays_until_every_source_has_its_own(tmp_path: Path) -> None:
    house = House(tmp_path, "office", "branch")
    house.enroll()
    house.report("office")
    assert house.first.path.exists()
    house.report("branch")
    assert not house.first.path.exists()
    assert len({house.site(source).key.private_bytes_raw() for source in house.sources}) == 2
    for source in house.sources:
        trusted.assert_each_signed_in_its_epoch(house.site(source), _roster(house), source)


def test_a_source_that_comes_later_gets_a_new_first_key(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    house.report()
    house.sources = ("office", "branch")
    with pytest.raises(RefusedError) as caught:
        house.site("branch")
    assert caught.value.code == "KEY_MISSING"
    second = house.first.new(now=NOW)
    house.report("office", now=NOW + DAY)
    assert house.first.path.exists(), "the branch needs it"
    before = rolling.installed(house.state / ROSTER)
    (first,) = _roster(house).runners("office").values()
    runners = {"office": first, "branch": second.public_key()}
    data = trusted.roster(INSTALLATION, runners, now=NOW, after=before)
    (house.state / ROSTER).write_bytes(data)
    house.report("branch", now=NOW + DAY)
    assert not house.first.path.exists()
    for source in house.sources:
        trusted.assert_each_signed_in_its_epoch(house.site(source), _roster(house), source)


def test_a_roster_that_does_not_know_the_source_rolls_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    public = house.first.load().public_key()
    data = trusted.roster(INSTALLATION, {"elsewhere": public}, now=NOW)
    (house.state / ROSTER).write_bytes(data)
    house.report()
    assert house.rotations() == 0


def test_no_key_takes_over_under_a_clock_that_went_back(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.report(now=NOW + 10 * DAY)
    house.enroll()
    assert not house.chain().due(house.ledger(), NOW)
    assert house.chain().due(house.ledger(), NOW + 20 * DAY)


def test_a_key_from_outside_never_rolls(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    elsewhere = tmp_path / "elsewhere.pem"
    house.first.path.rename(elsewhere)
    house.first = RunnerKey(
        house.first.folder, parse(f"file: {elsewhere}".encode(), "s", SigningKey).value
    )
    house.report()
    assert house.rotations() == 0
    assert elsewhere.exists()


def test_keys_under_a_passphrase_stay_under_it(tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("5f" * 32)
    phrase.chmod(0o400)
    named = parse(f"passphrase: {{file: {phrase}}}".encode(), "s", SigningKey).value
    house = House(tmp_path, named=named)
    house.enroll()
    house.report()
    (kept,) = house.private()
    assert kept.suffix == ".key"
    assert house.site().key.private_bytes_raw() not in kept.read_bytes()


def test_a_missing_key_is_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    house.report()
    house.private()[0].unlink()
    with pytest.raises(RefusedError, match="key new --source office") as caught:
        house.site()
    assert caught.value.code == "KEY_MISSING"


def test_a_new_key_that_nothing_was_signed_with_is_dropped_when_unreadable(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    pending = house.state / SOURCE / "keys" / f"{'ab' * 32}.pem"
    pending.parent.mkdir(mode=0o700)
    pending.write_text("garbage")
    pending.chmod(0o400)
    house.report()
    assert not pending.exists()
    assert len(house.private()) == 1


# --- crashes ----------------------------------------------------------------------------------


def _months(house: House) -> Callable[[], object]:
    return lambda: house.report(now=NOW + 31 * DAY)


@pytest.mark.parametrize("rolled_before", [False, True], ids=["first", "later"])
def test_death_at_any_step_of_a_hand_over_leaves_one_key_that_signs(
    tmp_path: Path, rolled_before: bool
) -> None:
    made = House(tmp_path / "made")
    made.enroll()
    if rolled_before:
        made.report()
    for n in range(1, 200):
        folder = tmp_path / str(n)
        shutil.copytree(tmp_path / "made", folder)
        house = House.__new__(House)
        house.state, house.sources = folder / "state", (SOURCE,)
        house.first = RunnerKey(house.state / "keys")
        died = killed_at(n, _months(house))
        before = house.ledger().entries()
        house.report(now=NOW + 32 * DAY)
        rotations = 2 if rolled_before else 1
        assert house.rotations() == rotations, "the hand-over is finished, and made once"
        assert len(house.ledger().entries()) > len(before)
        assert len(house.private()) == 1, "exactly one private key"
        assert not house.first.path.exists()
        site = house.site()
        (kept,) = house.private()
        assert kept.stem == key_id(site.key.public_key())
        spans = trusted.assert_each_signed_in_its_epoch(site, _roster(house), SOURCE)
        assert spans == rotations + 1
        found = verify.verify_paths(
            [site.reports], trust=[house.state / ROSTER], own_public=None, now=NOW + 33 * DAY
        )
        assert found.exit in (Exit.OK, Exit.INCOMPLETE), found.findings
        assert not [p for p in house.state.rglob(".*") if p.is_file()], "nothing half written"
        shutil.rmtree(folder)
        if not died:
            break
    else:
        pytest.fail("never finished")
    assert n > 20, "the harness is blind"


# --- a whole run ------------------------------------------------------------------------------


def _small(folder: Path) -> tuple[Small, Site]:
    pbx = small.build(folder, ["tree"])
    site = pbx.site()
    data = trusted.roster(site.installation, {SOURCE: site.key.public_key()}, now=NOW)
    (folder / "state" / ROSTER).write_bytes(data)
    return pbx, _chained(pbx)


def _chained(pbx: Small) -> Site:
    """The site with the keys of its source."""
    state = pbx.folder / "state"
    installation = (state / "installation").read_text()
    chain = Chain(
        source=SOURCE,
        installation=installation,
        folder=state / SOURCE / "keys",
        first=RunnerKey(state / "keys"),
        roster=rolling.installed(state / ROSTER),
    )
    return Site(
        state / SOURCE, installation, chain.current(Ledger(state / SOURCE / "reports")), chain
    )


def test_a_run_hands_over_before_its_report(tmp_path: Path) -> None:
    pbx, site = _small(tmp_path)
    done = execute.run(pbx.terms(), site, now=NOW)
    assert done.exit_code == Exit.OK
    assert [e.type == KEY_EVENT for e in execute.ledger_of(site).entries()] == [True, False]
    assert done.entry
    again = execute.run(pbx.terms(), site, now=max(NOW + DAY, done.entry.ended))
    assert again.exit_code == Exit.OK
    assert len(execute.ledger_of(site).entries()) == 3
    assert site.chain
    assert site.chain.roster
    trusted.assert_each_signed_in_its_epoch(site, site.chain.roster, SOURCE)
    assert not (tmp_path / "state" / "keys" / "runner.pem").exists()


def test_death_in_a_run_that_hands_over_leaves_one_key_and_a_ledger_that_verifies(
    tmp_path: Path,
) -> None:
    pbx, _ = _small(tmp_path / "made")
    for n in range(1, 2000, 13):
        folder = tmp_path / str(n)
        shutil.copytree(tmp_path / "made", folder, symlinks=True)
        mine = Small(folder, pbx.kinds, dict(pbx.due))
        died = killed_at(n, lambda mine=mine: execute.run(mine.terms(), _chained(mine), now=NOW))  # type: ignore[misc]
        done = execute.run(mine.terms(), _chained(mine), now=NOW + DAY)
        assert done.exit_code == Exit.OK, done.errors
        site = _chained(mine)
        assert len(list((site.state / "keys").iterdir())) == 1
        assert not (folder / "state" / "keys" / "runner.pem").exists()
        found = verify.verify_paths(
            [site.reports], trust=[folder / "state" / ROSTER], own_public=None, now=NOW + DAY
        )
        assert found.exit in (Exit.OK, Exit.INCOMPLETE), found.findings
        shutil.rmtree(folder)
        if not died:
            break
    assert n > 50, "the harness is blind"


# --- the authority's word ---------------------------------------------------------------------


def test_a_revoked_key_signs_no_more(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    site = house.report()
    public = site.key.public_key()
    file = house.ledger().folder
    for by in (trusted.STRANGER, trusted.AUTHORITY):
        house.site()
        told = trusted.ended(site, SOURCE, "revoke", public, last_good=1, now=NOW, by=by)
        trusted.file_event(file, told)
    with pytest.raises(RefusedError, match="key new --source office") as caught:
        house.site()
    assert caught.value.code == "KEY_REVOKED"


def test_no_changed_byte_of_the_authoritys_word_passes(tmp_path: Path) -> None:
    house = House(tmp_path)
    site = house.site()
    word = trusted.ended(site, SOURCE, "revoke", site.key.public_key(), last_good=1, now=NOW)
    authority = {key_id(trusted.AUTHORITY.public_key()): trusted.AUTHORITY.public_key()}
    good, signer = rolling.read_event(word, authority)
    assert signer
    for at in range(len(word)):
        data = bytearray(word)
        data[at] ^= 1 << at % 8
        try:
            event, signer = rolling.read_event(bytes(data), authority)
        except EvidenceError:
            continue
        assert signer is None or event == good, at


def test_a_recovery_key_signs_once_the_authority_names_it(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    site = house.report()
    file = house.ledger().folder
    last = len(house.ledger().entries()) - 1
    house.private()[0].unlink()
    key = house.chain().make_recovery(now=NOW)
    with pytest.raises(RefusedError):
        house.site()
    told = trusted.ended(site, SOURCE, "recover", key.public_key(), last_good=last, now=NOW + DAY)
    trusted.file_event(file, told)
    assert house.site().key.private_bytes_raw() == key.private_bytes_raw()
    house.report(now=NOW + 2 * DAY)
    assert house.rotations() == 1
    house.report(now=NOW + 40 * DAY)
    assert house.rotations() == 2
    assert len(house.private()) == 1


def test_a_restored_image_forks_at_its_next_statement(tmp_path: Path) -> None:
    house = House(tmp_path / "a")
    house.enroll()
    house.report()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    other = House.__new__(House)
    other.state, other.sources = tmp_path / "b" / "state", (SOURCE,)
    other.first = RunnerKey(other.state / "keys")
    house.report(now=NOW + 31 * DAY)
    other.report(now=NOW + 32 * DAY)
    one, two = house.ledger().entries(), other.ledger().entries()
    assert one[:2] == two[:2]
    assert one[2].seq == two[2].seq == 2
    assert one[2].digest != two[2].digest
    roster = house.state / ROSTER
    folders = [house.ledger().folder, other.ledger().folder]
    alone = [_verified(folder, roster) for folder in folders]
    assert "FORK" not in alone[0] | alone[1]
    assert "FORK" in _verified(*folders, roster)


def _verified(*paths: Path) -> set[str]:
    """The codes that ``verify`` finds under a roster, the last of the paths."""
    *folders, roster = paths
    found = verify.verify_paths(folders, trust=[roster], own_public=None, now=NOW + 40 * DAY)
    return {finding.code for finding in found.findings}


def test_a_year_of_keys_verifies_under_the_roster_and_under_the_first_key_alone(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    house.enroll()
    for month in range(12):
        house.report(now=NOW + 31 * month * DAY)
    end = NOW + 31 * 11 * DAY
    for trust in (house.state / ROSTER, house.first.public):
        found = verify.verify_paths(
            [house.ledger().folder], trust=[trust], own_public=None, now=end
        )
        grave = {f.code for f in found.findings if f.exit not in (Exit.OK, Exit.INCOMPLETE)}
        assert not grave, (trust.name, found.findings)
    newest = tmp_path / "newest.pem"
    newest.write_bytes(keys.public_pem(house.site().key.public_key()))
    found = verify.verify_paths([house.ledger().folder], trust=[newest], own_public=None, now=end)
    assert found.exit in (Exit.OK, Exit.INCOMPLETE), found.findings


def test_no_key_shows_in_repr(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.enroll()
    house.report()
    site = house.site()
    shown = f"{site!r} {site.chain!r} {site.key!r}"
    raw = site.key.private_bytes_raw()
    for form in (raw.hex(), repr(raw), keys.private_pem(site.key).split(b"\n")[1].decode()):
        assert form not in shown
