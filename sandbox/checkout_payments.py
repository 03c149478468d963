"""What happens when the page of a Checkout session is used: the payment, the subscription or the saved card.

docs.stripe.com/payments/checkout/how-checkout-works. A declined card leaves the session open for another one.
"""

from dataclasses import replace

from sandbox import (
    attempts,
    checkout_discounts,
    customers,
    payment_intents,
    payment_links,
    payment_methods,
    setup_intents,
    subscriptions,
)
from sandbox.calls import Call, new_metadata
from sandbox.checkout_sessions import details_of
from sandbox.errors import StripeError, invalid_request
from sandbox.invoice_payments import default_payment, intent_of
from sandbox.world import Json


def is_free(session: Json) -> bool:
    """docs.stripe.com/payments/checkout/no-cost-orders: a discount left nothing to pay, so no card is asked for."""
    return session["mode"] == "payment" and session["amount_total"] == 0


def pay(call: Call, session: Json, card: str, email: str | None) -> None:
    """One try with a card (a payment method or a test name; of no use where the session is free). It completes the
    session, leaves it waiting for 3-D Secure (`waits`), or raises the StripeError that tells the customer what was
    wrong."""
    if session["status"] != "open":
        raise invalid_request("This Checkout Session is no longer open.")
    if session["customer"] is None and not (email or session["customer_email"]):
        raise invalid_request("Your e-mail address is needed.", param="email")
    email = session["customer_email"] or email
    checkout_discounts.check(call, session)
    if is_free(session):
        _give(call, session, email)
        return
    match session["mode"]:
        case "payment":
            _pay_once(call, session, card, email)
        case "subscription":
            _subscribe(call, session, card, email)
        case _:
            _save_card(call, session, card, email)


def waits(call: Call, session: Json) -> bool:
    """Whether the customer's bank wants to know that it is them."""
    if session["status"] != "open":
        return False
    intent = call.find("payment_intent", session["payment_intent"]) or call.find(
        "setup_intent", session["setup_intent"]
    )
    return session["_awaiting"] is not None or bool(intent and intent["status"] == "requires_action")


def authenticate(call: Call, session: Json, *, success: bool) -> None:
    """The customer passes or fails 3-D Secure. Raises the StripeError that tells them what was wrong."""
    if session["_awaiting"]:
        waiting = session["_awaiting"]
        session["_awaiting"] = None
        call.save(session)
        if success:
            _begin_or_ask_again(call, session, waiting["card"], waiting["email"])
    elif session["mode"] == "payment":
        intent = payment_intents.authenticate(call, {"payment_intent": session["payment_intent"], "success": success})
        if success and intent["status"] == "requires_payment_method":
            raise attempts.card_error(call, intent)
    else:
        intent = setup_intents.authenticate(call, {"setup_intent": session["setup_intent"], "success": success})
        if success and intent["status"] == "requires_payment_method":
            raise setup_intents.card_error(call, intent)
    if not success:
        # docs.stripe.com/payments/3d-secure: nothing was charged, another try may follow.
        raise StripeError(
            402,
            "card_error",
            "Your bank could not confirm that it was you, so nothing was charged. Try again or use another card.",
            commit=True,
        )


@attempts.watcher
def follow_intent(call: Call, intent: Json) -> None:
    """The intent of a session was paid, set up or canceled, on its page or through the API."""
    found = call.world.select("checkout.session", {intent["object"]: intent["id"], "status": "open"})
    if not found:
        return
    if intent["status"] == "canceled":
        raise invalid_request(
            "You cannot cancel this PaymentIntent because a Checkout Session made it. Expire the Session instead.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    if intent["status"] == "succeeded":
        _complete(call, found[0], "paid" if found[0]["mode"] == "payment" else "no_payment_required")


def _pay_once(call: Call, session: Json, card: str, email: str | None) -> None:
    data = session["_given"].get("payment_intent_data", {})
    intent = call.find("payment_intent", session["payment_intent"])
    if intent is None:
        # docs.stripe.com/api/checkout/sessions/create#create_checkout_session-customer_creation
        if session["customer_creation"] == "always" or data.get("setup_future_usage"):
            _ensure_customer(call, session, email)
        intent = attempts.open_intent(
            call,
            amount=session["amount_total"],
            currency=session["currency"],
            customer=session["customer"],
            description=data.get("description"),
            metadata=new_metadata(data.get("metadata")),
            receipt_email=data.get("receipt_email"),
            setup_future_usage=data.get("setup_future_usage"),
            statement_descriptor=data.get("statement_descriptor"),
        )
        session["payment_intent"] = intent["id"]
    _note_buyer(call, session, email)
    call.save(session)
    intent = attempts.pay(call, intent, card)
    attempts.tell(call, intent)
    if intent["status"] == "requires_payment_method":
        raise attempts.card_error(call, intent)


def _give(call: Call, session: Json, email: str | None) -> None:
    if session["customer_creation"] == "always":
        _ensure_customer(call, session, email)
    _note_buyer(call, session, email)
    _complete(call, session, "no_payment_required")


def _subscribe(call: Call, session: Json, card: str, email: str | None) -> None:
    """Nothing is made before the bank is satisfied, so that a customer who gives up leaves no subscription behind."""
    if attempts.must_authenticate(payment_methods.resolve(call, card), off_session=False):
        session["_awaiting"] = {"card": card, "email": email}
        call.save(session)
        return
    _begin(call, session, card, email, authenticated=False)


def _begin_or_ask_again(call: Call, session: Json, card: str, email: str | None) -> None:
    """A decline after 3-D Secure leaves nothing but the session, which takes another card."""
    try:
        with call.world.attempt():
            _begin(call, session, card, email, authenticated=True)
    except StripeError as error:
        error.commit = True
        raise


def _begin(call: Call, session: Json, card: str, email: str | None, *, authenticated: bool) -> None:
    """The subscription with its first invoice paid; a card that declines undoes it all."""
    _ensure_customer(call, session, email)
    method = payment_methods.attach_to(call, card, session["customer"])
    if authenticated:
        method = call.save({**method, "_set_up": True})
    data = session["_given"].get("subscription_data", {})
    asked: Json = {
        "customer": session["customer"],
        "default_payment_method": method["id"],
        "items": [
            {"price": item["price"]["id"]} | ({"quantity": item["quantity"]} if item["quantity"] else {})
            for item in session["_items"]
        ],
        "payment_behavior": "allow_incomplete" if authenticated else "error_if_incomplete",
        **data,
    }
    if session["discounts"]:
        asked["discounts"] = checkout_discounts.wishes(session)
    subscription = subscriptions.create(replace(call, params=asked))
    invoice = call.need("invoice", subscription["latest_invoice"])
    payment = default_payment(call, invoice)
    if authenticated and payment:
        intent = intent_of(call, payment)
        if intent["status"] == "requires_action":
            intent = payment_intents.authenticate(call, {"payment_intent": intent["id"], "success": True})
        if intent["status"] != "succeeded":
            refused = attempts.card_error(call, intent)
            raise StripeError(refused.status, refused.type, refused.message, code=refused.code, extra=refused.extra)
    session |= {"subscription": subscription["id"], "invoice": invoice["id"]}
    paid = call.need("invoice", invoice["id"])["amount_paid"] > 0
    _complete(call, session, "paid" if paid else "no_payment_required")


def _save_card(call: Call, session: Json, card: str, email: str | None) -> None:
    setup = call.need("setup_intent", session["setup_intent"])
    if session["customer_creation"] == "always":
        _ensure_customer(call, session, email)
        setup["customer"] = session["customer"]
    _note_buyer(call, session, email)
    call.save(session)
    setup = setup_intents.attempt(call, setup, card)
    attempts.tell(call, setup)
    if setup["status"] == "requires_payment_method":
        raise setup_intents.card_error(call, setup)


def _ensure_customer(call: Call, session: Json, email: str | None) -> None:
    if session["customer"] is None:
        customer = customers.create(replace(call, params={"email": email}))
        session["customer"] = customer["id"]


def _note_buyer(call: Call, session: Json, email: str | None) -> None:
    session["customer_details"] = details_of(call, session["customer"], email)


def _complete(call: Call, session: Json, payment_status: str) -> None:
    if session["customer"]:
        _note_buyer(call, session, None)
    session |= {"status": "complete", "payment_status": payment_status, "url": None, "_awaiting": None}
    call.unschedule("checkout.expire", session["id"])
    call.save(session)
    if session["mode"] == "payment":
        checkout_discounts.redeem(call, session)
    call.emit("checkout.session.completed", session)
    payment_links.count(call, session)
