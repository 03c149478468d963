"""The row without a fault of Stripe: a process of its own, with the workflow engine, dies by signal 9 at each point."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

from evals.faults.cells import human_says_yes, left_in
from evals.faults.stage import Stage, later, on_disk
from evals.faults.verdicts import Cell, Left, grade
from policy.crash_points import CrashPoint, Reach
from sandbox.server import create_app
from sandbox.world import World

SIGKILL: Final = "sigkill"


class NotKilled(RuntimeError):
    """The process did not come to the point where it should have died."""


def prepare() -> None:
    """Before torch is imported, which reads this: threads of matrix products do not come along into a child, which
    would wait for them for ever."""
    os.environ["OMP_NUM_THREADS"] = "1"


async def killed(stage: Stage, good: Left, when: str, folder: Path) -> Cell:
    """One life that is killed at `when`, then a next start in this process. Raises `NotKilled`."""
    data, stripe = on_disk(stage.folder, stage.world, folder)
    ended = await asyncio.to_thread(_in_a_child, stage, data, stripe, when)
    if not os.WIFSIGNALED(ended) or os.WTERMSIG(ended) != signal.SIGKILL:
        raise NotKilled(f"{stage.tool.name} at {when}: it ended by itself ({os.waitstatus_to_exitcode(ended)})")
    sandbox = create_app(world=World(stripe))
    later(sandbox)
    async with stage.life(sandbox, data, durable=True) as (house, model):
        await human_says_yes(stage, house)
    return grade(stage.tool, good, left_in(stage, sandbox, data, model.heard))


def _in_a_child(stage: Stage, data: Path, stripe: Path, when: str) -> int:
    """Waits for its end and returns its status. Called on a thread: there the child may have a loop of its own."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        asyncio.run(_life(stage, data, stripe, _at(CrashPoint(when))))
    finally:
        os._exit(1)


async def _life(stage: Stage, data: Path, stripe: Path, reach: Reach) -> None:
    async with stage.life(create_app(world=World(stripe)), data, reach, durable=True) as (house, _):
        await human_says_yes(stage, house)


def _at(point: CrashPoint) -> Reach:
    def reach(reached: CrashPoint) -> None:
        if reached is point:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach
