"""Policies: decided content, approval by digest, changes that keep every comment."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxretain.documents import parse
from pbxretain.errors import DocumentError, Exit
from pbxretain.period import Period
from pbxretain.policy.document import Basis, Policy, approval_state, load_policy
from pbxretain.policy.editing import approve

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 23)
TEXT = """\
# Who reads this: the works council
policy: acme-calls   # the file's name
version: 3
controller: Acme GmbH # Köln

limits: {share: 20%}
# the rules
rules:
  - data: voicemail-messages # spoken
    keep: 90 days
    from: received
    basis: {code: necessity, text: complaint window}
  - data: call-recordings
    keep: 5 years
    minimum: 5 years
    basis: {code: DE-WPHG-83-8}
  - data: voicemail-greetings
    keep: forever
    basis: undecided
# the end
"""


def policy(text: str = TEXT) -> Policy:
    return parse(text.encode(), "acme-calls.yaml", Policy).value


def told(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        policy(text)
    assert caught.value.exit_code is Exit.USAGE
    return str(caught.value).splitlines()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme-calls.yaml"
    path.write_text(TEXT, "utf-8")
    return path


def test_a_rule_says_how_long_from_when_and_why() -> None:
    rule = policy().rule_for("voicemail-messages")
    assert rule is not None
    assert (rule.keep, rule.start) == (Period(90, "day"), "received")
    assert rule.basis == Basis(code="necessity", text="complaint window")
    assert policy().rule_for("call-events") is None


def test_undecided_and_missing_classes_are_both_not_decided() -> None:
    assert policy().not_decided() == ["voicemail-greetings"]
    assert policy().not_decided(["call-events", "call-recordings"]) == [
        "voicemail-greetings",
        "call-events",
    ]


def test_without_limits_a_fifth_of_a_dataset_is_the_most() -> None:
    limits = policy(TEXT.replace("limits: {share: 20%}\n", "")).limits
    assert (limits.share, limits.count, float(limits.fraction)) == (20, None, 0.2)


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("keep: 90 days", "keep: 0 days", "10: rules[0].keep: a period of zero would delete"),
        ("keep: 90 days", "keep: 90", "10: rules[0].keep: must be a period such as"),
        ("keep: 90 days", "keep: P90D", "10: rules[0].keep: must be a period such as"),
        ("keep: 90 days", "keep: always", "10: rules[0].keep: must be a period such as"),
        ("minimum: 5 years", "minimum: 61 months", "15: rules[1].minimum: can end later than keep"),
        ("minimum: 5 years", "minimum: forever", "15: rules[1].minimum: must be a period"),
        ("call-recordings", "voicemail-messages", "13: rules[1].data: this data class has a rule"),
        ("call-recordings", "voicemail", "13: rules[1].data: must be one of call-detail-records"),
        ("share: 20%", "share: 0%", "6: limits.share: must be at least 1"),
        ("share: 20%", "share: 101%", "6: limits.share: must be at most 100"),
        ("share: 20%", "share: 20", "6: limits.share: must be a share such as 20%"),
        ("share: 20%", "count: 0", "6: limits.count: must be at least 1"),
        ("version: 3", "version: 0", "3: version: must be at least 1"),
        ("basis: undecided", "basis: decided", "19: rules[2].basis: must"),
        ("    basis: undecided\n", "", "17: rules[2].basis: is missing"),
        ("from: received", "form: received", "11: rules[0].form: is not a known field"),
        ("from: received", "start: received", "11: rules[0].start: is not a known field"),
        ("from: received", "only: {colour: red}", "11: rules[0].only.colour: must be one of"),
        ("from: received", "only: {}", "11: rules[0].only: "),
        ("from: received", "only: {queue: []}", "11: rules[0].only.queue: "),
        ("from: received", "only: {queue: ''}", "11: rules[0].only.queue: must not be empty"),
        ("from: received", "only: {queue: {a: b}}", "11: rules[0].only.queue: must be text"),
        ("from: received", "only: {queue: ' 800'}", "11: rules[0].only.queue: must not begin or"),
        ("from: received", "only: {heard: yes}", "11: rules[0].only.heard: must be true or false"),
        ("from: received", "only: {heard: True}", "11: rules[0].only.heard: must be true or false"),
        ("from: received", "only: {answered: [false, no]}", "11: rules[0].only.answered: must be"),
        ("from: received", "from: Received", "11: rules[0].from: has characters"),
        ("from: received", "from: {a: b}", "11: rules[0].from: must be text"),
        ("from: received", "from: [received, 7]", "11: rules[0].from: must be text"),
        ("from: received", "from: []", "11: rules[0].from: "),
        ("from: received", "from: [heard, heard]", "11: rules[0].from: names a start event twice"),
        ("from: received", "name: rule-2", "11: rules[0].name: must not be like"),
        ("from: received", "slack: 1 month", "11: rules[0].slack: must be days or weeks"),
        ("from: received", "slack: 90 days", "11: rules[0].slack: must be shorter than keep"),
        (
            "keep: 90 days",
            "keep: 1 month\n    slack: 28 days",
            "11: rules[0].slack: must be shorter",
        ),
        ("from: received", "redact: {after: 3 months}", "11: rules[0].redact.after: must end"),
        ("from: received", "redact: {after: 9 days, numbers: {cut: 0}}", "11: rules[0].redact."),
        ("from: received", "override: {by: management}", "11: rules[0].override: says nothing"),
        ("minimum: 5 years", "minimum: until end of year + 5 years", "15: rules[1].minimum: can"),
        ("keep: 90 days", "keep: until end of year + 3 days", "10: rules[0].keep: a period after"),
        ("policy: acme-calls ", "policy: Acme ", "2: policy: has characters"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, mistake: str) -> None:
    assert TEXT.count(old) >= 1
    assert told(TEXT.replace(old, new, 1))[0].startswith(f"acme-calls.yaml:{mistake}")


@pytest.mark.parametrize("rules", ["rules: []", "rules:", "rules: {}", ""])
def test_a_policy_without_rules_is_refused(rules: str) -> None:
    assert "rules" in told(f"policy: acme-calls\n{rules}\n")[0]


def test_the_digest_covers_what_was_decided_and_nothing_else() -> None:
    digest = policy().digest()
    assert digest == policy(re.sub(r" *#.*", "", TEXT)).digest()
    assert digest == policy(TEXT.replace("{share: 20%}", "\n  share: '20%'")).digest()
    approval = f'approved: {{by: management, on: 2026-11-01, digest: "sha256:{"0" * 64}"}}\n'
    assert digest == policy(approval + TEXT).digest()
    changed = [
        TEXT.replace("90 days", "91 days"),
        TEXT.replace("90 days", "3 months"),
        TEXT.replace("20%", "21%"),
        TEXT.replace("version: 3", "version: 4"),
        TEXT.replace("Acme GmbH", "Acme AG"),
        TEXT.replace("from: received", "from: heard"),
        TEXT.replace("basis: undecided", "basis: {code: necessity}"),
        TEXT.replace("    minimum: 5 years\n", ""),
    ]
    assert len({digest, *(policy(text).digest() for text in changed)}) == len(changed) + 1


def test_the_digest_is_that_of_canonical_json_written_by_hand() -> None:
    # Approvals of existing policies depend on these very bytes.
    decided = (
        '{"controller":"Acme GmbH","limits":{"share":"20%"},"policy":"acme-calls","rules":['
        '{"basis":{"code":"necessity","text":"complaint window"},"data":"voicemail-messages",'
        '"from":"received","keep":"90 days"},'
        '{"basis":{"code":"DE-WPHG-83-8"},"data":"call-recordings","keep":"5 years",'
        '"minimum":"5 years"},'
        '{"basis":"undecided","data":"voicemail-greetings","keep":"forever"}],"version":3}'
    )
    assert policy().digest() == "sha256:" + hashlib.sha256(decided.encode()).hexdigest()


def test_approving_adds_one_line_and_keeps_every_other_byte(file: Path) -> None:
    assert approval_state(load_policy(file).value) == "missing"
    after = approve(file, by="management", ref="works agreement 7", today=TODAY)
    lines = file.read_text("utf-8").splitlines()
    added = [line for line in lines if line not in TEXT.splitlines()]
    assert added == [
        "approved: {by: management, on: 2026-11-23, ref: works agreement 7,"
        f' digest: "{policy().digest()}"}}'
    ]
    assert [line for line in lines if line not in added] == TEXT.splitlines()
    assert approval_state(after) == approval_state(load_policy(file).value) == "approved"


def test_approving_again_replaces_the_approval(file: Path) -> None:
    approve(file, by="management", ref="one", today=TODAY)
    once = file.read_text("utf-8")
    after = approve(file, by="works council", ref=None, today=date(2027, 1, 2))
    assert after.approved is not None
    assert (after.approved.by, after.approved.ref, after.approved.on) == (
        "works council",
        None,
        date(2027, 1, 2),
    )
    assert len(file.read_text("utf-8").splitlines()) == len(once.splitlines())


def test_a_changed_rule_breaks_the_approval(file: Path) -> None:
    approve(file, by="management", ref=None, today=TODAY)
    file.write_text(file.read_text("utf-8").replace("keep: 90 days", "keep: 30 days"), "utf-8")
    assert approval_state(load_policy(file).value) == "broken"


@pytest.mark.parametrize(
    "before",
    [
        "approved:   # to be done\n",
        "approved: # to be done\n  by: me\n  # why\n  on: 2026-01-01\n  digest: D\n",
        "approved:\n  by: me\n  on: 2026-01-01\n  digest: D # old\n",
        "approved: {by: me, on: 2026-01-01,\n  digest: D} # old\n",
        "approved: ~\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [False, True])
def test_every_form_of_an_older_approval_is_replaced(
    tmp_path: Path, before: str, newline: str, last: bool
) -> None:
    before = before.replace("digest: D", f'digest: "sha256:{"0" * 64}"')
    text = TEXT + before if last else TEXT.replace("limits:", before + "limits:")
    text = text.rstrip("\n") if last else text
    path = tmp_path / "acme-calls.yaml"
    path.write_bytes(text.replace("\n", newline).encode())
    approve(path, by="management", ref=None, today=TODAY)
    after = path.read_bytes().decode()
    assert approval_state(load_policy(path).value) == "approved"
    assert after.count("approved") == 1
    assert (newline == "\r\n") == ("\r\n" in after)
    assert not re.search("[^\r]\n", after) if newline == "\r\n" else "\r" not in after
    for comment in re.findall(r"#.*", TEXT) + re.findall(r"# (?:to be done|old)", before):
        assert comment in after


def test_approving_keeps_mode_and_link_and_leaves_nothing_else(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    (tmp_path / "sub").mkdir()
    link = tmp_path / "sub" / "acme-calls.yaml"
    link.symlink_to(file)
    approve(link, by="management", ref=None, today=TODAY)
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["acme-calls.yaml", "sub"]  # noqa: PTH208


@given(st.text(min_size=1, max_size=30), st.none() | st.text(max_size=30))
def test_any_function_and_reference_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, by: str, ref: str | None
) -> None:
    file = tmp_path_factory.mktemp("p") / "acme-calls.yaml"
    file.write_text(TEXT, "utf-8")
    try:
        approve(file, by=by, ref=ref, today=TODAY)
    except DocumentError:
        assert file.read_text("utf-8") == TEXT
        assert (
            not by.isprintable()
            or not by.strip()
            or not (ref or "x").isprintable()
            or not ((ref or "x").strip())
        )
        return
    approval = load_policy(file).value.approved
    assert approval is not None
    assert (approval.by, approval.ref) == (by, ref or None)


def test_a_document_in_outer_braces_is_not_rewritten(file: Path) -> None:
    text = "{policy: acme-calls, rules: [{data: call-events, keep: forever, basis: undecided}]}"
    file.write_text(text)
    with pytest.raises(DocumentError, match="outer braces"):
        approve(file, by="management", ref=None, today=TODAY)
    assert file.read_text() == text


def test_a_policy_under_another_name_is_refused(file: Path) -> None:
    other = file.rename(file.with_name("other.yaml"))
    with pytest.raises(DocumentError, match="another name"):
        load_policy(other)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_policy_or_a_document_error(data: bytes) -> None:
    for text in (data, TEXT.encode() + data, TEXT.encode().replace(b"90 days", data)):
        try:
            parse(text, "acme-calls.yaml", Policy)
        except DocumentError:
            continue
