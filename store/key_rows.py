"""The database of data keys: apart from the main one, so that no backup of that brings back an erased customer.

Each data key lies here wrapped (`store.key_file`), tied to its id and its customer. Without the file of key-encryption
keys this database, and every copy of it, opens nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from store.dialects import key_engines, unavailable
from store.errors import KeysUnusable, LogUnavailable
from store.instants import Clock, written

metadata = MetaData()

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("customer", Text, nullable=False),
    Column("material", LargeBinary),  # wrapped; an earlier version kept the 32 bytes as they are
    Column("created_at", String(32), nullable=False),
    Column("erased_at", String(32)),
    CheckConstraint("(material IS NULL) = (erased_at IS NOT NULL)", name="data_keys_erased"),
    Index(
        "data_keys_current",
        "customer",
        unique=True,
        sqlite_where=text("material IS NOT NULL"),
        postgresql_where=text("material IS NOT NULL"),
    ),
)
wrapping = Table(
    "wrapping",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("kek", String(32), nullable=False),  # wraps every key that is there, and every new one
    Column("since", String(32), nullable=False),
)
FOREIGN = "audit_entries"  # a table of the main database

# Built once: each transaction runs one, and to build it costs more than to run it.
_CURRENT = select(data_keys.c.id, data_keys.c.material).where(
    data_keys.c.customer == bindparam("customer"), data_keys.c.material.is_not(None)
)
_BY_ID = select(data_keys.c.customer, data_keys.c.material, data_keys.c.erased_at).where(
    data_keys.c.id == bindparam("wanted")
)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """`material` is wrapped, None once erased."""

    id: str
    customer: str
    material: bytes | None
    erased_at: str | None = None


@dataclass(frozen=True, slots=True)
class Wrapping:
    """Which key-encryption key wraps, since when (ISO 8601), and how many keys there are, and were."""

    kek: str
    since: str
    keys: int
    erased: int


class KeyRows:
    """Safe to share between threads, and between processes. Everything raises `LogUnavailable`."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._clock = clock
        with plainly():
            self._writer, self._reader = key_engines(url)
        try:
            self._made()
        except BaseException:
            self.close()
            raise

    def _made(self) -> None:
        with plainly(), self._reader.connect() as connection:
            tables = set(inspect(connection).get_table_names())
        if FOREIGN in tables:
            raise KeysUnusable("The data keys need a database of their own: LEE_KEYS_URL names the main one.")
        if not tables >= set(metadata.tables):
            with self.alone() as connection:
                metadata.create_all(connection)

    @contextmanager
    def alone(self) -> Generator[Connection]:
        """One writing transaction, serial with all others over all processes: what wraps does not change in it."""
        with plainly(), self._writer.begin() as connection:
            yield connection

    def current(self, customer: str) -> KeyRow | None:
        with plainly(), self._reader.connect() as connection:
            row = connection.execute(_CURRENT, {"customer": customer}).first()
        return None if row is None else KeyRow(row.id, customer, row.material)

    def get(self, key_id: str) -> KeyRow | None:
        with plainly(), self._reader.connect() as connection:
            row = connection.execute(_BY_ID, {"wanted": key_id}).first()
        return None if row is None else KeyRow(key_id, row.customer, row.material, row.erased_at)

    def add(self, connection: Connection, row: KeyRow) -> None:
        """A new key. Inside `alone`, where nobody can have been faster once it was seen that there is none."""
        values = {
            "id": row.id,
            "customer": row.customer,
            "material": row.material,
            "created_at": written(self._clock()),
        }
        connection.execute(insert(data_keys).values(values))

    def wraps(self) -> str | None:
        """The id of the key that wraps; None before the first start of a version that wraps."""
        with plainly(), self._reader.connect() as connection:
            return self.kek(connection)

    def kek(self, connection: Connection) -> str | None:
        """The same in a transaction."""
        return connection.execute(select(wrapping.c.kek)).scalar()

    def wrap_with(self, connection: Connection, kek: str) -> None:
        values = {"one": 1, "kek": kek, "since": written(self._clock())}
        if not connection.execute(update(wrapping).values(values)).rowcount:
            connection.execute(insert(wrapping).values(values))

    def all(self, connection: Connection) -> Iterator[KeyRow]:
        """Every key that was not erased."""
        found = select(data_keys.c.id, data_keys.c.customer, data_keys.c.material)
        for row in connection.execute(found.where(data_keys.c.material.is_not(None))).all():
            yield KeyRow(row.id, row.customer, row.material)

    def replace(self, connection: Connection, key_id: str, material: bytes) -> None:
        connection.execute(update(data_keys).where(data_keys.c.id == key_id).values(material=material))

    def erase(self, customer: str) -> list[str]:
        """The ids of the keys that are gone now."""
        gone = (
            update(data_keys)
            .where(data_keys.c.customer == customer, data_keys.c.material.is_not(None))
            .values(material=None, erased_at=written(self._clock()))
            .returning(data_keys.c.id)
        )
        with self.alone() as connection:
            ids = list(connection.execute(gone).scalars())
        self.forget()
        return ids

    def forget(self) -> None:
        """What was overwritten leaves the file: SQLite's write-ahead log still held the old pages. (PostgreSQL's keeps
        the wrapped bytes for a while; they open nothing once the key-encryption key was changed.)"""
        if self._writer.dialect.name == "sqlite":
            with plainly(), self._reader.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def told(self) -> Wrapping:
        with plainly(), self._reader.connect() as connection:
            row = connection.execute(select(wrapping.c.kek, wrapping.c.since)).one()
            counts = select(func.count(data_keys.c.material), func.count(data_keys.c.erased_at))
            keys, erased = connection.execute(counts).one()
        return Wrapping(row.kek, row.since, keys, erased)

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


@contextmanager
def plainly() -> Generator[None]:
    """Trouble with the database (not with the data) becomes `LogUnavailable`."""
    try:
        yield
    except (DBAPIError, PoolTimeout, sqlite3.Error) as error:
        reason = unavailable(error)
        if reason is None:
            raise
        raise LogUnavailable(f"The database of data keys cannot be used: {reason}.") from error
    except OSError as error:
        raise LogUnavailable(f"The database of data keys cannot be used: {error.strerror}.") from error
