"""The whole house over a copy of the demo world, in process: real models, index, store, gate and sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.resolving import Result, Ticket, resolve
from billing.facts import UsageFacts
from billing.ids import CustomerId
from evals.harness import Bench, Copy, open_bench, open_copy
from policy.proposals import Principal, Role
from policy.sending import Patience
from tools.usage import FolderUsage

QUICK = Patience(facts_seconds=5, effect_seconds=5, tries=2, pause_seconds=0.01)


class BriefUsage(FolderUsage):
    """Lets its folder go after every question: a process has one, and other tests of this process want theirs."""

    async def of(self, customer: CustomerId, start: datetime, end: datetime) -> UsageFacts:
        try:
            return await super().of(customer, start, end)
        finally:
            self.close()


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    with open_bench() as opened:
        yield replace(opened, usage=BriefUsage(opened.folder / "clickhouse"))


@pytest.fixture
def acme(bench: Bench, tmp_path: Path) -> Any:
    """`async with acme() as copy:` a world and a house of one's own; arguments go to `open_house`."""
    return lambda **house: open_copy(bench, tmp_path / "data", **{"patience": QUICK, **house})


async def ask(copy: Copy, customer: str, text: str, *, role: Role = Role.OWNER, **more: Any) -> Result:
    return await resolve(copy.house, Ticket(text, Principal(CustomerId(customer), "tester", role), "test", **more))
