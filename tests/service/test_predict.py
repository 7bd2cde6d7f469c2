from __future__ import annotations

import json
import math
import random

import pytest

from service.model_slot import Serving
from service.predict import INSTANCES_MAX, encode, predict, read_request
from service.problems import Problem
from tests.support.models import CALM_TICKET, URGENT_TICKET, put_model, registry_with
from urgency.scorer import verified_scorer
from urgency.ticket import CATEGORY_MAX, TEXT_MAX, normal_ticket

FUZZED_BODIES = 5_000


def serving(**members: object) -> Serving:
    registry = registry_with()
    put_model(registry, 7, **members)
    return Serving(verified_scorer(registry.bundle(7)), epoch=3)


def answer(body: object, model: Serving | None = None) -> dict:
    model = model or serving()
    asked = read_request(json.dumps(body).encode())
    return json.loads(encode(asked, predict(asked, model), model))


def problem(body: bytes) -> Problem:
    with pytest.raises(Problem) as raised:
        read_request(body)
    return raised.value


def flaws(body: object) -> dict[str, str]:
    refused = problem(json.dumps(body).encode())
    assert refused.status == 422
    return {error.pointer: error.detail for error in refused.errors}


# Answers


def test_instances_get_predictions_in_their_order_and_the_model_that_made_them():
    got = answer({"instances": [URGENT_TICKET | {"id": "a"}, CALM_TICKET | {"id": 7}]})
    assert [(p["id"], p["label"], p["urgent"]) for p in got["predictions"]] == [
        ("a", "urgent", True),
        (7, "non-urgent", False),
    ]
    assert got["model"] == {"name": "ticket-urgency", "version": 7, "epoch": 3, "threshold": 0.5}


def test_a_bare_ticket_gets_a_bare_prediction():
    model = serving()
    probability = model.scorer.probability(normal_ticket(**URGENT_TICKET))
    prediction = {"label": "urgent", "urgent": True, "probability": probability}
    assert answer(URGENT_TICKET, model) == prediction


def test_no_instances_get_no_predictions():
    assert answer({"instances": []})["predictions"] == []


def test_nulls_are_as_if_absent():
    nulls = dict.fromkeys(["customer_tier", "id", "assignee", "subject", "priority"])
    assert answer(URGENT_TICKET | nulls) == answer(URGENT_TICKET)


@pytest.mark.parametrize("ticket", [URGENT_TICKET, CALM_TICKET | {"source": "PHONE "}])
@pytest.mark.parametrize("top", [1, 3, 50])
def test_an_explanation_sums_to_the_log_odds(ticket: dict[str, str], top: int):
    got = answer(ticket | {"parameters": {"explain": top}})
    explanation = got["explanation"]
    weights = [reason["weight"] for reason in explanation["reasons"]]
    total = explanation["base"] + sum(weights) + explanation["rest"]
    assert total == pytest.approx(math.log(got["probability"] / (1 - got["probability"])), abs=1e-9)
    assert len(explanation["reasons"]) <= top


def test_reasons_say_where_their_word_stands():
    body = {"instances": [URGENT_TICKET], "parameters": {"explain": 50}}
    [prediction] = answer(body)["predictions"]
    reasons = prediction["explanation"]["reasons"]
    assert reasons
    for reason in reasons:
        start, end = reason["span"]
        assert URGENT_TICKET[reason["field"]][start:end] == reason["word"]


def test_an_explanation_is_given_only_when_it_is_asked_for():
    assert "explanation" not in answer(URGENT_TICKET | {"parameters": {"explain": 0}})


def test_an_unknown_source_or_tier_is_scored_and_named():
    got = answer({"title": "Production down", "source": "Carrier Pigeon", "customer_tier": "gold"})
    assert got["label"] == "urgent"
    [warning] = got["warnings"]
    assert warning == "source 'carrier pigeon' was not seen in training; it weighs nothing."


def test_within_the_review_band_the_label_is_review_and_urgent_still_compares_with_the_threshold():
    got = answer(CALM_TICKET, serving(review=(0.0, 1.0), threshold=0.0))
    assert (got["label"], got["urgent"]) == ("review", True)


def test_a_ticket_of_which_no_word_was_seen_in_training_says_so():
    unseen = "No word of the title and description was seen in training; they weigh nothing."
    for ticket in ({"title": "Zqx wvut", "description": "1 a"}, {"title": "!"}):
        assert answer(ticket)["warnings"] == [unseen]
    assert "warnings" not in answer({"title": "Zqx", "description": "blocked"})


def test_words_that_were_seen_and_add_up_to_nothing_are_known():
    assert "warnings" not in answer(URGENT_TICKET, serving(strength=0.0))


# Bad input


def test_every_bad_instance_is_listed_with_its_pointer():
    bodies = [
        URGENT_TICKET,
        {},
        {"title": 5},
        3,
        {"title": "x" * (TEXT_MAX + 1)},
        {"title": "x", "id": 1.5},
        None,
    ]
    found = flaws({"instances": bodies})
    assert list(found) == [
        f"#/instances/{place}" for place in ("1", "2/title", "3", "4/title", "5/id", "6")
    ]
    assert "both empty" in found["#/instances/1"]
    assert "is a whole number" in found["#/instances/2/title"]
    assert "65,537" in found["#/instances/4/title"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#"),
        ({"title": " ", "description": "\n"}, "#"),
        ({"title": ["x"]}, "#/title"),
        ({"title": "x", "source": "s" * (CATEGORY_MAX + 1)}, "#/source"),
        ({"title": "x", "id": "i" * 201}, "#/id"),
        ({"title": "x", "id": True}, "#/id"),
        ([URGENT_TICKET], "#"),
        ("ticket", "#"),
        (None, "#"),
        ({"instances": URGENT_TICKET}, "#/instances"),
        ({"instances": None}, "#/instances"),
        ({"instances": [], "parameters": {"explain": 51}}, "#/parameters/explain"),
        ({"instances": [], "parameters": {"explain": -1}}, "#/parameters/explain"),
        ({"instances": [], "parameters": {"explain": "5"}}, "#/parameters/explain"),
        ({"instances": [], "parameters": [5]}, "#/parameters"),
        ({"instances": [URGENT_TICKET] * (INSTANCES_MAX + 1)}, "#/instances"),
    ],
)
def test_what_breaks_a_limit_or_a_type_is_422_with_its_pointer(body: object, pointer: str):
    assert list(flaws(body)) == [pointer]


def test_as_many_instances_as_promised_are_answered():
    predictions = answer({"instances": [URGENT_TICKET] * INSTANCES_MAX})["predictions"]
    assert len(predictions) == INSTANCES_MAX


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b'{"title": "x"} {"title": "y"}',
        b'{"title": NaN}',
        b'{"title": "x", "extra": NaN}',
        b'{"title": "x", "extra": Infinity}',
        b'{"instances": [{"title": "x"}, {"title": NaN}]}',
        b'{"title": "\\ud800"}',
        b'{"title": "x", "id": "\\udc00"}',
        b'{"title": "\xed\xa0\x80"}',
        b'{"title": "\xff"}',
        b'{"instances": [{"title": "\xff"}]}',
        b'{"title": "a\x00b"}',
        b"\xef\xbb\xbf{}",
        '{"title": "x"}'.encode("utf-16"),
        '{"title": "x"}'.encode("utf-32"),
        b'{"title": "x", "extra": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"title": "x", "extra": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"instances": [{"extra": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
        b'{"instances": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_json_in_utf8_or_nested_without_end_is_400(body: bytes):
    assert problem(body).status == 400


def test_a_hundred_thousand_lists_are_refused_as_what_they_are():
    assert problem(b"[" * 100_000 + b"]" * 100_000).status in (400, 422)


def test_no_problem_repeats_what_was_sent():
    for body in (
        b'{"title": "secret", "id": secret}',
        b'{"title": "secret", "description": 7}',
        b'["secret"]',
        b'"secret"',
    ):
        refused = problem(body)
        assert "secret" not in refused.detail + "".join(error.detail for error in refused.errors)


def test_mutated_bodies_are_answered_or_refused_and_never_break_the_service():
    """Bytes of valid bodies are flipped, cut, doubled or replaced, always in the same way."""
    model, rng = serving(), random.Random(20260102)
    batch = {"instances": [URGENT_TICKET, CALM_TICKET], "parameters": {"explain": 5}}
    bare = URGENT_TICKET | {"id": "é\U0001f525", "parameters": {"explain": 2}}
    words = {"Größe": [1], "Betreff": "x", "body": "y", "text": "z", "via": "a", "priority": "b"}
    seeds = [json.dumps(body, ensure_ascii=False).encode() for body in (batch, bare, words)]
    outcomes = dict.fromkeys((200, 400, 422), 0)
    for _ in range(FUZZED_BODIES):
        body = _mutated(rng.choice(seeds), rng)
        try:
            asked = read_request(body)
            json.loads(encode(asked, predict(asked, model), model))
            outcomes[200] += 1
        except Problem as refused:
            json.loads(refused.body())
            outcomes[refused.status] += 1
    assert all(count > FUZZED_BODIES / 100 for count in outcomes.values()), outcomes


_PIECES = [
    b"null", b"true", b"-0", b"1e999", b"9" * 400, b"[]", b"{}", b'""', b"[" * 2000, b"\\", b",",
    b"\x00", b"\xf0\x9f", b"\\u0000", b'"\\ud83d"', b'"\\udd25"', "\u2028İ".encode(),
    b'"instances":', b'"parameters":{"explain":50},',
]  # fmt: skip
"""What JSON readers stumble over."""


def _mutated(body: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(body) + 1)
        end = min(len(body), start + rng.randrange(12))
        piece = rng.choice(
            [b"", bytes([rng.randrange(256)]), body[start:end] * 2, rng.choice(_PIECES)]
        )
        body = body[:start] + piece + body[end:]
    return body
