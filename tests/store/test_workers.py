"""Several workers on one database: a turn is one worker's at a time, and who has lost it cannot write to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from store.cases import CaseRow
from store.database import Store, open_store
from store.errors import KeysDiffer, NameTaken, TurnElsewhere
from store.tables import workers
from tests.store.conftest import BOTH, POSTGRESQL, Clock

LEASE_MS = 60_000


@pytest.fixture
def other(database_url: str, store: Store, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """Another process's store on the same database, with the same keys."""
    opened = open_store(database_url, tmp_path / "keys", clock)
    yield opened
    opened.close()


def queued(store: Store, case: CaseRow) -> str:
    with store.unit() as uow:
        message = uow.messages.add(case.id, "inbound", "maya@example.com", "Where is it?")
        return uow.turns.queue(case, message.id).id


def start(store: Store, turn: str) -> None:
    with store.unit() as uow:
        uow.turns.start(turn)


def lease_is_over(store: Store) -> None:
    with store.unit() as uow:
        uow.connection.execute(update(workers).where(workers.c.life == store.worker).values(until_ms=1))


def left(store: Store) -> list[str]:
    with store.look() as uow:
        return [turn.id for turn in uow.turns.left()]


@POSTGRESQL
def test_a_living_workers_turn_is_nobody_elses(store: Store, other: Store, case: CaseRow) -> None:
    store.sign_in("one", "folder-1", LEASE_MS)
    other.sign_in("two", "folder-2", LEASE_MS)
    waiting, running = queued(store, case), queued(store, case)
    assert (left(store), left(other)) == ([waiting, running], [])
    with pytest.raises(TurnElsewhere):
        start(other, waiting)
    start(store, waiting)
    with pytest.raises(TurnElsewhere):
        start(other, waiting)


@POSTGRESQL
@pytest.mark.parametrize("gone", ["signed out", "lease over"])
def test_a_dead_workers_turn_is_taken_and_it_can_write_to_it_no_more(
    store: Store, other: Store, case: CaseRow, gone: str
) -> None:
    store.sign_in("one", "folder-1", LEASE_MS)
    other.sign_in("two", "folder-2", LEASE_MS)
    turn = queued(store, case)
    start(store, turn)
    if gone == "signed out":
        with store.unit() as uow:
            uow.workers.sign_out(str(store.worker))
    else:
        lease_is_over(store)
    assert left(other) == [turn]
    start(other, turn)
    with other.notes() as notes:
        notes.add_step(turn, 0, "topic", {"topic": "how_to"})
    with pytest.raises(TurnElsewhere), store.notes() as notes:
        notes.add_step(turn, 1, "model", {"text": "late"})
    with pytest.raises(TurnElsewhere), store.unit() as uow:
        uow.turns.finish(turn, "resolved", {"reply": "late"})
    with pytest.raises(TurnElsewhere):
        start(store, turn)
    with other.unit() as uow:
        assert uow.turns.finish(turn, "resolved", {"reply": "in time"}).result == {"reply": "in time"}
    with store.unit() as uow:  # whoever asks again hears what the other said
        assert uow.turns.finish(turn, "resolved", {"reply": "late"}).result == {"reply": "in time"}


@BOTH
def test_a_worker_that_starts_again_has_what_its_former_life_left(store: Store, other: Store, case: CaseRow) -> None:
    store.sign_in("one", "folder-1", LEASE_MS)
    turn = queued(store, case)
    start(store, turn)
    other.sign_in("one", "folder-1", LEASE_MS)  # the folder is locked: nobody else is at work in it
    assert left(other) == [turn]
    start(other, turn)
    with pytest.raises(TurnElsewhere), store.notes() as notes:
        notes.add_step(turn, 0, "model", {"text": "late"})


@POSTGRESQL
def test_a_name_is_one_workers_until_its_lease_is_over(store: Store, other: Store) -> None:
    store.sign_in("one", "folder-1", LEASE_MS)
    with pytest.raises(NameTaken, match="LEE_WORKER"):
        other.sign_in("one", "folder-2", LEASE_MS)
    lease_is_over(store)
    other.sign_in("one", "folder-2", LEASE_MS)
    with store.unit() as uow:
        assert not uow.workers.sign(str(store.worker), LEASE_MS)


@POSTGRESQL
def test_workers_with_other_data_keys_are_turned_away(
    store: Store, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    store.sign_in("one", "folder-1", LEASE_MS)
    with pytest.raises(KeysDiffer, match="LEE_KEYS"):
        open_store(database_url, tmp_path / "other-keys", clock)
