"""The wiring's grants by a name that people can read, and the system without one of them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

from infra.local.wiring import Grant, Wiring
from infra.local.wiring_file import WIRING_FILE, load_wiring
from tests.support.cloud.live_stack import CHECKOUT

WIRING = load_wiring()
_AGENTS = {email: f"{product}'s agent" for product, email in WIRING.agents.items()}
_BELOW = re.compile(r'/objects/([^"]*)"')
_RUN_BY_THE_STACK = ("functions", "infra/local", "jobs", "service", "urgency")


def name_of(grant: Grant) -> str:
    """The grant in one line, such as 'urgency-serve: storage.objectViewer on ...'."""
    email = grant.member.partition(":")[2]
    kind, _, name = grant.resource.partition("/")
    what = name.partition("@")[0].removeprefix(f"{WIRING.project}-urgency-")
    below = _BELOW.findall(grant.condition or "")
    who = _AGENTS.get(email, email.partition("@")[0])
    return f"{who}: {grant.role.removeprefix('roles/')} on {kind}/{what} {''.join(below)}".strip()


GRANTS = {name_of(grant): grant for grant in WIRING.grants}


def without(name: str, wiring: Wiring = WIRING) -> Wiring:
    """`wiring` short of one grant."""
    kept = tuple(grant for grant in wiring.grants if grant != GRANTS[name])
    assert len(kept) == len(wiring.grants) - 1
    return replace(wiring, grants=kept)


def checkout_without(name: str, folder: Path) -> Path:
    """A copy of what the stack runs, whose wiring is short of one grant."""
    plan = json.loads(WIRING_FILE.read_text())
    kept = [grant for grant in plan["grants"] if name_of(Grant(**grant)) != name]
    assert len(kept) == len(plan["grants"]) - 1
    (checkout_copy(folder) / "infra/local/wiring.json").write_text(
        json.dumps(plan | {"grants": kept})
    )
    return folder


def checkout_copy(folder: Path) -> Path:
    """What the stack runs, to be changed."""
    for part in _RUN_BY_THE_STACK:
        shutil.copytree(CHECKOUT / part, folder / part)
    shutil.copy(CHECKOUT / "infra/__init__.py", folder / "infra")
    return folder
