"""Every tool with the id of every object in the world that is not this customer's, whatever its type: nothing is read,
nothing is done. The customer is Mona; everybody else at Acme Cloud is the victim.

What a tool answers is compared with what it answers about an id that does not exist: it may tell no difference.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from billing.ids import CaseId, CustomerId, ProposalId
from evals.attacks.oracle import strangers
from evals.harness import Bench, Copy, open_copy
from policy.actions import ACTIONS, Action
from policy.proposals import Principal, Proposal, Role
from policy.settlement import Status
from tests.proofs import Proved, times
from tools.catalogue import REGISTRY
from tools.registry import EffectClass, Tool

MONA = "cus_mona"
OWNER = Principal(CustomerId(MONA), "mona", Role.OWNER)
COMMON = ("product", "price", "coupon", "promotion_code", "billing.meter", "tax_rate", "billing_portal.configuration")
# An id in each argument, and what stands in the others. Every argument that takes an id of Stripe's is here.
READS: dict[str, tuple[str, dict[str, Any]]] = {
    "list_charges": ("charge", {}),
    "refund_status": ("charge", {}),
    "list_invoices": ("invoice", {"status": "all", "lines": True}),
    "invoice_link": ("invoice", {}),
    "explain_invoice": ("invoice", {}),
    "preview_plan_change": ("subscription", {"plan": "team", "interval": None}),
    "list_discounts": ("code", {}),
}
REFUND = {"amount": None, "grounds": "requested_by_customer", "duplicate_of": None}
ACTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("refund", "charge", REFUND),
    ("refund", "duplicate_of", {**REFUND, "charge": "{own_charge}", "grounds": "duplicate"}),
    ("account_credit", "invoice", {"amount": 100, "grounds": "billing_error"}),
    ("retry_payment", "invoice", {"payment_method": None}),
    ("retry_payment", "payment_method", {"invoice": "{own_invoice}"}),
    ("change_plan", "subscription", {"price": "{price}", "proration_date": 1, "amount_due": 0}),
    ("cancel_subscription", "subscription", {"when": "now"}),
    ("cancel_subscription", "subscription", {"when": "period_end"}),
    ("resume_subscription", "subscription", {}),
    ("undo_scheduled_change", "subscription", {}),
    ("apply_promotion_code", "subscription", {"code": "WELCOME20"}),
    ("new_checkout_link", "checkout_session", {}),
)
STEP = times(60, 1)  # `make test` takes every 60th id


def others(world: dict[str, Any]) -> list[str]:
    """Ids of everything that is neither Mona's nor everybody's; events are no objects of a customer."""
    charges = {row["id"] for row in world["charge"].values() if row["customer"] == MONA}
    return [
        id_
        for kind, rows in sorted(world.items())
        if kind not in (*COMMON, "event")
        for id_, row in sorted(rows.items())
        if MONA not in (id_, row.get("customer")) and str(row.get("charge", row.get("source"))) not in charges
        and "mona" not in json.dumps(row)
    ]  # fmt: skip


def test_every_tool_that_takes_an_id_is_tried() -> None:
    takes = {
        tool.name
        for tool in REGISTRY
        if set(tool.parameters["properties"])
        & {"charge", "invoice", "subscription", "payment_method", "checkout_session", "duplicate_of"}
    }
    assert takes <= {*READS, *(tool for tool, _, _ in ACTS)}
    assert not any("customer" in tool.parameters["properties"] for tool in REGISTRY)


async def test_nothing_of_anybody_else_is_read(bench: Bench, tmp_path: Path, proved: Proved) -> None:
    async with open_copy(bench, tmp_path / "data") as copy:
        world = copy.world()
        desk, secrets, tried, told = copy.house.desk(OWNER), strangers(world, MONA), 0, 0
        for (name, (argument, more)), id_ in itertools.product(READS.items(), others(world)[::STEP]):
            tool = REGISTRY.get(name)
            try:
                arguments = tool.arguments.model_validate({**more, argument: id_})
            except ValidationError:
                continue
            tried += 1
            answer = json.dumps(await _read(tool, arguments, desk), ensure_ascii=False).replace(f'"{id_}"', '""')
            told += any(f'"{secret}"' in answer for secret in secrets)
        assert copy.world() == world
    proved("reads with another customer's id that told something of theirs", tried, told)


async def _read(tool: Tool, arguments: Any, desk: Any) -> dict[str, Any]:
    assert tool.read is not None
    return (await tool.read(arguments, desk)).model_dump(mode="json")


async def test_nothing_of_anybody_else_is_touched(bench: Bench, tmp_path: Path, proved: Proved) -> None:
    async with open_copy(bench, tmp_path / "data") as copy:
        world = copy.world()
        own = {f"own_{kind}": next(row["id"] for row in world[kind].values() if row["customer"] == MONA)
               for kind in ("charge", "invoice")}  # fmt: skip
        own["price"] = next(row["id"] for row in world["price"].values() if row["lookup_key"] == "team_monthly")
        tried = done = 0
        for (tool, argument, more), id_ in itertools.product(ACTS, others(world)):
            filled = {name: value.format(**own) if isinstance(value, str) else value for name, value in more.items()}
            try:
                action = ACTIONS[tool].model_validate({**filled, argument: id_})
            except ValidationError:
                continue
            tried += 1
            if tried % max(1, STEP // 6):
                continue
            done += await _done(copy, tried, action)
        assert copy.world() == world
    proved("actions with another customer's id that changed anything", tried // max(1, STEP // 6), done)


async def _done(copy: Copy, n: int, action: Action) -> bool:
    with copy.house.store.unit() as uow:
        case = uow.cases.open(MONA, "mona", "owner", "test").id
    proposal = Proposal(ProposalId(f"prop_other_{n}"), CaseId(case), None, OWNER, action, "lee:test", "lee", 1)
    answer = await copy.house.gate.submit(proposal)
    return answer.status is not Status.REFUSED


@pytest.mark.parametrize(
    "tool", [each for each in REGISTRY if each.effect is not EffectClass.READ], ids=lambda t: t.name
)
def test_every_action_that_takes_an_id_is_tried(tool: Tool) -> None:
    ids = {"charge", "invoice", "subscription", "payment_method", "checkout_session", "duplicate_of"}
    tried = {(name, argument) for name, argument, _ in ACTS}
    assert {(tool.name, name) for name in tool.parameters["properties"] if name in ids} <= tried
