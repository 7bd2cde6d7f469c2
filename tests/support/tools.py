"""Checkers from the package index, each in its own environment: none is a dependency of ours."""

from __future__ import annotations

import functools
import shutil
import subprocess

import pytest

from tests.support.service.service_process import CHECKOUT


def uv() -> str:
    """uv as the Makefile finds it: the machine's, else the one that it fetched."""
    return shutil.which("uv") or str(CHECKOUT / ".uv/bin/uv")


@functools.cache
def tool(program: str, package: str) -> tuple[str, ...]:
    """The command that runs `program` of `package`; skips the test where it cannot be installed."""
    command = (uv(), "tool", "run", "--quiet", "--from", package, program)
    try:
        tried = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"skipped: {package} cannot be installed: {error}")
    if tried.returncode:
        pytest.skip(f"skipped: {package} cannot be installed: {tried.stderr.strip()[-200:]}")
    return command


def run(command: tuple[str, ...], *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command in the checkout."""
    ended = subprocess.run(
        [*command, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr
