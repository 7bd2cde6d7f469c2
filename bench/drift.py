"""How often the drift check is wrong: alarms without drift, and shifts that it does not see.

    python -m bench.drift
    python -m bench.drift --tickets nasa_pits_a.csv endava.csv

A version is trained on 10,000 made-up tickets, and checks are made of others of the same kind: a
week of n tickets and its last day, as every night. Of a file half the tickets train and the others
are drawn from. Each shift is made at 200 tickets and leaves the rest as it was; it is found where
the answer is `moved` and names its family.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bench.ours import read_whole
from bench.streams import landed, model_of
from bench.table import markdown, met
from data.generator.tickets import Recipe, Row, make_rows
from jobs.drift.statistic import MOVED, Window, check
from jobs.model.vectors import probabilities
from jobs.tickets.frame import frame_of
from jobs.training import reference
from urgency.features import MASK
from urgency.observed import BINS, CATEGORIES, LENGTH_EDGES, Counts, Scored, binned_of, named_counts
from urgency.reference import Reference

SIZES = (50, 200, 1_000, 5_000, 50_000)
TRAINED, POPULATION = 10_000, 150_000
SHIFTED_AT, FROM, TO = 200, 0.10, 0.25
ALARMS, FOUND = 0.01, 0.95
HEAD = ("tickets", "check", "n", "trials", "moved", "owed", "reached")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """Tickets that a version has not seen, as they are counted: `binned` (n,) by family, of each
    word its bucket, `words`, and where the words of each ticket begin, `starts` (n + 1,).
    """

    reference: Reference
    binned: dict[str, Ints]
    words: Ints
    starts: Ints
    values: dict[str, NDArray[np.object_]]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def counts(self, chosen: Ints) -> Counts:
        """What an instance would have counted of these tickets."""
        histograms = {
            name: np.bincount(binned[chosen], minlength=BINS[name])
            for name, binned in self.binned.items()
        }
        words = np.asarray(self._by_bucket[chosen].sum(axis=0), np.int64).ravel()
        named = {name: Counter(self.values[name][chosen]) for name in CATEGORIES}
        return Counts(len(chosen), histograms | {"words": words}, named)

    @cached_property
    def _by_bucket(self) -> csr_array:
        """How often each ticket has a word of each bucket, (n, buckets)."""
        ones = np.ones(len(self.words), np.int64)
        return csr_array((ones, self.words, self.starts), (len(self), BINS["words"]))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description="How often the drift check is wrong.")
    parser.add_argument("--tickets", nargs="*", type=Path, default=[], help="labelled tickets")
    parser.add_argument("--trials", type=int, default=400)
    options = parser.parse_args(argv)
    frames = {path.name: _halves(path) for path in options.tickets} or {"made up": _made_up()}
    lines = []
    for name, (trained, others) in frames.items():
        population = population_of(trained, others)
        lines += [(name, *line) for line in checked(population, options.trials)]
    sys.stdout.write(markdown(HEAD, lines))
    return 0 if all(line[-1] == met(reached=True) for line in lines) else 1


def population_of(trained: pd.DataFrame, others: pd.DataFrame) -> Population:
    """Train on some tickets, and score the others."""
    tickets = landed({"trained.csv": trained})
    model = model_of(tickets)
    met_later = landed({"others.csv": others})
    corpus, others_table = met_later.corpus, frame_of(met_later.data)
    seen = model.scorer.seen_words()
    words_met = corpus.words.together()
    lengths, marked = words_met.counts.sum(axis=1), words_met.marked
    scored = Scored(probabilities(model.scorer, corpus), lengths, marked, seen[marked & MASK])
    binned = {name: bins.astype(np.int64) for name, bins in binned_of(scored).items()}
    weights = model.scorer.manifest.weights
    values = {
        name: np.array(
            [named_counts([value], weights[name]).popitem()[0] for value in others_table[name]],
            object,
        )
        for name in CATEGORIES
    }
    words = binned.pop("words")
    starts = np.concatenate([[0], lengths.cumsum()])
    return Population(reference(tickets, model), binned, words, starts, values)


def checked(population: Population, trials: int) -> Iterator[tuple[str, ...]]:
    """A line for each size without drift, then one for each shift."""
    even = np.ones(len(population))
    for size in (size for size in SIZES if size <= len(population)):
        moved = [answer_of(population, even, size, seed) for seed in range(trials)]
        share = float(np.mean([window.answer == MOVED for window in moved]))
        yield _line("no drift", size, trials, share, f"<= {ALARMS:.0%}", share <= ALARMS)
    for name, shifted in SHIFTS.items():
        weights, family = shifted(population)
        found = [answer_of(*weights, SHIFTED_AT, seed) for seed in range(trials)]
        share = float(np.mean([family in {s.family for s in one.moved} for one in found]))
        yield _line(name, SHIFTED_AT, trials, share, f">= {FOUND:.0%}", share >= FOUND)


def answer_of(population: Population, weights: Floats, size: int, seed: int) -> Window:
    """The answer about a week of `size` tickets, asked together with its last day."""
    random = np.random.default_rng(seed)
    week = random.choice(len(population), size, p=weights / weights.sum())
    windows = {"day": population.counts(week[-(size // 7) :]), "week": population.counts(week)}
    answers = check(windows, population.reference)
    return answers["day"] if answers["day"].answer == MOVED else answers["week"]


Shifted = Callable[[Population], tuple[tuple[Population, Floats], str]]


def _more_of(is_in: NDArray[np.bool_], more_share: float = TO - FROM) -> Floats:
    """Weights by which the share of some tickets grows by so much."""
    share = is_in.mean()
    more, less = (share + more_share) / share, (1 - share - more_share) / (1 - share)
    return np.asarray(np.where(is_in, more, less))


def _probability(population: Population) -> tuple[tuple[Population, Floats], str]:
    return (population, _more_of(_top_decile(population.binned["probability"]))), "probability"


def _length(population: Population) -> tuple[tuple[Population, Floats], str]:
    """A quarter of the tickets are three times as long."""
    is_long = np.random.default_rng(0).random(len(population)) < TO
    lengths = np.diff(population.starts) * np.where(is_long, 3, 1)
    binned = population.binned | {"length": np.searchsorted(LENGTH_EDGES, lengths, side="right")}
    return (replace(population, binned=binned), np.ones(len(population))), "length"


def _source(population: Population) -> tuple[tuple[Population, Floats], str]:
    values = population.values["source"]
    shares = Counter(values)
    rarest = min(shares, key=lambda value: (shares[value] < FROM * len(values), shares[value]))
    return (population, _more_of(values == rarest, 0.2)), "source"


def _words(population: Population) -> tuple[tuple[Population, Floats], str]:
    """Of a quarter of the tickets all words are others."""
    random = np.random.default_rng(0)
    others = random.permutation(BINS["words"])
    is_other = (random.random(len(population)) < TO).repeat(np.diff(population.starts))
    words = np.where(is_other, others[population.words], population.words)
    return (replace(population, words=words), np.ones(len(population))), "words"


SHIFTS: dict[str, Shifted] = {
    "top decile of probability .10 -> .25": _probability,
    "a quarter of the tickets in other words": _words,
    "one source of .13 -> .33": _source,
    "a quarter of the tickets thrice as long": _length,
}


def _top_decile(values: Ints) -> NDArray[np.bool_]:
    """The tenth with the highest values; ties are broken by chance."""
    order = np.lexsort((np.random.default_rng(0).random(len(values)), values))
    top = np.zeros(len(values), bool)
    top[order[-round(FROM * len(values)) :]] = True
    return top


def _made_up() -> tuple[pd.DataFrame, pd.DataFrame]:
    recipe = Recipe(rows=TRAINED + POPULATION, seed=21, start=date(2026, 1, 5))
    frame = pd.DataFrame(make_rows(recipe), columns=list(Row._fields))
    frame = frame.drop_duplicates(["title", "description"])  # as what trains is
    frame["urgent"] = frame.pop("label_urgency") == "urgent"
    return _parts(frame, TRAINED)


def _halves(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = frame_of(read_whole(str(path)))
    return _parts(frame, len(frame) // 2)


def _parts(frame: pd.DataFrame, first: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    mixed = frame.sample(frac=1, random_state=0)
    return mixed.iloc[:first], mixed.iloc[first:]


def _line(*cells: object) -> tuple[str, ...]:
    name, size, trials, share, owed, reached = cells
    return (str(name), f"{size:,}", str(trials), f"{share:.2%}", str(owed), met(bool(reached)))


if __name__ == "__main__":
    sys.exit(main())
