"""A 3CX that speaks the published description of its XAPI, and can do wrong on demand.

Source of the shapes: 3cx/xapi-tutorial, swagger.yaml (2026-06): token by client_credentials,
OData sets with ``$filter``, ``$orderby``, ``$top``, ``$select``; actions that answer 204.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

CLIENT, SECRET = "900", "xapi-secret-4711"
KEYS = {"Recordings": "Id", "CallHistoryView": "SegmentId", "ChatMessagesHistoryView": "MessageId"}
TIMES = {
    "Recordings": "StartTime",
    "CallHistoryView": "SegmentStartTime",
    "ChatMessagesHistoryView": "TimeSent",
}
_TERM = re.compile(r"(\w+) (gt|ge|le) (-?\d+)")


@dataclass
class Threecx:
    """The product: its sets by key. ``wrong`` says what happens to a request, by what it is."""

    sets: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in KEYS}
    )
    token: str = ""
    tokens: int = 0
    asked: list[str] = field(default_factory=list)
    wrong: Callable[[str, int], str] = lambda what, nth: ""
    """Of ``list``, ``delete``, ``purge``, ``token`` and its number: ``401``, ``500``, ``403``,
    ``lose``, ``nothing``, ``garbage``, ``slow``, ``more`` (a purge that takes all)."""
    page: int = 100
    """The most that one answer holds, whatever ``$top`` says."""
    url: str = ""

    def recording(self, number: int, start: str | None) -> None:
        self.sets["Recordings"][number] = {
            "Id": number, "StartTime": start, "EndTime": start, "FromDn": "100", "ToDn": "101",
            "FromCallerNumber": f"+4930{number:07d}", "ToCallerNumber": "100", "IsArchived": False,
            "RecordingUrl": f"100/[x]_{number}.wav", "Transcription": "said in confidence",
        }  # fmt: skip

    def call(self, number: int, start: str, end: str) -> None:
        self.sets["CallHistoryView"][number] = {
            "SegmentId": number, "SegmentStartTime": start, "SegmentEndTime": end, "SrcDn": "100",
            "SrcCallerNumber": f"+4930{number:07d}", "DstCallerNumber": "100", "DstDn": "101",
            "CallAnswered": True,
        }  # fmt: skip

    def chat(self, number: int, sent: str) -> None:
        self.sets["ChatMessagesHistoryView"][number] = {
            "MessageId": number, "ConversationId": number // 5, "TimeSent": sent,
            "SenderParticipantNo": "100", "SenderParticipantPhone": None,
            "SenderParticipantEmail": None, "Message": "said in confidence",
        }  # fmt: skip

    def count(self, what: str) -> int:
        return self.asked.count(what)


@contextmanager
def serving(product: Threecx) -> Iterator[Threecx]:
    """The product listens as long as this lasts."""

    class Handler(_Handler):
        pbx = product

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    product.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield product
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    pbx: Threecx
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go apart, and each would wait 40 ms

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/connect/token":
            return self._token(dict(parse_qsl(body.decode())))
        given = json.loads(body)
        if self.path == "/xapi/v1/Recordings/Pbx.BulkRecordingsDelete":
            rows = self.pbx.sets["Recordings"]
            return self._act("delete", lambda: [rows.pop(n, None) for n in given["ids"]])
        actions = {"PurgeCalls": "CallHistoryView", "PurgeChats": "ChatMessagesHistoryView"}
        name = actions[self.path.removeprefix("/xapi/v1/")]
        return self._act("purge", lambda: self._purge(name, given["period"]))

    def _act(self, what: str, action: Callable[[], object]) -> None:
        wrong = self._wrong(what)
        if not self._allowed(wrong):
            return
        if wrong == "more":
            for rows in self.pbx.sets.values():
                rows.clear()
        elif wrong != "nothing":
            action()
        if wrong == "lose":
            self.close_connection = True
            self.connection.close()
            return
        if wrong == "slow":
            time.sleep(2)
        self._answer(204)

    def _purge(self, name: str, period: Mapping[str, Any]) -> None:
        assert period["All"] is False
        start, stop = (datetime.fromisoformat(period[key]) for key in ("Start", "Stop"))
        for number, row in list(self.pbx.sets[name].items()):
            if start <= datetime.fromisoformat(row[TIMES[name]]) < stop:
                del self.pbx.sets[name][number]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        name = parts.path.removeprefix("/xapi/v1/")
        if name not in KEYS:
            return self._answer(
                200, {"AutoDeleteRecordingEnabled": True, "AutoDeleteRecordingDays": 30}
            )
        wrong = self._wrong("list")
        if not self._allowed(wrong):
            return None
        if wrong == "garbage":
            return self._answer(200, {"value": "sign in"})
        if wrong == "slow":
            time.sleep(2)
        query = dict(parse_qsl(parts.query))
        assert query["$orderby"] == KEYS[name]
        keys = sorted(self.pbx.sets[name])
        first, last = _span(keys, query.get("$filter", ""))
        found = [row for n in keys[first:last] if (row := self.pbx.sets[name].get(n))]
        columns = query["$select"].split(",")
        shown = [
            {c: row[c] for c in columns} for row in found[: min(self.pbx.page, int(query["$top"]))]
        ]
        return self._answer(200, {"@odata.context": f"$metadata#{name}", "value": shown})

    def _wrong(self, what: str) -> str:
        self.pbx.asked.append(what)
        return self.pbx.wrong(what, self.pbx.count(what))

    def _allowed(self, wrong: str) -> bool:
        if wrong in ("500", "403", "401"):
            self._answer(int(wrong))
            return False
        if self.headers["Authorization"] != f"Bearer {self.pbx.token}":
            self._answer(401)
            return False
        return True

    def _token(self, form: Mapping[str, str]) -> None:
        wrong = self._wrong("token")
        known = (form["client_id"], form["client_secret"]) == (CLIENT, SECRET)
        if wrong == "500" or not known or form["grant_type"] != "client_credentials":
            return self._answer(500 if wrong else 401)
        self.pbx.token = secrets.token_hex(8)  # the one before isn't valid any more
        self.pbx.tokens += 1
        answer = {"token_type": "Bearer", "expires_in": 60, "access_token": self.pbx.token}
        return self._answer(200, answer)

    def _answer(self, status: int, body: object = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _span(keys: Sequence[int], given: str) -> tuple[int, int]:
    """Where in the sorted keys a filter begins and ends."""
    first, last = 0, len(keys)
    for _, how, bound in _TERM.findall(given):
        if how == "le":
            last = min(last, bisect_right(keys, int(bound)))
        else:
            at = bisect_left(keys, int(bound)) if how == "ge" else bisect_right(keys, int(bound))
            first = max(first, at)
    return first, last
