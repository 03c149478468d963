"""Two processes on one intent: what one of them has read may be old by the time it acts on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from policy.crash_points import CrashPoint
from policy.proposals import Proposal
from policy.sending import Patience
from policy.settlement import Status
from tests.policy.house import House, charge, refund
from tests.policy.test_crashes import Killed, dies_at

SLOW = Patience(facts_seconds=5.0, effect_seconds=5.0, tries=1, pause_seconds=0.0)


async def abandoned(house: House, charge_: str, minutes: float = 2) -> Proposal:
    """Reserved by a process that died before anything left."""
    house.stripe.charges[charge_] = charge(charge_)
    proposal = house.propose(house.case(), refund(charge_))
    try:
        await house.another_gate(dies_at(CrashPoint.RESERVED)).submit(proposal)
    except Killed:
        house.clock.pass_(minutes=minutes)
        return proposal
    raise AssertionError("it lived on")


class Meeting:
    """Worker A sends an intent, and its request is on its way, while worker B believes what it read before."""

    def __init__(self, house: House, proposal: Proposal) -> None:
        self.house, self.proposal = house, proposal
        self.left, self.arrives = asyncio.Event(), asyncio.Event()
        self._perform, self._find = house.stripe.perform, house.stripe.find
        self.sending: asyncio.Task[Any] | None = None
        self.when: Callable[[Any], bool] = lambda intent: False
        house.stripe.perform = self.perform
        house.stripe.find = self.find

    async def perform(self, intent: Any) -> Any:
        if intent.action.charge == self.proposal.arguments["charge"] and not self.left.is_set():
            self.left.set()
            await self.arrives.wait()
        return await self._perform(intent)

    async def find(self, intent: Any) -> Any:
        """While B looks, A sends; then a human takes the case over."""
        if self.when(intent) and self.sending is None:
            self.sending = asyncio.create_task(self.house.another_gate(patience=SLOW).submit(self.proposal))
            await self.left.wait()
            with self.house.store.unit() as uow:
                uow.cases.take_over(self.proposal.case, "hanna")
        return await self._find(intent)

    async def ends(self) -> Status:
        """What A's sending came to."""
        self.arrives.set()
        assert self.sending is not None
        answer = await self.sending
        self.house.must_balance(all_settled=False)
        return answer.status


async def looks(house: House, meeting: Meeting) -> Status:
    """B looks while A sends, and once more afterwards; what A's sending came to."""
    await house.another_gate().reconcile()
    sent = await meeting.ends()
    await house.another_gate().reconcile()
    return sent


async def test_one_that_another_worker_has_sent_while_the_ones_before_it_were_looked_up(house: House) -> None:
    await abandoned(house, "ch_first")
    second = await abandoned(house, "ch_second")
    meeting = Meeting(house, second)
    meeting.when = lambda intent: intent.action.charge == "ch_first"
    assert await looks(house, meeting) is Status.SUCCEEDED
    house.must_balance()


async def test_one_that_another_worker_has_sent_while_it_was_looked_up(house: House) -> None:
    proposal = await abandoned(house, "ch_only")
    meeting = Meeting(house, proposal)
    looked: list[str] = []

    def the_first_look(intent: Any) -> bool:
        looked.append(intent.id)
        return len(looked) == 1

    meeting.when = the_first_look
    assert await looks(house, meeting) is Status.SUCCEEDED
    house.must_balance()
