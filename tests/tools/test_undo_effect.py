"""Taking a planned change back, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from policy.actions import UndoScheduledChange
from policy.effects import EffectRefused, EffectUnknown, Intent
from policy.facts import ScheduledChangeCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.schedules import phase, put_under
from tests.tools.shop import Shop, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]
Advance = Callable[..., None]


def wanted(customer: str, subscription: str, schedule: str, now: Now) -> Intent:
    made = intent(UndoScheduledChange(subscription=subscription), customer, now())
    return replace(made, operation_key=f"undo_scheduled_change:{subscription}:{schedule}:1")


async def test_facts_hold_the_plan_of_its_owner_only(effects: StripeEffects, shop: Shop) -> None:
    toby, mona = shop.customer(), shop.customer()
    subscription = shop.subscribe(toby, shop.team)
    made = put_under(shop, subscription, phase(shop.starter))
    action = UndoScheduledChange(subscription=subscription.id)
    mine = await effects.facts(action, principal(toby))
    assert isinstance(mine, ScheduledChangeCase)
    assert mine.subscription is not None
    assert mine.subscription.scheduled_change is not None
    assert mine.subscription.scheduled_change.schedule == made.id
    others = await effects.facts(action, principal(mona))
    assert isinstance(others, ScheduledChangeCase)
    assert others.subscription is None


async def test_the_present_plan_goes_on_and_nothing_is_charged(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance
) -> None:
    toby = shop.customer()
    subscription = shop.subscribe(toby, shop.team)
    schedule = put_under(shop, subscription, phase(shop.starter))
    ours = wanted(toby, subscription.id, schedule.id, now)
    assert await effects.find(ours) is None
    receipt = await effects.perform(ours)
    assert (receipt.stripe_id, receipt.status, receipt.amount) == (subscription.id, "active", None)
    assert receipt.details == {"plan": "Team", "renews_on": "2026-12-02", "renews_at": "$60.00 a month"}
    assert await effects.find(ours) == receipt
    gone = shop.v1.subscription_schedules.retrieve(schedule.id)
    assert (gone.status, gone.released_subscription) == ("released", subscription.id)
    assert len(shop.invoices(toby)) == 1
    advance(days=31)
    after = shop.v1.subscriptions.retrieve(subscription.id)
    assert (after["items"].data[0].price.id, after.schedule) == (shop.team.id, None)
    assert shop.invoices(toby)[0].total == 6000


async def test_another_schedule_by_now_is_left_alone(effects: StripeEffects, shop: Shop, now: Now) -> None:
    toby = shop.customer()
    subscription = shop.subscribe(toby, shop.team)
    first = put_under(shop, subscription, phase(shop.starter))
    ours = wanted(toby, subscription.id, first.id, now)
    shop.v1.subscription_schedules.release(first.id)
    with pytest.raises(EffectRefused) as refused:
        await effects.perform(ours)
    assert refused.value.code == "schedule_changed"
    second = put_under(shop, subscription, phase(shop.business))
    with pytest.raises(EffectRefused):
        await effects.perform(ours)
    assert shop.v1.subscription_schedules.retrieve(second.id).status == "active"
    assert await effects.find(ours) is None, "a colleague's release is not this one"


@pytest.mark.parametrize("request_", ["label", "release"])
@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("lost_after", True), ("error_after", True)])
async def test_after_a_missing_answer_the_release_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox, request_: str, fault: str, made: bool
) -> None:
    toby = shop.customer()
    subscription = shop.subscribe(toby, shop.team)
    schedule = put_under(shop, subscription, phase(shop.starter))
    ours = wanted(toby, subscription.id, schedule.id, now)
    path = f"/v1/subscription_schedules/{schedule.id}"
    app.faults.add(Fault(fault, "POST", path if request_ == "label" else f"{path}/release"))
    with pytest.raises(EffectUnknown):
        await effects.perform(ours)
    there = made and request_ == "release"
    assert (await effects.find(ours) is not None) is there
    if not there:
        assert (await effects.perform(ours)).details["plan"] == "Team"
        assert await effects.find(ours) is not None
