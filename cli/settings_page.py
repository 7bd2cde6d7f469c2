"""python -m cli.settings_page: `docs/settings.md`, made from the settings in the code."""

from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from urgency.settings import Settings, variables_of

HEAD = """# Settings

Every process reads its settings from the environment once, at start. A missing or malformed one
stops it with one sentence. Terraform and the laptop's wiring set those without a default. A setting
marked * decides what a model becomes: changing it is a new recipe, so the next run trains again.
(`make docs` writes this page.)

| variable | default | what it is |
|---|---|---|
"""


def settings_page() -> str:
    """The whole page, in Markdown."""
    return HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in map(_cells, fields(Settings)))


def _cells(row: Field[Any]) -> Iterator[str]:
    variables = ", else ".join(f"`{variable}`" for variable in variables_of(row))
    yield f"{variables}{' *' if row.metadata['recipe'] else ''}"
    yield f"`{row.default:g}`" if isinstance(row.default, float | int) else str(row.default or "")
    yield row.metadata["about"]


if __name__ == "__main__":
    print(settings_page(), end="")
