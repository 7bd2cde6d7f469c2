"""A recipe in, rows of tickets out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from data.generator.chance import Chance
from data.generator.incident_facts import IncidentFacts, draw_facts, draw_label
from data.generator.phrasebook import read_phrasebook
from data.generator.prose import Writer
from data.generator.slots import fill_slots

WEEKDAYS = (21, 20, 19, 18, 15, 4, 3)
DAYPARTS = {"0": 4, "6": 10, "8": 34, "11": 22, "13": 26, "17": 10, "20": 4}
DAYPART_HOURS = {"0": 6, "6": 2, "8": 3, "11": 2, "13": 4, "17": 3, "20": 4}


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


def make_rows(recipe: Recipe) -> list[Row]:
    """The tickets of a recipe, oldest first."""
    return [row for row, _ in make_rows_with_facts(recipe)]


def make_rows_with_facts(recipe: Recipe) -> Iterator[tuple[Row, IncidentFacts]]:
    """Each ticket with the facts behind it, to measure against the truth."""
    chance = Chance(recipe.seed)
    moments = sorted(_moment(chance, recipe) for _ in range(recipe.rows))
    for number, at in enumerate(moments, start=1):
        yield _make_row(chance, recipe, number, at)


def _make_row(
    chance: Chance, recipe: Recipe, number: int, at: datetime
) -> tuple[Row, IncidentFacts]:
    book = read_phrasebook()
    facts = draw_facts(chance, book.incidents, drift=recipe.drift)
    slots = fill_slots(chance, at, book.slots, new_words=0.3 * recipe.drift)
    title, description = Writer(chance, book, slots, facts).write()
    # The seed stands in the id, so files made from different seeds never claim the same ticket.
    ticket_id, created_at = f"SYN-{recipe.seed}-{number:06d}", f"{at:%Y-%m-%dT%H:%M:%SZ}"
    label = draw_label(chance, facts)
    return Row(ticket_id, created_at, title, description, facts.source, facts.tier, label), facts


def _moment(chance: Chance, recipe: Recipe) -> datetime:
    """A second within the recipe's days, most often on weekdays and in office hours (UTC)."""
    while True:
        day = recipe.start + timedelta(days=chance.number(0, recipe.days - 1))
        if chance.happens(WEEKDAYS[day.weekday()] / max(WEEKDAYS)):
            break
    part = chance.weighted(DAYPARTS)
    seconds = chance.number(0, DAYPART_HOURS[part] * 3600 - 1)
    return datetime.combine(day, time(int(part)), tzinfo=UTC) + timedelta(seconds=seconds)
