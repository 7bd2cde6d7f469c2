"""Card: a version's report for people, one HTML file. It holds numbers, never a ticket."""

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from typing import Any

from jobs.model.per_hundred import confusion, out_of, saving_sentence, sentence, tells
from jobs.report.data_report import LEAK_TICKETS
from jobs.report.figures import (
    calibration,
    confusion_figure,
    precision_recall,
    told_words,
    words,
)
from jobs.report.model_report import FILE_COUNTS, NONE
from jobs.report.page import bullets, figure, heading, page, paragraph, table
from urgency.bundle import Manifest
from urgency.messages import INCOMING

METRICS = {
    "rows": "tickets",
    "base_rate": "share that is urgent",
    "recall": "urgent ones found (recall)",
    "precision": "called that are urgent (precision)",
    "f1": "F1",
    "accuracy": "right calls (accuracy)",
    "pr_auc": "PR-AUC",
    "roc_auc": "ROC-AUC",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
}
"""Metric -> its name for people, in the order of the card."""

SIDES = ("train", "validation", "test")
COLUMN_NAMES = {"source": "source", "customer_tier": "customer tier"}
FILES_SHOWN = 50

_WHAT_SIDES_ARE = (
    "Train: tickets that the model learned from, so these numbers are too good. Validation: each"
    " ticket scored out of fold, that is by a model that had not seen it. Test: tickets set aside"
    " that no model learns from; these are the ones to believe. F1 is precision and recall in one;"
    " PR-AUC and ROC-AUC sum up all cuts; 1 is best. Brier score and calibration error tell how far"
    " probabilities are from what came; 0 is best."
)


def card_html(manifest: Manifest, report: dict[str, Any]) -> str:
    """The card of a judged version; `report` is what goes into `metrics.json`."""
    return page(
        f"Version {manifest.version}",
        *_head(manifest),
        *_in_short(manifest, report),
        *_figures(report),
        *_metrics(manifest, report),
        *_against(manifest, report),
        *_slices(report),
        *_files(report),
        heading("What to know about the data"),
        bullets([finding["sentence"] for finding in report["data"]] or ["Nothing unusual."]),
    )


def _head(manifest: Manifest) -> Iterator[str]:
    verdict, at = manifest.verdict, datetime.fromisoformat(manifest.created_at).astimezone(UTC)
    decision = f'<span class="{escape(verdict.decision)}">{escape(verdict.decision)}</span>'
    yield f"<h1>Version {manifest.version}: {decision}</h1>"
    against = f"against version {verdict.against}" if verdict.against else "as the first model"
    when = f"on {at.day} {at:%B %Y} at {at:%H:%M} UTC"
    tickets = manifest.rows.get("accepted", 0)
    made = f"Made from {tickets:,} tickets and judged {against} {when} by {manifest.execution}."
    yield paragraph(made, "muted")


def _in_short(manifest: Manifest, report: dict[str, Any]) -> Iterator[str]:
    """The verdict's sentences; where they do not say what becomes of 100 tickets, that first."""
    test = report["metrics"].get("test", {})
    first, *others = (*manifest.verdict.reasons, "")
    if tells(first):
        yield paragraph(first, "lead") + bullets(filter(None, others))
        yield paragraph(
            "Counted on all tickets, each scored by a model that had not learned from it.", "muted"
        )
    else:
        yield paragraph(sentence(test), "lead") + bullets(filter(None, (first, *others)))
    if report.get("missed_cost"):
        yield paragraph(saving_sentence(test, report["missed_cost"]))


def _metrics(manifest: Manifest, report: dict[str, Any]) -> Iterator[str]:
    metrics = report["metrics"]
    yield heading("Metrics")
    yield paragraph(f"A ticket is called urgent from a probability of {manifest.threshold:.3f}.")
    rows = (
        (name, *(shown(metric, metrics.get(side, {}).get(metric)) for side in SIDES))
        for metric, name in METRICS.items()
    )
    yield table(("", *SIDES), rows)
    yield paragraph(_WHAT_SIDES_ARE, "muted")


def _against(manifest: Manifest, report: dict[str, Any]) -> Iterator[str]:
    """This version and the one that served, on the same test tickets."""
    against = report.get("against")
    if not against:
        return
    ours, theirs = report["metrics"]["test"], against["metrics"]
    name = f"version {against['version']}"
    yield heading(f"Compared with {name}")
    here = sentence(ours, f"version {manifest.version}")
    yield paragraph(f"Both on the same test tickets. {here} {sentence(theirs, name)}")
    rows = (
        (
            words_of,
            shown(metric, ours.get(metric)),
            shown(metric, theirs.get(metric)),
            _difference(ours.get(metric), theirs.get(metric)),
        )
        for metric, words_of in METRICS.items()
        if metric not in ("rows", "base_rate")  # the same for both
    )
    yield table(("", "this version", name, "difference"), rows)


def _figures(report: dict[str, Any]) -> Iterator[str]:
    test = report["metrics"].get("test", {})
    yield heading("How good it is on the test tickets")
    if test.get("rows"):
        urgent = round(test["rows"] * test["base_rate"])
        yield paragraph(
            f"{sentence(test)} Counted on {test['rows']:,.0f} test tickets, {urgent:,} of them"
            " urgent, that the model did not learn from."
        )
    drawn = list(_drawn(report, test)) or [paragraph("There is no test ticket yet.")]
    yield f'<div class="pair">{"".join(drawn)}</div>'


def _drawn(report: dict[str, Any], test: dict[str, float]) -> Iterator[str]:
    if test.get("rows"):
        yield figure(
            confusion_figure(test),
            f"What becomes of {out_of(test):,} tickets. Above: tickets that are urgent; left:"
            " tickets that the model calls urgent. The small numbers are the tickets counted.",
        )
    if report.get("curve"):
        yield figure(
            precision_recall(report["curve"], test),
            "What other cuts would do: the further right, the more urgent tickets are found; the"
            " higher, the fewer false alarms. The cut in use finds"
            f" {test['recall']:.0%} of the urgent tickets, and {test['precision']:.0%} of those it"
            " calls are urgent.",
        )
    if report.get("reliability"):
        yield figure(
            calibration(report["reliability"]),
            "Are the probabilities true? Of the tickets that got about 70 %, about 70 % should be"
            " urgent: then a dot lies on the dashed line. The bar is what chance alone explains"
            " (95 %); above each dot is its number of tickets.",
        )
    if told_words(report):
        yield figure(
            words(report),
            "What pushes up and down: words that speak for urgent (to the right) and against it (to"
            " the left), with the number of tickets they stand in. Only words of"
            f" {LEAK_TICKETS} tickets and more are named.",
        )


def _slices(report: dict[str, Any]) -> Iterator[str]:
    head = ("tickets", "urgent", "called", "right", "missed", "recall", "precision")
    for column, slices in report["slices"].items():
        if not set(slices) - {NONE}:
            continue
        name = COLUMN_NAMES.get(column, column)
        yield heading(f"By {name}")
        yield paragraph(
            f"Test tickets by {name}: how many are urgent, how many were called urgent, how many of"
            f" these are, how many were missed. {NONE}: tickets without a {name}.",
            "muted",
        )
        yield table((name, *head), (_slice(*each) for each in slices.items()))


def _slice(value: str, metrics: dict[str, float]) -> tuple[str, ...]:
    counts = confusion(metrics)
    called, urgent = counts["found"] + counts["false_alarms"], counts["found"] + counts["missed"]
    numbers = (sum(counts.values()), urgent, called, counts["found"], counts["missed"])
    recall = shown("recall", metrics.get("recall") if urgent else None)
    precision = shown("precision", metrics.get("precision") if called else None)
    return (value, *(f"{number:,}" for number in numbers), recall, precision)


def _files(report: dict[str, Any]) -> Iterator[str]:
    files = report.get("files") or []
    if not files:
        return
    yield heading("Made from these files")
    older = len(files) - FILES_SHOWN
    yield paragraph(f"The newest {FILES_SHOWN} of {len(files):,} files." if older > 0 else "")
    head = ("file", "rows", "taken", "replaced", "without a label", "not taken", "status")
    rows = (
        (
            each["file"].removeprefix(INCOMING),
            *(f"{each[count]:,}" for count in FILE_COUNTS),
            each["status"],
        )
        for each in files[-FILES_SHOWN:]
    )
    yield table(head, rows)


def shown(metric: str, value: float | None) -> str:
    """A metric for people; a dash where it could not be computed."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if metric == "rows" else f"{value:.3f}"


def _difference(ours: float | None, theirs: float | None) -> str:
    return "–" if ours is None or theirs is None else f"{ours - theirs:+.3f}"
