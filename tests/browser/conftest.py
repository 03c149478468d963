"""Real Chromium over a served copy of the demo company; each test has a browser and a world of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page

from sandbox.demo.seeding import demo_world
from sandbox.world import World
from tests.browser.chromium import ChromiumMissing, chromium
from tests.browser.served import Served, served

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def acme() -> Iterator[World]:
    world = asyncio.run(demo_world(NOW))
    yield world
    world.close()


@pytest.fixture
def sandbox(acme: World) -> Iterator[Served]:
    with served(acme) as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    try:
        async with chromium() as launched:
            yield launched
    except ChromiumMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture
async def page(browser: Browser) -> Page:
    return await browser.new_page(viewport={"width": 1280, "height": 900})
