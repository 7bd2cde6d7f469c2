"""What people may see of a model, and a list that one damaged manifest does not hide."""

from __future__ import annotations

import json

from service.model_cards import model_card, newest_models
from tests.service.faults import corrupt
from tests.support.models import put_model, registry_with
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import Verdict


def test_a_card_tells_everything_but_what_was_learned():
    registry = registry_with(1)
    manifest = registry.manifest(1)
    assert manifest
    card = model_card(manifest)
    assert not {"weights", "parts", "bias", "unseen_idf"} & set(card)
    assert (card["threshold"], card["execution"]) == (manifest.threshold, manifest.execution)
    assert card["verdict"]["decision"] == "PROMOTE"
    json.dumps(card)


def test_the_newest_versions_come_first_and_no_more_than_asked_for():
    registry = registry_with(1, 2, 3)
    models = newest_models(registry, 2, serving_version=2)
    assert [(model["version"], model["serving"]) for model in models] == [(3, False), (2, True)]
    assert len(newest_models(registry, 50, serving_version=0)) == 3


def test_an_entry_says_why_a_version_was_not_promoted():
    registry = registry_with()
    put_model(registry, 1, verdict=Verdict("HOLD", ("Too few tickets.",), 0))
    [entry] = newest_models(registry, 20, serving_version=0)
    assert entry["verdict"] == {"decision": "HOLD", "reasons": ("Too few tickets.",), "against": 0}
    assert set(entry) == {
        *("version", "serving", "created_at", "verdict", "rows", "threshold", "metrics", "cause"),
    }


def test_an_empty_registry_has_no_history():
    assert newest_models(registry_with(), 20, serving_version=0) == []


def test_a_manifest_that_cannot_be_read_is_listed_with_its_problem_among_the_others():
    registry = registry_with(1, 2, 3)
    corrupt(registry, "models/00000002.json")
    newest, damaged, oldest = newest_models(registry, 20, serving_version=3)
    assert (newest["version"], damaged["version"], oldest["version"]) == (3, 2, 1)
    assert damaged["problem"]
    assert "problem" not in newest
    assert "problem" not in oldest


def test_a_manifest_that_is_deleted_while_the_list_is_made_is_listed_too():
    registry = registry_with(1, 2)
    objects = registry.objects
    assert isinstance(objects, MemoryStore)

    def delete_it(when: str) -> None:
        if when == "before get models/00000001.json":
            objects.delete("models/00000001.json")

    objects.fault = delete_it
    newest, gone = newest_models(registry, 20, serving_version=2)
    assert newest["serving"] is True
    assert (gone["version"], gone["serving"]) == (1, False)
    assert gone["problem"]
