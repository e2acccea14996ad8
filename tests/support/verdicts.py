"""The same files before both verifiers: what the command says, and what verify.html says."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pbxretain import sheet
from pbxretain.bundle import opened_paths
from pbxretain.errors import EvidenceError, UnavailableError
from pbxretain.evidence import attestations as at
from pbxretain.evidence import lookup, merkle
from pbxretain.evidence import statements as st
from pbxretain.evidence.bundle import Told
from pbxretain.evidence.commitments import leaf, record_body, record_prefix
from pbxretain.evidence.fields import instant
from pbxretain.evidence.proofs import Record, entry_proof, record_proof
from pbxretain.evidence.statements import parse_statement, statement
from pbxretain.explain import Seal, attestations
from pbxretain.explain import statement as explained
from pbxretain.keys import public_pem
from pbxretain.ledger import LEDGER, PREPARED, Ledger
from pbxretain.messages import Lang
from pbxretain.records import Taken
from pbxretain.render import as_pdf
from pbxretain.sheet import Sheet
from pbxretain.signing import (
    MAX_ENVELOPE,
    PAYLOAD_TYPE,
    canonical,
    key_id,
    open_envelope,
    pae,
    seal,
)
from pbxretain.verify import Verdict, verify_paths
from support import office, reports
from support.browser import Page, encoded

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
PEM = public_pem(KEY.public_key())
OTHER_PEM = public_pem(STRANGER.public_key())
NOW = reports.NOW + timedelta(days=3)
DAWN = "2026-01-01T00:00:00Z"
_FOLDER = "reports"


@dataclass(frozen=True)
class Case:
    """Files by name, and who is trusted. ``whole``: they are a folder, else single reports."""

    files: Mapping[str, bytes]
    whole: bool = True
    keys: Sequence[bytes] = (PEM,)
    now: datetime = field(default=NOW)
    given: str = ""
    """The one file that is named, where it isn't each statement."""

    def holds(self, data: bytes) -> bool:
        """Whether such a file is among them."""
        return data in self.files.values()


def archive_by_python(data: bytes, *, like: Case) -> dict[str, Any]:
    """What ``pbxretain verify`` finds in a bundle's ZIP file."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "bundle.zip")
        path.write_bytes(data)
        keys = [Path(place, f"{n}.pem") for n in range(len(like.keys))]
        for file, content in zip(keys, like.keys, strict=True):
            file.write_bytes(content)
        try:
            with opened_paths([path]) as opened:
                found = verify_paths(opened, trust=keys, own_public=None, now=like.now)
        except (EvidenceError, UnavailableError):
            # Where a damaged archive can't even be read through, the command says so by 6.
            finding = ["BUNDLE", 7, path.name, {}]
            return {"exit": 7, "level": None, "whole": [], "findings": [finding], "reports": []}
        return comparable(found)


def differences(page: Page, cases: Mapping[str, Case]) -> dict[str, tuple[object, object]]:
    """What the command and the page say differently, by case."""
    said = dict(zip(cases, by_page(page, list(cases.values())), strict=True))
    own = {name: by_python(case) for name, case in cases.items()}
    return {name: (own[name], said[name]) for name in cases if own[name] != said[name]}


def by_python(case: Case) -> dict[str, Any]:
    """What ``pbxretain verify`` finds."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, _FOLDER)
        for name, data in case.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        keys = [Path(place, f"{n}.pem") for n in range(len(case.keys))]
        for path, data in zip(keys, case.keys, strict=True):
            path.write_bytes(data)
        single = [folder / name for name in case.files if name.endswith(".dsse.json")]
        single = [folder / case.given] if case.given else single
        paths = [folder] if case.whole else single
        found = verify_paths(paths, trust=keys, own_public=None, now=case.now)
        return comparable(found)


def comparable(verdict: Verdict) -> dict[str, Any]:
    """A verdict as both sides can say it."""
    findings = [[f.code, int(f.exit), f.file, dict(f.params)] for f in verdict.findings]
    read = [[r.path.name, r.digest, r.sha256, r.statement.type, r.signer] for r in verdict.reports]
    return {
        "exit": int(verdict.exit),
        "level": verdict.level,
        "whole": [[each.source, each.last, each.kept] for each in verdict.whole],
        "findings": _in_order(findings),
        "reports": _in_order(read),
    }


def by_page(
    page: Page, cases: Sequence[Case], *, flat: bool = False, print_: str = ""
) -> list[dict[str, Any]]:
    """What the page finds, a hundred cases in one call.

    ``flat``: the files are dropped without their folder; ``print_``: a fingerprint is typed
    instead of the keys.
    """
    given = [
        {
            "files": {
                f"{_FOLDER}/{name}" if case.whole and not flat else name: encoded(data)
                for name, data in case.files.items()
            },
            "keys": [] if print_ else [encoded(key) for key in case.keys],
            "print": print_,
            "now": case.now.timestamp() * 1000,
        }
        for case in cases
    ]
    said: list[dict[str, Any]] = []
    for at_ in range(0, len(given), 100):
        said += page.call(_EXAMINE, given[at_ : at_ + 100])
    for one in said:
        one["findings"] = _in_order(one["findings"])
        one["reports"] = _in_order(one["reports"])
    return said


def _in_order(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


_EXAMINE = """async (cases) => {
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const said = [];
  for (const {files, keys, print, now} of cases) {
    const trust = {keys: new Map(), roster: null, seen: [], print: pbxretain.readPrint(print)};
    for (const key of keys) {
      const read = await pbxretain.readTrust(bytes(key));
      trust.roster = read.roster ?? trust.roster;
      trust.seen.push(...read.seen);
      for (const [id, one] of read.keys) trust.keys.set(id, one);
    }
    if (trust.roster) trust.print = [...trust.roster.keys("authority").keys()][0];
    const blob = (data) => new Blob([bytes(data)]);
    const given = Object.entries(files).map(([path, data]) => ({path, blob: blob(data)}));
    const {exit, level, whole, findings, reports} = await pbxretain.examine(given, trust, now);
    said.push({
      exit,
      level,
      whole: whole.map((one) => [one.source, one.last, one.kept]),
      findings: findings.map((f) => [f.code, f.exit, f.file, f.params]),
      reports: reports.map((r) => [r.name, r.digest, r.sha256, r.type, r.signer]),
    });
  }
  return said;
}"""


# --- statements -------------------------------------------------------------------------------


def one_of_each() -> dict[str, st.Predicate]:
    """A sound statement of every type."""
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    stranger = STRANGER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ids = [hashlib.sha256(each).hexdigest() for each in (der, stranger)]
    common: dict[str, Any] = {
        "id": reports.INSTALLATION,
        "installation": reports.INSTALLATION,
        "at": instant(reports.NOW),
    }
    source = common | {"source": "head-office"}
    place = at.LedgerPlace(seq=4, prev="ab" * 32)
    authority = at.RosterKey(
        id=ids[0], role="authority", algorithm="ed25519", public=encoded(der), valid_from=DAWN
    )
    runner = at.RosterKey(
        id=ids[1],
        role="runner",
        algorithm="ed25519",
        public=encoded(stranger),
        source="head-office",
        valid_from=DAWN,
        valid_until=instant(NOW),
    )
    expected = at.RosterSource(source="head-office", origin="x", interval_h=24, grace_h=6)
    document = "policy: ä\n"
    digest = "sha256:" + hashlib.sha256(document.encode()).hexdigest()
    observed = at.Observed(
        dataset="call-log",
        data_class="call-detail-records",
        cutoff=DAWN,
        total=5,
        overdue=0,
        oldest="2026-01-01",
    )
    return {
        "deletion-report": reports.report(
            datasets=(reports.dataset(), reports.dataset("other", deleted=0)),
            exceptions=(st.Exemption(code="HELD", dataset="call-log", count=2),),
            copies_out_of_reach=(st.Copy(code="backup", text={"de": "Sicherung"}),),
            clock=st.Clock(database_skew_s=-3, checks=(st.Check(code="CLOCK", passed=True),)),
            limits=st.Limits(share=20),
        ),
        "plan": reports.plan(
            datasets=(
                st.PlannedDataset(
                    dataset="call-log",
                    data_class="call-detail-records",
                    kind="table",
                    rule=st.Rule(keep="P90D", basis="necessity"),
                ),
            )
        ),
        "trust": at.Trust(
            **common,
            version=2,
            previous="cd" * 32,
            controller="Acme",
            keys=(authority, runner),
            sources=(expected,),
        ),
        "policy": at.ApprovedPolicy(
            **common, policy="acme", version=3, digest=digest, document=document
        ),
        "review": at.Review(
            **source,
            report="ab" * 32,
            seq=3,
            verdict="accepted-with-findings",
            checks=("verified", "read"),
            findings=("GAP",),
        ),
        "hold": at.Hold(
            **source,
            ledger=place,
            event="set",
            hold=reports.INSTALLATION,
            kind="legal-hold",
            data=("call-recordings",),
            since="2026-01-01",
            register="ef" * 32,
        ),
        "gap-note": at.GapNote(
            **source, ledger=place, since=DAWN, until=instant(reports.NOW), reason="host-off"
        ),
        "observation": at.Observation(
            **source,
            as_of=instant(reports.NOW),
            timezone="Europe/Berlin",
            connector=reports.DIGEST,
            policy=reports.DIGEST,
            datasets=(observed,),
        ),
        "key-event": at.KeyEvent(
            **source,
            ledger=place,
            event="rotate",
            key=ids[0],
            public=encoded(der),
            previous=ids[1],
            previous_public=encoded(stranger),
            reason="scheduled",
        ),
        "evidence-access": at.EvidenceAccess(
            **source, purpose="court", files=("ab" * 32,), matches=2
        ),
        "evidence-shred": at.EvidenceShred(**source, reason="ordered", files=("ab" * 32,)),
    }


def sealed_report() -> st.DeletionReport:
    """A report at level sealed, with the files that it needs."""
    digests = [f"{n:02x}" * 32 for n in range(3)]
    roles: tuple[tuple[Any, str | None], ...] = (
        ("leaves", "call-log"),
        ("index", "call-log"),
        ("sealed-key", None),
    )
    files = tuple(
        st.KeptFile(name=f"{digest}.bin", role=role, dataset=dataset, sha256=digest, bytes=5)
        for digest, (role, dataset) in zip(digests, roles, strict=True)
    )
    lookup = st.Lookup(size=2, root="ab" * 32)
    return reports.report(
        datasets=(
            reports.dataset().model_copy(update={"lookup": lookup}),
            reports.dataset("other", deleted=0).model_copy(update={"lookup": st.Lookup()}),
        ),
        evidence=st.Evidence(
            level="sealed",
            note="SEALED",
            files=files,
            recipients=("cd" * 32,),
            shred_after="2027-12-31",
        ),
    )


_OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    1,
    -1,
    2,
    2**53 - 1,
    "",
    "x",
    "X_Y",
    "ab" * 32,
    "AAAA",
    "AAB=",
    "2026-02-28",
    "2026-11-31",
    "2026-11-23T03:00:00Z",
    "2099-12-31T23:59:59Z",
    [],
    ["x"],
    {},
    {"x": 1},
)


def changed(value: Any) -> Iterator[Any]:
    """The value with one place of it taken away, doubled or replaced, in every way there is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            rest = {k: v for k, v in value.items() if k != key}
            yield rest
            yield rest | {key + "_": inner}
            for other in (*_OTHERS, *changed(inner)):
                yield rest | {key: other}
        yield value | {"aa": 1}
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield value[:n] + value[n + 1 :]
            yield [*value, inner]
            for other in changed(inner):
                yield [*value[:n], other, *value[n + 1 :]]


def parsed_by_python(payload: bytes) -> str:
    """The code with which a payload is refused; the type of a sound one."""
    try:
        return parse_statement(payload).type
    except EvidenceError as error:
        return error.code


PARSE = """async (payloads) => {
  const said = [];
  for (const payload of payloads) {
    const bytes = new TextEncoder().encode(payload);
    const read = pbxretain.parseStatement(bytes);
    said.push(await read.then(({type}) => type, ({code}) => code));
  }
  return said;
}"""


# --- sheets -----------------------------------------------------------------------------------


def sheet_by_python(sealed: bytes, lang: Lang, *, keyid: str) -> list[dict[str, Any]]:
    """The statement in words as the command tells it."""
    envelope = open_envelope(sealed)
    found = parse_statement(envelope.payload)
    predicate, digest = found.predicate, envelope.digest
    if isinstance(predicate, st.Account):
        return blocks(explained(predicate, lang, seal=Seal(digest, keyid)))
    kind = st.file_type(found.type)
    told = attestations.sheet(predicate, lang, kind=kind, digest=digest, keyid=keyid)
    return blocks(told)


def blocks(told: sheet.Sheet) -> list[dict[str, Any]]:
    """A sheet as the page's script writes it."""
    return [_block(block) for block in told.blocks]


def _block(block: object) -> dict[str, Any]:
    match block:
        case sheet.Heading(text, level):
            return {"block": "heading", "text": text, "level": level}
        case sheet.Paragraph(text, tone):
            return {"block": "paragraph", "text": text, "tone": tone}
        case sheet.Items(items):
            return {"block": "items", "items": list(items)}
        case sheet.KeyValue(pairs):
            return {"block": "pairs", "pairs": [list(pair) for pair in pairs]}
        case sheet.Table(columns, rows):
            heads = [{"title": column.title, "align": column.align} for column in columns]
            return {"block": "table", "columns": heads, "rows": [list(row) for row in rows]}
        case sheet.Verdict(text, status, light):
            return {"block": "verdict", "text": text, "status": status, "light": light}
        case sheet.Form(choices, lines):
            return {"block": "form", "choices": list(choices), "lines": list(lines)}
        case sheet.Chart(title, points, "bars", limit, limit_title):
            shown = [{"label": p.label, "value": p.value, "shown": p.shown} for p in points]
            picture = {"title": title, "limit": limit, "limit_title": limit_title}
            return {"block": "chart", "points": shown, **picture}
        case _:
            raise TypeError("the page knows no such block")


SHEETS = """async (cases, keys) => {
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const trusted = await pbxretain.publicKeys(bytes(keys));
  const told = [];
  for (const [data, lang] of cases) {
    const given = [{path: "r.dsse.json", blob: new Blob([bytes(data)])}];
    const {reports} = await pbxretain.examine(given, {keys: trusted}, Date.now());
    told.push(reports.length ? pbxretain.explain(reports[0], lang) : null);
  }
  return told;
}"""


# --- cases ------------------------------------------------------------------------------------


def signed(payload: bytes, *, key: Ed25519PrivateKey = KEY) -> bytes:
    """An envelope around any bytes, soundly signed."""
    sig = {"keyid": key_id(key.public_key()), "sig": encoded(key.sign(pae(PAYLOAD_TYPE, payload)))}
    outer = {"payload": encoded(payload), "payloadType": PAYLOAD_TYPE, "signatures": [sig]}
    return canonical(outer) + b"\n"


GOOD_PAYLOAD = canonical(statement(reports.report()))
GOOD = signed(GOOD_PAYLOAD)


def folder(*, days: int = 3, **change: Any) -> dict[str, bytes]:
    """The files of a good reports folder."""
    with tempfile.TemporaryDirectory() as place:
        ledger = Ledger(Path(place))
        for day in range(days):
            reports.publish(ledger, KEY, day=day, **change)
        return {p.name: p.read_bytes() for p in sorted(Path(place).iterdir())}


def report_name(seq: int) -> str:
    """The file name of a report."""
    return f"{seq:06d}-deletion-report.dsse.json"


def single(data: bytes, **change: Any) -> Case:
    """One report on its own."""
    return Case({"r.dsse.json": data}, whole=False, **change)


def bent_payloads() -> dict[str, Case]:
    """Soundly signed, impossible all the same."""
    changes = {
        "key twice": (b'"schema":1', b'"schema":1,"schema":1'),
        "NaN": (b'"schema":1', b'"schema":NaN'),
        "infinite": (b'"schema":1', b'"schema":-Infinity'),
        "float": (b'"schema":1', b'"schema":1.0'),
        "exponent": (b'"schema":1', b'"schema":1e0'),
        "too large": (b'"schema":1', b'"schema":9007199254740992'),
        "largest": (b'"version":3', b'"version":9007199254740991'),
        "smallest": (b'"version":3', b'"version":-9007199254740991'),
        "minus nought": (b'"residue":0', b'"residue":-0'),
        "leading nought": (b'"residue":0', b'"residue":00'),
        "a space": (b'"schema":1', b'"schema": 1'),
        "a line": (b'"schema":1', b'"schema":1,\r\n"seq":1'),
        "newer schema": (b'"schema":1', b'"schema":2'),
        "schema as text": (b'"schema":1', b'"schema":"2"'),
        "schema as list": (b'"schema":1', b'"schema":[2]'),
        "schema as truth": (b'"schema":1', b'"schema":true'),
        "newer type": (b"deletion-report/v1", b"deletion-report/v2"),
        "type of a prototype": (b"deletion-report/v1", b"constructor"),
        "type elsewhere": (b"https://pbxretain.org/evidence/deletion", b"https://x.org/deletion"),
        "plan": (b"deletion-report/v1", b"plan/v1"),
        "no controller": (b'"controller":"Acme GmbH",', b""),
        "no clock is a default": (
            b'"clock":{"checks":[],"database_skew_s":null},',
            b"",
        ),
        "no limits is a default": (
            b'"limits":{"confirmed":null,"count":null,"share":null},',
            b"",
        ),
        "another source": (b'"source":"head-office"', b'"source":"branch"'),
        "residue": (b'"residue":0', b'"residue":5'),
        "size": (b'"size":3', b'"size":4'),
        "both bent": (b'"size":3', b'"size":"3"'),
        "outcome": (b'"outcome":"complete"', b'"outcome":"perfect"'),
        "outcome of a run": (b'"outcome":"complete","plan"', b'"outcome":"refused","plan"'),
        "truth as number": (b'"approved":true', b'"approved":1'),
        "number as truth": (b'"version":3', b'"version":true'),
        "no such day": (b"2026-08-24T22:00:00Z", b"2026-02-30T22:00:00Z"),
        "no such hour": (b"2026-08-24T22:00:00Z", b"2026-08-24T24:00:00Z"),
        "leap second": (b"2026-08-24T22:00:00Z", b"2026-08-24T23:59:60Z"),
        "leap day": (b"2026-08-24T22:00:00Z", b"2024-02-29T22:00:00Z"),
        "no leap day": (b"2026-08-24T22:00:00Z", b"2100-02-29T22:00:00Z"),
        "year one": (b"2026-08-24T22:00:00Z", b"0001-08-24T22:00:00Z"),
        "year nought": (b"2026-08-24T22:00:00Z", b"0000-08-24T22:00:00Z"),
        "oldest day": (b'"oldest_remaining":null', b'"oldest_remaining":"2026-09-01"'),
        "oldest no day": (b'"oldest_remaining":null', b'"oldest_remaining":"2026-09-31"'),
        "oldest year one": (b'"oldest_remaining":null', b'"oldest_remaining":"0001-01-01"'),
        "line end after a name": (b'"source":"head-office"', b'"source":"head-office\\n"'),
        "umlaut": (b"Acme GmbH", "Ölmühle 𝄞 GmbH".encode()),
        "umlaut escaped": (b"Acme GmbH", b"\\u00d6l"),
        "half a sign": (b"Acme GmbH", b"\\ud834"),
        "bad UTF-8": (b"Acme GmbH", b"\xff"),
        "surrogate in UTF-8": (b"Acme GmbH", b"\xed\xa0\xb4"),
        "control sign": (b"Acme GmbH", b"\x01"),
        "control sign escaped": (b"Acme GmbH", b"\\u0001"),
        "delete sign": (b"Acme GmbH", b"\x7f"),
        "line separator": (b"Acme GmbH", "\u2028".encode()),
        "quote": (b"Acme GmbH", b'Acme \\" GmbH'),
        "slash escaped": (b"Acme GmbH", b"Acme \\/ GmbH"),
        "long text": (b"Acme GmbH", "ä".encode() * 1000),
        "too long a text": (b"Acme GmbH", "𝄞".encode() * 1001),
        "long text of wide signs": (b"Acme GmbH", "𝄞".encode() * 1000),
        "key beyond ASCII": (b'"controller"', '"contröller"'.encode()),
        "prototype": (b'"also":{}', b'"__proto__":{}'),
        "also constructor": (b'"also":{}', b'"also":{"constructor":1}'),
        "also prototype": (b'"also":{}', b'"also":{"__proto__":1}'),
        "also bad name": (b'"also":{}', b'"also":{"Ab":1}'),
        "also": (b'"also":{}', b'"also":{"cel":12}'),
        "copies": (
            b'"copies_out_of_reach":[]',
            b'"copies_out_of_reach":[{"code":"backup","text":{"de":"Sicherung"}}]',
        ),
        "copies in French": (
            b'"copies_out_of_reach":[]',
            b'"copies_out_of_reach":[{"code":"backup","text":{"fr":"x"}}]',
        ),
        "Arabic digits": (b'"P90D"', '"P٩٠D"'.encode()),
        "huge sums": (
            b'"arrived":0,"deleted":3,"due":3,"failed":0,"future":0,"held":0',
            b'"arrived":9007199254740991,"deleted":3,"due":3,"failed":0,"future":0,'
            b'"held":9007199254740990',
        ),
        "no subject": (b'"subject":[', b'"subject":[1,'),
        "statement type": (b"in-toto.io/Statement/v1", b"in-toto.io/Statement/v2"),
        "outer field": (b'{"_type"', b'{"A":1,"_type"'),
        "an upside-down run": (b'"started_at":"2026', b'"started_at":"2027'),
        "a first with a predecessor": (b'"prev":null', b'"prev":"' + b"ab" * 32 + b'"'),
    }
    for name, (old, _) in changes.items():
        assert old in GOOD_PAYLOAD, name
    cases = {
        f"payload: {name}": single(signed(GOOD_PAYLOAD.replace(old, new)))
        for name, (old, new) in changes.items()
    }
    others = {
        "trailing bytes": GOOD_PAYLOAD + b"{}",
        "trailing line": GOOD_PAYLOAD + b"\n",
        "cut off": GOOD_PAYLOAD[:-1],
        "empty": b"",
        "byte order mark": b"\xef\xbb\xbf" + GOOD_PAYLOAD,
        "list": b"[]",
        "no statement": b"{}",
        "nested": b'{"a":' * 100_000,
        "nested lists": b'{"a":' + b"[" * 400 + b"]" * 400 + b"}",
    }
    return cases | {f"payload: {name}": single(signed(data)) for name, data in others.items()}


def bent_envelopes() -> dict[str, Case]:
    """One report whose envelope was changed, and what DSSE allows."""
    outer = json.loads(GOOD)
    other = json.loads(signed(canonical(statement(reports.report()))))
    hint = outer["signatures"][0]["keyid"].encode()
    swap = str.maketrans("+/", "-_")
    swapped = [{**s, "sig": s["sig"].translate(swap)} for s in outer["signatures"]]

    def many(count: int) -> list[dict[str, str]]:
        unknown = [{"keyid": f"other-{n}", "sig": "AAAA"} for n in range(count - 1)]
        return unknown + list(outer["signatures"])

    last = GOOD[GOOD.index(b'=="}') - 1 :][:1]
    cases = {
        "as it is written": GOOD,
        "indented": json.dumps(outer, indent=4).encode(),
        "carriage return": GOOD.replace(b"\n", b"\r\n"),
        "no newline": GOOD.strip(),
        "the other alphabet": canonical(
            {**outer, "payload": outer["payload"].translate(swap), "signatures": swapped}
        ),
        "co-signed": canonical(outer | {"signatures": many(2)}),
        "sixteen signatures": canonical(outer | {"signatures": many(16)}),
        "without a hint": canonical(
            outer | {"signatures": [{"keyid": "", "sig": outer["signatures"][0]["sig"]}]}
        ),
        "payload": canonical(outer | {"payload": other["payload"]}),
        "signature": canonical(outer | {"signatures": other["signatures"]}),
        "short signature": GOOD.replace(b'"sig":"', b'"sig":"AAAA'),
        "type": GOOD.replace(b"in-toto+json", b"in-toto-json"),
        "two payloads": GOOD.replace(b"{", b'{"payload":"e30=",', 1),
        "two lines": GOOD + GOOD,
        "second line": GOOD + b"{}\n",
        "a field that nobody signed": canonical(outer | {"zz": "deleted: all"}),
        "such a field in a signature": GOOD.replace(b'"sig":', b'"x":1,"sig":'),
        "the signature twice": canonical(outer | {"signatures": outer["signatures"] * 2}),
        "two of one key": GOOD.replace(b"}]", b'},{"keyid":"%s","sig":"AAAA"}]' % hint),
        "seventeen signatures": canonical(outer | {"signatures": many(17)}),
        "no signatures": canonical(outer | {"signatures": []}),
        "signatures no list": canonical(outer | {"signatures": {}}),
        "a key twice": GOOD.replace(b'"sig":"', b'"sig":"AAAA","sig":"'),
        "no key id": GOOD.replace(b'"keyid":"%s",' % hint, b""),
        "a key id with a line": GOOD.replace(b'"keyid":"%s"' % hint, b'"keyid":"a\\n"'),
        "another order": canonical(outer).replace(
            b'"payloadType":"application/vnd.in-toto+json",', b""
        )[:-1]
        + b',"payloadType":"application/vnd.in-toto+json"}',
        "an escape": GOOD.replace(b"in-toto+json", b"in-toto\\u002bjson"),
        "no padding": GOOD.replace(b'=="}', b'"}'),
        "other spare bits": GOOD.replace(last + b'=="}', bytes([last[0] + 1]) + b'=="}'),
        "a mixture of alphabets": canonical(outer | {"payload": "ab-/"}),
        "a space in base64": GOOD.replace(b'"payload":"', b'"payload":" '),
        "a line in base64": GOOD.replace(b'"payload":"', b'"payload":"\n'),
        "a vertical tab": GOOD.replace(b",", b",\v"),
        "a byte order mark": b"\xef\xbb\xbf" + GOOD,
        "larger than any": GOOD + b" " * MAX_ENVELOPE,
        "empty": b"",
        "binary": bytes(range(256)) * 9,
        "nested": b'{"x":' + GOOD.strip() + b"}\n",
        "an empty payload": canonical(outer | {"payload": ""}),
    }
    return {f"envelope: {name}": single(data) for name, data in cases.items()}


def complaints() -> dict[str, Case]:
    """Genuine reports that say what is wrong."""
    refused = reports.run(outcome="refused", refused_reason="LIMIT", exit_code=5)
    left = reports.dataset(residue=2, failed=1)
    recovered = reports.run(outcome="recovered", recovers=reports.run().id)
    changes: dict[str, dict[str, Any]] = {
        "not decided": {"policy": reports.policy(not_decided=("fax-documents", "x-other"))},
        "not approved": {"policy": reports.policy(approved=False)},
        "refused": {"run": refused, "datasets": ()},
        "refused and not approved": {
            "run": refused,
            "datasets": (),
            "policy": reports.policy(approved=False),
        },
        "failed": {"run": reports.run(outcome="failed", exit_code=1)},
        "interrupted": {"run": reports.run(outcome="interrupted", exit_code=143)},
        "residue": {
            "datasets": (left, reports.dataset("other", deleted=0)),
            "run": reports.run(outcome="incomplete", exit_code=3),
        },
        "recovered": {"run": recovered},
    }
    cases = {
        f"complaint: {name}": single(signed(canonical(statement(reports.report(**change)))))
        for name, change in changes.items()
    }
    plan = signed(canonical(statement(reports.plan())))
    cases["complaint: dry run"] = single(plan)
    cases["complaint: dry run as report"] = Case({report_name(3): plan}, whole=False)
    return cases


def folders() -> dict[str, Case]:
    """Whole folders, good and tampered with."""
    good = folder()
    lines = good[LEDGER].splitlines(keepends=True)
    second = json.loads(lines[1])
    other = seal(statement(reports.report(1, second["prev"])), KEY)
    bent = json.loads(good[report_name(1)])
    bent["payload"] = bent["payload"].replace("A", "B", 1)
    cosigned = json.loads(good[report_name(0)])
    cosigned["signatures"].append({"keyid": "dpo", "sig": "AAAA"})
    key = "runner-a050837d.pub.pem"

    def but(**change: bytes | None) -> dict[str, bytes]:
        names = {"r0": report_name(0), "r1": report_name(1), "r2": report_name(2), "key": key}
        names |= {"ledger": LEDGER, "prepared": PREPARED, "extra": "000001-other.dsse.json"}
        files = good | {names[name]: data for name, data in change.items() if data is not None}
        for name in (names[name] for name, data in change.items() if data is None):
            files = {own: data for own, data in files.items() if own != name}
        return files

    def ledger(old: bytes, new: bytes) -> dict[str, bytes]:
        assert old in good[LEDGER], old
        return but(ledger=good[LEDGER].replace(old, new, 1))

    back = folder(days=1)
    entry = json.loads(back[LEDGER])
    future = {
        "run": reports.run(started_at="2027-01-01T00:00:00Z", ended_at="2027-01-01T00:00:00Z")
    }
    early = {"run": reports.run(started_at="2026-11-01T00:00:00Z", ended_at="2026-11-01T00:00:00Z")}
    earlier = seal(statement(reports.report(1, entry["digest"], **early)), KEY)
    line = {name: json.loads(lines[0])[name] for name in json.loads(lines[0])}
    cases = {
        "good": Case(good),
        "in state": Case({f"reports/{name}": data for name, data in good.items()}),
        "nobody trusted": Case(good, keys=()),
        "a stranger trusted": Case(good, keys=(OTHER_PEM,)),
        "two trusted in one file": Case(good, keys=(OTHER_PEM + PEM,)),
        "nobody trusted and no key": Case(but(key=None), keys=()),
        "a key file of rubbish": Case(but(key=b"rubbish"), keys=()),
        "a private key beside": Case(
            but(key=b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), keys=()
        ),
        "forged": Case(but(r1=canonical(bent))),
        "forged under an untrusted key": Case(but(r1=canonical(bent)), keys=()),
        "forged under an unknown key": Case(but(r1=canonical(bent), key=None), keys=()),
        "gap": Case(but(r1=None)),
        "first missing, no ledger": Case(but(r0=None, ledger=None)),
        "last missing": Case(but(r2=None)),
        "all missing": Case({LEDGER: good[LEDGER]}),
        "extra": Case(but(ledger=b"".join(lines[:2]))),
        "fork": Case(but(extra=other)),
        "another in its place": Case(but(r1=other)),
        "another in its place, no ledger": Case(but(r1=other, ledger=None)),
        "swapped": Case(but(r1=good[report_name(2)], r2=good[report_name(1)])),
        "ledger line gone": Case(but(ledger=lines[0] + lines[2])),
        "ledger lines swapped": Case(but(ledger=lines[1] + lines[0] + lines[2])),
        "ledger empty": Case(but(ledger=b"")),
        "ledger torn": Case(but(ledger=good[LEDGER][:-9])),
        "ledger with an empty line": Case(but(ledger=good[LEDGER] + b"\n")),
        "ledger with noughts": Case(but(ledger=good[LEDGER] + b"\0\0")),
        "ledger of rubbish": Case(but(ledger=b"\xff\n")),
        "ledger: time": Case(ledger(b'"at":"2', b'"at":"1')),
        "ledger: short time": Case(ledger(b'"at":"2026-11-23T03', b'"at":"2026-11-23T3')),
        "ledger: no time": Case(ledger(b'"at":"2026-11-23', b'"at":"2026-11-31')),
        "ledger: leap second": Case(ledger(b'03:00:00Z"', b'03:00:60Z"')),
        "ledger: small letters": Case(ledger(b"T03:00:00Z", b"t03:00:00z")),
        "ledger: type": Case(ledger(b"deletion-report/v1", b"dry-run/v1")),
        "ledger: no type": Case(ledger(b"deletion-report/v1", b"dry-run/vx")),
        "ledger: sha256": Case(ledger(b'"sha256":"', b'"sha256":"0')),
        "ledger: a number as text": Case(ledger(b'"seq":0', b'"seq":"0"')),
        "ledger: a number as truth": Case(ledger(b'"seq":0', b'"seq":false')),
        "ledger: no field": Case(ledger(b'"seq":0,', b"")),
        "ledger: a field more": Case(but(ledger=canonical(line | {"zz": 1}) + b"\n")),
        "ledger: prev a number": Case(ledger(b'"prev":null', b'"prev":0')),
        "ledger: file elsewhere": Case(ledger(b'"file":"000000', b'"file":"../000')),
        "prepared": Case(but(prepared=b"")),
        "co-signed": Case(but(r0=canonical(cosigned))),
        "clock back": Case({**back, report_name(1): earlier, LEDGER: back[LEDGER]}),
        "from the future": Case(folder(days=1, **future)),
        "settled by a newer one": Case(
            {
                **folder(days=1, policy=reports.policy(not_decided=("fax-documents",))),
            }
        ),
        "empty": Case({"x.txt": b""}),
        "only a hidden one": Case({".x.dsse.json": GOOD}),
        "an unreadable one": Case({**good, f"{report_name(7)}/x": b""}),
        "dry run beside": Case(
            {**good, "plan.dsse.json": signed(canonical(statement(reports.plan())))}
        ),
    }
    return {f"folder: {name}": case for name, case in cases.items()} | _loose(good, other)


def _loose(good: Mapping[str, bytes], other: bytes) -> dict[str, Case]:
    one, two, three = (report_name(n) for n in range(3))
    cases = {
        "two with a gap": {one: good[one], three: good[three]},
        "a broken link": {one: good[one], two: other, three: good[three]},
        "a stranger's": {two: signed(GOOD_PAYLOAD, key=STRANGER)},
    }
    return {f"files: {name}": Case(files, whole=False) for name, files in cases.items()}


def told() -> dict[str, Case]:
    """Reports that have much to tell, and every other statement."""
    balances = {"arrived": 1, "held": 4, "minimum": 5, "straddling": 6, "kept_for_part": 7}
    full = reports.dataset("call-log", deleted=234).model_copy(
        update={
            "outcome": "incomplete",
            "balances": st.Balances(
                due=260, deleted=234, residue=2, failed=3, undated=8, future=9, late=1, **balances
            ),
            "also": {"cel_x": 1234567, "a": 2},
            "findings": (
                st.Finding(code="SHARED_LEFT", count=5),
                st.Finding(code="A_LATER", count=1),
            ),
            "range": st.Range(oldest_remaining="2026-09-01"),
            "total_before": st.Total(count=123456, exact=False),
        }
    )
    copy = reports.dataset("call-log-cel-x", deleted=0)
    kept = st.Dataset(
        dataset="messages",
        data_class="x-own",
        kind="spool",
        rule=st.Rule(keep="forever", basis="undecided"),
        method="file_unlink",
        outcome="kept",
        total_before=st.Total(count=0),
    )
    common: dict[str, Any] = {
        "not_covered": ("cel", "queue"),
        "copies_out_of_reach": (
            st.Copy(code="backup", text={"de": "Sicherung", "en": "Backup"}),
            st.Copy(code="log", text={"en": "Log"}),
            st.Copy(code="none", text={}),
        ),
        "limits": st.Limits(share=20, count=1000, confirmed=123456),
        "policy": reports.policy(version=1234, not_decided=("fax-documents",)),
        "processing_activity": "VVT 7",
        "dpia_ref": "DSFA 2",
    }
    untried = reports.tool().model_copy(
        update={
            "connector": st.Connector(
                name="own",
                digest=reports.DIGEST,
                contains_code=True,
                tried=False,
                accept_untried=True,
            )
        }
    )
    times = {
        "started_at": "2026-03-29T00:59:59Z",
        "ended_at": "2026-03-29T01:00:00Z",
        "trigger": "cron",
    }
    checks = (st.Check(code="CLOCK", passed=False), st.Check(code="A_LATER", passed=False))
    reports_: dict[str, st.Predicate] = {
        "full": reports.report(
            7,
            "ab" * 32,
            datasets=(full, copy, kept),
            run=reports.run(outcome="incomplete", exit_code=3, **times),
            exceptions=(st.Exemption(code="HELD", dataset="call-log", count=4),) * 2,
            clock=st.Clock(database_skew_s=-1234, checks=checks),
            tool=untried,
            **common,
        ),
        "sealed": sealed_report(),
        "strands": reports.stranded(3, "ab" * 32),
        "erasure": reports.stranded(
            4, "ab" * 32, run=reports.run(trigger="erasure-request"), holds=st.Holds()
        ),
        "nothing": reports.report(
            datasets=(), run=reports.run(outcome="nothing-due", timezone="UTC"), controller=""
        ),
        "unknown zone": reports.report(run=reports.run(timezone="Europe/Atlantis")),
        "plan": reports.plan(
            datasets=(
                st.PlannedDataset(
                    dataset="call-log",
                    data_class="call-detail-records",
                    kind="table",
                    rule=full.rule,
                    due=12345,
                    held=1,
                    over_limit=True,
                    total=st.Total(count=20000),
                    oldest="2020-02-29",
                    findings=(st.Finding(code="NEVER_READY", count=1),),
                ),
                st.PlannedDataset(dataset="other", data_class="x-own", kind="tree", rule=kept.rule),
            ),
            **common,
        ),
        "plan of nothing": reports.plan(),
    }
    events = {
        "revoked": office.revocation(NOW, office.RUNNER, last_good=7),
        "recovered": office.recovery(NOW, office.THIRD, last_good=7),
        "seen overdue": office.observation(NOW, overdue=12345),
    }
    every = reports_ | one_of_each() | events
    return {f"told: {n}": single(signed(canonical(statement(r)))) for n, r in every.items()}


def months(
    *, rotate: bool = True, between: Callable[[office.Book], None] = lambda book: None
) -> tuple[office.Book, office.Key]:
    """A week of runs, a rotation, two cosigned checkpoints."""
    book = office.Book()
    for _ in range(3):
        book.run()
    book.cosign()
    book.run()
    between(book)
    runner = office.RUNNER
    if rotate:
        book.rotate(office.RUNNER, office.NEXT)
        runner = office.NEXT
    for _ in range(2):
        book.run(runner)
    book.cosign(runner=runner)
    book.run(runner)
    book.checkpoint(runner)
    return book, runner


def office_files() -> dict[str, bytes]:
    """A good bundle with everything in it."""
    book, _ = months()
    book.file("review", office.review(book, 1), office.DPO)
    book.file("look", office.observation(book.now, overdue=0), office.OBSERVER)
    end = office.revocation(book.now, office.NEXT, last_good=99)
    book.file("end", end, office.AUTHORITY)
    return book.bundle(keys=(office.RUNNER, office.NEXT))


def offices() -> dict[str, Case]:
    """Bundles of a source with an officer, under the roster and under plain keys."""
    cases: dict[str, Case] = {}

    def add(name: str, files: Mapping[str, bytes], *, now: datetime, **change: Any) -> None:
        first, last = pem(office.RUNNER), pem(office.NEXT)
        anchors: dict[str, tuple[bytes, ...]] = {
            "roster": (office.TRUST,),
            "first key": (first,),
            "last key": (last,),
        }
        if len(cases) % 4 == 0:
            anchors |= {"no key": (), "roster and key": (office.TRUST, last)}
        for label, keys in anchors.items():
            case = Case(files, keys=keys, now=now)
            cases[f"office: {name}, {label}"] = replace(case, **change)

    whole, _ = months()
    keys = (office.RUNNER, office.NEXT)
    good = whole.bundle(keys=keys)
    now = whole.now
    add("good", good, now=now)
    add("without its list", whole.bundle(keys=keys, sums=False), now=now)
    add("never rotated", months(rotate=False)[0].bundle(), now=now)
    add("later", good, now=now + timedelta(days=2))
    add("much later", good, now=now + timedelta(days=90))
    add("before its time", good, now=now - timedelta(days=9))
    for name in sorted(good):
        add(f"without {name}", {n: d for n, d in good.items() if n != name}, now=now)
        rest = {n: d for n, d in whole.bundle(keys=keys).items() if n != name}
        add(f"without {name}, list made anew", office.with_sums(rest), now=now)
    add("empty list", {**good, "SHA256SUMS": b""}, now=now)
    add("odd list", {**good, "SHA256SUMS": b"x\n\r\ny  z\rx  checkpoint\n  "}, now=now)
    names = good["SHA256SUMS"]
    add(
        "bytes in the list",
        {**good, "SHA256SUMS": names.replace(b".dsse.", b".ds\xff\xc3.", 1)},
        now=now,
    )
    add("a name twice in the list", {**good, "SHA256SUMS": names + names}, now=now)
    add("a file more", {**good, "cosigned/letter.txt": b"", "deep/er/x": b""}, now=now)
    add("filed rubbish", {**good, "filed/x": b"", "filed/y.dsse.json": b"{}"}, now=now)

    def one_sided(book: office.Book) -> None:
        book.rotate(office.RUNNER, office.NEXT, office.NEXT)

    def stolen(book: office.Book) -> None:
        book.rotate(office.RUNNER, office.THIRD, office.THIRD, office.STRANGER)

    def held(book: office.Book) -> None:
        book.put(lambda place: office.hold(book, place), office.RUNNER)

    def gap(book: office.Book) -> None:
        book.now += timedelta(days=4, hours=12)

    def explained(book: office.Book) -> None:
        since = book.now - timedelta(days=1)
        book.now += timedelta(days=4)
        until = book.now
        book.put(
            lambda place: office.gap_note(book, place, since=since, until=until), office.RUNNER
        )

    def back(book: office.Book) -> None:
        book.now -= timedelta(days=3)

    def retired(book: office.Book) -> None:
        book.rotate(office.RUNNER, office.NEXT)
        book.run(office.RUNNER)

    def twice(book: office.Book) -> None:
        book.rotate(office.RUNNER, office.THIRD)
        book.run(office.THIRD)
        book.rotate(office.THIRD, office.RUNNER)

    events = (one_sided, stolen, held, gap, explained, back, retired, twice)
    for event in events:
        for rotate in (True, False):
            book, _ = months(rotate=rotate, between=event)
            files = book.bundle(keys=(*keys, office.THIRD))
            add(f"{event.__name__} {rotate}", files, now=book.now)

    def handed(name: str, *signers: office.Key, what: st.Predicate) -> None:
        book, _ = months()
        book.file("x", what, *signers)
        add(name, book.bundle(keys=keys), now=book.now)

    late = whole.now
    for label, signer in (
        ("dpo", office.DPO),
        ("runner", office.RUNNER),
        ("new runner", office.NEXT),
        ("stranger", office.STRANGER),
        ("authority", office.AUTHORITY),
        ("observer", office.OBSERVER),
    ):
        for seq, verdict in ((1, "accepted"), (2, "rejected")):
            review = office.review(whole, seq, verdict=verdict)
            book, _ = months()
            book.file("x", office.review(book, seq, verdict=verdict), signer)
            add(f"{verdict} by {label}", book.bundle(keys=keys), now=book.now)
            handed(f"stray review {verdict} by {label}", signer, what=review)
        handed(
            f"revoked by {label}", signer, what=office.revocation(late, office.RUNNER, last_good=1)
        )
        handed(
            f"none good by {label}", signer, what=office.revocation(late, office.NEXT, last_good=-1)
        )
        handed(
            f"recovered by {label}", signer, what=office.recovery(late, office.THIRD, last_good=5)
        )
        handed(
            f"recovered to the new by {label}",
            signer,
            what=office.recovery(late, office.NEXT, last_good=3),
        )
        handed(f"seen fine by {label}", signer, what=office.observation(late, overdue=0))
        handed(f"seen overdue by {label}", signer, what=office.observation(late, overdue=3))
        other = office.observation(late, overdue=3, cutoff="2026-08-25T22:00:00Z")
        handed(f"seen under another rule by {label}", signer, what=other)
        handed(f"policy by {label}", signer, what=office.approved(late))
        handed(
            f"an old policy by {label}", signer, what=office.approved(office.START - 9 * office.DAY)
        )
        handed(f"roster by {label}", signer, what=office.roster())
    both = (office.CONTROLLER, office.DPO)
    handed("policy by both", *both, what=office.approved(late))
    handed(
        "review before its key was valid",
        office.DPO,
        what=office.review(whole, 1, at=instant(office.START - 2 * office.DAY)),
    )
    access = at.EvidenceAccess(**office.about(late), purpose="court", files=("ab" * 32,), matches=2)
    handed("access", office.DPO, what=access)

    for name, at_ in (("late", late + timedelta(days=9)), ("early", office.START - office.DAY)):
        book = office.Book()
        book.run()
        book.cosign(at_=at_)
        book.run()
        book.run()
        book.checkpoint(office.RUNNER)
        add(f"cosigned {name}", book.bundle(), now=book.now)
    for name, signer in (("stranger", office.STRANGER), ("runner", office.RUNNER)):
        book = office.Book()
        book.run()
        book.cosign(signer)
        book.run()
        book.checkpoint(signer)
        add(f"cosigned and checked by {name}", book.bundle(), now=book.now)
    book = office.Book()
    book.run()
    book.checkpoint(office.RUNNER)
    book.run()
    add("a checkpoint behind", book.bundle(), now=book.now)
    for name, old, new in (
        ("origin", b"pbxretain/", b"pbxr/"),
        ("size", b"\n8\n", b"\n9\n"),
        ("size of noughts", b"\n8\n", b"\n08\n"),
        ("huge size", b"\n8\n", b"\n9999999999999999\n"),
        ("dash", "\N{EM DASH}".encode(), b"-"),
        ("end", b"\n", b"\r\n"),
        ("a line", b"\n\n", b"\nx\n\n"),
        ("plus", "\N{EM DASH} ".encode(), "\N{EM DASH} +".encode()),
    ):
        bent = good["checkpoint"].replace(old, new)
        assert bent != good["checkpoint"], name
        add(f"checkpoint: {name}", {**good, "checkpoint": bent}, now=now)
        seen = {n: d.replace(old, new) for n, d in good.items() if n.startswith("cosigned/")}
        add(f"cosigned: {name}", good | seen, now=now)
    for size in (0, 65 * 1024):
        add(f"checkpoint of {size}", {**good, "checkpoint": b"x" * size}, now=now)

    def counted(left: int | None, there: int | None, *, deleted: str | None = None) -> office.Book:
        first = reports.dataset().model_copy(
            update={
                "total_after": st.Total(count=left),
                "range": st.Range(oldest_remaining="2026-09-01"),
            }
        )
        second = reports.dataset().model_copy(
            update={
                "total_before": st.Total(count=there),
                "range": st.Range(oldest_deleted=deleted),
            }
        )
        book = office.Book()
        book.run(datasets=(first,))
        book.run(datasets=(second,))
        book.checkpoint(office.RUNNER)
        return book

    for left, there, deleted in (
        (10, 12, None),
        (12, 10, None),
        (None, 10, None),
        (10, None, "2026-08-31"),
        (10, 10, "2026-09-01"),
        (10, 9, "2026-08-31"),
    ):
        book = counted(left, there, deleted=deleted)
        add(f"counts {left} {there} {deleted}", book.bundle(), now=book.now)
    loose = {n: d for n, d in good.items() if n.endswith(".dsse.json") and "/" not in n}
    add("single files", loose, now=now, whole=False)
    foreign = office.sealed(office.roster(installation=str(uuid.uuid4())), office.AUTHORITY)
    cases["office: another installation's roster"] = Case(good, keys=(foreign,), now=now)
    unknown = office.sealed(
        office.roster(
            sources=(), keys=tuple(k for k in office.roster().keys if k.role != "runner")
        ),
        office.AUTHORITY,
    )
    cases["office: a roster without the source"] = Case(good, keys=(unknown,), now=now)
    return cases


def pem(key: Ed25519PrivateKey) -> bytes:
    """The public half as a file."""
    return public_pem(key.public_key())


def pdf(data: bytes) -> bytes:
    """A PDF that carries a report along."""
    statement_ = parse_statement(open_envelope(data).payload).predicate
    assert isinstance(statement_, st.Account)
    shown = explained(statement_, "de", seal=Seal(open_envelope(data).digest, "ab" * 32))
    return bytes(as_pdf(shown, attached={"r.dsse.json": data}))


def carried() -> dict[str, Case]:
    """Reports inside a PDF and inside proofs, sound and bent."""
    good = pdf(GOOD)
    at = good.index(b"/Type /EmbeddedFile")
    stream = good.index(b"stream", at)
    pdfs = {
        "good": good,
        "of a stranger": pdf(signed(GOOD_PAYLOAD, key=STRANGER)),
        "none attached": good.replace(b"/EmbeddedFile", b"/EmbeddedFail"),
        "two attached": good + good,
        "cut off": good[: stream + 20],
        "bent stream": good[: stream + 30] + b"xx" + good[stream + 32 :],
        "no head": b"x" + good,
        "only its head": b"%PDF-1.7",
        "many mentions": good + b" /Type /EmbeddedFile" * 101,
        "a mention in text": good + b" % /Type /EmbeddedFile\n",
        "length elsewhere": _length_elsewhere(good, at),
        "length nowhere": _length_elsewhere(good, at).replace(b"\n999 0 obj", b"\n998 0 obj"),
        "other packing": good[:at] + good[at:].replace(b"/FlateDecode", b"/ASCIIHexDecode", 1),
        "changed pages": good.replace(b"/Page ", b"/Pagx "),
        "rubbish attached": as_pdf(Sheet("de", ()), attached={"x": b"rubbish"}),
        "a bomb": as_pdf(Sheet("de", ()), attached={"x": bytes(9 * 1024 * 1024)}),
    }
    cases = {
        f"carried: PDF {name}": Case({"r.pdf": data}, whole=False, given="r.pdf")
        for name, data in pdfs.items()
    }
    for kind, proof in proofs().items():
        value = json.loads(proof)
        bent = {"good": proof, "without end": proof[:-1], "twice": proof * 2}
        bent["not canonical"] = proof.replace(b'"index":', b'"index": ')
        for n, other in enumerate(changed({k: v for k, v in value.items() if k != "text"})):
            bent[str(n)] = canonical({"text": value["text"]} | other) + b"\n"
        for n, text in enumerate(({}, {"de": "x"}, "x")):
            bent[f"text {n}"] = canonical(value | {"text": text}) + b"\n"
        for name, data in bent.items():
            case = Case({"p.json": data}, whole=False, given="p.json")
            cases[f"carried: {kind} {name}"] = case
        cases[f"carried: {kind}, nobody trusted"] = replace(
            cases[f"carried: {kind} good"], keys=(OTHER_PEM,)
        )
    return cases


def _length_elsewhere(good: bytes, at: int) -> bytes:
    start = good.rindex(b"obj", 0, at)
    head = good[start : good.index(b"stream", at)]
    (length,) = re.findall(rb"/Length (\d+)", head)
    other = head.replace(b"/Length " + length, b"/Length 999 0 R")
    return good.replace(head, other) + b"\n999 0 obj\n%s\nendobj\n" % length


def proofs() -> dict[str, bytes]:
    """A proof of a record and one of an entry of the lookup, each among seven."""
    when = reports.NOW
    taken = [
        Taken((b"%d" % n, None), b"2026-01-01", when, (), (b"\xff", "ä".encode()), bytes(32))
        for n in range(7)
    ]
    prefix = record_prefix(encoding="x/1", data_class="call-detail-records", dataset="call-log")
    keys = [bytes([n]) * 32 for n in range(7)]
    leaves = [leaf(k, prefix=prefix, body=record_body(t)) for k, t in zip(keys, taken, strict=True)]
    entries = [
        lookup.Entry(row=n, party="+4930123", minute=29453760, repeat=n, position=n, key=keys[n])
        for n in range(5)
    ]
    found = [lookup.opened_leaf(entry) for entry in entries]
    sealed = sealed_report()
    first = reports.dataset(deleted=7).model_copy(
        update={
            "merkle": st.Merkle(size=7, root=merkle.root(leaves).hex()),
            "lookup": st.Lookup(size=5, root=merkle.root(found).hex()),
        }
    )
    report = sealed.model_copy(update={"datasets": (first, *sealed.datasets[1:])})
    data = signed(canonical(statement(report)))
    told = Told("r", data, open_envelope(data), report)
    record = Record(taken[4].key, taken[4].start, taken[4].subjects, taken[4].digest)
    return {
        "record": record_proof(
            told, "call-log", record, encoding="x/1", key=keys[4], index=4, leaves=leaves
        ),
        "entry": entry_proof(told, "call-log", entries[3], leaves=found),
    }


FAMILIES: Mapping[str, Callable[[], dict[str, Case]]] = {
    "payloads": bent_payloads,
    "envelopes": bent_envelopes,
    "complaints": complaints,
    "folders": folders,
    "told": told,
    "carried": carried,
    "offices": offices,
}
"""Cases by kind, each by its name."""


def all_cases() -> dict[str, Case]:
    """Every case by its name."""
    return {name: case for family in FAMILIES.values() for name, case in family().items()}
