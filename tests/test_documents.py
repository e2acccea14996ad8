"""Strict YAML: what is written is what is read, and every mistake of a file is told at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

from pbxretain.documents import Day, Document, Number, Text, dump, load, mistakes, parse, scalar
from pbxretain.errors import DocumentError, Exit
from pbxretain.schemas import DOCUMENTS, schema_text
from pbxretain.strictyaml import MAX_BYTES, MAX_DEPTH, DocumentMistakes, read

ROOT = Path(__file__).parent.parent


class Dog(Document):
    kind: Literal["dog"]
    bark: bool


class Cat(Document):
    kind: Literal["cat"]
    lives: int


class Row(Document):
    kind: Literal["row"]
    row: str
    keys: list[str]


class Sample(Document):
    name: str
    text: Text | None = None
    count: int = 0
    on: Day | None = None
    ratio: Number | None = None
    items: tuple[int, ...] = ()
    pet: Annotated[Dog | Cat, Field(discriminator="kind")] | None = None
    either: Dog | Literal["none"] | None = None
    many: dict[str, Dog] = {}
    shaped: Annotated[Dog | Row, Field(discriminator="kind")] | None = None


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """As root: becomes nobody for a while, because root may read every file."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def outcome(data: bytes) -> str:
    """What becomes of a document: nothing to say, or the text of a DocumentError."""
    try:
        parse(data, "f.yaml", Sample)
    except DocumentError as error:
        return str(error)
    return ""


def told(text: str | bytes) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(DocumentMistakes) as caught:
        parse(data, "f.yaml", Sample)
    assert caught.value.exit_code is Exit.USAGE
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("0101", "0101"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("12:30:45", "12:30:45"),
        ("2026-11-23", "2026-11-23"),
        ("0x1f", "0x1f"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("1.5", "1.5"),
        (".inf", ".inf"),
        ("+1", "+1"),
        ("-0", "-0"),
        ("00", "00"),
        ("12345678901234567890", "12345678901234567890"),
        ('"800"', "800"),
        ("'true'", "true"),
        ("800", 800),
        ("-3", -3),
        ("0", 0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ('""', ""),
    ],
)
def test_only_true_false_and_plain_integers_are_more_than_text(
    written: str, read_as: object
) -> None:
    assert read(f"a: {written}\n".encode(), "f").value == {"a": read_as}


def test_a_document_carries_the_digest_of_its_bytes(tmp_path: Path) -> None:
    text = "name: übung\r\n# bemerkung\r\n".encode()
    (tmp_path / "f.yaml").write_bytes(text)
    loaded = load(tmp_path / "f.yaml", Sample)
    assert loaded.value == Sample(name="übung")
    assert loaded.digest == "sha256:" + hashlib.sha256(text).hexdigest()
    assert loaded.path == tmp_path / "f.yaml"


def test_all_mistakes_of_a_file_are_told_at_once_with_their_lines() -> None:
    assert told(
        """\
name: [1]
count: "7"
on: 2026-02-30
ratio: much
items:
  - 1
  - two
pet: {kind: dog}
many:
  rex: {kind: dog, bark: 1}
  tom: {kind: cat, bark: true}
colour: red
count: 8
"""
    ) == [
        "f.yaml:1: name: must be text; put it in quotes",
        "f.yaml:2: count: must be a whole number",
        "f.yaml:3: on: is not a day of the calendar",
        "f.yaml:4: ratio: must be a number",
        "f.yaml:7: items[1]: must be a whole number",
        "f.yaml:8: pet.bark: is missing",
        "f.yaml:10: many.rex.bark: must be true or false",
        "f.yaml:11: many.tom.kind: must be dog",
        "f.yaml:12: colour: is not a known field",
        "f.yaml:13: count: stands here twice, first in line 2",
    ]


def test_of_alternatives_only_the_evident_one_is_explained() -> None:
    assert told("name: a\neither: {kind: dog}") == ["f.yaml:2: either.bark: is missing"]
    assert told("name: a\neither: some") == [
        "f.yaml:2: either: must hold names with values (name: value) or none"
    ]
    assert told("name: a\npet: {kind: bird}") == ["f.yaml:2: pet: must be one of dog, cat"]


def test_a_kind_with_the_name_of_a_field_confuses_no_place() -> None:
    head = "name: a\nshaped:\n  kind: row\n"
    assert told(head + "  row: x\n  keys: [1, 2]\n") == [
        "f.yaml:5: shaped.keys[0]: must be text; put it in quotes",
        "f.yaml:5: shaped.keys[1]: must be text; put it in quotes",
    ]
    assert told(head + "  row: x") == ["f.yaml:2: shaped.keys: is missing"]
    assert told(head + "  row: x\n  keys: []\n  colour: red") == [
        "f.yaml:6: shaped.colour: is not a known field"
    ]
    assert told(head + "  row: 1\n  keys: []") == [
        "f.yaml:4: shaped.row: must be text; put it in quotes"
    ]
    assert told(head + "  keys: []") == ["f.yaml:2: shaped.row: is missing"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("name: &a x", "f.yaml:1: name: anchors (&name) are not allowed; write the value out"),
        ("name: a\ntext: *x", "f.yaml:2: text: aliases (*name) are not allowed"),
        ("name: !!str x", "f.yaml:1: name: tags (!name) are not allowed"),
        ("name: !x x", "f.yaml:1: name: tags (!name) are not allowed"),
        ("&k name: x", "f.yaml:1: name: anchors (&name) are not allowed"),
        ("name: a\n<<: {count: 1}", "f.yaml:2: <<: merging (<<) is not allowed"),
        ("name: a\n[1]: b", "f.yaml:2: a name must be plain text"),
        ("%YAML 1.1\n---\nname: a", "f.yaml:1: directives (%) are not allowed"),
        ("name: a\n---\nname: b", "f.yaml:2: holds more than one document (---)"),
        ("name: a\n\tcount: 1", "f.yaml:2: is not valid YAML: indent with spaces"),
        ("name: a: b", "f.yaml:1: is not valid YAML: a colon where none may stand"),
        ("name: a\ncount\n", "f.yaml:3: is not valid YAML: a colon is missing after the name"),
        ("name: [1", "f.yaml:1: is not valid YAML"),
        ('name: "\\ud800"', "f.yaml:1: name: holds a character that is no text"),
        ('name: "\\Uffffffff"', "f.yaml:1: is not valid YAML text"),
        ("name: a\ntext: \x07", "f.yaml:2: holds a control character"),
        ("", "f.yaml:1: is empty"),
        ("# nothing", "f.yaml:1: is empty"),
        ("- 1", "f.yaml:1: must be a list of names with values"),
        ("text", "f.yaml:1: must be a list of names with values"),
        ("name: a\ntext: ''", "f.yaml:2: text: must not be empty"),
        ('name: a\ntext: "a\\nb"', "f.yaml:2: text: must be one line of printable text"),
    ],
)
def test_what_yaml_allows_and_people_trip_over_is_refused(text: str, mistake: str) -> None:
    assert told(text)[0].startswith(mistake)


def test_other_encodings_are_refused() -> None:
    assert told("name: a\ntext: ü".encode("latin-1")) == ["f.yaml:2: is not UTF-8 text"]
    assert told("name: a".encode("utf-16")) == ["f.yaml:1: is not UTF-8 text"]


def test_size_and_depth_have_limits() -> None:
    assert "larger than" in told("#" * (MAX_BYTES + 1))[0]
    assert f"deeper than {MAX_DEPTH}" in told("name: " + "[" * 5000)[0]
    assert (
        f"deeper than {MAX_DEPTH}" in told("a:\n" + "".join(f"{' ' * n}-\n" for n in range(99)))[0]
    )
    assert read(("# " + "x" * (MAX_BYTES - 10) + "\na: 1").encode(), "f").value == {"a": 1}


def test_no_message_repeats_a_value() -> None:
    text = "name: {kanarie: 1}\ncount: kanarie\non: kanarie\npet: kanarie\neither: {kind: kanarie}"
    assert "kanarie" not in "\n".join(told(text)).replace("name.kanarie", "")


def test_control_characters_of_a_name_never_reach_the_terminal() -> None:
    assert all(line.isprintable() for line in told('"\\e[31mred": 1\nname: a'))


@pytest.mark.parametrize("what", ["missing", "folder", "unreadable", "fifo", "nul"])
def test_a_file_that_cannot_be_read_is_a_document_error(tmp_path: Path, what: str) -> None:
    path = tmp_path / "f.yaml"
    if what == "folder":
        path.mkdir()
    elif what == "unreadable":
        path.symlink_to(path)
    elif what == "fifo":
        path = Path("/dev/null")
    elif what == "nul":
        path = tmp_path / "a\0b"
    with pytest.raises(DocumentError) as caught:
        load(path, Sample)
    assert caught.value.exit_code is Exit.USAGE


def test_a_file_that_this_user_may_not_read_says_so() -> None:
    with tempfile.TemporaryDirectory() as folder, unprivileged(Path(folder)):
        path = Path(folder) / "f.yaml"
        path.write_text("name: a")
        assert load(path, Sample).value.name == "a"
        path.chmod(0)
        with pytest.raises(DocumentError, match="may not be read"):
            load(path, Sample)


def test_a_model_can_name_several_places_itself() -> None:
    from pydantic import model_validator

    class Pair(Document):
        one: int
        two: int

        @model_validator(mode="after")
        def _check(self) -> Pair:
            raise mistakes([(("one",), "is odd"), (("two",), "is even")])

    class Outer(Document):
        pairs: list[Pair]

    with pytest.raises(DocumentMistakes) as caught:
        parse(b"pairs:\n  - one: 1\n    two: 2\n", "f", Outer)
    assert str(caught.value).splitlines() == [
        "f:2: pairs[0].one: is odd",
        "f:3: pairs[0].two: is even",
    ]


def test_dates_and_numbers_are_read_where_a_model_asks_for_them() -> None:
    value = parse(b"name: a\non: 2024-02-29\nratio: 2.5\ntext: 800\n", "f", Sample).value
    assert (value.on, value.ratio, value.text) == (date(2024, 2, 29), 2.5, "800")
    assert parse(b"name: a\nratio: 2", "f", Sample).value.ratio == 2.0


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
    | st.sampled_from(["0101", "no", "true", "2026-01-01", "12:30", "1.5", "", "~", "- a", "a: b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc-", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcxyz", min_size=1, max_size=8), values, min_size=1, max_size=4))
def test_what_dump_writes_reads_back_as_the_same(value: dict[str, object]) -> None:
    tree = read(dump(value, header="a comment\nof two lines").encode(), "f")
    assert (tree.value, tree.problems) == (value, [])


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
@example("no")
@example("a\nb\x85\u2028\U000e0001")
@example("Betriebsvereinbarung: 7, §3 {a}")
@example("0101")
def test_a_scalar_reads_back_as_the_same_text(text: str) -> None:
    assert read(f"a: {scalar(text)} # comment".encode(), "f").value == {"a": text}


@given(st.binary(max_size=200))
@example(b"%YAML 1." + b"9" * 5000 + b"\n---\na: 1")
@example(b"a: !<" + b"%ff" * 20 + b"> b")
@example(b"? ? ? a")
@example(b"\xef\xbb\xbfname: a")
@example(b"name: a\xe2\x80\xa8count: 1")
def test_any_bytes_are_a_document_or_a_document_error(data: bytes) -> None:
    assert outcome(data).replace("\n", "").isprintable()


@given(st.text("ab:[]{}-,&*!|>'\"%@`#? \n\t0.1\\xu<", max_size=60))
def test_any_punctuation_is_a_document_or_a_document_error(text: str) -> None:
    for data in (text.encode(), b"name: a\ntext: " + text.encode()):
        assert all(line.startswith("f.yaml:") for line in outcome(data).splitlines())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_json_schemas_are_current(name: str) -> None:
    committed = ROOT / "docs" / "reference" / "schema" / f"{name}.json"
    assert committed.read_text("utf-8") == schema_text(name), "run: make schema"


@pytest.mark.parametrize("path", sorted((ROOT / "connectors").glob("*/connector.yaml")), ids=str)
def test_every_shipped_connector_is_a_sound_document(path: Path) -> None:
    loaded = load(path, DOCUMENTS["manifest"])
    assert getattr(loaded.value, "connector") == path.parent.name  # noqa: B009


@pytest.mark.parametrize("path", sorted((ROOT / "connectors").glob("*/connector.yaml")), ids=str)
def test_what_ships_means_the_same_with_libyaml_and_without(path: Path) -> None:
    text = path.read_bytes()
    assert read(text, path.name, shipped=True) == read(text, path.name)
