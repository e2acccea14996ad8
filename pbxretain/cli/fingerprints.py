"""Is this the fingerprint that somebody read out? Nothing is trusted before."""

from __future__ import annotations

import sys

import click

from pbxretain.cli.face import Face
from pbxretain.errors import RefusedError
from pbxretain.signing import fingerprint

_LEAST = 32
"""Digits that must be given: 128 bits."""


def compare(face: Face, keyid: str, given: str | None) -> None:
    """Goes on only when the fingerprint is the one that came by another way (``given``, or asked
    on the terminal); RefusedError NOT_COMPARED, UsageError where nobody can be asked."""
    if given is None:
        if not sys.stdin.isatty():
            raise click.UsageError("Without a terminal, give what was read to you: --fingerprint.")
        face.note(f"\n    {fingerprint(keyid)}\n")
        same = face.confirm(face.text("key.compared"))
    else:
        plain = "".join(given.lower().replace(":", " ").split())
        same = len(plain) >= _LEAST and keyid.startswith(plain)
    if not same:
        raise RefusedError(
            "the fingerprint is not the one that the file shows",
            hint="ask again by telephone, and for the file anew; nothing was written",
            code="NOT_COMPARED",
        )
