"""Small valid models, made without training, and registries that hold them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from tests.support.features_one_by_one import marked_hashes, pair_features, word_features
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import ARRAYS, GOLDEN, Arrays, Bundle, Manifest, Verdict, canonical_json, digest
from urgency.features import FIELD_MARKS
from urgency.records import Release
from urgency.registry import Registry
from urgency.scorer import Scorer
from urgency.ticket import normal_ticket

URGENT_TICKET = {
    "title": "Production down",
    "description": "Everybody is blocked",
    "source": "email",
}
CALM_TICKET = {
    "title": "Thank you",
    "description": "a question on my invoice",
    "customer_tier": "gold",
}
GOLDEN_TICKETS: list[dict[str, str]] = [
    URGENT_TICKET,
    CALM_TICKET,
    {"title": "", "description": "zażółć 42"},
]

_TITLE, _DESCRIPTION = (mark for _, mark in FIELD_MARKS)
_IN_TITLE = marked_hashes(["production", "down", "thank"], _TITLE)
_IN_DESCRIPTION = marked_hashes(["blocked", "question"], _DESCRIPTION)
_WEIGHTS = {
    **dict(zip(word_features(_IN_TITLE), (2.5, 3.0, -3.0), strict=True)),
    **dict(zip(word_features(_IN_DESCRIPTION), (2.0, -2.0), strict=True)),
    pair_features(_IN_TITLE)[0]: 1.5,
}


def small_arrays(strength: float = 1.0) -> Arrays:
    """A few features that separate URGENT_TICKET from CALM_TICKET; `strength` scales them."""
    learned = sorted((feature, strength * weight) for feature, weight in _WEIGHTS.items())
    feature, coef = map(np.array, zip(*learned, strict=True))
    return Arrays(feature.astype(np.int32), np.full(len(learned), 2.0), coef)


def small_manifest(version: int, parts: dict[str, str] | None = None, **members: Any) -> Manifest:
    """A manifest with every member filled in; `members` replaces some."""
    manifest = Manifest(
        version=version,
        snapshot="5" * 64,
        recipe="7" * 64,
        parts=parts or {},
        bias=-0.5,
        unseen_idf=1.5,
        threshold=0.5,
        review=None,
        weights={"source": {"email": 0.3, "phone": 0.8}, "customer_tier": {"gold": 0.2}},
        metrics={"test": {"pr_auc": 0.9, "roc_auc": 0.95, "brier": 0.1}},
        rows={"accepted": 1000, "train": 600, "validation": 200, "test": 200},
        verdict=Verdict("PROMOTE", ("It is the first model.",), version - 1),
        cause={"added": ["tickets.csv"]},
        libraries={"numpy": np.__version__},
        execution="train-test",
        created_at="2026-01-02T03:04:05Z",
    )
    return replace(manifest, **members)


@cache
def small_parts() -> dict[str, bytes]:
    """The parts with which `small_manifest` loads."""
    return _loadable_parts(small_manifest(1), small_arrays())


def put_model(
    registry: Registry,
    version: int,
    *,
    strength: float = 1.0,
    arrays: Arrays | None = None,
    **members: Any,
) -> Manifest:
    """Store a small model, or one of `arrays`, as `version`; `members` go into its manifest."""
    draft = small_manifest(version, **members)
    parts = _loadable_parts(draft, arrays or small_arrays(strength))
    return registry.commit(
        replace(draft, parts={name: registry.put_blob(body) for name, body in parts.items()})
    )


def release(registry: Registry, manifest: Manifest, *, pinned: bool = False) -> Release:
    """Point at `manifest`, one epoch on."""
    token, current = registry.current_release()
    released = Release(
        epoch=current.epoch + 1,
        champion=manifest.version,
        manifest_sha256=digest(manifest.to_bytes()),
        floor=current.floor,
        pinned=pinned,
        by="test",
        reason="test",
        at="2026-01-02T03:04:05Z",
    )
    registry.move_release(released, token)
    return released


def registry_with(*versions: int) -> Registry:
    """A registry in memory: small models that score differently, each released in turn."""
    registry = Registry(MemoryStore(), MemoryStore(), sleep=lambda _seconds: None)
    for version in versions:
        release(registry, put_model(registry, version, strength=1.0 + version / 10))
    return registry


def _loadable_parts(manifest: Manifest, arrays: Arrays) -> dict[str, bytes]:
    scorer = Scorer(Bundle(manifest, arrays, []))
    golden = [
        {"ticket": t, "probability": scorer.probability(normal_ticket(**t))} for t in GOLDEN_TICKETS
    ]
    return {ARRAYS: arrays.to_bytes(), GOLDEN: canonical_json(golden)}
