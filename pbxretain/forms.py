"""In which forms may a product write a time, or a name that holds one?"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

PartPattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Literal text with groups from a fixed alphabet (``PATTERN_GROUPS``), matched as a whole."""


PATTERN_GROUPS = {
    "any": r".*?",
    "year": r"(?P<year>\d{4})",
    "month": r"(?P<month>\d{2})",
    "day": r"(?P<day>\d{2})",
    "mon": r"(?P<mon>[A-Z][a-z]{2})",
    "date": r"(?P<date>\d{8})",
    "time": r"(?P<time>\d{6})",
    "hour": r"(?P<hour>\d{2})",
    "minute": r"(?P<minute>\d{2})",
    "second": r"(?P<second>\d{2})",
    "epoch": r"(?P<epoch>\d{9,10})",
    "from": r"[^/]*?",
    "to": r"[^/]*?",
    "uniqueid": r"(?:[^/]*-)?(?P<uniqueid>\d{9,10})[._]\d+",
    "number": r"\d+",
    "uuid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "name": r"[^/]*?",
    "facet": r"(?P<facet>[^/]*?)",
}
"""What a pattern may hold between braces. ``uniqueid`` is Asterisk's ``<epoch>.<counter>``, with
a system name or not; in the playback cache of FreePBX the dot is an underscore. ``mon`` is an
English month of three letters; ``any`` may cross folders, ``name``, ``from``, ``to`` don't.
``number`` holds digits only: with it at a name's end no text before it, which callers can choose,
passes for the stamp. ``facet`` is what a facet goes by."""


TEXT_FORMS = {
    "YYYY-MM-DD HH:MM:SS": "____-__-__ __:__:__%",
    "YYYY-MM-DDTHH:MM:SS": "____-__-__T__:__:__%",
    "YYYYMMDDHHMMSS": "______________%",
}
"""Text forms of a time with their LIKE pattern; a fraction or offset may follow."""
