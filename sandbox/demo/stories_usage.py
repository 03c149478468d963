"""Customers who pay for what they use, and one who pays in yen."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

from sandbox.demo.catalogue import ETON_REQUESTS, ETON_YEAR, METER, REQUESTS_PRICE, price_id
from sandbox.demo.hours import METERED_DAYS, SUMS, YEARS_DAYS, hours, months_of, reports
from sandbox.demo.shop import Shop
from sandbox.periods import Period

VERA_REQUESTS = 1_500
YURI_REQUESTS = 3_300
ETON_REQUESTS_A_DAY = 36_000


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


async def eton(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A yearly contract, invoiced net 30 and paid by bank transfer, with a committed minimum for requests; the second
    year has just begun, and its invoice bills what the first one used beyond the minimum."""
    begun = shop.ago(months=12, days=7, hours=5)
    yield begun
    manager = {"segment": "enterprise", "account_manager": "Lin Okafor"}
    await shop.customer("cus_eton", "Eton Aerospace", metadata=manager)
    await shop.subscribe(
        "cus_eton",
        "business_yearly",
        ids="in_eton",
        items=[{"price": ETON_YEAR}, {"price": ETON_REQUESTS}],
        collection_method="send_invoice",
        days_until_due=30,
    )
    await shop.post("invoices/in_eton/finalize")
    yield begun + timedelta(days=19, hours=3)
    await shop.post("invoices/in_eton/pay", {"paid_out_of_band": True})
    for period in months_of(begun, shop.now):
        yield _reporting(shop, period)
        used = reports(hours("cus_eton", ETON_REQUESTS_A_DAY, shop.now, days=YEARS_DAYS), period)
        last, units = 0, 0
        for moment, count in used:
            last, units = moment, units + count
        if units:
            await _reported(shop, "cus_eton", last, units, "monthly")


async def kenji(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=3, days=9, hours=4)
    await shop.customer("cus_kenji", "Kenji Watanabe", address={"country": "JP", "city": "Osaka"})
    await shop.card("cus_kenji")
    await shop.subscribe("cus_kenji", "starter_monthly_jpy")


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
