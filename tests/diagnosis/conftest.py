"""A sandbox with the demo company at noon on a fixed day, seeded once for each process and copied for each test."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import cache

import pytest

from sandbox.demo.seeding import demo_world
from sandbox.world import World
from tests.diagnosis.bench import Bench

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@cache
def _told() -> World:
    return asyncio.run(demo_world(NOW))


@pytest.fixture(scope="session")
def acme() -> World:
    """The seeded world itself: not to be changed."""
    return _told()


@pytest.fixture
def bench(acme: World) -> Bench:
    """A sandbox of this test's own, with the product's and the meter's view of the same customers."""
    return Bench(acme.copy(), NOW)


@pytest.fixture
def empty() -> Bench:
    """A sandbox with nothing in it, its clock standing still at `NOW`."""
    return Bench(World(seed="test", start=NOW), NOW)
