"""Paused subscriptions and paused collection."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, event_types, invoices, item_of, price, subscribe, unix, use_card


@pytest.fixture
def subscription(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Subscription:
    return subscribe(client, customer.id, price(client, 2000, name="Pro").id)


def test_a_trial_that_ends_without_a_card_may_pause_and_be_resumed(
    client: stripe.StripeClient, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/trials/free-trials#create-free-trials-without-payment"""
    cardless = client.v1.customers.create({"email": "new@example.com"})
    trial = subscribe(
        client,
        cardless.id,
        price(client, 2000).id,
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": "pause"}},
    )
    advance(7 * DAY)
    paused = client.v1.subscriptions.retrieve(trial.id)
    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "trial_end_without_payment_method"
    assert event_types(client)[-1] == "customer.subscription.paused"
    advance(60 * DAY)
    assert len(invoices(client, customer=cardless.id)) == 1
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        client.v1.subscriptions.resume(trial.id)
    use_card(client, cardless.id, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        client.v1.subscriptions.resume(trial.id)
    assert client.v1.subscriptions.retrieve(trial.id).status == "paused"
    use_card(client, cardless.id, "pm_card_visa")
    resumed = client.v1.subscriptions.resume(trial.id, {"billing_cycle_anchor": {"type": "now"}})
    assert (resumed.status, item_of(resumed).current_period_start) == ("active", unix(2027, 1, 8, 9))
    assert client.v1.invoices.retrieve(str(resumed.latest_invoice)).amount_paid == 2000
    with pytest.raises(stripe.InvalidRequestError, match="Only a paused"):
        client.v1.subscriptions.resume(trial.id)


@pytest.mark.parametrize(
    ("behavior", "status"), [("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible"), ("void", "void")]
)
def test_paused_collection_charges_nothing_and_the_subscription_stays_active(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
    behavior: Any,
    status: str,
) -> None:
    """docs.stripe.com/billing/subscriptions/pause-payment"""
    until = unix(2027, 1, 1, 9)
    resting = client.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": behavior, "resumes_at": until}}
    )
    assert resting.pause_collection is not None
    assert (resting.status, resting.pause_collection.resumes_at) == ("active", until)
    advance(30 * DAY + 2 * HOUR)
    assert invoices(client, subscription=subscription.id)[0].status == status
    assert len(client.v1.charges.list({"customer": customer.id}).data) == 1
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    advance(31 * DAY)
    awake = client.v1.subscriptions.retrieve(subscription.id)
    assert awake.pause_collection is None
    assert invoices(client, subscription=subscription.id)[0].status == "paid"


def test_collection_is_resumed_by_hand(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/pause-payment#unpausing"""
    client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void"}})
    awake = client.v1.subscriptions.update(subscription.id, {"pause_collection": ""})
    assert awake.pause_collection is None
    advance(30 * DAY + HOUR)
    assert invoices(client, subscription=subscription.id)[0].status == "paid"
