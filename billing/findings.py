"""The words of a diagnosis: status, root cause, recommended action, and the finding that ties them to evidence.

A finding's explanation is read by the customer. It is built from facts only, and never repeats why a bank blocked a
card or disputed a payment (docs.stripe.com/declines/codes: such reasons are not to be told to the customer).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from billing.facts import BillingFacts
from billing.money import Money


class Status(StrEnum):
    GREEN = "green"  # nothing to do
    AMBER = "amber"  # something to look at, or not everything could be seen
    RED = "red"  # a payment, a subscription or access is broken now


class RootCause(StrEnum):
    SOURCE_UNAVAILABLE = "source_unavailable"
    CARD_MUST_NOT_BE_RETRIED = "card_must_not_be_retried"
    AUTHENTICATION_REQUIRED = "authentication_required"
    CARD_EXPIRED = "card_expired"
    CARD_DETAILS_INCORRECT = "card_details_incorrect"
    CARD_DECLINED_INSUFFICIENT_FUNDS = "card_declined_insufficient_funds"
    CARD_DECLINED_BY_BANK = "card_declined_by_bank"
    PAYMENT_PROCESSING_ERROR = "payment_processing_error"
    NO_PAYMENT_METHOD = "no_payment_method"
    PAYMENT_FAILED_CAUSE_UNKNOWN = "payment_failed_cause_unknown"
    FIRST_PAYMENT_INCOMPLETE = "first_payment_incomplete"
    PAYMENT_LINK_EXPIRED = "payment_link_expired"
    INVOICE_OVERDUE = "invoice_overdue"
    INVOICE_UNCOLLECTIBLE = "invoice_uncollectible"
    SUBSCRIPTION_CANCELED_UNPAID = "subscription_canceled_unpaid"
    PAID_BUT_LOCKED_OUT = "paid_but_locked_out"
    CHARGE_DISPUTED = "charge_disputed"
    REFUND_FAILED = "refund_failed"
    DUPLICATE_CHARGE = "duplicate_charge"
    USAGE_SPIKE = "usage_spike"
    TRIAL_ENDING_WITHOUT_CARD = "trial_ending_without_card"
    CARD_EXPIRES_BEFORE_RENEWAL = "card_expires_before_renewal"
    SUBSCRIPTION_PAUSED = "subscription_paused"
    CANCELLATION_SCHEDULED = "cancellation_scheduled"
    SCHEDULED_PLAN_CHANGE = "scheduled_plan_change"
    UNPAID_BUT_UNLOCKED = "unpaid_but_unlocked"
    PLAN_OVER_GRANTED = "plan_over_granted"
    SUBSCRIPTION_ENDED = "subscription_ended"
    REFUND_PENDING = "refund_pending"
    REFUNDED_ALREADY = "refunded_already"
    MID_CYCLE_UPGRADE_PRORATION = "mid_cycle_upgrade_proration"
    INVOICE_DUE = "invoice_due"
    DUPLICATE_SUBSCRIPTION = "duplicate_subscription"
    RENEWED_RECENTLY_YEARLY = "renewed_recently_yearly"
    ENTERPRISE_ACCOUNT = "enterprise_account"
    CUSTOMER_CREDIT = "customer_credit"
    USAGE_BILLED_DIFFERS = "usage_billed_differs"
    METERED_OVERAGE_BILLED = "metered_overage_billed"
    CHECKOUT_LINK_EXPIRED = "checkout_link_expired"
    DISCOUNT_ENDED = "discount_ended"
    TAX_ID_UNVERIFIED = "tax_id_unverified"
    TAX_ID_MISSING = "tax_id_missing"
    HEALTHY = "healthy"


class RecommendedAction(StrEnum):
    RETRY_PAYMENT = "retry_payment"
    UPDATE_CARD = "update_card"
    COMPLETE_AUTHENTICATION = "complete_authentication"
    PAY_INVOICE = "pay_invoice"
    NEW_PAYMENT_LINK = "new_payment_link"
    NEW_CHECKOUT_LINK = "new_checkout_link"
    REFUND_DUPLICATE = "refund_duplicate"
    REVIEW_USAGE = "review_usage"
    CHECK_TAX_ID = "check_tax_id"
    RESUME_SUBSCRIPTION = "resume_subscription"
    WAIT = "wait"
    TALK_TO_HUMAN = "talk_to_human"
    NONE = "none"


class Evidence(NamedTuple):
    """One fact a claim rests on. `kind` is a Stripe object's name (`invoice`, `charge`, `refund`, `dispute`,
    `subscription`, `schedule`, `payment_method`, `tax_id`) with its id, or `decline_class`, `decline_code`, `meter`,
    `plan`, `source`, `refunded_by`, or `apart_from` with what an amount at stake leaves out: `discounts`, `tax`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is true of the customer's billing. `explanation`: one or two sentences addressed to them.

    `self_serve_eligible`: the customer or Lee may settle it without a colleague; policy still judges every step.
    `at_stake`: the money in question, once or each period, where the facts show an amount."""

    status: Status
    root_cause: RootCause
    explanation: str
    recommended_action: RecommendedAction
    evidence: tuple[Evidence, ...] = ()
    at_stake: Money | None = None
    self_serve_eligible: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "self_serve_eligible", self.recommended_action is not RecommendedAction.TALK_TO_HUMAN)


Finder = Callable[[BillingFacts], Iterator[Finding]]
"""Yields a finding for each time its root cause applies; nothing when it does not."""

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def day(moment: datetime) -> str:
    """`3 November 2026` (UTC), the same in every locale of the server."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
