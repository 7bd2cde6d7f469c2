"""What the release pointer said before: the control bucket keeps its last versions."""

from __future__ import annotations

from urgency.errors import Gone
from urgency.google_errors import translated
from urgency.records import Release
from urgency.registry import RELEASE
from urgency.settings import Settings
from urgency.store import ObjectStore, storage_client

TIMEOUT_S = 20.0


def past_releases(settings: Settings, control: ObjectStore) -> list[Release]:
    """Every release that the bucket still keeps, first one first, today's included. Raises Unavailable, Forbidden."""
    client = storage_client(settings.project, settings.storage_endpoint)
    with translated("list what the release pointer said before"):
        listed = list(
            client.list_blobs(
                settings.control_bucket, prefix=RELEASE, versions=True, timeout=TIMEOUT_S
            )
        )
    releases = []
    for blob in listed:
        try:
            with control.open_at(RELEASE, int(blob.generation)) as stream:
                releases.append(Release.from_bytes(stream.read()))
        except Gone:  # the bucket's lifecycle was quicker
            continue
    return sorted(releases, key=lambda release: release.epoch)
