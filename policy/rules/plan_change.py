"""The law of plan changes: the customer pays what was shown, no more, and a stale preview is worth nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from billing.facts import PriceFacts, SubscriptionItemFacts
from billing.money import Money
from policy.actions import ChangePlan
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import PlanChangeCase, given
from policy.law import Law, value_out
from policy.question import Question
from policy.rules.subscriptions import not_found, scheduled, subscription

Q = Question[ChangePlan, PlanChangeCase]

AGAIN = "Preview the change again and show the customer the new figures."


def _item(q: Q) -> SubscriptionItemFacts:
    [item] = subscription(q).items
    return item


def _price(q: Q) -> PriceFacts:
    return given(q.facts.price, "a price")


def _due(q: Q) -> Money:
    return given(q.facts.amount_due, "a preview")


def not_active(q: Q) -> Deny | None:
    current = subscription(q)
    if current.status in ("active", "trialing") and not current.cancel_at_period_end:
        return None
    return Deny(
        "plan.not_active",
        f"The subscription is {current.status}"
        f"{' and set to end' if current.cancel_at_period_end else ''}: settle that first.",
        {"status": current.status, "cancel_at_period_end": current.cancel_at_period_end},
        "An open invoice is paid, or the cancellation is withdrawn.",
        customer_reason="The subscription has to be active and paid before its plan can change.",
        customer_remedy="Once an open invoice is paid, or a cancellation taken back, ask me again.",
    )


def several_items(q: Q) -> Deny | None:
    count = len(subscription(q).items)
    if count == 1:
        return None
    return Deny(
        "plan.several_items",
        f"The subscription has {count} items; which one changes is for a human to say.",
        {"items": count},
        "A colleague changes it in Stripe's dashboard.",
        customer_reason="Your subscription has several parts, so a colleague has to change it.",
    )


def bad_price(q: Q) -> Deny | None:
    price = q.facts.price
    if (
        price is not None
        and price.id == q.action.price
        and price.active
        and price.unit_amount is not None
        and price.interval is not None
    ):
        return None
    return Deny(
        "plan.price",
        "The target is not a price that is for sale.",
        {"price": q.action.price},
        "Name a plan from the list.",
        customer_reason="That plan is not available.",
    )


def same_plan(q: Q) -> Deny | None:
    if _item(q).price != q.action.price:
        return None
    return Deny(
        "plan.same",
        "The subscription is on this price already.",
        {"price": q.action.price},
        "Name another plan.",
        customer_reason="You are on that plan already.",
        customer_remedy="If you want another plan, tell me which one.",
    )


def not_previewed(q: Q) -> Deny | None:
    """Stripe prorates per second: only the previewed second gives the previewed amount."""
    previewed = datetime.fromtimestamp(q.action.proration_date, UTC)
    age = q.now - previewed
    due = q.facts.amount_due
    fresh = timedelta(minutes=-5) <= age <= timedelta(hours=q.limits.plan_change.preview_valid_hours)
    if fresh and due is not None and due.amount == q.action.amount_due:
        return None
    return Deny(
        "plan.preview",
        "The figures are not those of a preview that still holds.",
        {
            "amount_due": q.action.amount_due,
            "previewed_now": due.amount if due is not None else None,
            "age_seconds": int(age.total_seconds()),
        },
        AGAIN,
        customer_reason="The price has to be worked out afresh before I can make the change.",
    )


def unknown_currency(q: Q) -> Deny | None:
    code = _due(q).currency
    if q.currency(code) is not None:
        return None
    return Deny(
        "plan.currency",
        f"No limits are set for {code}.",
        {"currency": code},
        f"Set limits for {code}.",
        customer_reason="A colleague has to handle payments in this currency.",
    )


def over_cap(q: Q) -> NeedsApproval | None:
    due = _due(q)
    cap = q.limits.currency[due.currency].per_charge_to_card
    if due.amount <= cap:
        return None
    return NeedsApproval(
        "plan.cap",
        f"{due} due at once is more than the {Money(cap, due.currency)} that Lee may charge.",
        {"amount": due.amount, "cap": cap},
        "A colleague approves it.",
    )


def shown(q: Q) -> str:
    item, price, due = _item(q), _price(q), _due(q)
    amount = given(price.unit_amount, "an amount of the price")
    if due.amount > 0:
        now = f"{due} is charged now"
    elif due.amount < 0:
        now = f"{-due} is credited to your account"
    else:
        now = "nothing is charged now"
    each = amount if item.quantity == 1 else f"{item.quantity} x {amount}"
    return f"Change from {item.product_name} to {price.product_name}: {now}, then {each} per {price.interval}."


def value(q: Q) -> Money:
    return -_due(q)


def reservations(q: Q) -> tuple[Reservation, ...]:
    credit = value(q)
    return value_out(q, credit) if credit.amount > 0 else ()


def told(q: Q) -> dict[str, FactValue]:
    return {
        "subscription": q.action.subscription,
        "from_price": _item(q).price,
        "to_price": q.action.price,
        "amount_due": _due(q).amount,
        "currency": _due(q).currency,
        "proration_date": q.action.proration_date,
    }


PLAN_CHANGE: Final = Law(
    action=ChangePlan,
    facts=PlanChangeCase,
    denials=(
        not_found("plan.not_found"),
        not_active,
        scheduled("plan.scheduled"),
        several_items,
        bad_price,
        same_plan,
        not_previewed,
        unknown_currency,
    ),
    approvals=(over_cap,),
    shown=shown,
    value=value,
    reservations=reservations,
    confirmation_rule="plan.confirmation",
    allow_rule="plan.confirmed",
    told=told,
)
