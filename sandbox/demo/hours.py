"""How much each demo customer uses, hour by hour. The product's own usage store and what the company reports to Stripe
are both told from here."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.demo.shop import before
from sandbox.periods import Period, boundary

DAYS = 62
"""Two billing periods: the present one is compared with the one before."""

METERED_DAYS = 105
"""Whoever pays by use has three periods that were billed."""


YEARS_DAYS = 380
"""Whoever pays by use once a year has a year that was billed."""


@dataclass(frozen=True)
class Surge:
    """`daily` units from `first` to `last` days before now, instead of the usual number."""

    first: int
    last: int
    daily: int


SURGES: dict[str, Surge] = {
    "cus_uma": Surge(8, 0, 18_000),
    "cus_vera": Surge(20, 9, 13_000),
}


@dataclass(frozen=True)
class Sum:
    """Exactly `units` in the last whole billing period of who subscribed `months` and `span` before now."""

    months: int
    span: dict[str, float]
    units: int

    def period(self, now: datetime) -> Period:
        return months_of(before(now, self.months, **self.span), now)[-2]


SUMS: dict[str, Sum] = {
    "cus_yuri": Sum(3, {"days": 6, "hours": 3}, 100_000),
}

# Shares of a day's requests by hour (UTC): an office day with a quiet night. They sum to 1000.
_HOURS = (14, 12, 10, 10, 12, 16, 26, 42, 58, 68, 70, 66, 60, 64, 68, 70, 64, 54, 44, 38, 36, 36, 34, 28)


def hours(
    customer: str, daily: int, now: datetime, *, days: int = DAYS, seed: int = 1
) -> Iterator[tuple[datetime, int]]:
    """The whole hours that are over, oldest first, each with its units. About the same throughout, but for a surge.

    What an hour holds follows from the hour itself, so that asking again later gives the same past."""
    drawn = _drawn(customer, daily, now, days, seed)
    return drawn if customer not in SUMS else _summing(list(drawn), SUMS[customer].period(now), SUMS[customer].units)


def _summing(drawn: list[tuple[datetime, int]], period: Period, units: int) -> Iterator[tuple[datetime, int]]:
    """The same, raised or lowered within the period."""
    whole = sum(count for hour, count in drawn if period.start <= hour.timestamp() < period.end)
    so_far = 0
    for hour, count in drawn:
        if period.start <= hour.timestamp() < period.end:
            yield hour, units * (so_far + count) // whole - units * so_far // whole
            so_far += count
        else:
            yield hour, count


def _drawn(customer: str, daily: int, now: datetime, days: int, seed: int) -> Iterator[tuple[datetime, int]]:
    last_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    surge = SURGES.get(customer)
    for back in range(days * 24, 0, -1):
        hour = last_hour - timedelta(hours=back)
        surging = surge is not None and surge.last * 24 < back <= surge.first * 24
        share = 80 + zlib.crc32(f"{seed}/{customer}/{hour.timestamp():.0f}".encode()) % 41
        units = (surge.daily if surge and surging else daily) * _HOURS[hour.hour] * share // 100_000
        if units:
            yield hour, units


def reports(used: Iterator[tuple[datetime, int]], period: Period) -> Iterator[tuple[int, int]]:
    """What a nightly job reports of a billing period: for each day the Unix time of its last hour and the units."""
    day, at, units = None, 0, 0
    for hour, count in used:
        moment = int(hour.timestamp())
        if not period.start <= moment < period.end:
            continue
        if day is not None and hour.date() != day:
            yield at, units
            units = 0
        day, at, units = hour.date(), moment, units + count
    if day is not None:
        yield at, units


def months_of(anchor: datetime, now: datetime) -> list[Period]:
    """The monthly billing periods from `anchor` to the one that runs at `now`."""
    first = int(anchor.timestamp())
    found: list[Period] = []
    while not found or found[-1].end <= now.timestamp():
        count = len(found)
        found.append(Period(boundary(first, "month", 1, count), boundary(first, "month", 1, count + 1)))
    return found
