"""MLflow as a view of the registry."""
