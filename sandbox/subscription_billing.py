"""Billing a subscription at once: finalize its invoice and collect it as `payment_behavior` says
(docs.stripe.com/api/subscriptions/create#create_subscription-payment_behavior)."""

from sandbox.calls import Call
from sandbox.errors import StripeError
from sandbox.invoice_collection import collect
from sandbox.invoice_lifecycle import finalize
from sandbox.payment_choice import chosen_method, no_method
from sandbox.subscription_status import payment_failed
from sandbox.world import Json


def bill_now(call: Call, invoice: Json, payment_behavior: str, *, off_session: bool) -> Json:
    """Finalize a subscription's draft and attempt payment. Returns the invoice.

    allow_incomplete: a failure leaves the subscription incomplete or past due. default_incomplete: payment waits for
    the customer. error_if_incomplete: a failure undoes everything and is the answer (402).
    """
    invoice = finalize(call, invoice)
    if invoice["status"] != "open" or invoice["collection_method"] == "send_invoice":
        return invoice
    invoice["next_payment_attempt"] = None
    call.unschedule("invoice.collect", invoice["id"])
    call.save(invoice)
    if payment_behavior == "default_incomplete":
        payment_failed(call, invoice)
        return invoice
    method_id = chosen_method(call, invoice)
    if method_id is None:
        raise no_method()
    error = collect(call, invoice, method_id, automatic=True, off_session=off_session)
    if error and payment_behavior == "error_if_incomplete":
        raise StripeError(
            error.status, error.type, error.message, code=error.code, param=error.param, extra=error.extra
        )
    return invoice
