"""infra/variables.tf: few, explained, and in step with the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from urgency.settings import Settings, variables_of

VARIABLES = (Path(__file__).parents[2] / "infra" / "variables.tf").read_text()
BLOCKS = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', VARIABLES, re.MULTILINE | re.DOTALL))


def test_there_are_at_most_sixteen_and_only_the_project_is_required() -> None:
    assert len(BLOCKS) <= 16
    assert [
        name for name, body in BLOCKS.items() if not re.search(r"^  default ", body, re.MULTILINE)
    ] == ["project_id"]


def test_each_says_what_it_is_for_and_which_values_are_right() -> None:
    for name, body in BLOCKS.items():
        assert "description" in body, name
        assert "validation {" in body or "= bool" in body, name


def test_settings_take_what_decides_how_a_model_is_made_and_nothing_else() -> None:
    allowed = re.findall(r'"(URGENCY_\w+)"', BLOCKS["settings"].partition("condition")[2])
    recipe = [variables_of(row)[0] for row in fields(Settings) if row.metadata["recipe"]]
    assert sorted(allowed) == sorted(recipe)
