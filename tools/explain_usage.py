"""The tool `explain_usage`: what was used in a period, what is included, and what it costs, tier by tier."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from billing.facts import BilledUsage, InvoiceFacts
from billing.invoice_sums import reproduced_usage, tier_text
from billing.usage_counts import compare, reason
from tools.answers import Amount, Answer, amount, moment
from tools.billing_facts import LIVE, current_period
from tools.desk import Desk
from tools.explain_invoice import SumAnswer
from tools.metered_use import bill, billed_usage, metered_items, newest_invoices, so_far
from tools.registry import Arguments
from tools.sources import SourceUnavailable
from tools.stripe_line import Listed
from tools.stripe_reads import together
from tools.usage import usage_of

NOT_BY_USE: Final = "nothing on this account is billed by use: what is included in the plan costs nothing extra"


class ExplainUsage(Arguments):
    """Show the units used in a period, what the plan includes, and what they cost: each tier, flat amount and committed
    minimum as a line, adding up to what the invoice bills for use. Also says when our own count differs from the one
    that is billed."""

    period: Literal["current", "previous"] = Field(
        description="`current` runs now: what was used so far, and what the bill would be now. `previous` was billed "
        "last; where nothing is billed by use, as long a time before the current one."
    )


class MeterUsageAnswer(Answer):
    """`before`: in a period of the same length before."""

    meter: str
    used: int
    included: int
    beyond: int
    before: int


class UsageCostAnswer(Answer):
    """What is billed for `units` of a meter, before discounts and tax: `lines` add up to `total`. `invoice` is None for
    a period that still runs. `own_count` is the company's; where `agrees` is false, say so with the difference."""

    name: str
    meter: str
    period_start: str
    period_end: str
    invoice: str | None
    number: str | None
    units: int
    lines: list[SumAnswer]
    total: Amount
    explained: bool
    own_count: int | None
    agrees: bool | None
    difference: int | None
    difference_cost: Amount | None
    reason: str | None


class UsageAnswer(Answer):
    """`meters` is what the product counted; `billed` what that costs. `note` says what is missing."""

    period_start: str
    period_end: str
    meters: list[MeterUsageAnswer]
    billed: list[UsageCostAnswer]
    note: str | None


async def explain_usage(arguments: ExplainUsage, desk: Desk) -> UsageAnswer:
    subscriptions = await desk.stripe.subscriptions()
    now = desk.now()
    start, end = current_period(subscriptions.items, now)
    invoices: tuple[InvoiceFacts, ...] = ()
    if arguments.period == "current":
        bills = await _so_far(desk, subscriptions, now)
        start, end = next(((each.period_start, each.period_end) for each in bills), (start, end))
    else:
        start, end = start - (end - start), start
        invoices = await newest_invoices(desk.stripe) if metered_items(subscriptions.items) else ()
        bills = await billed_usage(desk.stripe, desk.usage, subscriptions.items, invoices)
        start, end = next(((each.period_start, each.period_end) for each in bills), (start, end))
    found = await usage_of(desk.usage, desk.stripe.customer, start, end)
    included = {each.meter: each.price.included for each in bills}
    meters = [
        MeterUsageAnswer(
            meter=each.meter,
            used=each.used,
            included=(allowed := included.get(each.meter, each.included)),
            beyond=max(each.used - allowed, 0),
            before=each.previous,
        )
        for each in (() if isinstance(found, SourceUnavailable) else found.meters)
    ]
    numbers = {each.id: each.number for each in invoices}
    return UsageAnswer(
        period_start=moment(start),
        period_end=moment(end),
        meters=meters,
        billed=[_cost(each, numbers.get(each.invoice), running=arguments.period == "current") for each in bills],
        note=_note(
            unseen=isinstance(found, SourceUnavailable),
            used=bool(meters),
            by_use=bool(metered_items(subscriptions.items)),
            billed=bool(bills),
        ),
    )


async def _so_far(desk: Desk, subscriptions: Listed, now: datetime) -> tuple[BilledUsage, ...]:
    """What the bills of live subscriptions would be now."""
    live = [each for each in metered_items(subscriptions.items) if each[0].status in LIVE]
    holders = {subscription.id: subscription for subscription, _ in live}
    previews = await together(*(so_far(desk.stripe, each) for each in holders.values()))
    upcoming = dict(zip(holders, previews, strict=True))
    found = await together(
        *(
            bill(desk.stripe, desk.usage, item, preview, until=now)
            for subscription, item in live
            if (preview := upcoming[subscription.id]) is not None
        )
    )
    return tuple(each for each in found if each is not None)


def _cost(billed: BilledUsage, number: str | None, *, running: bool) -> UsageCostAnswer:
    told = reproduced_usage(billed.price, [billed.units], [billed.amount])
    compared = None if billed.counted is None else compare(billed.price, billed.units, billed.counted, billed.edges)
    return UsageCostAnswer(
        name=billed.price.name,
        meter=billed.meter,
        period_start=moment(billed.period_start),
        period_end=moment(billed.period_end),
        invoice=None if running else billed.invoice,
        number=number,
        units=billed.units,
        lines=[
            SumAnswer(kind=line.kind, text=tier_text(line, billed.price), amount=amount(line.amount)) for line in told
        ]
        if told is not None
        else [
            SumAnswer(kind="not_explained", text="As billed, not reproduced by the price", amount=amount(billed.amount))
        ],
        total=amount(billed.amount),
        explained=told is not None,
        own_count=billed.counted,
        agrees=None if compared is None else compared.agrees,
        difference=None if compared is None else compared.difference,
        difference_cost=None if compared is None else amount(compared.money),
        reason=None if compared is None else reason(compared),
    )


def _note(*, unseen: bool, used: bool, by_use: bool, billed: bool) -> str | None:
    if unseen:
        return "the usage store did not answer"
    if not by_use:
        return NOT_BY_USE if used else "nothing was used"
    return None if billed else "no bill for this period was found"
