"""The functions as real processes, in a world that records every request they make."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.support.waiting import eventually

HANGS_AFTER_S = 120
"""Far more than any machine needs."""

TARGETS = {
    "on_csv_landed": "cloudevent",
    "on_model_released": "cloudevent",
    "on_notice": "cloudevent",
    "on_ticket_webhook": "http",
}
"""Function -> the kind of its signature."""

NOTICES_PATH = "/services/T0/B0/secret"
WEBHOOK_SECRET = "generic=whsec_c2VjcmV0, zendesk=secret"


@dataclass(frozen=True)
class Request:
    path: str
    headers: Message
    body: bytes


@dataclass
class World:
    """Metadata server, Cloud Run's API and reload hook; `answers`: end of a path -> answer."""

    requests: list[Request] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        given = (answer for end, answer in self.answers.items() if path.endswith(end))
        kind = "type.googleapis.com/google.cloud.run.v2.Execution"
        execution = {"@type": kind, "name": "e/train-1"}
        return next(given, (200, {"name": "operations/1", "metadata": execution}))


@dataclass(frozen=True)
class FunctionHost:
    """Where the functions listen."""

    world: World
    ports: dict[str, int]

    def csv_landed(self, body: bytes, headers: Mapping[str, str] | None = None) -> int:
        return self._post("on_csv_landed", body, headers)

    def model_released(self, body: bytes) -> int:
        return self._post("on_model_released", body, None)

    def notice_came(self, body: bytes) -> int:
        return self._post("on_notice", body, None)

    def ticket_came(
        self, helpdesk: str, body: bytes, headers: Mapping[str, str]
    ) -> requests.Response:
        url = f"http://127.0.0.1:{self.ports['on_ticket_webhook']}/{helpdesk}"
        all_headers = {"Content-Type": "application/json", **headers}
        return requests.post(url, body, headers=all_headers, timeout=HANGS_AFTER_S)

    def _post(self, target: str, body: bytes, headers: Mapping[str, str] | None) -> int:
        url = f"http://127.0.0.1:{self.ports[target]}/"
        all_headers = {"Content-Type": "application/json", **(headers or {})}
        return requests.post(url, body, headers=all_headers, timeout=HANGS_AFTER_S).status_code


@contextmanager
def function_host(folder: Path, source: Path, python_path: Path | None) -> Iterator[FunctionHost]:
    """Run the functions of `source`/main.py; without `python_path` they see that folder alone."""
    world = World()
    with ExitStack() as stack:
        server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), _handler(world)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        ports = {}
        for target in TARGETS:
            ports[target] = _free_port()
            environment = _environment(target, server.server_port, folder, python_path)
            stack.enter_context(
                _process(target, ports[target], source, environment, folder / f"{target}.log")
            )
        for port in ports.values():
            eventually(lambda port=port: _answers(port), timeout_s=HANGS_AFTER_S)
        yield FunctionHost(world, ports)


def _environment(
    target: str, world_port: int, folder: Path, python_path: Path | None
) -> dict[str, str]:
    world = f"127.0.0.1:{world_port}"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CLOUDSDK_CONFIG": str(folder),
        "PYTHONPATH": str(python_path or ""),
        "GCE_METADATA_HOST": world,
        "GCE_METADATA_IP": world,
        "FUNCTION_TARGET": target,
        "URGENCY_PROJECT": "helpdesk",
        "URGENCY_REGION": "us-central1",
        "URGENCY_TRAIN_JOB": "train",
        "URGENCY_RUN_ENDPOINT": f"http://{world}",
        "URGENCY_RELOAD_URL": f"http://{world}/v1/model:reload",
        "URGENCY_RELOAD_AUDIENCE": "urgency-reload",
        "URGENCY_SERVICE_URL": f"http://{world}",
        "URGENCY_PUBSUB_ENDPOINT": f"http://{world}",
        "URGENCY_SCORED_TOPIC": "ticket-scored",
        "URGENCY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "URGENCY_NOTICES_URL": f"http://{world}{NOTICES_PATH}",
        "K_SERVICE": target.replace("_", "-"),
    }


@contextmanager
def _process(
    target: str, port: int, source: Path, environment: dict[str, str], log: Path
) -> Iterator[None]:
    what = [
        f"--target={target}",
        f"--source={source / 'main.py'}",
        f"--signature-type={TARGETS[target]}",
    ]
    where = ["--host=127.0.0.1", f"--port={port}"]
    command = [sys.executable, "-m", "functions_framework", *what, *where]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=source, stdout=output, stderr=output
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(HANGS_AFTER_S)


def _handler(world: World) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(200, *_metadata(self.path), {"Metadata-Flavor": "Google"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = urlsplit(self.path).path
            world.requests.append(Request(path, self.headers, body))
            status, answer = world.answer(path)
            model = {"X-Model-Version": "3", "X-Model-Epoch": "7"}
            self._answer(status, json.dumps(answer), "application/json", model)

        def _answer(self, status: int, text: str, kind: str, headers: dict[str, str]) -> None:
            body = text.encode()
            about = {"Content-Type": kind, "Content-Length": str(len(body))}
            self.send_response(status)
            for name, value in (headers | about).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _metadata(path: str) -> tuple[str, str]:
    """See https://cloud.google.com/run/docs/container-contract#metadata-server."""
    parts = urlsplit(path)
    if parts.path.endswith("/identity"):
        return _unsigned_token(parse_qs(parts.query)["audience"][0]), "text/plain"
    if parts.path.endswith("/token"):
        token = {"access_token": "token", "expires_in": 3599, "token_type": "Bearer"}
        return json.dumps(token), "application/json"
    if "service-accounts" in parts.path:
        account = {"email": "f@helpdesk.iam.gserviceaccount.com", "aliases": ["default"]}
        return json.dumps(account), "application/json"
    return "helpdesk" if "project-id" in parts.path else "googleapis.com", "text/plain"


def _unsigned_token(audience: str) -> str:
    """A JWT that google-auth accepts from a metadata server, which it trusts."""
    parts = ({"alg": "RS256"}, {"aud": audience, "exp": 4_000_000_000})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in encoded), "c2lnbmF0dXJl"])
