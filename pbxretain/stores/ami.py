"""What does the running Asterisk say, and how is it told something?

A small blocking client of the Asterisk Manager Interface: who is in a mailbox just now, which
version runs, refresh a message lamp, reload the logger. Every exchange has a deadline. Nothing
that came over the wire ever reaches an error text.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Self

from pbxretain.errors import UnavailableError

TIMEOUT = 3.0
"""Seconds that one exchange may take as a whole."""

_UNREACHED = "Asterisk's manager interface can't be reached."
_UNREACHED_HINT = (
    "check ami: host and port in the settings, and enabled = yes in Asterisk's manager.conf"
)
_LARGEST = 8 * 1024 * 1024
_SESSIONS = re.compile(r"^(voicemailmain|voicemailplaymsg|minivm)", re.IGNORECASE)
_NAMES_MAILBOX = re.compile(r"^(?P<mailbox>[^@,]+)(?:@(?P<context>[^,]+))?(?:,(?P<options>.*))?$")

Message = Mapping[str, str]
"""One block of headers; keys in lower case, ``output`` lines joined."""


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """Where Asterisk's manager listens and who logs in. ``repr`` hides the secret."""

    host: str
    user: str
    secret: str = field(repr=False)
    port: int = 5038

    def __repr__(self) -> str:
        return (
            f"AmiSettings(host={self.host!r}, port={self.port}, user={self.user!r}, secret='***')"
        )


@dataclass(frozen=True, slots=True)
class Sessions:
    """Who is inside voicemail: mailboxes named plainly, and whether anybody's box is unknown."""

    boxes: frozenset[tuple[str, str]]
    unknown: bool

    def inside(self, context: str, mailbox: str) -> bool:
        """Whether a session is, or may be, open in this mailbox."""
        return self.unknown or (context, mailbox) in self.boxes


class Ami:
    """A logged-in session. Raises UnavailableError for whatever goes wrong."""

    def __init__(self, settings: AmiSettings, *, timeout: float = TIMEOUT) -> None:
        self._settings = settings
        self.timeout = timeout
        self._ids = count(1)
        self._rest = b""
        self._socket = self._connect()
        try:
            self._login()
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Logs off; errors no longer matter."""
        with suppress(UnavailableError):
            self._send("Logoff", {})
        self._socket.close()

    def version(self) -> str | None:
        """Asterisk's version as CoreSettings tells it."""
        return self._ask("CoreSettings", {}).get("asteriskversion") or None

    def sessions(self, *, timeout: float | None = None) -> Sessions:
        """Who listens now (CoreShowChannels). A broken-off list is an error, never "nobody"."""
        boxes: set[tuple[str, str]] = set()
        unknown = False
        for channel in self._list("CoreShowChannels", "coreshowchannelscomplete", timeout):
            if not _SESSIONS.match(channel.get("application", "").strip()):
                continue
            box = _mailbox(channel.get("applicationdata", ""))
            if box is None:
                unknown = True
            else:
                boxes.add(box)
        return Sessions(frozenset(boxes), unknown)

    def refresh(self, context: str, mailbox: str) -> None:
        """Recounts one mailbox and sets its lamp (VoicemailRefresh, manager class ``user``)."""
        self._ask("VoicemailRefresh", {"Context": context, "Mailbox": mailbox})

    def command(self, text: str) -> None:
        """Runs a command of Asterisk's console, such as ``logger reload`` (class ``command``)."""
        self._ask("Command", {"Command": text})

    def _connect(self) -> socket.socket:
        place = (self._settings.host, self._settings.port)
        try:
            opened = socket.create_connection(place, timeout=self.timeout)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except ConnectionRefusedError:
            raise AmiRefused(_UNREACHED, hint=_UNREACHED_HINT) from None
        except (OSError, UnicodeError):
            raise UnavailableError(_UNREACHED, hint=_UNREACHED_HINT) from None
        return opened

    def _login(self) -> None:
        deadline = time.monotonic() + self.timeout
        if not self._line(deadline).startswith(b"Asterisk Call Manager"):
            raise _strange()
        fields = {
            "Username": self._settings.user,
            "Secret": self._settings.secret,
            "Events": "off",
        }
        self._ask("Login", fields, hint="check ami: user and secret, and permit in manager.conf")

    def _ask(self, action: str, fields: Mapping[str, str], *, hint: str = "") -> Message:
        deadline = time.monotonic() + self.timeout
        number = self._send(action, fields)
        answer = self._response(number, deadline)
        if answer.get("response", "").lower() not in ("success", "follows"):
            raise UnavailableError(
                f"Asterisk's manager interface refuses {action}.",
                hint=hint or f"give the manager user the class that {action} needs",
            )
        return answer

    def _list(self, action: str, complete: str, timeout: float | None) -> Iterator[Message]:
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        number = self._send(action, {})
        if self._response(number, deadline).get("response", "").lower() != "success":
            raise UnavailableError(
                f"Asterisk's manager interface refuses {action}.",
                hint="give the manager user read = system,reporting and write = system,reporting",
            )
        while True:
            message = self._message(deadline)
            if message.get("actionid") != number:
                continue
            if message.get("event", "").lower() == complete:
                return
            yield message

    def _response(self, number: str, deadline: float) -> Message:
        while True:
            message = self._message(deadline)
            if "response" in message and message.get("actionid", number) == number:
                return message

    def _send(self, action: str, fields: Mapping[str, str]) -> str:
        number = f"pbxretain-{next(self._ids)}"
        lines = [("Action", action), ("ActionID", number), *fields.items()]
        if any(mark in value for _, value in lines for mark in "\r\n\0"):
            raise UnavailableError("A value can't be sent to Asterisk's manager interface.")
        text = "".join(f"{key}: {value}\r\n" for key, value in lines) + "\r\n"
        try:
            self._socket.settimeout(self.timeout)
            self._socket.sendall(text.encode("utf-8", "surrogateescape"))
        except OSError:
            raise _lost() from None
        return number

    def _message(self, deadline: float) -> Message:
        headers: dict[str, str] = {}
        follows = False
        while True:
            line = self._line(deadline)
            if follows:  # before Asterisk 14 a command's output came bare, blank lines included
                follows = not line.endswith(b"--END COMMAND--")
            elif line:
                key, _, value = line.decode("utf-8", "surrogateescape").partition(":")
                key, value = key.strip().lower(), value.strip()
                headers[key] = f"{headers[key]}\n{value}" if key in headers else value
                follows = (key, value) == ("response", "Follows")
            elif headers:
                return headers

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or len(self._rest) > _LARGEST:
                raise _lost()
            try:
                self._socket.settimeout(left)
                data = self._socket.recv(65536)
            except OSError:
                raise _lost() from None
            if not data:
                raise _lost()
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.rstrip(b"\r")


class AmiRefused(UnavailableError):  # noqa: N818  (the class of error that may mean "stopped")
    """Nothing listens at the address; Asterisk may simply be stopped."""


def _mailbox(data: str) -> tuple[str, str] | None:
    """(context, mailbox) out of VoiceMailMain's arguments; None where they don't settle it.

    With option ``p`` the mailbox is only a prefix to what the caller keys.
    """
    found = _NAMES_MAILBOX.match(data.strip())
    if not found or "p" in (found["options"] or ""):
        return None
    return found["context"] or "default", found["mailbox"]


def _lost() -> UnavailableError:
    return UnavailableError("Asterisk's manager interface doesn't answer.", hint="try again later")


def _strange() -> UnavailableError:
    return UnavailableError(
        "What answers isn't Asterisk's manager interface.",
        hint="check ami: host and port in the settings",
    )
