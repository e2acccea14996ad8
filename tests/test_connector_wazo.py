"""Wazo Platform: do calls go with all they left in events, lists, queues and files, and never back?

The traps bear their numbers from the notes on the product (W1 to W12).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.servers import PostgreSQL
from support.vendor import Scene, scene
from support.wazo import DANGLING, STAYS, Wazo, messages, odd_calls, usual_calls


@pytest.fixture
def made(postgresql: PostgreSQL, tmp_path: Path) -> Wazo:
    """A Wazo with settings and announcements, and nothing else yet."""
    wazo = Wazo(scene("wazo", postgresql, tmp_path))
    wazo.pbx.stays, wazo.pbx.dangling = STAYS, DANGLING
    wazo.settings()
    return wazo


# --- the whole ---


def test_of_twenty_thousand_calls_and_all_they_left_exactly_the_due_goes(made: Wazo) -> None:
    usual_calls(made)
    odd_calls(made)
    messages(made)
    made.load()
    made.pbx.extra = "asterisk: {version: 22.10.1}"
    done = made.pbx.deletes_exactly_the_due(files=made.left)
    quiet = {r.dataset for r in done.results if not r.deleted}
    assert quiet == set()
