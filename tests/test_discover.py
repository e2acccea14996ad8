"""Discovery: all call data of a host is found and nothing else, and no secret gets out."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import hosts
from support.hosts import HOSTS, NUMBER, SECRET, Host

from pbxretain.cli import begin, main
from pbxretain.cli import hosts as command
from pbxretain.cli.scaffold import settings_text
from pbxretain.connector import shelf
from pbxretain.discovery import products
from pbxretain.discovery.found import Place
from pbxretain.discovery.products import Discovery, Product, discover
from pbxretain.documents import parse
from pbxretain.errors import Exit
from pbxretain.host.logins import Login
from pbxretain.host.tree import MAX_BYTES, HostTree
from pbxretain.manifest import Manifest
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.render import as_text
from pbxretain.settings import Settings

KNOWN = shelf()
MANIFESTS: Mapping[str, Manifest] = {name: item.manifest for name, item in KNOWN.items()}


def look(root: Path) -> Discovery:
    return discover(MANIFESTS, HostTree(root))


def only(found: Discovery) -> Product:
    (product,) = found.products
    return product


def told(place: Place) -> str:
    """A place as ``support.hosts`` writes it."""
    if place.kind == "remote":
        return f"{place.name} leaves"
    if place.kind == "files":
        return f"{place.name} {place.path}"
    assert place.login, place.name
    where = f"{place.login.engine}:{place.login.place[1] or 'localhost'}/{place.login.database}"
    where = f"sqlite:{place.path}" if place.login.engine == "sqlite" else where
    return f"{place.name} {where} {place.table}".strip()


def run(*args: str, lang: str = "en") -> Result:
    return CliRunner().invoke(main, ["discover", "--lang", lang, *args])


def asterisk(root: Path, **files: str) -> Path:
    """A bare Asterisk with some files of its configuration."""
    base = {**hosts.BERLIN, "/etc/asterisk/asterisk.conf": "[directories]\n"}
    return hosts.make(root, base | {f"/etc/asterisk/{n}.conf": text for n, text in files.items()})


def notes(root: Path) -> dict[str, str]:
    return {path: code for code, path in look(root).notes}


# --- every product ----------------------------------------------------------------------------


@pytest.fixture(params=HOSTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(name: str) -> Host:
    return HOSTS[name]


@pytest.fixture
def root(host: Host, tmp_path: Path) -> Path:
    return hosts.make(tmp_path / "host", host.all_files())


def test_everything_on_a_host_is_found_and_nothing_else(name: str, host: Host, root: Path) -> None:
    product = only(look(root))
    assert product.manifest.connector == name
    assert {told(place) for place in product.places if place.on} == host.on
    assert {told(place) for place in product.off} == host.off
    assert product.zone in ("Europe/Berlin", "Europe/Vienna")


def test_settings_of_every_host_can_be_loaded(name: str, host: Host, root: Path) -> None:
    for lang in LANGUAGES:
        text = _settings(root, lang)
        loaded = parse(text.encode(), "config.yaml", Settings).value
        sources = list(loaded.sources.values())
        assert {source.connector for source in sources} == {name}
        wanted = [url.format(root=root) for url in host.urls]
        assert [source.url for source in sources if source.url] == wanted
        for source in sources:
            assert all(Path(folder).is_dir() for folder in source.roots.values())


def test_no_secret_and_no_number_comes_out_of_any_host(root: Path) -> None:
    found = look(root)
    assert found.products
    everything = [json.dumps(command.discovery_data(found)), repr(found)]
    for lang in LANGUAGES:
        everything += [as_text(sheet) for sheet in command.sheets(found, lang)]
        everything.append(_settings(root, lang))
    for text in everything:
        assert SECRET not in text
        assert "77077" not in text
        assert NUMBER not in text


def test_looking_changes_nothing(root: Path) -> None:
    before = _state(root)
    look(root)
    assert _state(root) == before


def _settings(root: Path, lang: Lang) -> str:
    tree = HostTree(root)
    drafted = command.sources(look(root), KNOWN, tree=tree, zone="", lang=lang)
    return settings_text(drafted, lang)


def _state(root: Path) -> list[tuple[str, int, int, int]]:
    return sorted(
        (str(path), status.st_mode, status.st_size, status.st_mtime_ns)
        for path in root.rglob("*")
        if (status := path.lstat())
    )


# --- one product more closely -----------------------------------------------------------------


def _places(product: Product) -> dict[str, tuple[tuple[str, ...], str]]:
    return {told(place): (place.datasets, place.why) for place in product.places if place.on}


def test_what_asterisk_keeps_is_matched_with_the_connectors_datasets(tmp_path: Path) -> None:
    product = only(look(hosts.make(tmp_path, HOSTS["asterisk"].files)))
    places = _places(product)
    assert places[f"cdr-adaptive-odbc {hosts.CDRDB} cdr"] == (("calls",), "")
    assert places[f"cdr-adaptive-odbc {hosts.CDRDB} branch_calls"] == ((), "NO_DATASET")
    assert places[f"cel-odbc {hosts.CDRDB} cel"] == (("events",), "")
    assert places["cdr-csv /var/log/asterisk/cdr-csv/*.csv"] == (("call-log-files",), "")
    assert places["cdr-custom /var/log/asterisk/cdr-custom/*"] == ((), "NO_DATASET")
    assert places["cdr-sqlite3 sqlite:/srv/calls/second.db calls"] == ((), "FILE_MISSING")
    assert product.drafts[0].unknown_tables == ("branch_calls", "queuelog")
    folders = {folder.name: (folder.path, folder.holding) for folder in product.folders}
    assert folders["recordings"] == ("/srv/spool/asterisk/monitor", "there")
    assert folders["voicemail"] == ("/srv/spool/asterisk/voicemail", "there")


def test_freepbx_names_its_second_copy_its_folders_zone_and_own_purge(tmp_path: Path) -> None:
    product = only(look(hosts.make(tmp_path, HOSTS["freepbx"].files)))
    places = _places(product)
    assert places[f"calls {hosts.CDRDB} cdr"] == (("calls",), "")
    assert places[f"cdr-adaptive-odbc {hosts.CDRDB} daily_cdr"] == (("calls",), "")
    assert places["backups /var/spool/asterisk/backup/*"] == ((), "NO_DATASET")
    assert product.zone == "Europe/Vienna"
    assert {f.name: f.path for f in product.folders}["recordings"] == "/srv/recordings"
    purges = {str(purge.where): purge.value for purge in product.purges if purge.where}
    assert purges == {
        "/etc/amportal.conf TRANSIENTCDR": "TRUE",
        "/etc/amportal.conf CACHE_CLEANUP_DAYS": "30",
    }
    secrets = {str(login.where) for place in product.places for login in place.logins}
    assert "/etc/freepbx.conf [amp_conf] AMPDBPASS" in secrets
    assert "/etc/asterisk/res_odbc_additional.conf [asteriskcdrdb] password" in secrets
    assert "/etc/amportal.conf AMPMGRPASS" in {str(login.where) for login in product.logins}


def test_one_place_that_two_settings_name_is_one_place(tmp_path: Path) -> None:
    product = only(look(hosts.make(tmp_path, HOSTS["freepbx"].files)))
    (calls,) = [place for place in product.places if place.table == "cdr"]
    assert [where.path for where in calls.wheres] == [
        "/etc/freepbx.conf",
        "/etc/asterisk/cdr_adaptive_odbc.conf",
    ]


def test_a_table_of_another_name_is_written_into_settings(tmp_path: Path) -> None:
    root = asterisk(tmp_path, cdr_pgsql="[global]\nhostname=localhost\ndbname=x\ntable=phone\n")
    assert only(look(root)).drafts[0].tables == {"calls": "phone"}
    loaded = parse(_settings(root, "en").encode(), "config.yaml", Settings).value
    assert loaded.sources["asterisk"].tables == {"calls": "phone"}


def test_rotated_segments_of_a_managed_log_are_managed(tmp_path: Path) -> None:
    hosts.make(tmp_path, HOSTS["locaphone"].files)
    asterisk_logs = MANIFESTS["asterisk"].model_copy(
        update={"discover": MANIFESTS["locaphone"].discover}
    )
    found = only(discover({"asterisk": asterisk_logs}, HostTree(tmp_path)))
    places = _places(found)
    assert places["rotated-queue-logs /var/log/asterisk/queue_log.*"] == (("queue-log",), "")


def test_a_database_without_the_call_log_is_no_source(tmp_path: Path) -> None:
    root = asterisk(
        tmp_path,
        cel="[general]\nenable=yes\n",
        cel_pgsql="[global]\nhostname=localhost\ndbname=events\n",
    )
    product = only(look(root))
    assert _places(product) == {"cel-pgsql postgresql:localhost/events cel": ((), "LACKS_TABLE")}
    assert [draft.url for draft in product.drafts] == [""]


def test_two_products_on_one_host_are_two_sources(tmp_path: Path) -> None:
    hosts.make(tmp_path, HOSTS["kamailio"].files)
    found = look(asterisk(tmp_path / "two", cdr_pgsql="[global]\ndbname=calls\n"))
    assert len(found.products) == 1
    files = dict(HOSTS["kamailio"].files)
    del files["/etc/localtime"]
    found = look(hosts.make(tmp_path / "two", files))
    assert [product.manifest.connector for product in found.products] == ["asterisk", "kamailio"]
    loaded = parse(_settings(tmp_path / "two", "en").encode(), "config.yaml", Settings).value
    # The proxy's traces lie in a database of their own.
    assert list(loaded.sources) == ["asterisk", "kamailio", "kamailio-2"]


def test_a_login_by_the_operating_systems_account_needs_no_password_on_its_own_host() -> None:
    login = Login(engine="postgresql", host="127.0.0.1", database="calls")
    place = Place("database", "call-detail-records", "database", login=login, peer="phonesystem")
    url, needs_password = products._url(place, HostTree(Path("/")))
    assert url == "postgresql://phonesystem@/calls?host=/var/run/postgresql"
    assert not needs_password
    text = f"sources:\n  a:\n    connector: a\n    url: {url}\n    timezone: UTC\n    policy: a\n"
    assert parse(text.encode(), "config.yaml", Settings).value.sources["a"].url == url


# --- the command ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "No known telephone system was found here.\n"),
        ("de", "Hier wurde keine bekannte Telefonanlage gefunden.\n"),
    ],
)
def test_an_empty_host_is_told_in_one_line(tmp_path: Path, lang: str, sentence: str) -> None:
    result = run("--root", str(tmp_path), lang=lang)
    assert (result.exit_code, result.stdout, result.stderr) == (0, sentence, "")


def test_an_empty_host_gives_no_settings(tmp_path: Path) -> None:
    out = tmp_path / "config.yaml"
    result = run("--root", str(tmp_path), "--out", str(out))
    assert result.exit_code == Exit.USAGE
    assert len(result.output.splitlines()) == 1
    assert not out.exists()


def test_the_command_tells_it_in_both_languages_and_as_json(tmp_path: Path) -> None:
    root = hosts.make(tmp_path / "host", HOSTS["freepbx"].files)
    german = run("--root", str(root), lang="de").stdout
    assert "Gefunden: FreePBX" in german
    assert "davon 3 vom Konnektor freepbx verwaltet" in german
    assert "Zeitzone: Europe/Vienna (/etc/amportal.conf PHPTIMEZONE)" in german
    assert "Gefunden, aber nicht verwaltet" in german
    english = run("--root", str(root)).stdout
    assert "Found: FreePBX" in english
    assert f"discover --root {root} --out config.yaml" in english
    data = json.loads(run("--root", str(root), "--json").stdout)
    (product,) = data["products"]
    assert product["connector"] == "freepbx"
    assert {place["name"] for place in product["places"]} == {
        "calls",
        "backups",
        "cdr-adaptive-odbc",
        "cel-odbc",
        "system-logs",
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_settings_file_is_written_once_and_never_over_another(tmp_path: Path, lang: str) -> None:
    root = hosts.make(tmp_path / "host", HOSTS["asterisk"].files)
    out = tmp_path / "config.yaml"
    result = run("--root", str(root), "--out", str(out), lang=lang)
    assert result.exit_code == 0, result.output
    loaded = parse(out.read_bytes(), str(out), Settings).value
    assert loaded.language == lang
    first = loaded.sources["asterisk"]
    assert first.password
    assert first.password.file == "/etc/pbxretain/asterisk.password"
    assert first.roots["recordings"] == str(root / "srv/spool/asterisk/monitor")
    assert not loaded.sources["asterisk-2"].roots
    text = out.read_text("utf-8")
    assert SECRET not in text
    assert "res_odbc_additional.conf [asteriskcdrdb] password" in text
    again = run("--root", str(root), "--out", str(out), lang=lang)
    assert again.exit_code == Exit.REFUSED
    assert out.read_text("utf-8") == text


def test_without_a_time_zone_nothing_is_written(tmp_path: Path) -> None:
    root = hosts.make(tmp_path / "host", {"/etc/asterisk/asterisk.conf": "[directories]\n"})
    out = tmp_path / "config.yaml"
    refused = run("--root", str(root), "--out", str(out))
    assert refused.exit_code == Exit.USAGE
    assert "--timezone" in refused.output
    assert not out.exists()
    assert run("--root", str(root), "--out", str(out), "--timezone", "Nowhere/X").exit_code == 2
    assert run("--root", str(root), "--out", str(out), "--timezone", "Europe/Rome").exit_code == 0
    assert "Europe/Rome" in out.read_text("utf-8")


@pytest.mark.parametrize("given", ["missing", "file"])
def test_a_root_that_is_no_folder_is_one_sentence(tmp_path: Path, given: str) -> None:
    (tmp_path / "file").touch()
    result = run("--root", str(tmp_path / given))
    assert result.exit_code == Exit.USAGE
    assert len(result.output.strip().splitlines()) == 1


# --- what init takes of it --------------------------------------------------------------------


def _init(monkeypatch: pytest.MonkeyPatch, root: Path, *args: str, said: str = "") -> Result:
    """``init`` on a machine whose files are those below a folder."""
    monkeypatch.setattr(begin, "HostTree", lambda: HostTree(root))
    monkeypatch.delenv("TZ", raising=False)
    places = [f"--config-dir={root.parent / 'etc'}", f"--state-dir={root.parent / 'state'}"]
    config = ["--config", str(root.parent / "etc" / "config.yaml"), "--lang", "en"]
    return CliRunner().invoke(main, [*config, "init", *places, *args], input=said)


def _written(root: Path) -> Settings:
    path = root.parent / "etc" / "config.yaml"
    return parse(path.read_bytes(), str(path), Settings).value


def test_init_takes_product_address_folders_and_zone_from_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = asterisk(
        tmp_path / "host",
        cdr_sqlite3_custom="[master]\ncolumns => src\n",
        asterisk="[directories]\nastspooldir=/srv/spool\n",
    )
    hosts.make(root, {"/var/log/asterisk/master.db": "", "/srv/spool/monitor/a.wav": "x"})
    _init(monkeypatch, root, "--yes")
    source = _written(root).sources["main"]
    assert source.connector == "asterisk"
    assert source.url == f"sqlite:///{root}/var/log/asterisk/master.db"
    assert source.roots["recordings"] == str(root / "srv/spool/monitor")
    assert source.timezone == "Europe/Berlin"


def test_init_only_offers_an_address_that_needs_a_password_nobody_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = hosts.make(tmp_path / "host", HOSTS["freepbx"].files)
    _init(monkeypatch, root, "--yes")
    text = (tmp_path / "etc" / "config.yaml").read_text("utf-8")
    assert _written(root).sources["main"].url is None
    assert "    # url: mysql://pbxretain@localhost/asteriskcdrdb   # never a password" in text
    assert SECRET not in text


def test_init_takes_the_address_with_the_place_of_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = hosts.make(tmp_path / "host", HOSTS["freepbx"].files)
    _init(monkeypatch, root, "--yes", "--password-env", "DB_PASSWORD")
    source = _written(root).sources["main"]
    assert source.url == "mysql://pbxretain@localhost/asteriskcdrdb"
    assert source.password
    assert source.password.env == "DB_PASSWORD"


def test_init_offers_what_was_found_as_its_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = hosts.make(tmp_path / "host", HOSTS["freepbx"].files)
    result = _init(monkeypatch, root, said="\n\n\n\n\n")
    assert "[freepbx]" in result.output
    assert "[mysql://pbxretain@localhost/asteriskcdrdb]" in result.output
    assert _written(root).sources["main"].url == "mysql://pbxretain@localhost/asteriskcdrdb"


def test_init_on_a_machine_without_a_telephone_system_asks_for_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = hosts.make(tmp_path / "host", hosts.BERLIN)
    result = _init(monkeypatch, root, "--yes")
    assert result.exit_code == Exit.USAGE
    assert "--connector" in result.output


# --- hostile files ----------------------------------------------------------------------------


def test_php_is_read_and_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    root = hosts.make(
        tmp_path / "host",
        {
            **HOSTS["freepbx"].files,
            "/etc/freepbx.conf": (
                f"<?php system('touch {mark}'); file_put_contents('{mark}', 'x');\n"
                "$amp_conf['AMPDBHOST'] = getenv('DB') ?: 'computed.example';\n"
                f"$amp_conf['AMPDBPASS'] = trim(`touch {mark}`);\n"
                '$amp_conf["CDRDBNAME"] = "calls" . shell_exec("id");\n'
                '$amp_conf["AMPDBUSER"] = "u{$_ENV[\'X\']}";\n'
            ),
        },
    )
    found = look(root)
    assert not mark.exists()
    assert ("COMPUTED", "/etc/freepbx.conf") in found.notes
    assert "computed.example" not in repr(found)
    assert "calls-by" not in repr(found)


def test_exec_lines_of_asterisk_are_not_executed_and_told(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    root = asterisk(tmp_path / "host", res_odbc=f"#exec touch {mark}\n")
    hosts.make(root, {"/etc/asterisk/cdr_adaptive_odbc.conf": "[a]\nconnection=b\n"})
    assert notes(root) == {"/etc/asterisk/res_odbc.conf": "NOT_EXECUTED"}
    assert not mark.exists()
    (place,) = only(look(root)).places
    assert (place.kind, place.why) == ("unknown", "NO_ADDRESS")


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;">]><configuration><settings><param name="a" value="&c;"/>'
    "</settings></configuration>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x name="a" value="&a;"/>'


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, "<a", "<a>" * 5000, "&x;", ""])
def test_xml_that_explodes_or_reaches_out_is_passed_over(tmp_path: Path, text: str) -> None:
    root = hosts.make(tmp_path, HOSTS["freeswitch"].files)
    path = f"{hosts.FS}/cdr_pg_csv.conf.xml"
    (root / path.lstrip("/")).write_text(text)
    assert notes(root)[path] == "BAD_FORMAT"


def _yaml_bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
    return "\n".join(lines)


@pytest.mark.parametrize("text", [_yaml_bomb(), "a: [" * 3000, "db_uri: !!python/object:os.x {}"])
def test_yaml_that_explodes_brings_nothing_in(tmp_path: Path, text: str) -> None:
    files = {"/etc/wazo-call-logd/conf.d/50-db.yml": text}
    root = hosts.make(tmp_path, {**HOSTS["wazo"].files, **files})
    assert "database postgresql:later/later" in _places(only(look(root)))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[global]\n" + b"a=b\n" * (MAX_BYTES // 4), "TOO_LARGE"),
        (b"\x7fELF\0\0\0[global]\ndbname=x\n", "NOT_TEXT"),
    ],
)
def test_huge_and_binary_files_are_passed_over(tmp_path: Path, data: bytes, code: str) -> None:
    root = asterisk(tmp_path)
    (root / "etc/asterisk/cdr_pgsql.conf").write_bytes(data)
    assert notes(root) == {"/etc/asterisk/cdr_pgsql.conf": code}


def test_text_in_no_known_encoding_is_read_all_the_same(tmp_path: Path) -> None:
    root = asterisk(tmp_path)
    (root / "etc/asterisk/cdr_pgsql.conf").write_bytes(b"; caf\xe9\n[global]\ndbname=calls\n")
    assert "cdr-pgsql postgresql:localhost/calls cdr" in _places(only(look(root)))


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder"])
def test_what_is_no_regular_file_is_passed_over_without_waiting(tmp_path: Path, kind: str) -> None:
    root = asterisk(tmp_path)
    path = root / "etc/asterisk/cdr_pgsql.conf"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as server:
            here = Path.cwd()
            os.chdir(path.parent)  # a socket's path is short
            server.bind(path.name)
            os.chdir(here)
    assert notes(root) == {"/etc/asterisk/cdr_pgsql.conf": "NOT_REGULAR"}


def test_links_in_a_circle_are_passed_over(tmp_path: Path) -> None:
    root = asterisk(tmp_path)
    hosts.make(
        root,
        {
            "/etc/asterisk/cdr_pgsql.conf": "->cdr_mysql.conf",
            "/etc/asterisk/cdr_mysql.conf": "->/etc/asterisk/cdr_pgsql.conf",
            "/var/spool/asterisk/monitor": "->monitor",
        },
    )
    assert notes(root)["/etc/asterisk/cdr_pgsql.conf"] == "LINK_LOOP"
    folders = {folder.name: folder.holding for folder in only(look(root)).folders}
    assert folders["recordings"] == "unreadable"


def test_no_link_leads_out_of_the_root(tmp_path: Path) -> None:
    outside = hosts.make(
        tmp_path / "outside", {"/cdr_pgsql.conf": "[global]\ndbname=stolen\n", "/rec/x.wav": "x"}
    )
    root = asterisk(tmp_path / "host")
    hosts.make(
        root,
        {
            "/etc/asterisk/cdr_pgsql.conf": f"->{outside}/cdr_pgsql.conf",
            "/etc/asterisk/cel_pgsql.conf": "->../../../outside/cdr_pgsql.conf",
            "/etc/asterisk/cel.conf": "[general]\nenable=yes\n#include ../../../outside/*.conf\n",
            "/var/spool/asterisk/monitor": f"->{outside}/rec",
        },
    )
    found = look(root)
    assert "stolen" not in repr(found)
    assert not only(found).places
    assert not only(found).drafts[0].roots


def test_a_link_inside_the_root_is_followed_as_the_host_would(tmp_path: Path) -> None:
    root = asterisk(tmp_path)
    hosts.make(
        root,
        {
            "/etc/asterisk/cdr_pgsql.conf": "->/srv/shared/real.conf",
            "/srv/shared/real.conf": "[global]\ndbname=calls\n",
            "/var/spool/asterisk/monitor": "->/srv/recordings",
            "/srv/recordings/a.wav": "x",
        },
    )
    product = only(look(root))
    assert "cdr-pgsql postgresql:localhost/calls cdr" in _places(product)
    # This machine would follow the link to its own /srv.
    assert product.drafts[0].roots == {"recordings": str(root / "srv/recordings")}


def test_what_this_user_may_not_read_is_told_with_what_to_do() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = hosts.make(Path(folder), HOSTS["freepbx"].files)
        root.chmod(0o755)
        for path in ("etc/freepbx.conf", "etc/asterisk/res_odbc.conf"):
            (root / path).chmod(0)
        assert _as_nobody(root) == {
            "/etc/freepbx.conf": "NO_ACCESS",
            "/etc/asterisk/res_odbc.conf": "NO_ACCESS",
        }


def _as_nobody(root: Path) -> dict[str, str]:
    """What is told to a user without rights: root looks in a child process without them."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(writer, json.dumps(notes(root)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return dict(json.loads(text))


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    root = asterisk(tmp_path, cdr_pgsql="[global]\n#include cdr_pgsql.conf\ndbname=calls\n")
    assert notes(root) == {"/etc/asterisk/cdr_pgsql.conf": "TOO_MANY_FILES"}


def test_sections_without_end_are_not_all_looked_at(tmp_path: Path) -> None:
    many = "".join(f"[s{n}]\nconnection=c{n}\n" for n in range(20_000))
    root = asterisk(tmp_path, cdr_adaptive_odbc=many)
    assert notes(root) == {"/etc/asterisk/cdr_adaptive_odbc.conf": "TOO_MANY_SECTIONS"}


def test_a_setting_that_is_no_small_number_is_not_shown(tmp_path: Path) -> None:
    files = {"/etc/amportal.conf": f"CACHE_CLEANUP_DAYS={NUMBER}\nTRANSIENTCDR=no\n"}
    found = look(hosts.make(tmp_path, {**HOSTS["freepbx"].files, **files}))
    purges = {str(purge.where): purge.value for purge in only(found).purges if purge.where}
    assert purges == {
        "/etc/amportal.conf TRANSIENTCDR": "no",
        "/etc/amportal.conf CACHE_CLEANUP_DAYS": "",
    }
    text = "".join(as_text(sheet, width=200) for sheet in command.sheets(found, "en"))
    assert "(not shown here) (/etc/amportal.conf CACHE_CLEANUP_DAYS)" in text


def test_a_file_whose_name_has_a_line_break_is_not_read(tmp_path: Path) -> None:
    files = {"/etc/wazo-call-logd/conf.d/1\n    url: x.yml": "db_uri: postgresql://a@odd/odd\n"}
    found = look(hosts.make(tmp_path, {**HOSTS["wazo"].files, **files}))
    assert "odd" not in repr(found)


EVIL = "evil\n    accept_untried: x\u2028\x1b[31m"


HOSTILE = (
    {"cdr_pgsql": "[global]\ndbname=a b; DROP TABLE x\nhostname=x\x1b[31m\n"},
    {"cdr_pgsql": "[global]\ndbname=calls\ntable=cdr\x85    url: x\nuser=a\x1b]0;b\n"},
    {"cdr_adaptive_odbc": "[a\u2028b: c]\nconnection=x\n"},
    {"asterisk": f"[directories]\nastspooldir=/srv/{EVIL}\nastlogdir=/x/../../etc\n"},
    {"cdr_sqlite3_custom": "[/srv/\x1b[31m.db]\ncolumns=a\n[../../etc/x]\ncolumns=a\n"},
)


@pytest.mark.parametrize("files", HOSTILE)
def test_names_out_of_a_hostile_file_never_shape_the_output(
    tmp_path: Path, files: dict[str, str]
) -> None:
    root = asterisk(tmp_path, **files)
    text = _settings(root, "en")
    loaded = parse(text.encode(), "config.yaml", Settings).value
    assert [s.accept_untried for s in loaded.sources.values()] == [None] * len(loaded.sources)
    shown = text + "".join(as_text(sheet) for sheet in command.sheets(look(root), "en"))
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "DROP" not in shown
