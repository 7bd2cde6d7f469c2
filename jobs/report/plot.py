"""Axes for figures: SVG that scales with the page, readable in the light and in the dark."""

from collections.abc import Iterable, Sequence
from html import escape

SIDE = 280
"""Width and height of a figure's field, in units of its view box."""

LEFT, RIGHT, TOP, BOTTOM = 62, 22, 30, 50

COLOURS = {"text": "#1f2933", "muted": "#52606d", "line": "#cbd2d9", "field": "#f5f7fa"}
DARK = {"text": "#e4e7eb", "muted": "#a3b1bf", "line": "#3e4c59", "field": "#1c232b"}
ACCENTS = {"ours": "#1d6fdc", "mark": "#b44d12"}
DARK_ACCENTS = {"ours": "#62aaff", "mark": "#ffab5e"}


def _variables(*colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for some in colours for name, value in some.items())


STYLE = (
    f":root{{{_variables(COLOURS, ACCENTS)}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK, DARK_ACCENTS)}}}}}"
    "svg text{font:12px system-ui,sans-serif;fill:var(--text)}svg .tick{fill:var(--muted)}"
    "svg .big{font-size:26px}svg .mark{fill:var(--mark)}"
    ".field{fill:var(--field)}.grid{stroke:var(--line);stroke-width:1}"
    ".axis{stroke:var(--muted);stroke-width:1}.dashed{stroke-dasharray:4 3}"
    ".curve{fill:none;stroke:var(--ours);stroke-width:2}.ours{fill:var(--ours)}"
    ".guide{stroke:var(--mark);stroke-width:1;stroke-dasharray:3 3}"
    ".whisker{stroke:var(--ours);stroke-width:1.5}"
    ".cell{fill:none;stroke:var(--line)}"
)
"""What a page that holds figures needs once."""


def standalone(svg: str) -> str:
    """A figure as a file of its own."""
    return svg.replace("</title>", f"</title><style>{STYLE}</style>", 1)


def shares(title: str, drawn: str, right: str, up: str) -> str:
    """A square whose two axes are shares from 0 to 100 %; `drawn` lies in its field."""
    ticks = [tick / 5 for tick in range(6)]
    grid = "".join(
        line("grid", (tick, 0), (tick, 1)) + line("grid", (0, tick), (1, tick)) for tick in ticks
    )
    numbers = "".join(
        text(x(tick), SIDE + 16, f"{tick:.0%}", "tick")
        + text(-8, y(tick) + 4, f"{tick:.0%}", "tick", "end")
        for tick in ticks
    )
    axes = line("axis", (0, 0), (1, 0)) + line("axis", (0, 0), (0, 1))
    names = text(SIDE / 2, SIDE + 38, right) + (
        f'<g transform="translate(-48 {SIDE / 2:g}) rotate(-90)">{text(0, 0, up)}</g>'
    )
    return svg(title, f"{field()}{grid}{axes}{numbers}{drawn}{names}")


def svg(title: str, drawn: str, height: float = SIDE + TOP + BOTTOM) -> str:
    """The picture; 0, 0 is the field's upper left corner."""
    width = LEFT + SIDE + RIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-LEFT} {-TOP} {width} {height:g}"'
        f' width="{width}" height="{height:g}" role="img"><title>{escape(title)}</title>'
        f"{drawn}</svg>"
    )


def field() -> str:
    """The ground of a figure."""
    return f'<rect class="field" width="{SIDE}" height="{SIDE}"></rect>'


def line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    """A line between two points, each given as shares of the axes."""
    ends = f'x1="{x(start[0])}" y1="{y(start[1])}" x2="{x(end[0])}" y2="{y(end[1])}"'
    return f'<line class="{kind}" {ends}></line>'


def curve(points: Iterable[Sequence[float]]) -> str:
    """A line through points, each given as shares of the axes."""
    listed = " ".join(f"{x(point[0])},{y(point[1])}" for point in points)
    return f'<polyline class="curve" points="{listed}"></polyline>'


def dot(kind: str, at: tuple[float, float], radius: float, says: str) -> str:
    """A dot at shares of the axes; `says` is shown where a pointer rests on it."""
    where = f'cx="{x(at[0])}" cy="{y(at[1])}" r="{radius:.1f}"'
    return f'<circle class="{kind}" {where}><title>{escape(says)}</title></circle>'


def text(at: float, up: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    """Words at a place of the field, in units."""
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{at:g}" y="{up:g}" text-anchor="{anchor}">{escape(words)}</text>'


def x(share: float) -> float:
    """A share of the axis to the right, in units."""
    return round(share * SIDE, 1)


def y(share: float) -> float:
    """A share of the axis upwards, in units from the top."""
    return round((1 - share) * SIDE, 1)
