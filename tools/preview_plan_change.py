"""The tool `preview_plan_change`: what moving to another plan would cost, to the cent, before anybody agrees to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import stripe
from pydantic import Field, StringConstraints

from billing.facts import PriceFacts
from tools import stripe_objects as objects
from tools.answers import Amount, Answer, amount, brief, day
from tools.desk import NOT_FOUND, Desk
from tools.list_plans import PlanAnswer, currency_of, plan_answer
from tools.plan_change import amount_now, plan_item, preview
from tools.registry import Arguments
from tools.stripe_reads import together, understood

CHANGEABLE: Final = frozenset(["active", "trialing", "past_due"])
LINES: Final = 12


class PreviewPlanChange(Arguments):
    """Work out what changing the customer's plan would cost now and at the next renewal. Nothing is changed. Its
    `change` holds the arguments for change_plan. Without a matching plan it lists the plans there are."""

    plan: Annotated[str, StringConstraints(min_length=1, max_length=128)] = Field(
        description="The plan wanted: its name (`Team`), its lookup key, or a price id."
    )
    interval: Literal["month", "year"] | None = Field(
        description="How it is billed, or null to keep the present interval."
    )
    subscription: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        description="Subscription id when the customer has several; otherwise null."
    )


class ChangeAnswer(Answer):
    """The arguments of change_plan, to be repeated unchanged. `amount_due` in minor units, negative is a credit."""

    subscription: str
    price: str
    proration_date: int
    amount_due: int


class PreviewLine(Answer):
    description: str
    amount: Amount
    proration: bool


class PreviewAnswer(Answer):
    """`change` is null when there is nothing to preview; `note` says why and `plans` what there is to choose from.

    `due_now` is charged at once (negative: credited); `renewal` is charged from `renews_on` on, for each interval."""

    change: ChangeAnswer | None
    from_plan: str | None
    to_plan: PlanAnswer | None
    due_now: Amount | None
    renewal: Amount | None
    renews_on: str | None
    lines: list[PreviewLine]
    plans: list[PlanAnswer]
    note: str | None


async def preview_plan_change(arguments: PreviewPlanChange, desk: Desk) -> PreviewAnswer:
    reads = desk.stripe
    listed, prices = await together(
        reads.line.pages(reads.line.v1.subscriptions.list_async, {"customer": reads.customer}), reads.price_list()
    )
    changeable: list[stripe.Subscription] = [each for each in listed.items if each.status in CHANGEABLE]
    if arguments.subscription is not None:
        changeable = [each for each in changeable if each.id == arguments.subscription]
    if not changeable:
        return _nothing(
            "there is no active subscription on this account" if arguments.subscription is None else NOT_FOUND
        )
    if len(changeable) > 1:
        return _nothing(f"there are several subscriptions, name one: {', '.join(each.id for each in changeable)}")
    subscription = changeable[0]
    item = understood(plan_item, subscription)
    if item is None:
        return _nothing("the subscription has several parts; a colleague has to change it")
    current = understood(objects.item_facts, item, await reads.product_names([subscription]))
    on_offer = [each for each in prices.items if currency_of(each) == subscription.currency]
    found = choose(on_offer, arguments.plan, arguments.interval or current.interval)
    plans = [plan_answer(each) for each in on_offer]
    if len(found) != 1:
        return _nothing("no such plan" if not found else "several plans match", plans, current.product_name)
    price = found[0]
    if price.id == current.price:
        return _nothing("the subscription is on this plan already", plans, current.product_name)
    date = int(desk.now().timestamp())
    previewed = await preview(reads, subscription, item, price.id, date)
    if previewed is None:
        return _nothing("Stripe refuses this change", plans, current.product_name)
    due = understood(amount_now, previewed, item)
    lines = understood(lambda: [objects.line_facts(line) for line in previewed.lines.data])
    renews = max((line.period_end for line in lines if line.price == price.id), default=current.current_period_end)
    return PreviewAnswer(
        change=ChangeAnswer(subscription=subscription.id, price=price.id, proration_date=date, amount_due=due.amount),
        from_plan=current.product_name,
        to_plan=plan_answer(price),
        due_now=amount(due),
        renewal=_renewal(price, current.quantity),
        renews_on=day(max(renews, _at(date))),
        lines=[
            PreviewLine(description=brief(line.description) or "", amount=amount(line.amount), proration=line.proration)
            for line in lines[:LINES]
        ],
        plans=[],
        note="there are further lines" if len(lines) > LINES or previewed.lines.has_more else None,
    )


def choose(prices: Sequence[PriceFacts], wanted: str, interval: str) -> list[PriceFacts]:
    """The prices a customer may mean: by id or lookup key, or by the plan's name at the interval; one if it is clear.

    A name matches whole, else as part of the product's (`team` in `Acme Cloud Team`)."""
    exact = [each for each in prices if wanted in (each.id, each.lookup_key)]
    if exact:
        return exact
    words = wanted.casefold().split()
    named = [each for each in prices if each.product_name.casefold().split() == words]
    if not named:
        named = [each for each in prices if _within(words, each.product_name.casefold().split())]
    billed = [each for each in named if each.interval == interval]
    return billed or named


def _within(words: list[str], name: list[str]) -> bool:
    kept = [word for word in words if word not in ("plan", "the", "to", "monthly", "yearly", "annual")]
    return bool(kept) and all(word in name for word in kept)


def _renewal(price: PriceFacts, quantity: int) -> Amount | None:
    if price.unit_amount is None:
        return None
    return amount(type(price.unit_amount)(price.unit_amount.amount * quantity, price.unit_amount.currency))


def _at(date: int) -> datetime:
    return objects.when(date)


def _nothing(note: str, plans: list[PlanAnswer] | None = None, current: str | None = None) -> PreviewAnswer:
    return PreviewAnswer(
        change=None,
        from_plan=current,
        to_plan=None,
        due_now=None,
        renewal=None,
        renews_on=None,
        lines=[],
        plans=plans or [],
        note=note,
    )
