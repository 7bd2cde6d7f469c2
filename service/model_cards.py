"""The registry's models as JSON, for people and dashboards."""

from dataclasses import asdict
from typing import Any

from urgency.bundle import Manifest
from urgency.errors import CorruptObject
from urgency.registry import Registry

_LISTED = ("created_at", "rows", "threshold", "metrics", "cause")
NOT_SHOWN = ("parts", "weights", "bias", "unseen_idf")


def model_card(manifest: Manifest) -> dict[str, Any]:
    """Everything about a model except what it learned."""
    return {name: value for name, value in asdict(manifest).items() if name not in NOT_SHOWN}


def newest_models(registry: Registry, most: int, serving_version: int) -> list[dict[str, Any]]:
    """At most `most` versions, newest first; one that cannot be read is listed with its problem."""
    versions = registry.model_numbers()[: -most - 1 : -1]
    return [
        _entry(registry, number) | {"serving": number == serving_version} for number in versions
    ]


def _entry(registry: Registry, version: int) -> dict[str, Any]:
    try:
        manifest = registry.manifest(version)
    except CorruptObject as error:
        return {"version": version, "problem": str(error)}
    if manifest is None:
        return {"version": version, "problem": "Its manifest is gone."}
    facts = {name: getattr(manifest, name) for name in _LISTED}
    return {"version": version, "verdict": asdict(manifest.verdict), **facts}
