from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import open_store
from tests.policy.house import Clock, House, build


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database to copy: migrations take longer than most tests here."""
    folder = tmp_path_factory.mktemp("template")
    open_store(f"sqlite:///{folder}/lee.db", folder / "keys", Clock()).close()
    return folder / "lee.db"


@pytest.fixture
def house(tmp_path: Path, template: Path) -> Iterator[House]:
    made = build(tmp_path / "house", template)
    yield made
    made.store.close()
