"""What a ledger over a long time tells: schedule, keys that follow each other, witnesses."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import reports
from support.officer import Book, Officer, days, der, private, sealed_by
from support.reports import NOW

from pbxretain.errors import Exit, RetainError
from pbxretain.evidence import attestations as at
from pbxretain.evidence import notes
from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant
from pbxretain.evidence.trust import read_roster
from pbxretain.keys import public_pem
from pbxretain.ledger import Ledger
from pbxretain.signing import key_id, seal
from pbxretain.verify import Verdict, verify_paths

RUNNER = private(1)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "reports")


@pytest.fixture
def roster(book: Book, tmp_path: Path) -> Path:
    return book.officer.roster(tmp_path / "trust.dsse.json", RUNNER)


def look(
    book: Book,
    *trust: Path,
    now: datetime,
    seen: tuple[notes.Checkpoint, ...] = (),
) -> Verdict:
    return verify_paths([book.folder], trust=trust, own_public=None, now=now, seen=seen)


def told(verdict: Verdict) -> Counter[str]:
    """What has to be looked at, beside what every test ledger has."""
    return Counter(f.code for f in verdict.findings if f.exit is not Exit.OK)


def three_classes() -> tuple[st.Dataset, ...]:
    return tuple(reports.dataset(name) for name in ("call-log", "recordings", "voicemail"))


def a_year(book: Book, *, missed: range, refused: int) -> datetime:
    """Daily runs, two rotations a quarter, a look of the officer each month."""
    start = NOW - timedelta(days=365)
    for day, when in enumerate(days(start, 365)):
        if day in missed:
            continue
        if day % 45 == 10:
            book.rotate(when - timedelta(minutes=1))
        stamp = instant(when)
        run = {"started_at": stamp, "ended_at": stamp, "as_of": stamp}
        if day == refused:
            book.run(
                when,
                run=reports.run(**run, outcome="refused", refused_reason="LIMIT", exit_code=5),
                datasets=(),
            )
        else:
            book.run(when, run=reports.run(**run), datasets=three_classes())
        if day % 30 == 0:
            book.cosign(when + timedelta(hours=3))
    book.sign()
    return start + timedelta(days=364)


def test_a_year_of_runs_shows_exactly_what_went_wrong_in_it(book: Book, roster: Path) -> None:
    last = a_year(book, missed=range(200, 207), refused=300)
    verdict = look(book, roster, now=last + timedelta(hours=6))
    assert told(verdict) == {"MISSED_RUNS": 1}
    (missed,) = [f for f in verdict.findings if f.code == "MISSED_RUNS"]
    assert missed.params["count"] == 7
    settled = Counter(f.code for f in verdict.findings if f.exit is Exit.OK)
    assert settled["RUN_REFUSED"] == 1
    assert (verdict.exit, verdict.level) == (Exit.INCOMPLETE, "L2")


def test_ten_years_of_daily_reports_with_rotations_are_without_a_finding(
    book: Book, roster: Path
) -> None:
    start = NOW - timedelta(days=3650)
    for day, when in enumerate(days(start, 3650)):
        if day % 30 == 5:
            book.rotate(when - timedelta(minutes=1))
        book.run(when, datasets=three_classes())
        if day % 30 == 0:
            book.cosign(when + timedelta(hours=1))
    book.sign()
    verdict = look(book, roster, now=NOW)
    assert told(verdict) == {}
    assert verdict.level == "L2"


def test_a_gap_note_explains_missed_runs_and_leaves_them_on_the_page(
    book: Book, roster: Path
) -> None:
    start = NOW - timedelta(days=20)
    for when in days(start, 5):
        book.run(when)
    again = start + timedelta(days=12)
    book.note(again, start + timedelta(days=4), again)
    for when in days(again, 5):
        book.run(when)
    book.cosign(again + timedelta(days=4))
    verdict = look(book, roster, now=again + timedelta(days=4, hours=5))
    assert told(verdict) == {}
    assert [f.params["count"] for f in verdict.findings if f.code == "GAP_EXPLAINED"] == [7]


def test_a_note_about_another_week_explains_nothing(book: Book, roster: Path) -> None:
    start = NOW - timedelta(days=20)
    book.run(start)
    book.note(start + timedelta(days=8), start - timedelta(days=9), start - timedelta(days=3))
    book.run(start + timedelta(days=8))
    book.cosign(start + timedelta(days=8))
    assert told(look(book, roster, now=start + timedelta(days=8)))["MISSED_RUNS"] == 1


def test_when_no_run_comes_any_more_that_is_told(book: Book, roster: Path) -> None:
    book.run(NOW)
    book.cosign(NOW)
    assert told(look(book, roster, now=NOW + timedelta(hours=35))) == {}
    assert told(look(book, roster, now=NOW + timedelta(hours=40))) == {"OVERDUE": 1}


def test_a_ledger_that_nobody_looks_at_is_told(book: Book, roster: Path) -> None:
    for when in days(NOW, 40):
        book.run(when)
    book.sign()
    last = NOW + timedelta(days=39)
    verdict = look(book, roster, now=last)
    assert told(verdict) == {"UNWITNESSED": 1}
    assert verdict.level == "L1"
    book.cosign(last)
    assert look(book, roster, now=last).level == "L2"


# --- keys ----------------------------------------------------------------------------------------


def test_an_old_key_counts_no_more_after_its_rotation(book: Book, roster: Path) -> None:
    book.run(NOW)
    old = book.rotate(NOW + timedelta(hours=1))
    book.key, new = old, book.key
    book.run(NOW + timedelta(days=1))
    book.key = new
    book.cosign(NOW + timedelta(days=1))
    verdict = look(book, roster, now=NOW + timedelta(days=1))
    assert told(verdict) == {"RETIRED_KEY": 1}
    assert (verdict.exit, verdict.level) == (Exit.FORGED, None)


def test_a_key_that_only_the_thief_signed_for_does_not_count(book: Book, roster: Path) -> None:
    book.run(NOW)
    thief = private(666)
    seq, prev = book.next()
    event = at.KeyEvent(
        **book._head(NOW),
        ledger=at.LedgerPlace(seq=seq, prev=prev),
        event="rotate",
        key=key_id(thief.public_key()),
        public=der(thief.public_key()),
        previous=key_id(book.key.public_key()),
        previous_public=der(book.key.public_key()),
        reason="scheduled",
    )
    book.publish(sealed_by(event, thief))
    book.key = thief
    book.run(NOW + timedelta(days=1))
    verdict = look(book, roster, now=NOW + timedelta(days=1))
    assert verdict.exit in (Exit.UNTRUSTED, Exit.FORGED)
    assert verdict.level is None


@pytest.mark.parametrize("pinned", ["first", "last"])
def test_a_trusted_key_vouches_for_those_it_followed_and_those_that_follow(
    book: Book, tmp_path: Path, pinned: str
) -> None:
    first = book.key
    for when in days(NOW, 3):
        book.run(when)
        book.rotate(when + timedelta(hours=1))
        book.run(when + timedelta(hours=2))
    book.sign()
    key = tmp_path / "key.pem"
    key.write_bytes(public_pem((first if pinned == "first" else book.key).public_key()))
    verdict = look(book, key, now=NOW + timedelta(days=3))
    assert told(verdict) == {}
    assert verdict.level == "L1"


def test_a_report_that_comes_alone_after_a_rotation_is_known_by_the_key_events_one_keeps(
    book: Book, roster: Path, tmp_path: Path
) -> None:
    book.run(NOW)
    book.rotate(NOW + timedelta(hours=1))
    book.run(NOW + timedelta(days=1))
    alone, kept = tmp_path / "alone", tmp_path / "kept"
    for folder, name in ((alone, "000002-deletion-report"), (kept, "000001-key-event")):
        folder.mkdir()
        shutil.copy(book.folder / f"{name}.dsse.json", folder)
    file = alone / "000002-deletion-report.dsse.json"
    now = NOW + timedelta(days=1)
    strange = verify_paths([file], trust=[roster], own_public=None, now=now)
    assert strange.exit == Exit.UNTRUSTED
    known = verify_paths([file], trust=[roster], own_public=None, now=now, known=[kept])
    assert (told(known), known.level) == ({}, "L1")


def test_what_a_revoked_key_signed_above_the_last_good_number_is_not_trusted(
    book: Book, roster: Path
) -> None:
    for when in days(NOW, 3):
        book.run(when)
    book.cosign(NOW + timedelta(days=2))
    now = NOW + timedelta(days=2)
    revoked = book.ended(
        now,
        "revoke",
        key=key_id(book.key.public_key()),
        last_good=1,
        reason="compromised",
    )
    book.file(revoked, book.officer.authority)
    verdict = look(book, roster, now=now)
    assert told(verdict) == {"REVOKED_KEY": 2}, "a report and the checkpoint"
    assert verdict.exit == Exit.UNTRUSTED


def test_only_the_authority_revokes(book: Book, roster: Path) -> None:
    book.run(NOW)
    book.cosign(NOW)
    revoked = book.ended(
        NOW, "revoke", key=key_id(book.key.public_key()), last_good=-1, reason="compromised"
    )
    book.file(revoked, book.key)
    assert told(look(book, roster, now=NOW)) == {"WRONG_ROLE": 1}


def test_after_a_recovery_the_new_key_counts_from_there(book: Book, roster: Path) -> None:
    for when in days(NOW, 3):
        book.run(when)
    lost, book.key = book.key, private(77)
    recovered = book.ended(
        NOW + timedelta(days=3),
        "recover",
        key=key_id(book.key.public_key()),
        public=der(book.key.public_key()),
        last_good=2,
        reason="lost",
    )
    book.file(recovered, book.officer.authority)
    book.run(NOW + timedelta(days=3))
    book.cosign(NOW + timedelta(days=3))
    verdict = look(book, roster, now=NOW + timedelta(days=3))
    assert told(verdict) == {}
    new, book.key = book.key, lost
    book.run(NOW + timedelta(days=4))
    thief = look(book, roster, now=NOW + timedelta(days=4))
    assert told(thief)["REVOKED_KEY"] == 1
    assert (thief.exit, thief.level) == (Exit.UNTRUSTED, None)
    book.key = new
    book.run(NOW + timedelta(days=5))
    book.cosign(NOW + timedelta(days=5))
    verdict = look(book, roster, now=NOW + timedelta(days=5))
    assert told(verdict) == {"REVOKED_KEY": 1}, "what the authority disowned stays named"
    assert (verdict.exit, verdict.level) == (Exit.INCOMPLETE, "L2"), "and the ledger goes on"


# --- witnesses -----------------------------------------------------------------------------------


def test_an_older_image_of_the_machine_forks_the_ledger(book: Book, roster: Path) -> None:
    for when in days(NOW, 2):
        book.run(when)
    seen = book.cosign(NOW + timedelta(days=1))
    other = Book(book.folder.with_name("restored"))
    for when in days(NOW, 2):
        other.run(when)
    other.sign()
    both = verify_paths(
        [book.folder, other.folder], trust=[roster], own_public=None, now=NOW + timedelta(days=1)
    )
    assert told(both)["FORK"] >= 1
    alone = look(other, roster, now=NOW + timedelta(days=1), seen=(seen,))
    assert told(alone)["FORK"] == 1
    assert alone.exit == Exit.FORGED


def test_what_was_seen_once_can_not_be_dropped_with_its_ledger_lines(
    book: Book, roster: Path
) -> None:
    for when in days(NOW, 4):
        book.run(when)
    seen = book.cosign(NOW + timedelta(days=3))
    short = Book(book.folder.with_name("short"))
    for entry in book.ledger.entries()[:3]:
        data = (book.folder / entry.file).read_bytes()
        short.publish(data)
    short.sign()
    (short.folder / "cosigned").mkdir()
    verdict = look(short, roster, now=NOW + timedelta(days=3), seen=(seen,))
    assert told(verdict)["TRUNCATED"] == 1
    assert verdict.level == "L1"


def test_a_report_that_was_made_before_what_it_names_is_backdated(book: Book, roster: Path) -> None:
    book.run(NOW)
    book.cosign(NOW + timedelta(days=3))
    book.run(NOW + timedelta(days=1))
    book.cosign(NOW + timedelta(days=3))
    assert told(look(book, roster, now=NOW + timedelta(days=3)))["BACKDATED"] == 1


def test_a_report_dated_after_it_was_seen_is_told(book: Book, roster: Path) -> None:
    book.run(NOW + timedelta(hours=5))
    book.cosign(NOW)
    assert told(look(book, roster, now=NOW + timedelta(hours=5)))["POSTDATED"] == 1


def test_a_cosigned_checkpoint_that_a_report_names_must_be_there(book: Book, roster: Path) -> None:
    book.run(NOW)
    book.cosign(NOW)
    book.run(NOW + timedelta(days=1))
    book.sign()
    (book.folder / "cosigned/000001.checkpoint").unlink()
    assert told(look(book, roster, now=NOW + timedelta(days=1)))["MISSING_WITNESS"] == 1


def test_a_checkpoint_that_a_stranger_cosigned_does_not_count(book: Book, roster: Path) -> None:
    book.run(NOW)
    book.cosign(NOW, key=private(31))
    assert told(look(book, roster, now=NOW)) == {"UNWITNESSED": 1}
    note = book.folder / "cosigned/000001.checkpoint"
    lines = notes.parse(book.cosign(NOW).text).lines
    bad = notes.Line(lines[-1].name, lines[-1].hint, lines[-1].data[:-1] + b"x")
    seen = notes.parse(note.read_bytes())
    forged = notes.Checkpoint(seen.origin, seen.size, seen.root, (*lines[:-1], bad))
    note.write_bytes(forged.text)
    assert told(look(book, roster, now=NOW))["CHECKPOINT"] == 1


def test_the_runner_s_own_checkpoint_must_fit_and_be_signed(book: Book, roster: Path) -> None:
    for when in days(NOW, 2):
        book.run(when)
    book.cosign(NOW + timedelta(days=1))
    path = book.folder / "checkpoint"
    good = path.read_bytes()
    for bad in (
        notes.sign(notes.checkpoint(notes.parse(good).origin, ["ab" * 32]), book.key).text,
        notes.sign(notes.parse(good), private(5)).text,
        good.replace(b"head-office", b"other-office"),
        b"",
    ):
        path.chmod(0o600)
        path.write_bytes(bad)
        assert told(look(book, roster, now=NOW + timedelta(days=1)))["CHECKPOINT"] == 1
    path.unlink()
    assert told(look(book, roster, now=NOW + timedelta(days=1))) == {"MISSING_CHECKPOINT": 1}


# --- people --------------------------------------------------------------------------------------


def test_a_review_is_shown_and_only_the_officer_can_write_one(book: Book, roster: Path) -> None:
    digest = book.run(NOW)
    book.cosign(NOW)
    review = book.review(digest, 0, NOW)
    path = book.file(review, book.officer.dpo)
    verdict = look(book, roster, now=NOW)
    assert told(verdict) == {}
    assert "REVIEWED" in {f.code for f in verdict.findings}
    path.write_bytes(sealed_by(review, book.key))
    assert told(look(book, roster, now=NOW)) == {"WRONG_ROLE": 1}
    path.write_bytes(sealed_by(review, private(404)))
    strange = look(book, roster, now=NOW)
    assert told(strange) == {}
    codes = {f.code for f in strange.findings}
    assert "OTHER_SIGNERS" in codes
    assert "REVIEWED" not in codes


def test_a_rejected_or_stray_review_is_a_finding(book: Book, roster: Path) -> None:
    digest = book.run(NOW)
    book.cosign(NOW)
    book.file(book.review(digest, 0, NOW, verdict="rejected"), book.officer.dpo)
    book.file(book.review("ab" * 32, 0, NOW), book.officer.dpo)
    assert told(look(book, roster, now=NOW)) == {"REVIEW_REJECTED": 1, "REVIEW_STRAY": 1}


def test_with_keys_alone_other_people_s_statements_are_named_as_unchecked(
    book: Book, tmp_path: Path
) -> None:
    digest = book.run(NOW)
    book.sign()
    book.file(book.review(digest, 0, NOW), book.officer.dpo)
    key = tmp_path / "key.pem"
    key.write_bytes(public_pem(book.key.public_key()))
    verdict = look(book, key, now=NOW)
    assert told(verdict) == {}
    assert "OTHER_SIGNERS" in {f.code for f in verdict.findings}
    assert verdict.level == "L1"


def test_an_independent_look_that_finds_more_overdue_is_a_finding(book: Book, roster: Path) -> None:
    book.run(NOW)
    book.cosign(NOW)
    cutoff = reports.dataset().rule.cutoff
    for overdue, expected in ((0, {}), (7, {"OBSERVED_OVERDUE": 1})):
        seen = at.Observed(
            dataset="call-log",
            data_class="call-detail-records",
            cutoff=cutoff,
            total=100,
            overdue=overdue,
        )
        book.file(book.observation(NOW + timedelta(hours=1), seen), book.officer.observer)
        assert told(look(book, roster, now=NOW + timedelta(hours=2))) == expected


def test_where_policies_are_signed_each_report_must_name_one(book: Book, roster: Path) -> None:
    document = "policy: acme-calls\nversion: 1\n"
    digest = "sha256:" + hashlib.sha256(document.encode()).hexdigest()
    head = {k: v for k, v in book._head(NOW).items() if k != "source"}
    policy = at.ApprovedPolicy(
        **head, policy="acme-calls", version=1, digest=digest, document=document
    )
    book.run(NOW, policy=reports.policy(digest=digest))
    book.cosign(NOW)
    path = book.file(policy, book.officer.controller, book.officer.dpo)
    assert told(look(book, roster, now=NOW)) == {}
    path.write_bytes(sealed_by(policy, book.officer.controller))
    assert told(look(book, roster, now=NOW)) == {}, "the controller decides"
    path.write_bytes(sealed_by(policy, book.officer.dpo))
    assert told(look(book, roster, now=NOW)) == {"UNDECIDED_POLICY": 1}
    path.write_bytes(sealed_by(policy, book.officer.controller, book.officer.dpo))
    book.run(NOW + timedelta(hours=1))
    book.cosign(NOW + timedelta(hours=1))
    assert told(look(book, roster, now=NOW + timedelta(hours=1))) == {"UNAPPROVED_POLICY": 1}


# --- from one run to the next --------------------------------------------------------------------


def counted(before: int, after: int, **dates: str) -> st.Dataset:
    whole = reports.dataset(deleted=before - after)
    change = {
        "total_before": st.Total(count=before),
        "total_after": st.Total(count=after),
        "range": st.Range(**dates),
    }
    return whole.model_copy(update=change)


def test_rows_that_went_without_a_report_are_told(book: Book, roster: Path) -> None:
    book.run(NOW, datasets=(counted(100, 90),))
    book.run(NOW + timedelta(days=1), datasets=(counted(60, 55),))
    book.cosign(NOW + timedelta(days=1))
    verdict = look(book, roster, now=NOW + timedelta(days=1))
    assert told(verdict) == {"UNEXPLAINED_ROWS": 1}
    assert [f.params["count"] for f in verdict.findings if f.code == "UNEXPLAINED_ROWS"] == [30]


def test_records_older_than_all_that_was_left_are_told(book: Book, roster: Path) -> None:
    book.run(NOW, datasets=(counted(100, 90, oldest_remaining="2026-08-25"),))
    book.run(NOW + timedelta(days=1), datasets=(counted(120, 110, oldest_deleted="2026-01-01"),))
    book.cosign(NOW + timedelta(days=1))
    assert told(look(book, roster, now=NOW + timedelta(days=1))) == {"WATERMARK": 1}


def test_a_rule_that_changed_is_told(book: Book, roster: Path) -> None:
    whole = counted(100, 90)
    shorter = whole.model_copy(update={"rule": whole.rule.model_copy(update={"keep": "P30D"})})
    shorter = shorter.model_copy(update={"total_before": st.Total(count=100)})
    book.run(NOW, datasets=(whole,))
    book.run(NOW + timedelta(days=1), datasets=(shorter,))
    book.cosign(NOW + timedelta(days=1))
    verdict = look(book, roster, now=NOW + timedelta(days=1))
    assert told(verdict) == {}
    assert [f.params["seq"] for f in verdict.findings if f.code == "POLICY_CHANGED"] == [1]


# --- the roster ----------------------------------------------------------------------------------


def test_a_roster_follows_only_when_the_old_authority_signed_too(tmp_path: Path) -> None:
    officer = Officer()
    first = read_roster(officer.roster(tmp_path / "1", RUNNER).read_bytes())
    trust = officer.trust(RUNNER, version=2, previous=first.digest)
    good = seal(st.statement(trust), officer.authority)
    assert read_roster(good, after=first).trust.version == 2

    other = Officer(authority=private(1234))
    taken = other.trust(RUNNER, version=2, previous=first.digest)
    with pytest.raises(RetainError):
        read_roster(seal(st.statement(taken), other.authority), after=first)
    handed = sealed_by(taken, other.authority, officer.authority)
    assert read_roster(handed, after=first).trust.version == 2
    skipped = officer.trust(RUNNER, version=3, previous=first.digest)
    with pytest.raises(RetainError):
        read_roster(seal(st.statement(skipped), officer.authority), after=first)


def test_one_key_never_serves_two_roles(tmp_path: Path) -> None:
    officer = Officer(dpo=RUNNER)
    with pytest.raises(ValueError, match="contradict"):
        officer.trust(RUNNER)


def test_a_roster_signed_by_somebody_else_is_none(tmp_path: Path) -> None:
    officer = Officer()
    forged = seal(st.statement(officer.trust(RUNNER)), private(3))
    with pytest.raises(RetainError):
        read_roster(forged)


def test_ledgers_take_nothing_that_stands_alone(tmp_path: Path) -> None:
    officer = Officer()
    sealed = seal(st.statement(officer.trust(RUNNER)), RUNNER)
    with pytest.raises(RetainError):
        Ledger(tmp_path).publish(sealed, public=RUNNER.public_key())
