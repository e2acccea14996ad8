"""What did a person write, and in which line?

YAML's own surprises are left out: only ``true`` and ``false`` are booleans and only integers
without a leading zero are numbers, so that extension 0101, ``no``, 12:30:45 and dates stay text.
Duplicate keys, anchors, aliases, tags, merges and directives are refused; size and depth are
limited. Built from parser events, so nothing in a hostile file recurses without bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from pbxretain.errors import DocumentError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24

INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")

Place = tuple[str | int, ...]
"""Where something stands in a document: names and list positions from the top."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it stands (line from 1) and what is wrong, never the value itself."""

    line: int
    path: str
    reason: str


class DocumentMistakes(DocumentError):  # noqa: N818  (it holds several)
    """A document with its mistakes, all of them: one line each, ``file:line: path: reason``."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(
                f"{printable(name)}:{p.line}: {p.path}: {p.reason}"
                if p.path
                else f"{printable(name)}:{p.line}: {p.reason}"
                for p in self.problems
            )
        )


@dataclass(slots=True)
class Tree:
    """What was read: plain values, the line of each place, and what is not allowed.

    ``broken`` are places whose value is no longer what was written, so further complaints about
    them would mislead.
    """

    value: object
    lines: dict[Place, int]
    problems: list[Problem]
    broken: list[Place]

    def at(self, path: Place) -> object:
        """The value at a place; None where there is none."""
        value = self.value
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value


def read(text: bytes, name: str, *, shipped: bool = False) -> Tree:
    """Reads one document. Raises DocumentMistakes where no sense can be made of it at all.

    ``shipped`` documents come with pbxretain and are read by libyaml where it is there.
    """
    if len(text) > MAX_BYTES:
        raise DocumentMistakes(name, [Problem(1, "", f"is larger than {MAX_BYTES // 1024} KiB")])
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise DocumentMistakes(name, [Problem(line, "", "is not UTF-8 text")]) from None
    try:
        return _Builder(_events(decoded, shipped=shipped)).build()
    except _Stop as stop:
        raise DocumentMistakes(name, [stop.problem]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise DocumentMistakes(name, [Problem(line, "", _syntax(error))]) from None
    except yaml.reader.ReaderError as error:
        line = decoded.count("\n", 0, error.position) + 1
        raise DocumentMistakes(name, [Problem(line, "", "holds a control character")]) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        # Some escapes end in a bare ValueError.
        raise DocumentMistakes(name, [Problem(1, "", "is not valid YAML text")]) from None


def _events(text: str, *, shipped: bool) -> Iterator[yaml.Event]:
    # libyaml is twenty times as fast, but differs in odd corners and isn't there everywhere. What
    # a person wrote must mean the same on every host; what ships, a test reads by both.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if shipped else yaml.SafeLoader
    return yaml.parse(text, Loader=loader)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "\\t" in problem or "'\t'" in problem:
        return "is not valid YAML: indent with spaces, never with tabs"
    if "mapping values are not allowed" in problem:
        return "is not valid YAML: a colon where none may stand; put the text in quotes"
    if "could not find expected ':'" in problem:
        return "is not valid YAML: a colon is missing after the name"
    if "undefined alias" in problem:
        return "aliases (*name) are not allowed; write the value out"
    if "duplicate anchor" in problem:
        return "anchors (&name) are not allowed; write the value out"
    return "is not valid YAML: check indentation, quotes and brackets here"


class _Stop(Exception):  # noqa: N818  (control flow, never leaves this module)
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class _Builder:
    """Builds plain values from parser events, notes line numbers, collects what is not allowed."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._lines: dict[Place, int] = {(): 1}
        self._problems: list[Problem] = []
        self._broken: list[Place] = []

    def build(self) -> Tree:
        value: object = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                self._directives(event, documents)
                value = self._node(next(self._events), ())
        if not documents or value is None:
            raise _Stop(Problem(1, "", "is empty"))
        if not isinstance(value, dict):
            raise _Stop(Problem(1, "", "must be a list of names with values (name: value)"))
        return Tree(value, self._lines, self._problems, self._broken)

    def _directives(self, event: yaml.DocumentStartEvent, documents: int) -> None:
        line = _line(event)
        if documents > 1:
            raise _Stop(Problem(line, "", "holds more than one document (---)"))
        if event.version or event.tags:
            raise _Stop(Problem(line, "", "directives (%) are not allowed"))

    def _node(self, event: yaml.Event, path: Place) -> object:
        line = _line(event)
        self._lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(line, path, "aliases (*name) are not allowed; write the value out")
            return None
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._marks(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if len(path) >= MAX_DEPTH:
            raise _Stop(Problem(line, dotted(path), f"is nested deeper than {MAX_DEPTH} levels"))
        return (
            self._sequence(path)
            if isinstance(event, yaml.SequenceStartEvent)
            else self._mapping(path)
        )

    def _marks(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: Place) -> None:
        if event.anchor:
            self._refuse(_line(event), path, "anchors (&name) are not allowed; write the value out")
        if event.tag:
            self._refuse(_line(event), path, "tags (!name) are not allowed")

    def _refuse(self, line: int, path: Place, reason: str) -> None:
        self._problems.append(Problem(line, dotted(path), reason))
        self._broken.append(path)

    def _scalar(self, event: yaml.ScalarEvent, path: Place) -> object:
        text: str = event.value
        if any("\ud800" <= c <= "\udfff" or c == "\0" for c in text):
            self._refuse(_line(event), path, "holds a character that is no text")
            return None
        if event.style:
            return text
        if text in ("true", "false"):
            return text == "true"
        if text in ("", "null", "~"):
            return None
        return int(text) if INTEGER.fullmatch(text) else text

    def _sequence(self, path: Place) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Place) -> dict[str, object]:
        mapping: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _Stop(Problem(line, dotted(path), "a name must be plain text"))
            key = event.value
            here = (*path, key)
            self._marks(event, here)
            if key == "<<":
                self._refuse(line, here, "merging (<<) is not allowed; write the values out")
            if any("\ud800" <= c <= "\udfff" for c in key):
                raise _Stop(Problem(line, dotted(path), "a name must be plain text"))
            twice = key in mapping
            if twice:
                first = self._lines[here]
                self._problems.append(
                    Problem(line, dotted(here), f"stands here twice, first in line {first}")
                )
            else:
                self._lines[here] = line
            # A second value is read for its own mistakes only, away from the first one's lines.
            value = self._node(next(self._events), (*here, "(again)") if twice else here)
            if not twice:
                mapping[key] = value
        return mapping


def dotted(path: Place) -> str:
    """``sources.head-office.roots`` or ``rules[1].keep``, fit for a terminal."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            parts.append(("." if parts else "") + printable(step, limit=64))
    return "".join(parts)


def printable(text: str, *, limit: int = 4096) -> str:
    """The text without control characters and cut to a length, for messages."""
    safe = "".join(c if c.isprintable() else "?" for c in text)
    return safe if len(safe) <= limit else safe[:limit] + "..."
