"""The owner's words come first, then the installation's, then the vocabulary's."""

from __future__ import annotations

from jobs.tickets.rules import NO_RULES, Rules, rules_of
from urgency.settings import read_settings


def test_settings_name_columns_and_labels_of_an_installation() -> None:
    rules = rules_of(
        read_settings(
            {
                "URGENCY_COLUMN_ALIASES": "Betrifft=title",
                "URGENCY_URGENT_LABELS": "Rot, 1",
                "URGENCY_OTHER_LABELS": "Grün",
            }
        )
    )
    assert rules.role_of(" BETRIFFT") == ("title", -1)
    known = {"rot": True, "1": True, "Grün": False, "2": None}
    assert rules.sides(list(known), "Ampel") == known


def test_rules_go_over_others_value_by_value() -> None:
    base = Rules(columns={"a": "title", "b": "source"}, labels={"x": True, "y": True})
    rules = Rules(columns={"a": "ignore"}, labels={"x": False}).over(base)
    assert rules.columns == {"a": "ignore", "b": "source"}
    assert rules.labels == {"x": False, "y": True}
    assert rules.role_of("a") is None


def test_a_rule_comes_before_every_name_of_the_vocabulary() -> None:
    known = NO_RULES.role_of("title")
    assert known
    own = Rules(columns={"subject": "title"}).role_of("Subject")
    assert own
    assert own < known
    assert NO_RULES.role_of("colour") is None


def test_what_a_blank_label_means_is_open_unless_a_rule_says_it() -> None:
    assert NO_RULES.blank is None
    assert Rules(labels={"": False}).blank is False
