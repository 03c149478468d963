"""The law of charging an open invoice again: only with the customer's yes, never a card that said never."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from billing.cards import expires
from billing.declines import AUTHENTICATION, CARD_DATA, DeclineClass, classify, reason
from billing.facts import Decline, InvoiceFacts, PaymentMethodFacts
from billing.money import Money
from policy.actions import RetryPayment
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import RetryCase, given
from policy.law import Law
from policy.question import Question

Q = Question[RetryPayment, RetryCase]

OTHER_CARD = "Add another card, then try again."


def _invoice(q: Q) -> InvoiceFacts:
    return given(q.facts.invoice, "an invoice")


def _card(q: Q) -> PaymentMethodFacts:
    return given(q.facts.payment_method, "a card")


def not_found(q: Q) -> Deny | None:
    invoice = q.facts.invoice
    if invoice is not None and (invoice.id, invoice.customer) == (q.action.invoice, q.proposal.principal.customer):
        return None
    return Deny(
        "retry.not_found",
        "No such invoice belongs to this customer.",
        {"invoice": q.action.invoice},
        "Name one of this customer's own invoices; list_invoices shows them.",
        customer_reason="I cannot find that invoice on your account.",
    )


def not_open(q: Q) -> Deny | None:
    invoice = _invoice(q)
    if invoice.status == "open" and invoice.amount_remaining.amount > 0:
        return None
    return Deny(
        "retry.not_open",
        f"The invoice is {invoice.status} with {invoice.amount_remaining} remaining: nothing is to be collected.",
        {"status": invoice.status, "remaining": invoice.amount_remaining.amount},
        "Another invoice is open.",
        customer_reason="There is nothing left to pay on that invoice.",
        customer_remedy="If you mean another invoice, tell me which one.",
    )


def unknown_currency(q: Q) -> Deny | None:
    code = _invoice(q).amount_remaining.currency
    if q.currency(code) is not None:
        return None
    return Deny(
        "retry.currency",
        f"No limits are set for {code}.",
        {"currency": code},
        f"Set limits for {code}.",
        customer_reason="A colleague has to handle payments in this currency.",
    )


def no_card(q: Q) -> Deny | None:
    card = q.facts.payment_method
    if card is not None and q.action.payment_method in (None, card.id):
        return None
    return Deny(
        "retry.no_card",
        "There is no such saved payment method of this customer to charge.",
        {"payment_method": q.action.payment_method},
        OTHER_CARD,
        customer_reason="There is no card on file that I could charge.",
        customer_remedy="With a card on file, or on the invoice's own page, the invoice can be paid.",
    )


def expired_card(q: Q) -> Deny | None:
    card = _card(q)
    if (end := expires(card)) is not None and q.now < end:
        return None
    return Deny(
        "retry.card_expired",
        f"The card ending {card.last4} expired {card.exp_month:02d}/{card.exp_year}.",
        {"exp_month": card.exp_month, "exp_year": card.exp_year},
        OTHER_CARD,
        customer_reason=f"The card ending {card.last4} has expired.",
        customer_remedy="With another card, the invoice can be paid.",
    )


def hopeless_card(q: Q) -> Deny | None:
    """The card that was declined, tried again, although the decline says it must not be or cannot work."""
    invoice = _invoice(q)
    decline = invoice.last_decline
    if invoice.last_payment_method is not None and invoice.last_payment_method != _card(q).id:
        return None
    if not invoice.requires_action and (decline is None or not _final(decline)):
        return None
    why = reason(decline) if decline is not None else "authentication_required"
    return Deny(
        "retry.same_card",
        f"The bank's last answer was {why}: charging this card again cannot work or is not allowed.",
        {
            "decline": why,
            "class": classify(decline).value if decline is not None else None,
            "requires_action": invoice.requires_action,
        },
        "The customer approves the payment on its link, or uses another card.",
        customer_reason="Your bank will not accept another automatic try on this card; "
        "the payment link or another card will work.",
        customer_remedy="Once another card is saved, ask me again.",
    )


def _final(decline: Decline) -> bool:
    """The same card, tried again unchanged, must not be charged or cannot succeed."""
    codes = {decline.code, reason(decline)}
    return classify(decline) is DeclineClass.NEVER_RETRY or bool(codes & (AUTHENTICATION | CARD_DATA))


def over_cap(q: Q) -> NeedsApproval | None:
    due = _invoice(q).amount_remaining
    cap = q.limits.currency[due.currency].per_charge_to_card
    if due.amount <= cap:
        return None
    return NeedsApproval(
        "retry.cap",
        f"{due} is more than the {Money(cap, due.currency)} that Lee may charge at once.",
        {"amount": due.amount, "cap": cap},
        "A colleague approves it, or the customer pays on the invoice's own page.",
    )


def shown(q: Q) -> str:
    invoice, card = _invoice(q), _card(q)
    return (
        f"Charge {invoice.amount_remaining} for invoice {invoice.number or invoice.id} "
        f"to the {card.brand} card ending {card.last4}."
    )


def sent(q: Q) -> RetryPayment:
    """With the card that was shown: the default may be another one by the time Stripe would look it up."""
    return q.action.model_copy(update={"payment_method": _card(q).id})


def value(q: Q) -> Money:
    return -_invoice(q).amount_remaining


def reservations(q: Q) -> tuple[Reservation, ...]:
    return (
        Reservation(
            f"retries:{q.action.invoice}:{q.day}",
            1,
            q.limits.retry.attempts_per_invoice_day,
            "retry.count",
            "This invoice was tried as often today as Lee may try it.",
            per_try=True,
        ),
    )


def told(q: Q) -> dict[str, FactValue]:
    invoice, card = _invoice(q), _card(q)
    return {
        "invoice": invoice.id,
        "remaining": invoice.amount_remaining.amount,
        "currency": invoice.amount_remaining.currency,
        "attempt_count": invoice.attempt_count,
        "card": card.id,
        "next_payment_attempt": _iso(invoice.next_payment_attempt),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


RETRY: Final = Law(
    action=RetryPayment,
    facts=RetryCase,
    denials=(not_found, not_open, unknown_currency, no_card, expired_card, hopeless_card),
    approvals=(over_cap,),
    shown=shown,
    value=value,
    reservations=reservations,
    confirmation_rule="retry.confirmation",
    allow_rule="retry.confirmed",
    told=told,
    sent=sent,
)
