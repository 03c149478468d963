"""Customers who pay for what they use, and one who pays in yen."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

from sandbox.demo.catalogue import METER, REQUESTS_PRICE, price_id
from sandbox.demo.hours import METERED_DAYS, hours, months_of, reports
from sandbox.demo.shop import Shop
from sandbox.periods import Period

VERA_REQUESTS = 1_500


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


def _reporting(shop: Shop, period: Period) -> datetime:
    """Just before the period ends, or now."""
    return min(datetime.fromtimestamp(period.end, UTC) - timedelta(minutes=1), shop.now)


async def report(shop: Shop, customer: str, daily: int, period: Period) -> None:
    """Tell Stripe's meter what the product counted in the period, day by day."""
    for moment, units in reports(hours(customer, daily, shop.now, days=METERED_DAYS), period):
        await shop.post(
            "billing/meter_events",
            {
                "event_name": METER,
                "identifier": f"{customer}-{moment}",
                "timestamp": moment,
                "payload": {"stripe_customer_id": customer, "value": units},
            },
        )
