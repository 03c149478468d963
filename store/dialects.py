"""The only place that knows which database is underneath: engines, locks, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_MS = 10_000
_WRITER_LOCK = 0x1EE_10C  # any constant: the advisory lock that PostgreSQL's one writer at a time holds
_READING = f"-c lock_timeout={BUSY_MS}"
_WRITING = f"{_READING} -c idle_in_transaction_session_timeout={BUSY_MS // 2}"
_POOL = 8  # connections kept open, and as many again twice over while there is a rush


def engines(url: str) -> tuple[Engine, Engine, Engine]:
    """A writing, a noting and a reading engine. The reader cannot write, by the database's own refusal.

    There is one writer at a time, over all threads and workers: on SQLite by its own lock, on PostgreSQL by an advisory
    lock taken first thing in each transaction. What a unit has read therefore still holds when it writes, log positions
    have no gaps, and no two units wait for each other. Should a writer stop in the middle (a paused machine), its
    transaction is ended by the server while the next one still waits.

    A commit of the noting one is not waited for until it is on the disk. It outlives the process; a loss of power may
    take the newest ones, but none that came before a commit of the writer: both databases keep one log of all commits,
    and the writer's commit takes along what is before it (sqlite.org/pragma.html#pragma_synchronous,
    postgresql.org/docs/current/wal-async-commit.html).

    Raises as `known` does.
    """
    parsed = known(url)
    if parsed.get_backend_name() == "sqlite":
        _private(Path(str(parsed.database)))
        return (
            _sqlite(url, "BEGIN IMMEDIATE"),
            _sqlite(url, "BEGIN IMMEDIATE", synchronous="NORMAL"),
            _sqlite(url, "BEGIN", query_only=True),
        )
    server = parsed.set(drivername="postgresql+psycopg")
    writer, noting = _postgresql(server, _WRITING), _postgresql(server, _WRITING)
    reader = _postgresql(server, _READING)
    event.listen(writer, "begin", _alone)
    event.listen(noting, "begin", unwaited)
    return writer, noting, reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def known(url: str) -> URL:
    """The URL of a database that the store knows. Raises ValueError, which does not repeat it (it may hold a password),
    for any other, and for an in-memory SQLite database: its connections would not share it."""
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise ValueError("it is no database URL; one is sqlite:///path/to/lee.db or postgresql://…") from None
    if kind not in ("sqlite", "postgresql"):
        raise ValueError(
            f"the store knows SQLite (sqlite:///path/to/lee.db) and PostgreSQL (postgresql://…), not {kind}"
        )
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("the store needs a database file: sqlite:///path/to/lee.db")
    return parsed


def key_engines(url: str) -> tuple[Engine, Engine]:
    """The same for the data keys, which are read one at a time: a writing engine, and one whose reads are transactions
    of their own. On SQLite what is overwritten is zeros in the file.

    Raises ValueError as `engines` does."""
    if known(url).get_backend_name() == "sqlite":
        writer, _, _ = engines(url)
        for engine in (writer, reader := _sqlite(url, None)):
            event.listen(engine, "connect", _secure_delete)
        return writer, reader
    writer, _, reader = engines(url)
    return writer, reader.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False)


def _secure_delete(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.cursor().execute("PRAGMA secure_delete=ON")


def _private(path: Path) -> None:
    """Create the file for its owner alone; SQLite gives its side files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _postgresql(url: URL, options: str) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,  # a restarted server has closed every connection
        pool_size=_POOL,
        max_overflow=2 * _POOL,
        pool_timeout=BUSY_MS / 1000,
        connect_args={"options": options, "connect_timeout": BUSY_MS // 1000},
    )


def _alone(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")


def unwaited(connection: Connection) -> None:
    """This transaction's commit is not waited for. On SQLite that is so for every one of the noting engine."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")


def _sqlite(url: str, begin: str | None, *, synchronous: str = "FULL", query_only: bool = False) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})

    def connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver would open transactions late and of the wrong kind; `begun` does it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        settings = ["journal_mode=WAL"] if not query_only else []
        settings += [
            f"synchronous={synchronous}",
            f"busy_timeout={BUSY_MS}",
            "foreign_keys=ON",
            "recursive_triggers=ON",
        ]
        settings += ["query_only=ON"] if query_only else []
        for setting in settings:
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(str(begin))

    event.listen(engine, "connect", connected)
    if begin is not None:
        event.listen(engine, "begin", begun)
    return engine


def upsert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insertion into `table` that may say what happens when the row is there already (`on_conflict_do_…`)."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def now_ms(connection: Connection) -> int:
    """The database's own clock, which all of its workers share, in milliseconds since 1970."""
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("SELECT (julianday('now') - 2440587.5) * 86400000").scalar_one())
    return int(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp()) * 1000").scalar_one())


def attempt(connection: Connection) -> AbstractContextManager[object]:
    """One statement that may fail without spoiling the transaction. SQLite takes back a failed statement by itself
    (sqlite.org/lang_conflict.html, ABORT); PostgreSQL needs a savepoint for it."""
    return nullcontext() if connection.dialect.name == "sqlite" else connection.begin_nested()


@contextmanager
def any_text(connection: Connection) -> Generator[None]:
    """Texts that are no UTF-8 are read with surrogate escapes meanwhile; SQLite would otherwise fail on the first.
    PostgreSQL holds none."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = cast("sqlite3.Connection", connection.connection.driver_connection)
    before = raw.text_factory
    raw.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = before


def unavailable(error: DBAPIError | PoolTimeout | sqlite3.Error) -> str | None:
    """Why the database cannot be used, in plain words; None when the error is about the data, not the database."""
    if isinstance(error, PoolTimeout):
        return "it has no connections left"
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return "the connection to it was lost"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _sqlite_reason(cause)
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRESQL_REASONS.get(state, _POSTGRESQL_REASONS.get(state[:2]))
    return "it cannot be reached" if isinstance(error, OperationalError) else None


def unfit(error: DBAPIError) -> bool:
    """Whether PostgreSQL refused a text as too long for its column; SQLite keeps any."""
    return getattr(error.orig, "sqlstate", None) == "22001"


# States and, failing those, classes of https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_REASONS = {
    "08": "the connection to it was lost",
    "25006": "it is read-only",
    "25P03": "the connection to it was lost",  # the server ended a transaction in which nothing happened for too long
    "40": "another process holds it",
    "42501": "permission was refused",
    "53": "it has no room or connections left",
    "55P03": "another process holds it",
    "57": "it is shutting down",
    "58": "its disk failed",
    "XX": "the file is damaged",
}


def _sqlite_reason(error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_READONLY: "it is read-only",
        sqlite3.SQLITE_IOERR: "the disk failed",
        sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
        sqlite3.SQLITE_BUSY: "another process holds it",
        sqlite3.SQLITE_CORRUPT: "the file is damaged",
        sqlite3.SQLITE_NOTADB: "the file is not a database",
        sqlite3.SQLITE_PERM: "permission was refused",
        sqlite3.SQLITE_AUTH: "permission was refused",
    }.get(code)
