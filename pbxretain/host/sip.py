"""What does the configuration of a SIP proxy (Kamailio, OpenSIPS) set?

``modparam``, ``loadmodule``, definitions and plain assignments; ``#!ifdef`` is followed, routing
logic is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pbxretain.host.entries import Include, Line, Reading, included, unquoted

_INCLUDE = re.compile(r'(?:include_file|import_file)\s+"([^"]+)"')
_TOKEN = re.compile(
    r"(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*|\#[^\n]*)"
    r'|(?P<string>"(?:\\.|[^"\\])*(?:"|\Z)|\'(?:\\.|[^\'\\])*(?:\'|\Z))'
    r"|(?P<word>[A-Za-z_][\w.]*)|(?P<number>-?\d+)|(?P<sign>\S)",
    re.DOTALL,
)


def read_sip(text: str, path: str, reading: Reading, include: Include) -> None:
    """Adds module parameters (section: the module), definitions, and global settings."""
    defines: dict[str, str] = {}
    lines = included(text, path, reading, include=include, pattern=_INCLUDE)
    by_path: dict[str, list[str]] = {}
    for where, line in _conditional(lines, defines):
        by_path.setdefault(where, []).append(line)
    for name, value in defines.items():
        reading.add("", name, value, path)
    for where, kept in by_path.items():
        _statements("\n".join(kept), where, defines, reading)


def _conditional(lines: Iterator[tuple[str, str]], defines: dict[str, str]) -> Iterator[Line]:
    """Lines that are in force: ``#!ifdef`` and its kin looked at, definitions collected."""
    shown = [True]
    for where, raw in lines:
        line = raw.strip()
        if not line.startswith(("#!", "!!")):
            if shown[-1]:
                yield where, raw
            continue
        word, _, rest = line[2:].strip().partition(" ")
        name, _, value = rest.strip().partition(" ")
        if word in ("ifdef", "ifndef"):
            shown.append(shown[-1] and (name in defines) == (word == "ifdef"))
        elif word == "ifexp":
            shown.append(shown[-1])
        elif word == "else" and len(shown) > 1:
            shown[-1] = shown[-2] and not shown[-1]
        elif word == "endif" and len(shown) > 1:
            shown.pop()
        elif shown[-1]:
            _define(word, name, value.strip(), rest.strip(), defines)


def _define(word: str, name: str, value: str, rest: str, defines: dict[str, str]) -> None:
    if word in ("define", "redefine") or (word in ("trydef", "trydefine") and name not in defines):
        defines[name] = unquoted(value)
    elif word in ("substdef", "substdefs"):
        text = unquoted(rest)
        parts = text.split(text[:1]) if text else []
        if len(parts) >= 3:
            defines[parts[1]] = parts[2]


def _statements(text: str, path: str, defines: Mapping[str, str], reading: Reading) -> None:
    tokens = [
        (found.lastgroup or "", found[0])
        for found in _TOKEN.finditer(text)
        if found.lastgroup != "comment"
    ]
    for n, (kind, word) in enumerate(tokens):
        after = tokens[n + 1 : n + 8]
        if kind != "word" or not after:
            continue
        if word == "loadmodule":
            reading.add("", word, _value(after[0], defines), path)
        elif word in ("modparam", "modparamx") and len(after) > 5 and after[0][1] == "(":
            modules, key = _value(after[1], defines), _value(after[3], defines)
            for module in (modules or "").split("|"):
                reading.add(module.strip(), key or "", _value(after[5], defines), path)
        elif after[0][1] == "=" and len(after) > 1 and after[1][0] in ("string", "number"):
            reading.add("", word, _value(after[1], defines), path)


def _value(token: tuple[str, str], defines: Mapping[str, str]) -> str | None:
    kind, text = token
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", unquoted(text))
    return defines.get(text) if kind == "word" else text if kind == "number" else None
