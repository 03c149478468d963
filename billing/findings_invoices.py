"""Findings on invoices the customer pays by link, on links, on credit, and on a bill that grew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from billing.cards import subscription_of
from billing.facts import BillingFacts, InvoiceFacts
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.money import Money

LINK_LIFE: Final = timedelta(days=30)
"""A hosted invoice link expires 30 days after the due date (docs.stripe.com/invoicing/hosted-invoice-page)."""

RECENT_BILL: Final = timedelta(days=35)
"""A bill older than a month and a few days is no longer "my last bill"."""

RECENT_DEBT: Final = timedelta(days=90)
"""An invoice written off longer ago than this explains nothing any more."""


def payment_link_expired(facts: BillingFacts) -> Iterator[Finding]:
    for invoice in _unpaid_by_link(facts):
        due = invoice.due_date
        if due is not None and facts.as_of >= due + LINK_LIFE:
            yield Finding(
                Status.RED,
                RootCause.PAYMENT_LINK_EXPIRED,
                f"{named(invoice)} over {invoice.amount_remaining} was due on {day(due)}, and the payment link you "
                "were sent has expired. A new link lets you pay it now.",
                RecommendedAction.NEW_PAYMENT_LINK,
                (Evidence("invoice", invoice.id),),
            )


def invoice_overdue(facts: BillingFacts) -> Iterator[Finding]:
    for invoice in _unpaid_by_link(facts):
        due = invoice.due_date
        if due is not None and due <= facts.as_of < due + LINK_LIFE:
            yield Finding(
                Status.RED,
                RootCause.INVOICE_OVERDUE,
                f"{named(invoice)} over {invoice.amount_remaining} was due on {day(due)} and is still open. "
                "You can pay it through its payment link.",
                RecommendedAction.PAY_INVOICE,
                (Evidence("invoice", invoice.id),),
            )


def invoice_uncollectible(facts: BillingFacts) -> Iterator[Finding]:
    """Written off by the company, and still unpaid. What an ended subscription left behind is told with its end."""
    for invoice in facts.invoices:
        owner = subscription_of(facts, invoice.subscription)
        ended = owner is not None and owner.status in ("canceled", "incomplete_expired")
        if invoice.status == "uncollectible" and not ended and facts.as_of - invoice.created <= RECENT_DEBT:
            yield Finding(
                Status.AMBER,
                RootCause.INVOICE_UNCOLLECTIBLE,
                f"{named(invoice)} of {day(invoice.created)} over {invoice.total} was never paid, and we have stopped "
                "collecting it. A colleague can tell you what it means for your account.",
                RecommendedAction.TALK_TO_HUMAN,
                (Evidence("invoice", invoice.id),),
            )


def invoice_due(facts: BillingFacts) -> Iterator[Finding]:
    for invoice in _unpaid_by_link(facts):
        due = invoice.due_date
        if due is not None and facts.as_of < due:
            yield Finding(
                Status.GREEN,
                RootCause.INVOICE_DUE,
                f"{named(invoice)} over {invoice.amount_remaining} is due on {day(due)}.",
                RecommendedAction.PAY_INVOICE,
                (Evidence("invoice", invoice.id),),
            )


def mid_cycle_upgrade_proration(facts: BillingFacts) -> Iterator[Finding]:
    """The last bill of a subscription is higher because the plan changed within a paid period.

    The extra is the sum of the proration lines: what the new plan cost for the rest of the period less what was unused
    of the old one (docs.stripe.com/billing/subscriptions/prorations).
    """
    for subscription in facts.subscriptions:
        mine = [invoice for invoice in facts.invoices if invoice.subscription == subscription.id]
        billed = sorted(
            (invoice for invoice in mine if invoice.status in ("open", "paid")),
            key=lambda invoice: invoice.created,
            reverse=True,
        )
        if not billed or facts.as_of - billed[0].created > RECENT_BILL:
            continue
        last, before = billed[0], billed[1] if len(billed) > 1 else None
        extra = _prorated(last)
        if extra is None or extra.amount <= 0:
            continue
        compared = f", after {before.total} the time before" if before and before.total != last.total else ""
        yield Finding(
            Status.GREEN,
            RootCause.MID_CYCLE_UPGRADE_PRORATION,
            f"{named(last)} of {day(last.created)} comes to {last.total}{compared}: {extra} of it is the difference "
            "for the rest of a period in which your plan was changed. It is billed once.",
            RecommendedAction.NONE,
            (Evidence("invoice", last.id), *((Evidence("invoice", before.id),) if before else ())),
        )


def customer_credit(facts: BillingFacts) -> Iterator[Finding]:
    """A negative balance is credit that the next invoice uses up first (docs.stripe.com/billing/customer/balance)."""
    balance = facts.customer.balance
    if balance is not None and balance.amount < 0:
        yield Finding(
            Status.GREEN,
            RootCause.CUSTOMER_CREDIT,
            f"Your account has a credit of {-balance}. It is taken off your next invoice by itself.",
            RecommendedAction.NONE,
            (Evidence("customer", facts.customer.id),),
        )


def _unpaid_by_link(facts: BillingFacts) -> Iterator[InvoiceFacts]:
    """Open invoices with a due date: Stripe mails these and charges nothing by itself."""
    return (
        invoice
        for invoice in facts.invoices
        if invoice.status == "open" and invoice.amount_remaining.amount > 0 and invoice.due_date is not None
    )


def _prorated(invoice: InvoiceFacts) -> Money | None:
    """The sum of the invoice's proration lines in the invoice's currency; None when it has none."""
    amounts = [line.amount.amount for line in invoice.lines if line.proration]
    if any(line.amount.currency != invoice.total.currency for line in invoice.lines):
        return None
    return Money(sum(amounts), invoice.total.currency) if amounts else None


def named(invoice: InvoiceFacts) -> str:
    return f"Invoice {invoice.number}" if invoice.number else "Your invoice"
