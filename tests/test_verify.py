"""Every way of bending a report is noticed for its own reason, and nothing crashes the check."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import reports

import pbxretain
from pbxretain.cli import verdict as told
from pbxretain.errors import DocumentError, Exit
from pbxretain.evidence.statements import statement
from pbxretain.keys import public_pem
from pbxretain.ledger import LEDGER, PREPARED, Ledger
from pbxretain.render import as_text
from pbxretain.signing import MAX_ENVELOPE, canonical, open_envelope, seal
from pbxretain.verify import FINDINGS, Verdict, Whole, verify_paths

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
FINGERPRINT = "a050 837d 8507 0582 ccf7 394b 0988 847c"
SCRIPT = Path(pbxretain.__file__).parent / "evidence" / "verify.sh"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "trusted.pem"
    path.write_bytes(public_pem(KEY.public_key()))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good reports with their ledger."""
    path = tmp_path / "reports"
    path.mkdir()
    for day in range(3):
        reports.publish(Ledger(path), KEY, day=day)
    return path


def name(seq: int) -> str:
    return f"{seq:06d}-deletion-report.dsse.json"


def look(*paths: Path, keys: tuple[Path, ...] = (), own: Path | None = None) -> Verdict:
    now = reports.NOW + timedelta(days=3)
    return verify_paths(paths, trust=keys, own_public=own, now=now)


def codes(verdict: Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings} - {"LEVEL_COUNTS"}


def put(path: Path, data: bytes) -> None:
    path.chmod(0o600) if path.exists() else None
    path.write_bytes(data)


def test_a_good_folder_and_a_good_file_are_genuine(folder: Path, key: Path) -> None:
    for verdict in (look(folder, keys=(key,)), look(folder / name(1), keys=(key,))):
        assert verdict.exit == Exit.OK
        assert codes(verdict) == set()
        assert verdict.level == "L1"
    assert len(look(folder, keys=(key,)).reports) == 3
    assert look(folder.parent, keys=(key,)).exit == Exit.OK, "the folder above reports/ will do"


def test_a_whole_folder_is_told_to_be_whole_and_one_with_a_gap_is_not(
    folder: Path, key: Path
) -> None:
    verdict = look(folder, keys=(key,))
    assert verdict.whole == (Whole("head-office", 2, None),)
    said = " ".join(as_text(told.sheet(verdict, "en"), width=80).split())
    assert "no. 0 to 2 are there without a gap; whether every agreed run" in said
    assert look(folder / name(1), keys=(key,)).whole == ()
    assert look(folder).whole == (), "nobody vouches for it"
    (folder / name(1)).unlink()
    assert look(folder, keys=(key,)).whole == ()


def test_reports_and_other_statements_are_counted_apart_and_once(
    folder: Path, key: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.dsse.json"
    plan.write_bytes(seal(statement(reports.plan()), KEY))
    again = tmp_path / "again.dsse.json"
    again.write_bytes((folder / name(1)).read_bytes())
    verdict = look(folder, again, plan, keys=(key,))
    said = as_text(told.sheet(verdict, "en"), width=80)
    assert "3 deletion reports and 1 other statement checked" in said


def test_a_report_that_is_named_twice_counts_once(folder: Path, key: Path) -> None:
    first = folder / name(1)
    alone = look(first, first, first.parent / "." / first.name, keys=(key,))
    assert [report.path.name for report in alone.reports] == [first.name]
    whole = len(look(folder, keys=(key,)).reports)
    assert len(look(folder, first, folder, keys=(key,)).reports) == whole


def test_the_own_key_confirms_with_a_note(folder: Path, key: Path) -> None:
    verdict = look(folder, own=key)
    assert verdict.exit == Exit.OK
    assert verdict.level == "L1"
    (note,) = [f for f in verdict.findings if f.code == "OWN_KEY"]
    assert note.params["fingerprint"] == FINGERPRINT


def test_the_own_key_does_not_count_beside_a_named_one(folder: Path, key: Path) -> None:
    other = key.with_name("other.pem")
    other.write_bytes(public_pem(STRANGER.public_key()))
    verdict = look(folder, keys=(other,), own=key)
    assert verdict.exit == Exit.UNTRUSTED
    assert verdict.level is None


def test_a_key_in_the_folder_is_never_trusted_but_named(folder: Path) -> None:
    verdict = look(folder)
    assert verdict.exit == Exit.UNTRUSTED
    assert codes(verdict) == {"UNTRUSTED_KEY"}
    assert verdict.findings[0].params["fingerprint"] == FINGERPRINT
    (folder / "runner-a050837d.pub.pem").unlink()
    assert codes(look(folder)) == {"UNKNOWN_KEY"}
    assert look(folder).exit == Exit.UNTRUSTED


def test_a_forgery_under_an_untrusted_key_is_a_forgery(folder: Path) -> None:
    outer = json.loads((folder / name(1)).read_bytes())
    outer["payload"] = outer["payload"].replace("A", "B", 1)
    put(folder / name(1), canonical(outer))
    assert look(folder).exit == Exit.FORGED


def test_an_endless_key_file_is_no_key(folder: Path) -> None:
    with pytest.raises(DocumentError):
        look(folder, keys=(Path("/dev/zero"),))


def test_several_keys_may_be_trusted_in_one_file(folder: Path, key: Path) -> None:
    key.write_bytes(public_pem(STRANGER.public_key()) + key.read_bytes())
    assert look(folder, keys=(key,)).exit == Exit.OK
    now = reports.NOW + timedelta(days=3)
    assert verify_paths([folder], trust=[key], own_public=None, now=now).exit == Exit.OK


def test_a_trust_file_that_is_none_is_the_callers_mistake(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no key")
    with pytest.raises(DocumentError):
        look(folder, keys=(tmp_path / "x",))


def test_nothing_to_verify_is_not_ok(tmp_path: Path, key: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert look(tmp_path / "empty", keys=(key,)).exit == Exit.UNAVAILABLE
    assert look(tmp_path / "none", keys=(key,)).exit == Exit.UNAVAILABLE
    assert look(keys=(key,)).exit == Exit.UNAVAILABLE
    assert look(tmp_path / "none", keys=(key,)).level is None


def test_what_is_no_regular_file_is_not_read(tmp_path: Path, key: Path) -> None:
    os.mkfifo(tmp_path / "a.dsse.json")
    (tmp_path / "b.dsse.json").mkdir()
    (tmp_path / "c.dsse.json").symlink_to("/dev/zero")
    (tmp_path / "d.dsse.json").symlink_to("d.dsse.json")
    verdict = look(tmp_path, keys=(key,))
    assert codes(verdict) == {"UNREADABLE"}
    assert len(verdict.findings) == 4


# --- one report, bent


def test_a_changed_payload_is_forged(folder: Path, key: Path) -> None:
    data = bytearray((folder / name(0)).read_bytes())
    data[200] = ord("A") if data[200] != ord("A") else ord("B")
    put(folder / name(0), bytes(data))
    verdict = look(folder / name(0), keys=(key,))
    assert codes(verdict) == {"BAD_SIGNATURE"}
    assert verdict.exit == Exit.FORGED


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'"schema":1', b'"schema":1,"schema":1', "MALFORMED"),
        (b'"schema":1', b'"schema":NaN', "MALFORMED"),
        (b'"schema":1', b'"schema":1.0', "MALFORMED"),
        (b'"schema":1', b'"schema":9007199254740992', "MALFORMED"),
        (b'"schema":1', b'"schema": 1', "NOT_CANONICAL"),
        (b'"schema":1', b'"schema":1,\r\n"seq":1', "NOT_CANONICAL"),
        (b'"schema":1', b'"schema":2', "UNKNOWN_TYPE"),
        (b"deletion-report/v1", b"deletion-report/v2", "UNKNOWN_TYPE"),
        (b"deletion-report/v1", b"plan/v1", "SCHEMA"),
        (b'"controller":"Acme GmbH",', b"", "SCHEMA"),
        (b'"source":"head-office"', b'"source":"branch"', "SUBJECT"),
        (b'"residue":0', b'"residue":5', "BALANCE"),
        (b'"size":3', b'"size":4', "BALANCE"),
    ],
)
def test_a_soundly_signed_impossible_report_is_refused_for_its_own_reason(
    tmp_path: Path, key: Path, old: bytes, new: bytes, code: str
) -> None:
    payload = canonical(statement(reports.report()))
    assert old in payload
    path = tmp_path / "r.dsse.json"
    path.write_bytes(signed(payload.replace(old, new)))
    assert codes(look(path, keys=(key,))) == {code}
    assert look(path, keys=(key,)).exit == FINDINGS[code]
    path.write_bytes(signed(payload + b"{}"))
    assert codes(look(path, keys=(key,))) == {"MALFORMED"}


def signed(payload: bytes) -> bytes:
    """An envelope around any bytes, soundly signed."""
    import base64

    from pbxretain.signing import PAYLOAD_TYPE, key_id, pae

    sig = {
        "keyid": key_id(KEY.public_key()),
        "sig": base64.b64encode(KEY.sign(pae(PAYLOAD_TYPE, payload))).decode(),
    }
    outer = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [sig],
    }
    return canonical(outer) + b"\n"


GOOD = seal(statement(reports.report()), KEY)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(at=st.integers(0, len(GOOD) - 2), flip=st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(tmp_path: Path, at: int, flip: int) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(public_pem(KEY.public_key()))
    data = bytearray(GOOD)
    data[at] ^= flip
    (tmp_path / "r.dsse.json").write_bytes(data)
    verdict = look(tmp_path / "r.dsse.json", keys=(key,))
    if verdict.exit == Exit.OK:  # unauthenticated envelope fields: same statement, same signer
        assert verdict.reports[0].digest == open_envelope(GOOD).digest
    else:
        assert verdict.exit in (Exit.FORGED, Exit.UNTRUSTED)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(report=st.binary(max_size=300), ledger=st.binary(max_size=300))
def test_rubbish_in_a_folder_never_crashes_the_check(
    tmp_path: Path, report: bytes, ledger: bytes
) -> None:
    (tmp_path / name(0)).write_bytes(report)
    (tmp_path / LEDGER).write_bytes(ledger)
    (tmp_path / "runner-00000000.pub.pem").write_bytes(ledger)
    assert look(tmp_path).exit != Exit.OK


def test_an_undecodable_file_name_is_shown_without_harm(tmp_path: Path, key: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.dsse.json")).write_bytes(b"")
    (finding,) = look(tmp_path, keys=(key,)).findings
    assert finding.file.encode("utf-8")


# --- what a genuine report complains about


def complaint(tmp_path: Path, key: Path, **change: object) -> Verdict:
    reports.publish(Ledger(tmp_path), KEY, **change)  # type: ignore[arg-type]
    return look(tmp_path / name(0), keys=(key,))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"policy": reports.policy(not_decided=("fax-documents",))}, "NOT_DECIDED"),
        ({"policy": reports.policy(approved=False)}, "NOT_APPROVED"),
        (
            {
                "run": reports.run(outcome="refused", refused_reason="LIMIT", exit_code=5),
                "datasets": (),
            },
            "RUN_REFUSED",
        ),
        ({"run": reports.run(outcome="failed", exit_code=1)}, "RUN_FAILED"),
        ({"run": reports.run(outcome="interrupted", exit_code=143)}, "RUN_INTERRUPTED"),
    ],
)
def test_a_genuine_report_says_what_is_wrong_with_the_run(
    tmp_path: Path, key: Path, change: dict[str, object], code: str
) -> None:
    verdict = complaint(tmp_path, key, **change)
    assert codes(verdict) == {code}
    assert verdict.exit == Exit.INCOMPLETE
    assert verdict.level == "L1"


def test_residue_and_failures_are_named_with_their_dataset(tmp_path: Path, key: Path) -> None:
    left = reports.dataset(residue=2, failed=1)
    verdict = complaint(
        tmp_path, key, datasets=(left,), run=reports.run(outcome="incomplete", exit_code=3)
    )
    assert codes(verdict) == {"RESIDUE", "RECORDS_FAILED", "RUN_INCOMPLETE"}
    (residue,) = [f for f in verdict.findings if f.code == "RESIDUE"]
    assert residue.params == {"dataset": "call-log", "count": 2}


def test_a_newer_report_settles_the_complaints_of_an_older_one(tmp_path: Path, key: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    reports.publish(Ledger(folder), KEY, policy=reports.policy(not_decided=("fax-documents",)))
    assert look(folder, keys=(key,)).exit == Exit.INCOMPLETE
    reports.publish(Ledger(folder), KEY, day=1)
    verdict = look(folder, keys=(key,))
    assert verdict.exit == Exit.OK
    assert "NOT_DECIDED" in codes(verdict)


def test_a_recovered_run_and_a_dry_run_are_notes(tmp_path: Path, key: Path) -> None:
    run = reports.run(outcome="recovered", recovers=reports.run().id)
    assert codes(complaint(tmp_path, key, run=run)) == {"RUN_RECOVERED"}
    (tmp_path / "plan.dsse.json").write_bytes(seal(statement(reports.plan()), KEY))
    verdict = look(tmp_path / "plan.dsse.json", keys=(key,))
    assert codes(verdict) == {"DRY_RUN"}
    assert verdict.exit == Exit.OK


def test_a_dry_run_under_the_name_of_a_report_is_a_finding(tmp_path: Path, key: Path) -> None:
    path = tmp_path / name(3)
    path.write_bytes(seal(statement(reports.plan()), KEY))
    verdict = look(path, keys=(key,))
    assert codes(verdict) == {"DRY_RUN", "EXTRA_REPORT"}
    assert verdict.exit == Exit.INCOMPLETE


def test_no_level_is_granted_where_a_report_could_not_be_read(folder: Path, key: Path) -> None:
    (folder / name(7)).mkdir()
    verdict = look(folder, keys=(key,))
    assert "UNREADABLE" in codes(verdict)
    assert verdict.level is None


def test_a_report_from_the_future_is_a_finding(tmp_path: Path, key: Path) -> None:
    reports.publish(Ledger(tmp_path), KEY, day=9)
    assert codes(look(tmp_path, keys=(key,))) == {"CLOCK_AHEAD"}


# --- the chain


def test_a_missing_report_is_a_gap(folder: Path, key: Path) -> None:
    (folder / name(1)).unlink()
    verdict = look(folder, keys=(key,))
    assert codes(verdict) == {"GAP", "MISSING_REPORT"}
    assert verdict.exit == Exit.INCOMPLETE


def test_a_missing_report_is_a_gap_though_the_ledger_was_thrown_away(
    folder: Path, key: Path
) -> None:
    (folder / name(0)).unlink()
    (folder / LEDGER).unlink()
    verdict = look(folder, keys=(key,))
    assert codes(verdict) == {"GAP", "MISSING_LEDGER"}
    (gap,) = [f for f in verdict.findings if f.code == "GAP"]
    assert gap.params == {"first": 0, "last": 0}


def test_the_last_report_removed_is_known_to_the_ledger(folder: Path, key: Path) -> None:
    (folder / name(2)).unlink()
    assert codes(look(folder, keys=(key,))) == {"MISSING_REPORT"}


def test_a_report_that_the_ledger_does_not_know_is_extra(folder: Path, key: Path) -> None:
    lines = (folder / LEDGER).read_bytes().splitlines(keepends=True)
    put(folder / LEDGER, b"".join(lines[:2]))
    assert codes(look(folder, keys=(key,))) == {"EXTRA_REPORT", "CHECKPOINT"}


def test_two_reports_of_one_number_are_a_fork(folder: Path, key: Path) -> None:
    entry = Ledger(folder).entries()[1]
    other = seal(statement(reports.report(1, entry.prev)), KEY)
    (folder / "000001-other.dsse.json").write_bytes(other)
    verdict = look(folder, keys=(key,))
    assert "FORK" in codes(verdict)
    assert verdict.exit == Exit.FORGED


def test_a_report_put_in_the_place_of_another_breaks_the_chain(folder: Path, key: Path) -> None:
    entry = Ledger(folder).entries()[1]
    put(folder / name(1), seal(statement(reports.report(1, entry.prev)), KEY))
    assert codes(look(folder, keys=(key,))) >= {"PREV", "LEDGER_MISMATCH"}
    (folder / LEDGER).unlink()
    verdict = look(folder, keys=(key,))
    assert "PREV" in codes(verdict)
    assert verdict.exit == Exit.FORGED


def test_swapped_files_are_noticed(folder: Path, key: Path) -> None:
    shutil.move(folder / name(1), folder / "x")
    shutil.move(folder / name(2), folder / name(1))
    shutil.move(folder / "x", folder / name(2))
    verdict = look(folder, keys=(key,))
    assert codes(verdict) == {"LEDGER_MISMATCH"}
    assert verdict.exit == Exit.FORGED


@pytest.mark.parametrize(
    ("word", "other"),
    [
        (rb'"at":"2', b'"at":"1'),
        (rb"deletion-report/v1", b"dry-run/v1"),
        (rb'"run":"[0-9a-f]{8}', b'"run":"ffffffff'),
    ],
)
def test_every_word_of_a_ledger_line_is_compared(
    folder: Path, key: Path, word: bytes, other: bytes
) -> None:
    data = (folder / LEDGER).read_bytes()
    changed = re.sub(word, other, data, count=1)
    assert changed != data
    put(folder / LEDGER, changed)
    verdict = look(folder, keys=(key,))
    assert codes(verdict) == {"LEDGER_MISMATCH"}
    assert verdict.exit == Exit.FORGED


def test_a_second_signature_is_no_forgery_but_is_named(folder: Path, key: Path) -> None:
    outer = json.loads((folder / name(0)).read_bytes())
    outer["signatures"].append({"keyid": "dpo", "sig": "AAAA"})  # by another key
    put(folder / name(0), canonical(outer))
    verdict = look(folder, keys=(key,))
    assert codes(verdict) == {"CHANGED_FILE"}
    assert verdict.exit == Exit.INCOMPLETE


def test_a_tampered_ledger_is_forged(folder: Path, key: Path) -> None:
    lines = (folder / LEDGER).read_bytes().splitlines(keepends=True)
    put(folder / LEDGER, lines[0] + lines[2])
    verdict = look(folder, keys=(key,))
    assert codes(verdict) == {"LEDGER"}
    assert verdict.exit == Exit.FORGED


def test_time_going_back_is_a_finding(folder: Path, key: Path) -> None:
    reports.publish(Ledger(folder), KEY, day=1)
    verdict = look(folder, keys=(key,))
    assert codes(verdict) == {"CLOCK_BACK"}
    assert verdict.exit == Exit.INCOMPLETE


def test_a_half_published_report_is_named(folder: Path, key: Path) -> None:
    (folder / PREPARED).write_bytes(b"")
    assert codes(look(folder, keys=(key,))) == {"UNPUBLISHED"}


def test_single_files_of_a_chain_are_linked_but_leave_no_gap(folder: Path, key: Path) -> None:
    assert look(folder / name(0), folder / name(2), keys=(key,)).exit == Exit.OK
    entry = Ledger(folder).entries()[1]
    put(folder / name(1), seal(statement(reports.report(1, entry.prev)), KEY))
    files = (folder / name(1), folder / name(2))
    assert "PREV" in codes(look(*files, keys=(key,)))


def test_ten_years_of_daily_reports_verify_in_seconds(tmp_path: Path, key: Path) -> None:
    import time

    folder = tmp_path / "reports"
    folder.mkdir()
    prev = None
    for seq in range(400):
        sealed = seal(statement(reports.report(seq, prev)), KEY)
        (folder / name(seq)).write_bytes(sealed)
        prev = open_envelope(sealed).digest
    start = time.process_time()
    assert look(folder, keys=(key,)).exit == Exit.INCOMPLETE
    assert (time.process_time() - start) * 3650 / 400 < 10


def test_verify_needs_no_database_library() -> None:
    code = (
        "import sys, pbxretain.verify; "
        "sys.exit(bool({'sqlalchemy', 'pymysql', 'psycopg'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(pbxretain.__file__).parents[1])}
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0
    )


# --- OpenSSL alone


def script(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_openssl_alone_confirms_a_report_with_the_same_digest(folder: Path, key: Path) -> None:
    done = script(folder / name(1), key)
    assert done.returncode == 0, done.stderr
    assert "Die Signatur ist echt" in done.stdout
    assert "The signature is genuine" in done.stdout
    assert Ledger(folder).entries()[1].digest in done.stdout
    assert FINGERPRINT in done.stdout


def test_the_script_beside_a_report_is_the_one_that_ships(folder: Path) -> None:
    beside = folder / "000001-deletion-report.verify.sh"
    assert beside.read_bytes() == SCRIPT.read_bytes()


def many(count: int) -> list[dict[str, str]]:
    """The report's signature and others by as many keys that nobody knows."""
    (own,) = json.loads(GOOD)["signatures"]
    return [{"keyid": f"other-{n}", "sig": "AAAA"} for n in range(count - 1)] + [own]


def spare_bits() -> bytes:
    """The same signature in another spelling: the last character's unused bits are set."""
    digit = GOOD[GOOD.index(b'=="}') - 1 :][:1]
    return GOOD.replace(digit + b'=="}', bytes([digit[0] + 1]) + b'=="}')


def other_spellings() -> dict[str, bytes]:
    """What DSSE allows and our writer doesn't write."""
    outer = json.loads(GOOD)
    swap = str.maketrans("+/", "-_")
    swapped = [{**s, "sig": s["sig"].translate(swap)} for s in outer["signatures"]]
    return {
        "as it is written": GOOD,
        "indented": json.dumps(outer, indent=4).encode(),
        "carriage return": GOOD.replace(b"\n", b"\r\n"),
        "no newline": GOOD.strip(),
        "the other alphabet": canonical(
            {**outer, "payload": outer["payload"].translate(swap), "signatures": swapped}
        ),
        "co-signed": canonical(outer | {"signatures": many(2)}),
        "sixteen signatures": canonical(outer | {"signatures": many(16)}),
        "without a hint": canonical(
            outer | {"signatures": [{"keyid": "", "sig": outer["signatures"][0]["sig"]}]}
        ),
    }


def bent_envelopes() -> dict[str, bytes]:
    outer = json.loads(GOOD)
    other = json.loads(seal(statement(reports.report()), KEY))
    text = GOOD.decode()
    hint = outer["signatures"][0]["keyid"].encode()
    return {
        "payload": canonical(outer | {"payload": other["payload"]}),
        "signature": canonical(outer | {"signatures": other["signatures"]}),
        "short signature": GOOD.replace(b'"sig":"', b'"sig":"AAAA'),
        "type": GOOD.replace(b"in-toto+json", b"in-toto-json"),
        "two payloads": text.replace("{", '{"payload":"e30=",', 1).encode(),
        "two lines": GOOD + GOOD,
        "second line": GOOD + b"{}\n",
        "a field that nobody signed": canonical(outer | {"zz": "deleted: all"}),
        "a field that nobody signed, in a signature": GOOD.replace(b'"sig":', b'"x":1,"sig":'),
        "the signature twice": canonical(outer | {"signatures": outer["signatures"] * 2}),
        "two signatures of one key": GOOD.replace(b"}]", b'},{"keyid":"%s","sig":"AAAA"}]' % hint),
        "seventeen signatures": canonical(outer | {"signatures": many(17)}),
        "a key twice": GOOD.replace(b'"sig":"', b'"sig":"AAAA","sig":"'),
        "no key id": GOOD.replace(b'"keyid":"%s",' % hint, b""),
        "another order": canonical(outer).replace(
            b'"payloadType":"application/vnd.in-toto+json",', b""
        )[:-1]
        + b',"payloadType":"application/vnd.in-toto+json"}',
        "an escape": GOOD.replace(b"in-toto+json", b"in-toto\\u002bjson"),
        "no padding": GOOD.replace(b'=="}', b'"}'),
        "other spare bits": spare_bits(),
        "a mixture of alphabets": canonical(outer | {"payload": "ab-/"}),
        "a space in base64": GOOD.replace(b'"payload":"', b'"payload":" '),
        "a line in base64": GOOD.replace(b'"payload":"', b'"payload":"\n'),
        "a vertical tab": GOOD.replace(b",", b",\v"),
        "a byte order mark": b"\xef\xbb\xbf" + GOOD,
        "larger than any": GOOD + b" " * MAX_ENVELOPE,
        "empty": b"",
        "binary": bytes(range(256)) * 9,
        "nested": b'{"x":' + GOOD.strip() + b"}\n",
    }


@pytest.mark.parametrize("case", sorted(bent_envelopes()))
def test_openssl_alone_refuses_every_bent_report(tmp_path: Path, key: Path, case: str) -> None:
    path = tmp_path / "r.dsse.json"
    path.write_bytes(GOOD)
    assert script(path, key).returncode == 0
    path.write_bytes(bent_envelopes()[case])
    done = script(path, key)
    assert done.returncode == 1
    assert "FALSCH" in done.stdout
    assert "FAILED" in done.stdout
    assert "OK" not in done.stdout
    assert look(path, keys=(key,)).exit == Exit.FORGED


@pytest.mark.parametrize("case", other_spellings())
def test_openssl_alone_and_verify_read_what_dsse_allows(
    tmp_path: Path, key: Path, case: str
) -> None:
    path = tmp_path / "r.dsse.json"
    path.write_bytes(other_spellings()[case])
    assert script(path, key).returncode == 0
    assert look(path, keys=(key,)).exit == Exit.OK


@settings(max_examples=25, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), flip=st.integers(1, 255))
def test_openssl_alone_and_verify_agree_on_any_changed_byte(at: int, flip: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= flip
    with tempfile.TemporaryDirectory() as folder:
        path, key = Path(folder, "r.dsse.json"), Path(folder, "key.pem")
        path.write_bytes(data)
        key.write_bytes(public_pem(KEY.public_key()))
        genuine = look(path, keys=(key,)).exit == Exit.OK
        assert (script(path, key).returncode == 0) == genuine


def test_openssl_alone_refuses_another_key(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_bytes(public_pem(STRANGER.public_key()))
    assert script(folder / name(0), tmp_path / "other.pem").returncode == 1


def test_the_script_tells_wrong_use_from_a_bad_report(folder: Path, key: Path) -> None:
    rsa = key.with_name("rsa.pem")
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-out", str(rsa)]
    subprocess.run(command, check=True, capture_output=True)
    public = ["openssl", "pkey", "-in", str(rsa), "-pubout", "-out", f"{rsa}.pub"]
    subprocess.run(public, check=True, capture_output=True)
    report = folder / name(0)
    for arguments in (
        (),
        (report,),
        (report, key, "x"),
        (folder / "none", key),
        (report, folder / "none"),
        (report, rsa),
        (report, f"{rsa}.pub"),
        (report, report),
    ):
        assert script(*arguments).returncode == 2


def test_the_script_works_on_awkward_file_names_and_leaves_nothing_behind(
    folder: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch dir"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    odd = tmp_path / "-a 'b' $(c).dsse.json"
    shutil.copy(folder / name(0), odd)
    monkeypatch.chdir(tmp_path)
    assert script(odd.name, key).returncode == 0
    assert list(scratch.iterdir()) == []
