"""Synthetic helpdesk tickets and the generator that writes them (see README.md)."""
