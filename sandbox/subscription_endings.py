"""Canceling a subscription at once (docs.stripe.com/api/subscriptions/cancel)."""

from sandbox import subscription_status
from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.invoice_collection import collect
from sandbox.invoice_drafts import add_lines, announce, include, new_draft
from sandbox.invoice_items import pending, pending_of, proration_credit
from sandbox.invoice_lifecycle import finalize
from sandbox.metered_lines import usage_lines
from sandbox.parameters import Boolean, Choice, Fields, Text
from sandbox.payment_choice import chosen_method
from sandbox.proration import credit_unused
from sandbox.routing import Route
from sandbox.subscription_items import cut_debits, debits_of, is_metered
from sandbox.world import Json

FEEDBACK = (
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)
DETAILS = Fields({"comment": Text(clearable=True), "feedback": Choice(FEEDBACK, clearable=True)})


def cancel(call: Call) -> Json:
    given = call.params
    subscription = call.need("subscription", call.path["id"])
    if subscription["status"] in subscription_status.ENDED:
        raise invalid_request(
            f"No such subscription: '{subscription['id']}'", param="id", code="resource_missing", status=404
        )
    subscription["cancellation_details"] = {
        **subscription["cancellation_details"],
        **given.get("cancellation_details", {}),
    }
    return cancel_at_once(
        call, subscription, prorate=given.get("prorate", False), invoice_now=given.get("invoice_now", False)
    )


def cancel_at_once(call: Call, subscription: Json, *, prorate: bool, invoice_now: bool, planned: bool = False) -> Json:
    """End it now. prorate: credit the unused time. invoice_now: a last invoice over what is pending; a credit goes to
    the customer's balance. With neither, pending prorations are dropped, unless the end had been planned."""
    if prorate and subscription["status"] != "trialing":
        credit_items(call, subscription, subscription["items"]["data"], call.now)
    if invoice_now:
        _last_invoice(call, subscription)
        subscription["latest_invoice"] = call.need("subscription", subscription["id"])["latest_invoice"]
    elif not prorate and not planned:
        for item in pending_of(call, subscription):
            if item["proration"]:
                call.remove(item, "invoiceitem.deleted")
    subscription["cancel_at_period_end"] = False
    subscription["canceled_at"] = call.now
    subscription_status.end(call, subscription, reason="cancellation_requested")
    subscription_status.stop_collection(call, subscription["customer"])
    _hold_drafts(call, subscription)
    return call.need("subscription", subscription["id"])


def cancel_all(call: Call, customer_id: str) -> None:
    """docs.stripe.com/api/customers/delete: deleting a customer immediately cancels their subscriptions."""
    for subscription in call.world.select("subscription", {"customer": customer_id}):
        if subscription["status"] not in subscription_status.ENDED:
            cancel_at_once(call, subscription, prorate=False, invoice_now=False)


def credit_items(call: Call, subscription: Json, items: list[Json], moment: int) -> list[Json]:
    """Pending credits for the time from `moment` on that the items have been billed for; returned."""
    credits: list[Json] = []
    for item in items:
        for credit in credit_unused(debits_of(item), moment):
            credits.append(proration_credit(call, subscription, item, credit))
        cut_debits(item, moment)
    call.save(subscription)
    return credits


def _last_invoice(call: Call, subscription: Json) -> None:
    waiting = pending(call, subscription["customer"], subscription["currency"], subscription=subscription["id"])
    used = subscription["status"] != "trialing" and any(map(is_metered, subscription["items"]["data"]))
    if not waiting and not used:
        return
    invoice = new_draft(
        call,
        call.need("customer", subscription["customer"]),
        subscription["currency"],
        billing_reason="subscription_update",
        collection_method=subscription["collection_method"],
        days_until_due=subscription["days_until_due"],
        subscription=subscription,
    )
    include(call, invoice, waiting)
    if used:
        # docs.stripe.com/api/subscriptions/cancel#cancel_subscription-invoice_now: usage that was not invoiced yet.
        add_lines(call, invoice, usage_lines(call, invoice["id"], subscription, until=call.now))
    call.save({**subscription, "latest_invoice": invoice["id"]})
    invoice = finalize(call, announce(call, invoice))
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        collect(call, invoice, chosen_method(call, invoice), automatic=True)


def _hold_drafts(call: Call, subscription: Json) -> None:
    """Drafts of an ended subscription do not advance by themselves any more."""
    for invoice in subscription_status.invoices_of(call, subscription["id"]):
        if invoice["status"] == "draft" and invoice["auto_advance"]:
            invoice["auto_advance"] = False
            invoice["automatically_finalizes_at"] = invoice["next_payment_attempt"] = None
            call.unschedule("invoice.finalize", invoice["id"])
            call.save(invoice, "invoice.updated")


ROUTES = [
    Route(
        "DELETE",
        "/v1/subscriptions/{id}",
        cancel,
        {"cancellation_details": DETAILS, "invoice_now": Boolean(), "prorate": Boolean()},
        "subscription_write",
    )
]
