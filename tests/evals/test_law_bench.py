from __future__ import annotations

from evals.bench import law
from tests.databases import Databases


def test_a_decision_and_a_durable_effect_are_measured(databases: Databases, database_url: str) -> None:
    table = law.rows(200, 12, database_url)
    assert [len(row) for row in table] == [len(law.HEAD)] * 5
    assert [row[1] for row in table] == ["200", "12", "12", "12", "12"]
    assert all(0 < float(row[2]) <= float(row[3]) for row in table)
