"""The peers' model behind BentoML, validated by pydantic.

bentoml serve bench.peer_bentoml:Urgency
"""

import bentoml

from bench.peer_model import Ticket, loaded, probabilities


@bentoml.service(workers=1)
class Urgency:
    """One worker."""

    def __init__(self) -> None:
        self.model = loaded()

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, instances: list[Ticket]) -> dict[str, list[float]]:
        """P(urgent) of each ticket."""
        return probabilities(self.model, instances)
