"""An erasure that dies at any moment leaves each record either there, or gone with evidence.

A small Asterisk on SQLite, killed by SIGKILL before its n-th change to the disk; FreePBX on
MariaDB, killed between the steps of a batch. What is left goes with the next demand.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from support import small
from support.killing import killed_at
from support.small import Small

from pbxretain import execute, sought, sources, subject
from pbxretain.errors import Exit
from pbxretain.execute import RunResult

KINDS = ("tree", "spool", "lines", "table")
THEIRS = {"recordings": 4, "voicemail": 6, "call-log-files": 5, "calls": 9}
"""Records that name the extension 411; one of the calls tells no time."""

TRACES = (b'"411"', b"-411-", b"/411", b"\x03411")
"""How the extension would stand in a file: as text, in a name, in a packed key."""

STEP = 29


def demand(pbx: Small) -> RunResult:
    """Everything of one extension."""
    terms, site = pbx.terms(), pbx.site()
    execute.settle(terms, site, now=small.NOW)
    with sources.opened(
        terms.source, terms.connector, name=terms.name, installation=site.mark, exclusive=False
    ) as opened:
        starts = [(strand.of, strand.start) for strand in terms.strands(opened)]
        chosen = subject.chosen(opened, sought.extension("411"), starts).keys
    last = execute.ledger_of(site).last()
    return execute.run(
        replace(terms, chosen=chosen),
        site,
        now=max(small.NOW, last.ended) if last else small.NOW,
        trigger="erasure-request",
        confirm_count=100,
    )


def left(pbx: Small) -> dict[str, int]:
    """What names the extension now, read without pbxretain."""
    logs = [p.read_text() for p in pbx.pbx.rglob("Master.csv*")]
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        rows = database.execute("SELECT count(*) FROM cdr WHERE dst = '411'")
        calls = rows.fetchone()[0]
    return {
        "recordings": len({p.stem for p in pbx.pbx.rglob("out-*-411-*")}),
        "voicemail": len(list(pbx.pbx.rglob("msg????.txt"))),
        "call-log-files": sum('"411"' in line for text in logs for line in text.splitlines()),
        "calls": calls,
    }


def deletions(folder: Path) -> list[dict[str, Any]]:
    """The reports of a ledger, in order."""
    envelopes = [json.loads(p.read_bytes()) for p in sorted(folder.glob("*.dsse.json"))]
    return [json.loads(base64.b64decode(e["payload"]))["predicate"] for e in envelopes]


def test_killed_at_any_change_to_the_disk_an_erasure_is_settled(tmp_path: Path) -> None:
    for n in count(1 + STEP, STEP):
        pbx = small.build(tmp_path / str(n), KINDS)
        others = (pbx.pbx / "logs" / "queue_log").read_bytes()
        assert left(pbx) == THEIRS
        if not killed_at(n, lambda: demand(pbx)):  # noqa: B023
            break
        written = [p.read_bytes() for p in (pbx.folder / "state").rglob("*") if p.is_file()]
        assert not any(mark in data for data in written for mark in TRACES), n
        # The next run of any kind settles it first; nothing else of theirs is due then.
        done = demand(pbx)
        assert done.exit_code in (Exit.OK, Exit.INCOMPLETE)
        assert left(pbx) == dict.fromkeys(THEIRS, 0), n
        gone = dict.fromkeys(THEIRS, 0)
        for report in deletions(pbx.folder / "state" / "office" / "reports"):
            assert report["run"]["trigger"] == "erasure-request"
            for entry in report["datasets"]:
                gone[entry["dataset"]] += entry["balances"]["deleted"]
        assert gone == THEIRS, n
        assert (pbx.pbx / "logs" / "queue_log").read_bytes() == others
    assert n > 5 * STEP
