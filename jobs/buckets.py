"""The buckets of an installation, as a job reaches them."""

from __future__ import annotations

from collections.abc import Callable

from urgency.settings import Settings
from urgency.store import CloudBucket, storage_client

STORAGE_TIMEOUT_S = 60.0
PATIENCE_S = 60.0
"""How long a read is tried again before the run fails and the platform starts another attempt."""


def buckets_of(settings: Settings) -> Callable[[str], CloudBucket]:
    """The bucket of a name. Raises Forbidden where no credentials are found."""
    client = storage_client(settings)
    return lambda name: CloudBucket(
        client, name, timeout_s=STORAGE_TIMEOUT_S, patience_s=PATIENCE_S
    )
