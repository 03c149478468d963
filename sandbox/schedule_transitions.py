"""What time does to a subscription schedule: it starts, one phase follows the other, it ends.

docs.stripe.com/billing/subscriptions/subscription-schedules
"""

import logging
from dataclasses import replace

from sandbox.calls import Call, merge_metadata
from sandbox.clock import timer
from sandbox.errors import StripeError
from sandbox.schedule_phases import item_changes
from sandbox.schedule_status import TYPE, close
from sandbox.subscription_changes import announce_change, apply_change
from sandbox.subscription_endings import cancel_at_once
from sandbox.subscription_status import ENDED
from sandbox.subscriptions import draft_first, new_subscription
from sandbox.world import Json

log = logging.getLogger(__name__)


def plan(call: Call, schedule: Json) -> None:
    """Wait for what comes next: the start, or the end of the present phase.

    A renewal due at the same instant is planned anew behind it, so that it bills what the next phase says.
    """
    active = schedule["current_phase"]
    moment = active["end_date"] if active else schedule["phases"][0]["start_date"]
    call.schedule(moment, "schedule.phase", schedule["id"])
    subscription = call.find("subscription", schedule["subscription"])
    if subscription and subscription["status"] not in ENDED:
        call.schedule(_period_end(subscription), "subscription.renew", subscription["id"])


@timer("schedule.phase")
def move_on(call: Call, schedule_id: str) -> None:
    schedule = call.find(TYPE, schedule_id)
    if schedule is None:
        return
    if schedule["status"] == "not_started":
        start(call, schedule)
    elif schedule["status"] == "active":
        leave_phase(call, schedule)


def start(call: Call, schedule: Json) -> Json:
    """The first phase begins: the subscription is made. As at a renewal, its first invoice is a draft for an hour."""
    if call.need("customer", schedule["customer"]).get("_deleted"):
        close(call, schedule, "canceled")
        call.emit(f"{TYPE}.canceled", schedule)
        return schedule
    phase = schedule["phases"][0]
    params = {
        "customer": schedule["customer"],
        "items": [
            {name: item[name] for name in ("price", "quantity", "metadata") if name in item} for item in phase["items"]
        ],
        "metadata": phase["metadata"],
        **{name: phase[name] for name in ("default_payment_method", "description") if phase[name]},
    }
    making = replace(call, params=params)
    subscription = new_subscription(making)
    subscription |= {"status": "active", "schedule": schedule["id"]}
    invoice = draft_first(making, subscription)
    subscription["latest_invoice"] = invoice and invoice["id"]
    call.save(subscription)
    schedule |= {"status": "active", "subscription": subscription["id"], "current_phase": _span(phase)}
    call.save(schedule, f"{TYPE}.updated")
    set_end(call, schedule)
    plan(call, schedule)
    return schedule


def leave_phase(call: Call, schedule: Json) -> None:
    """The present phase is over: the next one begins, or the schedule ends as its `end_behavior` says."""
    over = schedule["current_phase"]["end_date"]
    following = next((phase for phase in schedule["phases"] if phase["start_date"] >= over), None)
    if following is None:
        end(call, schedule)
        return
    try:
        with call.world.attempt():
            enter(call, schedule, following)
    except StripeError:
        # Stripe's pages do not say what becomes of a phase that cannot be entered (its price is switched off since).
        log.warning("schedule %s is released: its next phase cannot be entered", schedule["id"], exc_info=True)
        release(call, call.need(TYPE, schedule["id"]))
        return
    schedule["current_phase"] = _span(following)
    call.save(schedule, f"{TYPE}.updated")
    plan(call, schedule)


def enter(call: Call, schedule: Json, phase: Json, proration_behavior: str | None = None) -> None:
    """Make the subscription what the phase says. At the end of a period nothing is prorated: the renewal bills it."""
    subscription = call.need("subscription", schedule["subscription"])
    before = call.need("subscription", subscription["id"])
    renewing = _period_end(subscription) <= call.now
    behavior = "none" if renewing else proration_behavior or phase["proration_behavior"]
    subscription["metadata"] = merge_metadata(subscription["metadata"], phase["metadata"])
    for name in ("default_payment_method", "description"):
        if phase[name]:
            subscription[name] = phase[name]
    call.save(subscription)
    invoice = apply_change(
        call, subscription, {"items": item_changes(subscription, phase), "proration_behavior": behavior}
    )
    subscription = call.need("subscription", subscription["id"])
    if invoice:
        subscription["latest_invoice"] = invoice["id"]
    announce_change(call, before, subscription)


def end(call: Call, schedule: Json) -> None:
    if schedule["end_behavior"] == "release":
        release(call, schedule)
        return
    close(call, schedule, "completed")
    call.emit(f"{TYPE}.completed", schedule)
    subscription = call.need("subscription", schedule["subscription"])
    # At the end of a period the renewal, which comes next, ends it.
    if subscription["status"] not in ENDED and _period_end(subscription) > call.now:
        prorate = schedule["phases"][-1]["proration_behavior"] != "none"
        cancel_at_once(call, subscription, prorate=prorate, invoice_now=False, planned=True)


def release(call: Call, schedule: Json, *, keep_end: bool = False) -> Json:
    """The subscription goes on by itself as it is. keep_end: it still ends when the schedule would have ended it."""
    subscription = call.find("subscription", schedule["subscription"])
    if subscription:
        if schedule["end_behavior"] == "cancel":
            if not keep_end:
                subscription["cancel_at"] = None
            elif subscription["cancel_at"] != _period_end(subscription):
                call.schedule(subscription["cancel_at"], "subscription.cancel", subscription["id"])
        subscription["schedule"] = None
        call.save(subscription, "customer.subscription.updated")
    schedule |= {"released_subscription": schedule["subscription"], "subscription": None}
    close(call, schedule, "released")
    call.emit(f"{TYPE}.released", schedule)
    return schedule


def set_end(call: Call, schedule: Json) -> None:
    """The subscription shows the end that its schedule has planned for it, or none."""
    subscription = call.find("subscription", schedule["subscription"])
    if subscription:
        ends = schedule["end_behavior"] == "cancel"
        subscription["cancel_at"] = schedule["phases"][-1]["end_date"] if ends else None
        subscription["cancel_at_period_end"] = False
        subscription["schedule"] = schedule["id"]
        call.unschedule("subscription.cancel", subscription["id"])
        call.save(subscription, "customer.subscription.updated")


def _period_end(subscription: Json) -> int:
    return max(item["current_period_end"] for item in subscription["items"]["data"])


def _span(phase: Json) -> Json:
    return {"end_date": phase["end_date"], "start_date": phase["start_date"]}
