"""Google's own authentication library, unmodified, gets its identity from the pocket cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.wiring_file import load_wiring
from tests.support.cloud.pocket import Pocket, pocket

AUDIENCE = "urgency-reload"
RELOAD = "urgency-reload@local-helpdesk.iam.gserviceaccount.com"

FLAVOR = {"Metadata-Flavor": "Google"}

# What a container does: nothing in it knows of the pocket cloud.
WHO_AM_I = """
import json, sys, threading, urllib3
import google.auth, google.auth.transport.requests
from google.oauth2 import id_token
connect = urllib3.connection.HTTPConnection.connect
hosts = set()
def spy(self):
    hosts.add(self.host)
    return connect(self)
urllib3.connection.HTTPConnection.connect = spy
urllib3.connection.HTTPSConnection.connect = spy
request = google.auth.transport.requests.Request()
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
session = google.auth.transport.requests.AuthorizedSession(credentials)
status = session.get(sys.argv[1], timeout=60).status_code
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join(5)
print(json.dumps({
    "token": credentials.token, "project": project, "status": status, "hosts": sorted(hosts),
    "id_token": id_token.fetch_id_token(request, "urgency-reload"),
}))
"""


@dataclass(frozen=True)
class Answers:
    token: str
    project: str
    status: int
    hosts: list[str]
    id_token: str


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Pocket]:
    with pocket(tmp_path) as cloud:
        yield cloud


def test_a_process_is_the_account_that_its_environment_names(cloud: Pocket) -> None:
    train, operator = _in_a_process_of("urgency-train", cloud), _in_a_process_of("operator", cloud)
    assert (
        cloud.identity.owner_of(train.token)
        == "urgency-train@local-helpdesk.iam.gserviceaccount.com"
    )
    assert cloud.identity.owner_of(operator.token) == "operator@local-helpdesk.example"
    assert train.project == "local-helpdesk"
    assert train.status == 200
    assert cloud.identity.verify_id_token(train.id_token)["email"].startswith("urgency-train@")


def test_no_token_is_shown_to_a_machine_outside(cloud: Pocket) -> None:
    """google-auth asks iamcredentials.googleapis.com about any e-mail that it gets."""
    assert _in_a_process_of("urgency-train", cloud).hosts == ["127.0.0.1"]


def test_an_id_token_verifies_with_googles_verifier(cloud: Pocket) -> None:
    token = cloud.identity.id_token(RELOAD, AUDIENCE)
    claims = id_token.verify_token(
        token, Request(), AUDIENCE, certs_url=f"{cloud.url}/oauth2/v1/certs"
    )
    assert claims["iss"] == "https://accounts.google.com"
    assert claims["email"] == RELOAD
    assert claims["email_verified"] is True


def test_an_id_token_for_another_audience_is_refused(cloud: Pocket) -> None:
    token = cloud.identity.id_token(RELOAD, "https://elsewhere.example")
    with pytest.raises(ValueError, match="audience"):
        id_token.verify_token(token, Request(), AUDIENCE, certs_url=f"{cloud.url}/oauth2/v1/certs")


def test_an_expired_id_token_is_refused(cloud: Pocket) -> None:
    token = cloud.identity.id_token(RELOAD, AUDIENCE, life_s=-60)
    with pytest.raises(ValueError, match="expired"):
        id_token.verify_token(token, Request(), AUDIENCE, certs_url=f"{cloud.url}/oauth2/v1/certs")
    with pytest.raises(ApiError, match="expired"):
        cloud.identity.verify_id_token(token)


def test_an_id_token_signed_by_another_key_is_refused(cloud: Pocket, tmp_path: Path) -> None:
    forged = Identity(tmp_path / "other", load_wiring()).id_token(RELOAD, AUDIENCE)
    with pytest.raises(ValueError, match="Certificate for key id"):
        id_token.verify_token(forged, Request(), AUDIENCE, certs_url=f"{cloud.url}/oauth2/v1/certs")
    with pytest.raises(ApiError):
        cloud.identity.verify_id_token(forged)


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "a.b"])
def test_rubbish_is_nobodys_token(cloud: Pocket, token: str) -> None:
    with pytest.raises(ApiError) as refused:
        cloud.identity.verify_id_token(token)
    assert refused.value.code == 401
    with pytest.raises(ApiError) as refused:
        cloud.identity.owner_of(token)
    assert refused.value.code == 401


def test_an_altered_access_token_is_refused(cloud: Pocket) -> None:
    name, payload, seal = cloud.token("urgency-serve").split(".")
    other = cloud.token("urgency-train").split(".")[1]
    with pytest.raises(ApiError):
        cloud.identity.owner_of(f"{name}.{other}.{seal}")
    assert cloud.identity.owner_of(f"{name}.{payload}.{seal}").startswith("urgency-serve@")


def test_an_expired_access_token_is_refused(cloud: Pocket) -> None:
    with pytest.raises(ApiError, match="expired"):
        cloud.identity.owner_of(cloud.identity.access_token(RELOAD, life_s=-1))


def test_tokens_outlive_a_restart(tmp_path: Path) -> None:
    before, after = Identity(tmp_path, load_wiring()), Identity(tmp_path, load_wiring())
    assert after.owner_of(before.access_token(RELOAD)) == RELOAD
    assert after.verify_id_token(before.id_token(RELOAD, AUDIENCE))["aud"] == AUDIENCE


def test_keys_are_for_their_owners_eyes(tmp_path: Path) -> None:
    Identity(tmp_path, load_wiring())
    assert (tmp_path / "identity" / "key.pem").stat().st_mode & 0o077 == 0
    assert (tmp_path / "identity" / "secret").stat().st_mode & 0o077 == 0


def test_the_metadata_server_answers_only_those_who_send_its_header(cloud: Pocket) -> None:
    """A web page in the same browser can reach the port but cannot send the header."""
    token = token_url(cloud, "urgency-train")
    assert requests.get(token, timeout=60).status_code == 403
    assert requests.get(token, headers=FLAVOR, timeout=60).status_code == 200


def test_a_metadata_address_answers_only_those_who_were_given_it(cloud: Pocket) -> None:
    given = token_url(cloud, "urgency-train")
    key = given.partition("/as/urgency-train.")[2].partition("/")[0]
    assert len(key) == 32
    for guessed in ("urgency-train", "urgency-train.", f"operator.{key}", f"urgency-nobody.{key}"):
        url = given.replace(f"urgency-train.{key}", guessed)
        for other in (url, url.partition("/computeMetadata")[0]):
            assert requests.get(other, headers=FLAVOR, timeout=60).status_code == 404


def test_a_foreign_host_gets_no_token(cloud: Pocket) -> None:
    """DNS rebinding: a web page's own name leads to this port, so it may send any header."""
    token = token_url(cloud, "operator")
    for name in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", ""):
        answer = requests.get(token, headers=FLAVOR | {"Host": name}, timeout=60)
        assert answer.status_code == 421
        assert "token" not in answer.text


def token_url(cloud: Pocket, account: str) -> str:
    metadata = cloud.identity.environment(account, cloud.address)["GCE_METADATA_HOST"]
    return f"http://{metadata}/computeMetadata/v1/instance/service-accounts/default/token"


def _in_a_process_of(account: str, cloud: Pocket) -> Answers:
    """What google-auth says in a process whose only knowledge is the account's environment."""
    listing = f"{cloud.url}/storage/v1/b/{cloud.bucket('control')}/o"
    environment = os.environ | cloud.identity.environment(account, cloud.address)
    done = subprocess.run(
        [sys.executable, "-c", WHO_AM_I, listing],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return Answers(**json.loads(done.stdout))
