"""What every error answer of the service has to look like."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse


def problem_of(answer: TestResponse, status: int) -> dict[str, Any]:
    """The members of an answer that has to be a problem with this status."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert "Traceback" not in answer.text
    body: dict[str, Any] = json.loads(answer.text)
    assert body["status"] == status
    assert body["title"]
    assert body["error"] == body["detail"]
    return body
