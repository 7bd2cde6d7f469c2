"""Nothing that storage acknowledged is lost when its process is killed in the middle of writing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import requests
from google.cloud.storage import Bucket

from tests.support.cloud.pocket import pocket

ACKNOWLEDGED = 60
WRITERS = 4

SERVER = """
import sys, threading
from pathlib import Path
from tests.support.cloud.pocket import pocket
with pocket(Path(sys.argv[1])) as cloud:
    print(cloud.url, cloud.token("operator"), cloud.bucket("control"), flush=True)
    threading.Event().wait()
"""


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    acknowledged = _written_until_killed(tmp_path)
    with pocket(tmp_path) as cloud:
        bucket = cloud.client("operator").bucket(cloud.bucket("control"))
        kept = list((tmp_path / "storage" / "kept").iterdir())
        listed = [blob.name for blob in bucket.list_blobs()]
        assert {name: _read(bucket, name) for name in acknowledged} == acknowledged
        assert len(kept) == len(listed)
        assert not list((tmp_path / "storage" / "drafts").iterdir())


def _written_until_killed(home: Path) -> dict[str, bytes]:
    """What a server acknowledged to several writers before it was killed under them."""
    acknowledged: dict[str, bytes] = {}
    enough = threading.Event()
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, home], cwd=root, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url, token, bucket = server.stdout.readline().split()

        def write(writer: int) -> None:
            with requests.Session() as http:
                http.headers["Authorization"] = f"Bearer {token}"
                for number in range(100_000):
                    name, body = f"{writer}-{number}", f"{writer}-{number}".encode() * 1000
                    try:
                        answer = http.post(_upload(url, bucket, name), body, timeout=60)
                    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                        return
                    assert answer.status_code == 200
                    acknowledged[name] = body
                    if len(acknowledged) >= ACKNOWLEDGED:
                        enough.set()

        writers = [threading.Thread(target=write, args=[writer]) for writer in range(WRITERS)]
        for writer in writers:
            writer.start()
        assert enough.wait(60)
        server.kill()
        for writer in writers:
            writer.join(30)
    return acknowledged


def _upload(url: str, bucket: str, name: str) -> str:
    return f"{url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}"


def _read(bucket: Bucket, name: str) -> bytes:
    return bytes(bucket.blob(name).download_as_bytes(retry=None))
