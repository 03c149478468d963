"""The process dies at each named point and a new one starts on the same database: one effect, told as it is."""

from __future__ import annotations

import asyncio

import pytest

from policy.actions import Action
from policy.crash_points import CrashPoint, Reach
from policy.proposals import Proposal
from policy.settlement import Status
from tests.policy.house import EFFECTS, House, charge, checkout, credit, link, refund, retry


class Killed(BaseException):
    """Not an Exception: nothing in the gate may catch it, as nothing catches SIGKILL."""


def dies_at(point: CrashPoint, visit: int = 1) -> Reach:
    visits = iter(range(1, 100))

    def reach(here: CrashPoint) -> None:
        if here is point and next(visits) == visit:
            raise Killed

    return reach


async def ready(house: House, action: Action) -> Proposal:
    """A proposal whose consent is there."""
    proposal = house.propose(house.case(), action)
    if not isinstance(action, type(refund()) | type(credit()) | type(checkout()) | type(link())):
        assert (await house.gate.submit(proposal)).status is Status.WAITING
        house.says_yes(proposal)
    return proposal


@pytest.mark.parametrize("action", [*EFFECTS, link()])
@pytest.mark.parametrize("point", list(CrashPoint))
@pytest.mark.parametrize("then", ["submit", "reconcile"])
async def test_death_then_a_new_life(house: House, action: Action, point: CrashPoint, then: str) -> None:
    proposal = await ready(house, action)
    with pytest.raises(Killed):
        await house.another_gate(dies_at(point)).submit(proposal)
    house.must_balance(all_settled=False)

    reborn = house.another_gate()
    if then == "reconcile":
        settled = await reborn.reconcile()
        assert len(settled) == (0 if point in (CrashPoint.FACTS_READ, CrashPoint.SETTLED) else 1)
    answer = await reborn.submit(proposal)
    assert answer.status is Status.SUCCEEDED
    assert len(house.stripe.made) + house.stripe.links == 1
    assert len({key for _, key in house.stripe.calls}) == 1
    assert {row.status for row in house.intents()} == {"succeeded"}
    house.must_balance()


@pytest.mark.database("sqlite", "postgresql")
@pytest.mark.parametrize("first", list(CrashPoint)[1:])
@pytest.mark.parametrize("second", [CrashPoint.SENDING, CrashPoint.ANSWERED, CrashPoint.SETTLED])
async def test_death_during_recovery_too(house: House, first: CrashPoint, second: CrashPoint) -> None:
    proposal = await ready(house, refund())
    with pytest.raises(Killed):
        await house.another_gate(dies_at(first)).submit(proposal)
    try:
        await house.another_gate(dies_at(second)).reconcile()
    except Killed:
        house.must_balance(all_settled=False)
    await house.another_gate().reconcile()
    assert (await house.another_gate().submit(proposal)).status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1
    house.must_balance()


@pytest.mark.parametrize("point", list(CrashPoint))
@pytest.mark.parametrize("fault", ["lost_after", "lost_before", "conflict", "rate_limited"])
async def test_death_in_bad_weather(house: House, point: CrashPoint, fault: str) -> None:
    proposal = await ready(house, refund())
    house.stripe.faults.append(fault)
    with pytest.raises(Killed):
        await house.another_gate(dies_at(point)).submit(proposal)
    house.stripe.faults.clear()
    await house.another_gate().reconcile()
    assert (await house.another_gate().submit(proposal)).status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1
    house.must_balance()


@pytest.mark.parametrize("point", list(CrashPoint)[1:])
async def test_a_declined_charge_is_declined_once_whenever_it_dies(house: House, point: CrashPoint) -> None:
    house.stripe.declines["pm_one"] = "insufficient_funds"
    proposal = await ready(house, retry())
    with pytest.raises(Killed):
        await house.another_gate(dies_at(point)).submit(proposal)
    await house.another_gate().reconcile()
    answer = await house.another_gate().submit(proposal)
    assert (answer.status, answer.failure) == (Status.FAILED, "card_declined:insufficient_funds")
    assert house.stripe.invoices["in_one"].attempt_count == 2  # one before, one of ours
    assert house.held("retries:") == 1
    house.must_balance()


@pytest.mark.database("sqlite", "postgresql")
async def test_death_with_an_approval_uses_it_once(house: House) -> None:
    house.stripe.charges["ch_big"] = charge("ch_big", 20_000)
    proposal = house.propose(house.case(), refund("ch_big"))
    await house.gate.submit(proposal)
    house.approves(proposal)
    with pytest.raises(Killed):
        await house.another_gate(dies_at(CrashPoint.RESERVED)).submit(proposal)
    await house.another_gate().reconcile()
    assert (await house.gate.submit(proposal)).status is Status.SUCCEEDED
    assert house.stripe.refunded("ch_big") == 20_000
    house.must_balance()


async def test_a_cancelled_task_leaves_an_intent_that_is_found_again(house: House) -> None:
    house.stripe.faults.append("slow_after")
    proposal = await ready(house, refund())
    task = asyncio.create_task(house.gate.submit(proposal))
    while not house.stripe.made:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    house.must_balance(all_settled=False)
    assert (await house.gate.submit(proposal)).status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1
    house.must_balance()


@pytest.mark.database("sqlite", "postgresql")
async def test_two_processes_that_recover_at_once_make_one_effect(house: House) -> None:
    proposal = await ready(house, refund())
    with pytest.raises(Killed):
        await house.another_gate(dies_at(CrashPoint.RESERVED)).submit(proposal)
    gates = [house.another_gate() for _ in range(8)]
    await asyncio.gather(*(gate.reconcile() for gate in gates), *(gate.submit(proposal) for gate in gates))
    assert len(house.stripe.made) == 1
    house.must_balance()


async def test_every_crash_point_is_passed_in_order(house: House) -> None:
    passed: list[CrashPoint] = []
    await house.another_gate(passed.append).submit(await ready(house, refund()))
    assert passed == list(CrashPoint)
