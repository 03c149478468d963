"""PaymentIntents: cards, captured automatically.

See docs.stripe.com/api/payment_intents and docs.stripe.com/payments/paymentintents/lifecycle.
"""

from sandbox import attempts, customers, payment_methods
from sandbox.amounts import MAXIMUM, MINIMUM, written
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.control import action
from sandbox.errors import StripeError, invalid_request
from sandbox.parameters import Boolean, Choice, Currency, Fields, Integer, Kind, Metadata, OneOf, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json

CANCELLATION_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(call: Call) -> Json:
    given = call.params
    _check_amount(given["amount"], given["currency"])
    if given.get("customer"):
        customers.living(call, given["customer"], "customer")
    if not given.get("confirm"):
        for name in ("off_session", "return_url", "error_on_requires_action"):
            if given.get(name):
                raise invalid_request(f"You cannot set {name} when confirm is not true.", param=name)
    automatic = given.get("automatic_payment_methods", {"enabled": True})
    intent = attempts.open_intent(
        call,
        amount=given["amount"],
        currency=given["currency"],
        customer=given.get("customer"),
        description=given.get("description"),
        metadata=new_metadata(given.get("metadata")),
        receipt_email=given.get("receipt_email"),
        setup_future_usage=given.get("setup_future_usage"),
        statement_descriptor=given.get("statement_descriptor"),
        automatic_payment_methods={"allow_redirects": automatic.get("allow_redirects", "always"), "enabled": True}
        if automatic["enabled"]
        else None,
    )
    if given.get("capture_method"):
        intent["capture_method"] = given["capture_method"]
    if given.get("payment_method"):
        method = payment_methods.usable(call, given["payment_method"], intent["customer"])
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.save(intent)
    return _confirm(call, intent) if given.get("confirm") else intent


def update(call: Call) -> Json:
    intent = call.need("payment_intent", call.path["id"], "intent")
    given = call.params
    changing = set(given) - {"metadata", "description", "expand"}
    if changing and intent["status"] not in OPEN:
        raise _unexpected(
            intent,
            f"This PaymentIntent's {min(changing)} could not be updated because it has a status of "
            f"{intent['status']}. You may only update the {min(changing)} of a PaymentIntent with one of the following "
            f"statuses: {', '.join(OPEN)}.",
        )
    if "amount" in given or "currency" in given:
        amount, currency = given.get("amount", intent["amount"]), given.get("currency", intent["currency"])
        _check_amount(amount, currency)
        intent |= {"amount": amount, "currency": currency}
    if given.get("customer"):
        customers.living(call, given["customer"], "customer")
    if "metadata" in given:
        intent["metadata"] = merge_metadata(intent["metadata"], given["metadata"])
    for name in ("customer", "description", "receipt_email", "setup_future_usage", "statement_descriptor"):
        if name in given:
            intent[name] = given[name]
    if "payment_method" in given:
        intent |= {"payment_method": None, "status": "requires_payment_method", "next_action": None}
        if given["payment_method"]:
            method = payment_methods.usable(call, given["payment_method"], intent["customer"])
            intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return call.save(intent)


def confirm(call: Call) -> Json:
    intent = call.need("payment_intent", call.path["id"], "intent")
    if intent["status"] == "succeeded":
        raise _unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
        )
    if intent["status"] not in OPEN:
        raise _unexpected(
            intent,
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, "
            "requires_action.",
        )
    for name in ("receipt_email", "setup_future_usage"):
        if name in call.params:
            intent[name] = call.params[name]
    return _confirm(call, intent)


def cancel(call: Call) -> Json:
    intent = call.need("payment_intent", call.path["id"], "intent")
    if intent["status"] not in OPEN:
        raise _unexpected(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            "with one of the following statuses may be canceled: requires_payment_method, requires_capture, "
            "requires_confirmation, requires_action, processing.",
        )
    intent = close(call, intent, call.params.get("cancellation_reason"))
    attempts.tell(call, intent)
    return intent


def close(call: Call, intent: Json, reason: str | None) -> Json:
    """Cancel an open intent; also for invoices that are voided (`void_invoice`) or fail for good (`failed_invoice`)."""
    intent |= {
        "status": "canceled",
        "canceled_at": call.now,
        "cancellation_reason": reason,
        "next_action": None,
    }
    call.save(intent)
    call.emit("payment_intent.canceled", intent)
    return intent


@action("authenticate")
def authenticate(call: Call, body: Json) -> Json:
    """`{payment_intent, success}`: the customer passes or fails 3-D Secure in the browser."""
    intent = call.need("payment_intent", str(body.get("payment_intent", "")), "payment_intent")
    if intent["status"] != "requires_action":
        raise invalid_request(f"Nothing to authenticate: the status is {intent['status']}.", param="payment_intent")
    if body.get("success", True):
        method = call.need("payment_method", intent["payment_method"])
        intent = attempts.settle(call, intent, method, authenticated=True)
    else:
        intent = attempts.fail_authentication(call, intent)
    attempts.tell(call, intent)
    return intent


def _confirm(call: Call, intent: Json) -> Json:
    given = call.params
    method_id = given.get("payment_method") or intent["payment_method"]
    # At creation the method was resolved already: a test token would make a second one.
    if intent["status"] == "requires_confirmation" and not call.path:
        method_id = intent["payment_method"]
    if not method_id:
        raise _unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
        )
    off_session = given.get("off_session") in (True, "one_off", "recurring")
    if off_session and given.get("error_on_requires_action") is False:
        raise invalid_request("off_session payments cannot wait for the customer.", param="error_on_requires_action")
    intent = attempts.pay(call, intent, method_id, off_session=off_session, return_url=given.get("return_url"))
    if intent["status"] == "requires_action":
        if given.get("error_on_requires_action"):
            raise StripeError(
                402,
                "card_error",
                "This payment required an authentication action to complete, but `error_on_requires_action` was set.",
                code="authentication_required",
                extra={"decline_code": "authentication_required"},
            )
        return intent
    attempts.tell(call, intent)
    if intent["status"] == "requires_payment_method":
        raise attempts.card_error(call, intent)
    return intent


def _check_amount(amount: int, currency: str) -> None:
    smallest = MINIMUM.get(currency, 1)
    if amount < smallest:
        raise invalid_request(
            f"Amount must be at least {written(smallest, currency)} {currency}", param="amount", code="amount_too_small"
        )
    if amount > MAXIMUM:
        raise invalid_request(
            f"Amount must be no more than {written(MAXIMUM, currency)}", param="amount", code="amount_too_large"
        )


def _unexpected(intent: Json, message: str) -> StripeError:
    return invalid_request(message, code="payment_intent_unexpected_state", payment_intent=intent)


CONFIRMING: dict[str, Kind] = {
    "payment_method": Text(),
    "off_session": OneOf((Boolean(), Choice(("one_off", "recurring")))),
    "return_url": Text(),
    "error_on_requires_action": Boolean(),
    "receipt_email": Text(clearable=True),
    "setup_future_usage": Choice(("off_session", "on_session"), clearable=True),
    "use_stripe_sdk": Boolean(),
}
ROUTES = [
    Route(
        "POST",
        "/v1/payment_intents",
        create,
        {
            **CONFIRMING,
            "amount": Integer(required=True, minimum=1),
            "currency": Currency(required=True),
            "customer": Text(),
            "description": Text(clearable=True),
            "metadata": Metadata(),
            "confirm": Boolean(),
            "statement_descriptor": Text(max_length=22, clearable=True),
            # `manual` is not offered: the sandbox has no separate capture.
            "capture_method": Choice(("automatic", "automatic_async")),
            "confirmation_method": Choice(("automatic",)),
            "automatic_payment_methods": Fields(
                {"enabled": Boolean(required=True), "allow_redirects": Choice(("always", "never"))}
            ),
        },
        "payment_intent_write",
    ),
    listing("/v1/payment_intents", "payment_intent", {"customer": Text()}, "payment_intent_read"),
    Route("GET", "/v1/payment_intents/{id}", fetch("payment_intent", "intent"), {}, "payment_intent_read"),
    Route(
        "POST",
        "/v1/payment_intents/{id}",
        update,
        {
            "amount": Integer(minimum=1),
            "currency": Currency(),
            "customer": Text(),
            "description": Text(clearable=True),
            "metadata": Metadata(),
            "payment_method": Text(clearable=True),
            "receipt_email": Text(clearable=True),
            "setup_future_usage": Choice(("off_session", "on_session"), clearable=True),
            "statement_descriptor": Text(max_length=22, clearable=True),
        },
        "payment_intent_write",
    ),
    Route("POST", "/v1/payment_intents/{id}/confirm", confirm, CONFIRMING, "payment_intent_write"),
    Route(
        "POST",
        "/v1/payment_intents/{id}/cancel",
        cancel,
        {"cancellation_reason": Choice(CANCELLATION_REASONS)},
        "payment_intent_write",
    ),
]
