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

from store.dialects import engines, unavailable, unfit, unwaited
from store.errors import KeyMissing, KeysDiffer, LogUnavailable, NestedUnit, TooLong
from store.ids import fresh
from store.instants import Clock
from store.keys import Keyring, open_keyring
from store.migrations import migrate
from store.turns import StepRow
from store.unit_of_work import UnitOfWork

DATA_KEYS = "data-keys.sqlite"
KEY_FILE = "wrapping.key"


class Steps(Protocol):
    """The part of `store.turns.TurnRows` that notes may use."""

    def add_step(self, turn_id: str, n: int, kind: str, content: Mapping[str, object]) -> StepRow: ...


class Store:
    """The facts that last. Safe to share between threads; one unit a thread at a time.

    `folder` holds what must live outside the database: the log's signing key, its checkpoints, by default the data keys
    too. `worker` is the life that takes turns here, once it has signed in."""

    def __init__(self, engines: tuple[Engine, Engine, Engine], keys: Keyring, folder: Path, clock: Clock) -> None:
        self._writer, self._noting, self._reader = engines
        self._opening = engines[1] if engines[0].dialect.name == "sqlite" else engines[0]
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
            yield UnitOfWork(connection, self.keys.for_one_unit(), self.clock, self.worker)

    @contextmanager
    def opening(self) -> Generator[UnitOfWork]:
        """A unit, serial with all others, for setting a turn running: no disk is waited for, as with notes.

        A loss of power may leave the turn queued again, and whoever takes it up begins where this one did. Nothing may
        be audited in it: a signed checkpoint could know of an entry that the database has lost."""
        with self._one(self._opening) as connection:
            unwaited(connection)
            yield UnitOfWork(connection, self.keys.for_one_unit(), self.clock, self.worker, lasting=False)

    @contextmanager
    def notes(self) -> Generator[Steps]:
        """A transaction for the steps of a turn alone: it outlives the process, but no disk is waited for.

        A loss of power may take the newest steps, never one written before a `unit` that committed: an intent takes
        along the answer that led to it. Raises as `unit` does."""
        with self._one(self._noting) as connection:
            yield UnitOfWork(connection, self.keys.for_one_unit(), self.clock, self.worker).turns

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
            yield UnitOfWork(connection, self.keys.for_one_unit(), self.clock, self.worker)

    def close(self) -> None:
        """Close every connection. The store cannot be used afterwards."""
        self._reader.dispose()
        self._noting.dispose()
        self._writer.dispose()
        self.keys.close()


def open_store(
    url: str, keys: Path, clock: Clock, *, keys_url: str | None = None, key_file: Path | None = None
) -> Store:
    """Open a database (`sqlite:///path`, `postgresql://…`), creating and migrating it as needed.

    `keys` is a folder outside the database (made with mode 0700 if absent) for signing key and checkpoints, and for the
    data keys and the file of key-encryption keys unless `keys_url` and `key_file` say where those are.
    Raises `LogUnavailable`, `SchemaMismatch`, `KeysUnusable`, `KeyMissing` and `KeysDiffer` when the data keys are not
    those that the database was written with, ValueError for a URL of another kind."""
    try:
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = engines(url)
    except OSError as error:
        raise LogUnavailable(f"The database's folder cannot be used: {error.strerror or error}.") from error
    try:
        with _plainly():
            migrate(opened[0])
        ring = open_keyring(keys_url or f"sqlite:///{keys / DATA_KEYS}", key_file or keys / KEY_FILE, clock)
    except BaseException:
        for engine in opened:
            engine.dispose()
        raise
    store = Store(opened, ring, keys, clock)
    try:
        _fits(store)
    except BaseException:
        store.close()
        raise
    return store


def _fits(store: Store) -> None:
    """The newest entry of the log and the other workers tell at once whether these are their data keys."""
    with store.look() as uow:
        sealed_by, signed_by = uow.log.newest_key(), uow.workers.house_keys()
    if sealed_by is not None and store.keys.custody.get(sealed_by) is None:
        raise KeyMissing(sealed_by)
    if any(store.keys.custody.get(each) is None for each in signed_by):
        raise KeysDiffer


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
