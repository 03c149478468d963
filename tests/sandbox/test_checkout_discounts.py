"""Discounts of Checkout sessions: given, or by a code that the customer enters; paid less, or nothing."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing import event_types, price
from tests.sandbox.browser import Browser
from tests.sandbox.conftest import in_error
from tests.sandbox.test_checkout_pages import again
from tests.sandbox.test_checkout_sessions import checkout
from tests.sandbox.test_payment_links import link_to, opened

VISA = {"card": "pm_card_visa", "email": "guest@example.com"}
DECLINED = {**VISA, "card": "pm_card_visa_chargeDeclinedInsufficientFunds"}


def coupon(client: stripe.StripeClient, **params: Any) -> stripe.Coupon:
    asked: Any = {"duration": "once", **({} if "amount_off" in params else {"percent_off": 25}), **params}
    return client.v1.coupons.create(asked)


def code(client: stripe.StripeClient, coupon_id: str, name: str = "HELLO", **params: Any) -> stripe.PromotionCode:
    asked: Any = {"promotion": {"type": "coupon", "coupon": coupon_id}, "code": name, **params}
    return client.v1.promotion_codes.create(asked)


def sums(session: stripe.checkout.Session) -> tuple[int | None, int, int | None]:
    assert session.total_details is not None
    return session.amount_subtotal, session.total_details.amount_discount, session.amount_total


async def test_a_given_coupon_is_taken_off_and_counted(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payments/checkout/discounts"""
    quarter = coupon(client, name="Spring")
    one, two = price(client, 1501, None), price(client, 999, None)
    items = [{"price": one.id, "quantity": 1}, {"price": two.id, "quantity": 2}]
    session = checkout(client, line_items=items, discounts=[{"coupon": quarter.id}])
    assert sums(session) == (3499, 875, 2624)
    assert [(each.coupon, each.promotion_code) for each in session.discounts or []] == [(quarter.id, None)]
    lines = client.v1.checkout.sessions.line_items.list(session.id).data
    assert sum(line.amount_discount for line in lines) == 875
    assert all(line.amount_total == line.amount_subtotal - line.amount_discount for line in lines)
    page = await browser.get(str(session.url))
    assert "Discount: Spring" in page.text
    assert "−$8.75" in page.text
    assert "Pay $26.24" in page.text
    assert client.v1.coupons.retrieve(quarter.id).times_redeemed == 0
    await browser.post(str(session.url), **VISA)
    paid = again(client, session)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.amount_received == 2624
    assert client.v1.coupons.retrieve(quarter.id).times_redeemed == 1


async def test_a_customer_enters_a_code_and_may_take_it_off_again(
    client: stripe.StripeClient, browser: Browser
) -> None:
    """docs.stripe.com/payments/checkout/discounts#promotion-codes"""
    hello = code(client, coupon(client).id)
    session = checkout(client, price(client, 4900, None).id, allow_promotion_codes=True)
    wrong = await browser.post(str(session.url), promotion_code="GOODBYE")
    assert wrong.status_code == 402
    assert "This code is invalid." in wrong.text
    page = await browser.post(str(session.url), promotion_code=" hello ")
    assert page.status_code == 200
    assert "Discount: HELLO" in page.text
    known = again(client, session)
    assert sums(known) == (4900, 1225, 3675)
    assert [(each.coupon, each.promotion_code) for each in known.discounts or []] == [(None, hello.id)]
    await browser.post(str(session.url), remove_code="yes")
    assert sums(again(client, session)) == (4900, 0, 4900)
    await browser.post(str(session.url), promotion_code="HELLO")
    await browser.post(str(session.url), **VISA)
    assert client.v1.charges.list().data[0].amount == 3675
    assert client.v1.promotion_codes.retrieve(hello.id).times_redeemed == 1


async def test_a_code_entered_after_a_declined_card_changes_what_is_due(
    client: stripe.StripeClient, browser: Browser
) -> None:
    code(client, coupon(client).id)
    session = checkout(client, price(client, 4900, None).id, allow_promotion_codes=True)
    await browser.post(str(session.url), **DECLINED)
    await browser.post(str(session.url), promotion_code="HELLO")
    await browser.post(str(session.url), **VISA)
    paid = again(client, session)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (paid.payment_intent.amount, paid.payment_intent.amount_received) == (3675, 3675)
    assert sorted((each.amount, each.status) for each in client.v1.charges.list().data) == [
        (3675, "succeeded"),
        (4900, "failed"),
    ]


async def test_the_last_redemption_is_used_once(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/api/promotion_codes/create#create_promotion_code-max_redemptions"""
    code(client, coupon(client).id, max_redemptions=1)
    addon = price(client, 4900, None).id
    one, two = (checkout(client, addon, allow_promotion_codes=True) for _ in range(2))
    for session in (one, two):
        await browser.post(str(session.url), promotion_code="HELLO")
    await browser.post(str(one.url), **VISA)
    late = await browser.post(str(two.url), **VISA)
    assert late.status_code == 402
    assert "used the maximum number of times" in late.text
    assert "Nothing was charged" in late.text
    await browser.post(str(two.url), remove_code="yes")
    await browser.post(str(two.url), **VISA)
    assert [each.amount for each in client.v1.charges.list().data] == [4900, 3675]


@pytest.mark.parametrize("creation", ["if_required", "always"])
async def test_what_costs_nothing_needs_no_card(client: stripe.StripeClient, browser: Browser, creation: str) -> None:
    """docs.stripe.com/payments/checkout/no-cost-orders"""
    code(client, coupon(client, percent_off=100).id)
    addon = price(client, 4900, None).id
    session = checkout(client, addon, allow_promotion_codes=True, customer_creation=creation)
    await browser.post(str(session.url), **DECLINED)
    page = await browser.post(str(session.url), promotion_code="HELLO")
    assert "Choose a test card" not in page.text
    assert "Complete order" in page.text
    done = await browser.post(str(session.url), email="guest@example.com")
    assert done.status_code == 303
    told = again(client, session)
    assert (told.status, told.payment_status, told.payment_intent) == ("complete", "no_payment_required", None)
    assert (told.customer is not None) is (creation == "always")
    assert [each.status for each in client.v1.payment_intents.list().data] == ["canceled"]
    assert [each.status for each in client.v1.charges.list().data] == ["failed"]
    assert event_types(client)[-1] == "checkout.session.completed"


async def test_a_subscription_begins_discounted(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser
) -> None:
    """docs.stripe.com/payments/checkout/discounts, docs.stripe.com/billing/subscriptions/coupons"""
    half = coupon(client, percent_off=50, duration="repeating", duration_in_months=3)
    hello = code(client, half.id)
    team = price(client, 6000, name="Team")
    session = checkout(client, team.id, mode="subscription", customer=customer.id, allow_promotion_codes=True)
    await browser.post(str(session.url), promotion_code="hello")
    await browser.post(str(session.url), card="pm_card_visa")
    done = again(client, session)
    assert isinstance(done.subscription, stripe.Subscription)
    assert client.v1.invoices.retrieve(str(done.invoice)).amount_paid == 3000
    (discount,) = [client.v1.subscriptions.retrieve(done.subscription.id, {"expand": ["discounts"]}).discounts[0]]
    assert isinstance(discount, stripe.Discount)
    assert discount.promotion_code == hello.id
    assert client.v1.promotion_codes.retrieve(hello.id).times_redeemed == 1


async def test_codes_on_payment_links(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payment-links/url-parameters"""
    code(client, coupon(client).id)
    addon = price(client, 4900, None).id
    link = link_to(client, addon, allow_promotion_codes=True)
    assert link.allow_promotion_codes
    for query, total in (("", 4900), ("?prefilled_promo_code=hello", 3675), ("?prefilled_promo_code=NONE", 4900)):
        assert (await opened(client, browser, link, query)).amount_total == total
    client.v1.payment_links.update(link.id, {"allow_promotion_codes": False})
    assert (await opened(client, browser, link, "?prefilled_promo_code=HELLO")).amount_total == 4900


async def test_a_recovered_session_begins_without_the_discount(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payments/checkout/abandoned-carts"""
    code(client, coupon(client).id)
    recovery: Any = {"recovery": {"enabled": True, "allow_promotion_codes": True}}
    session = checkout(
        client,
        price(client, 4900, None).id,
        discounts=[{"coupon": coupon(client, id="given").id}],
        after_expiration=recovery,
    )
    expired = client.v1.checkout.sessions.expire(session.id)
    assert expired.after_expiration is not None
    assert expired.after_expiration.recovery is not None
    answer = await browser.get(str(expired.after_expiration.recovery.url))
    anew = client.v1.checkout.sessions.list({"status": "open"}).data[0]
    assert (anew.url, sums(anew), anew.allow_promotion_codes) == (answer.headers["location"], (4900, 0, 4900), True)
    await browser.post(str(anew.url), promotion_code="HELLO")
    assert again(client, anew).amount_total == 3675


@pytest.mark.parametrize(
    ("params", "told", "error_code"),
    [
        ({"discounts": [{"coupon": "none"}]}, "No such coupon", "resource_missing"),
        ({"discounts": [{"coupon": "small", "promotion_code": "promo_x"}]}, "exactly one of", None),
        ({"discounts": [{"coupon": "small"}, {"coupon": "small"}]}, "at most 1", None),
        ({"discounts": [{"coupon": "small"}], "allow_promotion_codes": True}, "only specify one", None),
        ({"discounts": [{"coupon": "euro"}]}, "cannot be applied to amounts in usd", None),
        ({"discounts": [{"coupon": "nearly"}]}, "must add up to at least", "amount_too_small"),
        ({"mode": "setup", "currency": "usd", "allow_promotion_codes": True}, "in `setup` mode", None),
    ],
)
def test_what_is_refused(
    client: stripe.StripeClient, params: dict[str, Any], told: str, error_code: str | None
) -> None:
    coupon(client, id="small", percent_off=5)
    coupon(client, id="euro", amount_off=500, currency="eur")
    coupon(client, id="nearly", amount_off=4890, currency="usd")
    sold = None if params.get("mode") == "setup" else price(client, 4900, None).id
    with pytest.raises(stripe.InvalidRequestError, match=told) as refused:
        checkout(client, sold, **params)
    if error_code:
        assert in_error(refused.value, "code") == error_code
    assert client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    ("restrictions", "told"),
    [
        ({"customer": "OTHER"}, "belongs to another customer"),
        ({"restrictions": {"minimum_amount": 5000, "minimum_amount_currency": "usd"}}, "minimum amount of $50.00"),
    ],
)
async def test_a_code_that_is_not_for_this_purchase(
    client: stripe.StripeClient, browser: Browser, restrictions: dict[str, Any], told: str
) -> None:
    other = client.v1.customers.create({"name": "Other"}).id
    code(client, coupon(client).id, **({"customer": other} if "customer" in restrictions else restrictions))
    session = checkout(client, price(client, 4900, None).id, allow_promotion_codes=True)
    page = await browser.post(str(session.url), promotion_code="HELLO")
    assert page.status_code == 402
    assert told in page.text
    plain = checkout(client, price(client, 4900, None).id)
    assert "takes no promotion codes" in (await browser.post(str(plain.url), promotion_code="HELLO")).text
