"""What was lost is found on a schedule; a refund that the bank returns reaches a human."""

from __future__ import annotations

import asyncio
from typing import Any

from app.reconciling import on_schedule, reconcile
from policy.sending import Patience
from sandbox.faults import Fault
from tests.house.conftest import ask

TWICE = "I was charged twice, please refund one."


def outcome(copy: Any, case: str) -> str:
    with copy.house.store.look() as uow:
        (intent,) = uow.ledger.of(case)
    return intent.status


async def test_a_lost_answer_is_found_while_the_house_is_open(acme: Any) -> None:
    patience = Patience(facts_seconds=5, effect_seconds=0.2, tries=2, pause_seconds=0.01)
    async with acme(patience=patience) as copy:
        before = copy.world()["refund"].keys()
        copy.sandbox.faults.add(Fault("lost_after", "POST", "/refunds$", count=10))
        copy.sandbox.faults.add(Fault("lost_before", "GET", "/refunds$", skip=1, count=10))
        result = await ask(copy, "cus_nina", TWICE)
        assert result["escalation"]["reason"] == "effect_unknown"
        copy.sandbox.faults.clear()
        async with on_schedule(copy.house.gate, 0.05):
            for _ in range(200):
                await asyncio.sleep(0.05)
                if outcome(copy, result["case"]) == "succeeded":
                    break
        assert outcome(copy, result["case"]) == "succeeded"
        assert len(copy.world()["refund"].keys() - before) == 1


async def test_a_refund_that_the_bank_returns_reaches_a_human(acme: Any) -> None:
    async with acme() as copy:
        result = await ask(copy, "cus_nina", TWICE)
        (effect,) = result["effects"]
        assert result["outcome"] == "resolved"
        assert await reconcile(copy.house.gate, copy.house.store, beside=True) == []
        refund = copy.sandbox.world.find("refund", effect["stripe_id"])
        copy.sandbox.world.put({**refund, "status": "failed", "failure_reason": "lost_or_stolen_card"})
        (row,) = await reconcile(copy.house.gate, copy.house.store, beside=True)
        assert (row.status, row.stripe_id) == ("failed", effect["stripe_id"])
        with copy.house.store.look() as uow:
            (waits,) = uow.escalations.of(result["case"])
            case = uow.cases.get(result["case"])
        assert (waits.reason, case.owner, case.status) == ("refund_returned", "human", "escalated")
        assert waits.packet is not None
        assert waits.packet["failure"] == "refund_failed:lost_or_stolen_card"
        assert await reconcile(copy.house.gate, copy.house.store, beside=True) == []
