"""Milliseconds of a turn with three tool calls above the bare HTTP calls: the same server, bodies, run and machine.

Each round runs every contender once and, right beside it, the bare calls: the very bodies that this contender sends,
posted by httpx over one kept connection. What counts is the difference within a round, so that noise meets both.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from evals.bench.contenders import Contender

WARM = 5  # rounds that do not count: pools, caches and first imports


@dataclass(slots=True)
class Series:
    """Milliseconds of each round, of the contender and of its bare calls; `sent` are the bodies of one conversation."""

    contender: Contender
    sent: list[str] = field(default_factory=list[str])
    whole: list[float] = field(default_factory=list[float])
    bare: list[float] = field(default_factory=list[float])

    @property
    def above(self) -> list[float]:
        return [whole - bare for whole, bare in zip(self.whole, self.bare, strict=True)]

    @property
    def row(self) -> list[str]:
        above = self.above
        return [
            self.contender.name,
            f"{sum(map(len, self.sent)) / 1024:.0f} kB",
            f"{statistics.median(self.whole):.1f}",
            f"{statistics.median(self.bare):.1f}",
            f"{statistics.median(above):+.1f}",
            f"{p90(above):+.1f}",
        ]


HEAD = ["", "sent", "turn", "bare HTTP", "above, median", "above, p90"]


async def compare(url: str, contenders: Sequence[Contender], rounds: int, *, seed: int = 1) -> list[Series]:
    """Run the rounds, in an order drawn anew for each."""
    drawn = random.Random(seed)
    series = [Series(contender) for contender in contenders]
    async with httpx.AsyncClient(base_url=url, headers={"content-type": "application/json"}) as http:
        for one in series:
            for _ in range(WARM):
                await bodies(http)
                await one.contender.once()
            one.sent = await bodies(http)
            await bare(http, one.sent)
        for _ in range(rounds):
            for one in drawn.sample(series, len(series)):
                # Which of the two comes first is drawn as well: the second finds warmer caches.
                if drawn.random() < 0.5:
                    one.bare.append(await bare(http, one.sent))
                    one.whole.append(await one.contender.once())
                else:
                    one.whole.append(await one.contender.once())
                    one.bare.append(await bare(http, one.sent))
            await bodies(http)
    return series


async def bodies(http: httpx.AsyncClient) -> list[str]:
    """What the server was sent since it was last asked."""
    return (await http.get("/bodies")).json()


async def bare(http: httpx.AsyncClient, sent: Sequence[str]) -> float:
    """The conversation's requests, one after the other, and their answers read as JSON. Milliseconds."""
    started = time.perf_counter()
    for body in sent:
        answer: Any = json.loads((await http.post("/v1/chat/completions", content=body)).content)
        if not answer["choices"]:
            raise RuntimeError("the model server gave no answer")
    return (time.perf_counter() - started) * 1000


def p90(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=10)[-1]


def p50(values: Sequence[float]) -> float:
    return statistics.median(values)
