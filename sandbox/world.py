"""The durable state of the sandbox: one SQLite file with objects as JSON rows, timers, stored answers and keys.

Every request is one transaction. `World` is synchronous; callers hold `world.lock` (the server does) while they read or
write, so a request sees no other request half done.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sandbox import ids
from sandbox.errors import StripeError

Json = dict[str, Any]

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (type, id));
CREATE INDEX IF NOT EXISTS objects_customer ON objects (type, json_extract(body, '$.customer'));
CREATE INDEX IF NOT EXISTS objects_intent ON objects (type, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_charge ON objects (type, json_extract(body, '$.charge'));
CREATE TABLE IF NOT EXISTS timers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
    UNIQUE (kind, target));
CREATE TABLE IF NOT EXISTS test_clock_timers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, clock TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    target TEXT NOT NULL, UNIQUE (kind, target));
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
    tries INTEGER NOT NULL, next_at INTEGER NOT NULL, log TEXT NOT NULL, UNIQUE (event, endpoint));
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, next_at);
CREATE TABLE IF NOT EXISTS unindexed (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL, body TEXT);
CREATE INDEX IF NOT EXISTS unindexed_until ON unindexed (until);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, created INTEGER NOT NULL, endpoint TEXT NOT NULL, fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, request_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS restricted_keys (key TEXT PRIMARY KEY, permissions TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class World:
    """The objects of one Stripe account in test mode.

    path: the file, or None for a world in memory. seed: makes ids depend on creation order alone (kept in the file;
    only used when the file is new). start: the frozen time of a new world; without it the clock runs with real time.
    """

    def __init__(self, path: Path | None = None, *, seed: str | None = None, start: datetime | None = None) -> None:
        self.lock = threading.RLock()
        self._db = _open(path)
        if self.setting("begun") is None:
            self.set_setting("begun", True)
            self.set_setting("seed", seed)
            self.set_setting("clock", {"frozen": int(_aware(start).timestamp())} if start else {"offset": 0})
        self.seed: str | None = self.setting("seed")
        self.moment: int | None = None  # while a timer runs: the time it was due (sandbox/clock.py)
        self.standing: tuple[str, int] | None = None  # the test clock, and its time, that a request is about

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable on leaving."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: undo only what was written in this block when it raises.

        A StripeError that says `commit` keeps its writes: a decline leaves a failed charge behind.
        """
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException as error:
            if isinstance(error, StripeError) and error.commit:
                self._db.execute("RELEASE attempt")
                raise
            self._db.execute("ROLLBACK TO attempt")
            self._db.execute("RELEASE attempt")
            raise
        self._db.execute("RELEASE attempt")

    # objects

    def find(self, type_: str, id_: str) -> Json | None:
        row = self._db.execute("SELECT body FROM objects WHERE type = ? AND id = ?", (type_, id_)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, obj: Json) -> None:
        """Insert or replace; `obj["object"]` and `obj["id"]` name it."""
        self._db.execute(
            "INSERT INTO objects (type, id, body) VALUES (?, ?, ?) "
            "ON CONFLICT (type, id) DO UPDATE SET body = excluded.body",
            (obj["object"], obj["id"], json.dumps(obj, separators=(",", ":"))),
        )

    def remove(self, type_: str, id_: str) -> None:
        self._db.execute("DELETE FROM objects WHERE type = ? AND id = ?", (type_, id_))

    def select(self, type_: str, where: Json | None = None) -> list[Json]:
        """All of a type, newest first. `where` maps dotted JSON paths to the value they must equal (None: is null)."""
        clauses, values = ["type = ?"], [type_]
        for path, value in (where or {}).items():
            if not all(part.isidentifier() for part in path.split(".")):
                raise ValueError(f"not a JSON path: {path!r}")
            if value is None:
                clauses.append(f"json_extract(body, '$.{path}') IS NULL")
            else:
                clauses.append(f"json_extract(body, '$.{path}') = ?")
                values.append(value)
        query = f"SELECT body FROM objects WHERE {' AND '.join(clauses)} ORDER BY seq DESC"  # noqa: S608 - paths checked
        return [json.loads(row[0]) for row in self._db.execute(query, values)]

    def new_id(self, type_: str) -> str:
        if self.seed is None:
            return ids.make_id(type_)
        return ids.make_id(type_, seed=self.seed, ordinal=self._count(type_))

    def new_secret(self, length: int, label: str) -> str:
        if self.seed is None:
            return ids.make_secret(length)
        return ids.make_secret(length, seed=self.seed, label=label, ordinal=self._count(label))

    def _count(self, name: str) -> int:
        row = self._db.execute(
            "INSERT INTO counters (name, value) VALUES (?, 1) "
            "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        ).fetchone()
        return int(row[0])

    # settings, and the rows of other parts (answers, timers, restricted keys)

    def setting(self, name: str) -> Any:
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_setting(self, name: str, value: Any) -> None:
        self.write("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, json.dumps(value)))

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(query, values).fetchall()

    def write(self, query: str, values: tuple[Any, ...] = ()) -> None:
        self._db.execute(query, values)

    # the whole

    def snapshot(self) -> dict[str, dict[str, Json]]:
        """`{type: {id: object}}`, types and ids sorted, private fields left out: two equal worlds compare equal."""
        whole: dict[str, dict[str, Json]] = {}
        for type_, id_, body in self.rows("SELECT type, id, body FROM objects ORDER BY type, id"):
            whole.setdefault(type_, {})[id_] = public(json.loads(body))
        return whole

    def copy(self) -> Self:
        """An independent world in memory with the same state, clock and seed."""
        twin = type(self)()
        with self.lock:
            self._db.backup(twin._db)
        twin.seed = self.seed
        return twin

    def restore(self, other: "World") -> None:
        """Become what `other` is now."""
        with self.lock, other.lock:
            other._db.backup(self._db)
            self.seed = other.seed


def public(value: Any) -> Any:
    """A value without the fields whose names begin with `_`: those are the sandbox's own notes on an object."""
    if isinstance(value, dict):
        return {key: public(item) for key, item in value.items() if not key.startswith("_")}
    if isinstance(value, list):
        return [public(item) for item in value]
    return value


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a world's start must be a timezone-aware datetime")
    return moment.astimezone(UTC)


def _open(path: Path | None) -> sqlite3.Connection:
    """The connection, schema in place. ValueError when the file is in use, no database, or of another version."""
    db: sqlite3.Connection | None = None
    try:
        db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0.2)
        # Held until it is closed: two sandboxes on one file would each run its timers.
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"it was written by another version ({version}) of the sandbox")
        db.executescript(SCHEMA)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except sqlite3.DatabaseError as error:
        if db is not None:
            db.close()
        hint = "; is another sandbox using it?" if "locked" in str(error) else ""
        raise ValueError(f"the sandbox cannot open {path}: {error}{hint}") from error
    return db
