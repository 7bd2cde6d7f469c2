"""Figures that tests measured, shown at the end by `record_property`, and how tests are named."""

from __future__ import annotations

import pytest

SHORT_BYTES = 12


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each figure, whichever process measured it."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"figure: {value}")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test's name without long bytes in it: archives hold the time at which they are made, and
    workers that collect at other times would not agree on their tests.
    """
    return argname if isinstance(val, bytes) and len(val) > SHORT_BYTES else None
