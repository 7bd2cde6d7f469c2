"""Every command that the README shows does what it says, in the order it shows them."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.support.cloud.live_stack import CHECKOUT, run, user_environment
from tests.test_repository import readme_commands

DOES_NOT_HOLD_BACK = {0, 3}
"""Done, or a verdict of HOLD: the gate may say so of a second drop of the same tickets."""


def test_every_verb_of_the_readme_runs(tmp_path: Path) -> None:
    environment = user_environment(tmp_path / "home") | {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    activate, *verbs = [command for command in readme_commands() if not command.startswith("make")]
    assert {shlex.split(verb)[0] for verb in verbs} == {"urgency"}
    try:
        for verb in verbs:
            result = run(["bash", "-ec", f"{activate}; {verb}"], environment, timeout_s=120)
            assert result.code in DOES_NOT_HOLD_BACK, f"{verb}\n{result.out}\n{result.err}"
            assert result.out.strip(), f"{verb} says nothing"
    finally:
        run(["urgency", "down"], user_environment(tmp_path / "home"))


def test_make_demo_shows_the_whole_chain_and_works_a_second_time(tmp_path: Path) -> None:
    environment = user_environment(tmp_path / "home")
    try:
        first, second = (run(["make", "demo"], environment, timeout_s=240) for _ in range(2))
    finally:
        run(["urgency", "down"], user_environment(tmp_path / "home"))
    for result in (first, second):
        assert result.code == 0, result.out + result.err
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
            assert f" {hop} " in result.out, hop
        assert "rollback --to" in result.out
        assert "Try next" in result.out


def test_make_help_lists_every_word() -> None:
    result = run(["make", "help"], user_environment(CHECKOUT))
    assert {"demo", "test", "up", "lint", "lock", "clean"} <= {
        line.split()[1] for line in result.out.splitlines()
    }
