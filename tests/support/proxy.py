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
        """A COMMIT was held back and has now been sent."""

    def arm(self) -> None:
        self.armed = True

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            for one, other, asks in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(one, other, asks), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asks and self.armed and b"COMMIT" in data:
                    self.armed = False
                    self._hold(source, target, data)
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _hold(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        now = struct.pack("ii", 1, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        client.shutdown(socket.SHUT_RDWR)
        time.sleep(self._delay)
        with suppress(OSError):
            server.sendall(data)
            server.recv(1)
        self.delayed.set()

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
