"""Findings on what is owed although no bank said no: nothing to charge, or no reason on record."""

from __future__ import annotations

from collections.abc import Iterator

from billing.cards import nothing_to_charge, subscription_of
from billing.facts import BillingFacts
from billing.failed_payments import failed_payments
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.findings_payments import finding_of, with_cause


def no_payment_method(facts: BillingFacts) -> Iterator[Finding]:
    """Nothing on file to charge: for an open invoice (now, or when it was tried), or for a renewal to come.

    Invoices with a due date are paid by the customer, so nothing needs to be on file for them.
    """
    for payment in with_cause(facts, RootCause.NO_PAYMENT_METHOD):
        if payment.replaced_by:
            yield finding_of(
                payment,
                f"The {payment.named} is still open, because there was no card on file when it was tried.",
                "",
                RecommendedAction.RETRY_PAYMENT,
            )
    for invoice in facts.invoices:
        subscription = subscription_of(facts, invoice.subscription)
        if (
            invoice.status == "open"
            and invoice.amount_remaining.amount > 0
            and invoice.due_date is None
            and (subscription is None or subscription.status != "incomplete")
            and nothing_to_charge(facts, subscription)
        ):
            number = f" {invoice.number}" if invoice.number else ""
            yield Finding(
                Status.RED,
                RootCause.NO_PAYMENT_METHOD,
                f"Invoice{number} over {invoice.amount_remaining} is open, and there is no card on file to pay it. "
                "Please add a card.",
                RecommendedAction.UPDATE_CARD,
                (Evidence("invoice", invoice.id),),
            )
    for subscription in facts.subscriptions:
        mine = [invoice for invoice in facts.invoices if invoice.subscription == subscription.id]
        if (
            subscription.status == "active"
            and not subscription.cancel_at_period_end
            and subscription.items
            and any((item.unit_amount is None or item.unit_amount.amount > 0) for item in subscription.items)
            and nothing_to_charge(facts, subscription)
            and all(invoice.due_date is None and invoice.status != "open" for invoice in mine)
        ):
            renewal = min(item.current_period_end for item in subscription.items)
            yield Finding(
                Status.AMBER,
                RootCause.NO_PAYMENT_METHOD,
                f"Your subscription renews on {day(renewal)}, and there is no card on file to pay for it. "
                "Please add a card before then.",
                RecommendedAction.UPDATE_CARD,
                (Evidence("subscription", subscription.id),),
            )


def payment_failed_cause_unknown(facts: BillingFacts) -> Iterator[Finding]:
    """A payment that was tried without a reason on record, or a subscription behind on payment without an invoice
    that explains it: honest ignorance, so a human looks."""
    failed = failed_payments(facts)
    for payment in failed:
        if payment.cause is RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN:
            yield finding_of(
                payment,
                f"The {payment.named} did not go through, and we have no reason from the bank on record.",
                "A colleague has to look at it.",
                RecommendedAction.TALK_TO_HUMAN,
                same_card=True,
            )
    explained = {payment.invoice.subscription for payment in failed if payment.invoice}
    explained |= {one.subscription for one in facts.invoices if one.status == "open" and one.due_date is not None}
    for subscription in facts.subscriptions:
        if subscription.status in ("past_due", "unpaid") and subscription.id not in explained:
            yield Finding(
                Status.RED,
                RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN,
                "A payment for your subscription is missing, but no invoice shows why. A colleague has to look at it.",
                RecommendedAction.TALK_TO_HUMAN,
                (Evidence("subscription", subscription.id),),
            )
