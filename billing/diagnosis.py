"""What is wrong with a customer's billing, if anything: `diagnose(facts) -> Diagnosis`.

`FINDERS` is the index: one root cause, one finder, in the order in which findings of equal status are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from billing.facts import BillingFacts
from billing.findings import Evidence, Finder, Finding, RecommendedAction, RootCause, Status
from billing.findings_access import (
    paid_but_locked_out,
    plan_over_granted,
    source_unavailable,
    unpaid_but_unlocked,
    usage_spike,
)
from billing.findings_accounts import duplicate_subscription, enterprise_account, renewed_recently_yearly
from billing.findings_charges import (
    charge_disputed,
    duplicate_charge,
    refund_failed,
    refund_pending,
    refunded_already,
)
from billing.findings_checkouts import checkout_link_expired
from billing.findings_invoices import (
    customer_credit,
    invoice_due,
    invoice_overdue,
    invoice_uncollectible,
    mid_cycle_upgrade_proration,
    payment_link_expired,
)
from billing.findings_payments import (
    authentication_required,
    card_declined_by_bank,
    card_declined_insufficient_funds,
    card_details_incorrect,
    card_expired,
    card_must_not_be_retried,
    payment_processing_error,
)
from billing.findings_prices import discount_ended, tax_id_missing, tax_id_unverified
from billing.findings_subscriptions import (
    cancellation_scheduled,
    card_expires_before_renewal,
    first_payment_incomplete,
    scheduled_plan_change,
    subscription_canceled_unpaid,
    subscription_ended,
    subscription_paused,
    trial_ending_without_card,
)
from billing.findings_unpaid import no_payment_method, payment_failed_cause_unknown
from billing.findings_usage import metered_overage_billed, usage_billed_differs
from billing.money import Money

__all__ = ["FINDERS", "Diagnosis", "Evidence", "Finding", "RecommendedAction", "RootCause", "Status", "diagnose"]

FINDERS: Final[tuple[tuple[RootCause, Finder], ...]] = (
    (RootCause.SOURCE_UNAVAILABLE, source_unavailable),
    (RootCause.SUBSCRIPTION_CANCELED_UNPAID, subscription_canceled_unpaid),  # paying an old invoice revives nothing
    (RootCause.CARD_MUST_NOT_BE_RETRIED, card_must_not_be_retried),
    (RootCause.AUTHENTICATION_REQUIRED, authentication_required),
    (RootCause.CARD_EXPIRED, card_expired),
    (RootCause.CARD_DETAILS_INCORRECT, card_details_incorrect),
    (RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS, card_declined_insufficient_funds),
    (RootCause.CARD_DECLINED_BY_BANK, card_declined_by_bank),
    (RootCause.NO_PAYMENT_METHOD, no_payment_method),
    (RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN, payment_failed_cause_unknown),
    (RootCause.PAYMENT_PROCESSING_ERROR, payment_processing_error),
    (RootCause.FIRST_PAYMENT_INCOMPLETE, first_payment_incomplete),
    (RootCause.PAYMENT_LINK_EXPIRED, payment_link_expired),
    (RootCause.INVOICE_OVERDUE, invoice_overdue),
    (RootCause.INVOICE_UNCOLLECTIBLE, invoice_uncollectible),
    (RootCause.PAID_BUT_LOCKED_OUT, paid_but_locked_out),
    (RootCause.CHARGE_DISPUTED, charge_disputed),
    (RootCause.REFUND_FAILED, refund_failed),
    (RootCause.DUPLICATE_CHARGE, duplicate_charge),
    (RootCause.DUPLICATE_SUBSCRIPTION, duplicate_subscription),
    (RootCause.USAGE_BILLED_DIFFERS, usage_billed_differs),
    (RootCause.USAGE_SPIKE, usage_spike),
    (RootCause.TRIAL_ENDING_WITHOUT_CARD, trial_ending_without_card),
    (RootCause.CARD_EXPIRES_BEFORE_RENEWAL, card_expires_before_renewal),
    (RootCause.SUBSCRIPTION_PAUSED, subscription_paused),
    (RootCause.CHECKOUT_LINK_EXPIRED, checkout_link_expired),
    (RootCause.TAX_ID_UNVERIFIED, tax_id_unverified),
    (RootCause.CANCELLATION_SCHEDULED, cancellation_scheduled),
    (RootCause.UNPAID_BUT_UNLOCKED, unpaid_but_unlocked),
    (RootCause.PLAN_OVER_GRANTED, plan_over_granted),
    (RootCause.SUBSCRIPTION_ENDED, subscription_ended),
    (RootCause.REFUND_PENDING, refund_pending),
    (RootCause.REFUNDED_ALREADY, refunded_already),
    (RootCause.INVOICE_DUE, invoice_due),  # what is to be paid comes before why it is that much
    (RootCause.MID_CYCLE_UPGRADE_PRORATION, mid_cycle_upgrade_proration),
    (RootCause.SCHEDULED_PLAN_CHANGE, scheduled_plan_change),
    (RootCause.DISCOUNT_ENDED, discount_ended),
    (RootCause.METERED_OVERAGE_BILLED, metered_overage_billed),
    (RootCause.CUSTOMER_CREDIT, customer_credit),
    (RootCause.RENEWED_RECENTLY_YEARLY, renewed_recently_yearly),
    (RootCause.ENTERPRISE_ACCOUNT, enterprise_account),
    (RootCause.TAX_ID_MISSING, tax_id_missing),
)

_SEVERITY: Final = {Status.RED: 0, Status.AMBER: 1, Status.GREEN: 2}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The gravest finding, spread out, and the others after it in order of severity in `also`."""

    status: Status
    root_cause: RootCause
    explanation: str
    recommended_action: RecommendedAction
    self_serve_eligible: bool
    evidence: tuple[Evidence, ...]
    also: tuple[Finding, ...]
    at_stake: Money | None = None


def diagnose(facts: BillingFacts) -> Diagnosis:
    """Judge one customer's facts. Pure: the same facts give the same diagnosis, and any facts give one.

    Without Stripe nothing but that is said: its part of the facts is empty, and from absent facts nothing follows.
    """
    if "stripe" in facts.unavailable:
        first, also = next(source_unavailable(facts)), ()
    else:
        found = [finding for _, find in FINDERS for finding in find(facts)]
        ranked = sorted(
            found, key=lambda finding: _SEVERITY[finding.status]
        )  # stable: the table's order within a status
        first, also = (ranked[0], tuple(ranked[1:])) if ranked else (_healthy(facts), ())
    return Diagnosis(
        status=first.status,
        root_cause=first.root_cause,
        explanation=first.explanation,
        recommended_action=first.recommended_action,
        self_serve_eligible=first.self_serve_eligible,
        evidence=first.evidence,
        also=also,
        at_stake=first.at_stake,
    )


def _healthy(facts: BillingFacts) -> Finding:
    return Finding(
        Status.GREEN,
        RootCause.HEALTHY,
        "Everything looks fine: no payment has failed or is overdue, and your plan is active."
        if any(subscription.status in ("active", "trialing") for subscription in facts.subscriptions)
        else "Everything looks fine: no payment has failed or is overdue.",
        RecommendedAction.NONE,
        (Evidence("customer", facts.customer.id),),
    )
