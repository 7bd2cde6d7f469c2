"""How the command finds its system."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.context import is_cloud, reach
from cli.usage_error import UsageError
from urgency.errors import SettingsError


def test_settings_in_the_environment_name_a_project() -> None:
    assert is_cloud({"URGENCY_LANDING_BUCKET": "x"})
    assert not is_cloud({"URGENCY_HOME": "x", "URGENCY_MIN_ROWS": "50"})


def test_without_settings_and_stack_it_says_how_to_get_either(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"urgency up.*URGENCY_PROJECT"):
        reach({"URGENCY_HOME": str(tmp_path)})


def test_a_project_needs_all_its_settings() -> None:
    with pytest.raises(SettingsError, match="URGENCY_REGION"):
        reach({"URGENCY_PROJECT": "some-project"})
