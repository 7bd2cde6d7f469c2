"""A recipe in, rows of tickets out."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import NamedTuple

from data.generator.chance import Chance
from data.generator.incident_facts import FactDrawer, IncidentFacts, draw_label
from data.generator.phrasebook import read_phrasebook
from data.generator.prose import Writer
from data.generator.slots import Slots

WEEKDAYS = (21, 20, 19, 18, 15, 4, 3)
DAYPARTS = {0: 4, 6: 10, 8: 34, 11: 22, 13: 26, 17: 10, 20: 4}
DAYPART_HOURS = {0: 6, 6: 2, 8: 3, 11: 2, 13: 4, 17: 3, 20: 4}

# An export has gaps that say nothing about the ticket.
WITHOUT_SOURCE = 0.15
WITHOUT_TIER = 0.2


@dataclass(frozen=True)
class Recipe:
    """What a file is made from: the same recipe gives the same bytes. `drift` runs from 0 to 1."""

    rows: int
    seed: int
    start: date
    days: int = 28
    drift: float = 0.0


class Row(NamedTuple):
    """One line of the CSV, columns in order."""

    ticket_id: str
    created_at: str
    title: str
    description: str
    source: str
    customer_tier: str
    label_urgency: str


def make_rows(recipe: Recipe) -> Iterator[Row]:
    """The tickets of a recipe, oldest first, one at a time."""
    return (row for row, _ in make_rows_with_facts(recipe))


def make_rows_with_facts(recipe: Recipe) -> Iterator[tuple[Row, IncidentFacts]]:
    """Each ticket with the facts behind it, to measure against the truth."""
    chance, book = Chance(recipe.seed), read_phrasebook()
    drawer = FactDrawer(chance, book.incidents, recipe.drift)
    for number, at in enumerate(moments(chance, recipe), start=1):
        facts = drawer.draw()
        thing, new_words = facts.incident.thing, 0.3 * recipe.drift
        slots = Slots(chance, at, book.slots, thing=thing, new_words=new_words)
        title, description = Writer(chance, book, slots, facts).write()
        label = draw_label(chance, facts)
        fields = with_gaps(chance, facts.source, facts.tier)
        # The seed stands in the id: files made from different seeds never claim the same ticket.
        ticket_id = f"SYN-{recipe.seed}-{number:06d}"
        yield Row(ticket_id, f"{at.isoformat()[:19]}Z", title, description, *fields, label), facts


def with_gaps(chance: Chance, source: str, tier: str) -> tuple[str, str]:
    """Source and tier as the export has them: each missing by chance alone."""
    return (
        "" if chance.happens(WITHOUT_SOURCE) else source,
        "" if chance.happens(WITHOUT_TIER) else tier,
    )


def moments(chance: Chance, recipe: Recipe) -> Iterator[datetime]:
    """A second (UTC) for each row, rising, most often on weekdays and in office hours.

    Row i of n takes a random place in the i-th n-th of the weights, so nothing has to be sorted.
    """
    spans = [_span(recipe, day, hour) for day in range(recipe.days) for hour in DAYPARTS]
    ends = list(accumulate(span.weight for span in spans))
    for row in range(recipe.rows):
        place = (row + chance.random()) / recipe.rows * ends[-1]
        number = bisect(ends, place, hi=len(ends) - 1)
        span = spans[number]
        inside = 1 - (ends[number] - place) / span.weight
        yield span.begin + timedelta(seconds=int(inside * span.seconds))


class _Span(NamedTuple):
    """A part of a day and its share of the tickets."""

    begin: datetime
    seconds: int
    weight: int


def _span(recipe: Recipe, day: int, hour: int) -> _Span:
    at = recipe.start + timedelta(days=day)
    begin = datetime.combine(at, time(hour), tzinfo=UTC)
    return _Span(begin, DAYPART_HOURS[hour] * 3600, WEEKDAYS[at.weekday()] * DAYPARTS[hour])
