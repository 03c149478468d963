"""Changes that begin a new period at once, trials, and changes that are refused. The first period has 30 days."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, amounts, change, invoices, item_of, pending, price, subscribe, unix

HALF = 15 * DAY


def test_another_interval_restarts_the_period_and_bills_at_once(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/update: the billing interval is changed"""
    yearly = price(client, 10_000, "year", name="Yearly")
    advance(HALF)
    changed = change(client, subscription, item={"price": yearly.id})
    assert item_of(changed).current_period_start == unix(2026, 11, 17, 9)
    assert item_of(changed).current_period_end == unix(2027, 11, 17, 9)
    invoice = client.v1.invoices.retrieve(str(changed.latest_invoice))
    assert (amounts(invoice), invoice.status) == ([-500, 10_000], "paid")


def test_without_prorations_the_old_periods_rest_is_forfeited_for_good(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/update: with none no credits are made for the old subscription's unused time"""
    yearly = price(client, 36_500, "year", name="Yearly")
    advance(HALF)
    changed = change(client, subscription, item={"price": yearly.id}, proration_behavior="none")
    assert amounts(client.v1.invoices.retrieve(str(changed.latest_invoice))) == [36_500]
    client.v1.subscriptions.cancel(subscription.id, {"prorate": True})
    assert [item.amount for item in pending(client, customer)] == [-36_500]


def test_a_new_anchor_credits_every_item_and_begins_a_period(
    client: stripe.StripeClient, customer: stripe.Customer, basic: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle#change-billing-period"""
    addon = price(client, 600, name="Add-on")
    both = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": basic.id}, {"price": addon.id}]}
    )
    advance(HALF)
    changed = client.v1.subscriptions.update(both.id, {"billing_cycle_anchor": {"type": "now"}})
    assert changed.billing_cycle_anchor == item_of(changed).current_period_start == unix(2026, 11, 17, 9)
    assert amounts(client.v1.invoices.retrieve(str(changed.latest_invoice))) == [-500, -300, 1000, 600]


def test_from_free_to_paid_bills_at_once(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/subscriptions/update: the subscription moves from free to paid"""
    free = subscribe(client, customer.id, price(client, 0, name="Free").id)
    assert free.status == "active"
    advance(10 * DAY)
    changed = change(client, free, item={"price": pro.id})
    assert item_of(changed).current_period_start == unix(2026, 11, 12, 9)
    assert amounts(client.v1.invoices.retrieve(str(changed.latest_invoice))) == [2000]


def test_a_trial_ended_now_is_billed_now(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/trials#end-trials"""
    trial = subscribe(client, customer.id, pro.id, trial_period_days=14)
    advance(2 * DAY)
    changed = client.v1.subscriptions.update(trial.id, {"trial_end": "now"})
    assert (changed.status, item_of(changed).current_period_end) == ("active", unix(2026, 12, 4, 9))
    assert client.v1.invoices.retrieve(str(changed.latest_invoice)).amount_paid == 2000


def test_a_trial_added_later_credits_the_unused_time_and_moves_the_billing_date(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations#what-triggers-prorations: adding a trial period"""
    advance(HALF)
    end = unix(2026, 12, 25, 9)
    changed = client.v1.subscriptions.update(subscription.id, {"trial_end": end})
    assert (changed.status, changed.trial_end, item_of(changed).current_period_end) == ("trialing", end, end)
    invoice = client.v1.invoices.retrieve(str(changed.latest_invoice))
    assert (amounts(invoice), invoice.total, invoice.ending_balance) == ([-500, 0], -500, -500)
    advance(end - unix(2026, 11, 17, 9) + HOUR)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert invoices(client, customer=customer.id)[0].amount_due == 500


def test_a_new_interval_moves_a_planned_end_with_it(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/cancel: at the end of the current billing period, whichever that is"""
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    advance(HALF)
    changed = change(client, subscription, item={"price": price(client, 10_000, "year").id})
    assert (changed.cancel_at_period_end, changed.cancel_at) == (True, unix(2027, 11, 17, 9))
    advance(365 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"items": [{"quantity": 2}]}, "price"),
        ({"items": [{"id": "si_none", "quantity": 2}]}, "No such subscription item"),
        ({"items": [{"price": "BASIC"}]}, "only once"),
        ({"items": [{"price": "YEARLY"}]}, "mixed intervals"),
        ({"items": [{"price": "EURO"}]}, "currency"),
        ({"trial_end": 1}, "future"),
        ({"cancel_at": 1}, "future"),
        ({"cancel_at": unix(2027, 1, 1), "cancel_at_period_end": True}, "only specify one"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"pause_collection": {"behavior": "void", "resumes_at": 1}}, "future"),
        ({"payment_behavior": "pending_if_incomplete"}, "payment_behavior"),
        ({"prorate": True}, "unknown parameter"),
    ],
)
def test_wrong_changes_are_refused_and_change_nothing(
    client: stripe.StripeClient,
    subscription: stripe.Subscription,
    basic: stripe.Price,
    app: Any,
    params: Any,
    words: str,
) -> None:
    """docs.stripe.com/api/subscriptions/update"""
    named = {
        "BASIC": basic.id,
        "YEARLY": price(client, 9000, "year").id,
        "EURO": price(client, 900, currency="eur").id,
    }
    items = [{key: named.get(value, value) for key, value in item.items()} for item in params.get("items", [])]
    if items:
        params = {**params, "items": items}
    before = app.world.snapshot()
    with pytest.raises(stripe.InvalidRequestError, match=words):
        client.v1.subscriptions.update(subscription.id, params)
    assert app.world.snapshot() == before


def test_the_anchor_cannot_move_within_a_trial(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/trials: the billing cycle begins when the trial ends"""
    trial = subscribe(client, customer.id, pro.id, trial_period_days=14)
    with pytest.raises(stripe.InvalidRequestError, match="trial_end=now"):
        client.v1.subscriptions.update(trial.id, {"billing_cycle_anchor": {"type": "now"}})


def test_a_change_during_the_trial_prorates_nothing(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    basic: stripe.Price,
    pro: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/trials"""
    trial = subscribe(client, customer.id, basic.id, trial_period_days=14)
    advance(7 * DAY)
    change(client, trial, item={"price": pro.id})
    assert pending(client, customer) == []
    advance(7 * DAY)
    assert amounts(invoices(client, customer=customer.id)[0]) == [2000]
