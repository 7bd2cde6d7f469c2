"""Words for people: times, metrics, causes, and text of strangers."""

from __future__ import annotations

from cli.show import cause, console, metric, plain


def test_a_cause_is_shown_in_words() -> None:
    members = {
        "added": {
            "count": 5,
            "names": ["incoming/a.csv", "incoming/b.csv", "incoming/c.csv", "incoming/d.csv"],
        },
        "replaced": {"count": 0, "names": []},
        "removed": {"count": 1, "names": ["incoming/z.csv"]},
        "recipe_changed": True,
        "forced": False,
    }
    assert cause(members) == "added a.csv, b.csv, c.csv and 2 more; removed z.csv; another recipe"


def test_a_metric_that_could_not_be_computed_is_a_dash() -> None:
    assert [metric(0.12345), metric(None)] == ["0.123", "–"]


def test_text_of_strangers_is_never_taken_for_a_style() -> None:
    to = console()
    with to.capture() as printed:
        to.print(plain("[bold red]urgent[/]"))
    assert printed.get() == "[bold red]urgent[/]\n"
