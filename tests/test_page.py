"""verify.html, in a real browser: the same verdicts and the same words as the command."""

from __future__ import annotations

import io
import os
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from support import office, reports, verdicts
from support import page as parts
from support.browser import Browser, Page, encoded
from support.verdicts import Case

from pbxretain import bundle
from pbxretain.evidence import statements
from pbxretain.evidence.statements import statement
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.signing import canonical, key_id
from pbxretain.wording.page import PAGE

PEM = encoded(verdicts.PEM)
KEYID = key_id(verdicts.KEY.public_key())


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.open(parts.PAGE)


def test_the_page_is_up_to_date() -> None:
    assert parts.PAGE.read_text("utf-8") == parts.page(), "make docs"


@pytest.mark.parametrize("family", verdicts.FAMILIES)
def test_the_page_and_the_command_say_the_same(page: Page, family: str) -> None:
    cases = verdicts.FAMILIES[family]()
    chosen = cases if LARGE else dict(Random(3).sample(sorted(cases.items()), min(len(cases), 150)))
    assert verdicts.differences(page, chosen) == {}


# --- statements -------------------------------------------------------------------------------


def test_every_type_of_statement_is_known() -> None:
    known = {statements.file_type(name) for name in statements.TYPES}
    assert set(verdicts.one_of_each()) == known


STATEMENTS = verdicts.one_of_each() | {
    "sealed": verdicts.sealed_report(),
    "strands": reports.stranded(),
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_any_changed_field_is_refused_for_the_same_reason(page: Page, kind: str) -> None:
    sound = statement(STATEMENTS[kind])
    payloads = [canonical(value).decode() for value in (sound, *verdicts.changed(sound))]
    expected = [verdicts.parsed_by_python(payload.encode()) for payload in payloads]
    said = page.call(verdicts.PARSE, payloads)
    assert [row for row in zip(payloads, said, expected, strict=True) if row[1] != row[2]] == []
    assert expected[0] == sound["predicateType"]
    assert {"SCHEMA", "MALFORMED", "UNKNOWN_TYPE"} <= set(expected)


# --- any changed byte -------------------------------------------------------------------------


def _changed(data: bytes, chance: Random) -> bytes:
    """Bytes with something flipped, dropped, doubled, put in or cut off."""
    at = chance.randrange(len(data))
    match chance.choice(("flip", "flip", "flip", "drop", "double", "cut", "insert")):
        case "flip":
            return data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]
        case "drop":
            return data[:at] + data[at + chance.randrange(1, 9) :]
        case "double":
            return data[: at + chance.randrange(1, 99)] + data[at:]
        case "insert":
            return data[:at] + bytes([chance.choice(b' \t\n"{}[],:\\0-')]) + data[at:]
        case _:
            return data[:at]


def _bent(chance: Random) -> Case:
    """An envelope, a soundly signed payload or a file of a folder, changed somewhere."""
    keys = chance.choice(((verdicts.PEM,), (verdicts.PEM,), ()))
    match chance.choice(("envelope", "payload", "ledger", "folder", "office", "office")):
        case "envelope":
            return verdicts.single(_changed(verdicts.GOOD, chance), keys=keys)
        case "payload":
            payload = _changed(verdicts.GOOD_PAYLOAD, chance)
            return verdicts.single(verdicts.signed(payload), keys=keys)
        case "ledger":
            ledger = _changed(FOLDER["ledger.jsonl"], chance)
            return Case(FOLDER | {"ledger.jsonl": ledger}, keys=keys)
        case "folder":
            name = chance.choice(sorted(FOLDER))
            return Case(FOLDER | {name: _changed(FOLDER[name], chance)}, keys=keys)
        case _:
            return _mixed(chance)


def _mixed(chance: Random) -> Case:
    """A bundle with files changed, exchanged, gone or twice there."""
    files = dict(OFFICE)
    for _ in range(chance.choice((1, 1, 2))):
        one, other = (chance.choice(sorted(files)) for _ in range(2))
        match chance.choice(("change", "exchange", "drop", "copy")):
            case "change":
                files[one] = _changed(files[one] or b"x", chance)
            case "exchange":
                files[one], files[other] = files[other], files[one]
            case "drop" if len(files) > 1:
                del files[one]
            case _:
                files[other] = files[one]
    trust = chance.choice((office.TRUST, verdicts.pem(office.RUNNER), verdicts.pem(office.NEXT)))
    return Case(files, keys=(trust,), now=office.START + timedelta(days=7))


FOLDER = verdicts.folder()
OFFICE = verdicts.office_files()
LARGE = bool(os.environ.get("PBXRETAIN_LARGE"))
MANY = 2000 if LARGE else 200


def test_the_page_and_the_command_agree_on_any_changed_byte(page: Page) -> None:
    chance = Random(4)
    cases = {str(n): _bent(chance) for n in range(MANY)}
    assert verdicts.differences(page, cases) == {}
    assert {verdicts.by_python(case)["exit"] for case in cases.values()} >= {0, 3, 7}


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_tells_a_report_in_the_words_of_the_command(page: Page, lang: Lang) -> None:
    sealed = [
        data
        for case in (verdicts.complaints() | verdicts.told()).values()
        for data in case.files.values()
    ]
    told = page.call(verdicts.SHEETS, [[encoded(each), lang] for each in sealed], PEM)
    compared = 0
    for data, own in zip(sealed, told, strict=True):
        if own is not None:
            assert own == verdicts.sheet_by_python(data, lang, keyid=KEYID)
            compared += 1
    assert compared >= 20


def test_every_word_that_the_page_asks_for_is_in_it() -> None:
    source = "".join(path.read_text("utf-8") for path in parts.scripts())
    asked = set(re.findall(r"""\b(?:text|say)\(\s*"([a-z][\w.-]+)\"""", source))
    asked |= set(re.findall(r"""\bchooser\("([\w.-]+)\"""", source))
    assert len(asked) > 60
    assert asked <= parts.words().keys()
    built = tuple(re.findall(r"say\(`(page\.[\w.-]*)\$", source))
    built += ("page.code.",)  # instead of the command's own sentence
    unsaid = [key for key in PAGE if f'"{key}"' not in source and not key.startswith(built)]
    assert unsaid == []


# --- what a person does -----------------------------------------------------------------------

FINGERPRINT = "a050 837d 8507 0582 ccf7 394b 0988 847c"


@pytest.fixture
def german(browser: Browser) -> Iterator[Page]:
    """A fresh page of somebody whose browser speaks German."""
    page = browser.open(parts.PAGE, lang="de-DE")
    yield page
    assert page.complaints() == [], "errors on the page, or something asked of the net"
    page.close()


def word(page: Page) -> str:
    """The verdict's one word, once it stands there."""
    page.wait("document.querySelector('#verdict .word') && !pbxretain.face.busy")
    return str(page.evaluate("document.querySelector('#verdict .word').textContent"))


def enter(page: Page, text: str) -> None:
    page.call(
        "(text) => { const field = document.querySelector('#print'); field.focus();"
        " field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})); }",
        text,
    )


def verdict_of(page: Page) -> str:
    return str(page.evaluate("document.querySelector('#verdict').innerText"))


def text_of(page: Page) -> str:
    return str(page.evaluate("document.body.innerText"))


def test_a_folder_and_the_fingerprint_are_all_that_it_takes(german: Page, tmp_path: Path) -> None:
    for name, data in FOLDER.items():
        (tmp_path / name).write_bytes(data)
    german.choose("#folder", [tmp_path])
    assert word(german) == "Noch nicht bestätigt"
    enter(german, FINGERPRINT[:-1])
    assert word(german) == "Noch nicht bestätigt"
    assert "31 von 32" in text_of(german)
    enter(german, FINGERPRINT)
    german.wait("document.querySelector('#verdict.genuine')")
    assert word(german) == "Echt"
    assert "Exit-Code wie bei pbxretain verify: 0" in text_of(german)
    assert f"Sie vertrauen dem Schlüssel {FINGERPRINT}" in text_of(german)
    assert "Löschprotokoll Nr. 2: head-office" in text_of(german)
    assert "head-office: Nr. 0 bis 2 sind ohne Lücke da; ob jeder vereinbarte" in text_of(german)
    enter(german, FINGERPRINT.replace("a050", "a051"))
    german.wait("document.querySelector('#verdict.stranger')")
    assert word(german) == "Fremder Schlüssel"


def test_a_folder_dragged_from_the_desktop_is_walked(german: Page, tmp_path: Path) -> None:
    for name, data in OFFICE.items():
        (tmp_path / "head-office" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "head-office" / name).write_bytes(data)
    (tmp_path / "roster.json").write_bytes(office.TRUST)
    german.drag("#reports", [tmp_path / "head-office"])
    word(german)
    assert f"head-office ({len(OFFICE)} Dateien)" in text_of(german)
    german.drag("#key", [tmp_path / "roster.json"])
    german.wait("document.querySelector('#typed .given')")
    enter(german, office.print_of(office.AUTHORITY))
    german.wait("document.querySelector('#verdict.genuine, #verdict.findings')")
    assert word(german) in ("Echt", "Echt, mit Feststellungen")
    assert "L2: " in verdict_of(german)
    own = sum("deletion-report" in name for name in OFFICE)
    others = sum(name.endswith(".dsse.json") for name in OFFICE) - own
    assert f"{own} Löschprotokolle und {others} andere Aussagen geprüft" in text_of(german)


def test_a_rolled_key_is_told_as_one_that_the_confirmed_key_put_in_place(german: Page) -> None:
    german.drop("#reports", {"bundle.zip": packed(OFFICE)})
    enter(german, office.print_of(office.RUNNER))
    german.wait("document.querySelector('#compare .ok') && !pbxretain.face.busy")
    word(german)
    assert "ein neuerer Schlüssel, eingesetzt von dem, den Sie bestätigt" in text_of(german)
    assert german.evaluate("document.querySelectorAll('#compare .no, #compare .other').length") == 0
    enter(german, office.print_of(office.NEXT))
    german.wait("document.querySelector('#compare').innerText.includes('ein älterer Schlüssel')")
    assert german.evaluate("document.querySelectorAll('#compare .no, #compare .other').length") == 0


def test_times_are_in_the_zone_of_the_source(german: Page) -> None:
    german.drop("#reports", {"bundle.zip": packed(OFFICE)})
    word(german)
    rows = "[...document.querySelectorAll('#result .tall tbody tr')].map((row) => row.innerText)"
    shown = german.evaluate(rows)
    assert any("Prüfvermerk" in row for row in shown)
    assert [row for row in shown if "(CET)" not in row] == []


def test_a_report_that_came_twice_counts_once(german: Page) -> None:
    german.drop("#reports", {"a.dsse.json": verdicts.GOOD, "b.dsse.json": verdicts.GOOD})
    word(german)
    assert "1 Löschprotokoll gelesen" in text_of(german)


def test_a_roster_out_of_the_delivery_counts_only_once_compared(german: Page) -> None:
    german.drop("#reports", {"bundle.zip": packed(OFFICE)})
    word(german)
    german.drop("#key", {"mine.json": office.TRUST.replace(b":", b": ", 1)})
    german.wait("document.querySelector('#typed .given')")
    assert word(german) == "Noch nicht bestätigt"
    told = text_of(german)
    assert "kam mit der Lieferung und beweist nichts" in told
    assert "L2: " not in verdict_of(german)
    assert "Sie vertrauen" not in told
    shown = german.evaluate("document.querySelector('#compare .print').innerText")
    assert "".join(str(shown).split()) == office.print_of(office.AUTHORITY).replace(" ", "")
    enter(german, office.print_of(office.RUNNER))
    german.wait("document.querySelector('#compare .other') && !pbxretain.face.busy")
    assert word(german) == "Noch nicht bestätigt"
    enter(german, office.print_of(office.AUTHORITY))
    german.wait("document.querySelector('#verdict.genuine, #verdict.findings')")
    assert "L2: " in verdict_of(german)


def test_where_no_folder_can_be_opened_the_page_says_what_to_do(
    browser: Browser, tmp_path: Path
) -> None:
    page = browser.open(
        parts.PAGE, before="delete DataTransferItem.prototype.getAsFileSystemHandle;"
    )
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "r.dsse.json").write_bytes(verdicts.GOOD)
    page.drag("#reports", [tmp_path / "reports", tmp_path / "reports" / "r.dsse.json"])
    page.wait("document.querySelector('#reports .no')")
    assert "opens no dropped folder here (reports)" in text_of(page)
    assert page.evaluate("document.querySelector('#verdict')") is None
    page.drag("#reports", [tmp_path / "reports" / "r.dsse.json"])
    assert word(page) == "Not confirmed yet"
    page.close()


def test_a_fingerprint_without_the_key_file_says_which_file_is_missing(german: Page) -> None:
    german.drop("#reports", {"r.dsse.json": verdicts.GOOD})
    enter(german, FINGERPRINT)
    german.wait("document.querySelector('#verdict.keyless')")
    assert word(german) == "Noch nicht prüfbar"
    assert "runner-a050837d.pub.pem liegt im Paket" in text_of(german)
    key = {"r.dsse.json": verdicts.GOOD, "runner-a050837d.pub.pem": verdicts.PEM}
    german.drop("#reports", key)
    german.wait("document.querySelector('#verdict.genuine')")
    german.drop("#reports", key | {"runner-a050837d.pub.pem": verdicts.OTHER_PEM})
    german.wait("document.querySelector('#verdict.stranger')")


def test_a_dropped_report_and_key_file_and_the_other_language(german: Page) -> None:
    german.drop("#reports", {"r.dsse.json": verdicts.GOOD})
    assert word(german) == "Noch nicht bestätigt"
    german.drop("#key", {"key.pem": verdicts.PEM})
    german.wait("document.querySelector('#verdict.genuine')")
    german.evaluate("document.querySelector('.lang button:last-child').click()")
    assert word(german) == "Genuine"
    assert german.evaluate("document.documentElement.lang") == "en"
    german.drop("#reports", {"r.dsse.json": verdicts.GOOD.replace(b"A", b"B", 1)})
    german.wait("document.querySelector('#verdict.forged')")
    assert word(german) == "Not genuine"


def test_a_dropped_roster_is_trusted_and_the_field_keeps_what_is_typed(german: Page) -> None:
    enter(german, "a05")
    german.drop("#key", {"trust.dsse.json": office.TRUST})
    german.wait("document.querySelector('#typed .given')")
    assert office.print_of(office.AUTHORITY) in text_of(german)
    assert german.evaluate("document.querySelector('#print').value") == "a05"
    assert german.evaluate("document.activeElement.id") == "print"
    german.drop("#reports", {"r.dsse.json": verdicts.GOOD})
    word(german)
    assert "r.dsse.json (1 Datei)" in text_of(german)


def test_a_key_among_the_reports_is_never_trusted(german: Page) -> None:
    german.drop("#reports", FOLDER)
    assert word(german) == "Noch nicht bestätigt"
    assert german.evaluate("document.querySelectorAll('#compare .print li').length") == 8


def test_what_is_no_key_is_named(german: Page) -> None:
    german.drop("#key", {"letter.txt": b"a050"})
    german.wait("document.querySelector('#typed .no')")
    assert "letter.txt ist weder" in text_of(german)


def test_an_older_report_can_be_looked_at(german: Page) -> None:
    german.drop("#reports", FOLDER)
    word(german)
    german.evaluate("document.querySelector('#result tbody tr:last-child button').click()")
    assert "Löschprotokoll Nr. 0: head-office" in text_of(german)


def test_hostile_words_are_words(german: Page) -> None:
    evil = "<img src=x onerror=alert(1)><script>document.title='x'</script>"
    sealed = verdicts.signed(canonical(statement(reports.report(controller=evil))))
    german.drop("#reports", {"<b>r.dsse.json": sealed})
    word(german)
    assert evil in text_of(german)
    assert "<b>r.dsse.json" in text_of(german)
    assert (
        german.evaluate("document.querySelectorAll('#page img, #page script, #page b').length") == 0
    )


def test_the_page_can_reach_nothing(browser: Browser) -> None:
    page = browser.open(parts.PAGE)
    for address in ("http://127.0.0.1:9/", "data:text/plain,x"):
        assert (
            page.evaluate(f"fetch('{address}').then(() => 'reached', () => 'refused')") == "refused"
        )
    with pytest.raises(RuntimeError, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<p>x</p>'")
    page.close()


@pytest.mark.parametrize(
    "without",
    [
        "SubtleCrypto.prototype.importKey = async () => { throw new DOMException('no'); };",
        "SubtleCrypto.prototype.verify = async () => true;",
        "SubtleCrypto.prototype.verify = async () => false;",
        "Object.defineProperty(crypto, 'subtle', {value: undefined});",
    ],
)
def test_a_browser_that_cannot_check_gives_no_verdict(browser: Browser, without: str) -> None:
    page = browser.open(parts.PAGE, before=without)
    assert "This browser can't check Ed25519" in text_of(page)
    assert page.evaluate("document.querySelectorAll('input, #verdict').length") == 0
    page.close()


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (FINGERPRINT, FINGERPRINT.replace(" ", "")),
        (FINGERPRINT.upper().replace(" ", ":"), FINGERPRINT.replace(" ", "")),
        (KEYID, KEYID),
        (f"SHA256:{KEYID}", KEYID),
        (FINGERPRINT[:-1], None),
        (FINGERPRINT + " 0", None),
        (FINGERPRINT.replace("a", "g"), None),
        ("", None),
    ],
)
def test_a_fingerprint_is_read_as_people_write_it(page: Page, typed: str, read: str | None) -> None:
    assert page.call("(typed) => pbxretain.readPrint(typed)", typed) == read


# --- fingerprints and archives say the same as a folder under a key ---------------------------

WHOLE = {name: case for name, case in verdicts.folders().items() if case.whole}


def test_a_fingerprint_trusts_the_key_that_lies_beside(page: Page) -> None:
    beside = [c for c in WHOLE.values() if c.keys == (verdicts.PEM,) and c.holds(verdicts.PEM)]
    assert len(beside) > 20
    said = verdicts.by_page(page, beside, print_=FINGERPRINT)
    assert said == [verdicts.by_python(case) for case in beside]
    (unlike,) = verdicts.by_page(page, beside[:1], print_=FINGERPRINT.replace("a", "b"))
    assert unlike["exit"] == 8


def test_a_fingerprint_of_the_authority_trusts_the_roster_beside(page: Page) -> None:
    (said,) = verdicts.by_page(
        page, [replace(OFFICERS, files=OFFICE)], print_=office.print_of(office.AUTHORITY)
    )
    assert said == verdicts.by_python(replace(OFFICERS, files=OFFICE))
    assert said["level"] == "L2"
    (other,) = verdicts.by_page(
        page, [replace(OFFICERS, files=OFFICE)], print_=office.print_of(office.DPO)
    )
    assert other["exit"] == 8


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_says_the_same_as_for_the_command(page: Page, method: int) -> None:
    cases = {name: (packed(case.files, method), case) for name, case in WHOLE.items()}
    cases["of an officer"] = (packed(OFFICE, method), OFFICERS)
    assert differences(page, cases) == {}
    assert verdicts.archive_by_python(packed(FOLDER, method), like=Case({}))["exit"] == 0
    assert verdicts.archive_by_python(packed(OFFICE, method), like=OFFICERS)["level"] == "L2"


def test_an_archive_as_the_command_packs_it_is_genuine(page: Page, tmp_path: Path) -> None:
    for name, data in OFFICE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    bundle.write(bundle.contents(tmp_path, sidecars=True, added={}), tmp_path / "b.zip")
    data = (tmp_path / "b.zip").read_bytes()
    assert differences(page, {"packed": (data, OFFICERS)}) == {}
    assert verdicts.archive_by_python(data, like=OFFICERS)["level"] == "L2"


OFFICERS = Case({}, keys=(office.TRUST,), now=office.START + timedelta(days=7))
Archives = Mapping[str, tuple[bytes, Case]]


def differences(page: Page, cases: Archives) -> dict[str, tuple[object, object]]:
    """What command and page say differently of archives."""
    given = [replace(like, files={"bundle.zip": data}) for data, like in cases.values()]
    said = dict(zip(cases, verdicts.by_page(page, given, flat=True), strict=True))
    own = {n: verdicts.archive_by_python(data, like=like) for n, (data, like) in cases.items()}
    return {name: (own[name], said[name]) for name in cases if own[name] != said[name]}


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(f"head-office/{name}", data)
    return buffer.getvalue()


def bad_archives() -> dict[str, bytes]:
    good = packed(FOLDER)
    bomb = packed({"000000-deletion-report.dsse.json": b"0" * 200_000_000})
    at = bomb.index(b"PK\x01\x02")
    doubled = io.BytesIO()
    with zipfile.ZipFile(doubled, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in (verdicts.GOOD, b"{}"):
            archive.writestr("r.dsse.json", data)
    above = io.BytesIO()
    with zipfile.ZipFile(above, "w") as archive:
        archive.writestr("../r.dsse.json", verdicts.GOOD)
    return {
        "empty": b"",
        "no archive": verdicts.GOOD,
        "cut off": good[:-30],
        "its beginning gone": good[100:],
        "a bomb": bomb,
        "a bomb that says it is small": bomb[: at + 24] + b"\x09\0\0\0" + bomb[at + 28 :],
        "one name twice": doubled.getvalue(),
        "above itself": above.getvalue(),
        "a folder within": packed({"x/y/r.dsse.json": b""}),
        "a name with a blank": packed({"a b.dsse.json": b""}),
        "a device": packed({"nul.dsse.json": b"", "x": b""}),
        "a name that ends in a dot": packed({"x.": b""}),
        "two names of one": packed({"A.txt": b"", "a.txt": b""}),
        "a file in a folder's place": packed({"filed": b"", "x": b""}),
        "another method": packed(FOLDER, zipfile.ZIP_BZIP2),
        "encrypted": good.replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1"),
    }


def test_a_bad_archive_is_refused_as_by_the_command(page: Page) -> None:
    cases = {name: (data, Case({})) for name, data in bad_archives().items()}
    assert differences(page, cases) == {}
    said = verdicts.by_page(page, [Case({"b.zip": d}) for d, _ in cases.values()], flat=True)
    assert [own["exit"] for own in said] == [7] * len(cases)


def test_a_changed_archive_is_noticed_or_says_the_same(page: Page) -> None:
    chance, good = Random(5), packed(FOLDER)
    cases = [Case({"bundle.zip": _changed(good, chance)}) for _ in range(200)]
    whole = verdicts.by_python(Case(FOLDER))
    for own in verdicts.by_page(page, cases, flat=True):
        assert own["exit"] != 0 or own["reports"] == whole["reports"]
