"""Starting a paused subscription again: its first period is charged at once, so what a retried payment asks is asked
here too. Each rule is silent about a subscription that is not paused."""

from __future__ import annotations

from typing import Final

from billing.cards import expires
from billing.facts import PaymentMethodFacts
from billing.money import Money
from policy.actions import ResumeSubscription
from policy.decisions import Deny, FactValue, NeedsApproval
from policy.facts import ResumeCase, given
from policy.question import Question
from policy.rules.subscriptions import subscription

Q = Question[ResumeSubscription, ResumeCase]

ADD_A_CARD: Final = "The customer saves a valid card: propose card_update_link."


def is_paused(q: Q) -> bool:
    return subscription(q).status == "paused"


def due(q: Q) -> Money:
    """What Stripe would charge now. Raises LookupError when it was not previewed."""
    return given(q.facts.due, "a preview")


def card(q: Q) -> PaymentMethodFacts:
    return given(q.facts.payment_method, "a card")


def set_to_end(q: Q) -> Deny | None:
    current = subscription(q)
    if not is_paused(q) or (current.cancel_at is None and not current.cancel_at_period_end):
        return None
    return Deny(
        "resume.paused_and_ending",
        "The subscription is paused and set to end: starting it would charge for what ends anyway.",
        {"cancel_at_period_end": current.cancel_at_period_end},
        "A colleague takes the end back first.",
        customer_reason="That subscription is set to end as well, so a colleague has to start it again.",
    )


def being_started(q: Q) -> Deny | None:
    """docs.stripe.com/api/subscriptions/resume: until its invoice is paid or voided, it is being resumed already."""
    if not is_paused(q) or q.facts.open_invoice is None:
        return None
    return Deny(
        "resume.invoice_open",
        "An invoice of this subscription is open: when it is paid, the subscription starts.",
        {"invoice": q.facts.open_invoice},
        f"Propose retry_payment for {q.facts.open_invoice}.",
        customer_reason="An invoice for that subscription is open already; it starts again when that is paid.",
        customer_remedy="Nothing else is needed.",
    )


def no_card(q: Q) -> Deny | None:
    if not is_paused(q) or q.facts.payment_method is not None:
        return None
    return Deny(
        "resume.no_card",
        "There is no saved card of this customer to charge.",
        {"payment_method": None},
        ADD_A_CARD,
        customer_reason="There is no card on file that I could charge; with one, your subscription can start again.",
        customer_remedy="Once a card is saved, ask me again.",
    )


def expired_card(q: Q) -> Deny | None:
    if not is_paused(q):
        return None
    held = card(q)
    if (end := expires(held)) is not None and q.now < end:
        return None
    return Deny(
        "resume.card_expired",
        f"The card ending {held.last4} expired {held.exp_month:02d}/{held.exp_year}.",
        {"exp_month": held.exp_month, "exp_year": held.exp_year},
        ADD_A_CARD,
        customer_reason=f"The card ending {held.last4} has expired; with another, your subscription can start again.",
        customer_remedy="Once that card is saved, ask me again.",
    )


def not_previewed(q: Q) -> Deny | None:
    if not is_paused(q) or (q.facts.due is not None and q.facts.due.amount >= 0):
        return None
    return Deny(
        "resume.no_preview",
        "Stripe did not say what starting again would cost.",
        {"due": None if q.facts.due is None else q.facts.due.amount},
        "A colleague starts it in Stripe's dashboard.",
        customer_reason="I cannot work out what starting again would cost, so a colleague has to look at it.",
    )


def unknown_currency(q: Q) -> Deny | None:
    if not is_paused(q) or q.currency(due(q).currency) is not None:
        return None
    code = due(q).currency
    return Deny(
        "resume.currency",
        f"No limits are set for {code}.",
        {"currency": code},
        f"Set limits for {code}.",
        customer_reason="A colleague has to handle payments in this currency.",
    )


DENIALS: Final = (set_to_end, being_started, no_card, expired_card, not_previewed, unknown_currency)


def over_cap(q: Q) -> NeedsApproval | None:
    if not is_paused(q):
        return None
    amount = due(q)
    cap = q.limits.currency[amount.currency].per_charge_to_card
    if amount.amount <= cap:
        return None
    return NeedsApproval(
        "resume.cap",
        f"{amount} is more than the {Money(cap, amount.currency)} that Lee may charge at once.",
        {"amount": amount.amount, "cap": cap},
        "A colleague approves it.",
    )


def shown(q: Q, name: str, cost: str) -> str:
    """`cost`: ` at $60.00 a month`, or nothing where a price has no amount of its own."""
    held = card(q)
    charged = f"{due(q)} is charged now to the {held.brand} card ending {held.last4}"
    return f"Start {name} again: {charged}, and it renews{cost}."


def told(q: Q) -> dict[str, FactValue]:
    return {"due": due(q).amount, "currency": due(q).currency, "card": card(q).id} if is_paused(q) else {}
