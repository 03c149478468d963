"""How long a key is good for, when a request is surely over, and the pauses between tries: to the second."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from policy.crash_points import pass_by
from policy.effects import Intent
from policy.sending import Patience, Sending, Sent
from policy.settlement import Status
from tests.policy.house import House, intent_of, refund

PATIENCE = Patience(effect_seconds=45, tries=3, pause_seconds=0.25)
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


async def resumed(house: House, intent: Intent, now: datetime) -> Sent:
    sending = Sending(house.stripe, house.store, pass_by, PATIENCE)
    return await sending.resume(intent, "lee:later", now, 1, last_left(house, intent))


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
