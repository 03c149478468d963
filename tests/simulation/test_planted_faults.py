"""A simulation that cannot fail is worth nothing: each safety taken out is noticed, and told in few steps."""

from __future__ import annotations

import pytest

from tests.databases import Databases
from tests.proofs import Proved
from tests.simulation.planted import SEEDS, Plant
from tests.simulation.run import explained, play


@pytest.mark.parametrize(("plant", "seed"), SEEDS.items(), ids=[plant.__name__ for plant in SEEDS])
def test_a_safety_that_is_gone_is_noticed(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, plant: Plant, seed: int
) -> None:
    assert play(seed, databases).violation is None
    plant(monkeypatch)
    assert play(seed, databases).violation is not None


def test_it_is_told_by_its_seed_and_its_shortest_schedule(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, proved: Proved
) -> None:
    plant, seed = next(iter(SEEDS.items()))
    plant(monkeypatch)
    failed = play(seed, databases)
    told = explained(failed, databases).splitlines()
    assert told[1] == f"seed {seed}: python -m tests.simulation --seed {seed}"
    assert told[2].startswith("Violation: ")
    few = told[told.index("The shortest schedule that fails:") + 1 : told.index("What happens in it:") - 1]
    assert 1 <= len(few) <= 6, few
