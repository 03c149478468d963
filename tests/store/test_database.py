"""Units of work: all or nothing, one writer, readers that never wait and never write."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from store.cases import CaseRow
from store.database import Store, open_store
from store.errors import Conflict, LogUnavailable, NestedUnit, NotFound
from store.tables import turn_steps
from tests.store.conftest import BOTH, SQLITE, Clock


@BOTH
def test_an_exception_undoes_rows_and_log_alike(store: Store) -> None:
    made: list[str] = []

    def work() -> None:
        with store.unit() as uow:
            made.append(uow.cases.open("cus_maya", "maya", "owner", "chat").id)
            uow.record("ticket.received", "customer:maya", made[0], "cus_maya", {"n": 1})
            raise ConnectionError("Stripe")  # not the database's trouble: it passes as it is

    with pytest.raises(ConnectionError, match="Stripe"):
        work()
    with store.look() as uow:
        assert uow.log.size() == 0
        with pytest.raises(NotFound):
            uow.cases.get(made[0])


@BOTH
def test_what_was_committed_is_there_after_reopening(
    store: Store, case: CaseRow, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    again = open_store(database_url, tmp_path / "keys", clock)
    with again.look() as uow:
        assert uow.cases.get(case.id) == case
    again.close()


@BOTH
def test_a_unit_inside_a_unit_is_a_plain_mistake_not_a_deadlock(store: Store) -> None:
    with store.unit() as uow:
        with pytest.raises(NestedUnit), store.unit():
            pass
        uow.cases.open("cus_maya", "maya", "owner", "chat")
    with store.unit() as uow:
        assert len(uow.cases.list()) == 1


@BOTH
def test_looking_cannot_write(store: Store) -> None:
    with store.look() as uow, pytest.raises(DBAPIError, match=r"read-?only"):
        uow.cases.open("cus_maya", "maya", "owner", "chat")


@BOTH
def test_looking_neither_waits_for_a_writer_nor_sees_half_of_its_work(store: Store, case: CaseRow) -> None:
    with store.unit() as writing:
        writing.cases.set_status(case.id, "resolved")
        with store.look() as reading:
            assert reading.cases.get(case.id).status == "open"


@BOTH
def test_one_look_is_one_view(store: Store, case: CaseRow) -> None:
    with store.look() as reading:
        assert reading.cases.get(case.id).status == "open"
        with store.unit() as writing:
            writing.cases.set_status(case.id, "resolved")
        assert reading.cases.get(case.id).status == "open"
    with store.look() as reading:
        assert reading.cases.get(case.id).status == "resolved"


@BOTH
def test_writers_in_many_threads_lose_nothing(store: Store, case: CaseRow) -> None:
    def work() -> None:
        for _ in range(10):
            with store.unit() as uow:
                before = len(uow.messages.of(case.id))
                uow.messages.add(case.id, "note", "human:anna", f"seen {before}")
                uow.record("note.added", "human:anna", case.id, case.customer, {"before": before})

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.look() as uow:
        assert [m.body for m in uow.messages.of(case.id)] == [f"seen {n}" for n in range(80)]
        assert [r.seq for r in uow.log.of(case.id)] == list(range(1, 81))


@SQLITE
def test_the_settings_that_carry_the_guarantees_are_on(store: Store) -> None:
    def setting(name: str) -> object:
        return uow.connection.execute(text(f"PRAGMA {name}")).scalar()

    with store.unit() as uow:
        assert setting("journal_mode") == "wal"
        assert setting("synchronous") == 2  # FULL
        assert setting("foreign_keys") == 1
        assert setting("recursive_triggers") == 1
        assert setting("busy_timeout") == 10_000


@SQLITE
def test_only_notes_wait_for_no_disk_and_they_lie_in_the_same_log(store: Store, case: CaseRow) -> None:
    """NORMAL in a write-ahead log: a commit is not synced, and the next FULL one syncs the whole log."""
    with store.unit() as uow:
        message = uow.messages.add(case.id, "inbound", "maya@example.com", "Where is it?")
        turn = uow.turns.queue(case, message.id)
    with store.notes() as turns:
        connection = vars(turns)["_uow"].connection
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1  # NORMAL
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        turns.add_step(turn.id, 0, "topic", {"topic": "how_to"})
        with pytest.raises(NestedUnit), store.unit():
            pass
    with store.unit() as uow:
        assert uow.connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert [step.content for step in uow.turns.steps(turn.id)] == [{"topic": "how_to"}]


@BOTH
def test_a_turn_is_set_running_without_waiting_for_a_disk_and_nothing_is_audited_so(
    store: Store, case: CaseRow
) -> None:
    unwaited = {"sqlite": ("PRAGMA synchronous", 1), "postgresql": ("SHOW synchronous_commit", "off")}
    with store.unit() as uow:
        turn = uow.turns.queue(case, uow.messages.add(case.id, "inbound", "maya@example.com", "Hello?").id)
    with store.opening() as uow:
        asked, told = unwaited[uow.connection.dialect.name]
        assert uow.connection.execute(text(asked)).scalar() == told
        assert uow.turns.start(turn.id).status == "running"
        with pytest.raises(NestedUnit), store.unit():
            pass
    with store.unit() as uow:
        assert uow.connection.execute(text(asked)).scalar() != told
        assert uow.turns.get(turn.id).status == "running"
    with pytest.raises(ValueError, match="may be lost"), store.opening() as uow:
        uow.record("case.taken_over", "human:max", case.id, case.customer, {})
    with store.look() as uow:
        assert uow.log.size() == 0


@BOTH
def test_a_case_that_is_held_is_as_it_was_changed_last(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        assert uow.cases.locked(case.id) == case
        assert uow.cases.take_over(case.id, "max").epoch == 2
        changed = uow.cases.set_status(case.id, "resolved", "how_to")
        assert (changed.owner, changed.status, changed.topic) == ("human", "resolved", "how_to")
        assert uow.cases.get(case.id) == uow.cases.locked(case.id) == changed
        assert uow.cases.hand_back(case.id, "max").epoch == 3
    with store.look() as uow:
        assert (uow.cases.get(case.id).owner, uow.cases.get(case.id).topic) == ("lee", "how_to")


@BOTH
def test_notes_are_all_kept_or_none(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        turn = uow.turns.queue(case, uow.messages.add(case.id, "inbound", "maya@example.com", "Hello?").id)

    def write_twice() -> None:
        with store.notes() as turns:
            turns.add_step(turn.id, 0, "topic", {"topic": "how_to"})
            turns.add_step(turn.id, 0, "topic", {"topic": "other"})

    with pytest.raises(Conflict):
        write_twice()
    with store.look() as uow:
        assert uow.turns.steps(turn.id) == []


@BOTH
def test_a_row_without_its_parent_is_refused(store: Store) -> None:
    with pytest.raises(IntegrityError), store.unit() as uow:
        uow.connection.execute(
            insert(turn_steps).values(
                turn_id="turn_none", n=0, kind="model", content_sealed=b"0", created_at="2026-11-20"
            )
        )


@SQLITE
def test_the_files_are_their_owners_alone(store: Store, case: CaseRow, tmp_path: Path) -> None:
    for path in [tmp_path / "lee.db", tmp_path / "keys" / "data-keys.sqlite", tmp_path / "lee.db-wal"]:
        assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/lee"])
def test_a_database_of_another_kind_is_refused(url: str, tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(ValueError, match=r"SQLite|database file"):
        open_store(url, tmp_path / "keys", clock)


def test_a_file_that_is_no_database_is_a_plain_sentence(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "lee.db").write_bytes(b"this is not a database " * 100)
    with pytest.raises(LogUnavailable, match="not a database"):
        open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", clock)


def test_a_folder_that_cannot_be_is_a_plain_sentence(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable):
        open_store(f"sqlite:///{tmp_path / 'file' / 'lee.db'}", tmp_path / "keys", clock)
    with pytest.raises(LogUnavailable):
        open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "file" / "keys", clock)
