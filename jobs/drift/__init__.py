"""Drift: whether what the service meets is still what the model was trained on."""
