"""Beside other workers, and after Stripe has taken a refund back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from policy.gate import Gate
from policy.settlement import Settlement, Status
from store.ledger import IntentRow
from store.unit_of_work import UnitOfWork
from tests.policy.house import ME, QUICK, House, intent_of, nobody, refund, retry


async def lost(house: House) -> Settlement:
    """Three answers are lost, and Stripe does not say what became of it."""
    house.stripe.faults.extend(["lost_before"] * 3)
    house.stripe.find_faults.extend(["down"] * 2)
    made = await house.ask(refund())
    assert made.status is Status.PENDING
    house.stripe.find_faults.clear()
    return made


async def test_what_another_process_may_be_sending_is_left_to_it(house: House) -> None:
    made = await lost(house)
    assert await house.another_gate().reconcile(beside=True) == []
    house.clock.now += QUICK.quiet * 2
    assert await house.another_gate().reconcile(beside=True) == [intent_of(made).id]
    house.must_balance()


async def test_an_intent_that_never_left_is_left_alone_as_long(house: House) -> None:
    made = await lost(house)
    with house.store.unit() as uow:
        uow.connection.exec_driver_sql("UPDATE intents SET status = 'reserved', sent_at = NULL")
    assert await house.another_gate().reconcile(beside=True) == []
    assert await house.another_gate().reconcile() == [intent_of(made).id]


@pytest.mark.parametrize(("seconds", "left_alone"), [(0, True), (1, False)])
async def test_it_is_left_alone_from_when_it_last_left(house: House, seconds: int, *, left_alone: bool) -> None:
    made = await lost(house)
    with house.store.look() as uow:
        row = uow.ledger.get(intent_of(made).id)
    assert row.sent_at is not None
    assert row.sent_at > row.created_at
    now = row.sent_at + QUICK.quiet + timedelta(seconds=seconds)
    other = Gate(house.stripe, house.store, house.limits, lambda: now, patience=QUICK)
    assert await other.reconcile(beside=True) == ([] if left_alone else [row.id])


async def test_two_rounds_at_once_in_one_process_settle_it_once(house: House) -> None:
    made = await lost(house)
    first, second = await asyncio.gather(house.gate.reconcile(), house.gate.reconcile())
    assert [*first, *second] == [intent_of(made).id]
    assert [kind for kind, _ in house.log(made.proposal.case)].count("effect.settled") == 2  # unknown, then done
    house.must_balance()


async def returned(house: House) -> Settlement:
    made = await house.ask(refund())
    assert made.intent is not None
    house.stripe.bank_returns(made.intent.id)
    return made


async def test_a_returned_refund_gives_back_its_budgets_once(house: House) -> None:
    made = await returned(house)
    held = house.held(f"value_out:{ME}")
    assert held == 2000
    assert await house.gate.look_back(nobody) == [intent_of(made).id]
    assert house.held("") == 0
    assert await house.gate.look_back(nobody) == []
    assert house.held("") == 0
    told = await house.gate.submit(made.proposal)
    assert (told.status, told.failure) == (Status.FAILED, "refund_failed:lost_or_stolen_card")
    house.must_balance()
    (entry,) = [payload for kind, payload in house.log(made.proposal.case) if kind == "effect.taken_back"]
    assert entry["failure"] == "refund_failed:lost_or_stolen_card"


async def test_a_refund_that_stands_is_not_taken_back(house: House) -> None:
    await house.ask(refund())
    assert await house.gate.look_back(nobody) == []
    assert house.held(f"value_out:{ME}") == 2000
    assert {row.status for row in house.intents()} == {"succeeded"}


async def test_two_who_look_back_at_once_take_it_back_once(house: House) -> None:
    made = await returned(house)
    here, there = await asyncio.gather(house.gate.look_back(nobody), house.another_gate().look_back(nobody))
    assert [*here, *there] == [intent_of(made).id]
    assert [kind for kind, _ in house.log(made.proposal.case)].count("effect.taken_back") == 1
    house.must_balance()


async def test_after_it_the_same_charge_may_be_refunded_again(house: House) -> None:
    made = await returned(house)
    again = refund()
    assert (await house.ask(again, made.proposal.case)).status is Status.REFUSED  # the ledger still has it as done
    await house.gate.look_back(nobody)
    answer = await house.ask(again, made.proposal.case)
    assert answer.status is Status.SUCCEEDED
    assert intent_of(answer).idempotency_key != intent_of(made).idempotency_key
    house.must_balance()


async def test_what_stands_stays_and_what_is_not_told_is_asked_again(house: House) -> None:
    made = await returned(house)
    await house.consented(house.propose(house.case(), retry()))
    house.stripe.find_faults.append("down")
    assert await house.gate.look_back(nobody) == []
    assert house.held(f"value_out:{ME}") == 2000
    assert await house.gate.look_back(nobody) == [intent_of(made).id]
    assert {row.status for row in house.intents() if row.tool == "retry_payment"} == {"succeeded"}


@pytest.mark.parametrize(("hours", "found"), [(31 * 24 - 1, 1), (31 * 24 + 1, 0)])
async def test_after_a_month_nobody_asks_any_more(house: House, hours: float, found: int) -> None:
    await returned(house)
    house.clock.pass_(hours=hours)
    assert len(await house.gate.look_back(nobody)) == found


async def test_a_refund_is_taken_back_only_together_with_telling_people(house: House) -> None:
    made = await returned(house)

    def dies(uow: UnitOfWork, row: IntentRow) -> None:
        assert row.status == "failed"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await house.gate.look_back(dies)
    assert house.held(f"value_out:{ME}") == 2000
    told: list[str] = []
    returns = await house.another_gate().look_back(lambda _, row: told.append(row.id))
    assert returns == told == [intent_of(made).id]
    house.must_balance()
