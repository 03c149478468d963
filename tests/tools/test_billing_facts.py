"""Gathering one customer's facts from the sandbox, entitlements and usage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from billing.facts import EntitlementFacts, MeterUsage
from billing.ids import CustomerId
from billing.money import Money
from policy.effects import FactsUnavailable
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop
from tools.billing_facts import current_period
from tools.desk import Desk
from tools.entitlements import FileEntitlements
from tools.stripe_history import history
from tools.usage import FolderUsage
from tools.usage_schema import Allowance, HourlyUsage

Now = Callable[[], datetime]
Advance = Callable[..., None]
DeskOf = Callable[[str], Desk]


async def test_charges_invoices_and_declines_are_joined(shop: Shop, desk_of: DeskOf, advance: Advance) -> None:
    dana = shop.customer()
    subscription = shop.subscribe(dana, shop.starter)
    shop.use_card(dana, "pm_card_chargeCustomerFail")
    advance(days=31)
    facts = (await desk_of(dana).billing_facts()).facts

    newest, first = facts.invoices
    assert (newest.status, newest.subscription, newest.amount_remaining) == (
        "open",
        subscription.id,
        Money(2_000, "usd"),
    )
    assert newest.last_decline is not None
    assert newest.last_decline.decline_code == "generic_decline"
    assert newest.next_payment_attempt is not None
    assert first.status == "paid"
    assert first.last_decline is None
    failed, paid = facts.charges
    assert (failed.status, failed.invoice, failed.id in newest.charges) == ("failed", newest.id, True)
    assert failed.decline is not None
    assert failed.decline.decline_code == "generic_decline"
    assert (paid.status, paid.invoice, first.charges) == ("succeeded", first.id, (paid.id,))
    [item] = facts.subscriptions[0].items
    assert (facts.subscriptions[0].status, item.product_name, item.interval) == ("past_due", "Starter", "month")
    assert facts.customer.default_payment_method in {method.id for method in facts.payment_methods}
    assert facts.unavailable == frozenset()


async def test_refunds_and_disputes_belong_to_their_charges(shop: Shop, desk_of: DeskOf) -> None:
    dora = shop.customer()
    charge = shop.charge(dora)
    shop.v1.refunds.create({"charge": charge, "amount": 300})
    shop.use_card(dora, "pm_card_createDispute")
    disputed = shop.charge(dora, 6_000)
    facts = (await desk_of(dora).billing_facts()).facts
    assert [(each.charge, each.amount) for each in facts.refunds] == [(charge, Money(300, "usd"))]
    assert [(each.charge, each.amount) for each in facts.disputes] == [(disputed, Money(6_000, "usd"))]


async def test_a_charge_with_many_refunds_shows_them_all(shop: Shop, desk_of: DeskOf) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    for _ in range(12):  # Stripe embeds ten
        shop.v1.refunds.create({"charge": charge, "amount": 10})
    facts = (await desk_of(maya).billing_facts()).facts
    assert len(facts.refunds) == 12


async def test_other_customers_are_not_in_the_facts(shop: Shop, desk_of: DeskOf) -> None:
    mona, maya = shop.customer(), shop.customer()
    shop.subscribe(maya, shop.team)
    shop.charge(maya)
    facts = (await desk_of(mona).billing_facts()).facts
    assert (facts.charges, facts.invoices, facts.subscriptions, facts.disputes) == ((), (), (), ())
    assert len(facts.payment_methods) == 1


async def test_usage_is_that_of_the_running_period(
    shop: Shop, desk_of: DeskOf, usage: FolderUsage, entitlements: FileEntitlements, advance: Advance, now: Now
) -> None:
    uma = CustomerId(shop.customer())
    began = now()
    shop.subscribe(uma, shop.team)
    advance(days=10)
    hour = began + timedelta(days=5)
    usage.insert(
        [
            Allowance(uma, "api_requests", 1_000, began),
            HourlyUsage(uma, "api_requests", hour, 5_000),
            HourlyUsage(uma, "api_requests", began - timedelta(hours=1), 70),
        ]
    )
    entitlements.put(uma, EntitlementFacts("Team", True, frozenset({"sso"})))
    facts = (await desk_of(uma).billing_facts()).facts
    assert facts.usage is not None
    assert (facts.usage.period_start, facts.usage.meters) == (began, (MeterUsage("api_requests", 5_000, 1_000, 70),))
    assert facts.entitlements is not None
    assert facts.entitlements.plan == "Team"


def test_without_a_subscription_usage_is_by_calendar_month() -> None:
    december = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert current_period((), december) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


async def test_sources_beside_stripe_that_fail_are_named(
    shop: Shop, desk_of: DeskOf, entitlements: FileEntitlements, usage: FolderUsage
) -> None:
    maya = shop.customer()
    shop.charge(maya)
    desk = desk_of(maya)
    entitlements._path.write_text("{ broken")  # pyright: ignore[reportPrivateUsage] - what a bad deployment does
    usage._folder.write_text("not a folder")  # pyright: ignore[reportPrivateUsage]
    facts = (await desk.billing_facts()).facts
    assert facts.unavailable == {"entitlements", "usage"}
    assert (facts.entitlements, facts.usage) == (None, None)
    assert len(facts.charges) == 1


@pytest.mark.parametrize(
    "path", ["/v1/customers/", "/v1/charges", "/v1/invoices", "/v1/subscriptions", "payment_methods"]
)
async def test_stripe_itself_must_answer(shop: Shop, desk_of: DeskOf, app: Sandbox, path: str) -> None:
    maya = shop.customer()
    app.faults.add(Fault("unavailable", "GET", path, count=99))
    with pytest.raises(FactsUnavailable, match="503"):
        await desk_of(maya).billing_facts()


async def test_a_deleted_customer_has_no_facts(shop: Shop, desk_of: DeskOf) -> None:
    gone = shop.customer()
    shop.v1.customers.delete(gone)
    with pytest.raises(FactsUnavailable):
        await desk_of(gone).billing_facts()


async def test_a_long_list_is_paged_and_a_cut_is_said(shop: Shop, desk_of: DeskOf) -> None:
    maya = shop.customer()
    charges = [shop.charge(maya, 100 + n) for n in range(7)]
    reads = desk_of(maya).stripe
    whole = await history(reads, most=7)
    assert [each.id for each in whole.charges] == charges[::-1]
    assert whole.cut == frozenset()
    part = await history(reads, most=3)
    assert [each.id for each in part.charges] == charges[:-4:-1]
    assert part.cut == {"charges"}


async def test_pages_follow_one_another(shop: Shop, desk_of: DeskOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.stripe_line.PAGE", 2)
    maya = shop.customer()
    charges = [shop.charge(maya, 100 + n) for n in range(5)]
    whole = await history(desk_of(maya).stripe, most=100)
    assert [each.id for each in whole.charges] == charges[::-1]
    assert whole.cut == frozenset()


async def test_an_invoice_with_more_lines_than_stripe_embeds_is_read_whole(shop: Shop, desk_of: DeskOf) -> None:
    maya = shop.customer()
    for n in range(14):
        shop.v1.invoice_items.create(
            {"customer": maya, "amount": 100 + n, "currency": "usd", "description": f"Part {n}"}
        )
    draft = shop.v1.invoices.create({"customer": maya, "pending_invoice_items_behavior": "include"})
    shop.v1.invoices.finalize_invoice(draft.id)
    [invoice] = (await history(desk_of(maya).stripe)).invoices
    assert len(invoice.lines) == 14
    assert sum(line.amount.amount for line in invoice.lines) == invoice.total.amount
