"""Payment methods: cards only (docs.stripe.com/api/payment_methods, docs.stripe.com/testing)."""

import hashlib
from datetime import UTC, datetime

from sandbox import customers, paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.cards import BY_NUMBER, TestCard, by_token, passes_luhn
from sandbox.control import action
from sandbox.customers import ADDRESS, full_address
from sandbox.declines import DECLINES, invalid_card
from sandbox.errors import invalid_request
from sandbox.parameters import Choice, Fields, Integer, Metadata, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json

USED_UP = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a "
    "connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use "
    "a PaymentMethod multiple times, you must attach it to a Customer first."
)

BILLING_DETAILS = Fields(
    {
        "address": ADDRESS,
        "email": Text(clearable=True),
        "name": Text(clearable=True),
        "phone": Text(clearable=True),
    }
)
CARD = Fields(
    {
        "number": Text(max_length=25),
        "exp_month": Integer(),
        "exp_year": Integer(),
        "cvc": Text(max_length=4),
        "token": Text(),
    }
)
REDISPLAY = Choice(("always", "limited", "unspecified"))


def create(call: Call) -> Json:
    given = call.params
    card = given.get("card")
    if card is None:
        raise invalid_request("Missing required param: card.", param="card", code="parameter_missing")
    if "token" in card:
        known = by_token(card["token"])
        if known is None:
            raise invalid_request(
                f"No such token: '{card['token']}'", param="card[token]", code="resource_missing", status=404
            )
        return _make(call, known)
    for field in ("number", "exp_month", "exp_year"):
        if field not in card:
            raise invalid_request(
                f"Missing required param: card[{field}].", param=f"card[{field}]", code="parameter_missing"
            )
    known = _known(card["number"].replace(" ", "").replace("-", ""))
    year = card["exp_year"] + (2000 if card["exp_year"] < 100 else 0)
    _check_expiry(call, card["exp_month"], year)
    if "cvc" in card and not (card["cvc"].isdigit() and len(card["cvc"]) in (3, 4)):
        raise invalid_card("invalid_cvc", "Your card's security code is invalid.", "cvc")
    method = _make(call, known, month=card["exp_month"], year=year)
    if "cvc" in card:
        method["card"]["checks"]["cvc_check"] = "fail" if known.cvc_fails else "unchecked"
    return call.save(method)


def update(call: Call) -> Json:
    method = call.need("payment_method", call.path["id"], "payment_method")
    given = call.params
    if method["customer"] is None:
        raise invalid_request("You must attach this PaymentMethod to a Customer before you can update it.")
    if "metadata" in given:
        method["metadata"] = merge_metadata(method["metadata"], given["metadata"])
    if "billing_details" in given:
        method["billing_details"] = _billing_details({**method["billing_details"], **given["billing_details"]})
    if "allow_redisplay" in given:
        method["allow_redisplay"] = given["allow_redisplay"]
    if "card" in given:
        month = given["card"].get("exp_month", method["card"]["exp_month"])
        year = given["card"].get("exp_year", method["card"]["exp_year"])
        _check_expiry(call, month, year)
        method["card"] |= {"exp_month": month, "exp_year": year}
    return call.save(method, "payment_method.updated")


def attach(call: Call) -> Json:
    return attach_to(call, call.path["id"], call.params["customer"])


def attach_to(call: Call, method_id: str, customer_id: str) -> Json:
    """Save a payment method (or test token) on a customer. A declining test card is refused, as an issuer would."""
    customers.living(call, customer_id, "customer")
    method = resolve(call, method_id)
    if method["customer"] == customer_id:
        return method
    if method["customer"]:
        raise invalid_request("The payment method you provided has already been attached to a customer.")
    if method.get("_used_up"):
        raise invalid_request(USED_UP)
    behaviour = method["_behaviour"]
    if not behaviour["attachable"]:
        raise DECLINES[behaviour["decline"]].error(payment_method=method)
    method["customer"] = customer_id
    if method["card"]["checks"]["cvc_check"] == "unchecked":
        method["card"]["checks"]["cvc_check"] = "pass"
    call.save(method)
    call.emit("payment_method.attached", method)
    return method


def detach(call: Call) -> Json:
    """The method leaves the customer, stops being anybody's default, and can never be used again."""
    method = call.need("payment_method", call.path["id"], "payment_method")
    customer = call.find("customer", method["customer"])
    if customer is None:
        raise invalid_request(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    before = method["customer"]
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        call.save(customer, "customer.updated")
    method |= {"customer": None, "_used_up": True}
    call.save(method)
    call.emit("payment_method.detached", method, {"customer": before})
    return method


def resolve(call: Call, id_: str, param: str = "payment_method") -> Json:
    """The payment method of an id; a test token (`pm_card_visa`) makes a new one each time."""
    known = by_token(id_) if id_.startswith("pm_card_") else None
    if known:
        return _make(call, known, given={})
    return call.need("payment_method", id_, param)


def usable(call: Call, id_: str, customer_id: str | None, param: str = "payment_method") -> Json:
    """The payment method, if a payment for this customer (or for nobody) may use it."""
    method = resolve(call, id_, param)
    if method.get("_used_up"):
        raise invalid_request(USED_UP, param=param)
    owner = method["customer"]
    if owner and customer_id is None:
        raise invalid_request(
            f"The PaymentMethod {method['id']} belongs to the Customer {owner}. Please include the Customer in the "
            "`customer` parameter on the PaymentIntent.",
            param=param,
        )
    if owner and owner != customer_id:
        raise invalid_request(
            f"The payment method {method['id']} does not belong to the Customer you supplied {customer_id}. Please use "
            "this payment method with the Customer that it belongs to instead.",
            param=param,
        )
    return method


@action("set_card_outcome")
def set_card_outcome(call: Call, body: Json) -> Json:
    """`{payment_method, decline}`: the issuer's mind changes about a saved card (null: it approves again)."""
    method = call.need("payment_method", str(body.get("payment_method", "")), "payment_method")
    decline = body.get("decline")
    if decline is not None and decline not in DECLINES:
        raise invalid_request(f"Invalid decline: must be one of {', '.join(DECLINES)}", param="decline")
    method["_behaviour"] |= {"decline": decline, "risk": "highest" if decline == "fraudulent" else "normal"}
    return call.save(method)


def expired(call: Call, method: Json) -> bool:
    """Whether the card's last month is over."""
    today = datetime.fromtimestamp(call.now, UTC)
    return (method["card"]["exp_year"], method["card"]["exp_month"]) < (today.year, today.month)


def _known(number: str) -> TestCard:
    if not number.isdigit() or not 12 <= len(number) <= 19 or not passes_luhn(number):
        raise invalid_card("incorrect_number", "Your card number is incorrect.", "number")
    if number not in BY_NUMBER:
        raise DECLINES["test_mode_live_card"].error()
    return BY_NUMBER[number]


def _check_expiry(call: Call, month: int, year: int) -> None:
    today = datetime.fromtimestamp(call.now, UTC)
    if not 1 <= month <= 12:
        raise invalid_card("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    if not today.year <= year <= today.year + 50:
        raise invalid_card("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year")
    if (year, month) < (today.year, today.month):
        raise invalid_card("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")


def _make(
    call: Call, card: TestCard, *, month: int | None = None, year: int | None = None, given: Json | None = None
) -> Json:
    given = call.params if given is None else given
    today = datetime.fromtimestamp(call.now, UTC)
    return call.create(
        "payment_method",
        {
            "allow_redisplay": given.get("allow_redisplay", "unspecified"),
            "billing_details": _billing_details(given.get("billing_details", {})),
            "card": {
                "brand": card.brand,
                "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "unchecked"},
                "country": card.country,
                "display_brand": {"amex": "american_express", "diners": "diners_club"}.get(card.brand, card.brand),
                "exp_month": month or today.month,
                "exp_year": year or today.year + 1,
                "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
                "funding": card.funding,
                "generated_from": None,
                "last4": card.number[-4:],
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "customer": None,
            "customer_account": None,
            "metadata": new_metadata(given.get("metadata")),
            "type": "card",
            "_behaviour": card.behaviour,
        },
    )


def _billing_details(given: Json) -> Json:
    return {
        "address": full_address(given.get("address") or {}),
        "email": given.get("email"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tax_id": None,
    }


def list_of_customer(call: Call) -> Json:
    customer = customers.living(call, call.path["id"], "customer")
    methods = call.select("payment_method", customer=customer["id"])
    return paging.page(call, f"/v1/customers/{customer['id']}/payment_methods", methods)


def retrieve_of_customer(call: Call) -> Json:
    method = call.need("payment_method", call.path["method"], "payment_method")
    if method["customer"] != call.path["id"]:
        raise invalid_request(
            f"No such PaymentMethod: '{method['id']}'", param="payment_method", code="resource_missing", status=404
        )
    return method


TYPE = Choice(("card",))
ROUTES = [
    Route(
        "POST",
        "/v1/payment_methods",
        create,
        {
            "type": Choice(("card",), required=True),
            "card": CARD,
            "billing_details": BILLING_DETAILS,
            "metadata": Metadata(),
            "allow_redisplay": REDISPLAY,
        },
        "payment_method_write",
    ),
    listing(
        "/v1/payment_methods",
        "payment_method",
        {"customer": Text(), "type": TYPE},
        "payment_method_read",
        timed=False,
    ),
    Route("GET", "/v1/payment_methods/{id}", fetch("payment_method", "payment_method"), {}, "payment_method_read"),
    Route(
        "POST",
        "/v1/payment_methods/{id}",
        update,
        {
            "billing_details": BILLING_DETAILS,
            "metadata": Metadata(),
            "allow_redisplay": REDISPLAY,
            "card": Fields({"exp_month": Integer(), "exp_year": Integer()}),
        },
        "payment_method_write",
    ),
    Route("POST", "/v1/payment_methods/{id}/attach", attach, {"customer": Text(required=True)}, "payment_method_write"),
    Route("POST", "/v1/payment_methods/{id}/detach", detach, {}, "payment_method_write"),
    Route(
        "GET",
        "/v1/customers/{id}/payment_methods",
        list_of_customer,
        {**paging.PARAMETERS, "type": TYPE},
        "payment_method_read",
    ),
    Route("GET", "/v1/customers/{id}/payment_methods/{method}", retrieve_of_customer, {}, "payment_method_read"),
]
