"""What hangs together goes together or waits: calls, parties, parts, feeds, and nobody's copies.

On PostgreSQL and MariaDB with an invented product whose tables are tied by foreign keys, and on
SQLite; each promise of the manifest's words ``ready``, ``end``, ``shared``, ``parts``, ``fed_by``,
``not_copies``, of tables by prefix and of spoken file names.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support.servers import MariaDB, Server
from support.vendor import CUTOFF, OLD, YOUNG, Scene, local

from pbxretain import connector as shelves
from pbxretain import plan, sources
from pbxretain.documents import parse
from pbxretain.errors import DocumentError, DriftError, Exit
from pbxretain.manifest import Manifest

MANIFEST = """
connector: tied
title: Tied PBX
tried: [{version: "1", on: 2026-11-27, how: documents}]
databases: [mysql, postgresql, sqlite]
roots: {audio: {usual: /srv/tied/audio}}
datasets:
  audio:
    data: call-recordings
    title: recordings
    kind: tree
    root: audio
    optional: true
    extensions: [wav]
    paths: ["{name}/rec_{name}"]
    dated_by: [{name: "rec_{any}-{year}-{mon}-{day} {hour}.{minute}.{second}"}]
    named_by: {dataset: calls}
    stands_alone: true
  notes:
    data: transcripts
    title: notes
    kind: table
    table: note
    key: [id]
    starts: {noted: {column: noted, type: epoch}}
    personal: [body]
  feed:
    data: call-events
    title: events
    kind: table
    table: feed
    key: [id]
    starts: {event: {column: at, type: epoch}}
    personal: [number]
  calls:
    data: call-detail-records
    title: calls
    kind: table
    table: calls
    key: [id]
    call_id: [chain]
    starts: {call-start: {column: started, type: epoch}}
    ready: {done: ["1"]}
    end: ended
    personal: [number]
    may_lack: [extra]
    fed_by: [feed]
    link: {column: file, folder: folder, prefix: rec_, form: url, dataset: audio,
           on_part_gone: "null"}
    children:
      - table: piece
        column: call_no
        parent_column: id
      - table: leg
        column: call_no
        parent_column: id
      - table: extra
        column: call_no
        parent_column: id
    shared:
      - table: party
        key: id
        named_by: [{table: leg, column: party_id}]
    parts:
      - {dataset: notes, column: call_no, parent_column: id}
  monthly:
    data: call-quality
    title: quality by month
    kind: table
    table: quality_*
    optional: true
    key: [id]
    starts: {measured: {column: at, type: epoch}}
    personal: [address]
"""

SCHEMA = """
CREATE TABLE party (id INTEGER PRIMARY KEY, name VARCHAR(50));
CREATE TABLE calls (id INTEGER PRIMARY KEY, chain VARCHAR(20), started INTEGER, ended INTEGER,
  done INTEGER, number VARCHAR(30), folder VARCHAR(50), file VARCHAR(90));
CREATE TABLE leg (id INTEGER PRIMARY KEY, call_no INTEGER NOT NULL, party_id INTEGER NOT NULL,
  FOREIGN KEY (call_no) REFERENCES calls (id), FOREIGN KEY (party_id) REFERENCES party (id));
CREATE TABLE piece (id INTEGER PRIMARY KEY, call_no INTEGER NOT NULL, leg_id INTEGER NOT NULL,
  FOREIGN KEY (call_no) REFERENCES calls (id), FOREIGN KEY (leg_id) REFERENCES leg (id));
CREATE TABLE note (id INTEGER PRIMARY KEY, call_no INTEGER NOT NULL, noted INTEGER, body TEXT,
  FOREIGN KEY (call_no) REFERENCES calls (id) ON DELETE CASCADE);
CREATE TABLE feed (id INTEGER PRIMARY KEY, at INTEGER, number VARCHAR(30));
CREATE TABLE quality_202601 (id INTEGER PRIMARY KEY, at INTEGER, address VARCHAR(30));
CREATE TABLE quality_202602 (id INTEGER PRIMARY KEY, at INTEGER, address VARCHAR(30))
"""

ALL = "1=1"
STAYS = {
    "party": ALL, "calls": ALL, "leg": ALL, "piece": ALL, "note": ALL, "feed": "at >= {epoch}",
    "quality_202601": "at >= {epoch}", "quality_202602": "at >= {epoch}",
}  # fmt: skip


@pytest.fixture(params=["sqlite", "mariadb", "postgresql"])
def pbx(request: pytest.FixtureRequest, tmp_path: Path) -> Tied:
    server: Server | None = None
    if request.param != "sqlite":
        server = request.getfixturevalue(request.param)
    return build(server, tmp_path)


def build(server: Server | None, folder: Path, manifest: str = MANIFEST) -> Tied:
    known = shelves.parse(manifest.encode(), "tied", "test")
    database = server.create_database("tied") if server else str(folder / "tied.sqlite")
    made = Tied(known, server, database, folder, stays=dict(STAYS))
    for statement in SCHEMA.strip().split(";"):
        made.do(statement)
    made.load("feed", ["id", "at", "number"], [(1, _s(OLD), "030"), (2, _s(YOUNG), "030")])
    for month in ("202601", "202602"):
        rows = [(1, _s(OLD), "10.0.0.1"), (2, _s(YOUNG), "10.0.0.1")]
        made.load(f"quality_{month}", ["id", "at", "address"], rows)
    return made


def _s(at: datetime) -> int:
    return int(at.timestamp())


class Tied(Scene):
    """The invented product, call by call."""

    def call(
        self, number: int, at: datetime, *, parties: tuple[int, ...] = (), **more: Any
    ) -> None:
        """One call with its legs and pieces; ``more`` are columns of ``calls``."""
        row: dict[str, Any] = {
            "id": number, "chain": f"c{number}", "started": _s(at), "ended": _s(at) + 60,
            "done": 1, "number": "0301234", "folder": None, "file": None,
        }  # fmt: skip
        row |= more
        self.load("calls", list(row), [tuple(row.values())])
        known = {n for (n,) in self.do("SELECT id FROM party")}
        self.load("party", ["id", "name"], [(p, f"n{p}") for p in parties if p not in known])
        legs = [(number * 10 + i, number, p) for i, p in enumerate(parties)]
        self.load("leg", ["id", "call_no", "party_id"], legs)
        self.load("piece", ["id", "call_no", "leg_id"], [(leg[0], number, leg[0]) for leg in legs])

    def keeps(self, *calls: int) -> None:
        """Of the calls exactly these stay, with their legs and pieces."""
        listed = ", ".join(map(str, calls)) or "-1"
        self.stays["calls"] = f"id IN ({listed})"
        self.stays |= dict.fromkeys(("leg", "piece"), f"call_no IN ({listed})")


def test_a_call_goes_with_its_legs_and_with_the_parties_that_nobody_else_names(pbx: Tied) -> None:
    pbx.call(1, OLD, parties=(1, 2))
    pbx.call(2, OLD, parties=(2, 3))
    pbx.call(3, YOUNG, parties=(3, 4))
    pbx.keeps(3)
    pbx.stays["party"] = "id IN (3, 4)"
    done = pbx.deletes_exactly_the_due()
    (calls,) = (r for r in done.results if r.dataset == "calls")
    assert calls.swept == {"party": 2}


def test_a_party_that_no_leg_names_yet_stays_while_calls_go_on(pbx: Tied) -> None:
    pbx.call(1, OLD, parties=(1,))
    pbx.call(2, YOUNG, parties=(2,))
    pbx.load("party", ["id", "name"], [(9, "just ringing")])
    pbx.keeps(2)
    pbx.stays["party"] = "id IN (2, 9)"
    pbx.deletes_exactly_the_due()


def test_parties_of_a_log_that_nobody_writes_any_more_all_go(pbx: Tied) -> None:
    for number in range(1, 9):
        pbx.call(number, OLD, parties=(number, number + 100))
    pbx.keeps()
    pbx.stays["party"] = "1=0"
    pbx.deletes_exactly_the_due()


def test_parties_that_a_dead_run_left_are_swept_by_a_run_with_nothing_due(pbx: Tied) -> None:
    pbx.call(5, YOUNG, parties=(7,))
    pbx.load("party", ["id", "name"], [(3, "left behind")])
    pbx.do("DELETE FROM feed")
    for month in ("202601", "202602"):
        pbx.do(f"DELETE FROM quality_{month}")
    pbx.grant()
    assert pbx.run().exit_code == Exit.OK
    assert sorted(pbx.do("SELECT id FROM party")) == [(7,)]


def test_a_call_with_a_leg_that_is_not_processed_waits_whole(pbx: Tied) -> None:
    pbx.call(1, OLD, parties=(1,), chain="same")
    pbx.call(2, OLD, parties=(2,), chain="same", done=0)
    pbx.call(3, OLD, parties=(3,), done=None)
    pbx.call(4, OLD, parties=(4,))
    pbx.call(5, OLD, parties=(5,), chain=None, done=0)
    pbx.call(6, OLD, parties=(6,), chain=None)
    pbx.keeps(1, 2, 3, 5)
    pbx.stays["party"] = "id IN (1, 2, 3, 5)"
    done = pbx.deletes_exactly_the_due()
    (calls,) = (r for r in done.results if r.dataset == "calls")
    assert calls.after is not None
    assert (calls.after.straddling, calls.after.due) == (4, 0)
    assert calls.after.findings["NEVER_READY"] == 3


def test_check_tells_that_no_row_ever_has_the_state_that_the_manifest_waits_for(pbx: Tied) -> None:
    def said() -> list[str]:
        with sources.opened(
            pbx.terms().source, pbx.connector, name="office", installation="x", exclusive=False
        ) as opened:
            store = opened.store("calls")
            assert store is not None
            return [found.text for found in store.check() if found.code == "READY_NEVER"]

    pbx.grant()
    assert said() == []
    pbx.call(1, OLD, done=0)
    assert said() == [
        "No row of calls has a value in done that the manifest lists under ready, so nothing"
        " would ever go."
    ]
    pbx.call(2, YOUNG)
    assert said() == []


def test_a_call_that_began_just_before_the_cutoff_and_has_no_end_waits(pbx: Tied) -> None:
    just = CUTOFF - timedelta(minutes=10)
    pbx.call(1, just, ended=None)
    pbx.call(2, just)
    pbx.call(3, OLD, ended=None)
    pbx.keeps(1)
    pbx.deletes_exactly_the_due()


def test_a_call_on_which_a_part_of_another_class_hangs_waits_for_it(pbx: Tied) -> None:
    for number in (1, 2, 3):
        pbx.call(number, OLD, parties=(number,))
    pbx.call(4, YOUNG, parties=(4,))
    rows = [(1, 1, _s(OLD), "a"), (2, 2, _s(YOUNG), "b"), (4, 4, _s(YOUNG), "d")]
    pbx.load("note", ["id", "call_no", "noted", "body"], rows)
    pbx.keeps(2, 4)
    pbx.stays |= {"note": "noted >= {epoch}", "party": "id IN (2, 4)"}
    done = pbx.deletes_exactly_the_due()
    (calls,) = (r for r in done.results if r.dataset == "calls")
    assert calls.after is not None
    assert calls.after.kept_for_part == 1


def test_a_policy_that_keeps_a_part_longer_is_named_and_its_calls_wait(pbx: Tied) -> None:
    pbx.call(1, OLD, parties=(1,))
    pbx.call(2, OLD, parties=(2,))
    pbx.load("note", ["id", "call_no", "noted", "body"], [(1, 1, _s(OLD), "a")])
    classes = pbx.connector.manifest.offered()
    pbx.keep = dict.fromkeys(classes, "90 days") | {"transcripts": "5 years"}
    pbx.keeps(1)
    pbx.stays["party"] = "id = 1"
    pbx.deletes_exactly_the_due()
    policy = pbx.terms().policy
    assert plan.waiting(pbx.connector.manifest, policy) == ["call-detail-records"]


def test_a_feed_kept_longer_refuses_what_the_pbx_would_make_anew(pbx: Tied) -> None:
    pbx.call(1, OLD)
    classes = pbx.connector.manifest.offered()
    pbx.keep = dict.fromkeys(classes, "90 days") | {"call-events": "1 year"}
    pbx.grant()
    before = pbx.rows("calls")
    done = pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert [error.code for error in done.errors] == ["FED_LONGER"]
    assert pbx.rows("calls") == before
    pairs = plan.fed_longer(pbx.connector.manifest, pbx.terms().policy)
    assert pairs == [("call-detail-records", "call-events")]


def test_a_table_that_looks_like_a_copy_refuses_until_settings_say_that_it_stays(
    pbx: Tied,
) -> None:
    pbx.call(1, OLD)
    pbx.do("CREATE TABLE calls_2024 AS SELECT * FROM calls")
    if isinstance(pbx.server, MariaDB):
        pbx.server.create_user(
            "pbxretain", password="least grants", database=pbx.database,
            grants={"*": "SELECT, DELETE, UPDATE, TRIGGER"},
        )  # fmt: skip
    else:
        pbx.grant()
    done = pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert [error.code for error in done.errors] == ["COPY_UNDECLARED"]
    assert "calls_2024" in str(done.errors[0])
    assert pbx.do("SELECT COUNT(*) FROM calls") == [(1,)]
    pbx.extra = "uncovered_tables: [calls_2024]"
    assert pbx.run().exit_code == Exit.OK
    assert pbx.do("SELECT COUNT(*) FROM calls") == [(0,)]
    assert pbx.do("SELECT COUNT(*) FROM calls_2024") == [(1,)]


def test_files_are_found_by_folder_prefix_and_encoded_name(pbx: Tied) -> None:
    when = local(OLD, "%Y-%b-%d %H.%M.%S")
    odd = f"Ä [x](1)-{when}"
    pbx.call(1, OLD, folder="/old/mount/a", file=_quoted(odd))
    pbx.call(2, YOUNG, folder="/old/mount/b", file=_quoted(odd))
    names = [f"a/rec_{odd}.wav", f"b/rec_{odd}.wav", f"c/rec_x-{when}.wav", "a/greeting.wav"]
    for name in names:
        pbx.file("audio", name, at=OLD)
    pbx.keeps(2)
    pbx.deletes_exactly_the_due(files=[f"audio/{names[1]}", f"audio/{names[3]}"])


def test_a_file_whose_row_stays_leaves_no_link_behind(pbx: Tied) -> None:
    when = local(OLD, "%Y-%b-%d %H.%M.%S")
    pbx.call(1, OLD, folder="/mnt/a", file=f"x-{when}")
    pbx.call(2, OLD, folder="/mnt/b", file=f"x-{when}")
    for folder in "ab":
        pbx.file("audio", f"{folder}/rec_x-{when}.wav", at=OLD)
    classes = pbx.connector.manifest.offered()
    pbx.keep = dict.fromkeys(classes, "1 year") | {"call-recordings": "90 days"}
    pbx.blanked = {("calls", "file")}
    pbx.stays |= dict.fromkeys(("feed", "quality_202601", "quality_202602"), ALL)
    pbx.grant()
    (pbx.root("audio") / "b" / f"rec_x-{when}.wav").chmod(0o644)
    assert pbx.run().exit_code == Exit.OK
    assert pbx.left() == set()
    assert pbx.do("SELECT id, file FROM calls ORDER BY id") == [(1, None), (2, None)]


def _quoted(name: str) -> str:
    return quote(name)


DRIFTS = {
    "a foreign key onto the parties": "CREATE TABLE contact (id INTEGER PRIMARY KEY,"
    " p INTEGER, FOREIGN KEY (p) REFERENCES party (id))",
    "a cascade onto a leg": "CREATE TABLE mark (id INTEGER PRIMARY KEY,"
    " leg INTEGER, FOREIGN KEY (leg) REFERENCES leg (id) ON DELETE CASCADE)",
    "a renamed column of a child": "ALTER TABLE leg RENAME COLUMN call_no TO callno",
}


@pytest.mark.parametrize("change", DRIFTS)
def test_drift_below_the_anchor_refuses(pbx: Tied, change: str) -> None:
    pbx.call(1, OLD, parties=(1,))
    if isinstance(pbx.server, MariaDB) and "RENAME" in DRIFTS[change]:
        pbx.do("ALTER TABLE leg DROP FOREIGN KEY leg_ibfk_1")
    pbx.do(DRIFTS[change])
    pbx.grant()
    done = pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert isinstance(done.errors[0], DriftError)
    assert pbx.do("SELECT COUNT(*) FROM calls") == [(1,)]


def check(pbx: Tied) -> dict[str, set[str]]:
    """What ``check`` finds in the calls: code to commands."""
    terms = pbx.terms()
    with sources.opened(
        terms.source, terms.connector, name="office", installation="x", exclusive=False
    ) as opened:
        store = opened.store("calls")
        assert store is not None
        found: dict[str, set[str]] = {}
        for advice in store.check():
            found.setdefault(advice.code, set()).add(advice.command)
        return found


def test_check_names_each_column_below_that_lacks_an_index(
    postgresql: Server, tmp_path: Path
) -> None:
    pbx = build(postgresql, tmp_path)
    pbx.do("ALTER TABLE note DROP CONSTRAINT note_call_no_fkey")
    pbx.grant()
    assert any("note_call_no" in command for command in check(pbx)["INDEX_MISSING"])


def test_check_names_each_foreign_key_without_an_index_until_it_has_one(pbx: Tied) -> None:
    pbx.grant()
    found = check(pbx).get("KEY_UNINDEXED", set())
    if isinstance(pbx.server, MariaDB):
        assert not found, "the server indexes foreign keys by itself"
        return
    columns = {"leg_call_no", "leg_party_id", "piece_call_no", "piece_leg_id", "note_call_no"}
    assert {command.split(" ON ")[0].split()[-1] for command in found} == columns
    for command in found:
        pbx.do(command)
    assert not {"KEY_UNINDEXED", "INDEX_MISSING"} & {
        code for code, commands in check(pbx).items() if "piece" in str(commands)
    }
    assert "KEY_UNINDEXED" not in check(pbx)


def test_an_index_over_all_rows_that_have_the_key_serves(
    postgresql: Server, tmp_path: Path
) -> None:
    pbx = build(postgresql, tmp_path)
    pbx.do("CREATE INDEX whole ON piece (leg_id) WHERE leg_id IS NOT NULL")
    pbx.do("CREATE INDEX partly ON piece (call_no) WHERE call_no > 9")
    pbx.grant()
    found = str(check(pbx)["KEY_UNINDEXED"])
    assert "piece_leg_id" not in found
    assert "piece_call_no" in found


def test_a_manifest_whose_feed_stands_behind_is_refused() -> None:
    swapped = MANIFEST.replace("fed_by: [feed]", "fed_by: [monthly]")
    with pytest.raises(DocumentError, match="must stand before"):
        parse(swapped.encode(), "tied", Manifest)


def test_what_lies_below_a_key_that_repeats_after_the_cutoff_stays(
    postgresql: Server, tmp_path: Path
) -> None:
    pbx = build(postgresql, tmp_path)
    for name in ("piece", "leg", "note"):
        pbx.do(f"DROP TABLE {name}")
    pbx.do("ALTER TABLE calls DROP CONSTRAINT calls_pkey")
    pbx.do("CREATE TABLE leg (id INTEGER PRIMARY KEY, call_no INTEGER, party_id INTEGER)")
    pbx.do("CREATE TABLE piece (id INTEGER PRIMARY KEY, call_no INTEGER, leg_id INTEGER)")
    pbx.do("CREATE TABLE note (id INTEGER, call_no INTEGER, noted INTEGER, body TEXT)")
    pbx.call(7, OLD, parties=(1,))
    row = (7, "young", _s(YOUNG), _s(YOUNG) + 60, 1, "030")
    pbx.load("calls", ["id", "chain", "started", "ended", "done", "number"], [row])
    pbx.call(8, OLD, parties=(2,))
    pbx.stays |= {"calls": "chain = 'young'", "leg": "call_no = 7", "piece": "call_no = 7"}
    pbx.stays["party"] = "id IN (1, 2)"
    pbx.deletes_exactly_the_due()


POSTGRESQL_DRIFTS = {
    "a rule": [
        "CREATE RULE keep AS ON DELETE TO feed DO ALSO INSERT INTO kept VALUES (OLD.number)",
    ],
    "a trigger on an heir": [
        "CREATE TABLE heir () INHERITS (feed)",
        "CREATE FUNCTION keeping() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE TRIGGER keep BEFORE DELETE ON heir FOR EACH ROW EXECUTE FUNCTION keeping()",
    ],
    "a cascade onto a partition": [
        "DROP TABLE feed",
        "CREATE TABLE feed (id INTEGER, at INTEGER, number VARCHAR(30)) PARTITION BY RANGE (id)",
        "CREATE TABLE feed_1 PARTITION OF feed FOR VALUES FROM (0) TO (1000)",
        "ALTER TABLE feed_1 ADD PRIMARY KEY (id)",
        "CREATE TABLE hanging (id INTEGER REFERENCES feed_1 (id) ON DELETE CASCADE)",
    ],
}


@pytest.mark.parametrize("change", POSTGRESQL_DRIFTS)
def test_what_else_a_delete_would_do_on_postgresql_refuses(
    postgresql: Server, tmp_path: Path, change: str
) -> None:
    pbx = build(postgresql, tmp_path)
    pbx.do("CREATE TABLE kept (number TEXT)")
    for statement in POSTGRESQL_DRIFTS[change]:
        pbx.do(statement)
    pbx.grant()
    done = pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert isinstance(done.errors[0], DriftError)


def test_rows_that_a_security_policy_hides_are_no_quiet_success(
    postgresql: Server, tmp_path: Path
) -> None:
    pbx = build(postgresql, tmp_path)
    pbx.do("ALTER TABLE feed ENABLE ROW LEVEL SECURITY")
    pbx.grant()
    assert pbx.run().exit_code != Exit.OK
    assert pbx.do("SELECT COUNT(*) FROM feed") == [(2,)]


def test_a_foreign_key_from_another_database_of_the_server_refuses(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    pbx = build(mariadb, tmp_path)
    other = mariadb.create_database("tied_elsewhere")
    with mariadb.admin(other) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE notes (id INT, f INT, FOREIGN KEY (f) REFERENCES tied.feed (id)"
            " ON DELETE CASCADE) ENGINE=InnoDB"
        )
    pbx.grant()
    with mariadb.admin() as connection, connection.cursor() as cursor:
        for host in ("localhost", "127.0.0.1"):
            cursor.execute(f"GRANT REFERENCES ON {other}.* TO 'pbxretain'@'{host}'")
    done = pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert isinstance(done.errors[0], DriftError)
    assert "tied_elsewhere.notes" in str(done.errors[0])
