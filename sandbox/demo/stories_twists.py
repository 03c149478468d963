"""Customers whose account holds something they did not expect: a second plan, a forgotten year, more than they pay."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sandbox.demo.catalogue import price_id
from sandbox.demo.shop import Shop


async def jude(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Signed up a second time instead of signing in; both subscriptions run."""
    yield shop.ago(months=2, days=12, hours=3)
    await shop.customer("cus_jude", "Jude Marchetti")
    await shop.card("cus_jude")
    await shop.subscribe("cus_jude", "starter_monthly")
    yield shop.ago(days=6, hours=2)
    again = {"customer": "cus_jude", "items": [{"price": price_id("starter_monthly")}]}
    await shop.post("subscriptions", again, ids="sub_judeTwo in_judeTwo pi_judeTwo ch_judeTwo")
