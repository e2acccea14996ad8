"""The period report counts right, says what is missing, and never takes a forgery for a figure."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st_
from support import reports as made
from support.canary import DIGITS, WORD
from support.diary import CLASSES, KEEP, ZONE, Diary, at, days

import pbxretain.annex
from pbxretain.annex import facts, remarks, words
from pbxretain.annex.counting import chain, figures
from pbxretain.annex.figures import Figures
from pbxretain.errors import DocumentError, Exit
from pbxretain.evidence import statements as st
from pbxretain.evidence.attestations import GapNote
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.render import as_html, as_text
from pbxretain.spans import Schedule, Span, punctuality
from pbxretain.verify import Verdict
from pbxretain.wording import CATALOGUE
from pbxretain.wording.papers import PAPERS

LATER = datetime(2027, 2, 1, tzinfo=UTC)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path)


def said(found: Figures, lang: Lang = "en") -> str:
    return re.sub(r"\s+", " ", as_text(words.sheet(found, lang), width=200))


def names(found: Figures) -> set[str]:
    return {remark.name for remark in remarks.remarks(found)}


# --- figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_what_the_reports_themselves_add_up_to(diary: Diary, seed: int) -> None:
    dice = random.Random(seed)
    for day in days("2026-10-25", 45):
        if dice.random() < 0.15:
            continue
        left = {
            name: {"held": dice.randrange(3), "straddling": dice.randrange(2)} for name in CLASSES
        }
        late = dice.random() < 0.2
        if late:
            left["recordings"]["residue"] = 1 + dice.randrange(4)
        diary.run(
            at(day, dice.randrange(24)),
            outcome="incomplete" if late else "complete",
            deleted={name: dice.randrange(50) for name in CLASSES},
            left=left,
            older={"recordings": 1 + dice.randrange(9) if late else 0},
        )
    found = diary.figures("2026-11", now=LATER)

    mine = []
    for report in diary.raw():
        ended = datetime.strptime(report["run"]["ended_at"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z")
        day = ended.astimezone(ZONE).date()
        if (day.year, day.month) == (2026, 11):
            mine.append((day, report))
    assert [(r.deletion.ledger.seq) for r in found.runs if r.deletion] == [
        report["ledger"]["seq"] for _, report in mine
    ]
    deleted: Counter[str] = Counter()
    per_day: Counter[date] = Counter()
    overdue = 0
    for day, report in mine:
        for item in report["datasets"]:
            deleted[item["data_class"]] += item["balances"]["deleted"]
            per_day[day] += item["balances"]["deleted"]
            cutoff = datetime.strptime(item["rule"]["cutoff"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z")
            oldest = date.fromisoformat(item["range"]["oldest_remaining"])
            if item["balances"]["residue"]:
                overdue = max(overdue, (cutoff.astimezone(ZONE).date() - oldest).days)
    last = Counter[tuple[str, str]]()
    for item in mine[-1][1]["datasets"]:
        for key in ("held", "straddling", "residue"):
            last[item["data_class"], key] += item["balances"][key]
    assert {item.data_class: item.deleted for item in found.classes} == deleted
    assert found.deleted == sum(deleted.values())
    for item in found.classes:
        for key in ("held", "straddling", "residue"):
            assert item.left[key] == last[item.data_class, key]
    assert (found.overdue.days if found.overdue else 0) == overdue
    assert {part.span.first: part.deleted for part in found.course if part.runs} == {
        day: per_day[day] for day, _ in mine
    }
    assert facts.data(found)["runs"] == len(mine)


def test_a_run_belongs_to_the_day_of_the_systems_own_zone(diary: Diary) -> None:
    diary.run(at("2026-10-31", 22), deleted={"calls": 1})  # 23:00 in Berlin
    diary.run(at("2026-10-31", 23), deleted={"calls": 10})  # midnight, November
    assert diary.figures("2026-10", now=LATER).deleted == 1
    assert diary.figures("2026-11", now=LATER).deleted == 10


def test_what_only_stays_is_not_added_up_over_the_runs(diary: Diary) -> None:
    for day in days("2026-11-01", 5):
        diary.run(at(day), deleted={"calls": 2}, left={"calls": {"held": 4}})
    found = diary.figures("2026-11", now=LATER)
    assert (found.deleted, found.left("held")) == (10, 4)


def test_the_last_run_that_could_count_tells_what_is_left(diary: Diary) -> None:
    diary.run(at("2026-11-01"), outcome="incomplete", left={"calls": {"residue": 7}})
    diary.run(at("2026-11-02"), outcome="failed")
    found = diary.figures("2026-11", now=LATER)
    assert found.left("residue") == 7
    assert {"residue", "last-run"} <= names(found)


def test_a_quarter_and_a_year_are_the_sum_of_their_months(diary: Diary) -> None:
    for day in days("2026-10-01", 92):
        diary.run(at(day), deleted={"calls": day.month, "recordings": 1})
    quarter, year = (diary.figures(span, now=LATER, every=24) for span in ("2026-Q4", "2026"))
    months = [diary.figures(f"2026-{month}", now=LATER) for month in (10, 11, 12)]
    assert quarter.deleted == year.deleted == sum(month.deleted for month in months)
    assert [part.deleted for part in quarter.course] == [month.deleted for month in months]
    assert [part.deleted for part in year.course] == [0] * 9 + [m.deleted for m in months]
    assert (quarter.kept.taken, quarter.kept.due) == (92, 92)
    assert remarks.answer(quarter) == "good"


def test_an_old_record_that_stays_for_a_reason_is_told_apart_from_an_overdue_one(
    diary: Diary,
) -> None:
    diary.run(at("2026-11-01"), left={"calls": {"held": 1}}, older={"calls": 400})
    found = diary.figures("2026-11", now=LATER)
    assert found.overdue is None
    assert found.excepted
    assert found.excepted.days == 400
    assert remarks.answer(found) == "good"
    diary.run(at("2026-11-02"), older={"recordings": 3})
    found = diary.figures("2026-11", now=LATER)
    assert found.unexplained
    assert found.unexplained.days == 3
    assert remarks.answer(found) == "open"


def test_the_age_of_the_oldest_record_is_drawn_against_its_period(diary: Diary) -> None:
    for day in days("2026-11-01", 10):
        late = day.day == 9
        diary.run(
            at(day),
            outcome="incomplete" if late else "complete",
            left={"recordings": {"residue": 1}} if late else {},
            older={"recordings": 12} if late else {},
        )
    found = diary.figures("2026-11", now=LATER)
    (ageing,) = [item for item in found.ageing if item.data_class == "call-recordings"]
    assert ageing.limit == KEEP
    assert [age for _, age in ageing.days] == [KEEP, KEEP + 12]
    assert "was-overdue" in names(found)


# --- schedule ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skipped", "taken"),
    [((), 31), ((5,), 30), (tuple(range(12, 19)), 24), ((1,), 30), ((31,), 30)],
)
def test_missed_runs_are_counted(diary: Diary, skipped: tuple[int, ...], taken: int) -> None:
    for day in days("2026-09-30", 33):  # October has the long night
        if day.month != 10 or day.day not in skipped:
            diary.run(at(day))
    found = diary.figures("2026-10", now=LATER, every=24)
    assert (found.kept.taken, found.kept.due) == (taken, 31)
    assert ("missed" in names(found)) is bool(skipped)
    longest = timedelta(days=1 + len(skipped))
    if 1 not in skipped and 31 not in skipped:
        assert found.kept.longest == longest


@given(st_.sets(st_.integers(1, 31)), st_.lists(st_.integers(0, 5), min_size=33, max_size=33))
def test_any_missed_days_and_any_lateness_within_the_grace(
    skipped: set[int], late: list[int]
) -> None:
    whole = days("2026-09-30", 33)
    ends = [
        at(day, 3 + late[number])
        for number, day in enumerate(whole)
        if day.month != 10 or day.day not in skipped
    ]
    start, end = at("2026-09-30", 22), at("2026-10-31", 23)
    kept = punctuality(ends, Schedule.every(24), (), start=start, end=end)
    assert (kept.taken, kept.due) == (31 - len(skipped), 31)


def test_a_run_by_hand_or_a_late_one_changes_no_count(diary: Diary) -> None:
    for number, day in enumerate(days("2026-11-01", 30)):
        diary.run(at(day, 3 + number % 5))
        if number % 7 == 0:
            diary.run(at(day, 9))
    found = diary.figures("2026-11", now=LATER, every=24)
    assert (found.kept.taken, found.kept.due) == (30, 31 - 1)


def test_the_time_to_the_end_of_the_period_counts_too(diary: Diary) -> None:
    diary.run(at("2026-11-01"))
    found = diary.figures("2026-11", now=LATER, every=24)
    assert (found.kept.taken, found.kept.due) == (1, 30)
    assert found.kept.longest
    assert found.kept.longest.days == 29


def test_without_a_schedule_only_the_longest_time_is_told(diary: Diary) -> None:
    for day in ("2026-11-02", "2026-11-12", "2026-11-28"):
        diary.run(at(day))
    found = diary.figures("2026-11", now=LATER)
    assert found.kept.due is None
    assert found.kept.longest == timedelta(days=16)
    assert "No schedule is known" in said(found)


def test_a_report_that_settles_a_dead_run_is_no_run_of_its_own(diary: Diary) -> None:
    for day in days("2026-11-01", 30):
        diary.run(at(day))
    diary.run(at("2026-11-30", 8), outcome="recovered", left={"calls": {"residue": 1}})
    found = diary.figures("2026-11", now=LATER, every=24)
    assert (found.kept.taken, found.kept.due) == (30, 30)


def test_a_gap_that_a_signed_note_accounts_for_is_no_open_point(diary: Diary) -> None:
    for day in days("2026-11-01", 30):
        if day.day == 13:
            diary.note(at("2026-11-10", 4), at("2026-11-13", 2))
        if day.day not in (11, 12):
            diary.run(at(day))
    found = diary.figures("2026-11", now=LATER, every=24)
    assert (found.kept.taken, found.kept.due, found.kept.explained) == (28, 30, 2)
    assert names(found) == {"explained"}
    assert remarks.answer(found) == "notes"
    assert "maintenance" in said(found)
    assert "new disks" in said(found)


def test_reports_that_begin_in_the_period_say_nothing_of_the_time_before(diary: Diary) -> None:
    for day in days("2026-11-20", 11):
        diary.run(at(day))
    found = diary.figures("2026-11", now=LATER, every=24)
    assert (found.kept.taken, found.kept.due) == (11, 11)
    assert names(found) == {"begins"}
    assert "Die Löschprotokolle beginnen am 20.11.2026" in said(found, "de")


# --- what is not there ------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_period_is_no_good_news(diary: Diary, lang: Lang) -> None:
    diary.run(at("2026-09-15"))
    found = diary.figures("2026-11", now=LATER, every=24)
    assert remarks.answer(found) == "none"
    assert remarks.exit_code(found) == Exit.INCOMPLETE
    assert (found.kept.taken, found.kept.due) == (0, 30)
    assert {"de": "Nein:", "en": "No:"}[lang] in said(found, lang)
    assert "Acme GmbH" in said(found, lang)


def test_a_source_without_runs_has_a_page_too() -> None:
    span = Span.parse("month", "2026-11")
    nothing = Verdict((), (), None)
    name, reports = chain(nothing, "office")
    schedule = Schedule.every(24)
    found = figures(reports, nothing, span, source=name, now=LATER, schedule=schedule)
    assert (found.kept.taken, found.kept.due) == (0, 30)
    assert "there is no report of any run" in said(found)


def test_a_period_that_goes_on_is_provisional(diary: Diary) -> None:
    for day in days("2026-11-01", 10):
        diary.run(at(day))
    now = at("2026-11-10", 12)
    found = diary.figures("2026-11", now=now, every=24)
    assert (found.kept.taken, found.kept.due) == (10, 10)
    assert "Provisional" in said(found)
    assert "2026-11-10" in said(found)
    with pytest.raises(DocumentError, match="hasn't begun"):
        diary.figures("2026-12", now=now)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("month", "2026-13"),
        ("month", "2026"),
        ("month", "2٠٢٦-10"),
        ("quarter", "2026-Q5"),
        ("quarter", "2026-4"),
        ("year", "26"),
        ("year", "2026-01"),
        ("year", "x" * 9999),
    ],
)
def test_another_form_of_a_period_is_refused(kind: str, text: str) -> None:
    with pytest.raises(DocumentError, match="is written such as"):
        Span.parse(kind, text)  # type: ignore[arg-type]


def test_spans_are_calendar_spans() -> None:
    quarter = Span.parse("quarter", "2026-Q4")
    assert (quarter.first, quarter.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert [part.last for part in Span.parse("month", "2028-02").parts(days=7)][-1].day == 29
    assert len(list(Span.parse("year", "2026").parts())) == 12
    assert words.span(quarter, "de") == "4. Quartal 2026"
    assert words.span(Span.parse("month", "2026-03"), "de") == "März 2026"


# --- evidence ---------------------------------------------------------------------------------


def _five(diary: Diary) -> list[Path]:
    return [diary.run(at(day), deleted={"calls": 1}) for day in days("2026-11-01", 5)]


def test_a_forged_report_is_a_finding_on_the_page_and_no_figure(diary: Diary) -> None:
    third = _five(diary)[2]
    text = third.read_text().replace('"payload":"', '"payload":"AAAA')
    third.chmod(0o640)
    third.write_text(text)
    found = diary.figures("2026-11", now=LATER)
    assert remarks.exit_code(found) == Exit.FORGED
    assert found.deleted == 4
    assert third.name in said(found)
    assert "Rely on no figure" in said(found)


def test_an_unreadable_report_is_told(diary: Diary) -> None:
    third = _five(diary)[2]
    third.unlink()
    third.mkdir()
    found = diary.figures("2026-11", now=LATER)
    assert remarks.exit_code(found) == Exit.UNAVAILABLE
    assert third.name in said(found)
    assert "figures are incomplete" in said(found)


def test_a_missing_report_is_an_open_point(diary: Diary) -> None:
    _five(diary)[2].unlink()
    found = diary.figures("2026-11", now=LATER)
    assert remarks.exit_code(found) == Exit.INCOMPLETE
    assert "evidence" in names(found)
    assert "no. 2" in said(found)


def test_nobody_vouches_for_a_key_that_only_lies_beside_the_reports(diary: Diary) -> None:
    _five(diary)
    found = diary.figures("2026-11", now=LATER, trusted=False)
    assert remarks.exit_code(found) == Exit.UNTRUSTED
    assert "Not confirmed" in said(found)


def test_a_name_that_is_no_reports_is_not_repeated(diary: Diary) -> None:
    _five(diary)
    (diary.reports / f"{WORD}-{DIGITS}.dsse.json").write_text("{}")
    found = diary.figures("2026-11", now=LATER)
    assert remarks.exit_code(found) == Exit.FORGED
    assert "a file that isn't named like a report" in said(found)
    assert WORD not in said(found)
    assert DIGITS not in said(found)


def test_every_report_stands_there_with_its_digest(diary: Diary) -> None:
    _five(diary)
    found = diary.figures("2026-11", now=LATER)
    text = said(found)
    for report in found.runs:
        assert report.digest in text


# --- words ------------------------------------------------------------------------------------


def test_bad_runs_are_told_with_their_reason_in_words(diary: Diary) -> None:
    for day in days("2026-11-01", 12):
        outcome = {4: "refused", 5: "refused", 6: "failed", 8: "incomplete"}.get(
            day.day, "complete"
        )
        left = {"recordings": {"residue": 1}} if outcome == "incomplete" else {}
        diary.run(at(day), outcome=outcome, left=left)
    found = diary.figures("2026-11", now=LATER)
    assert [(t.outcome, t.count, t.made_good) for t in found.troubles] == [
        ("refused", 2, True),
        ("failed", 1, True),
        ("incomplete", 1, True),
    ]
    text = said(found)
    assert "2026-11-04 to 2026-11-05" in text
    assert CATALOGUE["code.SHARE_LIMIT"][1] in text
    assert remarks.answer(found) == "notes"


def test_a_new_version_of_the_policy_is_a_change_with_its_days(diary: Diary) -> None:
    for day in days("2026-11-01", 10):
        newer: dict[str, Any] = {
            "policy": made.policy(version=4, digest="sha256:" + "cd" * 32, approved=False)
        }
        diary.run(at(day), **(newer if day.day > 6 else {}))
    found = diary.figures("2026-11", now=LATER)
    assert [(p.report.policy.version, p.first.day, p.last.day, p.runs) for p in found.policies] == [
        (3, 1, 6, 6),
        (4, 7, 10, 4),
    ]
    assert [(c.what, c.on.day) for c in found.changes] == [("policy", 7), ("approved", 7)]
    assert "not-approved" in names(found)


def test_findings_are_told_once_with_their_days_and_whether_they_persist(diary: Diary) -> None:
    for day in days("2026-11-01", 6):
        diary.run(at(day), findings=(("ORPHAN_FILES", day.day),) if day.day < 4 else ())
    diary.run(at("2026-11-20"), policy=made.policy(not_decided=("fax-documents",)))
    found = diary.figures("2026-11", now=LATER)
    seen = {(s.code, s.where): s for s in found.findings}
    gone = seen["ORPHAN_FILES", "calls"]
    assert (gone.first.day, gone.last.day, gone.count, gone.open) == (1, 3, 3, False)
    assert seen["NOT_DECIDED", "fax-documents"].open
    assert "not-decided" in names(found)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_is_said_in_both_languages(diary: Diary, lang: Lang) -> None:
    for day in days("2026-11-01", 12):
        outcome = {3: "refused", 4: "failed", 5: "interrupted", 6: "recovered", 7: "incomplete"}
        ended = outcome.get(day.day, "complete")
        change: dict[str, Any] = {"not_covered": ("events",)} if day.day > 8 else {}
        diary.run(
            at(day),
            outcome=ended,
            findings=(("ORPHAN_FILES", 2),),
            left={"calls": {"held": 1, "residue": 2 if ended == "incomplete" else 0}},
            **change,
        )
    text = said(diary.figures("2026-11", now=LATER, every=24), lang)
    assert "{" not in text
    assert re.findall(r"\b[A-Z]{2,}_[A-Z_]+\b", text) == []
    assert not re.search("compliant|konform|unrecoverable|unwiederbringlich", text, re.I)


def test_nothing_in_the_catalogue_is_unsaid() -> None:
    folder = Path(pbxretain.annex.__file__).parent
    source = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    known = set(re.findall(r'"([a-z][\w.-]*)"', source))
    prefixes = tuple(f"annex.{p}" for p in re.findall(r'say\(\s*f"([\w.-]+\.)\{', source))
    for key in (key for key in PAPERS if key.startswith(("annex.", "review."))):
        short = key.removeprefix("annex.")
        last = key.rpartition(".")[2]
        built = key.startswith(prefixes) and last in known | set(remarks.EXITS) | OUTCOMES
        shown = key.startswith(("annex.col.", "review.")) and last in known
        assert short in known or key in known or built or shown, key


OUTCOMES = {*get_args(st.RunOutcome), "day", "month"}
OUTCOMES |= set(get_args(GapNote.model_fields["reason"].annotation))


def test_hostile_text_in_documents_stays_text(diary: Diary) -> None:
    evil = "<script>alert(1)</script>\u202egnp.exe"
    for day in days("2026-11-01", 3):
        copy = st.Copy(code="evil", text={"de": evil, "en": evil})
        diary.run(at(day), controller=evil, dpia_ref=evil, copies_out_of_reach=(copy,))
    sheet = words.sheet(diary.figures("2026-11", now=LATER), "de")
    html = as_html(sheet)
    assert "<script>" not in html
    assert "\u202e" not in html
    assert "\u202e" not in as_text(sheet)


# --- several rules, redaction, what data subjects demanded ---------------------------------------


def test_rules_redaction_and_demands_are_told_apart(diary: Diary) -> None:
    for day in days("2026-11-20", 3):
        whole = made.stranded()
        diary.run(
            at(day), datasets=whole.datasets, policy=whole.policy, exceptions=whole.exceptions
        )
    when = "2026-11-22T09:00:00Z"
    demanded = made.run(trigger="erasure-request", started_at=when, ended_at=when, as_of=when)
    diary.run(at("2026-11-22", 9), run=demanded, datasets=(made.dataset(deleted=9),))
    found = diary.figures("2026-11", now=at("2026-11-23"), every=24)
    assert (found.deleted, found.redacted, found.erasures) == (3 * 5 + 9, 3 * 4, 1)
    assert (found.kept.taken, found.left("minimum"), found.left("held")) == (3, 5, 3)
    assert facts.data(found)["runs"] == 3
    for lang, sentences in (
        ("en", ("3 runs, 12 records redacted and 24 records deleted", "recordings (rule advice)")),
        ("de", ("12 Datensätze unkenntlich gemacht und 24 Datensätze gelöscht", "Löschverlangen")),
    ):
        told_ = said(found, "de" if lang == "de" else "en")
        assert [s for s in sentences if s not in told_] == []
