"""What do the reference pages say about each field of each document?

Field tables for docs/reference, made from the models: names, types, defaults and limits come from
the JSON Schemas, meanings from ``support.meanings``. A model's field without a meaning, and a
meaning without a field, is an error. Writes the tables between the marks of the pages::

    PYTHONPATH=tests .venv/bin/python -m support.reference
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pbxretain.evidence.statements import DeletionReport, Plan
from pbxretain.holds import Hold
from pbxretain.manifest import Manifest
from pbxretain.policy.document import PERIOD_FORM, Policy
from pbxretain.settings import Settings
from pbxretain.wording import CATALOGUE
from support.meanings import BY_DOCUMENT, LEAD

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROOTS: Mapping[str, type[BaseModel]] = {
    "settings": Settings,
    "policy": Policy,
    "manifest": Manifest,
    "hold": Hold,
    "report": DeletionReport,
    "plan": Plan,
}
"""Generated block by name, with the model at its top."""

PAGES = {
    "settings": "settings",
    "policy": "policy",
    "manifest": "manifest",
    "hold": "holds",
    "report": "report",
    "plan": "report",
    "codes": "codes",
}
"""On which page of docs/reference a block stands."""

TOPS = {
    "settings": "Top level",
    "policy": "Top level",
    "manifest": "Top level",
    "hold": "Top level",
    "report": "DeletionReport",
    "plan": "Plan",
}

_MARK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,62}$": "name",
    r"^[a-z][a-z0-9-]{0,62}$": "name",
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "name",
    r"^[A-Z][A-Z0-9_]{1,63}$": "code",
    r"^[A-Za-z][A-Za-z0-9-]{0,63}$": "code",
    r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$": "code",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": "UUID",
    r"^[0-9a-f]{32,128}$": "32 hex digits or more",
    r"^sha256:[0-9a-f]{64}$": "`sha256:` and 64 hex digits",
    r"^[0-9a-f]{64}$": "64 hex digits",
    r"^[A-Za-z_][A-Za-z0-9_$.]{0,127}$": "identifier",
    r"^[A-Z_][A-Z0-9_]{0,127}$": "variable name",
    r"^[A-Z]{2}$": "two capital letters",
    r"^\d{4}-\d\d-\d\d$": "date",
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$": "time, UTC",
    r"^(forever|(end-of-year\+)?P\d{1,5}[DWMY])$": (
        "`forever`, a period such as `P90D`, or `end-of-year+P8Y`"
    ),
    r"^[1-9][0-9]* (day|week|month|year)s?$": "period such as `90 days`",
    f"^{PERIOD_FORM}$": "period such as `90 days`",
    f"^(forever|{PERIOD_FORM})$": "`forever` or a period such as `90 days`",
    r"^[1-9][0-9]* (day|week)s?$": "days or weeks, such as `7 days`",
    r"^[a-z0-9][a-z0-9-]{0,30}$": "name",
    r"^([1-9][0-9]?|100)%$": "share such as `20%`",
}
_WORDS = {"integer": "whole number", "boolean": "`true` or `false`", "null": "null"}


def page(text: str) -> str:
    """A page with each generated block made anew."""
    return _MARK.sub(lambda found: f"{found[1]}{block(found[2])}{found[3]}", text)


def block(name: str) -> str:
    """All tables of one document: its top level first, then each part in order of mention."""
    if name == "codes":
        return _codes()
    schema = ROOTS[name].model_json_schema(by_alias=True)
    parts = schema.get("$defs", {})
    shown = [("", schema), *((part, parts[part]) for part in _order(schema, parts))]
    if name == "plan":  # what a plan shares with a report stands there already
        known = ROOTS["report"].model_json_schema(by_alias=True).get("$defs", {})
        shown = [(part, body) for part, body in shown if part not in known]
    return "".join(f"\n{text}" for text in (_part(name, part, body) for part, body in shown)) + "\n"


def _codes() -> str:
    """Every code with its sentences."""
    rows = [
        f"| `{key.removeprefix('code.')}` | {english} | {german} |"
        for key, (german, english) in sorted(CATALOGUE.items())
        if key.startswith("code.")
    ]
    return "\n| Code | Meaning | Bedeutung |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"


def fields(name: str) -> Iterator[tuple[str, str]]:
    """(model, field) of everything that a document may hold."""
    schema = ROOTS[name].model_json_schema(by_alias=True)
    for body in (schema, *schema.get("$defs", {}).values()):
        for field in body.get("properties", {}):
            yield body["title"], field


def _order(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> list[str]:
    found: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str):
                part = reference.rpartition("/")[2]
                if part not in found and "properties" in parts[part]:
                    found.append(part)
                    visit(parts[part])
            for key, value in node.items():
                if key != "$defs":
                    visit(value)
        elif isinstance(node, list):
            for item in node:
                visit(item)

    visit(schema)
    return found


def _part(name: str, part: str, body: Mapping[str, Any]) -> str:
    title = f"### {part or TOPS[name]}"
    meanings = BY_DOCUMENT[name][body["title"]]
    lead = f"\n\n{meanings[LEAD]}" if LEAD in meanings else ""
    required = body.get("required", [])
    rows = [
        f"| `{field}` | {_kind(entry)} | {_default(entry, required=field in required)} "
        f"| {meanings[field]} |"
        for field, entry in body["properties"].items()
    ]
    head = "| Field | Kind | Default | Meaning |\n|---|---|---|---|\n"
    return f"{title}{lead}\n\n{head}{chr(10).join(rows)}\n"


def _default(entry: Mapping[str, Any], *, required: bool) -> str:
    if required:
        return "required"
    default = entry.get("default")
    if default in (None, [], {}, "", ()) or isinstance(default, dict):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return f"`[{', '.join(map(str, default))}]`"
    return f"`{default}`"


def _kind(entry: Mapping[str, Any]) -> str:
    if "$ref" in entry:
        return _link(entry["$ref"])
    for key in ("anyOf", "oneOf"):
        if key in entry:
            kinds = [_kind(item) for item in entry[key] if item.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return "data class" if len(entry["enum"]) > 10 else _either(entry["enum"])
    return _simple(entry)


def _simple(entry: Mapping[str, Any]) -> str:
    kind = entry.get("type")
    if kind == "array":
        return f"list of {_kind(entry.get('items', {'type': 'string'}))}"
    if kind == "object":
        inner = entry.get("additionalProperties")
        if not isinstance(inner, Mapping):
            inner = next(iter(entry.get("patternProperties", {}).values()), {"type": "string"})
        return f"names, each with {_kind(inner)}"
    if kind == "number":
        return "number"
    if isinstance(kind, list) or kind == "string":
        pattern = entry.get("pattern", "").replace(r"\z", "$")
        if "call-detail-records" in pattern or pattern.startswith("^x-"):
            return "data class"
        return _PATTERNS.get(pattern, "date" if entry.get("format") == "date" else "text")
    return _WORDS.get(str(kind), str(kind)) + _bounds(entry)


def _bounds(entry: Mapping[str, Any]) -> str:
    low, high = entry.get("minimum"), entry.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low else ""


def _either(values: list[object]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _link(reference: str) -> str:
    part = reference.rpartition("/")[2]
    return f"[{part}](#{part.lower()})"


def main() -> None:
    """Writes every page's tables anew."""
    for name in sorted(set(PAGES.values())):
        path = DOCS / "reference" / f"{name}.md"
        path.write_text(page(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
