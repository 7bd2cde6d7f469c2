"""What happened, and how urgent that makes it: drawn first, put into words later by `prose`."""

from collections.abc import Mapping
from typing import NamedTuple

from data.generator.chance import Chance, Weights
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

# `live` is trouble now. The next four use its words: it is over, planned, a wish, or advertising.
# The others are a few words each, and nothing is broken.
MODES = {
    "live": 71, "over": 6.5, "ahead": 5.5, "wish": 5.5, "spam": 2.5,
    "question": 4.2, "request": 1.1, "nudge": 1.2, "thanks": 1.2, "greeting": 1.5,
}  # fmt: skip
ALWAYS_SHORT = ("question", "request", "nudge", "thanks", "greeting")
SHORT = 0.065
"""Share of the other tickets that are a line or two: a title, sometimes one sentence more."""

# Points of urgency; a ticket is urgent when they and a little noise exceed THRESHOLD.
POINTS = {
    "dire": 7.0, "grave": 2.5, "mild": -2.4, "broad": 1.2, "narrow": -0.7, "near": 1.7, "far": -1.2,
    "no_way_round": 0.8, "way_round": -0.9, "reopened": 0.3,
    "alarm": 0.6, "pushing": 0.2, "calm": -0.7, "polite": 0.0,
    "down_for_all": 5.5, "down": 1.6, "minor": -2.4, "stuck": 1.2,
    "over": -4.0, "ahead": -4.0, "wish": -4.0, "spam": -6.0,
    "question": -4.0, "request": -3.0, "nudge": -4.0, "thanks": -6.0, "greeting": -6.0,
    "phone": 1.3, "api": 0.6, "chat": 0.0, "web": -0.5, "email": -0.8,
    "enterprise": 1.5, "premium": 0.6, "standard": -0.4, "free": -1.4,
}  # fmt: skip
THRESHOLD = 1.5
NOISE = 0.3
MISLABELLED = 0.02


def _all(*shares: Mapping[str, float]) -> tuple[Weights, ...]:
    return tuple(map(Weights, shares))


# Shares of a live ticket's other traits. A grave sentence names who is hit, so it has no scope.
BESIDE = {
    "down_for_all": _all(
        {"near": 40, "": 60},
        {"no_way_round": 25, "": 75},
        {"alarm": 20, "pushing": 12, "polite": 15, "": 53},
        {"reopened": 7, "": 93},
    ),
    "grave": _all(
        {"near": 18, "": 82},
        {"no_way_round": 28, "": 72},
        {"alarm": 46, "pushing": 12, "polite": 10, "": 32},
        {"reopened": 7, "": 93},
    ),
    "mild": _all(
        {"narrow": 30, "": 70},
        {"near": 12, "far": 22, "": 66},
        {"way_round": 14, "": 86},
        {"alarm": 3, "pushing": 10, "calm": 36, "polite": 12, "": 39},
        {"reopened": 5, "": 95},
    ),
    "": _all(
        {"broad": 36, "narrow": 24, "": 40},
        {"near": 30, "far": 20, "": 50},
        {"no_way_round": 14, "way_round": 12, "": 74},
        {"alarm": 8, "pushing": 12, "calm": 10, "polite": 14, "": 56},
        {"reopened": 8, "": 92},
    ),
}
# What a short ticket says in its title, and in the one sentence that may follow.
HEADLINES = Weights({"down_for_all": 48, "down": 16, "minor": 26, "": 10})
BELOW = {
    "down_for_all": Weights({"stuck": 45, "near": 12, "alarm": 5, "": 38}),
    "down": Weights({"stuck": 15, "near": 10, "pushing": 8, "polite": 7, "": 60}),
    "minor": Weights({"calm": 25, "way_round": 15, "narrow": 15, "polite": 10, "": 35}),
    "": Weights({"pushing": 10, "polite": 15, "narrow": 10, "": 65}),
}


class IncidentFacts(NamedTuple):
    """One ticket before it is put into words; `traits` are keys of POINTS, in alphabet order."""

    incident: Incident
    opening: str
    mode: str
    source: str
    tier: str
    traits: tuple[str, ...]
    short: bool = False


class FactDrawer:
    """Draws the facts of tickets; `drift`, 0 to 1: more chat, enterprise and grave trouble."""

    def __init__(self, chance: Chance, incidents: tuple[Incident, ...], drift: float) -> None:
        self._chance, self._incidents = chance, incidents
        self._modes = Weights(MODES)
        self._gravity = Weights({"grave": 22 + 4 * drift, "down_for_all": 11, "mild": 37, "": 30})
        sources = {"": PLAIN_SOURCES, **SOURCES, "spam": SPAM_SOURCES}
        tiers = {"": PLAIN_TIERS, **TIERS}
        self._sources = {key: _more(shares, "chat", 0.5 * drift) for key, shares in sources.items()}
        self._tiers = {
            key: _more(shares, "enterprise", 0.3 * drift) for key, shares in tiers.items()
        }

    def draw(self) -> IncidentFacts:
        """The facts of one ticket."""
        chance = self._chance
        incident, mode = chance.pick(self._incidents), chance.weighted(self._modes)
        opening = chance.pick(incident.openings())
        of_domain = self._sources.get(incident.domain, self._sources[""])
        source = chance.weighted(self._sources["spam"] if mode == "spam" else of_domain)
        tier = chance.weighted(self._tiers.get(incident.domain, self._tiers[""]))
        short = mode in ALWAYS_SHORT or chance.happens(SHORT)
        draw_traits = self._few_traits if short else self._many_traits
        drawn = draw_traits(incident, opening) if mode == "live" else ()
        traits = {trait for trait in drawn if trait and _makes_sense(incident, opening, trait)}
        return IncidentFacts(incident, opening, mode, source, tier, tuple(sorted(traits)), short)

    def _few_traits(self, incident: Incident, opening: str) -> list[str]:
        headline = self._chance.weighted(HEADLINES)
        if not _makes_sense(incident, opening, headline):
            headline = ""
        return [headline, self._chance.weighted(BELOW[headline])]

    def _many_traits(self, incident: Incident, opening: str) -> list[str]:
        gravity = self._chance.weighted(self._gravity)
        if gravity == "down_for_all" and not incident.fitting(gravity, opening):
            gravity = ""
        others = [self._chance.weighted(weights) for weights in BESIDE[gravity]]
        if gravity == "grave":
            gravity = self._grave_or_dire(incident, opening)
        return [gravity, *others]

    def _grave_or_dire(self, incident: Incident, opening: str) -> str:
        """Dire is where people get hurt or an attack is running: urgent from every sender."""
        grave, dire = (len(incident.fitting(pool, opening)) for pool in ("grave", "dire"))
        return "dire" if self._chance.happens(dire / (2 * grave + dire)) else "grave"


def _more(shares: Mapping[str, float], option: str, growth: float) -> Weights:
    return Weights({**shares, option: shares[option] * (1 + growth)})


def _makes_sense(incident: Incident, opening: str, trait: str) -> bool:
    """An incident's empty pool means that the trait makes no sense there."""
    return trait not in incident.phrases or bool(incident.fitting(trait, opening))


def points(facts: IncidentFacts) -> float:
    """Urgency without noise: what a careful agent who knows every fact would say."""
    trouble = facts.incident.severity if facts.mode == "live" else POINTS[facts.mode]
    for fact in (*facts.traits, facts.source, facts.tier):
        trouble += POINTS[fact]
    return trouble


def draw_label(chance: Chance, facts: IncidentFacts) -> str:
    """`urgent` or `non-urgent`: the points, some noise, and now and then a plain error."""
    urgent = points(facts) + NOISE * chance.normal() > THRESHOLD
    if chance.happens(MISLABELLED):
        urgent = not urgent
    return "urgent" if urgent else "non-urgent"
