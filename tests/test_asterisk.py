"""Which Asterisk keeps this spool?"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.ami_server import ami_server

from pbxretain.stores.asterisk import AsteriskFacts, read_asterisk_facts


@pytest.mark.parametrize(
    ("version", "harmless"),
    [
        ("22.10.1", True),
        ("22.0.0", True),
        ("23.1.0-rc1", True),
        ("21.1.0", True),
        ("21.0.2", False),
        ("20.6.0", True),
        ("20.5.9", False),
        ("19.8.1", False),
        ("18.21.0", True),
        ("18.20.2", False),
        ("16.30.1", False),
        ("18.9-cert17", False),
        ("certified/20.7-cert2", False),
        ("GIT-master-0a1b2c", False),
        ("", False),
        (None, False),
    ],
)
def test_which_versions_stand_gaps(version: str | None, harmless: bool) -> None:
    assert AsteriskFacts(version=version).gaps_are_harmless is harmless


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("[options]\nlockmode = flock ; comment\n", "flock"),
        ("[options](!)\nlockmode=>FLOCK\n", "flock"),
        ("[options]\n;lockmode = flock\n", "lockfile"),
        ("[directories]\nlockmode = flock\n", "lockfile"),
        ("[options]\nlockmode = lockfile\n", "lockfile"),
        ("", "lockfile"),
    ],
)
def test_the_lock_mode_is_what_asterisk_reads(tmp_path: Path, text: str, mode: str) -> None:
    (tmp_path / "asterisk.conf").write_text(text)
    assert read_asterisk_facts(tmp_path, None, None).lockmode == mode


def test_included_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "asterisk.conf").write_text('[options]\n#include "conf.d/*.conf"\n#include gone\n')
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.conf").write_text("lockmode = flock\n#include <conf.d/a.conf>\n")
    assert read_asterisk_facts(tmp_path, None, None).lockmode == "flock"


def test_without_a_configuration_the_mode_is_unknown(tmp_path: Path) -> None:
    assert read_asterisk_facts(tmp_path / "none", None, None) == AsteriskFacts()
    assert read_asterisk_facts(None, "20.1.0", None).version == "20.1.0"


def test_limits_hold_for_single_mailboxes(tmp_path: Path) -> None:
    (tmp_path / "voicemail.conf").write_text(
        "[general]\nformat = wav49|gsm\nmaxmsg=50\n[default]\n411 => 1,A,,,tz=x|maxmsg=9\n"
    )
    facts = read_asterisk_facts(tmp_path, None, None)
    assert facts.limit(b"default", b"411") == 9
    assert facts.limit(b"default", b"412") == 50
    assert facts.formats == ("wav49", "gsm")
    assert AsteriskFacts().limit(b"default", b"411") is None


def test_the_manager_tells_the_version_that_settings_do_not(tmp_path: Path) -> None:
    with ami_server(version="20.5.0") as server:
        assert read_asterisk_facts(None, None, server.settings).version == "20.5.0"
        assert read_asterisk_facts(None, "22.1.0", server.settings).version == "22.1.0"
        server.silent.add("Login")
    assert read_asterisk_facts(None, None, server.settings).version is None
