"""Data report: what the owner of the tickets should know, each a plain sentence and a number.

It names files and the single words that give the label away, never a ticket.
"""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from jobs.model.findings import Finding
from jobs.model.metrics import Flags
from jobs.report.near_duplicates import near_duplicate_share
from jobs.report.word_sets import tickets_with
from jobs.tickets.columns import Numbers, TicketColumns
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
    if not len(data.columns):
        return ()
    findings = (
        _beyond(data),
        _leaks(data),
        _sorted_labels(data.columns),
        _repetitions(data),
        _e_mail(data),
        _shift(data.columns, champion_base_rate),
        _near_duplicates(data),
        _dates(data),
    )
    return tuple(finding for some in findings for finding in some)


def _beyond(data: Dataset) -> Iterator[Finding]:
    if data.beyond:
        used, every = len(data.columns), len(data.columns) + data.beyond
        yield Finding(
            "only_counted",
            data.beyond / every,
            f"The model is made of {used:,} of {every:,} tickets and judged on them: those of the"
            " smallest hashes, so a sample of every file. The others are only counted.",
        )


def _leaks(data: Dataset) -> Iterator[Finding]:
    """Words whose presence separates the labels: AUC = (1 + difference of shares) / 2."""
    urgent = data.columns.urgent
    if urgent.all() or not urgent.any():
        return
    sides = (data.has_text & urgent, data.has_text & ~urgent)
    candidates = sorted(set().union(*(_common_words(data, side) for side in sides)))
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


def _common_words(data: Dataset, which: Flags) -> set[str]:
    """Words in half of some tickets; one that separates labels stands in over 80 % of a side."""
    probed = _first_keys(data.columns, which, _PROBED).tolist()
    counts = Counter(word for row in probed for word in set(terms(data.texts[row].whole)))
    return {word for word, tickets in counts.items() if tickets >= len(probed) / 2}


def _first_keys(columns: TicketColumns, which: Flags, most: int) -> Numbers:
    """Of those tickets the numbers of the ones with the smallest split keys, at most so many."""
    rows = np.flatnonzero(which)
    return np.sort(rows[np.argsort(columns.split_key[rows], kind="stable")[:most]])


def _sorted_labels(columns: TicketColumns) -> Iterator[Finding]:
    """Fewer label changes from row to row than by chance, 2np(1 - p) (Wald and Wolfowitz 1940)."""
    begins = np.flatnonzero(np.diff(columns.file.codes, prepend=-1))  # they are in order of files
    names = (columns.file.values[number] for number in columns.file.codes[begins])
    for file, urgent in zip(names, np.split(columns.urgent, begins[1:]), strict=True):
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
        share = duplicate / (duplicate + len(data.columns))
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


def _e_mail(data: Dataset) -> Iterator[Finding]:
    found = sum("@" in text.whole and has_e_mail(text.whole) for text in data.texts.values())
    share = found / max(1, len(data.texts))
    if share:
        yield Finding(
            "e_mail_addresses",
            share,
            f"{share:.1%} of the tickets hold an e-mail address. The model keeps no text, but the"
            " bucket does.",
        )


def _shift(columns: TicketColumns, champion: float | None) -> Iterator[Finding]:
    share = float(columns.urgent.mean())
    if champion is not None and abs(share - champion) >= _SHIFT:
        yield Finding(
            "base_rate_shift",
            share - champion,
            f"{share:.0%} of the tickets are urgent; where the serving model learned,"
            f" {champion:.0%} were.",
        )


def _near_duplicates(data: Dataset) -> Iterator[Finding]:
    columns = data.columns
    test, train = (
        data.words.take(_first_keys(columns, columns.side.holds(name), most))
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
    created_at = data.columns.created_at
    dated = np.argsort(created_at, kind="stable")[: np.count_nonzero(~np.isnat(created_at))]
    if len(dated) < max(60, len(data.columns) / 2):
        return
    thirds = [float(part.mean()) for part in np.array_split(data.columns.urgent[dated], 3)]
    moved = max(thirds) - min(thirds)
    if moved >= 2 * _SHIFT:
        shares = " to ".join(f"{share:.0%}" for share in thirds)
        yield Finding(
            "moved_over_time",
            moved,
            f"In order of created_at the share of urgent tickets moved from {shares} (thirds of"
            f" {len(dated):,} dated tickets): expect worse than the metrics of a random test set.",
        )
