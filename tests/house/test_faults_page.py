"""docs/faults.md is what the code does: a row for every tool and fault, and a sample of its cells played again."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.faults.cells import ONCE, cell, reference
from evals.faults.matrix import faults, when
from evals.faults.page import PAGE, page, read
from evals.faults.situations import SITUATIONS, NoSituation, actions, reads, situation_of
from evals.faults.stage import set_up
from evals.faults.verdicts import WRONG
from evals.harness import Bench
from sandbox.faults import KINDS
from tools.catalogue import REGISTRY
from tools.refund_effect import RefundEffect
from tools.registry import Tool

TOOLS = list(REGISTRY)
CELLS = read(PAGE.read_text(encoding="utf-8"))
PLAYED = [*actions()[::2], *reads()[::5]]  # each takes more than half a second: `make prove` plays every one


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_has_a_situation(tool: Tool) -> None:
    assert situation_of(tool).says


def test_a_tool_without_a_situation_is_named() -> None:
    assert set(SITUATIONS) == {tool.name for tool in TOOLS}
    with pytest.raises(NoSituation, match="a_new_tool has no situation in evals/faults/situations"):
        situation_of(replace(TOOLS[0], name="a_new_tool"))


def test_the_page_has_every_cell_and_nothing_else() -> None:
    wanted = {tool.name: {fault: set(when(tool, fault)) for fault in faults(tool)} for tool in TOOLS}
    shown = {tool: {fault: set(row) for fault, row in rows.items()} for tool, rows in CELLS.items()}
    assert shown == wanted, "run python -m evals.faults --only TOOL … for what is new"
    assert page(CELLS) == PAGE.read_text(encoding="utf-8"), "run make faults"
    assert [cell for rows in CELLS.values() for row in rows.values() for cell in row.values() if WRONG in cell] == []


def sample(tool: Tool) -> tuple[str, str]:
    """A fault and a time for each tool: another one for each, the same in every run."""
    place = TOOLS.index(tool)
    fault = KINDS[place % len(KINDS)]
    columns = when(tool, fault)
    return fault, columns[place % len(columns)]


@pytest.mark.parametrize("tool", PLAYED, ids=lambda tool: tool.name)
async def test_a_cell_is_as_the_page_says(bench: Bench, tmp_path: Path, tool: Tool) -> None:
    fault, at = sample(tool)
    stage = await set_up(bench, tool, tmp_path / "stage")
    good = await reference(stage, tmp_path / "good")
    played = await cell(stage, good, fault, at, tmp_path / "cell")
    stage.world.close()
    assert played.wrong == ()
    assert str(played) == CELLS[tool.name][fault][at], f"{fault}, {at}: run python -m evals.faults --only {tool.name}"


async def test_two_effects_would_be_seen(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refund with a fresh key at each try, as an agent without a ledger would send it."""
    stage = await set_up(bench, REGISTRY.get("refund"), tmp_path / "stage")
    good = await reference(stage, tmp_path / "good")
    perform = RefundEffect.perform

    async def forgetful(self: RefundEffect, intent: Any, reads: Any) -> Any:
        half = replace(intent, value=replace(intent.value, amount=500), idempotency_key=secrets.token_hex())
        return await perform(self, replace(half, action=half.action.model_copy(update={"amount": 500})), reads)

    async def blind(*_: Any) -> None:
        return None

    monkeypatch.setattr(RefundEffect, "perform", forgetful)
    monkeypatch.setattr(RefundEffect, "find", blind)
    played = await cell(stage, good, "lost_after", ONCE, tmp_path / "cell")
    stage.world.close()
    assert played.effects is None
    assert any("something else" in why for why in played.wrong)
