"""A ticket's normal form, its limits, and the two keys that say when tickets are the same."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from urgency.errors import BadTicket
from urgency.ticket import (
    CATEGORY_MAX,
    INVISIBLE,
    TEXT_MAX,
    is_broken,
    masked,
    normal_text,
    normal_ticket,
    one_spaced,
    same_text,
    split_key,
)


def test_equal_texts_have_one_normal_form() -> None:
    one = normal_ticket("Störung", "x\x00y\x07", " Phone ", "GOLD")
    assert one == normal_ticket("Sto\u0308rung", "xy", "phone", "gold")


def test_line_breaks_and_tabs_stay() -> None:
    assert normal_ticket("a", "x\r\n\ty").description == "x\r\n\ty"


def test_invisible_characters_go_from_every_field() -> None:
    seen = normal_ticket(
        "\ufeffze\u200bro", "so\u00adft \u202eab\u202c", "em\u2060ail", "go\u200dld"
    )
    assert seen == normal_ticket("zero", "soft ab", "email", "gold")
    assert normal_text("a\u200b\u0308") == "ä"  # composed after they are gone


def test_the_invisible_characters_are_unicodes_category_of_formats() -> None:
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    listed = set(re.findall(f"[{INVISIBLE}]", "".join(everything)))
    assert listed >= {c for c in everything if unicodedata.category(c) == "Cf"}
    assert {unicodedata.category(c) for c in listed} <= {"Cf", "Cn"}  # unassigned in an old Python


def test_html_is_text_in_every_field_before_anything_else_is_judged() -> None:
    html = "<p>Sto&#x308;rung&shy;en</p>"
    assert normal_ticket("a", html, "R&amp;D") == normal_ticket("a", "Störungen", "r&d")
    with pytest.raises(BadTicket, match="both empty"):
        normal_ticket("<br>", "<p>&nbsp;</p><style>p {}</style>")


def test_limits_hold_for_what_was_sent() -> None:
    with pytest.raises(BadTicket, match="characters"):
        normal_ticket("a", "<br>" * (TEXT_MAX // 4 + 1))


@pytest.mark.parametrize("fields", [("", ""), ("  ", "\n\t"), ("\x00", ""), ("\u200b", "\ufeff")])
def test_a_ticket_needs_a_text(fields: tuple[str, str]) -> None:
    with pytest.raises(BadTicket, match="both empty"):
        normal_ticket(*fields)


@pytest.mark.parametrize(
    ("field", "most"), [(0, TEXT_MAX), (1, TEXT_MAX), (2, CATEGORY_MAX), (3, CATEGORY_MAX)]
)
def test_a_field_is_never_cut_silently(field: int, most: int) -> None:
    fields = ["t", "d", "s", "c"]
    fields[field] = "x" * most
    normal_ticket(*fields)
    fields[field] += "x"
    with pytest.raises(BadTicket, match=f"{most:,}"):
        normal_ticket(*fields)


def test_the_message_never_repeats_the_text() -> None:
    with pytest.raises(BadTicket) as error:
        normal_ticket("secret \ud800", "d")
    assert "secret" not in str(error.value)


def test_tickets_that_differ_in_digits_case_or_spaces_share_a_side_but_are_not_the_same() -> None:
    one, other = normal_ticket("Order 123", "is LATE"), normal_ticket("order  9", "is late")
    assert split_key(one) == split_key(other)
    assert same_text(one) != same_text(other)
    assert same_text(normal_ticket("a  b", "c")) == same_text(normal_ticket("a b", " c "))


EVERYTHING = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
SPACES = [character for character in EVERYTHING if character.isspace()]
DIGITS = [character for character in EVERYTHING if character.isdecimal()]


@pytest.mark.parametrize("sign", ["x", "é", "€", "😀"])
def test_every_space_of_unicode_parts_words_and_runs_of_them_are_one(sign: str) -> None:
    texts = [f"{space * 3}{sign}{space}y{space * 2}\n z\t\r\n" for space in SPACES]
    for text in filter(None, map(normal_text, texts)):
        assert one_spaced(text) == " ".join(text.split())


@pytest.mark.parametrize("sign", ["X", "É", "ΑΣ", "K", "😀"])
def test_every_digit_of_unicode_is_masked_and_runs_of_them_are_one(sign: str) -> None:
    for digit in DIGITS:
        text = f"{sign}{digit}{sign}0{digit}00120 {digit * 3} 9{sign}"
        assert masked(text) == re.sub(r"\d+", "0", text.lower())


def test_what_is_not_seen_goes_wherever_it_stands() -> None:
    control = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
    unseen = re.findall(f"[{control}{INVISIBLE}]", "".join(EVERYTHING))
    assert len(unseen) > 100
    for character in unseen:
        assert normal_text(f"a{character}b") == "ab"
        assert normal_text(f"é\n{character}b") == "é\nb"


@pytest.mark.parametrize("half", ["\ud800", "é\udfff", "\ud83d\ude00"])
def test_half_a_character_is_broken_wherever_it_stands(half: str) -> None:
    assert is_broken(f"a{half}b")
    assert not is_broken("aé😀")
    assert normal_text(f"<p>a{half}</p>") == f"a{half}"
