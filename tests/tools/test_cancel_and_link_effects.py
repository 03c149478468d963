"""Cancelling and card links, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from policy.actions import CancelSubscription, CardUpdateLink, ResumeSubscription
from policy.effects import EffectRefused, EffectUnknown
from policy.facts import CancelCase, LinkCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, earlier, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]
Advance = Callable[..., None]


def cancel(subscription: str, when: str = "period_end") -> CancelSubscription:
    return CancelSubscription.model_validate({"subscription": subscription, "when": when})


async def test_facts_hold_the_subscription_of_its_owner_only(effects: StripeEffects, shop: Shop) -> None:
    carl, mona = shop.customer(), shop.customer()
    subscription = shop.subscribe(carl, shop.team)
    for customer, expected in ((carl, subscription.id), (mona, None)):
        facts = await effects.facts(cancel(subscription.id), principal(customer))
        assert isinstance(facts, CancelCase)
        assert (facts.subscription.id if facts.subscription else None) == expected


async def test_at_the_periods_end_access_stays_until_then(effects: StripeEffects, shop: Shop, now: Now) -> None:
    carl = shop.customer()
    subscription = shop.subscribe(carl, shop.team)
    wanted = intent(cancel(subscription.id), carl, now())
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    assert (receipt.status, receipt.details["ends_on"], receipt.amount) == ("active", "2026-12-02", None)
    after = shop.v1.subscriptions.retrieve(subscription.id)
    assert after.cancel_at_period_end
    assert after.metadata.to_dict()["lee_intent"] == "int_1"
    assert await effects.find(wanted) == receipt


async def test_a_cancellation_withdrawn_since_is_no_effect(effects: StripeEffects, shop: Shop, now: Now) -> None:
    carl = shop.customer()
    subscription = shop.subscribe(carl, shop.team)
    wanted = intent(cancel(subscription.id), carl, now())
    await effects.perform(wanted)
    shop.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert await effects.find(wanted) is None


async def test_at_once_nothing_is_refunded_or_charged(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance
) -> None:
    carl = shop.customer()
    subscription = shop.subscribe(carl, shop.team)
    advance(days=3)
    before = len(shop.invoices(carl))
    wanted = intent(cancel(subscription.id, "now"), carl, now())
    receipt = await effects.perform(wanted)
    assert (receipt.status, receipt.details["ends_on"]) == ("canceled", "2026-11-05")
    assert len(shop.invoices(carl)) == before
    assert shop.v1.refunds.list({}).data == []
    assert await effects.find(wanted) == receipt


async def test_a_subscription_ended_before_the_intent_is_not_ours(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance
) -> None:
    carl = shop.customer()
    subscription = shop.subscribe(carl, shop.team)
    shop.v1.subscriptions.cancel(subscription.id)
    advance(days=1)
    late = intent(cancel(subscription.id, "now"), carl, now())
    assert await effects.find(late) is None
    assert await effects.find(earlier(late, days=1)) is not None


@pytest.mark.parametrize("when", ["period_end", "now"])
@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("lost_after", True)])
async def test_after_a_missing_answer_the_end_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox, when: str, fault: str, made: bool
) -> None:
    carl = shop.customer()
    subscription = shop.subscribe(carl, shop.team)
    wanted = intent(cancel(subscription.id, when), carl, now())
    app.faults.add(Fault(fault, "*", f"/v1/subscriptions/{subscription.id}"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    assert (await effects.find(wanted) is not None) is made


async def test_a_card_link_is_private_to_the_customer_and_fresh(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance
) -> None:
    ella = shop.customer()
    assert isinstance(await effects.facts(CardUpdateLink(), principal(ella)), LinkCase)
    wanted = intent(CardUpdateLink(), ella, now())
    first = await effects.perform(wanted)
    assert (first.status, first.amount) == ("created", None)
    assert first.secret is not None
    assert first.secret.startswith("http")
    assert first.stripe_id.startswith("bps_")
    assert (await effects.perform(wanted)).secret == first.secret
    assert await effects.find(wanted) is None
    advance(seconds=301)  # the first one is dead by now, and its key would replay it
    assert (await effects.perform(wanted)).secret != first.secret


async def test_a_link_whose_answer_stripe_will_always_withhold_is_made_anew(
    effects: StripeEffects, shop: Shop, app: Sandbox, now: Now
) -> None:
    """docs.stripe.com/api/idempotent_requests: a 500 is repeated under its key."""
    wanted = intent(CardUpdateLink(), shop.customer(), now())
    app.faults.add(Fault("error_after", "POST"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    again = await effects.perform(wanted)
    assert again.secret is not None
    assert await effects.perform(wanted) == again


async def test_a_subscription_goes_on_and_is_found_again_until_it_is_set_to_end_anew(
    effects: StripeEffects, shop: Shop, now: Now
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel#reactivating-canceled-subscriptions"""
    quin = shop.customer()
    subscription = shop.subscribe(quin, shop.team)
    shop.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    wanted = intent(ResumeSubscription(subscription=subscription.id), quin, now())
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    assert (receipt.status, receipt.details["renews_on"]) == ("active", "2026-12-02")
    assert not shop.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    assert await effects.find(wanted) == receipt
    shop.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert await effects.find(wanted) is None


async def test_what_has_ended_is_refused_by_stripe(effects: StripeEffects, shop: Shop, now: Now) -> None:
    nell = shop.customer()
    subscription = shop.subscribe(nell, shop.team)
    shop.v1.subscriptions.cancel(subscription.id)
    with pytest.raises(EffectRefused):
        await effects.perform(intent(ResumeSubscription(subscription=subscription.id), nell, now()))
