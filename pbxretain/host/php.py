"""What does PHP code assign, as far as that can be read without running it?

``define('A', 'b')``, ``$a['b'] = 'c'`` and ``return ['a' => 'b']`` with plain literals. Whatever
PHP would have to compute (a function's result, text put together, the environment) has no value.
"""

from __future__ import annotations

import re

from pbxretain.host.entries import MAX_DEPTH, SECRET, Reading, Unreadable, unquoted

_TOKEN = re.compile(
    r"(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*|\#[^\n]*)"
    r"|(?P<string>'(?:\\.|[^'\\])*(?:'|\Z)|\"(?:\\.|[^\"\\])*(?:\"|\Z))"
    r"|(?P<variable>\$[A-Za-z_]\w*)|(?P<word>[A-Za-z_\\][\w\\]*)|(?P<number>-?\d[\w.]*)"
    r"|(?P<arrow>=>)|(?P<compare>[=!]==?)|(?P<sign>\S)",
    re.DOTALL,
)
_WORDS = {"true": "true", "false": "false", "null": ""}


def read_php(text: str, path: str, reading: Reading) -> None:
    """Adds what the code assigns. Raises Unreadable for arrays nested without end."""
    begin = text.find("<?")
    if begin >= 0:
        _Php(text[begin + 2 :], path, reading).read()


class _Php:
    """Finds ``define('A', 'b')``, ``$a['b'] = 'c'`` and ``return ['a' => 'b']``; runs nothing."""

    def __init__(self, text: str, path: str, reading: Reading) -> None:
        self._tokens = [
            (found.lastgroup or "", found[0])
            for found in _TOKEN.finditer(text)
            if found.lastgroup != "comment"
        ]
        self._at = 0
        self._path = path
        self._reading = reading

    def read(self) -> None:
        while self._at < len(self._tokens):
            kind, text = self._next()
            if kind == "variable":
                self._assigned(text[1:])
            elif kind == "word" and text.lower() == "return":
                self._value("", "", 0)
            elif kind == "word" and text.lower() == "define" and self._take("("):
                name = _literal(*self._next())
                if name is not None and self._take(","):
                    self._value("", name, 0)

    def _assigned(self, name: str) -> None:
        steps = [name]
        while self._take("["):
            step = _literal(*self._next())
            if step is None or not self._take("]"):
                return
            steps.append(step)
        if self._take("="):
            self._value(".".join(steps[:-1]), steps[-1], 0)

    def _value(self, section: str, name: str, depth: int) -> None:
        """A literal, or an array of them; anything else is left without a value."""
        kind, text = self._next()
        end = "]" if text == "[" else ")" if text.lower() == "array" and self._take("(") else ""
        if end and SECRET.search(name):
            self._reading.add(section, name, "nested", self._path)
            self._skip_to(end)
            self._take(end)
        elif end:
            self._array(f"{section}.{name}".strip("."), end, depth + 1)
        elif name:
            value = _literal(kind, text)
            if not self._ended():
                value = None  # one part of something that is computed
            self._reading.add(section, name, value, self._path)

    def _ended(self) -> bool:
        """Whether a value is over: what follows doesn't compute with it."""
        text = self._peek()
        closing = text == "?" and [t for _, t in self._tokens[self._at + 1 : self._at + 2]] == [">"]
        return closing or text in (";", ",", ")", "]", "")

    def _array(self, section: str, end: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Unreadable
        number = 0
        while self._at < len(self._tokens) and not self._take(end):
            name = str(number)
            if self._at + 1 < len(self._tokens) and self._tokens[self._at + 1][0] == "arrow":
                name = _literal(*self._next()) or name
                self._at += 1
            self._value(section, name, depth)
            self._skip_to(",", end)
            self._take(",")
            number += 1

    def _skip_to(self, *signs: str) -> None:
        """Passes over the rest of something computed, brackets and all."""
        open_ = 0
        while self._at < len(self._tokens):
            text = self._peek()
            if not open_ and text in signs:
                break
            open_ += (text in "([{") - (text in ")]}") if len(text) == 1 else 0
            self._at += 1

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, text: str) -> bool:
        taken = self._peek() == text
        self._at += taken
        return taken


def _literal(kind: str, text: str) -> str | None:
    """The value of a literal; None for what PHP would have to compute."""
    if kind == "string":
        if text[0] == "'":
            return re.sub(r"\\(['\\])", r"\1", unquoted(text))
        return None if re.search(r"(?<!\\)\$", text) else re.sub(r"\\(.)", r"\1", unquoted(text))
    if kind == "number":
        return text
    return _WORDS.get(text.lower()) if kind == "word" else None
