"""The applied states that everybody has: tests/infra/applied, written by `make wiring`."""

from __future__ import annotations

import json
from typing import Any

from infra.wiring.applied import APPLIED, environments
from infra.wiring.settled import State

ENVIRONMENTS = environments()


def committed(environment: str) -> State:
    """The state of one of ENVIRONMENTS, to be read or changed."""
    state: State = json.loads((APPLIED / f"{environment}.json").read_text())
    return state


def values_of(state: State, kind: str) -> list[dict[str, Any]]:
    """Values of every resource of one type."""
    return [one["values"] for one in state["resources"] if one["type"] == kind]
