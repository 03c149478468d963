"""Customers whose renewal was tried and failed, each for another reason, and two whose next one will."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

from sandbox.demo.shop import Shop


async def dana(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=4, days=1, hours=3)
    await shop.customer("cus_dana", "Dana Petrov")
    card = await shop.card("cus_dana", "pm_card_visa_debit")
    await shop.subscribe("cus_dana", "starter_monthly")
    yield shop.ago(days=5)
    await shop.outside("set_card_outcome", payment_method=card, decline="insufficient_funds")


async def ella(shop: Shop) -> AsyncGenerator[datetime, None]:
    """The card's last month is the one before the renewal."""
    yield shop.ago(months=5, days=2, hours=1)
    await shop.customer("cus_ella", "Ella Jansen")
    before = shop.ago(days=2, hours=1).replace(day=1) - timedelta(days=1)
    await shop.card_expiring("cus_ella", before.month, before.year)
    await shop.subscribe("cus_ella", "starter_monthly")


async def iris(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Her bank wants 3-D Secure each time: she passed it at the start, and was not there at the renewal."""
    yield shop.ago(months=1, days=1, hours=6)
    await shop.customer("cus_iris", "Iris Moreau")
    await shop.card("cus_iris", "pm_card_authenticationRequired")
    await shop.subscribe("cus_iris", "team_monthly", ids="in_iris pi_iris ch_iris")
    await shop.outside("authenticate", payment_intent="pi_iris", success=True)


async def lola(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=3, days=1, hours=9)
    await shop.customer("cus_lola", "Lola Márquez")
    card = await shop.card("cus_lola")
    await shop.subscribe("cus_lola", "team_monthly")
    yield shop.ago(days=6)
    await shop.outside("set_card_outcome", payment_method=card, decline="lost_card")


async def joan(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=2, days=2, hours=4)
    await shop.customer("cus_joan", "Joan Whitfield")
    card = await shop.card("cus_joan", "pm_card_mastercard")
    await shop.subscribe("cus_joan", "team_monthly")
    yield shop.ago(days=10)
    await shop.outside("set_card_outcome", payment_method=card, decline="do_not_honor")


async def kira(shop: Shop) -> AsyncGenerator[datetime, None]:
    """The bank was out of order at the renewal and is back since: a second try goes through."""
    yield shop.ago(months=3, hours=9)
    await shop.customer("cus_kira", "Kira Sato")
    card = await shop.card("cus_kira")
    await shop.subscribe("cus_kira", "starter_monthly")
    yield shop.ago(days=4)
    await shop.outside("set_card_outcome", payment_method=card, decline="processing_error")
    yield shop.ago(hours=4)
    await shop.outside("set_card_outcome", payment_method=card, decline=None)


async def zara(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Declined, dunned without success, and ended by the company."""
    yield shop.ago(months=3, days=24, hours=2)
    await shop.customer("cus_zara", "Zara Okonkwo")
    card = await shop.card("cus_zara")
    await shop.subscribe("cus_zara", "team_monthly")
    yield shop.ago(days=30)
    await shop.outside("set_card_outcome", payment_method=card, decline="insufficient_funds")
    yield shop.ago(days=5, hours=4)
    subscription = await shop.get("subscriptions/sub_zara")
    if subscription["status"] != "canceled":
        await shop.delete("subscriptions/sub_zara")


async def yves(shop: Shop) -> AsyncGenerator[datetime, None]:
    """The card's last month ends before the renewal that is due soon."""
    yield shop.ago(months=4, days=17, hours=3)
    await shop.customer("cus_yves", "Yves Laurent")
    renewal = shop.ago(months=-1, days=17, hours=3)
    last = renewal.replace(day=1) - timedelta(days=1)
    await shop.card_expiring("cus_yves", last.month, last.year)
    await shop.subscribe("cus_yves", "starter_monthly")


async def sage(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Took the only card off the account."""
    yield shop.ago(months=3, days=19, hours=5)
    await shop.customer("cus_sage", "Sage Holloway")
    card = await shop.card("cus_sage")
    await shop.subscribe("cus_sage", "starter_monthly")
    yield shop.ago(days=4)
    await shop.post(f"payment_methods/{card}/detach")


async def cora(shop: Shop) -> AsyncGenerator[datetime, None]:
    """The bank knows other card details than those on file."""
    yield shop.ago(months=1, days=1, hours=4)
    await shop.customer("cus_cora", "Cora Lindqvist")
    card = await shop.card("cus_cora")
    await shop.subscribe("cus_cora", "starter_monthly")
    yield shop.ago(days=8)
    await shop.outside("set_card_outcome", payment_method=card, decline="incorrect_cvc")


async def gabe(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Stopped by fraud protection: the card must not be tried again, and nobody is told why."""
    yield shop.ago(months=2, days=2, hours=9)
    await shop.customer("cus_gabe", "Gabe Moreau")
    card = await shop.card("cus_gabe", "pm_card_mastercard")
    await shop.subscribe("cus_gabe", "team_monthly")
    yield shop.ago(days=9)
    await shop.outside("set_card_outcome", payment_method=card, decline="fraudulent")


async def vick(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=2, days=1, hours=7)
    await shop.customer("cus_vick", "Vick Tanaka")
    card = await shop.card("cus_vick")
    await shop.subscribe("cus_vick", "starter_monthly")
    yield shop.ago(days=7)
    await shop.outside("set_card_outcome", payment_method=card, decline="card_velocity_exceeded")
