"""ObjectStore: the four calls this system makes to a bucket, and their Cloud Storage adapter.

A token is an object's generation. It identifies a version, it does not order versions: Cloud Storage does not promise
that generations increase.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, cast

import google_crc32c
import requests
from google.api_core import exceptions as api
from google.api_core.retry import Retry
from google.auth import exceptions as auth
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption

from urgency.errors import Conflict, CorruptObject, Forbidden, Gone, Unavailable

ABSENT: Final = 0
"""What `put` expects of an object that must not exist yet: Cloud Storage's generation 0."""


class Unchanged(Enum):
    """The answer to a `get` whose `unless` token is still the current one."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class Versioned(NamedTuple):
    """An object's bytes and the token of exactly these bytes."""

    token: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """One object as a listing shows it; `size` in bytes, `crc32c` in base64 as Cloud Storage writes it."""

    name: str
    generation: int
    size: int
    crc32c: str
    created: datetime


class ObjectStore(Protocol):
    """One bucket. Every call raises Unavailable or Forbidden where the cloud says so."""

    def get(self, name: str, unless: int | None = None) -> Versioned | Unchanged | None:
        """Current bytes; None where there is no such object, UNCHANGED where its token is `unless`."""
        ...

    def open_at(self, name: str, generation: int) -> BinaryIO:
        """Stream one generation. Raises Gone; the stream raises CorruptObject at its end if crc32c differs."""
        ...

    def put(self, name: str, body: bytes, expect: int) -> int:
        """Write if the current token is `expect` (or ABSENT) and return the new token. Raises Conflict.

        Never retried here: a retried conditional write may be refused because of its own success.
        """
        ...

    def list(self, prefix: str, after: str | None = None) -> Iterator[Listed]:
        """Live objects below `prefix` in order of name, from the first whose name is greater than `after`."""
        ...


class CloudBucket:
    """ObjectStore on a Cloud Storage bucket.

    Reads are retried as `retry` says; give None on a path that must answer quickly, since the library's default blocks
    for over 20 s when storage is down. `timeout_s` bounds each request in seconds.
    """

    def __init__(
        self, client: storage.Client, name: str, *, retry: Retry | None, timeout_s: float
    ) -> None:
        self.name = name
        self._bucket = client.bucket(name)
        self._client = client
        self._how: dict[str, Any] = {"retry": retry, "timeout": timeout_s}
        self._once: dict[str, Any] = {"retry": None, "timeout": timeout_s}

    def get(self, name: str, unless: int | None = None) -> Versioned | Unchanged | None:
        """See ObjectStore."""
        blob = self._bucket.blob(
            name
        )  # a fresh Blob each time: a used one pins the generation that it saw
        try:
            with _translated(f"read {name}"):
                body = blob.download_as_bytes(if_generation_not_match=unless, **self._how)
        except api.NotModified:
            return UNCHANGED
        except api.NotFound:
            return None
        # Some servers ignore the condition on a read; then the generation they answer with says the same.
        return UNCHANGED if blob.generation == unless else Versioned(_generation(blob), body)

    def open_at(self, name: str, generation: int) -> BinaryIO:
        """See ObjectStore."""
        described = self._bucket.blob(name, generation=generation)
        try:
            with _translated(f"read {name}"):
                described.reload(**self._how)
        except api.NotFound:
            raise Gone(f"{name} generation {generation} no longer exists in {self.name}.") from None
        # Not from `described`: a loaded Blob reads from its mediaLink, wherever that leads, not from our endpoint.
        fresh = self._bucket.blob(name, generation=generation)
        raw = fresh.open("rb", chunk_size=4 * 1024 * 1024, **self._how)
        return cast(BinaryIO, io.BufferedReader(_Checked(raw, described), 1024 * 1024))

    def put(self, name: str, body: bytes, expect: int) -> int:
        """See ObjectStore."""
        blob = self._bucket.blob(name)
        try:
            with _translated(f"write {name}"):
                blob.upload_from_string(
                    body,
                    "application/octet-stream",
                    if_generation_match=expect,
                    checksum="crc32c",
                    **self._once,
                )
        except api.PreconditionFailed:
            raise Conflict(f"{name} in {self.name} is no longer at generation {expect}.") from None
        return _generation(blob)

    def list(self, prefix: str, after: str | None = None) -> Iterator[Listed]:
        """See ObjectStore."""
        with _translated(f"list {prefix}"):
            for blob in self._client.list_blobs(
                self._bucket, prefix=prefix, start_offset=after, **self._how
            ):
                if blob.name != after:  # the API's start offset is inclusive
                    yield Listed(
                        blob.name, _generation(blob), blob.size, blob.crc32c, blob.time_created
                    )


def storage_client(project: str, endpoint: str) -> storage.Client:
    """A client for Google's endpoint, or for `endpoint` (private, regional or local) where it is not empty.

    Raises Forbidden where no credentials are found.
    """
    with _translated("reach Cloud Storage"):
        return storage.Client(
            project=project, client_options={"api_endpoint": endpoint} if endpoint else None
        )


class _Checked(io.RawIOBase):
    """A raw stream that compares crc32c with what storage declared once all bytes have passed."""

    def __init__(self, source: BinaryIO, declared: storage.Blob) -> None:
        super().__init__()
        self._source, self._name, self._expected = source, declared.name, declared.crc32c
        self._left: int = declared.size
        self._sum = google_crc32c.Checksum()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            with _translated(f"read {self._name}"):
                chunk = (
                    self._source.read(len(buffer)) if self._left else b""
                )  # asking for more is a request more
        except (api.NotFound, api.PreconditionFailed):
            raise Gone(f"{self._name} was deleted while it was read.") from None
        buffer[: len(chunk)] = chunk
        self._sum.update(chunk)
        self._left -= len(chunk)
        if not chunk and base64.b64encode(self._sum.digest()).decode() != self._expected:
            raise CorruptObject(
                f"{self._name} arrived with another crc32c than Cloud Storage holds; read it again."
            )
        return len(chunk)

    def close(self) -> None:
        self._source.close()
        super().close()


def _generation(blob: storage.Blob) -> int:
    """The generation the server answered with, as a number."""
    return int(blob.generation)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Vendor errors that mean the same for every call, in our words."""
    try:
        yield
    except (
        api.TooManyRequests,
        api.ServerError,
        api.RetryError,
        requests.RequestException,
    ) as error:
        raise Unavailable(
            f"Cloud Storage could not {what}: {type(error).__name__}. Try again later."
        ) from error
    except (auth.TransportError, auth.RefreshError) as error:
        raise Unavailable(
            f"No access token to {what}: {type(error).__name__}. Try again later."
        ) from error
    except DataCorruption as error:
        raise CorruptObject(
            f"Could not {what}: what arrived has another crc32c than Cloud Storage holds."
        ) from error
    except (api.Forbidden, api.Unauthorized) as error:
        raise Forbidden(f"This identity may not {what}: {error.message}") from error
    except auth.DefaultCredentialsError as error:
        raise Forbidden(
            f"No Google credentials to {what}; run 'gcloud auth application-default login'."
        ) from error
