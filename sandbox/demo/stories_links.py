"""Customers who pay, or were to pay, by a link; and customers whose plan changes or rests by itself."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sandbox.demo.catalogue import price_id
from sandbox.demo.shop import Shop

ADD_ON = "Analytics add-on"
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


async def mira(shop: Shop) -> AsyncGenerator[datetime, None]:
    """A business that bought the add-on by the payment link on Acme Cloud's site, and nothing else."""
    yield shop.ago(months=1, days=12, hours=6)
    link = await shop.post(
        "payment_links",
        {
            "line_items": [{"price": price_id("analytics_addon"), "quantity": 1}],
            "customer_creation": "always",
            "metadata": {"placed_on": "pricing_page"},
            "payment_intent_data": {"description": ADD_ON, "metadata": {"order_id": "ord_5290"}},
            "after_completion": {
                "type": "hosted_confirmation",
                "hosted_confirmation": {"custom_message": "The add-on is switched on within a few minutes."},
            },
        },
        ids="plink_analytics",
    )
    yield shop.ago(days=2, hours=4)
    await shop.pay_by_link(
        link["url"],
        "mira@example.com",
        session="cs_test_mira",
        ids="cus_mira pi_mira ch_mira",
    )
    business = {"city": "Zagreb", "country": "HR", "line1": "Ilica 12", "postal_code": "10000"}
    await shop.post("customers/cus_mira", {"name": "Studio Mira d.o.o.", "address": business})


async def toby(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Asked for Starter from the next period on, in a quiet month; since then the team has grown again."""
    yield shop.ago(months=4, days=19, hours=4)
    await shop.customer("cus_toby", "Toby Lindgren")
    await shop.card("cus_toby")
    await shop.subscribe("cus_toby", "team_monthly")
    yield shop.ago(days=9, hours=3)
    schedule = await shop.post("subscription_schedules", {"from_subscription": "sub_toby"}, ids="sub_sched_toby")
    present = schedule["current_phase"]
    phases = [
        {**present, "items": [{"price": price_id("team_monthly"), "quantity": 1}]},
        {"items": [{"price": price_id("starter_monthly"), "quantity": 1}], "proration_behavior": "none"},
    ]
    await shop.post("subscription_schedules/sub_sched_toby", {"phases": phases})


async def milo(shop: Shop) -> AsyncGenerator[datetime, None]:
    """Tried Team for two weeks and forgot the card; he has it on file since yesterday."""
    yield shop.ago(days=18, hours=5)
    await shop.customer("cus_milo", "Milo Brandt")
    pause = {"end_behavior": {"missing_payment_method": "pause"}}
    await shop.subscribe("cus_milo", "team_monthly", trial_period_days=14, trial_settings=pause)
    yield shop.ago(days=1, hours=2)
    await shop.card("cus_milo")
