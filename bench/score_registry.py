"""A registry that is a folder, for comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from jobs.scoring.places import Folder
from urgency.registry import Registry
from urgency.store import ObjectStore


def registry_in(folder: Path) -> Registry:
    """The registry of a comparison."""
    registry, control = (Folder(folder / name) for name in ("registry", "control"))
    return Registry(cast(ObjectStore, registry), cast(ObjectStore, control))
