"""The sentences in `words/*.toml`, read into typed objects.

Each incident has up to four openings, lettered a, b, c, d in their order.  A phrase that starts
with letters and a bar ("bd| The spare one works.") fits these openings only; one without fits all.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

WORDS = Path(__file__).parent / "words"
DOMAINS = sorted({file.stem for file in WORDS.glob("*.toml")} - {"common", "slots"})
LETTERS = "abcd"
FACTS = ("name", "thing", "severity")
Phrases = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Incident:
    """One kind of trouble: `severity` is its weight by itself, `thing` is what may be "down"."""

    domain: str
    name: str
    thing: str
    severity: float
    phrases: Mapping[str, Phrases]

    def openings(self) -> str:
        """The letters of its openings."""
        return LETTERS[: len(self.phrases["opening"])]

    @cache  # noqa: B019  the phrasebook lives as long as the process
    def fitting(self, pool: str, opening: str) -> Phrases:
        """Phrases of a pool (`titles`, `grave` ...) that fit the opening with this letter."""
        if pool == "opening":
            return (self.phrases[pool][LETTERS.index(opening)],)
        split = map(_split_tag, self.phrases.get(pool, ()))
        return tuple(text for letters, text in split if opening in letters)


@dataclass(frozen=True)
class Phrasebook:
    """Everything the writer may say."""

    incidents: tuple[Incident, ...]
    common: Mapping[str, Mapping[str, Phrases]]
    slots: Mapping[str, Phrases]


@cache
def read_phrasebook() -> Phrasebook:
    """All phrases of the folder, domains in alphabetical order."""
    return Phrasebook(
        incidents=tuple(incident for domain in DOMAINS for incident in _read_incidents(domain)),
        common={group: _pools(page) for group, page in _read("common").items()},
        slots=_pools(_read("slots")),
    )


def _read_incidents(domain: str) -> Iterator[Incident]:
    """An incident's own pool takes the place of the one its domain shares."""
    page = _read(domain)
    for entry in page["incident"]:
        facts = {fact: entry.pop(fact) for fact in FACTS}
        yield Incident(domain, **facts, phrases=_pools(page["shared"] | entry))


def _pools(page: dict[str, Any]) -> dict[str, Phrases]:
    return {key: tuple(lines) for key, lines in page.items()}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))


def _split_tag(phrase: str) -> tuple[str, str]:
    """Letters of the openings a phrase fits, and its text."""
    tagged = re.match(r"([a-d]+)\| (.*)", phrase, re.DOTALL)
    return (tagged[1], tagged[2]) if tagged else (LETTERS, phrase)
