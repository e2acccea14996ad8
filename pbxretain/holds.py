"""What must not be deleted, who said so, and may it be asked while a run goes on?

One file a hold in a folder of its own, strict YAML, readable by its owner alone. Reason and person
stand there and nowhere else: reports, ledger and log know a hold by its id. Holds are the one
document that isn't frozen for a run. A file that can't be read is a doubt, and doubt refuses.

Two locks in the state folder let a hold in between two batches: a run holds the first shared from
the check to the commit, whoever writes a hold takes it alone. The second is the turnstile in front
of it, so that any number of runs can't keep a writer out; a run only tries it and never waits for
it with a batch in hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import uuid4

from pydantic import StringConstraints, model_validator

from pbxretain import posix
from pbxretain.documents import DataClass, Day, Document, Text, dump, parse
from pbxretain.errors import (
    DocumentError,
    LockedError,
    RefusedError,
    RetainError,
    UnavailableError,
)
from pbxretain.period import Period
from pbxretain.settings import Name, refuse_writable
from pbxretain.strictyaml import MAX_BYTES, DocumentMistakes, printable

LEGAL, RESTRICTION = "legal-hold", "restriction"
_LOCK, _TURN = "holds.lock", "holds.turn"
_KNOWN = "holds.known"
_NO_HOLD = ("~", ".bak", ".swp")
"""What editors and a write that was killed leave beside a file."""

Id = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32,128}$")]


class Match(Document):
    """What is held. Of whom and which calls, any one suffices; queue, tenant and days narrow it. A
    record that doesn't say its queue, tenant or day is held all the same."""

    numbers: list[Text] = []
    extensions: list[Text] = []
    mailboxes: list[Text] = []
    calls: list[Text] = []
    queues: list[Text] = []
    tenants: list[Text] = []
    since: Day | None = None
    until: Day | None = None
    """The last day, counted in."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("must name something: a hold on everything is no run at all")
        if self.since and self.until and self.until < self.since:
            raise ValueError("until must not lie before since")
        return self

    @property
    def whom(self) -> bool:
        """Whether somebody or a call is named, not only a queue, tenant or period."""
        return bool(self.numbers or self.extensions or self.mailboxes or self.calls)


class Release(Document):
    """Who asked for the end of a hold, and who agreed. ``ends`` is the first day on which its
    records may go; none while somebody has to agree."""

    asked_by: Text
    asked_on: Day
    given_by: Text | None = None
    given_on: Day | None = None
    ends: Day | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = (self.given_by, self.given_on, self.ends)
        if any(value is None for value in given) and any(value is not None for value in given):
            raise ValueError("given_by, given_on and ends stand together or not at all")
        return self


class Hold(Document):
    """``<id>.yaml`` in the holds folder."""

    hold: Id
    kind: Literal["legal-hold", "restriction"]
    nonce: Nonce
    """Random: makes the register's digest say nothing about what stands here."""
    set_by: Text
    """A function, never a person's name: the legal department."""
    set_on: Day
    reason: Text | None = None
    person: Text | None = None
    sources: list[Name] = []
    """All unless named."""
    data: list[DataClass] = []
    """All data classes unless named."""
    match: Match
    release: Release | None = None

    def __repr__(self) -> str:
        return f"<hold {self.hold}>"

    __str__ = __repr__

    def concerns(self, source: str) -> bool:
        """Whether it holds for a source."""
        return not self.sources or source in self.sources

    def covers(self, data_class: str) -> bool:
        """Whether it holds records of a data class."""
        return not self.data or data_class in self.data

    @property
    def meaning(self) -> str:
        """A digest of what it keeps; with its nonce, so that it tells nothing about that."""
        said = self.model_dump(mode="json", include={"kind", "nonce", "sources", "data", "match"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def given(self) -> bool:
        """Whether its release is decided; its records stay until the grace is over."""
        return self.release is not None and self.release.ends is not None

    def over(self, today: date) -> bool:
        """Whether its release is decided and the grace has passed."""
        return bool(self.release and self.release.ends and today >= self.release.ends)


Stamp = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change of each file: another one where anything was changed."""


@dataclass(frozen=True, slots=True)
class Register:
    """All holds of a folder at one moment. ``digest`` is what signed statements quote: it tells
    that nothing was changed, never what stands there; None without any hold."""

    holds: tuple[Hold, ...] = ()
    digest: str | None = None
    stamp: Stamp = ()

    def of(self, source: str) -> tuple[Hold, ...]:
        """The holds that concern a source, whatever their state."""
        return tuple(hold for hold in self.holds if hold.concerns(source))

    def find(self, name: str) -> Hold:
        """A hold by its id or the beginning of it; DocumentError for none or several."""
        found = [hold for hold in self.holds if name and hold.hold.startswith(name.lower())]
        if len(found) != 1:
            raise DocumentError(
                "there is no such hold" if not found else "several holds begin like this",
                hint="pbxretain hold list",
                code="NO_HOLD",
            )
        return found[0]


@dataclass(frozen=True, slots=True)
class Folder:
    """The holds folder of an installation, and the state folder with its locks."""

    path: Path
    state: Path
    agreed: Callable[[str, str], bool] | None = field(default=None, repr=False)
    """By source and hold whether a second person signed the release; None where nobody has to."""

    told: Callable[[str], frozenset[str]] | None = field(default=None, repr=False)
    """By source the holds that its ledger says are in force."""

    def stamp(self) -> Stamp:
        """What tells that something was changed. RefusedError where nobody lets us look."""
        found = []
        for path in self._files():
            try:
                seen = path.stat()
            except OSError:
                raise _unreadable("a hold can't be looked at") from None
            found.append((path.name, seen.st_ino, seen.st_size, seen.st_mtime_ns))
        return tuple(found)

    def read(self) -> Register:
        """All holds. RefusedError (HOLDS_UNREADABLE) for one that can't be read, has mistakes, or
        isn't named by its id, and for whatever else lies in the folder, which may be meant for one:
        what it holds nobody knows."""
        stamp, holds, digests = self.stamp(), [], []
        for path in self._files():
            hold, digest = _read(path)
            holds.append(hold)
            digests.append(f"{hold.hold} {digest}\n")
        whole = hashlib.sha256("".join(digests).encode()).hexdigest() if digests else None
        return Register(tuple(holds), whole, stamp)

    def _files(self) -> list[Path]:
        try:
            _refuse_open(self.path)
            found = sorted(self.path.iterdir())
        except FileNotFoundError:
            return []
        except OSError:
            raise _unreadable("the holds folder can't be read") from None
        if any(not path.name.endswith((".yaml", *_NO_HOLD)) for path in found):
            raise _unreadable("something in the holds folder isn't called like a hold: ID.yaml")
        return [path for path in found if path.suffix == ".yaml"]

    def exposed(self) -> int:
        """How many holds every user of this machine may read."""
        try:
            if os.name != "posix" or not self.path.stat().st_mode & stat.S_IXOTH:
                return 0
            return sum(bool(path.stat().st_mode & stat.S_IROTH) for path in self._files())
        except OSError:
            return 0

    def put(self, hold: Hold) -> Path:
        """Writes a hold, synced, 0600; call it under ``alone``. UnavailableError where it can't."""
        path = self.path / f"{hold.hold}.yaml"
        text = dump(hold.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
        parse(text.encode(), path.name, Hold)  # what is written can be read again
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            posix.write_synced(path, text.encode())
        except OSError:
            raise UnavailableError(
                f"can't write in the holds folder {self.path}",
                hint="run pbxretain as the user who owns it, or name another one: holds: in "
                "settings",
                code="HOLDS_WRITE",
                params={"folder": str(self.path)},
            ) from None
        return path

    # --- what is known of them ---------------------------------------------------------------

    def known(self, source: str) -> Register:
        """As ``read``, for who goes by what a source's holds keep. RefusedError, besides, for a
        hold whose file is gone (HOLD_MISSING) or means something else than when the ledger was
        told of it (HOLD_CHANGED), and nobody released it."""
        register, meant = self.read(), self._meant()
        here = {hold.hold for hold in register.of(source)}
        for name in sorted(self.told(source) - here if self.told else ()):
            raise missing(name)
        for hold in register.of(source):
            if meant.get(hold.hold, hold.meaning) != hold.meaning and not self._let(source, hold):
                raise RefusedError(
                    f"hold {hold.hold} means something else than when the ledger was told of it",
                    hint=f"put it back as it was, or: pbxretain hold release {hold.hold[:8]}, and "
                    "set another one",
                    code="HOLD_CHANGED",
                    params={"hold": hold.hold, "short": hold.hold[:8]},
                )
        return register

    def _let(self, source: str, hold: Hold) -> bool:
        return hold.given and (self.agreed is None or self.agreed(source, hold.hold))

    def remember(self, holds: Sequence[Hold]) -> None:
        """Keeps what each means, from the first time on; when the ledger has been told of them."""
        meant = self._meant()
        more = {hold.hold: hold.meaning for hold in holds if hold.hold not in meant}
        if more:
            posix.write_synced(self.state / _KNOWN, json.dumps({**meant, **more}).encode())

    def _meant(self) -> dict[str, str]:
        path = self.state / _KNOWN
        try:
            found = json.loads(path.read_bytes())
            return {str(name): str(digest) for name, digest in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError):
            raise RefusedError(
                f"{printable(str(path))} can't be read, so nobody knows if a hold was changed",
                hint="look through pbxretain hold show ID, then remove that file",
                code="HOLDS_UNREADABLE",
            ) from None

    # --- who may go on -----------------------------------------------------------------------

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Waits until every batch in flight has ended, then keeps the next ones from committing."""
        with ExitStack() as stack:
            for name in (_TURN, _LOCK):
                stack.enter_context(self._locked(name, wait=True))
            yield

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Keeps holds as they are. LockedError at once where somebody writes one or wants to."""
        with ExitStack() as stack:
            with self._locked(_TURN, shared=True):
                stack.enter_context(self._locked(_LOCK, shared=True))
            yield

    def wait(self) -> None:
        """Until nobody writes a hold any more. With nothing open: it may take a while."""
        with self._locked(_TURN, shared=True, wait=True):
            pass

    @contextmanager
    def _locked(self, name: str, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = posix.lock_file(self.state / name, shared=shared, wait=wait)
            lock.__enter__()
        except LockedError:
            raise
        except OSError:
            raise UnavailableError(
                f"can't write in the state folder {self.state}",
                hint="run pbxretain as the user who owns it",
                code="STATE_WRITE",
                params={"folder": str(self.state)},
            ) from None
        try:
            yield
        finally:
            lock.__exit__(None, None, None)


def _refuse_open(folder: Path) -> None:
    """Who may write in the folder may put another file in a hold's place."""
    if os.name == "posix" and folder.stat().st_mode & stat.S_IWOTH:
        raise RefusedError(
            f"every user of this machine may write in the holds folder {printable(str(folder))}",
            hint=f"chmod o-w {printable(str(folder))}",
            code="WRITABLE_BY_OTHERS",
        )


def _read(path: Path) -> tuple[Hold, str]:
    named = bool(re.fullmatch(r"[0-9a-f-]{36}\.yaml", path.name))
    shown = path.name if named else "a file"
    try:
        refuse_writable(path)
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        loaded = parse(text, shown, Hold)
    except DocumentMistakes as error:
        told = "; ".join(str(error.args[0]).splitlines())
        raise _unreadable(f"a hold has mistakes ({told})") from None
    except RefusedError:
        raise
    except (OSError, RetainError):
        raise _unreadable(f"{shown} in the holds folder can't be read") from None
    if path.name != f"{loaded.value.hold}.yaml":
        raise _unreadable("a file in the holds folder isn't named by the id of its hold")
    return loaded.value, loaded.digest.removeprefix("sha256:")


def _unreadable(what: str) -> RefusedError:
    return RefusedError(
        f"{what}, and until it can be read nobody knows what must stay",
        hint="put the hold right; pbxretain hold list",
        code="HOLDS_UNREADABLE",
    )


def missing(name: str) -> RefusedError:
    """For a hold that is in force by the ledger alone."""
    return RefusedError(
        f"hold {name} is in force by the ledger, and its file is gone",
        hint=f"put it back, or: pbxretain hold release {name[:8]}",
        code="HOLD_MISSING",
        params={"hold": name, "short": name[:8]},
    )


def new_hold(
    match: Match,
    *,
    kind: Literal["legal-hold", "restriction"],
    by: str,
    today: date,
    sources: Sequence[str] = (),
    data: Sequence[str] = (),
    reason: str | None = None,
    person: str | None = None,
) -> Hold:
    """A hold with a fresh id and nonce."""
    return Hold(
        hold=str(uuid4()),
        kind=kind,
        nonce=secrets.token_hex(16),
        set_by=by,
        set_on=today,
        reason=reason,
        person=person,
        sources=list(sources),
        data=list(data),
        match=match,
    )


def asked(hold: Hold, *, by: str, today: date) -> Hold:
    """The hold with somebody's wish to end it; it goes on holding."""
    return hold.model_copy(update={"release": Release(asked_by=by, asked_on=today)})


def given(hold: Hold, *, by: str, today: date, grace: Period) -> Hold:
    """The hold with its release decided: its records stay for ``grace`` from today."""
    before = hold.release or Release(asked_by=by, asked_on=today)
    ends = grace.after(today) + timedelta(days=1)
    release = before.model_copy(update={"given_by": by, "given_on": today, "ends": ends})
    return hold.model_copy(update={"release": release})


def holds_folder(named: str | None, config: Path) -> Path:
    """The folder with this installation's holds: as set, else ``holds.d`` beside the settings."""
    return Path(named) if named else config.parent / "holds.d"
