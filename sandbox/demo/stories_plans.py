"""Customers whose question is about their plan, their bill or their access."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sandbox.demo.catalogue import price_id
from sandbox.demo.shop import Shop


async def ravi(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Upgraded in the middle of a month; the next invoice carried the difference."""
    yield shop.ago(months=4, days=4, hours=2)
    await shop.customer("cus_ravi", "Ravi Menon")
    await shop.card("cus_ravi")
    subscription = await shop.subscribe("cus_ravi", "starter_monthly")
    yield shop.ago(days=19)
    await _change(shop, subscription, "team_monthly")


async def paul(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Upgraded and paid at once; the product never heard of it."""
    yield shop.ago(months=3, days=8, hours=6)
    await shop.customer("cus_paul", "Paul Adeyemi")
    await shop.card("cus_paul", "pm_card_mastercard")
    subscription = await shop.subscribe("cus_paul", "starter_monthly")
    yield shop.ago(days=1, hours=4)
    await _change(shop, subscription, "team_monthly", proration_behavior="always_invoice")


async def uma(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A job ran wild eight days ago; see sandbox/demo/usage.py. Last month had a small overage of its own."""
    yield shop.ago(months=4, days=14, hours=1)
    await shop.customer("cus_uma", "Uma Castellanos")
    await shop.card("cus_uma")
    await shop.subscribe("cus_uma", "team_monthly")
    yield shop.ago(days=15)
    await shop.post(
        "invoiceitems",
        {
            "customer": "cus_uma",
            "subscription": "sub_uma",
            "amount": 3_00,
            "currency": "usd",
            "description": "API requests beyond the included 50,000",
        },
    )


async def finn(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(days=11, hours=2)
    await shop.customer("cus_finn", "Finn Gallagher")
    await shop.subscribe(
        "cus_finn",
        "team_monthly",
        trial_period_days=14,
        trial_settings={"end_behavior": {"missing_payment_method": "cancel"}},
    )


async def quin(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=6, days=12, hours=5)
    await shop.customer("cus_quin", "Quin Barlow")
    await shop.card("cus_quin")
    await shop.subscribe("cus_quin", "team_monthly")
    yield shop.ago(days=7)
    await shop.post("subscriptions/sub_quin", {"cancel_at_period_end": True})


async def nell(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Canceled last month and paid to the end."""
    yield shop.ago(months=5, days=21, hours=4)
    await shop.customer("cus_nell", "Nell Fairbanks")
    await shop.card("cus_nell")
    await shop.subscribe("cus_nell", "starter_monthly")
    yield shop.ago(months=1, days=10)
    await shop.post("subscriptions/sub_nell", {"cancel_at_period_end": True})


async def ines(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Pays by invoice, yearly; this year's was due a week ago."""
    yield shop.ago(months=2, days=20)
    await shop.customer("cus_ines", "Inês Carvalho")
    yield shop.ago(days=21, hours=3)
    await _by_invoice(shop, "cus_ines", "business_yearly", days_until_due=14)


async def olga(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Pays by invoice; the link she was sent has died of old age."""
    yield shop.ago(months=3)
    await shop.customer("cus_olga", "Olga Sorokina")
    yield shop.ago(days=55, hours=2)
    await _by_invoice(shop, "cus_olga", "team_yearly", days_until_due=14)


async def bela(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Has credit from an apology, which the next invoice will use."""
    yield shop.ago(months=2, days=13, hours=7)
    await shop.customer("cus_bela", "Béla Fekete")
    await shop.card("cus_bela")
    await shop.subscribe("cus_bela", "starter_monthly")
    yield shop.ago(days=5)
    await shop.post(
        "customers/cus_bela/balance_transactions",
        {"amount": -15_00, "currency": "usd", "description": "Credit for the outage"},
    )


async def _change(shop: Shop, subscription: dict[str, object], plan: str, **fields: object) -> None:
    item = (await shop.get(f"subscriptions/{subscription['id']}"))["items"]["data"][0]["id"]
    await shop.post(f"subscriptions/{subscription['id']}", {"items": [{"id": item, "price": price_id(plan)}], **fields})


async def _by_invoice(shop: Shop, customer: str, plan: str, *, days_until_due: int) -> None:
    """A subscription whose invoices are mailed; the first is sent at once rather than an hour later."""
    nick = customer.removeprefix("cus_")
    await shop.subscribe(
        customer, plan, ids=f"in_{nick}", collection_method="send_invoice", days_until_due=days_until_due
    )
    await shop.post(f"invoices/in_{nick}/finalize")
