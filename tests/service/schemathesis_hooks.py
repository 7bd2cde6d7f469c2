"""What the checker of the description must know about texts and numbers that no schema can say."""

from __future__ import annotations

from typing import Any

import schemathesis

TABLES = {"text/csv": "title\nProduction down", "application/jsonl": '{"title": "Thank you"}'}
"""No schema says what is a table."""


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """For JSON Schema 33.0 is an integer, but no library writes one so; a tag alone is no text."""
    case.body = TABLES.get(case.media_type, plain(case.body))


def plain(value: Any) -> Any:
    """The value with whole numbers as integers and texts without HTML."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.translate({ord("<"): "(", ord("&"): "+"})
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


@schemathesis.serializer("application/jsonl")
def as_text(_context: Any, value: Any) -> Any:
    """JSON lines are described as a text."""
    return str(value).encode("utf-8", "replace")
