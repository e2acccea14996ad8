"""Checkpoints, cosignatures and consistency proofs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pbxretain.errors import EvidenceError
from pbxretain.evidence import merkle, notes

RUNNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NOW = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
ORIGIN = notes.origin("b3f5b9a2-6a53-4b64-8c52-1f0d7e5f0a11", "head-office")
LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(40)]


def a_note() -> notes.Checkpoint:
    note = notes.sign(notes.checkpoint(ORIGIN, ["ab" * 32, "cd" * 32]), RUNNER)
    return notes.cosign(note, WITNESS, name="acme.example/dpo", now=NOW)


def test_a_checkpoint_reads_back_as_it_was_written() -> None:
    note = a_note()
    assert notes.parse(note.text) == note
    assert notes.signed(note, RUNNER.public_key())
    assert notes.cosigned_at(note, WITNESS.public_key()) == NOW


def test_nobody_else_has_signed_it() -> None:
    note = a_note()
    assert not notes.signed(note, WITNESS.public_key())
    assert notes.cosigned_at(note, RUNNER.public_key()) is None
    alone = notes.sign(note, RUNNER)
    assert notes.cosigned_at(alone, WITNESS.public_key()) is None


@given(st.data())
def test_any_changed_byte_of_a_checkpoint_shows(data: st.DataObject) -> None:
    text = bytearray(a_note().text)
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    try:
        note = notes.parse(bytes(text))
    except EvidenceError:
        return
    runner = notes.signed(note, RUNNER.public_key())
    witness = notes.cosigned_at(note, WITNESS.public_key()) == NOW
    assert not (runner and witness)


@pytest.mark.parametrize(
    "text",
    [b"", b"\n\n", b"a\n1\n\n", b"a\n01\nAAAA\n\n", b"\xff", b"a\n1\n" + b"A" * 44 + b"\n\n"],
)
def test_what_is_no_checkpoint_is_told_apart(text: bytes) -> None:
    with pytest.raises(EvidenceError):
        notes.parse(text)


@pytest.mark.parametrize("new", range(len(LEAVES)))
def test_every_consistency_proof_holds_and_no_tampered_one(new: int) -> None:
    new_root = merkle.root(LEAVES[:new])
    for old in range(new + 1):
        proof = merkle.consistency_proof(LEAVES[:new], old)
        old_root = merkle.root(LEAVES[:old])
        assert merkle.is_consistent(
            old=old, old_root=old_root, new=new, new_root=new_root, proof=proof
        )
        assert not merkle.is_consistent(
            old=old, old_root=old_root, new=new, new_root=new_root, proof=[*proof, bytes(32)]
        )
        if old != new:
            wrong = merkle.leaf_hash(b"x")
            assert not merkle.is_consistent(
                old=old, old_root=wrong, new=new, new_root=new_root, proof=proof
            )
        if proof:
            for place in range(len(proof)):
                bad = [*proof]
                bad[place] = bytes(32)
                assert not merkle.is_consistent(
                    old=old, old_root=old_root, new=new, new_root=new_root, proof=bad
                )
            assert not merkle.is_consistent(
                old=old, old_root=old_root, new=new, new_root=new_root, proof=proof[:-1]
            )


def test_a_proof_of_another_size_does_not_hold() -> None:
    proof = merkle.consistency_proof(LEAVES[:7], 3)
    # A root doesn't bind its size: the checkpoint does, which is signed with it.
    for old, new in ((4, 7), (7, 3), (8, 7)):
        assert not merkle.is_consistent(
            old=old,
            old_root=merkle.root(LEAVES[:3]),
            new=new,
            new_root=merkle.root(LEAVES[:7]),
            proof=proof,
        )
