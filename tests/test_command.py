"""Does a program of kind ``command`` that misbehaves cost a record, a hang or a secret?"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pbxretain import connector, documents
from pbxretain.errors import DocumentError, OutcomeUnknown, RetainError, StoreError
from pbxretain.errors import UnavailableError as Unavailable
from pbxretain.settings import Command
from pbxretain.stores import installed
from pbxretain.stores.client import Item
from pbxretain.stores.command import ProgramClient

HEAD = """\
import json, os, sys, time
def say(told): print(json.dumps(told), flush=True)
hello = json.loads(sys.stdin.readline())
"""
SOUND = (
    HEAD
    + """\
say({"pbxretain": 1})
rows = {str(n): f"2026-01-01 10:00:{n:02d}" for n in range(5)}
for line in sys.stdin:
    asked = json.loads(line)
    if asked["ask"] == "delete":
        for item in asked["items"]:
            if rows.get(item["id"]) == item["start"]:
                del rows[item["id"]]
        say({"done": 0})
    elif asked["ask"] == "clock":
        say({"clock": "2026-11-23T10:00:00+01:00"})
        say({"done": 1})
    else:
        wanted = asked.get("ids", list(rows))
        found = [i for i in wanted if i in rows]
        for i in found:
            say({"item": {"id": i, "start": rows[i], "subjects": ["+49301", None]}})
        say({"done": len(found)})
"""
)
Make = Callable[..., ProgramClient]


@pytest.fixture
def program(tmp_path: Path) -> Make:
    def make(text: str, timeout: float = 5.0) -> ProgramClient:
        path = tmp_path / "program.py"
        path.write_text(text)
        argv = [sys.executable, str(path)]
        return ProgramClient(argv, dataset="calls", product=str(tmp_path), timeout=timeout)

    return make


def answering(*lines: str) -> str:
    """Says hello as it should, then these lines to whatever is asked."""
    said = "".join(f"print({line!r}, flush=True)\n" for line in lines)
    return f"{HEAD}say({{'pbxretain': 1}})\nsys.stdin.readline()\n{said}"


def test_a_sound_program_lists_looks_deletes_and_tells_the_time(program: Make) -> None:
    client = program(SOUND)
    assert [item.id for item in client.items(before=datetime.now(UTC))] == list("01234")
    (item,) = client.look(["3", "99"])
    assert (item.start, item.subjects, item.ready) == (
        "2026-01-01 10:00:03",
        ["+49301", None],
        True,
    )
    client.delete([Item("3", "2026-01-01 10:00:03"), Item("4", "another time")])
    assert [item.id for item in client.items(before=None)] == list("0124")
    assert client.clock() == datetime(2026, 11, 23, 9, tzinfo=UTC)
    client.close()


@pytest.mark.parametrize(
    "text",
    [
        answering("no JSON: +4930123"),
        answering("[1, 2]"),
        answering('{"item": {"id": 7}}', '{"done": 1}'),
        answering('{"item": {"id": "7", "start": [1]}}', '{"done": 1}'),
        answering('{"item": {"id": "7", "subjects": [3]}}', '{"done": 1}'),
        answering('{"item": {"id": "7"}}', '{"done": 2}'),
        answering('{"item": {"id": "7"}}'),
        answering('{"item": {"id": "7", "start"'),
        HEAD + "say({'pbxretain': 2})\nsys.stdin.readline()",
        HEAD + "print('Warning: +4930123', flush=True)\nsys.stdin.readline()",
        "raise SystemExit(3)",
        "import sys; sys.stdout.write('x' * 3_000_000); sys.stdout.flush()",
    ],
)
def test_garbage_a_wrong_count_or_an_early_end_is_one_sentence(program: Make, text: str) -> None:
    client = program(text)
    with pytest.raises(StoreError, match="the connector's program") as told:
        list(client.items(before=None))
    assert "+49" not in str(told.value)
    with pytest.raises((OutcomeUnknown, StoreError)):
        client.delete([Item("1", "x")])


def test_a_program_that_hangs_is_ended_with_all_it_started(program: Make, tmp_path: Path) -> None:
    client = program(
        HEAD + "say({'pbxretain': 1})\nsys.stdin.readline()\nimport subprocess\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)\n",
        timeout=1.0,
    )
    began = time.monotonic()
    with pytest.raises(Unavailable, match="silent for 1 seconds"):
        list(client.items(before=None))
    assert time.monotonic() - began < 10
    for pid in (tmp_path / "pids").read_text().split():
        assert not _runs(int(pid))


def _runs(pid: int) -> bool:
    """Whether a process goes on; one that was killed may take a moment."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(
    "text",
    [
        answering("garbage"),
        answering(),
        answering('{"done": 1}'),
        answering('{"item": {"id":"1"}}'),
    ],
)
def test_a_delete_without_a_sound_answer_is_unknown(program: Make, text: str) -> None:
    with pytest.raises(OutcomeUnknown):
        program(text).delete([Item("1", "x")])


def test_a_delete_that_hangs_is_unknown_and_the_program_is_over(program: Make) -> None:
    client = program(HEAD + "say({'pbxretain': 1})\ntime.sleep(600)", timeout=0.5)
    session = client.session()
    with pytest.raises(OutcomeUnknown):
        client.delete([Item("1", "x")])
    assert session
    assert not _runs(int(session["pid"]))


@pytest.mark.parametrize(
    ("said", "shown"),
    [('"NO_RIGHT"', "(NO_RIGHT)"), ('"no right for +4930123"', "without a code"), ("7", "without")],
)
def test_a_no_is_told_by_its_code_alone(program: Make, said: str, shown: str) -> None:
    client = program(answering(f'{{"error": {said}}}'))
    with pytest.raises(StoreError) as told:
        client.delete([Item("1", "x")])
    assert not isinstance(told.value, OutcomeUnknown)
    assert shown in str(told.value)
    assert "+49" not in str(told.value)


def test_what_it_prints_on_stderr_is_shown_to_nobody(
    program: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    client = program("import sys; print('+4930123', file=sys.stderr)\n" + SOUND)
    assert len(list(client.items(before=None))) == 5
    client.close()
    assert "+49" not in "".join(capfd.readouterr())


def test_no_shell_and_no_secret_environment(
    program: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBXRETAIN_SECRET", "4711")
    seen = tmp_path / "seen"
    client = program(
        f"import json, os, sys\njson.dump([dict(os.environ), sys.argv], open({str(seen)!r}, 'w'))\n"
        + SOUND
    )
    client._argv.insert(2, "; touch $HOME `id`")
    list(client.items(before=None))
    client.close()
    environment, argv = json.loads(seen.read_text())
    assert "PBXRETAIN_SECRET" not in environment
    assert argv[1:] == ["; touch $HOME `id`"]


def test_a_program_that_outlived_a_dead_run_is_ended_before_anybody_looks(program: Make) -> None:
    dead, alive = program(SOUND), program(SOUND)
    list(dead.items(before=None))
    session = dead.session()
    assert session
    assert _runs(int(session["pid"]))
    alive.end(session)
    assert not _runs(int(session["pid"]))
    alive.end({**session, "born": "1"})
    alive.end({"pid": os.getpid(), "born": "1", "boot": session["boot"]})  # spares all others
    dead.close()


def test_a_manifest_names_a_program_and_no_path(tmp_path: Path) -> None:
    text = (
        "connector: x\ntitle: x\nprogram: {file: FILE, interpreter: [php]}\ndatasets:\n"
        "  calls: {kind: command, data: call-detail-records, title: x, start: call-start}\n"
    )
    assert connector.parse(text.replace("FILE", "a.php").encode(), "x", "x").contains_code
    for bad in ("../a.php", "/bin/sh", "a b", "-x"):
        with pytest.raises(DocumentError):
            connector.parse(text.replace("FILE", bad).encode(), "x", "x")
    with pytest.raises(DocumentError, match="needs a program"):
        connector.parse(
            text.replace("program: {file: FILE, interpreter: [php]}\n", "").encode(), "x", "x"
        )
    site = tmp_path / "site"
    site.mkdir()
    (site / "x.yaml").write_text(text.replace("FILE", "a.php"))
    with pytest.raises(DocumentError, match="only an installed distribution"):
        connector.shelf(site)


def test_a_program_that_is_not_there_or_cant_start_is_one_sentence(tmp_path: Path) -> None:
    from pbxretain.manifest import Program

    with pytest.raises(DocumentError, match=r"a\.php isn't beside module pbxretain"):
        installed.of_command("calls", Command(), program=Program(file="a.php"), module="pbxretain")
    argv = [str(tmp_path / "no-such-interpreter"), "x"]
    client = ProgramClient(argv, dataset="calls", product=None, timeout=1)
    with pytest.raises(RetainError, match="can't be started"):
        list(client.items(before=None))


def test_settings_name_an_interpreter_as_a_list() -> None:
    good = documents.parse(b"interpreter: [/usr/bin/php8.2, -n]\nproduct: /srv/www", "x", Command)
    assert good.value.interpreter == ["/usr/bin/php8.2", "-n"]
    with pytest.raises(DocumentError):
        documents.parse(b"interpreter: /usr/bin/php -n", "x", Command)
