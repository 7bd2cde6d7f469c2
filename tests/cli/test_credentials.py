"""Operators from outside: whose credentials count, and what tokens google-auth makes of them."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google.auth
import pytest
from google.auth.compute_engine import _metadata

from cli import credentials
from cli.context import System, reach
from infra.local.containers import operator_environment
from tests.support.cloud.token_endpoints import TokenEndpoints, token_endpoints
from tests.support.cloud.whole_cloud import Cloud, cloud
from urgency.errors import Forbidden

OPERATOR = "operator@local-helpdesk.example"
AUDIENCE = "https://ticket-urgency.example"


@dataclass(frozen=True)
class Outside:
    """A machine outside of Google, and a project that its person operates."""

    cloud: Cloud
    tokens: TokenEndpoints
    metadata: socket.socket
    environ: pytest.MonkeyPatch

    def has(self, adc: dict[str, Any]) -> Any:
        """The credentials found when application-default credentials are these."""
        self.environ.setenv("GOOGLE_APPLICATION_CREDENTIALS", self.tokens.file(adc))
        return credentials.find_credentials()

    def reach(self) -> System:
        settings = operator_environment(
            self.cloud.wiring, pocket=self.cloud.url, service=self.cloud.url, identity={}
        )
        return reach(settings | {"GOOGLE_APPLICATION_CREDENTIALS": "set"})

    def metadata_was_asked(self) -> bool:
        self.metadata.setblocking(False)
        try:
            self.metadata.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """No gcloud, and a metadata server's address that takes connections and never answers."""
    with cloud(tmp_path / "cloud") as place, socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        for name in ("GCE_METADATA_HOST", "GCE_METADATA_IP"):
            monkeypatch.setenv(name, address)
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", place.wiring.project)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(credentials, "METADATA_S", 0.05)
        with token_endpoints(tmp_path, place.identity, OPERATOR, monkeypatch) as tokens:
            yield Outside(place, tokens, silent, monkeypatch)


def test_a_silent_metadata_server_is_asked_once_and_a_login_is_advised(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google.auth, "default", lambda **_: pytest.fail("it would wait 12 s"))
    with pytest.raises(Forbidden, match="gcloud auth application-default login"):
        credentials.find_credentials()
    assert outside.metadata_was_asked()
    assert not outside.metadata_was_asked()


def test_what_answers_there_but_is_no_metadata_server_is_not_believed(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCE_METADATA_IP", outside.cloud.url.removeprefix("http://"))
    with pytest.raises(Forbidden):
        credentials.find_credentials()


def test_on_google_the_machines_account_counts(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = outside.cloud.url.removeprefix("http://")
    machine = outside.cloud.identity.environment("operator", address)
    for name, value in machine.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", machine["GCE_METADATA_HOST"])
    found = credentials.find_credentials()
    assert credentials.who(found) == OPERATOR
    token = credentials.id_token(found, AUDIENCE)
    assert outside.cloud.identity.verify_id_token(token)["aud"] == AUDIENCE


def test_gclouds_login_comes_before_the_metadata_server(outside: Outside, tmp_path: Path) -> None:
    file = tmp_path / "gcloud/application_default_credentials.json"
    file.parent.mkdir()
    Path(outside.tokens.file(outside.tokens.login())).rename(file)
    assert credentials.who(credentials.find_credentials()) == OPERATOR
    assert not outside.metadata_was_asked()


def each_kind(tokens: TokenEndpoints) -> dict[str, dict[str, Any]]:
    return {
        "a person": tokens.login(),
        "an impersonated account": tokens.impersonated(OPERATOR),
        "GitHub": tokens.github(OPERATOR),
    }


@pytest.mark.parametrize("kind", ["a person", "an impersonated account", "GitHub"])
def test_it_operates_the_project_and_its_name_is_known(outside: Outside, kind: str) -> None:
    outside.has(each_kind(outside.tokens)[kind])
    system = outside.reach()
    assert system.who() == OPERATOR
    assert system.registry.current_release()[1].champion == 0
    assert list(system.landing.list("")) == []
    assert system.runs.recent(1) == []
    assert system.dead_letters.peek() == []
    assert not outside.metadata_was_asked()


@pytest.mark.parametrize("kind", ["an impersonated account", "GitHub"])
def test_it_gets_id_tokens_for_the_service_as_its_service_account(
    outside: Outside, kind: str
) -> None:
    found = outside.has(each_kind(outside.tokens)[kind])
    claims = outside.cloud.identity.verify_id_token(credentials.id_token(found, AUDIENCE))
    assert (claims["aud"], claims["email"]) == (AUDIENCE, OPERATOR)
    assert outside.tokens.asked[-1] == ("generateIdToken", OPERATOR)
    assert not outside.metadata_was_asked()


def test_a_persons_id_token_is_that_of_gclouds_login(outside: Outside, tmp_path: Path) -> None:
    found = outside.has(outside.tokens.login())
    with pytest.raises(Forbidden, match=r"gcloud auth login"):
        credentials.id_token(found, AUDIENCE)
    (tmp_path / "gcloud").write_text('#!/bin/sh\n[ "$*" = "auth print-identity-token" ] && echo t')
    (tmp_path / "gcloud").chmod(0o755)
    assert credentials.id_token(found, AUDIENCE) == "t"


def test_github_without_a_service_account_is_told_that_it_needs_one(outside: Outside) -> None:
    found = outside.has(outside.tokens.github())
    with pytest.raises(Forbidden, match="name a service account"):
        credentials.id_token(found, AUDIENCE)


def test_github_without_a_service_account_has_the_name_of_the_machines_user(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "runner")
    assert credentials.who(outside.has(outside.tokens.github())) == "runner"


def test_an_ended_login_is_told_with_what_to_do(outside: Outside) -> None:
    outside.has(outside.tokens.login(refresh_token="of last year"))
    with pytest.raises(Forbidden, match=r"ended.*application-default login"):
        list(outside.reach().landing.list(""))


def test_a_persons_calls_count_against_the_project_unless_they_name_another(
    outside: Outside,
) -> None:
    def project_of(adc: dict[str, Any]) -> str | None:
        found = credentials.counted_against("helpdesk-prod", outside.has(adc))
        return found.quota_project_id

    tokens = outside.tokens
    assert project_of(tokens.login()) == "helpdesk-prod"
    assert project_of(tokens.login(quota_project_id="my-own")) == "my-own"
    assert project_of(tokens.impersonated(OPERATOR)) is None
    assert project_of(tokens.github(OPERATOR)) is None
    outside.environ.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "the-shells")
    assert project_of(tokens.login(quota_project_id="my-own")) == "the-shells"
