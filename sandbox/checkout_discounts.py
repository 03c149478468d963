"""Discounts of a Checkout session: given when it is made, or a promotion code that the customer enters on its page.

docs.stripe.com/payments/checkout/discounts. A code is redeemed when the session is completed, and looked at once more
then: two open sessions cannot both use up the last redemption.
"""

from sandbox import discounts, payment_intents, promotion_codes
from sandbox.amounts import MINIMUM, written
from sandbox.calls import Call
from sandbox.discount_amounts import Part, taken_off
from sandbox.errors import StripeError, invalid_request
from sandbox.parameters import Fields, Many, Text
from sandbox.world import Json

DISCOUNTS = Many(Fields({"coupon": Text(), "promotion_code": Text()}), max_items=1)

_PARAM = "discounts[0]"


def apply(call: Call, session: Json, wish: Json) -> None:
    """Put `{coupon}` or `{promotion_code}` on the session, in place of any other. Raises StripeError 400 for one that
    cannot be redeemed. Changes `session`: save it."""
    if len(wish) != 1:
        raise invalid_request("Pass exactly one of coupon and promotion_code.", param=_PARAM)
    coupon, _ = _checked(call, session, wish)
    items = session["_items"]
    parts = [Part(item["amount_subtotal"], item["price"]["product"]) for item in items]
    (taken,) = taken_off(parts, [discounts.reduction(coupon, coupon["id"])])
    left = session["amount_subtotal"] - sum(taken)
    least = MINIMUM.get(session["currency"], 1)
    if session["mode"] == "payment" and 0 < left < least:
        raise invalid_request(
            f"The total amount due must add up to at least {written(least, session['currency'])} {session['currency']}",
            param=_PARAM,
            code="amount_too_small",
        )
    _note(session, taken)
    session["discounts"] = [
        {"coupon": None if "promotion_code" in wish else coupon["id"], "promotion_code": wish.get("promotion_code")}
    ]
    _follow(call, session)


def enter(call: Call, session: Json, code: str) -> None:
    """A customer enters a promotion code, in whatever case. Raises the StripeError that tells them what is wrong."""
    if not session["allow_promotion_codes"]:
        raise invalid_request("This page takes no promotion codes.", param="promotion_code")
    found = [each for each in call.select("promotion_code") if each["code"].casefold() == code.strip().casefold()]
    living = [each for each in found if promotion_codes.active(call.world, each)]
    if not living:
        raise invalid_request("This code is invalid.", param="promotion_code")
    own = [each for each in living if each["customer"] is not None and each["customer"] == session["customer"]]
    apply(call, session, {"promotion_code": (own or living)[0]["id"]})
    call.save(session)


def clear(call: Call, session: Json) -> None:
    """The customer takes a code they entered off again; a discount that was given stays."""
    if session["allow_promotion_codes"] and session["discounts"]:
        session["discounts"] = []
        _note(session, [0] * len(session["_items"]))
        _follow(call, session)
        call.save(session)


def wishes(session: Json) -> list[Json]:
    """What the session's subscription is asked to be discounted by."""
    return [{name: id_ for name, id_ in each.items() if id_} for each in session["discounts"]]


def check(call: Call, session: Json) -> None:
    """Raises StripeError 402 when the session's discount can no longer be redeemed: another sum would be due."""
    for wish in wishes(session):
        try:
            _checked(call, session, wish)
        except StripeError as refused:
            raise StripeError(402, "invalid_request_error", f"{refused.message} Nothing was charged.") from refused


def redeem(call: Call, session: Json) -> None:
    """A payment was made with it, so it counts, whatever became of it meanwhile. (A subscription redeems its own.)"""
    for each in session["discounts"]:
        promotion = call.find("promotion_code", each["promotion_code"])
        coupon = call.find("coupon", promotion["promotion"]["coupon"] if promotion else each["coupon"])
        for used in (coupon, promotion):
            if used:
                call.save({**used, "times_redeemed": used["times_redeemed"] + 1})


def name_of(call: Call, session: Json) -> str | None:
    """The discount as its page calls it: the code, or the coupon's name."""
    for each in session["discounts"]:
        if each["promotion_code"]:
            return call.need("promotion_code", each["promotion_code"])["code"]
        return call.need("coupon", each["coupon"])["name"] or "Discount"
    return None


def _checked(call: Call, session: Json, wish: Json) -> tuple[Json, Json | None]:
    # Whoever is no customer yet has bought nothing, and no code is theirs alone.
    buyer = call.find("customer", session["customer"]) or {"id": ""}
    return discounts.checked(call, wish, buyer, session["currency"], session["amount_subtotal"], _PARAM)


def _note(session: Json, taken: list[int]) -> None:
    for item, off in zip(session["_items"], taken, strict=True):
        item |= {"amount_discount": off, "amount_total": item["amount_subtotal"] - off}
    session["amount_total"] = session["amount_subtotal"] - sum(taken)
    session["total_details"]["amount_discount"] = sum(taken)


def _follow(call: Call, session: Json) -> None:
    """A PaymentIntent of an earlier try is for the new amount; without one to pay it is canceled."""
    intent = call.find("payment_intent", session["payment_intent"])
    if intent is None or intent["status"] not in payment_intents.OPEN:
        return
    if session["amount_total"]:
        call.save({**intent, "amount": session["amount_total"]})
    else:
        session["payment_intent"] = None
        payment_intents.close(call, intent, "abandoned")
