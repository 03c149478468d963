"""Two different rests: a paused subscription (its trial ended without a card) and paused collection of payments.

docs.stripe.com/billing/subscriptions/trials/free-trials and docs.stripe.com/billing/subscriptions/pause-payment
"""

from sandbox.calls import Call
from sandbox.clock import timer
from sandbox.errors import invalid_request
from sandbox.invoice_lifecycle import mark_uncollectible, void
from sandbox.subscription_status import subscription_of
from sandbox.world import Json


def pause(call: Call, subscription: Json) -> None:
    """The trial is over and there is nothing to charge: no invoices until it is resumed."""
    subscription["status"] = "paused"
    subscription["status_details"] = {
        "paused": {
            "subscription": {"type": "trial_end_without_payment_method"},
            "transitioned_at": call.now,
            "type": "subscription",
        }
    }
    call.save(subscription, "customer.subscription.updated")
    call.emit("customer.subscription.paused", subscription)


def pause_collection(call: Call, subscription: Json, wanted: Json | None) -> None:
    """Set or unset `pause_collection`. The status stays what it is; only what becomes of new invoices changes."""
    subscription["pause_collection"] = wanted and {
        "behavior": wanted["behavior"],
        "resumes_at": wanted.get("resumes_at"),
    }
    call.unschedule("subscription.collect_again", subscription["id"])
    until = (wanted or {}).get("resumes_at")
    if until is not None:
        if until <= call.now:
            raise invalid_request("resumes_at must be in the future.", param="pause_collection[resumes_at]")
        call.schedule(until, "subscription.collect_again", subscription["id"])


@timer("subscription.collect_again")
def collect_again(call: Call, subscription_id: str) -> None:
    subscription = call.find("subscription", subscription_id)
    if subscription:
        subscription["pause_collection"] = None
        call.save(subscription, "customer.subscription.updated")


def keeps_drafts(subscription: Json) -> bool:
    """Whether new invoices stay drafts that do not advance."""
    return (subscription["pause_collection"] or {}).get("behavior") == "keep_as_draft"


def close_while_paused(call: Call, invoice: Json) -> bool:
    """Void or write off an invoice that was just finalized, when its subscription's collection is paused that way."""
    subscription = subscription_of(call, invoice)
    behavior = ((subscription or {}).get("pause_collection") or {}).get("behavior")
    if behavior == "void":
        void(call, invoice)
    elif behavior == "mark_uncollectible":
        mark_uncollectible(call, invoice)
    return behavior in ("void", "mark_uncollectible")
