"""The sentences in `words/*.toml`, read into typed objects."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

WORDS = Path(__file__).parent / "words"
DOMAINS = ("facilities", "hr", "network", "payments", "saas", "shop", "workplace")
Phrases = tuple[str, ...]


@dataclass(frozen=True)
class Incident:
    """One kind of trouble and how people put it; `severity` is what it weighs before anything else is known."""

    domain: str
    name: str
    thing: str
    severity: float
    titles: Phrases
    opening: Phrases
    grave: Phrases
    mild: Phrases
    broad: Phrases
    narrow: Phrases
    near: Phrases
    far: Phrases
    detail: Phrases


@dataclass(frozen=True)
class Phrasebook:
    """Everything the writer may say."""

    incidents: tuple[Incident, ...]
    common: Mapping[str, Mapping[str, Phrases]]
    slots: Mapping[str, Phrases]


@cache
def read_phrasebook() -> Phrasebook:
    """All phrases of the folder, domains in alphabetical order."""
    common, slots = _read("common"), _read("slots")
    return Phrasebook(
        incidents=tuple(incident for domain in DOMAINS for incident in _incidents(domain)),
        common={group: {key: tuple(lines) for key, lines in pools.items()} for group, pools in common.items()},
        slots={slot: tuple(values) for slot, values in slots.items()},
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))


def _incidents(domain: str) -> Iterator[Incident]:
    page = _read(domain)
    shared = {"detail": page["detail"], **page["scope"], **page["deadline"]}
    for entry in page["incident"]:
        merged = shared | entry
        phrases = {key: tuple(value) if isinstance(value, list) else value for key, value in merged.items()}
        yield Incident(domain=domain, **phrases)
