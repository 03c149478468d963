"""Subscriptions from their first invoice to their renewals."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, amounts, event_types, invoices, item_of, price, subscribe, unix, use_card


@pytest.fixture
def pro(client: stripe.StripeClient) -> stripe.Price:
    return price(client, 2000, name="Pro")


def test_the_first_invoice_is_paid_at_once(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/overview#how-payments-work-with-subscriptions"""
    subscription = subscribe(client, customer.id, pro.id)
    assert subscription.status == "active"
    assert item_of(subscription).current_period_start == unix(2026, 11, 2, 9)
    assert item_of(subscription).current_period_end == unix(2026, 12, 2, 9)
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 2000, "subscription_create")
    assert (invoice.attempt_count, invoice.attempted, invoice.next_payment_attempt) == (1, True, None)
    line = invoice.lines.data[0]
    assert line.description == "1 × Pro (at $20.00 / month)"
    assert line.parent is not None
    assert line.parent.subscription_item_details is not None
    assert line.parent.subscription_item_details.proration is False
    assert line.pricing is not None
    assert line.pricing.price_details is not None
    assert line.pricing.price_details.price == pro.id


def test_the_events_of_a_new_subscription(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/webhooks"""
    before = len(event_types(client))
    subscribe(client, customer.id, pro.id)
    assert event_types(client)[before:] == [
        "customer.subscription.created",
        "invoice.created",
        "payment_intent.created",
        "invoice.finalized",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
    ]
