"""Promotion codes, against the sandbox (docs.stripe.com/billing/subscriptions/coupons)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import stripe

from billing.money import Money
from policy.actions import ApplyPromotionCode
from policy.effects import EffectRefused, EffectUnknown
from policy.facts import PromotionCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]


def redeem(subscription: str, code: str = "WELCOME20") -> ApplyPromotionCode:
    return ApplyPromotionCode(subscription=subscription, code=code)


def code(shop: Shop, word: str = "WELCOME20", *, coupon: dict[str, Any] | None = None, **params: Any) -> str:
    terms = coupon or {"percent_off": 20, "duration": "repeating", "duration_in_months": 3}
    made = shop.v1.coupons.create(terms)  # pyright: ignore[reportArgumentType]
    wanted: Any = {"promotion": {"type": "coupon", "coupon": made.id}, "code": word, **params}
    return shop.v1.promotion_codes.create(wanted).id


async def facts_of(effects: StripeEffects, customer: str, action: ApplyPromotionCode) -> PromotionCase:
    facts = await effects.facts(action, principal(customer))
    assert isinstance(facts, PromotionCase)
    return facts


async def test_facts_hold_the_code_in_any_case_with_what_it_takes_off(effects: StripeEffects, shop: Shop) -> None:
    cleo = shop.customer()
    subscription = shop.subscribe(cleo, shop.starter)
    made = code(shop, max_redemptions=2, restrictions={"minimum_amount": 1000, "minimum_amount_currency": "usd"})
    for word in ("WELCOME20", "welcome20", made):
        facts = await facts_of(effects, cleo, redeem(subscription.id, word))
        assert facts.promotion is not None
        assert (facts.promotion.id, facts.promotion.minimum, facts.promotion.used_up) == (
            made,
            Money(1000, "usd"),
            False,
        )
        coupon = facts.promotion.coupon
        assert (coupon.off_ppm, coupon.duration, coupon.months, coupon.products) == (200_000, "repeating", 3, None)
        assert [each.product for each in facts.items] == [str(shop.starter.product)]
    assert (await facts_of(effects, cleo, redeem(subscription.id, "NOSUCH"))).promotion is None


async def test_a_code_of_another_customer_is_absent_and_ones_own_goes_first(effects: StripeEffects, shop: Shop) -> None:
    cleo, mona = shop.customer(), shop.customer()
    subscription = shop.subscribe(cleo, shop.starter)
    hers = code(shop, "ONLYYOU", customer=mona)
    for word in ("ONLYYOU", hers):
        assert (await facts_of(effects, cleo, redeem(subscription.id, word))).promotion is None
    own = code(shop, "ONLYYOU", customer=cleo)
    found = (await facts_of(effects, cleo, redeem(subscription.id, "ONLYYOU"))).promotion
    assert found is not None
    assert found.id == own
    assert (await facts_of(effects, mona, redeem(subscription.id, "ONLYYOU"))).subscription is None


async def test_an_old_code_is_found_too_so_that_it_can_be_explained(
    effects: StripeEffects, shop: Shop, now: Now, advance: Callable[..., None]
) -> None:
    cleo = shop.customer()
    subscription = shop.subscribe(cleo, shop.starter)
    end = int(now().timestamp()) + 3600
    code(shop, "SPRING24", expires_at=end, coupon={"amount_off": 500, "currency": "usd", "duration": "once"})
    advance(seconds=3601)
    found = (await facts_of(effects, cleo, redeem(subscription.id, "SPRING24"))).promotion
    assert found is not None
    assert (found.active, found.expires_at is not None and found.expires_at < now()) == (False, True)
    assert (found.coupon.amount_off, found.coupon.off_ppm) == (Money(500, "usd"), None)


async def test_products_and_first_purchases_are_looked_up(effects: StripeEffects, shop: Shop) -> None:
    cleo, nova = shop.customer(), shop.customer()
    team_only: dict[str, Any] = {
        "percent_off": 12.5,
        "duration": "forever",
        "applies_to": {"products": [str(shop.team.product)]},
    }
    code(shop, "TEAMONLY", coupon=team_only, restrictions={"first_time_transaction": True})
    paid = shop.subscribe(cleo, shop.team)
    trial = shop.subscribe(nova, shop.team, trial_period_days=10)
    before = await facts_of(effects, cleo, redeem(paid.id, "TEAMONLY"))
    first = await facts_of(effects, nova, redeem(trial.id, "TEAMONLY"))
    assert (before.has_paid, first.has_paid) == (True, False)
    assert first.promotion is not None
    assert first.promotion.first_time_only
    assert first.promotion.coupon.products == (str(shop.team.product),)
    assert first.promotion.coupon.off_ppm == 125_000


async def test_a_code_is_redeemed_once_and_found_again(effects: StripeEffects, shop: Shop, now: Now) -> None:
    cleo = shop.customer()
    subscription = shop.subscribe(cleo, shop.starter)
    made = code(shop)
    wanted = intent(redeem(subscription.id, made), cleo, now(), value=Money(1200, "usd"))
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    assert (receipt.status, receipt.amount) == ("applied", None)
    assert receipt.details == {
        "plan": "Starter",
        "price": "$16.00",
        "before": "$20.00",
        "duration": "repeating",
        "ends_on": "2027-02-02",
    }
    assert await effects.perform(wanted) == receipt
    assert await effects.find(wanted) == receipt
    assert shop.v1.promotion_codes.retrieve(made).times_redeemed == 1
    after = await facts_of(effects, cleo, redeem(subscription.id))
    assert [(each.promotion, each.end is not None) for each in after.discounts] == [(made, True)]
    preview = shop.v1.invoices.create_preview({"customer": cleo, "subscription": subscription.id})
    assert preview.total == 1600


async def test_a_discount_that_has_ended_is_not_in_force(
    effects: StripeEffects, shop: Shop, now: Now, advance: Callable[..., None]
) -> None:
    cleo = shop.customer()
    subscription = shop.subscribe(cleo, shop.starter)
    made = code(shop)
    await effects.perform(intent(redeem(subscription.id, made), cleo, now()))
    advance(days=93)
    assert (await facts_of(effects, cleo, redeem(subscription.id))).discounts == ()


async def test_what_stripe_will_not_redeem_is_refused(effects: StripeEffects, shop: Shop, now: Now) -> None:
    cleo, mona = shop.customer(), shop.customer()
    subscription = shop.subscribe(cleo, shop.starter)
    hers = code(shop, "ONLYYOU", customer=mona)
    with pytest.raises(EffectRefused):
        await effects.perform(intent(redeem(subscription.id, hers), cleo, now()))
    assert shop.v1.subscriptions.retrieve(subscription.id).discounts == []


@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("lost_after", True)])
async def test_after_a_missing_answer_the_discount_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox, fault: str, made: bool
) -> None:
    cleo = shop.customer()
    subscription = shop.subscribe(cleo, shop.starter)
    wanted = intent(redeem(subscription.id, code(shop)), cleo, now())
    app.faults.add(Fault(fault, "POST", f"/v1/subscriptions/{subscription.id}"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    assert (await effects.find(wanted) is not None) is made
    await effects.perform(wanted)
    found = shop.v1.subscriptions.retrieve(subscription.id)
    assert isinstance(found, stripe.Subscription)
    assert len(found.discounts) == 1
