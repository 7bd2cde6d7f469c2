"""Who may do what: the fewest rights, each to one identity, on one resource."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.infra.policies.deployment import WEBHOOK, Deployment, Grant, Resource, last, policy

PRIMITIVE = re.compile(r"^roles/(owner|editor|viewer)$")
NARROW = {  # kind of resource -> roles that may be granted on it
    "bucket": {
        "roles/storage.objectViewer",
        "roles/storage.objectCreator",
        "roles/storage.objectUser",
        "roles/storage.legacyBucketReader",
    },
    "topic": {"roles/pubsub.publisher"},
    "subscription": {"roles/pubsub.subscriber", "roles/pubsub.viewer"},
    "view": {"roles/logging.viewAccessor"},
    "job": {"roles/run.jobsExecutor", "roles/run.jobsExecutorWithOverrides", "roles/run.viewer"},
    "service": {"roles/run.servicesInvoker", "roles/run.viewer"},
    "account": {"roles/iam.serviceAccountTokenCreator", "roles/iam.workloadIdentityUser"},
    "repository": {"roles/artifactregistry.reader", "roles/artifactregistry.writer"},
    "secret": {"roles/secretmanager.secretAccessor"},
    "project": {
        "roles/logging.logWriter",
        "roles/storage.objectViewer",
        "roles/cloudsql.client",
        "roles/cloudsql.instanceUser",
        "roles/dataflow.worker",
        "roles/serviceusage.serviceUsageConsumer",
    },
}
WITHOUT_CONDITION = {"roles/logging.logWriter", "roles/serviceusage.serviceUsageConsumer"}
"""What may be granted on the whole project: nothing smaller exists for log lines and quotas."""

GOOGLES = r"\.iam\.gserviceaccount\.com"
LISTED = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'
"""What a listing asks for; people list the folder in which they work, as every upload tool does."""

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
    for grant in _grants_of_the_system(deployed):
        if grant.role not in NARROW.get(grant.on.split("/")[0], set()):
            yield f"{grant.address} grants {grant.role} on {grant.on}"
    for resource in deployed.of("project_iam_custom_role", "organization_iam_custom_role"):
        yield f"{resource.address} is a custom role"


@policy
def only_operators_override(deployed: Deployment) -> Iterator[str]:
    """Who overrides a job's arguments acts as that job: operators may do all that scoring does."""
    for grant in deployed.grants("job/", "roles/run.jobsExecutorWithOverrides"):
        is_operator = grant.member in deployed.variable("operators", [])
        if not is_operator or grant.on != f"job/{deployed.called('score')}":
            yield f"{grant.address} lets {grant.member} override {grant.on}"


@policy
def nobody_is_everybody(deployed: Deployment) -> Iterator[str]:
    """Neither allUsers nor allAuthenticatedUsers, but at the door that checks signatures itself."""
    for resource in deployed.resources:
        if resource.type.endswith("_iam_member") and resource.values.get("name") == deployed.called(
            WEBHOOK
        ):
            continue
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
        is_door = grant.on == f"service/{deployed.called(WEBHOOK)}" and grant.member == "allUsers"
        if not is_door and not grant.member.startswith(kinds):
            yield f"{grant.address} grants to {grant.member!r}"


LAYS_ENTRIES = "roles/storage.objectCreator"
LAYS_MESSAGES = {"roles/storage.objectCreator", "roles/storage.legacyBucketReader"}
"""What Pub/Sub's agent needs to lay messages into a bucket; Google asks for it without a fence."""


@policy
def landing_is_fenced_by_prefix(deployed: Deployment) -> Iterator[str]:
    """The job writes receipts, people write below incoming/; job and operators read everything.

    So do Beam's workers that read tickets; they write shards and what Dataflow stages.
    """
    bucket = f"{deployed.variables['project_id']}-{deployed.called('urgency-landing')}"
    train, reader = deployed.member("train"), deployed.member("beam-features")
    read_all = {train, reader, *deployed.variable("operators", [])}
    written = {
        (train, "roles/storage.objectCreator"): "receipts",
        (reader, "roles/storage.objectCreator"): "features",
        (reader, "roles/storage.objectUser"): "beam",
    }
    for grant in deployed.grants(on=f"bucket/{bucket}"):
        if grant.member == deployed.pubsub_agent and grant.role in LAYS_MESSAGES:
            continue
        reads = grant.role == "roles/storage.objectViewer"
        own = written.get((grant.member, grant.role))
        below = own or ("receipts" if reads else "incoming")
        fence = f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{below}/")'
        if own is None:
            fence += f' || {LISTED}.startsWith("{below}/") || {LISTED} == "{below}"'
        if grant.condition != fence and not (reads and grant.member in read_all):
            yield (
                f"{grant.address} is not fenced in by {below}: {grant.condition or 'no condition'}"
            )


@policy
def project_grants_are_fenced(deployed: Deployment) -> Iterator[str]:
    """What is granted on the project has a condition; on buckets, only Cloud Functions' own."""
    for grant in _grants_of_the_system(deployed, on="project/"):
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
        if not re.fullmatch(rf"{deployed.called('urgency-')}[a-z]+@[a-z0-9-]+{GOOGLES}", account):
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
    pushed_to = (
        f for f in deployed.of("cloudfunctions2_function") if f.name != deployed.called(WEBHOOK)
    )
    for function in pushed_to:
        if not deployed.allows(
            deployed.member("pusher"), "roles/run.servicesInvoker", f"service/{function.name}"
        ):
            yield f"{function.address} may not be invoked by the pusher"


@policy
def reload_may_invoke_the_service(deployed: Deployment) -> Iterator[str]:
    """Else a release reaches the instances only when they look for themselves."""
    if not deployed.allows(
        deployed.member("reload"),
        "roles/run.servicesInvoker",
        f"service/{deployed.called('ticket-urgency')}",
    ):
        yield "ticket-urgency may not be invoked by the reload function"


@policy
def trigger_may_run_the_job(deployed: Deployment) -> Iterator[str]:
    """Else what lands waits for the next sweep."""
    job = f"job/{deployed.called('train')}"
    if not deployed.allows(deployed.member("trigger"), "roles/run.jobsExecutor", job):
        yield "train may not be run by the trigger function"


@policy
def sinks_may_lay_down_and_no_more(deployed: Deployment) -> Iterator[str]:
    """Cloud Logging makes objects in the bucket of each sink, and cannot replace or read one."""
    for sink in deployed.of("logging_project_sink"):
        writer, bucket = (
            sink.values["writer_identity"],
            f"bucket/{last(sink.values['destination'])}",
        )
        if not deployed.allows(writer, LAYS_ENTRIES, bucket):
            yield f"{sink.address} may not lay anything into {bucket}"
        for grant in deployed.grants():
            if grant.member == writer and (grant.on, grant.role) != (bucket, LAYS_ENTRIES):
                yield f"{grant.address} grants {grant.role} on {grant.on} to a sink"


@policy
def public_follows_its_variable(deployed: Deployment) -> Iterator[str]:
    """The service is private unless it was asked to be public."""
    for service in deployed.of("cloud_run_v2_service"):
        is_ours = service.name == deployed.called("ticket-urgency")
        asked = bool(deployed.variable("public", False)) and is_ours
        if bool(service.values.get("invoker_iam_disabled")) != asked:
            yield f"{service.address} is {'private' if asked else 'public'}, which nobody asked for"


@policy
def feedback_is_taken_from_known_callers_only(deployed: Deployment) -> Iterator[str]:
    """A public service has no topic for labels: anybody could teach the model."""
    public = bool(deployed.variable("public", False))
    for service in deployed.of("cloud_run_v2_service"):
        variables = service.block("template", "containers").get("env") or []
        has_topic = any(one["name"] == "URGENCY_FEEDBACK_TOPIC" for one in variables)
        if service.name == deployed.called("ticket-urgency") and has_topic == public:
            yield f"{service.address} takes {'' if has_topic else 'no '}feedback"


def _grants_of_any_kind(deployed: Deployment) -> Iterator[Resource]:
    return (r for r in deployed.resources if r.type.endswith(("_iam_member", "_iam_binding")))


def _grants_of_the_system(deployed: Deployment, on: str = "") -> Iterator[Grant]:
    """All but those on the project to CI's accounts, which ci.py looks at."""
    ci = {deployed.member("deployer"), deployed.member("planner")}
    found = deployed.grants(on)
    return (one for one in found if not (one.on.startswith("project/") and one.member in ci))


def _accounts(deployed: Deployment) -> Iterator[tuple[Resource, str]]:
    for resource in deployed.of("cloudfunctions2_function"):
        yield resource, resource.block("service_config").get("service_account_email") or ""
    for resource in deployed.of("cloud_run_v2_job"):
        yield resource, resource.block("template", "template").get("service_account") or ""
    for resource in deployed.of("cloud_run_v2_service"):
        yield resource, resource.block("template").get("service_account") or ""
