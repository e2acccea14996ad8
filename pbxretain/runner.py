"""Where does the unattended key lie that signs this installation's reports?

The first key of each source's ledger. In the state folder, in plain or under a passphrase, or
handed over from outside: a systemd credential, a file, a descriptor. Never the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pbxretain import keys
from pbxretain.errors import DocumentError, RefusedError, UnavailableError
from pbxretain.secret import Secret, resolve_secret
from pbxretain.signing import PrivateKey

if TYPE_CHECKING:
    from pbxretain.settings import SigningKey

PLAIN, ENCRYPTED = ".pem", ".key"
"""How the file of a runner key ends: PKCS#8, or a container."""


@dataclass(frozen=True, slots=True)
class RunnerKey:
    """The installation's key: ``folder`` is ``<state>/keys``, ``named`` what settings say."""

    folder: Path
    named: SigningKey | None = None

    @property
    def public(self) -> Path:
        """The public half, for those who check. After a second key both are in it."""
        return self.folder / "runner.pem.pub"

    @property
    def ours(self) -> bool:
        """Whether the private half lies in the state folder, so that it can be destroyed."""
        return self.named is None or self.named.outside is None

    @property
    def path(self) -> Path:
        """The private half in the state folder: where it is, or where it would be made.
        UnavailableError where nobody lets us look."""
        places = [self.folder / f"runner{self.ending}"]
        places += [self.folder / f"runner{other}" for other in (PLAIN, ENCRYPTED)]
        try:
            return next((place for place in places if place.exists()), places[0])
        except OSError:
            raise UnavailableError(
                f"this user can't look into the state folder at {self.folder}",
                hint="run pbxretain as the user who owns it",
            ) from None

    @property
    def ending(self) -> str:
        """Of the files of new keys."""
        return ENCRYPTED if self.named and self.named.passphrase else PLAIN

    def passphrase(self) -> Secret | None:
        """The passphrase of the key, and of those that follow it; None for plain files."""
        reference = self.named.passphrase if self.named else None
        return resolve_secret(reference) if reference else None

    def load(self) -> PrivateKey:
        """The private key. RefusedError when it is missing, exposed, or of the wrong kind;
        DocumentError when the place that settings name has none."""
        outside = self.named.outside if self.named else None
        if outside is None and not self._there():
            raise RefusedError(
                "this installation has no signing key yet",
                hint="pbxretain key new",
                code="KEY_MISSING",
            )
        if outside is None:
            key = keys.load_key(self.path, self.passphrase())
        elif outside.file is not None:
            key = keys.load_key(Path(outside.file), self.passphrase())
        else:
            text = resolve_secret(outside).reveal()
            key = keys.parse_key(text.encode(), self.passphrase())
        self._publish(key)
        return key

    def new(self, *, now: datetime) -> PrivateKey:
        """Makes the key. RefusedError when there is one, or when settings name one elsewhere."""
        if not self.ours:
            raise RefusedError(
                "Settings name a signing key outside the state folder.",
                hint="pbxretain key new --role runner --out FILE",
                code="KEY_OUTSIDE",
            )
        key = Ed25519PrivateKey.generate()
        if self._there():
            raise RefusedError(
                "There is a key already, and a key is never overwritten.", code="KEY_EXISTS"
            )
        keys.store_key(self.path, key, self.passphrase(), created=now)
        keys.remember_public(self.public, key.public_key())
        return key

    def _publish(self, key: PrivateKey) -> None:
        """The public half is found here also for a key from outside, or after a crash."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keys.remember_public(self.public, key.public_key())
        except (OSError, UnavailableError, DocumentError):
            return  # who only looks may not write here; what is damaged stays as it is

    def _there(self) -> bool:
        return self.path.exists()
