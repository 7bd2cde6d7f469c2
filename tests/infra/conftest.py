"""What the tests of one session share: Terraform applies once for all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.wiring.mocked import NoProviders, copy_of_checkout, initialise
from tests.infra.committed import ENVIRONMENTS
from tests.infra.terraform import Terraform, once, terraform

Circle = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every process of this session sees."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "terraform"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def circle(shared: Path) -> Iterator[Circle]:
    """One of ENVIRONMENTS from an empty simulated project to its destruction.

    All begin with the first that is asked for: a simulated project is slow, and one waits while
    another works.
    """
    threads = ThreadPoolExecutor(len(ENVIRONMENTS))
    begun = cache(lambda: {name: threads.submit(once, shared, name) for name in ENVIRONMENTS})

    def of(environment: str) -> dict[str, Any]:
        try:
            found = begun()[environment].result()
        except NoProviders as missing:
            pytest.skip(f"skipped: {missing}")
        *_, (last, said) = found["steps"].items()
        assert last == "left", f"{last}: {said['out'][-3000:]}{said['err'][-3000:]}"
        return found

    with threads:
        yield of


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform on a copy of the configuration; skips where none is installed."""
    try:
        return terraform(copy_of_checkout(tmp_path_factory.mktemp("checkout")))
    except NoProviders as missing:
        pytest.skip(f"skipped: {missing}")


@pytest.fixture(scope="session")
def initialised(copied: Terraform) -> Terraform:
    """The same after `init`; skips where that finds no providers."""
    try:
        initialise(copied.folder)
    except NoProviders as missing:
        pytest.skip(f"skipped: {missing}")
    return copied
