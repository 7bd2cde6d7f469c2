"""The storage API as Google's client and an honest user see it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import google_crc32c
import pytest
import requests
from google.api_core import exceptions as api
from google.cloud import storage

from infra.local.wiring import Grant
from infra.local.wiring_file import load_wiring
from tests.support.cloud.pocket import Pocket, pocket

OPERATOR = load_wiring().people["operator"]
BUCKET = load_wiring().buckets[0]
CHUNK = 256 * 1024


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Pocket]:
    with _open(tmp_path) as cloud:
        yield cloud


@pytest.fixture
def bucket(cloud: Pocket) -> storage.Bucket:
    return cloud.client("operator").bucket(BUCKET)


@pytest.fixture
def http(cloud: Pocket) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {cloud.token('operator')}"
        yield session


def test_an_upload_in_chunks_arrives_whole(bucket: storage.Bucket) -> None:
    body = os.urandom(3 * CHUNK + 17)
    bucket.blob("a", chunk_size=CHUNK).upload_from_file(
        io.BytesIO(body), size=len(body), checksum="crc32c"
    )
    assert bucket.blob("a").download_as_bytes() == body


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK, 2 * CHUNK + 1])
def test_an_upload_of_unknown_size_arrives_whole(bucket: storage.Bucket, size: int) -> None:
    body = os.urandom(size)
    with bucket.blob("a", chunk_size=CHUNK).open("wb") as stream:
        stream.write(body)
    assert bucket.blob("a").download_as_bytes() == body


def test_a_large_object_arrives_whole_in_one_piece(bucket: storage.Bucket) -> None:
    body = os.urandom(40 * 1024 * 1024)
    bucket.blob("a").upload_from_string(body)
    assert bucket.blob("a").download_as_bytes() == body


def test_an_upload_goes_on_where_it_was_broken_off(cloud: Pocket, http: requests.Session) -> None:
    session = _start_upload(cloud, http, "a")
    first = http.put(
        session, b"0123", headers={"Content-Range": "bytes 0-3/10"}, allow_redirects=False
    )
    assert (first.status_code, first.headers["Range"]) == (308, "bytes=0-3")
    asked = http.put(session, headers={"Content-Range": "bytes */10"}, allow_redirects=False)
    assert (asked.status_code, asked.headers["Range"]) == (308, "bytes=0-3")
    gap = http.put(session, b"89", headers={"Content-Range": "bytes 8-9/10"}, allow_redirects=False)
    assert gap.status_code == 400
    overlapping = http.put(session, b"23456789", headers={"Content-Range": "bytes 2-9/10"})
    assert (overlapping.status_code, overlapping.json()["size"]) == (200, "10")
    assert http.get(_object(cloud, "a"), params={"alt": "media"}).content == b"0123456789"


def test_the_answer_to_a_finished_upload_can_be_asked_for_again(
    cloud: Pocket, http: requests.Session
) -> None:
    session = _start_upload(cloud, http, "a")
    finished = http.put(session, b"0123")
    again = http.put(session, headers={"Content-Range": "bytes */4"})
    assert again.json() == finished.json()
    assert len(cloud.events) == 1


def test_an_upload_session_belongs_to_who_started_it(cloud: Pocket, http: requests.Session) -> None:
    session = _start_upload(cloud, http, "a")
    stranger = {"Authorization": f"Bearer {cloud.token('urgency-serve')}"}
    assert requests.put(session, b"x", headers=stranger, timeout=60).status_code == 404


@pytest.mark.parametrize("declared", ["md5_hash", "crc32c"])
def test_bytes_that_differ_from_their_declared_checksum_are_not_stored(
    bucket: storage.Bucket, declared: str
) -> None:
    blob = bucket.blob("a")
    wrong = {
        "md5_hash": hashlib.md5(b"other").digest(),
        "crc32c": google_crc32c.Checksum(b"other").digest(),
    }[declared]
    setattr(blob, declared, base64.b64encode(wrong).decode())
    with pytest.raises(api.BadRequest, match="doesn't match calculated"):
        blob.upload_from_string(b"body", checksum=None)
    assert not bucket.blob("a").exists()


def test_a_checksum_in_the_last_chunks_header_is_verified(
    cloud: Pocket, http: requests.Session
) -> None:
    session = _start_upload(cloud, http, "a")
    refused = http.put(session, b"body", headers={"X-Goog-Hash": "crc32c=AAAAAA=="})
    assert refused.status_code == 400
    assert http.get(_object(cloud, "a")).status_code == 404
    assert http.put(session, headers={"Content-Range": "bytes */4"}).status_code == 404


def test_a_download_names_generation_and_checksums(cloud: Pocket, http: requests.Session) -> None:
    stored = _put(cloud, http, "a", b"123456789").json()
    media = http.get(_object(cloud, "a"), params={"alt": "media"})
    assert media.headers["X-Goog-Generation"] == stored["generation"]
    assert media.headers["X-Goog-Hash"] == f"crc32c=4waSgw==,md5={stored['md5Hash']}"
    assert media.headers["Content-Type"] == "text/csv"


@pytest.mark.parametrize(
    ("asked", "answered", "body"),
    [
        ("bytes=0-3", "bytes 0-3/10", b"0123"),
        ("bytes=4-", "bytes 4-9/10", b"456789"),
        ("bytes=-2", "bytes 8-9/10", b"89"),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
    ],
)
def test_a_range_is_that_part(
    cloud: Pocket, http: requests.Session, asked: str, answered: str, body: bytes
) -> None:
    _put(cloud, http, "a", b"0123456789")
    part = http.get(_object(cloud, "a"), params={"alt": "media"}, headers={"Range": asked})
    assert (part.status_code, part.headers["Content-Range"], part.content) == (206, answered, body)


PLAIN = b"Subject,Priority\n" * 50_000
PACKED = gzip.compress(PLAIN)


@pytest.mark.parametrize("way", ["multipart", "resumable", "media"])
def test_a_content_encoding_is_kept_however_it_was_uploaded(
    cloud: Pocket, http: requests.Session, bucket: storage.Bucket, way: str
) -> None:
    blob = bucket.blob("a", chunk_size=CHUNK if way == "resumable" else None)
    blob.content_encoding = "gzip"
    if way == "media":
        _put(cloud, http, "a", PACKED, contentEncoding="gzip")
    else:
        blob.upload_from_string(PACKED)
    resource = http.get(_object(cloud, "a")).json()
    assert (resource["contentEncoding"], resource["size"]) == ("gzip", str(len(PACKED)))
    crc32c = base64.b64encode(google_crc32c.Checksum(PACKED).digest()).decode()
    assert resource["crc32c"] == crc32c


def test_a_client_that_reads_gzip_gets_the_stored_bytes(
    cloud: Pocket, http: requests.Session, bucket: storage.Bucket
) -> None:
    stored = _put(cloud, http, "a", PACKED, contentEncoding="gzip").json()
    answer = _download(cloud, http, "gzip")
    assert answer.raw.read(decode_content=False) == PACKED
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Length"] == str(len(PACKED))
    assert answer.headers["X-Goog-Hash"] == f"crc32c={stored['crc32c']},md5={stored['md5Hash']}"
    assert bucket.blob("a").download_as_bytes(raw_download=True) == PACKED
    assert bucket.blob("a").download_as_bytes(raw_download=True, start=5, end=9) == PACKED[5:10]
    assert bucket.blob("a").download_as_bytes() == PLAIN  # the client unpacks, and compares


def test_a_client_that_reads_no_gzip_gets_it_unpacked(
    cloud: Pocket, http: requests.Session
) -> None:
    _put(cloud, http, "a", PACKED, contentEncoding="gzip")
    answer = _download(cloud, http, "identity", Range="bytes=0-3")
    assert (answer.status_code, answer.raw.read(decode_content=False)) == (200, PLAIN)
    for name in ("Content-Encoding", "X-Goog-Hash"):
        assert name not in answer.headers
    assert answer.headers["X-Goog-Stored-Content-Length"] == str(len(PACKED))


def test_what_is_not_the_gzip_it_says_it_is_cannot_be_unpacked(
    cloud: Pocket, http: requests.Session
) -> None:
    _put(cloud, http, "a", PLAIN, contentEncoding="gzip")
    assert _download(cloud, http, "identity").status_code == 503
    assert _download(cloud, http, "gzip").raw.read(decode_content=False) == PLAIN


@pytest.mark.parametrize("encoding", ["gz\r\nX-Injected: 1", "gzip\x00", "ž"])
def test_a_content_encoding_that_is_no_header_is_refused(
    cloud: Pocket, http: requests.Session, encoding: str
) -> None:
    assert _put(cloud, http, "a", b"", contentEncoding=encoding).status_code == 400


def test_a_range_beyond_the_end_is_416(cloud: Pocket, http: requests.Session) -> None:
    _put(cloud, http, "a", b"0123")
    beyond = http.get(_object(cloud, "a"), params={"alt": "media"}, headers={"Range": "bytes=4-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    ("demand", "statuses"),
    [
        ("ifGenerationMatch=current", (200, 200, 204)),
        ("ifGenerationMatch=another", (412, 412, 412)),
        ("ifGenerationNotMatch=current", (304, 412, 412)),
        ("ifGenerationNotMatch=another", (200, 200, 204)),
    ],
)
def test_every_precondition_on_generations_holds(
    cloud: Pocket, http: requests.Session, demand: str, statuses: tuple[int, int, int]
) -> None:
    read, replaced, deleted = statuses
    argument, _, which = demand.partition("=")
    for name, call, status in (
        ("a", lambda **params: http.get(_object(cloud, "a"), params=params), read),
        (
            "b",
            lambda **params: http.get(_object(cloud, "b"), params={"alt": "media", **params}),
            read,
        ),
        ("c", lambda **params: _put(cloud, http, "c", b"2", **params), replaced),
        ("d", lambda **params: http.delete(_object(cloud, "d"), params=params), deleted),
    ):
        current = int(_put(cloud, http, name, b"1").json()["generation"])
        assert (
            call(**{argument: str(current if which == "current" else current + 1)}).status_code
            == status
        )


@pytest.mark.parametrize(
    ("demand", "read", "written"),
    [
        ({"ifMetagenerationMatch": "1"}, 200, 200),
        ({"ifMetagenerationMatch": "2"}, 412, 412),
        ({"ifMetagenerationNotMatch": "1"}, 304, 412),
        ({"ifGenerationMatch": "0"}, 412, 412),
        ({"ifGenerationNotMatch": "0"}, 200, 200),
    ],
)
def test_every_other_precondition_holds(
    cloud: Pocket, http: requests.Session, demand: dict[str, str], read: int, written: int
) -> None:
    _put(cloud, http, "a", b"1")
    assert http.get(_object(cloud, "a"), params=demand).status_code == read
    assert _put(cloud, http, "a", b"2", **demand).status_code == written


def test_deleting_keeps_the_generation_and_erasing_does_not(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string(b"1")
    generation = blob.generation
    bucket.blob("a").delete()
    assert not bucket.blob("a").exists()
    assert bucket.blob("a", generation=generation).download_as_bytes() == b"1"
    bucket.blob("a", generation=generation).delete()
    assert not bucket.blob("a", generation=generation).exists()


def test_generations_increase_also_after_a_restart(tmp_path: Path) -> None:
    generations = []
    for _ in range(2):
        with _open(tmp_path) as cloud:
            for _ in range(20):
                blob = cloud.client("operator").bucket(BUCKET).blob("a")
                blob.upload_from_string(b"")
                generations.append(blob.generation)
    assert generations == sorted(set(generations))


def test_a_restarted_cloud_holds_what_it_held(tmp_path: Path) -> None:
    with _open(tmp_path) as cloud:
        cloud.client("operator").bucket(BUCKET).blob("a").upload_from_string(b"body")
    with _open(tmp_path) as cloud:
        assert cloud.client("operator").bucket(BUCKET).blob("a").download_as_bytes() == b"body"


def test_a_delimiter_folds_names_whatever_the_page(bucket: storage.Bucket) -> None:
    for name in ("p/a/1", "p/a/2", "p/b/1", "p/top", "q"):
        bucket.blob(name).upload_from_string(b"")
    for page_size in (1, 2, 100):
        listing = bucket.list_blobs(prefix="p/", delimiter="/", page_size=page_size)
        assert [blob.name for blob in listing] == ["p/top"]
        assert listing.prefixes == {"p/a/", "p/b/"}


def test_pages_follow_each_other_without_gap_or_repetition(bucket: storage.Bucket) -> None:
    names = [f"n{number}" for number in range(7)]
    for name in names:
        bucket.blob(name).upload_from_string(b"")
    for page_size in (1, 2, 3, 7):
        assert [blob.name for blob in bucket.list_blobs(page_size=page_size)] == names
    assert [blob.name for blob in bucket.list_blobs(max_results=3)] == names[:3]


def test_offsets_bound_a_listing_start_inclusive_end_exclusive(bucket: storage.Bucket) -> None:
    for name in "abcd":
        bucket.blob(name).upload_from_string(b"")
    assert [blob.name for blob in bucket.list_blobs(start_offset="b", end_offset="d")] == ["b", "c"]


def test_versions_show_every_generation_oldest_first(bucket: storage.Bucket) -> None:
    for body in (b"1", b"22", b"333"):
        bucket.blob("a").upload_from_string(body)
    for page_size in (1, 2, 100):
        listing = list(bucket.list_blobs(versions=True, page_size=page_size))
        assert [blob.size for blob in listing] == [1, 2, 3]
        assert [blob.time_deleted is None for blob in listing] == [False, False, True]


def test_every_written_object_is_announced_and_no_refused_one(
    cloud: Pocket, http: requests.Session
) -> None:
    stored = _put(cloud, http, "incoming/a.csv", b"1").json()
    assert _put(cloud, http, "incoming/a.csv", b"2", ifGenerationMatch="0").status_code == 412
    assert cloud.events == [("OBJECT_FINALIZE", stored)]


def test_replacing_an_object_needs_the_right_to_delete_it(tmp_path: Path) -> None:
    """As in the cloud, an identity without the right to delete is refused before that."""
    with pocket(tmp_path, grants=(_grant("objectCreator"), _grant("objectViewer"))) as cloud:
        bucket = cloud.client("operator").bucket(BUCKET)
        bucket.blob("a").upload_from_string(b"1", if_generation_match=0)
        for generation in (0, None):
            with pytest.raises(api.Forbidden, match=r"storage\.objects\.delete"):
                bucket.blob("a").upload_from_string(b"2", if_generation_match=generation)
        assert bucket.blob("a").download_as_bytes() == b"1"


def test_a_refused_upload_leaves_no_file_behind(cloud: Pocket, http: requests.Session) -> None:
    assert _put(cloud, http, "a", b"1", ifGenerationMatch="5").status_code == 412
    assert not list((cloud.home / "storage" / "kept").iterdir())
    assert not list((cloud.home / "storage" / "drafts").iterdir())


def test_without_a_token_nothing_is_answered(cloud: Pocket) -> None:
    refused = requests.get(_object(cloud, "a"), timeout=60)
    assert (refused.status_code, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_errors_have_googles_shape(cloud: Pocket, http: requests.Session) -> None:
    message = f"No such object: {BUCKET}/nothing"
    assert http.get(_object(cloud, "nothing")).json() == {
        "error": {
            "code": 404,
            "message": message,
            "status": "NOT_FOUND",
            "errors": [{"message": message, "domain": "global", "reason": "notFound"}],
        }
    }


def test_a_bucket_that_does_not_exist_is_404(cloud: Pocket, http: requests.Session) -> None:
    assert http.get(f"{cloud.url}/storage/v1/b/nowhere/o").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/storage/v1/b/{BUCKET}"),
        ("PATCH", f"/storage/v1/b/{BUCKET}/o/a"),
        ("GET", f"/storage/v1/b/{BUCKET}/o?matchGlob=*"),
        ("POST", "/batch/storage/v1"),
        ("GET", "/"),
    ],
)
def test_what_is_not_imitated_says_so(
    cloud: Pocket, http: requests.Session, method: str, path: str
) -> None:
    answer = http.request(method, cloud.url + path)
    assert (answer.status_code, answer.json()["error"]["status"]) == (501, "UNIMPLEMENTED")


def test_a_lone_surrogate_in_a_name_is_refused(cloud: Pocket, http: requests.Session) -> None:
    params = {"uploadType": "resumable"}
    answer = http.post(
        f"{cloud.url}/upload/storage/v1/b/{BUCKET}/o", b'{"name": "\\ud800"}', params=params
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("number", ["zero", "-1", "9" * 30])
def test_a_generation_that_is_no_number_is_refused(
    cloud: Pocket, http: requests.Session, number: str
) -> None:
    assert http.get(_object(cloud, "a"), params={"generation": number}).status_code == 400
    assert _put(cloud, http, "a", b"1", ifGenerationMatch=number).status_code == 400


@pytest.mark.parametrize("token", ["rubbish", "NQ==", "WzEsMl0"])
def test_a_page_token_of_somebody_else_is_refused(
    cloud: Pocket, http: requests.Session, token: str
) -> None:
    listing = f"{cloud.url}/storage/v1/b/{BUCKET}/o"
    assert http.get(listing, params={"pageToken": token}).status_code == 400


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "x" * 1025])
def test_a_name_that_cloud_storage_refuses_is_refused(
    cloud: Pocket, http: requests.Session, name: str
) -> None:
    assert _put(cloud, http, name, b"").status_code == 400


def _open(home: Path) -> AbstractContextManager[Pocket]:
    return pocket(home, grants=(_grant("objectAdmin"),))


def _grant(role: str) -> Grant:
    return Grant(f"buckets/{BUCKET}", f"roles/storage.{role}", OPERATOR)


def _object(cloud: Pocket, name: str) -> str:
    return f"{cloud.url}/storage/v1/b/{BUCKET}/o/{name.replace('/', '%2F')}"


def _download(
    cloud: Pocket, http: requests.Session, accepted: str, **headers: str
) -> requests.Response:
    asked = {"Accept-Encoding": accepted, **headers}
    return http.get(_object(cloud, "a"), params={"alt": "media"}, headers=asked, stream=True)


def _put(
    cloud: Pocket, http: requests.Session, name: str, body: bytes, **demands: str
) -> requests.Response:
    params = {"uploadType": "media", "name": name, **demands}
    url = f"{cloud.url}/upload/storage/v1/b/{BUCKET}/o"
    return http.post(url, body, params=params, headers={"Content-Type": "text/csv"})


def _start_upload(cloud: Pocket, http: requests.Session, name: str) -> str:
    params = {"uploadType": "resumable", "name": name}
    return http.post(f"{cloud.url}/upload/storage/v1/b/{BUCKET}/o", params=params).headers[
        "Location"
    ]
