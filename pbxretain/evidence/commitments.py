"""How is a record committed to, so that the leaf says nothing without its key?

SMDR-2. One run key, in memory only; from it one tree key per dataset; from that one key per leaf
by an AES-256-CTR keystream; the leaf is a hash of leaf key and record. Revealing one leaf key
opens one leaf and no other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import NoReturn

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pbxretain import bulk
from pbxretain.errors import EvidenceError
from pbxretain.haul import Haul
from pbxretain.records import Field, Taken, pack

SCHEME = "SMDR-2"
LEAF_SIZE = 32


class RunKey:
    """32 random bytes that live as long as the run and are never shown or copied; what is written
    of them is sealed to somebody else."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        """``key`` only for test vectors and for whoever opened a sealed key."""
        self._key = bytearray(secrets.token_bytes(32) if key is None else key)
        if len(self._key) != 32:
            raise EvidenceError("A run key has exactly 32 bytes.")

    def tree_key(self, *, source: str, dataset: str) -> bytes:
        """K_tree of one dataset: HKDF-SHA256, no salt."""
        return self.derived(b"pbxretain/leaf/2", source=source, dataset=dataset)

    def derived(self, label: bytes, *, source: str, dataset: str) -> bytes:
        """A key of one dataset for one purpose: HKDF-SHA256, no salt, 32 bytes."""
        info = pack(label, source.encode(), dataset.encode())
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._held())

    def sealed(self, encrypt: Callable[[bytes], bytes]) -> bytes:
        """What ``encrypt`` makes of the key, for somebody who may open it later."""
        return encrypt(self._held())

    def _held(self) -> bytes:
        if not self._key:
            raise EvidenceError("The run key is forgotten already.")
        return bytes(self._key)

    def forget(self) -> None:
        """Overwrites the key as well as Python can; no leaf can be made or opened afterwards."""
        self._key[:] = bytes(len(self._key))
        self._key.clear()

    def __repr__(self) -> str:
        return "<run key>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a run key is never serialised")


class Committer:
    """Makes the leaves of one dataset in one run; a keystream position serves one record only."""

    __slots__ = ("_key", "_next", "_prefix")

    def __init__(
        self, run_key: RunKey, *, source: str, dataset: str, data_class: str, encoding: str
    ) -> None:
        self._key = run_key.tree_key(source=source, dataset=dataset)
        self._prefix = record_prefix(encoding=encoding, data_class=data_class, dataset=dataset)
        self._next = 0

    @property
    def next_index(self) -> int:
        """The first position that no batch has drawn, committed or rolled back."""
        return self._next

    def leaves(self, first_index: int, taken: Sequence[Taken]) -> bytes:
        """The leaf hashes of one batch, 32 bytes each, in its order.

        EvidenceError when a position was drawn before: two records under one leaf key would let
        the proof for one open the other.
        """
        if first_index < self._next:
            raise EvidenceError("A leaf position must not be used twice.")
        self._next = first_index + len(taken)
        stream = keystream(self._key, first_index, len(taken))
        prefix = self._prefix
        if isinstance(taken, Haul):
            prefix, bodies = prefix + pack(bytes((*taken.shape, 0))), taken.bodies()
        else:
            bodies = [record_body(record) for record in taken]
        return bulk.hashed(bodies, b"\x00", stream, prefix)

    def __repr__(self) -> str:
        return "<committer>"


def keystream(tree_key: bytes, first: int, count: int) -> bytes:
    """The leaf keys from position ``first``, 32 bytes each: AES-256-CTR, IV 0."""
    start = (2 * first).to_bytes(16, "big")
    encryptor = Cipher(algorithms.AES(tree_key), modes.CTR(start)).encryptor()
    return encryptor.update(bytes(32 * count)) + encryptor.finalize()


def record_prefix(*, encoding: str, data_class: str, dataset: str) -> bytes:
    """The part of ``r_i`` that all records of a dataset share."""
    return pack(b"pbxretain/rec/2", encoding.encode(), data_class.encode(), dataset.encode())


def record_body(record: Taken) -> bytes:
    """The part of ``r_i`` that is one record's own.

    Opens with the number of key columns, of subjects, and of content digests, so that no value
    can pass from one section to the next.
    """
    digest: tuple[Field, ...] = () if record.digest is None else (record.digest,)
    shape = bytes((len(record.key), len(record.subjects), len(digest)))
    return pack(shape, *record.key, record.start, *record.subjects, *digest)


def leaf(leaf_key: bytes, *, prefix: bytes, body: bytes) -> bytes:
    """The leaf hash of an opened record; EvidenceError unless its key has exactly 32 bytes."""
    if len(leaf_key) != 32:
        raise EvidenceError("A leaf key has exactly 32 bytes.")
    return hashlib.sha256(b"\x00" + leaf_key + prefix + body).digest()
