"""Findings where the product, its meters and Stripe disagree, or where one of them could not be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from billing.facts import BillingFacts, SubscriptionFacts
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.findings_subscriptions import plan
from billing.granted_plans import FREE, grants, monthly_cost, monthly_price
from billing.money import Money

PROPAGATION: Final = timedelta(hours=1)
"""The product may take this long to follow a payment: a difference younger than that is no fault yet."""

SPIKE_FACTOR: Final = 2
"""Usage of at least this many times the period before is a spike, once it is beyond what the plan includes. Without a
period before, what the plan includes is the measure."""

_SOURCES: Final = {
    "stripe": "your payments and invoices",
    "entitlements": "what your plan unlocks",
    "usage": "your usage",
}


def source_unavailable(facts: BillingFacts) -> Iterator[Finding]:
    if facts.unavailable:
        names = [words for source, words in _SOURCES.items() if source in facts.unavailable]
        listed = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
        yield Finding(
            Status.AMBER,
            RootCause.SOURCE_UNAVAILABLE,
            f"We cannot see {listed} at the moment, so this answer is incomplete.",
            RecommendedAction.TALK_TO_HUMAN if "stripe" in facts.unavailable else RecommendedAction.WAIT,
            tuple(Evidence("source", source) for source in sorted(facts.unavailable)),
        )


def paid_but_locked_out(facts: BillingFacts) -> Iterator[Finding]:
    """A subscription that is paid up while the product withholds it: switched off, locked, or on another plan."""
    access = facts.entitlements
    paid = [subscription for subscription in facts.subscriptions if _paid_up(subscription, facts)]
    if access is None or not paid or _settling(facts):
        return
    wrong_plan = not any(grants(access.plan, subscription) for subscription in paid)
    if access.active and not access.locked_reason and (not wrong_plan or _more_granted(facts, paid)):
        return
    state = "is locked" if not access.active or access.locked_reason else f"still has the {access.plan.title()} plan"
    yield Finding(
        Status.RED,
        RootCause.PAID_BUT_LOCKED_OUT,
        f"Your {plan(paid[0])} subscription is paid, but your workspace {state}. That is our mistake, and a colleague "
        "has to put it right.",
        RecommendedAction.TALK_TO_HUMAN,
        (Evidence("subscription", paid[0].id), Evidence("plan", access.plan)),
        at_stake=monthly_cost(paid[0]),
    )


def plan_over_granted(facts: BillingFacts) -> Iterator[Finding]:
    """The product grants a plan that costs more than what is paid up. At stake: the difference of a month."""
    access = facts.entitlements
    paid = [subscription for subscription in facts.subscriptions if _paid_up(subscription, facts)]
    more = _more_granted(facts, paid)
    if access is None or not access.active or access.locked_reason or more is None or _settling(facts):
        return
    subscription, costs, sold_for = more
    yield Finding(
        Status.AMBER,
        RootCause.PLAN_OVER_GRANTED,
        f"Your workspace has the {access.plan.title()} plan, which is sold for {sold_for} a month, while your "
        f"subscription pays {costs} a month for {plan(subscription)}. A colleague has to settle which of the two is "
        "meant.",
        RecommendedAction.TALK_TO_HUMAN,
        (Evidence("subscription", subscription.id), Evidence("plan", access.plan)),
        at_stake=sold_for - costs,
    )


def unpaid_but_unlocked(facts: BillingFacts) -> Iterator[Finding]:
    """Access to a paid plan without a subscription that stands. A grace period (`past_due`) is not such a case."""
    access = facts.entitlements
    standing = ("active", "trialing", "past_due", "incomplete", "paused")
    if (
        access is not None
        and access.active
        and not access.locked_reason
        and access.plan.casefold() not in FREE
        and not _settling(facts)
        and not any(subscription.status in standing for subscription in facts.subscriptions)
    ):
        yield Finding(
            Status.AMBER,
            RootCause.UNPAID_BUT_UNLOCKED,
            f"Your workspace has the {access.plan.title()} plan, although no subscription pays for it at the moment.",
            RecommendedAction.TALK_TO_HUMAN,
            (Evidence("plan", access.plan), *(Evidence("subscription", one.id) for one in facts.subscriptions)),
            at_stake=monthly_price(facts, access.plan),
        )


def usage_spike(facts: BillingFacts) -> Iterator[Finding]:
    if facts.usage is None:
        return
    for meter in facts.usage.meters:
        usual = meter.previous or meter.included
        if meter.used > meter.included and 0 < SPIKE_FACTOR * usual <= meter.used:
            included = f"{meter.included:,} are included in your plan" if meter.included else "all of them are metered"
            yield Finding(
                Status.AMBER,
                RootCause.USAGE_SPIKE,
                f"You have used {meter.used:,} {_called(meter.meter)} since {day(facts.usage.period_start)}, after "
                f"{meter.previous:,} in the period before; {included}. What goes beyond is billed by usage.",
                RecommendedAction.REVIEW_USAGE,
                (Evidence("meter", meter.meter),),
            )


def _called(meter: str) -> str:
    """`api_requests` → `API requests`."""
    return " ".join("API" if word == "api" else word for word in meter.split("_"))


def _paid_up(subscription: SubscriptionFacts, facts: BillingFacts) -> bool:
    if subscription.status not in ("active", "trialing"):
        return False
    mine = [invoice for invoice in facts.invoices if invoice.subscription == subscription.id]
    return bool(subscription.items) and not any(invoice.status in ("open", "uncollectible") for invoice in mine)


def _more_granted(facts: BillingFacts, paid: list[SubscriptionFacts]) -> tuple[SubscriptionFacts, Money, Money] | None:
    """The dearest of the `paid` subscriptions, what it costs a month, and the higher price of the plan that is granted
    instead; None where that plan is paid for, costs no more, or has no known price."""
    access = facts.entitlements
    costs = [(cost, one) for one in paid if (cost := monthly_cost(one)) is not None]
    if access is None or not costs or any(grants(access.plan, one) for one in paid):
        return None
    cost, subscription = max(costs, key=lambda pair: pair[0].amount)
    item = subscription.items[0]
    unit = monthly_price(facts, access.plan, cost.currency, item.interval)
    sold_for = None if unit is None else Money(unit.amount * item.quantity, unit.currency)
    return (subscription, cost, sold_for) if sold_for is not None and sold_for.amount > cost.amount else None


def _settling(facts: BillingFacts) -> bool:
    """Something was billed, changed, started or ended a moment ago, and the product may not have heard of it yet."""
    moments = [invoice.created for invoice in facts.invoices]
    moments += [subscription.created for subscription in facts.subscriptions]
    moments += [one.ended_at for one in facts.subscriptions if one.ended_at is not None]
    moments += [facts.prorated_at] if facts.prorated_at is not None else []
    return any(facts.as_of - PROPAGATION < moment <= facts.as_of for moment in moments)
