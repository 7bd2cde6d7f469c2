"""How a mistake is planted in an applied state."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]
Plant = Callable[[State], None]


@dataclass(frozen=True)
class Mistake:
    """`plant` changes a state so that `policy` must complain, naming `address`."""

    policy: str
    address: str
    plant: Plant
    environment: str = "as-it-comes"

    def in_(self, state: State) -> State:
        """A state like this one, with the mistake."""
        planted = copy.deepcopy(state)
        self.plant(planted)
        return planted


def resources(state: State) -> list[dict[str, Any]]:
    """The list that may be changed."""
    found: list[dict[str, Any]] = state["resources"]
    return found


def values(state: State, address: str) -> dict[str, Any]:
    """What a resource has; it must be there, or a mistake would be planted nowhere."""
    [found] = [resource for resource in resources(state) if resource["address"] == address]
    inner: dict[str, Any] = found["values"]
    return inner


def change(policy: str, address: str, path: str, value: Any) -> Mistake:
    """Set the argument at `path`, as in template.0.timeout; its block must be there already."""

    def plant(state: State) -> None:
        *way, name = path.split(".")
        block: Any = values(state, address)
        for step in way:
            block = block[int(step) if step.isdigit() else step]
        assert block.get(name) != value, f"{path} is {value} already"
        block[name] = value

    return Mistake(policy, address, plant)


def forget(policy: str, address: str, complains_about: str) -> Mistake:
    """Leave a resource out."""

    def plant(state: State) -> None:
        values(state, address)
        resources(state)[:] = [one for one in resources(state) if one["address"] != address]

    return Mistake(policy, complains_about, plant)


def add(policy: str, type_: str, **arguments: Any) -> Mistake:
    """Bring in one more resource."""
    address = f"{type_}.planted"

    def plant(state: State) -> None:
        resources(state).append({"address": address, "type": type_, "values": arguments})

    return Mistake(policy, address, plant)
