"""Starting the stack, where it does not come up."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.local_stack import StackFailed, start
from infra.local.state import Home, StateError


def test_a_stack_that_ends_at_once_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match="--no-such-option"):
        start(Home(tmp_path), ["--no-such-option"])


def test_a_home_that_is_no_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(StateError, match="URGENCY_HOME"):
        start(Home(tmp_path / "home"), [])
