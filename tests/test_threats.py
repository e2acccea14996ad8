"""Each row of docs/explanation/threats.md: the attack is played, and what stops it is named, or
that it stays possible."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support import office, reports, trusted
from support.attacks import (
    DAY,
    DPO,
    SOURCE,
    Scene,
    call_log,
    entries,
    guessed_keys,
    plain_hashes,
    told,
)
from support.handover import Host
from support.handover import Officer as Desk
from support.officer import Book, days, der, private, sealed_by
from support.pages import DOCS
from support.reports import NOW as START
from support.sealed import watched
from support.small import NOW

from pbxretain import approval, execute, keyring, keys, signing
from pbxretain.cli import unsealed
from pbxretain.errors import EvidenceError, Exit, RefusedError, TrustError
from pbxretain.evidence import attestations as at
from pbxretain.evidence import notes, opening, sealing, sidecars
from pbxretain.evidence import statements as st
from pbxretain.evidence.bundle import Bundle
from pbxretain.evidence.commitments import RunKey
from pbxretain.evidence.lookup import minute
from pbxretain.evidence.trust import read_roster
from pbxretain.ledger import LEDGER, Ledger
from pbxretain.secret import Secret
from pbxretain.signing import key_id
from pbxretain.verify import Verdict, verify_paths
from pbxretain.wording import CATALOGUE

HOUR = timedelta(hours=1)
RUNNER = private(1)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "reports")


@pytest.fixture
def roster(book: Book, tmp_path: Path) -> Path:
    return book.officer.roster(tmp_path / "trust.dsse.json", RUNNER)


def look(book: Book, *trust: Path, at_: Any, seen: tuple[notes.Checkpoint, ...] = ()) -> Verdict:
    return verify_paths([book.folder], trust=trust, own_public=None, now=at_, seen=seen)


def written_anew(book: Book, *, keep: int, key: Any = None, count: int | None = None) -> Book:
    """What an admin makes of a ledger with a key: the first ``keep`` entries as they were, all
    that follow as he likes it; the officer's notes of before lie beside it."""
    other = Book(book.folder.with_name("anew"), officer=book.officer, key=key or book.key)
    for entry in book.ledger.entries()[:keep]:
        other.publish((book.folder / entry.file).read_bytes())
    total = len(book.digests) if count is None else count
    for when in days(START + keep * DAY, total - keep):
        other.run(when, datasets=(reports.dataset(deleted=77),))
    other.sign()
    if (book.folder / "cosigned").exists():
        shutil.copytree(book.folder / "cosigned", other.folder / "cosigned")
    return other


# --- an admin with root on the host: what he deletes ---------------------------------------------


def _lying_run(scene: Scene) -> None:
    """A patched tool: it deletes in a copy of the call log, and reports that as the truth."""
    copy = call_log(scene.pbx.folder.with_name("copy"))
    terms = replace(scene.pbx.terms(), source=copy.terms().source)
    assert scene.run(terms=terms).outcome == "complete"
    scene.cosign(NOW + HOUR)


def test_deletions_that_were_only_reported_show_in_an_observation(scene: Scene) -> None:
    _lying_run(scene)
    assert scene.report(0).datasets[0].balances.deleted == 4
    assert told(scene.verify(NOW + HOUR)) == {}, "until somebody else looks, the lie holds"
    assert sum(each.overdue for each in scene.observe(NOW + 2 * HOUR).datasets) == 4
    assert told(scene.verify(NOW + 3 * HOUR)) == {"OBSERVED_OVERDUE": 1}


def test_deletions_that_were_only_reported_show_in_the_next_honest_run(scene: Scene) -> None:
    _lying_run(scene)
    scene.run(NOW + DAY)
    scene.cosign(NOW + DAY)
    assert told(scene.verify(NOW + DAY)) == {"WATERMARK": 1, "RETURNED": 1}


def test_rows_that_refuse_to_go_are_never_reported_as_gone(scene: Scene) -> None:
    scene.sql("CREATE TRIGGER keep BEFORE DELETE ON cdr BEGIN SELECT RAISE(IGNORE); END")
    assert scene.run().outcome == "refused"
    scene.cosign(NOW + HOUR)
    assert not sum(d.balances.deleted for d in scene.report(0).datasets)
    assert told(scene.verify(NOW + HOUR)) == {"RUN_REFUSED": 1}


def test_figures_that_hide_what_stayed_contradict_each_other(scene: Scene) -> None:
    scene.run()
    whole = scene.report(0)
    balances = whole.datasets[0].balances.model_copy(update={"deleted": 3})
    dataset = whole.datasets[0].model_copy(update={"balances": balances})
    forged = whole.model_copy(update={"datasets": (dataset,)})
    entry = Ledger(scene.reports).entries()[0]
    path = scene.reports / entry.file
    path.chmod(0o600)
    path.write_bytes(signing.seal(st.statement(forged), scene.first.key))
    verdict = scene.verify(NOW + HOUR)
    assert told(verdict)["BALANCE"] == 1
    assert verdict.exit == Exit.FORGED


def test_rows_deleted_outside_the_tool_are_unexplained(scene: Scene) -> None:
    scene.run()
    assert scene.sql("DELETE FROM cdr WHERE calldate LIKE '2026-11-%'") == 2
    scene.run(NOW + DAY)
    scene.cosign(NOW + DAY)
    verdict = scene.verify(NOW + DAY)
    assert told(verdict) == {"UNEXPLAINED_ROWS": 1}
    assert [f.params["count"] for f in verdict.findings if f.code == "UNEXPLAINED_ROWS"] == [2]


def test_rows_deleted_outside_the_tool_do_not_hide_behind_as_many_new_ones(scene: Scene) -> None:
    for number in range(3):
        scene.call(NOW - 10 * DAY, 70 + number)
    scene.run()
    scene.sql("DELETE FROM cdr WHERE sequence IN ('70', '71')")
    for number in range(2):
        scene.call(NOW + HOUR, 90 + number)
    scene.run(NOW + DAY)
    scene.cosign(NOW + DAY)
    verdict = scene.verify(NOW + DAY)
    assert told(verdict) == {"UNEXPLAINED_ROWS": 1}
    assert [f.params["count"] for f in verdict.findings if f.code == "UNEXPLAINED_ROWS"] == [2]


def test_rows_of_the_last_two_days_can_hide_behind_as_many_new_ones(scene: Scene) -> None:
    scene.call(NOW - DAY, 70)
    scene.run()
    scene.sql("DELETE FROM cdr WHERE sequence = '70'")
    scene.call(NOW + HOUR, 90)
    scene.run(NOW + DAY)
    scene.cosign(NOW + DAY)
    assert told(scene.verify(NOW + DAY)) == {}, "stays possible: threats.md says so"


def test_rows_that_were_put_back_are_told(scene: Scene) -> None:
    scene.run()
    scene.call(NOW - 30 * DAY, 80)
    scene.run(NOW + DAY)
    scene.cosign(NOW + DAY)
    assert told(scene.verify(NOW + DAY)) == {"RETURNED": 1}


def test_rows_deleted_from_a_table_that_is_only_estimated_are_not_missed(
    book: Book, roster: Path
) -> None:
    for exact, expected in ((True, {"UNEXPLAINED_ROWS": 1}), (False, {})):
        here = Book(book.folder.with_name(f"exact-{exact}"), officer=book.officer)
        for day, (before, after) in enumerate([(900_000, 899_997), (700_000, 699_997)]):
            totals = {
                "total_before": st.Total(count=before, exact=exact),
                "total_after": st.Total(count=after, exact=exact),
            }
            dataset = reports.dataset().model_copy(update=totals)
            here.run(START + day * DAY, datasets=(dataset,))
        here.cosign(START + DAY)
        assert told(look(here, roster, at_=START + DAY)) == expected, (
            "stays possible when estimated"
        )


# --- an admin: what he writes --------------------------------------------------------------------


def test_an_edited_report_has_no_genuine_signature(scene: Scene) -> None:
    scene.run()
    scene.cosign(NOW)
    path = scene.reports / Ledger(scene.reports).entries()[0].file
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"])
    edited = payload.replace(b'"trigger":"manual"', b'"trigger":"cron"')
    assert edited != payload
    envelope["payload"] = base64.b64encode(edited).decode()
    path.chmod(0o600)
    path.write_bytes(signing.canonical(envelope) + b"\n")
    verdict = scene.verify(NOW + HOUR)
    assert told(verdict)["BAD_SIGNATURE"] == 1
    assert (verdict.exit, verdict.level) == (Exit.FORGED, None)


def test_a_report_edited_and_signed_anew_forks_from_what_the_officer_saw(
    book: Book, roster: Path
) -> None:
    for when in days(START, 3):
        book.run(when)
    seen = book.cosign(START + 2 * DAY)
    forged = written_anew(book, keep=1)
    now = START + 2 * DAY + HOUR
    assert look(forged, roster, at_=now, seen=(seen,)).exit == Exit.FORGED
    codes = told(look(forged, roster, at_=now, seen=(seen,)))
    assert (codes["FORK"], codes["CHECKPOINT"]) == (1, 1)


def test_the_officers_machine_never_cosigns_a_ledger_written_anew(tmp_path: Path) -> None:
    """The same by the commands that both sides type: every signature is genuine."""
    host, officer = Host(tmp_path / "host"), Desk(tmp_path / "officer")
    host.must("run")
    host.install(officer.init(host.bundle(tmp_path / "first.zip"), host.fingerprint))
    officer.dpo("witness", str(tmp_path / "first.zip"))
    shutil.rmtree(host.reports)
    host.must("run")
    host.must("run")
    again = host.bundle(tmp_path / "again.zip")
    done = officer.dpo("witness", str(again), code=Exit.FORGED)
    assert "another story" in done.output
    checked = json.loads(officer.run("verify", str(again), "--json").stdout)
    assert "FORK" in {finding["code"] for finding in checked["findings"]}


def test_a_closed_month_can_not_be_signed_anew_for_its_key_is_destroyed(scene: Scene) -> None:
    august, first = NOW - 90 * DAY, scene.site().key
    terms = scene.pbx.terms()
    assert scene.run(august, terms=terms, site=scene.site()).exit_code == Exit.OK
    closed = scene.site().key
    scene.run(NOW, terms=terms, site=scene.site())
    now_key = scene.site().key
    assert len({key_id(k.public_key()) for k in (first, closed, now_key)}) == 3
    state = scene.pbx.folder / "state"
    left = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    for gone in (first, closed):
        assert keys.private_pem(gone).split(b"\n")[1] not in left
    assert keys.private_pem(now_key).split(b"\n")[1] in left
    entry = next(e for e in Ledger(scene.reports).entries() if e.type.endswith("report/v1"))
    path = scene.reports / entry.file
    forged = scene.report(entry.seq).model_copy(update={"dpia_ref": "another story"})
    path.chmod(0o600)
    path.write_bytes(signing.seal(st.statement(forged), now_key))
    verdict = scene.verify(NOW + HOUR)
    assert verdict.exit == Exit.FORGED
    assert told(verdict)["RETIRED_KEY"] == 1


def test_the_tail_that_nobody_has_seen_can_be_rewritten(book: Book, roster: Path) -> None:
    for when in days(START, 2):
        book.run(when)
    seen = book.cosign(START + DAY)
    book.run(START + 2 * DAY)
    forged = written_anew(book, keep=2)
    now = START + 2 * DAY + HOUR
    assert told(look(forged, roster, at_=now, seen=(seen,))) == {}, "stays possible"
    seen = book.cosign(START + 2 * DAY)
    assert told(look(forged, roster, at_=now, seen=(seen,)))["FORK"] == 1, "not after a look at it"


def test_a_dropped_report_leaves_a_gap(book: Book, roster: Path) -> None:
    for when in days(START, 3):
        book.run(when)
    book.cosign(START + 2 * DAY)
    (book.folder / "000001-deletion-report.dsse.json").unlink()
    codes = told(look(book, roster, at_=START + 2 * DAY))
    assert (codes["MISSING_REPORT"], codes["GAP"]) == (1, 1)
    lines = (book.folder / LEDGER).read_bytes().splitlines(keepends=True)
    (book.folder / LEDGER).write_bytes(lines[0] + lines[2])
    assert look(book, roster, at_=START + 2 * DAY).exit == Exit.FORGED


def test_reports_in_another_order_do_not_follow_each_other(book: Book, roster: Path) -> None:
    for when in days(START, 3):
        book.run(when)
    book.cosign(START + 2 * DAY)
    names = [book.folder / f"{n:06d}-deletion-report.dsse.json" for n in (1, 2)]
    first, second = (path.read_bytes() for path in names)
    names[0].write_bytes(second)
    names[1].write_bytes(first)
    assert look(book, roster, at_=START + 2 * DAY).exit == Exit.FORGED
    codes = told(look(book, roster, at_=START + 2 * DAY))
    assert codes["LEDGER_MISMATCH"] == 2


def test_a_tail_that_the_officer_saw_is_missed(book: Book, roster: Path) -> None:
    for when in days(START, 4):
        book.run(when)
    seen = book.cosign(START + 3 * DAY)
    short = written_anew(book, keep=2, count=2)
    shutil.rmtree(short.folder / "cosigned")
    codes = told(look(short, roster, at_=START + 3 * DAY, seen=(seen,)))
    assert codes["TRUNCATED"] == 1


def test_a_tail_that_nobody_saw_is_missed_when_the_next_run_is_overdue(
    book: Book, roster: Path
) -> None:
    for when in days(START, 2):
        book.run(when)
    seen = book.cosign(START + DAY)
    for when in days(START + 2 * DAY, 2):
        book.run(when)
    short = written_anew(book, keep=2, count=2)
    verdict = look(short, roster, at_=START + 3 * DAY, seen=(seen,))
    assert told(verdict) == {"OVERDUE": 1}


def test_a_backdated_report_contradicts_the_cosignature_it_names(book: Book, roster: Path) -> None:
    book.run(START)
    book.cosign(START + 3 * DAY)
    book.run(START + DAY)
    book.cosign(START + 3 * DAY)
    assert told(look(book, roster, at_=START + 3 * DAY))["BACKDATED"] == 1


def test_a_report_dated_ahead_contradicts_the_cosignature_above_it(
    book: Book, roster: Path
) -> None:
    book.run(START + 5 * HOUR)
    book.cosign(START)
    assert told(look(book, roster, at_=START + 5 * HOUR))["POSTDATED"] == 1


def test_between_two_looks_of_the_officer_a_date_can_be_moved(book: Book, roster: Path) -> None:
    book.run(START)
    book.cosign(START)
    book.run(START + 20 * HOUR)  # in truth it was made hours later
    book.cosign(START + DAY)
    assert told(look(book, roster, at_=START + DAY)) == {}, "stays possible"


def test_an_old_report_handed_in_again_stands_in_no_place(book: Book, roster: Path) -> None:
    book.run(START)
    book.cosign(START)
    old = (book.folder / "000000-deletion-report.dsse.json").read_bytes()
    (book.folder / "000001-deletion-report.dsse.json").write_bytes(old)
    assert told(look(book, roster, at_=START + HOUR))["EXTRA_REPORT"] == 1
    with pytest.raises(EvidenceError) as caught:
        Ledger(book.folder).publish(old, public=book.key.public_key())
    assert caught.value.code == "FORK"


def test_a_second_run_tells_a_story_of_its_own(scene: Scene) -> None:
    scene.run()
    scene.run(NOW + HOUR)
    scene.cosign(NOW + HOUR)
    first, second = scene.report(0), scene.report(1)
    assert (first.run.outcome, second.run.outcome) == ("complete", "nothing-due")
    assert first.run.id != second.run.id
    assert second.ledger.prev == Ledger(scene.reports).entries()[0].digest
    assert told(scene.verify(NOW + HOUR)) == {}


def test_a_dry_run_never_passes_for_a_deletion(book: Book, roster: Path) -> None:
    book.run(START)
    book.cosign(START)
    plan = signing.seal(st.statement(reports.plan()), book.key)
    name = "000001-deletion-report.dsse.json"
    (book.folder / name).write_bytes(plan)
    verdict = look(book, roster, at_=START + HOUR)
    assert [(f.code, f.file) for f in verdict.findings if f.code == "DRY_RUN"] == [
        ("DRY_RUN", name)
    ]
    assert told(verdict)["EXTRA_REPORT"] == 1
    with pytest.raises(EvidenceError):
        Ledger(book.folder).publish(plan, public=book.key.public_key())
    payload = signing.open_envelope(plan).payload
    renamed = payload.replace(b"/plan/v1", b"/deletion-report/v1")
    assert renamed != payload
    with pytest.raises(EvidenceError):
        st.parse_statement(renamed)


# --- an admin: the rules -------------------------------------------------------------------------


def test_a_policy_weakened_for_a_night_refuses_the_run(scene: Scene) -> None:
    before = scene.pbx.snapshot()
    done = scene.run(terms=replace(scene.pbx.terms(), approved=False))
    assert (done.exit_code, [e.code for e in done.errors]) == (Exit.REFUSED, ["NOT_APPROVED"])
    assert scene.pbx.snapshot() == before
    assert scene.report(0).run.refused_reason == "NOT_APPROVED"


def test_a_policy_that_the_controller_did_not_sign_refuses_the_run(scene: Scene) -> None:
    before = scene.pbx.snapshot()
    missing = approval.unsigned("acme-calls", None, read_roster(office.TRUST), consulted=False)
    assert missing is not None
    done = scene.run(terms=replace(scene.pbx.terms(), unsigned=missing))
    assert (done.exit_code, [e.code for e in done.errors]) == (Exit.REFUSED, ["NOT_SIGNED"])
    assert scene.pbx.snapshot() == before
    assert scene.report(0).run.refused_reason == "NOT_SIGNED"


def test_a_report_that_claims_a_signature_is_held_against_the_signed_policy(
    book: Book, roster: Path
) -> None:
    document = "policy: acme-calls\nversion: 1\n"
    digest = "sha256:" + hashlib.sha256(document.encode()).hexdigest()
    head = {k: v for k, v in book._head(START).items() if k != "source"}
    agreed = at.ApprovedPolicy(
        **head, policy="acme-calls", version=1, digest=digest, document=document
    )
    signers = (book.officer.controller, book.officer.dpo)
    claim = tuple(key_id(key.public_key()) for key in signers)
    book.run(START, policy=reports.policy(digest=digest, signed_by=claim, consulted=True))
    book.cosign(START)
    book.file(agreed, book.officer.controller)
    assert told(look(book, roster, at_=START)) == {"FALSE_APPROVAL": 1}, "the officer didn't sign"
    book.file(agreed, *signers)
    assert told(look(book, roster, at_=START)) == {}


def test_a_policy_weakened_for_a_night_that_was_not_put_before_the_officer_is_told(
    book: Book, roster: Path
) -> None:
    document = "policy: acme-calls\nversion: 1\n"
    digest = "sha256:" + hashlib.sha256(document.encode()).hexdigest()
    head = {k: v for k, v in book._head(START).items() if k != "source"}
    agreed = at.ApprovedPolicy(
        **head, policy="acme-calls", version=1, digest=digest, document=document
    )
    book.run(START, policy=reports.policy(digest=digest))
    book.run(START + HOUR)  # under another one, of which the host says that it is approved
    book.cosign(START + HOUR)
    assert told(look(book, roster, at_=START + HOUR)) == {}, "stays possible: nothing was signed"
    book.file(agreed, book.officer.controller, book.officer.dpo)
    assert told(look(book, roster, at_=START + HOUR)) == {"UNAPPROVED_POLICY": 1}


def test_a_run_without_approval_by_a_patched_tool_says_so(book: Book, roster: Path) -> None:
    book.run(START, policy=reports.policy(approved=False))
    book.cosign(START)
    verdict = look(book, roster, at_=START)
    assert told(verdict) == {"NOT_APPROVED": 1}
    assert verdict.level == "L1"


# --- an admin: what was deleted ------------------------------------------------------------------


def _sealed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, bytes, RunKey]:
    """A run at level sealed: the escrow key's file, and the run key as root reads it in memory."""
    escrow, held = scene.pbx.seal(), list[tuple[RunKey, bytes]]()
    begin = RunKey.__init__

    def spied(self: RunKey, key: bytes | None = None) -> None:
        begin(self, key)
        held.append((self, bytes(self._key)))

    with monkeypatch.context() as patch:
        patch.setattr(RunKey, "__init__", spied)
        assert scene.run().exit_code == Exit.OK
    ((key, plain),) = held
    return escrow, plain, key


def _sidecar(scene: Scene, role: str) -> sidecars.Sidecar:
    bundle = Bundle(scene.reports)
    (report,) = bundle.reports()
    file = report.file(role, None if role == "sealed-key" else "calls")
    assert file
    return sidecars.read(bundle.sidecar(file) or b"")


PARTIES = ("ext:411", "ext:030", "raw:030", "+4330")
OLDEST = int((NOW - 121 * DAY).timestamp()) // 60
MINUTES = range(OLDEST, OLDEST + 2 * 24 * 60)


def test_the_run_key_is_nowhere_on_the_host_once_the_run_is_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    escrow, plain, key = _sealed(scene, monkeypatch)
    forms = {plain, plain.hex().encode(), base64.b64encode(plain)}
    for path in scene.pbx.folder.rglob("*"):
        if path.is_file() and path != escrow:
            data = path.read_bytes()
            assert not [form for form in forms if form in data], path
    with pytest.raises(EvidenceError):
        key.tree_key(source=SOURCE, dataset="calls")
    report = scene.report(0)
    info = sealing.context(
        installation=report.installation, source=report.source, run=report.run.id
    )
    sealed = bytes(_sidecar(scene, "sealed-key").body)
    opened = sealing.open_key(sealed, sealing.load_escrow(escrow), info=info)
    assert opened.tree_key(source=SOURCE, dataset="calls") == RunKey(plain).tree_key(
        source=SOURCE, dataset="calls"
    )
    with pytest.raises(EvidenceError):
        sealing.open_key(sealed, X25519PrivateKey.generate(), info=info)


def test_root_can_read_the_run_key_in_memory_while_a_run_works(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, plain, _ = _sealed(scene, monkeypatch)
    index = bytes(_sidecar(scene, "index").body)
    assert entries(index, RunKey(plain), parties=PARTIES, minutes=MINUTES), "stays possible"


def test_numbers_and_times_can_not_be_tried_without_the_run_key(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched() as gone:
        _, plain, _ = _sealed(scene, monkeypatch)
    known = gone["calls"][0]
    assert minute(known) in MINUTES
    second = int(known.when.timestamp())
    index, leaves = _sidecar(scene, "index"), _sidecar(scene, "leaves")
    everything = bytes(index.body) + bytes(leaves.body)
    for guess in guessed_keys(scene.report(0), everything):
        near = range(minute(known) - 1, minute(known) + 2)
        assert not entries(bytes(index.body), guess, parties=PARTIES, minutes=near)
    plain_ = plain_hashes(PARTIES, range(second - 30 * 60, second + 30 * 60))
    windows = {everything[at : at + 16] for at in range(len(everything))}
    assert not {tried[:16] for tried in plain_} & windows
    # The same search finds all calls (two are alike) once the key is right: it could have failed.
    assert entries(bytes(index.body), RunKey(plain), parties=PARTIES, minutes=MINUTES) == 3
    assert scene.report(0).datasets[0].merkle.size == 4, "how many went is told to everybody"


# --- an attacker with the database only ----------------------------------------------------------


def test_rows_forged_into_the_past_are_older_than_all_that_was_left(scene: Scene) -> None:
    scene.run()
    scene.call(NOW - 200 * DAY, 80)
    scene.run(NOW + DAY)
    scene.cosign(NOW + DAY)
    assert told(scene.verify(NOW + DAY)) == {"WATERMARK": 1, "RETURNED": 1}


def test_rows_removed_from_the_database_are_unexplained(scene: Scene) -> None:
    scene.run()
    assert scene.sql("DELETE FROM cdr WHERE sequence = '4'") == 1
    scene.run(NOW + DAY)
    scene.cosign(NOW + DAY)
    assert told(scene.verify(NOW + DAY)) == {"UNEXPLAINED_ROWS": 1}


def test_rows_forged_into_the_future_leave_the_dataset_alone(scene: Scene) -> None:
    for number in range(12):
        scene.call(NOW + 30 * DAY, 80 + number)
    done = scene.run()
    assert [error.code for error in done.errors] == ["FUTURE_RECORDS"]
    assert scene.report(0).datasets[0].balances.deleted == 0


def test_a_row_changed_before_its_deletion_is_deleted_as_it_stands(scene: Scene) -> None:
    assert scene.sql("UPDATE cdr SET src = '0900' WHERE calldate LIKE '2026-07-%'") == 4
    scene.run()
    scene.cosign(NOW + HOUR)
    assert told(scene.verify(NOW + HOUR)) == {}, "stays possible"


# --- thieves -------------------------------------------------------------------------------------


def test_a_stolen_runner_key_signs_nothing_in_a_closed_month(book: Book, roster: Path) -> None:
    for when in days(START, 2):
        book.run(when)
    old = book.rotate(START + 2 * DAY)
    book.run(START + 2 * DAY)
    book.cosign(START + 2 * DAY)
    path = book.folder / "000001-deletion-report.dsse.json"
    genuine = path.read_bytes()
    prev = st.place(st.parse_statement(signing.open_envelope(genuine).payload).predicate)
    assert prev
    path.write_bytes(sealed_by(reports.report(1, prev.prev), book.key))
    codes = told(look(book, roster, at_=START + 2 * DAY))
    assert (codes["RETIRED_KEY"], codes["LEDGER_MISMATCH"]) == (1, 1)
    path.write_bytes(genuine)
    assert told(look(book, roster, at_=START + 2 * DAY)) == {}
    book.key = old  # and one that was stolen last month signs nothing in this one
    book.run(START + 3 * DAY)
    assert told(look(book, roster, at_=START + 3 * DAY))["RETIRED_KEY"] == 1


def test_a_stolen_runner_key_is_good_until_it_is_revoked(book: Book, roster: Path) -> None:
    for when in days(START, 2):
        book.run(when)
    seen = book.cosign(START + DAY)
    forged = written_anew(book, keep=2, count=3)
    now = START + 2 * DAY
    assert told(look(forged, roster, at_=now, seen=(seen,))) == {}, "stays possible until then"
    revoked = forged.ended(
        now, "revoke", key=key_id(RUNNER.public_key()), last_good=1, reason="compromised"
    )
    forged.file(revoked, book.officer.authority)
    verdict = look(forged, roster, at_=now, seen=(seen,))
    assert told(verdict)["REVOKED_KEY"] == 2, "its report and its checkpoint"
    assert {r.place.seq for r in verdict.reports if r.place and r.signer} == {0, 1}


def test_a_revoked_runner_key_runs_nothing_any_more(scene: Scene) -> None:
    scene.run()
    public = scene.first.key.public_key()
    revoked = trusted.ended(scene.first, SOURCE, "revoke", public, last_good=0, now=NOW)
    trusted.file_event(scene.reports, revoked)
    with pytest.raises(RefusedError) as caught:
        scene.site()
    assert caught.value.code == "KEY_REVOKED"


def test_a_stolen_escrow_key_opens_what_was_not_destroyed_yet(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen = sealing.load_escrow(_sealed(scene, monkeypatch)[0])
    wanted = opening.Wanted("411", extension=True)
    first, last = (NOW - 200 * DAY).date(), NOW.date()

    def found(key: X25519PrivateKey) -> opening.Found:
        return opening.find(Bundle(scene.reports), key, wanted, first=first, last=last)

    assert len(found(stolen).matches) == 4, "stays possible"
    assert found(X25519PrivateKey.generate()).foreign == [0], "another year's key opens nothing"
    bundle = Bundle(scene.reports)
    due = unsealed.due_for_shredding(bundle, None)
    unsealed.shred(bundle, due, signer=DPO, ordered=True, now=NOW)
    after = found(stolen)
    assert (after.matches, after.destroyed) == ([], [0])
    scene.cosign(NOW + HOUR)
    assert told(scene.verify(NOW + HOUR)) == {}, "the report stays whole without them"


def test_a_stolen_key_file_of_the_officer_opens_with_his_passphrase_only(tmp_path: Path) -> None:
    path = tmp_path / "dpo-keys.json"
    escrow = X25519PrivateKey.generate()
    right, wrong = Secret("kein Anschluss unter dieser Nummer"), Secret("Passwort12345")
    keyring.write_container(path, {"escrow": escrow}, right, created=NOW)
    with pytest.raises(RefusedError) as caught:
        keyring.open_container(path, wrong)
    assert caught.value.code == "PASSPHRASE"
    assert escrow.private_bytes_raw() not in path.read_bytes()
    opened = keyring.open_container(path, right).opener()
    assert opened.private_bytes_raw() == escrow.private_bytes_raw()


def test_another_trust_root_does_not_follow_the_officers_own(book: Book, roster: Path) -> None:
    """The thief of the authority key may re-root trust on the host; the officer's copy differs."""
    first = read_roster(roster.read_bytes())
    thief, officer = private(666), book.officer
    for change in (
        {"version": 1},
        {"version": 3, "previous": first.digest},
        {"version": 2, "previous": "ab" * 32},
    ):
        with pytest.raises(TrustError):
            read_roster(
                signing.seal(st.statement(officer.trust(thief, **change)), officer.authority),
                after=first,
            )
    for when in days(START, 2):
        book.run(when)
    seen = book.cosign(START + DAY)
    forged = written_anew(book, keep=0, key=thief)
    second = officer.trust(thief, version=2, previous=first.digest)
    sealed = signing.seal(st.statement(second), officer.authority)
    (forged.folder / "trust.dsse.json").write_bytes(sealed)
    verdict = look(forged, roster, at_=START + DAY, seen=(seen,))
    assert told(verdict).keys() >= {"UNKNOWN_KEY", "FORK"}
    assert not [r for r in verdict.reports if r.signer and r.deletion]


def test_a_stolen_authority_key_recovers_to_a_key_of_the_thief(book: Book, roster: Path) -> None:
    for when in days(START, 2):
        book.run(when)
    seen = book.cosign(START + DAY)
    thief = private(666)
    forged = written_anew(book, keep=2, count=3, key=thief)
    recovered = forged.ended(
        START + 2 * DAY,
        "recover",
        key=key_id(thief.public_key()),
        public=der(thief.public_key()),
        last_good=1,
        reason="lost",
    )
    path = forged.file(recovered, book.officer.authority)
    verdict = look(forged, roster, at_=START + 2 * DAY, seen=(seen,))
    assert told(verdict) == {}, "stays possible"
    assert path.name in {r.path.name for r in verdict.reports}, "but stands there to be read"


# --- clocks --------------------------------------------------------------------------------------


def _codes(done: execute.RunResult) -> list[str]:
    return [error.code for error in done.errors]


def test_a_clock_that_is_ahead_of_the_database_deletes_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pbxretain.stores.database.database_clock", lambda engine: NOW)
    before = scene.pbx.snapshot()
    done = scene.run(NOW + timedelta(seconds=121))
    assert (done.exit_code, _codes(done), done.entry) == (Exit.REFUSED, ["CLOCK_SKEW"], None)
    assert scene.pbx.snapshot() == before
    assert scene.run(NOW + timedelta(seconds=119)).exit_code == Exit.OK


def test_a_clock_months_ahead_makes_too_much_due_at_once(scene: Scene) -> None:
    for number in range(150):
        scene.call(NOW - 10 * DAY + timedelta(minutes=number), 100 + number)
    scene.run()
    scene.cosign(NOW)
    terms = scene.pbx.terms()
    limits = terms.policy.limits.model_copy(update={"share": 20})
    careful = replace(terms, policy=terms.policy.model_copy(update={"limits": limits}))
    before, ahead = scene.pbx.snapshot(), NOW + 100 * DAY
    done = scene.run(ahead, terms=careful)
    assert (done.exit_code, _codes(done)) == (Exit.REFUSED, ["SHARE_LIMIT"])
    assert scene.pbx.snapshot() == before
    codes = told(scene.verify(NOW + DAY))  # the officer's clock is right
    assert codes.keys() >= {"MISSED_RUNS", "CLOCK_AHEAD", "RUN_REFUSED"}
    idle = {f.code for d in scene.report(1).datasets for f in d.findings}
    assert "IDLE" in idle, "no calls for a hundred days: the report tells that too"


def test_a_clock_hours_ahead_is_seen_by_an_officer_who_looks_in_time(scene: Scene) -> None:
    scene.call(NOW - 90 * DAY, 70)
    scene.run()
    assert scene.report(0).datasets[0].balances.deleted == 4, "its last day isn't over"
    scene.run(NOW + 13 * HOUR)  # in truth an hour after the first
    assert scene.report(1).datasets[0].balances.deleted == 1, "a day too early: stays possible"
    scene.cosign(NOW + 2 * HOUR)
    assert told(scene.verify(NOW + 2 * HOUR)) == {"POSTDATED": 1}
    scene.cosign(NOW + 14 * HOUR)
    assert told(scene.verify(NOW + 14 * HOUR)) == {}, "who looks too late sees nothing"


def test_a_clock_set_back_before_the_last_report_runs_nothing(scene: Scene) -> None:
    scene.run()
    done = scene.run(NOW - 2 * HOUR)
    assert (done.exit_code, _codes(done), done.entry) == (Exit.REFUSED, ["CLOCK_BACK"], None)
    assert len(Ledger(scene.reports).entries()) == 1


def test_a_clock_set_back_before_the_last_look_of_the_officer_is_told(scene: Scene) -> None:
    scene.run()
    scene.cosign(NOW + 2 * DAY)
    scene.run(NOW + DAY)
    scene.cosign(NOW + 2 * DAY)
    assert told(scene.verify(NOW + 2 * DAY))["BACKDATED"] == 1


def test_a_clock_set_back_under_a_patched_tool_is_told(book: Book, roster: Path) -> None:
    book.run(START + DAY)
    book.run(START)
    book.cosign(START + DAY)
    assert told(look(book, roster, at_=START + DAY))["CLOCK_BACK"] == 1


# --- both sides ----------------------------------------------------------------------------------


def test_officer_and_admin_together_can_rewrite_everything(book: Book, roster: Path) -> None:
    for when in days(START, 3):
        book.run(when)
    auditor = book.cosign(START + 2 * DAY)
    forged = written_anew(book, keep=0)
    shutil.rmtree(forged.folder / "cosigned")
    forged.cosign(START + 2 * DAY)
    verdict = look(forged, roster, at_=START + 2 * DAY)
    assert (told(verdict), verdict.level) == ({}, "L2"), "stays possible"
    third = look(forged, roster, at_=START + 2 * DAY, seen=(auditor,))
    assert told(third) == {"FORK": 1}, "unless a third party has kept a checkpoint"


# --- the page ------------------------------------------------------------------------------------

PAGE = DOCS / "explanation/threats.md"


def _rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if "`test_" in row[-1]]


def test_each_row_of_the_page_names_tests_and_each_test_is_named() -> None:
    rows = _rows()
    assert len(rows) >= 18
    for row in rows:
        assert len(row) == 4, row[0]
        assert row[0], "a row without an attempt"
        assert row[1] or row[2], row[0]
    named = {name for row in rows for name in re.findall(r"`(test_\w+)`", row[-1])}
    played = {name for name in globals() if name.startswith("test_")} - {
        "test_each_row_of_the_page_names_tests_and_each_test_is_named",
        "test_each_code_of_the_page_exists",
    }
    assert named == played


def test_each_code_of_the_page_exists() -> None:
    found = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", PAGE.read_text("utf-8")))
    assert found
    for code in found - {"L1", "L2"}:
        assert f"code.{code}" in CATALOGUE, code
