"""The published test vectors: always the same bytes, and every verifier says of them what they
expect."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]
from support import page as parts
from support import vectors, verdicts
from support.browser import Browser, Page
from support.vectors import MANIFEST, README, ROOT

import pbxretain
from pbxretain import signing
from pbxretain.bundle import opened_paths
from pbxretain.cli import context, main
from pbxretain.errors import EvidenceError
from pbxretain.evidence import notes
from pbxretain.keys import public_keys
from pbxretain.verify import FINDINGS, Verdict, verify_paths

CASES: list[dict[str, Any]] = json.loads((ROOT / MANIFEST).read_text("utf-8"))["verify"]
SCRIPT = Path(pbxretain.__file__).parent / "evidence" / "verify.sh"


def ids(case: dict[str, Any]) -> str:
    return str(case["name"])


def inputs(case: dict[str, Any]) -> list[Path]:
    given = case["input"]
    return [ROOT / each for each in (given if isinstance(given, list) else [given])]


def trusted(case: dict[str, Any]) -> list[Path]:
    return [ROOT / each for each in case["trust"]]


def look(case: dict[str, Any]) -> Verdict:
    """What verify finds."""
    seen = [notes.parse((ROOT / each).read_bytes()) for each in case.get("seen", ())]
    own = ROOT / case["own"] if "own" in case else None
    with opened_paths(inputs(case)) as paths:
        return verify_paths(
            paths,
            trust=trusted(case),
            own_public=own,
            now=datetime.fromisoformat(case["now"]),
            seen=seen,
        )


def short(exit_: int, codes: Sequence[str], level: str | None) -> dict[str, Any]:
    return {"exit": exit_, "findings": sorted(set(codes)), "level": level}


def test_the_same_bytes_come_out_each_time() -> None:
    made = vectors.files()
    there = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in ROOT.rglob("*")
        if path.is_file() and path.name != README
    }
    assert there.keys() == made.keys()
    assert [name for name, data in made.items() if there[name] != data] == []


def test_every_code_that_verify_can_find_has_a_vector() -> None:
    shown = {code for case in CASES for code in case["expect"]["findings"]}
    assert FINDINGS.keys() - shown == set()


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_verify_says_what_is_expected(case: dict[str, Any]) -> None:
    found = look(case)
    said = short(int(found.exit), [finding.code for finding in found.findings], found.level)
    assert said == case["expect"]


@pytest.mark.parametrize("case", [c for c in CASES if "seen" not in c and "own" not in c], ids=ids)
def test_the_command_says_the_same(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBXRETAIN_DPO_HOME", str(tmp_path / "dpo"))
    monkeypatch.setattr(context, "now", lambda: datetime.fromisoformat(case["now"]))
    trust = [part for path in trusted(case) for part in ("--trust", str(path))]
    if not trust:
        trust = ["--key", str(ROOT / "trust/stranger.pem")]
    done = CliRunner().invoke(main, ["verify", "--json", *map(str, inputs(case)), *trust])
    told = json.loads(done.stdout)
    assert done.exit_code == told["exit"]
    said = short(told["exit"], [each["code"] for each in told["findings"]], told["level"])
    assert said == case["expect"]


# --- other verifiers --------------------------------------------------------------------------

ENVELOPES = [
    case
    for case in CASES
    if not isinstance(case["input"], str) and case["input"][0].endswith(".dsse.json")
]
"""One envelope each, trusted by one key."""

_UNSIGNED = {"BAD_SIGNATURE", "UNKNOWN_KEY"}
"""Form and content apart, this is what a signature check alone can tell."""


def genuine(case: dict[str, Any]) -> bool | None:
    """Whether the signature is genuine as verify sees it; None where the envelope has no form."""
    data = inputs(case)[0].read_bytes()
    try:
        envelope = signing.open_envelope(data)
    except EvidenceError:
        return None
    return signing.signed_by(envelope, the_key(case)) is not None


def the_key(case: dict[str, Any]) -> dict[str, signing.PublicKey]:
    (path,) = trusted(case) or [ROOT / case["own"]]
    return public_keys(path.read_bytes())


@pytest.mark.parametrize("case", ENVELOPES, ids=ids)
def test_a_signature_is_genuine_unless_that_is_what_is_found(case: dict[str, Any]) -> None:
    found = set(case["expect"]["findings"]) & _UNSIGNED
    assert genuine(case) in (not found, None)


@pytest.mark.parametrize("case", ENVELOPES, ids=ids)
def test_openssl_alone_says_the_same_of_each_envelope(case: dict[str, Any]) -> None:
    (path,) = inputs(case)
    (key,) = trusted(case) or [ROOT / case["own"]]
    done = subprocess.run(["sh", SCRIPT, path, key], capture_output=True, check=False)
    assert done.returncode == (0 if genuine(case) else 1), done.stdout + done.stderr


@pytest.mark.parametrize("case", [c for c in ENVELOPES if genuine(c) is not None], ids=ids)
def test_a_second_verifier_says_the_same_of_each_envelope(case: dict[str, Any]) -> None:
    """securesystemslib believes the key id in the envelope, so it is told the right one; of an
    envelope's form it has another idea."""
    told = genuine(case)
    envelope = signing.open_envelope(inputs(case)[0].read_bytes())
    ((keyid, public),) = the_key(case).items()
    (signature, *_) = [
        s
        for s in envelope.signatures
        if not told or signing.signed_by(signing.Envelope(envelope.payload, (s,)), the_key(case))
    ]
    other = OtherEnvelope.from_dict(
        {
            "payload": base64.b64encode(envelope.payload).decode(),
            "payloadType": signing.PAYLOAD_TYPE,
            "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature.sig).decode()}],
        }
    )
    ssl_key = SSlibKey.from_crypto(public, keyid=keyid)
    if told:
        assert other.verify([ssl_key], threshold=1)
    else:
        with pytest.raises(VerificationError):
            other.verify([ssl_key], threshold=1)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.open(parts.PAGE)


def test_the_page_says_the_same(page: Page) -> None:
    """A page is no machine with a key of its own."""
    cases = [case for case in CASES if "own" not in case]
    given = [dropped(case) for case in cases]
    said = [verdicts.by_page(page, [one], flat=not one.whole)[0] for one in given]
    differ = {}
    for case, own in zip(cases, said, strict=True):
        told = short(own["exit"], [each[0] for each in own["findings"]], own["level"])
        if told != case["expect"]:
            differ[case["name"]] = (told, case["expect"])
    assert differ == {}


def dropped(case: dict[str, Any]) -> verdicts.Case:
    """A case as files that somebody drops on the page."""
    whole = isinstance(case["input"], str)
    place = ROOT / case["input"] if whole else ROOT / case["input"][0]
    found = [p for p in place.rglob("*") if p.is_file()] if whole else inputs(case)
    top = place if whole else place.parent
    return verdicts.Case(
        {path.relative_to(top).as_posix(): path.read_bytes() for path in found},
        whole=whole,
        keys=tuple((ROOT / each).read_bytes() for each in (*case["trust"], *case.get("seen", ()))),
        now=datetime.fromisoformat(case["now"]),
    )
