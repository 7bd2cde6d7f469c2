"""What the Beam pipelines have in common: a step whose errors quote nothing, and the runner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from jobs.console import places_of
from urgency.errors import UrgencyError

HERE = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
"""What the DirectRunner runs batches with. Asked for itself, that one downloads Prism first."""


class StepFailed(UrgencyError):
    """A step met an error whose own words could quote a ticket."""


class Step(beam.DoFn):
    """A DoFn whose failures say where they happened and nothing of what was read."""

    def made_of(self, element: Any) -> Iterator[Any]:
        """What becomes of an element."""
        raise NotImplementedError

    def process(self, element: Any) -> Iterator[Any]:
        """See DoFn. Raises UrgencyError; the runner tries the bundle again."""
        try:
            yield from self.made_of(element)
        except UrgencyError:
            raise
        except Exception as error:  # noqa: BLE001  runners log an error's words
            told = f"{type(error).__name__} at {', '.join(places_of(error))}"
            raise StepFailed(told) from None


def runner_options(arguments: Sequence[str]) -> PipelineOptions:
    """The runner's own options; without a runner it is this machine."""
    given = any(one.partition("=")[0] == "--runner" for one in arguments)
    return PipelineOptions([*arguments] if given else [f"--runner={HERE}", *arguments])
