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

WANTED = 3_000
"""Answers; then the clients stop."""


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask_once(connection: Connection) -> int:
    """The status of one answer; refusals say when to come again."""
    reader, writer = connection
    writer.write(HEAD + BODY)
    head = await reader.readuntil(b"\r\n\r\n")
    names = dict(line.split(b": ", 1) for line in head.splitlines()[1:-1])
    await reader.readexactly(int(names[b"content-length"]))
    status = int(head.split()[1])
    assert status == 200 or (status, names[b"retry-after"]) == (503, b"1")
    return status


async def ask_again_at_once(connection: Connection, got: Counter[int]) -> None:
    while got[200] < WANTED:
        got[await ask_once(connection)] += 1


async def cost_of_answers(service: ServiceProcess, clients: int) -> tuple[float, int]:
    """The server's processor time for each answer, and how many were refused meanwhile."""
    address = service.url.removeprefix("http://").split(":")
    opening = (asyncio.open_connection(*address) for _ in range(clients))
    connections = await asyncio.gather(*opening)
    await asyncio.gather(*map(ask_once, connections))  # all are accepted
    got: Counter[int] = Counter()
    before = seconds_of_process(service.process.pid)
    await asyncio.gather(*(ask_again_at_once(connection, got) for connection in connections))
    spent = seconds_of_process(service.process.pid) - before
    for _, writer in connections:
        writer.close()
        await writer.wait_closed()
    return spent / got[200], got[503]


def test_an_answer_costs_little_more_at_three_times_the_load(tmp_path: Path):
    """Processor time of the server for each answer: of the same machine, by turns."""
    refused = 0

    def cost_s(clients: int) -> float:
        nonlocal refused
        cost, newly_refused = asyncio.run(cost_of_answers(service, clients))
        refused += newly_refused
        return cost

    with service_process(baked_environ(tmp_path), tmp_path) as service:
        peak, overload = least_of(3, lambda: cost_s(PLACES), lambda: cost_s(3 * PLACES))
    assert refused
    assert peak >= 0.8 * overload
