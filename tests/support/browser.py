"""A real browser and the checker axe-core, where a machine has them; else the test says skipped."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = "axe-core@4.14.1"
NPM_WAIT_S = 120
HANGS_AFTER_MS = 120_000
"""Far more than any machine needs."""

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium of this machine, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="skipped: no playwright here")
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("skipped: no Chromium on this machine; Debian's package is chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program)
        try:
            yield browser
        finally:
            browser.close()


def axe_core() -> str:
    """axe-core's script, from the cache or by npm; skips the test where neither has it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ticket-urgency"
    package = cache / f"{AXE.replace('@', '-')}.tgz"
    if why_not := None if package.exists() else _fetched(package):
        pytest.skip(f"skipped: {AXE} is not in {cache}, and npm does not bring it: {why_not}")
    with tarfile.open(package) as files:
        script = files.extractfile("package/axe.min.js")
        assert script
        return script.read().decode()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong on the page as it is now: rule and element."""
    page.evaluate(axe_core())
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@functools.cache
def _fetched(package: Path) -> str | None:
    """Put npm's package into the cache; why that failed, asked once in a test run."""
    package.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=package.parent) as folder:
        options = ["--silent", "--fetch-retries", "0", "--pack-destination", folder]
        try:
            subprocess.run(
                ["npm", "pack", *options, AXE], capture_output=True, timeout=NPM_WAIT_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
        (Path(folder) / package.name).replace(package)
    return None
