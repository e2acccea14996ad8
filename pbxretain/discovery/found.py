"""What can be found on a host? The facts, before anybody puts them into words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pbxretain.clues import Purge
from pbxretain.host.logins import Login
from pbxretain.host.tree import Holding

Kind = Literal["table", "database", "files", "remote", "unknown"]


@dataclass(frozen=True, slots=True)
class Where:
    """A file (the host's own path), section and name, as they may be shown."""

    path: str
    section: str = ""
    key: str = ""

    def __str__(self) -> str:
        return " ".join(
            p for p in (self.path, f"[{self.section}]", self.key) if p not in ("", "[]")
        )


@dataclass(frozen=True, slots=True)
class LoginAt:
    """A login of the product: for what, as whom, and where its secret stands."""

    use: str
    user: str
    where: Where


@dataclass(frozen=True, slots=True)
class Place:
    """One place with call data."""

    name: str
    data: str
    kind: Kind
    on: bool = True
    """False: the product's settings name it, but the product doesn't use it now."""
    login: Login | None = None
    table: str = ""
    whole: bool = False
    """Without a table: the database that holds all the connector's tables."""
    path: str = ""
    """Files: folder and pattern, as the host names them. SQLite: the file."""
    holding: Holding = "there"
    wheres: tuple[Where, ...] = ()
    logins: tuple[LoginAt, ...] = ()
    peer: str = ""
    datasets: tuple[str, ...] = ()
    """Datasets of the connector that manage it."""
    why: str = ""
    """Why nothing manages it, as a code."""

    @property
    def identity(self) -> tuple[object, ...]:
        """Two clues that lead here mean one place."""
        login = self.login.place if self.login else ("", "", "", self.name)
        return (login, self.table, self.path, self.kind == "remote")


@dataclass(frozen=True, slots=True)
class FolderAt:
    """A folder of the product."""

    name: str
    path: str
    holding: Holding
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class PurgeAt:
    """A setting by which the product itself forgets.

    ``where`` is None where nothing is set; ``value`` is empty where it isn't plainly a number or
    a yes or no.
    """

    purge: Purge
    value: str = ""
    where: Where | None = None


@dataclass(slots=True)
class Notes:
    """What was passed over, each once: code and path."""

    found: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, code: str, path: str) -> None:
        self.found[code, path] = None
