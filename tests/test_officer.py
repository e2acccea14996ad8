"""From host to officer and back: set-up, witness, review, a look of one's own; and what each side
refuses of the other."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.handover import NUMBER, PASSPHRASE, Host, Officer, call_log
from support.officer import Book, days, private
from support.reports import NOW

from pbxretain import keyring, keys, officer, places
from pbxretain.errors import Exit
from pbxretain.evidence import notes
from pbxretain.evidence.attestations import GapNote, Observation, Review
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.evidence.trust import read_roster
from pbxretain.ledger import Ledger
from pbxretain.secret import Secret
from pbxretain.signing import key_id, open_envelope


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host that ran once, an officer who entered it, the roster installed; bundle ``first``."""
    folder = tmp_path_factory.mktemp("met")
    host, dpo = Host(folder / "host"), Officer(folder / "officer")
    host.must("run")
    bundle = host.bundle(folder / "first.zip")
    host.install(dpo.init(bundle, host.fingerprint))
    return folder


class Pair:
    """A copy of both sides for one test; ``desk`` is where things are handed over."""

    def __init__(self, met: Path, folder: Path) -> None:
        shutil.copytree(met, folder / "both", symlinks=True)
        self.desk = folder / "both"
        self.host, self.dpo = object.__new__(Host), object.__new__(Officer)
        self.host.folder = self.desk / "host"
        self.host.state = self.host.folder / "state"
        config = self.host.config
        config.write_text(config.read_text().replace(str(met), str(self.desk)))
        self.dpo.folder = self.desk / "officer"
        self.dpo.home = self.dpo.folder / "home"
        self.dpo.passphrase = self.dpo.folder / "passphrase"
        self.first = self.desk / "first.zip"

    def witnessed(self, name: str, code: int = 0) -> Path:
        """A fresh bundle, cosigned; what goes back to the host."""
        told = self.dpo.json("witness", str(self.host.bundle(self.desk / name)), code=code)
        return Path(told["path"])


@pytest.fixture
def both(met: Path, tmp_path: Path) -> Pair:
    return Pair(met, tmp_path)


def predicate(path: Path) -> object:
    return parse_statement(open_envelope(path.read_bytes()).payload).predicate


# --- the whole way --------------------------------------------------------------------------------


def test_what_is_handed_to_and_fro_ends_in_the_next_report(both: Pair) -> None:
    host, dpo = both.host, both.dpo
    note = both.witnessed("a.zip")
    assert note.name == "office-000001.checkpoint"
    assert host.json("report", "add", str(note))["filed"][0]["new"] is True
    assert host.json("report", "add", str(note))["filed"][0]["new"] is False
    host.must("run")
    report = predicate(sorted(host.reports.glob("*-deletion-report.dsse.json"))[-1])
    assert isinstance(report, DeletionReport)
    assert report.ledger.last_witness == Ledger(host.reports).last_witness()
    bundle = host.bundle(both.desk / "b")
    review = dpo.json(
        "review", str(bundle), "--verdict", "accepted", "--checked", "read", "--report", "0"
    )
    look = dpo.run("verify", str(bundle), "--json")
    assert json.loads(look.stdout)["level"] == "L2", look.stdout
    host.must("report", "add", review["path"], str(both.witnessed("c.zip")))
    listed = host.json("report", "list")
    assert [row["kind"] for row in listed["filed"]] == ["review"]
    verdict = json.loads(dpo.run("verify", str(host.bundle(both.desk / "d")), "--json").stdout)
    assert "REVIEWED" in {finding["code"] for finding in verdict["findings"]}


def test_the_officers_home_is_for_its_owner_alone(both: Pair) -> None:
    home = both.dpo.home
    both.witnessed("a.zip")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in home.rglob("*") if p.is_file()}
    assert modes["dpo-keys.json"] == 0o400
    assert not any(mode & 0o077 for mode in modes.values()), modes
    home.chmod(0o755)
    done = both.dpo.run("dpo", "witness", str(both.first))
    assert done.exit_code == Exit.REFUSED
    assert f"chmod 700 {home}" in done.output


def test_the_roster_says_what_was_agreed(both: Pair) -> None:
    roster = read_roster((both.dpo.home / "trust.dsse.json").read_bytes())
    trust, (source,) = roster.trust, roster.trust.sources
    assert (trust.version, trust.controller) == (1, "Acme GmbH")
    assert [key.role for key in trust.keys] == ["authority", "dpo", "escrow", "runner"]
    assert (source.source, source.interval_h, source.grace_h) == ("office", 24, 24)
    assert source.origin == notes.origin(trust.installation, "office")
    runner = keys.load_public(both.host.state / "keys/runner.pem.pub")
    assert list(roster.runners("office")) == list(runner)
    escrow = (both.dpo.home / "escrow.pub.pem").read_bytes()
    from cryptography.hazmat.primitives import serialization

    assert key_id(serialization.load_pem_public_key(escrow)) == trust.of("escrow")[0].id  # type: ignore[arg-type]


def test_init_again_makes_the_next_version_or_nothing(both: Pair) -> None:
    dpo, fingerprint = both.dpo, both.host.fingerprint
    same = dpo.json("init", str(both.first), "--fingerprint", fingerprint)
    assert "version" not in same
    told = dpo.json(
        "init", str(both.first), "--fingerprint", fingerprint, "--interval", "1w", "--grace", "2d"
    )
    assert told["version"] == 2
    first = read_roster((dpo.home / "trust-000001.dsse.json").read_bytes())
    second = read_roster(Path(told["roster"]).read_bytes(), after=first)
    assert second.trust.sources[0].interval_h == 7 * 24
    assert second.trust.sources[0].grace_h == 48
    assert second.trust.keys == first.trust.keys


def test_a_source_can_be_entered_before_its_first_run(tmp_path: Path) -> None:
    host, dpo = Host(tmp_path / "host"), Officer(tmp_path / "officer")
    bundle = host.bundle(tmp_path / "empty.zip")
    host.install(dpo.init(bundle, host.fingerprint))
    done = dpo.dpo("witness", str(bundle), code=Exit.UNAVAILABLE)
    assert "not everything" in done.output
    host.must("run")
    bundle = host.bundle(tmp_path / "first.zip")
    assert dpo.json("witness", str(bundle))["size"] == 2  # a report under a key of its own


def test_a_source_whose_key_has_rolled_is_entered_with_its_first_key(
    both: Pair, tmp_path: Path
) -> None:
    both.host.must("run")
    both.host.must("key", "rotate", "office")
    (both.host.state / "trust.dsse.json").unlink()  # the authority's key was lost
    bundle = both.host.bundle(both.desk / "rolled.zip")
    now = both.host.json("key", "show", "--source", "office")["key"]
    successor = Officer(tmp_path / "successor")
    stranger = Officer(tmp_path / "stranger")
    refused = stranger.run(
        "dpo", "init", str(bundle), "--controller", "Acme GmbH", "--fingerprint", "ab12 " * 8,
    )  # fmt: skip
    assert refused.exit_code == Exit.REFUSED, refused.output
    # The first key vouches for those that followed it, and so does today's for those before it.
    for number, read_out in enumerate((both.host.fingerprint, now)):
        made = Officer(tmp_path / f"successor-{number}")
        out = str(tmp_path / f"trust-{number}.json")
        roster = read_roster(made.init(bundle, read_out, "--out", out).read_bytes())
        assert now not in roster.runners("office")
    out = str(tmp_path / "trust.json")
    roster = read_roster(successor.init(bundle, now, "--out", out).read_bytes())
    (pinned,) = roster.runners("office")
    assert pinned[:8] in {path.name[7:15] for path in both.host.reports.glob("runner-*.pub.pem")}
    assert pinned != now
    told = successor.json("witness", str(bundle), "--out", str(tmp_path / "note"))
    assert told["size"] == 4


@pytest.mark.parametrize("runs", [0, 2])
def test_a_stranger_s_ledger_never_goes_in_under_the_fingerprint_of_the_key_beside_it(
    tmp_path: Path, runs: int
) -> None:
    """The stranger puts the true runner's public key into his own bundle: it is the fingerprint
    that the officer hears by telephone."""
    thief, true = private(31), private(1)
    book = Book(tmp_path / "bundle", key=thief)
    for when in days(NOW, runs):
        book.run(when)
    book.sign()
    (book.folder / "ledger.jsonl").touch()
    for key in (thief, true):
        name = f"runner-{key_id(key.public_key())[:8]}.pub.pem"
        (book.folder / name).write_bytes(keys.public_pem(key.public_key()))
    claimed = officer.claim(book.folder)
    told = officer.named(claimed, book.folder, key_id(true.public_key()))
    assert claimed.keyid == key_id(thief.public_key())
    if not runs:
        assert told.keyid == claimed.keyid, "an empty ledger has nobody vouch for it"
        return
    assert told.keyid == key_id(true.public_key())
    _, verdict = officer.confirmed(told, book.folder, now=NOW)
    assert verdict is not None
    assert verdict.exit in (Exit.UNTRUSTED, Exit.FORGED)


def test_without_a_bundle_there_are_only_keys(tmp_path: Path) -> None:
    dpo = Officer(tmp_path / "officer")
    told = dpo.json("init")
    assert set(told["keys"]) == set(officer.OWN_ROLES)
    assert b"PUBLIC KEY" in Path(told["escrow"]).read_bytes()
    assert not (dpo.home / "trust.dsse.json").exists()
    before = (dpo.home / "dpo-keys.json").read_bytes()
    done = dpo.dpo("init", code=Exit.REFUSED)
    assert "never overwritten" in done.output
    assert (dpo.home / "dpo-keys.json").read_bytes() == before


def test_a_gap_is_noted_in_the_ledger(both: Pair) -> None:
    host = both.host
    told = host.json(
        "report", "gap-note", "office", "--since", "2026-01-05", "--until", "2026-01-06T08:00",
        "--reason", "maintenance", "--remark", "new disks",
    )  # fmt: skip
    note = predicate(Path(told["path"]))
    assert isinstance(note, GapNote)
    assert (note.since, note.until) == ("2026-01-04T23:00:00Z", "2026-01-06T07:00:00Z")
    assert note.ledger.seq == 1
    host.must("run")
    verdict = json.loads(host.run("verify", str(host.reports), "--json").stdout)
    serious = {finding["code"] for finding in verdict["findings"] if finding["exit"]}
    assert serious <= {"UNWITNESSED"}
    kinds = [row["kind"] for row in host.json("report", "list")["reports"]]
    assert kinds == ["deletion-report", "gap-note", "key-event", "deletion-report"]
    assert "Vermerk" in host.run("report", "list", lang="de").output
    assert "Wartung" in host.run("report", "show", "1", lang="de").output
    assert both.witnessed("a.zip").name == "office-000004.checkpoint"


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-01-06", "2026-01-05T00:00"), ("2026-01-05", "2126-01-05T12:00"), ("soon", "later")],
)
def test_a_gap_that_contradicts_itself_is_refused(both: Pair, since: str, until: str) -> None:
    before = Ledger(both.host.reports).entries()
    done = both.host.run(
        "report", "gap-note", "--since", since, "--until", until, "--reason", "other"
    )
    assert done.exit_code == Exit.USAGE
    assert Ledger(both.host.reports).entries() == before


def test_an_observation_counts_what_is_overdue(both: Pair) -> None:
    host, dpo = both.host, both.dpo
    out = both.desk / "seen.json"
    args = ["--config", str(host.config), "dpo", "observe", "office", "--out", str(out)]
    args += ["--passphrase-file", str(dpo.passphrase)]
    done = dpo.run(*args)
    assert done.exit_code == Exit.OK, done.output
    seen = predicate(out)
    assert isinstance(seen, Observation)
    assert {each.dataset: (each.total, each.overdue) for each in seen.datasets} == {
        "calls": (100, 0),
        "events-sqlite": (0, 0),
    }
    host.must("report", "add", str(out))
    other = host.folder / "cdr.sqlite"
    other.unlink()
    call_log(other, old=7)
    late = [arg if arg != str(out) else str(both.desk / "late.json") for arg in args]
    done = dpo.run(*late)
    assert done.exit_code == Exit.INCOMPLETE, done.output
    assert "overdue in source office: 7" in done.output
    assert NUMBER.encode() not in (both.desk / "late.json").read_bytes()
    host.must("report", "add", str(both.desk / "late.json"))
    verdict = json.loads(dpo.run("verify", str(host.bundle(both.desk / "b")), "--json").stdout)
    assert "OBSERVED_OVERDUE" in {finding["code"] for finding in verdict["findings"]}


def test_an_observer_of_ones_own_signs_what_was_seen(both: Pair) -> None:
    host, dpo = both.host, both.dpo
    made, secret = keyring.generate("observer"), Secret("Zimmer mit Aussicht")
    now = datetime.now(UTC)
    ring, public, word = (both.desk / name for name in ("ring.json", "observer.pem", "word"))
    keyring.write_container(ring, {"observer": made}, secret, created=now)
    public.write_bytes(keys.public_pem(made.public_key()))
    word.touch(0o600)
    word.write_text(secret.reveal())
    told = dpo.json(
        "init", str(both.first), "--fingerprint", host.fingerprint, "--observer", str(public)
    )
    look = ["--config", str(host.config), "dpo", "observe", "--key", str(ring)]
    look += ["--out", str(both.desk / "seen.json"), "--passphrase-file", str(word)]
    assert dpo.run(*look).exit_code == Exit.OK
    host.must("report", "add", str(both.desk / "seen.json"), code=Exit.UNTRUSTED)
    host.must("key", "add", told["roster"])
    host.must("report", "add", str(both.desk / "seen.json"))


def test_the_officers_passphrase_opens_what_runs_have_sealed(both: Pair) -> None:
    host, dpo = both.host, both.dpo
    (host.folder / "cdr.sqlite").unlink()
    call_log(host.folder / "cdr.sqlite", old=3)
    host.must("run")
    bundle = host.bundle(both.desk / "sealed.zip")
    typed = ["evidence", "find", str(bundle), "--number", NUMBER, "--purpose", "data-subject"]
    typed += ["--json"]
    done = dpo.run(*typed, "--passphrase-file", str(dpo.passphrase))
    assert done.exit_code == Exit.INCOMPLETE, done.output  # the first report is at level counts
    found = json.loads(done.stdout)
    assert len(found["matches"]) == 3, found
    (record,) = both.desk.glob("evidence-access-*.dsse.json")
    assert NUMBER[1:].encode() not in record.read_bytes()
    assert host.json("report", "add", str(record))["filed"][0]["kind"] == "evidence-access"
    dpo.passphrase.write_text("eine ganz andere Passphrase\n")
    done = dpo.run(*typed, "--passphrase-file", str(dpo.passphrase))
    assert done.exit_code == Exit.REFUSED


# --- what the officer's side refuses --------------------------------------------------------------


def test_a_fingerprint_that_was_not_read_out_stops_everything(tmp_path: Path, met: Path) -> None:
    dpo = Officer(tmp_path / "officer")
    for fingerprint in ("", "0" * 32, "abcd"):
        done = dpo.dpo(
            "init", str(met / "first.zip"), "--controller", "Acme GmbH",
            "--fingerprint", fingerprint, code=Exit.REFUSED,
        )  # fmt: skip
        assert "fingerprint" in done.output
        assert not (dpo.home / "dpo-keys.json").exists()


def test_the_passphrase_is_wrong(both: Pair) -> None:
    both.dpo.passphrase.write_text("eine ganz andere Passphrase\n")
    done = both.dpo.dpo("witness", str(both.first), code=Exit.REFUSED)
    assert "passphrase is wrong" in done.output
    assert not list((both.dpo.home / "seen").iterdir())
    assert not list(both.desk.glob("*.checkpoint"))


def test_a_short_passphrase_makes_no_keys(tmp_path: Path) -> None:
    dpo = Officer(tmp_path / "officer")
    dpo.passphrase.write_text("kurz\n")
    dpo.dpo("init", code=Exit.REFUSED)
    assert not (dpo.home / "dpo-keys.json").exists()


def test_a_ledger_that_shrank_is_never_cosigned(both: Pair) -> None:
    both.host.must("run")
    both.witnessed("a.zip")
    done = both.dpo.dpo("witness", str(both.first), code=Exit.FORGED)
    assert "3 entries were witnessed, 1 are left" in done.output
    german = both.dpo.run(
        "dpo", "witness", str(both.first), "--passphrase-file", str(both.dpo.passphrase), lang="de"
    )
    assert "3 Einträge waren gegengezeichnet, 1 sind noch da" in german.output
    assert len(list(both.desk.glob("*.checkpoint"))) == 1


def test_a_ledger_that_was_written_anew_is_never_cosigned(both: Pair) -> None:
    """The admin holds the runner's key: the whole ledger is genuine, and another one."""
    both.witnessed("a.zip")
    shutil.rmtree(both.host.reports)
    both.host.must("run")
    both.host.must("run")
    bundle = both.host.bundle(both.desk / "forked.zip")
    trust = str(both.dpo.home / "trust.dsse.json")
    alone = both.host.run("verify", str(both.host.reports), "--trust", trust)
    assert alone.exit_code in (Exit.OK, Exit.INCOMPLETE), alone.output
    done = both.dpo.dpo("witness", str(bundle), code=Exit.FORGED)
    assert "from no. 0 on it tells another story" in done.output
    assert both.dpo.run("verify", str(bundle)).exit_code == Exit.FORGED


def test_a_roster_that_lies_in_the_delivery_is_refused(both: Pair) -> None:
    bundle = both.host.bundle(both.desk / "delivery")
    (bundle / "trust.dsse.json").write_bytes((both.dpo.home / "trust.dsse.json").read_bytes())
    inside = ("verify", str(bundle), "--trust", str(bundle / ".." / "delivery" / "trust.dsse.json"))
    refused = both.dpo.run(*inside)
    assert refused.exit_code == Exit.USAGE
    assert "comes from the very delivery that is to be checked" in refused.output
    assert "stammt aus eben der Lieferung" in both.dpo.run(*inside, lang="de").output
    own = both.dpo.run("verify", str(bundle), "--trust", str(both.dpo.home / "trust.dsse.json"))
    assert own.exit_code in (Exit.OK, Exit.INCOMPLETE), own.output


def test_an_old_bundle_of_the_same_size_is_cosigned_again(both: Pair) -> None:
    both.witnessed("a.zip")
    told = both.dpo.json("witness", str(both.first), "--out", str(both.desk / "again"))
    assert (told["size"], told["before"]) == (1, 1)


def test_what_is_not_genuine_is_never_cosigned(both: Pair) -> None:
    bundle = both.host.bundle(both.desk / "bent")
    report = bundle / "000000-deletion-report.dsse.json"
    report.write_bytes(report.read_bytes().replace(b'"payload":"ey', b'"payload":"ez'))
    done = both.dpo.dpo("witness", str(bundle), code=Exit.FORGED)
    assert "Not cosigned" in done.output
    assert not list((both.dpo.home / "seen").iterdir())


def test_another_installations_bundle_is_not_cosigned(both: Pair, tmp_path: Path) -> None:
    other = Host(tmp_path / "other")
    other.must("run")
    bundle = other.bundle(tmp_path / "other.zip")
    done = both.dpo.dpo("witness", str(bundle), code=Exit.UNTRUSTED)
    assert "Not cosigned" in done.output
    done = both.dpo.dpo("init", str(bundle), "--fingerprint", other.fingerprint, code=Exit.REFUSED)
    assert "another installation" in done.output


def test_a_checkpoint_of_somebody_else_is_not_cosigned(both: Pair) -> None:
    bundle = both.host.bundle(both.desk / "bent")
    note = notes.parse((bundle / "checkpoint").read_bytes())
    stranger = notes.sign(note, Ed25519PrivateKey.generate())
    (bundle / "checkpoint").write_bytes(stranger.text)
    (bundle / "SHA256SUMS").unlink()
    both.dpo.dpo("witness", str(bundle), code=Exit.FORGED)
    (bundle / "checkpoint").unlink()
    both.dpo.dpo("witness", str(bundle), code=Exit.FORGED)


def test_a_damaged_memory_is_no_first_time(both: Pair) -> None:
    both.witnessed("a.zip")
    (memory,) = (both.dpo.home / "seen").iterdir()
    memory.write_bytes(memory.read_bytes().replace(b'"digests":["', b'"digests":["0'))
    done = both.dpo.dpo("witness", str(both.first), "--out", str(both.desk / "x"), code=Exit.FORGED)
    assert "damaged" in done.output
    assert not (both.desk / "x").exists()


def test_a_roster_of_another_authority_is_not_obeyed(both: Pair, tmp_path: Path) -> None:
    other = Officer(tmp_path / "other")
    other.init(both.first, both.host.fingerprint, "--out", str(tmp_path / "trust.json"))
    mine = both.dpo.home / "trust.dsse.json"
    mine.unlink()
    shutil.copy(other.home / "trust.dsse.json", mine)
    both.dpo.dpo("witness", str(both.first), code=Exit.UNTRUSTED)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--verdict", "accepted-with-findings"], "no finding"),
        (["--verdict", "accepted", "--report", "7"], "no such deletion report"),
        (["--verdict", "rejected", "--remark", "two\nlines"], "one line"),
    ],
)
def test_a_verdict_that_does_not_fit_is_refused(both: Pair, args: list[str], said: str) -> None:
    done = both.dpo.run(
        "dpo", "review", str(both.first), *args, "--passphrase-file", str(both.dpo.passphrase)
    )
    assert done.exit_code in (Exit.REFUSED, Exit.USAGE)
    assert said in done.output
    assert not list(both.desk.glob("review-*"))


def test_what_has_findings_is_not_accepted_without_them(both: Pair) -> None:
    bundle = both.host.bundle(both.desk / "bent")
    (bundle / "000000-deletion-report.verify.sh").write_text("exit 0")
    review = ["review", str(bundle), "--verdict"]
    done = both.dpo.dpo(*review, "accepted", code=Exit.REFUSED)
    assert "there are findings" in done.output
    told = both.dpo.json(*review, "accepted-with-findings")
    signed = predicate(Path(told["path"]))
    assert isinstance(signed, Review)
    assert signed.findings == ("BUNDLE_CHANGED",)
    both.dpo.dpo("witness", str(bundle), code=Exit.INCOMPLETE)


def test_what_is_not_genuine_can_only_be_rejected(both: Pair, tmp_path: Path) -> None:
    other = Host(tmp_path / "other")
    other.must("run")
    bundle = other.bundle(tmp_path / "other.zip")
    both.dpo.dpo("review", str(bundle), "--verdict", "accepted", code=Exit.REFUSED)


# --- what the host refuses ------------------------------------------------------------------------


def test_nothing_is_filed_that_the_roster_does_not_vouch_for(both: Pair, tmp_path: Path) -> None:
    stranger = Officer(tmp_path / "stranger")
    stranger.init(both.first, both.host.fingerprint, "--out", str(tmp_path / "trust.json"))
    note = stranger.json("witness", str(both.first), "--out", str(tmp_path / "note"))["path"]
    review = stranger.json(
        "review", str(both.first), "--verdict", "accepted", "--out", str(tmp_path / "review")
    )["path"]
    for path in (note, review):
        both.host.must("report", "add", path, code=Exit.UNTRUSTED)
    roster = tmp_path / "trust.json"
    done = both.host.must("report", "add", str(roster), code=Exit.USAGE)
    assert "key add" in done.output
    assert not (both.host.reports / "cosigned").exists()
    assert not (both.host.reports / "filed").exists()


def test_a_cosigned_checkpoint_of_another_ledger_is_not_filed(both: Pair) -> None:
    note = both.witnessed("a.zip")
    shutil.rmtree(both.host.reports)
    both.host.must("run")
    done = both.host.must("report", "add", str(note), code=Exit.FORGED)
    assert "another ledger" in done.output
    note.write_bytes(note.read_bytes()[:-9])
    both.host.must("report", "add", str(note), code=Exit.FORGED)
    both.host.must("report", "add", str(note.parent / "nowhere"), code=Exit.UNAVAILABLE)


def test_without_a_roster_nobody_knows_whose_signature_counts(both: Pair) -> None:
    note = both.witnessed("a.zip")
    (both.host.state / "trust.dsse.json").unlink()
    done = both.host.must("report", "add", str(note), code=Exit.REFUSED)
    assert "key add" in done.output


def test_a_review_of_a_report_that_is_not_there_is_not_filed(both: Pair) -> None:
    told = both.dpo.json("review", str(both.first), "--verdict", "accepted")
    shutil.rmtree(both.host.reports)
    both.host.must("run")
    both.host.must("report", "add", told["path"], code=Exit.FORGED)


# --- how it is done -------------------------------------------------------------------------------


def _environment(both: Pair) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PBXRETAIN")}
    home = {"PBXRETAIN_DPO_HOME": str(both.dpo.home), "LC_ALL": "C.UTF-8"}
    return {**plain, **home, "PBXRETAIN_CONFIG": "/nowhere/config.yaml"}


@pytest.mark.parametrize(
    "args",
    [
        ["init", "{bundle}", "--fingerprint", "{fingerprint}"],
        ["witness", "{bundle}"],
        ["review", "{bundle}", "--verdict", "accepted"],
    ],
    ids=["init", "witness", "review"],
)
def test_the_officer_needs_no_database_code(both: Pair, args: list[str]) -> None:
    known = {"bundle": str(both.first), "fingerprint": both.host.fingerprint}
    typed = [arg.format_map(known) for arg in args]
    typed = ["dpo", *typed, "--passphrase-file", str(both.dpo.passphrase)]
    code = (
        "import sys\n"
        "from pbxretain.cli import main\n"
        f"sys.argv[1:] = {typed!r}\n"
        "try: main()\n"
        "except SystemExit as end: print('ended with', end.code)\n"
        "bad = ('sqlalchemy', 'pymysql', 'psycopg', 'urllib3')\n"
        "print([m for m in sys.modules if m.split('.')[0] in bad])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(both),
    )
    assert done.stdout.splitlines()[-2:] == ["ended with 0", "[]"], done.stdout + done.stderr


def test_a_passphrase_is_typed_unseen_and_stands_nowhere_else(tmp_path: Path, met: Path) -> None:
    dpo, host = Officer(tmp_path / "officer"), object.__new__(Host)
    host.folder, host.state = met / "host", met / "host/state"
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover  (another process)
        os.environ["PBXRETAIN_DPO_HOME"] = str(dpo.home)
        command = [sys.executable, "-m", "pbxretain", "--lang", "en", "dpo", "init"]
        command += [str(met / "first.zip"), "--controller", "Acme GmbH"]
        os.execv(sys.executable, [*command, "--out", str(tmp_path / "trust.json")])
    said = _talk(
        terminal,
        [("[y/N]", "y"), ("at least 12 characters", PASSPHRASE), ("Once more", PASSPHRASE)],
    )
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said
    assert host.fingerprint in said
    assert PASSPHRASE not in said
    assert PASSPHRASE.encode() not in b"".join(
        path.read_bytes() for path in dpo.home.rglob("*") if path.is_file()
    )
    dpo.dpo("witness", str(met / "first.zip"), "--out", str(tmp_path / "note"))


def _talk(terminal: int, answers: list[tuple[str, str]]) -> str:
    said, left, until = "", list(answers), time.monotonic() + 60
    while time.monotonic() < until:
        ready, _, _ = select.select([terminal], [], [], 1)
        try:
            said += os.read(terminal, 4096).decode("utf-8", "replace") if ready else ""
        except OSError:
            break
        if left and left[0][0] in said:
            time.sleep(0.1)  # the echo is off only a moment after the question
            os.write(terminal, f"{left.pop(0)[1]}\n".encode())
    os.close(terminal)
    return said


def test_without_a_terminal_nobody_waits_for_a_passphrase(both: Pair) -> None:
    done = both.dpo.run("dpo", "witness", str(both.first))
    assert done.exit_code == Exit.USAGE
    assert "--passphrase-file" in done.output


def test_a_passphrase_file_that_others_can_read_is_refused(both: Pair) -> None:
    both.dpo.passphrase.chmod(0o644)
    both.dpo.dpo("witness", str(both.first), code=Exit.REFUSED)


def test_no_option_takes_a_passphrase() -> None:
    from pbxretain.cli.dpo import dpo

    for command in dpo.commands.values():
        for option in command.params:
            if any("passphrase" in name for name in option.opts):
                assert option.opts in (["--passphrase-file"], ["--passphrase-fd"])
                assert option.envvar is None


def test_nothing_personal_leaves_the_host(both: Pair) -> None:
    both.host.must("report", "add", str(both.witnessed("a.zip")))
    bundle = both.host.bundle(both.desk / "all")
    plain = NUMBER.encode()
    for path in (*bundle.rglob("*"), *both.dpo.home.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            assert plain not in data
            assert plain[1:] not in data, path


def test_a_home_is_named_by_option_variable_or_user() -> None:
    given = Path("/somewhere")
    assert places.officer_home(given, environ={places.OFFICER: "/else"}) == given
    assert places.officer_home(environ={places.OFFICER: "/else"}) == Path("/else")
    assert places.officer_home(environ={}).name == "pbxretain-dpo"
