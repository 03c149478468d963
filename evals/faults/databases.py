"""Where the cases of a life are kept: in an SQLite file, which goes with its folder, or on a PostgreSQL server."""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import closing, suppress
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import psycopg

Names = dict[str, Any]  # settings of the house that say where its database is
RESTARTED_SECONDS: Final = 60.0


class Databases(Protocol):
    dialect: str

    def empty(self) -> Names:
        """Of a database without any table; it is where the folder of the settings is when nothing is said."""
        ...

    def copy(self, names: Names) -> Names:
        """Of one with the same content, of which nobody knows yet. Nobody may be connected to the original."""
        ...

    def drop(self, names: Names) -> None: ...


class Files:
    dialect = "SQLite"

    def empty(self) -> Names:
        return {}

    def copy(self, names: Names) -> Names:
        return names

    def drop(self, names: Names) -> None:
        """The file goes with its folder."""


class Server:
    """`url`: a database of a PostgreSQL on this machine, by a user who may make others beside it."""

    dialect = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self._url = url

    def empty(self) -> Names:
        return self._made("template1")

    def copy(self, names: Names) -> Names:
        return self._made(_name(names))

    def drop(self, names: Names) -> None:
        self._run(f"DROP DATABASE {_name(names)} WITH (FORCE)")

    def crash(self) -> None:
        """End one of the server's processes by signal 9: the server throws everybody out and replays its log. Returns
        when it lets somebody in again."""
        with closing(psycopg.connect(self._url)) as victim:
            before = self._checkpointer()
            os.kill(victim.info.backend_pid, signal.SIGKILL)
        until = time.monotonic() + RESTARTED_SECONDS
        while time.monotonic() < until:
            with suppress(psycopg.OperationalError):
                if self._checkpointer() != before:
                    return
            time.sleep(0.02)
        raise TimeoutError("PostgreSQL did not start again after its crash")

    def _checkpointer(self) -> list[Any]:
        """Its process, which is another one after a crash."""
        return self._run("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")

    def _made(self, original: str) -> Names:
        name = f"moment_{secrets.token_hex(8)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {original} STRATEGY FILE_COPY")
        return {"database_url": urlsplit(self._url)._replace(path=f"/{name}").geturl()}

    def _run(self, statement: str) -> list[Any]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def _name(names: Names) -> str:
    return urlsplit(names["database_url"]).path.removeprefix("/")
