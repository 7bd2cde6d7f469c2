"""IAM conditions: the part of the Common Expression Language that our grants use, evaluated.

    any    = all { "||" all }               all  = test { "&&" test }
    test   = "(" any ")" | value ".startsWith(" text ")" | value "==" text
    value  = "resource.name" | 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'

Anything else is refused: a condition that is only half understood would allow too much or too
little. https://cloud.google.com/iam/docs/conditions-attribute-reference
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from urgency.errors import UrgencyError

_TOKEN: Final = re.compile(r'"[^"\\]*"|[A-Za-z]+|\|\||&&|==|[().,]|\S')
_NAME: Final = ("resource", ".", "name")
_LIST_PREFIX: Final = (
    *("api", ".", "getAttribute", "("),
    *('"storage.googleapis.com/objectListPrefix"', ",", '""', ")"),
)


class ConditionError(UrgencyError):
    """A condition is outside the part of the language that is evaluated here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about; `list_prefix` is the prefix of a listing, empty for all else."""

    resource_name: str
    list_prefix: str = ""


Condition = Callable[[Asked], bool]


@lru_cache
def compiled(text: str) -> Condition:
    """The condition that `text` writes down. Raises ConditionError."""
    parser = _Parser(text)
    condition = parser.any()
    parser.end()
    return condition


class _Parser:
    """Recursive descent: a method a rule of the grammar above."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._rest = _TOKEN.findall(text)

    def any(self) -> Condition:
        """Alternatives."""
        first = self._all()
        while self._takes("||"):
            first = _either(first, self._all())
        return first

    def end(self) -> None:
        """Raise ConditionError where something is left."""
        if self._rest:
            raise self._refusal()

    def _all(self) -> Condition:
        first = self._test()
        while self._takes("&&"):
            first = _both(first, self._test())
        return first

    def _test(self) -> Condition:
        if self._takes("("):
            inner = self.any()
            self._expect(")")
            return inner
        value = self._value()
        if self._takes("=="):
            whole = self._literal()
            return lambda asked: value(asked) == whole
        self._expect(".", "startsWith", "(")
        start = self._literal()
        self._expect(")")
        return lambda asked: value(asked).startswith(start)

    def _value(self) -> Callable[[Asked], str]:
        if self._takes(*_NAME):
            return lambda asked: asked.resource_name
        self._expect(*_LIST_PREFIX)
        return lambda asked: asked.list_prefix

    def _literal(self) -> str:
        if not self._rest or not self._rest[0].startswith('"') or len(self._rest[0]) < 2:
            raise self._refusal()
        return str(self._rest.pop(0)[1:-1])

    def _takes(self, *tokens: str) -> bool:
        found = tuple(self._rest[: len(tokens)]) == tokens
        if found:
            del self._rest[: len(tokens)]
        return found

    def _expect(self, *tokens: str) -> None:
        if not self._takes(*tokens):
            raise self._refusal()

    def _refusal(self) -> ConditionError:
        where = f"at {self._rest[0]}" if self._rest else "at the end"
        return ConditionError(f"not understood {where} of {self._text!r}")


def _either(one: Condition, other: Condition) -> Condition:
    return lambda asked: one(asked) or other(asked)


def _both(one: Condition, other: Condition) -> Condition:
    return lambda asked: one(asked) and other(asked)
