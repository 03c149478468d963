"""How subscriptions end. Periods run 2 November to 2 December 2026: 30 days."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, event_types, invoices, item_of, price, subscribe, unix, use_card

HALF = 15 * DAY
PERIOD_END = unix(2026, 12, 2, 9)


@pytest.fixture
def subscription(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Subscription:
    return subscribe(client, customer.id, price(client, 2000, name="Pro").id)


def pending(client: stripe.StripeClient, customer: stripe.Customer) -> list[int]:
    return [item.amount for item in client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data]


def test_canceling_now_ends_at_once_without_credit(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel"""
    advance(HALF)
    ended = client.v1.subscriptions.cancel(
        subscription.id, {"cancellation_details": {"feedback": "too_expensive", "comment": "bye"}}
    )
    assert (ended.status, ended.ended_at, ended.canceled_at) == ("canceled", *[unix(2026, 11, 17, 9)] * 2)
    assert ended.cancellation_details is not None
    assert (ended.cancellation_details.feedback, ended.cancellation_details.reason) == (
        "too_expensive",
        "cancellation_requested",
    )
    assert event_types(client)[-1] == "customer.subscription.deleted"
    assert pending(client, customer) == []
    advance(60 * DAY)
    assert len(invoices(client, customer=customer.id)) == 1


def test_a_prorated_cancellation_leaves_a_credit_waiting(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/cancel#cancel_subscription-prorate"""
    advance(HALF)
    client.v1.subscriptions.cancel(subscription.id, {"prorate": True})
    assert pending(client, customer) == [-1000]


def test_a_prorated_cancellation_invoiced_now_credits_the_balance(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel: the credit goes to the customer's credit balance"""
    advance(HALF)
    ended = client.v1.subscriptions.cancel(subscription.id, {"prorate": True, "invoice_now": True})
    last = client.v1.invoices.retrieve(str(ended.latest_invoice))
    assert (last.total, last.status) == (-1000, "paid")
    assert client.v1.customers.retrieve(customer.id).balance == -1000
    assert pending(client, customer) == []


def test_what_is_owed_is_collected_with_the_last_invoice(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/cancel#cancel_subscription-invoice_now: new and pending proration items"""
    advance(HALF)
    client.v1.subscriptions.update(subscription.id, {"items": [{"id": item_of(subscription).id, "quantity": 3}]})
    ended = client.v1.subscriptions.cancel(subscription.id, {"invoice_now": True})
    last = client.v1.invoices.retrieve(str(ended.latest_invoice))
    assert (last.status, last.amount_paid) == ("paid", 2000)


def test_a_renewal_still_in_draft_does_not_advance_after_the_end(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel: no more automatic collection"""
    advance(30 * DAY)
    client.v1.subscriptions.cancel(subscription.id)
    advance(DAY)
    draft = invoices(client, customer=customer.id)[0]
    assert (draft.status, draft.auto_advance, draft.automatically_finalizes_at) == ("draft", False, None)


def test_pending_prorations_go_when_neither_prorated_nor_invoiced(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/cancel: pending prorations are removed if both are false"""
    advance(HALF)
    client.v1.subscriptions.update(subscription.id, {"items": [{"id": item_of(subscription).id, "quantity": 3}]})
    client.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd"})
    assert sorted(pending(client, customer)) == [-1000, 700, 3000]
    client.v1.subscriptions.cancel(subscription.id)
    assert pending(client, customer) == [700]


def test_canceling_at_period_end_and_changing_ones_mind(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel#reactivating-canceled-subscriptions"""
    leaving = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (leaving.status, leaving.cancel_at_period_end, leaving.cancel_at) == ("active", True, PERIOD_END)
    assert leaving.canceled_at == unix(2026, 11, 2, 9)
    staying = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (staying.cancel_at_period_end, staying.cancel_at, staying.canceled_at) == (False, None, None)
    advance(30 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_at_the_period_end_it_is_over_and_nothing_is_billed(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel#cancel-at-the-end-of-the-current-billing-cycle"""
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    advance(30 * DAY)
    ended = client.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", PERIOD_END)
    # The day it was asked for, not the day it came.
    assert ended.canceled_at == unix(2026, 11, 2, 9)
    advance(2 * DAY)
    assert len(invoices(client, customer=customer.id)) == 1


def test_prorations_that_wait_are_collected_at_the_planned_end(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/cancel: pending prorations are collected at the end of the period"""
    advance(HALF)
    client.v1.subscriptions.update(
        subscription.id,
        {"items": [{"id": item_of(subscription).id, "quantity": 3}], "cancel_at_period_end": True},
    )
    client.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd"})
    shown = client.v1.invoices.create_preview({"subscription": subscription.id})
    advance(HALF + HOUR)
    last = invoices(client, customer=customer.id)[0]
    assert ([line.amount for line in last.lines.data], last.status) == ([-1000, 3000], "paid")
    assert shown.total == last.total
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert pending(client, customer) == [700]


@pytest.mark.parametrize(("behavior", "credit"), [("create_prorations", [-1000]), ("none", [])])
def test_a_custom_end_inside_the_period_credits_the_rest_unless_told_not_to(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
    behavior: Any,
    credit: list[int],
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel#cancel-at-custom-date"""
    client.v1.subscriptions.update(
        subscription.id, {"cancel_at": unix(2026, 11, 17, 9), "proration_behavior": behavior}
    )
    advance(HALF)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert pending(client, customer) == credit


def test_canceling_stops_the_automatic_collection_of_open_invoices(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/cancel: to prevent unexpected payment attempts"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(30 * DAY + HOUR)
    client.v1.subscriptions.cancel(subscription.id)
    use_card(client, customer.id, "pm_card_visa")
    advance(20 * DAY)
    owed = invoices(client, customer=customer.id, status="open")
    assert [(i.auto_advance, i.next_payment_attempt, i.attempt_count) for i in owed] == [(False, None, 1)]


def test_a_canceled_subscription_is_immutable_and_cannot_be_canceled_again(
    client: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    """docs.stripe.com/api/subscriptions/cancel: only metadata and cancellation_details can still change"""
    client.v1.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert refused.value.code == "invalid_canceled_subscription_fields"
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.subscriptions.cancel(subscription.id)
    assert missing.value.code == "resource_missing"
    noted = client.v1.subscriptions.update(subscription.id, {"metadata": {"why": "moved"}})
    assert noted.metadata.to_dict() == {"why": "moved"}


def test_deleting_a_customer_ends_their_subscriptions(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/customers/delete"""
    client.v1.customers.delete(customer.id)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    advance(40 * DAY)
    assert len(invoices(client)) == 1
