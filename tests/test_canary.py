"""Does any personal value get out of a PBX in which every personal field bears a mark?

The whole cycle through the real command line at debug level, with everything that provokes errors:
nothing on standard output or error, and no file of the state folder, not even of a run that was
killed, holds a mark: plain, base64, hex, or as digest. ``plan --list`` is the one exception.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from support import canary as marked
from support.canary import Canary
from support.crash import Zygote
from support.servers import MariaDB

from pbxretain import connector, keyring, keys
from pbxretain.errors import Exit
from pbxretain.evidence.trust import read_roster
from pbxretain.keys import load_public


class Place:
    """An installation beside a marked PBX; every command's output is searched."""

    def __init__(self, folder: Path, zygote: Zygote) -> None:
        self.folder, self.zygote = folder, zygote
        self.state = folder / "state"
        self.config = folder / "etc" / "config.yaml"
        self.canary = Canary(folder / "pbx")
        self.outputs: list[str] = []

    def install(self, *, broken: bool, sealed: bool = False, **changes: object) -> None:
        self.canary = marked.build(self.folder / "pbx", now=datetime.now(UTC), broken=broken)
        self.configure(**changes)
        self.run("key", "new")
        if sealed:
            escrow = keyring.generate("escrow").public_key()
            path = self.state / "keys" / "escrow-test.pub.pem"
            path.write_bytes(keys.public_pem(escrow))
        self.run("policy", "approve", "all", "--by", "management")

    def configure(self, **changes: object) -> None:
        source = {**self.canary.source, "policy": "all"}
        source |= {"asterisk": {"version": "22.10.1", "config": str(self.folder)}} | changes
        policies = self.folder / "etc" / "policies.d"
        policies.mkdir(parents=True, exist_ok=True)
        settings = {"language": "en", "state": str(self.state), "sources": {"office": source}}
        self.config.write_text(yaml.safe_dump(settings))
        classes = connector.find(str(source["connector"])).manifest.offered()
        rules = [
            {"data": name, "keep": "90 days", "basis": {"code": "necessity"}} for name in classes
        ]
        policy = {"policy": "all", "limits": {"share": "100%"}, "rules": rules}
        path = policies / "all.yaml"
        if not path.exists():
            path.write_text(yaml.safe_dump(policy))

    def arguments(self, *args: str) -> list[str]:
        return ["--config", str(self.config), "--debug", *args]

    def run(self, *args: str) -> int:
        done = self.zygote.cli(*self.arguments(*args))
        self.silent(done.output)
        return done.code

    def silent(self, output: bytes | str) -> None:
        """No mark in this output, nor in anything that was written."""
        self.outputs.append(output if isinstance(output, str) else output.decode(errors="replace"))
        assert self.canary.scan(output, self.state, self.config.parent) == []


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("pbxretain.cli", "pbxretain.execute", "pbxretain.stores.table") as zygote:
        yield zygote


@pytest.fixture
def place(tmp_path: Path, zygote: Zygote) -> Place:
    return Place(tmp_path, zygote)


def _left(place: Place) -> int:
    with closing(sqlite3.connect(place.canary.database)) as database:
        return int(database.execute("SELECT count(*) FROM cdr").fetchone()[0])


@pytest.mark.parametrize("sealed", [False, True], ids=["counts", "sealed"])
def test_a_whole_cycle_with_broken_things_leaves_no_mark(place: Place, sealed: bool) -> None:
    place.install(broken=True, sealed=sealed)
    before = _left(place)
    first: list[tuple[str, ...]] = [
        ("check",),
        ("check", "--json"),
        ("plan",),
        ("plan", "--json"),
        ("plan", "--report", str(place.state / "plan.dsse.json")),
        ("run",),
    ]
    for args in first:
        code = place.run(*args)
        assert code in (Exit.OK, Exit.INCOMPLETE, Exit.REFUSED), (args, place.outputs[-1])
    assert _left(place) < before, place.outputs[-1]
    then: list[tuple[str, ...]] = [
        ("run", "--json"),
        ("verify", str(place.state / "office" / "reports")),
        ("report", "list"),
        ("report", "show"),
        ("report", "show", "0", "--json"),
        ("report", "show", "0", "--lang", "de"),
        ("report", "render", "0"),
        ("report", "render", "0", "--format", "pdf"),
        ("report", "render", str(place.state / "plan.dsse.json"), "--format", "pdf"),
        ("report", "period", "--year", str(datetime.now(UTC).year)),
        ("report", "period", "--year", str(datetime.now(UTC).year), "--json"),
        ("report", "period", "--month", f"{datetime.now(UTC):%Y-%m}", "--format", "html"),
        ("concept",),
        ("concept", "--format", "html", "--lang", "de"),
        ("key", "show"),
        ("policy", "check", "all"),
    ]
    for args in then:
        code = place.run(*args)
        assert code in (Exit.OK, Exit.INCOMPLETE), (args, place.outputs[-1])
    assert bool(list(place.state.rglob("sidecars/*.bin"))) == sealed
    pages = sorted(place.state.rglob("*.pdf"))
    assert [path.name for path in pages] == ["000000-deletion-report.en.pdf", "plan.en.pdf"]
    for path in pages if shutil.which("pdftotext") else []:
        # Letters of a PDF are numbers of glyphs: only a reader of PDF sees the words.
        words = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True)
        assert b"call detail records" in words.stdout
        assert place.canary.scan(words.stdout, words.stdout.replace(b"\n", b"")) == []


def test_nothing_that_goes_to_the_officer_and_back_bears_a_mark(place: Place) -> None:
    place.install(broken=True)
    place.run("run")
    desk = place.folder / "desk"
    desk.mkdir()
    passphrase = desk / "passphrase"
    passphrase.touch(0o600)
    passphrase.write_text("five words of no meaning")
    keyid = next(iter(load_public(place.state / "keys/runner.pem.pub")))
    bundle = str(desk / "all.zip")
    secret = ("--passphrase-file", str(passphrase), "--home", str(desk / "home"))
    roster, note, review = (str(desk / name) for name in ("roster", "note", "review"))
    key, public, signed, both = (str(desk / n) for n in ("key", "public", "signed", "both"))
    who = ("--controller", "Acme GmbH", "--controller-key", public)
    given = (*who, "--fingerprint", keyid, "--out", roster)
    steps: list[tuple[str, ...]] = [
        ("report", "bundle", "--out", bundle),
        ("report", "bundle", "--out", str(desk / "all")),
        ("key", "new", "--role", "controller", "--out", key, *secret[:2]),
        ("key", "export", key, "--out", public, *secret[:2]),
        ("dpo", "init", bundle, *given, *secret),
        ("policy", "sign", "all", "--key", key, "--out", signed, *secret[:2]),
        ("dpo", "consult", signed, "--yes", "--out", both, *secret),
        ("dpo", "witness", bundle, "--out", note, *secret),
        ("dpo", "review", bundle, "--verdict", "rejected", "--out", review, *secret),
        ("dpo", "observe", "--out", str(desk / "seen"), *secret),
        ("report", "show", str(desk / "seen")),
    ]
    for args in steps:
        code = place.run(*args)
        assert code in (Exit.OK, Exit.INCOMPLETE), (args, place.outputs[-1])
        assert place.canary.scan(desk) == []
    authority = next(iter(read_roster(Path(roster).read_bytes()).authority))
    assert place.run("key", "add", roster, "--fingerprint", authority) == Exit.OK
    assert place.run("report", "add", note, review, str(desk / "seen"), both) == Exit.OK


def test_only_the_listing_shows_what_it_is_asked_for(place: Place) -> None:
    place.install(broken=False)
    done = place.zygote.cli(*place.arguments("plan", "--list"))
    assert place.canary.scan(done.output)
    assert place.canary.scan(place.state) == []


@pytest.mark.parametrize(
    ("names", "times"), [(("recordings", "voicemail"), 12), (("logs",), 3)], ids=["most", "logs"]
)
def test_a_run_that_dies_anywhere_leaves_no_mark_and_neither_does_its_settling(
    place: Place, zygote: Zygote, names: tuple[str, ...], times: int
) -> None:
    place.install(broken=False, sealed=True)
    place.configure(roots={name: str(place.canary.roots[name]) for name in names})
    template = place.folder / "template"
    for name in ("pbx", "state"):
        shutil.copytree(place.folder / name, template / name)
    whole = zygote.cli(*place.arguments("run"))
    assert whole.code == Exit.OK, whole.output
    total = len(whole.events)
    with_run_folder = 0
    for at in range(total // 4, total, total // times):
        for name in ("pbx", "state"):
            shutil.rmtree(place.folder / name)
            shutil.copytree(template / name, place.folder / name)
        dead = zygote.cli(*place.arguments("run"), at=at, when="after")
        assert dead.killed
        with_run_folder += (place.state / "office" / "run").is_dir()
        place.silent(dead.output)
        again = zygote.cli(*place.arguments("run"))
        assert again.code == Exit.OK, again.output
        place.silent(again.output)
    assert with_run_folder > 1, "the folder of a dead run was never looked at"


DRIFTS = {
    "renamed column": "ALTER TABLE cdr RENAME COLUMN calldate TO marked_when",
    "unknown trigger": (
        "CREATE TRIGGER t BEFORE DELETE ON cdr BEGIN SELECT RAISE(ABORT, 'CANARY'); END"
    ),
    "garbage in the time column": "UPDATE cdr SET calldate = 'CANARY 77077077'",
    "blobs for text": "UPDATE cdr SET src = CAST('CANARY' AS BLOB), uniqueid = x'ff00'",
    "missing table": "DROP TABLE cdr",
}


@pytest.mark.parametrize("name", DRIFTS)
def test_an_error_of_the_database_is_told_without_its_values(place: Place, name: str) -> None:
    place.install(broken=False)
    with closing(sqlite3.connect(place.canary.database)) as database:
        database.execute(DRIFTS[name])
        database.commit()
    for args in (("check",), ("plan",), ("run",), ("run", "--json"), ("report", "show")):
        place.run(*args)
    assert "Traceback" not in "".join(place.outputs)


def test_garbage_in_every_file_is_told_without_its_text(place: Place) -> None:
    place.install(broken=False)
    for path in place.canary.roots["voicemail"].rglob("*.txt"):
        path.write_bytes(b"CANARY\xff\xfe 77077077 [[")
    for path in place.canary.roots["logs"].rglob("*"):
        if path.is_file():
            path.write_bytes(b'"CANARY,\xff\n77077077|\x00\n')
    place.canary.database.write_bytes(b"CANARY" * 1000)
    for args in (("check",), ("plan",), ("run",), ("report", "show")):
        place.run(*args)
    assert "Traceback" not in "".join(place.outputs)


def test_a_locked_database_is_told_without_its_values(place: Place) -> None:
    place.install(broken=False)
    with closing(sqlite3.connect(place.canary.database)) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert place.run("plan") != Exit.OK


def test_logins_and_server_errors_are_told_without_secrets(place: Place, mariadb: MariaDB) -> None:
    name = mariadb.create_database("marked")
    secret = place.folder / "password"
    secret.write_text("CANARY-77077077")
    secret.chmod(0o600)
    columns = "src, dst, channel, dstchannel, clid, lastdata, uniqueid, linkedid, recordingfile"
    with mariadb.admin(name) as connection, connection.cursor() as cursor:
        texts = ", ".join(f"{column} varchar(80)" for column in columns.split(", "))
        cursor.execute(f"CREATE TABLE cdr (calldate datetime, sequence int, did int, {texts})")
        for number in range(3):
            values = ", ".join(["'CANARY'"] * len(columns.split(", ")))
            cursor.execute(
                f"INSERT INTO cdr (calldate, sequence, {columns})"
                f" VALUES ('2020-01-01', {number}, {values})"
            )
    mariadb.create_user("marked", password="right", database=name, grants={"cdr": "SELECT"})
    url, reference = mariadb.url(name, "marked"), {"file": str(secret)}
    place.install(broken=False, url=url, password=reference)
    for right in ("CANARY-77077077", "right"):
        secret.write_text(right)  # first the wrong one, then one without the right to delete
        for args in (("check",), ("plan",), ("run",), ("run", "--json"), ("report", "show")):
            place.run(*args)
    assert "Traceback" not in "".join(place.outputs)
