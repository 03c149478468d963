"""Findings on payments a bank declined: one per root cause, told from `FailedPayment.cause`."""

from __future__ import annotations

from collections.abc import Iterator

from billing.declines import DeclineClass, classify
from billing.facts import BillingFacts
from billing.failed_payments import FailedPayment, failed_payments
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day


def card_must_not_be_retried(facts: BillingFacts) -> Iterator[Finding]:
    for payment in with_cause(facts, RootCause.CARD_MUST_NOT_BE_RETRIED):
        yield finding_of(
            payment,
            f"The {payment.named} was declined, and {payment.card} can no longer be charged for it.",
            "Please add a different card.",
            RecommendedAction.UPDATE_CARD,
        )


def authentication_required(facts: BillingFacts) -> Iterator[Finding]:
    for payment in with_cause(facts, RootCause.AUTHENTICATION_REQUIRED):
        where = "on the invoice's payment page" if payment.invoice else "at checkout"
        yield finding_of(
            payment,
            f"Your bank wants you to approve the {payment.named} yourself (3-D Secure).",
            f"It goes through once you confirm it {where}.",
            RecommendedAction.COMPLETE_AUTHENTICATION,
            same_card=True,
        )


def card_expired(facts: BillingFacts) -> Iterator[Finding]:
    for payment in with_cause(facts, RootCause.CARD_EXPIRED):
        yield finding_of(
            payment,
            f"The {payment.named} failed because {payment.card} has expired.",
            "Please update the card.",
            RecommendedAction.UPDATE_CARD,
        )


def card_details_incorrect(facts: BillingFacts) -> Iterator[Finding]:
    for payment in with_cause(facts, RootCause.CARD_DETAILS_INCORRECT):
        yield finding_of(
            payment,
            f"The {payment.named} failed because the bank could not match the details of {payment.card}.",
            "Please enter the card again.",
            RecommendedAction.UPDATE_CARD,
        )


def card_declined_insufficient_funds(facts: BillingFacts) -> Iterator[Finding]:
    for payment in with_cause(facts, RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS):
        yield finding_of(
            payment,
            f"Your bank declined the {payment.named} because of the funds or limit available on {payment.card}.",
            _next_try(payment, facts) + "You can also pay now, with this card or another one.",
            RecommendedAction.RETRY_PAYMENT if payment.invoice else RecommendedAction.UPDATE_CARD,
        )


def card_declined_by_bank(facts: BillingFacts) -> Iterator[Finding]:
    """`generic_decline`, `do_not_honor`, `call_issuer` and codes we do not know. The bank's advice says whether the
    same card is worth another try."""
    for payment in with_cause(facts, RootCause.CARD_DECLINED_BY_BANK):
        again = payment.invoice is not None and _may_retry(payment)
        yield finding_of(
            payment,
            f"Your bank declined the {payment.named} with {payment.card} and gave us no reason we could act on.",
            "Another try may work; otherwise please ask your bank, or use a different card."
            if again
            else "Please ask your bank, or use a different card.",
            RecommendedAction.RETRY_PAYMENT if again else RecommendedAction.UPDATE_CARD,
        )


def payment_processing_error(facts: BillingFacts) -> Iterator[Finding]:
    for payment in with_cause(facts, RootCause.PAYMENT_PROCESSING_ERROR):
        yield finding_of(
            payment,
            f"The {payment.named} did not go through because of a temporary problem while it was processed.",
            f"{_next_try(payment, facts)}We know of nothing wrong with {payment.card}; trying again usually works.",
            RecommendedAction.RETRY_PAYMENT if payment.invoice else RecommendedAction.WAIT,
            status=Status.AMBER,
        )


def with_cause(facts: BillingFacts, cause: RootCause) -> Iterator[FailedPayment]:
    """The failed payments that this cause explains."""
    return (payment for payment in failed_payments(facts) if payment.cause is cause)


def _may_retry(payment: FailedPayment) -> bool:
    return payment.decline is not None and classify(payment.decline) in (
        DeclineClass.RETRY_LATER,
        DeclineClass.RETRY_MUCH_LATER,
    )


def _next_try(payment: FailedPayment, facts: BillingFacts) -> str:
    """The announcement of Stripe's own next attempt; empty when none is planned."""
    planned = payment.invoice.next_payment_attempt if payment.invoice else None
    return f"The next automatic attempt is on {day(planned)}. " if planned and planned > facts.as_of else ""


def finding_of(
    payment: FailedPayment,
    what: str,
    remedy: str,
    action: RecommendedAction,
    *,
    status: Status = Status.RED,
    same_card: bool = False,
) -> Finding:
    """The finding on a failed payment.

    A customer who has changed the card since needs no second link: the open invoice is tried on the new one. A one-off
    purchase that failed leaves nothing broken, so it is never worse than amber.
    """
    evidence = payment.evidence
    if payment.replaced_by and payment.invoice and not same_card:
        remedy = f"Your card on file is now the one ending {payment.replaced_by.last4}: the payment can be tried again."
        action = RecommendedAction.RETRY_PAYMENT
        evidence = (*evidence, Evidence("payment_method", payment.replaced_by.id))
    return Finding(status if payment.invoice else Status.AMBER, payment.cause, f"{what} {remedy}", action, evidence)
