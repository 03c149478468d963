"""Telling all stories to a sandbox, on one clock."""

import asyncio
import heapq
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from sandbox import clock
from sandbox.demo.catalogue import CONTRACT_PRICES, METER, METER_ID, METERED_PRICES, PRICES, PRODUCTS, price_id
from sandbox.demo.roster import STORIES
from sandbox.demo.shop import DemoError, Shop
from sandbox.demo.story import Story
from sandbox.server import create_app
from sandbox.world import World

Steps = AsyncGenerator[datetime, None]

HISTORY = timedelta(days=380)
"""How long before now the company opened: earlier than the first step of any story."""


_MARK = "demo_company"


def opening(now: datetime) -> datetime:
    """Where the clock of a new sandbox has to stand (`create_app(start=opening(now))`) to be seeded for `now`."""
    return now - HISTORY


async def seed(target: ASGIApp | str, now: datetime, *, stories: tuple[Story, ...] = STORIES) -> None:
    """Fill an empty sandbox (the application itself, or its URL) with the demo company, and leave its clock at `now`.

    now: aware. The same `now` and a sandbox with a seed of its own give the same world. Raises `DemoError` when the
    sandbox's clock is past the company's opening or a step is refused.
    """
    if now.tzinfo is None:
        raise ValueError("the demo company needs an aware datetime")
    now = now.replace(microsecond=0)
    async with _connected(target) as http:
        shop = Shop(http, now)
        state = await shop.clock()
        if state["now"] > opening(now).timestamp() or not state["frozen"]:
            raise DemoError("The demo company needs a new sandbox whose clock stands still at the company's opening.")
        await stock(shop)
        await _tell(shop, stories)
        await shop.move_to(now)


async def demo_world(now: datetime, *, ids: str | None = "acme") -> World:
    """A seeded world in memory, its clock frozen at `now`. `ids`: the seed of its ids; None makes them random.

    `create_app(world=world.copy())` serves it; copies are independent and cheap.
    """
    world = World(seed=ids, start=opening(now))
    await seed(create_app(world=world), now)
    return world


def open_demo(path: Path, now: datetime) -> World:
    """The durable demo world at `path`, made there if the file is new; its clock runs. Raises `DemoError` when the file
    holds another world. Not for use inside a running event loop.

    A new one is told in memory and then copied into the file whole: a process killed meanwhile leaves no half company.
    """
    world = World(path)
    if world.setting(_MARK) is None:
        if world.select("customer"):
            world.close()
            raise DemoError(f"{path.name} holds another sandbox already: name another file for the demo company.")
        told = asyncio.run(demo_world(now, ids=None))
        clock.run(told)
        told.set_setting(_MARK, now.isoformat())
        world.restore(told)
        told.close()
    return world


async def stock(shop: Shop) -> None:
    """Acme Cloud's price list."""
    for id_, name in PRODUCTS.items():
        await shop.post("products", {"id": id_, "name": name})
    for key, price in PRICES.items():
        await shop.post("prices", price.fields(key), ids=price_id(key))
    meter = {"display_name": "API requests", "event_name": METER, "default_aggregation": {"formula": "sum"}}
    await shop.post("billing/meters", meter, ids=METER_ID)
    for id_, price in CONTRACT_PRICES.items():
        await shop.post("prices", price.fields(), ids=id_)
    for id_, fields in METERED_PRICES.items():
        await shop.post("prices", fields, ids=id_)


async def _tell(shop: Shop, stories: tuple[Story, ...]) -> None:
    """A heap of each story's next moment; ties go in the order of the roster."""
    async with _closed([story.steps(shop) for story in stories]) as running:
        due = [(await anext(steps), position) for position, steps in enumerate(running)]
        heapq.heapify(due)
        while due:
            moment, position = heapq.heappop(due)
            if moment > shop.now:
                raise DemoError(f"{stories[position].customer} has a step after now")
            await shop.move_to(moment)
            following = await anext(running[position], None)
            if following is not None:
                heapq.heappush(due, (following, position))


@asynccontextmanager
async def _closed(running: list[Steps]) -> AsyncIterator[list[Steps]]:
    """Close what a failure leaves unfinished."""
    try:
        yield running
    finally:
        for steps in running:
            await steps.aclose()


@asynccontextmanager
async def _connected(target: ASGIApp | str) -> AsyncIterator[httpx.AsyncClient]:
    transport = None if isinstance(target, str) else httpx.ASGITransport(target)
    url = target if isinstance(target, str) else "http://sandbox"
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=30) as http:
        yield http
