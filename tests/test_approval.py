"""A policy that the controller decides on and the officer is consulted on, from the key to what
``verify`` makes of it; and what each side refuses."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from support.handover import NUMBER, PASSPHRASE, Host, Officer

from pbxretain import keyring, keys
from pbxretain.errors import Exit
from pbxretain.evidence.attestations import ApprovedPolicy
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.evidence.trust import read_roster
from pbxretain.secret import Secret
from pbxretain.signing import key_id, open_envelope, seal, signed_by

NAME = "office-policy"


class Parties:
    """Host, officer and controller, and what lies on the desk between them."""

    def __init__(self, folder: Path, *, known: bool = True) -> None:
        self.desk = folder
        self.host, self.dpo = Host(folder / "host"), Officer(folder / "officer")
        self.phrase = str(self.dpo.passphrase)
        self.key, self.public = self.person("controller")
        self.host.must("run")
        self.more = ("--controller-key", str(self.public)) if known else ()
        self.bundle = self.host.bundle(folder / "first.zip")
        self.host.install(self.dpo.init(self.bundle, self.host.fingerprint, *self.more))

    def person(self, role: str) -> tuple[Path, Path]:
        """A key file and its public half."""
        file, public = self.desk / f"{role}.key", self.desk / f"{role}.pub.pem"
        self.host.must(
            "key", "new", "--role", role, "--out", str(file), "--passphrase-file", self.phrase
        )
        ring = keyring.open_container(file, Secret(PASSPHRASE))
        public.write_bytes(keys.public_pem(ring.key(role).public_key()))  # type: ignore[arg-type]
        return file, public

    def sign(self, out: Path, *, key: Path | None = None, code: int = 0) -> str:
        """As the controller; returns what was said on stdout and stderr."""
        given = ("--key", str(key or self.key), "--out", str(out))
        done = self.host.must(
            "policy", "sign", NAME, *given, "--passphrase-file", self.phrase, code=code
        )
        return str(done.output)

    def consult(self, file: Path, *args: str, code: int = 0) -> str:
        return str(self.dpo.dpo("consult", str(file), "--yes", *args, code=code).output)

    def agreed(self, name: str) -> Path:
        """The policy as it stands, signed by both."""
        file = self.desk / f"{name}.dsse.json"
        self.sign(file)
        out = self.desk / f"{name}-both.dsse.json"
        self.consult(file, "--out", str(out))
        return out

    def change(self) -> None:
        """Another policy, approved in the file."""
        path = self.host.folder / "etc" / "policies.d" / f"{NAME}.yaml"
        path.write_text(path.read_text() + "# looked at again\n")
        self.host.must("policy", "approve", NAME, "--by", "management", "--ref", "minutes 12")

    def newest(self) -> DeletionReport:
        path = max(self.host.reports.glob("*-deletion-report.dsse.json"))
        report = parse_statement(open_envelope(path.read_bytes()).payload).predicate
        assert isinstance(report, DeletionReport)
        return report

    def verify(self) -> dict[str, list[int]]:
        """Numbers of the reports for each finding that costs something."""
        done = self.host.run("verify", str(self.host.reports), "--json")
        document = json.loads(done.stdout)
        told: dict[str, list[int]] = {}
        for finding in document["findings"]:
            told.setdefault(finding["code"], []).append(finding["params"].get("seq", -1))
        return told


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Parties:
    """A host that ran once, and an officer who knows it and the controller."""
    return Parties(tmp_path_factory.mktemp("met"))


@pytest.fixture
def parties(met: Parties, tmp_path: Path) -> Parties:
    """Both sides as ``met`` left them, for one test."""
    shutil.copytree(met.desk, tmp_path / "both", symlinks=True)
    copy = object.__new__(Parties)
    copy.desk = tmp_path / "both"
    copy.host, copy.dpo = object.__new__(Host), object.__new__(Officer)
    copy.host.folder = copy.desk / "host"
    copy.host.state = copy.host.folder / "state"
    config = copy.host.config
    config.write_text(config.read_text().replace(str(met.desk), str(copy.desk)))
    copy.dpo.folder = copy.desk / "officer"
    copy.dpo.home, copy.dpo.passphrase = copy.dpo.folder / "home", copy.dpo.folder / "passphrase"
    copy.phrase = str(copy.dpo.passphrase)
    copy.key, copy.public = copy.desk / "controller.key", copy.desk / "controller.pub.pem"
    copy.bundle = copy.desk / "first.zip"
    return copy


def said(path: Path) -> ApprovedPolicy:
    found = parse_statement(open_envelope(path.read_bytes()).payload).predicate
    assert isinstance(found, ApprovedPolicy)
    return found


def test_the_whole_way_from_the_decision_to_the_finding(parties: Parties) -> None:
    host = parties.host
    file = parties.desk / "policy.dsse.json"
    shown = parties.sign(file)
    assert "90 days" in shown
    assert "Signed as controller" in shown
    policy = host.folder / "etc" / "policies.d" / f"{NAME}.yaml"
    assert said(file).document == policy.read_text()
    shown = parties.consult(file)
    assert "90 days" in shown
    assert "Art. 38(6)" in shown
    both = next(parties.desk.glob("policy-*-consulted.dsse.json"))
    envelope = open_envelope(both.read_bytes())
    roster = read_roster((parties.dpo.home / "trust.dsse.json").read_bytes())
    assert len(envelope.signatures) == 2
    assert all(signed_by(envelope, roster.keys(role)) for role in ("controller", "dpo"))

    told = host.json("report", "add", str(both))["filed"]
    assert [(each["source"], each["kind"], each["new"]) for each in told] == [
        ("office", "policy", True)
    ]
    assert host.json("report", "add", str(both))["filed"][0]["new"] is False
    filed = Path(told[0]["path"])
    assert filed.name == f"policy-{envelope.digest[:12]}.dsse.json"
    text = host.must("report", "show", str(filed)).stdout
    assert "decided by the controller" in text
    assert said(both).digest in text
    text = host.run("report", "show", str(filed), lang="de").stdout
    assert "vom Verantwortlichen beschlossen" in text
    assert filed.name in host.must("report", "list").stdout

    host.must("run")
    assert parties.newest().policy.digest == said(both).digest, "reports name the very file"
    assert "UNAPPROVED_POLICY" not in parties.verify()

    parties.change()
    host.must("run")
    assert parties.verify()["UNAPPROVED_POLICY"] == [parties.newest().ledger.seq]
    bundle = host.bundle(parties.desk / "later.zip")
    shown = parties.dpo.dpo("witness", str(bundle), code=int(Exit.INCOMPLETE)).output
    assert "the controller hasn't signed in this version" in " ".join(shown.split())
    host.must("report", "add", str(parties.agreed("second")))
    assert "UNAPPROVED_POLICY" not in parties.verify(), "both versions are signed now"


def test_reports_from_before_the_first_signed_policy_are_no_findings(parties: Parties) -> None:
    parties.change()
    parties.host.must("report", "add", str(parties.agreed("first")))
    parties.host.must("run")
    assert "UNAPPROVED_POLICY" not in parties.verify()


def test_a_policy_is_filed_with_every_source_that_uses_it(parties: Parties) -> None:
    host = parties.host
    settings = host.config.read_text()
    block = settings[settings.index("  office:") :]
    block = block.split("\nevidence")[0].rstrip() + "\n"
    second = block.replace("  office:", "  branch:", 1)
    other = block.replace("  office:", "  other:", 1).replace(NAME, "elsewhere")
    host.config.write_text(settings.replace(block.rstrip(), (block + second + other).rstrip()))
    told = host.json("report", "add", str(parties.agreed("first")))["filed"]
    assert [each["source"] for each in told] == ["office", "branch"]
    assert all(Path(each["path"]).is_file() for each in told)


def test_the_bundle_carries_it(parties: Parties) -> None:
    host = parties.host
    told = host.json("report", "add", str(parties.agreed("first")))["filed"]
    out = host.bundle(parties.desk / "folder")
    assert (out / "filed" / Path(told[0]["path"]).name).is_file()


def test_no_number_stands_in_it(parties: Parties) -> None:
    both = parties.agreed("first")
    parties.host.must("report", "add", str(both))
    for path in (both, *parties.host.reports.rglob("policy-*")):
        payload = open_envelope(path.read_bytes()).payload
        assert NUMBER.encode() not in payload
        assert NUMBER.removeprefix("+").encode() not in payload


# --- refusals -------------------------------------------------------------------------------------


def test_a_policy_that_is_not_approved_in_the_file_is_not_signed(parties: Parties) -> None:
    policy = parties.host.folder / "etc" / "policies.d" / f"{NAME}.yaml"
    policy.write_text(policy.read_text().replace("90 days", "91 days"))
    out = parties.desk / "policy.dsse.json"
    told = parties.sign(out, code=int(Exit.REFUSED))
    assert "isn't approved as it stands" in told
    assert not out.exists()


def test_a_key_of_another_role_does_not_sign_as_controller(parties: Parties) -> None:
    key, _ = parties.person("admin")
    out = parties.desk / "policy.dsse.json"
    told = parties.sign(out, key=key, code=int(Exit.REFUSED))
    assert "no key for the role controller" in told
    assert not out.exists()


def test_a_controller_whom_the_roster_does_not_know_is_refused(tmp_path: Path) -> None:
    parties = Parties(tmp_path, known=False)
    file = parties.desk / "policy.dsse.json"
    parties.sign(file)
    told = parties.consult(file, code=int(Exit.UNTRUSTED))
    assert "No controller of the roster" in told
    assert "--controller-key" in told
    assert not list(parties.desk.glob("*-consulted*"))
    entered = parties.dpo.json(
        "init",
        str(parties.bundle),
        "--fingerprint",
        parties.host.fingerprint,
        "--controller-key",
        str(parties.public),
    )
    assert entered["version"] == 2
    payload = json.loads(open_envelope(file.read_bytes()).payload)
    payload["predicate"]["at"] = "2026-01-01T00:00:00Z"
    ring = keyring.open_container(parties.key, Secret(PASSPHRASE))
    early = parties.desk / "early.dsse.json"
    early.write_bytes(seal(payload, ring.signer("controller")))
    told = parties.consult(early, code=int(Exit.UNTRUSTED))
    assert "signed anew" in told
    again = parties.desk / "again.dsse.json"
    parties.sign(again)
    parties.consult(again)


def test_a_key_with_one_role_gets_no_other(parties: Parties) -> None:
    ring = keyring.open_container(parties.dpo.home / "dpo-keys.json", Secret(PASSPHRASE))
    own = parties.desk / "own.pub.pem"
    own.write_bytes(keys.public_pem(ring.key("dpo").public_key()))
    given = ("--fingerprint", parties.host.fingerprint, "--controller-key", str(own))
    done = parties.dpo.dpo("init", str(parties.bundle), *given, code=int(Exit.REFUSED))
    assert "has another role" in done.output


def test_the_officer_alone_decides_nothing_and_a_key_counts_once(parties: Parties) -> None:
    file = parties.desk / "policy.dsse.json"
    parties.sign(file)
    outer = json.loads(file.read_text())
    twice = parties.desk / "twice.dsse.json"
    outer["signatures"].append(outer["signatures"][0])
    twice.write_text(json.dumps(outer, separators=(",", ":")) + "\n")
    parties.host.must("report", "add", str(twice), code=int(Exit.FORGED))
    ring = keyring.open_container(parties.dpo.home / "dpo-keys.json", Secret(PASSPHRASE))
    alone = json.loads(open_envelope(file.read_bytes()).payload)
    twice.write_bytes(seal(alone, ring.signer("dpo")))
    told = parties.host.must("report", "add", str(twice), code=int(Exit.UNTRUSTED)).output
    assert "isn't signed by a controller" in told
    assert "policy sign" in told
    assert not (parties.host.reports / "filed").exists()


# --- settings that demand it ----------------------------------------------------------------------


def demand(host: Host, *lines: str) -> None:
    text = host.config.read_text()
    host.config.write_text("\n".join(lines) + "\n" + text)


def refused(host: Host, code: str) -> str:
    """What a run says that is refused for one reason; nothing was deleted."""
    done = host.must("run", "--json", code=int(Exit.REFUSED))
    said_ = json.loads(done.stdout)["sources"][0]
    assert [error["code"] for error in said_["errors"]] == [code]
    return str(said_["errors"][0]["hint"])


def typed(hint: str, place: str) -> list[str]:
    """The command of a hint that begins so, as words."""
    part = next(p for p in hint.split(", then ") if p.startswith(place))
    return part.partition(" on the ")[0].split()[1:]


def test_a_run_waits_for_the_signature_that_settings_demand(parties: Parties) -> None:
    host, desk = parties.host, parties.desk
    demand(host, "approval: signed")
    hint = refused(host, "NOT_SIGNED")
    file = desk / f"{NAME}.dsse.json"
    words = [{"FILE": str(parties.key), file.name: str(file)}.get(w, w) for w in typed(hint, "pbx")]
    host.must(*words, "--passphrase-file", parties.phrase)
    host.must(*[str(file) if w == file.name else w for w in typed(hint, "pbxretain report")])
    host.must("run")
    policy = parties.newest().policy
    controller = keyring.open_container(parties.key, Secret(PASSPHRASE)).key("controller")
    assert policy.signed_by == (key_id(controller.public_key()),)
    assert (policy.consulted, policy.approved_by) == (False, "management")
    assert policy.approved_on is not None
    shown = " ".join(host.must("report", "show").stdout.split())
    assert f"approved in this form: management, {policy.approved_on}" in shown
    assert "Data protection officer: has not signed" in shown
    assert {"NOT_CONSULTED", "FALSE_APPROVAL", "APPROVAL_ABSENT"} & set(parties.verify()) == {
        "NOT_CONSULTED"
    }
    parties.change()
    refused(host, "NOT_SIGNED")


def test_a_run_waits_for_the_officer_where_settings_demand_that(parties: Parties) -> None:
    host, desk = parties.host, parties.desk
    demand(host, "approval: signed", "consulted: true")
    file = desk / f"{NAME}.dsse.json"
    parties.sign(file)
    host.must("report", "add", str(file))
    hint = refused(host, "NOT_CONSULTED")
    both = desk / f"{NAME}-both.dsse.json"
    places = {file.name: str(file), both.name: str(both)}
    words = [places.get(word, word) for word in typed(hint, "pbxretain dpo")]
    parties.dpo.dpo(*words[1:], "--yes")
    told = host.json(*[places.get(word, word) for word in typed(hint, "pbxretain report")])
    assert [each["new"] for each in told["filed"]] == [True], "goes over the one without it"
    host.must("run")
    policy = parties.newest().policy
    assert (len(policy.signed_by), policy.consulted) == (2, True)
    assert {"NOT_CONSULTED", "FALSE_APPROVAL", "APPROVAL_ABSENT"} & set(parties.verify()) == set()
    host.must("report", "add", str(file))
    host.must("run")
    assert parties.newest().policy.consulted is True, "the officer's signature stays"


def test_one_source_may_demand_more_than_the_others(parties: Parties) -> None:
    host = parties.host
    text = host.config.read_text()
    host.config.write_text(text.replace("  office:\n", "  office:\n    approval: signed\n", 1))
    refused(host, "NOT_SIGNED")
    host.config.write_text(text.replace("  office:\n", "  office:\n    consulted: true\n", 1))
    assert "consulted needs approval: signed" in host.must("run", code=int(Exit.USAGE)).output


def test_what_is_missing_before_a_signature_can_count_is_told_first(tmp_path: Path) -> None:
    parties = Parties(tmp_path, known=False)
    demand(parties.host, "approval: signed")
    assert "--controller-key" in refused(parties.host, "NO_CONTROLLER")
    (parties.host.state / "trust.dsse.json").unlink()
    assert "key add" in refused(parties.host, "NO_ROSTER")


def test_a_changed_statement_is_refused_on_both_sides(parties: Parties) -> None:
    file = parties.desk / "policy.dsse.json"
    parties.sign(file)
    payload = json.loads(open_envelope(file.read_bytes()).payload)
    stranger = keyring.generate("controller")
    payload["predicate"]["version"] = 7
    both = parties.agreed("first")
    for name, whole in (("one", file), ("two", both)):
        outer = json.loads(whole.read_text())
        outer["payload"] = json.loads(seal(payload, stranger))["payload"]  # type: ignore[arg-type]
        bent = parties.desk / f"{name}.dsse.json"
        bent.write_text(json.dumps(outer, separators=(",", ":")) + "\n")
        parties.consult(bent, code=int(Exit.UNTRUSTED))
        parties.host.must("report", "add", str(bent), code=int(Exit.UNTRUSTED))


def test_a_policy_for_another_installation_is_refused_on_both_sides(parties: Parties) -> None:
    both = parties.agreed("first")
    payload = json.loads(open_envelope(both.read_bytes()).payload)
    payload["predicate"]["installation"] = "00000000-0000-4000-8000-000000000000"
    ring = keyring.open_container(parties.key, Secret(PASSPHRASE))
    own = keyring.open_container(parties.dpo.home / "dpo-keys.json", Secret(PASSPHRASE))
    foreign = parties.desk / "foreign.dsse.json"
    foreign.write_bytes(seal(payload, ring.signer("controller"), own.signer("dpo")))
    for told in (
        parties.consult(foreign, code=int(Exit.FORGED)),
        parties.host.must("report", "add", str(foreign), code=int(Exit.FORGED)).output,
    ):
        assert "another installation" in told


def test_the_officer_signs_once_and_only_after_reading(parties: Parties) -> None:
    file = parties.desk / "policy.dsse.json"
    parties.sign(file)
    done = parties.dpo.dpo("consult", str(file), code=int(Exit.USAGE))
    assert "--yes" in done.output
    assert not list(parties.desk.glob("*-consulted*"))
    parties.consult(file)
    both = next(parties.desk.glob("*-consulted*"))
    told = parties.consult(both, code=int(Exit.REFUSED))
    assert "already" in told
    told = parties.consult(parties.bundle, code=int(Exit.FORGED))
    assert "Traceback" not in told


def test_a_policy_that_no_source_uses_is_not_filed(parties: Parties) -> None:
    both = parties.agreed("first")
    config = parties.host.config
    config.write_text(config.read_text().replace(NAME, "another"))
    told = parties.host.must("report", "add", str(both), code=int(Exit.USAGE)).output
    assert "no source here uses policy" in told


def test_both_commands_answer_in_json(parties: Parties) -> None:
    file = parties.desk / "policy.dsse.json"
    given = ("--key", str(parties.key), "--out", str(file), "--passphrase-file", parties.phrase)
    signed = parties.host.json("policy", "sign", NAME, *given)
    assert signed["policy"] == NAME
    assert signed["policy_digest"] == said(file).digest
    ring = keyring.open_container(parties.key, Secret(PASSPHRASE))
    assert signed["controller"] == key_id(ring.key("controller").public_key())
    told = parties.dpo.json("consult", str(file), "--yes")
    assert told["digest"] == signed["digest"]
    assert Path(told["path"]).is_file()


def test_the_controller_signs_on_a_machine_without_settings(parties: Parties) -> None:
    copy = parties.desk / f"{NAME}.yaml"
    shutil.copy(parties.host.folder / "etc" / "policies.d" / copy.name, copy)
    file = parties.desk / "policy.dsse.json"
    given = ("--key", str(parties.key), "--passphrase-file", parties.phrase, "--out", str(file))
    assert parties.dpo.run("policy", "sign", str(copy), *given).exit_code == Exit.USAGE
    installation = (parties.host.state / "installation").read_text().strip()
    mixed = parties.dpo.run("policy", "sign", NAME, "--installation", installation, *given)
    assert mixed.exit_code == Exit.USAGE
    assert not file.exists()
    done = parties.dpo.run("policy", "sign", str(copy), "--installation", installation, *given)
    assert done.exit_code == Exit.OK, done.output
    said = " ".join(done.stdout.split())
    assert f"as reports name it: sha256:{sha256(copy.read_bytes()).hexdigest()}" in said
    assert "Digest of what was decided: sha256:" in said
    assert "Digest of the policy" not in said, "in reports that is the file's"
    both = parties.desk / "both.dsse.json"
    parties.consult(file, "--out", str(both))
    parties.host.must("report", "add", str(both))


def test_a_signed_policy_is_compared_with_the_file_as_it_stands(parties: Parties) -> None:
    signed = parties.desk / "compared.dsse.json"
    parties.sign(signed)
    assert parties.host.json("policy", "diff", str(signed), NAME)["same"]
    path = parties.host.folder / "etc" / "policies.d" / f"{NAME}.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("keep: 90 days", "keep: 30 days"), "utf-8")
    told = parties.host.json("policy", "diff", str(signed), NAME)
    path.write_text(text, "utf-8")
    assert {tuple(change["terms"]["keep"]) for change in told["changes"]} == {
        ("90 days", "30 days")
    }
    other = next(parties.host.reports.glob("*-deletion-report.dsse.json"))
    refused = parties.host.run("policy", "diff", str(other), NAME)
    assert refused.exit_code == Exit.USAGE
