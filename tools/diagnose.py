"""The tool `diagnose`: what is wrong with the customer's billing, and what they have."""

from __future__ import annotations

from billing.diagnosis import diagnose as judge
from billing.facts import BillingFacts, ScheduledChange, SubscriptionFacts
from tools.answers import Amount, Answer, amount_or_none, day
from tools.desk import Desk
from tools.registry import Arguments

SUBSCRIPTIONS = 5
CARDS = 5


class Diagnose(Arguments):
    """Find out what is wrong with the customer's billing, if anything: failed payments, double charges, a higher bill,
    locked features, usage. Also shows their subscriptions with ids, and their cards. Call this first whenever the
    message is about payments, access or the plan."""


class EvidenceAnswer(Answer):
    kind: str
    value: str


class FindingAnswer(Answer):
    status: str
    root_cause: str
    explanation: str
    recommended_action: str
    self_serve_eligible: bool
    evidence: list[EvidenceAnswer]
    at_stake: Amount | None


class ScheduledChangeAnswer(Answer):
    """The plan that takes the present one's place on `on`."""

    on: str | None
    plan: str
    price: str
    unit_amount: Amount | None
    interval: str
    quantity: int


class SubscriptionAnswer(Answer):
    id: str
    status: str
    plan: str
    price: str
    unit_amount: Amount | None
    interval: str
    quantity: int
    period_end: str | None
    trial_end: str | None
    cancel_at_period_end: bool
    scheduled_change: ScheduledChangeAnswer | None


class CardAnswer(Answer):
    id: str
    brand: str
    last4: str
    expires: str  # 2027-03
    default: bool


class MeterAnswer(Answer):
    meter: str
    used: int
    included: int
    previous: int


class DiagnosisAnswer(FindingAnswer):
    """`also` are further findings, gravest first. `unavailable` are sources that did not answer: nothing follows from
    what they would have said. `more` names lists of which only the newest part was looked at."""

    also: list[FindingAnswer]
    subscriptions: list[SubscriptionAnswer]
    cards: list[CardAnswer]
    balance: Amount | None
    usage: list[MeterAnswer]
    unavailable: list[str]
    more: list[str]


async def diagnose(_arguments: Diagnose, desk: Desk) -> DiagnosisAnswer:
    gathered = await desk.billing_facts()
    facts = gathered.facts
    found = judge(facts)
    return DiagnosisAnswer(
        status=found.status,
        root_cause=found.root_cause,
        explanation=found.explanation,
        recommended_action=found.recommended_action,
        self_serve_eligible=found.self_serve_eligible,
        evidence=[EvidenceAnswer(kind=each.kind, value=each.value) for each in found.evidence],
        at_stake=amount_or_none(found.at_stake),
        also=[
            FindingAnswer(
                status=each.status,
                root_cause=each.root_cause,
                explanation=each.explanation,
                recommended_action=each.recommended_action,
                self_serve_eligible=each.self_serve_eligible,
                evidence=[EvidenceAnswer(kind=part.kind, value=part.value) for part in each.evidence],
                at_stake=amount_or_none(each.at_stake),
            )
            for each in found.also
        ],
        subscriptions=[subscription_answer(each) for each in facts.subscriptions[:SUBSCRIPTIONS]],
        cards=_cards(facts),
        balance=amount_or_none(facts.customer.balance),
        usage=[
            MeterAnswer(meter=each.meter, used=each.used, included=each.included, previous=each.previous)
            for each in (facts.usage.meters if facts.usage else ())
        ],
        unavailable=sorted(facts.unavailable),
        more=sorted(gathered.cut | ({"subscriptions"} if len(facts.subscriptions) > SUBSCRIPTIONS else set())),
    )


def subscription_answer(subscription: SubscriptionFacts) -> SubscriptionAnswer:
    """The first item is the plan; Stripe keeps the order in which items were added."""
    item = subscription.items[0] if subscription.items else None
    return SubscriptionAnswer(
        id=subscription.id,
        status=subscription.status,
        plan=item.product_name if item else "",
        price=item.price if item else "",
        unit_amount=amount_or_none(item.unit_amount) if item else None,
        interval=item.interval if item else "",
        quantity=item.quantity if item else 0,
        period_end=day(item.current_period_end) if item else None,
        trial_end=day(subscription.trial_end),
        cancel_at_period_end=subscription.cancel_at_period_end,
        scheduled_change=_scheduled_change(subscription.scheduled_change),
    )


def _scheduled_change(change: ScheduledChange | None) -> ScheduledChangeAnswer | None:
    return change and ScheduledChangeAnswer(
        on=day(change.at),
        plan=change.product_name,
        price=change.price,
        unit_amount=amount_or_none(change.unit_amount),
        interval=change.interval,
        quantity=change.quantity,
    )


def _cards(facts: BillingFacts) -> list[CardAnswer]:
    defaults = {facts.customer.default_payment_method, *(each.default_payment_method for each in facts.subscriptions)}
    return [
        CardAnswer(
            id=method.id,
            brand=method.brand,
            last4=method.last4,
            expires=f"{method.exp_year:04d}-{method.exp_month:02d}",
            default=method.id in defaults,
        )
        for method in facts.payment_methods[:CARDS]
    ]
