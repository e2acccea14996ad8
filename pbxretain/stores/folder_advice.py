"""What should an administrator know of a folder before files in it are deleted?"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from pbxretain.posix import user
from pbxretain.records import Advice

LEFT = {
    "FOREIGN_LEFTOVER": "files that another installation set aside",
    "NAMELESS_LEFTOVER": "files that a run set aside and whose name is lost",
    "UNKNOWN_FILES": "files not named like those of this dataset, which stay",
    "SYMLINKS": "symbolic links, which are not followed",
}
"""What stays in a root for ever unless a person acts."""


def left_alone(dataset: str, found: Mapping[str, int]) -> list[Advice]:
    """One warning for each code of ``LEFT`` that was found."""
    return [
        Advice(code, f"{dataset}: {text}: {found[code]}.")
        for code, text in LEFT.items()
        if found.get(code)
    ]


def no_right(code: str, text: str, root: bytes, *, below: bool) -> Advice:
    """An error, with the command that gives the right to who runs this; ``below``: on all that
    lies below the root, now and later."""
    who = shlex.quote(user())
    where = shlex.quote(os.fsdecode(root))
    rights = f"-R -m u:{who}:rwX -m d:u:{who}:rwX" if below else f"-m u:{who}:rwX"
    return Advice(code, text, f"setfacl {rights} {where}", "error")
