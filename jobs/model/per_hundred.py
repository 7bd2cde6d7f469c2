"""A model's quality in the words of its users: of 100 tickets, how many it calls urgent. Pure."""

from collections.abc import Mapping

RARE = 0.05
"""Urgent share below which the words count per 1,000 tickets: of 100 there would be too few."""

LITTLE = 0.05
"""Share of the cost saved below which a model is said to be hardly worth asking."""


def confusion(metrics: Mapping[str, float]) -> dict[str, int]:
    """Tickets by label and prediction, from the metrics of one side, which determine them."""
    rows = round(metrics["rows"])
    if not rows:
        return {"found": 0, "missed": 0, "false_alarms": 0, "calm": 0}
    urgent = round(rows * metrics["base_rate"])
    found = round(metrics["recall"] * urgent)
    calm = round(metrics["accuracy"] * rows) - found
    return {
        "found": found,
        "missed": urgent - found,
        "false_alarms": rows - urgent - calm,
        "calm": calm,
    }


def per_hundred(metrics: Mapping[str, float], of: int = 100) -> dict[str, int]:
    """How many of `of` tickets it calls urgent, how many of these are, how many it misses."""
    counts, rows = confusion(metrics), max(1, round(metrics["rows"]))
    called = counts["found"] + counts["false_alarms"]
    whole = {"called": called, "right": counts["found"], "missed": counts["missed"]}
    return {name: round(of * count / rows) for name, count in whole.items()}


def sentence(metrics: Mapping[str, float], who: str = "it") -> str:
    """One sentence for people: "Of 100 tickets it calls 34 urgent, 29 of them are; it misses 3."

    metrics: those of `jobs.model.metrics.metrics_of`, of one side; `who` is the sentence's subject.
    """
    if not metrics.get("rows"):
        return "No test ticket tells yet how good it is."
    of, counts = out_of(metrics), confusion(metrics)
    said = per_hundred(metrics, of)
    missed = number(said["missed"], counts["missed"])
    if not counts["found"] + counts["false_alarms"]:
        return f"Of {of:,} tickets {who} calls none urgent; it misses {missed}."
    called = number(said["called"], counts["found"] + counts["false_alarms"])
    right = number(said["right"], counts["found"])
    are = "are" if said["right"] > 1 else "is"
    return (
        f"Of {of:,} tickets {who} calls {called} urgent, {right} of them {are}; it misses {missed}."
    )


def tells(reason: str) -> bool:
    """Whether a verdict's reason is such a sentence of the judged model itself."""
    return reason.startswith(("Of 100 tickets it calls", "Of 1,000 tickets it calls"))


def saving(metrics: Mapping[str, float], missed_cost: float) -> float:
    """Share of the cost saved against the cheaper of calling every ticket urgent, or none.

    missed_cost: what a missed urgent ticket costs, in false alarms. Below 0 where the model costs
    more than that; 0 where there is nothing to save, since all tickets have one label.
    """
    counts = confusion(metrics)
    cost = counts["missed"] * missed_cost + counts["false_alarms"]
    all_urgent = counts["false_alarms"] + counts["calm"]
    none_urgent = (counts["found"] + counts["missed"]) * missed_cost
    cheaper = min(all_urgent, none_urgent)
    return 1 - cost / cheaper if cheaper else 0.0


def saving_sentence(metrics: Mapping[str, float], missed_cost: float) -> str:
    """What to know where the model saves little at this cost of a missed ticket; else ""."""
    if not metrics.get("rows") or saving(metrics, missed_cost) >= LITTLE:
        return ""
    counts = confusion(metrics)
    none = (counts["found"] + counts["missed"]) * missed_cost
    what = "all" if counts["false_alarms"] + counts["calm"] <= none else "none"
    share = saving(metrics, missed_cost)
    saved = f"it saves {share:.0%} of the cost" if round(share, 2) > 0 else "it saves nothing"
    return (
        f"If a missed urgent ticket costs as much as {missed_cost:g} false alarms, {saved} against"
        f" calling {what} of the tickets urgent."
    )


def out_of(metrics: Mapping[str, float]) -> int:
    """Of how many tickets the words count: 100, or 1,000 where few are urgent."""
    return 1_000 if metrics["base_rate"] < RARE else 100


def number(rounded: int, count: int, few: str = "fewer than 1", none: str = "none") -> str:
    """The rounded number; what rounds to 0 without being 0 is `few` and not `none`."""
    if rounded:
        return f"{rounded:,}"
    return few if count else none
