"""Findings on the life of a subscription: trials, renewals to come, cancellations, and ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from billing.cards import expires, nothing_to_charge, paying_card
from billing.facts import BillingFacts, InvoiceFacts, SubscriptionFacts
from billing.failed_payments import failed_payments
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.prices import priced

TRIAL_NOTICE: Final = timedelta(days=7)
RENEWAL_NOTICE: Final = timedelta(days=30)
RECENT_END: Final = timedelta(days=90)
"""A subscription that ended longer ago no longer explains anything."""

LIVE: Final = frozenset(["trialing", "active", "past_due"])


def subscription_canceled_unpaid(facts: BillingFacts) -> Iterator[Finding]:
    """A subscription that ended because its invoice was never paid, not because anybody asked for it."""
    for subscription in _ended(facts):
        unpaid = _unpaid(subscription, facts)
        if subscription.status == "incomplete_expired":
            yield Finding(
                Status.RED,
                RootCause.SUBSCRIPTION_CANCELED_UNPAID,
                f"Your {plan(subscription)} subscription of {day(subscription.created)} never started, because its "
                "first payment was not completed. A colleague can help you start it again.",
                RecommendedAction.TALK_TO_HUMAN,
                (Evidence("subscription", subscription.id),),
            )
        elif unpaid is not None:
            owed = unpaid.amount_remaining if unpaid.amount_remaining.amount > 0 else unpaid.total
            when = subscription.ended_at or subscription.canceled_at
            yield Finding(
                Status.RED,
                RootCause.SUBSCRIPTION_CANCELED_UNPAID,
                f"Your {plan(subscription)} subscription ended{f' on {day(when)}' if when else ''} because its invoice "
                f"over {owed} was not paid. A colleague can help you start it again.",
                RecommendedAction.TALK_TO_HUMAN,
                (Evidence("subscription", subscription.id), Evidence("invoice", unpaid.id)),
            )


def first_payment_incomplete(facts: BillingFacts) -> Iterator[Finding]:
    """A subscription that waits for its first payment, which nobody has tried yet. Stripe waits 23 hours
    (docs.stripe.com/billing/subscriptions/overview#subscription-statuses)."""
    waiting = {invoice.id for payment in failed_payments(facts) if (invoice := payment.invoice)}
    for subscription in facts.subscriptions:
        first = [one for one in facts.invoices if one.subscription == subscription.id and one.status == "open"]
        if subscription.status == "incomplete" and not any(invoice.id in waiting for invoice in first):
            amount = f" of {first[0].amount_remaining}" if first else ""
            yield Finding(
                Status.AMBER,
                RootCause.FIRST_PAYMENT_INCOMPLETE,
                f"Your {plan(subscription)} subscription has not started, because its first payment{amount} was not "
                "completed. It starts as soon as that is paid.",
                RecommendedAction.PAY_INVOICE if first else RecommendedAction.TALK_TO_HUMAN,
                (Evidence("subscription", subscription.id), *(Evidence("invoice", one.id) for one in first)),
            )


def subscription_ended(facts: BillingFacts) -> Iterator[Finding]:
    """It ended and was paid to its end: the plain answer to "why can't I get in?"."""
    for subscription in _ended(facts):
        when = subscription.ended_at
        if subscription.status == "canceled" and when is not None and _unpaid(subscription, facts) is None:
            yield Finding(
                Status.AMBER,
                RootCause.SUBSCRIPTION_ENDED,
                f"Your {plan(subscription)} subscription was canceled and ended on {day(when)}. Nothing is owed.",
                RecommendedAction.NONE,
                (Evidence("subscription", subscription.id),),
            )


def trial_ending_without_card(facts: BillingFacts) -> Iterator[Finding]:
    for subscription in facts.subscriptions:
        end = subscription.trial_end
        if (
            subscription.status == "trialing"
            and end is not None
            and facts.as_of <= end <= facts.as_of + TRIAL_NOTICE
            and not subscription.cancel_at_period_end
            and nothing_to_charge(facts, subscription)
        ):
            yield Finding(
                Status.AMBER,
                RootCause.TRIAL_ENDING_WITHOUT_CARD,
                f"Your {plan(subscription)} trial ends on {day(end)}, and there is no card on file. "
                "Add one before then to keep your plan.",
                RecommendedAction.UPDATE_CARD,
                (Evidence("subscription", subscription.id),),
            )


def subscription_paused(facts: BillingFacts) -> Iterator[Finding]:
    """Stripe pauses a trial that ends without a payment method, where it is told to
    (docs.stripe.com/billing/subscriptions/trials)."""
    for subscription in facts.subscriptions:
        if subscription.status == "paused":
            card = paying_card(facts, subscription)
            again = (
                f"Your card ending {card.last4} is on file now, so it can start again; its first period is paid then."
                if card
                else "Please add a card."
            )
            yield Finding(
                Status.AMBER,
                RootCause.SUBSCRIPTION_PAUSED,
                f"Your {plan(subscription)} subscription is paused: its trial is over and there was no card to "
                f"continue with. {again}",
                RecommendedAction.RESUME_SUBSCRIPTION if card else RecommendedAction.UPDATE_CARD,
                (Evidence("subscription", subscription.id), *([Evidence("payment_method", card.id)] if card else [])),
            )


def card_expires_before_renewal(facts: BillingFacts) -> Iterator[Finding]:
    """Prevention: the renewal of the next weeks would meet an expired card."""
    for subscription in facts.subscriptions:
        card = paying_card(facts, subscription)
        end = expires(card) if card else None
        if (
            card is None
            or end is None
            or subscription.status not in ("active", "trialing")
            or subscription.cancel_at_period_end
            or not subscription.items
        ):
            continue
        renewal = min(item.current_period_end for item in subscription.items)
        if end <= renewal <= facts.as_of + RENEWAL_NOTICE:
            tense = "has expired" if end <= facts.as_of else "expires before then"
            yield Finding(
                Status.AMBER,
                RootCause.CARD_EXPIRES_BEFORE_RENEWAL,
                f"Your {plan(subscription)} subscription renews on {day(renewal)}, and your card ending {card.last4} "
                f"{tense}. Please update the card.",
                RecommendedAction.UPDATE_CARD,
                (Evidence("subscription", subscription.id), Evidence("payment_method", card.id)),
            )


def cancellation_scheduled(facts: BillingFacts) -> Iterator[Finding]:
    for subscription in facts.subscriptions:
        ends = subscription.cancel_at
        if ends is None and subscription.cancel_at_period_end and subscription.items:
            ends = min(item.current_period_end for item in subscription.items)
        if subscription.status in LIVE and ends is not None and ends >= facts.as_of:
            yield Finding(
                Status.AMBER,
                RootCause.CANCELLATION_SCHEDULED,
                f"Your {plan(subscription)} subscription is set to end on {day(ends)}. You keep your plan until then, "
                "and it will not renew.",
                RecommendedAction.NONE,
                (Evidence("subscription", subscription.id),),
            )


def scheduled_plan_change(facts: BillingFacts) -> Iterator[Finding]:
    """A change planned ahead: what becomes what, and when. Nothing is wrong, and nothing has to be done."""
    for subscription in facts.subscriptions:
        change = subscription.scheduled_change
        if subscription.status in LIVE and change is not None and change.at >= facts.as_of and subscription.items:
            now = subscription.items[0]
            yield Finding(
                Status.GREEN,
                RootCause.SCHEDULED_PLAN_CHANGE,
                f"Your plan is set to change on {day(change.at)} from "
                f"{priced(now.product_name, now.unit_amount, now.quantity, now.interval)} to "
                f"{priced(change.product_name, change.unit_amount, change.quantity, change.interval)}. Until then "
                "nothing changes.",
                RecommendedAction.NONE,
                (Evidence("subscription", subscription.id), Evidence("schedule", change.schedule)),
            )


def plan(subscription: SubscriptionFacts) -> str:
    """The product's name as the customer knows it; the first item of several."""
    return subscription.items[0].product_name if subscription.items else "plan's"


def _ended(facts: BillingFacts) -> Iterator[SubscriptionFacts]:
    """Ended lately, and not replaced by one that lives."""
    if any(subscription.status in LIVE for subscription in facts.subscriptions):
        return
    for subscription in facts.subscriptions:
        when = subscription.ended_at or subscription.canceled_at or subscription.created
        if subscription.status in ("canceled", "incomplete_expired") and facts.as_of - when <= RECENT_END:
            yield subscription


def _unpaid(subscription: SubscriptionFacts, facts: BillingFacts) -> InvoiceFacts | None:
    """The subscription's newest invoice, if it was tried or written off and never paid."""
    mine = [
        invoice
        for invoice in facts.invoices
        if invoice.subscription == subscription.id and invoice.status != "draft" and invoice.total.amount > 0
    ]
    newest = max(mine, key=lambda invoice: invoice.created, default=None)
    if newest is None or newest.status == "paid":
        return None
    tried = newest.attempt_count > 0 or newest.status == "uncollectible" or newest.last_decline is not None
    return newest if tried else None
