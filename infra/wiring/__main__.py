"""`make wiring`: applies to a simulated empty project and writes what follows from it.

That is infra/local/wiring.json and the table of grants in docs/security.md.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from infra.wiring.applied import CHECKOUT, VARIABLES, ApplyRefused, NoProviders, applied_state
from infra.wiring.from_state import grants_from, shown, wiring_from

WIRING: Final = CHECKOUT / "infra" / "local" / "wiring.json"
PAGE: Final = CHECKOUT / "docs" / "security.md"
BEGIN: Final = "<!-- written by make wiring: begin -->\n"
END: Final = "<!-- written by make wiring: end -->\n"
BUCKETS: Final = f"{VARIABLES['project_id']}-urgency-"
KINDS: Final = {"repositories": "repository", "serviceAccounts": "account"}
AGENTS: Final = {"gcp-sa-pubsub": "Pub/Sub's agent", "gs-project-accounts": "Cloud Storage's agent"}


def main() -> int:
    """Write both files and say what changed; 1 and one sentence where Terraform cannot be run here."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            state = applied_state(Path(folder))
    except (NoProviders, ApplyRefused) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    wiring = wiring_from(state)
    for difference in differences(wiring, json.loads(WIRING.read_text())):
        print(difference)  # noqa: T201
    WIRING.write_text(shown(wiring) + "\n")
    PAGE.write_text(with_table(PAGE.read_text(), access_table(grants_from(state))))
    return 0


def differences(terraform: dict[str, Any], committed: dict[str, Any]) -> list[str]:
    """One sentence for each fact that only one of the two wirings holds."""
    applied, written = set(_facts("wiring", terraform)), set(_facts("wiring", committed))
    missing = [
        f"{fact} is in Terraform and not in wiring.json" for fact in sorted(applied - written)
    ]
    return missing + [
        f"{fact} is in wiring.json and not in Terraform" for fact in sorted(written - applied)
    ]


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


def _facts(name: str, value: Any) -> Iterator[str]:
    """Everything that a part of the wiring says, a sentence each."""
    if isinstance(value, dict) and "role" in value:
        where = f" where {value['condition']}" if "condition" in value else ""
        yield f"grant {value['role']} on {value['resource']} to {value['member']}{where}"
    elif isinstance(value, dict):
        of = f"{name} {value['name']}" if "name" in value else name
        for member, part in value.items():
            yield from _facts(f"{of}.{member}", part)
    elif isinstance(value, list):
        for part in value:
            yield from _facts(name, part)
    else:
        yield f"{name.removeprefix('wiring.')} = {json.dumps(value)}"


def _who(member: str) -> str:
    kind, _, email = member.partition(":")
    account, _, domain = email.partition("@")
    return (
        f"{account} (a person)" if kind == "user" else AGENTS.get(domain.partition(".")[0], account)
    )


def _what(grant: dict[str, str]) -> str:
    kind, _, name = grant["resource"].partition("/")
    return (
        f"{KINDS.get(kind, kind.removesuffix('s'))} {name.partition('@')[0].removeprefix(BUCKETS)}"
    )


def _where(grant: dict[str, str]) -> str:
    """The condition's prefix, short of the bucket that the grant is on."""
    found = re.search(
        r'"projects/_/buckets/(?:[^"]*/objects/)?([^"]*)"', grant.get("condition", "")
    )
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main())
