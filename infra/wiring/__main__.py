"""`make wiring`: writes what follows from the configuration.

That is the applied states that tests read, infra/local/wiring.json, and the table of grants in
docs/security.md. `git diff` shows what changed, one grant a line.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.wiring import mocked
from infra.wiring.applied import APPLIED, LAPTOPS, applied_states
from infra.wiring.from_state import grants_from, shown, wiring_from
from infra.wiring.mocked import CHECKOUT, NoProviders, TerraformFailed

WIRING: Final = CHECKOUT / "infra" / "local" / "wiring.json"
PAGE: Final = CHECKOUT / "docs" / "security.md"
BEGIN: Final = "<!-- written by make wiring: begin -->\n"
END: Final = "<!-- written by make wiring: end -->\n"
BUCKET: Final = re.compile(r"^.+-urgency-")
PREFIX: Final = re.compile(r'"projects/_/buckets/(?:[^"]*/objects/)?([^"]*)"')
KINDS: Final = {"repositories": "repository", "serviceAccounts": "account"}
EVERYBODY: Final = "everybody, with a signature"
AGENTS: Final = {
    "gcp-sa-logging": "Cloud Logging's sink",
    "gcp-sa-pubsub": "Pub/Sub's agent",
    "gs-project-accounts": "Cloud Storage's agent",
}


def main() -> int:
    """Write the files; 1 and one sentence where Terraform or its providers are missing."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = mocked.copy_of_checkout(Path(folder))
            mocked.initialise(copy)
            states = applied_states(copy)
    except (NoProviders, TerraformFailed) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    for name, state in states.items():
        (APPLIED / f"{name}.json").write_text(shown(state) + "\n")
    WIRING.write_text(shown(wiring_from(states[LAPTOPS])) + "\n")
    PAGE.write_text(with_table(PAGE.read_text(), access_table(grants_from(states[LAPTOPS]))))
    return 0


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
    if not email:
        return EVERYBODY
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
