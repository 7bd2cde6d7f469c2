"""What Google's clients raise becomes one of our errors: which one decides whether to try again."""

from __future__ import annotations

import pytest
import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from urllib3 import exceptions as urllib3

from urgency.errors import Forbidden, Unavailable, UrgencyError
from urgency.google_errors import translated

TEMPORARY = [
    api.TooManyRequests("slow down"),
    api.InternalServerError("500"),
    api.BadGateway("502"),
    api.ServiceUnavailable("503"),
    api.GatewayTimeout("504"),
    api.RetryError("gave up", cause=None),
    auth.TransportError("no metadata server"),
    auth.RefreshError("no token"),
    requests.ConnectionError("refused"),
    requests.Timeout("too late"),
    requests.exceptions.ChunkedEncodingError("cut"),
    urllib3.IncompleteRead(3, 9),
]
REFUSED = [api.Forbidden("no grant"), api.Unauthorized("no token"), api.NotFound("no bucket")]


def raised(error: Exception) -> UrgencyError:
    """What a caller sees of an error that a client raises while it reads a.csv."""
    with pytest.raises(UrgencyError) as caught, translated("read a.csv"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize("error", TEMPORARY, ids=lambda error: type(error).__name__)
def test_what_may_pass_by_itself_is_unavailable(error: Exception) -> None:
    seen = raised(error)
    assert type(seen) is Unavailable
    assert "read a.csv" in str(seen)
    assert type(error).__name__ in str(seen)


@pytest.mark.parametrize("error", REFUSED, ids=lambda error: type(error).__name__)
def test_what_only_an_administrator_can_change_is_forbidden(error: api.GoogleAPICallError) -> None:
    seen = raised(error)
    assert type(seen) is Forbidden
    assert "read a.csv" in str(seen)
    assert error.message in str(seen)


def test_without_credentials_the_error_names_the_command_that_makes_them() -> None:
    seen = raised(auth.DefaultCredentialsError("none"))
    assert type(seen) is Forbidden
    assert "gcloud auth application-default login" in str(seen)


@pytest.mark.parametrize("answer", [api.NotModified("304"), api.PreconditionFailed("412")])
def test_an_answer_to_a_condition_passes(answer: Exception) -> None:
    with pytest.raises(type(answer)) as caught, translated("read a.csv"):
        raise answer
    assert caught.value is answer


@pytest.mark.parametrize("error", [ValueError("ours"), Unavailable("ours"), KeyError("ours")])
def test_what_is_not_googles_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translated("read a.csv"):
        raise error
    assert caught.value is error


def test_what_went_well_is_left_alone() -> None:
    with translated("read a.csv"):
        read = b"body"
    assert read == b"body"
