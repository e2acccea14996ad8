"""A number is found in every spelling and wherever it stands; one that only ends alike isn't."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxretain import sought
from pbxretain.errors import DocumentError
from pbxretain.records import Sought

SPELLINGS = [
    "+49301234567",
    "+49 30 1234567",
    "+49 (0)30 1234567",
    "+49-30-123-45-67",
    "0049301234567",
    "00 49 30 1234567",
    "0301234567",
    "030 1234567",
    "030/1234567",
    "(030) 123 45 67",
    "030-1234567",
    "301234567",
    "30 1234567",
    "49301234567",
]

AROUND = [
    "{}",
    " {} ",
    '"Anna Muster" <{}>',
    '"201" <{}>',
    "sip:{}@10.0.0.1:5060;user=phone",
    "tel:{};ext=5",
    "<sip:{}@pbx>;tag=as1",
    "{},300,tT",
    "[{}]",
    "from {} to 201",
]

SPOKEN = [
    "PJSIP/{}-0000001a",
    "PJSIP/{}-00000012",
    "PJSIP/trunk/{},300,T",
    "SIP/trunk-0000001a/{}",
    "Local/{}@from-internal-000000ab;2",
    "DAHDI/i1/{}-5",
    "PJSIP/{}@trunk&PJSIP/201",
    "external-201-{}-20261120-140512-1763643912.42.wav",
    "in-{}-201-20261120-140512-1763643912.42",
    "q-800-{}-20261120-140512-1763643912.42.wav",
    "2026/11/20/exten-{}-unknown-20261120-140512-1763643912.42.wav",
    "[Anna]_{}-201_20261120140512(12).wav",
    "/var/spool/monitor/rec_201_{}.mp3",
]

OTHERS = [
    "+49891234567",
    "0891234567",
    "1234567",
    "234567",
    "00301234567",  # Greece
    "+301234567",
    "+43301234567",
    "+4930121234567",
    "0301234567-8",
    "030 1234567 12",
    "9301234567",
    "03012345678",
    "+1 301 234567",
    "1763643912.301234567",
    "20301234567",
    "a301234567",
    "301234567b",
]


@pytest.fixture(scope="module")
def number() -> Sought:
    return sought.number("030 / 1234567", region="DE")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_one_number(number: Sought, spelling: str) -> None:
    assert sought.number(spelling, region="DE").matches(b"+49301234567")
    for around in AROUND:
        assert number.matches(around.format(spelling).encode()), around


@pytest.mark.parametrize("spelling", [s for s in SPELLINGS if not set(s) & set(" -/(")])
@pytest.mark.parametrize("around", SPOKEN)
def test_a_number_is_found_in_channels_and_file_names(
    number: Sought, spelling: str, around: str
) -> None:
    assert number.matches(around.format(spelling).encode())


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("around", [*AROUND, *SPOKEN])
def test_a_number_that_only_ends_alike_is_another_one(
    number: Sought, other: str, around: str
) -> None:
    if other == "0301234567-8" and around not in AROUND:
        return  # a dash parts the fields of a file's name
    if " " in other and around in SPOKEN[-6:]:
        return
    assert not number.matches(around.format(other).encode())


@given(st.from_regex(r"\+49(30|89|221|171)[2-9][0-9]{6}", fullmatch=True), st.data())
def test_two_numbers_never_match_each_other(e164: str, data: st.DataObject) -> None:
    other = data.draw(st.from_regex(r"\+49(30|89|221|171)[2-9][0-9]{6}", fullmatch=True))
    mine = sought.number(e164, region="DE")
    for spelled in (other, f"0{other[3:]}", f"00{other[1:]}", other[3:], other[1:]):
        for around in (*AROUND, *SPOKEN):
            assert mine.matches(around.format(spelled).encode()) == (e164 == other)


def test_without_a_region_only_international_spellings_count() -> None:
    mine = sought.number("+49 30 1234567", region=None)
    assert all(mine.matches(text) for text in (b"+49301234567", b"0049301234567", b"49301234567"))
    assert not mine.matches(b"0301234567")
    with pytest.raises(DocumentError) as refused:
        sought.number("0301234567", region=None)
    assert "1234567" not in str(refused.value)


NAMED = [
    b"201",
    b'"Bob" <201>',
    b"PJSIP/201-0000001a",
    b"SIP/201",
    b"Local/201@from-queue-000000ab;2",
    b"Agent/201",
    b"sip:201@10.0.0.1",
    b"<sip:201@pbx>;tag=1",
    b"tel:201",
    b"201@default,u",
    b"PJSIP/201/sip:201@10.0.0.1:5060,20,tT",
    b"external-201-0301234567-20261120-140512-1763643912.42.wav",
    b"exten-202-201-20261120-140512-1763643912.42",
    b"PJSIP/202&PJSIP/201,20",
]

NOT_NAMED = [
    b"2010",
    b"1201",
    b"0301234201",
    b"+49 30 1234 201",
    b"SIP/trunk-00000201",
    b"SIP/trunk-201-0000001a",
    b"PJSIP/2010-0000001a",
    b"SIP/trunk/0301234567,201,T",
    b"1763643912.201",
    b"external-202-0301234567-20261120-140512-1763643912.201.wav",
    b"external-202-0301234567-20261120-000201-1763643912.4.wav",
    b"192.168.1.201",
    b"sip:202@192.168.1.201",
    b"20:10",
    b"x201",
]


@pytest.mark.parametrize("text", NAMED)
def test_an_extension_is_found_where_it_is_one(text: bytes) -> None:
    assert sought.extension("201").matches(text)


@pytest.mark.parametrize("text", NOT_NAMED)
def test_digits_that_are_no_extension_are_none(text: bytes) -> None:
    assert not sought.extension("201").matches(text)


def test_a_bare_count_is_no_extension() -> None:
    assert not sought.extension("201").matches(b"201", bare=False)
    assert sought.extension("201").matches(b"SIP/201", bare=False)


@pytest.mark.parametrize(
    "stored", ["Anna Möller", "Moeller, Anna", "ANNA MOELLER", "Anna Mo\u0308ller"]
)
@pytest.mark.parametrize("asked", ["Anna Möller", "anna moeller"])
def test_an_umlaut_may_be_spelt_out(asked: str, stored: str) -> None:
    mine = sought.name(asked)
    assert mine.matches(stored.encode())
    assert all(tail in stored.lower() for tail in mine.tails)
    assert not mine.matches(b"Anna Moller")


@pytest.mark.parametrize(
    "text",
    [
        '"Jörg Müller" <030>',
        "müller, jörg",
        "JÖRG MÜLLER",
        "Herr Jörg  Müller jun.",
        "x_jörg_müller",
    ],
)
def test_a_name_is_found_by_whole_words(text: str) -> None:
    assert sought.name("Jörg Müller").matches(text.encode())
    assert not sought.name("Jörg Müll").matches(text.encode())


def test_a_name_in_an_old_character_set_is_found() -> None:
    assert sought.name("Müller").matches("Jörg Müller".encode("latin-1"))


@pytest.mark.parametrize("kind", [sought.extension, sought.name])
def test_what_cant_be_looked_for_is_a_sentence_without_it(kind: Callable[[str], Sought]) -> None:
    with pytest.raises(DocumentError) as refused:
        kind("?")
    assert "?" not in str(refused.value)


def test_nothing_of_it_is_shown(number: Sought) -> None:
    several = sought.any_of([number, sought.extension("201"), sought.name("Anna Muster")])
    assert several.matches(b"201")
    assert several.matches(b"Muster, Anna")
    assert not any(text in repr(several) for text in ("201", "123", "Anna", "anna"))


@given(st.sampled_from([*AROUND, *SPOKEN]), st.sampled_from(SPELLINGS))
def test_the_tail_never_filters_too_much(around: str, spelling: str) -> None:
    mine = sought.number("+49301234567", region="DE")
    text = around.format(spelling)
    if mine.matches(text.encode()):
        squeezed = "".join(c for c in text if c not in sought.SEPARATORS)
        assert any(tail in squeezed for tail in mine.tails)
