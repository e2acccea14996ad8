"""How is a secret fetched from where settings say it is to be had, and kept out of every output?"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pbxretain.errors import DocumentError, RefusedError
from pbxretain.places import from_environment

if TYPE_CHECKING:
    from pbxretain.settings import KeyRef, SecretRef


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret whose printed forms are stars; ``reveal`` gives the text."""

    _text: str

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "********"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "********"


def resolve_secret(ref: SecretRef | KeyRef, *, environ: Mapping[str, str] = os.environ) -> Secret:
    """Fetches a secret; one newline at its end is dropped.

    Raises DocumentError when it isn't there, RefusedError when every user may read its file.
    """
    from pbxretain.settings import KeyRef  # who hands a reference over has read settings

    if isinstance(ref, KeyRef):
        if ref.descriptor is not None:
            return secret_from_descriptor(ref.descriptor)
    elif ref.env is not None:
        if ref.env not in environ:
            raise DocumentError(f"The environment variable {ref.env} is not set", code="SECRET")
        return _secret(environ[ref.env])
    if ref.credential is not None:
        return _from_file(_credential(ref.credential, environ), what="The credential")
    if isinstance(ref, KeyRef):
        return passphrase_from_file(Path(ref.file or ""))
    return _from_file(Path(ref.file or ""), what="The password file")


def passphrase_from_file(path: Path) -> Secret:
    """What a file holds that only its owner may read; errors as in ``resolve_secret``."""
    return _from_file(path, what="The passphrase file", exposed=0o077)


@cache
def secret_from_descriptor(number: int) -> Secret:
    """What an open descriptor gives until its end. It is read once and kept, for the sources that
    follow. DocumentError when nothing is open there."""
    try:
        with os.fdopen(number, "rb") as file:
            data = file.read(64 * 1024)
        return _secret(data.decode("utf-8"))
    except (OSError, ValueError):
        raise DocumentError(
            f"Nothing can be read from descriptor {number}", hint=f"{number}< FILE", code="SECRET"
        ) from None


def _credential(name: str, environ: Mapping[str, str]) -> Path:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise DocumentError(
            f"The credential {name} is only there when systemd starts pbxretain",
            hint=f"LoadCredential={name}:/path in the unit, or use file: instead",
            code="SECRET",
        )
    return from_environment(folder, "CREDENTIALS_DIRECTORY") / name


def _from_file(path: Path, *, what: str, exposed: int = stat.S_IROTH | stat.S_IWOTH) -> Secret:
    from pbxretain.strictyaml import printable  # with all of YAML, and only files are named

    shown = printable(str(path))
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & exposed:
                group = exposed & stat.S_IRWXG
                whom = "others than its owner" if group else "every user of this machine"
                raise RefusedError(
                    f"{what} {shown} may be read by {whom}",
                    hint=f"chmod {'go=' if group else 'o-rw'} {shown}",
                    code="SECRET_READABLE",
                )
            data = file.read(64 * 1024)
    except (OSError, ValueError):
        raise DocumentError(f"{what} {shown} can't be read", code="SECRET") from None
    try:
        return _secret(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise DocumentError(f"{what} {shown} is not UTF-8 text", code="SECRET") from None


def _secret(text: str) -> Secret:
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise DocumentError("The password is empty", code="SECRET")
    return Secret(text)
