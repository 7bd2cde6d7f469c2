"""MLflow as a view: all that it shows is derived from the registry.

mlflow takes seconds to import: `mlflow_runs`, which does so, is itself imported late.
"""

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
QUIET |= {"MLFLOW_LOGGING_LEVEL": "WARNING", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
QUIET |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Set before mlflow is imported: no call home, no search for git, no chatter, one process."""
