"""The words that helpdesks send instead of the API's own."""

from __future__ import annotations

import json
import time
from itertools import islice, product
from typing import Any

import pytest

from service import members
from service.members import FIELDS, NAME_MAX, NAME_SHOWN_MAX, NAMES_SHOWN
from service.predict import read_request
from service.problems import Problem
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.service import Instance
from urgency.ticket import CATEGORY_MAX, TEXT_MAX
from urgency.vocabulary import names

REPEATS = 3


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1))


def read(ticket: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of one ticket in a batch, and its warnings."""
    asked = read_request(json.dumps({"instances": [ticket]}).encode())
    (sent,) = asked.tickets
    fields = ("title", "description", "source", "customer_tier")
    found = {field: getattr(sent.ticket, field) for field in fields} | {"id": sent.id}
    return {field: value for field, value in found.items() if value}, list(sent.warnings)


def flaws(body: object) -> dict[str, str]:
    with pytest.raises(Problem) as raised:
        read_request(json.dumps(body).encode())
    assert raised.value.status == 422
    return {error.pointer: error.detail for error in raised.value.errors}


# Names


@pytest.mark.parametrize("role", FIELDS)
def test_every_name_of_the_vocabulary_is_understood_alone_and_as_people_spell_it(role: str):
    text = {} if role in ("title", "description") else {"title": "a"}
    for name in names(role):
        for spelled in (name, name.upper(), f" {name} ", name.replace(" ", "_")):
            assert read(text | {spelled: "b"}) == (text | {FIELDS[role]: "b"}, []), spelled


@pytest.mark.parametrize(
    "sent",
    [
        {"subject": "a", "body": "b", "channel": "c", "tier": "d", "number": 7},
        {"Betreff": "a", "Beschreibung": "b", "Kanal": "c", "Plan": "d", "TICKET-ID": 7},
        {"summary": "a", "message": "b", "via": "c", "plan": "d", "#": 7},
        {"title": "a", "text": "b", "source": "c", "customer tier": "d", "id": 7},
    ],
)
def test_one_ticket_in_the_words_of_different_helpdesks_is_one_ticket(sent: dict[str, Any]):
    fields = {"title": "a", "description": "b", "source": "c", "customer_tier": "d", "id": 7}
    assert read(sent) == (fields, [])


@pytest.mark.parametrize(
    ("sent", "fields", "warnings"),
    [
        (
            {"subject": "a", "title": "b"},
            {"title": "b"},
            ["subject is not read: title is read instead."],
        ),
        ({"subject": "a", "title": " "}, {"title": "a"}, []),
        ({"subject": "a", "title": None, "summary": ""}, {"title": "a"}, []),
        (
            {"text": "a", "body": "b", "message": "c"},
            {"description": "b"},
            ["message and text are not read: body is read instead."],
        ),
        (
            {"text": "a", "body": " ", "message": ["c"]},
            {"description": "a"},
            ["body and message are not read: text is read instead."],
        ),
        (
            {"title": "a", "Title": "b"},
            {"title": "a"},
            ["Title is not read: title is read instead."],
        ),
        (
            {"title": "a", "key": "K-1", "number": 0},
            {"title": "a"},
            ["key is not read: number is read instead."],
        ),
        (
            {"title": "a", "subject": 5},
            {"title": "a"},
            ["subject is not read: title is read instead."],
        ),
    ],
)
def test_of_members_that_mean_the_same_the_preferred_one_with_text_is_read_and_the_others_are_named(
    sent: dict[str, Any], fields: dict[str, Any], warnings: list[str]
):
    assert read(sent) == (fields, warnings)


def test_a_number_zero_is_an_id_too():
    body = json.dumps({"title": "a", "number": 0}).encode()
    assert read_request(body).tickets[0].id == 0


# Members that are not read


def test_members_that_are_not_known_are_named_in_one_warning_without_their_values():
    sent = {"title": "a", "sla": "secret", "assignee": {"name": "secret"}, "tags": ["secret"]}
    told = ["Not known and not read: sla, assignee and tags."]
    assert read(sent) == ({"title": "a"}, told)


def test_a_warning_is_short_and_prints_whatever_was_sent():
    sent = {f"m{number}": 1 for number in range(1_000)} | {"title": "a"}
    (warning,) = read(sent)[1]
    assert warning.endswith(f"m{NAMES_SHOWN - 1} and {1_000 - NAMES_SHOWN} more.")
    (warning,) = read({"title": "a", "\x00\n\u202e": 1, "": 1, "x" * 70_000: 1})[1]
    cut = "x" * (NAME_SHOWN_MAX - 1)
    assert warning == f'Not known and not read: ���, "" and {cut}….'


def test_the_label_is_not_read_and_the_caller_is_told():
    why = "what the model predicts."
    assert read({"title": "a", "Priorität": "hoch"})[1] == [f"Priorität is not read: it is {why}"]
    both = {"title": "a", "priority": 1, "urgency": {"id": 1}}
    assert read(both)[1] == [f"priority and urgency are not read: they are {why}"]


def test_dates_change_nothing_and_are_not_named():
    assert read({"title": "a", "created_at": "2026-01-02", "Updated": 5}) == ({"title": "a"}, [])


@pytest.mark.parametrize("name", ["via", "tier", "ticket"])
def test_an_object_is_no_id_source_or_tier(name: str):
    told = [f"Not known and not read: {name}."]
    assert read({"title": "a", name: {"channel": "b"}}) == ({"title": "a"}, told)
    assert read({"title": "a", name: [1]}) == ({"title": "a"}, told)


def test_parameters_are_known_beside_a_single_ticket_only():
    ticket = {"subject": "a", "parameters": {"explain": 1}}
    asked = read_request(json.dumps(ticket).encode())
    assert (asked.explain, asked.tickets[0].warnings) == (1, ())
    assert read(ticket)[1] == ["Not known and not read: parameters."]


# Bad input


@pytest.mark.parametrize(
    ("ticket", "pointer", "detail"),
    [
        ({"subject": 5}, "/subject", "is a whole number"),
        ({"Betreff": ["x"]}, "/Betreff", "is a list"),
        ({"title": "x", "channel": 5}, "/channel", "is a whole number"),
        ({"title": 5, "subject": "x"}, "/title", "is a whole number"),
        ({"title": "x", "number": True}, "/number", "is true or false"),
        ({"title": "x", "number": "n" * 201}, "/number", "at most 200"),
        ({"short description": 5}, "/short%20description", "is a whole number"),
        ({"sub/ject~": 5}, "/sub~1ject~0", "is a whole number"),
        ({"Prioritäten": 1, "größe": 1}, "", "Not known and not read: Prioritäten and größe."),
        ({"body": "x" * (TEXT_MAX + 1)}, "/body", "body has 65,537 characters"),
        ({"title": "x", "plan": "x" * (CATEGORY_MAX + 1)}, "/plan", "plan has 201 characters"),
        ({"title": "x", "source": "x" * (CATEGORY_MAX + 1)}, "/source", "source has 201"),
    ],
)
def test_a_flaw_has_the_name_that_the_caller_wrote(
    ticket: dict[str, Any], pointer: str, detail: str
):
    for body, root in ((ticket, "#"), ({"instances": [URGENT_TICKET, ticket]}, "#/instances/1")):
        ((found, sentence),) = flaws(body).items()
        assert found == root + pointer
        assert detail in sentence


@pytest.mark.parametrize(
    "body",
    [
        b'{"subject": NaN}',
        b'{"subject": "\\ud800"}',
        b'{"subject": "\xff"}',
        b'{"subject": "x", "\\ud800": 1}',
        b'{"subject": "x", "\xff": 1}',
        b'{"subject": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_json_is_400_in_other_members_too(body: bytes):
    with pytest.raises(Problem) as raised:
        read_request(body)
    assert raised.value.status == 400


def test_of_a_member_that_is_there_twice_the_last_one_counts():
    (sent,) = read_request(b'{"subject": 5, "foo": 1, "subject": "a", "foo": 2}').tickets
    assert sent.ticket.title == "a"
    assert sent.warnings == ("Not known and not read: foo.",)


# Cost


def test_a_ticket_with_our_own_names_never_asks_the_vocabulary():
    body = json.dumps({"instances": [URGENT_TICKET | {"id": 1}] * 10}).encode()
    before = members._role.cache_info()
    read_request(body)
    assert members._role.cache_info() == before
    read({"subject": "a"})
    assert members._role.cache_info() != before


def test_no_long_name_is_kept_in_memory():
    before = members._role.cache_info()
    read({"title": "a", "n" * (NAME_MAX + 1): 1})
    assert members._role.cache_info() == before


@pytest.mark.parametrize("word", ["subject", "channel", "mnopqrs"])
def test_eight_times_the_members_cost_about_eight_times_as_much(word: str):
    """A bound of 24: what is compared with each other would cost 64 times as much."""
    few, many = (_seconds(_spelled(word, count)) for count in (4_000, 32_000))
    assert many < 24 * few


def _spelled(word: str, count: int) -> bytes:
    """A ticket with as many spellings of one word as members, each of them blank."""
    letters = [(letter, letter.upper(), f"{letter}.") for letter in word]
    spellings = product(*letters, "-_/(", "-_/(", "-_/(")
    blank = dict.fromkeys(map("".join, islice(spellings, count)), " ")
    return json.dumps({"title": "a"} | blank).encode()


def _seconds(body: bytes) -> float:
    """Processor time of reading a body, the best of a few."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        read_request(body)
        times.append(time.process_time() - began)
    return min(times)


# Many tickets


def test_each_answer_of_a_batch_carries_the_warnings_of_its_own_ticket(instance: Instance):
    batch = {"instances": [{"subject": "down", "foo": 1}, {"subject": "down"}]}
    first, second = instance.http.post("/predict", json=batch).json["predictions"]
    assert first.pop("warnings") == ["Not known and not read: foo."]
    assert first == second
