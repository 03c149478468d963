"""Items of a subscription one by one: the same changes as through the subscription."""

from collections.abc import Callable

import pytest
import stripe

from tests.sandbox.billing import DAY, event_types, item_of, price, subscribe

HALF = 15 * DAY


@pytest.fixture
def subscription(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Subscription:
    return subscribe(client, customer.id, price(client, 1000, name="Basic").id)


def waiting(client: stripe.StripeClient, subscription: stripe.Subscription) -> list[int]:
    items = client.v1.invoice_items.list({"customer": str(subscription.customer), "pending": True}).data
    return sorted(item.amount for item in items)


def test_an_item_is_added_changed_and_taken_off(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/subscription_items, docs.stripe.com/billing/subscriptions/prorations"""
    advance(HALF)
    before = event_types(client).count("customer.subscription.updated")
    seats = price(client, 400, name="Seats")
    made = client.v1.subscription_items.create(
        {"subscription": subscription.id, "price": seats.id, "quantity": 2, "metadata": {"team": "north"}}
    )
    assert (made.price.id, made.quantity, made.subscription) == (seats.id, 2, subscription.id)
    assert client.v1.subscription_items.retrieve(made.id).metadata["team"] == "north"
    assert waiting(client, subscription) == [400]
    changed = client.v1.subscription_items.update(made.id, {"quantity": 5, "metadata": {"team": ""}})
    assert (changed.quantity, changed.metadata.to_dict()) == (5, {})
    assert sum(waiting(client, subscription)) == 1000
    assert len(client.v1.subscription_items.list({"subscription": subscription.id}).data) == 2
    assert client.v1.subscription_items.delete(made.id).deleted is True
    assert sum(waiting(client, subscription)) == 0
    assert [item.id for item in client.v1.subscriptions.retrieve(subscription.id)["items"].data] == [
        item_of(subscription).id
    ]
    assert event_types(client).count("customer.subscription.updated") == before + 3


def test_how_it_is_prorated_can_be_said(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/subscription_items/update#update_subscription_item-proration_behavior"""
    advance(HALF)
    pro = price(client, 2000, name="Pro")
    before = len(client.v1.invoices.list().data)
    client.v1.subscription_items.update(
        item_of(subscription).id, {"price": pro.id, "proration_behavior": "always_invoice"}
    )
    assert [invoice.total for invoice in client.v1.invoices.list().data][:-before] == [500]
    client.v1.subscription_items.update(item_of(subscription).id, {"quantity": 3, "proration_behavior": "none"})
    assert waiting(client, subscription) == []


def test_it_happens_in_the_time_of_its_test_clock(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    """docs.stripe.com/billing/testing/test-clocks"""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_900_000_000})
    customer = client.v1.customers.create(
        {
            "test_clock": clock.id,
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    begun = subscribe(client, customer.id, price(client, 3000).id)
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": 1_900_000_000 + HALF})
    advance(0)
    client.v1.subscription_items.update(item_of(begun).id, {"quantity": 2})
    assert {item.date for item in client.v1.invoice_items.list({"customer": customer.id}).data} == {
        1_900_000_000 + HALF
    }


@pytest.mark.parametrize("verb", ["retrieve", "update", "delete"])
def test_an_item_that_is_not_there(client: stripe.StripeClient, subscription: stripe.Subscription, verb: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription item: 'si_none'") as missing:
        getattr(client.v1.subscription_items, verb)("si_none")
    assert (missing.value.code, missing.value.http_status) == ("resource_missing", 404)
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription: 'sub_none'"):
        client.v1.subscription_items.create({"subscription": "sub_none", "price": item_of(subscription).price.id})


def test_the_last_item_stays(client: stripe.StripeClient, subscription: stripe.Subscription) -> None:
    """docs.stripe.com/api/subscription_items/delete: a subscription is canceled, not emptied"""
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscription_items.delete(item_of(subscription).id)
    assert client.v1.subscription_items.retrieve(item_of(subscription).id).quantity == 1
