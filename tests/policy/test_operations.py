"""What makes two proposals one operation (money-safety.md, Operations)."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from policy.actions import Action, Refund
from policy.operations import operation_key, relied_on
from policy.proposals import Principal
from policy.reservation import Moving, reserve
from policy.settlement import Settlement, Status
from store.instants import read
from tests.policy.asked import cancel_case
from tests.policy.house import (
    LIMITS,
    House,
    cancel,
    change,
    charge,
    checkout,
    details,
    link,
    price,
    promo,
    refund,
    resume,
    retry,
    subscription,
    undo,
    usd,
    vat,
)
from tests.policy.stripe_twin import noon


def keys(house: House) -> list[str]:
    return [row.operation_key for row in house.intents()]


async def test_each_tools_operation_key(house: House) -> None:
    case = house.case()
    await house.ask(refund(), case)
    await house.consented(house.propose(case, retry()))
    await house.consented(house.propose(case, change()))
    await house.consented(house.propose(case, cancel()))
    await house.consented(house.propose(case, resume()))
    await house.consented(house.propose(case, undo()))
    await house.consented(house.propose(case, promo(subscription="sub_ending")))
    await house.consented(house.propose(case, details()))
    await house.consented(house.propose(case, vat()))
    await house.ask(checkout(), case)
    await house.ask(link(), case, id_="prop_link")
    period = int(house.stripe.subscriptions["sub_one"].items[0].current_period_start.timestamp())
    assert keys(house) == [
        f"refund:ch_one:{case}:1",
        "retry_payment:in_one:1",
        f"change_plan:sub_one:price_team:{period}:1",
        f"cancel_subscription:sub_one:period_end:{period}:1",
        f"resume_subscription:sub_ending:{period}:1",
        "undo_scheduled_change:sub_planned:sub_sched_me:1",
        "apply_promotion_code:sub_ending:promo_WELCOME20:1",
        "update_billing_details:cus_me:1",
        "set_tax_id:cus_me:1",
        "new_checkout_link:cs_one:1",
        "card_update_link:prop_link",
    ]
    house.must_balance()


def test_a_charge_is_relied_on_only_by_a_duplicates_refund() -> None:
    assert relied_on(refund("ch_one", twin="ch_two")) == "ch_two"
    idle = Refund(charge="ch_one", amount=None, grounds="requested_by_customer", duplicate_of="ch_two")
    assert relied_on(idle) is None


def test_a_subscription_without_items_has_a_key_of_its_own(house: House) -> None:
    facts = cancel_case(subscription=subscription(items=()))
    asked = house.propose(house.case(), cancel())
    assert operation_key(asked, facts, 1) == "cancel_subscription:sub_one:period_end:0:1"


@pytest.mark.parametrize(("seconds", "moved"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize("settled", ["ch_one", "ch_two"])
async def test_facts_from_before_anything_settled_on_a_target_or_its_twin_are_stale(
    house: House, settled: str, seconds: int, *, moved: bool
) -> None:
    """What settles in the very moment of the reading may or may not be in it."""
    house.stripe.charges["ch_two"] = charge("ch_two")
    house.clock.pass_(seconds=60)
    assert (await house.ask(refund(settled, 500))).status is Status.SUCCEEDED
    [row] = house.intents()
    asked = house.propose(house.case(), refund("ch_one", twin="ch_two"))
    facts = await house.stripe.facts(asked.action, asked.principal)
    read_at = read(row.settled_at) + timedelta(seconds=seconds)
    with pytest.raises(Moving) if moved else nullcontext():
        reserve(house.store, asked, facts, read_at, LIMITS, "hash", house.clock())


async def test_ten_clicks_on_one_retry_are_one_charge(house: House) -> None:
    case = house.case()
    clicks = [house.propose(case, retry()) for _ in range(10)]
    for each in clicks:
        await house.gate.submit(each)
    for each in clicks:
        house.says_yes(each)  # even with ten yeses
    answers = await asyncio.gather(*(house.gate.submit(each) for each in clicks))
    assert [each.status for each in answers].count(Status.SUCCEEDED) == 1
    assert len(house.stripe.of("retry_payment")) == 1
    house.must_balance()


async def test_ten_clicks_while_the_first_is_unanswered_are_one_charge(house: House) -> None:
    case = house.case()
    first = house.propose(case, retry())
    house.stripe.faults.extend(["lost_before"] * 3)
    assert (await house.consented(first)).status is Status.PENDING
    for _ in range(9):
        answer = await house.ask(retry(), case)
        assert (answer.status, answer.decision.rule) == (Status.REFUSED, "ledger.in_flight")
    await house.gate.reconcile()
    assert len(house.stripe.of("retry_payment")) == 1
    house.must_balance()


async def test_an_attempt_number_rises_only_with_a_settled_decline(house: House) -> None:
    house.stripe.declines["pm_one"] = "insufficient_funds"
    case = house.case()
    for _ in range(3):
        assert (await house.consented(house.propose(case, retry()))).status is Status.FAILED
    assert keys(house) == [f"retry_payment:in_one:{n}" for n in (1, 2, 3)]
    # A declined try was a try: the day's count is not given back.
    fourth = await house.consented(house.propose(case, retry()))
    assert (fourth.status, fourth.decision.rule) == (Status.WAITING, "retry.count")
    assert len(house.stripe.calls) == 3
    house.must_balance()
    house.clock.pass_(days=1)
    house.stripe.declines.clear()
    assert (await house.consented(house.propose(case, retry()))).status is Status.SUCCEEDED


async def test_a_second_refund_of_a_charge_in_one_case_is_for_a_human(house: House) -> None:
    case = house.case()
    assert (await house.ask(refund(amount=500), case)).status is Status.SUCCEEDED
    second = await house.ask(refund(amount=500), case)
    assert (second.status, second.decision.rule) == (Status.WAITING, "refund.second_in_case")
    house.approves(second.proposal)
    assert (await house.gate.submit(second.proposal)).status is Status.SUCCEEDED
    assert keys(house) == [f"refund:ch_one:{case}:{n}" for n in (1, 2)]
    assert house.stripe.refunded("ch_one") == 1000


async def test_a_refund_that_failed_may_be_asked_for_again(house: House) -> None:
    case = house.case()
    house.stripe.faults.extend(["rate_limited"] * 3)
    assert (await house.ask(refund(), case)).failure == "rate_limited"
    house.must_balance()
    assert house.held("value_out:") == 0
    assert (await house.ask(refund(), case)).status is Status.SUCCEEDED
    house.must_balance()


async def test_equal_amounts_are_different_operations(house: House) -> None:
    house.stripe.charges["ch_two"] = charge("ch_two")
    case = house.case()
    answers = await asyncio.gather(house.ask(refund(), case), house.ask(refund("ch_two"), case))
    assert [each.status for each in answers] == [Status.SUCCEEDED] * 2
    assert len(set(keys(house))) == 2


@pytest.mark.parametrize("together", [True, False])
async def test_of_two_twins_one_stays(house: House, together: bool) -> None:
    at = noon(18)
    house.stripe.charges |= {id_: charge(id_, order="A-1", created=at) for id_ in ("ch_one", "ch_two")}
    one, other = refund(twin="ch_two"), refund("ch_two", twin="ch_one")
    if together:
        answers = await asyncio.gather(house.ask(one), house.ask(other))
    else:
        answers = [await house.ask(one), await house.ask(other)]
    assert sorted(each.status for each in answers) == [Status.REFUSED, Status.SUCCEEDED]
    assert len(house.stripe.made) == 1


async def test_of_two_twins_one_stays_even_when_stripe_lags_behind_its_own_refund(house: House) -> None:
    at = noon(18)
    house.stripe.charges |= {id_: charge(id_, order="A-1", created=at) for id_ in ("ch_one", "ch_two")}
    assert (await house.ask(refund(twin="ch_two"))).status is Status.SUCCEEDED
    house.stripe.charges["ch_one"] = charge(order="A-1", created=at)  # as if unrefunded
    answer = await house.ask(refund("ch_two", twin="ch_one"))
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "refund.not_duplicate")


async def test_there_and_back_and_there_again_are_three_changes(house: House) -> None:
    case = house.case()
    house.stripe.prices["price_starter"] = price("price_starter", 2000)
    house.stripe.due[("sub_one", "price_starter")] = usd(-100)
    for due, to in ((4000, "price_team"), (-100, "price_starter"), (4000, "price_team")):
        assert (await house.consented(house.propose(case, change(due, to)))).status is Status.SUCCEEDED
    assert [key.rsplit(":", 1)[1] for key in keys(house)] == ["1", "2", "3"]
    house.must_balance()


async def test_a_change_and_a_cancellation_of_one_subscription_do_not_cross(house: House) -> None:
    case = house.case()
    proposals = [house.propose(case, action) for action in (change(), cancel(), cancel("now"))]
    for each in proposals:
        await house.gate.submit(each)
        house.says_yes(each)
    answers = await asyncio.gather(*(house.gate.submit(each) for each in proposals))
    assert [each.status for each in answers].count(Status.SUCCEEDED) == 1
    assert len(house.stripe.made) == 1
    house.must_balance()


async def test_facts_older_than_a_settlement_are_read_again(house: House) -> None:
    """While one proposal reads facts another settles on the same charge: what was read is stale."""
    stale = house.stripe.charges["ch_one"]
    raced: list[Settlement] = []
    original = house.stripe.facts

    async def facts(action: Action, principal: Principal) -> Any:
        told = await original(action, principal)
        if not raced:
            house.stripe.facts = original
            raced.append(await house.ask(refund(amount=1500)))
            return replace(told, charge=stale)
        return told

    house.stripe.facts = facts
    answer = await house.ask(refund(amount=1500))
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "refund.more_than_left")
    assert house.stripe.refunded("ch_one") == 1500
    assert [each.status for each in raced] == [Status.SUCCEEDED]


async def test_a_charge_is_not_tried_on_facts_from_before_another_try_was_settled(house: House) -> None:
    case = house.case()
    first, second = house.propose(case, retry()), house.propose(case, retry())
    for each in (first, second):
        await house.gate.submit(each)
    for each in (first, second):
        house.says_yes(each)
    original, looks = house.stripe.facts, 0

    async def facts(action: Action, principal: Principal) -> Any:
        nonlocal looks
        looks += 1
        told = await original(action, principal)
        if looks == 1:
            assert (await house.gate.submit(first)).status is Status.SUCCEEDED
        return told

    house.stripe.facts = facts
    answer = await house.gate.submit(second)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "retry.not_open")
    assert len(house.stripe.calls) == 1
    assert looks == 3  # the stale look, the other proposal's, and the fresh one
