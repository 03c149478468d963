"""Credit notes: what they take off an open invoice, how what was paid goes back, and that nothing is credited twice."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe
from hypothesis import given
from hypothesis import settings as fewer
from hypothesis import strategies as st

from sandbox.server import create_app
from tests.sandbox.billing import DAY, event_types, invoices, price, subscribe
from tests.sandbox.conftest import START
from tests.sandbox.sdk_routes import CheckedApp
from tools.stripe_asgi import AsgiHTTPClient


@pytest.fixture
def paid(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Invoice:
    """A subscription's first invoice over 60.00, paid by card."""
    subscription = subscribe(client, customer.id, price(client, 6000, name="Team").id)
    return client.v1.invoices.retrieve(str(subscription.latest_invoice))


@pytest.fixture
def owed(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Invoice:
    """An open invoice over two items, 20.00 and 10.00."""
    draft = client.v1.invoices.create({"customer": customer.id, "currency": "usd"})
    for amount in (2000, 1000):
        client.v1.invoice_items.create(
            {"customer": customer.id, "amount": amount, "currency": "usd", "invoice": draft.id, "description": "Work"}
        )
    return client.v1.invoices.finalize_invoice(str(draft.id))


def credit(client: stripe.StripeClient, invoice: stripe.Invoice, **params: Any) -> stripe.CreditNote:
    given: Any = {"invoice": str(invoice.id), **params}
    return client.v1.credit_notes.create(given)


def fresh(client: stripe.StripeClient, invoice: stripe.Invoice) -> stripe.Invoice:
    return client.v1.invoices.retrieve(str(invoice.id), {"expand": ["payments.data.payment.payment_intent"]})


def balance(client: stripe.StripeClient, customer: stripe.Customer) -> int:
    return client.v1.customers.retrieve(customer.id).balance or 0


def refused(client: stripe.StripeClient, invoice: stripe.Invoice, **params: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as error:
        credit(client, invoice, **params)
    return error.value


def test_a_paid_invoice_is_credited_to_the_balance_which_the_next_one_uses(
    client: stripe.StripeClient, customer: stripe.Customer, paid: stripe.Invoice, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/credit_notes/create: `credit_amount` is applied to the next invoice"""
    note = credit(client, paid, amount=1200, credit_amount=1200, memo="Outage", reason="product_unsatisfactory")
    assert (note.total, note.post_payment_amount, note.pre_payment_amount, note.type) == (1200, 1200, 0, "post_payment")
    assert (note.status, note.number) == ("issued", f"{paid.number}-CN-01")
    assert [(line.type, line.description, line.amount) for line in note.lines.data] == [
        ("custom_line_item", "Outage", 1200)
    ]
    moved = client.v1.customers.balance_transactions.list(customer.id).data[0]
    assert (moved.id, moved.amount, moved.type) == (note.customer_balance_transaction, -1200, "credit_note")
    assert (moved.credit_note, moved.invoice) == (note.id, paid.id)
    now = fresh(client, paid)
    assert (now.status, now.amount_due, now.amount_paid) == ("paid", 6000, 6000)
    assert (now.post_payment_credit_notes_amount, now.pre_payment_credit_notes_amount) == (1200, 0)
    advance(31 * DAY)
    following = invoices(client, customer=customer.id)[0]
    assert (following.total, following.starting_balance, following.amount_due) == (6000, -1200, 4800)
    assert balance(client, customer) == 0


def test_a_paid_invoice_is_refunded(
    client: stripe.StripeClient, customer: stripe.Customer, paid: stripe.Invoice
) -> None:
    """docs.stripe.com/api/credit_notes/create#create_credit_note-refund_amount"""
    note = credit(client, paid, amount=2500, refund_amount=2500)
    refund = client.v1.refunds.retrieve(str(note.refunds[0].refund))
    assert (refund.amount, refund.status, note.refunds[0].amount_refunded) == (2500, "succeeded", 2500)
    charge = client.v1.charges.retrieve(str(refund.charge))
    assert (charge.amount_refunded, charge.customer) == (2500, customer.id)
    assert {"credit_note.created", "refund.created", "charge.refunded"} <= set(event_types(client))


def test_it_may_go_back_in_several_ways_that_come_to_what_was_paid(
    client: stripe.StripeClient, customer: stripe.Customer, paid: stripe.Invoice
) -> None:
    """docs.stripe.com/api/credit_notes/create: the sum of the ways must equal the post payment amount"""
    before = len(event_types(client))
    for ways in ({}, {"credit_amount": 2999}, {"refund_amount": 2000, "credit_amount": 2000}):
        assert "must equal" in str(refused(client, paid, amount=3000, **ways))
    assert (balance(client, customer), len(event_types(client))) == (0, before)
    note = credit(client, paid, amount=3000, refund_amount=1000, credit_amount=500, out_of_band_amount=1500)
    assert (note.out_of_band_amount, balance(client, customer)) == (1500, -500)


def test_all_credit_notes_never_exceed_the_total(client: stripe.StripeClient, paid: stripe.Invoice) -> None:
    """docs.stripe.com/invoicing/dashboard/credit-notes: the sum cannot exceed the invoice's total"""
    credit(client, paid, amount=4000, credit_amount=4000)
    error = refused(client, paid, amount=2001, credit_amount=2001)
    assert "$20.00" in str(error)
    assert error.param == "amount"
    second = credit(client, paid, amount=2000, out_of_band_amount=2000)
    assert second.number.endswith("-CN-02")
    assert "$0.00" in str(refused(client, paid, amount=1, credit_amount=1))


def test_a_refund_that_was_made_already_is_linked_once(
    client: stripe.StripeClient, customer: stripe.Customer, paid: stripe.Invoice
) -> None:
    """docs.stripe.com/api/credit_notes/create#create_credit_note-refunds"""
    payments = fresh(client, paid).payments
    assert payments is not None
    intent = payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 3000})
    linked = {"refund": refund.id, "amount_refunded": 2000}
    note = credit(client, paid, amount=2000, refunds=[linked])
    assert [(each.refund, each.amount_refunded) for each in note.refunds] == [(refund.id, 2000)]
    assert len(client.v1.refunds.list({"payment_intent": intent.id}).data) == 1
    assert refused(client, paid, amount=2000, refunds=[linked]).param == "refunds[0][refund]"
    elsewhere = subscribe(client, customer.id, price(client, 900).id)
    other = client.v1.invoices.retrieve(str(elsewhere.latest_invoice))
    assert "not of this invoice" in str(refused(client, other, amount=900, refunds=[{"refund": refund.id}]))


def test_a_charge_is_never_refunded_beyond_itself(client: stripe.StripeClient, paid: stripe.Invoice) -> None:
    """docs.stripe.com/refunds"""
    payments = fresh(client, paid).payments
    assert payments is not None
    intent = payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 5000})
    assert "greater than unrefunded amount" in str(refused(client, paid, amount=2000, refund_amount=2000))
    assert client.v1.credit_notes.list({"invoice": str(paid.id)}).data == []


def test_an_open_invoice_owes_less_and_is_paid_for_the_rest(
    client: stripe.StripeClient, customer: stripe.Customer, owed: stripe.Invoice
) -> None:
    """docs.stripe.com/api/credit_notes/create: it first reduces amount_remaining and amount_due"""
    note = credit(client, owed, amount=1200)
    assert (note.type, note.pre_payment_amount, note.post_payment_amount) == ("pre_payment", 1200, 0)
    now = fresh(client, owed)
    assert (now.total, now.amount_due, now.amount_remaining, now.status) == (3000, 1800, 1800, "open")
    assert (now.pre_payment_credit_notes_amount, now.post_payment_credit_notes_amount) == (1200, 0)
    assert now.payments is not None
    intent = now.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.amount, now.payments.data[0].amount_requested) == (1800, 1800)
    done = client.v1.invoices.pay(str(owed.id))
    assert (done.status, done.amount_paid, done.amount_remaining) == ("paid", 1800, 0)
    charges = client.v1.charges.list({"customer": customer.id}).data
    assert [charge.amount for charge in charges] == [1800]


def test_an_open_invoice_that_is_credited_whole_is_paid(client: stripe.StripeClient, owed: stripe.Invoice) -> None:
    """docs.stripe.com/invoicing/dashboard/credit-notes"""
    credit(client, owed, amount=3000)
    now = fresh(client, owed)
    assert (now.status, now.amount_due, now.amount_paid) == ("paid", 0, 0)
    assert now.payments is not None
    assert now.payments.data[0].status == "canceled"
    assert "invoice.paid" in event_types(client)


def test_a_void_credit_note_is_owed_again(client: stripe.StripeClient, owed: stripe.Invoice) -> None:
    """docs.stripe.com/api/credit_notes/void"""
    note = credit(client, owed, amount=1200)
    gone = client.v1.credit_notes.void_credit_note(note.id)
    assert (gone.status, gone.voided_at) == ("void", int(START.timestamp()))
    now = fresh(client, owed)
    assert (now.amount_due, now.pre_payment_credit_notes_amount) == (3000, 0)
    assert credit(client, owed, amount=3000).number.endswith("-CN-02")
    with pytest.raises(stripe.InvalidRequestError, match="only void"):
        client.v1.credit_notes.void_credit_note(note.id)


def test_what_was_given_back_cannot_be_voided(client: stripe.StripeClient, paid: stripe.Invoice) -> None:
    """docs.stripe.com/api/credit_notes/void"""
    note = credit(client, paid, amount=1200, credit_amount=1200)
    with pytest.raises(stripe.InvalidRequestError, match="only void"):
        client.v1.credit_notes.void_credit_note(note.id)


def test_lines_of_the_invoice_are_credited_once(client: stripe.StripeClient, owed: stripe.Invoice) -> None:
    """docs.stripe.com/api/credit_notes/create#create_credit_note-lines"""
    first, second = owed.lines.data
    wishes = [
        {"type": "invoice_line_item", "invoice_line_item": first.id, "amount": 500},
        {"type": "invoice_line_item", "invoice_line_item": second.id, "quantity": 1},
        {"type": "custom_line_item", "description": "Sorry", "unit_amount": 25, "quantity": 2},
    ]
    note = credit(client, owed, lines=wishes)
    assert [(line.amount, line.invoice_line_item) for line in note.lines.data] == [
        (500, first.id),
        (1000, second.id),
        (50, None),
    ]
    assert [line.id for line in client.v1.credit_notes.line_items.list(note.id).data] == [
        line.id for line in note.lines.data
    ]
    error = refused(client, owed, lines=[{**wishes[0], "amount": 1501}])
    assert error.param == "lines[0][amount]"
    assert credit(client, owed, lines=[{**wishes[0], "amount": 1450}]).total == 1450


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"type": "invoice_line_item", "invoice_line_item": "il_none", "amount": 5}, "lines[0][invoice_line_item]"),
        ({"type": "invoice_line_item", "amount": 5}, "lines[0][invoice_line_item]"),
        ({"type": "custom_line_item", "unit_amount": 5}, "lines[0][type]"),
        ({"type": "custom_line_item", "unit_amount": 5, "description": "x", "amount": 5}, "lines[0][type]"),
        ({"type": "third_kind"}, "lines[0][type]"),
    ],
)
def test_what_a_line_cannot_be(client: stripe.StripeClient, owed: stripe.Invoice, wish: Any, param: str) -> None:
    """docs.stripe.com/api/credit_notes/create#create_credit_note-lines"""
    assert refused(client, owed, lines=[wish]).param == param


def test_discount_and_tax_go_back_with_their_line(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/credit_notes/object#credit_note_object-discount_amounts"""
    client.v1.coupons.create({"percent_off": 25, "duration": "forever", "id": "QUARTER"})
    rate = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
    subscription = subscribe(
        client, customer.id, price(client, 6000).id, discounts=[{"coupon": "QUARTER"}], default_tax_rates=[rate.id]
    )
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    line = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "amount": 2000}
    note = credit(client, invoice, lines=[line], credit_amount=1785)
    assert (note.subtotal, note.discount_amount, note.total_excluding_tax, note.total) == (2000, 500, 1500, 1785)
    assert [(each.amount, each.discount) for each in note.discount_amounts] == [(500, subscription.discounts[0])]
    assert [(each.amount, each.taxable_amount) for each in note.total_taxes or []] == [(285, 1500)]
    whole = credit(client, invoice, lines=[{**line, "amount": 4000}], credit_amount=3570)
    assert note.total + whole.total == invoice.total == 5355


def test_a_preview_shows_it_and_changes_nothing(client: stripe.StripeClient, paid: stripe.Invoice, app: Any) -> None:
    """docs.stripe.com/api/credit_notes/preview"""
    before = app.world.snapshot()
    given: Any = {"invoice": str(paid.id), "amount": 1200, "refund_amount": 700, "credit_amount": 500}
    shown = client.v1.credit_notes.preview(given)
    assert (shown.total, shown.refunds, shown.customer_balance_transaction) == (1200, [], None)
    assert [line.amount for line in client.v1.credit_notes.preview_lines.list(given).data] == [1200]
    given["credit_amount"] = 501
    with pytest.raises(stripe.InvalidRequestError, match="must equal"):
        client.v1.credit_notes.preview(given)
    assert app.world.snapshot() == before


def test_they_are_listed_and_described(client: stripe.StripeClient, paid: stripe.Invoice) -> None:
    """docs.stripe.com/api/credit_notes/list"""
    first = credit(client, paid, amount=100, credit_amount=100)
    second = credit(client, paid, amount=200, credit_amount=200)
    assert [each.id for each in client.v1.credit_notes.list({"invoice": str(paid.id)}).data] == [second.id, first.id]
    assert client.v1.credit_notes.list({"customer": "cus_other"}).data == []
    changed = client.v1.credit_notes.update(first.id, {"memo": "Sorry", "metadata": {"case": "7"}})
    stored = client.v1.credit_notes.retrieve(first.id).metadata
    assert stored is not None
    assert (changed.memo, stored.to_dict()) == ("Sorry", {"case": "7"})


@pytest.mark.parametrize("status", ["draft", "void", "uncollectible"])
def test_only_open_and_paid_invoices_are_credited(
    client: stripe.StripeClient, customer: stripe.Customer, owed: stripe.Invoice, status: str
) -> None:
    """docs.stripe.com/invoicing/dashboard/credit-notes"""
    invoice = owed
    if status == "draft":
        invoice = client.v1.invoices.create({"customer": customer.id, "currency": "usd"})
    elif status == "void":
        client.v1.invoices.void_invoice(str(owed.id))
    else:
        client.v1.invoices.mark_uncollectible(str(owed.id))
    assert f"status is {status}" in str(refused(client, invoice, amount=100))


def test_one_of_amount_and_lines(client: stripe.StripeClient, owed: stripe.Invoice) -> None:
    """docs.stripe.com/api/credit_notes/create#create_credit_note-amount"""
    line = {"type": "custom_line_item", "description": "x", "unit_amount": 5}
    for params in ({}, {"amount": 5, "lines": [line]}):
        assert refused(client, owed, **params).code == "parameter_missing"


def test_the_same_key_credits_once(
    client: stripe.StripeClient, customer: stripe.Customer, paid: stripe.Invoice
) -> None:
    """docs.stripe.com/api/idempotent_requests"""
    given: Any = {"invoice": str(paid.id), "amount": 1200, "credit_amount": 1200}
    made = [client.v1.credit_notes.create(given, {"idempotency_key": "credit-1"}).id for _ in range(2)]
    assert made[0] == made[1]
    assert balance(client, customer) == -1200


async def test_its_pdf_says_what_became_of_the_money(
    client: stripe.StripeClient, paid: stripe.Invoice, app: Any
) -> None:
    """docs.stripe.com/api/credit_notes/object#credit_note_object-pdf"""
    note = credit(client, paid, amount=1200, credit_amount=700, refund_amount=500, memo="Outage")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as browser:
        answer = await browser.get(note.pdf)
        forged = await browser.get(note.pdf.replace("test_", "test_x"))
    assert (answer.status_code, forged.status_code) == (200, 404)
    assert answer.headers["content-type"] == "application/pdf"
    for text in (b"Credit note", b"(Outage)", b"($12.00)", b"(Refunded)", b"($5.00)", b"($7.00)"):
        assert text in answer.content


@fewer(max_examples=25, deadline=None)
@given(
    st.integers(100, 9_999),
    st.integers(1, 99),
    st.integers(0, 25),
    st.booleans(),
    st.lists(st.integers(1, 5_000), min_size=1, max_size=4),
)
def test_whatever_is_credited_never_exceeds_the_invoice(
    amount: int, percent: int, tax: int, inclusive: bool, credits: list[int]
) -> None:
    """docs.stripe.com/invoicing/dashboard/credit-notes: line by line, with discount and tax, to the cent"""
    checked = CheckedApp(create_app(seed="credit", start=START))
    client = stripe.StripeClient("sk_test_sandbox", http_client=AsgiHTTPClient(checked), max_network_retries=0)
    customer = client.v1.customers.create({"tax_exempt": "none"}).id
    client.v1.coupons.create({"percent_off": percent, "id": "OFF"})
    rate = client.v1.tax_rates.create({"display_name": "VAT", "percentage": tax, "inclusive": inclusive})
    draft = client.v1.invoices.create({"customer": customer, "currency": "usd", "default_tax_rates": [rate.id]})
    client.v1.invoice_items.create(
        {"customer": customer, "amount": amount, "currency": "usd", "invoice": draft.id, "description": "Work"}
    )
    client.v1.invoices.update(str(draft.id), {"discounts": [{"coupon": "OFF"}]})
    invoice = client.v1.invoices.finalize_invoice(str(draft.id))
    if invoice.status == "paid":
        return
    line = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id}
    for wanted in credits:
        given: Any = {"invoice": str(invoice.id), "lines": [{**line, "amount": wanted}]}
        try:
            note = client.v1.credit_notes.create(given)
        except stripe.InvalidRequestError:
            continue
        on_top = sum(each.amount for each in note.total_taxes or [] if each.tax_behavior == "exclusive")
        assert note.total == note.subtotal - note.discount_amount + on_top
    now = client.v1.invoices.retrieve(str(invoice.id))
    issued = client.v1.credit_notes.list({"invoice": str(invoice.id)}).data
    assert sum(note.total for note in issued) == now.pre_payment_credit_notes_amount <= now.total
    assert now.amount_remaining == now.total - now.pre_payment_credit_notes_amount
    assert checked.violations == []
