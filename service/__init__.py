"""The Cloud Run service: predictions over HTTP from the released model."""
