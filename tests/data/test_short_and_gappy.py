"""What real inboxes hold besides full reports: a line or two, greetings, fields left empty."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import product
from statistics import fmean

import numpy as np
import pytest

from data.generator.__main__ import RECIPES
from data.generator.incident_facts import PLAIN_SOURCES, PLAIN_TIERS, IncidentFacts
from data.generator.tickets import Recipe, Row, make_rows, make_rows_with_facts
from tests.data.measure import plain_model, table_of
from tests.data.stats import text_of

BIG = Recipe(rows=20_000, seed=97, start=date(2025, 11, 3))
Pairs = list[tuple[Row, IncidentFacts]]

OFFICE = "Since this morning nobody in our office can log in. Salaries have to be paid out today."
ASKED = {
    ("Checkout is down for all customers", ""): True,
    ("Cannot log in to the payroll portal", OFFICE): True,
    ("Where can I download my invoice?", ""): False,
    ("hi", ""): False,
}
"""Title and description of what people try first, and whether it is urgent."""


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return list(make_rows_with_facts(BIG))


def test_a_seventh_is_short_and_stays_short(pairs: Pairs) -> None:
    short = [row for row, facts in pairs if facts.short]
    assert 0.13 < len(short) / len(pairs) < 0.16
    assert fmean(len(text_of(row)) for row in short) < 60
    assert max(len(text_of(row)) for row in short) < 250
    assert 0.3 < fmean(not row.title for row in short) < 0.5


@pytest.mark.parametrize(
    ("trait", "low", "high"), [("down_for_all", 0.9, 1), ("down", 0.15, 0.75), ("minor", 0, 0.15)]
)
def test_what_a_headline_says_decides_its_label(
    pairs: Pairs, trait: str, low: float, high: float
) -> None:
    labels = [row.label_urgency for row, facts in pairs if facts.short and trait in facts.traits]
    assert len(labels) > 100
    assert low < labels.count("urgent") / len(labels) < high


@pytest.mark.parametrize("mode", ["question", "request", "nudge", "thanks", "greeting"])
def test_questions_thanks_and_greetings_are_short_and_hardly_ever_urgent(
    pairs: Pairs, mode: str
) -> None:
    found = [(row, facts) for row, facts in pairs if facts.mode == mode]
    assert len(found) > 150
    assert all(facts.short for _, facts in found)
    assert fmean(row.label_urgency == "urgent" for row, _ in found) < 0.08


def test_source_and_tier_are_missing_as_often_as_the_readme_says(pairs: Pairs) -> None:
    no_source, no_tier = (
        [not row.source for row, _ in pairs],
        [not row.customer_tier for row, _ in pairs],
    )
    assert abs(fmean(no_source) - 0.15) < 0.01
    assert abs(fmean(no_tier) - 0.2) < 0.01
    both = fmean(one and other for one, other in zip(no_source, no_tier, strict=True))
    assert abs(both - 0.03) < 0.005


def _missing_against(pairs: Pairs) -> Iterator[tuple[str, list[bool], list[str]]]:
    """What is missing, where it is, and a fact that it must not depend on."""
    missing = {
        "source": [not row.source for row, _ in pairs],
        "tier": [not row.customer_tier for row, _ in pairs],
    }
    facts = {
        "label": [row.label_urgency for row, _ in pairs],
        "true source": [facts.source for _, facts in pairs],
        "true tier": [facts.tier for _, facts in pairs],
        "short": [str(facts.short) for _, facts in pairs],
        "other gap": [str(gap) for gap in missing["tier"]],
    }
    for (what, where), (name, values) in product(missing.items(), facts.items()):
        if (what, name) != ("tier", "other gap"):
            yield f"{what} by {name}", where, values


def chi_square(where: list[bool], values: list[str]) -> tuple[float, int]:
    """Pearson's statistic of independence, and its degrees of freedom."""
    share, total = fmean(where), 0.0
    for value in set(values):
        inside = [flag for flag, other in zip(where, values, strict=True) if other == value]
        expected = share * len(inside)
        total += (sum(inside) - expected) ** 2 / (expected * (1 - share))
    return total, len(set(values)) - 1


def test_what_is_missing_depends_on_nothing(pairs: Pairs) -> None:
    limits = {1: 10.83, 3: 16.27, 4: 18.47}  # 0.1 % of each chi-square distribution
    for name, where, values in _missing_against(pairs):
        statistic, freedom = chi_square(where, values)
        assert statistic < limits[freedom], name


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize("recipe", [*RECIPES.values(), BIG], ids=[*RECIPES, "big"])
def test_no_ticket_is_one_that_is_asked_later(recipe: Recipe) -> None:
    asked = {_bare(f"{title} {description}") for title, description in ASKED}
    asked |= {_bare(part) for ticket in ASKED for part in ticket if part}
    parts = [part for row in make_rows(recipe) for part in (text_of(row), row.title)]
    assert not asked & set(map(_bare, parts))


def test_a_plain_model_of_the_first_file_answers_what_people_try_first() -> None:
    rows = list(make_rows(RECIPES["tickets.csv"]))
    model = plain_model().fit(table_of(rows), [row.label_urgency == "urgent" for row in rows])
    for (title, description), urgent in ASKED.items():
        fields = product(("", *PLAIN_SOURCES), ("", *PLAIN_TIERS))
        asked = [Row("", "", title, description, *pair, "") for pair in fields]
        answers = np.asarray(model.predict(table_of(asked)))
        assert (answers == urgent).all(), title
