"""Figures: what `metrics.json` says of the test tickets, as SVG that needs nothing else."""

from collections.abc import Iterator
from typing import Any

from jobs.model.metrics import ECE_BINS
from jobs.model.per_hundred import confusion, number, out_of
from jobs.report.data_report import LEAK_TICKETS
from jobs.report.plot import (
    BOTTOM,
    SIDE,
    TOP,
    curve,
    dot,
    field,
    line,
    shares,
    standalone,
    svg,
    text,
    x,
    y,
)
from jobs.report.shares import wilson

ROW = 24
"""Height of a word's row in units."""

WORDS_SHOWN = 12
"""Words of each direction."""

_HALF = SIDE / 2
_DARKEST = 0.45
_FIELDS = {
    "found": "found",
    "missed": "missed",
    "false_alarms": "false alarms",
    "calm": "rightly left",
}


def figures(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """File name and SVG of each figure that a `metrics.json` has the numbers for."""
    test = report.get("metrics", {}).get("test", {})
    if report.get("curve"):
        yield "precision_recall.svg", standalone(precision_recall(report["curve"], test))
    if report.get("reliability"):
        yield "calibration.svg", standalone(calibration(report["reliability"]))
    if test.get("rows"):
        yield "confusion.svg", standalone(confusion_figure(test))
    if told_words(report):
        yield "words.svg", standalone(words(report))


def precision_recall(points: list[list[float]], test: dict[str, float]) -> str:
    """Recall to the right, precision upwards; the dot is the cut that is used."""
    recall, precision, base_rate = test["recall"], test["precision"], test["base_rate"]
    at = f"finds {recall:.0%}; {precision:.0%} of those called are urgent"
    nearby = y(precision) + (22 if precision > 0.15 else -12)
    anchor = "end" if recall > 0.5 else "start"
    drawn = (
        line("axis dashed", (0, base_rate), (1, base_rate))
        + text(6, y(base_rate) - 5, f"all called urgent: {base_rate:.0%}", "tick", "start")
        + curve(points)
        + line("guide", (recall, 0), (recall, precision))
        + line("guide", (0, precision), (recall, precision))
        + dot("mark", (recall, precision), 6, f"The cut {at}")
        + text(x(recall) + (8 if anchor == "start" else -8), nearby, "the cut", "mark", anchor)
    )
    right, up = "share of the urgent tickets found (recall)", "share of the called that are urgent"
    return shares("Precision and recall", drawn, right, up)


def calibration(bins: list[dict[str, float]]) -> str:
    """Probability to the right, share of urgent upwards; the tickets of each dot stand above."""
    drawn = line("axis dashed", (0, 0), (1, 1)) + text(-8, -12, "tickets", "tick", "end")
    for each in bins:
        rows, probability, urgent = round(each["rows"]), each["probability"], each["urgent"]
        low, high = wilson(urgent, rows)
        says = f"{rows:,} tickets, {probability:.0%} on average: {urgent:.0%} are urgent"
        drawn += (
            line("whisker", (probability, low), (probability, high))
            + dot("ours", (probability, urgent), 5, says)
            + text(x(_middle_of_bin(probability)), -12, _short(rows), "tick")
        )
    return shares("Calibration", drawn, "probability that was said", "share that is urgent")


def _middle_of_bin(probability: float) -> float:
    return (min(int(probability * ECE_BINS), ECE_BINS - 1) + 0.5) / ECE_BINS


def _short(count: int) -> str:
    """A count of at most four characters, up to ten million."""
    return f"{count:d}" if count < 10_000 else f"{count / 1_000:.0f}k"


def confusion_figure(test: dict[str, float]) -> str:
    """Four fields: what tickets are upwards, what they are called to the right."""
    counts, of = confusion(test), out_of(test)
    cells = "".join(
        _cell(divmod(place, 2), name, counts[kind], counts[kind] / test["rows"], of)
        for place, (kind, name) in enumerate(_FIELDS.items())
    )
    columns = text(_HALF / 2, SIDE + 18, "called urgent") + text(
        _HALF * 1.5, SIDE + 18, "not called"
    )
    sides = "".join(
        f'<g transform="translate(-14 {at:g}) rotate(-90)">{text(0, 0, name)}</g>'
        for at, name in ((_HALF / 2, "is urgent"), (_HALF * 1.5, "is not"))
    )
    title = f"Of {of:,} test tickets"
    return svg(title, f"{field()}{cells}{columns}{sides}{text(_HALF, -12, title.lower(), 'tick')}")


def _cell(place: tuple[int, int], name: str, count: int, share: float, of: int) -> str:
    top, left = (_HALF * step for step in place)
    middle, said = left + _HALF / 2, round(of * share)
    where = f'x="{left:g}" y="{top:g}" width="{_HALF:g}" height="{_HALF:g}"'
    return (
        f'<rect class="ours" {where} fill-opacity="{_DARKEST * share:.3f}"></rect>'
        f'<rect class="cell" {where}></rect>'
        + text(middle, top + 62, number(said, count, "<1", "0"), "big")
        + text(middle, top + 86, name)
        + text(middle, top + 106, f"{count:,} counted", "tick")
    )


def told_words(report: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The words of a report that stand in so many tickets that they are no one's name."""
    told = {
        way: [each for each in found if each["tickets"] >= LEAK_TICKETS][:WORDS_SHOWN]
        for way, found in (report.get("words") or {}).items()
    }
    return {way: found for way, found in told.items() if found}


def words(report: dict[str, Any]) -> str:
    """Bars to the right for words that speak for urgent, to the left for those against it."""
    told = told_words(report)
    listed = [*told.get("up", []), *told.get("down", [])]
    most = max(abs(each["weight"]) for each in listed) or 1.0
    bottom = len(listed) * ROW
    bars = "".join(_bar(place * ROW, each, most) for place, each in enumerate(listed))
    ticks = "".join(
        _vertical(_HALF * (1 + share), bottom)
        + text(_HALF * (1 + share), bottom + 16, f"{share * most:+.2g}" if share else "0", "tick")
        for share in (-1, -0.5, 0, 0.5, 1)
    )
    name = text(_HALF, bottom + 38, "weight (log-odds): left against urgent, right for it")
    return svg("Words", f"{ticks}{bars}{name}", bottom + TOP + BOTTOM)


def _bar(top: float, each: dict[str, Any], most: float) -> str:
    length = _HALF * abs(each["weight"]) / most
    up = each["weight"] > 0
    left = _HALF if up else _HALF - length
    label, anchor = (_HALF - 6, "end") if up else (_HALF + 6, "start")
    place = f'x="{left:.1f}" y="{top + 4:g}" width="{length:.1f}" height="{ROW - 8}"'
    return f'<rect class="{"ours" if up else "mark"}" {place}></rect>' + text(
        label, top + 16, f"{each['word']} ({each['tickets']:,})", "", anchor
    )


def _vertical(at: float, bottom: float) -> str:
    return f'<line class="grid" x1="{at:g}" y1="0" x2="{at:g}" y2="{bottom:g}"></line>'
