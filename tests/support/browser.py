"""Headless Chromium, driven over its DevTools pipe: no library, no port, no network.

One browser serves a whole test process; ``Page.call`` runs a function of the page and hands back
what it returns as JSON.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_PATIENCE = 120.0


class MissingBrowserError(Exception):
    """Chromium isn't installed."""


class Browser:
    """A running Chromium with a profile of its own, which goes when it ends."""

    def __init__(self) -> None:
        """Raises MissingBrowserError."""
        program = next(filter(None, map(shutil.which, _NAMES)), None)
        if program is None:
            raise MissingBrowserError("chromium (apt install chromium)")
        self._program = program
        self._number = 0
        self._rest = b""
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._profile = tempfile.mkdtemp(prefix="pbxretain-chromium-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def pipes() -> None:  # Chromium reads descriptor 3 and writes 4
            source, target = os.dup(to_browser), os.dup(from_browser)
            os.dup2(source, 3)
            os.dup2(target, 4)

        self._process = subprocess.Popen(
            [self._program, *_OPTIONS, f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=pipes,
            close_fds=False,
            env={**os.environ, "HOME": self._profile},
        )
        os.close(to_browser)
        os.close(from_browser)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            self.send("Browser.close")
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(self, method: str, *, session: str = "", **params: object) -> dict[str, Any]:
        """One command of the DevTools protocol, answered."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]  # type: ignore[no-any-return]
            self._events.append(answer)

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + _PATIENCE
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(end - time.monotonic(), 0))[0]:
                raise TimeoutError("Chromium doesn't answer")
            chunk = os.read(self._in, 1 << 20)
            if not chunk:
                raise TimeoutError("Chromium has ended")
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)  # type: ignore[no-any-return]

    def open(
        self,
        file: Path,
        *,
        lang: str = "en-GB",
        size: tuple[int, int] = (1280, 900),
        before: str = "",
    ) -> Page:
        """A new page showing a local file; ``before`` is script that runs ahead of its own."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.send(f"{domain}.enable")
        page.send("Emulation.setLocaleOverride", locale=lang)
        ahead = f"Object.defineProperty(navigator, 'language', {{value: '{lang}'}});{before}"
        page.send("Page.addScriptToEvaluateOnNewDocument", source=ahead)
        page.resize(*size)
        page.send("Page.navigate", url=file.absolute().as_uri())
        page.wait("document.readyState === 'complete' && document.querySelector('#page header')")
        return page

    def events(self, session: str) -> list[dict[str, Any]]:
        """What the browser told about a page so far."""
        return [event for event in self._events if event.get("sessionId") == session]


class Page:
    """One open page."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target

    def send(self, method: str, **params: object) -> dict[str, Any]:
        """One command to this page."""
        return self._browser.send(method, session=self._session, **params)

    def close(self) -> None:
        """Closes the page."""
        self._browser.send("Target.closeTarget", targetId=self._target)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, promises awaited; RuntimeError for an exception."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or str(details))
        return answer["result"].get("value")

    def call(self, function: str, *arguments: object) -> Any:
        """What a function (its source) returns for JSON arguments."""
        return self.evaluate(f"({function})({', '.join(map(json.dumps, arguments))})")

    def wait(self, condition: str) -> None:
        """Until a condition holds; TimeoutError when it never does."""
        end = time.monotonic() + _PATIENCE / 2
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def resize(self, width: int, height: int) -> None:
        """Sets the window's size."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def choose(self, selector: str, files: Iterable[Path]) -> None:
        """Chooses files in a file field, as a person would."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(f.absolute()) for f in files])

    def drop(self, selector: str, files: Mapping[str, bytes]) -> None:
        """Drops files by name on an element."""
        self.call(_DROP, selector, {name: encoded(data) for name, data in files.items()})

    def drag(self, selector: str, files: Iterable[Path]) -> None:
        """Drags files and folders from the desktop onto an element."""
        box = self.evaluate(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        data = {"items": [], "files": [str(f.absolute()) for f in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=kind, x=box[0], y=box[1], data=data)

    def picture(self, file: Path, *, whole: bool = True) -> Path:
        """Writes a PNG of the page."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))
        return file

    def complaints(self) -> list[str]:
        """Errors on the page's console, uncaught exceptions, and whatever it asked the net for."""
        found = []
        for event in self._browser.events(self._session):
            params = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown" | "Log.entryAdded":
                    found.append(json.dumps(params))
                case "Network.requestWillBeSent":
                    url = params["request"]["url"]
                    if not url.startswith(("file:", "blob:")):
                        found.append(url)
        return found


def encoded(data: bytes) -> str:
    """Bytes on their way into a page."""
    return base64.b64encode(data).decode()


_DROP = """(selector, files) => {
  const transfer = new DataTransfer();
  for (const [name, data] of Object.entries(files)) {
    const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  const node = document.querySelector(selector);
  node.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true}));
}"""
