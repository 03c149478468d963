"""Settings of the whole test run: asyncio only, no network, no keys from the environment."""

from __future__ import annotations

import os

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
for name in [key for key in os.environ if key.startswith(("LEE_", "STRIPE_", "OPENAI_"))]:
    del os.environ[name]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
