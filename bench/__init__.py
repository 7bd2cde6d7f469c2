"""Measurements that anybody can run again: of the gate, and beside a plain script."""
