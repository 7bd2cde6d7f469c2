"""python -m infra.smoke URL: does a deployed service work? Exit code 0, or 1 and one sentence.

For a private service, ID_TOKEN holds an ID token for its address. Needs only the standard library.
"""

import argparse
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 60.0
"""A revision without traffic has no instance: the first request waits for one."""

TEXT = {"title": "Checkout is down", "description": "Nobody can pay since 9:00."}
TICKET = TEXT | {"id": "smoke", "source": "phone"}
LABELS = ("urgent", "non-urgent", "review")
NO_MODEL = "There is no model yet."


class Failed(Exception):
    """The service does not work; the message says what was seen."""


@dataclass(frozen=True)
class Answer:
    """`body` is {} where it is not a JSON object; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]


def main(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Check the service at the address given and return the process's exit code."""
    parser = argparse.ArgumentParser("python -m infra.smoke", description="Check a service.")
    parser.add_argument("url", metavar="URL", help="address of the service or of a tagged revision")
    url = parser.parse_args(arguments).url.rstrip("/")
    service = Service(url, environ.get("ID_TOKEN", "").strip())
    try:
        print(check(service))  # noqa: T201  what a person or a build's log reads
    except Failed as failure:
        print(f"{service.url} {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


@dataclass(frozen=True)
class Service:
    """The service at `url`, asked with an ID token where there is one."""

    url: str
    id_token: str = ""

    def ask(self, path: str, body: object = None, *, anonymous: bool = False) -> Answer:
        """GET, or POST where there is a body. Raises Failed where there is no answer."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if self.id_token and not anonymous:
            headers["Authorization"] = f"Bearer {self.id_token}"
        try:
            request = urllib.request.Request(self.url + path, content, headers)  # noqa: S310
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
                return _answer(response.status, response.headers.items(), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers.items(), error.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Failed(f"does not answer: {error}") from None


def check(service: Service) -> str:
    """One sentence on what was seen. Raises Failed."""
    live = service.ask("/health/live")
    _expect(live.status == 200, f"answers {live.status} to /health/live, not 200.")
    for anonymous in (True, False):
        reload = service.ask("/v1/model:reload", {}, anonymous=anonymous)
        foreign = f"answers {reload.status} to a reload that is not the release function's."
        _expect(reload.status in (401, 403), foreign)
    answer = service.ask("/v1/predict", {"instances": [TICKET]})
    detail = str(answer.body.get("detail", ""))
    if answer.status == 503 and detail.startswith(NO_MODEL):
        return f"{service.url} is live and has no model yet."
    _expect(answer.status == 200, f"answers {answer.status} to a prediction: {detail}")
    return f"{service.url} predicts with version {_sane_version(answer)}."


def _sane_version(answer: Answer) -> int:
    """The version that predicted. Raises Failed where its answer makes no sense."""
    try:
        [prediction], version = answer.body["predictions"], answer.body["model"]["version"]
        labelled = prediction["label"] in LABELS and prediction["urgent"] in (True, False)
        in_range = 0 <= prediction["probability"] <= 1
        sane = prediction["id"] == TICKET["id"] and labelled and in_range
    except (KeyError, TypeError, ValueError):
        sane = False
    _expect(sane, "answers a prediction with something else.")
    header = answer.headers.get("x-model-version")
    differs = f"says X-Model-Version: {header} and predicts with version {version}."
    _expect(header == str(version), differs)
    return int(version)


def _expect(truth: bool, otherwise: str) -> None:  # noqa: FBT001
    if not truth:
        raise Failed(otherwise)


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = {}
    lower = {name.lower(): value for name, value in headers}
    return Answer(status, lower, parsed if isinstance(parsed, dict) else {})


if __name__ == "__main__":
    sys.exit(main())
