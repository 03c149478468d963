"""Paying a PaymentIntent: the part shared by its API, by a customer's authentication and by invoices.

For the billing half, inside the same request::

    intent = attempts.open_intent(call, amount=1200, currency="usd", customer="cus_…", description="…")
    intent = attempts.pay(call, intent, "pm_…", off_session=True)
    intent["status"]   # succeeded | requires_action | requires_payment_method (declined: last_payment_error is set)
    raise attempts.card_error(call, intent)   # the 402 to answer, keeping what was written

`pay` never raises for a decline. Whoever must know that an intent was paid or failed outside its own call (a customer
authenticates, or confirms an invoice's intent by API) registers with `@watcher`.
"""

from collections.abc import Callable

from sandbox import charges, payment_methods
from sandbox.calls import Call
from sandbox.declines import DECLINES, Decline
from sandbox.errors import StripeError
from sandbox.world import Json

AUTHENTICATION_FAILED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod "
    "to attempt to fulfill this PaymentIntent again."
)

Watcher = Callable[[Call, Json], None]

WATCHERS: list[Watcher] = []


def watcher(watch: Watcher) -> Watcher:
    """Register to be told of each intent that was paid, failed or canceled through the PaymentIntents API."""
    WATCHERS.append(watch)
    return watch


def tell(call: Call, intent: Json) -> None:
    for watch in WATCHERS:
        watch(call, intent)


def open_intent(
    call: Call,
    *,
    amount: int,
    currency: str,
    customer: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    receipt_email: str | None = None,
    setup_future_usage: str | None = None,
    statement_descriptor: str | None = None,
    automatic_payment_methods: Json | None = None,
) -> Json:
    """A new PaymentIntent without a payment method."""
    intent = call.create(
        "payment_intent",
        {
            "allowed_payment_method_types": None,
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": automatic_payment_methods,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": None,
            "confirmation_method": "automatic",
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "description": description,
            "excluded_payment_method_types": None,
            "last_payment_error": None,
            "latest_charge": None,
            "metadata": metadata or {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "processing": None,
            "receipt_email": receipt_email,
            "review": None,
            "setup_future_usage": setup_future_usage,
            "shipping": None,
            "source": None,
            "statement_descriptor": statement_descriptor,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        },
    )
    intent["client_secret"] = f"{intent['id']}_secret_{call.new_secret(25, 'client_secret')}"
    call.save(intent)
    call.emit("payment_intent.created", intent)
    return intent


def pay(call: Call, intent: Json, method_id: str, *, off_session: bool = False, return_url: str | None = None) -> Json:
    """One attempt with one payment method; the stored intent afterwards. Raises only if the method may not be used."""
    method = payment_methods.usable(call, method_id, intent["customer"])
    intent |= {"payment_method": method["id"], "next_action": None, "last_payment_error": None}
    if must_authenticate(method, off_session=off_session):
        if off_session:
            return _declined(call, intent, method, DECLINES["authentication_required"])
        intent |= {"status": "requires_action", "next_action": _next_action(intent, return_url)}
        call.save(intent)
        call.emit("payment_intent.requires_action", intent)
        return intent
    return settle(call, intent, method)


def settle(call: Call, intent: Json, method: Json, *, authenticated: bool = False) -> Json:
    """What the issuer says, once no authentication is (or is still) needed."""
    decline = _decline(call, method)
    if decline:
        return _declined(call, intent, method, decline)
    charge = charges.attempt(call, intent, method, None, authenticated=authenticated)
    _keep_or_use_up(call, intent, method, authenticated=authenticated)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    call.save(intent)
    call.emit("payment_intent.succeeded", intent)
    return intent


def card_error(call: Call, intent: Json) -> StripeError:
    """The 402 for an intent whose last attempt was declined: `raise attempts.card_error(call, intent)`."""
    failure = intent["last_payment_error"]
    decline = DECLINES[failure["decline_code"]]
    method = call.find("payment_method", failure["payment_method"]["id"])
    return decline.error(
        failure.get("charge"), commit=True, payment_intent=intent, payment_method=method or failure["payment_method"]
    )


def fail_authentication(call: Call, intent: Json) -> Json:
    """The customer did not pass 3-D Secure: no charge is made (docs.stripe.com/payments/3d-secure)."""
    method = call.need("payment_method", intent["payment_method"])
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": {
            "code": "payment_intent_authentication_failure",
            "doc_url": "https://docs.stripe.com/error-codes/payment-intent-authentication-failure",
            "message": AUTHENTICATION_FAILED,
            "payment_method": method,
            "type": "invalid_request_error",
        },
    }
    call.save(intent)
    call.emit("payment_intent.payment_failed", intent)
    return intent


def _declined(call: Call, intent: Json, method: Json, decline: Decline) -> Json:
    charge = charges.attempt(call, intent, method, decline)
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": {**decline.details(charge["id"]), "payment_method": method},
    }
    call.save(intent)
    call.emit("payment_intent.payment_failed", intent)
    return intent


def _decline(call: Call, method: Json) -> Decline | None:
    if method["_behaviour"]["decline"]:
        return DECLINES[method["_behaviour"]["decline"]]
    return DECLINES["expired_card"] if payment_methods.expired(call, method) else None


def must_authenticate(method: Json, *, off_session: bool) -> bool:
    """Whether a payment with this card asks for 3-D Secure (docs.stripe.com/testing#regulatory-cards)."""
    match method["_behaviour"]["authentication"]:
        case "always":
            return True
        case "unless_set_up":
            return not (off_session and method.get("_set_up"))
        case "on_session_only":
            return not off_session
    return False


def _next_action(intent: Json, return_url: str | None) -> Json:
    if return_url:
        url = f"https://hooks.stripe.com/3d_secure_2/hosted?payment_intent={intent['id']}"
        return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}


def _keep_or_use_up(call: Call, intent: Json, method: Json, *, authenticated: bool) -> None:
    """A card paid with is saved when asked for (`setup_future_usage`), else it is spent unless already saved."""
    if intent["setup_future_usage"] and intent["customer"] and not method["customer"]:
        method = payment_methods.attach_to(call, method["id"], intent["customer"])
    if intent["setup_future_usage"] == "off_session" and authenticated:
        call.save({**method, "_set_up": True})
    elif not method["customer"]:
        call.save({**method, "_used_up": True})
