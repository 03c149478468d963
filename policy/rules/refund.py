"""The law of refunds (docs.stripe.com/refunds): never more than the charge, inside the window and the budgets."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from billing.facts import ChargeFacts
from billing.money import Money
from billing.twins import same_purchase
from policy.actions import Refund
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import RefundCase, given
from policy.law import Law, value_out
from policy.question import Question
from policy.shown import day, ending

Q = Question[Refund, RefundCase]


def _charge(q: Q) -> ChargeFacts:
    return given(q.facts.charge, "a charge")


def already_refunded(q: Q) -> int:
    """Minor units; the larger of Stripe and ledger: a human may have refunded in the dashboard, and Stripe may lag."""
    charge = _charge(q)
    return max((charge.amount - charge.refundable).amount, q.standing.refunded)


def left(q: Q) -> Money:
    charge = _charge(q)
    return Money(charge.amount.amount - already_refunded(q), charge.amount.currency)


def amount(q: Q) -> Money:
    """What would be refunded: the amount asked for, or all that is left."""
    rest = left(q)
    return rest if q.action.amount is None else Money(q.action.amount, rest.currency)


def age(q: Q) -> timedelta:
    return q.now - _charge(q).created


def not_found(q: Q) -> Deny | None:
    charge = q.facts.charge
    if charge is not None and (charge.id, charge.customer) == (q.action.charge, q.proposal.principal.customer):
        return None
    return Deny(
        "refund.not_found",
        "No such charge belongs to this customer.",
        {"charge": q.action.charge},
        "Name one of this customer's own charges; list_charges shows them.",
        customer_reason="I cannot find that charge on your account.",
    )


def not_paid(q: Q) -> Deny | None:
    charge = _charge(q)
    if charge.status == "succeeded" and charge.captured:
        return None
    return Deny(
        "refund.not_paid",
        f"The charge is {charge.status}: nothing was collected that could be returned.",
        {"status": charge.status, "captured": charge.captured},
        "The payment succeeds, or is captured.",
        customer_reason="That payment was not completed, so there is nothing to refund.",
        customer_remedy="If it goes through after all, you can ask me again.",
    )


def disputed(q: Q) -> Deny | None:
    if not _charge(q).disputed:
        return None
    return Deny(
        "refund.disputed",
        "The charge is disputed; the bank decides, and refunding as well would pay twice.",
        {"disputed": True},
        "The dispute is closed in the customer's favour or withdrawn.",
        customer_reason="Your bank is already looking into this charge, so it is settled through them.",
    )


def nothing_left(q: Q) -> Deny | None:
    rest = left(q)
    if rest.amount > 0:
        return None
    return Deny(
        "refund.nothing_left",
        "The charge has been refunded in full already.",
        {"charge_amount": _charge(q).amount.amount, "refunded": already_refunded(q)},
        "Look at where the earlier refund is.",
        customer_reason="That charge has already been refunded in full.",
        customer_remedy="If you mean another payment, tell me which one.",
    )


def more_than_left(q: Q) -> Deny | None:
    asked, rest = amount(q), left(q)
    if asked <= rest:
        return None
    return Deny(
        "refund.more_than_left",
        f"{asked} is more than the {rest} that is left of the charge.",
        {"amount": asked.amount, "left": rest.amount},
        f"Ask for {rest} or less.",
        customer_reason=f"At most {rest} of that charge can be refunded.",
        customer_remedy=f"If {rest} or less is what you want back, tell me.",
    )


def unknown_currency(q: Q) -> Deny | None:
    code = _charge(q).amount.currency
    if q.currency(code) is not None:
        return None
    return Deny(
        "refund.currency",
        f"No limits are set for {code}.",
        {"currency": code},
        f"Set limits for {code}.",
        customer_reason="A colleague has to handle refunds in this currency.",
    )


def in_the_future(q: Q) -> Deny | None:
    if age(q) >= timedelta(minutes=-5):
        return None
    return Deny(
        "refund.clock",
        "The charge is dated in the future: a clock is wrong.",
        {"created": _charge(q).created.isoformat()},
        "The clocks are set right.",
        customer_reason="A colleague has to look at this charge.",
    )


def not_duplicate(q: Q) -> Deny | None:
    if q.action.grounds != "duplicate":
        return None
    other = q.facts.duplicate_of
    if (
        other is not None
        and other.id == q.action.duplicate_of
        and q.standing.twin_refunded == 0
        and same_purchase(_charge(q), other)
    ):
        return None
    return Deny(
        "refund.not_duplicate",
        "The two charges are not the same purchase: reference, amount or day differ, or one no longer stands.",
        {"charge": q.action.charge, "duplicate_of": q.action.duplicate_of},
        "Two standing charges for the same order or invoice within 24 hours.",
        customer_reason="Those two charges are for two different purchases, so neither is a duplicate.",
    )


def too_old(q: Q) -> NeedsApproval | None:
    duplicate = q.action.grounds == "duplicate"
    days = q.limits.refund.duplicate_window_days if duplicate else q.limits.refund.request_window_days
    if age(q) <= timedelta(days=days):
        return None
    return NeedsApproval(
        "refund.window",
        f"The charge is {age(q).days} days old; Lee may refund within {days} days.",
        {"age_days": age(q).days, "window_days": days},
        "A colleague approves it.",
    )


def second_in_case(q: Q) -> NeedsApproval | None:
    if q.standing.settled_in_case == 0:
        return None
    return NeedsApproval(
        "refund.second_in_case",
        "This charge was already refunded once in this case.",
        {"refunds_in_case": q.standing.settled_in_case},
        "A colleague makes sure that a second refund is meant, and approves it.",
    )


def risky(q: Q) -> NeedsApproval | None:
    risk = _charge(q).risk_level
    if not q.facts.disputes and risk in (None, "normal", "not_assessed"):
        return None
    return NeedsApproval(
        "refund.risk",
        "The customer has disputed a charge, or Stripe rates this one as risky.",
        {"disputes": len(q.facts.disputes), "risk_level": risk},
        "A colleague looks at the disputes and the rating in Stripe's dashboard, and approves it.",
    )


def over_cap(q: Q) -> NeedsApproval | None:
    asked = amount(q)
    cap = q.limits.currency[asked.currency].per_refund
    if asked.amount <= cap:
        return None
    return NeedsApproval(
        "refund.cap",
        f"{asked} is more than the {Money(cap, asked.currency)} that Lee may refund at once.",
        {"amount": asked.amount, "cap": cap},
        f"A colleague approves it; {Money(cap, asked.currency)} or less Lee may refund without one.",
    )


def shown(q: Q) -> str:
    charge = _charge(q)
    return f"Refund {amount(q)} of the charge of {charge.amount} on {day(charge.created)}{ending(charge.last4)}."


def reservations(q: Q) -> tuple[Reservation, ...]:
    count = Reservation(
        f"refunds:{q.proposal.principal.customer}:{q.month}",
        1,
        q.limits.refund.refunds_per_customer_month,
        "refund.count",
        "This customer has had as many refunds this month as Lee may give.",
    )
    return (*value_out(q, amount(q)), count)


def told(q: Q) -> dict[str, FactValue]:
    charge = _charge(q)
    return {
        "charge": charge.id,
        "charge_amount": charge.amount.amount,
        "currency": charge.amount.currency,
        "refunded_before": already_refunded(q),
        "amount": amount(q).amount,
        "age_days": age(q).days,
        "grounds": q.action.grounds,
    }


REFUND: Final = Law(
    action=Refund,
    facts=RefundCase,
    denials=(
        not_found,
        not_paid,
        disputed,
        in_the_future,
        nothing_left,
        more_than_left,
        unknown_currency,
        not_duplicate,
    ),
    approvals=(second_in_case, risky, too_old, over_cap),
    shown=shown,
    value=amount,
    reservations=reservations,
    confirmation_rule=None,
    allow_rule="refund.within_limits",
    told=told,
)
