"""What binds a subscription and its schedule together while the subscription lives on its own.

docs.stripe.com/billing/subscriptions/subscription-schedules
"""

from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.world import Json

TYPE = "subscription_schedule"
OPEN = ("not_started", "active")

_ENDING = ("cancel_at", "cancel_at_period_end")


def refuse_ending(subscription: Json, given: Json) -> None:
    """A subscription with a schedule ends as the schedule says: its end is not changed past it."""
    if subscription["schedule"] and any(name in given for name in _ENDING):
        raise invalid_request(
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead.",
            param=next(name for name in _ENDING if name in given),
        )


def phase_item(item: Json) -> Json:
    """How a phase names an item of a subscription."""
    named = {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": dict(item["metadata"]),
        "plan": item["price"]["id"],
        "price": item["price"]["id"],
        "tax_rates": [],
    }
    return named | ({"quantity": item["quantity"]} if "quantity" in item else {})


def follow_items(call: Call, subscription: Json) -> None:
    """What was changed on the subscription itself becomes part of the phase it is in; later phases stay."""
    schedule = call.find(TYPE, subscription["schedule"])
    if schedule is None or schedule["current_phase"] is None:
        return
    for phase in schedule["phases"]:
        if phase["start_date"] == schedule["current_phase"]["start_date"]:
            phase["items"] = [phase_item(item) for item in subscription["items"]["data"]]
    call.save(schedule, f"{TYPE}.updated")


def fall(call: Call, subscription: Json, reason: str | None) -> None:
    """The subscription is over, and so is an active schedule: aborted when nobody paid, else canceled."""
    schedule = call.find(TYPE, subscription["schedule"])
    if schedule and schedule["status"] in OPEN:
        close(call, schedule, "canceled")
        call.emit(f"{TYPE}.{'aborted' if reason == 'payment_failed' else 'canceled'}", schedule)


def close(call: Call, schedule: Json, status: str) -> Json:
    """No phase of it will come any more. status: canceled, completed or released."""
    schedule |= {"status": status, f"{status}_at": call.now, "current_phase": None}
    call.unschedule("schedule.phase", schedule["id"])
    return call.save(schedule)
