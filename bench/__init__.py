"""Measurements that take longer than a test; each prints its tables and says how they were made."""
