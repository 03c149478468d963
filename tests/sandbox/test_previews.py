"""Previewed invoices: what they show is what then happens, and looking changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe.params._subscription_update_params import SubscriptionUpdateParamsItem

from sandbox.server import create_app
from tests.sandbox.billing import DAY, HOUR, amounts, invoices, item_of, price, subscribe, unix
from tests.sandbox.conftest import START
from tests.sandbox.sdk_routes import CheckedApp
from tools.stripe_asgi import AsgiHTTPClient


def preview(client: stripe.StripeClient, subscription: stripe.Subscription, **details: Any) -> stripe.Invoice:
    asked: Any = {"subscription": subscription.id, "subscription_details": details}
    return client.v1.invoices.create_preview(asked)


def test_the_next_renewal(client: stripe.StripeClient, subscription: stripe.Subscription, app: Any) -> None:
    """docs.stripe.com/api/invoices/create_preview"""
    before = app.world.snapshot()
    shown = preview(client, subscription)
    assert (shown.total, shown.status, shown.billing_reason) == (1000, "draft", "upcoming")
    assert shown.id.startswith("upcoming_in_")
    assert shown.lines.data[0].period.start == unix(2026, 12, 2, 9)
    assert app.world.snapshot() == before


def test_an_upgrade_with_its_prorations_and_then_the_same_for_real(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
    app: Any,
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations#preview-proration: pass the same proration_date to both"""
    advance(7 * DAY + 4321)
    moment = unix(2026, 11, 9, 9)
    item: SubscriptionUpdateParamsItem = {"id": item_of(subscription).id, "price": pro.id}
    before = app.world.snapshot()
    shown = preview(client, subscription, items=[item], proration_date=moment)
    assert app.world.snapshot() == before
    assert amounts(shown) == [-767, 1533, 2000]
    advance(600)
    client.v1.subscriptions.update(subscription.id, {"items": [item], "proration_date": moment})
    advance(30 * DAY)
    assert amounts(invoices(client, customer=customer.id)[0]) == amounts(shown)


def test_always_invoice_shows_only_what_is_due_at_once(
    client: stripe.StripeClient, subscription: stripe.Subscription, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations#preview-proration"""
    advance(15 * DAY)
    item = {"id": item_of(subscription).id, "price": pro.id}
    shown = preview(client, subscription, items=[item], proration_behavior="always_invoice")
    assert (amounts(shown), shown.amount_due) == ([-500, 1000], 500)
    assert shown.lines.data[0].parent is not None
    details = shown.lines.data[0].parent.subscription_item_details
    assert details is not None
    assert details.proration is True


def test_a_downgrade_shows_the_credit_in_the_next_invoice(
    client: stripe.StripeClient, customer: stripe.Customer, basic: stripe.Price, pro: stripe.Price, advance: Any
) -> None:
    """docs.stripe.com/api/subscriptions/update: a downgrade generates a credit applied to the next invoice"""
    subscription = subscribe(client, customer.id, pro.id)
    advance(15 * DAY)
    shown = preview(client, subscription, items=[{"id": item_of(subscription).id, "price": basic.id}])
    assert (amounts(shown), shown.total) == ([-1000, 500, 1000], 500)


def test_what_ends_has_no_next_invoice(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/error-codes#invoice-upcoming-none"""
    with pytest.raises(stripe.InvalidRequestError) as none:
        preview(client, subscription, cancel_at_period_end=True)
    assert none.value.code == "invoice_upcoming_none"
    advance(15 * DAY)
    assert amounts(preview(client, subscription, cancel_now=True)) == [-500]
    client.v1.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError) as over:
        preview(client, subscription)
    assert over.value.code == "invoice_upcoming_none"


def test_by_customer_alone_the_soonest_subscription_is_shown(
    client: stripe.StripeClient, customer: stripe.Customer, subscription: stripe.Subscription
) -> None:
    """docs.stripe.com/api/invoices/create_preview#create_create_preview-customer"""
    shown = client.v1.invoices.create_preview({"customer": customer.id})
    assert shown.parent is not None
    assert shown.parent.subscription_details is not None
    assert shown.parent.subscription_details.subscription == subscription.id
    other = client.v1.customers.create({"email": "none@example.com"})
    with pytest.raises(stripe.InvalidRequestError) as none:
        client.v1.invoices.create_preview({"customer": other.id})
    assert none.value.code == "invoice_upcoming_none"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.create_preview({"customer": other.id, "subscription": subscription.id})


def test_without_a_subscription_the_waiting_items_are_shown(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoices/create_preview"""
    client.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd"})
    assert amounts(client.v1.invoices.create_preview({"customer": customer.id})) == [700]
    with pytest.raises(stripe.InvalidRequestError, match="customer"):
        client.v1.invoices.create_preview({})
    with pytest.raises(stripe.InvalidRequestError, match="needs a price"):
        client.v1.invoices.create_preview(
            {"customer": customer.id, "subscription_details": {"items": [{"quantity": 1}]}}
        )


def test_a_subscription_that_does_not_exist_yet(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, app: Any
) -> None:
    """docs.stripe.com/api/invoices/create_preview: pass customer and subscription_details.items"""
    before = app.world.snapshot()
    shown = client.v1.invoices.create_preview(
        {"customer": customer.id, "subscription_details": {"items": [{"price": pro.id, "quantity": 4}]}}
    )
    assert amounts(shown) == [8000]
    assert app.world.snapshot() == before


@settings(max_examples=25, deadline=None)
@given(
    old=st.integers(100, 50_000),
    new=st.integers(100, 50_000),
    seats=st.integers(1, 9),
    second=st.integers(0, 30 * DAY - HOUR),
    behavior=st.sampled_from(["create_prorations", "always_invoice", "none"]),
)
def test_every_preview_comes_true(old: int, new: int, seats: int, second: int, behavior: Any) -> None:
    """docs.stripe.com/billing/subscriptions/prorations: for any prices, quantity and second of the period the previewed
    lines are the lines of the invoice that follows, and looking has changed nothing."""
    app = create_app(seed="preview", start=START)
    checked = CheckedApp(app)
    client = stripe.StripeClient("sk_test_sandbox", http_client=AsgiHTTPClient(checked), max_network_retries=0)
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    card = client.v1.customers.payment_methods.list(customer.id).data[0]
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    subscription = subscribe(client, customer.id, price(client, old).id)
    _advance(app, second)
    item: SubscriptionUpdateParamsItem = {
        "id": item_of(subscription).id,
        "price": price(client, new).id,
        "quantity": seats,
    }
    before = app.world.snapshot()
    shown = preview(client, subscription, items=[item], proration_behavior=behavior)
    assert app.world.snapshot() == before
    client.v1.subscriptions.update(subscription.id, {"items": [item], "proration_behavior": behavior})
    if behavior != "always_invoice" or not shown.lines.data:
        _advance(app, 30 * DAY - second)
    made = invoices(client, subscription=subscription.id)[0]
    assert amounts(made) == amounts(shown)
    assert checked.violations == []


def _advance(app: Any, seconds: int) -> None:
    from sandbox import clock

    clock.advance_to(app.world, clock.now(app.world) + seconds)
