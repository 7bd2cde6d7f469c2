"""The arguments of storage requests: preconditions, listings, page tokens. Raises ApiError 400."""

import base64
import json
import re

from flask import request

from infra.local.pocket.errors import ApiError
from infra.local.pocket.resources import Preconditions, Query

GENERATION = ("ifGenerationMatch", "ifGenerationNotMatch")
METAGENERATION = ("ifMetagenerationMatch", "ifMetagenerationNotMatch")
PRECONDITIONS = {*GENERATION, *METAGENERATION}
_OFFSETS = {"startOffset", "endOffset"}
_NO_EFFECT = {"includeFoldersAsPrefixes"}  # on a bucket without folders of their own
LISTING = _OFFSETS | _NO_EFFECT | {"prefix", "delimiter", "versions", "pageToken", "maxResults"}
_SHAPE = {"alt", "fields", "prettyPrint", "projection"}  # of the answer, which is always whole
_NUMBER = re.compile(r"[0-9]{1,18}")  # what the index can hold


def expect_only(known: set[str]) -> None:
    """Raise ApiError 501 for an argument that would be ignored, so that no answer misleads."""
    if unknown := request.args.keys() - known - _SHAPE:
        names = ", ".join(sorted(unknown))
        raise ApiError(501, "notImplemented", f"The pocket cloud does not know {names}.")


def preconditions() -> Preconditions:
    """What the request expects of the current object."""
    return Preconditions(*map(number, (*GENERATION, *METAGENERATION)))


def query() -> Query:
    """Which objects the request lists."""
    arguments = request.args
    return Query(
        prefix=arguments.get("prefix", ""),
        delimiter=arguments.get("delimiter", ""),
        start_offset=arguments.get("startOffset", ""),
        end_offset=arguments.get("endOffset", ""),
        versions=arguments.get("versions", "").lower() == "true",
        after=_from_page_token(arguments["pageToken"]) if "pageToken" in arguments else ("", 0),
        limit=min(number("maxResults") or 1000, 1000),
    )


def page_token(after: tuple[str, int]) -> str:
    """The end of a page as an opaque text that is safe in a URL."""
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode()


def number(argument: str) -> int | None:
    """The argument as a number; None where the request has none."""
    value = request.args.get(argument)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise ApiError(400, "invalid", f"{argument} is not a number: {value!r}")
    return int(value)


def _from_page_token(token: str) -> tuple[str, int]:
    try:
        name, generation = json.loads(base64.urlsafe_b64decode(token))
        return str(name), int(generation)
    except (ValueError, TypeError):
        raise ApiError(400, "invalid", "The page token is not one of ours.") from None
