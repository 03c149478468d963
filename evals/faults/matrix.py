"""Which cells there are, and playing them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from evals.faults.cells import DEATHS, FACTS, FAULTS, LASTING, NO_FAULT, READ_WHEN, WHEN, cell, reference
from evals.faults.killed import SIGKILL, killed
from evals.faults.situations import actions, reads
from evals.faults.stage import set_up
from evals.faults.verdicts import Cell
from evals.harness import Bench
from tools.registry import EffectClass, Tool

Wanted = tuple[Tool, str]  # a tool and a fault


@dataclass(frozen=True, slots=True)
class Row:
    tool: str
    fault: str
    cells: dict[str, Cell]


def rows() -> list[Wanted]:
    """Every tool with every fault, actions first."""
    return [(tool, fault) for tool in [*actions(), *reads()] for fault in faults(tool)]


def faults(tool: Tool) -> tuple[str, ...]:
    """The rows of a tool. A gate that is killed for real is there for actions alone."""
    return FAULTS if tool.effect is EffectClass.READ else (NO_FAULT, SIGKILL, *FAULTS[1:])


def when(tool: Tool, fault: str) -> tuple[str, ...]:
    """The columns of a row: without a fault there is nothing to fail, only the deaths."""
    if fault == SIGKILL:
        return DEATHS
    every = READ_WHEN if tool.effect is EffectClass.READ else WHEN
    return every if fault != NO_FAULT else tuple(at for at in every if at not in (FACTS, LASTING))


async def play(
    bench: Bench,
    wanted: Sequence[Wanted],
    folder: Path,
    done: Callable[[Row], None] = lambda _: None,
) -> list[Row]:
    """`wanted` in its order; `done` is called as each row ends. Raises `NoSituation`."""
    played: list[Row] = []
    for tool, group in groupby(wanted, key=lambda row: row[0]):
        stage = await set_up(bench, tool, folder / tool.name)
        good = await reference(stage, folder / f"{tool.name}-good")
        for _, fault in group:
            cells: dict[str, Cell] = {}
            for at in when(tool, fault):
                with tempfile.TemporaryDirectory(dir=folder) as name:
                    scratch = Path(name) / "cell"
                    cells[at] = await (
                        killed(stage, good, at, scratch) if fault == SIGKILL else cell(stage, good, fault, at, scratch)
                    )
            played.append(Row(tool.name, fault, cells))
            done(played[-1])
        stage.world.close()
    return played
