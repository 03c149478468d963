"""Invoices made by hand, their life, their money, and the links to them."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, amounts, event_types, invoices, price, subscribe, unix, use_card

NOW = unix(2026, 11, 2, 9)


def billed(client: stripe.StripeClient, customer: stripe.Customer, *owed: int, **params: Any) -> stripe.Invoice:
    """A draft with one line for each amount."""
    asked: Any = {"customer": customer.id, **params}
    draft = client.v1.invoices.create(asked)
    for amount in owed:
        client.v1.invoice_items.create(
            {"customer": customer.id, "amount": amount, "currency": "usd", "invoice": draft.id, "description": "Work"}
        )
    return client.v1.invoices.retrieve(draft.id)


def opened(client: stripe.StripeClient, customer: stripe.Customer, *owed: int, **params: Any) -> stripe.Invoice:
    return client.v1.invoices.finalize_invoice(billed(client, customer, *owed, **params).id)


def test_a_draft_gathers_lines_and_is_finalized_into_an_open_invoice(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/invoicing/integration/workflow-transitions"""
    draft = billed(client, customer, 1500, 250)
    assert (draft.status, draft.total, draft.amount_due, draft.number) == ("draft", 1750, 1750, None)
    assert draft.auto_advance is False
    invoice = client.v1.invoices.finalize_invoice(draft.id)
    assert (invoice.status, invoice.amount_remaining, invoice.ending_balance) == ("open", 1750, 0)
    assert customer.invoice_prefix is not None
    assert invoice.number == f"{customer.invoice_prefix}-0001"
    assert client.v1.invoices.finalize_invoice(billed(client, customer, 600).id).number == (
        f"{customer.invoice_prefix}-0002"
    )
    line = invoice.lines.data[0]
    assert line.parent is not None
    assert line.parent.type == "invoice_item_details"
    with pytest.raises(stripe.InvalidRequestError) as fixed:
        client.v1.invoices.finalize_invoice(invoice.id)
    assert fixed.value.code == "invoice_not_editable"


def test_paying_gives_an_invoice_payment_that_leads_to_the_intent(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoice-payment; docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-
    payments-on-invoices: invoice.charge and invoice.payment_intent are gone"""
    invoice = client.v1.invoices.pay(opened(client, customer, 1500).id)
    assert (invoice.status, invoice.amount_paid, invoice.amount_remaining) == ("paid", 1500, 0)
    assert not {"charge", "payment_intent", "paid", "subscription", "payments"} & set(invoice.to_dict())
    payment = client.v1.invoice_payments.list({"invoice": invoice.id}).data[0]
    assert (payment.status, payment.amount_paid, payment.is_default) == ("paid", 1500, True)
    intent = client.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    assert (intent.status, intent.amount_received) == ("succeeded", 1500)
    found = client.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent.id}})
    assert [p.invoice for p in found.data] == [invoice.id]
    assert client.v1.invoice_payments.retrieve(payment.id).invoice == invoice.id


def test_a_declined_payment_answers_402_and_leaves_the_invoice_open(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoices/pay"""
    invoice = opened(client, customer, 1500)
    card = use_card(client, customer.id, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as declined:
        client.v1.invoices.pay(invoice.id)
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "generic_decline"
    after = client.v1.invoices.retrieve(invoice.id)
    assert (after.status, after.attempted, after.attempt_count) == ("open", True, 1)
    failed = client.v1.events.list({"limit": 1, "type": "invoice.payment_failed"}).data[0]
    assert failed.data.object["id"] == invoice.id
    assert client.v1.charges.list({"customer": customer.id}).data[0].payment_method == card


def test_a_reused_key_replays_the_decline_and_a_new_one_tries_again(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/idempotent_requests"""
    invoice = opened(client, customer, 1500)
    use_card(client, customer.id, "pm_card_chargeCustomerFail")
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(invoice.id, options={"idempotency_key": "try-1"})
    assert len(client.v1.charges.list({"customer": customer.id}).data) == 1
    use_card(client, customer.id, "pm_card_visa")
    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(invoice.id, options={"idempotency_key": "try-1"})
    assert client.v1.invoices.pay(invoice.id, options={"idempotency_key": "try-2"}).status == "paid"


def test_what_is_settled_cannot_be_paid(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/invoices/pay"""
    paid = client.v1.invoices.pay(opened(client, customer, 1500).id)
    with pytest.raises(stripe.InvalidRequestError, match="Invoice is already paid"):
        client.v1.invoices.pay(paid.id)
    void = client.v1.invoices.void_invoice(opened(client, customer, 1500).id)
    with pytest.raises(stripe.InvalidRequestError, match="can't be paid"):
        client.v1.invoices.pay(void.id)
    assert len(client.v1.charges.list({"customer": customer.id}).data) == 1


def test_another_customers_card_is_refused(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/invoices/pay#pay_invoice-payment_method"""
    other = client.v1.customers.create({"payment_method": "pm_card_visa"})
    foreign = client.v1.customers.payment_methods.list(other.id).data[0]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(opened(client, customer, 1500).id, {"payment_method": foreign.id})
    assert client.v1.charges.list().data == []


def test_confirming_the_invoices_intent_pays_the_invoice_and_canceling_it_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoice-payment/object#invoice_payment_object-is_default"""
    invoice = opened(client, customer, 1500)
    intent = str(client.v1.invoice_payments.list({"invoice": invoice.id}).data[0].payment.payment_intent)
    with pytest.raises(stripe.InvalidRequestError, match="Void the invoice"):
        client.v1.payment_intents.cancel(intent)
    assert client.v1.payment_intents.retrieve(intent).status == "requires_payment_method"
    card = client.v1.customers.payment_methods.list(customer.id).data[0]
    client.v1.payment_intents.confirm(intent, {"payment_method": card.id})
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_voiding_cancels_the_intent_and_gives_applied_credit_back(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/invoicing/overview#void; docs.stripe.com/billing/customer/balance: unapplied_from_invoice"""
    client.v1.customers.balance_transactions.create(customer.id, {"amount": -400, "currency": "usd"})
    draft = billed(client, customer, 1500)
    assert (draft.amount_due, draft.starting_balance, draft.ending_balance) == (1100, -400, None)
    invoice = client.v1.invoices.finalize_invoice(draft.id)
    assert (invoice.amount_due, invoice.starting_balance, invoice.ending_balance) == (1100, -400, 0)
    void = client.v1.invoices.void_invoice(invoice.id)
    assert (void.status, void.status_transitions.voided_at) == ("void", NOW)
    assert client.v1.customers.retrieve(customer.id).balance == -400
    payment = client.v1.invoice_payments.list({"invoice": invoice.id}).data[0]
    assert payment.status == "canceled"
    intent = client.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    assert (intent.status, intent.cancellation_reason) == ("canceled", "void_invoice")


def test_an_uncollectible_invoice_can_still_be_paid(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/invoicing/overview#uncollectible"""
    invoice = client.v1.invoices.mark_uncollectible(opened(client, customer, 1500).id)
    assert invoice.status == "uncollectible"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.mark_uncollectible(invoice.id)
    assert client.v1.invoices.pay(invoice.id).status == "paid"


def test_credit_covers_an_invoice_whole_and_no_card_is_charged(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/billing/customer/balance"""
    client.v1.customers.balance_transactions.create(customer.id, {"amount": -2000, "currency": "usd"})
    invoice = opened(client, customer, 1500)
    assert (invoice.status, invoice.amount_due, invoice.ending_balance) == ("paid", 0, -500)
    assert client.v1.charges.list({"customer": customer.id}).data == []
    assert event_types(client)[-3:] == ["invoice.finalized", "invoice.paid", "invoice.payment_succeeded"]


def test_an_amount_too_small_to_charge_waits_on_the_balance(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoices: below the minimum charge it is marked paid and owed with the next invoice"""
    small = opened(client, customer, 30)
    assert (small.status, small.amount_due, small.ending_balance) == ("paid", 0, 30)
    assert client.v1.customers.retrieve(customer.id).balance == 30
    assert opened(client, customer, 1000).amount_due == 1030


def test_paid_outside_stripe(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/invoices/pay#pay_invoice-paid_out_of_band"""
    invoice = client.v1.invoices.pay(opened(client, customer, 1500).id, {"paid_out_of_band": True})
    assert invoice.status == "paid"
    assert client.v1.charges.list({"customer": customer.id}).data == []
    assert event_types(client)[-1] == "invoice.paid"


def test_pending_items_are_taken_in_when_asked_and_set_free_when_the_draft_is_deleted(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoices/create#create_invoice-pending_invoice_items_behavior"""
    item = client.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd"})
    assert client.v1.invoices.create({"customer": customer.id}).total == 0
    draft = client.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    assert amounts(draft) == [700]
    assert client.v1.invoice_items.retrieve(item.id).invoice == draft.id
    assert client.v1.invoices.delete(draft.id).deleted is True
    assert client.v1.invoice_items.retrieve(item.id).invoice is None


def test_invoice_items_change_their_draft_and_are_sealed_with_it(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoiceitems/update"""
    once = price(client, 300, None, name="Setup")
    draft = client.v1.invoices.create({"customer": customer.id})
    item = client.v1.invoice_items.create(
        {"customer": customer.id, "pricing": {"price": once.id}, "quantity": 3, "invoice": draft.id}
    )
    assert (item.amount, item.description) == (900, "Setup")
    client.v1.invoice_items.update(item.id, {"amount": 800, "metadata": {"discount": "1"}})
    assert client.v1.invoices.retrieve(draft.id).total == 800
    client.v1.invoices.finalize_invoice(draft.id)
    with pytest.raises(stripe.InvalidRequestError) as sealed:
        client.v1.invoice_items.delete(item.id)
    assert sealed.value.code == "invoice_not_editable"


def test_an_automatic_one_off_invoice_is_finalized_and_charged_within_the_hour(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/invoicing/integration/automatic-advancement-collection"""
    draft = billed(client, customer, 1500, auto_advance=True)
    assert draft.automatically_finalizes_at == NOW + HOUR
    advance(HOUR)
    assert client.v1.invoices.retrieve(draft.id).status == "paid"


def test_a_sent_invoice_has_a_due_date(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/invoices/send"""
    draft = billed(client, customer, 1500, collection_method="send_invoice", days_until_due=30)
    sent = client.v1.invoices.send_invoice(draft.id)
    assert (sent.status, sent.due_date) == ("open", NOW + 30 * DAY)
    assert event_types(client)[-1] == "invoice.sent"
    with pytest.raises(stripe.InvalidRequestError, match="send_invoice"):
        client.v1.invoices.send_invoice(opened(client, customer, 1500).id)


def test_the_line_list_is_cut_to_ten_and_paged(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/invoices/invoice_lines"""
    invoice = billed(client, customer, *range(100, 1300, 100))
    assert (len(invoice.lines.data), invoice.lines.has_more, invoice.total) == (10, True, 7800)
    lines = client.v1.invoices.line_items.list(invoice.id, {"limit": 5})
    assert [line.amount for line in lines.auto_paging_iter()] == list(range(100, 1300, 100))


def test_invoices_are_listed_by_customer_subscription_and_status(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoices/list"""
    owed = opened(client, customer, 1500)
    subscription = subscribe(client, customer.id, price(client, 2000).id)
    assert [i.id for i in invoices(client, customer=customer.id, status="open")] == [owed.id]
    assert [i.id for i in invoices(client, subscription=subscription.id)] == [str(subscription.latest_invoice)]
    assert invoices(client, customer=customer.id, created={"lt": NOW}) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"collection_method": "send_invoice"}, None),
        ({"days_until_due": 3}, None),
        ({"charge": "ch_1"}, "parameter_unknown"),
        ({"default_payment_method": "pm_none"}, "resource_missing"),
        ({"customer": "cus_none"}, "resource_missing"),
        ({"subscription": "sub_none"}, "resource_missing"),
    ],
)
def test_wrong_parameters_are_refused(
    client: stripe.StripeClient, customer: stripe.Customer, params: Any, code: str | None
) -> None:
    """docs.stripe.com/api/invoices/create"""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.create({"customer": customer.id} | params)
    assert refused.value.code == code


def test_a_balance_that_is_set_leaves_a_transaction(client: stripe.StripeClient) -> None:
    """docs.stripe.com/billing/customer/balance: each change of the balance is a customer balance transaction"""
    customer = client.v1.customers.create({"balance": -300})
    assert customer.balance == -300
    assert client.v1.customers.update(customer.id, {"balance": 200, "name": "Ada"}).balance == 200
    assert client.v1.customers.update(customer.id, {"name": "Ada B"}).balance == 200
    moves = client.v1.customers.balance_transactions.list(customer.id).data
    assert [(m.type, m.amount, m.ending_balance) for m in moves] == [("adjustment", 500, 200), ("initial", -300, -300)]
    one = client.v1.customers.balance_transactions.retrieve(customer.id, moves[0].id)
    assert one.amount == 500
