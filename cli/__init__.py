"""The `urgency` command: the operator's one tool, for a stack here and for a cloud project."""
