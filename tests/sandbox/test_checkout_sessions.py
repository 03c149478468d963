"""Checkout sessions through the API: what may be asked, how long they live, what an expired one leaves."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, event_types, price, unix
from tests.sandbox.browser import Browser
from tests.sandbox.conftest import in_error

SUCCESS = "https://acme.example/thanks?session={CHECKOUT_SESSION_ID}"


def checkout(client: stripe.StripeClient, price_id: str | None = None, **params: Any) -> stripe.checkout.Session:
    items: Any = {"line_items": [{"price": price_id, "quantity": 1}]} if price_id else {}
    asked: Any = {"mode": "payment", "success_url": SUCCESS, **items, **params}
    return client.v1.checkout.sessions.create(asked)


def test_an_open_session(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/checkout/sessions/object"""
    addon = price(client, 4900, None, name="Analytics add-on")
    session = checkout(client, addon.id, customer=customer.id, metadata={"order_id": "ord_1"})
    assert (session.status, session.payment_status, session.mode) == ("open", "unpaid", "payment")
    assert (session.amount_total, session.currency, session.customer) == (4900, "usd", customer.id)
    assert session.expires_at == session.created + DAY
    assert session.payment_intent is None
    assert str(session.url).startswith("http://127.0.0.1:12111/c/pay/test_")
    assert session.customer_details is not None
    assert session.customer_details.email == "ada@example.com"
    lines = client.v1.checkout.sessions.line_items.list(session.id)
    assert [(line.description, line.quantity, line.amount_total) for line in lines.data] == [
        ("Analytics add-on", 1, 4900)
    ]
    shown = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert shown.line_items is not None
    assert shown.line_items.data[0].price is not None
    assert shown.line_items.data[0].price.id == addon.id
    assert [each.id for each in client.v1.checkout.sessions.list({"customer": customer.id}).data] == [session.id]
    assert client.v1.checkout.sessions.list({"customer": "cus_other"}).data == []


def test_something_may_be_sold_that_has_no_price_yet(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/checkout/sessions/create#create_checkout_session-line_items-price_data"""
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": SUCCESS,
            "line_items": [
                {
                    "price_data": {"currency": "eur", "unit_amount": 1250, "product_data": {"name": "Workshop"}},
                    "quantity": 2,
                }
            ],
        }
    )
    assert (session.amount_total, session.currency) == (2500, "eur")
    made = client.v1.checkout.sessions.line_items.list(session.id).data[0].price
    assert made is not None
    assert not made.active


@pytest.mark.parametrize(("lasts", "fits"), [(HOUR // 2 - 1, False), (HOUR // 2, True), (DAY, True), (DAY + 1, False)])
def test_a_session_lasts_from_half_an_hour_to_a_day(client: stripe.StripeClient, lasts: int, fits: bool) -> None:
    """docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at"""
    addon, until = price(client, 4900, None), unix(2026, 11, 2, 9) + lasts
    if fits:
        assert checkout(client, addon.id, expires_at=until).expires_at == until
    else:
        with pytest.raises(stripe.InvalidRequestError, match="`expires_at` timestamp must be"):
            checkout(client, addon.id, expires_at=until)


async def test_time_expires_a_session_and_its_page(
    client: stripe.StripeClient, advance: Callable[[int], int], browser: Browser
) -> None:
    """docs.stripe.com/payments/checkout/abandoned-carts"""
    session = checkout(client, price(client, 4900, None).id)
    page = await browser.post(str(session.url), card="pm_card_visa_chargeDeclinedInsufficientFunds", email="b@x.org")
    assert page.status_code == 402
    advance(DAY)
    expired = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (expired.status, expired.payment_status, expired.url) == ("expired", "unpaid", None)
    assert isinstance(expired.payment_intent, stripe.PaymentIntent)
    assert expired.payment_intent.status == "canceled"
    assert expired.after_expiration is None
    assert event_types(client)[-1] == "checkout.session.expired"
    for page in (await browser.get(str(session.url)), await browser.post(str(session.url), card="pm_card_visa")):
        assert page.status_code == 410
        assert "expired" in page.text
    assert client.v1.charges.list().data[0].status == "failed"


async def test_a_session_may_be_expired_by_hand_once(
    client: stripe.StripeClient, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/checkout/sessions/expire"""
    session = checkout(client, price(client, 4900, None).id)
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        client.v1.checkout.sessions.expire(session.id)
    advance(2 * DAY)
    assert event_types(client).count("checkout.session.expired") == 1


async def test_an_expired_session_can_be_recovered_for_thirty_days(
    client: stripe.StripeClient, advance: Callable[[int], int], browser: Browser, customer: stripe.Customer
) -> None:
    """docs.stripe.com/payments/checkout/abandoned-carts#recover-an-abandoned-cart"""
    recovery: Any = {"recovery": {"enabled": True, "allow_promotion_codes": True}}
    session = checkout(client, price(client, 4900, None).id, customer=customer.id, after_expiration=recovery)
    assert session.after_expiration is not None
    assert session.after_expiration.recovery is not None
    assert session.after_expiration.recovery.url is None
    advance(DAY)
    expired = client.v1.checkout.sessions.retrieve(session.id)
    assert expired.after_expiration is not None
    way_back = expired.after_expiration.recovery
    assert way_back is not None
    assert way_back.expires_at == session.expires_at + 30 * DAY
    answer = await browser.get(str(way_back.url))
    assert answer.status_code == 303
    anew = client.v1.checkout.sessions.list({"status": "open"}).data[0]
    assert (anew.recovered_from, anew.url) == (session.id, answer.headers["location"])
    assert (anew.amount_total, anew.customer) == (4900, customer.id)
    await browser.post(str(anew.url), card="pm_card_visa")
    assert client.v1.checkout.sessions.retrieve(anew.id).payment_status == "paid"
    advance(30 * DAY)
    assert (await browser.get(str(way_back.url))).status_code == 410
    assert (await browser.get(str(way_back.url)[:-3] + "AAA")).status_code == 404


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"mode": "subscription"}, "one-time prices"),
        ({"success_url": ""}, "empty string"),
        ({"line_items": [{"price": "PRICE"}]}, "Quantity is required"),
        ({"line_items": [{"quantity": 1}]}, "either `price` or `price_data`"),
        ({"line_items": []}, "line_items"),
        ({"customer_email": "a@b.org", "customer": "CUSTOMER"}, "only specify one"),
        ({"customer_creation": "always", "customer": "CUSTOMER"}, "only specify one"),
        ({"customer": "cus_none"}, "No such customer"),
        ({"subscription_data": {"trial_period_days": 3}}, "can not pass `subscription_data` in `payment` mode"),
        ({"mode": "setup", "currency": "usd"}, "can not pass `line_items` in `setup` mode"),
        ({"payment_method_types": ["card"]}, "unknown parameter"),
        ({"ui_mode": "hosted"}, "Invalid ui_mode"),
    ],
)
def test_what_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, params: dict[str, Any], told: str
) -> None:
    addon = price(client, 4900, None).id
    named = {"PRICE": addon, "CUSTOMER": customer.id}
    asked: dict[str, Any] = {
        name: named.get(value, value)
        if isinstance(value, str)
        else [{key: named.get(part, part) for key, part in each.items()} for each in value]
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
        for name, value in params.items()
    }
    with pytest.raises(stripe.InvalidRequestError, match=told):
        checkout(client, None if "line_items" in asked else addon, **asked)


def test_prices_must_go_with_the_mode(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/checkout/sessions/create#create_checkout_session-mode"""
    monthly, euros = price(client, 2000), price(client, 900, None, currency="eur")
    with pytest.raises(stripe.InvalidRequestError, match="passed a recurring price"):
        checkout(client, monthly.id)
    with pytest.raises(stripe.InvalidRequestError, match="same currency"):
        checkout(
            client,
            line_items=[
                {"price": euros.id, "quantity": 1},
                {"price": price(client, 900, None).id, "quantity": 1},
            ],
        )
    with pytest.raises(stripe.InvalidRequestError, match=r"at least \$0.50") as refused:
        checkout(client, price(client, 49, None).id)
    assert in_error(refused.value, "code") == "amount_too_small"
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        checkout(client, mode="setup")
