"""Previewed invoices (docs.stripe.com/api/invoices/create_preview).

The change is carried out, its invoice is shown, and everything is undone.
"""

from sandbox import discounts
from sandbox.calls import Call
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.invoice_drafts import include, new_draft, summed
from sandbox.invoice_items import pending
from sandbox.parameters import Boolean, Choice, Fields, Metadata, Text
from sandbox.renewals import bill_what_waits, next_period
from sandbox.routing import Route
from sandbox.schedule_transitions import leave_phase
from sandbox.subscription_changes import CHANGE, apply_change
from sandbox.subscription_endings import cancel_at_once
from sandbox.subscription_resumption import draft as resumption_draft
from sandbox.subscription_status import ENDED
from sandbox.subscriptions import SHARED, draft_first, new_subscription
from sandbox.world import Json

_DETAILS = Fields(
    {
        **{name: SHARED[name] for name in ("cancel_at", "cancel_at_period_end", "proration_behavior", "trial_end")},
        **CHANGE,
        "cancel_now": Boolean(),
        "metadata": Metadata(),
        "resume_at": Choice(("now",)),
    }
)


class _Undo(Exception):
    """Carries the previewed invoice out of the savepoint."""

    def __init__(self, invoice: Json) -> None:
        super().__init__()
        self.invoice = invoice


def create_preview(call: Call) -> Json:
    moment = call.world.moment
    try:
        with call.world.attempt():
            raise _Undo(_invoice(call))
    except _Undo as undone:
        return undone.invoice
    finally:
        call.world.moment = moment


def _invoice(call: Call) -> Json:
    given = call.params
    details = given.get("subscription_details", {})
    if "subscription" in given:
        subscription = call.need("subscription", given["subscription"], "subscription")
        if given.get("customer", subscription["customer"]) != subscription["customer"]:
            raise invalid_request("The subscription belongs to another customer.", param="subscription")
        return _shown(call, _of_subscription(call, subscription, details))
    if "customer" not in given:
        raise invalid_request("You must pass `customer` or `subscription`.", param="customer", code="parameter_missing")
    customer = living(call, given["customer"], "customer")
    if "items" in details:
        return _shown(call, _of_new_subscription(call, details))
    found = call.world.select("subscription", {"customer": customer["id"]})
    living_ones = [s for s in found if s["status"] in ("active", "trialing", "past_due")]
    if living_ones:
        soonest = min(living_ones, key=lambda s: min(i["current_period_end"] for i in s["items"]["data"]))
        return _shown(call, _of_subscription(call, soonest, details))
    waiting = pending(call, customer["id"], customer["currency"] or "usd")
    if not waiting:
        raise _none()
    draft = new_draft(call, customer, customer["currency"] or "usd", billing_reason="upcoming")
    return _shown(call, include(call, draft, waiting))


def _of_subscription(call: Call, subscription: Json, details: Json) -> Json:
    """The invoice that the change causes at once, or else the one at the end of the period."""
    if subscription["status"] in ENDED:
        raise _none()
    if details.get("cancel_now"):
        prorate = details.get("proration_behavior", "create_prorations") != "none"
        cancel_at_once(call, subscription, prorate=prorate, invoice_now=False, planned=True)
        everything = pending(call, subscription["customer"], subscription["currency"], subscription=subscription["id"])
        return _of_pending(call, subscription, everything)
    if "resume_at" in details:
        return resumption_draft(call, subscription)
    at_once = apply_change(call, subscription, details)
    if at_once:
        return at_once
    subscription = call.need("subscription", subscription["id"])
    end = max(item["current_period_end"] for item in subscription["items"]["data"])
    # The preview looks at the end of the period from there.
    call.world.moment = end
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= end:
        last = bill_what_waits(call, subscription)
        if last is None:
            raise _none()
        return last
    schedule = call.find("subscription_schedule", subscription["schedule"])
    if schedule and schedule["current_phase"] and schedule["current_phase"]["end_date"] <= end:
        leave_phase(call, schedule)
        subscription = call.need("subscription", subscription["id"])
        if max(item["current_period_end"] for item in subscription["items"]["data"]) > end:
            # Another interval: the phase has begun a period of its own.
            return call.need("invoice", subscription["latest_invoice"])
    return next_period(call, subscription)


def _discounted(call: Call, invoice: Json) -> None:
    """docs.stripe.com/api/invoices/create_preview#create_create_preview-discounts: what the parameter names, instead of
    the inherited ones; empty for none."""
    if "discounts" in call.params:
        # Whether a code can be redeemed is asked today, whenever the previewed invoice will come.
        later, call.world.moment = call.world.moment, None
        invoice["discounts"] = discounts.redeem(
            call,
            call.params["discounts"],
            customer=call.need("customer", invoice["customer"]),
            currency=invoice["currency"],
            amount=invoice["subtotal"],
            held=invoice["discounts"],
            invoice=invoice["id"],
        )
        call.world.moment = later
        call.world.put(invoice)


def _of_pending(call: Call, subscription: Json, waiting: list[Json]) -> Json:
    if not waiting:
        raise _none()
    customer = call.need("customer", subscription["customer"])
    draft = new_draft(call, customer, subscription["currency"], billing_reason="upcoming", subscription=subscription)
    return include(call, draft, waiting)


def _of_new_subscription(call: Call, details: Json) -> Json:
    """What a subscription that does not exist yet would cost first."""
    items = [
        {name: value for name, value in item.items() if name in ("price", "quantity")} for item in details["items"]
    ]
    if any("price" not in item for item in items):
        raise invalid_request("Each item of a new subscription needs a price.", param="subscription_details[items]")
    params = {name: details[name] for name in ("trial_end", "proration_behavior") if name in details}
    imagined = Call(call.world, {**params, "customer": call.params["customer"], "items": items})
    draft = draft_first(imagined, new_subscription(imagined))
    if draft is None:
        raise _none()
    return draft


def _shown(call: Call, invoice: Json) -> Json:
    """As Stripe shows what does not exist yet: a draft with an id of its own kind."""
    _discounted(call, invoice)
    stored = summed(call, call.need("invoice", invoice["id"]))
    name = f"upcoming_in_{stored['id'].removeprefix('in_')}"
    lines = stored["lines"]
    return {
        **stored,
        "id": name,
        "billing_reason": "upcoming",
        "automatically_finalizes_at": None,
        "lines": {
            **lines,
            "data": [{**line, "invoice": name} for line in lines["data"]],
            "url": f"/v1/invoices/upcoming/lines?{name}",
        },
    }


def _none() -> Exception:
    return invalid_request(
        "No upcoming invoices for customer", code="invoice_upcoming_none", status=404, param="subscription"
    )


ROUTES = [
    Route(
        "POST",
        "/v1/invoices/create_preview",
        create_preview,
        {
            "customer": Text(),
            "discounts": discounts.DISCOUNTS,
            "preview_mode": Choice(("next",)),
            "subscription": Text(),
            "subscription_details": _DETAILS,
        },
        "invoice_read",
    )
]
