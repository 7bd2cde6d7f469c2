"""What the published provider allows as the value of an argument: provider_values.json.

The table was read from the source of hashicorp/google 7.45, for the types that infra/ uses. Type ->
path of an argument -> its rules: `one_of`, `from_to`, `matches`, `excludes` (others of its block).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Rules = dict[str, dict[str, Any]]

PUBLISHED: dict[str, Rules] = json.loads(Path(__file__).with_suffix(".json").read_text())


def refused(values: dict[str, Any], rules: Rules, block: str = "") -> Iterator[str]:
    """A sentence for each value that the provider would not take."""
    for name, value in values.items():
        path, rule = f"{block}{name}", rules.get(f"{block}{name}", {})
        if value not in (None, "", [], {}):
            yield from _refused_value(path, value, rule)
            excluded = [one for one in rule.get("excludes", []) if values.get(one)]
            yield from (f"{path} excludes {one}" for one in excluded)
        for inner in value if isinstance(value, list) else []:
            if isinstance(inner, dict):
                yield from refused(inner, rules, f"{path}.")


def _refused_value(path: str, value: Any, rule: dict[str, Any]) -> Iterator[str]:
    given = value if isinstance(value, list) else [value]
    if "one_of" in rule and not set(given) <= set(rule["one_of"]):
        yield f"{path} = {value} is none of {rule['one_of']}"
    least, most = rule.get("from_to", (0, float("inf")))
    if isinstance(value, int) and not least <= value <= most:
        yield f"{path} = {value} is not from {least} to {most}"
    if "matches" in rule and not re.search(rule["matches"], str(value)):
        yield f"{path} = {value} does not match {rule['matches']}"
