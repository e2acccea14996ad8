"""What is verify.html made of? Puts the page together out of its parts.

Scripts and style stand by hand under ``pbxretain/evidence/page``; catalogue, schemas and findings
come out of the Python that the page has to agree with. Writes the page, or with ``--check`` says
whether it is up to date::

    PYTHONPATH=tests .venv/bin/python -m support.page
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pbxretain
from pbxretain.errors import SEVERITY
from pbxretain.evidence import proofs, statements
from pbxretain.verify import FINDINGS
from pbxretain.wording import CATALOGUE

EVIDENCE = Path(pbxretain.__file__).parent / "evidence"
PARTS = EVIDENCE / "page"
PAGE = EVIDENCE / "verify.html"

_WORDS = (
    "access.",
    "approved.",
    "basis.",
    "code.",
    "count.",
    "data.",
    "dataset.",
    "facet.",
    "gap.",
    "hold.",
    "key-event.",
    "level.",
    "means.",
    "method.",
    "observation.",
    "page.",
    "period.",
    "report.",
    "review.",
    "role.",
    "shred.",
    "start.",
    "statement.",
    "status.",
    "term.",
    "trigger.",
    "trust.",
    "verify.",
    "key.fingerprint",
    "not-stated",
    "plan.datasets",
    "plan.how-to-check",
    "plan.kind",
    "plan.result.",
    "plan.title",
)
"""Beginnings of the catalogue's keys that the page may need."""

_TELLS_NOTHING = ("title", "description")


def page() -> str:
    """The page as it is committed."""
    script, css = _script(), (PARTS / "page.css").read_text("utf-8")
    csp = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(css)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
    frame = (PARTS / "page.html").read_text("utf-8")
    for name, text in (("csp", csp), ("css", css), ("script", script)):
        frame = frame.replace(f"{{{name}}}", text, 1)
    return frame


def words() -> dict[str, tuple[str, str]]:
    """The part of the catalogue that the page carries."""
    return {key: said for key, said in sorted(CATALOGUE.items()) if key.startswith(_WORDS)}


def scripts() -> list[Path]:
    """The hand-written scripts, in order."""
    return sorted(PARTS.glob("*.js"))


def _script() -> str:
    facts = {
        "CATALOGUE": words(),
        "SCHEMAS": {
            name.removeprefix(statements.BASE): _bare(model.model_json_schema(by_alias=True))
            for name, model in statements.TYPES.items()
        },
        "FINDINGS": {code: int(exit_code) for code, exit_code in FINDINGS.items()},
        "PROOF_TEXT": proofs._TEXT,
        "SEVERITY": [int(exit_code) for exit_code in SEVERITY],
    }
    lines = [f"const {name} = {_entries(value)};" for name, value in facts.items()]
    parts = [path.read_text("utf-8") for path in scripts()]
    return "\n".join(['(() => {\n"use strict";', *lines, *parts, "})();\n"])


def _entries(value: object) -> str:
    """JSON with one entry a line, so that a change shows as one."""
    if not isinstance(value, dict):
        return _json(value)
    lines = [f"{_json(key)}:{_json(item)}" for key, item in value.items()]
    joined = ",\n".join(lines)
    return f"{{\n{joined}\n}}"


def _json(value: object) -> str:
    # "<" could end the script element.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _bare(schema: Any, *, names: bool = False) -> Any:
    """The schema without what only tells people; ``names``: its keys are field names."""
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _bare(item, names=key in ("properties", "$defs", "patternProperties"))
        for key, item in schema.items()
        if names or key not in _TELLS_NOTHING
    }


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
