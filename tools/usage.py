"""How much a customer has used, from ClickHouse: in process from a folder (chdb), or from a server by URL."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import httpx

from billing.facts import UsageFacts
from billing.ids import CustomerId
from tools.sources import PATIENCE, SourceUnavailable
from tools.usage_schema import (
    ALLOWANCES,
    PERIOD_SUMS,
    ROWS,
    SCHEMA,
    TABLES,
    Row,
    insertion,
    of_customer,
    parameters,
    usage_facts,
)

BATCH: Final = 50_000  # rows of one INSERT


class Usage(Protocol):
    async def of(self, customer: CustomerId, start: datetime, end: datetime) -> UsageFacts:
        """Units of each meter in the period and in the one of the same length before it.

        Raises `SourceUnavailable` when the store does not answer."""
        ...


async def usage_of(
    source: Usage, customer: CustomerId, start: datetime, end: datetime
) -> UsageFacts | SourceUnavailable:
    """The use in `[start, end)`, or that the source did not say, within `PATIENCE`."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await source.of(customer, start, end)
    except SourceUnavailable as error:
        return error
    except TimeoutError:
        return SourceUnavailable("usage", "The usage store did not answer in time.")


class FolderUsage:
    """ClickHouse in this process (chdb) over a folder, which one process at a time can open.

    Opened at the first question: the import alone takes 0.8 s. One folder for each process: chdb has one engine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._session: Any = None
        self._lock = threading.Lock()

    async def of(self, customer: CustomerId, start: datetime, end: datetime) -> UsageFacts:
        values = parameters(customer, start, end)
        sums, allowances = await asyncio.to_thread(
            self._ask_all, ((PERIOD_SUMS, values), (ALLOWANCES, of_customer(customer)))
        )
        return usage_facts(sums, allowances, start, end)

    def insert(self, rows: Iterable[Row]) -> None:
        """Store rows of any of the tables. Raises `SourceUnavailable`."""
        self._ask_all((statement, {}) for statement in _insertions(rows))

    def close(self) -> None:
        """Let the folder go, so that another process may open it."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    def _ask_all(self, questions: Iterable[tuple[str, dict[str, str]]]) -> list[str]:
        """One at a time: the session is not made for two threads."""
        with self._lock:
            session = self._open()
            try:
                return [session.query(sql, ROWS, params=values).data() or "" for sql, values in questions]
            except RuntimeError as error:  # chdb's errors derive from it
                raise SourceUnavailable("usage", f"The usage store cannot answer ({_code(error)}).") from error

    def _open(self) -> Any:
        if self._session is not None:
            return self._session
        from chdb import session

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            opened = session.Session(str(self._folder))
        except OSError as error:
            raise SourceUnavailable("usage", f"The usage folder cannot be used ({error.strerror}).") from error
        except RuntimeError as error:
            raise SourceUnavailable("usage", _opening(str(error))) from error
        try:
            for statement in SCHEMA:
                opened.query(statement)
        except RuntimeError as error:
            opened.close()
            raise SourceUnavailable("usage", f"The usage tables cannot be made ({_code(error)}).") from error
        self._session = opened
        return opened


class ServerUsage:
    """A ClickHouse server by URL (clickhouse.com/docs/interfaces/http), with the account in the URL or in headers."""

    def __init__(
        self, url: str, *, user: str | None = None, password: str | None = None, timeout: float = 10.0
    ) -> None:
        self._url = url
        self._headers = {
            **({"X-ClickHouse-User": user} if user else {}),
            **({"X-ClickHouse-Key": password} if password else {}),
        }
        self._timeout = timeout

    async def of(self, customer: CustomerId, start: datetime, end: datetime) -> UsageFacts:
        values = parameters(customer, start, end)
        async with httpx.AsyncClient(timeout=self._timeout, headers=self._headers) as http:
            sums, allowances = await asyncio.gather(
                self._ask(http, PERIOD_SUMS, values), self._ask(http, ALLOWANCES, of_customer(customer))
            )
        return usage_facts(sums, allowances, start, end)

    async def prepare(self) -> None:
        """Make the tables where they are missing. Raises `SourceUnavailable`."""
        async with httpx.AsyncClient(timeout=self._timeout, headers=self._headers) as http:
            for statement in SCHEMA:
                await self._ask(http, statement, {})

    async def insert(self, rows: Iterable[Row]) -> None:
        async with httpx.AsyncClient(timeout=self._timeout, headers=self._headers) as http:
            for statement in _insertions(rows):
                await self._ask(http, statement, {})

    async def _ask(self, http: httpx.AsyncClient, sql: str, values: dict[str, str]) -> str:
        # wait_end_of_query: otherwise an error may follow a 200 that has begun already.
        settings = {"default_format": ROWS, "wait_end_of_query": "1"}
        arguments = {f"param_{name}": value for name, value in values.items()}
        try:
            answer = await http.post(self._url, params={**settings, **arguments}, content=sql.encode())
        except httpx.TimeoutException as error:
            raise SourceUnavailable("usage", "The usage server did not answer in time.") from error
        except httpx.HTTPError as error:
            raise SourceUnavailable("usage", "The usage server cannot be reached.") from error
        if answer.status_code != 200:
            code = answer.headers.get("X-ClickHouse-Exception-Code", "none")
            raise SourceUnavailable(
                "usage", f"The usage server refused the question ({answer.status_code}, ClickHouse code {code})."
            )
        return answer.text


def _insertions(rows: Iterable[Row]) -> Iterable[str]:
    """INSERT statements of at most `BATCH` rows each, table by table."""
    for kind, group in itertools.groupby(rows, key=type):
        while batch := list(itertools.islice(group, BATCH)):
            yield insertion(TABLES[kind], batch)


def _opening(message: str) -> str:
    if "already initialized with path" in message:
        return "The usage folder cannot be opened: this process has another one open."
    if "BAD_ARGUMENTS" in message or "CANNOT_OPEN_FILE" in message:
        return "The usage folder is open in another process (one at a time): stop that one, or use a ClickHouse server."
    return "The usage folder cannot be opened: it seems to be damaged; restore it from a backup."


def _code(error: RuntimeError) -> str:
    """`code 62` of ClickHouse's message, whose text may quote data."""
    words = str(error).split()
    return " ".join(words[:2]).rstrip(".").lower() if words[:1] == ["Code:"] else type(error).__name__
