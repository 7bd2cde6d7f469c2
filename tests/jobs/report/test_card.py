"""The card: one HTML file with a version's numbers, readable alone, safe to open."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.model.per_hundred import sentence
from jobs.report.card import FILES_SHOWN, METRICS, card_html
from tests.support.html_page import Page
from tests.support.models import small_manifest
from urgency.bundle import Verdict

TEST = {
    "rows": 400.0,
    "base_rate": 0.3,
    "accuracy": 0.9,
    "precision": 0.8,
    "recall": 0.9,
    "f1": 0.847,
    "pr_auc": 0.876,
    "ece": 0.0,
}
TRAIN = TEST | {"rows": 1_200.0, "pr_auc": 0.999}
SAID = "Of 100 tickets it calls 34 urgent, 27 of them are; it misses 3."
BINS = [
    {"rows": 30.0, "probability": 0.1, "urgent": 0.0},
    {"rows": 10.0, "probability": 0.9, "urgent": 1.0},
]
FILE = {
    "file": "incoming/a.csv",
    "generation": 1,
    "status": "partly",
    "records": 1_111,
    "accepted": 1_001,
    "duplicate": 60,
    "unlabelled": 40,
    "quarantined": 10,
}


def report(**members: Any) -> dict[str, Any]:
    made = {"metrics": {"train": TRAIN, "validation": TRAIN, "test": TEST}, "data": []}
    slices = {"source": {"email": TEST}}
    drawn = {"reliability": BINS, "curve": [[1.0, 0.3], [0.9, 0.8], [0.0, 1.0]]}
    return made | {"slices": slices, "files": [FILE]} | drawn | members


def card(verdict: Verdict | None = None, **members: Any) -> Page:
    manifest = small_manifest(7, verdict=verdict or Verdict("PROMOTE", ("It is better.",), 6))
    return Page(card_html(manifest, report(**members)))


@pytest.mark.parametrize("decision", ["PROMOTE", "HOLD", "REJECT"])
def test_it_says_version_verdict_and_reasons(decision: str) -> None:
    page = card(Verdict(decision, ("First reason.", "Second reason."), 6))
    for text in ("Version 7", decision, "First reason.", "Second reason.", "against version 6"):
        assert text in page.text
    assert ("class", decision) in page.attributes


def test_the_first_model_was_judged_against_none() -> None:
    assert "as the first model" in card(Verdict("PROMOTE", (), 0)).text


def test_it_begins_with_what_becomes_of_a_hundred_tickets() -> None:
    assert sentence(TEST) == SAID
    text = card().text
    assert text.index(SAID) < text.index("It is better.") < text.index("How good it is")
    assert f"{SAID} Counted on 400 test tickets, 120 of them urgent" in text


def test_a_verdict_that_says_so_itself_of_all_tickets_comes_first() -> None:
    own = "Of 1,000 tickets it calls 9 urgent, 8 of them are; it misses 2."
    page = card(Verdict("PROMOTE", (own, "It is better."), 6))
    assert page.text.index(own) < page.text.index("It is better.") < page.text.index(SAID)
    assert page.text.count(SAID) == 1
    assert "each scored by a model that had not learned from it" in page.text
    assert "Counted on all tickets" not in card().text


def test_a_cut_that_saves_little_says_so_where_a_cost_is_stated() -> None:
    little = "it saves nothing"
    assert little not in card(missed_cost=5.0).text
    useless = TEST | {"accuracy": 0.3, "precision": 0.3, "recall": 1.0}
    metrics = {"test": useless}
    assert little in card(metrics=metrics, missed_cost=5.0).text
    assert little not in card(metrics=metrics).text


def test_every_metric_has_a_row_and_what_cannot_be_said_a_dash() -> None:
    page = card()
    for name in METRICS.values():
        assert name in page.text
    for number in ("1,200", "0.300", "0.876", "0.999", "0.000", "–"):
        assert number in page.text
    for column in ("train", "validation", "test", "out of fold"):
        assert column in page.text


def test_the_champion_stands_beside_it() -> None:
    assert "Compared with" not in card().text
    theirs = TEST | {"recall": 0.8, "accuracy": 0.87, "pr_auc": 0.8}
    text = card(against={"version": 6, "metrics": theirs}).text
    assert "Compared with version 6" in text
    assert sentence(theirs, "version 6") in text
    assert "+0.076" in text  # PR-AUC .876 and .800


def test_slices_have_counts_and_those_without_a_value_are_one() -> None:
    nothing = {**TEST, "rows": 5.0, "base_rate": 0.0, "precision": 0.0, "recall": 0.0}
    few = nothing | {"accuracy": 1.0}
    page = card(slices={"source": {"(none)": TEST}, "customer_tier": {"gold": TEST, "(none)": few}})
    assert "By source" not in page.text
    assert "By source" not in card(slices={"source": {}}).text
    assert "By customer tier" in page.text
    assert "gold400120136108120.9000.800" in page.text
    assert "(none)50000––" in page.text


def test_files_are_named_with_their_counts() -> None:
    page = card()
    assert "a.csv1,1111,001604010partly" in page.text
    many = [FILE | {"file": f"incoming/{n:03}.csv"} for n in range(FILES_SHOWN + 9)]
    page = card(files=many)
    assert f"The newest {FILES_SHOWN} of {len(many)} files." in page.text
    assert "008.csv" not in page.text
    assert "009.csv" in page.text


def test_every_figure_has_a_caption_and_what_has_no_numbers_is_not_drawn() -> None:
    word = {"word": "down", "tickets": 20, "weight": 1.0}
    assert card().tags.count("figure") == 3
    page = card(words={"up": [word], "down": []})
    assert page.tags.count("svg") == page.tags.count("figcaption") == 4
    assert "down (20)" in page.text
    page = card(metrics={"test": {"rows": 0.0}}, curve=[], reliability=[], files=[])
    assert "figure" not in page.tags
    assert "There is no test ticket yet." in page.text


def test_a_word_of_few_tickets_is_named_nowhere() -> None:
    rare = {"word": "xylophone", "tickets": 19, "weight": 9.0}
    assert "xylophone" not in card(words={"up": [rare], "down": [rare]}).text


def test_findings_are_sentences_and_none_is_said_too() -> None:
    assert "Nothing unusual." in card().text
    page = card(data=[{"name": "duplicates", "value": 0.1, "sentence": "Rows repeat."}])
    assert "Rows repeat." in page.text
    assert "Nothing unusual." not in page.text


def test_text_from_outside_stays_text() -> None:
    attack = "<script>alert(1)</script>&<b>"
    manifest = small_manifest(7, verdict=Verdict("HOLD", (attack,), 6), execution=attack)
    made = report(
        data=[{"name": "leaking_word", "value": 1.0, "sentence": attack}],
        slices={"source": {attack: TEST}},
        files=[FILE | {"file": attack, "status": attack}],
        words={"up": [{"word": attack, "tickets": 99, "weight": 1.0}]},
    )
    page = Page(card_html(manifest, made))
    assert not {"script", "b"} & set(page.tags)
    assert page.text.count(attack) == 7


def test_it_needs_nothing_else_and_follows_the_readers_colours() -> None:
    page = card()
    assert not {"script", "link", "img", "iframe", "a"} & set(page.tags)
    assert not [value for name, value in page.attributes if name in ("src", "href")]
    html = card_html(small_manifest(7), report())
    assert "prefers-color-scheme:dark" in html
    assert "width=device-width" in html
