"""Which database do a product's settings lead to, from section to section?

``cdr_adaptive_odbc.conf`` names a connection, ``res_odbc.conf`` a data source, ``odbc.ini`` the
server: what is found first counts, and of a password only where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from pbxretain.clues import HostText, Keys, Role, Through
from pbxretain.discovery.found import LoginAt
from pbxretain.discovery.texts import Texts
from pbxretain.host.entries import Entry
from pbxretain.host.logins import PLAIN, engine_of, parse_login

_ROLES = get_args(Role)
_LONGEST = 4
"""Sections that are followed; a manifest's texts may lead in a circle."""


class Trail:
    """Follows one copy's keys from section to section until all is known of its database."""

    def __init__(self, texts: Texts, known: Mapping[str, HostText]) -> None:
        self._texts = texts
        self._known = known
        self._steps = 0
        self.roles: dict[str, str] = {}
        self.logins: list[LoginAt] = []

    def take_parts(self, entry: Entry, through: Through | None) -> None:
        """``engine,section,table`` in one value."""
        parts = [part.strip() for part in (entry.value or "").split(",")] + ["", "", ""]
        self._set("engine", parts[0])
        self._set("table", parts[2])
        if through and parts[1]:
            text = self._known[through.text]
            self.follow(through.text, parts[1], keys=text.keys, through=text.through)
            self._set("database", parts[1] if "engine" in self.roles else "")

    def follow(self, text: str, section: str, *, keys: Keys, through: Through | None) -> None:
        """Takes what this section says and goes on where it leads."""
        self._steps += 1
        if self._steps > _LONGEST:
            return
        for role in _ROLES:
            for key in getattr(keys, role):
                entry = self._texts.find(text, section, key)
                if entry and entry.value:
                    self._set(role, entry.value)
                elif entry:
                    self._texts.not_plain(entry)
        dsn = self._address(text, section, keys)
        for key in keys.password:
            if entry := self._texts.find(text, section, key):
                self._found(entry)
                break
        if through:
            entry = self._texts.find(text, section, through.key)
            other = dsn or (entry.value if entry and entry.value else "")
            if other:
                known = self._known[through.text]
                self.follow(through.text, other, keys=known.keys, through=known.through)

    def _address(self, text: str, section: str, keys: Keys) -> str:
        """Takes the first connection text; returns the data source that it names."""
        for key in keys.address:
            entry = self._texts.find(text, section, key)
            if entry is None:
                continue
            login = parse_login(entry.value) if entry.value else None
            if login is None:
                (self._texts.not_clear if entry.value else self._texts.not_plain)(entry)
                return ""
            for role in ("engine", "host", "port", "socket", "database", "user"):
                self._set(role, getattr(login, role))
            if login.secret:
                self._found(entry)
            return login.dsn
        return ""

    def _set(self, role: str, value: str) -> None:
        if value and (role != "engine" or engine_of(value)):
            self.roles.setdefault(role, value)

    def _found(self, entry: Entry) -> None:
        user = self.roles.get("user", "")
        user = user if PLAIN.fullmatch(user) else ""
        self.logins.append(LoginAt("database", user, self._texts.where(entry)))
