"""One cell of the matrix: a tool, a fault, and when it strikes or the process dies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app import inbox
from app.records import open_records
from app.settings import load_settings
from app.wiring import House
from evals.faults.script import AFTER, BEFORE, Killed
from evals.faults.situations import EFFECT
from evals.faults.stage import Stage, copied, later
from evals.faults.verdicts import Cell, Left, grade, sound
from evals.world import difference, stray_events
from policy.crash_points import CrashPoint, Reach, pass_by
from sandbox.faults import KINDS, Fault
from sandbox.server import Sandbox
from store.errors import Conflict
from tools.registry import EffectClass

NO_FAULT: Final = "none"
FAULTS: Final = (NO_FAULT, *KINDS)
FACTS, ONCE, LASTING = "facts", "once", "lasting"
DEATHS: Final = tuple(point.value for point in CrashPoint)
WHEN: Final = (FACTS, ONCE, LASTING, *DEATHS)
READ_WHEN: Final = (ONCE, LASTING, BEFORE, AFTER)

SLOW: Final = 0.05  # seconds of a `delay`: longer ones are time-outs
ALWAYS: Final = 10_000


async def reference(stage: Stage, folder: Path) -> Left:
    """The same situation in good weather. Raises RuntimeError when the effect does not happen even there."""
    sandbox, folder = copied(stage, folder)
    async with stage.life(sandbox, folder) as (house, model):
        await human_says_yes(stage, house)
    return sound(stage.tool, left_in(stage, sandbox, folder, model.heard))


async def cell(stage: Stage, good: Left, fault: str, when: str, folder: Path) -> Cell:
    """Play it: one life with the fault, which may end in death, then a next start in good weather."""
    sandbox, folder = copied(stage, folder)
    reach = weather(sandbox, stage, fault, when)
    heard: list[str] = []
    dies = when if when in (BEFORE, AFTER) else None
    try:
        async with stage.life(sandbox, folder, reach, dies=dies) as (house, model):
            heard = model.heard
            await human_says_yes(stage, house)
    except Killed:
        if dies is None and when not in DEATHS:
            raise
    if when in (FACTS, LASTING):
        sandbox.faults.clear()
    if stage.tool.effect is not EffectClass.READ:  # whose answers may depend on the second
        later(sandbox)
    async with stage.life(sandbox, folder) as (house, model):
        await human_says_yes(stage, house)
    return grade(stage.tool, good, left_in(stage, sandbox, folder, heard + model.heard))


def weather(sandbox: Sandbox, stage: Stage, fault: str, when: str) -> Reach:
    """Queue the fault; the crash point kills."""

    def queue(method: str, path: str = "", count: int = 1) -> None:
        if fault != NO_FAULT:
            seconds = SLOW if fault == "delay" else 120.0
            sandbox.faults.add(Fault(fault, method, path, count, seconds=seconds))

    if stage.tool.effect is EffectClass.READ:
        queue("*", count=ALWAYS if when == LASTING else 1)
        return pass_by
    if when == FACTS:
        queue("*", count=ALWAYS)
        return pass_by
    if when == LASTING:
        return lambda point: queue("*", EFFECT, ALWAYS) if point is CrashPoint.SENDING else None
    queue("POST", stage.situation.effect)
    queue("DELETE")
    return pass_by if when == ONCE else dies_at(CrashPoint(when))


def dies_at(wanted: CrashPoint) -> Reach:
    def reach(point: CrashPoint) -> None:
        if point is wanted:
            raise Killed

    return reach


async def human_says_yes(stage: Stage, house: House) -> None:
    """What waits for a human is approved, again if the last time ended without an outcome; a person would."""
    if stage.situation.consent != "human":
        return
    try:
        await inbox.approve(house, stage.case, "grace")
    except Conflict:
        return


def left_in(stage: Stage, sandbox: Sandbox, folder: Path, heard: list[str]) -> Left:
    """Closes the sandbox's world."""
    # The first word was the question to the customer, or the hand-over to the human who says yes.
    asked = 0 if stage.situation.consent == "nobody" else 1
    with open_records(load_settings(data=folder)) as store, store.look() as uow:
        told = [row.body for row in uow.messages.of(stage.case) if row.kind == "outbound"][asked:]
        human = any(row.status != "closed" for row in uow.escalations.of(stage.case))
        ledger = tuple(row.status for row in uow.ledger.of(stage.case))
    before, after = stage.differing(sandbox.world)
    sandbox.world.close()
    changes = difference(before, after)
    strange = tuple(stray_events(before, after, changes))
    return Left("\n".join(told), human, ledger, heard[-1] if heard else "", tuple(changes), strange)
