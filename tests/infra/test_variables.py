"""The variables of infra/*.tf: few, explained, and in step with the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tests.infra.committed import ENVIRONMENTS, committed, values_of
from urgency.settings import Settings, variables_of

INFRA = Path(__file__).parents[2] / "infra"
VARIABLES = "\n".join(file.read_text() for file in sorted(INFRA.glob("*.tf")))
BLOCK = re.compile(r'^(provider) "[\w-]+" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
BLOCKS = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', VARIABLES, re.MULTILINE | re.DOTALL))


def test_there_are_few_and_only_the_project_is_required() -> None:
    assert len(BLOCKS) <= 26
    assert [
        name for name, body in BLOCKS.items() if not re.search(r"^  default ", body, re.MULTILINE)
    ] == ["project_id"]


def test_each_says_what_it_is_for_and_which_values_are_right() -> None:
    for name, body in BLOCKS.items():
        assert "description" in body, name
        assert "validation {" in body or "= bool" in body, name


def test_each_wrong_value_is_refused_in_a_sentence_that_says_what_was_seen() -> None:
    """Terraform shows the value of a text, a number and a bool itself, and of nothing else."""
    refused = set(re.findall(r"var\.(\w+)", (INFRA / "tests/refused.tftest.hcl").read_text()))
    checked = {name: body for name, body in BLOCKS.items() if "validation {" in body}
    assert refused == set(checked)
    for name, body in checked.items():
        said = body.partition("error_message")[2]
        shown = re.search(r"= (string|number|bool)$", body, re.MULTILINE)
        assert shown or re.search(rf"\b{name}(\.\w+)? (was|were) \$\{{", said), name


def test_settings_take_what_decides_how_a_model_is_made_and_nothing_else() -> None:
    allowed = re.findall(r'"(URGENCY_\w+)"', BLOCKS["settings"].partition("condition")[2])
    recipe = [variables_of(row)[0] for row in fields(Settings) if row.metadata["recipe"]]
    assert sorted(allowed) == sorted(recipe)


def test_labels_are_put_on_everything_that_takes_some() -> None:
    """By the providers; alerts have another word for it. A budget, by the third, takes none."""
    files = [file.read_text() for file in sorted(INFRA.glob("*.tf"))]
    blocks = [block for text in files for block in BLOCK.findall(text)]
    providers = [body for kind, body in blocks if kind == "provider" and "alias" not in body]
    assert len(providers) == 2
    assert all(re.search(r"default_labels += var.labels", body) for body in providers)
    labels = ENVIRONMENTS["everything"]["labels"]
    alerts = values_of(committed("everything"), "google_monitoring_alert_policy")
    assert [alert["user_labels"] for alert in alerts] == [labels] * len(alerts)
