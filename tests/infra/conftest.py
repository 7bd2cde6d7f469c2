"""What the tests of one session share: Terraform applies once for all of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.wiring.applied import NoProviders
from tests.infra.environments import ENVIRONMENTS
from tests.infra.terraform import Terraform, copy_of_checkout, once, terraform

Circle = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every process of this session sees."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "terraform"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def circle(shared: Path) -> Circle:
    """One of ENVIRONMENTS from an empty project to its destruction; skips where no project is
    simulated.
    """

    def of(name: str) -> dict[str, Any]:
        try:
            found = once(shared, name, ENVIRONMENTS[name].variables, ENVIRONMENTS[name].then)
        except NoProviders as missing:
            pytest.skip(f"skipped: {missing}")
        *_, (last, said) = found["steps"].items()
        assert last == "left", f"{last}: {said['out'][-3000:]}{said['err'][-3000:]}"
        return found

    return of


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
    said = copied.say("init", "-input=false", "-backend=false")
    if said.code:
        error = re.search(r"Error: (.+)", said.text)
        pytest.skip(f"skipped: terraform init: {error[1] if error else said.text[-200:]}")
    return copied
