"""Start another job, as it is configured, over Cloud Run's REST interface."""

import google.auth
from google.api_core.exceptions import from_http_response
from google.auth.transport.requests import AuthorizedSession

from urgency.google_errors import translated
from urgency.settings import Settings

ENDPOINT = "https://run.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_S = 15.0


def start_run(settings: Settings, job: str) -> str:
    """Start one execution as this process's identity; its name. Raises Forbidden, Unavailable.

    It is asked for without overrides: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run
    """
    path = f"projects/{settings.project}/locations/{settings.region}/jobs/{job}"
    with translated(f"start the job {job}"):
        session = AuthorizedSession(google.auth.default(scopes=[SCOPE])[0])
        url = f"{settings.run_endpoint or ENDPOINT}/v2/{path}:run"
        answer = session.post(url, json={}, timeout=TIMEOUT_S)
        if answer.status_code != 200:
            raise from_http_response(answer)
    return str(answer.json()["metadata"]["name"]).rpartition("/")[2]
