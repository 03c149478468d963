"""A small shop in the sandbox, and short ways to say common things. Everything goes through Stripe's API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import stripe

from billing.ids import CaseId, CustomerId, IntentId
from billing.money import Money
from policy.actions import Action
from policy.effects import Intent
from policy.proposals import Principal, Role
from tools.desk import Passage


class Shop:
    """Plans with lookup keys `starter`, `team`, `business`, `team_yearly`; `made_for_x` is private and has none."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client
        self.v1 = client.v1
        self.starter = self._price("Starter", 2_000, "starter")
        self.team = self._price("Team", 6_000, "team")
        self.business = self._price("Business", 20_000, "business")
        self.team_yearly = self._price("Team", 60_000, "team_yearly", interval="year", product=str(self.team.product))
        self.made_for_x = self._price("Made for X", 100, None)

    def _price(
        self, name: str, amount: int, key: str | None, *, interval: str = "month", product: str | None = None
    ) -> stripe.Price:
        params: dict[str, Any] = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": interval}}
        params |= {"product": product} if product else {"product_data": {"name": name}}
        params |= {"lookup_key": key} if key else {}
        return self.v1.prices.create(params)  # pyright: ignore[reportArgumentType] - a TypedDict built as a dict

    def customer(self, card: str | None = "pm_card_visa") -> str:
        """A customer whose default card is the test card given."""
        made = self.v1.customers.create({"email": "someone@example.com", "name": "Someone"})
        if card is not None:
            self.use_card(made.id, card)
        return made.id

    def use_card(self, customer: str, card: str) -> str:
        method = self.v1.payment_methods.attach(card, {"customer": customer})
        self.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
        return method.id

    def charge(self, customer: str, amount: int = 2_000, **params: Any) -> str:
        """Id of a succeeded charge on the customer's default card; `metadata={"order_id": …}` names its order."""
        found = self.v1.customers.retrieve(customer)
        assert found.invoice_settings is not None
        card = str(found.invoice_settings.default_payment_method)
        fields: dict[str, Any] = {
            "amount": amount,
            "currency": "usd",
            "customer": customer,
            "payment_method": card,
            "confirm": True,
            "off_session": True,
            **params,
        }
        intent = self.v1.payment_intents.create(fields)  # pyright: ignore[reportArgumentType]
        return str(intent.latest_charge)

    def subscribe(self, customer: str, price: stripe.Price, **params: Any) -> stripe.Subscription:
        fields: dict[str, Any] = {"customer": customer, "items": [{"price": price.id}], **params}
        return self.v1.subscriptions.create(fields)  # pyright: ignore[reportArgumentType]

    def invoices(self, customer: str) -> list[stripe.Invoice]:
        return self.v1.invoices.list({"customer": customer}).data


@dataclass
class Sleeps:
    """Stands in for waiting, and remembers how long it would have been."""

    waited: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


@dataclass(frozen=True)
class Text:
    article: str
    passage: str
    title: str
    heading: str
    text: str
    dense_score: float
    answers: float | None = None


class Help:
    """A help centre of one article."""

    def search(self, query: str, limit: int = 5) -> Sequence[Passage]:
        said = ("Invoices", "Where they are", "Under Billing, then Invoices.")
        found = Text("invoices", "invoices#2", *said, dense_score=0.71234, answers=0.9)
        return [found][:limit] if "invoice" in query else []


def principal(customer: str) -> Principal:
    return Principal(CustomerId(customer), "user_1", Role.OWNER)


def intent(action: Action, customer: str, now: datetime, *, value: Money | None = None, n: int = 1) -> Intent:
    return Intent(
        id=IntentId(f"int_{n}"),
        case=CaseId("case_1"),
        customer=CustomerId(customer),
        action=action,
        operation_key=f"{action.tool}:op:{n}",
        idempotency_key=f"lee-int-{n}",
        value=value,
        created=now,
        attempt=n,
    )


def earlier(given: Intent, **delta: float) -> Intent:
    """The same intent as if it had been made earlier."""
    return replace(given, created=given.created - timedelta(**delta))
