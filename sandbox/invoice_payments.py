"""Invoice payments (docs.stripe.com/api/invoice-payment): which PaymentIntent pays which invoice.

Finalizing an invoice makes one default payment with a PaymentIntent over what is due.
"""

from typing import Any

from sandbox import attempts, paging, payment_intents
from sandbox.calls import Call
from sandbox.expansion import includable
from sandbox.parameters import RANGE, Choice, Fields, Text
from sandbox.routing import Route, fetch
from sandbox.world import Json, World

_WORDS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}


def open_default(call: Call, invoice: Json) -> Json:
    """The default payment of a freshly finalized invoice and its PaymentIntent."""
    first = invoice["billing_reason"] == "subscription_create"
    intent = attempts.open_intent(
        call,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=_WORDS.get(invoice["billing_reason"], "Payment for Invoice"),
        setup_future_usage="off_session" if first else None,
    )
    return call.create(
        "invoice_payment",
        {
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        },
    )


def default_payment(call: Call, invoice: Json) -> Json | None:
    """The invoice's default payment; an invoice with nothing due has none."""
    return next(iter(call.world.select("invoice_payment", {"invoice": invoice["id"], "is_default": True})), None)


def intent_of(call: Call, payment: Json) -> Json:
    return call.need("payment_intent", payment["payment"]["payment_intent"])


def mark_payment_paid(call: Call, payment: Json) -> None:
    payment["status"] = "paid"
    payment["amount_paid"] = payment["amount_requested"]
    payment["status_transitions"]["paid_at"] = call.now
    call.save(payment)
    call.emit("invoice_payment.paid", payment)


def cancel_default(call: Call, invoice: Json) -> None:
    """The invoice needs no payment any more: its PaymentIntent is canceled."""
    payment = default_payment(call, invoice)
    if payment is None or payment["status"] != "open":
        return
    payment["status"] = "canceled"
    payment["status_transitions"]["canceled_at"] = call.now
    call.save(payment)
    intent = intent_of(call, payment)
    if intent["status"] in payment_intents.OPEN:
        payment_intents.close(call, intent, "void_invoice")


def payments_of(world: World, invoice: Json) -> list[Json]:
    return world.select("invoice_payment", {"invoice": invoice["id"]})


@includable("invoice", "payments")
def payments(world: World, invoice: Json) -> Json:
    """docs.stripe.com/api/invoices/object: `payments` is shown only when expanded."""
    return paging.listed(f"/v1/invoice_payments?invoice={invoice['id']}", payments_of(world, invoice))


@includable("invoice", "confirmation_secret")
def confirmation_secret(world: World, invoice: Json) -> Json | None:
    """docs.stripe.com/api/invoices/object#invoice_object-confirmation_secret: for the browser to confirm with."""
    payment = next((p for p in payments_of(world, invoice) if p["is_default"]), None)
    intent = world.find("payment_intent", payment["payment"]["payment_intent"]) if payment else None
    return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None


def list_(call: Call) -> Json:
    given = call.params
    where: dict[str, Any] = {name: given[name] for name in ("invoice", "status") if name in given}
    if "payment" in given:
        where["payment.payment_intent"] = given["payment"].get("payment_intent")
    return paging.page(call, "/v1/invoice_payments", call.world.select("invoice_payment", where))


ROUTES = [
    Route(
        "GET",
        "/v1/invoice_payments",
        list_,
        {
            **paging.PARAMETERS,
            "created": RANGE,
            "invoice": Text(),
            "payment": Fields(
                {"type": Choice(("payment_intent",), required=True), "payment_intent": Text(required=True)}
            ),
            "status": Choice(("canceled", "open", "paid")),
        },
        "invoice_read",
    ),
    Route("GET", "/v1/invoice_payments/{id}", fetch("invoice_payment"), {}, "invoice_read"),
]
