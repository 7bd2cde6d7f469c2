"""`make wiring`: writes what follows from the configuration.

That is the applied states that tests read, infra/local/wiring.json, and the table of grants in
docs/security.md. `git diff` shows what changed, one grant a line.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from infra.wiring import mocked
from infra.wiring.from_state import grants_from, shown, wiring_from
from infra.wiring.mocked import CHECKOUT, NoProviders, TerraformFailed
from infra.wiring.settled import State, settled

APPLIED: Final = CHECKOUT / "tests" / "infra" / "applied"
LAPTOPS: Final = "as-it-comes"
WIRING: Final = CHECKOUT / "infra" / "local" / "wiring.json"
PAGE: Final = CHECKOUT / "docs" / "security.md"
BEGIN: Final = "<!-- written by make wiring: begin -->\n"
END: Final = "<!-- written by make wiring: end -->\n"
BUCKET: Final = re.compile(r"^.+-urgency-")
PREFIX: Final = re.compile(r'"projects/_/buckets/(?:[^"]*/objects/)?([^"]*)"')
KINDS: Final = {"repositories": "repository", "serviceAccounts": "account"}
AGENTS: Final = {"gcp-sa-pubsub": "Pub/Sub's agent", "gs-project-accounts": "Cloud Storage's agent"}


def main() -> int:
    """Write the files; 1 and one sentence where Terraform or its providers are missing."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = mocked.copy_of_checkout(Path(folder))
            mocked.initialise(copy)
            states = dict(applied_states(copy))
    except (NoProviders, TerraformFailed) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    for name, state in states.items():
        (APPLIED / f"{name}.json").write_text(shown(state) + "\n")
    WIRING.write_text(shown(wiring_from(states[LAPTOPS])) + "\n")
    PAGE.write_text(with_table(PAGE.read_text(), access_table(grants_from(states[LAPTOPS]))))
    return 0


def environments() -> dict[str, dict[str, Any]]:
    """Each way to apply that is checked, by name, with its variables."""
    files = sorted(APPLIED.glob("*.tfvars.json"))
    return {file.name.partition(".")[0]: json.loads(file.read_text()) for file in files}


def applied_states(infra: Path) -> Iterator[tuple[str, State]]:
    """The settled state of each environment, from an initialised copy of infra/."""
    for name, variables in environments().items():
        first, again = (mocked.mocked_apply(infra, variables) for _ in range(2))
        yield name, settled(first, again, variables)


def access_table(grants: Sequence[dict[str, str]]) -> str:
    """Who holds which role on what, one grant a row, by identity."""
    rows = sorted(
        [_who(grant["member"]), grant["role"], _what(grant), _where(grant)] for grant in grants
    )
    lines = [["who", "role", "on", "only names that start with"], ["---"] * 4, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def with_table(page: str, table: str) -> str:
    """`page` with `table` between its markers."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{table}{END}{rest.partition(END)[2]}"


def _who(member: str) -> str:
    kind, _, email = member.partition(":")
    account, _, domain = email.partition("@")
    if kind == "user":
        return f"{account} (a person)"
    return AGENTS.get(domain.partition(".")[0], account)


def _what(grant: dict[str, str]) -> str:
    kind, _, name = grant["resource"].partition("/")
    short = BUCKET.sub("", name.partition("@")[0])
    return f"{KINDS.get(kind, kind.removesuffix('s'))} {short}"


def _where(grant: dict[str, str]) -> str:
    """The condition's prefix, without the bucket that the grant is on."""
    found = PREFIX.search(grant.get("condition", ""))
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main())
