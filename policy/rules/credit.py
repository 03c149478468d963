"""The law of credits towards next invoices: what a customer says proves nothing, so by default a human decides."""

from __future__ import annotations

from typing import Final

from billing.facts import InvoiceFacts
from billing.money import Money
from policy.actions import AccountCredit
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import CreditCase, given
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


def _invoice(q: Q) -> InvoiceFacts | None:
    """The invoice it is for. Raises LookupError when one is named and was not found."""
    return given(q.facts.invoice, "an invoice") if q.action.invoice is not None else None


def not_found(q: Q) -> Deny | None:
    if q.action.invoice is None:
        return None
    found = q.facts.invoice
    if found is not None and (found.id, found.customer) == (q.action.invoice, q.proposal.principal.customer):
        return None
    return Deny(
        "credit.not_found",
        "No such invoice belongs to this customer.",
        {"invoice": q.action.invoice},
        "Name one of this customer's own invoices; list_invoices shows them.",
        customer_reason="I cannot find that invoice on your account.",
    )


def not_billed(q: Q) -> Deny | None:
    invoice = _invoice(q)
    if invoice is None or invoice.status in ("open", "paid", "uncollectible"):
        return None
    return Deny(
        "credit.not_billed",
        f"The invoice is {invoice.status}: nothing was billed with it that a credit could make good.",
        {"invoice": invoice.id, "status": invoice.status},
        "Name the invoice that was billed.",
        customer_reason="Nothing was billed with that invoice, so there is nothing to make good.",
        customer_remedy="If you mean another invoice, tell me which one.",
    )


def more_than_billed(q: Q) -> Deny | None:
    """With what was credited for it before, in whatever case."""
    invoice, credit = _invoice(q), value(q)
    if invoice is None:
        return None
    same = invoice.total.currency == credit.currency
    if same and q.standing.refunded + credit.amount <= invoice.total.amount:
        return None
    return Deny(
        "credit.more_than_billed",
        f"The invoice came to {invoice.total}; credits for it cannot come to more.",
        {"total": invoice.total.amount, "credited_before": q.standing.refunded, "amount": credit.amount},
        "A credit for more than this one invoice is proposed without naming an invoice.",
        customer_reason=f"That invoice came to {invoice.total}, so a colleague has to look at a credit of that size.",
    )


def given_before(q: Q) -> NeedsApproval | None:
    """Two cases about one invoice: the second may be the same matter told again."""
    before = _before(q)
    if before is None:
        return None
    return NeedsApproval(
        "credit.again",
        f"{before} were credited for this invoice before.",
        {"invoice": q.action.invoice, "credited_before": before.amount},
        "A colleague makes sure that this is another matter.",
    )


def _before(q: Q) -> Money | None:
    """Credited for the same invoice before, by the ledger's account; None for nothing."""
    if q.action.invoice is None or q.standing.refunded == 0:
        return None
    return Money(q.standing.refunded, value(q).currency)


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
    """What was credited for the same invoice is part of it: a yes given before that is no yes to a second credit."""
    invoice, before = _invoice(q), _before(q)
    what = "" if invoice is None else f" with invoice {invoice.number or invoice.id}"
    beside = "" if before is None else f" (beside {before} credited for it before)"
    return f"Credit {value(q)} towards the next invoices, {GROUNDS[q.action.grounds]}{what}{beside}."


def value(q: Q) -> Money:
    return Money(q.action.amount, given(q.facts.customer.balance, "a balance").currency)


def reservations(q: Q) -> tuple[Reservation, ...]:
    return value_out(q, value(q))


def told(q: Q) -> dict[str, FactValue]:
    balance = q.facts.customer.balance
    return {
        "amount": q.action.amount,
        "grounds": q.action.grounds,
        "invoice": q.action.invoice,
        "balance": balance.amount if balance else None,
        "currency": balance.currency if balance else None,
    }


CREDIT: Final = Law(
    action=AccountCredit,
    facts=CreditCase,
    denials=(no_currency, unknown_currency, not_found, not_billed, more_than_billed),
    approvals=(given_before, over_cap),
    shown=shown,
    value=value,
    reservations=reservations,
    confirmation_rule=None,
    allow_rule="credit.within_limits",
    told=told,
)
