"""Measurements against a plain script of scikit-learn, on one machine in one run."""
