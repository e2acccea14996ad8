"""How does a benchmark run pbxretain? In a process of its own, as cron does: settings, an approved
policy and a key in a fresh folder, then ``execute.run`` with everything a run does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]


def child(
    connector: str,
    *,
    url: str | None = None,
    roots: Mapping[str, Path] | None = None,
    keep: str = "90 days",
    sealed: bool = False,
    now: datetime | None = None,
    only_plan: bool = False,
    share: int = 100,
    gentle: bool = False,
    extra: str = "",
) -> dict[str, Any]:
    """One run in a fresh process; returns what it tells of itself: seconds, peak memory in MB,
    deleted records by dataset. Raises SystemExit where it didn't end complete."""
    order = {
        "connector": connector,
        "url": url,
        "roots": {name: str(path) for name, path in (roots or {}).items()},
        "keep": keep,
        "sealed": sealed,
        "now": (now or datetime.now(UTC)).isoformat(),
        "only_plan": only_plan,
        "share": share,
        "gentle": gentle,
        "extra": extra,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.site"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE / 'tests'}"},
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"pbxretain failed:\n{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _main() -> None:
    from dataclasses import replace

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from support.site import make_site, make_terms

    from pbxretain import batches, connector, execute, plan
    from pbxretain.evidence import sealing
    from pbxretain.holds import Folder

    order = json.load(sys.stdin)
    to = [sealing.recipient(X25519PrivateKey.generate().public_key())] if order["sealed"] else []
    terms = make_terms(
        order["connector"],
        url=order["url"],
        roots={name: Path(path) for name, path in order["roots"].items()} or None,
        keep=order["keep"],
        share=order["share"],
        extra=order["extra"],
        recipients=to,
    )
    now = datetime.fromisoformat(order["now"])
    folder = Path(tempfile.mkdtemp(prefix="pbxretain-bench-"))
    try:
        site = make_site(folder)
        terms = replace(terms, holds=Folder(folder / "holds", folder))
        began = time.perf_counter()
        if order["only_plan"]:
            with connector.opened(
                terms.source, terms.connector, name=terms.name, installation="", exclusive=False
            ) as opened:
                made = plan.make(terms, opened, now=now)
            told: dict[str, Any] = {"due": made.due}
        else:
            pace = batches.GENTLE if order["gentle"] else batches.FULL_SPEED
            result = execute.run(terms, site, now=now, pace=pace)
            if result.outcome not in ("complete", "nothing-due"):
                raise SystemExit(f"the run ended {result.outcome}: {result.errors}")
            told = {"deleted": {each.dataset: each.deleted for each in result.results}}
        told["seconds"] = time.perf_counter() - began
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told["peak_mb"] = _peak()
    print(json.dumps(told))


def _peak() -> float:
    """This program's own peak in MB; getrusage would count what its parent held at the fork."""
    status = Path("/proc/self/status").read_text()
    return next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    _main()
