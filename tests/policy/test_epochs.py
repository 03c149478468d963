"""A take-over at any moment: nothing more leaves for Stripe, and what has left is found out about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy.crash_points import CrashPoint
from policy.effects import Intent
from policy.settlement import Status
from tests.policy.house import House, link, refund, retry


async def test_a_stale_proposal_is_refused_whatever_made_it_stale(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        uow.cases.take_over(case, "hanna")
    for owner, epoch in (("lee", 1), ("lee", 2), ("human", 1), ("human", 3)):
        answer = await house.ask(refund(), case, owner=owner, epoch=epoch)
        assert (answer.status, answer.decision.rule) == (Status.REFUSED, "case.stale")
    with house.store.unit() as uow:
        uow.cases.hand_back(case)
    assert (await house.ask(refund(), case, epoch=1)).decision.rule == "case.stale"
    assert (await house.ask(refund(), case, epoch=3)).status is Status.SUCCEEDED


@pytest.mark.parametrize("point", list(CrashPoint))
async def test_taken_over_at_each_point(house: House, point: CrashPoint) -> None:
    proposal = house.propose(house.case(), refund())

    def reach(here: CrashPoint) -> None:
        if here is point:
            with house.store.unit() as uow:
                uow.cases.take_over(proposal.case, "hanna")

    answer = await house.another_gate(reach).submit(proposal)
    before_it_left = point in (CrashPoint.FACTS_READ, CrashPoint.RESERVED)
    if before_it_left:
        assert house.stripe.calls == []
        assert answer.status in (Status.REFUSED, Status.FAILED)
    else:  # it had left: told as it is
        assert answer.status is Status.SUCCEEDED
    house.must_balance()
    assert house.held("value_out:cus_me") == (0 if before_it_left else 2000)


async def test_taken_over_between_two_tries_nothing_is_sent_again(house: House) -> None:
    proposal = house.propose(house.case(), refund())
    house.stripe.faults.extend(["lost_before"])

    def taken(intent: Intent) -> None:
        raise AssertionError("a second try arrived")

    house.stripe.before_commit = taken

    def reach(here: CrashPoint) -> None:
        if here is CrashPoint.ANSWERED:
            with house.store.unit() as uow:
                uow.cases.take_over(proposal.case, "hanna")

    answer = await house.another_gate(reach).submit(proposal)
    assert answer.status is Status.PENDING
    house.must_balance(all_settled=False)
    assert await house.another_gate().reconcile() == []  # an answer may still come
    house.clock.pass_(minutes=2)
    assert len(await house.another_gate().reconcile()) == 1
    [row] = house.intents()
    assert (row.status, house.held("value_out:")) == ("failed", 0)
    house.must_balance()


async def test_taken_over_after_an_effect_was_lost_it_is_found_and_settled(house: House) -> None:
    proposal = house.propose(house.case(), retry())
    house.stripe.faults.extend(["lost_after"])
    house.stripe.find_faults.extend(["down"] * 9)
    await house.gate.submit(proposal)
    house.says_yes(proposal)
    with pytest.raises(RuntimeError):
        await house.another_gate(_die_when(CrashPoint.ANSWERED)).submit(proposal)
    with house.store.unit() as uow:
        uow.cases.take_over(proposal.case, "hanna")
    house.stripe.find_faults.clear()
    assert len(await house.another_gate().reconcile()) == 1
    assert len(house.stripe.calls) == 1
    house.must_balance()


async def test_handed_back_is_not_as_before(house: House) -> None:
    proposal = house.propose(house.case(), refund())
    with pytest.raises(RuntimeError):
        await house.another_gate(_die_when(CrashPoint.RESERVED)).submit(proposal)
    with house.store.unit() as uow:
        uow.cases.take_over(proposal.case, "hanna")
        uow.cases.hand_back(proposal.case)
    assert len(await house.another_gate().reconcile()) == 1
    assert house.stripe.calls == []
    again = await house.gate.submit(replace(proposal, epoch=3))
    assert (again.status, again.failure) == (Status.FAILED, "case_taken_over")
    house.must_balance()


def _die_when(point: CrashPoint):
    def reach(here: CrashPoint) -> None:
        if here is point:
            raise RuntimeError("killed")

    return reach


async def test_a_link_that_cannot_be_told_again_now_was_made_all_the_same(house: House) -> None:
    proposal = house.propose(house.case(), link())
    made = await house.gate.submit(proposal)
    assert made.receipt is not None
    house.stripe.faults.append("lost_before")
    again = await house.gate.submit(proposal)
    assert again.status is Status.SUCCEEDED
    assert again.receipt is not None
    assert (again.receipt.stripe_id, again.receipt.secret) == (made.receipt.stripe_id, None)


async def test_after_a_take_over_no_link_is_made_again(house: House) -> None:
    proposal = house.propose(house.case(), link())
    made = await house.gate.submit(proposal)
    assert made.receipt is not None
    assert made.receipt.secret
    with house.store.unit() as uow:
        uow.cases.take_over(proposal.case, "hanna")
    calls = len(house.stripe.calls)
    again = await house.gate.submit(proposal)
    assert again.status is Status.SUCCEEDED
    assert again.receipt is not None
    assert again.receipt.secret is None
    assert len(house.stripe.calls) == calls
