"""Starting a paused subscription again (docs.stripe.com/api/subscriptions/resume).

In two steps, so that nothing but the amount that was said yes to is ever charged: the resumption, which waits for its
payment, and then the payment of its invoice. Until that is paid the subscription stays paused.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import stripe

from billing.facts import CustomerFacts, SubscriptionFacts
from billing.ids import InvoiceId
from billing.money import Money
from policy.effects import EffectRefused, EffectUnknown, FactsUnavailable, Intent
from policy.facts import ResumeCase
from tools import stripe_objects as objects
from tools.retry_effect import CLOCKS_DIFFER, why_unpaid
from tools.stripe_reads import CustomerReads, together, understood

if TYPE_CHECKING:
    from stripe.params import SubscriptionResumeParams

_NOW: Final[SubscriptionResumeParams] = {
    "billing_cycle_anchor": {"type": "now"},
    "payment_behavior": "resume_on_payment_success",
}


async def paused_facts(
    reads: CustomerReads, as_of: datetime, customer: CustomerFacts, subscription: SubscriptionFacts
) -> ResumeCase:
    default = subscription.default_payment_method or customer.default_payment_method
    previewed, method, newest = await together(
        _preview(reads, subscription.id),
        reads.payment_method(default or ""),
        _newest_invoice_of(reads, subscription.id),
    )
    return ResumeCase(
        as_of,
        customer,
        subscription,
        understood(_due, previewed) if previewed is not None else None,
        method,
        InvoiceId(newest.id) if newest is not None and newest.status == "open" else None,
    )


async def _preview(reads: CustomerReads, subscription: str) -> stripe.Invoice | None:
    """None when Stripe refuses it: while it is being resumed already, for one."""
    return await reads.line.try_read(
        lambda: reads.line.v1.invoices.create_preview_async(
            {"subscription": subscription, "subscription_details": {"resume_at": "now"}}
        )
    )


def _due(previewed: stripe.Invoice) -> Money:
    return Money(previewed.amount_due, previewed.currency)


async def _newest_invoice(reads: CustomerReads, subscription: stripe.Subscription) -> stripe.Invoice | None:
    newest = objects.ref(subscription.latest_invoice)
    return await reads.raw_invoice(newest) if newest is not None else None


async def _newest_invoice_of(reads: CustomerReads, subscription: str) -> stripe.Invoice | None:
    found = await reads.raw_subscription(subscription)
    return await _newest_invoice(reads, found) if found is not None else None


async def start(intent: Intent, reads: CustomerReads, subscription: str) -> stripe.Subscription:
    """The subscription, running. A second try under the same intent repeats neither step."""
    resumed = await reads.line.act(
        lambda: reads.line.v1.subscriptions.resume_async(
            subscription, _NOW, {"idempotency_key": intent.idempotency_key}
        )
    )
    try:
        invoice = await _newest_invoice(reads, resumed)
        if invoice is not None and invoice.status == "open":
            await _pay(intent, reads, invoice)
        found = await reads.raw_subscription(subscription)
    except FactsUnavailable as error:
        raise EffectUnknown("not_seen", f"It cannot be seen whether it was paid: {error}") from error
    if found is None or found.status != "active":
        raise EffectUnknown("not_running_yet", "Paid or not, the subscription does not run yet.")
    return found


async def _pay(intent: Intent, reads: CustomerReads, invoice: stripe.Invoice) -> None:
    if intent.value is None or Money(invoice.amount_remaining, invoice.currency) != -intent.value:
        raise EffectRefused("amount_changed", "Starting again costs something else by now; nothing was charged.")
    if invoice.attempt_count:
        # Stripe has tried it with the resumption, or this intent did before its answer was lost.
        raise await why_unpaid(reads, invoice)
    paid = await reads.line.act(
        lambda: reads.line.v1.invoices.pay_async(
            invoice.id, {"expand": ["payments"]}, {"idempotency_key": f"{intent.idempotency_key}-pay"}
        )
    )
    if paid.status != "paid":
        raise await why_unpaid(reads, paid)


async def started(intent: Intent, reads: CustomerReads, subscription: str) -> stripe.Subscription | None:
    """The subscription, if it runs and its newest invoice was paid since the intent, at that amount. Neither step takes
    metadata, so state must tell."""
    found = await reads.raw_subscription(subscription)
    if found is None or found.status != "active" or intent.value is None:
        return None
    invoice = await _newest_invoice(reads, found)
    if invoice is None or invoice.status != "paid":
        return None
    paid_at = invoice.status_transitions.paid_at
    if paid_at is None or objects.when(paid_at) < intent.created - CLOCKS_DIFFER:
        return None
    return found if Money(invoice.amount_paid, invoice.currency) == -intent.value else None
