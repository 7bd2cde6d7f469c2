"""How an object's bytes leave: as they are stored, or unpacked for a client that reads no gzip.

https://cloud.google.com/storage/docs/transcoding
"""

import gzip
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, cast

from flask import Response, request
from werkzeug.datastructures import ContentRange

from infra.local.pocket.errors import ApiError
from infra.local.pocket.resources import StoredObject

_PIECE_BYTES = 1024 * 1024


def media(stored: StoredObject, file: BinaryIO) -> Response:
    """The payload, the range of it that the request asks for, or all of it unpacked.

    Raises ApiError 416 for a range beyond the end, 503 where `gzip` is declared and is not there.
    """
    if stored.content_encoding == "gzip" and not request.accept_encodings.quality("gzip"):
        response = _unpacked(stored, file)
    else:
        response = _as_stored(stored, file)
    response.call_on_close(file.close)
    response.headers["X-Goog-Generation"] = str(stored.generation)
    response.headers["X-Goog-Metageneration"] = "1"
    response.headers["X-Goog-Stored-Content-Encoding"] = stored.content_encoding or "identity"
    response.headers["X-Goog-Stored-Content-Length"] = str(stored.size)
    return response


def _as_stored(stored: StoredObject, file: BinaryIO) -> Response:
    start, stop = 0, stored.size
    if request.range:
        span = request.range.range_for_length(stored.size)
        if span is None:
            file.close()
            problem = f"The object has {stored.size} bytes."
            raise ApiError(416, "requestedRangeNotSatisfiable", problem)
        start, stop = span
    file.seek(start)
    response = Response(_pieces(file, stop - start), content_type=stored.content_type)
    response.content_length = stop - start
    response.headers["X-Goog-Hash"] = f"crc32c={stored.crc32c},md5={stored.md5}"
    if stored.content_encoding:
        response.headers["Content-Encoding"] = stored.content_encoding
    if request.range:
        response.status_code = 206
        content_range = ContentRange("bytes", start, stop, stored.size)
        response.headers["Content-Range"] = content_range.to_header()
    return response


def _unpacked(stored: StoredObject, file: BinaryIO) -> Response:
    """Without checksums and length, which are those of the stored bytes; a range is ignored."""
    unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=file))
    try:
        first = unpacked.read(_PIECE_BYTES)
    except (OSError, EOFError, zlib.error):
        file.close()
        raise ApiError(503, "backendError", "The object is not the gzip it says it is.") from None
    rest = iter(lambda: unpacked.read(_PIECE_BYTES), b"")
    return Response(chain([first], rest), content_type=stored.content_type)


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0:
        piece = file.read(min(length, _PIECE_BYTES))
        length -= len(piece)
        yield piece
