"""What a declined card asks for: the classes of docs.stripe.com/declines/codes, shared by diagnosis and policy."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from billing.facts import Decline


class DeclineClass(StrEnum):
    """What may be done with the same card next."""

    RETRY_LATER = "retry_later"  # minutes to hours: the network or the bank was busy
    RETRY_MUCH_LATER = "retry_much_later"  # days: the account has to fill up or a limit to pass
    CUSTOMER_MUST_ACT = "customer_must_act"  # authenticate, correct the card, call the bank, or use another card
    NEVER_RETRY = "never_retry"  # this card is not to be charged again


_RETRY_LATER: Final = frozenset(
    ["processing_error", "issuer_not_available", "try_again_later", "reenter_transaction", "approve_with_id"]
)
_RETRY_MUCH_LATER: Final = frozenset(
    ["insufficient_funds", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"]
)
_NEVER_RETRY: Final = frozenset(
    [
        "lost_card",
        "stolen_card",
        "pickup_card",
        "restricted_card",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "stop_payment_order",
        "transaction_not_allowed",
        "highest_risk_level",
        "fraudulent",
        "merchant_blacklist",
        "do_not_try_again",
    ]
)

AUTHENTICATION: Final = frozenset(
    [
        "authentication_required",
        "authentication_not_handled",
        "mobile_device_authentication_required",
        "invoice_payment_intent_requires_action",
        "payment_intent_authentication_failure",
        "subscription_payment_intent_requires_action",
    ]
)
"""Codes by which Stripe says that the bank wants the customer to approve the payment (3-D Secure)."""

CARD_DATA: Final = frozenset(
    [
        "incorrect_number",
        "invalid_number",
        "incorrect_cvc",
        "invalid_cvc",
        "incorrect_zip",
        "incorrect_address",
        "invalid_expiry_month",
        "invalid_expiry_year",
    ]
)
"""Codes by which the bank says that the card's details do not match."""


_OTHER_CARD_ERRORS: Final = frozenset(
    [
        "card_declined",
        "expired_card",
        "processing_error",
        "card_decline_rate_limit_exceeded",
        "payment_intent_action_required",
        "payment_method_customer_decline",
        "payment_method_provider_decline",
    ]
)
"""What else Stripe calls a `card_error` at docs.stripe.com/error-codes."""


def by_bank(failure: str) -> bool:
    """Whether a failed effect (`code` or `code:decline_code`) is the bank's No. Any other was refused before a bank was
    asked (a rejected key, a missing permission), so another card would help nobody."""
    return failure.partition(":")[0] in AUTHENTICATION | CARD_DATA | _OTHER_CARD_ERRORS


def reason(decline: Decline) -> str:
    """The most telling code: `decline_code` where there is one, otherwise the error's `code`."""
    return decline.decline_code or decline.code


def classify(decline: Decline) -> DeclineClass:
    """The class of a decline. `advice_code` decides; the reason refines "later", and speaks where there is no advice.

    A reason that forbids another charge is never overruled by a milder advice, and an unknown code or advice asks for
    the customer: retrying on a guess is the one wrong answer card networks charge for.
    """
    why = reason(decline)
    if decline.advice_code == "do_not_try_again" or why in _NEVER_RETRY or decline.code in _NEVER_RETRY:
        return DeclineClass.NEVER_RETRY
    if decline.advice_code is not None and decline.advice_code != "try_again_later":
        return DeclineClass.CUSTOMER_MUST_ACT
    if why in AUTHENTICATION or decline.code in AUTHENTICATION:
        return DeclineClass.CUSTOMER_MUST_ACT
    if why in _RETRY_MUCH_LATER:
        return DeclineClass.RETRY_MUCH_LATER
    if decline.advice_code == "try_again_later" or why in _RETRY_LATER:
        return DeclineClass.RETRY_LATER
    return DeclineClass.CUSTOMER_MUST_ACT
