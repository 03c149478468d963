"""The tool `list_plans`: what there is to subscribe to, and at what price."""

from __future__ import annotations

from typing import Final

from billing.facts import PriceFacts
from tools.answers import Amount, Answer, amount_or_none
from tools.desk import Desk
from tools.registry import Arguments
from tools.stripe_reads import together

ENDED: Final = frozenset(["canceled", "incomplete_expired"])


class ListPlans(Arguments):
    """List the plans on offer with their prices, in the customer's currency where the account has one. What a change
    would cost this customer is worked out by preview_plan_change."""


class PlanAnswer(Answer):
    price: str
    plan: str
    lookup_key: str | None
    unit_amount: Amount | None
    interval: str | None


class PlansAnswer(Answer):
    """`current` are the prices this customer is on. `note` says when there are more plans than these."""

    plans: list[PlanAnswer]
    current: list[str]
    note: str | None


async def list_plans(_arguments: ListPlans, desk: Desk) -> PlansAnswer:
    subscriptions, prices = await together(desk.stripe.subscriptions(), desk.stripe.price_list())
    items = [item for each in subscriptions.items if each.status not in ENDED for item in each.items]
    currencies = {item.unit_amount.currency for item in items if item.unit_amount is not None}
    fitting = [each for each in prices.items if not currencies or currency_of(each) in currencies]
    return PlansAnswer(
        plans=[plan_answer(each) for each in sorted(fitting, key=_rank)],
        current=sorted({item.price for item in items}),
        note="there are further plans" if prices.more else None,
    )


def currency_of(price: PriceFacts) -> str | None:
    return price.unit_amount.currency if price.unit_amount is not None else None


def plan_answer(price: PriceFacts) -> PlanAnswer:
    return PlanAnswer(
        price=price.id,
        plan=price.product_name,
        lookup_key=price.lookup_key,
        unit_amount=amount_or_none(price.unit_amount),
        interval=price.interval,
    )


def _rank(price: PriceFacts) -> tuple[str, str, int]:
    """By currency, then months before years, then the cheaper first."""
    return (currency_of(price) or "", price.interval or "", price.unit_amount.amount if price.unit_amount else 0)
