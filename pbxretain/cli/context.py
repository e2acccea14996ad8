"""Which documents, folders and keys does this invocation work with?

What reads settings, runs, plans and opens sources is imported where it is asked for: starts should
be quick, and ``verify`` on a machine without settings needs none of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from pbxretain import places, signing
from pbxretain.cli.face import Face
from pbxretain.errors import DocumentError, EvidenceError, RefusedError, UnavailableError
from pbxretain.ledger import FILED, ROSTER, Ledger
from pbxretain.posix import write_synced
from pbxretain.runner import RunnerKey

if TYPE_CHECKING:
    from pbxretain.approval import Signed
    from pbxretain.connector import Connector
    from pbxretain.documents import Loaded
    from pbxretain.evidence.sealing import Recipient
    from pbxretain.execute import Site
    from pbxretain.holds import Folder
    from pbxretain.plan import Terms
    from pbxretain.policy.document import Policy
    from pbxretain.rolling import Chain
    from pbxretain.settings import Settings, Source
    from pbxretain.sources import Opened
    from pbxretain.witness import Standpoint

ESCROW = "escrow-*.pub.pem"
INSTALLATION = "installation"
_LONGEST = 100
"""Characters of a name that becomes a file's."""


@dataclass(frozen=True, slots=True)
class App:
    """Settings and what they lead to."""

    config: Path
    settings: Settings
    state: Path

    def sources(self, names: Sequence[str] = ()) -> list[str]:
        """The named sources, or all; DocumentError for an unknown one."""
        for name in names:
            self.source(name)
        return list(dict.fromkeys(names)) or list(self.settings.sources)

    def source(self, name: str) -> Source:
        known = self.settings.sources
        if name not in known:
            raise DocumentError(f"there is no source {name!r}", hint=f"known: {', '.join(known)}")
        return known[name]

    @property
    def policies(self) -> Path:
        return places.policies_folder(self.settings, self.config)

    @property
    def holds(self) -> Folder:
        """The holds of this installation."""
        from pbxretain.holds import Folder, holds_folder

        two_person = self.settings.hold.release == "two-person"
        path = holds_folder(self.settings.holds, self.config)
        agreed = self._agreed if two_person else None
        return Folder(path, self.state, agreed=agreed, told=self._held)

    def _held(self, source: str) -> frozenset[str]:
        from pbxretain import holdnotes

        reports = self.reports(source)
        return holdnotes.in_force(Ledger(reports)) if reports.is_dir() else frozenset()

    def _agreed(self, source: str, hold: str) -> bool:
        from pbxretain import holdnotes, rolling

        roster = rolling.installed(self.state / ROSTER)
        return holdnotes.agreed(Ledger(self.reports(source)), roster, hold)

    @property
    def connectors(self) -> Path:
        return places.connectors_folder(self.settings, self.config)

    def connector(self, name: str) -> Connector:
        from pbxretain import connector

        return connector.find(self.source(name).connector, self.connectors)

    def policy(self, name: str) -> Loaded[Policy]:
        """A policy of this installation; DocumentError when it isn't there or has mistakes."""
        from pbxretain import settings
        from pbxretain.policy import document

        path = document.policy_path(self.policies, checked_name(name))
        settings.refuse_writable(path)
        return document.load_policy(path)

    def terms(self, name: str) -> Terms:
        """What a source is run under: all its documents, loaded once."""
        from pbxretain.plan import Terms
        from pbxretain.policy import document

        source = self.source(name)
        loaded = self.policy(source.policy)
        signed, unsigned = self._signatures(name, source, loaded.digest)
        return Terms(
            name=name,
            source=source,
            connector=self.connector(name),
            policy=loaded.value,
            policy_digest=loaded.digest,
            approved=document.approval_state(loaded.value) == "approved",
            holds=self.holds,
            evidence=self.settings.evidence,
            recipients=escrow_keys(self),
            signed_by=signed.keys if signed else (),
            consulted=bool(signed.officers) if signed else None,
            unsigned=unsigned,
        )

    def _signatures(
        self, name: str, source: Source, digest: str
    ) -> tuple[Signed | None, RefusedError | None]:
        """Who signed a source's policy, and what is missing where settings demand it."""
        from pbxretain import approval, rolling

        demanded = self.settings.approval_for(source) == "signed"
        try:
            roster = rolling.installed(self.state / ROSTER)
        except (EvidenceError, UnavailableError):
            if demanded:
                raise
            roster = None
        folder = self.reports(name) / FILED
        signed = approval.filed(folder, digest, roster) if roster else None
        if not demanded:
            return signed, None
        consulted = self.settings.consulted_for(source)
        return signed, approval.unsigned(source.policy, signed, roster, consulted=consulted)

    @property
    def runner(self) -> RunnerKey:
        """The key that signs this installation's reports."""
        return RunnerKey(self.state / "keys", self.settings.signing_key)

    @property
    def key(self) -> Path:
        return self.runner.path

    @property
    def public(self) -> Path:
        return self.runner.public

    def reports(self, name: str) -> Path:
        return self.state / name / "reports"

    def site(self, name: str) -> Site:
        """State folder, installation id and keys of a source; RefusedError without a key."""
        from pbxretain.execute import Site

        if not is_there(self.runner.folder):
            self.runner.load()  # says what is missing, before anything is made
        chain = self.chain(name)
        key = chain.current(Ledger(self.reports(name)))
        return Site(state=self.state / name, installation=chain.installation, key=key, chain=chain)

    def chain(self, name: str) -> Chain:
        """The keys of a source; EvidenceError for a roster that isn't sound."""
        from pbxretain import rolling
        from pbxretain.rolling import Chain

        return Chain(
            source=name,
            installation=self.installation(),
            folder=self.state / name / "keys",
            first=self.runner,
            roster=rolling.installed(self.state / ROSTER),
            others=tuple(self.reports(other) for other in self.settings.sources if other != name),
        )

    def installation(self) -> str:
        """The id of this installation, made once."""
        path = self.state / INSTALLATION
        try:
            return path.read_text("ascii").strip()
        except FileNotFoundError:
            pass
        except (OSError, ValueError):
            raise UnavailableError(f"{path} can't be read") from None
        name = str(uuid4())
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_synced(path, f"{name}\n".encode(), 0o644, replace=False)
        except FileExistsError:
            return path.read_text("ascii").strip()
        except OSError:
            raise _unwritable(self.state) from None
        return name

    def new_key(self) -> str:
        """Makes the runner key and the installation id; returns the key id."""
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.runner.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            raise _unwritable(self.state) from None
        self.installation()
        return signing.key_id(self.runner.new(now=now()).public_key())

    @contextmanager
    def opened(self, terms: Terms) -> Iterator[Opened]:
        """A source opened for reading only."""
        from pbxretain import sources

        mark = self.installation().replace("-", "")[:12]
        with sources.opened(
            terms.source, terms.connector, name=terms.name, installation=mark, exclusive=False
        ) as stores:
            yield stores


def escrow_keys(app: App) -> tuple[Recipient, ...]:
    """Those to whom evidence is sealed: the public keys ``escrow-*.pub.pem`` beside the runner
    key; nobody where settings say ``counts``. DocumentError for a file that holds none,
    UnavailableError where nobody lets us look."""
    if app.settings.evidence == "counts":
        return ()
    from pbxretain.evidence.sealing import load_recipients

    folder = app.runner.folder
    return load_recipients(sorted(folder.glob(ESCROW)) if is_there(folder) else ())


def load(face: Face) -> App:
    """Reads settings; from then on the face speaks their language."""
    config = places.find_config(face.config)
    from pbxretain import settings

    loaded = settings.load_settings(config).value
    face.settled = loaded.language
    return App(config=config, settings=loaded, state=places.state_folder(loaded))


def program(face: Face) -> str:
    """How this program is called again with the same settings, for commands to be copied."""
    if face.config is None:
        return "pbxretain"
    try:
        usual = places.find_config() == face.config.absolute()
    except DocumentError:
        usual = False
    return "pbxretain" if usual else f"pbxretain --config {shlex.quote(str(face.config))}"


class Own:
    """What of this installation tells a verifier whom to trust. Settings are read once, where it is
    asked; never an error, since ``verify`` needs none."""

    def __init__(self, face: Face) -> None:
        self._face = face

    @cached_property
    def _app(self) -> App | None:
        try:
            return load(self._face)
        except (DocumentError, RefusedError):
            return None

    @property
    def _state(self) -> Path:
        return self._app.state if self._app else places.state_folder()

    @property
    def public(self) -> Path:
        """The public key, where there is one."""
        return self._app.public if self._app else RunnerKey(self._state / "keys").public

    @property
    def reports(self) -> list[Path]:
        """The folders of reports."""
        return [self._app.reports(name) for name in self._app.sources()] if self._app else []

    @property
    def roster(self) -> Path | None:
        """The roster that is installed here, whose authority somebody has compared."""
        roster = self._state / ROSTER
        try:
            return roster if roster.is_file() else None
        except OSError:
            return None


def standpoint() -> Standpoint | None:
    """What this machine knows if it is the officer's; None on any other."""
    try:
        if not places.officer_home().exists():
            return None
    except OSError:
        return None
    from pbxretain import witness

    return witness.standpoint()


def now() -> datetime:
    """The clock, read once for each command."""
    return datetime.now(UTC)


def is_there(path: Path) -> bool:
    """Whether a file or folder of the state is there; UnavailableError when nobody lets us look."""
    try:
        return path.exists()
    except OSError:
        raise UnavailableError(
            f"this user can't look into the state folder at {path.parent}",
            hint="run pbxretain as the user who owns it",
        ) from None


def checked_name(name: str) -> str:
    """A name out of the command line that is going to be a file's: no path, nothing odd."""
    plain = name.replace("-", "")
    if (
        len(name) > _LONGEST
        or not plain.isascii()
        or not plain.isalnum()
        or name != name.lower()
        or name[0] == "-"
    ):
        raise click.BadParameter(
            f"{name[:_LONGEST]!r} must be at most {_LONGEST} small letters, digits and hyphens"
        )
    return name


def _unwritable(folder: Path) -> UnavailableError:
    return UnavailableError(
        f"can't write in the state folder {folder}",
        hint="run pbxretain as the user who owns it, or name another one under state: in settings",
    )
