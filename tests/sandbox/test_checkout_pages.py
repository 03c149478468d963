"""The page of a Checkout session, as a customer's browser meets it: paying, subscribing, saving a card."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, event_types, item_of, price
from tests.sandbox.browser import Browser
from tests.sandbox.test_checkout_sessions import checkout

THREE_D_SECURE = "pm_card_authenticationRequired"
DECLINED = "pm_card_visa_chargeDeclinedInsufficientFunds"


def again(client: stripe.StripeClient, session: stripe.checkout.Session) -> stripe.checkout.Session:
    return client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent", "subscription"]})


async def test_a_customer_pays_and_is_sent_on(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser
) -> None:
    """docs.stripe.com/payments/checkout/custom-success-page"""
    addon = price(client, 4900, None, name="Add-on <b>")
    session = checkout(client, addon.id, customer=customer.id, payment_intent_data={"metadata": {"order_id": "ord_9"}})
    page = await browser.get(str(session.url))
    assert page.status_code == 200
    assert "Add-on &lt;b&gt;" in page.text
    assert "Pay $49.00" in page.text
    assert "Sandbox: a test page" in page.text
    sent = await browser.post(str(session.url), card="pm_card_visa")
    assert sent.status_code == 303
    assert sent.headers["location"] == f"https://acme.example/thanks?session={session.id}"
    paid = again(client, session)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (paid.payment_intent.amount_received, paid.payment_intent.customer) == (4900, customer.id)
    assert paid.payment_intent.metadata["order_id"] == "ord_9"
    assert event_types(client)[-1] == "checkout.session.completed"
    assert client.v1.checkout.sessions.list({"payment_intent": paid.payment_intent.id}).data[0].id == session.id
    again_paid = await browser.post(str(session.url), card="pm_card_visa")
    assert "This has been paid" in again_paid.text
    assert len(client.v1.charges.list({"customer": customer.id}).data) == 1


async def test_a_paid_session_never_expires(
    client: stripe.StripeClient, browser: Browser, advance: Callable[[int], int]
) -> None:
    session = checkout(client, price(client, 4900, None).id)
    await browser.post(str(session.url), card="pm_card_visa", email="guest@example.com")
    advance(3 * DAY)
    assert again(client, session).status == "complete"
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        client.v1.checkout.sessions.expire(session.id)


async def test_a_declined_card_leaves_the_session_open_for_another(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser
) -> None:
    session = checkout(client, price(client, 4900, None).id, customer=customer.id)
    declined = await browser.post(str(session.url), card=DECLINED)
    assert declined.status_code == 402
    assert "insufficient funds" in declined.text
    waiting = again(client, session)
    assert (waiting.status, waiting.payment_status) == ("open", "unpaid")
    await browser.post(str(session.url), card="pm_card_mastercard")
    paid = again(client, session)
    assert isinstance(waiting.payment_intent, stripe.PaymentIntent)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (paid.status, paid.payment_intent.id) == ("complete", waiting.payment_intent.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.cancel(paid.payment_intent.id)


@pytest.mark.parametrize("mode", ["payment", "subscription", "setup"])
@pytest.mark.parametrize("passes", [True, False])
async def test_3d_secure(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser, mode: str, passes: bool
) -> None:
    """docs.stripe.com/payments/3d-secure"""
    sold = price(client, 2000, "month" if mode == "subscription" else None).id
    asked: dict[str, Any] = {"currency": "usd"} if mode == "setup" else {}
    session = checkout(client, None if mode == "setup" else sold, mode=mode, customer=customer.id, **asked)
    before = len(client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data)
    asks = await browser.post(str(session.url), card=THREE_D_SECURE)
    assert asks.status_code == 200
    assert "Complete authentication" in asks.text
    assert again(client, session).status == "open"
    assert len(client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data) == before
    told = await browser.post(str(session.url), authenticate="pass" if passes else "fail")
    if passes:
        assert told.status_code == 303
        assert again(client, session).status == "complete"
        assert "This has" not in told.text
    else:
        assert told.status_code == 402
        assert "could not confirm that it was you" in told.text
        assert "Choose a test card" in told.text
        assert again(client, session).status == "open"
        assert all(charge.status != "succeeded" for charge in client.v1.charges.list().data)
        done = await browser.post(str(session.url), card="pm_card_visa")
        assert done.status_code == 303


async def test_a_customer_subscribes(client: stripe.StripeClient, customer: stripe.Customer, browser: Browser) -> None:
    """docs.stripe.com/payments/checkout/subscriptions"""
    team = price(client, 6000, name="Team")
    session = checkout(
        client,
        None,
        mode="subscription",
        line_items=[{"price": team.id, "quantity": 2}],
        customer=customer.id,
        subscription_data={"metadata": {"workspace": "north"}},
    )
    assert session.subscription is None
    declined = await browser.post(str(session.url), card=DECLINED)
    assert declined.status_code == 402
    assert client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    await browser.post(str(session.url), card="pm_card_mastercard")
    done = again(client, session)
    assert (done.status, done.payment_status) == ("complete", "paid")
    begun = done.subscription
    assert isinstance(begun, stripe.Subscription)
    assert (begun.status, begun.latest_invoice, begun.metadata["workspace"]) == ("active", done.invoice, "north")
    assert (item_of(begun).price.id, item_of(begun).quantity) == (team.id, 2)
    paying = client.v1.payment_methods.retrieve(str(begun.default_payment_method))
    assert paying.customer == customer.id
    assert client.v1.invoices.retrieve(str(done.invoice)).amount_paid == 12_000


async def test_a_trial_begins_without_a_payment(client: stripe.StripeClient, browser: Browser) -> None:
    """docs.stripe.com/payments/checkout/free-trials"""
    session = checkout(client, price(client, 6000).id, mode="subscription", subscription_data={"trial_period_days": 7})
    page = await browser.get(str(session.url))
    assert "Start trial" in page.text
    no_address = await browser.post(str(session.url), card="pm_card_visa")
    assert no_address.status_code == 402
    assert "e-mail address is needed" in no_address.text
    await browser.post(str(session.url), card="pm_card_visa", email="new@example.com")
    done = again(client, session)
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert isinstance(done.subscription, stripe.Subscription)
    assert done.subscription.status == "trialing"
    made = client.v1.customers.retrieve(str(done.customer))
    assert made.email == "new@example.com"


async def test_a_card_is_saved(client: stripe.StripeClient, customer: stripe.Customer, browser: Browser) -> None:
    """docs.stripe.com/payments/checkout/save-and-reuse?payment-ui=checkout"""
    session = checkout(client, mode="setup", currency="usd", customer=customer.id)
    with pytest.raises(stripe.InvalidRequestError, match="Expire the Session instead"):
        client.v1.setup_intents.cancel(str(session.setup_intent))
    refused = await browser.post(str(session.url), card="pm_card_visa_chargeDeclinedLostCard")
    assert refused.status_code == 402
    await browser.post(str(session.url), card="pm_card_mastercard")
    done = again(client, session)
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    setup = client.v1.setup_intents.retrieve(str(done.setup_intent))
    assert client.v1.payment_methods.retrieve(str(setup.payment_method)).customer == customer.id
    abandoned = checkout(client, mode="setup", currency="usd", customer=customer.id)
    client.v1.checkout.sessions.expire(abandoned.id)
    assert client.v1.setup_intents.retrieve(str(abandoned.setup_intent)).status == "canceled"


@pytest.mark.parametrize(("creation", "made"), [("if_required", False), ("always", True)])
async def test_a_guest_becomes_a_customer_only_when_asked_for(
    client: stripe.StripeClient, browser: Browser, creation: str, made: bool
) -> None:
    """docs.stripe.com/api/checkout/sessions/create#create_checkout_session-customer_creation"""
    session = checkout(client, price(client, 4900, None).id, customer_creation=creation)
    await browser.post(str(session.url), card="pm_card_visa", email="guest@example.com")
    done = again(client, session)
    assert (done.customer is not None) is made
    assert done.customer_details is not None
    assert done.customer_details.email == "guest@example.com"


async def test_3d_secure_passed_elsewhere_completes_the_session_too(
    client: stripe.StripeClient, browser: Browser, act: Callable[..., dict[str, Any]]
) -> None:
    session = checkout(client, price(client, 4900, None).id, customer_email="guest@example.com")
    await browser.post(str(session.url), card=THREE_D_SECURE)
    waiting = again(client, session).payment_intent
    assert isinstance(waiting, stripe.PaymentIntent)
    act("authenticate", payment_intent=waiting.id, success=True)
    assert again(client, session).payment_status == "paid"


@pytest.mark.parametrize("form", [{}, {"card": "pm_card_none"}, {"authenticate": "pass"}])
async def test_only_the_offered_cards_are_taken(
    client: stripe.StripeClient, customer: stripe.Customer, browser: Browser, form: dict[str, str]
) -> None:
    session = checkout(client, price(client, 4900, None).id, customer=customer.id)
    page = await browser.post(str(session.url), **form)
    assert page.status_code == 402
    assert again(client, session).status == "open"
    assert (await browser.get(str(session.url)[:-2] + "zz")).status_code == 404


async def test_a_card_that_declines_after_3d_secure_begins_no_subscription(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
    monkeypatch.setattr("sandbox.offered_cards._OFFERED", {card, "pm_card_visa"})
    session = checkout(client, price(client, 2000).id, mode="subscription", customer=customer.id)
    await browser.post(str(session.url), card=card)
    told = await browser.post(str(session.url), authenticate="pass")
    assert told.status_code == 402
    assert "insufficient funds" in told.text
    assert "Choose a test card" in told.text
    assert client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    await browser.post(str(session.url), card="pm_card_visa")
    assert again(client, session).status == "complete"
