"""A host with a small call log and an officer's machine, as far apart as two folders can be."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pbxretain.cli import main
from pbxretain.evidence.trust import read_roster
from support.freepbx import create_tables

PASSPHRASE = "kein Anschluss unter dieser Nummer"
NUMBER = "+493023125411"


def call_log(path: Path, *, old: int = 12, young: int = 100) -> None:
    """A call log of Asterisk in SQLite: calls of half a year ago and of yesterday."""
    now = datetime.now(UTC)
    with closing(sqlite3.connect(path)) as database, database:
        create_tables(database)
        for number in range(old + young):
            days = 180 if number < old else 1
            start = now - timedelta(days=days) + timedelta(seconds=number)
            unique = f"{int(start.timestamp())}.{number}"
            database.execute(
                "INSERT INTO cdr (calldate, src, dst, uniqueid, linkedid) VALUES (?, ?, ?, ?, ?)",
                (f"{start:%Y-%m-%d %H:%M:%S}", NUMBER, "411", unique, unique),
            )


class Host:
    """The telephone system's side: an installation with one source, ``office``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        call_log(folder / "cdr.sqlite")
        self.state = folder / "state"
        self.must(
            "init",
            "--yes",
            "--connector=asterisk",
            f"--url=sqlite:///{folder / 'cdr.sqlite'}",
            "--timezone=Europe/Berlin",
            f"--config-dir={folder / 'etc'}",
            f"--state-dir={self.state}",
            "--source=office",
            "--controller=Acme GmbH",
        )
        self.must("policy", "approve", "office-policy", "--by", "management")

    @property
    def config(self) -> Path:
        return self.folder / "etc" / "config.yaml"

    @property
    def reports(self) -> Path:
        return self.state / "office" / "reports"

    def run(self, *args: str, lang: str = "en") -> Result:
        given = ["--config", str(self.config), "--lang", lang]
        return CliRunner().invoke(main, [*given, *args], env={"PBXRETAIN_DPO_HOME": "/nowhere"})

    def must(self, *args: str, code: int = 0) -> Result:
        done = self.run(*args)
        assert done.exit_code == code, done.output
        return done

    def json(self, *args: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.must(*args, "--json").stdout)
        return document

    @property
    def fingerprint(self) -> str:
        """What the admin reads out on the telephone."""
        return " ".join(self.json("key", "show")["key"][i : i + 4] for i in range(0, 32, 4))

    def bundle(self, out: Path, *args: str) -> Path:
        self.must("report", "bundle", "--out", str(out), *args)
        return out

    def install(self, roster: Path) -> None:
        """Adds the roster that the officer handed over, the fingerprint as it was read out."""
        authority = next(iter(read_roster(roster.read_bytes()).authority))
        self.must("key", "add", str(roster), "--fingerprint", authority)


class Officer:
    """The officer's side: a home, a passphrase in a file, a desk on which things lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.home = folder / "home"
        self.passphrase = folder / "passphrase"
        self.passphrase.touch(0o600)
        self.passphrase.write_text(f"{PASSPHRASE}\n")

    def run(self, *args: str, lang: str = "en") -> Result:
        env = {
            "PBXRETAIN_DPO_HOME": str(self.home),
            "PBXRETAIN_CONFIG": str(self.folder / "none.yaml"),
        }
        return CliRunner().invoke(main, ["--lang", lang, *args], env=env)

    def dpo(self, *args: str, code: int = 0) -> Result:
        done = self.run("dpo", *args, "--passphrase-file", str(self.passphrase))
        assert done.exit_code == code, done.output
        return done

    def json(self, *args: str, code: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.dpo(*args, "--json", code=code).stdout)
        return document

    def init(self, bundle: Path, fingerprint: str, *args: str) -> Path:
        """Enters a bundle's source; returns the roster for the admin."""
        told = self.json(
            "init", str(bundle), "--controller", "Acme GmbH", "--fingerprint", fingerprint, *args
        )
        return Path(told["roster"])
