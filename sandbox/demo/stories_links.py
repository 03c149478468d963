"""Customers who pay, or were to pay, by a link; and customers whose plan changes or rests by itself."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sandbox.demo.catalogue import price_id
from sandbox.demo.shop import Shop

THANKS = "https://acme.example/thanks"
CART = "https://acme.example/cart"


async def lara(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Was sent a link to buy the add-on; it lay in her inbox for longer than the day it was good for."""
    yield shop.ago(months=3, days=17, hours=5)
    await shop.customer("cus_lara", "Lara Benedetti")
    await shop.card("cus_lara")
    await shop.subscribe("cus_lara", "starter_monthly")
    yield shop.ago(days=3, hours=2)
    await shop.post(
        "checkout/sessions",
        {
            "mode": "payment",
            "customer": "cus_lara",
            "line_items": [{"price": price_id("analytics_addon"), "quantity": 1}],
            "metadata": {"order_id": "ord_5377"},
            "payment_intent_data": {"metadata": {"order_id": "ord_5377"}},
            "success_url": THANKS,
            "cancel_url": CART,
        },
        ids="cs_test_lara",
    )
