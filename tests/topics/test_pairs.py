"""Two wishes in one message: whatever the two are and however they are joined, both are found."""

from __future__ import annotations

from itertools import permutations

from agent.autonomy import Caution
from agent.flows.table import one_matter
from agent.topics.classifier import TopicClassifier
from agent.topics.names import Topic
from agent.understanding import understand

# Each in two wordings that are in nobody's examples.
WISHES = {
    Topic.REFUND_REQUEST: ("return what I paid on Monday to my card", "give us back the fee for October"),
    Topic.CANCEL_SUBSCRIPTION: ("end our contract with you", "stop the subscription before it renews"),
    Topic.INVOICE_COPY: ("mail me the receipt for last week", "let me have the bill from September as a file"),
    Topic.BILLING_DETAILS: ("put our new street on the bills", "change the company name on our invoices"),
    Topic.UPDATE_PAYMENT_METHOD: ("take the corporate card from now on", "switch to my other credit card"),
    Topic.PLAN_CHANGE: ("move us up to Team", "put me on the cheaper tier"),
    Topic.TAX_OR_VAT: ("note our VAT number FR40303265045", "take the VAT off, we are exempt"),
    Topic.PAYMENT_TIMING: ("tell me what day you charge us next", "let me know when the renewal is due"),
    Topic.USAGE_QUESTION: ("tell me how many requests we have used", "show me how much of our quota is gone"),
    Topic.DISCOUNT_OR_COUPON: ("apply the voucher HELLO10", "give us the charity discount"),
    Topic.SUBSCRIPTION_STATUS: ("tell me which plan we are on", "check whether our subscription is active"),
    Topic.REACTIVATE_SUBSCRIPTION: ("bring our cancelled plan back", "restart the subscription we paused"),
    Topic.PAYMENT_FAILED: ("find out why my card was declined", "explain why the payment bounced"),
    Topic.ACCOUNT_ACCESS: ("reset my password", "let my colleague into the account, he is locked out"),
    Topic.REFUND_STATUS: ("tell me where the refund you promised is", "look up whether my refund was sent"),
    Topic.DATA_DELETION: ("erase all personal data you hold on me", "wipe everything you know about me"),
    Topic.HUMAN_REQUEST: ("get a person to call me", "put me through to a manager"),
    Topic.DUPLICATE_CHARGE: (
        "look into the payment that was taken twice",
        "sort out the double booking on my card",
    ),
    Topic.PRICE_QUESTION: ("tell me what Business costs", "quote me the yearly price of Team"),
    Topic.EXPIRED_PAYMENT_LINK: (
        "send a fresh link, the old payment page has run out",
        "renew the checkout link that no longer opens",
    ),
}
JOINED = (" and ", " and also ", ". Also, ", ", then ", "; and please ", ", plus ")
BOTH_FROM = 0.9  # of all pairs; what one phrase that is misread costs is within it
EACH_FROM = 0.85  # of the pairs with one way of joining


def test_both_of_any_two_wishes_are_named(classifier: TopicClassifier) -> None:
    found: dict[str, list[bool]] = {each: [] for each in JOINED}
    for n, (one, other) in enumerate(permutations(WISHES, 2)):
        if one_matter(one, other):
            continue
        joined = JOINED[n % len(JOINED)]
        text = f"Please {WISHES[one][n % 2]}{joined}{WISHES[other][n // 2 % 2]}."
        view = understand(classifier, text, None, False, Caution())
        found[joined].append({one, other} <= {view.topic, *view.also})
    seen = [both for each in found.values() for both in each]
    assert len(seen) == 378
    assert sum(seen) >= BOTH_FROM * len(seen), found
    assert all(sum(each) >= EACH_FROM * len(each) for each in found.values()), found
