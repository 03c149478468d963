"""Settings of the whole test run: asyncio only, no network, no keys from the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evals.harness import Bench

pytest_plugins = ["tests.proofs", "tests.databases"]

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
for name in [key for key in os.environ if key.startswith(("LEE_", "STRIPE_", "OPENAI_"))]:
    del os.environ[name]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """Models, index and the demo world, loaded once a process (tests/bench.py)."""
    from tests import bench

    with bench.bench() as opened:
        yield opened
