"""What the published provider allows as the value of an argument, read from the list beside the
stand-ins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LINE = re.compile(r"^(?P<indent> *)- (?P<name>\w+)(?: \{\})?  (?P<said>.*)$")
ONE_OF = re.compile(r"one of ([A-Za-z0-9_|]+)(?! \.\.\.)(?:;|$)")
RANGE = re.compile(r"; (\d+) to (\d+)(?:;|$)")
MATCHES = re.compile(r"; matches (\S+)$")
EXCLUDES = re.compile(r"ConflictsWith ([\w., ]+)")


@dataclass
class Arguments:
    """Arguments of a block by name: what is said of each, and of those inside it."""

    said: dict[str, str] = field(default_factory=dict)
    inner: dict[str, Arguments] = field(default_factory=dict)


def read_values(page: Path) -> dict[str, Arguments]:
    """Resource type -> its arguments."""
    found: dict[str, Arguments] = {}
    open_blocks: list[Arguments] = []
    for line in page.read_text().splitlines():
        if line.startswith("## "):
            open_blocks = [found.setdefault(line[3:], Arguments())]
        elif (match := LINE.match(line)) and open_blocks:
            depth = len(match["indent"]) // 2
            block = open_blocks[depth]
            block.said[match["name"]] = match["said"]
            block.inner[match["name"]] = Arguments()
            open_blocks[depth + 1 :] = [block.inner[match["name"]]]
    return found


def refused(values: dict[str, Any], arguments: Arguments, path: str = "") -> Iterator[str]:
    """A sentence for each value that the provider would not take."""
    for name, value in values.items():
        said = arguments.said.get(name, "")
        if value in (None, "", [], {}) or str(value).endswith("-computed") or not said:
            continue
        if said.split()[0] != "C":
            yield from _refused_value(f"{path}{name}", value, said)
        for other in EXCLUDES.findall(said):
            yield from (
                f"{path}{name} excludes {one}" for one in other.split(", ") if values.get(one)
            )
        for block in value if isinstance(value, list) else []:
            if isinstance(block, dict):
                yield from refused(block, arguments.inner[name], f"{path}{name}.")


def _refused_value(path: str, value: Any, said: str) -> Iterator[str]:
    allowed = ONE_OF.search(said)
    if allowed and not set(value if isinstance(value, list) else [value]) <= set(
        allowed[1].split("|")
    ):
        yield f"{path} = {value} is none of {allowed[1]}"
    limits = RANGE.search(said)
    if limits and isinstance(value, int) and not int(limits[1]) <= value <= int(limits[2]):
        yield f"{path} = {value} is not from {limits[1]} to {limits[2]}"
    form = MATCHES.search(said)
    if form and not re.search(form[1], str(value)):
        yield f"{path} = {value} does not match {form[1]}"
