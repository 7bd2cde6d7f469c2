"""Other people's text in Markdown: headers, labels and names must not become HTML or links."""

import re
from collections.abc import Iterable

_MARKUP = re.compile(r"[\\`*<\[|&~]|(?<![^\W_])_|_(?![^\W_])")


def escaped(text: str) -> str:
    """As it is to be read, on one line."""
    return _MARKUP.sub(r"\\\g<0>", _one_line(text))


def sentence_of(text: str) -> str:
    """The same with a capital letter."""
    return escaped(text)[:1].upper() + escaped(text)[1:]


def code(text: str) -> str:
    """As a computer would write it."""
    return f"`{_one_line(text).replace('`', chr(39))}`"


def bullets(items: Iterable[str]) -> str:
    """A list of Markdown, an item each."""
    return "\n".join(f"* {item}" for item in items)


def fenced(lines: Iterable[str]) -> str:
    """A block to copy, in a fence longer than any that is in it."""
    block = "\n".join(lines)
    fence = "`" * max(3, 1 + max(len(run) for run in re.findall("`*", block)))
    return f"{fence}\n{block}\n{fence}"


def _one_line(text: str) -> str:
    printable = (character if character.isprintable() else " " for character in text)
    return " ".join("".join(printable).split())
