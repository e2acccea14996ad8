"""Whatever is changed in a bundle is noticed, or means the same; never a traceback."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import office, reports, verdicts
from support import page as parts
from support.browser import Browser
from support.vector_office import pdf
from support.vector_sealed import RUN, Sealed
from support.vectors import fixed_ids

from pbxretain import bundle
from pbxretain.errors import EvidenceError, Exit, UnavailableError
from pbxretain.evidence.fields import instant
from pbxretain.verify import Verdict, verify_paths
from pbxretain.verify.reading import SUMS

LARGE = bool(os.environ.get("PBXRETAIN_LARGE"))
MANY = settings(
    max_examples=20_000 if LARGE else 600,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOTICED = {Exit.INCOMPLETE, Exit.UNAVAILABLE, Exit.FORGED, Exit.UNTRUSTED}
UNSIGNED = ("runner-", "verify.html")
"""What nobody signs, and nobody trusts."""

LOOSE = ("filed/", "trust.", "cosigned/")
"""Space in JSON, a hint, or the runner's line above the officer's may change and mean the same."""


@dataclass(repr=False)
class Place:
    """A bundle on disk, and what verify says of it untouched."""

    folder: Path
    trust: Path
    now: datetime
    files: dict[str, bytes]

    def __post_init__(self) -> None:
        self._last: dict[str, bytes] = dict(self.files)

    def look(self) -> Verdict:
        return verify_paths([self.folder], trust=[self.trust], own_public=None, now=self.now)

    def lay(self, files: dict[str, bytes]) -> None:
        """Makes the folder hold exactly these files."""
        there = {
            path.relative_to(self.folder).as_posix(): path
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        for name in there.keys() - files.keys():
            there[name].unlink()
        for name, data in files.items():
            path = self.folder / name
            if name not in there or self._last.get(name) != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        self._last = dict(files)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A bundle with all that can be in one, packed as ``report bundle`` packs it."""
    top = tmp_path_factory.mktemp("tamper")
    book, evidence = office.Book(), Sealed()
    with fixed_ids("tamper"):
        when = instant(book.now)
        run = reports.run(id=RUN, started_at=when, ended_at=when, as_of=when)
        book.run(run=run, **evidence.fields())
        book.cosign()
        book.rotate(office.RUNNER, office.NEXT)
        book.run(office.NEXT)
        book.put(lambda where: office.hold(book, where), office.NEXT)
        book.cosign(runner=office.NEXT)
        book.checkpoint(office.NEXT)
        for kind, told, key in (
            ("review", office.review(book, 0), office.DPO),
            ("observation", office.observation(book.now, overdue=0), office.OBSERVER),
        ):
            book.file(f"{kind}-{'ab' * 6}", told, key)
    files = book.bundle(keys=(office.RUNNER, office.NEXT), sums=False) | evidence.files
    state, packed = top / "reports", top / "bundle"
    for name, data in files.items():
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_bytes(data)
    page = {"verify.html": b"<!doctype html>\n"}
    bundle.write(bundle.contents(state, sidecars=True, added=page), packed)
    (top / "roster.dsse.json").write_bytes(office.TRUST)
    held = {
        p.relative_to(packed).as_posix(): p.read_bytes() for p in packed.rglob("*") if p.is_file()
    }
    assert {*files, *page, SUMS} == held.keys()
    for path in packed.rglob("*"):
        path.chmod(0o700)
    return Place(packed, top / "roster.dsse.json", book.now, held)


def meaning(verdict: Verdict) -> set[tuple[str, str, str | None]]:
    """What was read, and who signed it."""
    return {(r.statement.type, r.digest, r.signer) for r in verdict.reports}


def said(verdict: Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings}


# --- ways of changing ---------------------------------------------------------------------------

spots = st.integers(min_value=0, max_value=1 << 20)


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with something flipped, dropped, doubled, cut off, put in or in another order."""
    if not data:
        return b"x"
    at = draw(spots) % len(data)
    size = draw(st.integers(1, 64))
    match draw(st.sampled_from(("flip", "drop", "double", "cut", "insert", "swap", "lines"))):
        case "flip":
            return data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
        case "drop":
            return data[:at] + data[at + size :]
        case "double":
            return data[: at + size] + data[at:]
        case "cut":
            return data[:at]
        case "insert":
            return (
                data[:at]
                + draw(st.sampled_from([b" ", b"\n", b"\r", b"\0", b"0", b"="]))
                + data[at:]
            )
        case "swap":
            return (
                data[:at]
                + data[at + size : at + 2 * size]
                + data[at : at + size]
                + data[at + 2 * size :]
            )
        case _:
            lines = data.splitlines(keepends=True)
            first, second = draw(spots) % len(lines), draw(spots) % len(lines)
            lines[first], lines[second] = lines[second], lines[first]
            return b"".join(lines)


@st.composite
def tampered(draw: st.DrawFn, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with one of them changed, gone, doubled, renamed, or two exchanged."""
    one, other = (draw(st.sampled_from(sorted(files))) for _ in range(2))
    result = dict(files)
    match draw(st.sampled_from(("change",) * 8 + ("drop", "exchange", "double", "rename"))):
        case "drop":
            del result[one]
        case "exchange":
            result[one], result[other] = result[other], result[one]
        case "double":
            result[draw(names(one))] = files[one]
        case "rename":
            result[draw(names(one))] = result.pop(one)
        case _:
            result[one] = draw(changed(files[one]))
    return result


def names(name: str) -> st.SearchStrategy[str]:
    """Names near a name, and such as a bundle has."""
    folder, _, own = name.rpartition("/")
    return st.sampled_from(
        [
            f"{folder}/x{own}" if folder else f"x{own}",
            f"filed/{own}",
            f"cosigned/{own}",
            f"sidecars/{own}",
            "000009-deletion-report.dsse.json",
            "cosigned/000009.checkpoint",
            "filed/hold-abababababab.dsse.json",
            own,
        ]
    )


# --- what is promised -------------------------------------------------------------------------


def test_the_untouched_bundle_is_genuine(place: Place) -> None:
    place.lay(place.files)
    verdict = place.look()
    assert (verdict.exit, verdict.level) == (Exit.OK, "L2")
    assert said(verdict) == {"LEVEL_COUNTS", "REVIEWED"}


@MANY
@given(data=st.data())
def test_any_change_in_any_file_is_noticed(place: Place, data: st.DataObject) -> None:
    files = data.draw(tampered(place.files))
    # Whoever takes the list away leaves a folder of reports, with all that is signed in it.
    if files == place.files or SUMS not in files:
        return
    place.lay(files)
    verdict = place.look()
    assert verdict.exit in NOTICED


@MANY
@given(data=st.data())
def test_with_the_list_made_anew_a_change_is_noticed_or_means_the_same(
    place: Place, data: st.DataObject
) -> None:
    """Whoever can change a bundle can count its sums again; then signatures alone are left."""
    signed = {n: d for n, d in place.files.items() if not n.startswith(UNSIGNED) and n != SUMS}
    name = data.draw(st.sampled_from(sorted(signed)))
    bent = {**place.files, name: data.draw(changed(signed[name]))}
    place.lay(office.with_sums(bent))
    verdict = place.look()
    if "OTHER_SIGNERS" in said(verdict):
        return  # told: what a key signed that the roster doesn't know counts for nothing
    if verdict.exit == Exit.OK:
        assert meaning(verdict) == sound(place)
        assert said(verdict) == {"LEVEL_COUNTS", "REVIEWED"}
        assert verdict.level == "L2"
        assert name.startswith(LOOSE) or bent == place.files
    else:
        assert verdict.exit in NOTICED


def sound(place: Place) -> set[tuple[str, str, str | None]]:
    """The meaning of the untouched bundle."""
    if not _SOUND:
        now = dict(place._last)
        place.lay(place.files)
        _SOUND.append(meaning(place.look()))
        place.lay(now)
    return _SOUND[0]


_SOUND: list[set[tuple[str, str, str | None]]] = []


# --- one file that holds more than one --------------------------------------------------------


@pytest.fixture(scope="module")
def single(place: Place, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Single]:
    """A bundle in one zip, a report in a PDF, a proof, each with what verify says of it."""
    top, evidence = tmp_path_factory.mktemp("single"), Sealed()
    report = place.files["000000-deletion-report.dsse.json"]
    place.lay(place.files)
    bundle.write(bundle.contents(place.folder, sidecars=True, added={}), top / "bundle.zip")
    made = {
        "bundle.zip": (top / "bundle.zip").read_bytes(),
        "report.pdf": pdf(report),
        "proof.json": evidence.record_proof(report, 1),
    }
    return {name: Single(top / name, place, data) for name, data in made.items()}


class Single:
    """One file on disk."""

    def __init__(self, path: Path, place: Place, data: bytes) -> None:
        self.path, self.data, self._place = path, data, place
        self.sound = self.look(data)
        assert self.sound.exit == Exit.OK

    def look(self, data: bytes) -> Verdict:
        self.path.write_bytes(data)
        with bundle.opened_paths([self.path]) as paths:
            trust, now = [self._place.trust], self._place.now
            return verify_paths(paths, trust=trust, own_public=None, now=now)


@pytest.mark.parametrize("name", ["bundle.zip", "report.pdf", "proof.json"])
@settings(MANY, max_examples=2000 if LARGE else 150)
@given(data=st.data())
def test_a_changed_file_is_refused_or_noticed_or_means_the_same(
    single: dict[str, Single], name: str, data: st.DataObject
) -> None:
    one = single[name]
    try:
        verdict = one.look(data.draw(changed(one.data)))
    except (EvidenceError, UnavailableError):
        return
    if verdict.exit == Exit.OK:
        assert meaning(verdict) == meaning(one.sound)
        assert said(verdict) == said(one.sound)
    else:
        assert verdict.exit in NOTICED


# --- in a browser -----------------------------------------------------------------------------


def bent(place: Place) -> dict[str, verdicts.Case]:
    """Each file with a byte flipped, cut off, gone, and exchanged for the next."""
    chance, files = Random(6), place.files
    cases, names_ = {}, sorted(files)
    for name, after in pairwise([*names_, names_[0]]):
        data, at = files[name], chance.randrange(len(files[name]))
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        for how, change in (
            ("flipped", {name: flipped}),
            ("cut", {name: data[:at]}),
            ("exchanged", {name: files[after], after: data}),
        ):
            cases[f"{name} {how}"] = {**files, **change}
        cases[f"{name} gone"] = {n: d for n, d in files.items() if n != name}
    trust = place.trust.read_bytes()
    plain = {n: verdicts.Case(f, keys=(trust,), now=place.now) for n, f in cases.items()}
    anew = {
        f"{name}, list made anew": verdicts.Case(
            office.with_sums(dict(case.files)), keys=(trust,), now=place.now
        )
        for name, case in plain.items()
    }
    return plain | anew


def test_the_page_notices_the_same(place: Place, browser: Browser) -> None:
    assert verdicts.differences(browser.open(parts.PAGE), bent(place)) == {}
