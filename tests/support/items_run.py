"""One run over the invented PBX of ``support.numera``; also a target for ``support.crash``."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pbxretain import execute
from pbxretain.connector import Connector
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Terms
from support import numera, worked
from support.site import make_site, make_terms

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=120), NOW - timedelta(days=10)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def fill(pbx: numera.Numera, *, old: int, young: int) -> None:
    """Ids ascend; old calls come first."""
    for number in range(1, old + 1):
        pbx.add(number, stamp(OLD + timedelta(seconds=number)))
    for number in range(old + 1, old + young + 1):
        pbx.add(number, stamp(YOUNG + timedelta(seconds=number)))


def product(folder: Path) -> Connector:
    return worked.product(folder / "dist")


def terms(found: Connector, folder: Path, url: str, *, timeout: int = 5) -> Terms:
    secret = folder / "token"
    if not secret.exists():
        secret.write_text(numera.TOKEN)
        secret.chmod(0o600)
    extra = (
        f"accept_untried: {found.digest}\n"
        f"api: {{url: '{url}', secret: {{file: '{secret}'}}, timeout: {timeout}}}"
    )
    return make_terms(found, timezone="Europe/Berlin", extra=extra)


def run(found: Connector, folder: Path, url: str, *, timeout: int = 5) -> RunResult:
    """One run, at NOW or when the run before ended if that is later."""
    site = make_site(folder / "state")
    ledger = execute.ledger_of(site)
    ledger.resume()
    last = ledger.last()
    now = max(NOW, last.ended) if last else NOW
    return execute.run(terms(found, folder, url, timeout=timeout), site, now=now)


def site(folder: Path) -> Site:
    return make_site(folder / "state")


def child(args: list[str]) -> int:
    """In a process that dies: folder, address, and how many go at once."""
    folder, url, at_once = Path(args[0]), args[1], int(args[2])
    found = product(folder)
    import pbxretain_numera  # type: ignore[import-not-found]

    pbxretain_numera.Numera.at_once = at_once
    pbxretain_numera.Numera.pause = float(os.environ.get("PAUSE", "0.01"))
    return int(run(found, folder, url).exit_code)
