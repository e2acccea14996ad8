"""What does a signed statement say, in words for somebody who is no programmer?

Builds the sheet of a deletion report or of a dry run from its checked content, and from nothing
else: the same envelope always gives the same sheet. The first sentence is the result; every code
and every term is explained. Nothing is promised: deletion here is logical, and the sheet says so.
"""

from __future__ import annotations

from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Account, Plan, made_at
from pbxretain.explain.parts import Seal, data_class, keep, mark
from pbxretain.explain.parts import dataset as dataset_name
from pbxretain.explain.plan import planned, planned_table
from pbxretain.explain.report import gone, reported, result, status
from pbxretain.messages import Lang
from pbxretain.sheet import Sheet

__all__ = [
    "Seal",
    "data_class",
    "dataset_name",
    "gone",
    "keep",
    "mark",
    "planned_table",
    "result",
    "statement",
    "status",
]


def statement(predicate: Account, lang: Lang, *, seal: Seal | None = None) -> Sheet:
    """The sheet of a deletion report or a dry run."""
    blocks = (
        planned(predicate, lang, seal=seal)
        if isinstance(predicate, Plan)
        else reported(predicate, lang, seal=seal)
    )
    return Sheet(
        lang,
        tuple(blocks),
        made=moment(made_at(predicate)),
        mark=mark(seal, lang),
    )
