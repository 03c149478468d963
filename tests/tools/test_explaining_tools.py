"""Explanations of bills the sandbox made, and of refunds, use and access."""

from __future__ import annotations

import random
from collections.abc import Callable

from billing.facts import EntitlementFacts
from billing.ids import CustomerId
from tests.tools.shop import Shop
from tests.tools.test_read_tools import ask, usd
from tools.desk import NOT_FOUND, Desk
from tools.entitlements import FileEntitlements
from tools.usage import FolderUsage
from tools.usage_schema import Allowance, HourlyUsage

Advance = Callable[..., None]
DeskOf = Callable[[str], Desk]
CUSTOMERS = 12


async def test_bills_of_the_sandbox_are_explained_to_the_cent(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    """Plans and seats changed at random moments over three periods, from a fixed seed."""
    draw = random.Random(7)
    plans = [shop.starter, shop.team, shop.business]
    subscriptions = {}
    for _ in range(CUSTOMERS):
        customer = shop.customer()
        made = shop.subscribe(
            customer, draw.choice(plans), items=[{"price": draw.choice(plans).id, "quantity": draw.randint(1, 4)}]
        )
        subscriptions[customer] = made
    for _ in range(8):
        advance(seconds=draw.randrange(86_400, 12 * 86_400))
        for subscription in subscriptions.values():
            if draw.random() < 0.5:
                item = subscription["items"].data[0].id
                change = {"id": item, "price": draw.choice(plans).id, "quantity": draw.randint(1, 4)}
                way = draw.choice(["create_prorations", "always_invoice"])
                shop.v1.subscriptions.update(
                    subscription.id,
                    {"items": [change], "proration_behavior": way},  # pyright: ignore[reportArgumentType] - a plain dict
                )
    explained, prorated = 0, 0
    for customer in subscriptions:
        for invoice in shop.invoices(customer):
            answer = await ask(desk_of(customer), "explain_invoice", invoice=invoice.id)
            assert sum(line["amount"]["amount"] for line in answer["lines"]) == invoice.total
            after = sum(line["amount"]["amount"] for line in answer["after"])
            assert invoice.total + after == invoice.amount_due
            assert answer["explained"], (invoice.total, invoice.amount_due, answer)
            explained += 1
            prorated += any(line["kind"] in ("unused_time", "remaining_time") for line in answer["lines"])
    assert explained >= 40
    assert prorated >= 20


async def test_the_newest_invoice_and_none(shop: Shop, desk_of: DeskOf) -> None:
    ravi = shop.customer()
    assert (await ask(desk_of(ravi), "explain_invoice", invoice=None))["note"] == "there is no invoice on this account"
    shop.subscribe(ravi, shop.team)
    answer = await ask(desk_of(ravi), "explain_invoice", invoice=None)
    assert [(line["kind"], line["amount"]) for line in answer["lines"]] == [("plan", usd(6_000, "$60.00"))]
    assert answer["total"] == answer["amount_due"] == usd(6_000, "$60.00")


async def test_who_made_a_refund_and_where_it_is(shop: Shop, desk_of: DeskOf) -> None:
    wade = shop.customer()
    charge, other = shop.charge(wade), shop.charge(wade)
    by_hand = shop.v1.refunds.create({"charge": charge, "amount": 500})
    by_lee = shop.v1.refunds.create({"charge": other, "metadata": {"lee_intent": "int_1"}})
    answer = await ask(desk_of(wade), "refund_status", charge=None)
    assert {each["id"]: each["made_by"] for each in answer["refunds"]} == {by_hand.id: "dashboard", by_lee.id: "lee"}
    [one] = (await ask(desk_of(wade), "refund_status", charge=charge))["refunds"]
    assert (one["amount"], one["status"], one["expected_by"]) == (usd(500, "$5.00"), "succeeded", "2026-11-12")
    stranger = await ask(desk_of(shop.customer()), "refund_status", charge=charge)
    assert stranger == {"refunds": [], "more": False, "note": NOT_FOUND}


async def test_access_beside_what_is_paid(shop: Shop, desk_of: DeskOf, entitlements: FileEntitlements) -> None:
    ruth = shop.customer()
    assert (await ask(desk_of(ruth), "check_entitlements"))["note"] == "the product knows no workspace of this account"
    subscription = shop.subscribe(ruth, shop.team)
    entitlements.put(CustomerId(ruth), EntitlementFacts("business", True, frozenset({"sso", "api"})))
    answer = await ask(desk_of(ruth), "check_entitlements")
    assert (answer["granted"], answer["features"], answer["note"]) == ("business", ["api", "sso"], None)
    assert answer["paid"] == [{"subscription": subscription.id, "plan": "Team", "status": "active"}]


async def test_use_beyond_what_is_included(shop: Shop, desk_of: DeskOf, usage: FolderUsage) -> None:
    vera = shop.customer()
    desk = desk_of(vera)
    shop.subscribe(vera, shop.team)
    hour = desk.now()
    owner = CustomerId(vera)
    usage.insert([Allowance(owner, "api_requests", 100, hour), HourlyUsage(owner, "api_requests", hour, 130)])
    answer = await ask(desk, "explain_usage", period="current")
    assert answer["meters"] == [{"meter": "api_requests", "used": 130, "included": 100, "beyond": 30, "before": 0}]
    assert (await ask(desk, "explain_usage", period="previous"))["meters"][0]["used"] == 0
