"""The published test vectors: writes ``tests/vectors/v1`` anew, always the same bytes.

Keys, ids and times are fixed; what is expected of each file stands by hand in ``vector_cases``,
``vector_office`` and ``vector_rules``; the values of ``vector_primitives`` come out of the
package::

    PYTHONPATH=tests .venv/bin/python -m support.vectors
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

from pbxretain.evidence.fields import instant
from support import vector_cases, vector_office, vector_primitives, vector_rules
from support.vector_cases import TRUST, Vector

ROOT = Path(__file__).resolve().parents[1] / "vectors" / "v1"
MANIFEST = "manifest.json"
README = "README.md"
OWN_KEY = "trust/runner.pem"

_FAMILIES = (
    vector_cases.envelopes,
    vector_cases.payloads,
    vector_cases.complaints,
    vector_cases.ledgers,
    vector_office.officers,
    vector_office.rotations,
    vector_office.times,
    vector_office.sealed,
    vector_office.quarter,
    vector_rules.rules,
    vector_rules.continuity,
)


@contextmanager
def fixed_ids(seed: str) -> Iterator[None]:
    """Ids that are the same each time, counted within a family so that others stay as they are."""
    numbers = count()

    def next_id() -> uuid.UUID:
        data = hashlib.sha256(f"{seed} {next(numbers)}".encode()).digest()
        return uuid.UUID(bytes=data[:16], version=4)

    with mock.patch("uuid.uuid4", next_id):
        yield


@cache
def vectors() -> Mapping[str, Vector]:
    """Every vector for ``verify`` by its name."""
    found: dict[str, Vector] = {}
    for family in _FAMILIES:
        with fixed_ids(family.__name__):
            for name, vector in family():
                assert name not in found, name
                found[name] = vector
    return found


def trust_file(name: str) -> str:
    """Where a thing to trust lies."""
    data = TRUST[name]()
    return f"trust/{name}.{'dsse.json' if data[:1] == b'{' else 'pem'}"


def files() -> dict[str, bytes]:
    """Every generated file by its path below ROOT."""
    with fixed_ids("trust"):
        made = {trust_file(name): make() for name, make in TRUST.items()}
    cases = []
    for name, vector in vectors().items():
        made |= {f"verify/{name}/{path}": data for path, data in vector.files.items()}
        if vector.seen is not None:
            made[f"seen/{name}.checkpoint"] = vector.seen
        cases.append(_case(name, vector))
    manifest = {
        "format": "pbxretain-vectors/v1",
        "verify": cases,
        "primitives": vector_primitives.all_(),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=False)
    return made | {MANIFEST: text.encode() + b"\n"}


def _case(name: str, vector: Vector) -> dict[str, Any]:
    place = f"verify/{name}"
    case: dict[str, Any] = {
        "name": name,
        "about": vector.about,
        "input": place if vector.whole else [f"{place}/{path}" for path in vector.files],
        "now": instant(vector.now),
        "trust": [trust_file(each) for each in vector.trust],
    }
    if vector.own:
        case["own"] = OWN_KEY
    if vector.seen is not None:
        case["seen"] = [f"seen/{name}.checkpoint"]
    findings = sorted(vector.codes.split())
    case["expect"] = {"exit": vector.exit, "findings": findings, "level": vector.level}
    return case


def write(root: Path = ROOT) -> None:
    """Writes all files, and removes what no longer belongs; the README is written by hand."""
    for path in sorted(root.glob("*")):
        if path.name != README:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, data in files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    write()
