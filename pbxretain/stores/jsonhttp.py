"""How is a product's JSON interface asked over HTTP, such that no answer is taken for another?

One host, the one that settings name: no redirect is followed. TLS is verified. Every answer has a
deadline as a whole and a largest size. Nothing that came over the wire, no path with an id in it
and no secret ever reaches an error text. A request that changes something and whose answer was
lost is ``OutcomeUnknown``.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from pbxretain.errors import DocumentError, OutcomeUnknown, StoreError, UnavailableError
from pbxretain.stores.client import Access

LARGEST = 64 << 20
"""Bytes of one answer; beyond, the product should have paged."""

_CHUNK = 1 << 16
_READS = ("GET", "HEAD")


class DeniedError(UnavailableError):
    """401 or 403: who asks isn't known, not any more, or has no right to."""

    code = "API_DENIED"
    status = 401


class JsonHttp:
    """Asks one host. Raises UnavailableError (not reached, too slow, 5xx), DeniedError (401, 403),
    StoreError (any other no, or no JSON), OutcomeUnknown."""

    def __init__(self, access: Access, *, dataset: str) -> None:
        try:
            import urllib3
        except ImportError:
            raise DocumentError(
                "connectors of kind api need the package urllib3",
                hint="pip install 'pbxretain[api]'",
            ) from None
        self._base = access.url.rstrip("/")
        self._timeout = access.timeout
        self._dataset = dataset
        self._errors = urllib3.exceptions.HTTPError
        self._pool = urllib3.PoolManager(
            retries=False,
            cert_reqs=ssl.CERT_REQUIRED,
            ca_certs=str(access.ca) if access.ca else None,
        )

    def __repr__(self) -> str:
        return f"<interface at {urlsplit(self._base).hostname}>"

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        reads: bool | None = None,
    ) -> Any:
        """The decoded answer, None where it is empty. ``path`` stands below the address in
        settings. ``reads``: whether the request changes nothing; told by the method unless given.
        """
        harmless = method in _READS if reads is None else reads
        url = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        sent = {"Accept": "application/json", **(headers or {})}
        data: bytes | None = None
        if form is not None:
            data = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        try:
            status, answer = self._exchange(method, url, data, sent)
        except (self._errors, OSError, TimeoutError):
            if harmless:
                raise self._unreached() from None
            raise OutcomeUnknown(
                f"dataset {self._dataset}: the answer of the product's interface was lost",
                hint="the run looks what became of it",
            ) from None
        return self._decoded(status, answer, harmless=harmless)

    def close(self) -> None:
        """Closes all connections."""
        self._pool.clear()

    def _exchange(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        until = time.monotonic() + self._timeout
        answer = self._pool.request(
            method,
            url,
            body=data,
            headers=dict(headers),
            timeout=self._timeout,
            redirect=False,
            preload_content=False,
        )
        whole = b""
        try:
            for chunk in answer.stream(_CHUNK):
                whole += chunk
                if time.monotonic() > until or len(whole) > LARGEST:
                    raise TimeoutError
        except BaseException:
            with suppress(Exception):
                answer.close()
            raise
        answer.release_conn()
        return answer.status, whole

    def _decoded(self, status: int, answer: bytes, *, harmless: bool) -> Any:
        if status in (401, 403):
            denied = DeniedError(
                f"dataset {self._dataset}: the product's interface doesn't accept the login",
                hint="check user and secret under api: in settings, and that user's rights",
            )
            denied.status = status
            raise denied
        if status >= 500:
            raise self._unreached(f"answers with status {status}")
        if not 200 <= status < 300:
            raise StoreError(
                f"dataset {self._dataset}: the product's interface refuses with status {status}",
                code="API_REFUSED",
            )
        if not answer.strip():
            return None
        try:
            return json.loads(answer)
        except (ValueError, RecursionError):
            if not harmless:
                return None  # it was done; what counts is what is there afterwards
            raise StoreError(
                f"dataset {self._dataset}: the product's interface answers with no JSON",
                hint="check the address under api: in settings",
                code="API_NO_JSON",
            ) from None

    def _unreached(self, what: str = "can't be reached") -> UnavailableError:
        return UnavailableError(
            f"dataset {self._dataset}: the product's interface {what}",
            hint="see whether it runs, and check the address under api: in settings",
        )
