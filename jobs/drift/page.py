"""Drift's page: the answer, what moved, and each family's shares drawn over the reference's."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from jobs.drift.bins import bins_of
from jobs.drift.result import FAMILIES, Result, shares
from jobs.drift.statistic import Floats, Shift, Window
from jobs.report.page import figure, heading, page, paragraph, table
from jobs.report.plot import SIDE, TOP, field, svg, text
from urgency.observed import BINS, Counts

WORDS_DRAWN = 24
"""Buckets of words that are drawn: those that changed most."""

UNDER = 110
"""Room for the names of bins, in units."""


def drift_page(result: Result, observed: Counts, reference: Counts | None) -> str:
    """The whole page; `observed` is drawn, over `reference` where there is one."""
    parts = [
        f"<h1>Drift: {escape(result.answer)}</h1>",
        paragraph(result.says, "lead"),
        paragraph(f"Version {result.version}, asked {result.at}.", "muted"),
    ]
    if result.unreadable:
        parts.append(paragraph(f"{result.unreadable:,} lines could not be read and are left out."))
    if result.moves:
        rows = [(FAMILIES[m.family], m.what, f"{m.index:.2f}", m.since) for m in result.moves]
        parts += [heading("What moved"), table(("", "what", "index", "since"), rows)]
    parts += [heading("Each window"), _windows(result.windows)]
    if reference and observed.tickets:
        about = (
            f"Bars: {observed.tickets:,} tickets scored. Line: {reference.tickets:,} trained on."
        )
        figures = "".join(
            figure(_drawn(name, observed, reference), _caption(name)) for name in FAMILIES
        )
        parts += [
            heading("Scored and trained on"),
            paragraph(about, "muted"),
            f'<div class="pair">{figures}</div>',
        ]
    return page(f"Drift: {result.answer}", *parts)


def _caption(family: str) -> str:
    if family == "words":
        return f"words: the {WORDS_DRAWN} of {BINS['words']} buckets that changed most"
    return FAMILIES[family]


def _windows(windows: dict[str, Window]) -> str:
    head = ("", "tickets", "answer", *FAMILIES.values())
    rows = []
    for name, window in windows.items():
        by_family = {shift.family: _cell(shift) for shift in window.shifts}
        cells = [by_family.get(family, "") for family in FAMILIES]
        rows.append((name, f"{window.tickets:,}", window.answer, *cells))
    about = paragraph("Population stability index; * moved.", "muted")
    return table(head, rows) + about


def _cell(shift: Shift) -> str:
    return f"{shift.index:.2f}{' *' if shift.moved else ''}"


def _drawn(family: str, observed: Counts, reference: Counts) -> str:
    ours, theirs = bins_of(family, observed, reference)
    now, before = np.array(shares(ours)), np.array(shares(theirs))
    chosen = np.arange(len(now))
    if family == "words":
        chosen = np.sort(np.argsort(-np.abs(now - before), kind="stable")[:WORDS_DRAWN])
    names = [ours.names[place].removeprefix("bucket ") for place in chosen]
    drawn = "".join(_bars(names, now[chosen], before[chosen]))
    return svg(FAMILIES[family], field() + drawn, SIDE + TOP + UNDER)


def _bars(names: list[str], now: Floats, before: Floats) -> Iterator[str]:
    """A bar for each share observed, a line across it for the reference's."""
    most = max(float(now.max()), float(before.max())) or 1.0
    width = SIDE / len(names)
    yield text(-8, 10, f"{most:.1%}", "tick", "end") + text(-8, SIDE, "0", "tick", "end")
    for place, (name, ours, theirs) in enumerate(zip(names, now, before, strict=True)):
        left, high, line = place * width, SIDE * ours / most, SIDE * (1 - theirs / most)
        says = f"{name}: {theirs:.1%} -> {ours:.1%}"
        yield (
            f'<rect class="ours" x="{left + width * 0.15:.1f}" y="{SIDE - high:.1f}"'
            f' width="{width * 0.7:.1f}" height="{high:.1f}"><title>{escape(says)}</title></rect>'
            f'<rect class="mark" x="{left:.1f}" y="{line - 1:.1f}" width="{width:.1f}"'
            f' height="2"></rect>'
            f'<g transform="translate({left + width / 2 + 4:.1f} {SIDE + 8}) rotate(-90)">'
            f"{text(0, 0, name, 'tick', 'end')}</g>"
        )
