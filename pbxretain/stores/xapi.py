"""How is 3CX asked through its configuration API (XAPI, an OData service at /xapi/v1)?

Source: the vendor's OpenAPI description (3cx/xapi-tutorial, swagger.yaml, 2026-06). Recordings are
deleted by id. Call history and chat can only be purged by period. Fax has no dataset: CleanUpFax
names neither what it deletes nor from when. One access token is active at a time, so all datasets
of a source share one, and a new one is asked for when 3CX answers 401.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from pbxretain.errors import DocumentError, StoreError
from pbxretain.records import Advice
from pbxretain.stores.client import Access, Client, Item
from pbxretain.stores.jsonhttp import DeniedError, JsonHttp
from pbxretain.stores.periods import PeriodClient

PAGE = 200
_BASE = "/xapi/v1"


class _Token:
    """The one active token, shared by all datasets of one address and client id."""

    def __init__(self) -> None:
        self.value: str | None = None


_TOKENS: WeakValueDictionary[tuple[str, str | None], _Token] = WeakValueDictionary()


class _Session:
    """Requests that carry the token."""

    def __init__(self, access: Access, dataset: str) -> None:
        self.dataset = dataset
        self._access = access
        self._web = JsonHttp(access, dataset=dataset)
        key = (access.url, access.user)
        self._token = _TOKENS.setdefault(key, _Token())

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The answer; a token that isn't valid any more is renewed once."""
        used = self._token.value or self._renewed(None)
        try:
            return self._with(used, method, path, more)
        except DeniedError as error:
            if error.status != 401:
                raise
        return self._with(self._renewed(used), method, path, more)

    def _with(self, token: str, method: str, path: str, more: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return self._web.ask(method, _BASE + path, headers=headers, **more)

    def _renewed(self, used: str | None) -> str:
        """A new token, unless another dataset has already got one."""
        if self._token.value is None or self._token.value == used:
            secret = self._access.secret
            form = {
                "client_id": self._access.user or "",
                "client_secret": secret.reveal() if secret else "",
                "grant_type": "client_credentials",
            }
            answer = self._web.ask("POST", "/connect/token", form=form, reads=True)
            token = answer.get("access_token") if isinstance(answer, dict) else None
            if not isinstance(token, str) or not token.isprintable() or not token.isascii():
                raise self._odd()
            self._token.value = token
        return self._token.value or ""

    def entities(
        self, name: str, key: str, select: Sequence[str], *, where: str = ""
    ) -> Iterator[Mapping[str, Any]]:
        """All entities of a set in ascending order of their whole-number key, a page at a time:
        what comes and goes meanwhile shifts no page."""
        last: int | None = None
        while True:
            bounds = [
                part for part in (where, f"{key} gt {last}" if last is not None else "") if part
            ]
            query = {"$orderby": key, "$top": str(PAGE), "$select": ",".join(select)}
            if bounds:
                query["$filter"] = " and ".join(bounds)
            page = self._page(self.ask("GET", f"/{name}", query=query))
            if not page:
                return
            for entity in page:
                number = entity.get(key)
                if not isinstance(number, int) or (last is not None and number <= last):
                    raise self._odd()
                last = number
                yield entity

    def _page(self, answer: Any) -> list[Mapping[str, Any]]:
        page = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(page, list) or not all(isinstance(entity, dict) for entity in page):
            raise self._odd()
        return page

    def _odd(self) -> StoreError:
        return StoreError(
            f"dataset {self.dataset}: 3CX answers otherwise than its published description says",
            hint="check the address under api: in settings, and the version of 3CX",
            code="API_NO_JSON",
        )

    def close(self) -> None:
        self._web.close()


class _Entities:
    """One set of entities as items. ``fields``: key, start, end (may be empty), subjects."""

    def __init__(
        self,
        session: _Session,
        name: str,
        key: str,
        *,
        start: str,
        end: str,
        subjects: Sequence[str],
    ) -> None:
        self.session = session
        self._name = name
        self._key = key
        self._start = start
        self._end = end
        self._subjects = subjects

    def listed(self, where: str = "") -> Iterator[Item]:
        select = [self._key, self._start, *([self._end] if self._end else []), *self._subjects]
        for entity in self.session.entities(self._name, self._key, select, where=where):
            yield Item(
                id=str(entity[self._key]),
                start=_text(entity.get(self._start)),
                subjects=[_text(entity.get(name)) for name in self._subjects],
                end=_text(entity.get(self._end)) if self._end else None,
            )

    def named(self, ids: Sequence[str]) -> Iterator[Item]:
        """By spans of ids: the plainest filter that OData knows."""
        wanted = {int(number) for number in ids}
        for first, last in _spans(sorted(wanted)):
            for item in self.listed(f"{self._key} ge {first} and {self._key} le {last}"):
                if int(item.id) in wanted:
                    yield item


class Recordings(Client):
    """Call recordings, deleted by id."""

    at_once = 200

    def __init__(self, entities: _Entities) -> None:
        self._entities = entities

    def items(self, *, before: datetime | None) -> Iterator[Item]:
        return self._entities.listed()

    def look(self, ids: Sequence[str]) -> Iterator[Item]:
        return self._entities.named(ids)

    def delete(self, items: Sequence[Item]) -> None:
        body = {"ids": [int(item.id) for item in items]}
        self._entities.session.ask("POST", "/Recordings/Pbx.BulkRecordingsDelete", body=body)

    def check(self) -> Sequence[Advice]:
        """3CX's own deletion by age or quota, beside which the policy may mean something else."""
        session = self._entities.session
        try:
            found = session.ask("GET", "/RecordingRepositorySettings")
        except StoreError:
            return ()
        if not isinstance(found, dict) or not found.get("AutoDeleteRecordingEnabled"):
            return ()
        days = found.get("AutoDeleteRecordingDays")
        shown = f" after {days} days" if isinstance(days, int) else ""
        text = f"{session.dataset}: 3CX itself deletes recordings{shown}."
        return (Advice("OWN_PURGE", text, severity="info"),)

    def close(self) -> None:
        self._entities.session.close()


class Purged(PeriodClient):
    """Call history or chat, purged by period."""

    def __init__(self, entities: _Entities, action: str) -> None:
        self._entities = entities
        self._action = action

    def items(self, *, before: datetime | None) -> Iterator[Item]:
        return self._entities.listed()

    def look(self, ids: Sequence[str]) -> Iterator[Item]:
        return self._entities.named(ids)

    def purge(self, before: datetime) -> None:
        period = {"All": False, "Start": "2000-01-01T00:00:00Z", "Stop": _stamp(before)}
        self._entities.session.ask("POST", self._action, body={"period": period})

    def close(self) -> None:
        self._entities.session.close()


def client(dataset: str, access: Access) -> Client:
    """The client of one dataset of connector 3cx-xapi. Raises DocumentError."""
    session = _Session(access, dataset)
    if dataset == "recordings":
        subjects = ("FromCallerNumber", "ToCallerNumber", "FromDn", "ToDn")
        return Recordings(
            _Entities(
                session, "Recordings", "Id", start="StartTime", end="EndTime", subjects=subjects
            )
        )
    if dataset == "calls":
        subjects = ("SrcCallerNumber", "DstCallerNumber", "SrcDn", "DstDn")
        calls = _Entities(
            session,
            "CallHistoryView",
            "SegmentId",
            start="SegmentStartTime",
            end="SegmentEndTime",
            subjects=subjects,
        )
        return Purged(calls, "/PurgeCalls")
    if dataset == "chats":
        senders = ("SenderParticipantNo", "SenderParticipantPhone", "SenderParticipantEmail")
        chats = _Entities(
            session,
            "ChatMessagesHistoryView",
            "MessageId",
            start="TimeSent",
            end="",
            subjects=senders,
        )
        return Purged(chats, "/PurgeChats")
    raise DocumentError(f"dataset {dataset}: pbxretain's client of XAPI doesn't know it")


def _spans(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of numbers that lie so close that reading between them costs little."""
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = number
        elif number - last > PAGE:
            yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
