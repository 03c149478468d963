"""A real store on a real file, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from store.cases import CaseRow
from store.database import Store, open_store
from store.migrations import alembic_config

BOTH = pytest.mark.database("sqlite", "postgresql")
SQLITE = pytest.mark.database("sqlite")
POSTGRESQL = pytest.mark.database("postgresql")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **by: float) -> None:
        self.now += timedelta(**by)


def of_schema(version: str, file: Path) -> None:
    """An empty SQLite database as an earlier version of the program made it."""
    config = alembic_config()
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path / "keys", clock)
    yield opened
    opened.close()


@pytest.fixture
def case(store: Store) -> CaseRow:
    with store.unit() as uow:
        return uow.cases.open("cus_maya", "maya@example.com", "owner", "chat")
