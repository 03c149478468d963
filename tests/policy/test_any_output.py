"""Any sequence of any proposals through the real gate, judged by an oracle of the world and of who said yes."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from policy.actions import ACTIONS
from tests.databases import Databases
from tests.policy.wild_turns import play
from tests.proofs import PROVE, Proved, times

# Each commit is flushed: in memory a hundred worlds take seconds.
QUICK_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
STEPS = 40
ROUNDS = range(16 if PROVE else 1)
SEQUENCES = times(16, 250)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("round_", ROUNDS)
def test_no_sequence_moves_a_cent_outside_policy(databases: Databases, proved: Proved, round_: int) -> None:
    _many(databases, proved, round_, SEQUENCES)


@pytest.mark.database("postgresql")
def test_nor_on_postgresql(databases: Databases, proved: Proved) -> None:
    _many(databases, proved, 1_000, times(2, 250))


def _many(databases: Databases, proved: Proved, round_: int, sequences: int) -> None:
    tally: Counter[str] = Counter()
    found: list[str] = []
    for n in range(sequences):
        with tempfile.TemporaryDirectory(dir=QUICK_DISK) as folder:
            found += asyncio.run(play(Path(folder) / "house", databases, f"{round_}.{n}", STEPS, tally))
    assert found == []
    if sequences > 10:
        assert {name.removeprefix("sent ") for name in tally if name.startswith("sent ")} == set(ACTIONS)
    where = f"on {databases.dialect}"
    proved(f"sequences of wild proposals that end outside policy, {where}", tally["sequences"], seed=round_)
    proved(f"wild proposals that move a cent outside policy, {where}", tally["proposals"], seed=round_)
    proved(f"effects that the oracle objects to, {where}", tally["effects"], seed=round_)
