"""Seeded schedules of clock, network, deaths, take-overs and people over the real gate and store."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.databases import Databases
from tests.proofs import PROVE, Proved, times
from tests.simulation.run import explained, play

PARTS = range(32 if PROVE else 3)
SEEDS = times(8, 300)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("part", PARTS)
def test_nothing_that_must_never_be(databases: Databases, proved: Proved, part: int) -> None:
    _seeds(databases, proved, part * SEEDS, SEEDS)


@pytest.mark.database("postgresql")
def test_nor_on_postgresql(databases: Databases, proved: Proved) -> None:
    _seeds(databases, proved, 1_000_000, times(2, 200))


def _seeds(databases: Databases, proved: Proved, first: int, count: int) -> None:
    tally: Counter[str] = Counter()
    for seed in range(first, first + count):
        run = play(seed, databases)
        assert run.violation is None, explained(run, databases)
        tally += run.tally
    where = f"on {databases.dialect}"
    proved(f"simulated schedules with a violation, {where}", count, seed=first)
    proved(f"simulated intents sent, with {tally['deaths']} deaths, {where}", tally["sent"], seed=first)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("seed", [2719, 3546])
def test_what_lands_late_counts_from_when_it_was_decided(databases: Databases, seed: int) -> None:
    """Within its caps when its budgets were held; a human approved more before Stripe was heard of again."""
    run = play(seed, databases)
    assert run.violation is None, explained(run, databases)
    assert run.tally["pending_reconciliation"] > 0


def test_the_same_seed_is_the_same_story(databases: Databases) -> None:
    one, two = play(49, databases), play(49, databases)
    assert one.said == two.said
    assert one.tally == two.tally
    assert len(one.said) > 20
