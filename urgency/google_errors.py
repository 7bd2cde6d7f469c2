"""Errors of Google's clients and of HTTP, in this system's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from urgency.errors import Forbidden, Unavailable


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise Unavailable or Forbidden for what a client raises while it tries to `what`."""
    try:
        yield
    except (api.Forbidden, api.Unauthorized, api.NotFound) as error:
        raise Forbidden(
            f"This identity may not {what}, or it does not exist: {error.message}"
        ) from error
    except auth.DefaultCredentialsError as error:
        raise Forbidden(
            f"No Google credentials to {what}; run 'gcloud auth application-default login'."
        ) from error
    except (api.GoogleAPIError, auth.GoogleAuthError, requests.RequestException) as error:
        raise Unavailable(f"Could not {what}: {type(error).__name__}. Try again later.") from error
