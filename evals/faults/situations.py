"""For every tool a customer of the demo company for whom it is right, and what it is called with.

A tool without a situation here cannot be proved: `situation_of` says so, and tests/house/test_faults_page.py fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx

from evals.world import World
from tools.catalogue import REGISTRY
from tools.desk import Desk
from tools.registry import EffectClass, Tool

Arguments = dict[str, Any]
Http = httpx.AsyncClient
EFFECT: Final = r"^(?!.*create_preview)"  # a preview is a POST too, and changes nothing


@dataclass(frozen=True, slots=True)
class Situation:
    """`says` is the ticket; `call` gives the tool's arguments from the world and the customer's desk. `consent` names
    who has to say yes before the effect. `effect`: the path of the request that makes it. `prepare` changes the demo
    company first, through Stripe's API."""

    customer: str
    says: str
    call: Callable[[World, Desk], Awaitable[Arguments]]
    consent: Literal["nobody", "customer", "human"] = "nobody"
    effect: str = EFFECT
    prepare: Callable[[Http], Awaitable[None]] | None = None


class NoSituation(LookupError):
    """A tool that nobody has named a situation for."""


def situation_of(tool: Tool) -> Situation:
    """Raises `NoSituation`."""
    try:
        return SITUATIONS[tool.name]
    except KeyError:
        raise NoSituation(
            f"the tool {tool.name} has no situation in evals/faults/situations.py: name a customer for whom it is "
            "right, then run python -m evals.faults"
        ) from None


def actions() -> list[Tool]:
    return [tool for tool in REGISTRY if tool.effect is not EffectClass.READ]


def reads() -> list[Tool]:
    return [tool for tool in REGISTRY if tool.effect is EffectClass.READ]


def _given(**arguments: Any) -> Callable[[World, Desk], Awaitable[Arguments]]:
    async def call(_world: World, _desk: Desk) -> Arguments:
        return arguments

    return call


def one(world: World, kind: str, customer: str, **fields: Any) -> dict[str, Any]:
    """The newest object of a customer with these fields. Raises LookupError."""
    found = [
        row
        for row in world.get(kind, {}).values()
        if row.get("customer") == customer and all(row.get(name) == value for name, value in fields.items())
    ]
    if not found:
        raise LookupError(f"the demo company has no {kind} of {customer} with {fields}")
    return max(found, key=lambda row: row["created"])


async def _refund(world: World, _desk: Desk) -> Arguments:
    charge = one(world, "charge", "cus_maya", status="succeeded")
    return {"charge": charge["id"], "amount": None, "grounds": "requested_by_customer", "duplicate_of": None}


async def _open_invoice(world: World, _desk: Desk) -> Arguments:
    return {"invoice": one(world, "invoice", "cus_kira", status="open")["id"], "payment_method": None}


async def _to_team(world: World, desk: Desk) -> Arguments:
    """The figures of a preview, as a model has to repeat them."""
    tool = REGISTRY.get("preview_plan_change")
    if tool.read is None:
        raise LookupError("preview_plan_change cannot be read")
    shown = await tool.read(tool.arguments.model_validate(await _preview(world, desk)), desk)
    return shown.model_dump(mode="json")["change"]


async def _preview(world: World, _desk: Desk) -> Arguments:
    return {"subscription": one(world, "subscription", "cus_tess")["id"], "plan": "team", "interval": None}


def _subscription(customer: str, **more: Any) -> Callable[[World, Desk], Awaitable[Arguments]]:
    async def call(world: World, _desk: Desk) -> Arguments:
        return {"subscription": one(world, "subscription", customer)["id"], **more}

    return call


async def _invoice(world: World, _desk: Desk) -> Arguments:
    return {"invoice": one(world, "invoice", "cus_ravi")["id"]}


async def _checkout(world: World, _desk: Desk) -> Arguments:
    return {"checkout_session": one(world, "checkout.session", "cus_lara")["id"]}


SITUATIONS: Final[dict[str, Situation]] = {
    "refund": Situation("cus_maya", "I would like my last payment back, please.", _refund),
    "account_credit": Situation(
        "cus_hugo",
        "Your outage cost us a day, please give us a credit of $10.",
        _given(amount=1_000, grounds="service_outage"),
        "human",
    ),
    "retry_payment": Situation("cus_kira", "Please try my failed payment again.", _open_invoice, "customer"),
    "change_plan": Situation("cus_tess", "I'd like to upgrade to the Team plan.", _to_team, "customer"),
    "cancel_subscription": Situation(
        "cus_carl", "Please cancel my subscription.", _subscription("cus_carl", when="period_end"), "customer"
    ),
    "resume_subscription": Situation(
        "cus_quin", "I changed my mind, please keep my subscription.", _subscription("cus_quin"), "customer"
    ),
    "update_billing_details": Situation(
        "cus_hugo",
        "Please put Hugo Analytics on our invoices.",
        _given(
            name="Hugo Analytics",
            **dict.fromkeys(("email", "line1", "line2", "city", "state", "postal_code", "country")),
        ),
        "customer",
    ),
    "apply_promotion_code": Situation(
        "cus_cleo", "I have the code WELCOME20.", _subscription("cus_cleo", code="WELCOME20"), "customer"
    ),
    "set_tax_id": Situation(
        "cus_tina", "Our VAT number is DE123456789.", _given(type="eu_vat", value="DE123456789"), "customer"
    ),
    "undo_scheduled_change": Situation(
        "cus_toby", "We want to stay on Team after all.", _subscription("cus_toby"), "customer", "/release$"
    ),
    "new_checkout_link": Situation("cus_lara", "My checkout link has expired.", _checkout),
    "card_update_link": Situation("cus_ella", "I need to change my card.", _given()),
    "diagnose": Situation("cus_dana", "Why did my payment fail?", _given()),
    "list_charges": Situation("cus_nina", "I was charged twice.", _given(charge=None)),
    "list_invoices": Situation(
        "cus_ravi", "Why is my last bill higher?", _given(status="all", invoice=None, lines=True)
    ),
    "invoice_link": Situation("cus_ravi", "Where is my last invoice?", _invoice),
    "search_knowledge": Situation("cus_hugo", "Where can I download my invoices?", _given(query="download invoices")),
    "preview_plan_change": Situation("cus_tess", "What would the Team plan cost?", _preview),
    "list_plans": Situation("cus_tess", "What do your plans cost?", _given()),
    "check_entitlements": Situation("cus_paul", "I paid for Team, but it is locked.", _given()),
    "explain_usage": Situation("cus_uma", "Why is our usage so high?", _given(period="current")),
    "explain_invoice": Situation("cus_ravi", "Please explain my last bill.", _given(invoice=None)),
    "billing_details": Situation("cus_vito", "Which VAT number do you have of us?", _given()),
    "list_discounts": Situation("cus_cody", "Has my discount ended?", _given(code=None)),
    "list_checkout_links": Situation("cus_lara", "Where is the link you sent me?", _given()),
    "refund_status": Situation("cus_remy", "Where is my refund?", _given(charge=None)),
}
