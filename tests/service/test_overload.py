"""Three times the load that an instance takes, at a real process."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

from service.door import PLACES
from tests.service.test_process import baked_environ
from tests.support.models import URGENT_TICKET
from tests.support.processor_time import least_of, seconds_of_process
from tests.support.service.service_process import ServiceProcess, service_process

BODY = json.dumps(URGENT_TICKET | {"description": "all of us are blocked " * 20}).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY)

WANTED = 2_000
"""Answers; then the clients stop."""


async def ask(service: ServiceProcess, got: Counter[int]) -> None:
    """Ask on one connection, at once again whatever the answer is."""
    reader, writer = await asyncio.open_connection(*service.url.removeprefix("http://").split(":"))
    while got[200] < WANTED:
        writer.write(HEAD + BODY)
        head = await reader.readuntil(b"\r\n\r\n")
        names = dict(line.split(b": ", 1) for line in head.splitlines()[1:-1])
        await reader.readexactly(int(names[b"content-length"]))
        status = int(head.split()[1])
        assert status == 200 or (status, names[b"retry-after"]) == (503, b"1")
        got[status] += 1
    writer.close()
    await writer.wait_closed()


async def asked(service: ServiceProcess, clients: int) -> Counter[int]:
    got: Counter[int] = Counter()
    await asyncio.gather(*(ask(service, got) for _ in range(clients)))
    return got


def test_an_answer_costs_little_more_at_three_times_the_load(tmp_path: Path):
    """Processor time of the server for each answer: of the same machine, by turns."""
    refused = 0

    def cost_s(clients: int) -> float:
        nonlocal refused
        before = seconds_of_process(service.process.pid)
        got = asyncio.run(asked(service, clients))
        refused += got[503]
        return (seconds_of_process(service.process.pid) - before) / got[200]

    with service_process(baked_environ(tmp_path), tmp_path) as service:
        peak, overload = least_of(3, lambda: cost_s(PLACES), lambda: cost_s(3 * PLACES))
    assert refused
    assert peak >= 0.8 * overload
