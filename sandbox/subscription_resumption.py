"""Resuming a paused subscription (docs.stripe.com/api/subscriptions/resume): a new period, billed at once.

`resume_on_payment_attempt` (the default) charges the card in the request: paid or not, the subscription runs, past due
in the second case. `resume_on_payment_success` finalizes the invoice and waits: until it is paid (or written off) the
subscription stays paused.
"""

from sandbox.calls import Call
from sandbox.clock import timer
from sandbox.errors import invalid_request
from sandbox.invoice_lifecycle import finalize, void
from sandbox.parameters import Choice, Fields
from sandbox.routing import Route
from sandbox.subscription_billing import bill_now
from sandbox.subscription_changes import restart
from sandbox.subscription_status import unpause
from sandbox.world import Json

WAIT_SECONDS = 23 * 3600
"""Without any attempt to pay it, the invoice of a resumption is voided then."""


def resume(call: Call) -> Json:
    subscription = call.need("subscription", call.path["id"])
    waits = call.params.get("payment_behavior") == "resume_on_payment_success"
    invoice = draft(call, subscription)
    if not waits:
        unpause(call, subscription)
        bill_now(call, invoice, "allow_incomplete", off_session=False)
        return call.need("subscription", subscription["id"])
    subscription["_resumption"] = invoice["id"]
    call.save(subscription)
    invoice = finalize(call, invoice)
    if invoice["status"] == "open":
        invoice["next_payment_attempt"] = None
        call.unschedule("invoice.collect", invoice["id"])
        call.save(invoice)
        call.schedule(call.now + WAIT_SECONDS, "subscription.stay_paused", subscription["id"])
    return call.need("subscription", subscription["id"])


def draft(call: Call, subscription: Json) -> Json:
    """The draft of what starting again costs; the subscription's new period begins with it."""
    if subscription["status"] != "paused":
        raise invalid_request(
            f"Only a paused subscription can be resumed. This one's status is {subscription['status']}.", param="id"
        )
    if subscription["collection_method"] != "charge_automatically":
        raise invalid_request("Only a subscription that is charged automatically can be resumed.", param="id")
    if subscription.get("_resumption"):
        raise invalid_request("The subscription is being resumed: its invoice is open.", param="id")
    invoice = restart(call, subscription, None)
    subscription["latest_invoice"] = invoice["id"]
    return call.save(subscription) and invoice


@timer("subscription.stay_paused")
def give_up(call: Call, subscription_id: str) -> None:
    subscription = call.find("subscription", subscription_id)
    invoice = subscription and call.find("invoice", subscription.get("_resumption"))
    if invoice and invoice["status"] == "open" and not invoice["attempt_count"]:
        void(call, invoice)


ROUTES = [
    Route(
        "POST",
        "/v1/subscriptions/{id}/resume",
        resume,
        {
            "billing_cycle_anchor": Fields({"type": Choice(("now",), required=True)}),
            "payment_behavior": Choice(("resume_on_payment_attempt", "resume_on_payment_success")),
        },
        "subscription_write",
    ),
]
