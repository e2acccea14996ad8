"""What may stand in each document, told to editors?

Writes JSON Schemas out of the models; the copies under ``docs/reference/schema`` are kept
current by a test.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pbxretain.documents import Document, json_schema
from pbxretain.errors import DocumentError
from pbxretain.holds import Hold
from pbxretain.manifest import Manifest
from pbxretain.policy.document import Policy
from pbxretain.settings import Settings
from pbxretain.strictyaml import printable

DOCUMENTS: dict[str, type[Document]] = {
    "settings": Settings,
    "policy": Policy,
    "manifest": Manifest,
    "hold": Hold,
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document. Raises DocumentError for an unknown name."""
    model = DOCUMENTS.get(name)
    if model is None:
        raise DocumentError(
            f"There is no document {printable(name, limit=64)}",
            hint=f"known: {', '.join(DOCUMENTS)}",
        )
    return json_schema(model, title=f"pbxretain {name}")


def schema_text(name: str) -> str:
    """The schema as the text that is committed under docs."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Writes all schemas into a folder (``make schema``)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        (folder / f"{name}.json").write_text(schema_text(name), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
