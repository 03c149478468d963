"""How long a key is good for, when a request is surely over, and the pauses between tries: to the second."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import cast

import pytest

from policy.crash_points import pass_by
from policy.effects import EffectUnknown, Intent, Receipt
from policy.sending import Patience, Sending, Sent
from policy.settlement import Status
from tests.policy.house import House, charge, intent_of, refund

PATIENCE = Patience(effect_seconds=45, tries=3, pause_seconds=0.25)
PATIENT = Patience(facts_seconds=9, effect_seconds=9, tries=1, pause_seconds=0)
A_DAY_LESS_AN_HOUR = timedelta(hours=23)


async def unanswered(house: House) -> Intent:
    """An intent that left and was lost before Stripe had it."""
    house.stripe.faults.extend(["lost_before"] * 3)
    answer = await house.ask(refund())
    assert answer.status is Status.PENDING
    return intent_of(answer)


def last_left(house: House, intent: Intent) -> datetime:
    with house.store.look() as uow:
        sent_at = uow.ledger.get(intent.id).sent_at
    assert sent_at is not None
    return sent_at


async def resumed(house: House, intent: Intent, now: datetime, left: datetime | None = None) -> Sent:
    sending = Sending(house.stripe, house.store, pass_by, PATIENCE)
    return await sending.resume(intent, "lee:later", now, 1, left or last_left(house, intent))


@pytest.mark.parametrize(("early", "status"), [(1, Status.SUCCEEDED), (0, Status.FAILED)])
async def test_a_key_is_used_for_less_than_23_hours(house: House, early: int, status: Status) -> None:
    intent = await unanswered(house)
    now = intent.created + A_DAY_LESS_AN_HOUR - timedelta(seconds=early)
    sent = await resumed(house, intent, now)
    assert sent.status is status
    assert len(house.stripe.made) == early
    house.must_balance()


@pytest.mark.parametrize(("more", "status"), [(0, Status.PENDING), (1, Status.FAILED)])
async def test_a_request_is_over_after_twice_the_time_it_may_take(house: House, more: int, status: Status) -> None:
    """Only then does "not found" mean that it did not happen, where it may not be sent again."""
    intent = await unanswered(house)
    house.change_hands(intent.case, "human")
    sent = await resumed(house, intent, last_left(house, intent) + timedelta(seconds=90 + more))
    assert sent.status is status
    assert house.stripe.made == []


async def test_it_pauses_before_each_further_try_and_twice_as_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.extend([seconds] if seconds else [])  # the twin lets others run by sleeping for no time

    intent = await unanswered(house)
    house.stripe.faults.extend(["lost_before"] * 3)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert (await resumed(house, intent, intent.created)).status is Status.PENDING
    assert paused == [0.25, 0.5]


async def test_what_was_found_is_settled_whenever_it_left(house: House) -> None:
    house.stripe.faults.append("lost_after")
    made = await house.another_gate(patience=PATIENT).submit(house.propose(house.case(), refund()))
    assert made.status is Status.PENDING
    intent = intent_of(made)
    assert last_left(house, intent) != intent.created
    sent = await resumed(house, intent, intent.created, left=intent.created)
    assert sent.status is Status.SUCCEEDED
    assert sent.receipt is not None
    kind, told = house.log(intent.case)[-1]
    assert (kind, told["status"], told["failure"]) == ("effect.settled", "succeeded", None)
    assert cast("dict[str, object]", told["receipt"])["stripe_id"] == sent.receipt.stripe_id


async def test_an_outcome_that_is_there_wins(house: House) -> None:
    done = await house.ask(refund())
    again = await resumed(house, intent_of(done), house.clock())
    assert (again.status, again.receipt, again.failure) == (Status.SUCCEEDED, done.receipt, None)
    house.stripe.charges["ch_odd"] = charge("ch_odd", 700)
    house.stripe.before_commit = lambda _: house.stripe.charges.update(ch_odd=charge("ch_odd", 700, disputed=True))
    refused = await house.ask(refund("ch_odd"))
    assert refused.status is Status.FAILED
    kind, told = house.log(intent_of(refused).case)[-1]
    assert (kind, told["receipt"], told["failure"]) == ("effect.settled", None, "charge_disputed")
    house.stripe.charges["ch_odd"] = charge("ch_odd", 700)
    later = await resumed(house, intent_of(refused), house.clock())
    assert (later.status, later.receipt, later.failure) == (Status.FAILED, None, "charge_disputed")
    house.must_balance()


async def test_what_is_under_way_here_is_neither_sent_nor_looked_up_beside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second click and the reconciler of the same process wait for the one who has begun."""
    begun, go = asyncio.Event(), asyncio.Event()
    perform = house.stripe.perform

    async def slowly(intent: Intent) -> Receipt:
        begun.set()
        await go.wait()
        return await perform(intent)

    monkeypatch.setattr(house.stripe, "perform", slowly)
    gate = house.another_gate(patience=PATIENT)
    asked = house.propose(house.case(), refund())
    first = asyncio.create_task(gate.submit(asked))
    await begun.wait()
    again = await gate.submit(asked)
    assert (again.proposal, again.status, again.decision.rule) == (asked, Status.PENDING, "refund.within_limits")
    assert await gate.reconcile() == []
    assert house.stripe.made == []
    go.set()
    assert (await first).status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1
    house.must_balance()


async def test_nor_what_a_second_click_looks_up_and_a_third_one_may_once_it_has_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.another_gate(patience=PATIENT)
    asked = house.propose(house.case(), refund())
    house.stripe.faults.append("lost_before")
    assert (await gate.submit(asked)).status is Status.PENDING
    begun, go = asyncio.Event(), asyncio.Event()
    looked = 0

    async def slowly(intent: Intent) -> Receipt | None:
        nonlocal looked
        looked += 1
        begun.set()
        await go.wait()
        raise EffectUnknown("find", "Stripe is away")

    monkeypatch.setattr(house.stripe, "find", slowly)
    second = asyncio.create_task(gate.submit(asked))
    await begun.wait()
    assert (await gate.submit(asked)).status is Status.PENDING
    assert await gate.reconcile() == []
    go.set()
    assert (await second).status is Status.PENDING
    assert looked == 1
    monkeypatch.undo()
    assert (await gate.submit(asked)).status is Status.SUCCEEDED
    house.must_balance()
