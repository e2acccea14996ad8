"""Every kind of statement is told in both languages, with all that it says and nothing else."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pbxretain.evidence import attestations as at
from pbxretain.evidence.attestations import Attestation
from pbxretain.evidence.statements import TYPES, file_type
from pbxretain.explain.attestations import sheet
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.render import as_html, as_text

SPKI = (
    Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
KEY, HEX = hashlib.sha256(SPKI).hexdigest(), "ab" * 32
PUBLIC = base64.b64encode(SPKI).decode()
POLICY = "policy: acme\n"
COMMON: dict[str, Any] = {
    "id": str(uuid.UUID(int=1)),
    "installation": str(uuid.UUID(int=2)),
    "at": "2026-11-23T03:00:00Z",
}
SOURCED = {**COMMON, "source": "office"}
PLACE = at.LedgerPlace(seq=4, prev=HEX)


def roster_key(role: at.Role) -> at.RosterKey:
    return at.RosterKey(
        id=KEY,
        role=role,
        algorithm="ed25519",
        public=PUBLIC,
        post="audit",
        valid_from="2026-11-01T00:00:00Z",
    )


SAMPLES: list[tuple[Attestation, str, str]] = [
    (
        at.Trust(
            **COMMON,
            version=1,
            controller="Acme GmbH",
            keys=(roster_key("authority"),),
            sources=(at.RosterSource(source="office", origin="x", interval_h=24, grace_h=12),),
        ),
        "Acme GmbH",
        "audit",
    ),
    (
        at.KeyEvent(
            **SOURCED,
            ledger=None,
            event="revoke",
            key=HEX,
            last_good=7,
            reason="compromised",
        ),
        "abab abab",
        "7",
    ),
    (
        at.GapNote(
            **SOURCED,
            ledger=PLACE,
            since="2026-11-20T00:00:00Z",
            until="2026-11-21T00:00:00Z",
            reason="disk-full",
            remark="new disks",
        ),
        "office",
        "new disks",
    ),
    (
        at.Hold(
            **SOURCED,
            ledger=PLACE,
            event="set",
            hold=str(uuid.UUID(int=3)),
            kind="legal-hold",
            data=("call-recordings",),
            since="2026-01-05",
            register=HEX,
        ),
        str(uuid.UUID(int=3)),
        "05",
    ),
    (
        at.ApprovedPolicy(
            **COMMON,
            policy="acme",
            version=3,
            digest=f"sha256:{hashlib.sha256(POLICY.encode()).hexdigest()}",
            document=POLICY,
        ),
        "acme",
        "policy: acme",
    ),
    (
        at.Review(
            **SOURCED,
            report=HEX,
            seq=4,
            verdict="accepted-with-findings",
            checks=("verified", "read"),
            findings=("RESIDUE",),
            remark="asked for the reason",
        ),
        "office",
        "asked for the reason",
    ),
    (
        at.Observation(
            **SOURCED,
            as_of="2026-11-23T03:00:00Z",
            timezone="Europe/Berlin",
            connector=f"sha256:{HEX}",
            policy=f"sha256:{HEX}",
            datasets=(
                at.Observed(
                    dataset="calls",
                    data_class="call-detail-records",
                    cutoff="2026-08-24T22:00:00Z",
                    total=None,
                    overdue=17,
                    oldest="2026-02-03",
                ),
                at.Observed(
                    dataset="kept", data_class="audit-logs", cutoff=None, total=3, overdue=0
                ),
            ),
        ),
        "17",
        "calls",
    ),
    (
        at.EvidenceAccess(**SOURCED, purpose="court", files=(HEX,), matches=2),
        "2",
        "office",
    ),
    (at.EvidenceShred(**SOURCED, reason="end-of-life", files=(HEX, KEY)), "2", "office"),
]


def kind_of(found: Attestation) -> str:
    return next(file_type(name) for name, model in TYPES.items() if type(found) is model)


def test_there_is_a_sample_of_each_kind() -> None:
    assert {type(found) for found, _, _ in SAMPLES} == set(get_args(Attestation))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("found", "first", "second"), SAMPLES, ids=lambda v: type(v).__name__)
def test_each_kind_is_told_in_words(
    found: Attestation, first: str, second: str, lang: Lang
) -> None:
    page = sheet(found, lang, kind=kind_of(found), digest=HEX, keyid=KEY)
    told = as_text(page, width=200)
    assert first in told
    assert second in told
    assert HEX in told
    assert "a050 837d 8507 0582" in told
    assert "{" not in told
    assert as_html(page).startswith("<!")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_of_every_list_has_its_sentence(lang: Lang) -> None:
    """Each code that a statement may hold, one after the other."""
    codes = {
        at.GapNote: ("reason", ("host-off", "pbx-off", "maintenance", "mistake", "other")),
        at.EvidenceAccess: ("purpose", get_args(at.Purpose)),
        at.EvidenceShred: ("reason", ("end-of-life", "ordered")),
        at.Review: ("verdict", ("accepted", "accepted-with-findings", "rejected")),
    }
    for found, _, _ in SAMPLES:
        name, values = codes.get(type(found), ("id", (found.id,)))
        for value in values:
            bent = found.model_copy(update={name: value})
            assert sheet(bent, lang, kind=kind_of(found), digest=HEX, keyid=KEY).blocks
