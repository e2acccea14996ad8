"""What the Asterisk installed on this machine can be asked without its manager."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbxretain.stores.asterisk import has_program, program_version, reload_logger


def _install(folder: Path, script: str) -> str:
    program = folder / "asterisk"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("Asterisk 22.10.1", "22.10.1"),
        ("Asterisk 18.20.0~dfsg+~cs6.12", "18.20.0"),
        ("Asterisk 20.9", "20.9"),
        ("Asterisk GIT-master-1234", None),
    ],
)
def test_the_program_tells_its_version(tmp_path: Path, printed: str, version: str | None) -> None:
    assert program_version(_install(tmp_path, f"echo '{printed}'")) == version


def test_the_logger_is_reloaded_by_the_programs_own_command(tmp_path: Path) -> None:
    folder = _install(tmp_path, f'echo "$1 $2" > {tmp_path}/said')
    assert reload_logger(folder)
    assert (tmp_path / "said").read_text() == "-rx logger reload\n"


def test_an_asterisk_that_does_not_run_took_no_command(tmp_path: Path) -> None:
    folder = _install(tmp_path, "exit 1")
    assert has_program(folder)
    assert not reload_logger(folder)
    assert program_version(folder) is None


def test_without_the_program_nothing_is_known(tmp_path: Path) -> None:
    assert not has_program(str(tmp_path))
    assert program_version(str(tmp_path)) is None
    assert not reload_logger(str(tmp_path))
