"""The two ways to apply that are checked: as it comes, and with everything switched on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Environment:
    """`variables` as given to the first apply; `then` are those that a last one before destroy
    changes.
    """

    variables: dict[str, Any]
    then: dict[str, Any] = field(default_factory=dict)


IMAGES = "europe-west1-docker.pkg.dev/shared-images/urgency"
ENVIRONMENTS = {
    "as-it-comes": Environment({"project_id": "local-helpdesk"}),
    "everything": Environment(
        {
            "project_id": "helpdesk-prod",
            "region": "europe-west1",
            "images": {
                "jobs": f"{IMAGES}/jobs:v1",
                "service": f"{IMAGES}/service@sha256:{'0' * 64}",
                "mlflow": f"{IMAGES}/mlflow:v1",
            },
            "protect": True,
            "public": True,
            "uploaders": ["group:helpdesk@example.com", "user:ann@example.com"],
            "operators": ["user:ann@example.com"],
            "callers": ["serviceAccount:tickets@other-project.iam.gserviceaccount.com"],
            "alert_emails": ["oncall@example.com"],
            "schedule": "15 1 * * MON-FRI",
            "mlflow": "server",
            "budget": {"amount": 50, "billing_account": "0123AB-4567CD-89EF01"},
            "settings": {"URGENCY_MISSED_COST": "10"},
            "max_instances": 10,
        },
        then={"protect": False},
    ),
}
