from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.policy.house import House, build


@pytest.fixture
def house(tmp_path: Path, databases: Databases) -> Iterator[House]:
    made = build(tmp_path / "house", databases)
    yield made
    made.close()
