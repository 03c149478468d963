"""Checkout links: which of them work, what they are for, and never another customer's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import stripe

from sandbox.server import Sandbox
from tests.sandbox.browser import Browser
from tests.tools.shop import Shop
from tests.tools.test_read_tools import ask, usd
from tools.desk import Desk

DeskOf = Callable[[str], Desk]
Advance = Callable[..., None]


def checkout(shop: Shop, customer: str, *items: dict[str, Any], **params: Any) -> stripe.checkout.Session:
    asked: Any = {
        "mode": "payment",
        "customer": customer,
        "success_url": "https://acme.example/thanks",
        "line_items": list(items),
        **params,
    }
    return shop.v1.checkout.sessions.create(asked)


def addon(shop: Shop, amount: int = 4_900, name: str = "Analytics add-on") -> stripe.Price:
    return shop.v1.prices.create({"currency": "usd", "unit_amount": amount, "product_data": {"name": name}})


async def test_an_open_link_is_given_again_and_opens(shop: Shop, desk_of: DeskOf, app: Sandbox) -> None:
    lara, mona = shop.customer(), shop.customer()
    price = addon(shop)
    session = checkout(shop, lara, {"price": price.id, "quantity": 2})
    checkout(shop, mona, {"price": price.id, "quantity": 1})
    shown = await ask(desk_of(lara), "list_checkout_links")
    assert shown == {
        "links": [
            {
                "id": session.id,
                "status": "open",
                "mode": "payment",
                "lines": [
                    {"description": "Analytics add-on", "quantity": 2, "amount": usd(9_800, "$98.00")},
                ],
                "total": usd(9_800, "$98.00"),
                "created": "2026-11-02T09:00:00Z",
                "expires": "2026-11-03T09:00:00Z",
                "url": session.url,
                "later": None,
            }
        ],
        "more": False,
        "note": None,
    }
    assert (await Browser(app).get(shown["links"][0]["url"])).status_code == 200


async def test_what_expired_or_was_bought_has_no_link(
    shop: Shop, desk_of: DeskOf, app: Sandbox, advance: Advance
) -> None:
    lara = shop.customer()
    price, other = addon(shop), addon(shop, 900, "Seat")
    first = checkout(shop, lara, {"price": price.id, "quantity": 1})
    advance(days=2)
    shown = await ask(desk_of(lara), "list_checkout_links")
    assert [(each["status"], each["url"], each["later"]) for each in shown["links"]] == [("expired", None, None)]
    another = checkout(shop, lara, {"price": other.id, "quantity": 1})
    second = checkout(shop, lara, {"price": price.id, "quantity": 1})
    shown = await ask(desk_of(lara), "list_checkout_links")
    assert {each["id"]: (each["status"], each["later"]) for each in shown["links"]} == {
        second.id: ("open", None),
        another.id: ("open", None),
        first.id: ("expired", second.id),
    }
    assert (await Browser(app).post(str(second.url), card="pm_card_visa")).status_code == 303
    shown = await ask(desk_of(lara), "list_checkout_links")
    assert {each["id"]: (each["status"], each["url"], each["later"]) for each in shown["links"]} == {
        second.id: ("complete", None, None),
        another.id: ("open", another.url, None),
        first.id: ("expired", None, second.id),
    }


async def test_links_that_subscribe_or_save_a_card_are_told_apart(shop: Shop, desk_of: DeskOf) -> None:
    lara = shop.customer()
    checkout(shop, lara, {"price": shop.team.id, "quantity": 1}, mode="subscription")
    saves: Any = {"mode": "setup", "currency": "usd", "customer": lara, "success_url": "https://acme.example/thanks"}
    shop.v1.checkout.sessions.create(saves)
    shown = await ask(desk_of(lara), "list_checkout_links")
    assert {each["mode"]: (len(each["lines"]), each["total"]) for each in shown["links"]} == {
        "subscription": (1, usd(6_000, "$60.00")),
        "setup": (0, None),
    }


async def test_without_any_link_it_says_so(shop: Shop, desk_of: DeskOf) -> None:
    shown = await ask(desk_of(shop.customer()), "list_checkout_links")
    assert shown == {"links": [], "more": False, "note": "no Checkout link was made for this account"}
