"""Renewals, failed payments, retries, under a clock that is moved. The first period ends on 2 December 2026."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, amounts, event_types, invoices, item_of, price, subscribe, unix, use_card

TO_RENEWAL = 30 * DAY


@pytest.fixture
def subscription(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Subscription:
    return subscribe(client, customer.id, price(client, 2000, name="Pro").id)


def status(client: stripe.StripeClient, subscription: stripe.Subscription) -> str:
    return client.v1.subscriptions.retrieve(subscription.id).status


def latest(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice:
    return invoices(client, subscription=subscription.id)[0]


def test_a_renewal_is_drafted_then_finalized_and_paid_an_hour_later(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/invoices/subscription#sub-invoice-life-cycle"""
    advance(TO_RENEWAL)
    draft = latest(client, subscription)
    assert (draft.status, draft.billing_reason, draft.number) == ("draft", "subscription_cycle", None)
    assert draft.automatically_finalizes_at == draft.next_payment_attempt == unix(2026, 12, 2, 10)
    assert (draft.period_start, draft.period_end) == (unix(2026, 11, 2, 9), unix(2026, 12, 2, 9))
    line = draft.lines.data[0]
    assert (line.period.start, line.period.end) == (unix(2026, 12, 2, 9), unix(2027, 1, 2, 9))
    renewed = client.v1.subscriptions.retrieve(subscription.id)
    assert (renewed.status, renewed.latest_invoice) == ("active", draft.id)
    assert item_of(renewed).current_period_end == unix(2027, 1, 2, 9)
    advance(HOUR - 1)
    assert latest(client, subscription).status == "draft"
    advance(1)
    paid = latest(client, subscription)
    assert (paid.id, paid.status, paid.attempt_count) == (draft.id, "paid", 1)
    assert paid.status_transitions.finalized_at == unix(2026, 12, 2, 10)


def test_a_year_of_renewals_keeps_the_day_of_the_month(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle: the last day of shorter months"""
    advance(unix(2027, 1, 31, 9) - unix(2026, 11, 2, 9))
    monthly = subscribe(client, customer.id, price(client, 500).id)
    ends = []
    for _ in range(5):
        ends.append(item_of(client.v1.subscriptions.retrieve(monthly.id)).current_period_end)
        advance(31 * DAY)
    assert ends[0] == unix(2027, 2, 28, 9)
    assert unix(2027, 3, 31, 9) in ends
    advance(300 * DAY)
    starts = [line.period.start for i in client.v1.invoices.list({"limit": 20}).data for line in i.lines.data]
    assert {unix(2027, 4, 30, 9), unix(2027, 5, 31, 9), unix(2027, 12, 31, 9)} <= set(starts)


def test_a_failed_renewal_is_past_due_and_retried_until_a_new_card_pays(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/revenue-recovery/smart-retries"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(TO_RENEWAL + HOUR)
    failed = latest(client, subscription)
    assert (failed.status, failed.attempted, failed.attempt_count) == ("open", True, 1)
    assert failed.next_payment_attempt == unix(2026, 12, 4, 10)
    assert status(client, subscription) == "past_due"
    assert client.v1.customers.retrieve(customer.id).delinquent is True
    assert event_types(client, since=unix(2026, 12, 2, 9)) == [
        "invoice.created",
        "customer.subscription.updated",
        "payment_intent.created",
        "invoice.finalized",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "customer.subscription.updated",
        "customer.updated",
    ]
    advance(2 * DAY)
    assert latest(client, subscription).attempt_count == 2
    use_card(client, customer.id, "pm_card_visa")
    assert latest(client, subscription).status == "open"
    advance(2 * DAY)
    recovered = latest(client, subscription)
    assert (recovered.status, recovered.attempt_count, recovered.next_payment_attempt) == ("paid", 3, None)
    assert status(client, subscription) == "active"
    assert client.v1.customers.retrieve(customer.id).delinquent is False


def test_paying_by_hand_recovers_at_once_and_a_failed_try_by_hand_does_not_count(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/invoices/object#invoice_object-attempt_count: only automatic retries count after the first"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(TO_RENEWAL + HOUR)
    invoice = latest(client, subscription)
    advance(5 * HOUR)
    with pytest.raises(stripe.CardError) as declined:
        client.v1.invoices.pay(invoice.id)
    assert declined.value.code == "card_declined"
    again = client.v1.invoices.retrieve(invoice.id)
    assert (again.attempt_count, again.next_payment_attempt) == (1, invoice.next_payment_attempt)
    assert len(client.v1.charges.list({"customer": customer.id}).data) == 3
    good = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert client.v1.invoices.pay(invoice.id, {"payment_method": good.id}).status == "paid"
    assert status(client, subscription) == "active"


@pytest.mark.parametrize(
    ("setting", "expected"), [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")]
)
def test_after_eight_tries_in_two_weeks_the_accounts_setting_decides(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
    act: Callable[..., Any],
    setting: str,
    expected: str,
) -> None:
    """docs.stripe.com/billing/revenue-recovery/smart-retries: eight tries within two weeks by default;
    docs.stripe.com/billing/subscriptions/overview#settings: cancel, mark unpaid, or leave past due"""
    act("billing_settings", after_retries=setting)
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(TO_RENEWAL + HOUR + 14 * DAY - 1)
    invoice = latest(client, subscription)
    assert (invoice.attempt_count, status(client, subscription)) == (7, "past_due")
    advance(1)
    over = client.v1.invoices.retrieve(invoice.id)
    assert (over.attempt_count, over.next_payment_attempt, over.status) == (8, None, "open")
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert after.status == expected
    if expected == "canceled":
        assert after.cancellation_details is not None
        assert after.cancellation_details.reason == "payment_failed"
        assert event_types(client)[-2:] == ["customer.subscription.deleted", "invoice.updated"]


def test_an_unpaid_subscription_drafts_invoices_without_collecting_them_and_wakes_when_paid(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
    act: Callable[..., Any],
) -> None:
    """docs.stripe.com/billing/subscriptions/overview#unpaid"""
    act("billing_settings", after_retries="unpaid")
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(TO_RENEWAL + HOUR + 14 * DAY)
    owed = latest(client, subscription)
    use_card(client, customer.id, "pm_card_visa")
    advance(20 * DAY)
    draft = latest(client, subscription)
    assert draft.id != owed.id
    assert (draft.status, draft.auto_advance, draft.automatically_finalizes_at) == ("draft", False, None)
    client.v1.invoices.pay(owed.id)
    assert status(client, subscription) == "active"


def test_after_a_hard_decline_retries_are_counted_but_the_card_is_left_alone(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
    app: Any,
) -> None:
    """docs.stripe.com/billing/revenue-recovery/smart-retries: non-retryable decline codes need a new payment method"""
    card = use_card(client, customer.id, "pm_card_chargeCustomerFail")
    method = app.world.find("payment_method", card)
    with app.world.transaction():
        app.world.put({**method, "_behaviour": {**method["_behaviour"], "decline": "stolen_card"}})
    advance(TO_RENEWAL + HOUR)
    charges = len(client.v1.charges.list({"customer": customer.id}).data)
    advance(4 * DAY)
    assert latest(client, subscription).attempt_count == 3
    assert len(client.v1.charges.list({"customer": customer.id}).data) == charges
    use_card(client, customer.id, "pm_card_visa")
    advance(2 * DAY)
    assert latest(client, subscription).status == "paid"


def test_a_renewal_that_needs_authentication_fails_and_says_so(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/overview#requires-action: off-session payments cannot authenticate"""
    use_card(client, customer.id, "pm_card_authenticationRequired")
    advance(TO_RENEWAL + HOUR)
    invoice = client.v1.invoices.retrieve(
        latest(client, subscription).id, {"expand": ["payments.data.payment.payment_intent"]}
    )
    assert (invoice.status, status(client, subscription)) == ("open", "past_due")
    assert invoice.payments is not None
    intent = invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "authentication_required"


def test_paying_on_session_may_ask_the_customer_to_authenticate(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
    act: Callable[..., Any],
) -> None:
    """docs.stripe.com/error-codes#invoice-payment-intent-requires-action"""
    card = use_card(client, customer.id, "pm_card_authenticationRequired")
    advance(TO_RENEWAL + HOUR)
    invoice = latest(client, subscription)
    with pytest.raises(stripe.CardError) as needed:
        client.v1.invoices.pay(invoice.id, {"payment_method": card, "off_session": False})
    assert needed.value.code == "invoice_payment_intent_requires_action"
    assert "invoice.payment_action_required" in event_types(client)
    payment = client.v1.invoice_payments.list({"invoice": invoice.id}).data[0]
    act("authenticate", payment_intent=payment.payment.payment_intent)
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert status(client, subscription) == "active"


def test_writing_off_the_latest_invoice_makes_the_subscription_active(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/overview#subscription-statuses: past_due"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(TO_RENEWAL + HOUR)
    client.v1.invoices.mark_uncollectible(latest(client, subscription).id)
    assert status(client, subscription) == "active"


def test_turning_automatic_collection_off_stops_the_retries(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/invoicing/integration/automatic-advancement-collection"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    advance(TO_RENEWAL + HOUR)
    invoice = latest(client, subscription)
    stopped = client.v1.invoices.update(invoice.id, {"auto_advance": False})
    assert stopped.next_payment_attempt is None
    use_card(client, customer.id, "pm_card_visa")
    advance(10 * DAY)
    assert client.v1.invoices.retrieve(invoice.id).attempt_count == 1
    client.v1.invoices.update(invoice.id, {"auto_advance": True})
    advance(0)
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_a_price_renamed_shows_on_the_next_invoice(
    client: stripe.StripeClient, subscription: stripe.Subscription, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/prices/update: nickname and metadata may change, the amount never"""
    client.v1.prices.update(item_of(subscription).price.id, {"nickname": "Professional"})
    assert item_of(client.v1.subscriptions.retrieve(subscription.id)).price.nickname == "Professional"
    advance(TO_RENEWAL)
    assert amounts(latest(client, subscription)) == [2000]
