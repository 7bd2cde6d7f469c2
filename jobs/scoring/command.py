"""The arguments of python -m jobs score, and which task of the run it is."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from jobs.scoring.plan import ALIGNED, CSV, JSON_LINES, SHARD_BYTES, Request
from urgency.errors import SettingsError

NEEDED = ("project", "registry_bucket", "control_bucket")
_MB = 2**20
_SHARD = "what a task has in memory at a time, and does again when it died (%(default)g)"


def add_score(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the command `score`."""
    score = commands.add_parser(
        "score",
        help="score an archive of tickets with the champion",
        description=(
            "Read tickets from a file or folder, here or in a bucket, and write them again with"
            " what the model says of each. Any number of tasks share the work, by"
            " CLOUD_RUN_TASK_INDEX and CLOUD_RUN_TASK_COUNT; a task that died is started again and"
            " goes on. Exit code 2 also where a file could not be read: manifest.json says why."
        ),
    )
    add_request(score)
    return score


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is scored, and how."""
    add = parser.add_argument
    add("--from", dest="source", required=True, metavar="PLACE", help="gs://BUCKET/NAME or a path")
    add("--to", dest="target", required=True, metavar="PLACE", help="a folder of its own")
    add("--format", choices=(CSV, JSON_LINES), default=CSV, help="of the scores (%(default)s)")
    add("--gzip", action="store_true", help="pack the scores")
    add(
        "--reasons", type=_count, default=0, metavar="N", help="the N heaviest words of each ticket"
    )
    add("--version", type=_count, default=0, metavar="N", help="another version than the champion")
    add("--shard-mb", type=float, default=SHARD_BYTES / _MB, metavar="N", help=_SHARD)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def request_of(options: argparse.Namespace) -> Request:
    """What the command's options ask for."""
    return Request(
        source=options.source,
        format=options.format,
        gzip=options.gzip,
        reasons=options.reasons,
        shard_bytes=max(1, int(options.shard_mb * _MB / ALIGNED)) * ALIGNED,
        version=options.version,
    )


def task_of(environ: Mapping[str, str]) -> tuple[int, int]:
    """Index and count of the tasks, as Cloud Run gives them. Raises SettingsError."""
    names = ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT")
    try:
        index, count = int(environ.get(names[0], "0")), int(environ.get(names[1], "1"))
    except ValueError:
        raise SettingsError(f"{' and '.join(names)} are whole numbers.") from None
    if not 0 <= index < count:
        raise SettingsError(f"{names[0]} is {index}, {names[1]} {count}: the index is below it.")
    return index, count
