"""The payments of a customer that failed and are still owed or wanted, with what is known of why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing.cards import paying_card, subscription_of
from billing.declines import AUTHENTICATION, CARD_DATA, DeclineClass, classify, reason
from billing.facts import BillingFacts, ChargeFacts, Decline, InvoiceFacts, PaymentMethodFacts
from billing.findings import Evidence, RootCause, day
from billing.money import Money

RECENT: Final = timedelta(days=30)
"""A failed one-off purchase older than this is no longer what the customer is asking about."""

_FUNDS: Final = frozenset(["insufficient_funds", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"])


@dataclass(frozen=True, slots=True)
class FailedPayment:
    """`invoice` is None for a one-off purchase. `charge` is the failed attempt, where one is known. `replaced_by` is
    the card that would be charged now, if it is not the one that failed."""

    amount: Money
    at: datetime
    decline: Decline | None
    invoice: InvoiceFacts | None
    charge: ChargeFacts | None
    requires_action: bool
    replaced_by: PaymentMethodFacts | None

    @property
    def cause(self) -> RootCause:
        """Exactly one root cause for every failed payment."""
        if self.requires_action:
            return RootCause.AUTHENTICATION_REQUIRED
        if self.decline is not None:
            return cause_of(self.decline)
        # A try that made no charge had nothing to charge.
        tried_in_vain = self.invoice is not None and not self.invoice.charges
        return RootCause.NO_PAYMENT_METHOD if tried_in_vain else RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN

    @property
    def named(self) -> str:
        """`payment of $20.00 for invoice ACME-0004 on 3 November 2026`."""
        number = f" for invoice {self.invoice.number}" if self.invoice and self.invoice.number else ""
        return f"payment of {self.amount}{number} on {day(self.at)}"

    @property
    def card(self) -> str:
        """`your card ending 4242`, or `your card`."""
        return f"your card ending {self.charge.last4}" if self.charge and self.charge.last4 else "your card"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The decline's code is left out when it must not be told: a model may repeat what it reads."""
        found: list[Evidence] = []
        if self.invoice:
            found.append(Evidence("invoice", self.invoice.id))
        if self.charge:
            found.append(Evidence("charge", self.charge.id))
        if self.decline:
            kind = classify(self.decline)
            found.append(Evidence("decline_class", kind.value))
            if kind is not DeclineClass.NEVER_RETRY:
                found.append(Evidence("decline_code", reason(self.decline)))
        return tuple(found)


def cause_of(decline: Decline) -> RootCause:
    """The root cause that names this decline; unknown codes are the bank's."""
    why = reason(decline)
    kind = classify(decline)
    if kind is DeclineClass.NEVER_RETRY:
        return RootCause.CARD_MUST_NOT_BE_RETRIED
    if why in AUTHENTICATION or decline.code in AUTHENTICATION:
        return RootCause.AUTHENTICATION_REQUIRED
    if why == "expired_card":
        return RootCause.CARD_EXPIRED
    if why in CARD_DATA or decline.advice_code == "confirm_card_data":
        return RootCause.CARD_DETAILS_INCORRECT
    if why in _FUNDS:
        return RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS
    if why in ("processing_error", "issuer_not_available", "reenter_transaction", "try_again_later"):
        return RootCause.PAYMENT_PROCESSING_ERROR
    return RootCause.CARD_DECLINED_BY_BANK


def failed_payments(facts: BillingFacts) -> tuple[FailedPayment, ...]:
    """Open invoices whose payment was tried, then recent one-off purchases that were tried and never made."""
    return (*_invoices(facts), *_one_offs(facts))


def _invoices(facts: BillingFacts) -> list[FailedPayment]:
    failed: list[FailedPayment] = []
    for invoice in facts.invoices:
        tried = invoice.last_decline is not None or invoice.requires_action or _tried(invoice)
        if invoice.status != "open" or invoice.amount_remaining.amount <= 0 or not tried:
            continue
        attempts = [charge for charge in facts.charges if charge.id in invoice.charges and charge.status == "failed"]
        charge = max(attempts, key=lambda attempt: attempt.created, default=None)
        card = paying_card(facts, subscription_of(facts, invoice.subscription))
        failed.append(
            FailedPayment(
                amount=invoice.amount_remaining,
                at=charge.created if charge else invoice.created,
                decline=invoice.last_decline or (charge.decline if charge else None),
                invoice=invoice,
                charge=charge,
                requires_action=invoice.requires_action,
                replaced_by=card if card and (charge is None or charge.last4 not in (None, card.last4)) else None,
            )
        )
    return failed


def _tried(invoice: InvoiceFacts) -> bool:
    """Attempts count only where Stripe charges by itself: an invoice sent by mail has a due date instead."""
    return invoice.attempt_count > 0 and invoice.due_date is None


def _one_offs(facts: BillingFacts) -> list[FailedPayment]:
    failed: list[FailedPayment] = []
    billed = {id_ for invoice in facts.invoices for id_ in invoice.charges}
    seen: set[str] = set()
    for charge in sorted(facts.charges, key=lambda attempt: attempt.created, reverse=True):
        if charge.status != "failed" or charge.invoice is not None or charge.id in billed:
            continue
        purchase = charge.order or charge.payment_intent or charge.id
        if purchase in seen or facts.as_of - charge.created > RECENT or _made_since(charge, facts):
            continue
        seen.add(purchase)
        failed.append(FailedPayment(charge.amount, charge.created, charge.decline, None, charge, False, None))
    return failed


def _made_since(failed: ChargeFacts, facts: BillingFacts) -> bool:
    """Whether the purchase went through after all: a later payment of the same intent, order or amount."""
    return any(
        charge.status == "succeeded"
        and charge.created >= failed.created
        and (
            charge.amount == failed.amount
            or (failed.order is not None and charge.order == failed.order)
            or (failed.payment_intent is not None and charge.payment_intent == failed.payment_intent)
        )
        for charge in facts.charges
    )
