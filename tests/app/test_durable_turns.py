"""The workflow engine beside the store: its file, a turn through it, and a start without it."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from dbos._sys_db import SystemDatabase
from dbos._sys_db_postgres import PostgresSystemDatabase
from sqlalchemy import text
from structlog.testing import capture_logs

from agent.turn import TurnResult
from app.turns import DurableTurns, EngineUnavailable, WorkflowFile, workflow_url
from billing.ids import TurnId
from store.errors import NotFound
from tests.databases import POSTGRESQL, PostgresDatabases


def _result(case: str) -> TurnResult:
    return TurnResult(case=case, topic="how_to", outcome="resolved", reply="Under Billing.", confidence=0.9)


async def test_a_turn_is_taken_once_and_the_engine_writes_ahead(tmp_path: Path) -> None:
    taken: list[str] = []

    async def take(turn: TurnId) -> TurnResult:
        taken.append(turn)
        return _result("case_1")

    turns = DurableTurns(take, workflow_url(tmp_path, None))
    turns.launch()
    try:
        result = await turns.run(TurnId("turn_1"))
    finally:
        turns.close()
    assert result == _result("case_1")
    assert taken == ["turn_1"]
    with closing(sqlite3.connect(tmp_path / "workflows.db")) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        ended = file.execute("SELECT workflow_uuid, status FROM workflow_status").fetchall()
    assert ended == [("turn_1", "SUCCESS")]


async def test_who_is_told_waits_for_no_workflow_to_be_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, written = asyncio.Event(), threading.Event()

    async def take(turn: TurnId) -> TurnResult:
        return _result(turn)

    def slow(self: SystemDatabase, *given: Any, **named: Any) -> Any:
        assert asyncio.run_coroutine_threadsafe(told.wait(), loop).result(30)
        written.set()
        return update(self, *given, **named)

    update = SystemDatabase.update_workflow_outcome
    monkeypatch.setattr(SystemDatabase, "update_workflow_outcome", slow)
    loop = asyncio.get_running_loop()
    turns = DurableTurns(take, workflow_url(tmp_path, None))
    turns.launch()
    try:
        async with asyncio.timeout(30):
            assert await turns.run(TurnId("turn_1")) == _result("turn_1")
        assert not written.is_set()
        told.set()
        await asyncio.sleep(0.05)
    finally:
        turns.close()
    with closing(sqlite3.connect(tmp_path / "workflows.db")) as file:
        assert file.execute("SELECT status FROM workflow_status").fetchall() == [("SUCCESS",)]


async def test_a_recovered_turn_is_written_down_before_the_engine_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken = asyncio.Event()

    async def take(turn: TurnId) -> TurnResult:
        taken.set()
        return _result(turn)

    def slow(self: SystemDatabase, *given: Any, **named: Any) -> Any:
        time.sleep(1.5)
        return update(self, *given, **named)

    first = DurableTurns(take, workflow_url(tmp_path, None))
    first.launch()
    await first.run(TurnId("turn_1"))
    first.close()
    with closing(sqlite3.connect(tmp_path / "workflows.db")) as file:  # as a death before the end leaves it
        file.execute("UPDATE workflow_status SET status = 'PENDING', output = NULL")
        file.commit()
    taken.clear()
    update = SystemDatabase.update_workflow_outcome
    monkeypatch.setattr(SystemDatabase, "update_workflow_outcome", slow)
    again = DurableTurns(take, workflow_url(tmp_path, None))
    again.launch()
    async with asyncio.timeout(30):
        await taken.wait()
    await asyncio.to_thread(again.close)
    assert "accessed before" not in caplog.text
    with closing(sqlite3.connect(tmp_path / "workflows.db")) as file:
        assert file.execute("SELECT status FROM workflow_status").fetchall() == [("SUCCESS",)]


async def test_a_turns_own_error_comes_back_plainly(tmp_path: Path) -> None:
    taken: list[str] = []

    async def take(turn: TurnId) -> TurnResult:
        taken.append(turn)
        raise NotFound("turn", turn)

    turns = DurableTurns(take, workflow_url(tmp_path, None))
    turns.launch()
    try:
        with pytest.raises(NotFound):
            await turns.run(TurnId("turn_1"))
    finally:
        turns.close()
    assert taken == ["turn_1", "turn_1"]


async def test_an_engine_that_waits_for_a_lock_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when another worker stands still in the middle of writing: the turn is taken without the engine."""
    monkeypatch.setattr("app.turns.STARTING_SECONDS", 0.5)
    rounds = 0

    async def take(turn: TurnId) -> TurnResult:
        return _result(turn)

    async def others() -> None:
        nonlocal rounds
        while True:
            await asyncio.sleep(0.01)
            rounds += 1

    turns = DurableTurns(take, workflow_url(tmp_path, None))
    turns.launch()
    beside = asyncio.create_task(others())
    try:
        with closing(sqlite3.connect(tmp_path / "workflows.db", isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            assert await turns.run(TurnId("turn_1")) == _result("turn_1")
            file.execute("ROLLBACK")
    finally:
        beside.cancel()
        turns.close()
    assert rounds > 10


@pytest.mark.database(POSTGRESQL)
async def test_what_the_engine_of_a_still_worker_holds_is_let_go(
    postgres: PostgresDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.turns.IDLE_SECONDS", 0.5)

    async def take(turn: TurnId) -> TurnResult:
        return _result(turn)

    turns = DurableTurns(take, workflow_url(tmp_path, postgres.fresh(tmp_path)))
    turns.launch()
    try:
        await turns.run(TurnId("turn_1"))
        engines = [each for each in gc.get_objects() if isinstance(each, PostgresSystemDatabase)]
        with engines[-1].engine.connect() as stands_still, capture_logs() as logs:
            stands_still.execute(text("SELECT 1 FROM dbos.workflow_status FOR UPDATE"))
            assert await turns.run(TurnId("turn_1")) == _result("turn_1")
            stands_still.invalidate()
    finally:
        turns.close()
    assert logs == []  # it waited, and began as any other


def test_no_commit_of_the_engine_waits_for_the_disk(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "workflows.db", factory=WorkflowFile)) as file:
        assert file.execute("PRAGMA synchronous").fetchone() == (1,)  # NORMAL: at checkpoints alone


async def test_many_turns_at_once_leave_each_other_the_threads_they_need(tmp_path: Path) -> None:
    async def take(turn: TurnId) -> TurnResult:
        await asyncio.sleep(0.05)  # until all of them wait
        return await asyncio.to_thread(_result, turn)

    turns = DurableTurns(take, workflow_url(tmp_path, None))
    turns.launch()
    try:
        async with asyncio.timeout(60):
            done = await asyncio.gather(*(turns.run(TurnId(f"turn_{n}")) for n in range(40)))
    finally:
        turns.close()
    assert [result.case for result in done] == [f"turn_{n}" for n in range(40)]


async def test_an_unusable_file_is_said_plainly(tmp_path: Path) -> None:
    async def take(turn: TurnId) -> TurnResult:
        return _result(turn)

    (tmp_path / "workflows.db").write_bytes(b"this is no database" * 100)
    turns = DurableTurns(take, workflow_url(tmp_path, None))
    with pytest.raises(EngineUnavailable):
        turns.launch()
    assert DurableTurns.current is None
