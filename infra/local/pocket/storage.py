"""Cloud Storage's JSON API for Google's client: it reads, writes, lists and deletes objects."""

import secrets
from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, jsonify, request
from werkzeug.routing import BaseConverter

from infra.local.pocket import storage_arguments as arguments
from infra.local.pocket import uploads
from infra.local.pocket.access import Access
from infra.local.pocket.downloads import media
from infra.local.pocket.errors import ApiError
from infra.local.pocket.objects import Objects
from infra.local.pocket.resources import NewObject
from infra.local.pocket.uploads import Session

Notify = Callable[[str, dict[str, object]], None]
"""Called after an object was written, with the event type and the object's resource."""


class ObjectName(BaseConverter):
    """An object's name in a path: it may hold slashes anywhere."""

    regex = ".+"
    part_isolating = False


def storage_blueprint(objects: Objects, access: Access, notify: Notify) -> Blueprint:
    """The API's routes; `notify` is called for every object that was written."""
    api = _StorageApi(objects, access, notify)
    bucket = "/storage/v1/b/<bucket>/o"
    routes = Blueprint("storage", __name__)
    routes.record_once(lambda state: state.app.url_map.converters.update(object_name=ObjectName))
    routes.get("/storage/v1/b/<bucket>/storageLayout")(api.layout)
    routes.get(bucket)(api.list)
    routes.get(f"{bucket}/<object_name:name>")(api.get)
    routes.get(f"/download{bucket}/<object_name:name>", endpoint="download")(api.get)
    routes.delete(f"{bucket}/<object_name:name>")(api.delete)
    for path in (f"/upload{bucket}", f"/resumable/upload{bucket}"):  # gcloud takes the second
        routes.post(path)(api.upload)
        routes.put(path)(api.resume)
    return routes


class _StorageApi:
    """One method a route. As in Cloud Storage, grants are checked before preconditions."""

    def __init__(self, objects: Objects, access: Access, notify: Notify) -> None:
        self._objects = objects
        self._access = access
        self._notify = notify
        self._sessions: dict[str, Session] = {}  # they end with the process, as after a week

    def list(self, bucket: str) -> Response:
        arguments.expect_only(arguments.LISTING)
        query = arguments.query()
        self._require("storage.objects.list", bucket, list_prefix=query.prefix)
        page = self._objects.list(bucket, query)
        answer: dict[str, object] = {"kind": "storage#objects"}
        if page.objects:
            answer["items"] = [stored.resource(request.host_url) for stored in page.objects]
        if page.prefixes:
            answer["prefixes"] = page.prefixes
        if page.after:
            answer["nextPageToken"] = arguments.page_token(page.after)
        return jsonify(answer)

    def layout(self, bucket: str) -> Response:
        """Whether folders are more than prefixes of names, which `gcloud storage cp -r` asks."""
        arguments.expect_only({"prefix"})
        prefix = request.args.get("prefix", "")
        self._require("storage.objects.list", bucket, list_prefix=prefix)
        folders = {"hierarchicalNamespace": {"enabled": False}}
        return jsonify({"kind": "storage#storageLayout", "bucket": bucket} | folders)

    def get(self, bucket: str, name: str) -> Response:
        arguments.expect_only(arguments.PRECONDITIONS | {"generation"})
        self._require("storage.objects.get", bucket, name)
        generation, preconditions = arguments.number("generation"), arguments.preconditions()
        stored = self._objects.get(bucket, name, generation, preconditions)
        if request.args.get("alt") != "media":
            return jsonify(stored.resource(request.host_url))
        return media(stored, self._objects.open(stored))

    def delete(self, bucket: str, name: str) -> Response:
        arguments.expect_only(arguments.PRECONDITIONS | {"generation"})
        self._require("storage.objects.delete", bucket, name)
        generation, preconditions = arguments.number("generation"), arguments.preconditions()
        self._objects.delete(bucket, name, generation, preconditions)
        return Response(status=204)

    def upload(self, bucket: str) -> Response:
        arguments.expect_only(arguments.PRECONDITIONS | {"uploadType", "name", "contentEncoding"})
        kind = request.args.get("uploadType")
        if kind == "resumable":
            return self._start(bucket)
        if kind == "multipart":
            metadata, content_type, body = uploads.related_parts(request)
        elif kind == "media":
            metadata, body = {}, request.get_data()
            content_type = request.headers.get("Content-Type")
        else:
            raise ApiError(400, "invalid", f"Unknown uploadType {kind!r}.")
        session = self._session(uploads.new_object(request, bucket, metadata, content_type))
        session.draft.append(body)
        return self._finish(session)

    def resume(self, bucket: str) -> Response:
        upload_id = request.args.get("upload_id", "")
        session, member = self._sessions.get(upload_id), self._access.caller(request)
        if session is None or session.member != member:
            problem = "There is no such upload session; start the upload again."
            raise ApiError(404, "notFound", problem)
        if session.stored:  # the answer to the last chunk was lost
            return jsonify(session.stored.resource(request.host_url))
        if uploads.receive(request, session.draft):
            session.new = uploads.with_hashes(session.new, request)
            try:
                return self._finish(session)
            except ApiError:  # it is over, and its bytes are gone
                del self._sessions[upload_id]
                raise
        response = Response(status=308)
        if session.draft.size:
            response.headers["Range"] = f"bytes=0-{session.draft.size - 1}"
        return response

    def _start(self, bucket: str) -> Response:
        content_type = request.headers.get("X-Upload-Content-Type")
        new = uploads.new_object(
            request, bucket, uploads.json_object(request.get_data()), content_type
        )
        upload_id = secrets.token_urlsafe(24)
        self._sessions[upload_id] = self._session(new)
        location = f"{request.base_url}?uploadType=resumable&upload_id={upload_id}"
        return Response(status=200, headers={"Location": location})

    def _session(self, new: NewObject) -> Session:
        member = self._require("storage.objects.create", new.bucket, new.name)
        return Session(member, new, arguments.preconditions(), self._objects.payloads.draft())

    def _finish(self, session: Session) -> Response:
        new, bucket = session.new, f"buckets/{session.new.bucket}"
        may_replace = partial(
            self._access.require, session.member, "storage.objects.delete", bucket, new.name
        )
        stored = self._objects.put(new, session.draft, session.preconditions, may_replace)
        session.stored = stored
        self._notify("OBJECT_FINALIZE", stored.resource(request.host_url))
        return jsonify(stored.resource(request.host_url))

    def _require(
        self, permission: str, bucket: str, name: str | None = None, list_prefix: str = ""
    ) -> str:
        """The caller, if allowed. An unknown bucket is a 404 for every caller with a token."""
        member = self._access.caller(request)
        self._objects.expect_bucket(bucket)
        self._access.require(member, permission, f"buckets/{bucket}", name, list_prefix)
        return member
