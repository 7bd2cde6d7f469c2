"""A page for people: one HTML file that needs nothing else, for phones, paper, light and dark."""

from collections.abc import Iterable, Sequence
from html import escape

from jobs.report.plot import STYLE as PLOT_STYLE

STYLE = (
    PLOT_STYLE
    + """
:root{--paper:#fff;--good:#207227;--bad:#ab091e;color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14181d;--good:#7bd389;--bad:#ff8a8a}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--paper)}
body{max-width:58rem;margin:0 auto;padding:1rem}
h1{margin:.5rem 0;font-size:1.7rem}h2{margin:2.2rem 0 .5rem;font-size:1.25rem}
p,ul{max-width:44rem}li{overflow-wrap:anywhere}.lead{font-size:1.2rem}
.muted,figcaption{color:var(--muted)}
figure{margin:1rem 0;max-width:26rem}figure svg{width:100%;height:auto;max-width:26rem}
figcaption{font-size:.9rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.3rem .6rem;text-align:right;font-weight:400;vertical-align:top}
th{color:var(--muted)}tbody th,th:first-child{text-align:left}tbody th{color:inherit}
tbody th{overflow-wrap:anywhere;min-width:7rem}
tr{border-bottom:1px solid var(--line)}
.PROMOTE{color:var(--good)}.HOLD{color:var(--mark)}.REJECT{color:var(--bad)}
@media print{body{max-width:none;font-size:11pt}figure,tr,h2{break-inside:avoid}
h2{break-after:avoid}.wide{overflow:visible}}
"""
)


def page(title: str, *parts: str) -> str:
    """The whole file; `parts` are HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def heading(words: str) -> str:
    """A section's heading."""
    return f"<h2>{escape(words)}</h2>"


def paragraph(words: str, kind: str = "") -> str:
    """One paragraph; nothing for no words."""
    style = f' class="{kind}"' if kind else ""
    return f"<p{style}>{escape(words)}</p>" if words else ""


def bullets(sentences: Iterable[str]) -> str:
    """A list; nothing for no sentence."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def figure(svg: str, caption: str) -> str:
    """A picture, which is HTML already, and what it says in plain words."""
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the rows; it scrolls by itself where it is too wide."""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(_row(row) for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(cells: Sequence[str]) -> str:
    name, *numbers = map(escape, cells)
    others = "".join(f"<td>{number}</td>" for number in numbers)
    return f'<tr><th scope="row">{name}</th>{others}</tr>'
