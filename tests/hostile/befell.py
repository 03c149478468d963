"""What befell a customer before the request: steps of the demo company through Stripe's API, one a line of
rightful.txt, `+ lola card`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from sandbox import clock
from sandbox.demo.catalogue import price_id
from sandbox.demo.shop import Shop
from sandbox.server import Sandbox

THANKS, CART = "https://acme.example/thanks", "https://acme.example/cart"


async def befall(sandbox: Sandbox, customer: str, what: str, words: list[str]) -> None:
    """`customer` without its prefix. Raises KeyError for a step that is not known, `DemoError` for a refused one."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url="http://sandbox") as http:
        await STEPS[what](Shop(http, datetime.fromtimestamp(clock.now(sandbox.world), UTC)), customer, *words)


async def _card(shop: Shop, customer: str) -> None:
    """A second card, saved on the private page; the default stays."""
    await shop.post("payment_methods/pm_card_visa/attach", {"customer": f"cus_{customer}"}, ids=f"pm_{customer}New")


async def _ends(shop: Shop, customer: str, subscription: str = "") -> None:
    await shop.post(f"subscriptions/{subscription or f'sub_{customer}'}", {"cancel_at_period_end": True})


async def _steps(shop: Shop, customer: str, old: str, new: str) -> None:
    """A change to another price is planned for the end of the period."""
    name = f"sub_sched_{customer}"
    schedule = await shop.post("subscription_schedules", {"from_subscription": f"sub_{customer}"}, ids=name)
    phases: list[dict[str, Any]] = [
        {**schedule["current_phase"], "items": [{"price": price_id(old), "quantity": 1}]},
        {"items": [{"price": price_id(new), "quantity": 1}], "proration_behavior": "none"},
    ]
    await shop.post(f"subscription_schedules/{name}", {"phases": phases})


async def _link(shop: Shop, customer: str, product: str, mode: str = "payment") -> None:
    """A Checkout link that has run out."""
    wanted = {
        "mode": mode,
        "customer": f"cus_{customer}",
        "line_items": [{"price": price_id(product), "quantity": 1}],
        "success_url": THANKS,
        "cancel_url": CART,
    }
    await shop.post("checkout/sessions", wanted, ids=f"cs_test_{customer}Link")
    await shop.post(f"checkout/sessions/cs_test_{customer}Link/expire")


STEPS = {"card": _card, "ends": _ends, "steps": _steps, "link": _link}
