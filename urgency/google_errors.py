"""The one translator of what Google's clients and HTTP raise into this system's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from urllib3 import exceptions as urllib3

from urgency.errors import Forbidden, Unavailable

# urllib3's own come where a client reads an answer's body past requests, as downloads do.
_TEMPORARY = (
    api.GoogleAPIError,
    auth.GoogleAuthError,
    requests.RequestException,
    urllib3.HTTPError,
)
_LOG_IN = "run 'gcloud auth application-default login'"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise Forbidden or Unavailable for what a client raises while it tries to `what`.

    Answers to a condition (NotModified, PreconditionFailed) pass; a caller to whom NotFound is an
    answer catches it inside the block.
    """
    try:
        yield
    except (api.NotModified, api.PreconditionFailed):
        raise
    except (api.Forbidden, api.Unauthorized, api.NotFound) as error:
        why = f"This identity may not {what}, or it does not exist: {error.message}"
        raise Forbidden(why) from error
    except auth.DefaultCredentialsError as error:
        raise Forbidden(f"No Google credentials to {what}; {_LOG_IN}.") from error
    except auth.RefreshError as error:
        if "invalid_grant" not in str(error):
            raise Unavailable(_again(what, error)) from error
        raise Forbidden(f"The Google login has ended, so nobody may {what}; {_LOG_IN}.") from error
    except _TEMPORARY as error:
        raise Unavailable(_again(what, error)) from error


def _again(what: str, error: Exception) -> str:
    return f"Could not {what}: {type(error).__name__}. Try again later."
