"""What the registry says of models, for people and dashboards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from urgency.bundle import Manifest
from urgency.errors import CorruptObject
from urgency.registry import Registry

_NOT_SHOWN = ("parts", "weights", "bias", "unseen_idf")


def model_card(manifest: Manifest) -> dict[str, Any]:
    """Everything about a model but what it has learned."""
    return {name: value for name, value in asdict(manifest).items() if name not in _NOT_SHOWN}


def model_history(registry: Registry, most: int, serving_version: int) -> list[dict[str, Any]]:
    """The newest `most` versions, newest first; one that cannot be read is named with its problem."""
    newest = registry.model_numbers()[: -most - 1 : -1]
    return [
        _entry(registry, version) | {"serving": version == serving_version} for version in newest
    ]


def _entry(registry: Registry, version: int) -> dict[str, Any]:
    try:
        manifest = registry.manifest(version)
    except CorruptObject as error:
        return {"version": version, "problem": str(error)}
    if manifest is None:
        return {"version": version, "problem": "Its manifest is gone."}
    return {
        "version": version,
        "created_at": manifest.created_at,
        "verdict": asdict(manifest.verdict),
        "rows": manifest.rows,
        "threshold": manifest.threshold,
        "metrics": manifest.metrics,
        "cause": manifest.cause,
    }
