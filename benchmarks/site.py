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
    only_plan: bool = False,
    untried: bool = False,
    watch: bool = False,
    gentle: bool = False,
    extra: str = "",
) -> dict[str, Any]:
    """One run in a fresh process; returns what it tells of itself: ``seconds``, ``wall`` with the
    start of the process, ``peak_mb``, ``deleted`` by dataset; with ``watch`` also ``steps``: for
    each batch its seconds since the start and the records gone until then. ``untried``: of a
    connector that was never tried on its product. ``gentle``: paced, as beside a working PBX;
    else at full speed. Raises SystemExit where it didn't end
    complete."""
    order = {
        "connector": connector,
        "url": url,
        "roots": {name: str(path) for name, path in (roots or {}).items()},
        "keep": keep,
        "sealed": sealed,
        "only_plan": only_plan,
        "untried": untried,
        "watch": watch,
        "gentle": gentle,
        "extra": extra,
    }
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.site"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=HERE,
        env={**as_installed(), "PYTHONPATH": f"{HERE}{os.pathsep}{HERE / 'tests'}"},
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"pbxretain failed:\n{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    told["wall"] = time.perf_counter() - began
    return told


def as_installed() -> dict[str, str]:
    """The environment for a start as of an installed package: pip compiles what it installs, here
    the first start does and leaves it for those that follow."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _main() -> None:
    from pbxretain import cli

    cli.set_up()

    from dataclasses import replace

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from support.site import make_site, make_terms

    from pbxretain import batches, connector, execute, plan, sources
    from pbxretain.evidence import sealing
    from pbxretain.holds import Folder

    order = json.load(sys.stdin)
    to = [sealing.recipient(X25519PrivateKey.generate().public_key())] if order["sealed"] else []
    lines = str(order["extra"])
    known = connector.find(order["connector"])
    if order["untried"]:
        lines += f"\naccept_untried: {known.digest}"
    terms = make_terms(
        known,
        url=order["url"],
        roots={name: Path(path) for name, path in order["roots"].items()} or None,
        keep=order["keep"],
        extra=lines,
        recipients=to,
    )
    now = datetime.now(UTC)
    steps: list[tuple[float, int]] = []

    def observe(step: str, dataset: str, done: int, of: int | None) -> None:
        del dataset, of
        if step == "delete" and order["watch"]:
            steps.append((time.perf_counter() - began, done))

    folder = Path(tempfile.mkdtemp(prefix="pbxretain-bench-"))
    try:
        site = make_site(folder)
        terms = replace(terms, holds=Folder(folder / "holds", folder))
        began = time.perf_counter()
        if order["only_plan"]:
            with sources.opened(
                terms.source, terms.connector, name=terms.name, installation="", exclusive=False
            ) as opened:
                made = plan.make(terms, opened, now=now)
            told: dict[str, Any] = {"due": made.due}
        else:
            pace = batches.GENTLE if order["gentle"] else batches.FULL_SPEED
            result = execute.run(terms, site, now=now, progress=observe, pace=pace)
            if result.outcome not in ("complete", "nothing-due"):
                raise SystemExit(f"the run ended {result.outcome}: {result.errors}")
            told = {"deleted": {each.dataset: each.deleted for each in result.results}}
            told["steps"] = steps
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
