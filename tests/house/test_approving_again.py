"""A human approves, and the answer is lost or the process dies: approving again finds out, and never acts twice."""

from __future__ import annotations

from typing import Any

import pytest

from app import inbox
from sandbox.faults import Fault
from store.errors import Conflict
from tests.house.conftest import ask

OVER_THE_CAP = "I want my $200 back for the Business plan, paid the day before yesterday"


async def waiting(copy: Any) -> str:
    result = await ask(copy, "cus_otto", OVER_THE_CAP)
    assert result["escalation"]["reason"] == "needs_approval"
    return result["case"]


def told(copy: Any, case: str) -> list[str]:
    with copy.house.store.look() as uow:
        return [row.body for row in uow.messages.of(case) if row.author == "human:grace"]


async def test_what_was_lost_is_found_and_the_customer_told_once(acme: Any) -> None:
    async with acme() as copy:
        case = await waiting(copy)
        before = copy.world()["refund"].keys()
        copy.sandbox.faults.add(Fault("lost_after", "POST", "/refunds$", count=10))
        copy.sandbox.faults.add(Fault("lost_before", "GET", "/refunds$", skip=1, count=10))  # the facts come through
        assert (await inbox.approve(copy.house, case, "grace")).effect.status == "pending_reconciliation"
        assert told(copy, case) == []
        with pytest.raises(Conflict, match="approve again"):
            inbox.deny(copy.house.store, case, "grace", "No refund this time.")
        copy.sandbox.faults.clear()
        again = await inbox.approve(copy.house, case, "grace")
        assert again.effect.status == "succeeded"
        assert told(copy, case) == [again.told]
        with pytest.raises(Conflict):
            await inbox.approve(copy.house, case, "grace")
        assert len(copy.world()["refund"].keys() - before) == 1


async def test_what_stripe_refused_may_be_denied(acme: Any) -> None:
    async with acme() as copy:
        case = await waiting(copy)
        copy.sandbox.faults.add(Fault("key_expired", "POST", "/refunds$"))
        assert (await inbox.approve(copy.house, case, "grace")).settlement.failure == "key_rejected"
        inbox.deny(copy.house.store, case, "grace", "We send it by bank transfer.")
        assert told(copy, case) == ["We send it by bank transfer."]
