"""Paused subscriptions and paused collection."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from tests.sandbox.billing import DAY, HOUR, amounts, event_types, invoices, item_of, price, subscribe, unix, use_card


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
    use_card(client, cardless.id, "pm_card_visa")
    resumed = client.v1.subscriptions.resume(trial.id, {"billing_cycle_anchor": {"type": "now"}})
    assert (resumed.status, item_of(resumed).current_period_start) == ("active", unix(2027, 1, 8, 9))
    assert client.v1.invoices.retrieve(str(resumed.latest_invoice)).amount_paid == 2000
    with pytest.raises(stripe.InvalidRequestError, match="Only a paused"):
        client.v1.subscriptions.resume(trial.id)


@pytest.fixture
def paused(client: stripe.StripeClient, advance: Callable[[int], int]) -> stripe.Subscription:
    """A trial that ended without a card, whose customer has none yet."""
    made = client.v1.customers.create({"email": "new@example.com"})
    ends: Any = {"end_behavior": {"missing_payment_method": "pause"}}
    trial = subscribe(client, made.id, price(client, 2000).id, trial_period_days=7, trial_settings=ends)
    advance(7 * DAY)
    return client.v1.subscriptions.retrieve(trial.id)


def test_a_declined_card_leaves_a_resumed_subscription_past_due(
    client: stripe.StripeClient, paused: stripe.Subscription
) -> None:
    """docs.stripe.com/api/subscriptions/resume: payment_behavior=resume_on_payment_attempt, the default"""
    use_card(client, str(paused.customer), "pm_card_chargeCustomerFail")
    resumed = client.v1.subscriptions.resume(paused.id)
    assert resumed.status == "past_due"
    assert client.v1.invoices.retrieve(str(resumed.latest_invoice)).status == "open"


def test_a_resumption_may_wait_for_its_payment(
    client: stripe.StripeClient, paused: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/subscriptions/resume: payment_behavior=resume_on_payment_success"""
    use_card(client, str(paused.customer), "pm_card_chargeCustomerFail")
    waiting = client.v1.subscriptions.resume(paused.id, {"payment_behavior": "resume_on_payment_success"})
    invoice = client.v1.invoices.retrieve(str(waiting.latest_invoice))
    assert (waiting.status, invoice.status, invoice.attempt_count) == ("paused", "open", 0)
    with pytest.raises(stripe.InvalidRequestError, match="its invoice is open"):
        client.v1.subscriptions.resume(paused.id)
    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(invoice.id)
    assert client.v1.subscriptions.retrieve(paused.id).status == "paused"
    advance(24 * HOUR)  # it was tried: it stays open
    use_card(client, str(paused.customer), "pm_card_visa")
    assert client.v1.invoices.pay(invoice.id).status == "paid"
    assert client.v1.subscriptions.retrieve(paused.id).status == "active"
    assert "customer.subscription.resumed" in event_types(client)


def test_a_resumption_that_nobody_pays_is_given_up_after_23_hours(
    client: stripe.StripeClient, paused: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/subscriptions/resume: without an attempt the invoice is voided"""
    waiting = client.v1.subscriptions.resume(paused.id, {"payment_behavior": "resume_on_payment_success"})
    advance(23 * HOUR - 1)
    assert client.v1.invoices.retrieve(str(waiting.latest_invoice)).status == "open"
    advance(1)
    assert client.v1.invoices.retrieve(str(waiting.latest_invoice)).status == "void"
    assert client.v1.subscriptions.retrieve(paused.id).status == "paused"
    again = client.v1.subscriptions.resume(paused.id, {"payment_behavior": "resume_on_payment_success"})
    client.v1.invoices.mark_uncollectible(str(again.latest_invoice))
    assert client.v1.subscriptions.retrieve(paused.id).status == "active"


def test_what_resuming_will_cost_can_be_seen_before(
    client: stripe.StripeClient, app: Sandbox, paused: stripe.Subscription
) -> None:
    """docs.stripe.com/api/invoices/create_preview: subscription_details.resume_at"""
    before = app.world.snapshot()
    shown = client.v1.invoices.create_preview({"subscription": paused.id, "subscription_details": {"resume_at": "now"}})
    assert (shown.amount_due, amounts(shown)) == (2000, [2000])
    assert app.world.snapshot() == before


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
