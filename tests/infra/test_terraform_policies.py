"""What was applied keeps every policy, and every policy would notice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.environments import ENVIRONMENTS, Environment
from tests.support.planted_mistakes import MISTAKES, Mistake
from tests.support.policies import POLICIES, deployment
from tests.support.terraform_fixtures import Circles

MISTAKEN = Counter(mistake.policy for mistake in MISTAKES)
