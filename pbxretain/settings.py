"""Which sources does this installation work on, and where do its secrets stand?

Settings belong to the admin. They name the sources, never a period: that is the policy's. A
password is never written here, only where it is to be had; ``secret`` fetches it.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from pbxretain.documents import Document, Loaded, Text, load
from pbxretain.errors import RefusedError
from pbxretain.period import Period
from pbxretain.strictyaml import printable

OPTIONS = {
    "mysql": ("unix_socket", "ssl_ca"),
    "mariadb": ("unix_socket", "ssl_ca"),
    "postgresql": ("host", "sslmode", "sslrootcert"),
    "sqlite": (),
}
"""The schemes an address may have, and the options that may stand behind its question mark."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_NO_ZONES = ("localtime", "posixrules", "Factory", "leapseconds", "tzdata.zi")


# --- checked field types ----------------------------------------------------------------------


def _zone(value: str) -> str:
    if not _ZONE.fullmatch(value) or value in _NO_ZONES:
        raise ValueError("must be a time zone such as Europe/Berlin")
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a known time zone; write one such as Europe/Berlin") from None
    return value


def is_zone(name: str) -> bool:
    """Whether settings take this as a time zone."""
    try:
        return bool(_zone(name))
    except ValueError:
        return False


def _absolute(value: str) -> str:
    if not value.startswith("/") or "\0" in value or ".." in Path(value).parts:
        raise ValueError("must be an absolute path without ..")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        query = parse_qsl(parts.query, strict_parsing=bool(parts.query))
        secret = parts.password is not None
        _ = parts.port
    except ValueError:
        raise ValueError("is not a database address such as mysql://user@host/database") from None
    if parts.scheme not in OPTIONS:
        raise ValueError(f"must begin with one of {', '.join(s + '://' for s in OPTIONS)}")
    if secret or any("pass" in key.lower() or key.lower() == "pwd" for key, _ in query):
        raise ValueError("must not hold a password; name it under password: instead")
    allowed = OPTIONS[parts.scheme]
    if parts.fragment or any(key not in allowed for key, _ in query):
        raise ValueError(f"may only carry these options: {', '.join(allowed) or 'none'}")
    return _sqlite(value) if parts.scheme == "sqlite" else _server(value)


def _sqlite(value: str) -> str:
    path = value.removeprefix("sqlite://")
    if not path.startswith("//") or len(path) < 3 or "?" in path:
        raise ValueError("must name an absolute path, as in sqlite:////var/log/asterisk/master.db")
    return value


def _api_url(value: str) -> str:
    """Without TLS only to this very machine."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address such as https://pbx.example.com") from None
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise ValueError("must begin with https:// (http:// only for localhost)")
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must name host, port and path only; user and secret stand beside it")
    return value


def _server(value: str) -> str:
    parts = urlsplit(value)
    if not parts.path.strip("/") or "/" in parts.path[1:]:
        raise ValueError("must name the database, as in mysql://user@host/database")
    if not parts.username:
        raise ValueError("must name the user, as in mysql://user@host/database")
    return value


Name = Annotated[str, StringConstraints(pattern=rf"^{_NAME.pattern}$")]
Zone = Annotated[str, AfterValidator(_zone)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Url = Annotated[str, AfterValidator(_url)]
ApiUrl = Annotated[str, AfterValidator(_api_url)]
CredentialName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$.]{0,127}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]{0,127}$")]


Approval = Literal["stated", "signed"]


# --- the document -----------------------------------------------------------------------------


class SecretRef(Document):
    """Where a secret is to be had: exactly one of the three."""

    credential: CredentialName | None = None
    env: EnvName | None = None
    file: AbsolutePath | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.credential, self.env, self.file)) != 1:
            raise ValueError("name exactly one of credential, env, file")
        return self


class KeyRef(Document):
    """Where a key or its passphrase is to be had: exactly one of the three. Never the environment,
    which every program of the same user can read."""

    credential: CredentialName | None = None
    file: AbsolutePath | None = None
    descriptor: int | None = Field(default=None, ge=3, le=1023)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.credential, self.file, self.descriptor)) != 1:
            raise ValueError("name exactly one of credential, file, descriptor")
        return self


class SigningKey(Document):
    """Where the unattended key is to be had that signs reports, when not from the state folder."""

    credential: CredentialName | None = None
    file: AbsolutePath | None = None
    descriptor: int | None = Field(default=None, ge=3, le=1023)
    passphrase: KeyRef | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = sum(x is not None for x in (self.credential, self.file, self.descriptor))
        if given > 1:
            raise ValueError("name at most one of credential, file, descriptor")
        if not given and self.passphrase is None:
            raise ValueError("name where the key is to be had, its passphrase, or both")
        return self

    @property
    def outside(self) -> KeyRef | None:
        """Where the key lies outside the state folder; None when it lies there."""
        places = self.model_dump(include={"credential", "file", "descriptor"}, exclude_none=True)
        return KeyRef(**places) if places else None


class Asterisk(Document):
    """What a voicemail spool depends on: Asterisk's version and its configuration folder."""

    version: Text | None = None
    config: AbsolutePath = "/etc/asterisk"


class Ami(Document):
    """Asterisk's manager interface: tells who listens just now, refreshes message lamps."""

    host: Text = "127.0.0.1"
    port: int = Field(default=5038, ge=1, le=65535)
    user: Text
    secret: SecretRef


class Api(Document):
    """The product's own interface, for connectors with datasets of kind ``api``."""

    url: ApiUrl
    user: Text | None = None
    secret: SecretRef | None = None
    ca: AbsolutePath | None = None
    """A file with the certificates to trust, where the system's don't do."""
    timeout: int = Field(default=60, ge=1, le=3600)
    """Seconds that one answer may take."""


class Command(Document):
    """The program of a connector with datasets of kind ``command``."""

    interpreter: list[Text] = []
    """Instead of the manifest's: a program and its arguments, never a shell line."""
    product: AbsolutePath | None = None
    """The folder in which the product is installed."""
    timeout: int = Field(default=60, ge=1, le=3600)
    """Seconds without a line of an answer, after which the program is ended."""


class Source(Document):
    """One PBX at one site: the unit of evidence."""

    connector: Name
    url: Url | None = None
    password: SecretRef | None = None
    timezone: Zone
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    roots: dict[Name, AbsolutePath] = {}
    policy: Name
    approval: Approval | None = None
    """As for the whole installation, for this source only."""
    consulted: bool | None = None
    tables: dict[Name, TableName] = {}
    uncovered_tables: list[TableName] = []
    """Tables that look like copies of call data and stay; every report names that they do."""
    accept_untried: Digest | None = None
    asterisk: Asterisk | None = None
    ami: Ami | None = None
    api: Api | None = None
    command: Command | None = None
    processing_activity: Text | None = None
    """Reference into the record of processing activities (Art. 30 GDPR)."""
    dpia_ref: Text | None = None
    """Reference of the data protection impact assessment (Art. 35 GDPR)."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this source's days begin; the host's is never used."""
        return ZoneInfo(self.timezone)


def _grace(value: object) -> object:
    if isinstance(value, str):
        Period.parse(value)
    return value


Grace = Annotated[str, AfterValidator(_grace)]


class HoldRules(Document):
    """How a hold ends."""

    grace: Grace = "30 days"
    """How long its records stay after its release."""
    release: Literal["one-person", "two-person"] = "one-person"
    """``two-person``: somebody else agrees, with a key of the roster."""


class Settings(Document):
    """``config.yaml``."""

    language: Literal["de", "en"] = "en"
    evidence: Literal["auto", "counts", "sealed"] = "auto"
    approval: Approval = "stated"
    """``signed``: the controller's key has to have signed a policy's very bytes."""
    consulted: bool = False
    """With ``approval: signed``: the data protection officer's key too."""
    state: AbsolutePath | None = None
    signing_key: SigningKey | None = None
    policies: AbsolutePath | None = None
    connectors: AbsolutePath | None = None
    holds: AbsolutePath | None = None
    """The folder with the holds; without it ``holds.d`` beside the settings."""
    hold: HoldRules = HoldRules.model_construct()
    sources: dict[Name, Source] = Field(min_length=1)

    @model_validator(mode="after")
    def _consulted_on_what(self) -> Self:
        for name, source in self.sources.items():
            if self.consulted_for(source) and self.approval_for(source) != "signed":
                raise ValueError(f"source {name}: consulted needs approval: signed")
        return self

    def approval_for(self, source: Source) -> Approval:
        """What a source demands of its policy."""
        return source.approval or self.approval

    def consulted_for(self, source: Source) -> bool:
        """Whether the officer has to have signed a source's policy."""
        return self.consulted if source.consulted is None else source.consulted


def load_settings(path: Path) -> Loaded[Settings]:
    """Reads settings.

    Raises DocumentError for mistakes, RefusedError when others than owner and group may write it.
    """
    refuse_writable(path)
    return load(path, Settings)


def refuse_writable(path: Path) -> None:
    """Refuses a document that any user of the host could change: it decides what is deleted."""
    if os.name != "posix":
        return
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # load() says what is wrong with it
    if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
        raise RefusedError(
            f"{printable(str(path))} may be written by every user of this machine",
            hint=f"chmod o-w {printable(str(path))}",
            code="WRITABLE_BY_OTHERS",
        )
