"""Opens the database and hands out units of work."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from store.dialects import engines, unavailable, unfit
from store.errors import LogUnavailable, NestedUnit, TooLong
from store.ids import fresh
from store.instants import Clock
from store.keys import Keyring
from store.migrations import migrate
from store.turns import StepRow
from store.unit_of_work import UnitOfWork


class Steps(Protocol):
    """The part of `store.turns.TurnRows` that notes may use."""

    def add_step(self, turn_id: str, n: int, kind: str, content: Mapping[str, object]) -> StepRow: ...


class Store:
    """The facts that last. Safe to share between threads; one unit a thread at a time.

    `folder` holds what must live outside the database: data keys, the log's signing key, its checkpoints. `worker` is
    the life that takes turns here, once it has signed in."""

    def __init__(self, engines: tuple[Engine, Engine, Engine], keys: Keyring, folder: Path, clock: Clock) -> None:
        self._writer, self._noting, self._reader = engines
        self._open = threading.local()
        # Writers of one process queue up; SQLite itself would have them look again and again, in no order.
        self._queue = threading.Lock() if engines[0].dialect.name == "sqlite" else nullcontext()
        self.keys = keys
        self.folder = folder
        self.clock = clock
        self.worker: str | None = None

    def sign_in(self, name: str, folder: str, lease_ms: int) -> None:
        """From now on this process takes turns as the worker `name`. Raises as `WorkerRows.sign_in` does."""
        life = fresh("life")
        with self.unit() as uow:
            uow.workers.sign_in(name, life, folder, lease_ms)
        self.worker = life

    @contextmanager
    def unit(self) -> Generator[UnitOfWork]:
        """One writing transaction, serial with all others: commits at exit, rolls back on any exception.

        Raises `LogUnavailable` when the database cannot be written (nothing was kept; when a server vanished during the
        very commit, all of it or nothing), `TooLong`, `NestedUnit`."""
        with self._one(self._writer) as connection:
            yield UnitOfWork(connection, self.keys, self.clock, self.worker)

    @contextmanager
    def notes(self) -> Generator[Steps]:
        """A transaction for the steps of a turn alone: it outlives the process, but no disk is waited for.

        A loss of power may take the newest steps, never one written before a `unit` that committed: an intent takes
        along the answer that led to it. Raises as `unit` does."""
        with self._one(self._noting) as connection:
            yield UnitOfWork(connection, self.keys, self.clock, self.worker).turns

    @contextmanager
    def _one(self, engine: Engine) -> Generator[Connection]:
        if getattr(self._open, "unit", False):
            raise NestedUnit
        self._open.unit = True
        try:
            with _plainly(), self._queue, engine.begin() as connection:
                yield connection
        finally:
            self._open.unit = False

    @contextmanager
    def look(self) -> Generator[UnitOfWork]:
        """One consistent view for reading only; waits for no writer, and the database refuses any write.

        Raises `LogUnavailable` when the database cannot be read."""
        with _plainly(), self._reader.connect() as connection:
            yield UnitOfWork(connection, self.keys, self.clock, self.worker)

    def close(self) -> None:
        """Close every connection. The store cannot be used afterwards."""
        self._reader.dispose()
        self._noting.dispose()
        self._writer.dispose()
        self.keys.close()


def open_store(url: str, keys: Path, clock: Clock) -> Store:
    """Open a database (`sqlite:///path`, `postgresql://…`), creating and migrating it as needed.

    `keys` is a folder outside the database (made with mode 0700 if absent) for data keys, signing key and checkpoints.
    Raises `LogUnavailable`, `SchemaMismatch`, ValueError for a URL of another kind."""
    try:
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = engines(url)
    except OSError as error:
        raise LogUnavailable(f"The database's folder cannot be used: {error.strerror or error}.") from error
    try:
        with _plainly():
            migrate(opened[0])
        return Store(opened, Keyring(keys / "data-keys.sqlite", clock), keys, clock)
    except BaseException:
        for engine in opened:
            engine.dispose()
        raise


@contextmanager
def _plainly() -> Generator[None]:
    """Trouble with the database (not with the data) becomes `LogUnavailable`."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        reason = unavailable(error)
        if reason is None and isinstance(error, DBAPIError) and unfit(error):
            raise TooLong from error
        if reason is None:
            raise
        raise LogUnavailable(f"The database cannot be used: {reason}.") from error
