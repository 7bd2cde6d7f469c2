"""Card: a version's report for people, one HTML file. It holds numbers, never a ticket."""

from html import escape
from typing import Any

from jobs.report.figures import calibration
from urgency.bundle import Manifest

_CUT = ("rows", "base_rate", "accuracy", "precision", "recall", "f1")
COLUMNS = (*_CUT, "pr_auc", "roc_auc", "brier", "ece")
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1f2933}
body{max-width:52rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .6rem;text-align:right}
th:first-child,td:first-child{text-align:left}tr+tr{border-top:1px solid #d9e2ec}
.PROMOTE{color:#207227}.HOLD{color:#b44d12}.REJECT{color:#ab091e}
"""


def card_html(manifest: Manifest, report: dict[str, Any]) -> str:
    """The card of a judged version; `report` is what goes into `metrics.json`."""
    verdict = manifest.verdict
    against = f"against version {verdict.against}" if verdict.against else "as the first model"
    slices = [(column, rows) for column, rows in report["slices"].items() if rows]
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<title>Version {manifest.version}</title><style>{STYLE}</style>
<h1>Version {manifest.version}: <span class="{verdict.decision}">{verdict.decision}</span></h1>
<p>Judged {against} on {escape(manifest.created_at)} by {escape(manifest.execution)}.</p>
{_list(verdict.reasons)}
<h2>Metrics</h2>
<p>A ticket is called urgent from a probability of {manifest.threshold:.3f}.</p>
{_table("part", report["metrics"])}
<h2>Are the probabilities true?</h2>
<p>Of the test tickets that got about 70 %, about 70 % should be urgent: dots on the line are
right.</p>
{calibration(report["reliability"])}
{"".join(f"<h2>By {column}</h2>{_table(column, rows)}" for column, rows in slices)}
<h2>What to know about the data</h2>
{_list([finding["sentence"] for finding in report["data"]] or ["Nothing unusual."])}
</html>
"""


def _list(sentences: Any) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _table(corner: str, rows: dict[str, dict[str, float]]) -> str:
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in (corner, *COLUMNS))
    return f"<table><tr>{head}</tr>{''.join(_row(*item) for item in rows.items())}</table>"


def _row(name: str, metrics: dict[str, float]) -> str:
    cells = "".join(f"<td>{_number(metrics.get(column))}</td>" for column in COLUMNS)
    return f"<tr><td>{escape(name)}</td>{cells}</tr>"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) and value > 1 else f"{value:.3f}"
