"""Each single step of the formats, done again by code that shares nothing with the package."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from support.vectors import MANIFEST, ROOT

from pbxretain.evidence import merkle, notes, sidecars
from pbxretain.evidence.lookup import party
from pbxretain.signing import canonical

PRIMITIVES = json.loads((ROOT / MANIFEST).read_text("utf-8"))["primitives"]
BY_NAME: Mapping[str, Any] = {each["name"]: each for each in PRIMITIVES}
un = bytes.fromhex


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# --- written out again ------------------------------------------------------------------------


def pae(told: dict[str, str]) -> str:
    kind, payload = told["type"].encode(), un(told["payload"])
    head = f"DSSEv1 {len(kind)} ".encode() + kind
    return (head + f" {len(payload)} ".encode() + payload).hex()


def base64_field(text: str) -> str | None:
    if not re.fullmatch(r"([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}", text) or len(text) % 4:
        return None
    data = base64.b64decode(text, altchars=b"-_" if re.search("[-_]", text) else None)
    back = base64.urlsafe_b64encode(data) if re.search("[-_]", text) else base64.b64encode(data)
    return data.hex() if back.decode() == text else None


def key(spki: str) -> dict[str, str]:
    keyid = sha(un(spki)).hex()
    return {"id": keyid, "fingerprint": " ".join(re.findall("....", keyid[:32]))}


def jcs(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode().hex()


def tree(hashes: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, as it stands there."""
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return sha(b"\x01" + tree(hashes[:half]) + tree(hashes[half:]))


def root(leaves: list[str]) -> str:
    return tree([sha(b"\x00" + un(leaf)) for leaf in leaves]).hex()


def packed(*fields: bytes | None) -> bytes:
    parts = (b"\xff" * 4 if f is None else len(f).to_bytes(4, "big") + f for f in fields)
    return b"".join(parts)


def field(value: str | None) -> bytes | None:
    return None if value is None else un(value)


def hkdf(secret: bytes, info: bytes) -> bytes:
    prk = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")


def derived(told: dict[str, str], label: bytes) -> str:
    info = packed(label, told["source"].encode(), told["dataset"].encode())
    return hkdf(un(told["run_key"]), info).hex()


def stream(secret: str, position: int) -> bytes:
    counter = (2 * position).to_bytes(16, "big")
    cipher = Cipher(algorithms.AES(un(secret)), modes.CTR(counter)).encryptor()
    return cipher.update(bytes(32))


def record(told: dict[str, Any]) -> str:
    digest = [] if told["digest"] is None else [un(told["digest"])]
    names = (told[name].encode() for name in ("encoding", "data_class", "dataset"))
    shape = bytes((len(told["key"]), len(told["subjects"]), len(digest)))
    own = (*map(field, told["key"]), field(told["start"]), *map(field, told["subjects"]), *digest)
    return (packed(b"pbxretain/rec/2", *names) + packed(shape, *own)).hex()


def entry(told: dict[str, Any]) -> dict[str, str]:
    when, repeat = told["minute"].to_bytes(8, "big"), told["repeat"].to_bytes(4, "big")
    position, name = told["position"].to_bytes(8, "big"), told["party"].encode()
    found = hashlib.blake2s(packed(name, when, repeat), key=un(told["look"])).digest()
    secret = stream(told["entry"], told["number"])
    leaf = sha(b"\x00" + secret + packed(b"pbxretain/lookup/2", name, when, repeat, position))
    plain = position + told["number"].to_bytes(8, "big")
    masked = bytes(a ^ b for a, b in zip(plain, found[16:], strict=True))
    return {
        "tag": found[:16].hex(),
        "mask": found[16:].hex(),
        "key": secret.hex(),
        "leaf": leaf.hex(),
        "row": (found[:16] + masked + leaf).hex(),
    }


def is_signed(public: str, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(un(public)).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def note_lines(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    body, _, rest = note.partition("\n\n")
    lines = [line.split(" ") for line in rest.splitlines()]
    return body + "\n", [(name, base64.b64decode(data)) for _, name, data in lines]


def note_signed(told: dict[str, str]) -> bool:
    body, lines = note_lines(told["note"])
    name = body.split("\n", 1)[0]
    hint = sha(name.encode() + b"\n\x01" + un(told["public"]))[:4]
    mine = [data[4:] for who, data in lines if who == name and data[:4] == hint]
    return any(is_signed(told["public"], each, body.encode()) for each in mine)


def cosigned_at(told: dict[str, str]) -> int | None:
    body, lines = note_lines(told["note"])
    for who, data in lines:
        hint = sha(who.encode() + b"\n\x04" + un(told["public"]))[:4]
        if data[:4] == hint:
            at = int.from_bytes(data[4:12], "big")
            message = f"cosignature/v1\ntime {at}\n{body}".encode()
            if is_signed(told["public"], data[12:], message):
                return at
    return None


def body(told: dict[str, Any]) -> str:
    leaves = root(told["digests"])
    size, shown = len(told["digests"]), base64.b64encode(un(leaves)).decode()
    return f"{told['origin']}\n{size}\n{shown}\n"


def info(told: dict[str, str]) -> str:
    names = (told[name].encode() for name in ("installation", "source", "run"))
    return packed(b"pbxretain/runkey/2", *names).hex()


AGAIN: Mapping[str, Callable[[Any], Any]] = {
    "pae": pae,
    "base64": base64_field,
    "key-id": key,
    "ed25519-sign": lambda told: (
        Ed25519PrivateKey.from_private_bytes(un(told["seed"])).sign(un(told["message"])).hex()
    ),
    "jcs": jcs,
    "merkle-root": root,
    "merkle-root-of-hashes": lambda hashes: tree(list(map(un, hashes))).hex(),
    "smdr2-tree-key": lambda told: derived(told, b"pbxretain/leaf/2"),
    "smdr2-leaf-key": lambda told: stream(told["tree_key"], told["index"]).hex(),
    "smdr2-record": record,
    "smdr2-leaf": lambda told: sha(b"\x00" + un(told["leaf_key"]) + un(told["record"])).hex(),
    "length-prefixed": lambda fields: packed(*map(field, fields)).hex(),
    "lookup-keys": lambda told: {
        "look": derived(told, b"pbxretain/look/2"),
        "entry": derived(told, b"pbxretain/entry/2"),
    },
    "lookup-entry": entry,
    "hpke-info": info,
    "checkpoint-body": body,
    "note-signed": note_signed,
    "note-cosigned-at": cosigned_at,
}


@pytest.mark.parametrize("op", AGAIN)
def test_other_code_comes_to_the_same(op: str) -> None:
    of = [each for each in PRIMITIVES if each["op"] == op]
    assert of
    assert {e["name"]: AGAIN[op](e["in"]) for e in of} == {e["name"]: e["out"] for e in of}


# --- by the package, where the vector says no as well --------------------------------------------


def nodes(told: dict[str, Any]) -> list[bytes]:
    return list(map(un, told["proof"]))


def test_every_proof_is_judged_as_it_should_be() -> None:
    judged = {True: 0, False: 0}
    for each in PRIMITIVES:
        told = each["in"]
        match each["op"]:
            case "inclusion":
                found = merkle.is_included(
                    un(told["leaf_hash"]),
                    index=told["index"],
                    size=told["size"],
                    proof=nodes(told),
                    root=un(told["root"]),
                )
            case "consistency":
                found = merkle.is_consistent(
                    old=told["old"],
                    old_root=un(told["old_root"]),
                    new=told["new"],
                    new_root=un(told["new_root"]),
                    proof=nodes(told),
                )
            case _:
                continue
        assert found == each["out"], each["name"]
        judged[found] += 1
    assert judged == {True: 36 + 45, False: 11 * 5 + 2 * 28}


def test_the_package_reads_what_it_is_given() -> None:
    for each in PRIMITIVES:
        told, out = each["in"], each["out"]
        match each["op"]:
            case "jcs":
                assert canonical(told).hex() == out
            case "party":
                assert party(un(told["value"]), told["region"]) == out
            case "sidecar":
                assert sidecars.read(un(told)).role == out["role"]
                assert (sha(un(told)).hex(), len(un(told))) == (out["sha256"], out["bytes"])
            case "note-signed":
                public = Ed25519PublicKey.from_public_bytes(un(told["public"]))
                assert notes.signed(notes.parse(told["note"].encode()), public) == out


def test_the_index_is_the_sorted_rows_of_its_entries() -> None:
    rows = sorted(each["out"]["row"] for each in PRIMITIVES if each["op"] == "lookup-entry")
    assert BY_NAME["lookup-index"]["out"] == "".join(rows)


def test_a_sealed_run_key_opens_to_the_run_key() -> None:
    assert BY_NAME["hpke-open"]["out"] == bytes(range(32)).hex()
    assert BY_NAME["hpke-other-place"]["out"] is None


# --- values that others have published --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("root-0", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("root-1", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ("root-8", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_roots_are_those_of_certificate_transparency(name: str, value: str) -> None:
    assert BY_NAME[name]["out"] == value


def test_the_key_id_of_the_counting_seed() -> None:
    told = "a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"
    assert BY_NAME["key-id"]["out"]["id"] == told


def test_every_case_of_the_profile_ends_as_said() -> None:
    expected = {
        "canonical": "ok",
        "space": "NOT_CANONICAL",
        "unsorted": "NOT_CANONICAL",
        "minus-nought": "NOT_CANONICAL",
        "escaped-letter": "NOT_CANONICAL",
        "lone-surrogate": "NOT_CANONICAL",
        "crlf": "NOT_CANONICAL",
        "trailing": "NOT_CANONICAL",
    }
    for each in PRIMITIVES:
        if each["op"] == "parse":
            name = each["name"].removeprefix("parse-")
            assert each["out"] == expected.get(name, "MALFORMED"), name
