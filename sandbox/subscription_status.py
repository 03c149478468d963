"""How a subscription's status follows its invoices.

docs.stripe.com/billing/subscriptions/overview#subscription-statuses
"""

from sandbox import schedule_status
from sandbox.calls import Call
from sandbox.world import Json

ENDED = ("canceled", "incomplete_expired")


def subscription_of(call: Call, invoice: Json) -> Json | None:
    """The subscription an invoice belongs to."""
    parent = invoice["parent"]
    if not parent or parent["type"] != "subscription_details":
        return None
    return call.find("subscription", parent["subscription_details"]["subscription"])


def invoices_of(call: Call, subscription_id: str) -> list[Json]:
    """Its invoices, newest first."""
    return call.world.select("invoice", {"parent.subscription_details.subscription": subscription_id})


def payment_failed(call: Call, invoice: Json) -> None:
    """A finalized invoice was not paid when it should be: an active subscription is past due, one that never began
    incomplete."""
    subscription = subscription_of(call, invoice)
    if subscription and subscription["status"] in ("active", "trialing"):
        subscription["status"] = "past_due"
        call.save(subscription, "customer.subscription.updated")


def invoice_settled(call: Call, invoice: Json) -> None:
    """An invoice was paid, voided or written off.

    incomplete: paid makes it active, void ends it. past_due and unpaid: active again once the latest finalized invoice
    is settled.
    """
    subscription = subscription_of(call, invoice)
    if subscription is None:
        return
    if subscription["status"] == "incomplete" and invoice["billing_reason"] == "subscription_create":
        if invoice["status"] == "paid":
            subscription["status"] = "trialing" if (subscription["trial_end"] or 0) > call.now else "active"
            call.unschedule("subscription.expire_incomplete", subscription["id"])
            call.save(subscription, "customer.subscription.updated")
        elif invoice["status"] == "void":
            end(call, subscription, status="incomplete_expired")
    elif subscription.get("_resumption") == invoice["id"]:
        subscription["_resumption"] = None
        call.unschedule("subscription.stay_paused", subscription["id"])
        if subscription["status"] == "paused" and invoice["status"] != "void":
            unpause(call, subscription)
        call.save(subscription)
    elif subscription["status"] in ("past_due", "unpaid"):
        latest = next((i for i in invoices_of(call, subscription["id"]) if i["status"] != "draft"), None)
        if latest and latest["status"] in ("paid", "void", "uncollectible"):
            subscription["status"] = "active"
            call.save(subscription, "customer.subscription.updated")


def unpause(call: Call, subscription: Json) -> None:
    subscription["status"] = "active"
    subscription.pop("status_details", None)
    call.save(subscription, "customer.subscription.updated")
    call.emit("customer.subscription.resumed", subscription)


def end(call: Call, subscription: Json, *, status: str = "canceled", reason: str | None = None) -> Json:
    """The subscription is over: no timer will touch it again. Emits the event its status calls for."""
    subscription["status"] = status
    subscription["ended_at"] = call.now
    if status == "canceled":
        subscription["canceled_at"] = subscription["canceled_at"] or call.now
        if reason:
            subscription["cancellation_details"] = {**subscription["cancellation_details"], "reason": reason}
    for kind in ("renew", "expire_incomplete", "cancel", "collect_again", "stay_paused", "trial_will_end"):
        call.unschedule(f"subscription.{kind}", subscription["id"])
    if status == "canceled":
        call.save(subscription)
        call.emit("customer.subscription.deleted", subscription)
    else:
        call.save(subscription, "customer.subscription.updated")
    schedule_status.fall(call, subscription, reason)
    return subscription


def stop_collection(call: Call, customer_id: str) -> None:
    """docs.stripe.com/api/subscriptions/cancel: automatic collection of the customer's finalized invoices stops."""
    for invoice in call.world.select("invoice", {"customer": customer_id, "status": "open"}):
        if invoice["auto_advance"] or invoice["next_payment_attempt"]:
            invoice["auto_advance"] = False
            invoice["next_payment_attempt"] = None
            call.unschedule("invoice.collect", invoice["id"])
            call.save(invoice, "invoice.updated")
