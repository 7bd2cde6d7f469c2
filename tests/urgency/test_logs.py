"""One JSON line per fact, in Cloud Logging's field names."""

from __future__ import annotations

import io
import json
from datetime import datetime

from urgency.logs import Log


def test_a_fact_is_one_line_with_the_fields_that_are_always_there() -> None:
    stream = io.StringIO()
    Log({"execution": "train-x"}, stream).bind(n=3).warning("data_gone", files=2)
    line = json.loads(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    fields = {"execution": "train-x", "n": 3, "files": 2}
    assert line == {"severity": "WARNING", "message": "data_gone", **fields}


def test_a_line_break_in_a_field_does_not_break_the_line() -> None:
    stream = io.StringIO()
    Log({}, stream).error("run_failed", reason="first\nsecond")
    assert stream.getvalue().count("\n") == 1
