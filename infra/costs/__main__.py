"""python -m infra.costs: writes the table of costs in docs/deploy.md; --check only compares it."""

import json
import sys
from typing import Final

from infra.costs.estimate import PriceList, costs, price_list, used_by
from infra.wiring.applied import APPLIED, LAPTOPS
from infra.wiring.mocked import CHECKOUT
from infra.wiring.settled import State

PAGE: Final = CHECKOUT / "docs" / "deploy.md"
BEGIN: Final = "<!-- written by make docs: begin -->\n"
END: Final = "<!-- written by make docs: end -->\n"
DAYS: Final = {"idle": 0, "1,000 predictions a day": 1_000, "100,000 predictions a day": 100_000}
EVERYTHING: Final = "everything"
OPTIONAL: Final = ("alerting", "`mlflow")
"""Beginnings of rows that the sums leave out."""


def main() -> int:
    """Write the page; with --check 1 where it would change."""
    page = PAGE.read_text()
    written = with_costs(page)
    if "--check" in sys.argv:
        return int(written != page)
    PAGE.write_text(written)
    return 0


def with_costs(page: str) -> str:
    """`page` with today's table between its markers."""
    before, _, rest = page.partition(BEGIN)
    states = [json.loads((APPLIED / f"{name}.json").read_text()) for name in (LAPTOPS, EVERYTHING)]
    return f"{before}{BEGIN}{table(price_list(), *states)}{END}{rest.partition(END)[2]}"


def table(listed: PriceList, as_it_comes: State, everything: State) -> str:
    """US dollars a month in Markdown: a line for each row of the price list, and two sums."""
    free, paid = (
        [costs(listed, used_by(listed, as_it_comes, n), free_tier=each) for n in DAYS.values()]
        for each in (True, False)
    )
    whole = [costs(listed, used_by(listed, everything, n), free_tier=True) for n in DAYS.values()]
    rows = {row: [column[row] for column in free] for row in free[0] if not _optional(row)}
    rows["**all of these**"] = [_sum(column) for column in free]
    rows["the same, where the free tiers are used up by others"] = [_sum(each) for each in paid]
    rows |= {row: [column[row] for column in whole] for row in whole[0] if _optional(row)}
    lines = [["", *DAYS], ["---"] * (len(DAYS) + 1)]
    lines += [[row, *(f"{cost:.2f}" for cost in each)] for row, each in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _optional(row: str) -> bool:
    return row.startswith(OPTIONAL)


def _sum(column: dict[str, float]) -> float:
    return sum(cost for row, cost in column.items() if not _optional(row))


if __name__ == "__main__":
    sys.exit(main())
