"""A TCP proxy before a database server that lets a COMMIT's client give up before its answer."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Forwards all bytes. Once armed, the next COMMIT costs its client the connection, and reaches
    the server ``delay`` seconds later, over a connection that the server still believes in."""

    def __init__(self, port: int, delay: float) -> None:
        self._server = port
        self._delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.armed = False
        self.delayed = threading.Event()
        """A COMMIT was held back, and the server has answered it or ended the session."""

    def arm(self) -> None:
        self.armed = True

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            held = threading.Event()
            for pump in (self._ask, self._answer):
                threading.Thread(target=pump, args=(client, server, held), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, held: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.armed and b"COMMIT" in data:
                    self.armed = False
                    self._hold(client, server, data, held)
                    return
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, server: socket.socket, held: threading.Event) -> None:
        """The only reader of the server's side: what comes after the COMMIT is its answer."""
        with suppress(OSError):
            while data := server.recv(65536):
                if held.is_set():
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        if held.is_set():
            self.delayed.set()

    def _hold(
        self, client: socket.socket, server: socket.socket, data: bytes, held: threading.Event
    ) -> None:
        held.set()
        now = struct.pack("ii", 1, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        client.shutdown(socket.SHUT_RDWR)
        time.sleep(self._delay)
        server.sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def proxy(port: int, *, delay: float) -> Iterator[Proxy]:
    """A proxy to that port until the block ends."""
    one = Proxy(port, delay)
    threading.Thread(target=one.serve, daemon=True).start()
    try:
        yield one
    finally:
        one.close()
