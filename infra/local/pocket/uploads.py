"""How an object's bytes arrive: in one request, with its metadata, or in resumable chunks.

https://cloud.google.com/storage/docs/json_api/v1/how-tos/multipart-upload and
.../docs/performing-resumable-uploads
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from flask import Request
from werkzeug.http import parse_dict_header

from infra.local.pocket.errors import ApiError
from infra.local.pocket.payloads import Draft
from infra.local.pocket.resources import NewObject, Preconditions, StoredObject

_KEPT = {"name", "bucket", "contentType", "contentEncoding", "metadata", "crc32c", "md5Hash"}
_CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-\d+|\*)/(?P<total>\d+|\*)")
_BOUNDARY = re.compile(r"""boundary=(["']?)([^"';]+)\1""")
_CODING = re.compile(r"[\w.*+, -]*", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PIECE_BYTES = 1024 * 1024


@dataclass
class Session:
    """An upload: what its start asked for, what has arrived, and at its end the new object."""

    member: str
    new: NewObject
    preconditions: Preconditions
    draft: Draft
    stored: StoredObject | None = None


def new_object(
    request: Request, bucket: str, metadata: dict[str, Any], content_type: str | None
) -> NewObject:
    """The object that metadata, query and headers of an upload tell. Raises ApiError 400, 501."""
    if unknown := metadata.keys() - _KEPT:
        names = ", ".join(sorted(unknown))
        raise ApiError(501, "notImplemented", f"The pocket cloud does not keep {names}.")
    name = metadata.get("name") or request.args.get("name", "")
    if not _is_object_name(name):
        raise ApiError(400, "invalid", f"Invalid object name: {str(name)[:100]!r}.")
    encoding = request.args.get("contentEncoding") or metadata.get("contentEncoding") or ""
    if not _CODING.fullmatch(str(encoding)):
        raise ApiError(400, "invalid", f"Invalid contentEncoding: {str(encoding)[:100]!r}.")
    new = NewObject(
        bucket=bucket,
        name=name,
        content_type=metadata.get("contentType") or content_type or "application/octet-stream",
        metadata=metadata.get("metadata") or {},
        crc32c=metadata.get("crc32c"),
        md5=metadata.get("md5Hash"),
        content_encoding=str(encoding),
    )
    return with_hashes(new, request)


def _is_object_name(name: object) -> bool:
    """https://cloud.google.com/storage/docs/objects#naming."""
    if not isinstance(name, str) or name in {".", ".."} or "\n" in name or "\r" in name:
        return False
    return 1 <= len(name.encode(errors="surrogatepass")) <= 1024 and not _SURROGATE.search(name)


def with_hashes(new: NewObject, request: Request) -> NewObject:
    """`new` with the checksums of the header, which a resumable upload's last chunk may have."""
    hashes = parse_dict_header(request.headers.get("X-Goog-Hash", ""))
    return replace(new, crc32c=hashes.get("crc32c") or new.crc32c, md5=hashes.get("md5") or new.md5)


def json_object(body: bytes) -> dict[str, Any]:
    """A JSON object; nothing is an empty one. Raises ApiError 400."""
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError(400, "parseError", f"The metadata is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ApiError(400, "parseError", "The metadata is not a JSON object.")
    return value


def related_parts(request: Request) -> tuple[dict[str, Any], str | None, bytes]:
    """Metadata, content type and bytes of a multipart/related body. Raises ApiError 400.

    As gcloud writes it too: its lines end in a bare newline, its boundary stands in single quotes.
    """
    named = _BOUNDARY.search(request.headers.get("Content-Type", ""))
    boundary = b"--" + (named[2].encode() if named else b"")
    try:
        _, first, rest = request.get_data().split(boundary, 2)
        line_end = b"\r\n" if first.startswith(b"\r\n") else b"\n"
        second = rest[: rest.rindex(line_end + boundary + b"--")]
        _, _, metadata = first.partition(line_end * 2)
        head, _, media = second.partition(line_end * 2)
    except ValueError:
        problem = "The body is not multipart/related with two parts."
        raise ApiError(400, "badRequest", problem) from None
    content_type = re.search(rb"(?im)^content-type:\s*([^\r\n]+)", head)
    return json_object(metadata), content_type[1].decode() if content_type else None, media


def receive(request: Request, draft: Draft) -> bool:
    """Append a chunk; True when the upload is complete. Raises ApiError 400 where bytes miss."""
    default = f"bytes 0-0/{request.content_length or 0}"
    match = _CONTENT_RANGE.fullmatch(request.headers.get("Content-Range", default))
    if not match:
        raise ApiError(400, "invalid", "Content-Range is not understood.")
    if match["first"] is not None:
        _append(request, draft, repeated=draft.size - int(match["first"]))
    return match["total"] != "*" and draft.size == int(match["total"])


def _append(request: Request, draft: Draft, *, repeated: int) -> None:
    """Add the request's body without its first bytes, sent before: that answer was lost."""
    if repeated < 0:
        problem = f"The upload goes on at byte {draft.size}; the chunk starts after that."
        raise ApiError(400, "invalid", problem)
    while piece := request.stream.read(_PIECE_BYTES):
        draft.append(piece[repeated:])
        repeated = max(0, repeated - len(piece))
