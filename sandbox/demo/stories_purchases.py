"""Customers with a question about money they paid: refunds, double charges, disputes."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sandbox.demo.shop import Shop

ADD_ON = "Analytics add-on"
CREDITS = "Credit pack (1,000 credits)"


async def maya(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=5, days=6, hours=2)
    await shop.customer("cus_maya", "Maya Lindqvist")
    yield shop.ago(days=3, hours=4)
    await shop.card("cus_maya")
    await shop.subscribe("cus_maya", "starter_monthly", ids="in_maya pi_maya ch_maya")


async def otto(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=4, days=20, hours=3)
    await shop.customer("cus_otto", "Otto Brandt")
    await shop.card("cus_otto", "pm_card_mastercard")
    yield shop.ago(days=2, hours=5)
    await shop.subscribe("cus_otto", "business_monthly", ids="in_otto pi_otto ch_otto")


async def nina(shop: Shop) -> AsyncGenerator[datetime, None]:
    """The browser sent the same order twice, forty seconds apart."""
    yield shop.ago(months=4, days=11, hours=7)
    await shop.customer("cus_nina", "Nina Kovač")
    card = await shop.card("cus_nina")
    await shop.subscribe("cus_nina", "starter_monthly")
    yield shop.ago(days=1, hours=6)
    await shop.buy("cus_nina", 49_00, ADD_ON, "ord_5512", card=card, charge="ninaOne")
    yield shop.ago(days=1, hours=5, minutes=59, seconds=20)
    await shop.buy("cus_nina", 49_00, ADD_ON, "ord_5512", card=card, charge="ninaTwo")


async def omar(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Two orders of the same thing on two days: what looks like a double charge and is none."""
    yield shop.ago(months=3, days=16, hours=1)
    await shop.customer("cus_omar", "Omar Haddad")
    card = await shop.card("cus_omar", "pm_card_visa_debit")
    await shop.subscribe("cus_omar", "starter_monthly")
    yield shop.ago(days=9, hours=3)
    await shop.buy("cus_omar", 15_00, CREDITS, "ord_4821", card=card, charge="omarOne")
    yield shop.ago(days=2, hours=8)
    await shop.buy("cus_omar", 15_00, CREDITS, "ord_5307", card=card, charge="omarTwo")


async def dora(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=3, days=18, hours=2)
    await shop.customer("cus_dora", "Dora Nemeth")
    card = await shop.card("cus_dora")
    await shop.subscribe("cus_dora", "starter_monthly")
    yield shop.ago(days=12, hours=1)
    await shop.buy("cus_dora", 49_00, ADD_ON, "ord_4590", card=card, charge="dora")
    yield shop.ago(days=3, hours=2)
    await shop.outside("create_dispute", charge="ch_dora", reason="unrecognized")


async def remy(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A refund that the card network has not settled yet."""
    yield shop.ago(months=2, days=9, hours=3)
    await shop.customer("cus_remy", "Rémy Fontaine")
    await shop.card("cus_remy", "pm_card_pendingRefund")
    await shop.subscribe("cus_remy", "starter_monthly")
    yield shop.ago(days=4, hours=1)
    await shop.buy("cus_remy", 15_00, CREDITS, "ord_5118", card="pm_remy", charge="remy")
    yield shop.ago(minutes=30)
    await shop.post("refunds", {"charge": "ch_remy", "reason": "requested_by_customer"}, ids="re_remy")


async def fern(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A refund that the bank sent back an hour later."""
    yield shop.ago(months=2, days=14, hours=4)
    await shop.customer("cus_fern", "Fern Whitaker")
    await shop.card("cus_fern", "pm_card_refundFail")
    await shop.subscribe("cus_fern", "starter_monthly")
    yield shop.ago(days=8, hours=2)
    await shop.buy("cus_fern", 49_00, ADD_ON, "ord_4977", card="pm_fern", charge="fern")
    yield shop.ago(days=6, hours=3)
    await shop.post("refunds", {"charge": "ch_fern", "reason": "requested_by_customer"}, ids="re_fern")
