"""The demo company in a copy of its own for each test, put together by the wiring that serves customers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from agent.models.chat import ChatModel
from evals.harness import Bench, open_copy
from knowledge.embedder import Embedder, load_embedder
from tests.agent.desk import Office


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder()


Opener = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
def office(bench: Bench, tmp_path: Path) -> Opener:
    """`async with office(model) as o:` … `await o.says("cus_maya", "text")`."""

    @contextlib.asynccontextmanager
    async def opened(model: ChatModel | None = None, **house: Any) -> AsyncIterator[Office]:
        async with open_copy(bench, tmp_path, model=model, **house) as copy:
            yield Office(copy)

    return opened
