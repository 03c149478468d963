"""The hostile suites run on whichever database a test asks for: SQLite, or with `PROVE=1` PostgreSQL as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evals.harness import Bench
from tests.databases import Databases


@pytest.fixture
def bench(bench: Bench, databases: Databases, tmp_path: Path) -> Iterator[Bench]:
    """The shared one, but every copy of the demo world keeps its cases in a fresh database of the test's dialect."""
    made: list[str] = []

    def fresh() -> str:
        made.append(databases.fresh(tmp_path / f"database{len(made)}"))
        return made[-1]

    yield replace(bench, database=fresh)
    for url in made:
        databases.drop(url)
