"""One run over the 3CX of ``support.xapi_server``; also a target for ``support.crash``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pbxretain import connector, execute
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Terms
from pbxretain.stores import xapi
from support import xapi_server
from support.site import make_site, make_terms

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=120), NOW - timedelta(days=10)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def fill(pbx: xapi_server.Threecx, *, old: int, young: int) -> None:
    """So many of each set; ids ascend with time, a minute apart, each call takes half of it."""
    for number in range(1, old + young + 1):
        first = OLD if number <= old else YOUNG
        start = first + timedelta(minutes=number % 9000)
        pbx.recording(number, stamp(start))
        pbx.call(number, stamp(start), stamp(start + timedelta(seconds=30)))
        pbx.chat(number, stamp(start))


def terms(folder: Path, url: str, *, timeout: int = 5, user: str = xapi_server.CLIENT) -> Terms:
    secret = folder / "key"
    if not secret.exists():
        secret.write_text(xapi_server.SECRET)
        secret.chmod(0o600)
    product = connector.find("3cx-xapi")
    extra = (
        f"accept_untried: {product.digest}\n"
        f"api: {{url: '{url}', user: '{user}', secret: {{file: '{secret}'}}, timeout: {timeout}}}"
    )
    return make_terms(product, timezone="Europe/Berlin", extra=extra)


def site(folder: Path) -> Site:
    return make_site(folder / "state")


def run(folder: Path, url: str, *, timeout: int = 5, user: str = xapi_server.CLIENT) -> RunResult:
    """One run, at NOW or when the run before ended if that is later."""
    ledger = execute.ledger_of(site(folder))
    ledger.resume()
    last = ledger.last()
    now = max(NOW, last.ended) if last else NOW
    known = terms(folder, url, timeout=timeout, user=user)
    return execute.run(known, site(folder), now=now)


def child(args: list[str]) -> int:
    """In a process that dies: folder, address, how many recordings go at once."""
    xapi.Recordings.at_once = int(args[2])
    xapi.Recordings.pause = xapi.Purged.pause = 0.01
    return int(run(Path(args[0]), args[1]).exit_code)
