"""One run of one seed: the same seed and the same steps give the same story, to the last line."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.databases import Databases
from tests.policy.house import build
from tests.policy.wild_world import LIMITS
from tests.simulation.clockwork import Clockwork, run
from tests.simulation.schedule import Step, schedule, shortest
from tests.simulation.world import Violation, World

QUICK_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@dataclass(frozen=True)
class Run:
    """`violation` is None when all went well; `said` tells what happened, line by line."""

    seed: int
    violation: str | None
    said: list[str]
    tally: Counter[str]


def play(seed: int, databases: Databases, steps: list[Step] | None = None) -> Run:
    steps = schedule(seed) if steps is None else steps
    with tempfile.TemporaryDirectory(dir=QUICK_DISK) as folder:
        house = build(Path(folder) / "house", databases, limits=LIMITS)
        loop = Clockwork(f"{seed}:order", lambda seconds: house.clock.pass_(seconds=seconds))
        world = World(house, seed, loop)
        violation: str | None = None
        try:
            run(loop, world.play(steps))
        except (Violation, AssertionError) as found:
            violation = f"{type(found).__name__}: {found}"
        finally:
            house.close()
    world.tally.update(sent=len(world.oracle.attempts), effects=len(house.stripe.made) + len(house.stripe.returned))
    world.tally.update(steps=len(steps), deaths=sum(each.life for each in world.processes.values()))
    return Run(seed, violation, world.said, world.tally)


def explained(failed: Run, databases: Databases) -> str:
    """The seed, the shortest schedule that still fails, and what happens in it."""
    few = shortest(schedule(failed.seed), lambda steps: play(failed.seed, databases, steps).violation is not None)
    again = play(failed.seed, databases, few)
    told = ["", f"seed {failed.seed}: python -m tests.simulation --seed {failed.seed}", f"{again.violation}", ""]
    return "\n".join(
        [*told, "The shortest schedule that fails:", *map(str, few), "", "What happens in it:", *again.said]
    )
