"""Billing periods: pure calendar arithmetic on unix seconds, in UTC.

A subscription's anchor fixes every boundary: the n-th boundary is counted from the anchor itself and never from the
boundary before, so an anchor on the 31st gives 28 February and then again 31 March.
Source: https://docs.stripe.com/billing/subscriptions/billing-cycle
"""

import calendar
from datetime import UTC, datetime
from typing import NamedTuple

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400
_FIXED_SECONDS = {"day": SECONDS_PER_DAY, "week": 7 * SECONDS_PER_DAY}
_CALENDAR_MONTHS = {"month": 1, "year": 12}


class Period(NamedTuple):
    """Half-open `[start, end)` in unix seconds."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        return self.end - self.start


def boundary(anchor: int, interval: str, interval_count: int, index: int) -> int:
    """The `index`-th period boundary counted from the anchor (index 0 is the anchor; negative goes back).

    Raises ValueError when the interval is none of day, week, month, year or the count is not positive.
    """
    if interval_count < 1:
        raise ValueError(f"interval_count must be at least 1, got {interval_count}")
    if interval in _FIXED_SECONDS:
        return anchor + index * interval_count * _FIXED_SECONDS[interval]
    if interval not in _CALENDAR_MONTHS:
        raise ValueError(f"interval must be day, week, month or year, got {interval!r}")
    start = datetime.fromtimestamp(anchor, UTC)
    months = start.year * 12 + (start.month - 1) + index * interval_count * _CALENDAR_MONTHS[interval]
    year, month = divmod(months, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return int(start.replace(year=year, month=month + 1, day=min(start.day, last_day)).timestamp())


def period_containing(anchor: int, interval: str, interval_count: int, moment: int) -> Period:
    """The period that holds `moment`; a boundary belongs to the period it opens."""
    length = boundary(anchor, interval, interval_count, 1) - anchor
    index = (moment - anchor) // length
    # Months differ in length, so the estimate may be off by a few periods either way.
    while boundary(anchor, interval, interval_count, index) > moment:
        index -= 1
    while boundary(anchor, interval, interval_count, index + 1) <= moment:
        index += 1
    return Period(
        boundary(anchor, interval, interval_count, index), boundary(anchor, interval, interval_count, index + 1)
    )
