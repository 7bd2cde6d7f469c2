"""JSON -> values, with every error as a problem or as a flaw that has a place."""

from __future__ import annotations

import re
from typing import TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Raw, ValidationError

from service.problems import Problem

T = TypeVar("T")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_WRONG_TYPE = re.compile("Expected `(.+)`, got `(.+)`")
_OUT_OF_BOUNDS = re.compile("Expected `(.+)` (of length )?([<>]=) (.+)")
_MISSING = re.compile("Object missing required field `(.+)`")
_TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_BOUNDS = {"<=": "at most", ">=": "at least"}
_LENGTHS = {"str": " characters", "array": " elements", "object": " members"}


class Flaw(Exception):
    """What is wrong with a value; `path` continues the value's JSON pointer, "" for all of it."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(detail)
        self.path, self.detail = path, detail


def decoded(decoder: msgspec.json.Decoder[T], body: Raw | bytes) -> T:
    """The decoded value. Raises ValidationError for a wrong type, Problem 400 if it is not JSON."""
    try:
        return decoder.decode(body)
    except ValidationError:
        raise
    except msgspec.DecodeError as error:
        what = str(error).removeprefix("JSON is malformed: ")
        raise Problem(400, f"The body is not JSON: {what}.") from None
    except UnicodeError:
        raise Problem(400, "The body is not JSON: not UTF-8.") from None
    except RecursionError:
        raise Problem(400, "The body is nested too deeply.") from None


def flaw(error: ValidationError) -> Flaw:
    """The error with its place, which msgspec adds as in "Expected `str` - at `$.title`"."""
    sentence, _, path = str(error).partition(" - at `$")
    place = "".join(f"/{name or index}" for name, index in _STEP.findall(path))
    return Flaw(place, _plain(sentence))


def _plain(sentence: str) -> str:
    """What msgspec says of a value, in words for people who know JSON and no Python."""
    if found := _WRONG_TYPE.fullmatch(sentence):
        return f"must be {_types(found[1])}, and is {_types(found[2])}."
    if found := _OUT_OF_BOUNDS.fullmatch(sentence):
        kind, length, bound, number = found.groups()
        unit = _LENGTHS[kind] if length else ""
        return f"must be {_types(kind)} of {_BOUNDS[bound]} {number}{unit}."
    if found := _MISSING.fullmatch(sentence):
        return f"lacks the member {found[1]}."
    return "is not what belongs here."


def _types(listed: str) -> str:
    return " or ".join(_TYPES.get(name, name) for name in listed.split(" | "))


def pointer_step(member: str) -> str:
    """A member's name as a step of a JSON pointer in a URI fragment (RFC 6901, section 6)."""
    escaped = member.replace("~", "~0").replace("/", "~1")
    return "/" + quote(escaped, safe="~!$&'()*+,;=:@?")
