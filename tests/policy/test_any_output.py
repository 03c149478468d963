"""Any sequence of any proposals, judged by an oracle of the world and of who said yes.

Through the real gate and a real store as many as time allows; a million by the law alone, with the books in memory.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from policy.actions import ACTIONS
from tests.databases import Databases
from tests.policy.wild_turns import play, play_on_paper
from tests.proofs import PROVE, Proved, times

# Each commit is flushed: in memory a hundred worlds take seconds.
QUICK_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
STEPS = 40
ROUNDS = range(16 if PROVE else 1)
SEQUENCES = times(16, 250)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("round_", ROUNDS)
def test_no_sequence_moves_a_cent_outside_policy(databases: Databases, proved: Proved, round_: int) -> None:
    found, tally = _played(databases, round_, SEQUENCES)
    assert found == []
    _told(tally, proved, round_, f"on {databases.dialect}")


@pytest.mark.database("sqlite")
def test_a_number_that_lands_after_the_customer_has_moved(databases: Databases, tmp_path: Path) -> None:
    """It was of the country the customer lived in when it was sent."""
    assert asyncio.run(play(tmp_path / "house", databases, "12.220", STEPS, Counter())) == []


@pytest.mark.database("postgresql")
def test_nor_on_postgresql(databases: Databases, proved: Proved) -> None:
    found, tally = _played(databases, 1_000, times(2, 250))
    assert found == []
    _told(tally, proved, 1_000, f"on {databases.dialect}")


@pytest.mark.parametrize("round_", range(20 if PROVE else 1))
def test_nor_the_law_alone(proved: Proved, round_: int) -> None:
    """Twenty rounds ask it a million times."""
    tally: Counter[str] = Counter()
    found = [
        each for n in range(times(40, 1_050)) for each in asyncio.run(play_on_paper(f"{round_}.{n}", STEPS, tally))
    ]
    assert found == []
    _told(tally, proved, round_, "with the books in memory")


def _played(databases: Databases, round_: int, sequences: int) -> tuple[list[str], Counter[str]]:
    """What the oracle found wrong, and how much was played."""
    tally: Counter[str] = Counter()
    found: list[str] = []
    for n in range(sequences):
        with tempfile.TemporaryDirectory(dir=QUICK_DISK) as folder:
            found += asyncio.run(play(Path(folder) / "house", databases, f"{round_}.{n}", STEPS, tally))
    return found, tally


def _told(tally: Counter[str], proved: Proved, round_: int, where: str) -> None:
    """The figures; where many were played, every tool has come to be sent."""
    if tally["sequences"] > 10:
        assert {name.removeprefix("sent ") for name in tally if name.startswith("sent ")} == set(ACTIONS)
    proved(f"sequences of wild proposals that end outside policy, {where}", tally["sequences"], seed=round_)
    proved(f"times asked that move a cent outside policy, {where}", tally["submitted"], seed=round_)
    proved(f"effects that the oracle objects to, {where}", tally["effects"], seed=round_)
