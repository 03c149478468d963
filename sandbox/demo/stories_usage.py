"""Customers who pay for what they use, and one who pays in yen."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

from sandbox.demo.catalogue import METER, REQUESTS_PRICE, price_id
from sandbox.demo.hours import METERED_DAYS, SUMS, hours, months_of, reports
from sandbox.demo.shop import Shop
from sandbox.periods import Period

VERA_REQUESTS = 1_500
YURI_REQUESTS = 3_300


async def vera(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A surge in the last period cost her two more tiers."""
    begun = shop.ago(months=3, days=4, hours=2)
    yield begun
    await shop.customer("cus_vera", "Vera Nowak")
    await shop.card("cus_vera")
    await shop.subscribe(
        "cus_vera", "team_monthly", items=[{"price": price_id("team_monthly")}, {"price": REQUESTS_PRICE}]
    )
    for period in months_of(begun, shop.now):
        yield _reporting(shop, period)
        await report(shop, "cus_vera", VERA_REQUESTS, period)


async def yuri(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A job that was tried again reported 20,000 requests of the last period twice, under another identifier."""
    told = SUMS["cus_yuri"]
    begun = shop.ago(months=told.months, **told.span)
    yield begun
    await shop.customer("cus_yuri", "Yuri Lindqvist")
    await shop.card("cus_yuri", "pm_card_mastercard")
    await shop.subscribe(
        "cus_yuri", "team_monthly", items=[{"price": price_id("team_monthly")}, {"price": REQUESTS_PRICE}]
    )
    for period in months_of(begun, shop.now):
        yield _reporting(shop, period)
        await report(shop, "cus_yuri", YURI_REQUESTS, period)
        if period == told.period(shop.now):
            await _reported(shop, "cus_yuri", int(_reporting(shop, period).timestamp()) - 3600, 20_000, "again")


def _reporting(shop: Shop, period: Period) -> datetime:
    """Just before the period ends, or now."""
    return min(datetime.fromtimestamp(period.end, UTC) - timedelta(minutes=1), shop.now)


async def report(shop: Shop, customer: str, daily: int, period: Period) -> None:
    """Tell Stripe's meter what the product counted in the period, day by day."""
    for moment, units in reports(hours(customer, daily, shop.now, days=METERED_DAYS), period):
        await _reported(shop, customer, moment, units, "nightly")


async def _reported(shop: Shop, customer: str, moment: int, units: int, job: str) -> None:
    await shop.post(
        "billing/meter_events",
        {
            "event_name": METER,
            "identifier": f"{customer}-{moment}-{job}",
            "timestamp": moment,
            "payload": {"stripe_customer_id": customer, "value": units},
        },
    )
