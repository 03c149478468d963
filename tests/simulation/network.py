"""Between a process and Stripe: requests that take their time, are lost, come late, or are answered with an error.

What has left goes on without its sender: a request whose sender was killed, or no longer waits, still arrives.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from policy.effects import RATE_LIMITED, EffectRefused, EffectUnknown, FactsUnavailable, Intent
from tests.policy.oracle import Oracle
from tests.policy.stripe_twin import StripeTwin


class Killed(BaseException):
    """Not an Exception: nothing in the gate may catch it, as nothing catches SIGKILL."""


@dataclass
class Network:
    """The weather is the same for every process. `now` is the loop's time."""

    stripe: StripeTwin
    oracle: Oracle
    rng: random.Random
    now: Callable[[], float]
    weather: dict[str, tuple[float, float]] = field(default_factory=dict)  # what -> (until, share of requests)
    under_way: set[str] = field(default_factory=set)  # idempotency keys that Stripe works on right now
    broken: set[str] = field(default_factory=set)  # keys whose saved answer is a 500
    travelling: set[asyncio.Task[Any]] = field(default_factory=set)

    def strikes(self, what: str) -> bool:
        until, share = self.weather.get(what, (0.0, 0.0))
        return self.now() < until and self.rng.random() < share

    def pause(self) -> float:
        return self.rng.choice([0.01, 0.05, 0.3, 2.0]) * (0.5 + self.rng.random())

    async def send(self, intent: Intent) -> Any:
        """The effect as its sender sees it. It arrives at most 80 s after it left (`Patience.quiet` is 90)."""
        self.oracle.sent(intent)
        if self.strikes("rate_limited"):
            await asyncio.sleep(self.pause())
            raise EffectRefused(RATE_LIMITED, "too many requests")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(
            self._travel(intent, answer, 0.5 + self.rng.random() * 79 if self.strikes("late") else 0)
        )
        self.travelling.add(task)
        task.add_done_callback(self.travelling.discard)
        return await answer

    async def _travel(self, intent: Intent, answer: asyncio.Future[Any], late: float) -> None:
        lost, unheard, odd = self.strikes("lost_before"), self.strikes("lost_after"), self.strikes("odd")
        await asyncio.sleep(self.pause() / 4 + late)
        try:
            if lost:
                raise EffectUnknown("connection", "lost before it arrived")
            said = await self._stripe(intent)
            if unheard:
                raise EffectUnknown("connection", "lost after the commit")
            _tell(answer, None if odd else said, None)
        except (EffectUnknown, EffectRefused) as error:
            _tell(answer, None, EffectUnknown("connection", "lost") if unheard else error)

    async def _stripe(self, intent: Intent) -> Any:
        key = intent.idempotency_key
        if key in self.under_way or self.strikes("conflict"):
            raise EffectUnknown("idempotency_key_in_use", "409")
        if self.strikes("broken"):
            self.broken.add(key)
        if key in self.broken:
            raise EffectUnknown("api_error", "500, and again for every repetition")
        self.under_way.add(key)
        try:
            await asyncio.sleep(self.pause() / 4)
            return await self.stripe.perform(intent)
        finally:
            self.under_way.discard(key)


def _tell(answer: asyncio.Future[Any], said: Any, error: Exception | None) -> None:
    if answer.done():
        return  # nobody waits any more
    if error is None:
        answer.set_result(said)
    else:
        answer.set_exception(error)


@dataclass
class Wire:
    """One process's connection to Stripe: `policy.effects.Effects`."""

    network: Network
    alive: Callable[[], bool]

    async def facts(self, action: Any, principal: Any) -> Any:
        await self._pause()
        if self.network.strikes("no_facts"):
            raise FactsUnavailable("Stripe does not answer")
        return await self.network.stripe.facts(action, principal)

    async def perform(self, intent: Intent) -> Any:
        return await self._living(self.network.send(intent))

    async def find(self, intent: Intent) -> Any:
        await self._pause()
        if self.network.strikes("blind"):
            raise EffectUnknown("find", "Stripe does not answer")
        return await self._living(self.network.stripe.find(intent))

    async def taken_back(self, intent: Intent, stripe_id: str) -> str | None:
        await self._pause()
        return await self.network.stripe.taken_back(intent, stripe_id)

    async def _pause(self) -> None:
        await self._living(asyncio.sleep(self.network.pause()))

    async def _living(self, what: Awaitable[Any]) -> Any:
        try:
            return await what
        finally:
            if not self.alive():
                raise Killed
