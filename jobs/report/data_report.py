"""Data report: what the owner of the tickets should know, each a plain sentence and a number.

It names files and the single words that give the label away, never a ticket.
"""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from jobs.model.findings import Finding
from jobs.model.metrics import Flags
from jobs.report.near_duplicates import near_duplicate_share
from jobs.report.word_sets import tickets_with
from jobs.tickets.dataset import Dataset
from urgency.features import terms

LEAK_AUC = 0.9
LEAK_TICKETS = 20
"""Only a word that stands in at least so many tickets is named: it is no one's name."""

_SORTED = 0.5  # share of the expected changes of label below which a file counts as sorted
_PROBED = 200  # tickets of each label in which candidates are looked for
_COMPARED = {"test": 5_000, "train": 50_000}
_SHIFT = 0.05
_E_MAIL = re.compile(r"[\w.+-]@[\w-]{1,63}\.\w")  # linear: it begins with one character


def data_report(data: Dataset, champion_base_rate: float | None = None) -> tuple[Finding, ...]:
    """What stands out in the data; empty when nothing does.

    champion_base_rate: urgent share in the data of the model that serves; None: no model.
    """
    frame = data.frame
    if frame.empty:
        return ()
    findings = (
        _beyond(data),
        _leaks(data),
        _sorted_labels(frame),
        _repetitions(data),
        _e_mail(frame[data.has_text]),
        _shift(frame, champion_base_rate),
        _near_duplicates(data),
        _dates(data),
    )
    return tuple(finding for some in findings for finding in some)


def _beyond(data: Dataset) -> Iterator[Finding]:
    if data.beyond:
        used, every = len(data.frame), len(data.frame) + data.beyond
        yield Finding(
            "only_counted",
            data.beyond / every,
            f"The model is made of {used:,} of {every:,} tickets and judged on them: those of the"
            " smallest hashes, so a sample of every file. The others are only counted.",
        )


def _leaks(data: Dataset) -> Iterator[Finding]:
    """Words whose presence separates the labels: AUC = (1 + difference of shares) / 2."""
    urgent = data.frame["urgent"].to_numpy(bool)
    if urgent.all() or not urgent.any():
        return
    sides = (data.has_text & urgent, data.has_text & ~urgent)
    candidates = sorted(set().union(*(_common_words(data.frame, side) for side in sides)))
    counts = tickets_with(candidates, data.words, urgent).tolist()
    for word, (others, urgents) in zip(candidates, counts, strict=True):
        share, other_share = urgents / int(urgent.sum()), others / int((~urgent).sum())
        auc = (1 + abs(share - other_share)) / 2
        if auc > LEAK_AUC and urgents + others >= LEAK_TICKETS:
            yield Finding(
                "leaking_word",
                auc,
                f'The word "{word}" alone nearly tells the label (AUC {auc:.2f}): it stands in'
                f" {share:.0%} of the urgent tickets and in {other_share:.0%} of the others. If it"
                " gets in after a ticket was labelled, the model will do worse on new tickets than"
                " its metrics say.",
            )


def _common_words(frame: pd.DataFrame, which: Flags) -> set[str]:
    """Words in half of some tickets; one that separates labels stands in over 80 % of a side."""
    probed = frame.loc[_first_keys(frame, which, _PROBED)]
    texts = zip(probed["title"], probed["description"], strict=True)
    counts = Counter(word for fields in texts for word in set(terms("\n".join(fields))))
    return {word for word, tickets in counts.items() if tickets >= len(probed) / 2}


def _first_keys(frame: pd.DataFrame, which: Flags, most: int) -> Flags:
    """Of those tickets the ones with the smallest split keys, at most so many; shape (tickets,)."""
    rows = np.flatnonzero(which)
    keys = frame["split_key"].to_numpy()[rows]
    kept = np.zeros(len(frame), bool)
    kept[rows[np.argsort(keys, kind="stable")[:most]]] = True
    return kept


def _sorted_labels(frame: pd.DataFrame) -> Iterator[Finding]:
    """Fewer label changes from row to row than by chance, 2np(1 - p) (Wald and Wolfowitz 1940)."""
    for file, rows in frame.groupby("file", observed=True, sort=False):
        urgent = rows["urgent"].to_numpy()
        expected = 2 * (len(urgent) - 1) * urgent.mean() * (1 - urgent.mean())
        changes = int(np.count_nonzero(urgent[1:] != urgent[:-1]))
        if expected >= LEAK_TICKETS and changes < _SORTED * expected:
            yield Finding(
                "sorted_labels",
                float(changes / expected),
                f"In {file} urgent and other tickets stand in blocks: changes of label from row to"
                f" row: {changes:,}, where chance would give {expected:,.0f}. The labels may come"
                " from different times or sources.",
            )


def _repetitions(data: Dataset) -> Iterator[Finding]:
    duplicate = sum(report.duplicate for report in data.reports)
    if duplicate:
        share = duplicate / (duplicate + len(data.frame))
        yield Finding(
            "duplicates",
            share,
            f"Rows that repeat a ticket: {duplicate:,} ({share:.1%}); the newest one counts.",
        )
    if data.conflicts:
        yield Finding(
            "conflicting_labels",
            float(data.conflicts),
            f"Tickets found with both labels: {data.conflicts:,}; the newest label counts.",
        )


def has_e_mail(text: str) -> bool:
    """Whether an e-mail address stands in `text`."""
    return _E_MAIL.search(text) is not None


def _e_mail(frame: pd.DataFrame) -> Iterator[Finding]:
    found = np.zeros(len(frame), bool)
    for texts in (frame["title"], frame["description"]):
        rows = np.flatnonzero(texts.str.contains("@", regex=False))
        found[rows] |= np.fromiter(map(has_e_mail, texts.iloc[rows]), bool, len(rows))
    share = float(found.mean())
    if share:
        yield Finding(
            "e_mail_addresses",
            share,
            f"{share:.1%} of the tickets hold an e-mail address. The model keeps no text, but the"
            " bucket does.",
        )


def _shift(frame: pd.DataFrame, champion: float | None) -> Iterator[Finding]:
    share = float(frame["urgent"].mean())
    if champion is not None and abs(share - champion) >= _SHIFT:
        yield Finding(
            "base_rate_shift",
            share - champion,
            f"{share:.0%} of the tickets are urgent; where the serving model learned,"
            f" {champion:.0%} were.",
        )


def _near_duplicates(data: Dataset) -> Iterator[Finding]:
    side = data.frame["side"]
    test, train = (
        data.words.take(_first_keys(data.frame, (side == name).to_numpy(), most))
        for name, most in _COMPARED.items()
    )
    share = near_duplicate_share(test, train)
    if share >= 0.01:
        yield Finding(
            "near_duplicates",
            share,
            f"{share:.0%} of the test tickets nearly repeat a training ticket (80 % of their words"
            " or more); they make the metrics look better than they are.",
        )


def _dates(data: Dataset) -> Iterator[Finding]:
    unread = sum(report.unread_dates for report in data.reports)
    if unread:
        yield Finding(
            "unread_dates",
            float(unread),
            f"Dates in created_at that were not read: {unread:,}; write them as 2025-01-31.",
        )
    dated = data.frame.dropna(subset=["created_at"]).sort_values("created_at", kind="stable")
    if len(dated) < max(60, len(data.frame) / 2):
        return
    thirds = [float(part.mean()) for part in np.array_split(dated["urgent"].to_numpy(), 3)]
    moved = max(thirds) - min(thirds)
    if moved >= 2 * _SHIFT:
        shares = " to ".join(f"{share:.0%}" for share in thirds)
        yield Finding(
            "moved_over_time",
            moved,
            f"In order of created_at the share of urgent tickets moved from {shares} (thirds of"
            f" {len(dated):,} dated tickets): expect worse than the metrics of a random test set.",
        )
