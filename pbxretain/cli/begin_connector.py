"""How is a new connector begun? A few questions, each answer checked as it comes.

A wrong answer is asked again; where an option gave it, it is refused in one sentence. Nothing is
ever overwritten, and of a database only the names and types of its columns are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from pbxretain import connector as shelves
from pbxretain.cli import papers
from pbxretain.cli.face import Face
from pbxretain.cli.sketch import FILES, Sketch, manifest_text, readme_text
from pbxretain.documents import DATA_CLASSES
from pbxretain.errors import DocumentError, RefusedError, UnavailableError
from pbxretain.forms import TEXT_FORMS
from pbxretain.manifest import TreeDataset
from pbxretain.messages import Lang, text
from pbxretain.posix import write_synced
from pbxretain.secret import resolve_secret
from pbxretain.settings import SecretRef
from pbxretain.sheet import Items, Paragraph, Sheet
from pbxretain.strictyaml import printable

if TYPE_CHECKING:
    from pbxretain.stores.guessing import Guess

NONE = "-"
"""The answer that says: there is no such thing."""

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_$.]{0,127}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CLASS = re.compile(r"x-[a-z0-9][a-z0-9-]{0,58}")
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,10}")
_DIALECTS = {"mysql": "mysql", "mariadb": "mysql", "postgresql": "postgresql",
             "postgres": "postgresql", "sqlite": "sqlite"}  # fmt: skip
_LONGEST = 80


class BadAnswerError(ValueError):
    """An answer that won't do: the key of its sentence and what the sentence names."""

    def __init__(self, key: str, **params: str) -> None:
        super().__init__(key)
        self.key, self.params = key, params


@dataclass(slots=True)
class Given:
    """What was answered so far, by question, and what a database proposes."""

    answers: dict[str, str] = field(default_factory=dict)
    tables: Mapping[str, Guess] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.answers.get(name, "")

    def many(self, name: str) -> list[str]:
        return [part for part in self[name].split(",") if part]

    @property
    def guess(self) -> Guess | None:
        return self.tables.get(self["table"])

    def guessed(self, name: str) -> str:
        """What the database proposes for a question; nothing without one."""
        found = getattr(self.guess, name.replace("-", "_"), "") if self.guess else ""
        return found if isinstance(found, str) else ",".join(found)

    def role(self, column: str, among: Sequence[str]) -> str:
        """The question that has this column as its answer already, or nothing."""
        return next((name for name in among if column in self.many(name)), "")


Check = Callable[[str, Given], str]


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``default`` is None where an answer is needed; ``asked`` says when."""

    name: str
    check: Check
    default: Callable[[Given], str | None] = lambda _: ""
    asked: Callable[[Given], bool] = lambda _: True


# --- what will do as an answer ----------------------------------------------------------------


def _title(answer: str, _: Given) -> str:
    if not answer or len(answer) > _LONGEST or not answer.isprintable():
        raise BadAnswerError("title")
    return answer


def _data(answer: str, _: Given) -> str:
    if answer not in DATA_CLASSES and not _CLASS.fullmatch(answer):
        raise BadAnswerError("data", known=", ".join(DATA_CLASSES))
    return answer


def _databases(answer: str, _: Given) -> str:
    found = [_DIALECTS.get(part.lower(), "") for part in _parts(answer)]
    if not all(found):
        raise BadAnswerError("database")
    return ",".join(dict.fromkeys(found))


def _table(answer: str, given: Given) -> str:
    if not _COLUMN.fullmatch(answer):
        raise BadAnswerError("identifier", name=printable(answer, limit=_LONGEST))
    if given.tables and answer not in given.tables:
        raise BadAnswerError("table", name=answer, known=", ".join(given.tables))
    return answer


def _column(answer: str, given: Given) -> str:
    if not _COLUMN.fullmatch(answer):
        raise BadAnswerError("identifier", name=printable(answer, limit=_LONGEST))
    if given.guess and answer not in given.guess.columns:
        raise BadAnswerError("column", name=answer, known=", ".join(given.guess.columns))
    return answer


def _alone(*others: str) -> Check:
    """A column with a meaning of its own: none of those that the other questions named."""

    def check(answer: str, given: Given) -> str:
        if answer and (other := given.role(_column(answer, given), others)):
            raise BadAnswerError("twice", name=answer, other=f"--{other}")
        return answer

    return check


def _columns(answer: str, given: Given) -> str:
    return ",".join(dict.fromkeys(_column(part, given) for part in _parts(answer)))


def _some_columns(answer: str, given: Given) -> str:
    if not (found := _columns(answer, given)):
        raise BadAnswerError("empty")
    return found


def _start(answer: str, given: Given) -> str:
    return _alone("key", "call-id")(_column(answer, given), given)


def _others(answer: str, given: Given) -> str:
    found = _columns(answer, given)
    for column in found.split(","):
        if other := given.role(column, ("start", "end")):
            raise BadAnswerError("twice", name=column, other=f"--{other}")
    return found


def _one_of(*known: str) -> Check:
    def check(answer: str, _: Given) -> str:
        if answer not in known:
            raise BadAnswerError("choice", known=", ".join(known))
        return answer

    return check


def _zone(answer: str, _: Given) -> str:
    if answer in ("source", "utc"):
        return answer
    try:
        ZoneInfo(answer)
    except (ValueError, OSError, LookupError):
        raise BadAnswerError("zone") from None
    if "/" not in answer:
        raise BadAnswerError("zone")
    return answer


def _done(answer: str, given: Given) -> str:
    column, equals, values = answer.partition("=")
    if answer and not (equals and _parts(values) and values.isprintable()):
        raise BadAnswerError("done")
    if answer:
        roles = ("key", "call-id", "start", "end", "caller", "called", "personal")
        _alone(*roles)(column.strip(), given)
    return f"{column.strip()}={','.join(_parts(values))}" if answer else ""


def _folder(answer: str, given: Given) -> str:
    if not answer and not given["table"]:
        raise BadAnswerError("nothing")
    if answer and (not PurePosixPath(answer).is_absolute() or not answer.isprintable()):
        raise BadAnswerError("folder")
    return answer


def _extensions(answer: str, _: Given) -> str:
    found = [part.removeprefix(".") for part in _parts(answer)]
    if not found or not all(_EXTENSION.fullmatch(part) for part in found):
        raise BadAnswerError("extensions")
    return ",".join(dict.fromkeys(found))


def _pattern(answer: str, _: Given) -> str:
    from pbxretain.stores.dating import Dater

    if answer:
        role = "path" if "/" in answer else "name"
        tree = {"data": "call-recordings", "title": FILES, "kind": "tree", "root": FILES,
                "extensions": ["wav"], "dated_by": [{role: answer}]}  # fmt: skip
        try:
            Dater(TreeDataset.model_validate(tree), ZoneInfo("UTC"))
        except DocumentError as error:
            raise BadAnswerError("pattern", why=str(error)) from None
        except ValueError:
            raise BadAnswerError("pattern", why="200 characters at most") from None
    return answer


def _parts(answer: str) -> list[str]:
    return [part.strip() for part in answer.split(",") if part.strip()]


# --- the questions ----------------------------------------------------------------------------


def _has_table(given: Given) -> bool:
    return bool(given["database"])


def _has_files(given: Given) -> bool:
    return bool(given["recordings"])


def _guessed(name: str) -> Callable[[Given], str]:
    return lambda given: given.guessed(name)


def _needed(name: str) -> Callable[[Given], str | None]:
    return lambda given: given.guessed(name) or None


_MEANT = ("key", "call-id", "start", "end", "caller", "called", "personal")
QUESTIONS: Sequence[Question] = (
    Question("title", _title, lambda _: None),
    Question("database", _databases, lambda given: "sqlite"),
    Question("table", _table, lambda given: next(iter(given.tables), None), _has_table),
    Question("data", _data, lambda given: given.guessed("data")
             or ("call-detail-records" if given["table"] else "call-recordings")),
    Question("key", _some_columns, _needed("key"), _has_table),
    Question("call-id", _columns, _guessed("call-id"), _has_table),
    Question("start", _start, _needed("start"), _has_table),
    Question("kind", _one_of("datetime", "epoch", "text"),
             lambda given: given.guessed("kind") or "datetime", _has_table),
    Question("form", _one_of(*TEXT_FORMS), lambda _: next(iter(TEXT_FORMS)),
             lambda given: given["kind"] == "text"),
    Question("zone", _zone, lambda _: "source", lambda given: given["kind"] != "epoch"),
    Question("end", _alone("key", "call-id", "start"), _guessed("end"), _has_table),
    Question("caller", _alone("start", "end"), _guessed("caller"), _has_table),
    Question("called", _alone("start", "end", "caller"), _guessed("called"), _has_table),
    Question("personal", _others, _guessed("personal"), _has_table),
    Question("done", _done, asked=_has_table),
    Question("recordings", _folder, lambda given: "" if given["table"] else None),
    Question("extensions", _extensions, lambda _: "wav", _has_files),
    Question("pattern", _pattern, asked=_has_files),
    Question("link", lambda answer, given: _alone("key", "call-id", *_MEANT)(answer, given),
             _guessed("link"), lambda given: _has_table(given) and _has_files(given)),
)  # fmt: skip
"""In the order in which they are asked; later ones may look at what earlier ones said."""


def ask(face: Face, question: Question, given: Given, *, option: str | None, yes: bool) -> str:
    """The answer to one question: as the option gives it, else as the person does, else the
    default. Raises UsageError where that won't do and nobody can be asked."""
    default = question.default(given)
    while True:
        answer = option if option is not None else default
        if option is None and not yes:
            prompt = face.text(f"new.ask.{question.name}")
            answer = click.prompt(prompt, default=default, show_default=bool(default), err=True)
        if answer is None:
            raise click.UsageError(face.text("new.missing", option=f"--{question.name}"))
        try:
            return question.check("" if answer.strip() == NONE else answer.strip(), given)
        except BadAnswerError as bad:
            sentence = face.text(f"new.bad.{bad.key}", **bad.params)
            if option is not None or yes:
                raise click.UsageError(f"--{question.name}: {sentence}") from None
            face.note(sentence)


# --- the command ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written."""

    name: str
    folder: Path
    digest: str
    others: Sequence[str]

    @property
    def manifest(self) -> Path:
        return self.folder / "connector.yaml"

    def data(self) -> dict[str, object]:
        """As JSON."""
        written = [str(self.manifest), str(self.folder / "README.md")]
        return {"connector": self.name, "digest": self.digest, "written": written,
                "other_tables": list(self.others)}  # fmt: skip

    def sheet(self, lang: Lang) -> Sheet:
        """In words, with the next command."""
        shown = printable(str(self.manifest))
        blocks: list[Paragraph | Items] = [
            Paragraph(text("new.written", lang, path=shown), "result")
        ]
        if self.others:
            blocks += [Paragraph(text("new.others", lang)), Items(tuple(self.others))]
        blocks.append(Paragraph(text("new.next", lang)))
        blocks.append(Paragraph(f"pbxretain connector test {shown}", "command"))
        return Sheet(lang, tuple(blocks))


def new(
    face: Face,
    name: str,
    *,
    out: Path | None,
    options: Mapping[str, str | None],
    url: str | None,
    secret: Mapping[str, str | None],
    yes: bool,
) -> Begun:
    """Asks, and writes ``connector.yaml`` and ``README.md`` into a folder. ``url`` is a database
    whose tables are proposed, ``secret`` says where its password is.

    Raises UsageError, RefusedError where one of the files is there, UnavailableError.
    """
    if not _NAME.fullmatch(name):
        raise click.UsageError(face.text("new.bad.name"))
    if any(item.name == name for item in papers.connectors(face)):
        raise click.UsageError(face.text("new.bad.taken", name=name))
    folder = (out or Path(name)).absolute()
    for path in (folder / "connector.yaml", folder / "README.md"):
        if path.exists():
            raise RefusedError(
                f"{printable(str(path))} is there already and is never overwritten",
                code="FILE_EXISTS",
            )
    given = Given(tables=_looked_up(url, **secret) if url else {})
    known = _DIALECTS.get(re.split(r"[+:]", url or "")[0])
    if not yes:
        face.note(face.text("new.hint"))
    for question in QUESTIONS:
        option = options.get(question.name)
        if question.name == "database" and known:
            option = option or known
        if question.asked(given):
            given.answers[question.name] = ask(face, question, given, option=option, yes=yes)
        elif option is not None:
            raise click.UsageError(face.text("new.unused", option=f"--{question.name}"))
    sketch = _sketch(name, given)
    manifest = manifest_text(sketch, face.lang)
    product = shelves.parse(manifest.encode(), "connector.yaml", "file")
    _write(folder, {"connector.yaml": manifest, "README.md": readme_text(sketch, face.lang)})
    return Begun(name, folder, product.digest, sketch.others)


def _sketch(name: str, given: Given) -> Sketch:
    column, _, values = given["done"].partition("=")
    below = {child.table for child in given.guess.children} if given.guess else set()
    return Sketch(
        name=name,
        title=given["title"],
        data=given["data"],
        databases=given.many("database"),
        table=given["table"],
        key=given.many("key"),
        call_id=given.many("call-id"),
        start=given["start"],
        kind=given["kind"] or "datetime",
        form=given["form"],
        zone=given["zone"] or "source",
        end=given["end"],
        done=(column, values.split(",")) if column else None,
        caller=given["caller"],
        called=given["called"],
        personal=given.many("personal"),
        children=given.guess.children if given.guess else (),
        folder=given["recordings"],
        extensions=given.many("extensions"),
        pattern=given["pattern"],
        link=given["link"],
        others=[g.table for g in given.tables.values()
                if g.likely and g.table != given["table"] and g.table not in below],
    )  # fmt: skip


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in texts.items():
            write_synced(folder / name, content.encode(), 0o644, replace=False)
    except FileExistsError:
        raise RefusedError(
            f"{printable(str(folder))} holds these files already", code="FILE_EXISTS"
        ) from None
    except OSError:
        raise UnavailableError(f"{printable(str(folder))} can't be written to") from None


def _looked_up(
    url: str, *, password_file: str | None, password_env: str | None
) -> dict[str, Guess]:
    """The tables of a database by name, the likeliest first. Raises DocumentError for an address
    with a password in it, UnavailableError."""
    from pbxretain.stores.database import connect
    from pbxretain.stores.guessing import guesses

    if re.match(r"[a-z+]+://[^/@]*:[^/@]*@", url):
        raise DocumentError(
            "the address holds a password", hint="--password-file FILE or --password-env NAME"
        )
    password = None
    if password_file or password_env:
        file = str(Path(password_file).absolute()) if password_file else None
        password = resolve_secret(SecretRef(file=file, env=None if file else password_env)).reveal()
    return {guess.table: guess for guess in guesses(connect(url, password))}
