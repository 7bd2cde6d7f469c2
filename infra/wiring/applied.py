"""The ways to apply that are checked, and the state of each: tests/infra/applied holds both."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infra.wiring.made_up import applied_again
from infra.wiring.mocked import CHECKOUT, mocked_apply
from infra.wiring.settled import State, settled

APPLIED: Final = CHECKOUT / "tests" / "infra" / "applied"
LAPTOPS: Final = "as-it-comes"


def environments() -> dict[str, dict[str, Any]]:
    """Each way to apply that is checked, by name, with its variables."""
    files = sorted(APPLIED.glob("*.tfvars.json"))
    return {file.name.partition(".")[0]: json.loads(file.read_text()) for file in files}


def applied_states(infra: Path) -> dict[str, State]:
    """The settled state of each environment, from an initialised copy of infra/."""
    return {name: _applied(infra, variables) for name, variables in environments().items()}


def _applied(infra: Path, variables: Mapping[str, Any]) -> State:
    plan, state = mocked_apply(infra, variables)
    return settled(state, applied_again(state, plan), variables)
