"""An invented PBX with an HTTP interface, as docs/how-to/python-store.md describes it.

A real server in a thread. ``faults`` says what goes wrong with which delete: a table of the number
of the request, counted from 1, and what happens to it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "numera-token-4711"


@dataclass
class Numera:
    """The product: calls by id, and what was asked of it."""

    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)
    """By number of the delete: ``lose`` (does it, no answer), ``refuse`` (409), ``broken`` (500),
    ``half`` (does half, then 500), ``nothing`` (204, does nothing), ``garbage``, ``late`` (no
    answer, does it a moment later), ``slow``."""
    every: str = ""
    poison: int = 0
    """Refuses each delete that names this id."""
    reads: dict[int, str] = field(default_factory=dict)
    """By number of the read: ``broken``, ``garbage``, ``short`` (half a JSON), ``away``, ``slow``.
    """
    deletes: int = 0
    looked: int = 0
    url: str = ""

    def add(
        self, number: int, begin: str, *, call: str | None = None, state: str = "ended"
    ) -> None:
        """One call between two made-up numbers."""
        self.calls[number] = {"id": number, "begin": begin, "call": call, "state": state} | {
            "from": f"+4930{number:07d}",
            "to": "100",
        }


@contextmanager
def serving(product: Numera) -> Iterator[Numera]:
    """The product listens as long as this lasts."""

    class Handler(_Handler):
        pbx = product

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    product.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield product
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    pbx: Numera
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go apart, and each would wait 40 ms

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.pbx.looked += 1
        match self.pbx.reads.get(self.pbx.looked, ""):
            case "broken":
                return self._answer(500)
            case "garbage":
                return self._answer(200, b"<html>sign in</html>")
            case "short":
                return self._answer(200, b'{"calls": [{"id": 1')
            case "away":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            case "slow":
                time.sleep(2)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401)
        query = dict(parse_qsl(urlsplit(self.path).query))
        return self._answer(200, json.dumps({"calls": self._found(query)}).encode())

    def do_DELETE(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.pbx.deletes += 1
        ids = body["ids"]
        fault = self.pbx.every or self.pbx.faults.get(self.pbx.deletes, "")
        if self.pbx.poison in ids:
            fault = "refuse"
        match fault:
            case "refuse":
                return self._answer(409)
            case "broken":
                return self._answer(500)
            case "nothing":
                return self._answer(204)
            case "late":
                threading.Timer(0.3, self._delete, [ids]).start()
                return self._hang_up()
            case "half":
                self._delete(ids[: len(ids) // 2])
                return self._answer(500)
        self._delete(ids)
        if fault == "lose":
            return self._hang_up()
        if fault == "slow":
            time.sleep(2)
        return self._answer(
            200 if fault == "garbage" else 204, b"<p>" if fault == "garbage" else b""
        )

    def _delete(self, ids: list[int]) -> None:
        for number in ids:
            self.pbx.calls.pop(number, None)

    def _found(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        calls = dict(self.pbx.calls)
        if "ids" in query:
            return [calls[n] for n in map(int, query["ids"].split(",")) if n in calls]
        behind = sorted(number for number in calls if number > int(query["after"]))
        return [calls[number] for number in behind[: int(query["limit"])]]

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()
