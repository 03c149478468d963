"""Findings on why a price is what it is: a discount that has ended, a tax, a tax id that an authority does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from billing.facts import BillingFacts, InvoiceFacts
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.findings_invoices import named
from billing.findings_subscriptions import LIVE

BILLED: Final = frozenset(["open", "paid"])


def discount_ended(facts: BillingFacts) -> Iterator[Finding]:
    """The running period was billed without the discount that the period before still had."""
    for subscription in facts.subscriptions:
        billed = [one for one in facts.invoices if one.subscription == subscription.id and one.status in BILLED]
        if subscription.status not in LIVE or not subscription.items or len(billed) < 2:
            continue
        last, before = billed[0], billed[1]
        taken = before.discount
        if (
            taken is None
            or last.discount is not None
            or last.billing_reason != "subscription_cycle"
            or last.created < subscription.items[0].current_period_start
            or last.total.currency != before.total.currency
            or last.total.amount <= before.total.amount
        ):
            continue
        same = _undiscounted(last) == _undiscounted(before)
        yield Finding(
            Status.GREEN,
            RootCause.DISCOUNT_ENDED,
            f"{named(last)} of {day(last.created)} comes to {last.total}, after {before.total} the time before, "
            f"because a discount of {taken} has ended.{' The price itself is the same as before.' if same else ''}",
            RecommendedAction.NONE,
            (Evidence("invoice", last.id), Evidence("invoice", before.id)),
            at_stake=taken,
        )


def tax_id_unverified(facts: BillingFacts) -> Iterator[Finding]:
    """The authority does not know the number; a pending or unavailable check says nothing yet."""
    for tax_id in facts.tax_ids:
        if tax_id.verification == "unverified":
            yield Finding(
                Status.AMBER,
                RootCause.TAX_ID_UNVERIFIED,
                "The tax id on your account is not known to the tax authority under your name. Please check the number "
                "and the name; future invoices carry what is on file then.",
                RecommendedAction.CHECK_TAX_ID,
                (Evidence("tax_id", tax_id.id),),
            )


def tax_id_missing(facts: BillingFacts) -> Iterator[Finding]:
    """The newest invoice bears tax and no tax id is on file. Whether one would lower it is the tax law's to say."""
    billed = [one for one in facts.invoices if one.status in BILLED]
    if not billed or facts.tax_ids:
        return
    last = billed[0]
    if last.tax is not None and last.tax.amount > 0 and not last.shows_tax_id:
        yield Finding(
            Status.GREEN,
            RootCause.TAX_ID_MISSING,
            f"{named(last)} of {day(last.created)} includes {last.tax} of tax, and no tax id is on file. A business "
            "may add its tax id; it applies to future invoices only.",
            RecommendedAction.NONE,
            (Evidence("invoice", last.id),),
            at_stake=last.tax,
        )


def _undiscounted(invoice: InvoiceFacts) -> int:
    """The total before discount and tax, in minor units."""
    return (
        invoice.total.amount
        + (invoice.discount.amount if invoice.discount else 0)
        - (invoice.tax.amount if invoice.tax else 0)
    )
