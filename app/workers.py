"""One worker among several on one PostgreSQL: its sign of life, and the turns that nobody else has any more.

Who recovers whose turns: a worker that starts again takes up at once what its former life left. The turns of one that
stays away are taken up by the living, as soon as it has not signed for a lease (`LEE_WORKER_LEASE` seconds); which of
them gets a turn is settled by the turn's row. The same look finds turns of one's own that ended unfinished because the
database was away. A worker that was only slow loses its turns, and writes nothing to them any more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from agent.turn import TurnResult
from app.turns import Take
from billing.ids import TurnId
from store.database import Store
from store.errors import LogUnavailable, NameTaken, TurnElsewhere, TurnRunning
from store.ids import fresh

log = structlog.get_logger(__name__)

LOOKS_A_LEASE: Final = 5  # how often in a lease a worker signs and looks around
PAUSE_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 120.0


class Worker:
    """`take` does a turn; `Worker.take` does it once, however many ask for it at the same time."""

    def __init__(self, store: Store, take: Take, lease_seconds: float) -> None:
        self._store = store
        self._take = take
        self._lease = lease_seconds
        self._under_way: dict[TurnId, asyncio.Task[TurnResult]] = {}
        self._signed_since = time.monotonic()
        self._closing = False

    async def take(self, turn: TurnId) -> TurnResult:
        """The turn's result: taken here, or awaited where another worker takes it or an earlier turn of its case.

        Raises what the turn raised; `TurnElsewhere`, `TurnRunning` when that lasts."""
        task = self._under_way.get(turn)
        if task is None:
            task = asyncio.create_task(self._when_free(turn))
            self._under_way[turn] = task
            task.add_done_callback(lambda _: self._under_way.pop(turn, None))
        return await asyncio.shield(task)

    async def _when_free(self, turn: TurnId) -> TurnResult:
        until = time.monotonic() + LONGEST_WAIT_SECONDS
        while True:
            try:
                return await self._take(turn)
            except (TurnElsewhere, TurnRunning):
                if self._closing or time.monotonic() > until:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    @asynccontextmanager
    async def at_work(self, *, looking_around: bool) -> AsyncIterator[None]:
        """While it is open sign and, where there are others, look around; end what is under way, then sign out."""
        tending = [asyncio.create_task(self._tend())] if looking_around else []
        try:
            yield
        finally:
            self._closing = True
            for task in tending:
                task.cancel()
            await asyncio.gather(*tending, *self._under_way.values(), return_exceptions=True)
            try:
                with self._store.unit() as uow:
                    uow.workers.sign_out(str(self._store.worker))
            except LogUnavailable as error:
                log.warning("worker.not_signed_out", error=error.message)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(self._lease / LOOKS_A_LEASE)
            try:
                left = await asyncio.to_thread(self._look_around)
            except LogUnavailable as error:
                self._signed_since = time.monotonic() + self._lease / LOOKS_A_LEASE
                log.warning("worker.cannot_sign", error=error.message)
                continue
            for turn in left:
                if turn not in self._under_way:
                    log.info("worker.takes_up", turn=turn)
                    asyncio.create_task(self.take(turn)).add_done_callback(_noted)

    def _look_around(self) -> list[TurnId]:
        """Sign; then which turns are left. After an interruption everybody first gets a lease to sign again."""
        with self._store.unit() as uow:
            if not uow.workers.sign(str(self._store.worker), round(self._lease * 1000)):
                log.error("worker.name_taken", worker=self._store.worker)
                return []
        with self._store.look() as uow:
            left = uow.turns.left()
        rested = time.monotonic() - self._signed_since > self._lease
        return [TurnId(turn.id) for turn in left if rested or turn.worker in (None, self._store.worker)]


async def sign_in(store: Store, name: str, data: Path, lease_seconds: float) -> None:
    """Go by the name `name` from now on. One that went by it in another folder and may be dead is waited for, a lease.

    Raises `NameTaken` when that one is alive, `KeysDiffer`, `LogUnavailable`."""
    folder, lease_ms = folder_id(data), round(lease_seconds * 1000)
    try:
        store.sign_in(name, folder, lease_ms)
    except NameTaken:
        await asyncio.sleep(lease_seconds)
        store.sign_in(name, folder, lease_ms)


def folder_id(data: Path) -> str:
    """Tells one worker's data folder from another's, also on another machine: an id kept in the folder itself."""
    place = data / "worker.id"
    if not place.exists():
        place.write_text(fresh("folder"))
    return place.read_text()


def _noted(task: asyncio.Task[TurnResult]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("worker.left_unfinished", error=type(error).__name__)
