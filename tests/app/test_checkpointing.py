"""The log is signed while a house is open: after a while, after many entries, and at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import checkpointing
from app.checkpointing import signing
from store.checkpoints import NOTES, Notary, verify
from store.database import Store, open_store

HOUR = 3_600


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(checkpointing, "LOOK_SECONDS", 0.01)
    opened = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", lambda: datetime.now(UTC))
    yield opened
    opened.close()


def fill(store: Store, count: int) -> None:
    with store.unit() as uow:
        for n in range(count):
            uow.record("note", "lee", None, None, {"n": n})


def signed(store: Store) -> int:
    return verify(store).covered


async def until(store: Store, size: int) -> None:
    deadline = time.monotonic() + 30
    while signed(store) != size:
        assert time.monotonic() < deadline, signed(store)
        await asyncio.sleep(0.01)


async def test_after_a_while_whatever_has_come(store: Store) -> None:
    async with signing(store, Notary(store), 0.02, 1_000_000):
        fill(store, 2)
        await until(store, 2)
        fill(store, 1)
        await until(store, 3)
        await asyncio.sleep(0.2)
        assert verify(store).checkpoints == 2


async def test_after_many_entries_at_once_and_the_rest_at_the_end(store: Store) -> None:
    async with signing(store, Notary(store), HOUR, 5):
        fill(store, 4)
        await asyncio.sleep(0.2)
        assert signed(store) == 0
        fill(store, 1)
        await until(store, 5)
        fill(store, 2)
    assert signed(store) == 7


async def test_what_fails_is_tried_again(store: Store) -> None:
    fill(store, 2)
    (store.folder / NOTES).mkdir()
    async with signing(store, Notary(store), 0.02, 1):
        await asyncio.sleep(0.2)
        (store.folder / NOTES).rmdir()
        await until(store, 2)
