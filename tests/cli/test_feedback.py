"""`urgency feedback`: one ticket, files of tickets, and tables of ids and labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.usage_error import UsageError
from cli.verbs import feedback as verb
from tests.cli.operator_world import OPERATOR, World

LANDED = "ticket_id,title,description,source,priority\n"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What reached the service; two files lie in the landing bucket."""
    world, handed = World(), []

    def feedback(labelled: Sequence[dict[str, Any]]) -> list[str]:
        handed.extend(labelled)
        return []

    world.service.feedback = feedback  # type: ignore[attr-defined]
    old, new = "T-1,old title,x,web,low\nT-2,two,y,mail,low\n", "T-1,new title,z,web,low\n"
    world.landing.overwrite("incoming/a.csv", (LANDED + old).encode())
    world.landing.overwrite("incoming/b.csv", (LANDED + new).encode())
    world.landing.overwrite("incoming/notes.pdf", b"%PDF-1.7 nothing")
    monkeypatch.setattr(verb, "reach_to_change", lambda: world.system)
    return handed


def table(folder: Path, text: str) -> list[str]:
    file = folder / "labels.csv"
    file.write_text(text)
    return [str(file)]


def test_words_are_one_ticket_with_a_label_and_who_says_so(
    sent: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    verb.feedback(["Checkout", "is down"], label="urgent", ticket_id="T-9")
    assert sent == [{"title": "Checkout is down", "label": "urgent", "id": "T-9", "by": OPERATOR}]
    assert "1 label is kept" in capsys.readouterr().out


def test_a_table_of_ids_and_labels_gets_the_newest_text_of_each_ticket(
    sent: list[dict[str, Any]], tmp_path: Path
) -> None:
    verb.feedback(table(tmp_path, "id,priority\nT-1,high\nT-2,low\nT-3,\n"), by="ann")
    assert [(one["id"], one["title"], one["label"], one["by"]) for one in sent] == [
        ("T-1", "new title", "urgent", "ann"),
        ("T-2", "two", "non-urgent", "ann"),
    ]


def test_a_table_with_texts_is_sent_as_it_is(
    sent: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb.feedback(table(tmp_path, "subject;urgent\nDown;yes\nThanks;no\n"), as_json=True)
    assert [(one["title"], one["label"]) for one in sent] == [
        ("Down", "urgent"),
        ("Thanks", "non-urgent"),
    ]
    assert json.loads(capsys.readouterr().out) == {"published": 2, "warnings": []}


def test_rows_without_a_label_are_named_and_the_others_sent(
    sent: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb.feedback(table(tmp_path, "subject,priority\nDown,high\nThanks,\nAgain,low\n"))
    assert len(sent) == 2
    assert "Line 3 is left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,priority\nT-1,high\nT-7,low\n", "these 1 ids: T-7"),
        ("subject,colour\na,b\n", "column of labels"),
        ("id,priority\nT-1,perhaps\nT-2,maybe\n", "not known which values are urgent"),
        ("id,priority\n", "no row of the column priority says"),
    ],
)
def test_a_table_that_does_not_say_enough_sends_nothing(
    sent: list[dict[str, Any]], tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        verb.feedback(table(tmp_path, text))
    assert sent == []


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        (["words"], {}, "--label"),
        (["x.csv"], {"label": "urgent"}, "leave out"),
        (['[{"title": "a"}, {"title": "b"}]'], {"label": "urgent", "ticket_id": "1"}, "--id"),
    ],
)
def test_a_call_that_does_not_say_enough_is_refused(
    sent: list[dict[str, Any]], what: list[str], options: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        verb.feedback(what, **options)
    assert sent == []
