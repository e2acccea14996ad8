"""pascom: recordings go by the second in their names; the call journal is counted and stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import asterisk_family as family
from support.drift import refuses
from support.readonly import only_counts
from support.servers import PostgreSQL
from support.vendor import CUTOFF, OLD, Scene, local, scene, spread

from pbxretain.errors import Exit

TABLE = "mdphonecallrecord"
COLUMNS = (
    "id", "timestamp", "parentid", "chain", "result", "srcusername", "srcnumber", "srcextension",
    "dstusername", "dstnumber", "dstextension", "data",
)  # fmt: skip
NOT_DUE = (
    "phonecallrecord_timestamp IS NULL OR phonecallrecord_timestamp >= {local}"
    " OR phonecallrecord_chain IN (SELECT phonecallrecord_chain FROM mdphonecallrecord"
    " WHERE phonecallrecord_timestamp >= {local})"
)


@pytest.fixture
def pascom(postgresql: PostgreSQL, tmp_path: Path) -> Scene:
    return scene("pascom", postgresql, tmp_path)


def _journal(pbx: Scene, calls: int) -> None:
    rows = [
        (n, local(leg.at), None, leg.call, "answered", "Zoë Müßiggang", leg.src, "", "Łukasz",
         leg.dst, leg.dst, '{"label": "callback"}')
        for n, leg in enumerate(family.legs(calls, recorded=0), start=1)
    ]  # fmt: skip
    undated = (len(rows) + 1, None, *rows[0][2:])
    pbx.load(TABLE, [f"phonecallrecord_{name}" for name in COLUMNS], [*rows, undated])


def test_the_call_journal_is_counted_by_whole_calls_and_never_deleted(pascom: Scene) -> None:
    _journal(pascom, 20_000)
    only_counts(pascom, "calls", TABLE, stays=NOT_DUE)


def test_a_login_that_may_only_read_is_all_that_the_journal_needs(pascom: Scene) -> None:
    assert pascom.connector.manifest.grants("postgresql") == {TABLE: "SELECT"}


def test_a_recording_and_its_journal_go_by_the_second_in_their_names(pascom: Scene) -> None:
    _journal(pascom, 20)
    left = set()
    for n, at in enumerate(spread(400)):
        stem = f"{int(at.timestamp())}-{n}_{int(at.timestamp())}-{n + 1}"
        for path in (f"na_{stem}_29_001.wav", f"n_{stem}.json"):
            pascom.file("recordings", path, at=OLD)
            if at >= CUTOFF:
                left.add(f"recordings/{path}")
    for other in ("hold-music.wav", "settings.json", "greeting_2.wav"):
        pascom.file("recordings", other, at=OLD)
        left.add(f"recordings/{other}")
    pascom.grant()
    done = pascom.run()
    assert pascom.left() == left
    (files,) = [result for result in done.results if result.dataset == "recordings"]
    assert files.outcome == "complete"
    assert files.deleted > 300


def test_a_journal_without_anything_due_leaves_no_residue(pascom: Scene) -> None:
    _journal(pascom, 100)
    pascom.do(pascom.filled(f"DELETE FROM {TABLE} WHERE NOT ({NOT_DUE})"))
    pascom.grant()
    done = pascom.run()
    assert (done.outcome, done.exit_code) == ("nothing-due", Exit.OK)


def test_a_changed_journal_is_refused(pascom: Scene) -> None:
    _journal(pascom, 50)
    change = f"ALTER TABLE {TABLE} RENAME COLUMN phonecallrecord_chain TO phonecallrecord_call"
    refuses(pascom, [change], naming=[TABLE, "phonecallrecord_chain"])
