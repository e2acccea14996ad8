"""Single steps of the formats, in and out: what somebody checks first who writes a verifier."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pbxretain.errors import EvidenceError
from pbxretain.evidence import merkle, notes, sealing
from pbxretain.evidence.commitments import keystream, record_body
from pbxretain.evidence.lookup import entry_leaf, lookup_keys, minute, party, tag_of
from pbxretain.records import pack
from pbxretain.signing import canonical, fingerprint, key_id, pae, parse_canonical
from support import reports, vector_sealed
from support.vector_sealed import CALLS, DATASET, ESCROW, REGION, RUN_KEY, Sealed

SEED = bytes(range(32))
CT_LEAVES = tuple(
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
"""The eight leaves of Certificate Transparency's own test data."""

Primitive = dict[str, Any]


def all_() -> list[Primitive]:
    """Every primitive."""
    parts = (
        _signatures,
        _json,
        _roots,
        _inclusion,
        _consistency,
        _leaves,
        _lookup,
        _sealed,
        _notes,
    )
    return [each for part in parts for each in part()]


def _one(name: str, op: str, in_: Any, out: Any) -> Primitive:
    return {"name": name, "op": op, "in": in_, "out": out}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _signatures() -> Iterator[Primitive]:
    for name, kind, payload in (
        ("dsse", "http://example.com/HelloWorld", b"hello world"),
        ("empty", "é", b""),
        ("bytes", "application/vnd.in-toto+json", "ä\n".encode()),
    ):
        told = {"type": kind, "payload": payload.hex()}
        yield _one(f"pae-{name}", "pae", told, pae(kind, payload).hex())
    data = bytes((251, 255, 254, 0))
    for name, text in (("standard", _b64(data)), ("url", base64.urlsafe_b64encode(data).decode())):
        yield _one(f"base64-{name}", "base64", text, data.hex())
    for name, text in (("mixed", "+_8="), ("unpadded", "+/8"), ("spare-bits", "+/9=")):
        yield _one(f"base64-{name}", "base64", text, None)
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    keyid = key_id(key.public_key())
    yield _one("key-id", "key-id", spki.hex(), {"id": keyid, "fingerprint": fingerprint(keyid)})
    message = pae("application/vnd.in-toto+json", b"{}")
    yield _one(
        "ed25519",
        "ed25519-sign",
        {"seed": SEED.hex(), "message": message.hex()},
        key.sign(message).hex(),
    )


def _json() -> Iterator[Primitive]:
    values: dict[str, Any] = {
        "order": {"b": 1, "a": {"z": None, "y": True}, "B": [], "_": {}},
        "text": {"a": 'ä\u2028𝄞"\\/\b\f\n\r\t\u0001\u007f'},
        "integers": {"a": [0, -1, 2**53 - 1, -(2**53) + 1]},
    }
    for name, value in values.items():
        yield _one(f"jcs-{name}", "jcs", value, canonical(value).hex())
    for name, text in {
        "canonical": b'{"a":1}',
        "space": b'{"a": 1}',
        "unsorted": b'{"b":1,"a":1}',
        "duplicate": b'{"a":1,"a":1}',
        "float": b'{"a":1.0}',
        "exponent": b'{"a":1e0}',
        "nan": b'{"a":NaN}',
        "minus-nought": b'{"a":-0}',
        "large": b'{"a":9007199254740992}',
        "key-beyond-ascii": '{"ä":1}'.encode(),
        "lone-surrogate": b'{"a":"\\ud834"}',
        "escaped-letter": b'{"a":"\\u0061"}',
        "bad-utf8": b'{"a":"\xff"}',
        "byte-order-mark": b'\xef\xbb\xbf{"a":1}',
        "crlf": b'{"a":1,\r\n"b":2}',
        "trailing": b'{"a":1}\n',
        "no-object": b"[]",
    }.items():
        yield _one(f"parse-{name}", "parse", text.hex(), _parsed(text))


def _parsed(text: bytes) -> str:
    try:
        parse_canonical(text)
    except EvidenceError as error:
        return error.code
    return "ok"


def _roots() -> Iterator[Primitive]:
    for size in range(len(CT_LEAVES) + 1):
        data = [leaf.hex() for leaf in CT_LEAVES[:size]]
        hashes = map(merkle.leaf_hash, CT_LEAVES[:size])
        yield _one(f"root-{size}", "merkle-root", data, merkle.root(hashes).hex())


def _hashes(size: int) -> list[bytes]:
    return [merkle.leaf_hash(leaf) for leaf in CT_LEAVES[:size]]


def _inclusion() -> Iterator[Primitive]:
    for size in range(1, len(CT_LEAVES) + 1):
        hashes = _hashes(size)
        for index in range(size):
            told = {
                "leaf_hash": hashes[index].hex(),
                "index": index,
                "size": size,
                "root": merkle.root(hashes).hex(),
                "proof": [node.hex() for node in merkle.inclusion_proof(hashes, index)],
            }
            yield _one(f"inclusion-{index}-{size}", "inclusion", told, True)
            if size in (3, 8):
                yield from _not_included(told)


def _not_included(told: dict[str, Any]) -> Iterator[Primitive]:
    name = f"inclusion-{told['index']}-{told['size']}"
    node = merkle.node_hash(*_hashes(2)).hex()
    bent = {
        "beyond": {"index": told["size"]},
        "neighbour": {"index": (told["index"] + 1) % told["size"]},
        "longer": {"proof": [*told["proof"], "00" * 32]},
        "shorter": {"proof": told["proof"][:-1]},
        "node": {"leaf_hash": node},
    }
    for why, change in bent.items():
        yield _one(f"{name}-{why}", "inclusion", {**told, **change}, False)


def _consistency() -> Iterator[Primitive]:
    for new in range(len(CT_LEAVES) + 1):
        hashes = _hashes(new)
        for old in range(new + 1):
            told: dict[str, Any] = {
                "old": old,
                "old_root": merkle.root(hashes[:old]).hex(),
                "new": new,
                "new_root": merkle.root(hashes).hex(),
                "proof": [node.hex() for node in merkle.consistency_proof(hashes, old)],
            }
            yield _one(f"consistency-{old}-{new}", "consistency", told, True)
            if 0 < old < new:
                bent = {**told, "old_root": hashlib.sha256(b"other").hexdigest()}
                yield _one(f"consistency-{old}-{new}-other", "consistency", bent, False)
                longer = {**told, "proof": [*told["proof"], "00" * 32]}
                yield _one(f"consistency-{old}-{new}-longer", "consistency", longer, False)


def _leaves() -> Iterator[Primitive]:
    evidence = Sealed()
    about = {"run_key": RUN_KEY.hex(), "source": reports.SOURCE, "dataset": DATASET}
    tree_key = evidence.key.tree_key(source=reports.SOURCE, dataset=DATASET)
    yield _one("smdr2-tree-key", "smdr2-tree-key", about, tree_key.hex())
    for index, record in enumerate(CALLS):
        key = keystream(tree_key, index, 1)
        at = {"tree_key": tree_key.hex(), "index": index}
        yield _one(f"smdr2-leaf-key-{index}", "smdr2-leaf-key", at, key.hex())
        fields = {
            "encoding": vector_sealed.ENCODING,
            "data_class": vector_sealed.DATA_CLASS,
            "dataset": DATASET,
            "key": [_field(field) for field in record.key],
            "start": _field(record.start),
            "subjects": [_field(field) for field in record.subjects],
            "digest": _field(record.digest),
        }
        encoded = vector_sealed.prefix() + record_body(record)
        yield _one(f"smdr2-record-{index}", "smdr2-record", fields, encoded.hex())
        told = {"leaf_key": key.hex(), "record": encoded.hex()}
        yield _one(f"smdr2-leaf-{index}", "smdr2-leaf", told, evidence.leaves[index].hex())
    leaves = [leaf.hex() for leaf in evidence.leaves]
    yield _one("smdr2-root", "merkle-root-of-hashes", leaves, merkle.root(evidence.leaves).hex())
    nulls = [None, "", "61"]
    packed = pack(None, b"", b"a")
    yield _one("lp", "length-prefixed", nulls, packed.hex())


def _field(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _lookup() -> Iterator[Primitive]:
    for typed, region in (
        ("+49 30 123456", None),
        ("030 123456", "DE"),
        ("0049 30 123456", None),
        ("030 123456", None),
        ("101", "DE"),
        ("*43", "DE"),
        ('"Meier" <sip:+4930123456@pbx.example;user=phone>', "DE"),
        ("SIP/101-00000001", "DE"),
        ("anonymous", "DE"),
    ):
        told = {"value": typed.encode().hex(), "region": region}
        yield _one(f"party {typed} {region or '-'}", "party", told, party(typed.encode(), region))
    evidence = Sealed()
    look, entry = lookup_keys(evidence.key, source=reports.SOURCE, dataset=DATASET)
    about = {"run_key": RUN_KEY.hex(), "source": reports.SOURCE, "dataset": DATASET}
    yield _one("lookup-keys", "lookup-keys", about, {"look": look.hex(), "entry": entry.hex()})
    number = 0
    repeats: dict[tuple[str, int], int] = {}
    for position, record in enumerate(CALLS):
        for value in record.subjects:
            name = party(value, REGION) if value else None
            if name is None:
                continue
            when = minute(record)
            repeat = repeats.setdefault((name, when), 0)
            repeats[name, when] += 1
            found = tag_of(look, pack(name.encode(), when.to_bytes(8, "big", signed=True)), repeat)
            key = keystream(entry, number, 1)
            leaf = entry_leaf(key, party=name, minute=when, repeat=repeat, position=position)
            masked = int.from_bytes(found[16:], "big") ^ (position << 64 | number)
            entered: dict[str, Any] = {
                "look": look.hex(),
                "entry": entry.hex(),
                "party": name,
                "minute": when,
                "repeat": repeat,
                "position": position,
                "number": number,
            }
            row = found[:16] + masked.to_bytes(16, "big") + leaf
            out = {
                "tag": found[:16].hex(),
                "mask": found[16:].hex(),
                "key": key.hex(),
                "leaf": leaf.hex(),
                "row": row.hex(),
            }
            yield _one(f"lookup-entry-{number}", "lookup-entry", entered, out)
            assert row in [evidence.rows[at : at + 64] for at in range(0, len(evidence.rows), 64)]
            number += 1
    yield _one("lookup-index", "lookup-index", None, evidence.rows.hex())
    entries = [leaf.hex() for leaf in evidence.entries]
    root = merkle.root(evidence.entries).hex()
    yield _one("lookup-root", "merkle-root-of-hashes", entries, root)


def _sealed() -> Iterator[Primitive]:
    evidence = Sealed()
    private = ESCROW.private_bytes_raw().hex()
    about = {
        "installation": reports.INSTALLATION,
        "source": reports.SOURCE,
        "run": vector_sealed.RUN,
    }
    yield _one("hpke-info", "hpke-info", about, evidence.info.hex())
    body = vector_sealed.hpke_seal(RUN_KEY, info=evidence.info)
    told = {"private": private, "info": evidence.info.hex(), "sealed": body.hex()}
    opened = sealing.open_key(body, ESCROW, info=evidence.info)
    key = opened.sealed(lambda plain: plain)
    yield _one("hpke-open", "hpke-open", told, key.hex())
    other = sealing.context(
        installation=reports.INSTALLATION, source="branch", run=vector_sealed.RUN
    )
    yield _one("hpke-other-place", "hpke-open", {**told, "info": other.hex()}, None)
    for role, (kept, data) in evidence.kept.items():
        yield _one(
            f"sidecar-{role}",
            "sidecar",
            data.hex(),
            {"role": role, "sha256": kept.sha256, "bytes": kept.size},
        )


def _notes() -> Iterator[Primitive]:
    key, witness = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (2, 5))
    digests = [hashlib.sha256(leaf).hexdigest() for leaf in CT_LEAVES[:3]]
    origin = notes.origin(reports.INSTALLATION, reports.SOURCE)
    told = {"origin": origin, "digests": digests}
    note = notes.checkpoint(origin, digests)
    yield _one("checkpoint-body", "checkpoint-body", told, note.body.decode())
    signed = notes.sign(note, key)
    public, seen_by = (
        each.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        for each in (key, witness)
    )
    yield _one("checkpoint", "note-signed", {"note": signed.text.decode(), "public": public}, True)
    strange = {"note": signed.text.decode(), "public": seen_by}
    yield _one("checkpoint-other-key", "note-signed", strange, False)
    now = datetime(2026, 11, 23, 3, tzinfo=UTC)
    seen = notes.cosign(signed, witness, name="dpo.example", now=now)
    by = {"note": seen.text.decode(), "public": seen_by}
    yield _one("cosignature", "note-cosigned-at", by, int(now.timestamp()))
    by = {"note": seen.text.decode(), "public": public}
    yield _one("cosignature-other-key", "note-cosigned-at", by, None)
