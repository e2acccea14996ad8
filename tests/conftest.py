"""Fixtures that every test module may ask for, and the word on server tests that didn't run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TypeVar

import pytest
from support.servers import MariaDB, MissingServerError, PostgreSQL, Server

_NOT_RUN = "server test not run: "
S = TypeVar("S", bound=Server)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A running MariaDB, one for each test process; every test makes its own database in it."""
    yield from _serve(MariaDB)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL, one for each test process; every test makes its own database in it."""
    yield from _serve(PostgreSQL)


def _serve(kind: type[S]) -> Iterator[S]:
    try:
        server = kind()
    except MissingServerError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{_NOT_RUN}{error}", pytrace=False)
        pytest.skip(f"{_NOT_RUN}{error}")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"mariadb", "postgresql"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("server")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(_NOT_RUN in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(f"{count} server tests not run", yellow=True)
