"""The system's status, as plain members."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cli.show import emit_json
from cli.verbs.status import status_of
from tests.cli.operator_world import two_versions
from urgency.errors import Forbidden


def test_status_shows_what_this_identity_may_see(capsys: pytest.CaptureFixture[str]) -> None:
    class Unreadable:
        def peek(self) -> list[object]:
            raise Forbidden("no")

    system = replace(two_versions().system, dead_letters=Unreadable())  # type: ignore[arg-type]
    emit_json(status_of(system))
    shown = json.loads(capsys.readouterr().out)
    assert shown["release"]["champion"] == 1
    assert shown["snapshot"].keys() == {"n", "files", "created_at", "cause"}
    assert (shown["snapshot"]["n"], shown["snapshot"]["files"]) == (2, 2)
    assert [instance["epoch"] for instance in shown["instances"]] == [1, 1]
    assert shown["dead_letters"] is None
