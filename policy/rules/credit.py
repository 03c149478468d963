"""The law of credits towards next invoices: what a customer says proves nothing, so by default a human decides."""

from __future__ import annotations

from typing import Final

from billing.money import Money
from policy.actions import AccountCredit
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import CreditCase
from policy.law import Law, value_out
from policy.question import Question

Q = Question[AccountCredit, CreditCase]

GROUNDS: Final = {
    "service_outage": "for an outage",
    "billing_error": "for a mistake in billing",
    "goodwill": "as goodwill",
}


def no_currency(q: Q) -> Deny | None:
    """Before a first invoice a balance has no currency (docs.stripe.com/billing/customer/balance)."""
    if q.facts.customer.balance is not None:
        return None
    return Deny(
        "credit.no_currency",
        "The customer has no currency yet: nothing was ever billed.",
        {"balance": None},
        "A first invoice settles the currency.",
        customer_reason="There is no invoice on your account yet that a credit could go towards.",
    )


def unknown_currency(q: Q) -> Deny | None:
    code = value(q).currency
    if q.currency(code) is not None:
        return None
    return Deny(
        "credit.currency",
        f"No limits are set for {code}.",
        {"currency": code},
        f"Set limits for {code}.",
        customer_reason="A colleague has to handle credits in this currency.",
    )


def over_cap(q: Q) -> NeedsApproval | None:
    credit = value(q)
    cap = q.limits.currency[credit.currency].per_credit
    if credit.amount <= cap:
        return None
    return NeedsApproval(
        "credit.cap",
        f"{credit} is more than the {Money(cap, credit.currency)} that Lee may credit alone.",
        {"amount": credit.amount, "cap": cap},
        "A colleague looks at what happened.",
    )


def shown(q: Q) -> str:
    return f"Credit {value(q)} towards the next invoices, {GROUNDS[q.action.grounds]}."


def value(q: Q) -> Money:
    balance = q.facts.customer.balance
    if balance is None:
        raise LookupError("asked about a customer without a currency")
    return Money(q.action.amount, balance.currency)


def reservations(q: Q) -> tuple[Reservation, ...]:
    return value_out(q, value(q))


def told(q: Q) -> dict[str, FactValue]:
    balance = q.facts.customer.balance
    return {
        "amount": q.action.amount,
        "grounds": q.action.grounds,
        "balance": balance.amount if balance else None,
        "currency": balance.currency if balance else None,
    }


CREDIT: Final = Law(
    action=AccountCredit,
    facts=CreditCase,
    denials=(no_currency, unknown_currency),
    approvals=(over_cap,),
    shown=shown,
    value=value,
    reservations=reservations,
    confirmation_rule=None,
    allow_rule="credit.within_limits",
    told=told,
)
