"""The tool `explain_usage`: what was used in a period, what is included, and what lies beyond."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.answers import Answer, moment
from tools.billing_facts import current_period
from tools.desk import Desk
from tools.registry import Arguments
from tools.sources import SourceUnavailable
from tools.usage import usage_of


class ExplainUsage(Arguments):
    """Show the units used in a period beside what the plan includes and what was used in the period before. For what
    the units cost, see explain_invoice."""

    period: Literal["current", "previous"] = Field(
        description="`current` runs now; `previous` is as long a time before it."
    )


class MeterUsageAnswer(Answer):
    meter: str
    used: int
    included: int
    beyond: int
    before: int


class UsageAnswer(Answer):
    """`before` is the use of a period of the same length before. `note` explains an empty list."""

    period_start: str
    period_end: str
    meters: list[MeterUsageAnswer]
    note: str | None


async def explain_usage(arguments: ExplainUsage, desk: Desk) -> UsageAnswer:
    subscriptions = await desk.stripe.subscriptions()
    start, end = current_period(subscriptions.items, desk.now())
    if arguments.period == "previous":
        start, end = start - (end - start), start
    found = await usage_of(desk.usage, desk.stripe.customer, start, end)
    unseen = isinstance(found, SourceUnavailable)
    meters = () if isinstance(found, SourceUnavailable) else found.meters
    return UsageAnswer(
        period_start=moment(start),
        period_end=moment(end),
        meters=[
            MeterUsageAnswer(
                meter=each.meter,
                used=each.used,
                included=each.included,
                beyond=max(each.used - each.included, 0),
                before=each.previous,
            )
            for each in meters
        ],
        note="the usage store did not answer" if unseen else None if meters else "nothing was used",
    )
