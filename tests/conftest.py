"""Fixtures that every test module may ask for, and the word on tests that didn't run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from support.browser import Browser, MissingBrowserError
from support.lacking import BROWSER, SERVER, lacking
from support.servers import MariaDB, MissingServerError, PostgreSQL, Server

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
        lacking(f"{SERVER}{error}")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running Chromium, one for each test process; every test opens its own page in it."""
    try:
        chromium = Browser()
    except MissingBrowserError as error:
        lacking(f"{BROWSER}{error}")
    with chromium:
        yield chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"mariadb", "postgresql"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("server")
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    for kind, words in (("server", SERVER), ("browser", BROWSER)):
        count = sum(words in str(report.longrepr) for report in skipped)
        if count:
            terminalreporter.write_line(f"{count} {kind} tests not run", yellow=True)
