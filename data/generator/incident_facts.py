"""What happened behind a ticket, and how urgent that makes it: drawn first, told afterwards by
`prose`.
"""

from dataclasses import dataclass
from math import fsum

from data.generator.chance import Dice
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

# `live` is trouble now; the others borrow its words: it is over, it lies ahead, it is a wish, it is
# advertising.
MODES = {"live": 78, "over": 7, "ahead": 6, "wish": 6, "spam": 3}

# Points of urgency; a ticket is urgent when they and a little chance exceed THRESHOLD.
POINTS = {
    "dire": 7.0, "grave": 2.5, "mild": -2.4, "broad": 1.2, "narrow": -0.7, "near": 1.7, "far": -1.2,
    "no_way_round": 0.8, "way_round": -0.9, "alarm": 0.6, "pushing": 0.2, "calm": -0.7, "polite": 0.0, "reopened": 0.3,
    "over": -4.0, "ahead": -4.0, "wish": -4.0, "spam": -6.0,
    "phone": 1.9, "api": 0.8, "chat": 0.0, "web": -0.8, "email": -1.1,
    "enterprise": 2.2, "premium": 0.8, "standard": -0.5, "free": -2.2,
}  # fmt: skip
THRESHOLD = 1.5
CHANCE = 0.3
MISLABELLED = 0.02


@dataclass(frozen=True)
class Story:
    """One ticket before it is put into words; `traits` are keys of POINTS, in alphabetical order."""

    incident: Incident
    opening: str
    mode: str
    source: str
    tier: str
    traits: tuple[str, ...]


def draw_story(dice: Dice, incidents: tuple[Incident, ...], *, drift: float) -> Story:
    """A story; `drift` from 0 to 1 moves the shares: more chat, more enterprise, more grave
    trouble.
    """
    incident, mode = dice.pick(incidents), dice.weighted(MODES)
    opening = dice.pick(incident.openings())
    sources = SPAM_SOURCES if mode == "spam" else SOURCES.get(incident.domain, PLAIN_SOURCES)
    tiers = TIERS.get(incident.domain, PLAIN_TIERS)
    return Story(
        incident=incident,
        opening=opening,
        mode=mode,
        source=dice.weighted(sources | {"chat": sources["chat"] * (1 + 0.5 * drift)}),
        tier=dice.weighted(tiers | {"enterprise": tiers["enterprise"] * (1 + 0.3 * drift)}),
        traits=_draw_traits(dice, incident, opening, drift) if mode == "live" else (),
    )


def _draw_traits(dice: Dice, incident: Incident, opening: str, drift: float) -> tuple[str, ...]:
    gravity = dice.weighted({"grave": 28 + 4 * drift, "mild": 38, "": 34})
    drawn = {"grave": _beside_grave, "mild": _beside_mild, "": _beside_nothing}[gravity](dice)
    if gravity == "grave":
        gravity = _grave_or_dire(dice, incident, opening)
    wanted = {trait for trait in (gravity, *drawn) if trait}
    return tuple(sorted(trait for trait in wanted if _can_say(incident, opening, trait)))


def _grave_or_dire(dice: Dice, incident: Incident, opening: str) -> str:
    """Dire is where people get hurt or an attack is running: that comes first, whoever writes and
    however.
    """
    grave, dire = (len(incident.fitting(pool, opening)) for pool in ("grave", "dire"))
    return dice.weighted({"grave": 2 * grave, "dire": dire})


def _can_say(incident: Incident, opening: str, trait: str) -> bool:
    """An incident's empty pool means that the trait makes no sense there."""
    return trait not in incident.phrases or bool(incident.fitting(trait, opening))


def _beside_grave(dice: Dice) -> tuple[str, ...]:
    """No scope, as the grave sentence says itself whom it hits, and nobody writes that a disaster
    may wait.
    """
    return (
        dice.weighted({"near": 18, "": 82}),
        dice.weighted({"no_way_round": 28, "": 72}),
        dice.weighted({"alarm": 46, "pushing": 12, "polite": 10, "": 32}),
        dice.weighted({"reopened": 7, "": 93}),
    )


def _beside_mild(dice: Dice) -> tuple[str, ...]:
    return (
        dice.weighted({"narrow": 30, "": 70}),
        dice.weighted({"near": 12, "far": 22, "": 66}),
        dice.weighted({"way_round": 14, "": 86}),
        dice.weighted({"alarm": 3, "pushing": 10, "calm": 36, "polite": 12, "": 39}),
        dice.weighted({"reopened": 5, "": 95}),
    )


def _beside_nothing(dice: Dice) -> tuple[str, ...]:
    return (
        dice.weighted({"broad": 36, "narrow": 24, "": 40}),
        dice.weighted({"near": 30, "far": 20, "": 50}),
        dice.weighted({"no_way_round": 14, "way_round": 12, "": 74}),
        dice.weighted({"alarm": 8, "pushing": 12, "calm": 10, "polite": 14, "": 56}),
        dice.weighted({"reopened": 8, "": 92}),
    )


def points(story: Story) -> float:
    """Urgency of a story without chance: what a careful agent who knows every fact would say."""
    facts = story.incident.severity + fsum(POINTS[trait] for trait in story.traits)
    told = facts if story.mode == "live" else POINTS[story.mode]
    return told + POINTS[story.source] + POINTS[story.tier]


def draw_label(dice: Dice, story: Story) -> str:
    """`urgent` or `non-urgent`: the points, the agent's mood, and now and then plain error."""
    urgent = points(story) + CHANCE * dice.normal() > THRESHOLD
    if dice.chance(MISLABELLED):
        urgent = not urgent
    return "urgent" if urgent else "non-urgent"
