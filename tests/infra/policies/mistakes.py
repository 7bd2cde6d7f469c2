"""How a mistake is planted in an applied state."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """`plant` changes a state so that its policy must complain, naming `address`."""

    address: str
    plant: Callable[[State], None]


Planted = dict[str, list[Change]]
"""Name of a policy -> changes that it has to catch."""


@dataclass(frozen=True)
class Mistake:
    """A change of the state of `environment`, caught by `policy`."""

    policy: str
    environment: str
    change: Change

    @property
    def address(self) -> str:
        """What the policy has to name."""
        return self.change.address

    def in_(self, state: State) -> State:
        """A state like this one, with the mistake."""
        planted = copy.deepcopy(state)
        self.change.plant(planted)
        return planted


def mistakes(environment: str, planted: Planted) -> Iterator[Mistake]:
    """Every change as a mistake of one environment."""
    for policy, changes in planted.items():
        yield from (Mistake(policy, environment, change) for change in changes)


def resources(state: State) -> list[dict[str, Any]]:
    """The list that may be changed."""
    found: list[dict[str, Any]] = state["resources"]
    return found


def values(state: State, address: str) -> dict[str, Any]:
    """What a resource has; it must be there, or a mistake would be planted nowhere."""
    [found] = [resource for resource in resources(state) if resource["address"] == address]
    inner: dict[str, Any] = found["values"]
    return inner


def change(address: str, path: str, value: Any) -> Change:
    """Set the argument at `path`, as in template.0.timeout; its block must be there already."""

    def plant(state: State) -> None:
        *way, name = path.split(".")
        block: Any = values(state, address)
        for step in way:
            block = block[int(step) if step.isdigit() else step]
        assert block.get(name) != value, f"{path} is {value} already"
        block[name] = value

    return Change(address, plant)


def forget(address: str, complains_about: str) -> Change:
    """Leave a resource out."""

    def plant(state: State) -> None:
        values(state, address)
        resources(state)[:] = [one for one in resources(state) if one["address"] != address]

    return Change(complains_about, plant)


def add(type_: str, **arguments: Any) -> Change:
    """Bring in one more resource."""
    address = f"{type_}.planted"

    def plant(state: State) -> None:
        resources(state).append({"address": address, "type": type_, "values": arguments})

    return Change(address, plant)
