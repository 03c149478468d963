"""The desk: all that a read tool may touch, bound to one authenticated principal.

There is no way to name another customer here. An id that a model gives is fetched and compared with the principal's
customer; another's object and one that does not exist get the same answer, `NOT_FOUND`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import stripe

from billing.ids import CustomerId
from policy.effects import FactsUnavailable
from policy.proposals import Principal
from tools.billing_facts import Gathered, gather_facts
from tools.entitlements import Entitlements
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads
from tools.usage import Usage

NOT_FOUND: Final = "not found on this account"


class Passage(Protocol):
    """A passage of a help article, as `knowledge.search` gives it."""

    @property
    def article(self) -> str: ...
    @property
    def passage(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def heading(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def dense_score(self) -> float: ...
    @property
    def answers(self) -> float | None: ...


class KnowledgeSearch(Protocol):
    """`knowledge.search.Knowledge`. Blocking; called in a thread."""

    def search(self, query: str, limit: int = 5) -> Sequence[Passage]:
        """Best first. Raises `knowledge.errors.KnowledgeError`."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """`clock` gives aware UTC now: that of the Stripe account (a sandbox's clock can be moved)."""

    principal: Principal
    stripe: CustomerReads
    entitlements: Entitlements
    usage: Usage
    knowledge: KnowledgeSearch
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        return self.clock()

    async def billing_facts(self) -> Gathered:
        """Raises `FactsUnavailable` when Stripe does not answer or has no such customer."""
        return await gather_facts(self.stripe, self.entitlements, self.usage, self.now())


@dataclass(frozen=True, slots=True)
class Desks:
    """Where desks are made, once a principal is authenticated. `sleep` waits before a read is tried again."""

    client: stripe.StripeClient
    entitlements: Entitlements
    usage: Usage
    knowledge: KnowledgeSearch
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def of(self, principal: Principal) -> Desk:
        reads = CustomerReads(StripeLine(self.client, sleep=self.sleep), principal.customer)
        return Desk(principal, reads, self.entitlements, self.usage, self.knowledge, self.clock)

    async def knows(self, customer: CustomerId) -> bool | None:
        """Whether Stripe has this customer; None when it does not answer."""
        line = StripeLine(self.client, sleep=self.sleep)
        try:
            found = await line.look_up(lambda: line.v1.customers.retrieve_async(customer))
        except FactsUnavailable:
            return None
        return found is not None and not getattr(found, "deleted", False)
