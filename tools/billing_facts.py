"""Gathering `billing.facts.BillingFacts` of one customer: Stripe, entitlements and usage, side by side."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from billing.customer_details import TaxIdFacts
from billing.facts import (
    BillingFacts,
    EntitlementFacts,
    InvoiceFacts,
    PriceFacts,
    Source,
    SubscriptionFacts,
)
from billing.granted_plans import unpaid_for
from billing.ids import CustomerId
from tools.entitlements import Entitlements
from tools.metered_use import billed_usage
from tools.sources import PATIENCE, SourceUnavailable
from tools.stripe_checkouts import checkouts_of
from tools.stripe_history import history
from tools.stripe_line import Listed
from tools.stripe_reads import CustomerReads, together
from tools.usage import Usage, usage_of

LIVE: Final = frozenset(["trialing", "active", "past_due", "unpaid", "paused", "incomplete"])


@dataclass(frozen=True, slots=True)
class Gathered:
    """`cut` names the lists (charges, invoices, refunds, …) of which only the newest part was read."""

    facts: BillingFacts
    cut: frozenset[str]


async def gather_facts(reads: CustomerReads, entitlements: Entitlements, usage: Usage, as_of: datetime) -> Gathered:
    """Everything the diagnosis looks at. A source beside Stripe that fails is named in `facts.unavailable`.

    Raises `FactsUnavailable` when Stripe itself does not answer, or has no such customer.
    """
    customer, methods, subscriptions, past, checkouts, granted = await together(
        reads.profile(),
        reads.payment_methods(),
        reads.subscriptions(),
        history(reads),
        checkouts_of(reads),
        entitlements_of(entitlements, reads.customer),
    )
    disputes, used, between, billed, tax_ids = await together(
        reads.disputes(past.charges),
        usage_of(usage, reads.customer, *current_period(subscriptions.items, as_of)),
        _between(reads, granted, subscriptions.items),
        billed_usage(reads, usage, subscriptions.items, past.invoices),
        reads.tax_ids() if _speaks_of_tax(past.invoices) else _none(),
    )
    listed = {
        "payment_methods": methods,
        "subscriptions": subscriptions,
        "disputes": disputes,
        "checkouts": checkouts,
        "prices": between.prices,
        "tax_ids": tax_ids,
    }
    missing: set[Source] = set()
    if isinstance(granted, SourceUnavailable):
        missing.add(granted.source)
    if isinstance(used, SourceUnavailable):
        missing.add(used.source)
    facts = BillingFacts(
        as_of=as_of,
        customer=customer,
        payment_methods=methods.items,
        subscriptions=subscriptions.items,
        invoices=past.invoices,
        charges=past.charges,
        refunds=past.refunds,
        disputes=disputes.items,
        entitlements=None if isinstance(granted, SourceUnavailable) else granted,
        usage=None if isinstance(used, SourceUnavailable) else used,
        prices=between.prices.items,
        prorated_at=between.prorated_at,
        billed_usage=billed,
        tax_ids=tax_ids.items,
        checkouts=checkouts.items,
        unavailable=frozenset(missing),
    )
    return Gathered(facts, past.cut | {name for name, each in listed.items() if each.more})


@dataclass(frozen=True, slots=True)
class _Between:
    """What tells an over-granted plan from a change under way; empty where the product grants what is paid for."""

    prices: Listed[PriceFacts] = field(default_factory=lambda: Listed(()))
    prorated_at: datetime | None = None


async def _between(
    reads: CustomerReads,
    granted: EntitlementFacts | SourceUnavailable | None,
    subscriptions: tuple[SubscriptionFacts, ...],
) -> _Between:
    if not isinstance(granted, EntitlementFacts) or not unpaid_for(granted, subscriptions):
        return _Between()
    prices, prorated_at = await together(reads.price_list(), reads.newest_proration())
    return _Between(prices, prorated_at)


def _speaks_of_tax(invoices: tuple[InvoiceFacts, ...]) -> bool:
    return any(each.tax is not None or each.shows_tax_id for each in invoices)


async def _none() -> Listed[TaxIdFacts]:
    return Listed(())


def current_period(subscriptions: tuple[SubscriptionFacts, ...], as_of: datetime) -> tuple[datetime, datetime]:
    """The running period of the newest live subscription; without one, the calendar month (UTC)."""
    for subscription in sorted(subscriptions, key=lambda each: each.created, reverse=True):
        for item in subscription.items:
            if subscription.status in LIVE and item.current_period_start <= as_of < item.current_period_end:
                return item.current_period_start, item.current_period_end
    start = as_of.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = start.replace(year=start.year + 1, month=1) if start.month == 12 else start.replace(month=start.month + 1)
    return start, end


async def entitlements_of(source: Entitlements, customer: CustomerId) -> EntitlementFacts | SourceUnavailable | None:
    """What the source says, or that it did not, within `PATIENCE`."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await source.of(customer)
    except SourceUnavailable as error:
        return error
    except TimeoutError:
        return SourceUnavailable("entitlements", "The entitlements did not answer in time.")
