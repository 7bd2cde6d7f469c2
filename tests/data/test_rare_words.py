"""Tickets of rare words: a large vocabulary whose label can be learned, but not at a glance."""

from datetime import date
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from data.generator.__main__ import main
from data.generator.csv_text import to_csv
from data.generator.rare_words import (
    FIELDS,
    OCTAVES,
    TELLING_RANKS,
    make_rare_rows,
    rare_points,
    read_world,
)
from data.generator.tickets import Recipe, Row
from tests.data.stats import best_token, masked_text, text_of, urgent_share

RECIPE = Recipe(rows=10_000, seed=21, start=date(2025, 11, 3))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(make_rare_rows(RECIPE))


def _points(row: Row) -> int:
    return rare_points(read_world(), row.title.split(), row.description.split())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_tickets(
    rows: list[Row],
) -> None:
    again, other = make_rare_rows(RECIPE), make_rare_rows(Recipe(100, 22, RECIPE.start))
    assert to_csv(Row._fields, again) == to_csv(Row._fields, rows)
    assert not {text_of(row) for row in rows} & {text_of(row) for row in other}


def test_there_are_over_200_000_words_that_stay_apart_when_digits_are_masked() -> None:
    words = set(read_world().draws)
    masked = {masked_text(Row("", "", "", word, "", "", "")) for word in words}
    assert len(masked) == len(words) == 2**OCTAVES - 1 > 200_000


def test_words_follow_zipf(rows: list[Row]) -> None:
    """The ten thousandth word is about 10,000 times rarer than the first; half are seen once."""
    world = read_world()
    copies = dict(zip(*np.unique(world.draws, return_counts=True), strict=True))
    counts = sorted(copies.values(), reverse=True)
    for rank in (1, 10, 100, 1000, 10_000, 100_000):
        assert 1 / 2 <= counts[rank - 1] * rank / counts[0] <= 2
    used = list(chain.from_iterable(text_of(row).split() for row in rows))
    _, seen = np.unique(used, return_counts=True)
    assert len(seen) > 60_000
    assert (seen == 1).mean() > 0.4


def test_a_few_thousand_words_tell_each_a_little_and_the_title_speaks_up() -> None:
    _, in_title, in_description = read_world()
    assert len(TELLING_RANKS) * 0.45 < len(in_description) < len(TELLING_RANKS) * 0.55
    double = [in_title[word] == 2 * points for word, points in in_description.items()]
    assert 0.7 < np.mean(double) < 0.8
    opposite = [in_title[word] * points < 0 for word, points in in_description.items()]
    assert 0.08 < np.mean(opposite) < 0.17


def test_who_knows_every_word_ranks_with_an_auc_of_90(rows: list[Row]) -> None:
    urgent = [row.label_urgency == "urgent" for row in rows]
    fields = [FIELDS.get(row.source, 0) + FIELDS.get(row.customer_tier, 0) for row in rows]
    words = np.array([_points(row) for row in rows])
    assert 0.89 < roc_auc_score(urgent, words + fields) < 0.92
    assert 0.2 < urgent_share(rows) < 0.3
    assert best_token(rows)[1] < 0.55


def test_a_file_is_written_row_by_row_and_a_long_run_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("data.generator.__main__.TOLD_EVERY", 20)
    out = tmp_path / "rare.csv"
    main(["--out", str(out), "--rows=50", "--seed=21", "--start=2025-11-03", "--words=rare"])
    assert capsys.readouterr().err == "20 of 50 rows\n40 of 50 rows\n"
    assert out.read_bytes() == to_csv(Row._fields, make_rare_rows(Recipe(50, 21, RECIPE.start, 7)))
