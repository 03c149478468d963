"""What a model gets to see from each read tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from policy.actions import ACTIONS
from policy.effects import FactsUnavailable
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop
from tools.catalogue import REGISTRY
from tools.desk import Desk
from tools.registry import EffectClass, UnknownTool

Advance = Callable[..., None]
DeskOf = Callable[[str], Desk]


async def ask(desk: Desk, tool: str, **arguments: Any) -> dict[str, Any]:
    """As the agent calls it: JSON in, JSON out."""
    found = REGISTRY.get(tool)
    assert found.read is not None
    answer = await found.read(found.arguments.model_validate_json(json.dumps(arguments)), desk)
    assert isinstance(answer, BaseModel)
    return answer.model_dump(mode="json")


def usd(cents: int, display: str) -> dict[str, Any]:
    return {"amount": cents, "currency": "usd", "display": display}


def test_the_catalogue_holds_exactly_the_tools_there_are() -> None:
    assert {tool.name: tool.effect for tool in REGISTRY} == {
        "diagnose": EffectClass.READ,
        "list_charges": EffectClass.READ,
        "list_invoices": EffectClass.READ,
        "invoice_link": EffectClass.READ,
        "search_knowledge": EffectClass.READ,
        "preview_plan_change": EffectClass.READ,
        "list_plans": EffectClass.READ,
        "check_entitlements": EffectClass.READ,
        "explain_usage": EffectClass.READ,
        "explain_invoice": EffectClass.READ,
        "refund_status": EffectClass.READ,
        "billing_details": EffectClass.READ,
        "list_discounts": EffectClass.READ,
        "list_checkout_links": EffectClass.READ,
        "refund": EffectClass.MONEY,
        "account_credit": EffectClass.MONEY,
        "retry_payment": EffectClass.MONEY,
        "change_plan": EffectClass.MONEY,
        "cancel_subscription": EffectClass.WRITE,
        "resume_subscription": EffectClass.MONEY,
        "undo_scheduled_change": EffectClass.WRITE,
        "apply_promotion_code": EffectClass.MONEY,
        "update_billing_details": EffectClass.WRITE,
        "set_tax_id": EffectClass.WRITE,
        "new_checkout_link": EffectClass.WRITE,
        "card_update_link": EffectClass.WRITE,
    }
    assert {tool.name for tool in REGISTRY if tool.read is None} == set(ACTIONS)
    with pytest.raises(UnknownTool):
        REGISTRY.get("Refund")


@pytest.mark.parametrize("tool", list(REGISTRY), ids=lambda tool: tool.name)
def test_no_tool_takes_a_customer_and_every_schema_is_closed(tool: Any) -> None:
    schema = tool.parameters
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"])
    who = {name for name in schema["properties"] if "customer" in name or "user" in name or "email" in name}
    # There an e-mail is what is to be written, and says nothing about whose details they are.
    assert who == ({"email"} if tool.name == "update_billing_details" else set())
    assert all(part.get("description") for part in schema["properties"].values())
    with pytest.raises(ValidationError):
        tool.arguments.model_validate({"customer": "cus_other"})


async def test_charges_show_what_was_paid_twice(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    nina = shop.customer()
    first = shop.charge(nina, 4_900, metadata={"order_id": "A-1"}, description="Add-on")
    advance(seconds=40)
    second = shop.charge(nina, 4_900, metadata={"order_id": "A-1"}, description="Add-on")
    other = shop.charge(nina, 4_900, metadata={"order_id": "A-2"}, description="Add-on")
    answer = await ask(desk_of(nina), "list_charges", charge=None)
    by_id = {each["id"]: each for each in answer["charges"]}
    assert list(by_id) == [other, second, first]
    assert {key: each["same_purchase_as"] for key, each in by_id.items()} == {
        first: [second],
        second: [first],
        other: [],
    }
    assert by_id[first]["amount"] == usd(4_900, "$49.00")
    assert (by_id[first]["order"], by_id[first]["card"], by_id[first]["created"]) == (
        "A-1",
        "4242",
        "2026-11-02T09:00:00Z",
    )
    assert (answer["more"], answer["note"]) == (False, None)


async def test_charges_show_refunds_and_disputes(shop: Shop, desk_of: DeskOf) -> None:
    dora = shop.customer("pm_card_createDispute")
    disputed = shop.charge(dora)
    shop.use_card(dora, "pm_card_visa")
    charge = shop.charge(dora)
    refund = shop.v1.refunds.create({"charge": charge, "amount": 500})
    newest, oldest = (await ask(desk_of(dora), "list_charges", charge=None))["charges"]
    assert newest["amount_refunded"] == usd(500, "$5.00")
    assert [(each["id"], each["status"]) for each in newest["refunds"]] == [(refund.id, "succeeded")]
    assert (oldest["id"], oldest["disputed"], oldest["dispute_status"]) == (disputed, True, "needs_response")


async def test_a_list_of_charges_is_bounded_and_says_so(shop: Shop, desk_of: DeskOf) -> None:
    maya = shop.customer()
    charges = [shop.charge(maya, 100 + n) for n in range(22)]
    answer = await ask(desk_of(maya), "list_charges", charge=None)
    assert len(answer["charges"]) == 20
    assert answer["more"] is True
    one = await ask(desk_of(maya), "list_charges", charge=charges[0])
    assert [each["id"] for each in one["charges"]] == [charges[0]]
    assert one["more"] is False


@pytest.mark.parametrize(
    ("card", "reason", "following"),
    [
        ("pm_card_visa_chargeCustomerFailLostCard", "declined_by_bank", "never_retry"),
        ("pm_card_visa_chargeCustomerFailStolenCard", "declined_by_bank", "never_retry"),
        ("pm_card_chargeCustomerFail", "generic_decline", "retry_later"),
    ],
)
async def test_why_a_bank_blocked_a_card_is_kept_back(
    shop: Shop, desk_of: DeskOf, advance: Advance, card: str, reason: str, following: str
) -> None:
    lola = shop.customer()
    shop.subscribe(lola, shop.starter)
    shop.use_card(lola, card)
    advance(days=31)
    everything = {
        tool: await ask(desk_of(lola), tool, **arguments)
        for tool, arguments in {
            "list_charges": {"charge": None},
            "list_invoices": {"status": "all", "invoice": None, "lines": True},
            "diagnose": {},
            "invoice_link": {"invoice": None},
        }.items()
    }
    expected = {"reason": reason, "next": following}
    assert everything["list_charges"]["charges"][0]["decline"] == expected
    assert everything["list_invoices"]["invoices"][0]["decline"] == expected
    told = json.dumps(everything)
    assert "lost" not in told
    assert "stolen" not in told


async def test_invoices_show_lines_where_they_matter(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    ravi = shop.customer()
    subscription = shop.subscribe(ravi, shop.starter)
    advance(days=10)
    item = subscription["items"].data[0]
    shop.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item.id, "price": shop.team.id}], "proration_behavior": "always_invoice"}
    )
    answer = await ask(desk_of(ravi), "list_invoices", status="all", invoice=None, lines=False)
    newest, first = answer["invoices"]
    assert newest["has_proration"] is True
    assert [line["proration"] for line in newest["lines"]] == [True, True]
    assert sum(line["amount"]["amount"] for line in newest["lines"]) == newest["total"]["amount"]
    assert first["has_proration"] is False
    assert first["lines"] is None
    whole = await ask(desk_of(ravi), "list_invoices", status="all", invoice=None, lines=True)
    assert all(each["lines"] for each in whole["invoices"])
    one = await ask(desk_of(ravi), "list_invoices", status="open", invoice=first["id"], lines=False)
    assert [each["lines"][0]["amount"] for each in one["invoices"]] == [usd(2_000, "$20.00")]
    none = await ask(desk_of(ravi), "list_invoices", status="open", invoice=None, lines=False)
    assert none == {"invoices": [], "more": False, "note": "no such invoices on this account"}


async def test_a_link_is_fetched_afresh_each_time(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    dana = shop.customer()
    shop.subscribe(dana, shop.starter)
    shop.use_card(dana, "pm_card_chargeCustomerFail")
    advance(days=31)
    [open_one, paid] = shop.invoices(dana)
    answer = await ask(desk_of(dana), "invoice_link", invoice=None)
    assert (answer["invoice"], answer["status"], answer["amount_remaining"]) == (
        open_one.id,
        "open",
        usd(2_000, "$20.00"),
    )
    assert answer["url"].startswith("http")
    assert answer["valid_until"] == "2026-12-13"
    assert (await ask(desk_of(dana), "invoice_link", invoice=paid.id))["url"] is not None
    draft = shop.v1.invoices.create({"customer": dana})
    answer = await ask(desk_of(dana), "invoice_link", invoice=draft.id)
    assert (answer["url"], answer["note"]) == (None, "an invoice that is draft has no link")


async def test_a_link_without_an_open_invoice_says_so(shop: Shop, desk_of: DeskOf) -> None:
    answer = await ask(desk_of(shop.customer()), "invoice_link", invoice=None)
    assert (answer["url"], answer["note"]) == (None, "there is no open invoice on this account")


async def test_a_diagnosis_carries_what_the_next_call_needs(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    dana = shop.customer()
    subscription = shop.subscribe(dana, shop.team)
    advance(days=1)
    answer = await ask(desk_of(dana), "diagnose")
    assert (answer["status"], answer["root_cause"]) == ("green", "healthy")
    [shown] = answer["subscriptions"]
    assert (shown["id"], shown["plan"], shown["unit_amount"]) == (subscription.id, "Team", usd(6_000, "$60.00"))
    assert (shown["period_end"], shown["cancel_at_period_end"]) == ("2026-12-02", False)
    assert [(card["last4"], card["default"]) for card in answer["cards"]] == [("4242", True)]
    assert answer["unavailable"] == []


async def test_passages_come_with_ids_to_cite(shop: Shop, desk_of: DeskOf) -> None:
    desk = desk_of(shop.customer())
    [passage] = (await ask(desk, "search_knowledge", query="where is my invoice"))["passages"]
    assert (passage["passage"], passage["article"], passage["similarity"]) == ("invoices#2", "invoices", 0.712)
    nothing = await ask(desk, "search_knowledge", query="zebra")
    assert nothing["passages"] == []
    assert nothing["note"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("diagnose", {}),
        ("list_charges", {"charge": None}),
        ("list_invoices", {"status": "all", "invoice": None, "lines": False}),
        ("invoice_link", {"invoice": None}),
        ("list_plans", {}),
        ("billing_details", {}),
        ("list_discounts", {"code": None}),
        ("list_checkout_links", {}),
        ("preview_plan_change", {"plan": "team", "interval": None, "subscription": None}),
    ],
)
async def test_without_stripe_a_tool_fails_plainly(
    shop: Shop, desk_of: DeskOf, app: Sandbox, tool: str, arguments: dict[str, Any]
) -> None:
    desk = desk_of(shop.customer())
    app.faults.add(Fault("lost_before", "GET", "/v1/", count=99))
    with pytest.raises(FactsUnavailable, match="Stripe cannot be reached"):
        await ask(desk, tool, **arguments)
