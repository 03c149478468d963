"""What a customer reads on an invoice adds up, whatever happened to it."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe

from sandbox.bill import Row, bill
from sandbox.invoice_pdf import document
from tests.sandbox.billing import DAY, HOUR, invoices, price, subscribe, use_card


@pytest.fixture
def shown(app: Any) -> Callable[[str], Any]:
    return lambda invoice: bill(app.world.find("invoice", invoice))


def finalized(client: stripe.StripeClient, customer: str, *amounts: int) -> str:
    draft = client.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "exclude"})
    for amount in amounts:
        client.v1.invoice_items.create(
            {"customer": customer, "amount": amount, "currency": "usd", "invoice": draft.id, "description": "Work"}
        )
    return client.v1.invoices.finalize_invoice(draft.id).id


@pytest.mark.parametrize(
    ("balance", "amount", "between", "due"),
    [
        (0, 2000, None, "$20.00"),
        (-500, 2000, Row("Credit used", "-$5.00"), "$15.00"),
        (700, 2000, Row("Owed from before", "$7.00"), "$27.00"),
        (0, 30, Row("Moved to the next invoice", "-$0.30"), "$0.00"),
        (0, -800, Row("Kept as credit", "$8.00"), "$0.00"),
    ],
)
def test_a_row_says_what_the_balance_did(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    shown: Callable[[str], Any],
    balance: int,
    amount: int,
    between: Row | None,
    due: str,
) -> None:
    """docs.stripe.com/billing/customer/balance"""
    if balance:
        client.v1.customers.balance_transactions.create(customer.id, {"amount": balance, "currency": "usd"})
    sums = shown(finalized(client, customer.id, amount)).sums
    assert sums[1:-1] == ([between] if between else [])
    assert sums[-1] == Row("Amount due", due)


def test_a_paid_and_a_void_invoice_say_so(
    client: stripe.StripeClient, customer: stripe.Customer, shown: Callable[[str], Any]
) -> None:
    """docs.stripe.com/invoicing/overview#invoice-statuses"""
    paid, void = (finalized(client, customer.id, 2000) for _ in range(2))
    client.v1.invoices.pay(paid)
    client.v1.invoices.void_invoice(void)
    assert shown(paid).sums == [Row("Total", "$20.00"), Row("Paid", "-$20.00"), Row("Amount due", "$0.00")]
    assert shown(paid).dates == [("Issued", "2 Nov 2026"), ("Paid", "2 Nov 2026")]
    assert shown(void).sums == [Row("Total", "$20.00")]
    assert shown(void).dates == [("Issued", "2 Nov 2026"), ("Voided", "2 Nov 2026")]
    assert "Nothing is owed" in shown(void).standing


def test_a_long_invoice_stays_on_the_pdfs_one_page(
    client: stripe.StripeClient, customer: stripe.Customer, shown: Callable[[str], Any]
) -> None:
    """docs.stripe.com/api/invoices/object#invoice_object-invoice_pdf"""
    content = document(shown(finalized(client, customer.id, *[100] * 50)))
    assert b"(and 26 more lines)" in content
    assert b"($50.00)" in content
    heights = [int(height) for height in re.findall(rb" (\d+) Td", content)]
    assert len(heights) > 50
    assert min(heights) > 40


@pytest.mark.parametrize(
    ("card", "told"), [("pm_card_chargeCustomerFail", True), ("pm_card_authenticationRequired", False)]
)
async def test_the_page_announces_a_next_try_only_if_the_card_will_be_tried(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    advance: Callable[[int], int],
    app: Any,
    card: str,
    told: bool,
) -> None:
    """docs.stripe.com/billing/revenue-recovery/smart-retries#non-retryable-decline-codes"""
    subscription = subscribe(client, customer.id, price(client, 2000).id)
    use_card(client, customer.id, card)
    advance(30 * DAY + HOUR)
    failed = invoices(client, subscription=subscription.id)[0]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as browser:
        page = (await browser.get(str(failed.hosted_invoice_url))).text
    assert "The last payment did not go through." in page
    assert ("the card on file is tried again on 4 Dec 2026" in page) is told
