"""What a subscription says about itself: its plain fields, its planned end, its trial's reminder."""

from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.periods import SECONDS_PER_DAY
from sandbox.world import Json


def blank(call: Call, subscription_id: str, customer_id: str, currency: str, items: list[Json]) -> Json:
    """All fields of a subscription in their plainest state."""
    return {
        "id": subscription_id,
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": call.now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": None},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "currency": currency,
        "customer": customer_id,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": {
            "object": "list",
            "data": items,
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={subscription_id}",
        },
        "latest_invoice": None,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": call.now,
        "status": "incomplete",
        "test_clock": call.test_clock,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }


def set_cancellation(call: Call, subscription: Json, given: Json) -> None:
    """`cancel_at_period_end` and `cancel_at`: plan the end, or resume by taking the plan back."""
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    if given.get("cancel_at_period_end") and given.get("cancel_at") is not None:
        raise invalid_request(
            "You may only specify one of `cancel_at` and `cancel_at_period_end`.", param="cancel_at_period_end"
        )
    if given.get("cancel_at_period_end"):
        _plan_end(call, subscription, max(ends), at_period_end=True)
    elif given.get("cancel_at") is not None:
        wanted = given["cancel_at"]
        moment = min(ends) if wanted == "min_period_end" else max(ends) if wanted == "max_period_end" else wanted
        if moment <= call.now:
            raise invalid_request("cancel_at must be in the future.", param="cancel_at")
        _plan_end(call, subscription, moment, at_period_end=False)
        # Whether the unused time is credited is decided now, not when the end comes.
        subscription["_credit_at_end"] = given.get("proration_behavior", "create_prorations") != "none"
    elif "cancel_at" in given or "cancel_at_period_end" in given:
        subscription["cancel_at"] = subscription["canceled_at"] = None
        subscription["cancel_at_period_end"] = False
        subscription["cancellation_details"] = {**subscription["cancellation_details"], "reason": None}
        call.unschedule("subscription.cancel", subscription["id"])


def follow_period(call: Call, subscription: Json) -> None:
    """After its period has changed: renew at the new end, and end there when that was the plan."""
    end = max(item["current_period_end"] for item in subscription["items"]["data"])
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = end
    call.schedule(end, "subscription.renew", subscription["id"])


def _plan_end(call: Call, subscription: Json, moment: int, *, at_period_end: bool) -> None:
    subscription["cancel_at"] = moment
    subscription["cancel_at_period_end"] = at_period_end
    subscription["canceled_at"] = call.now
    subscription["cancellation_details"] = {
        **subscription["cancellation_details"],
        "reason": "cancellation_requested",
    }
    if at_period_end:
        call.unschedule("subscription.cancel", subscription["id"])
    else:
        call.schedule(moment, "subscription.cancel", subscription["id"])


def plan_trial_reminder(call: Call, subscription: Json) -> None:
    """docs.stripe.com/api/events/types: customer.subscription.trial_will_end comes three days before."""
    if subscription["status"] == "trialing":
        at = max(call.now, subscription["trial_end"] - 3 * SECONDS_PER_DAY)
        call.schedule(at, "subscription.trial_will_end", subscription["id"])
    else:
        call.unschedule("subscription.trial_will_end", subscription["id"])
