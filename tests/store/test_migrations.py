"""The migrations make what `store.tables` says, and the triggers they add refuse every change of the past."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from audit.entry import StoredEntry
from store import migrations
from store.database import Store, open_store
from store.errors import SchemaMismatch
from store.tables import metadata
from tests.store.conftest import BOTH, POSTGRESQL, SQLITE, Clock, of_schema


@BOTH
def test_migrations_and_tables_agree(store: Store) -> None:
    with store.look() as uow:
        context = MigrationContext.configure(
            uow.connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


CHECKS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": "SELECT conname FROM pg_constraint UNION SELECT indexname FROM pg_indexes",
}


@BOTH
def test_checks_of_the_tables_are_in_the_database(store: Store) -> None:
    # compare_metadata does not look at CHECK constraints.
    with store.look() as uow:
        made = " ".join(uow.connection.execute(text(CHECKS[uow.connection.dialect.name])).scalars())
    for table in metadata.tables.values():
        for constraint in table.constraints:
            if constraint.name is not None:
                assert str(constraint.name) in made


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migrations.alembic_config()).get_heads() == [migrations.HEAD]


@BOTH
def test_a_database_of_a_newer_program_is_refused(
    store: Store, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    with store.unit() as uow:
        uow.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match="9999"):
        open_store(database_url, tmp_path / "keys", clock)


def test_two_openers_at_once_migrate_once(tmp_path: Path, clock: Clock) -> None:
    stores: list[Store] = []
    threads = [
        threading.Thread(
            target=lambda: stores.append(open_store(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "keys", clock))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 4
    for opened in stores:
        with opened.unit() as uow:
            uow.cases.open("cus_maya", "maya", "owner", "chat")
        opened.close()


def past(store: Store) -> tuple[str, list[StoredEntry]]:
    """A turn with a step, and three entries of the log."""
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        message = uow.messages.add(case.id, "inbound", "customer:maya", "hello")
        turn = uow.turns.queue(case, message.id)
        uow.turns.start(turn.id)
        uow.turns.add_step(turn.id, 0, "topic", {"topic": "how_to"})
        for n in range(3):
            uow.record("note", "lee", case.id, case.customer, {"n": n})
        return turn.id, list(uow.log.stored())


CHANGES = [
    "UPDATE audit_entries SET actor = 'nobody'",
    "UPDATE audit_entries SET seq = seq + 1000",
    "DELETE FROM audit_entries",
    "DELETE FROM audit_entries WHERE seq = 2",
    "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE seq = 1",
    "REPLACE INTO audit_entries SELECT 4, id, at, kind, 'x', case_id, key_id, sealed, leaf FROM audit_entries LIMIT 1",
    "INSERT INTO audit_entries SELECT 9, 'log_9', at, kind, actor, case_id, key_id, sealed, leaf FROM audit_entries"
    " LIMIT 1",
    "INSERT INTO audit_entries SELECT NULL, 'log_9', at, kind, actor, case_id, key_id, sealed, leaf FROM audit_entries"
    " LIMIT 1",
    "UPDATE turn_steps SET kind = 'other'",
    "DELETE FROM turn_steps",
    "INSERT OR REPLACE INTO turn_steps SELECT * FROM turn_steps",
]


@SQLITE
@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_the_past(store: Store, change: str) -> None:
    turn, before = past(store)
    with store.unit() as uow:
        # As a hostile connection would have it.
        uow.connection.exec_driver_sql("PRAGMA recursive_triggers=OFF")
        with pytest.raises(DBAPIError, match="append-only"):
            uow.connection.exec_driver_sql(change)
    with store.look() as uow:
        assert list(uow.log.stored()) == before
        assert [s.kind for s in uow.turns.steps(turn)] == ["topic"]


POSTGRESQL_CHANGES = [
    *(change for change in CHANGES if change.startswith(("UPDATE", "DELETE", "INSERT INTO"))),
    "TRUNCATE audit_entries",
    "TRUNCATE turn_steps",
    "MERGE INTO audit_entries a USING audit_entries b ON a.seq = b.seq WHEN MATCHED THEN UPDATE SET kind = 'x'",
    "INSERT INTO audit_entries SELECT * FROM audit_entries WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET kind = 'x'",
    "INSERT INTO turn_steps SELECT * FROM turn_steps ON CONFLICT (turn_id, n) DO UPDATE SET kind = 'other'",
]


@POSTGRESQL
@pytest.mark.parametrize("change", POSTGRESQL_CHANGES)
def test_postgresql_refuses_it_too(store: Store, change: str) -> None:
    turn, before = past(store)
    with pytest.raises(DBAPIError, match=r"append-only|has no gaps"), store.unit() as uow:
        uow.connection.exec_driver_sql(change)
    with store.look() as uow:
        assert list(uow.log.stored()) == before
        assert [s.kind for s in uow.turns.steps(turn)] == ["topic"]


def test_an_outcome_that_was_unknown_waits_for_the_reconciler(tmp_path: Path, clock: Clock) -> None:
    of_schema("0002", tmp_path / "lee.db")
    old = create_engine(f"sqlite:///{tmp_path / 'lee.db'}")
    columns = (
        "id, case_id, proposal_id, customer, tool, arguments, target, operation_key, idempotency_key, attempt,"
        " policy_hash, status, created_at"
    )
    with old.begin() as connection:
        for n, status in enumerate(("unknown", "succeeded")):
            row = (
                f"int_{n}",
                "case_1",
                f"prop_{n}",
                "cus_maya",
                "refund",
                "{}",
                f"ch_{n}",
                f"op_{n}",
                f"key_{n}",
                0,
                "h",
            )
            connection.exec_driver_sql(f"INSERT INTO intents ({columns}) VALUES {(*row, status, '2026-11-01')}")
        connection.exec_driver_sql("INSERT INTO budgets VALUES ('value_out', 700)")
        connection.exec_driver_sql("INSERT INTO reservations VALUES ('int_0', 'value_out', 700, 'held')")
    old.dispose()
    store = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", clock)
    with store.unit() as uow:
        rows = uow.connection.execute(text("SELECT id, status FROM intents ORDER BY id"))
        assert [tuple(row) for row in rows] == [("int_0", "pending_reconciliation"), ("int_1", "succeeded")]
        assert uow.ledger.held("value_out") == 700
        second = (
            f"INSERT INTO intents ({columns}) SELECT 'int_2', case_id, 'prop_2', customer, tool, arguments, target,"
        )
        second += " 'op_2', 'key_2', attempt, policy_hash, 'reserved', created_at FROM intents WHERE id = 'int_0'"
        with pytest.raises(IntegrityError, match=r"intents\.target"):
            uow.connection.exec_driver_sql(second)
        with pytest.raises(IntegrityError, match="intents_status"):
            uow.connection.exec_driver_sql("UPDATE intents SET status = 'unknown' WHERE id = 'int_1'")
    store.close()
