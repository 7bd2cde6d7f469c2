"""Recipe: the digest of everything but the data that decides what a model becomes, the same on
laptop and cloud.

New model code or another model setting makes a new recipe, and so a new snapshot and a new model;
nothing else does. Modules are read, not imported: an unchanged night pays for no SciPy.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from urgency.bundle import canonical_json, digest
from urgency.settings import Settings, recipe_settings

MODULES = (
    *("urgency/batch.py", "urgency/bundle.py", "urgency/features.py", "urgency/feedback.py"),
    *("urgency/html_text.py", "urgency/murmur.py", "urgency/observed.py", "urgency/reasons.py"),
    *("urgency/reference.py", "urgency/scorer.py", "urgency/spans.py", "urgency/ticket.py"),
    *("urgency/spelling.py", "urgency/lexicon.py", "urgency/vocabulary.py"),
    *("urgency/vocabulary.toml", "urgency/languages.toml"),
    *("urgency/weights.py", "urgency/ticket_words.py"),
    *("jobs/tickets/container.py", "jobs/tickets/file_kind.py", "jobs/tickets/workbook.py"),
    *("jobs/tickets/encoding.py", "jobs/tickets/code_page.py"),
    *("jobs/tickets/header.py", "jobs/tickets/objects.py", "jobs/tickets/markup.py"),
    "jobs/tickets/grid.py",
    *("jobs/tickets/limits.py", "jobs/tickets/lines.py", "jobs/tickets/records.py"),
    *("jobs/tickets/chunks.py", "jobs/tickets/dialect.py", "jobs/tickets/rows.py"),
    *("jobs/tickets/find_table.py", "jobs/tickets/table.py", "jobs/tickets/rules.py"),
    *("jobs/tickets/mapping.py", "jobs/tickets/related_names.py", "jobs/tickets/prose.py"),
    *("jobs/tickets/labels.py", "jobs/tickets/ids.py", "jobs/tickets/reader.py"),
    *("jobs/tickets/file_reading.py", "jobs/tickets/collector.py", "jobs/tickets/columns.py"),
    *("jobs/tickets/questions.py", "jobs/tickets/newest.py", "jobs/tickets/dataset.py"),
    *("jobs/tickets/rare_values.py", "jobs/tickets/same_tickets.py", "jobs/tickets/split.py"),
    *("jobs/tickets/texts.py", "jobs/tickets/stems.py", "jobs/tickets/growing.py"),
    "jobs/tickets/shard.py",
    *("jobs/model/vectors.py", "jobs/model/newton.py", "jobs/model/folds.py"),
    *("jobs/model/calibrate.py", "jobs/model/choose.py", "jobs/model/fit.py"),
    *("jobs/model/threshold.py", "jobs/model/honest.py", "jobs/model/metrics.py"),
    "jobs/model/ranking.py",
    *("jobs/model/evidence.py", "jobs/model/rules.py", "jobs/model/sentences.py"),
    *("jobs/model/per_hundred.py", "jobs/model/reference.py", "jobs/model/tickets.py"),
    *("jobs/model/gate.py", "jobs/model/golden.py", "jobs/training.py"),
)
"""The deciding modules, by their path below the checkout."""

_ROOT = Path(__file__).parents[1]


def reading_recipe() -> str:
    """The part of a recipe that decides what a file's rows become: no setting, no model code.

    Words are what Python's tables of Unicode say, so these are in it.
    """
    reading = [name for name in MODULES if name.startswith(("urgency/", "jobs/tickets/"))]
    return digest(canonical_json([_sources(reading), unicodedata.unidata_version]))


def recipe_of(settings: Settings) -> str:
    """sha256 in hex over the deciding modules' text and the deciding settings."""
    deciding = {"sources": _sources(MODULES), "settings": recipe_settings(settings)}
    return digest(canonical_json(deciding))


def _sources(names: Iterable[str]) -> dict[str, str]:
    return {name: digest((_ROOT / name).read_bytes()) for name in names}
