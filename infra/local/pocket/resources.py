"""The terms of the storage API: objects, uploads, preconditions and listings."""

import json
from dataclasses import dataclass, field
from urllib.parse import quote

from infra.local.pocket.errors import ApiError


@dataclass(frozen=True)
class StoredObject:
    """One generation of an object; `deleted`: when the next replaced it. Times in RFC 3339."""

    bucket: str
    name: str
    generation: int
    size: int
    crc32c: str
    md5: str
    content_type: str
    metadata: str
    created: str
    payload: str
    deleted: str | None = None
    content_encoding: str = ""

    def resource(self, endpoint: str) -> dict[str, object]:
        """https://cloud.google.com/storage/docs/json_api/v1/objects#resource, at `endpoint`."""
        path = f"download/storage/v1/b/{self.bucket}/o/{quote(self.name, safe='')}"
        resource: dict[str, object] = {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": "1",
            "contentType": self.content_type,
            "storageClass": "STANDARD",
            "size": str(self.size),
            "md5Hash": self.md5,
            "crc32c": self.crc32c,
            "etag": str(self.generation),
            "timeCreated": self.created,
            "updated": self.created,
            "mediaLink": f"{endpoint}{path}?generation={self.generation}&alt=media",
        }
        if self.deleted:
            resource["timeDeleted"] = self.deleted
        if self.content_encoding:
            resource["contentEncoding"] = self.content_encoding
        if self.metadata != "{}":
            resource["metadata"] = json.loads(self.metadata)
        return resource


@dataclass(frozen=True)
class NewObject:
    """What an upload says about the object that it makes."""

    bucket: str
    name: str
    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)
    crc32c: str | None = None
    md5: str | None = None
    content_encoding: str = ""


@dataclass(frozen=True)
class Preconditions:
    """What a request expects of the current object: None nothing, generation 0 no such object.

    No call here changes metadata, so the metageneration of an object is 1, of an absent one 0.
    """

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    def check(self, current: StoredObject | None, *, reading: bool = False) -> None:
        """Raise ApiError 412 where `current` is not as expected, 304 where a reader has it."""
        actual = (current.generation, 1) if current else (0, 0)
        expected = (self.generation_match, self.metageneration_match)
        excluded = (self.generation_not_match, self.metageneration_not_match)
        if any(one not in (None, number) for one, number in zip(expected, actual, strict=True)):
            problem = "At least one of the pre-conditions you specified did not hold."
            raise ApiError(412, "conditionNotMet", problem)
        if any(one == number for one, number in zip(excluded, actual, strict=True)):
            problem = "The object is at the generation you excluded."
            raise ApiError(304 if reading else 412, "conditionNotMet", problem)


@dataclass(frozen=True)
class Query:
    """Which objects a listing shows; offsets are names, `after` ends the page before."""

    prefix: str = ""
    delimiter: str = ""
    start_offset: str = ""
    end_offset: str = ""
    versions: bool = False
    after: tuple[str, int] = ("", 0)
    limit: int = 1000


@dataclass
class Page:
    """One page of a listing; `after`, where there is more, is for the next query."""

    objects: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    after: tuple[str, int] | None = None
