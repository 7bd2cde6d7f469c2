"""What must hold after every apply: POLICIES, name -> function from a deployment to violations."""

from __future__ import annotations

from tests.infra.policies import access, ci, messaging, project, running, storage, watching
from tests.infra.policies.deployment import POLICIES, Deployment, deployment

__all__ = [
    "POLICIES",
    "Deployment",
    "access",
    "ci",
    "deployment",
    "messaging",
    "project",
    "running",
    "storage",
    "watching",
]
