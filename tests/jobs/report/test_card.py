"""The card: one HTML file with a version's numbers, readable alone, safe to open."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from jobs.report.card import COLUMNS, card_html
from tests.support.models import small_manifest
from urgency.bundle import Verdict

VOID = {"meta", "circle", "rect", "line"}
METRICS = {"rows": 1_200.0, "base_rate": 0.3, "pr_auc": 0.876, "ece": 0.0}
BINS = [
    {"rows": 30.0, "probability": 0.1, "urgent": 0.0},
    {"rows": 10.0, "probability": 0.9, "urgent": 1.0},
]


class Page(HTMLParser):
    """Tags, attributes and text of a page whose tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def report(**members: Any) -> dict[str, Any]:
    made = {"metrics": {"train": METRICS, "test": METRICS | {"rows": 400.0}}, "data": []}
    return made | {"slices": {"source": {"email": METRICS}}, "reliability": BINS} | members


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


def test_every_metric_has_a_column_and_what_cannot_be_said_a_dash() -> None:
    page = card()
    for column in COLUMNS:
        assert column.replace("_", " ") in page.text
    for number in ("1,200", "0.300", "0.876", "0.000", "–"):
        assert number in page.text
    assert page.tags.count("table") == 2
    assert "By source" in page.text


def test_a_column_without_a_category_has_no_table() -> None:
    page = card(slices={"source": {}, "customer_tier": {"gold": METRICS}})
    assert "By source" not in page.text
    assert "By customer_tier" in page.text


def test_each_bin_is_a_dot_where_its_probability_and_its_share_say() -> None:
    html = card_html(small_manifest(7), report())
    assert html.count("<circle") == len(BINS)
    assert 'cx="26.0" cy="260.0"' in html  # probability .1 to the right, none of them urgent
    assert 'cx="234.0" cy="0.0"' in html
    assert card(reliability=[]).tags.count("circle") == 0


def test_findings_are_sentences_and_none_is_said_too() -> None:
    assert "Nothing unusual." in card().text
    page = card(data=[{"name": "duplicates", "value": 0.1, "sentence": "Rows repeat."}])
    assert "Rows repeat." in page.text
    assert "Nothing unusual." not in page.text


def test_text_from_outside_stays_text() -> None:
    attack = "<script>alert(1)</script>&<b>"
    manifest = small_manifest(7, verdict=Verdict("HOLD", (attack,), 6), execution=attack)
    finding = {"name": "leaking_word", "value": 1.0, "sentence": attack}
    slices = {"source": {attack: METRICS}}
    page = Page(card_html(manifest, report(data=[finding], slices=slices)))
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert page.text.count(attack) == 4


def test_it_needs_nothing_else() -> None:
    page = card()
    assert not {"script", "link", "img", "iframe", "a"} & set(page.tags)
    assert not [value for name, value in page.attributes if name in ("src", "href")]
    assert "url(" not in page.text
