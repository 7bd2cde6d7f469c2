"""Synthetic helpdesk tickets: the same options give the same bytes."""
