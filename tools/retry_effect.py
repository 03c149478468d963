"""Charging an open invoice again (docs.stripe.com/api/invoices/pay)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import stripe

from billing.facts import CustomerFacts, PaymentMethodFacts
from billing.money import Money
from policy.actions import RetryPayment
from policy.effects import EffectRefused, EffectUnknown, FactsUnavailable, Intent, Receipt
from policy.facts import RetryCase
from tools import stripe_objects as objects
from tools.stripe_history import one_invoice
from tools.stripe_line import AUTHENTICATION_REQUIRED
from tools.stripe_reads import CustomerReads, together, understood

if TYPE_CHECKING:
    from stripe.params import InvoicePayParams

# Stripe counts whole seconds on its own clock. The gate saw the invoice open just before it made the intent, so a
# payment a little older than the intent is still this one.
CLOCKS_DIFFER: Final = timedelta(seconds=60)


class RetryEffect:
    async def facts(self, action: RetryPayment, reads: CustomerReads, as_of: datetime) -> RetryCase:
        customer, found = await together(reads.profile(), reads.raw_invoice(action.invoice))
        if found is None:
            return RetryCase(as_of, customer, None, None)
        invoice, method = await together(
            one_invoice(reads, found), _would_be_charged(reads, found, customer, action.payment_method)
        )
        return RetryCase(as_of, customer, invoice, method)

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        action = _action(intent)
        params: InvoicePayParams = {"expand": ["payments"]}
        if action.payment_method is not None:
            params["payment_method"] = action.payment_method
        invoice = await reads.line.act(
            lambda: reads.line.v1.invoices.pay_async(
                action.invoice, params, {"idempotency_key": intent.idempotency_key}
            )
        )
        if invoice.status == "paid":
            return understood(_receipt, invoice)
        raise await why_unpaid(reads, invoice)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """The invoice, if a payment of it succeeded since the intent. It takes no metadata, so state must tell."""
        invoice = await reads.raw_invoice(_action(intent).invoice)
        if invoice is None or invoice.status != "paid":
            return None
        paid_at = invoice.status_transitions.paid_at
        if paid_at is None or objects.when(paid_at) < intent.created - CLOCKS_DIFFER:
            return None
        payments = await reads.line.pages(
            reads.line.v1.invoice_payments.list_async, {"invoice": invoice.id, "status": "paid"}
        )
        return understood(_receipt, invoice) if payments.items else None


async def _would_be_charged(
    reads: CustomerReads, invoice: stripe.Invoice, customer: CustomerFacts, named: str | None
) -> PaymentMethodFacts | None:
    """The method named, or the first default: invoice, subscription, customer (docs.stripe.com/api/invoices/pay)."""
    if named is not None:
        return await reads.payment_method(named)
    details = invoice.parent.subscription_details if invoice.parent else None
    subscription_id = objects.ref(details.subscription) if details else None
    subscription = await reads.raw_subscription(subscription_id) if subscription_id else None
    defaults = [
        objects.ref(invoice.default_payment_method),
        objects.ref(invoice.default_source),
        objects.ref(subscription.default_payment_method) if subscription else None,
        objects.ref(subscription.default_source) if subscription else None,
        customer.default_payment_method,
    ]
    first = next((each for each in defaults if each is not None), None)
    return await reads.payment_method(first) if first is not None else None


async def why_unpaid(reads: CustomerReads, invoice: stripe.Invoice) -> EffectRefused | EffectUnknown:
    """Why `pay` answered without an error and yet the invoice is not paid: its PaymentIntent knows."""
    intents = [
        intent
        for payment in (invoice.payments.data if invoice.payments else [])
        if (intent := objects.ref(getattr(payment.payment, "payment_intent", None))) is not None
    ]
    for intent in intents:
        try:
            found = await reads.line.read(lambda intent=intent: reads.line.v1.payment_intents.retrieve_async(intent))
        except FactsUnavailable as error:
            return EffectUnknown("payment_state_unavailable", str(error))
        if found.status == "requires_action":
            return EffectRefused(AUTHENTICATION_REQUIRED, "The bank wants the customer to approve the payment.")
        if found.status == "processing":
            return EffectUnknown("payment_processing", "The payment is being processed.")
        decline = objects.error_decline(found.last_payment_error)
        if decline is not None:
            code = f"{decline.code}:{decline.decline_code}" if decline.decline_code else decline.code
            return EffectRefused(code, decline.message)
    return EffectRefused("not_paid", f"The invoice is still {invoice.status}.")


def _action(intent: Intent) -> RetryPayment:
    if not isinstance(intent.action, RetryPayment):
        raise TypeError(f"{intent.action.tool} is no retry")
    return intent.action


def _receipt(invoice: stripe.Invoice) -> Receipt:
    return Receipt(
        kind=RetryPayment.tool,
        stripe_id=invoice.id,
        status="paid",
        amount=Money(invoice.amount_paid, invoice.currency),
        details={"invoice_number": invoice.number} if invoice.number else {},
    )
