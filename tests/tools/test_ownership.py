"""Somebody else's ids, in every argument of every tool and action: nothing is read, nothing is done.

The whole demo company is the victim; its customer Mona tries.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from billing.ids import CustomerId
from policy.actions import ApplyPromotionCode, CancelSubscription, ChangePlan, NewCheckoutLink, Refund, RetryPayment
from policy.proposals import Principal, Role
from sandbox.demo.seeding import demo_world
from sandbox.server import create_app
from sandbox.world import World
from tests.tools.shop import Help
from tools.catalogue import REGISTRY
from tools.desk import NOT_FOUND, Desk
from tools.effects import StripeEffects
from tools.entitlements import FileEntitlements
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads
from tools.usage import FolderUsage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONA = Principal(CustomerId("cus_mona"), "user_mona", Role.OWNER)
TRICKS = (
    "", ".", "..", "../customers/cus_maya", "ch_maya?expand[]=customer", "ch_maya%2F..", "in_x/pay", "cus_maya",
    "sub_maya\n", "ch_" + "x" * 300, "ключ", "' OR 1=1", "ch_maya#", "*",
)  # fmt: skip


class Company:
    """The demo company, and Mona's desk in it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        client = make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(create_app(world=world)))
        reads = CustomerReads(StripeLine(client), MONA.customer)
        entitlements = FileEntitlements(folder / "entitlements.json")
        entitlements.put_all({})
        self.desk = Desk(MONA, reads, entitlements, FolderUsage(folder / "usage"), Help(), lambda: NOW)
        self.effects = StripeEffects(client, lambda: NOW)

    def others(self, kind: str) -> list[str]:
        found = self.world.select(kind)
        return [each["id"] for each in found if each["customer"] != MONA.customer]

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        found = REGISTRY.get(tool)
        assert found.read is not None
        answer = await found.read(found.arguments.model_validate(arguments), self.desk)
        return answer.model_dump(mode="json")


@pytest.fixture
async def company(tmp_path: Path) -> Company:
    return Company(await demo_world(NOW), tmp_path)


def told_nothing(answer: dict[str, Any]) -> None:
    assert answer.pop("note") == NOT_FOUND
    assert not any(answer.values()), answer


async def test_every_read_tool_with_everybody_elses_ids(company: Company) -> None:
    before = company.world.snapshot()
    charges, invoices = company.others("charge"), company.others("invoice")
    subscriptions = company.others("subscription")
    assert min(len(charges), len(invoices), len(subscriptions)) > 20
    for charge in (*charges, *TRICKS):
        if len(charge) <= 128:
            told_nothing(await company.ask("list_charges", charge=charge))
            told_nothing(await company.ask("refund_status", charge=charge))
    for invoice in (*invoices, *TRICKS):
        if len(invoice) <= 128:
            told_nothing(await company.ask("list_invoices", status="all", invoice=invoice, lines=True))
            told_nothing(await company.ask("invoice_link", invoice=invoice))
            told_nothing(await company.ask("explain_invoice", invoice=invoice))
    for subscription in (*subscriptions, *TRICKS):
        if len(subscription) <= 128:
            told_nothing(
                await company.ask("preview_plan_change", plan="team", interval=None, subscription=subscription)
            )
    assert company.world.snapshot() == before


async def test_every_action_with_everybody_elses_ids_has_no_facts(company: Company) -> None:
    facts: Callable[..., Any] = company.effects.facts
    [own] = company.world.select("subscription", {"customer": MONA.customer})
    for charge in company.others("charge"):
        case = await facts(Refund(charge=charge, amount=None, grounds="duplicate", duplicate_of=charge), MONA)
        assert (case.charge, case.duplicate_of, case.refunds) == (None, None, ())
    for invoice in company.others("invoice"):
        case = await facts(RetryPayment(invoice=invoice, payment_method=None), MONA)
        assert (case.invoice, case.payment_method) == (None, None)
    prices = [each["id"] for each in company.world.select("price")]
    for subscription in company.others("subscription"):
        case = await facts(CancelSubscription(subscription=subscription, when="now"), MONA)
        assert case.subscription is None
        change = ChangePlan(subscription=subscription, price=prices[0], proration_date=1, amount_due=0)
        case = await facts(change, MONA)
        assert (case.subscription, case.amount_due) == (None, None)
        case = await facts(ApplyPromotionCode(subscription=subscription, code="WELCOME20"), MONA)
        assert (case.subscription, case.items, case.discounts) == (None, (), ())
    for session in company.others("checkout.session"):
        case = await facts(NewCheckoutLink(checkout_session=session), MONA)
        assert (case.session, case.later, case.prices) == (None, None, ())
    for method in company.others("payment_method"):
        [invoice, *_] = [each["id"] for each in company.world.select("invoice", {"customer": MONA.customer})]
        case = await facts(RetryPayment(invoice=invoice, payment_method=method), MONA)
        assert case.invoice is not None
        assert case.payment_method is None
    assert own["id"].startswith("sub_")


async def test_what_mona_sees_names_nobody_else(company: Company) -> None:
    foreign = {
        each["id"]
        for kind in (
            "charge",
            "invoice",
            "subscription",
            "payment_method",
            "refund",
            "dispute",
            "payment_intent",
            "tax_id",
            "discount",
            "checkout.session",
        )
        for each in company.world.select(kind)
        if each.get("customer") not in (None, MONA.customer)
    } | {each["id"] for each in company.world.select("customer") if each["id"] != MONA.customer}
    seen = json.dumps(
        [
            await company.ask("diagnose"),
            await company.ask("list_charges", charge=None),
            await company.ask("list_invoices", status="all", invoice=None, lines=True),
            await company.ask("invoice_link", invoice=None),
            await company.ask("explain_invoice", invoice=None),
            await company.ask("explain_usage", period="previous"),
            await company.ask("refund_status", charge=None),
            await company.ask("check_entitlements"),
            await company.ask("billing_details"),
            await company.ask("list_discounts", code=None),
            await company.ask("list_checkout_links"),
            await company.ask("preview_plan_change", plan="team", interval=None, subscription=None),
            await company.ask("list_plans"),
        ]
    )
    assert "sub_mona" in seen
    assert not {each for each in foreign if f'"{each}"' in seen}
