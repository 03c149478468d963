"""Subscriptions from their first invoice to their renewals."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, amounts, event_types, invoices, item_of, price, subscribe, unix, use_card


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


def test_a_declined_first_payment_leaves_the_subscription_incomplete_until_it_is_paid(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/overview#payment-status: payment_behavior=allow_incomplete"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    subscription = subscribe(client, customer.id, pro.id)
    assert subscription.status == "incomplete"
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)
    good = use_card(client, customer.id, "pm_card_visa")
    paid = client.v1.invoices.pay(invoice.id, {"payment_method": good})
    assert paid.status == "paid"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_an_incomplete_subscription_expires_after_23_hours_and_its_invoice_is_void(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/overview#subscription-statuses"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    subscription = subscribe(client, customer.id, pro.id)
    advance(23 * HOUR - 1)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "incomplete"
    advance(1)
    after = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert after.status == "incomplete_expired"
    assert isinstance(after.latest_invoice, stripe.Invoice)
    assert after.latest_invoice.status == "void"
    advance(60 * DAY)
    assert len(invoices(client, subscription=subscription.id)) == 1


def test_default_incomplete_waits_for_the_customer_to_confirm_the_intent(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/build-subscriptions: confirm the first invoice's PaymentIntent"""
    subscription = subscribe(
        client,
        customer.id,
        pro.id,
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["latest_invoice.confirmation_secret"],
    )
    assert subscription.status == "incomplete"
    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    secret = subscription.latest_invoice.confirmation_secret
    invoice = client.v1.invoices.retrieve(
        subscription.latest_invoice.id, {"expand": ["payments.data.payment.payment_intent"]}
    )
    assert (invoice.status, invoice.attempted) == ("open", False)
    assert invoice.payments is not None
    intent = invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert secret is not None
    assert secret.client_secret == intent.client_secret
    card = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    client.v1.payment_intents.confirm(intent.id, {"payment_method": card.id})
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert (after.status, after.default_payment_method) == ("active", card.id)
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_error_if_incomplete_answers_402_and_makes_nothing(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, app: Any
) -> None:
    """docs.stripe.com/api/subscriptions/create#create_subscription-payment_behavior"""
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    before = app.world.snapshot()
    with pytest.raises(stripe.CardError) as refused:
        subscribe(client, customer.id, pro.id, payment_behavior="error_if_incomplete")
    assert refused.value.code == "card_declined"
    assert app.world.snapshot() == before


def test_without_any_payment_method_creation_is_refused(client: stripe.StripeClient, pro: stripe.Price) -> None:
    """docs.stripe.com/billing/subscriptions/payment-methods-setting"""
    poor = client.v1.customers.create({"email": "new@example.com"})
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source") as refused:
        subscribe(client, poor.id, pro.id)
    assert refused.value.code == "resource_missing"
    assert client.v1.subscriptions.list({"customer": poor.id, "status": "all"}).data == []


def test_the_subscriptions_own_payment_method_goes_before_the_customers(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/payment-methods-setting#payment-method-priority"""
    own = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    subscribe(client, customer.id, pro.id, default_payment_method=own.id)
    assert client.v1.charges.list({"customer": customer.id}).data[0].payment_method == own.id


def test_a_detached_method_is_passed_over(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/payment-methods-setting#payment-method-priority"""
    own = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    subscription = subscribe(client, customer.id, pro.id, default_payment_method=own.id)
    client.v1.payment_methods.detach(own.id)
    advance(30 * DAY + HOUR)
    paid = invoices(client, subscription=subscription.id)[0]
    assert (paid.status, paid.billing_reason) == ("paid", "subscription_cycle")


def test_a_trial_bills_nothing_until_it_ends(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/trials"""
    end = unix(2026, 11, 16, 9)
    subscription = subscribe(client, customer.id, pro.id, trial_end=end)
    assert (subscription.status, subscription.trial_end) == ("trialing", end)
    assert item_of(subscription).current_period_end == end
    first = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (first.status, first.total) == ("paid", 0)
    assert client.v1.charges.list({"customer": customer.id}).data == []
    advance(11 * DAY)
    assert event_types(client)[-1] == "customer.subscription.trial_will_end"
    advance(3 * DAY + HOUR)
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert after.status == "active"
    assert item_of(after).current_period_end == unix(2026, 12, 16, 9)
    assert client.v1.charges.list({"customer": customer.id}).data[0].amount == 2000


def test_a_trial_may_cancel_itself_when_no_card_was_given(
    client: stripe.StripeClient, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/trials#create-free-trials-without-payment"""
    cardless = client.v1.customers.create({"email": "new@example.com"})
    subscription = subscribe(
        client,
        cardless.id,
        pro.id,
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": "cancel"}},
    )
    advance(7 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_an_anchor_cuts_the_first_period_short_and_prorates_it(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle#new-subscriptions"""
    monthly = price(client, 3100)
    anchor = unix(2026, 12, 1, 9)
    subscription = subscribe(client, customer.id, monthly.id, billing_cycle_anchor=anchor)
    # The natural period before the anchor is 1 November to 1 December: 29 of its 30 days are left.
    first = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert amounts(first) == [round(3100 * 29 / 30)]
    assert item_of(subscription).current_period_end == anchor
    advance(29 * DAY)
    renewed = client.v1.subscriptions.retrieve(subscription.id)
    assert item_of(renewed).current_period_end == unix(2027, 1, 1, 9)


def test_sent_invoices_are_due_later_and_the_subscription_is_active_meanwhile(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/collection-method"""
    subscription = subscribe(client, customer.id, pro.id, collection_method="send_invoice", days_until_due=14)
    assert subscription.status == "active"
    draft = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (draft.status, draft.hosted_invoice_url) == ("draft", None)
    advance(HOUR)
    sent = client.v1.invoices.retrieve(draft.id)
    assert (sent.status, sent.due_date) == ("open", unix(2026, 11, 16, 9))
    assert sent.next_payment_attempt is None
    advance(14 * DAY)
    assert event_types(client)[-2:] == ["invoice.overdue", "customer.subscription.updated"]
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    client.v1.invoices.pay(sent.id)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"payment_method": "pm_1"}, "parameter_unknown"),
        ({"payment_behavior": "hope"}, None),
        ({"trial_end": 1}, None),
        ({"default_payment_method": "pm_none"}, "resource_missing"),
        ({"collection_method": "send_invoice"}, None),
        ({"coupon": "FREE"}, "parameter_unknown"),
        ({"trial_end": 2_000_000_000, "trial_period_days": 3}, None),
        ({"billing_cycle_anchor": 2_000_000_000}, None),
        ({"cancel_at": 1}, None),
    ],
)
def test_wrong_parameters_are_refused(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price, params: Any, code: str | None
) -> None:
    """docs.stripe.com/api/subscriptions/create"""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribe(client, customer.id, pro.id, **params)
    assert refused.value.code == code


def test_only_active_recurring_prices_can_be_subscribed_to(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/products-prices/manage-prices"""
    once = price(client, 500, None)
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        subscribe(client, customer.id, once.id)
    archived = price(client, 500)
    client.v1.prices.update(archived.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        subscribe(client, customer.id, archived.id)


def test_lists_leave_canceled_subscriptions_out_unless_asked(
    client: stripe.StripeClient, customer: stripe.Customer, pro: stripe.Price
) -> None:
    """docs.stripe.com/api/subscriptions/list"""
    kept, gone = subscribe(client, customer.id, pro.id), subscribe(client, customer.id, pro.id)
    client.v1.subscriptions.cancel(gone.id)

    def ids(**params: Any) -> set[str]:
        asked: Any = {"customer": customer.id, **params}
        return {s.id for s in client.v1.subscriptions.list(asked).data}

    assert ids() == {kept.id}
    assert ids(status="all") == {kept.id, gone.id}
    assert ids(status="canceled") == ids(status="ended") == {gone.id}
    assert ids(price=pro.id, status="active") == {kept.id}
    assert client.v1.subscription_items.list({"subscription": kept.id}).data[0].price.id == pro.id
