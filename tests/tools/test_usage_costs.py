"""What use costs: bills the sandbox made under prices drawn at random, explained to the minor unit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.facts import MeterUsage, UsageFacts
from billing.ids import CustomerId
from policy.proposals import Principal, Role
from sandbox import clock
from sandbox.server import create_app
from tests.sandbox.metering import METER, meter, metered_price, use
from tests.tools.conftest import START
from tests.tools.shop import Help, Shop
from tests.tools.test_read_tools import ask, usd
from tools.desk import Desk
from tools.entitlements import FileEntitlements
from tools.sources import SourceUnavailable
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads

DAY = 86_400
Price = dict[str, Any]


@dataclass
class Counts:
    """A usage store that counted `units` on 10 November; None: it does not answer."""

    units: int | None = 0

    async def of(self, customer: CustomerId, start: datetime, end: datetime) -> UsageFacts:
        if self.units is None:
            raise SourceUnavailable("usage", "The usage store does not answer.")
        counted = self.units if start <= datetime(2026, 11, 10, tzinfo=UTC) < end else 0
        return UsageFacts(start, end, (MeterUsage(METER, counted, 0, 0),))


class Company:
    """One customer on a plan and a price by use, in a sandbox of its own."""

    def __init__(self, **price: Any) -> None:
        self.app = create_app(seed="usage", start=START)
        self.client = make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(self.app, timeout=30.0))
        self.shop = Shop(self.client)
        self.customer = self.shop.customer()
        self.price = metered_price(self.client, meter(self.client).id, **price)
        self.counts = Counts()
        self.client.v1.subscriptions.create({"customer": self.customer, "items": [{"price": self.price.id}]})

    def advance(self, seconds: int) -> None:
        clock.advance_to(self.app.world, clock.now(self.app.world) + seconds)

    def used(self, units: int) -> None:
        self.advance(8 * DAY)
        use(self.client, self.customer, units)
        self.counts.units = units

    def billed(self) -> tuple[stripe.Invoice, int]:
        """The newest invoice, and what it bills for use."""
        newest = self.shop.invoices(self.customer)[0]
        lines = [line for line in newest.lines.data if line.pricing and line.pricing.price_details]
        mine = [line for line in lines if line.pricing.price_details.price == self.price.id]  # pyright: ignore[reportOptionalMemberAccess]
        return newest, sum(line.amount for line in mine)

    async def explain(self, period: str) -> dict[str, Any]:
        owner = Principal(CustomerId(self.customer), "user_1", Role.OWNER)
        reads = CustomerReads(StripeLine(self.client), owner.customer)
        now = datetime.fromtimestamp(clock.now(self.app.world), UTC)
        desk = Desk(owner, reads, FileEntitlements(None), self.counts, Help(), lambda: now)  # pyright: ignore[reportArgumentType] - not asked
        return await ask(desk, "explain_usage", period=period)


DECIMALS = st.decimals(min_value=0, max_value=20, places=4).map(lambda each: f"{each:f}")


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Per unit, in packages, graduated or by volume; with flat amounts, or a committed minimum."""
    currency = draw(st.sampled_from(["usd", "eur", "jpy"]))
    kind = draw(st.sampled_from(["unit", "package", "minimum", "graduated", "volume"]))
    if kind in ("unit", "package"):
        packed = {"divide_by": draw(st.integers(2, 1_000)), "round": draw(st.sampled_from(["up", "down"]))}
        return {
            "currency": currency,
            "unit_amount_decimal": draw(DECIMALS),
            **({"transform_quantity": packed} if kind == "package" else {}),
        }
    bounds = sorted(draw(st.sets(st.integers(1, 100_000), min_size=1, max_size=3)))
    tiers: list[dict[str, Any]] = [
        {
            "up_to": up_to,
            "unit_amount_decimal": draw(DECIMALS),
            "flat_amount": draw(st.sampled_from([0, 0, 700, 5_000])),
        }
        for up_to in [*bounds, "inf"]
    ]
    if kind == "minimum":
        tiers[0] = {"up_to": bounds[0], "unit_amount_decimal": "0", "flat_amount": draw(st.integers(1, 90_000))}
    mode = "volume" if kind == "volume" else "graduated"
    return {"currency": currency, "billing_scheme": "tiered", "tiers_mode": mode, "tiers": tiers}


def total(lines: list[dict[str, Any]]) -> int:
    return sum(line["amount"]["amount"] for line in lines)


@settings(max_examples=30, deadline=None)
@given(prices(), st.integers(1, 150_000))
def test_the_lines_add_up_to_the_invoice(price: Price, units: int) -> None:
    company = Company(**price)
    company.used(units)
    [running] = asyncio.run(company.explain("current"))["billed"]
    assert running["invoice"] is None
    company.advance(24 * DAY)
    [billed] = asyncio.run(company.explain("previous"))["billed"]
    invoice, amount = company.billed()
    assert (billed["invoice"], billed["number"]) == (invoice.id, invoice.number)
    for told in (running, billed):
        assert total(told["lines"]) == told["total"]["amount"] == amount
        assert told["explained"]
        assert told["units"] == told["own_count"] == units
        assert (told["agrees"], told["difference"], told["reason"]) == (True, 0, None)
        assert all(line["amount"]["currency"] == price["currency"] for line in told["lines"])


TIERS = {"billing_scheme": "tiered", "tiers_mode": "graduated"}
MINIMUM = [
    {"up_to": 1_000, "unit_amount_decimal": "0", "flat_amount": 50_000},
    {"up_to": "inf", "unit_amount_decimal": "2.5"},
]


async def test_a_committed_minimum_its_units_and_the_overage() -> None:
    company = Company(**TIERS, tiers=MINIMUM)
    company.used(1_003)
    answer = await company.explain("current")
    [billed] = answer["billed"]
    assert [(line["kind"], line["text"], line["amount"]["amount"]) for line in billed["lines"]] == [
        ("minimum", "Committed minimum for up to 1,000 API requests", 50_000),
        ("included", "1,000 API requests included (1 to 1,000)", 0),
        ("overage", "3 API requests at 2.5 cents each (1,001 to 1,003)", 8),
    ]
    assert billed["total"] == usd(50_008, "$500.08")
    [counted] = answer["meters"]
    assert (counted["used"], counted["included"], counted["beyond"]) == (1_003, 1_000, 3)


async def test_a_count_that_is_not_ours_is_told_with_its_cost() -> None:
    company = Company(**TIERS, tiers=MINIMUM)
    company.used(3_000)
    company.counts.units = 2_000
    company.advance(24 * DAY)
    [billed] = (await company.explain("previous"))["billed"]
    assert (billed["units"], billed["own_count"], billed["agrees"]) == (3_000, 2_000, False)
    assert (billed["difference"], billed["difference_cost"]) == (1_000, usd(2_500, "$25.00"))


async def test_a_few_events_apart_is_told_with_its_reason() -> None:
    company = Company(**TIERS, tiers=MINIMUM)
    company.used(3_000)
    company.counts.units = 2_998
    company.advance(24 * DAY)
    [billed] = (await company.explain("previous"))["billed"]
    assert (billed["agrees"], billed["difference"]) == (True, 2)
    assert "lost or reported twice" in billed["reason"]


async def test_without_the_usage_store_the_bill_is_still_explained() -> None:
    company = Company(**TIERS, tiers=MINIMUM)
    company.used(3_000)
    company.counts.units = None
    answer = await company.explain("current")
    [billed] = answer["billed"]
    assert (billed["explained"], billed["own_count"], billed["agrees"]) == (True, None, None)
    assert (answer["meters"], answer["note"]) == ([], "the usage store did not answer")


async def test_before_anything_was_billed_there_is_no_previous_bill() -> None:
    company = Company(**TIERS, tiers=MINIMUM)
    answer = await company.explain("previous")
    assert (answer["billed"], answer["note"]) == ([], "no bill for this period was found")
