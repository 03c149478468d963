"""Running turns: durably on DBOS (a killed process's turns continue at the next start), or directly (evals, tests).

A workflow's argument and result are ids; what a turn has learnt so far are rows in `store`. Workflows run on DBOS's
threads and hand the work to the house's own event loop, which also serves the recovered ones.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from concurrent import futures
from pathlib import Path
from typing import Any, Protocol

import structlog

from agent.turn import TurnResult
from billing.ids import TurnId

log = structlog.get_logger(__name__)

ENDING_SECONDS = 5.0  # at most, for workflows whose turns are done to be written down as done
STARTING_SECONDS = 2.0  # that a turn waits for the engine to write it down, before it is taken without it
IDLE_SECONDS = 5.0  # that a worker which stands still keeps others from what the engine was writing (PostgreSQL)
Take = Callable[[TurnId], Awaitable[TurnResult]]


class EngineUnavailable(RuntimeError):
    """The workflow engine's own database cannot be used; turns can still be taken without it."""


class Turns(Protocol):
    async def run(self, turn: TurnId) -> TurnResult:
        """Take the turn to its end. Raises what the turn raised."""
        ...


class DirectTurns:
    """No workflow engine: for evals and tests, where a killed process is simply run again."""

    def __init__(self, take: Take) -> None:
        self._take = take

    async def run(self, turn: TurnId) -> TurnResult:
        return await self._take(turn)


class DurableTurns:
    """One per process: DBOS is a singleton. `executor_id` names the owner whose turns are recovered at launch."""

    current: DurableTurns | None = None

    def __init__(self, take: Take, database_url: str, executor_id: str = "owner") -> None:
        self._take = take
        self._url = database_url
        self._executor = executor_id
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workflow: Any = None
        self._dbos: Any = None
        self._awaited: dict[str, asyncio.Future[TurnResult | None]] = {}  # None: it ended and told nothing
        self._ending: set[futures.Future[Any]] = set()  # workflows whose turn is done and told
        self._recovered = False  # there were workflows that nobody here had asked for

    def launch(self) -> None:
        """Start DBOS on the running loop; turns that a killed process left begin again at once.

        Raises `EngineUnavailable` when its database cannot be used."""
        from dbos import DBOS, DBOSPortableJSONSerializer

        self._loop = asyncio.get_running_loop()
        DurableTurns.current = self
        self._dbos = DBOS
        DBOS(
            config={
                "name": "agent-lee",
                "system_database_url": self._url,
                "serializer": DBOSPortableJSONSerializer(),  # the default is pickle: unreadable, and runs what it reads
                "executor_id": self._executor,
                "db_engine_kwargs": _engine(self._url),
                "sys_db_idle_transaction_timeout_sec": IDLE_SECONDS,
                "application_version": "1",  # rows carry the state, so new code may go on with an old turn
                "log_level": "ERROR",
            }
        )
        self._workflow = DBOS.workflow(name="turn")(_turn)
        try:
            DBOS.launch()
        except Exception as error:
            self.close()
            raise EngineUnavailable(f"the workflow engine cannot start ({type(error).__name__})") from error

    async def run(self, turn: TurnId) -> TurnResult:
        """The same turn again is left to `take`, which joins it. If the engine fails, the turn is taken without it: its
        rows are in the store, and a customer waits.

        Returns as soon as the turn is done, which is in the store and on the disk; that its workflow is done is written
        down meanwhile, and if that is lost, the turn is found done when the workflow begins again."""
        loop = asyncio.get_running_loop()
        awaited: asyncio.Future[TurnResult | None] = loop.create_future()
        if self._awaited.setdefault(turn, awaited) is not awaited:
            return await self._take(turn)
        result: TurnResult | None = None
        try:
            handle = await asyncio.wait_for(self._started(turn), STARTING_SECONDS)
            if hasattr(handle, "future"):  # else it is another worker's, perhaps a dead one's, and `take` sees to that
                workflow: futures.Future[Any] = handle.future
                workflow.add_done_callback(lambda _: awaited.done() or loop.call_soon_threadsafe(_told, awaited, None))
                result = await awaited
                if result is None:
                    workflow.result(timeout=0)
                elif not workflow.done():
                    self._ending.add(workflow)
                    workflow.add_done_callback(self._ending.discard)
        except Exception as error:  # noqa: BLE001  the turn's own errors come again, and plainly, when it is taken below
            log.warning("turns.engine_failed", turn=turn, error=type(error).__name__)
        finally:
            del self._awaited[turn]
        return result if result is not None else await self._take(turn)

    def _started(self, turn: TurnId) -> asyncio.Future[Any]:
        """The engine waits without end for a server that is away or a lock, so it waits in a thread of its own, which
        neither stops the loop nor keeps the process alive. A turn that it starts late is joined, or found done."""
        from dbos import SetWorkflowID

        started: futures.Future[Any] = futures.Future()
        started.set_running_or_notify_cancel()

        def start() -> None:
            try:
                with SetWorkflowID(turn):
                    started.set_result(self._dbos.start_workflow(self._workflow, turn))
            except BaseException as error:  # noqa: BLE001  raised again where it is awaited
                started.set_exception(error)

        threading.Thread(target=start, name=f"start {turn}", daemon=True).start()
        return asyncio.wrap_future(started)

    def close(self) -> None:
        """Blocks until what is done is written down as done; the loop has to go on meanwhile."""
        if self._dbos is not None:
            futures.wait(tuple(self._ending), ENDING_SECONDS)
            # The engine itself waits by the second: only for workflows that no future tells of.
            self._dbos.destroy(workflow_completion_timeout_sec=round(ENDING_SECONDS) if self._recovered else 0)
            self._dbos = None
        DurableTurns.current = None

    def work(self, turn: str) -> None:
        """Called on a DBOS thread."""
        if self._loop is None:
            raise RuntimeError("turns were not launched")
        self._recovered |= turn not in self._awaited

        async def take() -> None:
            result = await self._take(TurnId(turn))
            if turn in self._awaited:
                # In the loop's next round, in which this workflow's thread is let go: who is told may close at once.
                asyncio.get_running_loop().call_soon(_told, self._awaited[turn], result)

        asyncio.run_coroutine_threadsafe(take(), self._loop).result()


def _told(awaited: asyncio.Future[TurnResult | None], result: TurnResult | None) -> None:
    if not awaited.done():
        awaited.set_result(result)


def _turn(turn: str) -> str:
    current = DurableTurns.current
    if current is None:
        raise RuntimeError("a turn was recovered before the house was open")
    current.work(turn)
    return turn


class WorkflowFile(sqlite3.Connection):
    """DBOS's SQLite file with a write-ahead log and no wait for the disk at a commit; DBOS would wait four times.

    What it writes outlives the process. A loss of power may take the newest workflows, and none of their turns: those
    are rows in `store`, on the disk before their workflow begins, and taken up from there at the next start."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")


def _engine(url: str) -> dict[str, Any]:
    """SQLAlchemy's arguments for DBOS's database beside its own."""
    return {"connect_args": {"factory": WorkflowFile}} if url.startswith("sqlite:///") else {}


def workflow_url(data: Path, database_url: str | None) -> str:
    """The workflow engine's own database: beside the store's file, or in the same PostgreSQL."""
    if database_url is not None and database_url.startswith("postgresql"):
        return database_url
    return f"sqlite:///{data / 'workflows.db'}"
