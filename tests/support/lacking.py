"""What becomes of a test for which this machine lacks something?"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

SERVER = "server test not run: "
BROWSER = "browser test not run: "


def lacking(what: str) -> NoReturn:
    """The test isn't run, and says why; in CI, where everything is installed, it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
