"""A ticket's normal form, its limits, and the two keys that say when tickets are the same."""

from __future__ import annotations

import pytest

from urgency.errors import BadTicket
from urgency.ticket import CATEGORY_MAX, TEXT_MAX, normal_ticket, same_text, split_key


def test_equal_texts_have_one_normal_form() -> None:
    one = normal_ticket("Störung", "x\x00y\x07", " Phone ", "GOLD")
    assert one == normal_ticket("Sto\u0308rung", "xy", "phone", "gold")


def test_line_breaks_and_tabs_stay() -> None:
    assert normal_ticket("a", "x\r\n\ty").description == "x\r\n\ty"


@pytest.mark.parametrize("fields", [("", ""), ("  ", "\n\t"), ("\x00", "")])
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
