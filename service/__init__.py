"""The prediction service: Flask and uvicorn, on Cloud Run or anywhere a container runs."""

REQUIRED_SETTINGS = (
    "project",
    "registry_bucket",
    "control_bucket",
    "reload_audience",
    "reload_caller",
)
"""Fields of `urgency.settings.Settings` without which the service does not start."""

WAITING = 512
"""Connections that may wait to be accepted."""
