"""Signed checkpoints while a house is open: on a schedule, after many entries, and at its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from store.checkpoints import Notary
from store.database import Store
from store.errors import StoreError

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0


@asynccontextmanager
async def signing(store: Store, notary: Notary, seconds: float, entries: int) -> AsyncIterator[None]:
    """While it is open: sign when `seconds` have passed since the last time, or `entries` entries been made, whatever
    comes first, and at the end. Nothing new, nothing signed."""

    async def often() -> None:
        signed, at = 0, time.monotonic()
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, seconds))
            try:
                size = await asyncio.to_thread(_size, store)
            except StoreError as error:
                log.warning("log.not_read", error=error.message)
                continue
            if size > signed and (size - signed >= entries or time.monotonic() - at >= seconds):
                signed, at = await asyncio.to_thread(sign, notary) or signed, time.monotonic()

    task = asyncio.create_task(often())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        sign(notary)


def sign(notary: Notary) -> int | None:
    """How many entries are signed now; None when it failed, which the log file and `lee doctor` tell."""
    try:
        return notary.sign().size
    except StoreError as error:
        # What was done is done, and its answer must still go out.
        log.warning("log.not_signed", error=error.message)
        return None


def _size(store: Store) -> int:
    with store.look() as uow:
        return uow.log.size()
