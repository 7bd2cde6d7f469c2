"""What `gcloud storage cp FILE gs://BUCKET/incoming/...` asks of Cloud Storage, as data.

Recorded from gcloud 528.0.0 of June 2025 against a pocket cloud; `{bucket}` is filled in.
Where gcloud is installed, the real one runs besides (test_gcloud.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote

BOUNDARY: Final = "===============5787734203946998489=="
OBJECTS: Final = "/storage/v1/b/{bucket}/o"
SHORT: Final = "alt=json&fields=bucket%2Cname%2Csize%2Cgeneration&projection=noAcl"
LISTED: Final = (
    "alt=json&fields=prefixes%2Citems%2Fname%2Citems%2Fsize%2Citems%2Fgeneration%2CnextPageToken"
    "&delimiter=%2F&maxResults=1000&projection=noAcl"
)


class Sent(NamedTuple):
    """One request and the status of a first upload's answer."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes


def copy_to(name: str, content: bytes) -> list[Sent]:
    """`cp FILE gs://BUCKET/NAME`: is it an object, is it a folder, then one multipart upload."""
    return [_look(name), _list(name), _upload(name, content)]


def copy_into(folder: str, name: str, content: bytes) -> list[Sent]:
    """`cp FILE gs://BUCKET/FOLDER/`: it lists the folder's name without its slash."""
    return [_look(folder), _list(folder.rstrip("/")), _upload(folder + name, content)]


def copy_of_large(name: str, content: bytes) -> list[Sent]:
    """A file above 8 MiB goes up in a session, which the first answer's Location names."""
    metadata = f'{{"bucket": "{{bucket}}", "contentType": "text/csv", "name": "{name}"}}'
    upload = "/resumable/upload" + OBJECTS + "?alt=json&uploadType=resumable"
    headers = {"Content-Type": "application/json", "X-Upload-Content-Type": "text/csv"}
    begin = Sent("POST", upload, 200, headers, metadata.encode())
    return [_look(name), _list(name), begin, Sent("PUT", "", 200, {}, content)]


def _look(name: str) -> Sent:
    return Sent("GET", f"{OBJECTS}/{quote(name)}?{SHORT}", 404, {}, b"")


def _list(prefix: str) -> Sent:
    return Sent("GET", f"{OBJECTS}?{LISTED}&prefix={quote(prefix, safe='')}", 200, {}, b"")


def _upload(name: str, content: bytes) -> Sent:
    """Its lines end in a bare newline, and the boundary stands in single quotes."""
    described = f'{{"bucket": "{{bucket}}", "contentType": "text/csv", "name": "{name}"}}'
    parts = (
        f"--{BOUNDARY}\nContent-Type: application/json\nMIME-Version: 1.0\n\n{described}\n"
        f"--{BOUNDARY}\nContent-Type: text/csv\nMIME-Version: 1.0\n"
        "Content-Transfer-Encoding: binary\n\n"
    )
    body = parts.encode() + content + f"\n--{BOUNDARY}--\n".encode()
    headers = {"Content-Type": f"multipart/related; boundary='{BOUNDARY}'"}
    return Sent("POST", f"/upload{OBJECTS}?alt=json&uploadType=multipart", 200, headers, body)
