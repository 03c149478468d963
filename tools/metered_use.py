"""What a customer's subscriptions bill by use: the newest invoice's count beside the company's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from billing.facts import BilledUsage, InvoiceFacts, InvoiceLineFacts, SubscriptionFacts, SubscriptionItemFacts
from billing.money import Money
from billing.usage_bill import UsagePrice
from billing.usage_counts import compare
from policy.effects import FactsUnavailable
from tools.sources import SourceUnavailable
from tools.stripe_bills import usage_price
from tools.stripe_history import long_lines
from tools.stripe_objects import invoice_facts
from tools.stripe_reads import CustomerReads, together, understood
from tools.usage import Usage, usage_of

ITEMS: Final = 10  # metered items of one customer that are looked at, newest subscriptions first
NEWEST: Final = 12
BILLED: Final = frozenset(["open", "paid"])
EDGE: Final = timedelta(hours=2)

Metered = tuple[SubscriptionFacts, SubscriptionItemFacts]


def metered_items(subscriptions: Iterable[SubscriptionFacts]) -> list[Metered]:
    """Items that are billed by use, with their subscriptions, newest first."""
    newest = sorted(subscriptions, key=lambda each: each.created, reverse=True)
    return [(each, item) for each in newest for item in each.items if item.meter is not None][:ITEMS]


async def billed_usage(
    reads: CustomerReads,
    usage: Usage,
    subscriptions: Iterable[SubscriptionFacts],
    invoices: tuple[InvoiceFacts, ...],
) -> tuple[BilledUsage, ...]:
    """For every metered item its newest bill. Raises `FactsUnavailable` when Stripe does not say what it is."""
    billed = [
        (*each, next((one for one in invoices if one.status in BILLED and _bills(one, *each)), None))
        for each in metered_items(subscriptions)
    ]
    found: list[BilledUsage | None] = await together(
        *(bill(reads, usage, item, invoice) for _, item, invoice in billed if invoice is not None)
    )
    return tuple(each for each in found if each is not None)


async def bill(
    reads: CustomerReads,
    usage: Usage,
    item: SubscriptionItemFacts,
    invoice: InvoiceFacts,
    *,
    until: datetime | None = None,
) -> BilledUsage | None:
    """The lines of an invoice, or of the preview of one, for what the item's meter counted. `until`: the period still
    runs, and both counts go up to here. None where the invoice has no such lines, or the price is gone."""
    lines = _lines(invoice, item)
    if not lines or item.meter is None or invoice.subscription is None:
        return None
    price, meter = await together(metered_price(reads, item.price), meter_name(reads, item.meter))
    if price is None:
        return None
    last = max(line.period_end for line in lines)
    lines = [line for line in lines if line.period_end == last]
    start = min(line.period_start for line in lines)
    counted, edges = await counts(usage, reads, meter, start, last if until is None else min(last, until))
    billed = BilledUsage(
        subscription=invoice.subscription,
        invoice=invoice.id,
        price_id=item.price,
        price=price,
        meter=meter or "",
        units=sum(line.quantity or 0 for line in lines),
        amount=Money(sum(line.amount.amount for line in lines), invoice.total.currency),
        period_start=start,
        period_end=last,
        counted=counted,
        edges=edges,
    )
    if until is not None or counted is None or compare(price, billed.units, counted, edges).agrees:
        return billed
    return replace(billed, credits=await _credits(reads, invoice.created))


async def _credits(reads: CustomerReads, since: datetime) -> tuple[Money, ...]:
    """What was put on the customer's balance by hand, or by Lee, since then
    (docs.stripe.com/billing/customer/balance, type `adjustment`)."""
    listed = await reads.line.pages(
        lambda params: reads.line.v1.customers.balance_transactions.list_async(reads.customer, params),
        {"created": {"gte": int(since.timestamp())}},
    )
    return tuple(
        Money(-each.amount, each.currency) for each in listed.items if each.type == "adjustment" and each.amount < 0
    )


async def newest_invoices(reads: CustomerReads) -> tuple[InvoiceFacts, ...]:
    """The newest dozen with all their lines; how they were paid is not looked at."""
    listed = await reads.line.pages(reads.line.v1.invoices.list_async, {"customer": reads.customer}, NEWEST)
    lines = await long_lines(reads, listed.items)
    return tuple(understood(invoice_facts, each, lines=lines.get(each.id)) for each in listed.items)


async def so_far(reads: CustomerReads, subscription: SubscriptionFacts) -> InvoiceFacts | None:
    """What the next invoice of a subscription would be now; None when there is none to come, or when it has more lines
    than a preview shows."""
    found = await reads.line.try_read(
        lambda: reads.line.v1.invoices.create_preview_async(
            {"customer": reads.customer, "subscription": subscription.id}
        )
    )
    return None if found is None or found.lines.has_more else understood(invoice_facts, found)


async def metered_price(reads: CustomerReads, price_id: str) -> UsagePrice | None:
    """A price of the customer's own subscription, with its tiers; None for one that Stripe does not know."""
    found = await reads.line.look_up(
        lambda: reads.line.v1.prices.retrieve_async(price_id, {"expand": ["tiers", "product"]})
    )
    return None if found is None else understood(usage_price, found)


async def meter_name(reads: CustomerReads, meter_id: str) -> str | None:
    """What the meter's events are called, and the usage store's name for it. None where Stripe does not say: a key may
    read bills and no meters."""
    try:
        found = await reads.line.look_up(lambda: reads.line.v1.billing.meters.retrieve_async(meter_id))
    except FactsUnavailable:
        return None
    return None if found is None else found.event_name


async def counts(
    usage: Usage, reads: CustomerReads, meter: str | None, start: datetime, end: datetime
) -> tuple[int | None, int]:
    """What the usage store counted in `[start, end)`, and in the hours at its two ends. None: it did not answer, knows
    no such meter, or has nothing at all of the period and the one before, which may be older than what it keeps."""
    if meter is None or start >= end:
        return None, 0
    whole, *edges = await together(
        *(_units(usage, reads, meter, first, last) for first, last in ((start, end), _edge(start), _edge(end)))
    )
    if whole is None or any(edge is None for edge in edges) or not any(whole):
        return None, 0
    return whole[0], sum(edge[0] for edge in edges)


def _edge(moment: datetime) -> tuple[datetime, datetime]:
    """The hour a period's end falls in and the next; of an end on the hour, the last one before it and the first."""
    first = (moment - timedelta(microseconds=1)).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return first, first + EDGE


async def _units(
    usage: Usage, reads: CustomerReads, meter: str, start: datetime, end: datetime
) -> tuple[int, int] | None:
    """Used in the time, and in one as long before it."""
    found = await usage_of(usage, reads.customer, start, end)
    if isinstance(found, SourceUnavailable):
        return None
    return next(((each.used, each.previous) for each in found.meters if each.meter == meter), None)


def _bills(invoice: InvoiceFacts, subscription: SubscriptionFacts, item: SubscriptionItemFacts) -> bool:
    return invoice.subscription == subscription.id and bool(_lines(invoice, item))


def _lines(invoice: InvoiceFacts, item: SubscriptionItemFacts) -> list[InvoiceLineFacts]:
    return [line for line in invoice.lines if line.price == item.price and not line.proration]
