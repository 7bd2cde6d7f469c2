"""The `urgency` command: the operator's one tool, for the laptop's stack and for a project in the
cloud.
"""
