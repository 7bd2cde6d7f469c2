from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from unittest.mock import patch

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

from service.auth import ISSUERS
from tests.service.faults import outage
from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import put_model, registry_with, release
from tests.support.service.service import AUDIENCE, CALLER, Instance


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocket]:
    with pocket(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def instance(cloud: Pocket) -> Instance:
    return Instance(registry_with(1), {"URGENCY_CERTS_URL": f"{cloud.url}/oauth2/v1/certs"})


def bearer(token: str, header: str = "Authorization") -> dict[str, str]:
    return {header: f"Bearer {token}"}


def good(cloud: Pocket) -> str:
    return cloud.identity.id_token(CALLER, AUDIENCE)


def claims(**members: object) -> dict[str, object]:
    """A good token's claims but for `members`; `iat` and `exp` in seconds from now."""
    good = {"iss": ISSUERS[0], "aud": AUDIENCE, "email": CALLER, "email_verified": True}
    made = good | {"iat": 0, "exp": 600} | members
    now = int(time.time())
    moments = {name: now + made[name] for name in ("iat", "exp") if isinstance(made[name], int)}
    return made | moments


def signed(cloud: Pocket, **members: object) -> str:
    signer = crypt.RSASigner.from_string(
        cloud.identity.keys.private_pem, cloud.identity.keys.key_id
    )
    return jwt.encode(signer, claims(**members)).decode()


@pytest.mark.parametrize("path", ["/v1/model:reload", "/reload-model"])
def test_the_release_functions_token_reloads(cloud: Pocket, instance: Instance, path: str):
    release(instance.registry, put_model(instance.registry, 2, strength=2.0))
    answer = instance.http.post(path, headers=bearer(good(cloud)))
    assert answer.json == {"status": "reloaded", "epoch": 2, "version": 2}
    assert answer.headers["X-Model-Version"] == "2"


def test_a_reload_with_nothing_new_is_a_success(cloud: Pocket, instance: Instance):
    answer = instance.http.post("/v1/model:reload", headers=bearer(good(cloud)), data=b"anything")
    assert answer.json == {"status": "unchanged", "epoch": 1, "version": 1}


def test_a_reload_before_the_first_release_is_a_success_with_epoch_0(cloud: Pocket):
    instance = Instance(registry_with(), {"URGENCY_CERTS_URL": f"{cloud.url}/oauth2/v1/certs"})
    answer = instance.http.post("/v1/model:reload", headers=bearer(good(cloud)))
    assert answer.json == {"status": "no_model", "epoch": 0, "version": 0}


def test_a_reload_reaches_one_instance_and_the_other_follows_after_the_soft_bound(
    cloud: Pocket, instance: Instance
):
    other = Instance(instance.registry)
    release(instance.registry, put_model(instance.registry, 2, strength=2.0))
    instance.http.post("/v1/model:reload", headers=bearer(good(cloud)))
    assert (instance.version(), other.version()) == ("2", "1")
    other.clock.advance(5)
    assert other.version() == "2"


def test_a_model_that_does_not_load_is_a_409_that_keeps_the_old_one_and_says_why(
    cloud: Pocket, instance: Instance
):
    manifest = put_model(instance.registry, 2, strength=2.0)
    release(instance.registry, manifest)
    instance.registry.objects.delete(f"blobs/sha256/{manifest.parts['golden.json']}")  # type: ignore[attr-defined]
    for _ in range(2):
        answer = instance.http.post("/v1/model:reload", headers=bearer(good(cloud)))
        assert answer.status_code == 409
        assert "not in the registry. Version 1 goes on serving." in answer.json["detail"]
    assert instance.version() == "1"
    assert instance.facts("reload_refused")


def test_storage_that_cannot_be_asked_is_a_503(cloud: Pocket, instance: Instance):
    outage(instance.registry)
    answer = instance.http.post("/v1/model:reload", headers=bearer(good(cloud)))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert instance.version() == "1"


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
def test_both_of_googles_issuer_names_are_accepted(cloud: Pocket, instance: Instance, issuer: str):
    answer = instance.http.post("/reload-model", headers=bearer(signed(cloud, iss=issuer)))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"aud": "another"}, 401),
        ({"aud": None}, 401),
        ({"exp": -60}, 401),
        ({"iat": 3_600, "exp": 7_200}, 401),
        ({"exp": "tomorrow"}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"iss": None}, 401),
        ({"email": "urgency-pusher@local-helpdesk.iam.gserviceaccount.com"}, 403),
        ({"email": None}, 403),
        ({"email_verified": False}, 403),
        ({"email_verified": "true"}, 403),
    ],
)
def test_a_token_with_another_claim_is_refused(
    cloud: Pocket, instance: Instance, members: dict[str, object], status: int
):
    release(instance.registry, put_model(instance.registry, 2, strength=2.0))
    answer = instance.http.post("/reload-model", headers=bearer(signed(cloud, **members)))
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert instance.version() == "1"


def test_a_token_signed_by_another_key_under_a_known_key_id_is_refused(
    cloud: Pocket, instance: Instance
):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    signer = crypt.RSASigner.from_string(stranger, cloud.identity.keys.key_id)
    forged = jwt.encode(signer, claims()).decode()
    assert instance.http.post("/reload-model", headers=bearer(forged)).status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer x", "Bearer a.b.c", "Bearer é.é.é"]
)
def test_what_is_no_token_is_401(instance: Instance, header: str):
    answer = instance.http.post(
        "/reload-model", headers={"Authorization": header} if header else {}
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256", "kid": "x"}, {}, [], "x", {"alg": [], "kid": {}}]
)
def test_a_token_with_a_strange_header_is_401(instance: Instance, header: object):
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in (header, claims())
    ]
    answer = instance.http.post("/reload-model", headers=bearer(".".join([*parts, "c2ln"])))
    assert answer.status_code == 401


def test_cloud_run_strips_the_signature_of_the_header_it_checked_and_the_other_one_is_verified(
    cloud: Pocket, instance: Instance
):
    token = good(cloud)
    stripped = f"{token.rpartition('.')[0]}.SIGNATURE_REMOVED_BY_GOOGLE"
    serverless = "X-Serverless-Authorization"
    for headers, status in (
        (bearer(stripped), 401),
        (bearer(stripped) | bearer(stripped, serverless), 401),
        (bearer(token) | bearer(stripped, serverless), 200),
        (bearer(stripped) | bearer(token, serverless), 200),
    ):
        assert instance.http.post("/reload-model", headers=headers).status_code == status


@pytest.mark.parametrize(
    "published",
    [b"", b"[]", b"7", b'{"key": 7}', b"[" * 100_000, b"\xff", b'{"key": "no certificate"}'],
)
def test_certificates_that_are_none_refuse_the_token_and_harm_nobody(
    cloud: Pocket, published: bytes
):
    instance = Instance(registry_with(1), {"URGENCY_CERTS_URL": "http://127.0.0.1:1/certs"})
    answer = requests.Response()
    answer.status_code, answer._content = 200, published
    with patch.object(requests.Session, "get", return_value=answer):
        refused = instance.http.post("/reload-model", headers=bearer(good(cloud)))
    assert refused.status_code == (401 if b"no certificate" in published else 503)
    assert not instance.facts("request_failed")


def test_without_certificates_the_hook_asks_to_try_again(cloud: Pocket):
    instance = Instance(registry_with(1), {"URGENCY_CERTS_URL": "http://127.0.0.1:1/certs"})
    assert instance.http.post("/reload-model", headers=bearer(good(cloud))).status_code == 503
