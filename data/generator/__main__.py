"""Write synthetic helpdesk tickets, put together from templates: no real person, no real customer.

    python -m data.generator                                        the files of this folder
    python -m data.generator --out more.csv --rows 5000 --seed 77   as many new tickets as you like
    python -m data.generator --out rare.csv --words rare            tickets of many rare words

The same options give the same bytes on every Python from 3.11; README.md describes the files.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from data.generator.bad_lines import bad_csv
from data.generator.csv_text import to_csv, write_csv
from data.generator.rare_words import make_rare_rows
from data.generator.tickets import Recipe, Row, make_rows

HERE = Path(__file__).parents[1]
RECIPES = {
    "tickets.csv": Recipe(rows=3000, seed=1, start=date(2025, 9, 1), days=28),
    "tickets_week2.csv": Recipe(rows=900, seed=2, start=date(2025, 9, 29), days=7, drift=1.0),
}
BAD_RECIPE = Recipe(rows=40, seed=3, start=date(2025, 10, 6), days=7)
KINDS = {"common": make_rows, "rare": make_rare_rows}
TOLD_EVERY = 100_000
"""Rows between two lines on stderr."""


def committed_files() -> dict[str, bytes]:
    """File name -> bytes of every CSV kept in this folder."""
    files = {name: to_csv(Row._fields, make_rows(recipe)) for name, recipe in RECIPES.items()}
    return files | {"bad.csv": bad_csv(list(make_rows(BAD_RECIPE)))}


def main(argv: Sequence[str] | None = None) -> int:
    """Without options the folder's own files, with `--out` one file of new tickets."""
    options = _parse(sys.argv[1:] if argv is None else argv)
    if options.out is None:
        for name, content in committed_files().items():
            _say_written(HERE / name, (HERE / name).write_bytes(content))
        return 0
    recipe = Recipe(options.rows, options.seed, options.start, options.days, options.drift)
    with options.out.open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, Row._fields, _told(KINDS[options.words](recipe), recipe.rows))
    _say_written(options.out, options.out.stat().st_size)
    return 0


def _say_written(path: Path, size: int) -> None:
    sys.stdout.write(f"{path}: {size:,} bytes\n")


def _told(rows: Iterable[Row], total: int) -> Iterator[Row]:
    """The rows as they come; a long run says how far it is."""
    for number, row in enumerate(rows, start=1):
        yield row
        if number % TOLD_EVERY == 0:
            sys.stderr.write(f"{number:,} of {total:,} rows\n")


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    about = "Write synthetic helpdesk tickets."
    parser = argparse.ArgumentParser(prog="python -m data.generator", description=about)
    add, first_day = parser.add_argument, date(2025, 10, 13)
    add("--out", type=Path, help="file to write; without it, all CSVs of the data folder")
    add("--rows", type=_positive, default=1000, help="number of tickets (default: %(default)s)")
    add("--words", choices=KINDS, default="common", help="sentences, or many rare made-up words")
    add("--seed", type=_positive, default=10, help="part of the ids: new seed, new tickets")
    add("--start", type=date.fromisoformat, default=first_day, help="first day, YYYY-MM-DD")
    add("--days", type=_positive, default=7, help="number of days (default: %(default)s)")
    add("--drift", type=float, default=0.0, help="0: like tickets.csv, 1: like tickets_week2.csv")
    options = parser.parse_args(argv)
    if argv and options.out is None:
        parser.error("options need --out FILE; without options, the data folder is written")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
