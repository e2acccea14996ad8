"""Is what the documentation says true: does each example work, each name exist, each link lead?"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from support import fields, freepbx, lindwurm, reference, worked
from support.calls import first_due_date
from support.meanings import BY_DOCUMENT, LEAD
from support.pages import DOCS, REPOSITORY, Block, Sandbox, blocks, name_of, pages, prose
from support.servers import MariaDB, PostgreSQL

from pbxretain import journal, messages, wording
from pbxretain.cli import main
from pbxretain.cli.demo import build
from pbxretain.cli.verdict import _RESULTS as _VERDICTS
from pbxretain.connector import find, shelf
from pbxretain.documents import DATA_CLASSES, Document, parse
from pbxretain.errors import SEVERITY, Exit
from pbxretain.forms import PATTERN_GROUPS, TEXT_FORMS
from pbxretain.holds import Hold
from pbxretain.keys import load_public
from pbxretain.manifest import Manifest
from pbxretain.messages import Lang
from pbxretain.period import Period, cutoff
from pbxretain.policy.document import Policy
from pbxretain.settings import Settings, Source
from pbxretain.stores import files
from pbxretain.stores.asterisk import AsteriskFacts

ALL = pages()
IDS = [name_of(page) for page in ALL]
KINDS: dict[str, type[Document]] = {
    "settings": Settings,
    "policy": Policy,
    "manifest": Manifest,
    "hold": Hold,
    "source": Source,
}
ALLOWED = {"yaml", "sh", "console", "sql", "ini", "text", "python", "toml"}


def _blocks(kind: str, *, runs: bool = False) -> list[Block]:
    found = [block for page in ALL for block in blocks(page) if block.kind == kind]
    return [block for block in found if not runs or "no-run" not in block.words]


def _place(block: Block) -> str:
    return block.place


# --- blocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_every_block_is_of_a_kind_that_is_checked(page: Path) -> None:
    for block in blocks(page):
        assert block.kind in ALLOWED, f"{block.place}: {block.words}"


@pytest.mark.parametrize("block", _blocks("yaml"), ids=_place)
def test_every_yaml_example_is_a_valid_document(block: Block) -> None:
    kind = block.words[1]
    text = block.text
    if kind == "source":  # an addition to a source, indented as it stands in settings
        extra = "".join(line.removeprefix("    ") + "\n" for line in text.splitlines())
        text = f"connector: freepbx\ntimezone: Europe/Berlin\npolicy: acme-calls\n{extra}"
    value = parse(text.encode(), block.place, KINDS[kind]).value
    if isinstance(value, Settings):
        for source in value.sources.values():
            manifest = find(source.connector).manifest
            assert set(source.roots) <= set(manifest.roots)
            assert set(source.tables) <= set(manifest.datasets)


def test_a_block_that_is_not_run_says_why() -> None:
    for block in _blocks("sh"):
        if "no-run" in block.words:
            assert re.match(r"<!-- not run: .{8,} -->$", block.before), block.place


# --- shell ------------------------------------------------------------------------------------


def _run(sandbox: Sandbox, page: Path) -> str:
    """Runs a page's shell blocks in order; returns what they printed."""
    printed = ""
    for block in blocks(page):
        if block.kind not in ("sh", "console") or "no-run" in block.words:
            continue
        wanted = next((int(w[5:]) for w in block.words if w.startswith("exit-")), 0)
        done = sandbox.run(re.sub(r"^\$ ", "", block.text, flags=re.MULTILINE))
        said = f"{block.place} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == wanted, said
        printed += done.stdout + done.stderr
    return printed


def _pattern(line: str) -> str:
    """A line of an example, blind to what differs from run to run."""
    plain = re.sub(r"\s+", " ", line.strip())
    plain = re.sub(r"\b[0-9a-f]{4}( [0-9a-f]{4}){7}\b|\b[0-9a-f]{32,}\b", "X", plain)
    plain = re.sub(r"[0-9][0-9.,:-]*", "N", plain)
    return re.sub(r"-{3,}|={3,}", "-", re.sub(r"-{3,}( -{3,})*", "---", plain))


def _check_outputs(page: Path, printed: str) -> None:
    seen = {_pattern(line) for line in printed.splitlines()}
    for block in blocks(page):
        if block.words[:2] == ("text", "output"):
            for line in block.text.splitlines():
                if line.strip() not in ("", "..."):
                    assert _pattern(line) in seen, f"{block.place}: never printed: {line}"


def _asterisk(sandbox: Sandbox) -> None:
    """A plain Asterisk of two hundred days at the usual places, and settings for it."""
    made = build(sandbox.root / "made", now=datetime.now(UTC))
    for folder, place in (
        (made.database.parent, "/var/log/asterisk"),
        (made.recordings, "/var/spool/asterisk/monitor"),
        (made.voicemail, "/var/spool/asterisk/voicemail"),
    ):
        target = sandbox.path(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)


def _settled(sandbox: Sandbox, policy: str = "acme-calls", *, deleted: bool = True) -> None:
    """An installation that has deleted once, and a checker's folder in ``home``; with ``deleted``
    False it never has."""
    _asterisk(sandbox)
    done = sandbox.run(
        "pbxretain init --yes --source head-office --connector asterisk"
        " --url sqlite:////var/log/asterisk/master.db"
        " --root recordings=/var/spool/asterisk/monitor"
        " --root voicemail=/var/spool/asterisk/voicemail"
        f" --timezone Europe/Berlin --policy-name {policy} --controller 'Acme GmbH'\n"
        "sed -i 's/^    policy: .*/&\\n    asterisk: {version: 22.10.1}/' $PBXRETAIN_CONFIG\n"
        f"pbxretain policy approve {policy} --by management\n"
        + (
            "pbxretain run --confirm-count 100000\n"
            "cp -r /var/lib/pbxretain/head-office/reports reports\n"
            "cp /var/lib/pbxretain/keys/runner.pem.pub key.pem\n"
            if deleted
            else ""
        )
    )
    assert done.returncode == 0, done.stdout + done.stderr


SETTLED = (
    "docs/how-to/check-a-report.md",
    "docs/how-to/bericht-pruefen.md",
    "docs/how-to/dpia-annex.md",
    "docs/how-to/anlage-dsfa.md",
    "docs/how-to/recover.md",
    "docs/how-to/keys.md",
    "docs/how-to/policy.md",
    "docs/how-to/redaction.md",
    "docs/how-to/regelwerk.md",
    "docs/how-to/holds.md",
    "docs/how-to/subject-requests.md",
)
OWN = (
    "docs/how-to/dpo.md",
    "docs/how-to/dsb.md",
    "docs/tutorial.md",
    "docs/how-to/freepbx.md",
    "docs/how-to/write-a-connector.md",
    "docs/how-to/python-store.md",
    "docs/how-to/plan-files.md",
)
"""Pages with a test of their own."""


@pytest.mark.parametrize("name", SETTLED)
def test_a_page_about_an_installation_works_as_written(name: str, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    _settled(sandbox)
    page = REPOSITORY / name
    _check_outputs(page, _run(sandbox, page))


@pytest.mark.parametrize(("name", "folder"), [("dpo", "observe"), ("dsb", "nachschau")])
def test_the_officers_manual_works_as_written(name: str, folder: str, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    _settled(sandbox)
    shutil.copytree(sandbox.path("/etc/pbxretain"), sandbox.home / folder)
    _answers(sandbox)
    page = DOCS / f"how-to/{name}.md"
    _check_outputs(page, _run(sandbox, page))
    assert list(sandbox.home.glob("review-*.dsse.json"))
    assert list(sandbox.home.glob("head-office-observation-*.dsse.json"))
    cosigned = sandbox.path("/var/lib/pbxretain/head-office/reports/cosigned/000001.checkpoint")
    assert cosigned.read_bytes() == (sandbox.home / "head-office-000001.checkpoint").read_bytes()


def _answers(sandbox: Sandbox) -> None:
    """Gives the answers that a person types: passphrase and fingerprints."""
    passphrase = sandbox.root / "passphrase"
    passphrase.touch(0o600)
    passphrase.write_text("five words of no meaning\n")
    runner = next(iter(load_public(sandbox.home / "key.pem")))
    authority = (
        "import sys; from pathlib import Path; from pbxretain.evidence.trust import read_roster; "
        "print(next(iter(read_roster(Path(sys.argv[1]).read_bytes()).authority)))"
    )
    real = f"{sys.executable} -m pbxretain"
    shim = sandbox.root / "bin/pbxretain"
    shim.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        f"*'dpo init'*) exec {real} \"$@\" --fingerprint {runner}"
        f" --passphrase-file {passphrase};;\n"
        f"*'dpo consult'*) exec {real} \"$@\" --yes --passphrase-file {passphrase};;\n"
        f"*'key new'*|*'key export'*|*'policy sign'*|*'dpo '*|*'evidence '*)"
        f' exec {real} "$@" --passphrase-file {passphrase};;\n'
        f"'key add'*) exec {real} \"$@\" --fingerprint"
        f' "$({sys.executable} -c \'{authority}\' "$3")";;\n'
        f'*) exec {real} "$@";;\nesac\n'
    )
    shim.chmod(0o755)


def test_the_page_about_plan_files_works_as_written(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    _settled(sandbox, deleted=False)
    page = DOCS / "how-to/plan-files.md"
    printed = _run(sandbox, page)
    assert "Plan file of" in printed
    assert '"policy":{"digest":"sha256:' in printed
    assert "deleted" not in printed.splitlines()[-1]
    done = sandbox.run("pbxretain run --plan head-office.plan")
    assert "ALREADY_ABSENT" in done.stdout + done.stderr


def test_the_way_from_template_to_approved_policy_works_as_written(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    _settled(sandbox, policy="earlier-policy")
    _run(sandbox, REPOSITORY / "policies/README.md")


def test_nothing_lies_in_the_state_folder_that_the_reference_does_not_name(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    _settled(sandbox)
    state = sandbox.path("/var/lib/pbxretain")
    page = (DOCS / "reference/state-folder.md").read_text("utf-8")
    known = re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE)
    forms = [
        re.escape(name)
        .replace("SOURCE", "[a-z-]+")
        .replace("N" * 6, r"\d{6}")
        .replace("X" * 8, ".{8}")
        for name in known
    ]
    left = [str(path.relative_to(state)) for path in state.rglob("*") if path.is_file()]
    assert len(left) > 5
    for name in left:
        assert any(re.fullmatch(form, name) for form in forms), name
    for name in (journal._FACTS, journal._LINES, journal._ROOM, files.LOCK_NAME.decode()):
        assert name in known
    assert files.MARKER_NAME.decode() in known


def test_the_tutorial_works_from_nothing_to_a_verified_report(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    page = DOCS / "tutorial.md"
    _check_outputs(page, _run(sandbox, page))


def test_the_way_to_a_connector_works_as_written_on_the_vendors_own_tables(
    tmp_path: Path,
) -> None:
    sandbox = Sandbox(tmp_path)
    page = DOCS / "how-to/write-a-connector.md"
    (vendor,) = [b for b in blocks(page) if b.words == ("sql", "vendor")]
    (compare,) = [b for b in blocks(page) if b.words == ("sql", "compare")]
    manifest = next(b for b in blocks(page) if b.kind == "yaml")
    (sandbox.home / "lindwurm").mkdir()
    (sandbox.home / "lindwurm/connector.yaml").write_text(manifest.text, "utf-8")
    folder = sandbox.path("/var/lib/lindwurm")
    lindwurm.fill(folder, vendor.text, now=datetime.now(UTC))
    cutoff = first_due_date(datetime.now(UTC), 90, ZoneInfo("Europe/Berlin"))
    whole, due = lindwurm.count(folder), lindwurm.count(folder, cutoff)
    asked = re.sub(r"\d{9,}", str(int(cutoff.timestamp())), compare.text)
    with closing(sqlite3.connect(folder / "calls.db")) as plain:
        assert plain.execute(asked).fetchone() == (due["missed-calls"],)
    printed = _run(sandbox, page)
    _check_outputs(page, printed)
    assert lindwurm.count(folder, cutoff) == dict.fromkeys(due, 0)
    assert lindwurm.count(folder) == {name: count - due[name] for name, count in whole.items()}


def test_the_distribution_of_the_python_page_installs_and_passes_the_kit(tmp_path: Path) -> None:
    for page in ALL:
        for block in blocks(page):
            if block.kind in ("python", "toml"):
                assert page == worked.PAGE, block.place
                assert any(word.startswith("file=") for word in block.words), block.place
    sandbox = Sandbox(tmp_path / "sandbox")
    worked.install(tmp_path)
    with (sandbox.root / "env").open("a") as variables:
        variables.write(f"unset PBXRETAIN_CONFIG\nexport PYTHONPATH='{tmp_path / 'installed'}'\n")
    _check_outputs(worked.PAGE, _run(sandbox, worked.PAGE))


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pbxretain.cli.demo", "--into", "demo", "--lang", "en"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _check_outputs(REPOSITORY / "README.md", done.stdout + done.stderr)


def test_every_make_target_that_is_mentioned_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    for page in ALL:
        for target in re.findall(r"\bmake ([a-z]+)(?=`|\s+#|$)", page.read_text("utf-8"), re.M):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{name_of(page)}: {target}"


def test_no_other_page_has_shell_blocks_that_nobody_runs() -> None:
    run = {name_of(block.page) for block in _blocks("sh", runs=True)}
    assert run == {*SETTLED, *OWN}


def test_the_freepbx_page_works_on_a_real_server_with_its_own_grants(
    tmp_path: Path, mariadb: MariaDB
) -> None:
    page = DOCS / "how-to/freepbx.md"
    sandbox = Sandbox(tmp_path)
    _freepbx(sandbox, mariadb)
    (grants,) = [b for b in blocks(page) if b.kind == "sql"]
    with closing(mariadb.admin()) as connection, closing(connection.cursor()) as cursor:
        for user in ("localhost", "127.0.0.1"):
            cursor.execute(f"DROP USER IF EXISTS 'pbxretain'@'{user}'")
        for statement in grants.text.split(";\n"):
            if statement.strip():
                cursor.execute(statement)
    settings = next(b for b in blocks(page) if b.words[:2] == ("yaml", "settings"))
    text = sandbox.moved(settings.text).replace(
        "pbxretain@localhost/asteriskcdrdb",
        f"pbxretain@localhost/asteriskcdrdb?unix_socket={mariadb.socket}",
    )
    config = sandbox.path("/etc/pbxretain/config.yaml")
    config.parent.mkdir(parents=True)
    config.write_text(text)
    _check_outputs(page, _run(sandbox, page))


def _freepbx(sandbox: Sandbox, server: MariaDB) -> None:
    _asterisk(sandbox)
    monitor = sandbox.path("/var/spool/asterisk/monitor")
    with closing(server.admin(server.create_database("asteriskcdrdb"))) as connection:
        freepbx.fill(connection, calls=300, days=89, now=datetime.now(UTC), recordings_root=monitor)
    playback = sandbox.path("/var/lib/asterisk/playback")
    playback.mkdir(parents=True)
    (playback / "x.wav").write_bytes(b"x")
    (sandbox.path("/var/log/asterisk") / "queue_log").write_text(
        f"{int(datetime.now(UTC).timestamp())}|NONE|NONE|NONE|QUEUESTART|\n"
    )


def test_the_documented_grants_are_those_that_the_tests_run_with() -> None:
    (block,) = [b for b in blocks(DOCS / "how-to/freepbx.md") if b.kind == "sql"]
    found = {
        match[2]: match[1]
        for match in re.finditer(r"GRANT (.+?) ON asteriskcdrdb\.(\w+|\*) TO", block.text)
    }
    assert found == freepbx.GRANTS


def test_the_grants_for_postgresql_are_accepted_by_a_real_server(postgresql: PostgreSQL) -> None:
    (block,) = [b for b in blocks(DOCS / "how-to/asterisk.md") if b.words[:1] == ("sql",)]
    with postgresql.admin(postgresql.create_database("docs")) as connection:
        freepbx.create_tables(connection, "asterisk")
        connection.execute("ALTER TABLE cdr ADD COLUMN IF NOT EXISTS recordingfile text")
        # Roles are the server's, and other tests have one of that name with rights elsewhere.
        connection.execute(re.sub(r"\bpbxretain\b", "pbxretain_docs", block.text))
        connection.execute("DROP OWNED BY pbxretain_docs")
        connection.execute("DROP ROLE pbxretain_docs")


# --- names ------------------------------------------------------------------------------------


def _commands(group: click.Group, prefix: str = "pbxretain") -> Iterator[tuple[str, click.Command]]:
    yield prefix, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


COMMANDS = dict(_commands(main))
_TYPED = re.compile(r"\bpbxretain((?: +[^\s`|;&()<>]+)*)")


def _mentioned(page: Path) -> Iterator[tuple[str, list[str]]]:
    """(where, words) of every command line on a page: in shell blocks and between backticks."""
    for block in blocks(page):
        if block.kind in ("sh", "console"):
            joined = block.text.replace("\\\n", " ")
            for line in joined.splitlines():
                line = line.partition(" # ")[0]
                found = re.search(r"(?:^|\s|&& )pbxretain (.*)$", line)
                if found and not line.lstrip().startswith(("#", "ln ", "install ", "git ", "cp ")):
                    yield block.place, found[1].split()
    for code in re.findall(r"`pbxretain ([^`]+)`", prose(page)):
        yield name_of(page), code.split()


COMMON = {o for p in COMMANDS["pbxretain"].params for o in p.opts} | {"-h", "--help"}


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_every_command_and_option_that_is_mentioned_exists(page: Path) -> None:
    for where, words in _mentioned(page):
        said = f"{where}: pbxretain {' '.join(words)}"
        name, rest = "pbxretain", list(words)
        while rest and (rest[0] in COMMON or f"{name} {rest[0]}" in COMMANDS):
            word = rest.pop(0)
            if word in ("--lang", "--config"):
                rest.pop(0)
            elif word not in COMMON:
                name = f"{name} {word}"
        command = COMMANDS[name]
        assert not rest or not isinstance(command, click.Group), said
        known = COMMON | {option for p in command.params for option in p.opts}
        for word in rest:
            assert not word.startswith("-") or word.partition("=")[0] in known, said


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_every_option_in_prose_belongs_to_some_command(page: Path) -> None:
    known = {option for command in COMMANDS.values() for p in command.params for option in p.opts}
    for option in re.findall(r"`(--[a-z-]+)", prose(page)):
        assert option in known | {"--import-mode", "--help", "--strict"}, (
            f"{name_of(page)}: {option}"
        )


def test_the_reference_names_every_exit_code_and_data_class() -> None:
    recover = (DOCS / "how-to/recover.md").read_text("utf-8")
    rows = re.findall(r"^\| ([0-9, ]+) \|", recover, flags=re.MULTILINE)
    told = {int(number) for row in rows for number in row.split(",")}
    assert told == {int(code) for code in Exit}
    order = re.search(r"in this order: ([0-9, ]+)\.", recover)
    assert order
    assert [int(n) for n in order[1].split(",")] == [int(code) for code in SEVERITY]
    exits = (DOCS / "reference/exit-codes.md").read_text("utf-8")
    assert {int(n) for n in re.findall(r"^\| (\d+) \|", exits, flags=re.MULTILINE)} == told
    policy = (DOCS / "reference/policy.md").read_text("utf-8")
    for name in DATA_CLASSES:
        assert f"| `{name}` |" in policy


def test_the_shipped_connectors_offer_what_the_policy_page_says() -> None:
    offered = {name for c in ("asterisk", "freepbx") for name in find(c).manifest.offered()}
    assert offered == {*DATA_CLASSES[:5]}


@pytest.mark.parametrize("name", ["asterisk", "freepbx"])
def test_a_connectors_page_lists_its_datasets_and_what_is_out_of_reach(name: str) -> None:
    manifest = find(name).manifest
    page = (REPOSITORY / "connectors" / name / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \|", page, flags=re.MULTILINE)
    assert rows == [(dataset, entry.data) for dataset, entry in manifest.datasets.items()]
    last = page.partition("## Out of reach")[2].partition("##")[0]
    assert re.findall(r"\(`([a-z-]+)`\)", last) == [copy.code for copy in manifest.out_of_reach]


def test_the_settings_for_sqlite_work_on_an_asterisk(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    _asterisk(sandbox)
    settings = next(b for b in blocks(DOCS / "how-to/asterisk.md") if b.kind == "yaml")
    config = sandbox.path("/etc/pbxretain/config.yaml")
    config.parent.mkdir(parents=True)
    config.write_text(sandbox.moved(settings.text))
    done = sandbox.run(
        "pbxretain policy copy eu-90-days acme-calls --for office\n"
        "pbxretain key new\n"
        "pbxretain policy approve acme-calls --by management\n"
        "pbxretain run --confirm-count 100000\n"
        "pbxretain plan --json\n"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"due": 0' in done.stdout


def test_the_page_of_connectors_is_made_from_the_manifests() -> None:
    text = fields.PAGE.read_text("utf-8")
    assert text == fields.page(text), "write it anew with: make docs"


def test_every_shipped_connector_stands_in_the_table_of_its_folder() -> None:
    page = (DOCS.parent / "connectors/README.md").read_text("utf-8")
    shipped = {name for name, known in shelf().items() if known.shelf == "shipped"}
    assert set(re.findall(r"^\| \[([a-z0-9-]+)\]", page, re.MULTILINE)) == shipped


def test_the_manifest_page_names_every_pattern_group_and_text_form() -> None:
    page = (DOCS / "reference/manifest.md").read_text("utf-8")
    for group in PATTERN_GROUPS:
        assert f"`{{{group}}}`" in page
    for form in TEXT_FORMS:
        assert f"| `{form}` |" in page


@pytest.mark.parametrize("name", sorted(set(reference.PAGES.values())))
def test_field_tables_are_those_of_the_models(name: str) -> None:
    text = (DOCS / "reference" / f"{name}.md").read_text("utf-8")
    assert reference.page(text) == text, "make docs"


def test_every_meaning_belongs_to_a_field() -> None:
    fields = {
        (id(BY_DOCUMENT[name]), model, field)
        for name in reference.ROOTS
        for model, field in reference.fields(name)
    }
    for meanings in BY_DOCUMENT.values():
        for model, entries in meanings.items():
            for field in entries:
                assert field == LEAD or (id(meanings), model, field) in fields, (model, field)


# --- links, units, figures --------------------------------------------------------------------


@pytest.mark.parametrize("page", ALL, ids=IDS)
def test_every_internal_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), f"{name_of(page)}: {target}"
        assert REPOSITORY in to.parents, f"{name_of(page)}: {target} leaves the repository"
        if anchor:
            assert anchor in _anchors(to), f"{name_of(page)}: {target}"


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [p for p in ALL if DOCS in p.parents], ids=name_of)
def test_every_page_says_in_its_first_line_what_it_is_for(page: Path) -> None:
    title, blank, first, *_ = page.read_text("utf-8").splitlines()
    assert title.startswith("# ")
    assert not blank
    assert first.endswith(".")
    assert len(first.split()) >= 8, first


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [REPOSITORY / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", prose(page)):
            if not re.match(r"[a-z]+:", target):
                todo.append((page.parent / target).resolve())
    assert {p for p in ALL if DOCS in p.parents} <= seen


def test_the_sample_unit_may_write_where_the_connector_deletes_and_nowhere_else() -> None:
    text = (DOCS / "deploy/pbxretain.service").read_text("utf-8")
    unit = configparser.RawConfigParser(strict=False, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    writable = set(re.findall(r"^ReadWritePaths=-(.+)$", text, flags=re.MULTILINE))
    assert writable == {root.usual for root in find("freepbx").manifest.roots.values()}
    assert unit["Service"]["ProtectSystem"] == "strict"
    assert unit["Service"]["StateDirectory"] == "pbxretain"
    assert unit["Service"]["ExecStart"].split()[-1] == "run"
    assert unit["Service"]["SuccessExitStatus"] == str(int(Exit.TERMINATED))


@pytest.mark.parametrize(("lang", "name"), [("en", "check-a-report"), ("de", "bericht-pruefen")])
def test_the_answers_that_a_checker_reads_are_those_that_are_given(lang: Lang, name: str) -> None:
    page = (DOCS / f"how-to/{name}.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d) \|", page, flags=re.MULTILINE)
    given = {int(code): key for code, key in _VERDICTS.items()}
    assert {int(code) for _, code in rows} == {*given, int(Exit.FORGED)}
    for answer, code in rows:
        key = f"verify.result.{given.get(int(code), 'forged')}"
        sentence = wording.CATALOGUE[key][messages.LANGUAGES.index(lang)]
        assert sentence.startswith(f"{answer}:"), key


def test_cron_line_and_page_agree() -> None:
    line = (DOCS / "deploy/crontab").read_text("utf-8").splitlines()[-1]
    assert line in (DOCS / "how-to/freepbx.md").read_text("utf-8")


def test_the_cut_offs_in_the_table_are_those_that_are_computed() -> None:
    page = (DOCS / "explanation/time.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([\d-]+) \| ([\d-]+) 00:00 \|$", page, flags=re.MULTILINE)
    assert len(rows) >= 4
    zone = ZoneInfo("Europe/Berlin")
    for keep, today, wanted in rows:
        noon = datetime.combine(date.fromisoformat(today), datetime.min.time(), zone)
        found = cutoff(Period.parse(keep), now=noon.replace(hour=12), zone=zone).astimezone(zone)
        assert f"{found:%Y-%m-%d %H:%M}" == f"{wanted} 00:00"


@pytest.mark.parametrize(
    ("version", "harmless"),
    [("18.21.0", True), ("18.20.0", False), ("20.6.0", True), ("21.1.0", True), ("22.0.0", True),
     ("20.5.2", False), ("certified/18.9-cert5", False)],
)  # fmt: skip
def test_the_versions_in_the_voicemail_page_are_those_in_the_code(
    version: str, harmless: bool
) -> None:
    assert AsteriskFacts(version=version).gaps_are_harmless is harmless


def test_contributing_names_every_module_once() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8").partition("## Where to look")[2]
    named = [name for line in text.splitlines() if line.startswith("| ")
             for name in re.findall(r"`([\w/]+)`", line)]  # fmt: skip
    package = REPOSITORY / "pbxretain"
    known = [f"{path.parent.name}/" for path in package.glob("*/__init__.py")]
    known += [path.stem for path in package.glob("*.py") if not path.stem.startswith("__")]
    assert sorted(named) == sorted(known)
