"""Does ``connector new`` write a manifest that can be worked on, whatever was answered?"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from support.servers import Server

from pbxretain import connector
from pbxretain.cli import main
from pbxretain.cli.author import connector_new
from pbxretain.cli.begin_connector import QUESTIONS
from pbxretain.manifest import TableDataset, TreeDataset, all_children
from pbxretain.stores.database import connect
from pbxretain.stores.table import open_table
from pbxretain.testing import suite

CALLS = [
    "--title=Lindwurm 7", "--table=calls", "--key=id", "--start=began", "--caller=caller",
    "--called=called",
]  # fmt: skip
FILES = ['--title=3 "Köpfe"', "--database=-", "--recordings=/srv/rec"]
VENDOR = """
CREATE TABLE calls (id INTEGER PRIMARY KEY, call_ref TEXT, started_at DATETIME, ended_at DATETIME,
  caller TEXT, called TEXT, status TEXT, recording TEXT);
CREATE TABLE legs (number INTEGER PRIMARY KEY, call_no INTEGER REFERENCES calls (id));
CREATE TABLE leg_notes (leg INTEGER REFERENCES legs (number), note TEXT);
CREATE TABLE missed_calls (id INTEGER PRIMARY KEY, call_ref TEXT, at INTEGER, caller TEXT);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT);
"""


def new(*options: str, lang: str = "en", typed: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["--lang", lang, "connector", "new", "lindwurm", *options], input=typed
    )


def begun(folder: Path, *options: str, lang: str = "en") -> connector.Connector:
    """What was written without asking."""
    told = new(*options, "--yes", f"--out={folder}", lang=lang)
    assert told.exit_code == 0, told.output
    return connector.load(folder / "connector.yaml")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "vendor.db"
    with closing(sqlite3.connect(path)) as vendor:
        vendor.executescript(VENDOR)
    return path


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize(
    "options",
    [
        CALLS,
        [*CALLS, "--kind=epoch", "--database=mysql,postgres", "--call-id=ref"],
        [*CALLS, "--kind=text", "--form=YYYYMMDDHHMMSS", "--zone=Europe/Vienna", "--key=ref,seq",
         "--call-id=ref", "--end=ended", "--done=state=done,missed", "--personal=note,pin"],
        [*CALLS, "--zone=utc", "--recordings=/srv/rec", "--extensions=.wav, mp3", "--link=file",
         "--pattern={date}-{time}-{number}"],
        [*CALLS, "--recordings=/srv/rec", "--pattern={year}/{month}/{day}/{any}"],
        [*CALLS, "--data=x-bills", "--caller=-", "--called=-"],
        FILES,
        [*FILES, "--data=fax-documents", "--extensions=pdf", "--pattern={epoch}-{any}"],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_written_passes_the_kit_as_it_stands(
    options: list[str], lang: str, tmp_path: Path
) -> None:
    product = begun(tmp_path / "new", *options, lang=lang)
    assert not product.manifest.was_tried
    if lang == "en":
        cases = suite(product)
        assert [case.sentence(found) for case in cases if (found := case.findings())] == []
    page = (tmp_path / "new/README.md").read_text("utf-8")
    assert page.startswith(f"# {product.manifest.title}\n")
    assert all(f"`{name}`" in page for name in product.manifest.datasets)


def test_the_answers_stand_in_the_manifest(tmp_path: Path) -> None:
    product = begun(
        tmp_path, *CALLS, "--kind=text", "--zone=utc", "--end=ended", "--done=state=done, missed",
        "--recordings=/srv/rec", "--link=file",
    )  # fmt: skip
    calls, files = product.manifest.datasets["calls"], product.manifest.datasets["recordings"]
    assert isinstance(calls, TableDataset)
    assert isinstance(files, TreeDataset)
    assert calls.starts["call-start"].zone == "utc"
    assert calls.ready == {"state": ["done", "missed"]}
    assert calls.subjects == {"caller": "caller", "callee": "called"}
    assert calls.link
    assert calls.link.on_part_gone == "leave"  # until somebody says what the product takes
    assert files.named_by
    assert list(product.manifest.datasets) == ["recordings", "calls"]


def test_a_database_proposes_its_tables_columns_and_what_hangs_on_them(
    database: Path, tmp_path: Path
) -> None:
    told = new("--title=L", f"--from-database=sqlite:///{database}", "--yes", "--json",
               f"--out={tmp_path / 'new'}")  # fmt: skip
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["other_tables"] == ["missed_calls"]
    text = (tmp_path / "new/connector.yaml").read_text("utf-8")
    assert "isn't described yet: missed_calls" in text
    product = connector.load(tmp_path / "new/connector.yaml")
    calls = product.manifest.datasets["calls"]
    assert isinstance(calls, TableDataset)
    assert (calls.table, calls.key, calls.call_id) == ("calls", ["id"], ["call_ref"])
    assert calls.starts["call-start"].columns == ["started_at"]
    assert calls.end == "ended_at"
    assert [child.table for child in all_children(calls.children)] == ["legs", "leg_notes"]
    engine = connect(f"sqlite:///{database}")
    # A table that hangs there and isn't declared would refuse.
    store = open_table(name="calls", dataset=calls, engine=engine, zone=ZoneInfo("UTC"))
    store.close()
    assert [str(case) for case in suite(product) if case.findings()] == []


def test_what_is_proposed_is_the_number_and_no_column_ties_all_calls_together(
    tmp_path: Path,
) -> None:
    path = tmp_path / "vendor.db"
    with closing(sqlite3.connect(path)) as vendor:
        vendor.executescript(
            "CREATE TABLE queue_log (id INTEGER PRIMARY KEY, time DATETIME, callid TEXT,"
            " agent TEXT, caller TEXT, callee TEXT, peer TEXT, user TEXT);"
            "CREATE TABLE cdr (id INTEGER PRIMARY KEY, tenant_uuid TEXT, startStamp DATETIME,"
            " caller_id_name TEXT, caller_id_number TEXT, dest_name TEXT, dest_exten TEXT);"
        )
    product = begun(tmp_path / "new", "--title=L", f"--from-database=sqlite:///{path}")
    cdr = product.manifest.datasets["calls"]
    assert isinstance(cdr, TableDataset)
    assert (cdr.table, cdr.call_id) == ("cdr", [])
    assert cdr.starts["call-start"].columns == ["startStamp"]
    assert cdr.subjects == {"caller": "caller_id_number", "callee": "dest_exten"}
    queue = begun(
        tmp_path / "queue", "--title=L", f"--from-database=sqlite:///{path}", "--table=queue_log"
    )
    assert queue.manifest.datasets["calls"].data == "queue-logs"


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_a_real_server_proposes_the_same_with_a_login_that_may_only_read(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    name = server.create_database("new_connector")
    timed = "timestamp" if kind == "postgresql" else "datetime"
    statements = VENDOR.replace("DATETIME", timed).replace("TEXT PRIMARY", "varchar(9) PRIMARY")
    with closing(server.admin(name)) as admin, admin.cursor() as cursor:
        for statement in statements.split(";"):
            if statement.strip():
                cursor.execute(statement)
    rights = {"*": "SELECT"}
    server.create_user("integrator", password="not-secret", database=name, grants=rights)
    told = CliRunner().invoke(
        main,
        ["connector", "new", "lindwurm", "--title=L", "--yes", f"--out={tmp_path / 'new'}",
         f"--from-database={server.url(name, 'integrator')}", "--password-env=NEW_PASSWORD"],
        env={"NEW_PASSWORD": "not-secret"},
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    product = connector.load(tmp_path / "new/connector.yaml")
    calls = product.manifest.datasets["calls"]
    assert isinstance(calls, TableDataset)
    assert (calls.key, calls.end) == (["id"], "ended_at")
    assert calls.starts["call-start"].type == "datetime"
    assert [child.table for child in calls.children] == ["legs"]
    assert product.manifest.databases == ["mysql" if kind == "mariadb" else kind]


def test_questions_are_asked_and_a_wrong_answer_is_asked_again(
    database: Path, tmp_path: Path
) -> None:
    typed = [
        "", "Lindwurm", "no_table", "calls", "call-details", "", "", "-", "nowhere", "", "date",
        "", "Berlin", "", "started_at", "-", "", "", "", "done", "status=done", "rec", "/srv/rec",
        "", "{nonsense}", "{date}-{time}-{any}", "",
    ]  # fmt: skip
    told = new(f"--from-database=sqlite:///{database}", f"--out={tmp_path / 'new'}",
               lang="de", typed="\n".join(typed) + "\n")  # fmt: skip
    assert told.exit_code == 0, told.output
    for sentence in (
        "Datenarten sind call-detail-records",
        "Eine Tabelle no_table gibt es dort nicht, nur calls",
        "Eine Spalte nowhere gibt es dort nicht, nur id",
        "Zur Wahl stehen datetime, epoch, text.",
        "eine Zeitzone wie Europe/Berlin",
        "Die Spalte started_at steht schon unter --start",
        "etwa state=done,missed",
        "ein Pfad ab der Wurzel",
        "So geht das Muster nicht",
    ):
        assert sentence in told.stderr, sentence
    calls = connector.load(tmp_path / "new/connector.yaml").manifest.datasets["calls"]
    assert isinstance(calls, TableDataset)
    assert calls.ready == {"status": ["done"]}
    assert calls.call_id == []
    assert calls.end is None


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--title=", "--title: The product's name is one line"),
        ("--database=oracle", "--database: Known are mysql"),
        ("--data=calls", "--data: Data classes are"),
        ("--table=a b", "--table: 'a b' can't be the name of a table"),
        ("--table=calls; DROP TABLE calls", "can't be the name of a table"),
        ("--key=-", "--key: At least one column"),
        ("--key=id,", ""),
        ("--key=i d", "--key: 'i d' can't be"),
        ("--start=id", "--start: Column id stands under --key already"),
        ("--kind=date", "--kind: You may choose datetime, epoch, text"),
        ("--form=YYYY", "--form doesn't belong"),
        ("--zone=Berlin", "--zone: It takes source, utc"),
        ("--end=began", "--end: Column began stands under --start already"),
        ("--personal=began", "--personal: Column began stands under --start already"),
        ("--done=state", "--done: It takes a column and its values"),
        ("--done=caller=x", "--done: Column caller stands under --caller already"),
        ("--recordings=rec", "--recordings: It takes a path from the root"),
        ("--pattern={date}", "--pattern doesn't belong"),
        ("--link=file", "--link doesn't belong"),
    ],
)
def test_a_wrong_option_is_refused_in_one_sentence_and_nothing_is_written(
    option: str, sentence: str, tmp_path: Path
) -> None:
    told = new(*CALLS, option, "--yes", f"--out={tmp_path / 'new'}")
    if not sentence:
        assert told.exit_code == 0, told.output
        return
    assert told.exit_code == 2
    assert sentence in " ".join(told.stderr.split())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--title is missing"),
        (["--title=L"], "--table is missing"),
        (["--title=L", "--table=calls"], "--key is missing"),
        (["--title=L", "--database=-"], "--recordings is missing"),
    ],
)
def test_without_questions_it_says_what_is_missing(
    options: list[str], sentence: str, tmp_path: Path
) -> None:
    told = new(*options, "--yes", f"--out={tmp_path / 'new'}")
    assert told.exit_code == 2
    assert sentence in told.stderr


@pytest.mark.parametrize("name", ["freepbx", "Lindwurm", "../lindwurm"])
def test_a_name_that_is_taken_or_odd_is_refused(name: str, tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["connector", "new", name, *CALLS, "--yes",
                                     f"--out={tmp_path / 'new'}"])  # fmt: skip
    assert told.exit_code == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("there", ["connector.yaml", "README.md"])
def test_nothing_is_ever_overwritten(there: str, tmp_path: Path) -> None:
    (tmp_path / there).write_text("mine")
    told = new(*CALLS, "--yes", f"--out={tmp_path}")
    assert told.exit_code == 5
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    told = new(*CALLS, "--from-database=mysql://pbx:s3cret@localhost/calls", "--yes",
               f"--out={tmp_path / 'new'}")  # fmt: skip
    assert told.exit_code == 2
    assert "holds a password" in told.stderr
    assert "s3cret" not in told.output


def test_a_database_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    told = new(*CALLS, f"--from-database=sqlite:///{tmp_path / 'none.db'}", "--yes",
               f"--out={tmp_path / 'new'}")  # fmt: skip
    assert told.exit_code == 6
    assert "The database can't be read." in told.stderr
    assert not (tmp_path / "new").exists()


def test_every_question_can_be_answered_by_an_option() -> None:
    options = {option for each in connector_new.params for option in each.opts}
    assert {f"--{question.name}" for question in QUESTIONS} <= options
