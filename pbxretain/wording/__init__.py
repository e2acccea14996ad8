"""The sentences for people, by subject: key to (German, English). `messages` says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pbxretain.wording.codes import CODES
from pbxretain.wording.concept import CONCEPT
from pbxretain.wording.connector import CONNECTOR
from pbxretain.wording.details import DETAILS
from pbxretain.wording.discovery import DISCOVERY
from pbxretain.wording.evidence import EVIDENCE
from pbxretain.wording.face import FACE
from pbxretain.wording.faults import FAULTS
from pbxretain.wording.holds import HOLDS
from pbxretain.wording.keys import KEYS
from pbxretain.wording.opening import OPENING
from pbxretain.wording.page import PAGE
from pbxretain.wording.papers import PAPERS
from pbxretain.wording.plans import PLANS
from pbxretain.wording.policy import POLICY
from pbxretain.wording.redaction import REDACTION
from pbxretain.wording.report import REPORT
from pbxretain.wording.rules import RULES
from pbxretain.wording.stores import STORES
from pbxretain.wording.subject import SUBJECT
from pbxretain.wording.terms import TERMS
from pbxretain.wording.verify import VERIFY

PARTS: Final[tuple[Mapping[str, tuple[str, str]], ...]] = (
    CODES,
    CONCEPT,
    CONNECTOR,
    DETAILS,
    DISCOVERY,
    EVIDENCE,
    FACE,
    FAULTS,
    HOLDS,
    KEYS,
    OPENING,
    PAGE,
    PAPERS,
    PLANS,
    POLICY,
    REDACTION,
    REPORT,
    RULES,
    STORES,
    SUBJECT,
    TERMS,
    VERIFY,
)
CATALOGUE: Final[Mapping[str, tuple[str, str]]] = {
    key: words for part in PARTS for key, words in part.items()
}
"""Key to (German, English)."""
