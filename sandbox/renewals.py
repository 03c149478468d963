"""What time does to a subscription: it renews, its trial ends, its planned end comes, a first payment never came.

docs.stripe.com/billing/subscriptions/overview and docs.stripe.com/billing/subscriptions/billing-cycle
"""

import copy

from sandbox import discounts, subscription_status
from sandbox.calls import Call
from sandbox.clock import timer
from sandbox.invoice_drafts import add_lines, announce, include, new_draft
from sandbox.invoice_items import pending, pending_of
from sandbox.invoice_lifecycle import void
from sandbox.invoice_lines import subscription_line, trial_description
from sandbox.metered_lines import usage_lines
from sandbox.payment_choice import subscription_method
from sandbox.periods import Period, period_containing
from sandbox.subscription_endings import cancel_at_once
from sandbox.subscription_items import is_metered, note_debit, period_amount, period_of, settle_debits, shared_rhythm
from sandbox.subscription_pauses import keeps_drafts, pause
from sandbox.subscription_terms import follow_period
from sandbox.world import Json


@timer("subscription.renew")
def renew(call: Call, subscription_id: str) -> None:
    """The period is over: end there when that was the plan, else draft the invoice of the next period."""
    subscription = call.find("subscription", subscription_id)
    if subscription is None or subscription["status"] in ("canceled", "incomplete", "incomplete_expired"):
        return
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= call.now:
        bill_what_waits(call, subscription)
        subscription_status.end(call, subscription, reason="cancellation_requested")
        return
    if subscription["status"] == "trialing" and subscription["collection_method"] == "charge_automatically":
        # docs.stripe.com/billing/subscriptions/trials/free-trials#create-free-trials-without-payment
        wish = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if wish != "create_invoice" and subscription_method(call, subscription) is None:
            if wish == "cancel":
                subscription_status.end(call, subscription)
            else:
                pause(call, subscription)
            return
    if subscription["status"] != "paused":
        next_period(call, subscription)


def bill_what_waits(call: Call, subscription: Json) -> Json | None:
    """docs.stripe.com/api/subscriptions/cancel: prorations still pending, and what was used, are collected at the end
    of the period. None when there is nothing."""
    waiting = pending_of(call, subscription)
    items = subscription["items"]["data"]
    used = subscription["status"] != "trialing" and any(map(is_metered, items))
    if not waiting and not used:
        return None
    invoice = new_draft(
        call,
        call.need("customer", subscription["customer"]),
        subscription["currency"],
        billing_reason="subscription_cycle",
        collection_method=subscription["collection_method"],
        auto_advance=subscription["status"] != "unpaid",
        days_until_due=subscription["days_until_due"],
        subscription=subscription,
        period=Period(items[0]["current_period_start"], call.now),
    )
    include(call, invoice, waiting)
    announce(call, add_lines(call, invoice, usage_lines(call, invoice["id"], subscription) if used else []))
    subscription["latest_invoice"] = invoice["id"]
    return invoice


def next_period(call: Call, subscription: Json) -> Json:
    """Move the subscription into the period that begins now and draft its invoice, which is returned."""
    items = subscription["items"]["data"]
    interval, count = shared_rhythm(items)
    over = Period(
        min(item["current_period_start"] for item in items), max(item["current_period_end"] for item in items)
    )
    period = period_containing(subscription["billing_cycle_anchor"], interval, count, call.now)
    was_trial = subscription["status"] == "trialing"
    if was_trial:
        subscription["status"] = "active"
    before = copy.deepcopy(subscription)
    for item in items:
        # What was billed for the time that is over can no longer be credited.
        item["_debits"] = []
        item["current_period_start"], item["current_period_end"] = period
    invoice = new_draft(
        call,
        call.need("customer", subscription["customer"]),
        subscription["currency"],
        billing_reason="subscription_cycle",
        collection_method=subscription["collection_method"],
        # docs.stripe.com/billing/subscriptions/overview#unpaid: invoices are made, but not collected.
        auto_advance=subscription["status"] != "unpaid" and not keeps_drafts(subscription),
        days_until_due=subscription["days_until_due"],
        subscription=subscription,
        period=over,
    )
    include(
        call,
        invoice,
        pending(call, subscription["customer"], subscription["currency"], subscription=subscription["id"]),
    )
    # What was used in a trial is not billed.
    in_arrears = [] if was_trial else usage_lines(call, invoice["id"], before)
    add_lines(call, invoice, [*period_lines(call, invoice, subscription), *in_arrears])
    settle_debits(subscription, invoice)
    discounts.use_up(call, subscription, invoice)
    subscription["latest_invoice"] = invoice["id"]
    follow_period(call, subscription)
    announce(call, invoice)
    call.save(subscription, "customer.subscription.updated")
    return invoice


def period_lines(call: Call, invoice: Json, subscription: Json) -> list[Json]:
    """One line for each item billed in advance over its current period (a trial costs nothing), noted on the item as
    billed. Usage is billed when the period is over."""
    lines: list[Json] = []
    for item in subscription["items"]["data"]:
        if is_metered(item):
            continue
        amount, description = period_amount(item), None
        if subscription["status"] == "trialing":
            amount, description = 0, trial_description(call, item["price"], item["quantity"])
        line = subscription_line(
            call,
            invoice["id"],
            subscription,
            item,
            amount=amount,
            period=period_of(item),
            description=description,
        )
        note_debit(item, amount, period_of(item), invoice=invoice["id"], line=line["id"])
        lines.append(line)
    return lines


@timer("subscription.cancel")
def end_as_planned(call: Call, subscription_id: str) -> None:
    """`cancel_at` has come in the middle of a period."""
    subscription = call.find("subscription", subscription_id)
    if subscription and subscription["status"] not in subscription_status.ENDED:
        credit = subscription.get("_credit_at_end", False)
        cancel_at_once(call, subscription, prorate=credit, invoice_now=False, planned=True)


@timer("subscription.expire_incomplete")
def expire(call: Call, subscription_id: str) -> None:
    """docs.stripe.com/billing/subscriptions/overview#requires-payment-method: 23 hours to pay the first invoice."""
    subscription = call.find("subscription", subscription_id)
    if subscription is None or subscription["status"] != "incomplete":
        return
    invoice = call.need("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        void(call, invoice)


@timer("subscription.trial_will_end")
def remind(call: Call, subscription_id: str) -> None:
    subscription = call.find("subscription", subscription_id)
    if subscription and subscription["status"] == "trialing":
        call.emit("customer.subscription.trial_will_end", subscription)
