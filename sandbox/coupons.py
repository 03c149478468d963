"""Coupons (docs.stripe.com/api/coupons): what is taken off, for how long, and from what.

`currency_options` and custom (scripted) coupons are not supported. A deleted coupon can no longer be redeemed; the
discounts made from it go on.
"""

from decimal import Decimal

from sandbox import clock, paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.errors import invalid_request, missing_object
from sandbox.expansion import includable, shown
from sandbox.parameters import RANGE, Choice, Currency, DecimalText, Fields, Integer, Many, Metadata, Text, Timestamp
from sandbox.routing import Route
from sandbox.world import Json, World

FIVE_YEARS = 5 * 366 * 86_400


def create(call: Call) -> Json:
    given = call.params
    _check_value(given)
    _check_duration(given)
    wanted = given.get("id")
    if wanted and call.find("coupon", wanted):
        raise invalid_request("Coupon already exists.", param="id", code="resource_already_exists")
    if given.get("redeem_by", call.now + 1) <= call.now or given.get("redeem_by", 0) > call.now + FIVE_YEARS:
        raise invalid_request("redeem_by must lie in the future, and within five years.", param="redeem_by")
    products = given.get("applies_to", {}).get("products")
    for position, product in enumerate(products or []):
        call.need("product", product, f"applies_to[products][{position}]")
    percent = given.get("percent_off")
    return call.create(
        "coupon",
        {
            "id": wanted or call.new_secret(8, "coupon"),
            "amount_off": given.get("amount_off"),
            "currency": given.get("currency") if "amount_off" in given else None,
            "duration": given.get("duration", "once"),
            "duration_in_months": given.get("duration_in_months"),
            "max_redemptions": given.get("max_redemptions"),
            "metadata": new_metadata(given.get("metadata")),
            "name": given.get("name"),
            # For the eye only: amounts are reckoned from the decimal text.
            "percent_off": float(percent) if percent else None,
            "redeem_by": given.get("redeem_by"),
            "times_redeemed": 0,
            "valid": True,
            "_percent": percent,
            "_products": products,
        },
        "coupon.created",
    )


def _check_value(given: Json) -> None:
    if ("amount_off" in given) == ("percent_off" in given):
        raise invalid_request("You must pass exactly one of `percent_off` and `amount_off`.", param="percent_off")
    if "percent_off" in given and not 0 < Decimal(given["percent_off"]) <= 100:
        raise invalid_request("Invalid percent_off: must be above 0 and at most 100.", param="percent_off")
    if "amount_off" in given and "currency" not in given:
        raise invalid_request(
            "You must pass currency when passing amount_off", param="currency", code="parameter_missing"
        )


def _check_duration(given: Json) -> None:
    repeating = given.get("duration") == "repeating"
    if repeating and "duration_in_months" not in given:
        raise invalid_request(
            "You must pass duration_in_months when passing duration=repeating",
            param="duration_in_months",
            code="parameter_missing",
        )
    if not repeating and "duration_in_months" in given:
        raise invalid_request(
            "You can only pass duration_in_months when passing duration=repeating", param="duration_in_months"
        )


def living(call: Call, id_: str, param: str = "id") -> Json:
    """A coupon that exists and is not deleted, or 404."""
    coupon = call.need("coupon", id_, param)
    if coupon.get("_deleted"):
        raise missing_object("coupon", id_, param)
    return coupon


def valid(world: World, coupon: Json) -> bool:
    """docs.stripe.com/api/coupons/object#coupon_object-valid: whether it can still be redeemed."""
    used_up = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    late = coupon["redeem_by"] is not None and clock.now(world) >= coupon["redeem_by"]
    return not (used_up or late or coupon.get("_deleted"))


def redeemable(call: Call, coupon: Json, currency: str, param: str) -> None:
    """Refuses a coupon that cannot be redeemed (`coupon_expired`) or takes off another currency."""
    if not valid(call.world, coupon):
        raise invalid_request(f"Coupon expired: {coupon['id']}", param=param, code="coupon_expired")
    if coupon["amount_off"] is not None and coupon["currency"] != currency:
        raise invalid_request(
            f"The coupon {coupon['id']} takes off {coupon['currency']}; it cannot be applied to amounts in {currency}.",
            param=param,
        )


@shown("coupon")
def show(world: World, coupon: Json) -> Json:
    return coupon if "deleted" in coupon else {**coupon, "valid": valid(world, coupon)}


@includable("coupon", "applies_to")
def applies_to(_: World, coupon: Json) -> Json | None:
    """docs.stripe.com/api/coupons/object#coupon_object-applies_to: shown only when expanded."""
    return {"products": coupon["_products"]} if coupon["_products"] else None


def retrieve(call: Call) -> Json:
    return living(call, call.path["id"], "coupon")


def update(call: Call) -> Json:
    """Only its name and metadata: what a coupon takes off is never changed."""
    coupon = living(call, call.path["id"], "coupon")
    if "name" in call.params:
        coupon["name"] = call.params["name"]
    if "metadata" in call.params:
        coupon["metadata"] = merge_metadata(coupon["metadata"], call.params["metadata"])
    return call.save(coupon, "coupon.updated")


def delete(call: Call) -> Json:
    coupon = living(call, call.path["id"], "coupon")
    call.emit("coupon.deleted", coupon)
    call.save({**coupon, "_deleted": True})
    return {"id": coupon["id"], "object": "coupon", "deleted": True}


def list_(call: Call) -> Json:
    return paging.page(call, "/v1/coupons", call.world.select("coupon", {"_deleted": None}))


ROUTES = [
    Route(
        "POST",
        "/v1/coupons",
        create,
        {
            "amount_off": Integer(minimum=1),
            "applies_to": Fields({"products": Many(Text())}),
            "currency": Currency(),
            "duration": Choice(("forever", "once", "repeating")),
            "duration_in_months": Integer(minimum=1, maximum=240),
            "id": Text(max_length=200),
            "max_redemptions": Integer(minimum=1),
            "metadata": Metadata(),
            "name": Text(max_length=40),
            "percent_off": DecimalText(),
            "redeem_by": Timestamp(),
        },
        "coupon_write",
    ),
    Route("GET", "/v1/coupons", list_, {**paging.PARAMETERS, "created": RANGE}, "coupon_read"),
    Route("GET", "/v1/coupons/{id}", retrieve, {}, "coupon_read"),
    Route("POST", "/v1/coupons/{id}", update, {"metadata": Metadata(), "name": Text(max_length=40)}, "coupon_write"),
    Route("DELETE", "/v1/coupons/{id}", delete, {}, "coupon_write"),
]
