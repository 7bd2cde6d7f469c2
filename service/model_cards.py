"""The registry's models as JSON and as cards, for people and dashboards."""

from dataclasses import asdict
from typing import Any

from service.background import Background
from service.pointer_checks import OpenRegistry
from urgency.bundle import CARD, Manifest
from urgency.errors import CorruptObject, Gone
from urgency.live_quality import with_live_quality
from urgency.registry import Registry

LOOK_UP_WAIT_S = 5.0
"""How long a request waits for the registry: a hundred small reads, one after the other."""

LOOK_UPS_MOST = 3
"""At a time, fewer than the server's threads: people who look at history keep nobody waiting."""

_LISTED = ("created_at", "rows", "threshold", "metrics", "cause")
NOT_SHOWN = ("parts", "weights", "bias", "unseen_idf")


class StoredModels:
    """The registry, looked into for people: no look lasts longer than `LOOK_UP_WAIT_S`.

    All methods raise Unavailable, also where too many looks hang, and Forbidden.
    """

    def __init__(self, registry: OpenRegistry) -> None:
        self._registry, self._background = registry, Background(LOOK_UPS_MOST)

    def newest(self, most: int, serving_version: int) -> list[dict[str, Any]]:
        """See `newest_models`."""
        return self._background.result(
            lambda: newest_models(self._registry(), most, serving_version),
            LOOK_UP_WAIT_S,
            "The list of the models",
        )

    def card(self, version: int) -> bytes | None:
        """A version's page for people, if it has one. Raises CorruptObject too."""
        return self._background.result(
            lambda: _card(self._registry(), version), LOOK_UP_WAIT_S, "The read of the card"
        )

    def drift(self) -> dict[str, Any] | None:
        """What the newest drift check found, if there was one. Raises CorruptObject too."""
        return self._background.result(
            lambda: self._registry().latest_drift(), LOOK_UP_WAIT_S, "The read of drift"
        )


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


def _card(registry: Registry, version: int) -> bytes | None:
    manifest = registry.manifest(version)
    if manifest is None or CARD not in manifest.parts:
        return None
    try:
        card = registry.part(manifest, CARD)
        return with_live_quality(card, registry.live_quality()[1], version)
    except Gone:
        return None
