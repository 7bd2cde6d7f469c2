"""Figures: what `metrics.json` says of the test tickets, as SVG that needs nothing else."""

from collections.abc import Iterator
from typing import Any

SIDE = 260
"""Width and height of a figure's field in pixels."""

FILL, FIELD, LINE, TEXT = "#2186eb", "#f5f7fa", "#9aa5b1", "#1f2933"


def figures(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """File name and SVG of each figure that a `metrics.json` has the numbers for."""
    test = report.get("metrics", {}).get("test", {})
    if report.get("curve"):
        yield "precision_recall.svg", precision_recall(report["curve"], test)
    if report.get("reliability"):
        yield "calibration.svg", calibration(report["reliability"])
    if test.get("rows"):
        yield "confusion.svg", confusion(test)


def precision_recall(curve: list[list[float]], test: dict[str, float]) -> str:
    """Recall to the right, precision upwards; the dot is the threshold that is used."""
    points = " ".join(f"{recall * SIDE:.1f},{_up(precision)}" for recall, precision in curve)
    dot = f'<circle cx="{test["recall"] * SIDE:.1f}" cy="{_up(test["precision"])}" r="5"'
    line = f'<polyline points="{points}" fill="none" stroke="{FILL}" stroke-width="2"/>'
    return _figure("precision and recall", f'{line}{dot} fill="{TEXT}"/>', "recall", "precision")


def calibration(bins: list[dict[str, float]]) -> str:
    """Probability to the right, share of urgent upwards; a dot's area is the number of rows."""
    rows = sum(b["rows"] for b in bins) or 1.0
    dots = "".join(
        f'<circle cx="{b["probability"] * SIDE:.1f}" cy="{_up(b["urgent"])}" '
        f'r="{2 + 18 * (b["rows"] / rows) ** 0.5:.1f}" fill="{FILL}" fill-opacity=".6"/>'
        for b in bins
    )
    diagonal = f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="{LINE}"/>'
    return _figure("calibration", diagonal + dots, "probability", "share of urgent")


def confusion(test: dict[str, float]) -> str:
    """Four fields, labels upwards and predictions to the right; the darker, the more tickets."""
    cells = [
        (column, row, name, count)
        for (column, row), (name, count) in zip(
            ((1, 0), (0, 0), (1, 1), (0, 1)), confusion_counts(test).items(), strict=True
        )
    ]
    half = SIDE / 2
    drawn = "".join(
        f'<rect x="{column * half}" y="{row * half}" width="{half}" height="{half}" fill="{FILL}"'
        f' fill-opacity="{0.7 * count / test["rows"]:.3f}"/>'
        + _text((column + 0.5) * half, (row + 0.45) * half, f"{count:,}", 22)
        + _text((column + 0.5) * half, (row + 0.65) * half, name, 12)
        for column, row, name, count in cells
    )
    return _figure("confusion at the threshold", drawn, "predicted", "label")


def confusion_counts(metrics: dict[str, float]) -> dict[str, int]:
    """Tickets by label and prediction, from the metrics of one side, which determine them."""
    rows, urgent = round(metrics["rows"]), round(metrics["rows"] * metrics["base_rate"])
    found = round(metrics["recall"] * urgent)
    correct = round(metrics["accuracy"] * rows)
    calm = correct - found
    return {
        "urgent, found": found,
        "urgent, missed": urgent - found,
        "false alarms": rows - urgent - calm,
        "rightly calm": calm,
    }


def _figure(title: str, drawn: str, right: str, up: str) -> str:
    box = f'viewBox="-30 -15 {SIDE + 45} {SIDE + 45}" width="{SIDE + 45}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{title}">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="{FIELD}"/>{drawn}'
        f"{_text(SIDE / 2, SIDE + 18, right, 13)}"
        f'<g transform="translate(-12 {SIDE / 2}) rotate(-90)">{_text(0, 0, up, 13)}</g></svg>'
    )


def _text(x: float, y: float, text: str, size: int) -> str:
    font = f'font-family="system-ui,sans-serif" font-size="{size}" fill="{TEXT}"'
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" {font}>{text}</text>'


def _up(share: float) -> str:
    return f"{(1 - share) * SIDE:.1f}"
