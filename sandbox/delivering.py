"""Carrying events to webhook endpoints over HTTP, signed, at least once (docs.stripe.com/webhooks).

No lock and no transaction is held while an endpoint answers: a try is read, sent, and then written down. A process that
is killed in between sends the event again after its start, which is what "at least once" means.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import time
from typing import Final

import httpx

from sandbox import clock, deliveries
from sandbox.deliveries import Delivery
from sandbox.expansion import render
from sandbox.world import World

ANSWER_WITHIN: Final = 10.0
AT_ONCE: Final = 4
"""Tries in flight to one endpoint, so that a slow one keeps no other waiting."""

TICK: Final = 0.1
FAILED_PAUSE: Final = 5.0
UNRECORDED_PAUSE: Final = 60.0

log = logging.getLogger(__name__)


class Deliverer:
    """Delivers what is due in a world: `run` for as long as it lasts, `deliver_due` until nothing is due now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._flying: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled. Time passes by itself here: what falls due happens although nobody asks."""
        async with _client() as http:
            try:
                while True:
                    try:
                        with self._world.lock:
                            if self._world.select("webhook_endpoint", {"status": "enabled"}):
                                clock.catch_up(self._world)
                        self._start_due(http)
                    except Exception:
                        log.exception("webhooks: a round failed; the next one tries again")
                        await asyncio.sleep(FAILED_PAUSE)
                    await asyncio.sleep(TICK)
            finally:
                flying = list(self._flying.values())
                for task in flying:
                    task.cancel()
                await asyncio.gather(*flying, return_exceptions=True)

    async def deliver_due(self) -> int:
        """Try everything that is due; how many tries that were."""
        tries = 0
        async with _client() as http:
            while started := self._start_due(http):
                await asyncio.gather(*started)
                tries += len(started)
        return tries

    def _start_due(self, http: httpx.AsyncClient) -> list[asyncio.Task[None]]:
        """One try for each delivery that is due and not in flight; what flies counts as due until it is settled."""
        with self._world.lock:
            waiting = deliveries.due(self._world, AT_ONCE)
        started: list[asyncio.Task[None]] = []
        for delivery in waiting:
            key = (delivery.event, delivery.endpoint)
            if key not in self._flying:
                task = asyncio.create_task(self._safely(http, delivery))
                self._flying[key] = task
                task.add_done_callback(lambda _, key=key: self._flying.pop(key, None))
                started.append(task)
        return started

    async def _safely(self, http: httpx.AsyncClient, delivery: Delivery) -> None:
        """A try that could not be written down (a full disk) must not become a hundred tries."""
        try:
            await self._try(http, delivery)
        except Exception:
            log.exception("webhooks: %s to %s could not be recorded", delivery.event, delivery.endpoint)
            await asyncio.sleep(UNRECORDED_PAUSE)

    async def _try(self, http: httpx.AsyncClient, delivery: Delivery) -> None:
        with self._world.lock:
            endpoint = self._world.find("webhook_endpoint", delivery.endpoint)
            event = self._world.find("event", delivery.event)
            if event is None or endpoint is None or endpoint["status"] != "enabled":
                with self._world.transaction():
                    deliveries.drop(self._world, delivery)
                return
            payload = json.dumps(render(self._world, event), indent=2)
        status, error = await _post(http, endpoint["url"], payload, endpoint["_secret"])
        with self._world.lock, self._world.transaction():
            deliveries.settle(self._world, delivery, status, error)


def signature(payload: str, secret: str, at: int) -> str:
    """The header `Stripe-Signature` (docs.stripe.com/webhooks/signature). `at`: Unix seconds of real time, whatever the
    sandbox's clock says: the receiver compares it with its own."""
    mac = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


async def _post(http: httpx.AsyncClient, url: str, payload: str, secret: str) -> tuple[int | None, str | None]:
    """The status that came back, or what went wrong. The answer's body is nobody's business and is not read."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(payload, secret, int(time.time())),
        "User-Agent": "Stripe/1.0 (Agent Lee sandbox)",
    }
    try:
        async with asyncio.timeout(ANSWER_WITHIN), http.stream("POST", url, content=payload, headers=headers) as answer:
            return answer.status_code, None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as failure:
        return None, type(failure).__name__


def _client() -> httpx.AsyncClient:
    """No proxy from the environment, and no redirect: the address was checked to be on this machine."""
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=ANSWER_WITHIN)
