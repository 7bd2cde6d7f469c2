"""What happened behind a ticket, and how urgent that makes it: drawn first, told afterwards by `prose`."""

from dataclasses import dataclass

from data.dice import Dice
from data.phrasebook import Incident

SOURCES = {
    "facilities": {"email": 30, "phone": 30, "web": 28, "chat": 10, "api": 2},
    "hr": {"email": 46, "web": 30, "chat": 14, "phone": 8, "api": 2},
    "network": {"phone": 36, "email": 24, "web": 14, "api": 20, "chat": 6},
    "payments": {"email": 30, "phone": 28, "web": 24, "chat": 12, "api": 6},
    "saas": {"web": 26, "chat": 30, "email": 26, "api": 14, "phone": 4},
    "shop": {"email": 32, "chat": 26, "web": 24, "api": 10, "phone": 8},
    "workplace": {"email": 36, "phone": 26, "chat": 18, "web": 18, "api": 2},
}
TIERS = {
    "saas": {"free": 34, "standard": 34, "premium": 20, "enterprise": 12},
    "shop": {"free": 28, "standard": 38, "premium": 22, "enterprise": 12},
}
OTHER_TIERS = {"free": 10, "standard": 40, "premium": 28, "enterprise": 22}

# `live` is trouble now; the others borrow its words: it is over, it lies ahead, it is a wish, it is advertising.
MODES = {"live": 78.0, "over": 7.0, "ahead": 6.0, "wish": 6.0, "spam": 3.0}

# Points of urgency; a ticket is urgent when they and a little chance exceed THRESHOLD.
POINTS = {
    "grave": 2.3, "mild": -1.5, "broad": 1.0, "narrow": -0.7, "near": 1.4, "far": -1.1,
    "no_way_round": 0.7, "way_round": -0.9, "pushing": 0.3, "calm": -0.3, "reopened": 0.3,
    "over": -4.0, "ahead": -4.0, "wish": -4.0, "spam": -6.0,
    "phone": 1.1, "api": 0.5, "chat": 0.0, "web": -0.4, "email": -0.6,
    "enterprise": 1.2, "premium": 0.5, "standard": -0.2, "free": -1.2,
}  # fmt: skip
THRESHOLD = 1.0
CHANCE = 0.9
MISLABELLED = 0.025


@dataclass(frozen=True)
class Story:
    """One ticket before it is put into words; `traits` are keys of POINTS, in no order."""

    incident: Incident
    mode: str
    source: str
    tier: str
    traits: frozenset[str]


def draw_story(dice: Dice, incidents: tuple[Incident, ...], *, drift: float) -> Story:
    """A story; `drift` from 0 to 1 moves the shares: more chat, more enterprise, more grave trouble."""
    incident = dice.pick(incidents)
    sources = SOURCES[incident.domain]
    tiers = TIERS.get(incident.domain, OTHER_TIERS)
    return Story(
        incident=incident,
        mode=dice.weighted(MODES),
        source=dice.weighted(sources | {"chat": sources["chat"] * (1 + 0.5 * drift)}),
        tier=dice.weighted(tiers | {"enterprise": tiers["enterprise"] * (1 + 0.3 * drift)}),
        traits=_draw_traits(dice, incident, drift),
    )


def _draw_traits(dice: Dice, incident: Incident, drift: float) -> frozenset[str]:
    gravity = dice.weighted({"grave": 30 + 4 * drift, "mild": 38, "": 32})
    drawn = {
        gravity,
        _scope(dice, incident, gravity),
        _deadline(dice, incident, gravity),
        dice.weighted({"no_way_round": 16, "": 84} if gravity == "grave" else {"no_way_round": 8, "way_round": 10, "": 82}),
        dice.weighted({"pushing": 16, "calm": 10, "": 74} if gravity == "grave" else {"pushing": 11, "calm": 18, "": 71}),
        dice.weighted({"reopened": 7, "": 93}),
    }
    return frozenset(drawn - {""})


def _scope(dice: Dice, incident: Incident, gravity: str) -> str:
    """Never with a grave sentence, which says itself whom it hits."""
    if gravity == "grave":
        return ""
    weights = {"broad": 12.0, "narrow": 26.0, "": 62.0} if gravity else {"broad": 34.0, "narrow": 26.0, "": 40.0}
    scope = dice.weighted(weights)
    return scope if scope == "" or getattr(incident, scope) else ""


def _deadline(dice: Dice, incident: Incident, gravity: str) -> str:
    """Nobody writes that a disaster may wait until next month."""
    weights = {"near": 18.0, "": 82.0} if gravity == "grave" else {"near": 18.0, "far": 20.0, "": 62.0}
    deadline = dice.weighted(weights)
    return deadline if deadline == "" or getattr(incident, deadline) else ""


def points(story: Story) -> float:
    """Urgency of a story without chance; what a careful agent who knows every fact would say."""
    facts = story.incident.severity + sum(POINTS[trait] for trait in sorted(story.traits))
    told = facts if story.mode == "live" else POINTS[story.mode]
    return told + POINTS[story.source] + POINTS[story.tier]


def draw_label(dice: Dice, story: Story) -> str:
    """`urgent` or `non-urgent`: points, the agent's mood, and now and then plain error."""
    urgent = points(story) + CHANCE * dice.normal() > THRESHOLD
    if dice.chance(MISLABELLED):
        urgent = not urgent
    return "urgent" if urgent else "non-urgent"
