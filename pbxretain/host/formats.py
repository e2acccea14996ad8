"""What do a product's own settings say, read as text?

One reader for each way in which PBX products write their settings down. Nothing is executed,
expanded or looked up: what isn't a plain literal is left without a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from xml.parsers import expat

from pbxretain import strictyaml
from pbxretain.host.entries import (
    MAX_DEPTH,
    SECRET,
    Include,
    Reading,
    Unreadable,
    included,
    unquoted,
)
from pbxretain.host.php import read_php
from pbxretain.host.sip import read_sip


def read(text: str, form: str, path: str, include: Include = lambda name: iter(())) -> Reading:
    """What a text says. Raises Unreadable where it isn't what ``form`` says."""
    reading = Reading()
    if form in ("asterisk-conf", "sip-config"):
        _READERS_OF_MANY[form](text, path, reading, include)
    else:
        _READERS[form](text, path, reading)
    return reading


# --- sections with keys -----------------------------------------------------------------------

_HEADER = re.compile(r"\[([^\]]*)\]\s*(?:\(([^)]*)\))?")


def _ini(text: str, path: str, reading: Reading) -> None:
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith(("#", ";")):
            continue
        if found := _HEADER.match(line):
            section = found[1].strip()
        elif "=" in line:
            name, _, value = line.partition("=")
            reading.add(section, name.strip(), unquoted(value.strip()), path)


def _key_value(text: str, path: str, reading: Reading) -> None:
    for raw in text.splitlines():
        line = raw.strip().removeprefix("export ")
        if "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            value = unquoted(value.strip())
            reading.add("", name.strip(), None if "$(" in value or "`" in value else value, path)


# --- Asterisk ---------------------------------------------------------------------------------

_MAX_INHERITED = 10_000
_INCLUDE = re.compile(r'#(?:try)?include\s+[<"]?([^>"]+?)[>"]?\s*$', re.IGNORECASE)


def _asterisk(text: str, path: str, reading: Reading, include: Include) -> None:
    section, template = "", False
    templates: dict[str, list[tuple[str, str]]] = {}
    lines = included(text, path, reading, include=include, pattern=_INCLUDE, split=_bare)
    for where, line in lines:
        if line.lower().startswith("#exec"):
            reading.note("NOT_EXECUTED", where)
        elif found := _HEADER.match(line):
            section = found[1].strip()
            options = [option.strip() for option in (found[2] or "").split(",")]
            template = "!" in options
            own = templates.setdefault(section, [])
            inherited = [pair for option in options for pair in templates.get(option, [])]
            if len(own) + len(inherited) > _MAX_INHERITED:
                raise Unreadable  # templates that take from each other grow without end
            for name, value in inherited:
                own.append((name, value))
                if not template:
                    reading.add(section, name, value, where)
        elif "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            name, value = name.strip(), value.removeprefix(">").strip()
            templates.setdefault(section, []).append((name, value))
            if not template:
                reading.add(section, name, value, where)


def _bare(text: str) -> list[str]:
    """Lines without ``;`` comments and ``;-- blocks --;``."""
    lines, block = [], False
    for raw in text.splitlines():
        line = raw
        if block:
            _, ended, line = line.partition("--;")
            block = not ended
        if not block and re.match(r"\s*;--(?!-)", line):
            block = "--;" not in line
            line = line.partition("--;")[2]
        if not block and (line := re.sub(r"(?<!\\);.*$", "", line).strip()):
            lines.append(line)
    return lines


# --- YAML and JSON ----------------------------------------------------------------------------


def _yaml(text: str, path: str, reading: Reading) -> None:
    if not re.search(r"^\s*[^#\s]", text.replace("---", ""), re.MULTILINE):
        return  # comments only, as in the samples of packages
    try:
        tree = strictyaml.read(text.encode(), path)
    except strictyaml.DocumentMistakes:
        raise Unreadable from None
    _flatten(tree.value, "", path, reading)


def _json(text: str, path: str, reading: Reading) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable from None
    _flatten(value, "", path, reading)


def _flatten(value: object, section: str, path: str, reading: Reading, depth: int = 0) -> None:
    """Nested values as entries; the section is the way to them, joined by dots."""
    if depth > MAX_DEPTH:
        raise Unreadable
    pairs: Sequence[tuple[str, object]] = ()
    if isinstance(value, Mapping):
        pairs = [(str(name), item) for name, item in value.items()]
    elif isinstance(value, list):
        pairs = [(str(number), item) for number, item in enumerate(value)]
    for name, item in pairs:
        if isinstance(item, Mapping | list) and SECRET.search(name):
            reading.add(section, name, "nested" if item else "", path)
        elif isinstance(item, Mapping | list):
            _flatten(item, f"{section}.{name}".lstrip("."), path, reading, depth + 1)
        elif isinstance(item, bool):
            reading.add(section, name, "true" if item else "false", path)
        elif item is not None:
            reading.add(section, name, str(item), path)


# --- XML --------------------------------------------------------------------------------------


def _xml(text: str, path: str, reading: Reading) -> None:
    """Elements with ``name`` and ``value``; without a value the name opens a section.

    Other elements open one by their tag, but not inside a section that has a name (the root's
    doesn't count). A document type is refused before it can declare anything: entities are how
    XML explodes.
    """
    parser = expat.ParserCreate("utf-8")
    sections = [("", False)]

    def start(tag: str, given: dict[str, str]) -> None:
        section, named = sections[-1]
        opened = (section, True) if named and len(sections) > 2 else (tag, False)
        if tag.upper() == "X-PRE-PROCESS":
            _preprocess(given, path, reading)
        elif "module" in given:
            reading.add(section, tag, given["module"], path)
        elif "name" in given and "value" in given:
            reading.add(section, given["name"], given["value"], path)
        elif "name" in given:
            reading.add(section, tag, given["name"], path)
            opened = (given["name"], True)
        sections.append(opened)

    def refuse(*_: object) -> None:
        raise Unreadable

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: sections.pop()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        raise Unreadable from None


def _preprocess(given: Mapping[str, str], path: str, reading: Reading) -> None:
    command = given.get("cmd", "")
    if command == "set":
        name, _, value = given.get("data", "").partition("=")
        reading.add("", name.strip(), value.strip(), path)
    elif command.startswith("exec"):
        reading.note("NOT_EXECUTED", path)


_READERS: Mapping[str, Callable[[str, str, Reading], None]] = {
    "ini": _ini,
    "key-value": _key_value,
    "php": read_php,
    "xml-param": _xml,
    "yaml": _yaml,
    "json": _json,
}
_READERS_OF_MANY: Mapping[str, Callable[[str, str, Reading, Include], None]] = {
    "asterisk-conf": _asterisk,
    "sip-config": read_sip,
}
FORMATS = (*_READERS, *_READERS_OF_MANY)
"""The ways of writing that can be read."""
