"""CI may do much, so who can act as its accounts is narrow: one repository, never with a key."""

from __future__ import annotations

from collections.abc import Iterator

from tests.infra.policies.deployment import Deployment, policy

PLANNER = (".viewer", ".reader", "Viewer", "Reviewer", "/browser", ".serviceUsageConsumer")
"""How roles end that change nothing."""

NEVER = {"roles/owner", "roles/editor", "roles/iam.serviceAccountKeyAdmin"}
WAYS_IN = {
    "plan": ("planner", "assertion.event_name == 'pull_request'"),
    "apply": ("deployer", "assertion.environment == 'production'"),
}


@policy
def the_planner_changes_nothing(deployed: Deployment) -> Iterator[str]:
    """It runs the code of a pull request that nobody has read."""
    for grant in deployed.grants():
        if grant.member == deployed.member("planner") and not grant.role.endswith(PLANNER):
            yield f"{grant.address} lets pull requests change something: {grant.role}"


@policy
def the_deployer_makes_no_keys(deployed: Deployment) -> Iterator[str]:
    """Nor does it hold a role that holds all others."""
    for grant in deployed.grants():
        if grant.member == deployed.member("deployer") and grant.role in NEVER:
            yield f"{grant.address} grants {grant.role}"


@policy
def federation_is_for_one_repository(deployed: Deployment) -> Iterator[str]:
    """By its number, and for one kind of job; a pool opens one account."""
    number = (deployed.variable("ci", None) or {}).get("github_repository_id")
    for provider in deployed.of("iam_workload_identity_pool_provider"):
        condition = provider.values.get("attribute_condition") or ""
        way = provider.address.split('"')[1]
        narrow = f"assertion.repository_id == '{number}' && {WAYS_IN[way][1]}"
        if not condition.startswith(narrow):
            yield f"{provider.address} lets in {condition or 'all of GitHub'}"
    for grant in deployed.grants(role="roles/iam.workloadIdentityUser"):
        way = grant.address.split('"')[1]
        account = deployed.member(WAYS_IN[way][0]).removeprefix("serviceAccount:")
        pool = f"github-{way}/attribute.repository_id/{number}"
        if grant.on != f"account/{account}" or not grant.member.endswith(pool):
            yield f"{grant.address} opens {grant.on} to {grant.member}"
