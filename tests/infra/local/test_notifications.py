from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud import storage
from google.pubsub_v1 import SubscriberClient
from google.pubsub_v1.types import PubsubMessage

from infra.local.wiring import Wiring
from tests.support.cloud.whole_cloud import WIRING, Cloud, cloud, granting, without

(CONFIG,) = WIRING.notifications
AGENT = WIRING.agents["storage"]
DEAD = next(one for one in WIRING.subscriptions if one.name == "dead-letters")
# The operator can pull what the function would be pushed.
TAPPED = replace(WIRING, subscriptions=(replace(DEAD, topic=CONFIG.topic),))

pytestmark = pytest.mark.filterwarnings("ignore:The return_immediately flag:DeprecationWarning")


@pytest.fixture(autouse=True)
def _no_bucket_metadata_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


def write(place: Cloud, bucket: str, name: str) -> storage.Blob:
    blob = storage.Client(WIRING.project, **place.options()).bucket(bucket).blob(name)
    blob.upload_from_string("title,description\na,b\n", content_type="text/csv")
    return blob


def announced(place: Cloud) -> list[PubsubMessage]:
    client = SubscriberClient(transport="rest", **place.options())
    path = client.subscription_path(WIRING.project, DEAD.name)
    request = {"subscription": path, "max_messages": 10, "return_immediately": True}
    return [one.message for one in client.pull(request=request).received_messages]


def test_a_new_object_under_the_prefix_is_announced_as_cloud_storage_does(tmp_path: Path) -> None:
    with cloud(tmp_path, TAPPED) as place:
        blob = write(place, CONFIG.bucket, "incoming/deep/é.csv")
        (message,) = announced(place)
    attributes = dict(message.attributes)
    assert attributes.pop("eventTime").endswith("Z")
    assert attributes == {
        "eventType": "OBJECT_FINALIZE",
        "payloadFormat": "JSON_API_V1",
        "bucketId": CONFIG.bucket,
        "objectId": "incoming/deep/é.csv",
        "objectGeneration": str(blob.generation),
        "notificationConfig": f"projects/_/buckets/{CONFIG.bucket}/notificationConfigs/1",
    }
    resource = json.loads(message.data)
    assert (resource["kind"], resource["name"], resource["bucket"]) == (
        "storage#object",
        "incoming/deep/é.csv",
        CONFIG.bucket,
    )
    assert (resource["generation"], resource["size"], resource["contentType"]) == (
        str(blob.generation),
        str(blob.size),
        "text/csv",
    )


@pytest.mark.parametrize(
    ("bucket", "name"),
    [("landing", "elsewhere/a.csv"), ("landing", "incomin"), ("control", "incoming/a.csv")],
)
def test_other_objects_are_not_announced(tmp_path: Path, bucket: str, name: str) -> None:
    full = next(one for one in WIRING.buckets if one.endswith(bucket))
    with cloud(
        tmp_path, granting(("roles/storage.objectUser", f"buckets/{full}"), wiring=TAPPED)
    ) as place:
        write(place, full, name)
        assert announced(place) == []
        assert [line["object"] for line in place.hops("object_finalize")] == [name]


def test_without_its_grant_storage_announces_nothing_and_a_note_says_so(tmp_path: Path) -> None:
    wiring: Wiring = without("roles/pubsub.publisher", f"topics/{CONFIG.topic}", TAPPED)
    with cloud(tmp_path, wiring) as place:
        write(place, CONFIG.bucket, "incoming/a.csv")
        assert announced(place) == []
        assert [line["who"] for line in place.hops("notification_refused")] == [AGENT]
