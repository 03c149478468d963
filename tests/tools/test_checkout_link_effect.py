"""New Checkout links, against the sandbox (docs.stripe.com/api/checkout/sessions/create)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import stripe

from billing.money import Money
from policy.actions import NewCheckoutLink
from policy.effects import EffectRefused, EffectUnknown, Intent
from policy.facts import CheckoutCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.sandbox.browser import Browser
from tests.tools.shop import Shop, intent, principal
from tests.tools.test_checkout_links import addon, checkout
from tools.effects import StripeEffects

Now = Callable[[], datetime]
Advance = Callable[..., None]


def anew(session: stripe.checkout.Session, customer: str, now: datetime, *, n: int = 1) -> Intent:
    return intent(NewCheckoutLink(checkout_session=session.id), customer, now, n=n)


async def facts_of(effects: StripeEffects, customer: str, session: stripe.checkout.Session) -> CheckoutCase:
    facts = await effects.facts(NewCheckoutLink(checkout_session=session.id), principal(customer))
    assert isinstance(facts, CheckoutCase)
    return facts


async def test_facts_hold_what_it_sold_and_what_that_costs_today(
    effects: StripeEffects, shop: Shop, advance: Advance
) -> None:
    lara, mona = shop.customer(), shop.customer()
    shop.subscribe(lara, shop.team)
    price = addon(shop)
    session = checkout(shop, lara, {"price": price.id, "quantity": 2})
    assert (await facts_of(effects, mona, session)).session is None
    facts = await facts_of(effects, lara, session)
    assert facts.session is not None
    assert (facts.session.status, facts.session.total, facts.session.whole, facts.session.besides) == (
        "open",
        Money(9_800, "usd"),
        True,
        (),
    )
    assert [(each.active, each.amount) for each in facts.prices] == [(True, Money(9_800, "usd"))]
    assert (facts.later, facts.subscribed) == (None, (str(shop.team.product),))
    advance(days=2)
    newer = checkout(shop, lara, {"price": price.id, "quantity": 2})
    checkout(shop, lara, {"price": price.id, "quantity": 1})
    shop.v1.prices.update(price.id, {"active": False})
    facts = await facts_of(effects, lara, session)
    assert facts.session is not None
    assert facts.later is not None
    assert (facts.session.status, facts.later.id) == ("expired", newer.id)
    assert [each.active for each in facts.prices] == [False]


async def test_a_product_that_was_taken_off_sale_is_not_sold(effects: StripeEffects, shop: Shop) -> None:
    lara = shop.customer()
    price = addon(shop)
    session = checkout(shop, lara, {"price": price.id, "quantity": 1})
    shop.v1.products.update(str(price.product), {"active": False})
    assert [each.active for each in (await facts_of(effects, lara, session)).prices] == [False]


async def test_what_was_priced_on_the_spot_is_sold_by_nobody_else(effects: StripeEffects, shop: Shop) -> None:
    lara = shop.customer()
    made: Any = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "Special"}}
    session = checkout(shop, lara, {"price_data": made, "quantity": 1})
    assert [each.active for each in (await facts_of(effects, lara, session)).prices] == [False]


async def test_a_new_link_is_like_the_old_one_made_once_opens_and_is_found_by_its_label(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance, app: Sandbox
) -> None:
    lara = shop.customer()
    old = checkout(
        shop,
        lara,
        {"price": addon(shop).id, "quantity": 2},
        metadata={"order_id": "ord_1", "lee_intent": "int_0"},
        client_reference_id="cart_7",
        cancel_url="https://acme.example/cart",
    )
    advance(days=2)
    wanted = anew(old, lara, now())
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    assert receipt.details == {"for": "2 × Analytics add-on", "hours": 24, "price": "$98.00"}
    assert await effects.perform(wanted) == receipt
    assert await effects.find(wanted) == receipt
    made = shop.v1.checkout.sessions.retrieve(receipt.stripe_id)
    assert (made.status, made.mode, made.customer, made.amount_total) == ("open", "payment", lara, 9_800)
    assert (made.success_url, made.cancel_url, made.client_reference_id) == (
        old.success_url,
        old.cancel_url,
        "cart_7",
    )
    assert made.metadata is not None
    assert made.metadata.to_dict() == {"order_id": "ord_1", **wanted.metadata}
    assert len(shop.v1.checkout.sessions.list({"customer": lara}).data) == 2
    assert (await Browser(app).post(str(receipt.secret), card="pm_card_visa")).status_code == 303
    [charge] = shop.v1.charges.list({"customer": lara}).data
    assert (charge.amount, charge.metadata.to_dict()) == (9_800, {"order_id": "ord_1"})
    found = await effects.find(wanted)
    assert found is not None
    assert (found.stripe_id, found.secret) == (receipt.stripe_id, None)
    assert await effects.find(anew(old, lara, now(), n=2)) is None


async def test_a_subscription_begins_on_the_new_page_as_it_would_have_on_the_old(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance, app: Sandbox
) -> None:
    lara = shop.customer()
    old = checkout(shop, lara, {"price": shop.team.id, "quantity": 1}, mode="subscription", metadata={"ref": "x"})
    advance(days=2)
    receipt = await effects.perform(anew(old, lara, now()))
    await Browser(app).post(str(receipt.secret), card="pm_card_visa")
    [begun] = shop.v1.subscriptions.list({"customer": lara}).data
    assert begun["items"].data[0].price.id == shop.team.id


@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("lost_after", True)])
async def test_after_a_missing_answer_the_link_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance, app: Sandbox, fault: str, made: bool
) -> None:
    lara = shop.customer()
    old = checkout(shop, lara, {"price": addon(shop).id, "quantity": 1})
    advance(days=2)
    wanted = anew(old, lara, now())
    app.faults.add(Fault(fault, "POST", "/v1/checkout/sessions"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    found = await effects.find(wanted)
    assert (found is not None) is made
    if found is not None:
        assert (await Browser(app).get(str(found.secret))).status_code == 200


async def test_a_price_that_went_away_meanwhile_is_refused(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance, app: Sandbox
) -> None:
    lara, mona = shop.customer(), shop.customer()
    price = addon(shop)
    old = checkout(shop, lara, {"price": price.id, "quantity": 1})
    advance(days=2)
    with pytest.raises(EffectRefused) as refused:
        await effects.perform(anew(old, mona, now()))
    assert refused.value.code == "resource_missing"
    shop.v1.prices.update(price.id, {"active": False})
    with pytest.raises(EffectRefused, match="inactive"):
        await effects.perform(anew(old, lara, now(), n=2))
    app.faults.add(Fault("lost_before", "GET", "/v1/checkout/sessions", count=9))
    with pytest.raises(EffectUnknown):
        await effects.perform(anew(old, lara, now(), n=3))
