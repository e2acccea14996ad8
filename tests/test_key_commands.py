"""Keys by the command line: people's, the installation's, and the authority's word on them."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support import trusted

from pbxretain import keyring, keys, signing
from pbxretain.cli import main, passphrase
from pbxretain.errors import Exit
from pbxretain.keyring import Cost
from pbxretain.ledger import FILED, Ledger
from pbxretain.rolling import KEY_EVENT
from pbxretain.secret import Secret

PHRASE = "Quittenmus auf Zwieback"
COLUMNS = (
    "calldate, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, "
    "duration INTEGER, billsec, disposition, amaflags, accountcode, uniqueid, userfield, "
    "peeraccount, linkedid, sequence"
)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passphrase's cost is tried in test_keys."""
    whole = keyring.write_container

    def written(*args: Any, **kwargs: Any) -> None:
        whole(*args, **{"cost": Cost(memory=8 * 1024, passes=1, lanes=1), **kwargs})

    monkeypatch.setattr(keyring, "write_container", written)


class Place:
    """An installation on an empty call log, and an officer's machine beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state, self.home = folder / "state", folder / "officer"
        self.phrase = folder / "phrase"
        self.phrase.write_text(PHRASE)
        self.phrase.chmod(0o400)
        with sqlite3.connect(folder / "cdr.sqlite") as database:
            database.execute(f"CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, {COLUMNS})")

    def run(self, *args: str | Path, lang: str = "en", input: str | None = None) -> Result:
        config = self.folder / "etc" / "config.yaml"
        given = ["--config", str(config), "--lang", lang, *map(str, args)]
        return CliRunner().invoke(main, given, input=input)

    def ok(self, *args: str | Path) -> dict[str, Any]:
        done = self.run(*args, "--json")
        assert done.exit_code == 0, (args, done.stdout, done.stderr)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def officer(self, *args: str | Path) -> dict[str, Any]:
        return self.ok("dpo", *args, "--home", self.home, "--passphrase-file", self.phrase)

    def init(self) -> Place:
        done = self.run(
            "init", "--yes", "--connector=asterisk", "--timezone=Europe/Berlin",
            f"--url=sqlite:///{self.folder / 'cdr.sqlite'}", "--source=office",
            f"--config-dir={self.folder / 'etc'}", f"--state-dir={self.state}",
            "--controller=Acme GmbH",
        )  # fmt: skip
        assert (self.folder / "etc" / "config.yaml").exists(), done.stderr
        return self

    def enroll(self) -> Path:
        """The officer's roster, made out of this installation's bundle and installed here."""
        shown = self.ok("key", "show")
        bundle, roster = self.folder / "bundle.zip", self.folder / "trust.dsse.json"
        self.ok("report", "bundle", "office", "--out", bundle)
        made = self.officer(
            "init", bundle, "--fingerprint", signing.fingerprint(shown["key"]),
            "--controller", "Acme GmbH", "--interval", "1d", "--grace", "1d", "--out", roster,
        )  # fmt: skip
        authority = signing.fingerprint(made["keys"]["authority"])
        self.ok("key", "add", roster, "--fingerprint", authority)
        return roster

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.state / "office" / "reports")

    def rotations(self) -> int:
        return sum(entry.type == KEY_EVENT for entry in self.ledger.entries())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    tmp_path.chmod(0o700)
    return Place(tmp_path)


# --- people's keys ----------------------------------------------------------------------------


def test_keys_of_people_go_into_one_file_under_one_passphrase(place: Place) -> None:
    out = place.folder / "dpo.key"
    made = place.ok(
        "key", "new", "--role", "dpo", "--role", "escrow", "--out", out,
        "--passphrase-file", place.phrase,
    )  # fmt: skip
    assert stat.S_IMODE(out.stat().st_mode) == 0o400
    assert place.ok("key", "show", out)["keys"] == made["keys"]
    ring = keyring.open_container(out, Secret(PHRASE))
    assert ring.roles == ("dpo", "escrow")
    again = place.run(
        "key", "new", "--role", "dpo", "--out", out, "--passphrase-file", place.phrase
    )
    assert again.exit_code == Exit.REFUSED


def test_a_public_half_is_exported_and_the_private_one_only_when_asked(place: Place) -> None:
    out, pem = place.folder / "dpo.key", place.folder / "dpo.pem"
    given = ("--passphrase-file", place.phrase)
    place.ok("key", "new", "--role", "dpo", "--role", "escrow", "--out", out, *given)
    shown = place.run("key", "export", out, "--role", "escrow", *given)
    ring = keyring.open_container(out, Secret(PHRASE))
    assert shown.stdout.encode() == keys.public_pem(ring.key("escrow").public_key())
    assert place.run("key", "export", out, *given).exit_code == Exit.USAGE
    assert (
        place.run("key", "export", out, "--role", "dpo", "--private", *given).exit_code
        == Exit.USAGE
    )
    done = place.run("key", "export", out, "--role", "dpo", "--private", "--out", pem, *given)
    assert "no passphrase" in done.stderr
    assert stat.S_IMODE(pem.stat().st_mode) == 0o400
    assert pem.read_bytes() == keys.private_pem(ring.key("dpo"))
    assert "PRIVATE" not in done.output


def test_openssls_key_becomes_a_container(place: Place) -> None:
    plain, out = place.folder / "plain.pem", place.folder / "k"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", plain], check=True)
    given = ("--passphrase-file", place.phrase)
    place.ok("key", "new", "--role", "controller", "--from", plain, "--out", out, *given)
    ring = keyring.open_container(out, Secret(PHRASE))
    assert keys.private_pem(ring.key("controller")) == plain.read_bytes()
    for roles in (["escrow"], ["dpo", "admin"]):
        options = [word for role in roles for word in ("--role", role)]
        refused = place.run(
            "key", "new", *options, "--from", plain, "--out", place.folder / "no", *given
        )
        assert refused.exit_code in (Exit.REFUSED, Exit.USAGE)
        assert not (place.folder / "no").exists()


def test_an_unattended_key_for_a_credential_needs_no_passphrase(place: Place) -> None:
    out = place.folder / "runner.pem"
    done = place.run("key", "new", "--role", "runner", "--out", out)
    assert done.exit_code == 0
    assert "no passphrase" in done.stderr
    key = keys.load_key(out)
    assert list(keys.load_public(place.folder / "runner.pem.pub")) == [
        signing.key_id(key.public_key())
    ]


@pytest.mark.parametrize("lang", ["en", "de"])
def test_a_wrong_passphrase_is_one_sentence_and_exit_5(place: Place, lang: str) -> None:
    out, wrong = place.folder / "k", place.folder / "wrong"
    place.ok("key", "new", "--role", "dpo", "--out", out, "--passphrase-file", place.phrase)
    wrong.write_text("Zwieback ohne alles")
    wrong.chmod(0o400)
    done = place.run("key", "export", out, "--passphrase-file", wrong, lang=lang)
    assert done.exit_code == Exit.REFUSED
    assert len(done.stderr.splitlines()) == 1
    assert "Zwieback" not in done.output
    assert ("Passphrase" if lang == "de" else "passphrase") in done.stderr


def test_nobody_is_asked_without_a_terminal(place: Place) -> None:
    done = place.run("key", "new", "--role", "dpo", "--out", place.folder / "k", input=PHRASE)
    assert done.exit_code == Exit.USAGE
    assert "--passphrase-file" in done.stderr
    assert not (place.folder / "k").exists()


def test_a_passphrase_comes_from_a_descriptor(place: Place) -> None:
    out = place.folder / "k"
    command = f"exec {sys.executable} -m pbxretain key new --role dpo --out {out} "
    command += f"--passphrase-fd 5 5<{place.phrase}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    keyring.open_container(out, Secret(PHRASE))


def _typed(args: list[str], *answers: str) -> tuple[int, str]:
    """Runs the program on a terminal of its own and types; what was shown, and its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "pbxretain", "--lang", "en", *args])
    shown = b""
    waiting = list(answers)
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if waiting and re.search(rb": $", shown):
            time.sleep(0.1)
            os.write(terminal, waiting.pop(0).encode() + b"\n")
            shown += b"\n"
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_a_new_passphrase_is_typed_twice_and_never_shown(place: Place) -> None:
    out = place.folder / "k"
    code, shown = _typed(["key", "new", "--role", "dpo", "--out", str(out)], PHRASE, PHRASE)
    assert code == 0, shown
    assert PHRASE not in shown
    assert "at least 12" in shown
    keyring.open_container(out, Secret(PHRASE))
    code, shown = _typed(["key", "export", str(out)], PHRASE)
    assert code == 0, shown
    assert "BEGIN PUBLIC KEY" in shown


def test_a_short_passphrase_makes_nothing(place: Place) -> None:
    code, shown = _typed(
        ["key", "new", "--role", "dpo", "--out", str(place.folder / "k")], *["zu kurz"] * 2
    )
    assert code == Exit.REFUSED
    assert "12" in shown
    assert not (place.folder / "k").exists()


def test_passphrases_have_no_option_and_no_variable() -> None:
    for option in (passphrase.OPTION, passphrase.DESCRIPTOR):

        @option
        def command(**_: object) -> None:
            """Takes the option."""

        (made,) = command.__click_params__  # type: ignore[attr-defined]
        assert made.envvar is None
        assert not made.prompt if hasattr(made, "prompt") else True
        assert made.opts[0] in ("--passphrase-file", "--passphrase-fd")


# --- what the officer hands over ----------------------------------------------------------------


def test_an_escrow_key_is_installed_after_its_fingerprint_was_compared(place: Place) -> None:
    place.init()
    escrow = keyring.generate("escrow").public_key()
    file = place.folder / "escrow.pem"
    file.write_bytes(keys.public_pem(escrow))
    keyid = signing.key_id(escrow)
    target = place.state / "keys" / f"escrow-{keyid[:8]}.pub.pem"
    for wrong in (signing.fingerprint("ab" * 32), keyid[:31], ""):
        refused = place.run("key", "add", file, "--fingerprint", wrong)
        assert refused.exit_code == Exit.REFUSED
        assert not target.exists()
    assert place.run("key", "add", file).exit_code == Exit.USAGE
    place.ok("key", "add", file, "--fingerprint", signing.fingerprint(keyid).upper())
    assert target.read_bytes() == keys.public_pem(escrow)
    code, shown = _typed(
        ["--config", str(place.folder / "etc/config.yaml"), "key", "add", str(file)], "n"
    )
    assert code == Exit.REFUSED
    assert signing.fingerprint(keyid) in shown


def test_a_key_that_signs_or_a_private_one_is_no_escrow_key(place: Place) -> None:
    place.init()
    file = place.folder / "k.pem"
    file.write_bytes(keys.public_pem(trusted.AUTHORITY.public_key()))
    keyid = signing.key_id(trusted.AUTHORITY.public_key())
    assert place.run("key", "add", file, "--fingerprint", keyid).exit_code == Exit.USAGE
    file.write_bytes(keys.private_pem(keyring.generate("escrow")))
    assert place.run("key", "add", file, "--fingerprint", keyid).exit_code == Exit.USAGE
    assert not list((place.state / "keys").glob("escrow-*"))


def test_a_roster_is_installed_once_compared_and_then_only_by_its_successor(place: Place) -> None:
    place.init()
    roster_file = place.enroll()
    installed = place.state / "trust.dsse.json"
    first = trusted.read(installed.read_bytes())
    (escrow,) = first.trust.of("escrow")
    assert (place.state / "keys" / f"escrow-{escrow.id[:8]}.pub.pem").exists()
    place.ok("key", "add", roster_file)  # the very same: nothing to compare
    now = datetime.now(UTC)
    runners = first.runners("office")
    (runner,) = runners.values()
    strange = trusted.roster(first.trust.installation, {"office": runner}, now=now)
    follows = trusted.roster(first.trust.installation, {"office": runner}, now=now, after=first)
    for number, data in enumerate((strange, follows)):
        file = place.folder / f"{number}.json"
        file.write_bytes(data)
        keyid = signing.key_id(trusted.AUTHORITY.public_key())
        refused = place.run("key", "add", file, "--fingerprint", keyid)
        assert refused.exit_code == Exit.UNTRUSTED, "not signed by the authority before it"
    assert installed.read_bytes() == roster_file.read_bytes()


def test_a_roster_of_another_installation_is_refused(place: Place) -> None:
    place.init()
    file = place.folder / "trust.json"
    other = "6b2f0c1e-0000-4000-8000-000000000001"
    runner = keys.load_key(place.state / "keys" / "runner.pem").public_key()
    file.write_bytes(trusted.roster(other, {"office": runner}, now=datetime.now(UTC)))
    keyid = signing.key_id(trusted.AUTHORITY.public_key())
    assert place.run("key", "add", file, "--fingerprint", keyid).exit_code == Exit.UNTRUSTED
    assert not (place.state / "trust.dsse.json").exists()


def test_a_roster_that_names_another_first_key_is_told(place: Place) -> None:
    place.init()
    installation = (place.state / "installation").read_text().strip()
    file = place.folder / "trust.json"
    stranger = trusted.STRANGER.public_key()
    file.write_bytes(trusted.roster(installation, {"office": stranger}, now=datetime.now(UTC)))
    keyid = signing.key_id(trusted.AUTHORITY.public_key())
    done = place.run("key", "add", file, "--fingerprint", keyid)
    assert done.exit_code == 0
    assert "office" in done.stderr


@pytest.mark.parametrize("content", [b"", b"{}", b'{"payload":1}', b"\0" * 50, b"-----BEGIN"])
def test_rubbish_is_not_added(place: Place, content: bytes) -> None:
    place.init()
    file = place.folder / "rubbish"
    file.write_bytes(content)
    done = place.run("key", "add", file, "--fingerprint", "ab" * 32)
    assert done.exit_code in (Exit.USAGE, Exit.FORGED)
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.output


def test_check_tells_of_a_key_that_cannot_be_replaced(place: Place) -> None:
    place.init()
    place.enroll()
    elsewhere = place.folder / "elsewhere.pem"
    (place.state / "keys" / "runner.pem").rename(elsewhere)
    config = place.folder / "etc" / "config.yaml"
    config.write_text(f"{config.read_text()}\nsigning_key: {{file: {elsewhere}}}\n")
    (told,) = json.loads(place.run("check", "--json").stdout)["sources"]
    (found,) = [each for each in told["findings"] if each["code"] == "KEY_OUTSIDE"]
    assert found["severity"] == "warning"
    assert place.run("key", "rotate").exit_code == Exit.REFUSED
    assert elsewhere.exists()


# --- replacing, revoking, recovering ------------------------------------------------------------


def test_keys_are_replaced_now_only_with_a_roster(place: Place) -> None:
    place.init()
    assert place.run("key", "rotate").exit_code == Exit.REFUSED
    place.enroll()
    before = place.ok("key", "show", "--source", "office")["key"]
    told = place.ok("key", "rotate")
    assert told["keys"]["office"] != before
    assert place.ok("key", "show", "--source", "office")["key"] == told["keys"]["office"]
    assert place.rotations() == 1
    assert place.ok("key", "show")["sources"] == told["keys"]
    place.ok("key", "rotate", "office")
    assert place.rotations() == 2
    out = place.folder / "now.pem"
    place.ok("key", "show", "--source", "office", "--out", out)
    (keyid,) = keys.load_public(out)
    assert keyid != told["keys"]["office"]
    verified = place.run("verify", place.ledger.folder, "--trust", place.state / "trust.dsse.json")
    assert verified.exit_code in (Exit.OK, Exit.INCOMPLETE), verified.output


def test_revoked_then_recovered(place: Place) -> None:
    place.init()
    assert place.run("policy", "approve", "office-policy", "--by", "management").exit_code == 0
    roster = place.enroll()
    assert place.run("run").exit_code == 0
    signer = place.ok("key", "show", "--source", "office")["key"]
    last = len(place.ledger.entries()) - 1
    revoked = place.folder / "revoked.json"
    place.officer(
        "revoke", signer, "--last-good", str(last), "--reason", "compromised", "--out", revoked
    )
    place.ok("key", "add", revoked)
    refused = place.run("run")
    assert refused.exit_code == Exit.REFUSED
    assert "key new --source office" in refused.stderr

    public, word = place.folder / "new.pem", place.folder / "word.json"
    made = place.ok("key", "new", "--source", "office", "--out", public)
    assert place.run("run").exit_code == Exit.REFUSED, "nobody has confirmed it yet"
    place.officer(
        "recover", public, "--fingerprint", signing.fingerprint(made["key"]),
        "--last-good", str(last), "--reason", "compromised", "--out", word,
    )  # fmt: skip
    place.ok("key", "add", word)
    assert place.ok("key", "show", "--source", "office")["key"] == made["key"]
    assert place.run("run").exit_code == 0
    verified = place.run("verify", place.ledger.folder, "--trust", roster)
    assert verified.exit_code in (Exit.OK, Exit.INCOMPLETE), verified.output
    assert len(list((place.ledger.folder / FILED).iterdir())) == 2


def test_a_word_on_a_key_that_the_authority_did_not_sign_is_not_added(place: Place) -> None:
    place.init()
    place.enroll()
    site = _site(place)
    word = trusted.ended(
        site, "office", "revoke", site.key.public_key(), last_good=-1, now=datetime.now(UTC)
    )
    file = place.folder / "word.json"
    file.write_bytes(word)
    assert place.run("key", "add", file).exit_code == Exit.UNTRUSTED
    assert not (place.ledger.folder / FILED).exists()


def _site(place: Place) -> Any:
    from pbxretain.execute import Site

    key = keys.load_key(place.state / "keys" / "runner.pem")
    installation = (place.state / "installation").read_text().strip()
    return Site(place.state / "office", installation, key)


def test_a_month_later_the_run_itself_replaces_the_key(place: Place) -> None:
    place.init()
    place.run("policy", "approve", "office-policy", "--by", "management")
    place.enroll()
    assert place.run("run").exit_code == 0
    assert place.rotations() == 1
    assert not (place.state / "keys" / "runner.pem").exists()
    assert place.run("run").exit_code == 0
    assert place.rotations() == 1
    assert place.run("check").exit_code == 0
    assert place.run("plan", "--report", place.folder / "plan.json").exit_code == 0
