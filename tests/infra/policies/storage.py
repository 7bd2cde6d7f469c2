"""Nobody outside sees a ticket, and nobody inside loses one for good by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from tests.infra.policies.deployment import Deployment, policy


@policy
def buckets_have_uniform_access(deployed: Deployment) -> Iterator[str]:
    """Access lists of single objects would be grants that nobody sees."""
    for bucket in deployed.of("storage_bucket"):
        if bucket.values.get("uniform_bucket_level_access") is not True:
            yield f"{bucket.address} has access lists"


@policy
def buckets_are_never_public(deployed: Deployment) -> Iterator[str]:
    """Not even by a grant that somebody adds later."""
    for bucket in deployed.of("storage_bucket"):
        if bucket.values.get("public_access_prevention") != "enforced":
            yield f"{bucket.address} may be opened to everybody"


@policy
def buckets_keep_versions(deployed: Deployment) -> Iterator[str]:
    """What was replaced can be restored."""
    for bucket in deployed.of("storage_bucket"):
        if bucket.block("versioning").get("enabled") is not True:
            yield f"{bucket.address} keeps no versions"


@policy
def buckets_delete_softly(deployed: Deployment) -> Iterator[str]:
    """For a week or more."""
    for bucket in deployed.of("storage_bucket"):
        if (bucket.block("soft_delete_policy").get("retention_duration_seconds") or 0) < 604800:
            yield f"{bucket.address} deletes at once"


MADE_AGAIN = {"features/", "beam/"}
"""Prefixes of what Beam's workers make of tickets."""


@policy
def registry_is_never_cleaned(deployed: Deployment) -> Iterator[str]:
    """Every model that ever served can be served again; and no rule deletes live tickets, but what
    can be made of them again.
    """
    for bucket in deployed.of("storage_bucket"):
        rules = bucket.values.get("lifecycle_rule") or []
        if bucket.name.endswith("-registry") and rules:
            yield f"{bucket.address} deletes models"
        if bucket.name.endswith(("-landing", "-control")):
            conditions = [(rule["condition"] or [{}])[0] for rule in rules]
            live = [one for one in conditions if one.get("with_state") != "ARCHIVED"]
            if any(set(one.get("matches_prefix") or [""]) - MADE_AGAIN for one in live):
                yield f"{bucket.address} deletes what is in use"


@policy
def deletion_is_guarded_as_asked(deployed: Deployment) -> Iterator[str]:
    """`protect` guards full buckets, job and services; without it, destroy leaves nothing."""
    protect = bool(deployed.variable("protect", False))
    for bucket in deployed.of("storage_bucket"):
        if bool(bucket.values.get("force_destroy")) == protect:
            yield (
                f"{bucket.address} force_destroy is {bucket.values.get('force_destroy')} with"
                f" protect = {protect}"
            )
    for resource in deployed.of(
        "cloud_run_v2_job", "cloud_run_v2_service", "sql_database_instance"
    ):
        if resource.values.get("deletion_protection") is not protect:
            yield f"{resource.address} is {'not ' if protect else ''}protected"


@policy
def writes_are_logged_as_asked(deployed: Deployment) -> Iterator[str]:
    """Else nobody can say who dropped a file; nobody is exempt from it."""
    configs = list(deployed.of("project_iam_audit_config"))
    if len(configs) != int(deployed.variable("audit_writes", True)):
        yield f"google_project_iam_audit_config is there {len(configs)} times"
    for config in configs:
        service, logs = config.values["service"], config.values["audit_log_config"]
        if (service, logs) != ("storage.googleapis.com", [{"log_type": "DATA_WRITE"}]):
            yield f"{config.address} logs {logs} of {service}"


@policy
def databases_let_in_nobody_without_iam(deployed: Deployment) -> Iterator[str]:
    """Through the connector and over TLS only, no network let in, no password, and with backups."""
    for database in deployed.of("sql_database_instance"):
        network = database.block("settings", "ip_configuration")
        enforced = database.block("settings").get("connector_enforcement") == "REQUIRED"
        if (
            not enforced
            or network.get("authorized_networks")
            or "REQUIRED" not in (network.get("ssl_mode") or "")
        ):
            yield f"{database.address} can be reached without IAM"
        if not database.block("settings", "backup_configuration").get("enabled"):
            yield f"{database.address} has no backups"
    for user in deployed.of("sql_user"):
        if user.values.get("password") or not (user.values.get("type") or "").startswith(
            "CLOUD_IAM_"
        ):
            yield f"{user.address} has a password"
