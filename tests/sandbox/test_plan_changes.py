"""Changing plan and quantity, with their prorations. Periods run 2 November to 2 December 2026: 30 days."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import (
    DAY,
    HOUR,
    amounts,
    change,
    event_types,
    invoices,
    item_of,
    pending,
    price,
    subscribe,
    unix,
    use_card,
)

HALF = 15 * DAY


def test_an_upgrade_halfway_is_billed_with_the_next_invoice(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations: -5 for the unused time, 10 for the remaining time"""
    advance(HALF)
    changed = change(client, subscription, item={"price": pro.id})
    assert item_of(changed).price.id == pro.id
    assert item_of(changed).current_period_end == unix(2026, 12, 2, 9)
    assert len(invoices(client, customer=customer.id)) == 1
    waiting = pending(client, customer)
    assert [(item.amount, item.proration) for item in waiting] == [(-500, True), (1000, True)]
    assert [item.description for item in waiting] == [
        "Unused time on Basic after 17 Nov 2026",
        "Remaining time on Pro after 17 Nov 2026",
    ]
    advance(HALF)
    renewal = invoices(client, customer=customer.id)[0]
    assert (renewal.billing_reason, amounts(renewal), renewal.total) == ("subscription_cycle", [-500, 1000, 2000], 2500)
    assert pending(client, customer) == []


def test_the_credit_names_the_line_it_gives_back(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/invoice-line-item/object: parent.subscription_item_details.proration_details"""
    first = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    advance(HALF)
    changed = change(client, subscription, item={"price": pro.id}, proration_behavior="always_invoice")
    invoice = client.v1.invoices.retrieve(str(changed.latest_invoice))
    credit, debit = [line.parent.subscription_item_details for line in invoice.lines.data if line.parent]
    assert credit is not None
    assert debit is not None
    assert (credit.proration, debit.proration) == (True, True)
    assert credit.proration_details is not None
    credited = credit.proration_details.credited_items
    assert credited is not None
    assert (credited.invoice, credited.invoice_line_items) == (first.id, [first.lines.data[0].id])
    assert debit.proration_details is not None
    assert debit.proration_details.credited_items is None


def test_always_invoice_charges_the_difference_at_once(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/update#update_subscription-proration_behavior"""
    advance(HALF)
    changed = change(client, subscription, item={"price": pro.id}, proration_behavior="always_invoice")
    invoice = client.v1.invoices.retrieve(str(changed.latest_invoice))
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("paid", 500, "subscription_update")
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription_proration_date == unix(2026, 11, 17, 9)
    advance(HALF)
    assert invoices(client, customer=customer.id)[0].total == 2000


def test_none_changes_the_price_from_the_next_period_on(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/update: billed 100 on May 1 and 200 on June 1"""
    advance(HALF)
    change(client, subscription, item={"price": pro.id}, proration_behavior="none")
    assert pending(client, customer) == []
    advance(HALF)
    assert amounts(invoices(client, customer=customer.id)[0]) == [2000]


def test_a_credit_takes_what_was_debited_even_after_an_unbilled_upgrade(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/billing-mode/compare#credit-proration-calculations: the upgrade with
    proration_behavior=none debited nothing, so half of the 10.00 that was paid comes back and not half of 20.00."""
    change(client, subscription, item={"price": pro.id}, proration_behavior="none")
    advance(HALF)
    client.v1.subscriptions.cancel(subscription.id, {"prorate": True})
    assert [item.amount for item in pending(client, customer)] == [-500]


def test_a_quantity_change_credits_the_old_seats_and_debits_the_new(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    basic: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/quantities"""
    seats = subscribe(client, customer.id, basic.id, quantity=3)
    advance(HALF)
    change(client, seats, item={"quantity": 5})
    assert [(item.amount, item.quantity) for item in pending(client, customer)] == [(-1500, 3), (2500, 5)]
    assert pending(client, customer)[0].description == "Unused time on 3 × Basic after 17 Nov 2026"


def test_changing_forth_and_back_in_one_second_costs_nothing(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    basic: stripe.Price,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations"""
    advance(HALF + 12_345)
    change(client, subscription, item={"price": pro.id})
    change(client, subscription, item={"price": basic.id})
    assert sum(item.amount for item in pending(client, customer)) == 0


def test_sending_the_same_price_again_prorates_nothing(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    basic: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations#what-triggers-prorations"""
    advance(HALF)
    change(client, subscription, item={"price": basic.id, "quantity": 1})
    assert pending(client, customer) == []


def test_items_are_added_and_removed(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/multiple-products"""
    addon = price(client, 600, name="Add-on")
    advance(HALF)
    both = client.v1.subscriptions.update(subscription.id, {"items": [{"price": addon.id}]})
    assert [item.price.id for item in both["items"].data] == [item_of(subscription).price.id, addon.id]
    assert [item.amount for item in pending(client, customer)] == [300]
    client.v1.subscriptions.update(subscription.id, {"items": [{"id": item_of(subscription).id, "deleted": True}]})
    assert [item.amount for item in pending(client, customer)] == [300, -500]
    left = client.v1.subscriptions.retrieve(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="at least one"):
        client.v1.subscriptions.update(subscription.id, {"items": [{"id": item_of(left).id, "deleted": True}]})


def test_a_change_dated_before_an_earlier_one_credits_both_stretches(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/billing-mode/compare: one credit for each debit that covers the time"""
    advance(HALF)
    change(client, subscription, item={"price": pro.id})
    third = price(client, 3000, name="Max")
    change(client, subscription, item={"price": third.id}, proration_date=unix(2026, 11, 12, 9))
    assert [item.amount for item in pending(client, customer)] == [-500, 1000, -167, -1000, 2000]


def test_a_downgrade_invoiced_at_once_becomes_credit_for_the_next_invoice(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    basic: stripe.Price,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/customer/balance: a negative total is added to the customer's credit balance"""
    subscription = subscribe(client, customer.id, pro.id)
    advance(HALF)
    changed = change(client, subscription, item={"price": basic.id}, proration_behavior="always_invoice")
    refund = client.v1.invoices.retrieve(str(changed.latest_invoice))
    assert (refund.status, refund.total, refund.amount_due) == ("paid", -500, 0)
    assert (refund.starting_balance, refund.ending_balance) == (0, -500)
    assert client.v1.customers.retrieve(customer.id).balance == -500
    advance(HALF + HOUR)
    renewal = invoices(client, customer=customer.id)[0]
    assert (renewal.total, renewal.amount_due, renewal.amount_paid) == (1000, 500, 500)
    assert (renewal.starting_balance, renewal.ending_balance) == (-500, 0)
    moves = client.v1.customers.balance_transactions.list(customer.id).data
    assert [(m.type, m.amount, m.ending_balance) for m in moves] == [
        ("applied_to_invoice", 500, 0),
        ("applied_to_invoice", -500, -500),
    ]


def test_a_declined_upgrade_makes_the_subscription_past_due_unless_errors_are_asked_for(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    pro: stripe.Price,
    advance: Callable[[int], int],
    app: Any,
) -> None:
    """docs.stripe.com/api/subscriptions/update#update_subscription-payment_behavior"""
    advance(HALF)
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    before = app.world.snapshot()
    with pytest.raises(stripe.CardError):
        change(
            client,
            subscription,
            item={"price": pro.id},
            proration_behavior="always_invoice",
            payment_behavior="error_if_incomplete",
        )
    assert app.world.snapshot() == before
    changed = change(client, subscription, item={"price": pro.id}, proration_behavior="always_invoice")
    assert (changed.status, item_of(changed).price.id) == ("past_due", pro.id)


def test_a_change_leaves_one_updated_event_with_what_was_before(
    client: stripe.StripeClient, subscription: stripe.Subscription, pro: stripe.Price
) -> None:
    """docs.stripe.com/api/events/object#event_object-data-previous_attributes"""
    before = len(event_types(client))
    change(client, subscription, item={"price": pro.id}, metadata={"note": "x"})
    assert event_types(client)[before:] == [
        "invoiceitem.created",
        "invoiceitem.created",
        "customer.subscription.updated",
    ]
    previous = client.v1.events.list({"limit": 1}).data[0].data.to_dict()["previous_attributes"]
    assert set(previous) == {"items", "metadata"}


@pytest.mark.parametrize("days", [-1, 31])
def test_a_proration_date_outside_the_period_is_refused(
    client: stripe.StripeClient, subscription: stripe.Subscription, pro: stripe.Price, days: int
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations#preview-proration"""
    with pytest.raises(stripe.InvalidRequestError, match="proration_date"):
        change(client, subscription, item={"price": pro.id}, proration_date=unix(2026, 11, 2, 9) + days * DAY)
