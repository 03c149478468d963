"""Customers with nothing wrong: questions, changes of mind, and the ones others try to impersonate."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sandbox.demo.shop import Shop


async def tess(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=5, days=13, hours=4)
    await shop.customer("cus_tess", "Tess Okafor")
    await shop.card("cus_tess")
    await shop.subscribe("cus_tess", "starter_monthly")


async def carl(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=6, days=7, hours=2)
    await shop.customer("cus_carl", "Carl Svensson")
    await shop.card("cus_carl", "pm_card_amex")
    await shop.subscribe("cus_carl", "team_monthly")


async def hugo(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=3, days=22, hours=6)
    await shop.customer("cus_hugo", "Hugo Almeida")
    await shop.card("cus_hugo")
    await shop.subscribe("cus_hugo", "starter_monthly")
    # The account's portal has been set up: a first link makes its configuration.
    await shop.post("billing_portal/sessions", {"customer": "cus_hugo"})


async def mona(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=2, days=15, hours=3)
    await shop.customer("cus_mona", "Mona Schäfer")
    await shop.card("cus_mona")
    await shop.subscribe("cus_mona", "starter_monthly")


async def gwen(shop: Shop) -> AsyncGenerator[datetime, None]:
    yield shop.ago(months=4, days=10, hours=5)
    await shop.customer("cus_gwen", "Gwen Rousseau", address={"country": "FR", "city": "Lyon"})
    await shop.card("cus_gwen", "pm_card_de")
    await shop.subscribe("cus_gwen", "starter_monthly_eur")


async def ivan(shop: Shop) -> AsyncGenerator[datetime, None]:
    """On Free, and never paid anything."""
    yield shop.ago(months=1, days=25, hours=2)
    await shop.customer("cus_ivan", "Ivan Horvat")


async def lena(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Pays a year in advance."""
    yield shop.ago(months=5, days=3, hours=8)
    await shop.customer("cus_lena", "Lena Hoffmann")
    await shop.card("cus_lena", "pm_card_mastercard")
    await shop.subscribe("cus_lena", "team_yearly")
