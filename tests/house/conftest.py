"""The whole house over a copy of the demo world, in process: real models, index, store, gate and sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.resolving import Result, Ticket, resolve
from billing.ids import CustomerId
from evals.harness import Bench, Copy, open_copy
from policy.proposals import Principal, Role
from policy.sending import Patience

QUICK = Patience(facts_seconds=5, effect_seconds=5, tries=2, pause_seconds=0.01)


@pytest.fixture
def acme(bench: Bench, tmp_path: Path) -> Any:
    """`async with acme() as copy:` a world and a house of one's own; arguments go to `open_house`."""
    return lambda **house: open_copy(bench, tmp_path / "data", **{"patience": QUICK, **house})


async def ask(copy: Copy, customer: str, text: str, *, role: Role = Role.OWNER, **more: Any) -> Result:
    return await resolve(copy.house, Ticket(text, Principal(CustomerId(customer), "tester", role), "test", **more))
