"""How the records of one file are written, and one record -> its fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Dialect:
    """How a file separates and quotes. `escapes`: backslashes; `all_quoted`: every field is."""

    separator: str = ","
    quote: str = '"'
    escapes: bool = False
    all_quoted: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of `csv.reader`."""
        return {
            "delimiter": self.separator,
            "quotechar": self.quote,
            "escapechar": "\\" if self.escapes else None,
            "skipinitialspace": self.separator != " ",
        }

    @cached_property
    def field(self) -> re.Pattern[str]:
        """A quoted field up to its closing quote, or an unquoted one."""
        quote, separator = re.escape(self.quote), re.escape(self.separator)
        inner = rf"(?:[^{quote}\\]|{quote}{quote}|\\.)*+" if self.escapes else None
        inner = inner or rf"[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+"
        return re.compile(rf"[ ]*+{quote}({inner}){quote}[ ]*+|([^{separator}]*+)", re.DOTALL)

    def is_odd(self, line: str) -> bool:
        """Whether a quote is open after this line that was closed before it, or the reverse."""
        if self.escapes and "\\" in line:
            line = re.sub(r"\\.", "", line)
        return line.count(self.quote) % 2 == 1

    @property
    def is_plain(self) -> bool:
        """Whether what `written` writes has one meaning, for `field` and for the csv module."""
        return not self.escapes and self.separator not in (" ", self.quote)

    def written(self, fields: Sequence[str]) -> str:
        """A record as most programs write it: quotes only where they are needed, or everywhere."""
        quote, separator, doubled = self.quote, self.separator, self.quote * 2
        return separator.join(
            f"{quote}{field.replace(quote, doubled)}{quote}"
            if self.all_quoted or quote in field or separator in field or "\n" in field
            else field
            for field in fields
        )

    def plain(self, quoted: str) -> str:
        """What a quoted field says."""
        text = quoted.replace(self.quote * 2, self.quote)
        return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if self.escapes else text


def is_surplus_empty(fields: list[str], width: int) -> bool:
    """Whether a row has more fields than the header and nothing in these."""
    return len(fields) > width and not any(map(str.strip, fields[width:]))


def split_fields(text: str, dialect: Dialect) -> list[str] | int:
    """The fields of one record, or the place of the quote that is out of place in `text`."""
    fields, at = [], 0
    while match := dialect.field.match(text, at):
        quoted, unquoted = match.groups()
        end = match.end()
        if quoted is None and dialect.quote in unquoted:
            return at + unquoted.index(dialect.quote)
        if end < len(text) and text[end] != dialect.separator:
            return text.rindex(dialect.quote, 0, end)
        fields.append(unquoted if quoted is None else dialect.plain(quoted))
        if end == len(text):
            break
        at = end + 1
    return fields
