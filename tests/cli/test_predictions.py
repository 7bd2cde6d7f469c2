"""Predictions as people see them."""

from __future__ import annotations

from typing import Any

import pytest

from cli.predictions import SHOWN, TICKET_CHARACTERS, highlighted, show_predictions

MODEL = {"name": "ticket-urgency", "version": 3, "epoch": 5, "threshold": 0.2}
DOWN = {"field": "title", "word": "down", "span": [8, 12], "weight": 1.4}
FREE = {"field": "customer_tier", "word": "free", "span": [0, 4], "weight": -0.3}


def test_words_for_urgent_are_red_and_words_against_it_green() -> None:
    calm = {"field": "description", "word": "someday", "span": [0, 7], "weight": -0.5}
    ticket = {"title": "Site is down", "description": "someday"}
    shown = highlighted(ticket, _prediction(DOWN, calm, FREE))
    assert shown.plain == "Site is down\nsomeday"
    assert [(shown.plain[a:b], style) for a, b, style in shown.spans] == [
        ("down", "red"),
        ("someday", "green"),
    ]


def test_a_long_ticket_is_cut() -> None:
    shown = highlighted({"title": "x" * 1000}, _prediction())
    assert len(shown) == TICKET_CHARACTERS


def test_reasons_outside_the_text_name_their_field(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"predictions": [_prediction(DOWN, FREE)], "model": MODEL}
    show_predictions([{"title": "Site is down"}], answer)
    printed = capsys.readouterr().out
    assert "+1.40 down " in printed
    assert "(title)" not in printed
    assert "-0.30 free (customer_tier)" in printed
    assert "1 of 1 urgent, by version 3 (epoch 5); urgent from 20.0%." in printed


def test_what_is_not_shown_is_counted_and_warnings_come_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    predictions = [_prediction() | {"warnings": ["The model is [old]."]}] * (SHOWN + 2)
    show_predictions([{"title": "x"}] * (SHOWN + 2), {"predictions": predictions, "model": MODEL})
    printed = capsys.readouterr().out
    assert "2 more are in --json." in printed
    assert printed.count("The model is [old].") == 1


def _prediction(*reasons: dict[str, Any]) -> dict[str, Any]:
    explanation = {"base": 0.0, "rest": 0.0, "reasons": list(reasons)}
    return {"label": "urgent", "urgent": True, "probability": 0.9, "explanation": explanation}
