"""An Asterisk Manager Interface for tests: a thread that speaks the real protocol on a socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pbxretain.stores.ami import AmiSettings


@dataclass
class AmiServer:
    """What the server knows and what it was asked. Change ``channels`` at any time."""

    port: int = 0
    user: str = "pbxretain"
    secret: str = "se:cret word"
    version: str = "22.10.1"
    channels: list[tuple[str, str]] = field(default_factory=list)
    """(application, data) of each channel."""
    denied: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    """Actions that get no answer at all."""
    cut: set[str] = field(default_factory=set)
    """Lists that break off before their end."""
    old_commands: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    when_asked: Callable[[str], None] | None = None

    @property
    def settings(self) -> AmiSettings:
        return AmiSettings(host="127.0.0.1", port=self.port, user=self.user, secret=self.secret)

    def actions(self, name: str) -> list[dict[str, str]]:
        return [one for one in self.asked if one["Action"] == name]


@contextmanager
def ami_server(**values: object) -> Iterator[AmiServer]:
    """Serves until the block ends; keyword arguments are fields of AmiServer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = AmiServer(**values)  # type: ignore[arg-type]
        server.port = listener.getsockname()[1]
        open_sockets: list[socket.socket] = []
        thread = threading.Thread(
            target=_accept, args=(listener, server, open_sockets), daemon=True
        )
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for one in open_sockets:
                one.close()
            thread.join(5)


def _accept(listener: socket.socket, server: AmiServer, opened: list[socket.socket]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.append(connection)
        threading.Thread(target=_serve, args=(connection, server), daemon=True).start()


def _serve(connection: socket.socket, server: AmiServer) -> None:
    try:
        connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        with connection, connection.makefile("rb") as stream:
            while action := _read(stream):
                if not _answer(connection, server, action):
                    return
    except (OSError, ValueError):
        return


def _read(stream: object) -> dict[str, str]:
    fields: dict[str, str] = {}
    for raw in iter(stream.readline, b""):  # type: ignore[attr-defined]
        line = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if not line:
            return fields
        key, _, value = line.partition(": ")
        fields[key] = value
    return fields


def _answer(connection: socket.socket, server: AmiServer, action: dict[str, str]) -> bool:
    name, number = action.get("Action", ""), action.get("ActionID", "")
    server.asked.append(action)
    if server.when_asked:
        server.when_asked(name)
    if name in server.silent:
        return True

    def say(*lines: str) -> None:
        text = "".join(f"{line}\r\n" for line in lines) + "\r\n"
        connection.sendall(text.encode("utf-8", "surrogateescape"))

    if name == "Login":
        good = action.get("Username") == server.user and action.get("Secret") == server.secret
        say(
            f"Response: {'Success' if good else 'Error'}",
            f"ActionID: {number}",
            f"Message: Authentication {'accepted' if good else 'failed'}",
        )
        say("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted")
        return good
    if name in server.denied:
        say("Response: Error", f"ActionID: {number}", "Message: Permission denied")
    elif name == "CoreSettings":
        say("Response: Success", f"ActionID: {number}", f"AsteriskVersion: {server.version}")
    elif name == "CoreShowChannels":
        _channels(say, server, number)
    elif name == "Command":
        _command(connection, say, server, number)
    elif name == "Logoff":
        say("Response: Goodbye", f"ActionID: {number}", "Message: Thanks for all the fish.")
        return False
    else:
        say("Response: Success", f"ActionID: {number}", "Message: done")
    return True


def _channels(say: Callable[..., None], server: AmiServer, number: str) -> None:
    say(
        "Response: Success",
        f"ActionID: {number}",
        "EventList: start",
        "Message: Channels will follow",
    )
    for index, (application, data) in enumerate(server.channels):
        say(
            "Event: CoreShowChannel",
            f"ActionID: {number}",
            f"Channel: PJSIP/phone-{index:08x}",
            "CallerIDName: A: colon",
            f"Application: {application}",
            f"ApplicationData: {data}",
        )
        say("Event: Newchannel", "Channel: PJSIP/other-1")
    if "CoreShowChannels" not in server.cut:
        say(
            "Event: CoreShowChannelsComplete",
            f"ActionID: {number}",
            "EventList: Complete",
            f"ListItems: {len(server.channels)}",
        )


def _command(
    connection: socket.socket, say: Callable[..., None], server: AmiServer, number: str
) -> None:
    if server.old_commands:
        head = f"Response: Follows\r\nPrivilege: Command\r\nActionID: {number}\r\n"
        connection.sendall(f"{head}first\n\nResponse: Error\n--END COMMAND--\r\n\r\n".encode())
    else:
        say(
            "Response: Success",
            f"ActionID: {number}",
            "Message: Command output follows",
            "Output: first",
            "Output:",
            "Output: last",
        )
