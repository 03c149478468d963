"""SetupIntents: a card is saved for later without a payment.

See docs.stripe.com/api/setup_intents and docs.stripe.com/payments/setup-intents.
"""

from sandbox import attempts, customers, payment_methods
from sandbox.calls import Call, new_metadata
from sandbox.control import action
from sandbox.declines import DECLINES
from sandbox.errors import StripeError, invalid_request
from sandbox.parameters import Boolean, Choice, Fields, Kind, Metadata, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json

CANCELLATION_REASONS = ("abandoned", "duplicate", "requested_by_customer")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(call: Call) -> Json:
    given = call.params
    if given.get("return_url") and not given.get("confirm"):
        raise invalid_request("You cannot set return_url when confirm is not true.", param="return_url")
    if given.get("customer"):
        customers.living(call, given["customer"], "customer")
    automatic = given.get("automatic_payment_methods", {"enabled": True})
    intent = open_setup(
        call,
        customer=given.get("customer"),
        description=given.get("description"),
        metadata=new_metadata(given.get("metadata")),
        usage=given.get("usage", "off_session"),
        automatic_payment_methods={"allow_redirects": automatic.get("allow_redirects", "always"), "enabled": True}
        if automatic["enabled"]
        else None,
    )
    if given.get("payment_method"):
        method = payment_methods.usable(call, given["payment_method"], intent["customer"])
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
        call.save(intent)
    return _confirm(call, intent, intent["payment_method"]) if given.get("confirm") else intent


def open_setup(
    call: Call,
    *,
    customer: str | None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    usage: str = "off_session",
    automatic_payment_methods: Json | None = None,
) -> Json:
    """A new SetupIntent without a payment method."""
    intent = call.create(
        "setup_intent",
        {
            "allowed_payment_method_types": None,
            "application": None,
            "automatic_payment_methods": automatic_payment_methods,
            "cancellation_reason": None,
            "client_secret": None,
            "customer": customer,
            "customer_account": None,
            "description": description,
            "excluded_payment_method_types": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "mandate": None,
            "metadata": metadata or {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": usage,
        },
    )
    intent["client_secret"] = f"{intent['id']}_secret_{call.new_secret(25, 'client_secret')}"
    call.save(intent)
    call.emit("setup_intent.created", intent)
    return intent


def confirm(call: Call) -> Json:
    intent = call.need("setup_intent", call.path["id"], "intent")
    if intent["status"] not in OPEN:
        raise _unexpected(intent, f"You cannot confirm this SetupIntent because it has a status of {intent['status']}.")
    return _confirm(call, intent, call.params.get("payment_method") or intent["payment_method"])


def cancel(call: Call) -> Json:
    intent = call.need("setup_intent", call.path["id"], "intent")
    if intent["status"] not in OPEN:
        raise _unexpected(
            intent,
            f"You cannot cancel this SetupIntent because it has a status of {intent['status']}. Only a SetupIntent "
            f"with one of the following statuses may be canceled: {', '.join(OPEN)}.",
        )
    if call.world.select("checkout.session", {"setup_intent": intent["id"]}):
        raise _unexpected(
            intent, "You cannot cancel this SetupIntent because a Checkout Session made it. Expire the Session instead."
        )
    return close(call, intent, call.params.get("cancellation_reason"))


def close(call: Call, intent: Json, reason: str | None) -> Json:
    """Cancel an open intent."""
    intent |= {"status": "canceled", "cancellation_reason": reason, "next_action": None}
    call.save(intent)
    call.emit("setup_intent.canceled", intent)
    return intent


def attempt(call: Call, intent: Json, method_id: str, *, return_url: str | None = None) -> Json:
    """One try with one payment method; the stored intent afterwards. Raises only if the method may not be used."""
    method = payment_methods.usable(call, method_id, intent["customer"])
    intent |= {"payment_method": method["id"], "next_action": None, "last_setup_error": None}
    if attempts.must_authenticate(method, off_session=False):
        action_needed: Json = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
        if return_url:
            url = f"https://hooks.stripe.com/3d_secure_2/hosted?setup_intent={intent['id']}"
            action_needed = {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}
        intent |= {"status": "requires_action", "next_action": action_needed}
        call.save(intent)
        call.emit("setup_intent.requires_action", intent)
        return intent
    return _settle(call, intent, method)


def card_error(call: Call, intent: Json) -> StripeError:
    """The 402 for an intent whose last try was refused."""
    failure = intent["last_setup_error"]
    method = call.find("payment_method", failure["payment_method"]["id"])
    return DECLINES[failure["decline_code"]].error(
        commit=True, setup_intent=intent, payment_method=method or failure["payment_method"]
    )


@action("authenticate_setup")
def authenticate(call: Call, body: Json) -> Json:
    """`{setup_intent, success}`: the customer passes or fails 3-D Secure while a card is saved."""
    intent = call.need("setup_intent", str(body.get("setup_intent", "")), "setup_intent")
    if intent["status"] != "requires_action":
        raise invalid_request(f"Nothing to authenticate: the status is {intent['status']}.", param="setup_intent")
    method = call.need("payment_method", intent["payment_method"])
    if body.get("success", True):
        intent = _settle(call, intent, method, authenticated=True)
    else:
        failure = {
            "code": "setup_intent_authentication_failure",
            "doc_url": "https://docs.stripe.com/error-codes/setup-intent-authentication-failure",
            "message": "The latest attempt to set up the payment method has failed because authentication failed.",
            "payment_method": method,
            "type": "invalid_request_error",
        }
        intent = _failed(call, intent, failure)
    attempts.tell(call, intent)
    return intent


def _confirm(call: Call, intent: Json, method_id: str | None) -> Json:
    if not method_id:
        raise _unexpected(
            intent,
            "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a "
            "payment method and then confirm it again.",
        )
    intent = attempt(call, intent, method_id, return_url=call.params.get("return_url"))
    if intent["status"] == "requires_action":
        return intent
    attempts.tell(call, intent)
    if intent["status"] == "requires_payment_method":
        raise card_error(call, intent)
    return intent


def _settle(call: Call, intent: Json, method: Json, *, authenticated: bool = False) -> Json:
    """docs.stripe.com/testing: a card made to decline later is saved; one that declines always is refused."""
    if not method["_behaviour"]["attachable"]:
        decline = DECLINES[method["_behaviour"]["decline"]]
        return _failed(call, intent, {**decline.details(None), "payment_method": method})
    if intent["customer"]:
        method = payment_methods.attach_to(call, method["id"], intent["customer"])
    if intent["usage"] == "off_session" and authenticated:
        call.save({**method, "_set_up": True})
    intent |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    call.save(intent)
    call.emit("setup_intent.succeeded", intent)
    return intent


def _failed(call: Call, intent: Json, failure: Json) -> Json:
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": failure,
    }
    call.save(intent)
    call.emit("setup_intent.setup_failed", intent)
    return intent


def _unexpected(intent: Json, message: str) -> StripeError:
    return invalid_request(message, code="setup_intent_unexpected_state", setup_intent=intent)


CONFIRMING: dict[str, Kind] = {"payment_method": Text(), "return_url": Text(), "use_stripe_sdk": Boolean()}
ROUTES = [
    Route(
        "POST",
        "/v1/setup_intents",
        create,
        {
            **CONFIRMING,
            "automatic_payment_methods": Fields(
                {"enabled": Boolean(required=True), "allow_redirects": Choice(("always", "never"))}
            ),
            "confirm": Boolean(),
            "customer": Text(),
            "description": Text(),
            "metadata": Metadata(),
            "usage": Choice(("off_session", "on_session")),
        },
        "setup_intent_write",
    ),
    listing("/v1/setup_intents", "setup_intent", {"customer": Text(), "payment_method": Text()}, "setup_intent_read"),
    Route("GET", "/v1/setup_intents/{id}", fetch("setup_intent", "intent"), {}, "setup_intent_read"),
    Route("POST", "/v1/setup_intents/{id}/confirm", confirm, CONFIRMING, "setup_intent_write"),
    Route(
        "POST",
        "/v1/setup_intents/{id}/cancel",
        cancel,
        {"cancellation_reason": Choice(CANCELLATION_REASONS)},
        "setup_intent_write",
    ),
]
