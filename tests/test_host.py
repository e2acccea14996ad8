"""Reading a product's own settings as text: right where it can be, silent where it can't."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbxretain.host import formats
from pbxretain.host.entries import Unreadable
from pbxretain.host.logins import Login, parse_login

FORMS = (*formats.FORMATS,)


def entries(text: str, form: str) -> list[tuple[str, str, str | None]]:
    return [(e.section, e.name, e.value) for e in formats.read(text, form, "/x").entries]


def value(text: str, form: str, section: str, name: str) -> str | None:
    found = [v for s, n, v in entries(text, form) if (s, n) == (section, name)]
    return found[-1] if found else "absent"


# --- formats ----------------------------------------------------------------------------------


def test_asterisks_files_with_comments_templates_and_both_kinds_of_arrows() -> None:
    text = (
        "loose=1\n[base](!)\nhost=x ; said\nport => 1\n;-- [lost]\na=b\n--; [real](base,+)\n"
        "port=2\nname=a\\;b\n;--- no block\n[other](none)\nsame => extension => 5\n"
    )
    assert entries(text, "asterisk-conf") == [
        ("", "loose", "1"),
        ("real", "host", "x"),
        ("real", "port", "1"),
        ("real", "port", "2"),
        ("real", "name", "a\\;b"),
        ("other", "same", "extension => 5"),
    ]


def test_ini_and_shell_files() -> None:
    ini = "; a=1\n# b=2\n[ One ]\n  Key = 'v=1' \n[two]\nempty=\nnothing\n"
    assert entries(ini, "ini") == [("One", "Key", "v=1"), ("two", "empty", "")]
    shell = "export A=\"x y\"\n#B=1\nC=$(id)\nD=`id`\nE='1'\ndatabase.0.name = calls\n"
    assert entries(shell, "key-value") == [
        ("", "A", "x y"),
        ("", "C", None),
        ("", "D", None),
        ("", "E", "1"),
        ("", "database.0.name", "calls"),
    ]


def test_php_in_all_its_ways_of_writing_a_literal() -> None:
    text = r"""html <?php
    # $a = 'comment'; // $b = 'x'; /* $c = 'y'; */
    define('HOST', 'db\'s'); define("PORT", 3306); const X = 1;
    $conf["a"]['b'] = "c\"d"; $n = -5; $yes = TRUE; $empty = '';
    $list = array('x' => array('y' => 'z', 'w' => time(), 'v' => ['u' => 't']), 'plain');
    $computed = 'a' . $n; $env = getenv('HOME'); $inside = "a$n"; $tern = 'a' ? 'b' : 'c';
    if ($n == 'no') { $n = '6'; }
    $conf[$n] = 'lost';
    ?>"""
    found = dict.fromkeys(entries(text, "php"))
    assert list(found) == [
        ("", "HOST", "db's"),
        ("", "PORT", "3306"),
        ("conf.a", "b", 'c"d'),
        ("", "n", "-5"),
        ("", "yes", "true"),
        ("", "empty", ""),
        ("list.x", "y", "z"),
        ("list.x", "w", None),
        ("list.x.v", "u", "t"),
        ("list", "1", "plain"),
        ("", "computed", None),
        ("", "env", None),
        ("", "inside", None),
        ("", "tern", None),
        ("", "n", "6"),
    ]
    assert entries("$a = 'b'; no php here", "php") == []


def test_sip_configurations_with_conditions_definitions_and_several_modules() -> None:
    text = (
        "#!define WITH_DB\n#!define URL 'mysql://a@h/d'\n#!substdef \"!TABLE!acc2!g\"\n"
        '#!ifdef WITH_DB\nmodparam("acc|cdr", "db_url", URL)\n#!ifdef NO\n'
        'modparam("acc", "no", 1)\n#!else\nmodparam("acc", "flag", 1)\n#!endif\n#!else\n'
        'modparam("acc", "never", "x")\n#!endif\ndb_default_url="mysql://b@h/e" // end\n'
        'modparam("acc", "extra", OTHER)\n'
    )
    assert value(text, "sip-config", "acc", "db_url") == "mysql://a@h/d"
    assert value(text, "sip-config", "cdr", "db_url") == "mysql://a@h/d"
    assert value(text, "sip-config", "acc", "flag") == "1"
    assert value(text, "sip-config", "acc", "no") == "absent"
    assert value(text, "sip-config", "acc", "never") == "absent"
    assert value(text, "sip-config", "", "db_default_url") == "mysql://b@h/e"
    assert value(text, "sip-config", "", "TABLE") == "acc2"
    assert value(text, "sip-config", "acc", "extra") is None


def test_yaml_and_json_by_their_way_down() -> None:
    for form, text in (
        ("yaml", "a: {b: [1, {c: x}]}\nyes: true\nport: 0101\n"),
        ("json", '{"a": {"b": [1, {"c": "x"}]}, "yes": true, "port": "0101"}'),
    ):
        assert entries(text, form) == [
            ("a.b", "0", "1"),
            ("a.b.1", "c", "x"),
            ("", "yes", "true"),
            ("", "port", "0101"),
        ]
    assert entries("# comments only\n---\n\n", "yaml") == []


SECRETS = {
    "ini": "[a]\npassword = hidden\nDBPass=hidden\nsecret=hidden\nconfPass=hidden\n",
    "asterisk-conf": "[a]\nsecret => hidden\nauthpassword=hidden\n",
    "key-value": "AMPDBPASS=hidden\nDBRWPW=hidden\nMYSQL_PWD=hidden\napi_key=hidden\n",
    "php": "<?php $x['AMPMGRPASS']='hidden'; return ['password' => ['value' => 'hidden']];",
    "xml-param": '<a><param name="password" value="hidden"/><p name="cred" value="hidden"/></a>',
    "yaml": "password: hidden\ntoken: hidden\nsecrets: {a: hidden}\n",
    "json": '{"password": "hidden", "credentials": {"a": ["hidden"]}}',
    "sip-config": '#!define DBPASSWORD "hidden"\nmodparam("a", "password", "hidden")\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_known_to_be_set_and_never_kept(form: str) -> None:
    reading = formats.read(SECRETS[form], form, "/x")
    assert [entry.kind for entry in reading.entries] == ["secret"] * len(reading.entries)
    assert len(reading.entries) > 1
    assert all(entry.value is None for entry in reading.entries)
    assert "hidden" not in repr([(e.name, e.value) for e in reading.entries])


PIECES = (
    *"[](){}<>=:;#!'\"\\/*$?,.\n ab|&%-@",
    "<?php",
    "=>",
    "array(",
    "<!--",
    "return ",
    "#!ifdef",
)
TEXT = st.lists(st.sampled_from(PIECES), max_size=120).map("".join)


@given(TEXT, st.sampled_from(FORMS))
@example("[[[", "php")
@example("<?php $a=[[[[", "php")
@example("#!else\n#!endif\n#!endif\n#!ifdef\n", "sip-config")
@settings(max_examples=400, deadline=None)
def test_no_text_breaks_a_reader(text: str, form: str) -> None:
    try:
        reading = formats.read(text, form, "/x")
    except Unreadable:
        return
    assert all(entry.path == "/x" for entry in reading.entries)


LARGE = 1024 * 1024
HEAVY = {
    "php": [
        "<?php " + "/*" * (LARGE // 2),
        "<?php " + "$a['" * (LARGE // 4),
        "<?php $a=" + "[" * LARGE,
    ],
    "sip-config": ["/*" * (LARGE // 2), '"' * LARGE, "#!ifdef A\n" * (LARGE // 10)],
    "asterisk-conf": [
        ";--\n" * (LARGE // 4),
        "[a]\nk=v\n" + "[a](a,a)\n" * 50,
        "a;" * (LARGE // 2),
    ],
    "xml-param": ["<a>" * (LARGE // 3), '<a name="b">' * 50_000],
    "json": ["[" * LARGE, '{"a":' * (LARGE // 5)],
    "yaml": ["- " * (128 * 1024), "[" * (256 * 1024)],
    "ini": ["[" * LARGE, "a=b\n" * (LARGE // 4)],
    "key-value": ["=" * LARGE],
}


@pytest.mark.parametrize("form", FORMS)
def test_no_text_of_the_largest_size_keeps_a_reader_busy(form: str) -> None:
    for text in HEAVY[form]:
        began = time.monotonic()
        with suppress(Unreadable):
            formats.read("<?php " * (form == "php") + text, form, "/x")
        assert time.monotonic() - began < 15


# --- connection texts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "login"),
    [
        (
            "postgresql://asterisk:x@localhost/asterisk?application_name=a",
            Login("postgresql", "localhost", database="asterisk", user="asterisk", secret=True),
        ),
        (
            "mariadb://u:p@h.example:3307/d",
            Login("mysql", "h.example", "3307", database="d", user="u", secret=True),
        ),
        (
            "host=/run/postgresql dbname=cdr user=fs password='a b'",
            Login("", socket="/run/postgresql", database="cdr", user="fs", secret=True),
        ),
        (
            "pgsql://hostaddr=10.0.0.1 dbname=cdr",
            Login("postgresql", "10.0.0.1", database="cdr"),
        ),
        (
            "Driver={MySQL ODBC};Server=db;Database=cdr;Uid=u;Pwd=p;",
            Login("mysql", "db", database="cdr", user="u", secret=True),
        ),
        ("cdr-dsn:u:p:q", Login(user="u", dsn="cdr-dsn", secret=True)),
        ("odbc://cdr-dsn:u:p", Login(user="u", dsn="cdr-dsn", secret=True)),
        ("sqlite:////var/db/x.db", Login("sqlite", database="/var/db/x.db")),
        ("mysql://u:p/w@h/d", None),
        ("mysql://u:12?w@h/d", None),
        ("mysql://u:p#w@h/d", None),
        ("mysql://u:p@h:port/d", None),
        ("mysql://u:p@h/a/b", None),
        ("sqlite:////var/../etc/shadow", None),
        ("no words at all", None),
        ("", None),
    ],
)
def test_a_connection_text_is_taken_apart_or_means_nothing(text: str, login: Login | None) -> None:
    assert parse_login(text) == login


PASSWORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)


@given(PASSWORD, PASSWORD, st.sampled_from(["url", "libpq", "odbc", "dsn", "quoted"]))
@example("1?", "@", "url")
@example("12/", "@h/", "url")
@settings(max_examples=600, deadline=None)
def test_no_part_of_a_password_comes_out_as_something_else(
    before: str, after: str, kind: str
) -> None:
    password = f"{before}Zq7{after}"
    texts = {
        "url": f"mysql://user:{password}@host/base",
        "libpq": f"dbname=base host=host user=user password={password}",
        "quoted": f"dbname=base user=user password='{password}'",
        "odbc": f"Server=host;Database=base;Uid=user;Pwd={password}",
        "dsn": f"name:user:{password}",
    }
    login = parse_login(texts[kind])
    assert "Zq7" not in repr(login)
