"""Every command that the README shows does what it says, in the order it shows them."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.support.cloud.live_stack import CHECKOUT, person, run
from tests.test_repository import readme_commands

DOES_NOT_HOLD_BACK = {0, 3}
"""Done, or a verdict of HOLD: the gate may say so of a second drop of the same tickets."""


def test_every_verb_of_the_readme_runs(tmp_path: Path) -> None:
    environment = person(tmp_path / "home") | {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    activate, *verbs = [command for command in readme_commands() if not command.startswith("make")]
    assert {shlex.split(verb)[0] for verb in verbs} == {"urgency"}
    try:
        for verb in verbs:
            said = run(["bash", "-ec", f"{activate}; {verb}"], environment, timeout_s=120)
            assert said.code in DOES_NOT_HOLD_BACK, f"{verb}\n{said.out}\n{said.err}"
            assert said.out.strip(), f"{verb} says nothing"
    finally:
        run(["urgency", "down"], person(tmp_path / "home"))


def test_make_demo_shows_the_whole_chain_and_works_a_second_time(tmp_path: Path) -> None:
    environment = person(tmp_path / "home")
    try:
        first, second = (run(["make", "demo"], environment, timeout_s=240) for _ in range(2))
    finally:
        run(["urgency", "down"], person(tmp_path / "home"))
    for said in (first, second):
        assert said.code == 0, said.out + said.err
        for hop in (
            "landed",
            "message",
            "function",
            "job",
            "snapshot",
            "trained",
            "verdict",
            "pointer",
            "reloaded",
        ):
            assert f" {hop} " in said.out, hop
        assert "rollback --to" in said.out
        assert "Try next" in said.out


def test_make_help_lists_every_word() -> None:
    said = run(["make", "help"], person(CHECKOUT))
    assert {"demo", "test", "up", "lint", "lock", "clean"} <= {
        line.split()[1] for line in said.out.splitlines()
    }
