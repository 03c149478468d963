"""The index of flows: one for each topic, and how each topic is named to a customer."""

from __future__ import annotations

from typing import Final

from agent.flows import accounts, links, payments, plans, questions, refunds, usage
from agent.flows.payments import Flow
from agent.topics.names import Topic

FLOWS: Final[dict[Topic, Flow]] = {
    Topic.PAYMENT_FAILED: payments.PAYMENT_FAILED,
    Topic.PAY_INVOICE: payments.PAY_INVOICE,
    Topic.PAYMENT_STATUS: payments.PAYMENT_STATUS,
    Topic.AUTOPAY: payments.AUTOPAY,
    Topic.UPDATE_PAYMENT_METHOD: payments.UPDATE_PAYMENT_METHOD,
    Topic.REFUND_REQUEST: refunds.REFUND_REQUEST,
    Topic.REFUND_STATUS: refunds.REFUND_STATUS,
    Topic.DUPLICATE_CHARGE: refunds.DUPLICATE_CHARGE,
    Topic.UNEXPECTED_CHARGE: payments.UNEXPECTED_CHARGE,
    Topic.INVOICE_COPY: payments.INVOICE_COPY,
    Topic.EXPIRED_PAYMENT_LINK: links.EXPIRED_PAYMENT_LINK,
    Topic.PLAN_CHANGE: plans.PLAN_CHANGE,
    Topic.CANCEL_SUBSCRIPTION: plans.CANCEL_SUBSCRIPTION,
    Topic.REACTIVATE_SUBSCRIPTION: plans.REACTIVATE,
    Topic.SUBSCRIPTION_STATUS: plans.SUBSCRIPTION_STATUS,
    Topic.MISSING_ENTITLEMENT: plans.MISSING_ENTITLEMENT,
    Topic.USAGE_QUESTION: usage.USAGE_QUESTION,
    Topic.PRORATION_QUESTION: plans.PRORATION_QUESTION,
    Topic.PRICE_QUESTION: questions.PRICE_QUESTION,
    Topic.DISCOUNT_OR_COUPON: accounts.DISCOUNT,
    Topic.BILLING_DETAILS: accounts.BILLING_DETAILS,
    Topic.TAX_OR_VAT: accounts.TAX,
    Topic.PAYMENT_TIMING: payments.PAYMENT_TIMING,
    Topic.TRIAL_QUESTION: plans.TRIAL_QUESTION,
    Topic.DISPUTE_OR_CHARGEBACK: refunds.DISPUTE,
    Topic.UNAUTHORIZED_CHARGE: refunds.UNAUTHORIZED,
    Topic.LEGAL_OR_COMPLAINT: questions.LEGAL,
    Topic.DATA_DELETION: questions.DATA_DELETION,
    Topic.ACCOUNT_ACCESS: questions.TECHNICAL,
    Topic.TECHNICAL_PROBLEM: questions.TECHNICAL,
    Topic.HOW_TO: questions.HOW_TO,
    Topic.FEATURE_REQUEST: questions.FEATURE_REQUEST,
    Topic.HUMAN_REQUEST: questions.HUMAN,
    Topic.GREETING_OR_THANKS: questions.GREETING,
    Topic.UNKNOWN: questions.UNKNOWN,
}

# Topics whose flow may change something that the customer is not asked to confirm, and the kind of change: unclear
# ones get a question first.
UNASKED: Final = {
    Topic.REFUND_REQUEST: "money",
    Topic.DUPLICATE_CHARGE: "money",
    Topic.UPDATE_PAYMENT_METHOD: "card",
}

# The same topics where they are only a possible reading: the customer is asked about the very change first.
OFFERED: Final[dict[Topic, Flow]] = {
    Topic.REFUND_REQUEST: refunds.REFUND_OFFERED,
    Topic.DUPLICATE_CHARGE: refunds.DUPLICATE_OFFERED,
    Topic.UPDATE_PAYMENT_METHOD: payments.CARD_PAGE_OFFERED,
}

# What a yes to each of Lee's questions goes on with, whatever topic the message before it was read as.
AGREED: Final[dict[str, Flow]] = {
    "shall_card": payments.CARD_PAGE,
    "shall_checkout": links.CHECKOUT,
    "shall_refund": refunds.REFUND_OFFERED,
    "shall_refund_each": refunds.REFUND_OFFERED,
    "refund_nearly": refunds.REFUND_OFFERED,
    "looks_double": refunds.DUPLICATE_OFFERED,
    "not_yet_refunded": refunds.REFUND_STATUS,
    "one_on_its_way": refunds.REFUND_REQUEST,
}

# Topics that are about what was billed, and whose flows explain it from the account.
EXPLAINS: Final = frozenset(
    {Topic.UNEXPECTED_CHARGE, Topic.PRORATION_QUESTION, Topic.PRICE_QUESTION, Topic.PAYMENT_STATUS}
)

# Whatever is said about a payment named by its id, first comes whether it is this account's.
HANDS_OVER: Final = frozenset(
    {
        Topic.DISPUTE_OR_CHARGEBACK,
        Topic.UNAUTHORIZED_CHARGE,
        Topic.LEGAL_OR_COMPLAINT,
        Topic.DATA_DELETION,
        Topic.HUMAN_REQUEST,
    }
)

NAMES: Final[dict[Topic, str]] = {
    Topic.PAYMENT_FAILED: "a payment that failed",
    Topic.PAY_INVOICE: "paying an invoice",
    Topic.PAYMENT_STATUS: "the state of a payment",
    Topic.AUTOPAY: "automatic payments",
    Topic.UPDATE_PAYMENT_METHOD: "another card",
    Topic.REFUND_REQUEST: "getting a payment back",
    Topic.REFUND_STATUS: "the state of a refund",
    Topic.DUPLICATE_CHARGE: "the same thing paid twice",
    Topic.UNEXPECTED_CHARGE: "a charge you did not expect",
    Topic.INVOICE_COPY: "a copy of an invoice",
    Topic.EXPIRED_PAYMENT_LINK: "a payment link that no longer works",
    Topic.PLAN_CHANGE: "another plan",
    Topic.CANCEL_SUBSCRIPTION: "ending your subscription",
    Topic.REACTIVATE_SUBSCRIPTION: "continuing a subscription",
    Topic.SUBSCRIPTION_STATUS: "the state of your subscription",
    Topic.MISSING_ENTITLEMENT: "a feature that is missing",
    Topic.USAGE_QUESTION: "your usage",
    Topic.PRORATION_QUESTION: "why a bill is different",
    Topic.PRICE_QUESTION: "prices",
    Topic.DISCOUNT_OR_COUPON: "a discount",
    Topic.BILLING_DETAILS: "your billing details",
    Topic.TAX_OR_VAT: "taxes",
    Topic.PAYMENT_TIMING: "when payments are due",
    Topic.TRIAL_QUESTION: "your trial",
    Topic.DISPUTE_OR_CHARGEBACK: "a dispute with your bank",
    Topic.UNAUTHORIZED_CHARGE: "a charge you did not make",
    Topic.LEGAL_OR_COMPLAINT: "a complaint",
    Topic.DATA_DELETION: "deleting your data",
    Topic.ACCOUNT_ACCESS: "access to your account",
    Topic.TECHNICAL_PROBLEM: "a technical problem",
    Topic.HOW_TO: "how something works",
    Topic.FEATURE_REQUEST: "a wish for the product",
    Topic.HUMAN_REQUEST: "talking to a human",
    Topic.GREETING_OR_THANKS: "something else",
    Topic.UNKNOWN: "something else",
}

# Topics that are one matter when they come up in one message: whoever asks for the second payment back also says that
# it was taken twice.
_ONE_MATTER: Final = (
    frozenset({Topic.REFUND_REQUEST, Topic.DUPLICATE_CHARGE, Topic.UNEXPECTED_CHARGE}),
    frozenset({Topic.PAYMENT_FAILED, Topic.PAY_INVOICE, Topic.PAYMENT_STATUS}),
    frozenset({Topic.UNEXPECTED_CHARGE, Topic.PRORATION_QUESTION, Topic.PRICE_QUESTION}),
)


def one_matter(one: str, other: str) -> bool:
    return any({Topic(one), Topic(other)} <= matter for matter in _ONE_MATTER)
