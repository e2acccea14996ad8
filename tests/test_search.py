"""On FreePBX's own tables and folders: a search finds every copy of one person, and nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import person
from support.servers import MariaDB
from support.site import make_terms

from pbxretain import connector, sought, sources
from pbxretain.records import Found
from pbxretain.sources import Opened

TABLES = ("cdr", "cel", "transient_cdr", "queuelog", "*")
NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def planted(mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> person.Planted:
    folder = tmp_path_factory.mktemp("person")
    name = mariadb.create_database("subject")
    planted = person.plant(folder, mariadb.admin(name), NOW)
    grants = connector.find("freepbx").manifest.grants("mysql") | {"queuelog": "SELECT, DELETE"}
    grants = {table: rights for table, rights in grants.items() if table in TABLES}
    mariadb.create_user("pbxretain", password="x", database=name, grants=grants)
    return planted


@pytest.fixture
def opened(planted: person.Planted, mariadb: MariaDB, tmp_path: Path) -> Iterator[Opened]:
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o600)
    terms = make_terms(
        "freepbx",
        url=mariadb.url("subject", "pbxretain"),
        roots=planted.roots,
        extra=f"region: DE\npassword: {{file: {secret}}}",
    )
    with sources.opened(
        terms.source, terms.connector, name="office", installation="i", exclusive=False
    ) as found:
        yield found


def mark(found: Found) -> str:
    """The mark under which ``person`` noted the record."""
    logs = {"call-log-files": "16", "queue-log": "1"}
    names = [logs[found.dataset]] if found.dataset in logs else ["file", "uniqueid", "callid"]
    return next(v for name in names if (v := found.fields.get(name))).decode()


def test_every_copy_in_every_spelling_is_found_and_nobody_elses(
    opened: Opened, planted: person.Planted
) -> None:
    wanted = sought.number("030 1234567", region="DE")
    assert {store.dataset for store in opened.stores} == set(planted.hers)
    for store in opened.stores:
        found = Counter(map(mark, store.search(wanted)))
        assert set(found) == planted.hers[store.dataset], store.dataset
        assert max(found.values()) == 1
    assert set(planted.others) == set(planted.hers)


def test_what_is_found_names_its_call_and_its_time(opened: Opened) -> None:
    wanted = sought.number(person.NUMBER, region="DE")
    for store in opened.stores:
        for found in store.search(wanted):
            assert found.when is not None
            assert (found.call is None) == (store.dataset == "voicemail") or (
                store.dataset == "recordings"
            )
            assert "1234567" not in repr(found)


def test_an_extension_is_no_count_of_seconds(opened: Opened) -> None:
    wanted = sought.extension(person.EXTENSION)
    assert {s.dataset: len(list(s.search(wanted))) for s in opened.stores} == dict.fromkeys(
        [store.dataset for store in opened.stores], 0
    )


def test_an_extension_is_found_with_its_mailbox_and_its_channels(
    opened: Opened, planted: person.Planted
) -> None:
    wanted = sought.extension("212")
    every = {name: planted.hers[name] | planted.others[name] for name in planted.hers}
    for store in opened.stores:
        found = set(map(mark, store.search(wanted)))
        if store.dataset in ("voicemail", "call-log-files"):
            assert found == every[store.dataset]
        assert found or store.dataset in ("events", "queue-log-table")
