"""Who may do what: the fewest rights, each to one identity, on one resource."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.infra.policies.deployment import Deployment, Resource, last, policy

PRIMITIVE = re.compile(r"^roles/(owner|editor|viewer)$")
NARROW = {  # kind of resource -> roles that may be granted on it
    "bucket": {
        "roles/storage.objectViewer",
        "roles/storage.objectCreator",
        "roles/storage.objectUser",
        "roles/storage.legacyBucketReader",
    },
    "topic": {"roles/pubsub.publisher"},
    "subscription": {"roles/pubsub.subscriber"},
    "job": {"roles/run.jobsExecutor", "roles/run.viewer"},
    "service": {"roles/run.servicesInvoker"},
    "account": {"roles/iam.serviceAccountTokenCreator"},
    "repository": {"roles/artifactregistry.writer"},
    "project": {
        "roles/logging.logWriter",
        "roles/storage.objectViewer",
        "roles/cloudsql.client",
        "roles/cloudsql.instanceUser",
    },
}
WITHOUT_CONDITION = {"roles/logging.logWriter"}
"""What may be granted on the whole project: nothing smaller exists for log lines."""

BUILT_BY_GOOGLE = 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")'
"""The bucket that Cloud Functions makes itself while it builds."""

KEYS = (
    "google_service_account_key",
    "google_storage_hmac_key",
    "google_apikeys_key",
    "google_service_account_access_token",
)


@policy
def no_primitive_role(deployed: Deployment) -> Iterator[str]:
    """Owner, editor and viewer open everything."""
    for resource in _grants_of_any_kind(deployed):
        if PRIMITIVE.match(resource.values.get("role") or ""):
            yield f"{resource.address} grants {resource.values['role']}"


@policy
def no_wide_role(deployed: Deployment) -> Iterator[str]:
    """Only roles of the list, on the kind of resource they are meant for; no custom roles."""
    for grant in deployed.grants():
        if grant.role not in NARROW.get(grant.on.split("/")[0], set()):
            yield f"{grant.address} grants {grant.role} on {grant.on}"
    for resource in deployed.of("project_iam_custom_role", "organization_iam_custom_role"):
        yield f"{resource.address} is a custom role"


@policy
def nobody_is_everybody(deployed: Deployment) -> Iterator[str]:
    """Neither allUsers nor allAuthenticatedUsers, anywhere."""
    for resource in deployed.resources:
        if re.search(r"\ball(Authenticated)?Users\b", repr(resource.values)):
            yield f"{resource.address} lets everybody in"


@policy
def no_key(deployed: Deployment) -> Iterator[str]:
    """Nothing that could be copied and used elsewhere."""
    for resource in deployed.resources:
        if resource.type in KEYS:
            yield f"{resource.address} is a key"


@policy
def grants_are_single_members(deployed: Deployment) -> Iterator[str]:
    """A binding or a policy removes what others granted; two bindings of one role never agree."""
    for resource in deployed.resources:
        if resource.type.endswith(("_iam_binding", "_iam_policy")):
            yield f"{resource.address} replaces grants that are not ours"


@policy
def members_have_a_kind(deployed: Deployment) -> Iterator[str]:
    """`user:`, `group:` ...; the address alone is refused."""
    kinds = ("user:", "group:", "serviceAccount:", "principal://", "principalSet://")
    for grant in deployed.grants():
        if not grant.member.startswith(kinds):
            yield f"{grant.address} grants to {grant.member!r}"


LAYS_MESSAGES = {"roles/storage.objectCreator", "roles/storage.legacyBucketReader"}
"""What Pub/Sub's agent needs to lay messages into a bucket; Google asks for it without a fence."""


@policy
def landing_is_fenced_by_prefix(deployed: Deployment) -> Iterator[str]:
    """The job writes receipts, people write below incoming/; job and operators read everything."""
    bucket = f"{deployed.variables['project_id']}-urgency-landing"
    read_all = {deployed.member("train"), *deployed.variable("operators", [])}
    for grant in deployed.grants(on=f"bucket/{bucket}"):
        if grant.member == deployed.pubsub_agent and grant.role in LAYS_MESSAGES:
            continue
        reads = grant.role == "roles/storage.objectViewer"
        below = "receipts/" if reads or grant.member == deployed.member("train") else "incoming/"
        fence = f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{below}")'
        if grant.condition != fence and not (reads and grant.member in read_all):
            yield (
                f"{grant.address} is not fenced in by {below}: {grant.condition or 'no condition'}"
            )


@policy
def project_grants_are_fenced(deployed: Deployment) -> Iterator[str]:
    """What is granted on the project has a condition; on buckets, only Cloud Functions' own."""
    for grant in deployed.grants(on="project/"):
        if grant.role not in WITHOUT_CONDITION and not grant.condition:
            yield f"{grant.address} grants {grant.role} on the whole project"
        elif grant.role.startswith("roles/storage.") and grant.condition != BUILT_BY_GOOGLE:
            yield f"{grant.address} opens other buckets: {grant.condition}"


@policy
def one_identity_each(deployed: Deployment) -> Iterator[str]:
    """Whatever acts has an account of its own, and never the project's default one."""
    users: Counter[str] = Counter()
    for resource, account in _accounts(deployed):
        users[account] += 1
        if not re.fullmatch(r"urgency-[a-z]+@[a-z0-9-]+\.iam\.gserviceaccount\.com", account):
            yield f"{resource.address} runs as {account or 'the default account'}"
        elif users[account] > 1:
            yield f"{resource.address} shares {account}"


@policy
def builds_have_their_own_account(deployed: Deployment) -> Iterator[str]:
    """Else a function is built by the default compute account, which a new project lacks."""
    for function in deployed.of("cloudfunctions2_function"):
        account = last(function.block("build_config").get("service_account"))
        if f"serviceAccount:{account}" != deployed.member("builder"):
            yield f"{function.address} is built by {account or 'the default account'}"


@policy
def pusher_may_invoke_each_function(deployed: Deployment) -> Iterator[str]:
    """On the Cloud Run service below the function; else every push is answered 403."""
    for function in deployed.of("cloudfunctions2_function"):
        if not deployed.allows(
            deployed.member("pusher"), "roles/run.servicesInvoker", f"service/{function.name}"
        ):
            yield f"{function.address} may not be invoked by the pusher"


@policy
def reload_may_invoke_the_service(deployed: Deployment) -> Iterator[str]:
    """Else a release reaches the instances only when they look for themselves."""
    if not deployed.allows(
        deployed.member("reload"), "roles/run.servicesInvoker", "service/ticket-urgency"
    ):
        yield "ticket-urgency may not be invoked by the reload function"


@policy
def trigger_may_run_the_job(deployed: Deployment) -> Iterator[str]:
    """Else what lands waits for the next sweep."""
    if not deployed.allows(deployed.member("trigger"), "roles/run.jobsExecutor", "job/train"):
        yield "train may not be run by the trigger function"


@policy
def public_follows_its_variable(deployed: Deployment) -> Iterator[str]:
    """The service is private unless it was asked to be public."""
    for service in deployed.of("cloud_run_v2_service"):
        asked = bool(deployed.variable("public", False)) and service.name == "ticket-urgency"
        if bool(service.values.get("invoker_iam_disabled")) != asked:
            yield f"{service.address} is {'private' if asked else 'public'}, which nobody asked for"


@policy
def feedback_is_taken_from_known_callers_only(deployed: Deployment) -> Iterator[str]:
    """A public service has no topic for labels: anybody could teach the model."""
    public = bool(deployed.variable("public", False))
    for service in deployed.of("cloud_run_v2_service"):
        variables = service.block("template", "containers").get("env") or []
        has_topic = any(one["name"] == "URGENCY_FEEDBACK_TOPIC" for one in variables)
        if service.name == "ticket-urgency" and has_topic == public:
            yield f"{service.address} takes {'' if has_topic else 'no '}feedback"


def _grants_of_any_kind(deployed: Deployment) -> Iterator[Resource]:
    return (r for r in deployed.resources if r.type.endswith(("_iam_member", "_iam_binding")))


def _accounts(deployed: Deployment) -> Iterator[tuple[Resource, str]]:
    for resource in deployed.of("cloudfunctions2_function"):
        yield resource, resource.block("service_config").get("service_account_email") or ""
    for resource in deployed.of("cloud_run_v2_job"):
        yield resource, resource.block("template", "template").get("service_account") or ""
    for resource in deployed.of("cloud_run_v2_service"):
        yield resource, resource.block("template").get("service_account") or ""
