"""What happened, and how urgent that makes it: drawn first, put into words later by `prose`."""

from dataclasses import dataclass
from math import fsum

from data.generator.chance import Chance
from data.generator.phrasebook import Incident

PLAIN_SOURCES = {"email": 34, "phone": 24, "web": 24, "chat": 14, "api": 4}
SOURCES = {
    "network": {"email": 24, "phone": 36, "web": 14, "chat": 6, "api": 20},
    "saas": {"email": 26, "phone": 6, "web": 26, "chat": 28, "api": 14},
    "shop": {"email": 28, "phone": 10, "web": 24, "chat": 26, "api": 12},
    "hr": {"email": 46, "phone": 10, "web": 28, "chat": 14, "api": 2},
}
# Advertising comes by mail and through forms, never on the phone.
SPAM_SOURCES = {"email": 70, "web": 25, "chat": 5}
PLAIN_TIERS = {"free": 14, "standard": 38, "premium": 27, "enterprise": 21}
TIERS = {
    "saas": {"free": 32, "standard": 34, "premium": 20, "enterprise": 14},
    "shop": {"free": 28, "standard": 36, "premium": 22, "enterprise": 14},
}

# `live` is trouble now. The others use its words: it is over, planned, a wish, or advertising.
MODES = {"live": 78, "over": 7, "ahead": 6, "wish": 6, "spam": 3}

# Points of urgency; a ticket is urgent when they and a little noise exceed THRESHOLD.
POINTS = {
    "dire": 7.0, "grave": 2.5, "mild": -2.4, "broad": 1.2, "narrow": -0.7, "near": 1.7, "far": -1.2,
    "no_way_round": 0.8, "way_round": -0.9, "reopened": 0.3,
    "alarm": 0.6, "pushing": 0.2, "calm": -0.7, "polite": 0.0,
    "over": -4.0, "ahead": -4.0, "wish": -4.0, "spam": -6.0,
    "phone": 1.9, "api": 0.8, "chat": 0.0, "web": -0.8, "email": -1.1,
    "enterprise": 2.2, "premium": 0.8, "standard": -0.5, "free": -2.2,
}  # fmt: skip
THRESHOLD = 1.5
NOISE = 0.3
MISLABELLED = 0.02


# Shares of a live ticket's other traits. A grave sentence names who is hit, so it has no scope.
BESIDE = {
    "grave": (
        {"near": 18, "": 82},
        {"no_way_round": 28, "": 72},
        {"alarm": 46, "pushing": 12, "polite": 10, "": 32},
        {"reopened": 7, "": 93},
    ),
    "mild": (
        {"narrow": 30, "": 70},
        {"near": 12, "far": 22, "": 66},
        {"way_round": 14, "": 86},
        {"alarm": 3, "pushing": 10, "calm": 36, "polite": 12, "": 39},
        {"reopened": 5, "": 95},
    ),
    "": (
        {"broad": 36, "narrow": 24, "": 40},
        {"near": 30, "far": 20, "": 50},
        {"no_way_round": 14, "way_round": 12, "": 74},
        {"alarm": 8, "pushing": 12, "calm": 10, "polite": 14, "": 56},
        {"reopened": 8, "": 92},
    ),
}


@dataclass(frozen=True)
class IncidentFacts:
    """One ticket before it is put into words; `traits` are keys of POINTS, in alphabet order."""

    incident: Incident
    opening: str
    mode: str
    source: str
    tier: str
    traits: tuple[str, ...]


def draw_facts(chance: Chance, incidents: tuple[Incident, ...], *, drift: float) -> IncidentFacts:
    """The facts of one ticket; `drift`, 0 to 1, brings more chat, enterprise and grave trouble."""
    incident, mode = chance.pick(incidents), chance.weighted(MODES)
    opening = chance.pick(incident.openings())
    sources = SPAM_SOURCES if mode == "spam" else SOURCES.get(incident.domain, PLAIN_SOURCES)
    tiers = TIERS.get(incident.domain, PLAIN_TIERS)
    source = chance.weighted(sources | {"chat": sources["chat"] * (1 + 0.5 * drift)})
    tier = chance.weighted(tiers | {"enterprise": tiers["enterprise"] * (1 + 0.3 * drift)})
    traits = _draw_traits(chance, incident, opening, drift) if mode == "live" else ()
    return IncidentFacts(incident, opening, mode, source, tier, traits)


def _draw_traits(chance: Chance, incident: Incident, opening: str, drift: float) -> tuple[str, ...]:
    gravity = chance.weighted({"grave": 28 + 4 * drift, "mild": 38, "": 34})
    others = [chance.weighted(weights) for weights in BESIDE[gravity]]
    if gravity == "grave":
        gravity = _grave_or_dire(chance, incident, opening)
    traits = {trait for trait in (gravity, *others) if trait}
    return tuple(sorted(trait for trait in traits if _makes_sense(incident, opening, trait)))


def _grave_or_dire(chance: Chance, incident: Incident, opening: str) -> str:
    """Dire is where people get hurt or an attack is running: urgent from every sender."""
    grave, dire = (len(incident.fitting(pool, opening)) for pool in ("grave", "dire"))
    return chance.weighted({"grave": 2 * grave, "dire": dire})


def _makes_sense(incident: Incident, opening: str, trait: str) -> bool:
    """An incident's empty pool means that the trait makes no sense there."""
    return trait not in incident.phrases or bool(incident.fitting(trait, opening))


def points(facts: IncidentFacts) -> float:
    """Urgency without noise: what a careful agent who knows every fact would say."""
    live = facts.incident.severity + fsum(POINTS[trait] for trait in facts.traits)
    trouble = live if facts.mode == "live" else POINTS[facts.mode]
    return trouble + POINTS[facts.source] + POINTS[facts.tier]


def draw_label(chance: Chance, facts: IncidentFacts) -> str:
    """`urgent` or `non-urgent`: the points, some noise, and now and then a plain error."""
    urgent = points(facts) + NOISE * chance.normal() > THRESHOLD
    if chance.happens(MISLABELLED):
        urgent = not urgent
    return "urgent" if urgent else "non-urgent"
