"""Tickets a second with the offline planner: the recorded tickets' wordings through one durable house, in one world."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.resolving import Ticket, resolve
from app.wiring import House
from billing.ids import CustomerId
from evals.bench.contenders import durable
from evals.bench.machine import resident
from evals.bench.profile import sampling, table
from evals.bench.turn import p50, p90
from evals.harness import Bench, open_copy
from evals.recorded import RecordedTicket
from policy.proposals import Principal

HEAD: Final = ["", "N", "tickets a second", "one ticket, median", "p90", "memory now", "at most"]


@dataclass(frozen=True, slots=True)
class Measured:
    at_once: int
    seconds: float
    each: list[float]

    @property
    def row(self) -> list[str]:
        now, most = resident()
        return [
            "one at a time" if self.at_once == 1 else f"{self.at_once} at once",
            str(len(self.each)),
            f"{len(self.each) / self.seconds:.1f}",
            f"{p50(self.each) * 1000:.0f} ms",
            f"{p90(self.each) * 1000:.0f} ms",
            f"{now:.0f} MB",
            f"{most:.0f} MB",
        ]


@dataclass(frozen=True, slots=True)
class Throughput:
    """Rows of the table, and of where the time of `profiled` other tickets went, one at a time."""

    rows: list[list[str]]
    profiled: int
    rooms: list[list[str]]


async def throughput(bench: Bench, folder: Path, tickets: Sequence[RecordedTicket]) -> Throughput:
    """Each wording is a case of its own and is asked once, as real ones are: what was read before is known. Nobody
    confirms anything, so that a ticket is one turn."""
    warm, profiled, *rest = (_asked(tickets, n) for n in range(6))
    async with AsyncExitStack() as stack:
        copy = await stack.enter_async_context(open_copy(bench, folder))
        house = durable(copy.house, copy.house.lee, stack)
        await _measure(house, warm, at_once=1)
        alone = await _measure(house, rest[0] + rest[1], at_once=1)
        together = await _measure(house, rest[2] + rest[3], at_once=4)
        rows = [alone.row, together.row]
        with sampling() as sampler:
            seconds = (await _measure(house, profiled, at_once=1)).seconds
        return Throughput(rows, len(profiled), table(sampler, len(profiled), seconds))


def _asked(tickets: Sequence[RecordedTicket], wording: int) -> list[Ticket]:
    found: list[Ticket] = []
    for ticket in tickets:
        text = ticket.wordings[wording]
        other = f"ch_{(ticket.other or '').removeprefix('cus_')}"
        who = Principal(CustomerId(ticket.customer), ticket.customer.removeprefix("cus_"), ticket.role)
        found.append(Ticket(text.replace("{other_charge}", other), who, "bench"))
    return found


async def _measure(house: House, tickets: Sequence[Ticket], *, at_once: int) -> Measured:
    places = asyncio.Semaphore(at_once)

    async def one(ticket: Ticket) -> float:
        async with places:
            started = time.perf_counter()
            await resolve(house, ticket)
            return time.perf_counter() - started

    started = time.perf_counter()
    each = await asyncio.gather(*(one(ticket) for ticket in tickets))
    return Measured(at_once, time.perf_counter() - started, each)
