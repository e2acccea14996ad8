"""Finding, proving and destroying: what a data protection officer does with a bundle."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support import small
from support.sealed import watched
from support.small import NOW, Small

from pbxretain import execute, keyring, keys, signing
from pbxretain.cli import main
from pbxretain.cli.unsealed import found_sheet
from pbxretain.errors import DocumentError, EvidenceError, Exit, TrustError
from pbxretain.evidence import merkle, opening, proofs, sealing, sidecars
from pbxretain.evidence.attestations import Role
from pbxretain.evidence.bundle import Bundle
from pbxretain.evidence.commitments import leaf, record_prefix
from pbxretain.evidence.lookup import ROW
from pbxretain.evidence.opening import Wanted
from pbxretain.evidence.proofs import Record
from pbxretain.records import Taken
from pbxretain.secret import Secret
from pbxretain.sheet import Paragraph
from pbxretain.signing import canonical

FIRST, LAST = date(2026, 7, 1), date(2026, 7, 31)


@dataclass
class Sealed:
    """A source after one sealed run, and all that it deleted."""

    pbx: Small
    escrow: Path
    gone: dict[str, list[Taken]]

    @property
    def reports(self) -> Path:
        return self.pbx.site().reports

    @property
    def trusted(self) -> dict[str, signing.PublicKey]:
        public = self.pbx.site().key.public_key()
        return {signing.key_id(public): public}

    @property
    def public(self) -> Path:
        return self.pbx.folder / "state" / "keys" / "runner.pem.pub"

    def find(self, number: str, **how: Any) -> opening.Found:
        private = sealing.load_escrow(self.escrow)
        span = {"first": FIRST, "last": LAST} | how
        return opening.find(Bundle(self.reports), private, Wanted(number), **span)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    pbx = small.build(tmp_path_factory.mktemp("sealed"), ["table", "lines", "spool"])
    escrow = pbx.seal()
    with watched() as gone:
        assert pbx.run().exit_code == Exit.OK
    return Sealed(pbx, escrow, dict(gone))


@pytest.fixture
def own(made: Sealed, tmp_path: Path) -> Sealed:
    """A copy to be spoilt."""
    shutil.copytree(made.pbx.folder, tmp_path / "copy")
    return replace(
        made,
        pbx=Small(tmp_path / "copy", made.pbx.kinds),
        escrow=tmp_path / "copy" / "dpo" / "escrow.pem",
    )


def _cli(*args: object) -> Result:
    return CliRunner().invoke(main, ["evidence", *map(str, args)])


def test_find_tells_every_record_of_a_number_and_day(made: Sealed) -> None:
    found = made.find("411")
    wanted = sorted(
        (name, record.when.replace(second=0))
        for name, records in made.gone.items()
        for record in records
        if b"411" in record.subjects
    )
    got = sorted((m.dataset.dataset, m.when) for m in found.matches)
    assert got == wanted
    assert (found.searched, found.destroyed, found.foreign, found.counts) == ([0], [], [], [])
    day = wanted[0][1].date()
    assert len(made.find("411", first=day, last=day).matches) == len(wanted)
    assert not made.find("411", last=day - timedelta(days=1)).matches
    assert not made.find("411", first=day + timedelta(days=1)).matches
    assert not made.find("412").matches
    caller = made.find("0301234", first=day, last=day)
    assert {m.dataset.dataset for m in caller.matches} == {"voicemail"}


def test_a_zip_file_says_the_same(made: Sealed, tmp_path: Path) -> None:
    packed = tmp_path / "bundle.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for path in made.reports.rglob("*"):
            if path.is_file():
                file.write(path, Path("office") / path.relative_to(made.reports))
    common = ("--key", made.escrow, "--number", "411", "--json")
    zipped = _cli("find", packed, *common)
    assert zipped.exit_code == Exit.OK
    assert zipped.stdout == _cli("find", made.reports, *common).stdout
    packed.write_bytes(b"PK\x03\x04 no zip")
    broken = _cli("find", packed, *common)
    assert (broken.exit_code, "Traceback" in broken.output) == (Exit.FORGED, False)


def test_another_escrow_key_finds_nothing_and_is_told_so(made: Sealed, tmp_path: Path) -> None:
    stranger = small.build(tmp_path, ["table"]).seal()
    private = sealing.load_escrow(stranger)
    found = opening.find(Bundle(made.reports), private, Wanted("411"), first=FIRST, last=LAST)
    assert (found.matches, found.foreign) == ([], [0])
    told = _cli("find", made.reports, "--key", stranger, "--number", "411", "--lang", "de")
    assert told.exit_code == Exit.INCOMPLETE
    said = " ".join(told.stdout.split())
    assert "Kein Löschprotokoll ließ sich durchsuchen. Daraus folgt nichts" in said
    assert "für einen anderen Schlüssel versiegelt: Protokoll 0" in said
    assert "keinen Datensatz" not in said
    assert "Nachweise aus" not in said


def test_a_search_of_a_part_says_so_on_its_page() -> None:
    part = opening.Found(searched=[0, 2], destroyed=[1], counts=[3])
    _, result, *rest = found_sheet(part, "en").blocks
    shown = [block.text for block in rest if isinstance(block, Paragraph)]
    assert isinstance(result, Paragraph)
    assert "covers no record" in result.text
    assert "Not all reports could be searched" in shown[0]
    assert any("isn't there any more" in line and "report 1" in line for line in shown)
    assert any("only counts are kept: report 3" in line for line in shown)
    whole = found_sheet(opening.Found(searched=[0]), "en").blocks
    assert not any("Not all" in b.text for b in whole if isinstance(b, Paragraph))
    early = found_sheet(opening.Found(), "en").blocks
    assert "Nothing follows" in early[1].text  # type: ignore[union-attr]


def test_reports_that_nobody_trusted_signed_are_not_searched(made: Sealed) -> None:
    with pytest.raises(TrustError):
        made.find("411", vouched=frozenset())


@pytest.mark.parametrize("role", ["leaves", "index", "sealed-key"])
def test_a_tampered_file_is_always_told(own: Sealed, role: str) -> None:
    told = next(Bundle(own.reports).reports())
    file = next(f for f in told.report.evidence.files if f.role == role)
    path = own.reports / "sidecars" / file.name
    data = path.read_bytes()
    private = sealing.load_escrow(own.escrow)
    record = _record(own.gone[file.dataset or "calls"][0])

    def use() -> object:
        if role != "leaves":
            return own.find("411")
        return opening.prove_record(
            Bundle(own.reports), private, record, number=0, dataset=str(file.dataset)
        )

    for bad in (data[:-1], data + b"x", b"", data[:40] + bytes([data[40] ^ 1]) + data[41:]):
        path.chmod(0o600)
        path.write_bytes(bad)
        with pytest.raises(EvidenceError) as error:
            use()
        assert error.value.code == "SIDECAR"


@pytest.mark.parametrize("role", ["leaves", "index", "sealed-key"])
def test_headers_of_any_shape_are_read_or_refused(made: Sealed, role: str) -> None:
    told = next(Bundle(made.reports).reports())
    file = next(f for f in told.report.evidence.files if f.role == role)
    data = Bundle(made.reports).sidecar(file)
    assert data
    for at in range(min(len(data), 400)):
        for bad in (data[:at], data[:at] + bytes([data[at] ^ 0x11]) + data[at + 1 :]):
            with suppress(EvidenceError):  # anything else is a mistake
                side = sidecars.read(bad)
                side.count("size")
                sidecars.read_leaves(side)


def _record(taken: Taken) -> Record:
    return Record(taken.key, taken.start, taken.subjects, taken.digest)


def _proof(made: Sealed, dataset: str, taken: Taken) -> bytes:
    private = sealing.load_escrow(made.escrow)
    return opening.prove_record(
        Bundle(made.reports), private, _record(taken), number=0, dataset=dataset
    )


def test_every_record_can_be_proved_by_who_still_holds_it(made: Sealed) -> None:
    for dataset, records in made.gone.items():
        for record in records:
            proved = proofs.check_proof(_proof(made, dataset, record), made.trusted)
            assert (proved.kind, proved.dataset.dataset) == ("record", dataset)
            assert proofs.read_record(
                {n: v for n, v in proved.opened.items() if n != "encoding"}
            ) == _record(record)


def test_a_record_that_was_not_deleted_has_no_proof(made: Sealed) -> None:
    record = made.gone["calls"][0]
    other = record._replace(start=b"2026-07-18 14:00:01")
    with pytest.raises(DocumentError) as error:
        _proof(made, "calls", other)
    assert error.value.code == "NO_SUCH_RECORD"
    for number, dataset in ((1, "calls"), (0, "nothing")):
        with pytest.raises(DocumentError):
            opening.prove_record(
                Bundle(made.reports),
                sealing.load_escrow(made.escrow),
                _record(record),
                number=number,
                dataset=dataset,
            )


def test_every_match_can_be_proved_without_the_record(made: Sealed) -> None:
    for match in made.find("411").matches:
        proved = proofs.check_proof(opening.prove_entry(match), made.trusted)
        assert (proved.kind, proved.opened["party"]) == ("entry", "ext:411")
        assert proved.opened["minute"].startswith("2026-07-18T12:")


def test_a_proof_is_no_proof_for_who_trusts_another_key(made: Sealed) -> None:
    proof = _proof(made, "calls", made.gone["calls"][0])
    with pytest.raises(TrustError):
        proofs.check_proof(proof, {})


def test_no_change_to_a_proof_goes_unseen(made: Sealed) -> None:
    match = made.find("411").matches[0]
    for proof in (opening.prove_entry(match), _proof(made, "calls", made.gone["calls"][0])):
        value = json.loads(proof)
        changed: list[bytes] = [b"", b"{}", proof[:-2], proof + b" ", b"[]", proof * 2]
        others: list[Any] = [None, [], "x", 7]
        changed += [canonical({**value, name: new}) for name in value for new in others]
        changed += [canonical({n: v for n, v in value.items() if n != name}) for name in value]
        for name, old in value["opened"].items():
            news: list[Any] = [None, "x", 10**9, ["x"], {"base64": "AA=="}, -1, {"base64": "!"}]
            for new in news:
                if new != old:
                    changed.append(canonical({**value, "opened": {**value["opened"], name: new}}))
        for name in ("key", "path"):
            flat = value[name] if name == "key" else value[name][0]
            bad = flat[:-1] + ("0" if flat[-1] != "0" else "1")
            new_value = bad if name == "key" else [bad, *value[name][1:]]
            changed.append(canonical({**value, name: new_value}))
        changed += [
            canonical({**value, "path": value["path"][1:]}),
            canonical({**value, "path": [*value["path"], "00" * 32]}),
            canonical({**value, "index": value["index"] + 1}),
            canonical({**value, "index": -1}),
            canonical({**value, "index": 2**53 - 1}),
            canonical({**value, "dataset": "queue-log"}),
            canonical({**value, "kind": "record" if value["kind"] == "entry" else "entry"}),
        ]
        for bad_proof in set(changed) - {proof, proof[:-1]}:
            with pytest.raises(EvidenceError):
                proofs.check_proof(bad_proof, made.trusted)


def test_every_byte_of_a_proof_counts(made: Sealed) -> None:
    proof = opening.prove_entry(made.find("411").matches[0])
    for at in range(0, len(proof) - 1, 37):
        bad = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]
        with pytest.raises(EvidenceError):
            proofs.check_proof(bad, made.trusted)


def test_an_opened_proof_helps_with_no_other_leaf(made: Sealed) -> None:
    """Somebody who has one proof and all files beside the reports tries its key on the rest."""
    told = next(Bundle(made.reports).reports())
    records = made.gone["calls"]
    value = json.loads(_proof(made, "calls", records[0]))
    file = told.file("leaves", "calls")
    assert file
    leaves = sidecars.read_leaves(sidecars.read(Bundle(made.reports).sidecar(file) or b"")).all()
    prefix = record_prefix(
        encoding=value["opened"]["encoding"], data_class="call-detail-records", dataset="calls"
    )
    key = bytes.fromhex(value["key"])
    opened = {r for r in map(_record, records) if leaf(key, prefix=prefix, body=r.body()) in leaves}
    assert opened == {_record(records[0])}
    assert len(set(map(_record, records))) > 1
    index = told.file("index", "calls")
    assert index
    rows = sidecars.read(Bundle(made.reports).sidecar(index) or b"").body
    tree = [bytes(rows[at + 32 : at + ROW]) for at in range(0, len(rows), ROW)]
    assert merkle.root(tree).hex() == _lookup_root(told)
    assert value["key"] not in bytes(rows).hex()


def _lookup_root(told: Any) -> str:
    return str(next(d.lookup.root for d in told.report.datasets if d.dataset == "calls"))


def test_no_number_time_or_name_stands_in_any_new_file(made: Sealed) -> None:
    words = {b"0301234", b"030-1234", b"2026-07-18", b"14:00", b"2026/07", b"ext:4", b"raw:"}
    for records in made.gone.values():
        for record in records:
            fields = (*record.key, record.start, *record.subjects)
            words |= {v for v in fields if v and len(v) > 5 and any(c in b"0123456789" for c in v)}
    shipped = {"verify.html"}  # the same for everybody
    files = [p for p in made.reports.rglob("*") if p.is_file() and p.name not in shipped]
    assert any(path.suffix == ".bin" for path in files)
    for path in files:
        data = path.read_bytes()
        for word in words:
            assert word not in data, path.name
            assert word.hex().encode() not in data


# --- the commands -----------------------------------------------------------------------------


def test_find_on_the_command_line(made: Sealed) -> None:
    common = (made.reports, "--key", made.escrow, "--trust", made.public)
    told = _cli("find", *common, "--number", "411", "--from", FIRST, "--to", LAST, "--json")
    assert told.exit_code == Exit.OK
    matches = json.loads(told.stdout)["matches"]
    assert len(matches) == len(made.find("411").matches)
    assert {match["report"] for match in matches} == {0}
    german = _cli("find", *common, "--number", "411", "--lang", "de")
    assert "18.07.2026" in german.stdout
    none = _cli("find", *common, "--number", "499", "--extension")
    assert "no record of this number" in none.stdout
    stdin = CliRunner().invoke(
        main, ["evidence", "find", *map(str, common), "--number", "-"], input="411\n"
    )
    assert stdin.stdout == _cli("find", *common, "--number", "411").stdout
    for number in ("411", "0301234"):
        assert number not in stdin.stderr


def test_prove_and_check_on_the_command_line(made: Sealed, tmp_path: Path) -> None:
    common = (made.reports, "--key", made.escrow)
    out = tmp_path / "proof.json"
    wanted = ("--number", "411", "--at", "2026-07-18T14:00", "--out", out)
    several = _cli("prove", *common, *wanted)
    assert several.exit_code == Exit.USAGE
    assert "--dataset calls" in several.stderr
    assert _cli("prove", *common, *wanted, "--dataset", "calls").exit_code == Exit.OK
    assert out.stat().st_mode & 0o777 == 0o600
    checked = _cli("check", out, "--trust", made.public)
    assert checked.exit_code == Exit.OK
    assert "sound" in checked.stdout
    again = _cli("prove", *common, *wanted, "--dataset", "calls")
    assert again.exit_code == Exit.REFUSED
    out.write_bytes(out.read_bytes().replace(b'"repeat":0', b'"repeat":1'))
    bad = _cli("check", out, "--trust", made.public)
    assert (bad.exit_code, "Traceback" in bad.output) == (Exit.FORGED, False)


def test_a_record_out_of_a_file_is_proved_on_the_command_line(made: Sealed, tmp_path: Path) -> None:
    taken = made.gone["calls"][0]
    fields = {
        "key": [None if v is None else v.decode() for v in taken.key],
        "start": (taken.start or b"").decode(),
        "subjects": [None if v is None else v.decode() for v in taken.subjects],
    }
    record, out = tmp_path / "record.json", tmp_path / "proof.json"
    record.write_text(json.dumps(fields))
    common = ("prove", made.reports, "--key", made.escrow, "--record", record, "--out", out)
    assert _cli(*common, "--report", 0, "--dataset", "calls").exit_code == Exit.OK
    assert _cli("check", out, "--trust", made.public).exit_code == Exit.OK
    for text in ("", "[]", '{"key": 1}', '{"key": ["\\ud800"], "start": "x"}', "{" * 9000):
        record.write_text(text)
        bad = _cli(*common, "--report", 0, "--dataset", "calls")
        assert (bad.exit_code, "Traceback" in bad.output) == (Exit.USAGE, False)


def test_shred_destroys_what_is_due_and_the_reports_stay(own: Sealed, tmp_path: Path) -> None:
    dpo = tmp_path / "dpo.pem"
    keys.new_key(dpo)
    common = ("shred", own.reports, "--sign", dpo, "--yes", "--json")
    early = _cli(*common)
    assert json.loads(early.stdout)["destroyed"] == []
    assert own.find("411").matches
    before = {p: p.read_bytes() for p in own.reports.glob("*") if p.is_file()}
    late = _cli(*common, "--before", "2030-01-01")
    assert late.exit_code == Exit.OK
    assert not list((own.reports / "sidecars").glob("*.bin"))
    (note,) = (own.reports / "filed").iterdir()
    assert note.name.startswith("evidence-shred-")
    assert {p: p.read_bytes() for p in before} == before
    found = own.find("411")
    assert (found.matches, found.destroyed) == ([], [0])
    told = _cli("find", own.reports, "--key", own.escrow, "--number", "411")
    assert told.exit_code == Exit.INCOMPLETE
    assert "destroyed" in told.stderr
    done = execute.run(own.pbx.terms(), own.pbx.site(), now=NOW + timedelta(days=1))
    assert done.exit_code == Exit.OK


def test_an_access_is_filed_without_the_number(own: Sealed, tmp_path: Path) -> None:
    dpo = tmp_path / "dpo.pem"
    keys.new_key(dpo)
    common = ("find", own.reports, "--key", own.escrow, "--number", "411")
    assert _cli(*common, "--sign", dpo).exit_code == Exit.USAGE
    assert _cli(*common, "--purpose", "court").exit_code == Exit.REFUSED
    assert _cli(*common, "--purpose", "court", "--sign", dpo).exit_code == Exit.OK
    (note,) = (own.reports / "filed").iterdir()
    payload = signing.open_envelope(note.read_bytes()).payload
    # Digests hold any three digits now and then.
    assert b"411" not in re.sub(rb"[0-9a-f]{32,}", b"", payload)
    assert json.loads(payload)["predicate"]["purpose"] == "court"
    assert json.loads(payload)["predicate"]["matches"] == len(own.find("411").matches)


def test_the_officers_key_file_opens_and_signs_with_one_passphrase(
    own: Sealed, tmp_path: Path
) -> None:
    home, secret = tmp_path / "home", tmp_path / "secret"
    home.mkdir(mode=0o700)
    secret.write_text("correct horse battery staple\n")
    secret.chmod(0o600)
    escrow = keyring.import_key(own.escrow)
    ring: dict[Role, keyring.AnyPrivate] = {"escrow": escrow, "dpo": keyring.generate("dpo")}
    keyring.write_container(
        home / "dpo-keys.json", ring, Secret("correct horse battery staple"), created=NOW
    )
    common = ("--home", home, "--passphrase-file", secret, "--trust", own.public)
    found = _cli("find", own.reports, *common, "--number", "411", "--purpose", "audit")
    assert found.exit_code == Exit.OK, found.output
    assert [path.name[:15] for path in (own.reports / "filed").iterdir()] == ["evidence-access"]
    secret.write_text("another horse battery staple\n")
    wrong = _cli("find", own.reports, *common, "--number", "411")
    assert (wrong.exit_code, "Traceback" in wrong.output) == (Exit.REFUSED, False)


def test_a_minute_without_a_zone_is_the_sources(made: Sealed) -> None:
    local = datetime(2026, 7, 18, 14, 0)  # noqa: DTZ001
    utc = datetime.fromisoformat("2026-07-18T12:00:00+00:00")
    assert len(made.find("411", first=local, last=local).matches) == len(
        made.find("411", first=utc, last=utc).matches
    )
