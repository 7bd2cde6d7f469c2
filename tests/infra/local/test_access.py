"""Grants decide, and only grants."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Request
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from infra.local.pocket.access import Access
from infra.local.pocket.app import pocket_app
from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.pocket.objects import Objects
from infra.local.pocket.storage import storage_blueprint
from infra.local.wiring import Grant, WiringError
from infra.local.wiring_file import load_wiring

WIRING = load_wiring()
TRAIN = "serviceAccount:urgency-train@local-helpdesk.iam.gserviceaccount.com"
SERVE = "serviceAccount:urgency-serve@local-helpdesk.iam.gserviceaccount.com"
OPERATOR = "user:operator@local-helpdesk.example"
LANDING = "buckets/local-helpdesk-urgency-landing"
REGISTRY = "buckets/local-helpdesk-urgency-registry"
CONTROL = "buckets/local-helpdesk-urgency-control"


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return Identity(tmp_path, WIRING)


@pytest.fixture
def access(identity: Identity) -> Access:
    return Access(WIRING, identity)


@pytest.mark.parametrize(
    ("member", "permission", "resource", "name"),
    [
        (TRAIN, "storage.objects.get", LANDING, "incoming/a.csv"),
        (TRAIN, "storage.objects.list", LANDING, None),
        (TRAIN, "storage.objects.create", LANDING, "receipts/a.md"),
        (TRAIN, "storage.objects.delete", CONTROL, "release.json"),
        (SERVE, "storage.objects.get", CONTROL, "release.json"),
        (OPERATOR, "storage.objects.delete", LANDING, "incoming/a.csv"),
        (TRAIN, "pubsub.topics.publish", "topics/model-released", None),
        (OPERATOR, "pubsub.subscriptions.consume", "subscriptions/dead-letters", None),
        (OPERATOR, "run.jobs.run", "jobs/train", None),
        (OPERATOR, "run.routes.invoke", "services/ticket-urgency", None),
    ],
)
def test_what_the_wiring_grants_is_allowed(
    access: Access, member: str, permission: str, resource: str, name: str | None
) -> None:
    access.require(member, permission, resource, name)


@pytest.mark.parametrize(
    ("member", "permission", "resource", "name"),
    [
        (TRAIN, "storage.objects.create", LANDING, "incoming/a.csv"),
        (TRAIN, "storage.objects.delete", LANDING, "receipts/a.md"),
        (TRAIN, "storage.objects.delete", REGISTRY, "models/1.json"),
        (SERVE, "storage.objects.create", CONTROL, "release.json"),
        (SERVE, "storage.objects.get", LANDING, "incoming/a.csv"),
        (OPERATOR, "storage.objects.delete", LANDING, "receipts/a.md"),
        (SERVE, "pubsub.topics.publish", "topics/model-released", None),
        (OPERATOR, "run.jobs.run", "jobs/other", None),
        (TRAIN, "run.routes.invoke", "services/ticket-urgency", None),
        ("user:stranger@local-helpdesk.example", "storage.objects.get", CONTROL, "release.json"),
    ],
)
def test_everything_else_is_refused(
    access: Access, member: str, permission: str, resource: str, name: str | None
) -> None:
    with pytest.raises(ApiError, match=permission):
        access.require(member, permission, resource, name)


def test_a_refusal_names_member_permission_and_resource(access: Access) -> None:
    with pytest.raises(ApiError) as refused:
        access.require(SERVE, "storage.objects.create", CONTROL, "release.json")
    assert refused.value.code == 403
    assert refused.value.reason == "forbidden"
    assert (
        refused.value.message
        == "urgency-serve@local-helpdesk.iam.gserviceaccount.com does not have"
        f" storage.objects.create access to {CONTROL}/objects/release.json. Permission"
        f" 'storage.objects.create' denied on resource '{CONTROL}/objects/release.json' (or it"
        " may not exist)."
    )


def test_a_conditional_grant_does_not_open_the_bucket_itself(identity: Identity) -> None:
    """As in Cloud Storage: a bucket's own name does not start with a prefix of objects."""
    condition = f'resource.name.startsWith("projects/_/{LANDING}/objects/incoming/")'
    access = _access(identity, Grant(LANDING, "roles/storage.objectUser", OPERATOR, condition))
    assert access.allows(OPERATOR, "storage.objects.get", LANDING, "incoming/a.csv")
    assert not access.allows(OPERATOR, "storage.objects.list", LANDING)


def test_an_unknown_role_stops_the_start(identity: Identity) -> None:
    with pytest.raises(WiringError, match="roles/editor"):
        _access(identity, Grant(LANDING, "roles/editor", OPERATOR))


@pytest.mark.parametrize(
    "condition",
    [
        "",
        'resource.name.endsWith("x")',
        'resource.name.startsWith("projects/_/buckets/x/objects/a") || true',
        '!resource.name.startsWith("projects/_/buckets/x/objects/a")',
        "request.time < timestamp('2030')",
    ],
)
def test_a_condition_that_cannot_be_evaluated_stops_the_start(
    identity: Identity, condition: str
) -> None:
    with pytest.raises(WiringError, match="condition"):
        _access(identity, Grant(LANDING, "roles/storage.objectUser", OPERATOR, condition))


def test_the_caller_is_whose_token_the_request_bears(access: Access, identity: Identity) -> None:
    for account, member in (("urgency-train", TRAIN), ("operator", OPERATOR)):
        token = identity.access_token(identity.email(account))
        assert access.caller(_request(f"Bearer {token}")) == member


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer x", "Basic dTpw", "nonsense"])
def test_without_a_good_token_there_is_no_caller(access: Access, authorization: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        access.caller(_request(authorization))
    assert refused.value.code == 401


def test_an_id_token_is_no_access_token(access: Access, identity: Identity) -> None:
    with pytest.raises(ApiError):
        access.caller(_request(f"Bearer {identity.id_token(identity.email('operator'), 'x')}"))


def test_an_account_that_left_the_wiring_is_no_caller(access: Access, identity: Identity) -> None:
    with pytest.raises(ApiError) as refused:
        access.caller(_request(f"Bearer {identity.access_token('former@local-helpdesk.example')}"))
    assert refused.value.code == 401


def test_deciding_by_the_grants_costs_little_of_a_request(
    identity: Identity, tmp_path: Path
) -> None:
    """A ratio of CPU time: the best of rounds in turn, with every decision and without any."""
    objects = Objects(tmp_path, WIRING.buckets)
    clients = [
        pocket_app(storage_blueprint(objects, access, lambda *_: None)).test_client()
        for access in (Access(WIRING, identity), NoDecision(WIRING, identity))
    ]
    headers = {"Authorization": f"Bearer {identity.access_token(identity.email('operator'))}"}
    rounds = [[_cpu_s(client, headers) for client in clients] for _ in range(7)]
    strict_s, lax_s = (min(times) for times in zip(*rounds, strict=True))
    objects.close()
    assert strict_s < 1.5 * lax_s


class NoDecision(Access):
    """Allows everything and looks at no grant."""

    def allows(self, *_: str | None) -> bool:
        return True


def _cpu_s(client: FlaskClient, headers: dict[str, str]) -> float:
    """CPU time of this thread for 40 listings."""
    began = time.thread_time()
    for _ in range(40):
        path = f"/storage/v1/b/{LANDING.removeprefix('buckets/')}/o"
        assert client.get(path, headers=headers).status_code == 200
    return time.thread_time() - began


def _access(identity: Identity, *grants: Grant) -> Access:
    return Access(replace(WIRING, grants=grants), identity)


def _request(authorization: str | None) -> Request:
    headers = {} if authorization is None else {"Authorization": authorization}
    return Request(EnvironBuilder(headers=headers).get_environ())
