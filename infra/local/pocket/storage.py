"""Cloud Storage's JSON API, as far as Google's client uses it to read, write, list and delete
objects.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import ContentRange
from werkzeug.routing import BaseConverter

from infra.local.pocket.access import Access
from infra.local.pocket.errors import ApiError
from infra.local.pocket.objects import Objects
from infra.local.pocket.resources import NewObject, Preconditions, Query, StoredObject
from infra.local.pocket.uploads import (
    Session,
    Sessions,
    described,
    json_object,
    receive,
    related_parts,
    with_hashes,
)

Notify = Callable[[str, dict[str, object]], None]
"""Called after an object was written, with the event type and the object's resource."""

_NUMBER = re.compile(r"[0-9]{1,18}")  # what the index can hold
_PIECE_BYTES = 1024 * 1024
_ANY = {
    "alt",
    "fields",
    "prettyPrint",
    "projection",
}  # they shape the answer, which is always whole
_PRECONDITIONS = {
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
}
_LISTING = {
    "prefix",
    "delimiter",
    "startOffset",
    "endOffset",
    "versions",
    "pageToken",
    "maxResults",
}


class ObjectName(BaseConverter):
    """An object's name in a path: it may hold slashes anywhere."""

    regex = ".+"
    part_isolating = False


def storage_blueprint(objects: Objects, access: Access, notify: Notify) -> Blueprint:
    """The API's routes; `notify` hears of every object that was written."""
    api = _StorageApi(objects, access, notify)
    bucket = "/storage/v1/b/<bucket>/o"
    routes = Blueprint("storage", __name__)
    routes.record_once(lambda state: state.app.url_map.converters.update(object_name=ObjectName))
    routes.get(bucket)(api.list)
    routes.get(f"{bucket}/<object_name:name>")(api.get)
    routes.get(f"/download{bucket}/<object_name:name>", endpoint="download")(api.get)
    routes.delete(f"{bucket}/<object_name:name>")(api.delete)
    routes.post(f"/upload{bucket}")(api.upload)
    routes.put(f"/upload{bucket}")(api.resume)
    return routes


class _StorageApi:
    """One method a route. Authorisation comes before preconditions, as in Cloud Storage."""

    def __init__(self, objects: Objects, access: Access, notify: Notify) -> None:
        self._objects = objects
        self._access = access
        self._notify = notify
        self._sessions = Sessions()

    def list(self, bucket: str) -> Response:
        _expect_only(_LISTING)
        self._require("storage.objects.list", bucket)
        page = self._objects.list(bucket, _query())
        answer: dict[str, object] = {"kind": "storage#objects"}
        if page.objects:
            answer["items"] = [stored.resource() for stored in page.objects]
        if page.prefixes:
            answer["prefixes"] = page.prefixes
        if page.after:
            answer["nextPageToken"] = _sealed(page.after)
        return jsonify(answer)

    def get(self, bucket: str, name: str) -> Response:
        _expect_only(_PRECONDITIONS | {"generation"})
        self._require("storage.objects.get", bucket, name)
        stored = self._objects.get(bucket, name, _number("generation"), _preconditions())
        if request.args.get("alt") != "media":
            return jsonify(stored.resource())
        return _media(stored, self._objects.open(stored))

    def delete(self, bucket: str, name: str) -> Response:
        _expect_only(_PRECONDITIONS | {"generation"})
        self._require("storage.objects.delete", bucket, name)
        self._objects.delete(bucket, name, _number("generation"), _preconditions())
        return Response(status=204)

    def upload(self, bucket: str) -> Response:
        _expect_only(_PRECONDITIONS | {"uploadType", "name"})
        kind = request.args.get("uploadType")
        if kind == "resumable":
            return self._start(bucket)
        if kind == "multipart":
            metadata, content_type, body = related_parts(request)
            new = described(request, bucket, metadata, content_type)
        elif kind == "media":
            new, body = (
                described(request, bucket, {}, request.headers.get("Content-Type")),
                request.get_data(),
            )
        else:
            raise ApiError(400, "invalid", f"Unknown uploadType {kind!r}.")
        session = self._session(new)
        session.draft.append(body)
        return self._finish(session)

    def resume(self, bucket: str) -> Response:
        upload_id = request.args.get("upload_id", "")
        session = self._sessions.find(upload_id, self._access.caller(request))
        if session.stored:  # the answer to the last chunk was lost
            return jsonify(session.stored.resource())
        if receive(request, session.draft):
            session.new = with_hashes(session.new, request)
            with self._sessions.ended_by_error(upload_id):
                return self._finish(session)
        response = Response(status=308)
        if session.draft.size:
            response.headers["Range"] = f"bytes=0-{session.draft.size - 1}"
        return response

    def _start(self, bucket: str) -> Response:
        content_type = request.headers.get("X-Upload-Content-Type")
        new = described(request, bucket, json_object(request.get_data()), content_type)
        upload_id = self._sessions.start(self._session(new))
        response = Response(status=200)
        response.headers["Location"] = (
            f"{request.base_url}?uploadType=resumable&upload_id={upload_id}"
        )
        return response

    def _session(self, new: NewObject) -> Session:
        member = self._require("storage.objects.create", new.bucket, new.name)
        return Session(member, new, _preconditions(), self._objects.payloads.draft())

    def _finish(self, session: Session) -> Response:
        new = session.new
        may_replace = partial(
            self._access.require,
            session.member,
            "storage.objects.delete",
            f"buckets/{new.bucket}",
            new.name,
        )
        session.stored = self._objects.put(new, session.draft, session.demands, may_replace)
        self._notify("OBJECT_FINALIZE", session.stored.resource())
        return jsonify(session.stored.resource())

    def _require(self, permission: str, bucket: str, name: str | None = None) -> str:
        """The caller, if allowed. A bucket that does not exist is a 404 to everyone who is logged
        in.
        """
        member = self._access.caller(request)
        self._objects.expect_bucket(bucket)
        self._access.require(member, permission, f"buckets/{bucket}", name)
        return member


def _media(stored: StoredObject, file: BinaryIO) -> Response:
    """The payload or the range of it that the request asks for. Raises ApiError 416."""
    start, stop = 0, stored.size
    if request.range:
        span = request.range.range_for_length(stored.size)
        if span is None:
            file.close()
            raise ApiError(
                416, "requestedRangeNotSatisfiable", f"The object has {stored.size} bytes."
            )
        start, stop = span
    file.seek(start)
    response = Response(_pieces(file, stop - start), content_type=stored.content_type)
    response.call_on_close(file.close)
    response.content_length = stop - start
    response.headers["X-Goog-Generation"] = str(stored.generation)
    response.headers["X-Goog-Metageneration"] = "1"
    response.headers["X-Goog-Hash"] = f"crc32c={stored.crc32c},md5={stored.md5}"
    response.headers["X-Goog-Stored-Content-Length"] = str(stored.size)
    if request.range:
        response.status_code = 206
        response.headers["Content-Range"] = ContentRange(
            "bytes", start, stop, stored.size
        ).to_header()
    return response


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0:
        piece = file.read(min(length, _PIECE_BYTES))
        length -= len(piece)
        yield piece


def _expect_only(known: set[str]) -> None:
    """An argument that is silently ignored would be a lie about what was done."""
    if unknown := request.args.keys() - known - _ANY:
        raise ApiError(
            501, "notImplemented", f"The pocket cloud does not know {', '.join(sorted(unknown))}."
        )


def _preconditions() -> Preconditions:
    return Preconditions(
        generation_match=_number("ifGenerationMatch"),
        generation_not_match=_number("ifGenerationNotMatch"),
        metageneration_match=_number("ifMetagenerationMatch"),
        metageneration_not_match=_number("ifMetagenerationNotMatch"),
    )


def _query() -> Query:
    arguments = request.args
    return Query(
        prefix=arguments.get("prefix", ""),
        delimiter=arguments.get("delimiter", ""),
        start_offset=arguments.get("startOffset", ""),
        end_offset=arguments.get("endOffset", ""),
        versions=arguments.get("versions", "").lower() == "true",
        after=_opened(arguments["pageToken"]) if "pageToken" in arguments else ("", 0),
        limit=min(_number("maxResults") or 1000, 1000),
    )


def _sealed(after: tuple[str, int]) -> str:
    """A page token: opaque, and safe in a URL."""
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode()


def _opened(page_token: str) -> tuple[str, int]:
    try:
        name, generation = json.loads(base64.urlsafe_b64decode(page_token))
        return str(name), int(generation)
    except (ValueError, TypeError):
        raise ApiError(400, "invalid", "The page token is not one of ours.") from None


def _number(argument: str) -> int | None:
    value = request.args.get(argument)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise ApiError(400, "invalid", f"{argument} is not a number: {value!r}")
    return int(value)
