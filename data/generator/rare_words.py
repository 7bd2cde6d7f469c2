"""Tickets of made-up words, most of them rare: what a large vocabulary costs, and what it gains.

262,142 words after Zipf's law: a word of rank r comes up with a chance of about 1 / (18 r). Some
4,000 of middling rank carry the label, each a little; in the title they count double, and every
fourth of them means something else there than in the description. Which words they are is the
same for every seed, so files of different seeds are about the same world.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

from data.generator.chance import Chance, Weights
from data.generator.incident_facts import PLAIN_SOURCES, PLAIN_TIERS
from data.generator.tickets import Recipe, Row, moments, with_gaps

OCTAVES = 18
"""Ranks from 2^k to 2^(k+1) share one 18th of all words used: Zipf's law in steps."""

TELLING_RANKS = range(64, 8192)
WORLD_SEED = 2025

# Points of urgency in hundredths, as sums of whole numbers are the same everywhere.
FIELDS = {
    "phone": 60, "api": 30, "chat": 0, "web": -20, "email": -40,
    "enterprise": 60, "premium": 20, "standard": -10, "free": -60,
}  # fmt: skip
HEAVIEST = 140
THRESHOLD = 240
NOISE = 180

# Names of things are made of the plain words; digits would be masked by a reader of tickets.
NAMES = ("ERR-{upper}", "{plain}.dll", "{capital}Desk", "{plain}_sync", "0x{upper}", "{capital}")


class World(NamedTuple):
    """A word for each of equally likely draws; its points in a title and in a description."""

    draws: Sequence[str]
    in_title: dict[str, int]
    in_description: dict[str, int]


def make_rare_rows(recipe: Recipe) -> Iterator[Row]:
    """The tickets of a recipe, oldest first, one at a time; `drift` has no effect."""
    chance, world = Chance(recipe.seed), read_world()
    sources, tiers = Weights(PLAIN_SOURCES), Weights(PLAIN_TIERS)
    for number, at in enumerate(moments(chance, recipe), start=1):
        title = _words(chance, world, chance.number(2, 8))
        body = _words(chance, world, chance.number(8, 60))
        source, tier = chance.weighted(sources), chance.weighted(tiers)
        points = rare_points(world, title, body) + FIELDS[source] + FIELDS[tier]
        label = "urgent" if points + NOISE * chance.normal() > THRESHOLD else "non-urgent"
        ticket_id = f"SYN-RARE-{recipe.seed}-{number:06d}"
        fields = with_gaps(chance, source, tier)
        text = (" ".join(title), " ".join(body))
        yield Row(ticket_id, f"{at.isoformat()[:19]}Z", *text, *fields, label)


def rare_points(world: World, title: Sequence[str], body: Sequence[str]) -> int:
    """What the words say, in hundredths of a point."""
    return _sum_of(world.in_title, title) + _sum_of(world.in_description, body)


def _sum_of(points: dict[str, int], words: Sequence[str]) -> int:
    """Each different word counts once."""
    return sum([points[word] for word in points.keys() & words])


def _words(chance: Chance, world: World, count: int) -> list[str]:
    random, size = chance.random, len(world.draws)
    places = [int(random() * size) for _ in range(count)]
    return [world.draws[place] for place in places]  # a loop of its own: memory is read ahead


@cache
def read_world() -> World:
    """The words and what they mean: about 40 MB, a third of a second."""
    words, chance = _vocabulary(), Chance(WORLD_SEED)
    in_title: dict[str, int] = {}
    in_description: dict[str, int] = {}
    for rank in TELLING_RANKS:
        if chance.happens(0.5):
            word, points = words[rank - 1], chance.number(-HEAVIEST, HEAVIEST)
            other = chance.number(-HEAVIEST, HEAVIEST) if chance.happens(0.25) else points
            in_description[word], in_title[word] = points, 2 * other
    draws = []
    for octave in range(OCTAVES):
        copies = 2 ** (OCTAVES - 1 - octave)
        for word in words[2**octave - 1 : 2 ** (octave + 1) - 1]:
            draws += [word] * copies
    return World(draws, in_title, in_description)


def _vocabulary() -> list[str]:
    """All words, the most frequent first, which are the shortest, as in every language."""
    onsets, vowels = "bdfgklmnprstvxyz", ("a", "e", "i", "o")
    syllables = ["".join(pair) for pair in product(onsets, vowels)]
    plain = ["".join(parts) for n in (1, 2, 3) for parts in product(syllables, repeat=n)]
    words = plain[: 2**OCTAVES - 1]
    for place in range(TELLING_RANKS.start, len(words), 4):
        pattern, word = NAMES[place // 4 % len(NAMES)], words[place]
        words[place] = pattern.format(plain=word, upper=word.upper(), capital=word.capitalize())
    return words
