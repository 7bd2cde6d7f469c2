"""The Cloud Run job: one image whose commands train, and later score and watch."""
