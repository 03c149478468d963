"""Checkout sessions: a page where a customer pays once, subscribes, or saves a card.

docs.stripe.com/api/checkout/sessions. What the page does is checkout_payments' and checkout_pages'.
"""

from sandbox import checkout_discounts, links, paging, payment_intents, setup_intents
from sandbox.calls import Call, new_metadata
from sandbox.checkout_items import copied, line_items, total_of
from sandbox.checkout_terms import CREATE, LONGEST, blank, check, no_invoice
from sandbox.clock import timer
from sandbox.errors import invalid_request
from sandbox.expansion import includable, shown
from sandbox.parameters import Choice, Text
from sandbox.periods import SECONDS_PER_DAY
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json, World

RECOVERABLE = 30 * SECONDS_PER_DAY
"""docs.stripe.com/payments/checkout/abandoned-carts: a recovery URL works for 30 days."""


def create(call: Call) -> Json:
    given = call.params
    check(call)
    items = line_items(call, given["line_items"], given["mode"]) if given["mode"] != "setup" else []
    return open_session(call, given, items, expires_at=given.get("expires_at", call.now + LONGEST))


def open_session(
    call: Call,
    given: Json,
    items: list[Json],
    *,
    expires_at: int,
    payment_link: str | None = None,
    recovered_from: str | None = None,
) -> Json:
    """A stored open session with its URL. `given`: checked parameters of a creation, kept for a recovery."""
    mode = given["mode"]
    recovery = given.get("after_expiration", {}).get("recovery")
    setup = None
    if mode == "setup":
        data = given.get("setup_intent_data", {})
        setup = setup_intents.open_setup(
            call,
            customer=given.get("customer"),
            description=data.get("description"),
            metadata=new_metadata(data.get("metadata")),
        )
    links.ensure_secret(call.world)
    total = total_of(items) if items else None
    session = call.create(
        "checkout.session",
        blank()
        | {
            "after_expiration": recovery
            and {
                "recovery": {
                    "allow_promotion_codes": recovery.get("allow_promotion_codes", False),
                    "enabled": recovery["enabled"],
                    "expires_at": None,
                    "url": None,
                }
            },
            "allow_promotion_codes": given.get("allow_promotion_codes"),
            "amount_subtotal": total,
            "amount_total": total,
            "cancel_url": given.get("cancel_url"),
            "client_reference_id": given.get("client_reference_id"),
            "currency": items[0]["currency"] if items else given["currency"],
            "customer": given.get("customer"),
            "customer_creation": _creation(given),
            "customer_details": details_of(call, given.get("customer"), given.get("customer_email")),
            "customer_email": given.get("customer_email"),
            "expires_at": expires_at,
            "metadata": new_metadata(given.get("metadata")),
            "mode": mode,
            "payment_link": payment_link,
            "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
            "recovered_from": recovered_from,
            "setup_intent": setup["id"] if setup else None,
            "submit_type": given.get("submit_type"),
            "success_url": given.get("success_url"),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "_items": items,
            "_given": given,
            "_awaiting": None,
        },
    )
    if mode == "payment":
        session["invoice_creation"] = no_invoice()
    for wish in given.get("discounts", []):
        checkout_discounts.apply(call, session, wish)
    session["url"] = links.checkout_url(call.world, session["id"])
    call.save(session)
    call.schedule(expires_at, "checkout.expire", session["id"])
    return session


def details_of(call: Call, customer_id: str | None, email: str | None) -> Json | None:
    """`customer_details`: what is known of the buyer so far."""
    customer = call.find("customer", customer_id)
    if customer is None and email is None:
        return None
    return {
        "address": customer["address"] if customer else None,
        "business_name": None,
        "email": customer["email"] if customer else email,
        "individual_name": None,
        "name": customer["name"] if customer else None,
        "phone": customer["phone"] if customer else None,
        "tax_exempt": customer["tax_exempt"] if customer else "none",
        "tax_ids": [] if customer else None,
    }


def expire(call: Call) -> Json:
    session = call.need("checkout.session", call.path["id"], "session")
    if session["status"] != "open":
        raise invalid_request(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}.",
            param="session",
        )
    return close(call, session)


@timer("checkout.expire")
def expire_when_due(call: Call, session_id: str) -> None:
    session = call.find("checkout.session", session_id)
    if session and session["status"] == "open":
        close(call, session)


def close(call: Call, session: Json) -> Json:
    """docs.stripe.com/payments/checkout/abandoned-carts: the URL dies; where asked for, one to recover it is made."""
    call.unschedule("checkout.expire", session["id"])
    session |= {"status": "expired", "url": None, "_awaiting": None}
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery and recovery["enabled"]:
        recovery["expires_at"] = call.now + RECOVERABLE
        recovery["url"] = links.recovery_url(call.world, session["id"], recovery["expires_at"])
    intent = call.find("payment_intent", session["payment_intent"])
    if intent and intent["status"] in payment_intents.OPEN:
        payment_intents.close(call, intent, "expired")
    setup = call.find("setup_intent", session["setup_intent"])
    if setup and setup["status"] in setup_intents.OPEN:
        setup_intents.close(call, setup, None)
    call.save(session)
    call.emit("checkout.session.expired", session)
    return session


def recover(call: Call, session: Json) -> Json:
    """A new session like the expired one, as its recovery URL makes each time it is opened; without its discount, but
    open to codes where `after_expiration` says so."""
    codes = session["after_expiration"]["recovery"]["allow_promotion_codes"]
    given = {name: value for name, value in session["_given"].items() if name != "discounts"}
    return open_session(
        call,
        given | ({"allow_promotion_codes": True} if codes else {}),
        copied(call, session["_items"]),
        expires_at=call.now + LONGEST,
        payment_link=session["payment_link"],
        recovered_from=session["id"],
    )


def list_line_items(call: Call) -> Json:
    session = call.need("checkout.session", call.path["id"], "session")
    return paging.page(call, f"/v1/checkout/sessions/{session['id']}/line_items", session["_items"])


@includable("checkout.session", "line_items")
def items_shown(_world: World, session: Json) -> Json:
    """docs.stripe.com/api/checkout/sessions/object: `line_items` is shown only when expanded; ten of them."""
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return paging.listed(url, session["_items"][:10], has_more=len(session["_items"]) > 10)


@shown("checkout.session")
def with_its_address(world: World, session: Json) -> Json:
    """The addresses lead to wherever the sandbox is served now."""
    if session["url"]:
        session["url"] = links.checkout_url(world, session["id"])
    recovery = (session["after_expiration"] or {}).get("recovery") or {}
    if recovery.get("url"):
        fresh = links.recovery_url(world, session["id"], recovery["expires_at"])
        session["after_expiration"] = {"recovery": {**recovery, "url": fresh}}
    return session


def _creation(given: Json) -> str | None:
    if given["mode"] == "subscription" or given.get("customer"):
        return None
    return given.get("customer_creation", "if_required")


ROUTES = [
    Route("POST", "/v1/checkout/sessions", create, CREATE, "checkout_session_write"),
    listing(
        "/v1/checkout/sessions",
        "checkout.session",
        {
            "customer": Text(),
            "payment_intent": Text(),
            "payment_link": Text(),
            "status": Choice(("complete", "expired", "open")),
            "subscription": Text(),
        },
        "checkout_session_read",
    ),
    Route("GET", "/v1/checkout/sessions/{id}", fetch("checkout.session", "session"), {}, "checkout_session_read"),
    Route(
        "GET",
        "/v1/checkout/sessions/{id}/line_items",
        list_line_items,
        paging.PARAMETERS,
        "checkout_session_read",
    ),
    Route("POST", "/v1/checkout/sessions/{id}/expire", expire, {}, "checkout_session_write"),
]
