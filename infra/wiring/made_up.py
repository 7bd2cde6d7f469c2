"""What a mocked apply made up: texts that nobody could know when it was planned."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from infra.wiring.settled import State

MADE_UP: Final = re.compile(r"[a-z0-9]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What `mock_provider` makes up for a text, and Terraform itself for an id."""


def applied_again(state: State, plan: State) -> State:
    """`state` as another apply of `plan` would have made it: what was made up is another text.

    state, plan: a `test_state` and the `test_plan` before it.
    """
    unknown = {one["address"]: one["change"]["after_unknown"] for one in plan["resource_changes"]}
    resources = state["root_module"]["resources"]
    pairs = ((one["values"], unknown.get(one["address"])) for one in resources)
    text = json.dumps(state)
    for made_up in {text for pair in pairs for text in _unknown_texts(*pair)}:
        text = text.replace(made_up, f"~{made_up}")
    again: State = json.loads(text)
    return again


def _unknown_texts(value: Any, unknown: Any) -> Iterator[str]:
    """The texts of `value` that were made up; `unknown` says true for what was not known."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _unknown_texts(inner, unknown is True or (unknown or {}).get(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            known = isinstance(unknown, list) and place < len(unknown)
            yield from _unknown_texts(inner, unknown[place] if known else unknown is True)
    elif unknown is True and isinstance(value, str) and MADE_UP.fullmatch(value):
        yield value
