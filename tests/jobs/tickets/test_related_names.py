"""A name that is put together of a known one and of words that add nothing means the known one."""

from __future__ import annotations

import pytest

from jobs.tickets.related_names import listed_name
from jobs.tickets.rules import NO_RULES, RELATED_RANK, TAGS_RANK

MEANT = {
    "priority_name": "label_urgency",
    "priorityName": "label_urgency",
    "fields.priority.name": "label_urgency",
    "u_priority": "label_urgency",
    "Priority__c": "label_urgency",
    "Custom field (Priority)": "label_urgency",
    "Campo personalizado (Urgency)": "label_urgency",
    "Benutzerdefiniertes Feld (Urgency)": "label_urgency",
    "Prioridade do chamado": "label_urgency",
    "priorité_demande": "label_urgency",
    "issue severity level": "label_urgency",
    "priorityId": "label_urgency",
    "actual_priority": "label_urgency",
    "complaint_priority": "label_urgency",
    "complaint_title": "title",
    "fields.summary": "title",
    "titulo_chamado": "title",
    "bodyPreview": "description",
    "Descrição do problema": "description",
    "Beschreibung der Störung": "description",
    "date_creation": "created_at",
    "Ticket Date": "created_at",
}


@pytest.mark.parametrize(("name", "role"), MEANT.items())
def test_words_that_add_nothing_are_left_out(name: str, role: str) -> None:
    found = NO_RULES.role_of(name)
    assert found
    assert found[0] == role
    assert found[1] < TAGS_RANK


def test_a_name_that_is_put_together_comes_behind_every_listed_one() -> None:
    found = NO_RULES.role_of("u_custom_priority_value")
    assert found
    assert RELATED_RANK <= found[1] < TAGS_RANK


@pytest.mark.parametrize("name", ["data_abertura", "fecha_creación", "created_at", "Ticket.Title"])
def test_a_listed_name_comes_before_one_that_means_the_same(name: str) -> None:
    found = NO_RULES.role_of(name)
    assert found
    assert found[1] < RELATED_RANK


@pytest.mark.parametrize(
    "name",
    [
        *("predicted_priority", "Crime severity", "satisfaction level", "priority_score"),
        *("resolution description", "product_description", "due date", "closed date"),
        *("status_name", "customer_name", "issue_type", "sys_created_by", "business_impact"),
        *("problem_id", "title_id", "label text", "ticket", "Priority;x"),
        "a request about the priority of the problem with the date",
    ],
)
def test_a_word_that_adds_something_makes_another_name(name: str) -> None:
    assert listed_name(name) is None


def test_values_are_read_as_in_the_column_that_is_meant() -> None:
    assert NO_RULES.sides(["1", "0"], "Urgent__c") == {"1": True, "0": False}
    assert NO_RULES.sides(["1", "0"], "u_priority") == {"1": None, "0": None}
