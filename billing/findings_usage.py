"""Findings on what is billed by use: a count that is not the company's own, and overage that made a bill higher."""

from __future__ import annotations

from collections.abc import Iterator

from billing.facts import BilledUsage, BillingFacts, InvoiceFacts
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.findings_invoices import named
from billing.findings_prices import BILLED
from billing.invoice_sums import reproduced_usage, tier_text
from billing.money import Money
from billing.usage_bill import TierLine
from billing.usage_counts import compare


def usage_billed_differs(facts: BillingFacts) -> Iterator[Finding]:
    """More or less was billed than the company's own count shows, beyond what the hours at the period's ends and a few
    lost events explain. At stake: what the difference costs by the tiers, before discounts and tax. One that was given
    back already, by credit notes, refunds or a credit of just that amount, is settled."""
    for billed, invoice in _billed(facts):
        if billed.counted is None:
            continue
        found = compare(billed.price, billed.units, billed.counted, billed.edges)
        if found.agrees or _given_back(facts, invoice) >= found.money.amount > 0 or found.money in billed.credits:
            continue
        counts = (
            f"{named(invoice)} of {day(invoice.created)} bills {billed.units:,} {billed.price.name} for "
            f"{_span(billed)}, while our own count of that time is {billed.counted:,}."
        )
        apart = tuple(Evidence("apart_from", name) for name in _apart(invoice))
        evidence = (Evidence("invoice", invoice.id), Evidence("meter", billed.meter), *apart)
        if found.difference > 0:
            yield Finding(
                Status.AMBER,
                RootCause.USAGE_BILLED_DIFFERS,
                f"{counts} That is {found.difference:,} too many, which cost {found.money}{_before(invoice)}. A "
                "colleague has to check it and settle the difference.",
                RecommendedAction.TALK_TO_HUMAN,
                evidence,
                at_stake=found.money,
            )
        else:
            yield Finding(
                Status.GREEN,
                RootCause.USAGE_BILLED_DIFFERS,
                f"{counts} The bill counts {-found.difference:,} fewer, so you were charged no more than you used.",
                RecommendedAction.NONE,
                evidence,
                at_stake=-found.money,
            )


def metered_overage_billed(facts: BillingFacts) -> Iterator[Finding]:
    """The newest invoice of a subscription is higher than the one before, and more was used beyond what is included.
    Nothing is said of a count that is in doubt. At stake: the overage."""
    for billed, last in _billed(facts):
        mine = [one for one in facts.invoices if one.subscription == billed.subscription and one.status in BILLED]
        told = reproduced_usage(billed.price, [billed.units], [billed.amount])
        if len(mine) < 2 or mine[0] is not last or told is None:
            continue
        before = mine[1]
        beyond = [line for line in told if line.kind == "overage"]
        overage = Money(sum(line.amount.amount for line in beyond), billed.price.currency)
        if (
            not overage.amount
            or last.total.currency != before.total.currency
            or last.total.amount <= before.total.amount
            or billed.amount.amount <= _billed_before(billed, before)
            or (billed.counted is not None and not _agrees(billed, billed.counted))
        ):
            continue
        yield Finding(
            Status.GREEN,
            RootCause.METERED_OVERAGE_BILLED,
            f"{named(last)} of {day(last.created)} comes to {last.total}, after {before.total} the time before. "
            f"{billed.units:,} {billed.price.name} were used from {_span(billed)}, and {_included(told)}. Beyond that "
            f"were {_listed(billed, beyond)}{f', together {overage}' if len(beyond) > 1 else ''}.",
            RecommendedAction.NONE,
            (Evidence("invoice", last.id), Evidence("invoice", before.id), Evidence("meter", billed.meter)),
            at_stake=overage,
        )


def _billed(facts: BillingFacts) -> Iterator[tuple[BilledUsage, InvoiceFacts]]:
    invoices = {one.id: one for one in facts.invoices if one.status in BILLED}
    for billed in facts.billed_usage:
        if billed.invoice in invoices:
            yield billed, invoices[billed.invoice]


def _agrees(billed: BilledUsage, counted: int) -> bool:
    return compare(billed.price, billed.units, counted, billed.edges).agrees


def _given_back(facts: BillingFacts, invoice: InvoiceFacts) -> int:
    """In minor units of the invoice's currency."""
    refunded = sum(one.amount_refunded.amount for one in facts.charges if one.invoice == invoice.id)
    return refunded + (invoice.credited.amount if invoice.credited else 0)


def _billed_before(billed: BilledUsage, before: InvoiceFacts) -> int:
    return sum(line.amount.amount for line in before.lines if line.price == billed.price_id)


def _apart(invoice: InvoiceFacts) -> list[str]:
    return [name for name, taken in (("discounts", invoice.discount), ("tax", invoice.tax)) if taken]


def _before(invoice: InvoiceFacts) -> str:
    parts = _apart(invoice)
    return f" before {' and '.join(parts)}" if parts else ""


def _span(billed: BilledUsage) -> str:
    return f"{day(billed.period_start)} to {day(billed.period_end)}"


def _included(told: tuple[TierLine, ...]) -> str:
    units = sum(line.units for line in told if line.kind == "included")
    minimum = next((line.amount for line in told if line.kind == "minimum"), None)
    return f"{units:,} of them are included" + (f" in the committed minimum of {minimum}" if minimum else "")


def _listed(billed: BilledUsage, beyond: list[TierLine]) -> str:
    parts = [f"{tier_text(line, billed.price)} for {line.amount}" for line in beyond]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
