"""A recipe in, rows of tickets out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from data.generator.chance import Dice
from data.generator.incident_facts import Story, draw_label, draw_story
from data.generator.phrasebook import read_phrasebook
from data.generator.prose import Writer
from data.generator.slots import fill_slots

WEEKDAYS = (21, 20, 19, 18, 15, 4, 3)
DAYPARTS = {"0": 4, "6": 10, "8": 34, "11": 22, "13": 26, "17": 10, "20": 4}
DAYPART_HOURS = {"0": 6, "6": 2, "8": 3, "11": 2, "13": 4, "17": 3, "20": 4}


@dataclass(frozen=True)
class Recipe:
    """What a file of tickets is made from: the same recipe gives the same bytes. `drift` runs from
    0 to 1.
    """

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
    return [row for row, _ in make_stories(recipe)]


def make_stories(recipe: Recipe) -> Iterator[tuple[Row, Story]]:
    """Each ticket with the story behind it, for those who want to measure against the truth."""
    dice = Dice(recipe.seed)
    moments = sorted(_moment(dice, recipe) for _ in range(recipe.rows))
    for number, at in enumerate(moments, start=1):
        yield _make_row(dice, recipe, number, at)


def _make_row(dice: Dice, recipe: Recipe, number: int, at: datetime) -> tuple[Row, Story]:
    book = read_phrasebook()
    story = draw_story(dice, book.incidents, drift=recipe.drift)
    slots = fill_slots(dice, at, book.slots, new_words=0.3 * recipe.drift)
    title, description = Writer(dice, book, slots, story).write()
    # The seed stands in the id, so files made from different seeds never claim the same ticket.
    ticket_id, created_at = f"SYN-{recipe.seed}-{number:06d}", f"{at:%Y-%m-%dT%H:%M:%SZ}"
    label = draw_label(dice, story)
    return Row(ticket_id, created_at, title, description, story.source, story.tier, label), story


def _moment(dice: Dice, recipe: Recipe) -> datetime:
    """A second within the recipe's days; most tickets are written on weekdays, in office hours,
    UTC.
    """
    while True:
        day = recipe.start + timedelta(days=dice.number(0, recipe.days - 1))
        if dice.chance(WEEKDAYS[day.weekday()] / max(WEEKDAYS)):
            break
    part = dice.weighted(DAYPARTS)
    seconds = dice.number(0, DAYPART_HOURS[part] * 3600 - 1)
    return datetime.combine(day, time(int(part)), tzinfo=UTC) + timedelta(seconds=seconds)
