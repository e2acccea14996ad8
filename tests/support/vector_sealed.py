"""Sealed evidence out of fixed keys: three invented calls, their leaves, index and sealed run key.

The run key is sealed here by RFC 9180 written out, with a fixed ephemeral key; the package, which
draws one, has to open it.
"""

from __future__ import annotations

import hmac
import tempfile
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pbxretain.evidence import merkle, proofs, sealing, sidecars
from pbxretain.evidence import statements as st
from pbxretain.evidence.bundle import Told
from pbxretain.evidence.commitments import Committer, RunKey, keystream, record_prefix
from pbxretain.evidence.lookup import ROW, Lookup, RowFile, Search, minute
from pbxretain.records import Taken
from pbxretain.signing import open_envelope
from support import reports

RUN_KEY = bytes(range(32))
ESCROW = X25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
EPHEMERAL = X25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
ENCODING = "table/1 utf8mb4"
DATASET, DATA_CLASS, REGION = "call-log", "call-detail-records", "DE"
RUN = "6b2f0c1e-0000-4000-8000-0000000000aa"


def call(key: str, start: str, *subjects: str | None) -> Taken:
    """A record as the source gives it."""
    values = tuple(None if each is None else each.encode() for each in subjects)
    when = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return Taken((key.encode(),), start.encode(), when, (), values)


CALLS = (
    call("1767225600.1", "2026-01-01 00:00:00", "+4930123456", "101"),
    call("1767225661.2", "2026-01-01 00:01:01", "0171 1234567", "102"),
    call("1767225662.3", "2026-01-01 00:01:02", "0171 1234567", None),
)


def public_of(key: X25519PrivateKey) -> bytes:
    """The 32 bytes of the public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def hpke_seal(plain: bytes, *, info: bytes) -> bytes:
    """RFC 9180 base mode (0x0020, 0x0001, 0x0003) to ESCROW under EPHEMERAL: enc || ciphertext."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
    enc, to = public_of(EPHEMERAL), public_of(ESCROW)
    prk = _extract(kem, b"", b"eae_prk", EPHEMERAL.exchange(ESCROW.public_key()))
    shared = _expand(kem, prk, b"shared_secret", enc + to, 32)
    psk_id, told = (
        _extract(suite, b"", n, v) for n, v in ((b"psk_id_hash", b""), (b"info_hash", info))
    )
    context = b"\x00" + psk_id + told
    secret = _extract(suite, shared, b"secret", b"")
    key = _expand(suite, secret, b"key", context, 32)
    nonce = _expand(suite, secret, b"base_nonce", context, 12)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, plain, b"")


def _extract(suite: bytes, salt: bytes, label: bytes, value: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + value, "sha256")


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
    labeled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, labeled + b"\x01", "sha256")[:size]


class Sealed:
    """What a sealed run leaves: the fields of its report, and the files beside it by name."""

    @cached_property
    def key(self) -> RunKey:
        return RunKey(RUN_KEY)

    @cached_property
    def info(self) -> bytes:
        """HPKE's context."""
        return sealing.context(installation=reports.INSTALLATION, source=reports.SOURCE, run=RUN)

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hashes."""
        maker = Committer(
            self.key,
            source=reports.SOURCE,
            dataset=DATASET,
            data_class=DATA_CLASS,
            encoding=ENCODING,
        )
        data = maker.leaves(0, CALLS)
        return [data[at : at + 32] for at in range(0, len(data), 32)]

    @cached_property
    def rows(self) -> bytes:
        """The index: rows by tag."""
        maker = Lookup(self.key, source=reports.SOURCE, dataset=DATASET, region=REGION)
        data = maker.rows(0, CALLS)[1]
        width = RowFile.WIDTH
        return b"".join(data[at : at + ROW] for at in range(0, len(data), width))

    @property
    def entries(self) -> list[bytes]:
        """The leaf hashes of the lookup's tree."""
        return [self.rows[at + 32 : at + ROW] for at in range(0, len(self.rows), ROW)]

    @cached_property
    def kept(self) -> dict[str, tuple[sidecars.Kept, bytes]]:
        """Each file by its role, as the report names it, and its bytes."""
        about: dict[str, Any] = {
            "run": RUN,
            "source": reports.SOURCE,
            "installation": reports.INSTALLATION,
        }
        of = {**about, "dataset": DATASET}
        count = len(self.leaves)
        runs = (0).to_bytes(8, "big") + count.to_bytes(8, "big")
        leaves = {"role": "leaves", **of, "data_class": DATA_CLASS, "encoding": ENCODING}
        index = {"role": "index", **of, "region": REGION, "size": len(self.entries), "probe": 1}
        recipient = sealing.recipient(ESCROW.public_key()).id
        bodies: list[tuple[dict[str, Any], list[bytes]]] = [
            ({**leaves, "size": count}, [*self.leaves, runs]),
            (index, [self.rows]),
            (
                {"role": "sealed-key", **about, "recipient": recipient},
                [hpke_seal(RUN_KEY, info=self.info)],
            ),
        ]
        found = {}
        with tempfile.TemporaryDirectory() as place:
            folder = sidecars.Folder(Path(place))
            for header, body in bodies:
                kept = folder.write(header, body)
                found[header["role"]] = (kept, (Path(place) / f"{kept.sha256}.bin").read_bytes())
        return found

    @property
    def files(self) -> dict[str, bytes]:
        """The files by their name in a bundle."""
        return {f"sidecars/{kept.sha256}.bin": data for kept, data in self.kept.values()}

    def fields(self, *, shred_after: str = "2029-12-31") -> dict[str, Any]:
        """Of the report."""
        dataset = reports.dataset(deleted=len(self.leaves)).model_copy(
            update={
                "merkle": st.Merkle(size=len(self.leaves), root=merkle.root(self.leaves).hex()),
                "lookup": st.Lookup(size=len(self.entries), root=merkle.root(self.entries).hex()),
                "range": st.Range(oldest_deleted="2026-01-01", newest_deleted="2026-01-01"),
            }
        )
        evidence = st.Evidence(
            level="sealed",
            note="SINGLE_RECORDS_PROVABLE",
            files=tuple(st.KeptFile(**kept.facts()) for kept, _ in self.kept.values()),
            recipients=(sealing.recipient(ESCROW.public_key()).id,),
            shred_after=shred_after,
        )
        return {"datasets": (dataset,), "evidence": evidence}

    def told(self, envelope: bytes) -> Told:
        """The report, for whoever makes a proof."""
        opened = open_envelope(envelope)
        report = st.parse_statement(opened.payload).predicate
        assert isinstance(report, st.DeletionReport)
        return Told("report.dsse.json", envelope, opened, report)

    def record_proof(self, envelope: bytes, index: int) -> bytes:
        """That record ``index`` was deleted."""
        record = CALLS[index]
        tree_key = self.key.tree_key(source=reports.SOURCE, dataset=DATASET)
        return proofs.record_proof(
            self.told(envelope),
            DATASET,
            proofs.Record(record.key, record.start, record.subjects),
            encoding=ENCODING,
            key=keystream(tree_key, index, 1),
            index=index,
            leaves=self.leaves,
        )

    def entry_proof(self, envelope: bytes, party: str, index: int) -> bytes:
        """That a party's record of that minute was deleted."""
        search = Search(self.key, source=reports.SOURCE, dataset=DATASET)
        when = minute(CALLS[index])
        (first, *_) = search.entries(self.rows, party=party, minutes=range(when, when + 1), probe=1)
        return proofs.entry_proof(self.told(envelope), DATASET, first, leaves=self.entries)


def prefix() -> bytes:
    """What all records of the dataset share."""
    return record_prefix(encoding=ENCODING, data_class=DATA_CLASS, dataset=DATASET)
