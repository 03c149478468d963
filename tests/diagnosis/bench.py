"""One sandbox in process and what stands around it: API calls, the clock, and the diagnosis of a customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from billing.diagnosis import Diagnosis, RootCause, diagnose
from billing.facts import BillingFacts, EntitlementFacts, MeterUsage, UsageFacts
from billing.ids import CustomerId
from sandbox.demo.access import entitlements
from sandbox.demo.seeding import stock
from sandbox.demo.shop import Shop
from sandbox.demo.usage import usage
from sandbox.server import create_app
from sandbox.world import World
from tools.billing_facts import gather_facts
from tools.sources import SourceUnavailable
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads


class Access:
    """Entitlements in memory; `broken` makes the source unavailable."""

    def __init__(self, now: datetime) -> None:
        self.broken = False
        self.entries = {
            customer: EntitlementFacts(
                entry["plan"],
                entry["active"],
                frozenset(entry["features"]),
                entry["locked_reason"],
                datetime.fromisoformat(entry["updated_at"]),
            )
            for customer, entry in entitlements(now)["customers"].items()
        }

    async def of(self, customer: CustomerId) -> EntitlementFacts | None:
        if self.broken:
            raise SourceUnavailable("entitlements", "The entitlements do not answer.")
        return self.entries.get(customer)

    def grant(self, customer: str, plan: str, **changes: Any) -> None:
        self.entries[customer] = replace(EntitlementFacts(plan, True, frozenset()), **changes)


class Meters:
    """Usage summed from the demo's hourly rows; `broken` makes the source unavailable."""

    def __init__(self, now: datetime) -> None:
        self.broken = False
        rows = usage(now)
        self._hours = [(row["customer"], datetime.fromisoformat(row["hour"]), row["units"]) for row in rows["hourly"]]
        self._included = {row["customer"]: row["included"] for row in rows["allowances"]}

    def include(self, customer: str, units: int) -> None:
        self._included[customer] = units

    async def of(self, customer: CustomerId, start: datetime, end: datetime) -> UsageFacts:
        if self.broken:
            raise SourceUnavailable("usage", "The usage store does not answer.")
        mine = [(hour, units) for owner, hour, units in self._hours if owner == customer]
        used = sum(units for hour, units in mine if start <= hour < end)
        before = sum(units for hour, units in mine if start - (end - start) <= hour < start)
        return UsageFacts(start, end, (MeterUsage("api_requests", used, self._included.get(customer, 0), before),))


class Bench:
    """`shop` speaks Stripe's API; `facts` and `diagnosis` go through the product's own reads."""

    def __init__(self, world: World, now: datetime) -> None:
        self.app = create_app(world=world)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://sandbox")
        self.shop = Shop(http, now)
        self.access = Access(now)
        self.meters = Meters(now)
        self.now = now

    async def stock(self) -> None:
        """The price list, in a sandbox that has none."""
        await stock(self.shop)

    async def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.shop.now = self.now
        await self.shop.move_to(self.now)

    async def facts(self, customer: str) -> BillingFacts:
        client = make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(self.app))
        reads = CustomerReads(StripeLine(client), CustomerId(customer))
        return (await gather_facts(reads, self.access, self.meters, self.now)).facts

    async def diagnosis(self, customer: str) -> Diagnosis:
        return diagnose(await self.facts(customer))

    async def causes(self, customer: str) -> list[RootCause]:
        """All that was found, gravest first."""
        found = await self.diagnosis(customer)
        return [found.root_cause, *(finding.root_cause for finding in found.also)]
