"""Whatever the facts: a diagnosis comes, the same one each time, and it says nothing that the facts do not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.declines import DeclineClass, classify
from billing.diagnosis import Diagnosis, RecommendedAction, RootCause, Status, diagnose
from billing.facts import BillingFacts, Decline, MeterUsage, UsageFacts
from billing.ids import ChargeId, DisputeId, InvoiceId, PaymentMethodId, RefundId, SubscriptionId
from billing.money import Money
from tests.billing.made import (
    NOW,
    access,
    ago,
    card,
    charge,
    customer,
    dispute,
    invoice,
    item,
    line,
    price,
    refund,
    subscription,
)
from tests.billing.made_checkouts import ADDON, OLD, SEAT

MOMENTS = st.integers(-60 * 24 * 100, 60 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
PAST = st.integers(1, 60 * 24 * 100).map(lambda minutes: ago(minutes=minutes))
CODES = st.sampled_from(
    [
        "lost_card",
        "stolen_card",
        "fraudulent",
        "highest_risk_level",
        "expired_card",
        "insufficient_funds",
        "do_not_honor",
        "processing_error",
        "authentication_required",
        "incorrect_cvc",
        "a_new_code",
    ]
)
DECLINES = st.builds(
    Decline,
    code=st.just("card_declined"),
    decline_code=st.none() | CODES,
    advice_code=st.sampled_from([None, "try_again_later", "confirm_card_data", "do_not_try_again", "a_new_advice"]),
    message=st.just("Your card was reported lost or stolen."),  # Stripe's words, which must not be passed on
)
DOLLARS = st.integers(0, 10_000_00).map(lambda amount: Money(amount, "usd"))
CHARGE_IDS = st.sampled_from([ChargeId(f"ch_{n}") for n in range(4)])
INVOICE_IDS = st.sampled_from([InvoiceId(f"in_{n}") for n in range(3)])
SUBSCRIPTION_IDS = st.sampled_from([SubscriptionId("sub_me"), SubscriptionId("sub_other")])
METHOD_IDS = st.sampled_from([PaymentMethodId("pm_1"), PaymentMethodId("pm_2")])

CHARGES = st.builds(
    charge,
    id_=CHARGE_IDS,
    amount=DOLLARS,
    status=st.sampled_from(["succeeded", "failed", "pending"]),
    invoice=st.none() | INVOICE_IDS,
    disputed=st.booleans(),
    refunded=st.booleans(),
    order=st.sampled_from([None, "order_1", "order_2"]),
    last4=st.sampled_from([None, "4242", "0341"]),
    created=PAST,
    decline=st.none() | DECLINES,
)
INVOICES = st.builds(
    invoice,
    id_=INVOICE_IDS,
    subscription=st.none() | SUBSCRIPTION_IDS,
    status=st.sampled_from(["draft", "open", "paid", "uncollectible", "void"]),
    total=DOLLARS,
    amount_remaining=DOLLARS,
    attempt_count=st.integers(0, 4),
    number=st.sampled_from([None, "ACME-0001"]),
    next_payment_attempt=st.none() | MOMENTS,
    due_date=st.none() | MOMENTS,
    hosted_invoice_url=st.none(),
    created=PAST,
    lines=st.lists(st.builds(line, st.integers(-9000, 9000), proration=st.booleans()), max_size=3).map(tuple),
    charges=st.lists(CHARGE_IDS, max_size=2).map(tuple),
    last_decline=st.none() | DECLINES,
    requires_action=st.booleans(),
)
ITEMS = st.builds(
    item,
    name=st.sampled_from(["Starter", "Team"]),
    unit_amount=st.none() | DOLLARS,
    current_period_end=MOMENTS,
)
SUBSCRIPTIONS = st.builds(
    subscription,
    id=SUBSCRIPTION_IDS,
    status=st.sampled_from(
        ["incomplete", "trialing", "active", "past_due", "unpaid", "canceled", "incomplete_expired", "paused"]
    ),
    items=st.lists(ITEMS, max_size=2).map(tuple),
    created=PAST,
    cancel_at_period_end=st.booleans(),
    cancel_at=st.none() | MOMENTS,
    canceled_at=st.none() | PAST,
    ended_at=st.none() | PAST,
    trial_end=st.none() | MOMENTS,
    default_payment_method=st.none() | METHOD_IDS,
)
METERS = st.builds(
    MeterUsage,
    meter=st.just("api_requests"),
    used=st.integers(0, 10**9),
    included=st.integers(0, 10**6),
    previous=st.integers(0, 10**9),
)
CHECKOUTS = st.builds(
    lambda amount, made, **changes: replace(OLD, total=amount, created=made, **changes),
    DOLLARS,
    PAST,
    id=st.sampled_from(["cs_1", "cs_2"]),
    status=st.sampled_from(["open", "complete", "expired"]),
    mode=st.sampled_from(["payment", "subscription", "setup"]),
    items=st.sampled_from([(), (ADDON,), (ADDON, SEAT)]),
    expires_at=MOMENTS,
)
FACTS = st.builds(
    BillingFacts,
    as_of=st.just(NOW),
    customer=st.builds(
        customer,
        balance=st.none() | st.integers(-5000, 5000).map(lambda amount: Money(amount, "usd")),
        default_payment_method=st.none() | METHOD_IDS,
    ),
    payment_methods=st.lists(
        st.builds(card, METHOD_IDS, st.sampled_from(["4242", "0341"]), st.integers(0, 13), st.integers(0, 9999)),
        max_size=2,
    ).map(tuple),
    subscriptions=st.lists(SUBSCRIPTIONS, max_size=2).map(tuple),
    invoices=st.lists(INVOICES, max_size=3).map(tuple),
    charges=st.lists(CHARGES, max_size=4).map(tuple),
    refunds=st.lists(
        st.builds(
            refund,
            id_=st.sampled_from([RefundId("re_1"), RefundId("re_2")]),
            amount=DOLLARS,
            status=st.sampled_from(["pending", "requires_action", "succeeded", "failed", "canceled"]),
            created=PAST,
            failure_reason=st.just("lost_or_stolen_card"),
        ),
        max_size=2,
    ).map(tuple),
    disputes=st.lists(
        st.builds(
            dispute,
            id=st.just(DisputeId("du_1")),
            amount=DOLLARS,
            status=st.sampled_from(["needs_response", "under_review", "won", "lost", "a_new_status"]),
            reason=st.just("fraudulent"),
        ),
        max_size=1,
    ).map(tuple),
    entitlements=st.none()
    | st.builds(
        access,
        plan=st.sampled_from(["free", "starter", "team"]),
        active=st.booleans(),
        locked_reason=st.sampled_from([None, "payment_required"]),
    ),
    prices=st.lists(st.builds(price, st.sampled_from(["Starter", "Team"]), st.integers(0, 90_000)), max_size=2).map(
        tuple
    ),
    prorated_at=st.none() | PAST,
    checkouts=st.lists(CHECKOUTS, max_size=3).map(tuple),
    usage=st.none() | st.builds(lambda meter: UsageFacts(ago(days=10), NOW, (meter,)), METERS),
    unavailable=st.frozensets(st.sampled_from(["stripe", "entitlements", "usage"])),
)


def told(found: Diagnosis) -> Iterator[str]:
    yield found.explanation
    for finding in found.also:
        yield finding.explanation


def amounts(facts: BillingFacts) -> set[str]:
    """Every amount in the facts as it would be printed, and sums: an invoice's prorations, a subscription's period."""
    money = [charge.amount for charge in facts.charges]
    money += [refund.amount for refund in facts.refunds]
    money += [dispute.amount for dispute in facts.disputes]
    for one in facts.invoices:
        money += [one.total, one.amount_remaining]
        money.append(Money(sum(line.amount.amount for line in one.lines if line.proration), "usd"))
    money += [one.unit_amount for one in facts.prices if one.unit_amount]
    money += [one.total for one in facts.checkouts if one.total]
    for one in facts.subscriptions:
        money += [each.unit_amount for each in one.items if each.unit_amount]
        money.append(
            Money(sum(each.unit_amount.amount * each.quantity for each in one.items if each.unit_amount), "usd")
        )
    if facts.customer.balance is not None:
        money.append(-facts.customer.balance)
    return {str(each) for each in money}


@given(FACTS)
@settings(max_examples=300, deadline=None)
def test_any_facts_give_one_diagnosis_that_holds_together(facts: BillingFacts):
    found = diagnose(facts)
    assert diagnose(facts) == found
    for words in told(found):
        assert 10 < len(words) < 400
        assert not re.search(r"lost|stolen|fraud|blacklist|risk", words, re.IGNORECASE)
        assert set(re.findall(r"-?\$[\d,]+\.\d\d", words)) <= amounts(facts)
    ranks = [[Status.RED, Status.AMBER, Status.GREEN].index(each.status) for each in (found, *found.also)]
    assert ranks == sorted(ranks)
    assert found.self_serve_eligible is (found.recommended_action is not RecommendedAction.TALK_TO_HUMAN)


@given(FACTS)
@settings(max_examples=300, deadline=None)
def test_green_means_that_nothing_is_owed_late_or_unseen(facts: BillingFacts):
    found = diagnose(facts)
    if found.status is not Status.GREEN:
        return
    assert not facts.unavailable
    assert not any(one.status in ("past_due", "unpaid", "incomplete") for one in facts.subscriptions)
    assert not any(
        one.status == "open" and one.amount_remaining.amount > 0 and one.due_date is not None and one.due_date <= NOW
        for one in facts.invoices
    )
    assert not any(one.status in ("needs_response", "under_review") for one in facts.disputes)


@given(FACTS)
@settings(max_examples=300, deadline=None)
def test_a_forbidden_card_is_never_offered_for_another_try(facts: BillingFacts):
    found = diagnose(facts)
    declines = {one.id: one.last_decline for one in facts.invoices}
    ids = [one.id for one in facts.invoices]
    for finding in (found, *found.also):
        if finding.recommended_action is not RecommendedAction.RETRY_PAYMENT:
            continue
        kinds = {evidence.kind for evidence in finding.evidence}
        if ("decline_class", "never_retry") in finding.evidence:
            assert "payment_method" in kinds  # only with another card
        invoice_id = next(evidence.value for evidence in finding.evidence if evidence.kind == "invoice")
        declined = declines.get(InvoiceId(invoice_id))
        if ids.count(InvoiceId(invoice_id)) == 1 and declined and classify(declined) is DeclineClass.NEVER_RETRY:
            assert "payment_method" in kinds


@given(FACTS)
@settings(max_examples=200, deadline=None)
def test_without_stripe_there_is_no_other_verdict(facts: BillingFacts):
    found = diagnose(facts)
    assert ("stripe" in facts.unavailable) == (
        found.root_cause is RootCause.SOURCE_UNAVAILABLE and ("source", "stripe") in found.evidence
    )
