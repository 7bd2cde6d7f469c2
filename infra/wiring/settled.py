"""A state without what is computed anew at each apply: only a changed configuration changes it."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

State = dict[str, Any]
"""`resources`: a list of address, type and values; `outputs`: name -> value."""

NUMBER: Final = "100000000001"
ACCOUNT: Final = "{account_id}@{project_id}.iam.gserviceaccount.com"
ACCOUNT_ID: Final = f"projects/{{project_id}}/serviceAccounts/{ACCOUNT}"
AGENT: Final = f"service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"
STORAGE_AGENT: Final = f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
LOGGING_AGENT: Final = f"service-{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
URI: Final = "https://{name}.{project_id}.run.app"
POOL: Final = (
    f"projects/{NUMBER}/locations/global/workloadIdentityPools/{{workload_identity_pool_id}}"
)
DATABASE: Final = "{name_prefix}urgency-mlflow-00000000"

COMPUTED: Final = {
    ("archive_file", "output_sha256"): "0" * 64,
    ("google_artifact_registry_repository", "name"): "{repository_id}",
    ("google_cloud_run_v2_job", "id"): "projects/{project_id}/locations/{location}/jobs/{name}",
    ("google_cloud_run_v2_job", "project"): "{project_id}",
    ("google_cloud_run_v2_service", "uri"): URI,
    ("google_cloudfunctions2_function", "service_config.0.uri"): URI,
    ("google_iam_workload_identity_pool", "name"): POOL,
    ("google_logging_project_sink", "writer_identity"): f"serviceAccount:{LOGGING_AGENT}",
    ("google_monitoring_notification_channel", "name"): "channels/{display_name}",
    ("google_project", "number"): NUMBER,
    ("google_project_service_identity", "email"): AGENT,
    ("google_project_service_identity", "member"): f"serviceAccount:{AGENT}",
    ("google_pubsub_subscription", "id"): "projects/{project_id}/subscriptions/{name}",
    ("google_pubsub_topic", "id"): "projects/{project_id}/topics/{name}",
    ("google_service_account", "email"): ACCOUNT,
    ("google_service_account", "member"): f"serviceAccount:{ACCOUNT}",
    ("google_service_account", "name"): ACCOUNT_ID,
    ("google_service_account", "id"): ACCOUNT_ID,
    ("google_sql_database_instance", "name"): DATABASE,
    ("google_sql_database_instance", "connection_name"): f"{{project_id}}:{{region}}:{DATABASE}",
    ("google_storage_project_service_account", "email_address"): STORAGE_AGENT,
    ("google_storage_project_service_account", "member"): f"serviceAccount:{STORAGE_AGENT}",
}
"""Type and attribute to which others refer -> its published form, from values of the resource."""

KEPT: Final = re.compile(r"^(google_(?!monitoring_dashboard|client_config)|terraform_data\.image)")
TAG: Final = re.compile(r"/(jobs|service):[0-9a-f]{16}\b")


def settled(first: State, again: State, variables: Mapping[str, Any]) -> State:
    """What two applies with the same variables share, with computed names in their forms.

    first, again: a `test_state`.
    """
    providers = first["provider_schemas"].values()
    schemas = [provider.get("resource_schemas", {}) for provider in providers]
    blocks = {kind: one["block"] for schema in schemas for kind, one in schema.items()}
    shared: State = _shared(*(_trimmed(one, blocks, variables) for one in (first, again)))
    return shared


def published(state: State, variables: Mapping[str, Any]) -> State:
    """`state` with each of COMPUTED in its form, wherever it is referred to."""
    text = TAG.sub(r"/\1:0123456789abcdef", json.dumps(state))
    forms = {
        _at(resource["values"], path): form.format(
            **({"name_prefix": ""} | resource["values"] | variables)
        )
        for resource in state["resources"]
        for (kind, path), form in COMPUTED.items()
        if resource["type"] == kind
    }
    for known in sorted(forms, key=len, reverse=True):  # a project's number stands in addresses
        text = text.replace(known, forms[known])
    renamed: State = json.loads(text)
    return renamed


def _trimmed(state: State, blocks: Mapping[str, Any], variables: Mapping[str, Any]) -> State:
    outputs = {name: output.get("value") for name, output in state["outputs"].items()}
    whole = {"outputs": outputs, "resources": state["root_module"]["resources"]}
    trimmed = published(whole, variables)
    trimmed["resources"] = [
        {"address": one["address"], "type": one["type"]}
        | {"values": _configured(one["values"], blocks.get(one["type"], {}))}
        for one in trimmed["resources"]
        if KEPT.match(one["address"].removeprefix("data."))
    ]
    return trimmed


def _configured(values: Mapping[str, Any], block: Mapping[str, Any]) -> dict[str, Any]:
    """`values` without what is empty, and without the 0 or false of a mock."""
    attributes, inner = block.get("attributes", {}), block.get("block_types", {})
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if name in inner and isinstance(value, list):
            kept[name] = [_configured(one, inner[name]["block"]) for one in value]
        elif value or not attributes.get(name, {}).get("computed"):
            kept[name] = value
    return {name: value for name, value in kept.items() if value not in (None, [], {})}


def _shared(first: Any, again: Any) -> Any:
    """What is the same in both: a text that differs was computed, and is left out."""
    if isinstance(first, dict):
        pairs = {name: (value, again.get(name)) for name, value in first.items()}
        return {name: _shared(*pair) for name, pair in pairs.items() if _alike(*pair)}
    if isinstance(first, list):
        return [_shared(*pair) for pair in zip(first, again, strict=True) if _alike(*pair)]
    return first


def _alike(first: Any, again: Any) -> bool:
    return isinstance(first, dict | list) or bool(first == again)


def _at(values: Any, path: str) -> str:
    for name in path.split("."):
        values = values[int(name) if name.isdigit() else name]
    return str(values)
