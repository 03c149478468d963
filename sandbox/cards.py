"""Stripe's test cards and the declines they cause (docs.stripe.com/testing, docs.stripe.com/declines/codes).

Only documented test numbers exist here; any other number is refused the way Stripe's test mode refuses live cards. What
a number does is copied onto the payment method as its behaviour, so the number itself is never stored.
"""

from dataclasses import dataclass
from typing import Any, Literal

Authentication = Literal["always", "unless_set_up", "on_session_only"]


@dataclass(frozen=True)
class TestCard:
    """A test number and what happens when it is used.

    decline: a key of DECLINES, or a decline code. attachable: declining cards cannot be saved on a customer, except
    those made to decline afterwards. refund: `pending` (settles later) or `fail` (succeeds, then fails).
    dispute: the dispute reason that a successful charge meets. risk: Radar's level.
    """

    __test__ = False

    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: str | None = None
    attachable: bool = True
    authentication: Authentication | None = None
    refund: Literal["pending", "fail"] | None = None
    dispute: str | None = None
    inquiry: bool = False
    risk: Literal["normal", "elevated", "highest"] = "normal"
    cvc_fails: bool = False
    instant: bool = False

    @property
    def behaviour(self) -> dict[str, Any]:
        """What a payment method remembers of its number."""
        return {
            "decline": self.decline,
            "attachable": self.attachable,
            "authentication": self.authentication,
            "refund": self.refund,
            "dispute": self.dispute,
            "inquiry": self.inquiry,
            "risk": self.risk,
            "instant": self.instant,
        }


def _declining(number: str, decline: str, **other: Any) -> TestCard:
    return TestCard(number, decline=decline, attachable=False, **other)


_CARDS: dict[str, TestCard] = {
    "visa": TestCard("4242424242424242"),
    "visa_debit": TestCard("4000056655665556", funding="debit"),
    "mastercard": TestCard("5555555555554444", "mastercard"),
    "mastercard_debit": TestCard("5200828282828210", "mastercard", "debit"),
    "mastercard_prepaid": TestCard("5105105105105100", "mastercard", "prepaid"),
    "amex": TestCard("378282246310005", "amex"),
    "discover": TestCard("6011111111111117", "discover"),
    "diners": TestCard("3056930009020004", "diners"),
    "jcb": TestCard("3566002020360505", "jcb"),
    "unionpay": TestCard("6200000000000005", "unionpay"),
    "de": TestCard("4000002760000016", country="DE"),
    "gb": TestCard("4000008260000000", country="GB"),
    "bypassPending": TestCard("4000000000000077", instant=True),
    "visa_chargeDeclined": _declining("4000000000000002", "generic_decline"),
    "visa_chargeDeclinedInsufficientFunds": _declining("4000000000009995", "insufficient_funds"),
    "visa_chargeDeclinedLostCard": _declining("4000000000009987", "lost_card"),
    "visa_chargeDeclinedStolenCard": _declining("4000000000009979", "stolen_card"),
    "chargeDeclinedExpiredCard": _declining("4000000000000069", "expired_card"),
    "chargeDeclinedIncorrectCvc": _declining("4000000000000127", "incorrect_cvc"),
    "chargeDeclinedProcessingError": _declining("4000000000000119", "processing_error"),
    "visa_chargeDeclinedVelocityLimitExceeded": _declining("4000000000006975", "card_velocity_exceeded"),
    "chargeCustomerFail": TestCard("4000000000000341", decline="generic_decline"),
    "radarBlock": TestCard("4100000000000019", decline="fraudulent", attachable=False, risk="highest"),
    "riskLevelHighest": TestCard("4000000000004954", decline="fraudulent", attachable=False, risk="highest"),
    "riskLevelElevated": TestCard("4000000000009235", risk="elevated"),
    "cvcCheckFail": TestCard("4000000000000101", cvc_fails=True),
    "createDispute": TestCard("4000000000000259", dispute="fraudulent"),
    "createDisputeProductNotReceived": TestCard("4000000000002685", dispute="product_not_received"),
    "createDisputeInquiry": TestCard("4000000000001976", dispute="fraudulent", inquiry=True),
    "pendingRefund": TestCard("4000000000007726", refund="pending"),
    "refundFail": TestCard("4000000000005126", refund="fail"),
    "authenticationRequiredOnSetup": TestCard("4000002500003155", authentication="unless_set_up"),
    "authenticationRequired": TestCard("4000002760003184", authentication="always"),
    "authenticationRequiredSetupForOffSession": TestCard("4000003800000446", authentication="on_session_only"),
    "authenticationRequiredChargeDeclinedInsufficientFunds": TestCard(
        "4000008260003178", decline="insufficient_funds", authentication="on_session_only"
    ),
    "threeDSecure2Required": TestCard("4000000000003220", authentication="always"),
}

# Documented as card tokens only: cards that decline after they were saved, each with its own code.
_AFTER_ATTACHING = {
    "visa_chargeCustomerFail": "generic_decline",
    "visa_chargeCustomerFailLostCard": "lost_card",
    "visa_chargeCustomerFailStolenCard": "stolen_card",
}
# Older spellings that Stripe still accepts.
_ALIASES = {
    "chargeDeclined": "visa_chargeDeclined",
    "chargeDeclinedInsufficientFunds": "visa_chargeDeclinedInsufficientFunds",
    "chargeDeclinedLostCard": "visa_chargeDeclinedLostCard",
    "chargeDeclinedStolenCard": "visa_chargeDeclinedStolenCard",
    "visa_chargeDeclinedExpiredCard": "chargeDeclinedExpiredCard",
    "visa_chargeDeclinedIncorrectCvc": "chargeDeclinedIncorrectCvc",
    "visa_chargeDeclinedProcessingError": "chargeDeclinedProcessingError",
    "chargeDeclinedVelocityLimitExceeded": "visa_chargeDeclinedVelocityLimitExceeded",
    "chargeDeclinedFraudulent": "radarBlock",
    "visa_chargeDeclinedFraudulent": "radarBlock",
    "us": "visa",
}

BY_NUMBER: dict[str, TestCard] = {card.number: card for card in _CARDS.values()} | {
    "4012888888881881": TestCard("4012888888881881"),
    "4111111111111111": TestCard("4111111111111111"),
    "371449635398431": TestCard("371449635398431", "amex"),
    "6011000990139424": TestCard("6011000990139424", "discover"),
}
BY_NAME: dict[str, TestCard] = (
    _CARDS
    | {alias: _CARDS[name] for alias, name in _ALIASES.items()}
    | {name: TestCard("4000000000000341", decline=decline) for name, decline in _AFTER_ATTACHING.items()}
)


def by_token(token: str) -> TestCard | None:
    """The card of `pm_card_visa` or `tok_visa`."""
    for prefix in ("pm_card_", "tok_"):
        if token.startswith(prefix):
            return BY_NAME.get(token.removeprefix(prefix))
    return None


def passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
