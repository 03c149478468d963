"""Promotion codes (docs.stripe.com/api/promotion_codes): the words customers redeem for a coupon.

`currency_options` of restrictions are not supported.
"""

import re

from sandbox import clock, coupons, paging
from sandbox.amounts import written
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.expansion import shown
from sandbox.parameters import RANGE, Boolean, Choice, Currency, Fields, Integer, Metadata, Text, Timestamp
from sandbox.routing import Route, fetch
from sandbox.world import Json, World

_RESTRICTIONS = Fields(
    {
        "first_time_transaction": Boolean(),
        "minimum_amount": Integer(minimum=1),
        "minimum_amount_currency": Currency(),
    }
)
_PROMOTION = Fields({"type": Choice(("coupon",), required=True), "coupon": Text(required=True)}, required=True)


def create(call: Call) -> Json:
    given = call.params
    coupon = coupons.living(call, given["promotion"]["coupon"], "promotion[coupon]")
    customer = living(call, given["customer"], "customer")["id"] if "customer" in given else None
    code = given.get("code") or call.new_secret(8, "promotion_code").upper()
    if not re.fullmatch(r"[A-Za-z0-9-]+", code):
        raise invalid_request("Invalid code: only letters, digits and dashes are allowed.", param="code")
    _check_bounds(call, given, coupon)
    active = given.get("active", True)
    if active:
        _check_unique(call, code, customer)
    restrictions = given.get("restrictions", {})
    if ("minimum_amount" in restrictions) != ("minimum_amount_currency" in restrictions):
        raise invalid_request(
            "`minimum_amount` and `minimum_amount_currency` must be passed together.",
            param="restrictions[minimum_amount]",
        )
    return call.create(
        "promotion_code",
        {
            "active": active,
            "code": code,
            "customer": customer,
            "customer_account": None,
            "expires_at": given.get("expires_at"),
            "max_redemptions": given.get("max_redemptions"),
            "metadata": new_metadata(given.get("metadata")),
            "promotion": {"coupon": coupon["id"], "type": "coupon"},
            "restrictions": {
                "first_time_transaction": restrictions.get("first_time_transaction", False),
                "minimum_amount": restrictions.get("minimum_amount"),
                "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
            },
            "times_redeemed": 0,
        },
        "promotion_code.created",
    )


def _check_bounds(call: Call, given: Json, coupon: Json) -> None:
    """docs.stripe.com/api/promotion_codes/create: a code never reaches further than its coupon."""
    expires = given.get("expires_at")
    if expires is not None and expires <= call.now:
        raise invalid_request("`expires_at` must be in the future.", param="expires_at")
    if expires is not None and coupon["redeem_by"] is not None and expires > coupon["redeem_by"]:
        raise invalid_request("`expires_at` cannot be after the coupon's `redeem_by`.", param="expires_at")
    most, limit = given.get("max_redemptions"), coupon["max_redemptions"]
    if most is not None and limit is not None and most > limit:
        raise invalid_request("`max_redemptions` cannot exceed the coupon's.", param="max_redemptions")
    if not coupons.valid(call.world, coupon):
        raise invalid_request(f"Coupon expired: {coupon['id']}", param="promotion[coupon]", code="coupon_expired")


def _check_unique(call: Call, code: str, customer: str | None) -> None:
    """docs.stripe.com/api/promotion_codes/create#create_promotion_code-code: unique, whatever the case, among the
    active codes that the same customer could use."""
    for other in call.world.select("promotion_code"):
        same = other["code"].lower() == code.lower() and active(call.world, other)
        if same and (customer is None or other["customer"] in (None, customer)):
            raise invalid_request(
                f"An active promotion code with `code: {code}` already exists.",
                param="code",
                code="resource_already_exists",
            )


def active(world: World, promotion: Json) -> bool:
    """docs.stripe.com/api/promotion_codes/object#promotion_code_object-active: switched on, in time, not used up, and
    its coupon valid."""
    coupon = world.find("coupon", promotion["promotion"]["coupon"])
    late = promotion["expires_at"] is not None and clock.now(world) >= promotion["expires_at"]
    return (
        promotion["active"] and not late and not _used_up(promotion) and bool(coupon and coupons.valid(world, coupon))
    )


def _used_up(promotion: Json) -> bool:
    most = promotion["max_redemptions"]
    return most is not None and promotion["times_redeemed"] >= most


def redeemable(call: Call, promotion: Json, customer: Json, currency: str, amount: int, param: str) -> None:
    """Refuses, in Stripe's words where they are known, a code that this customer cannot redeem on `amount`."""
    reason = _refusal(call, promotion, customer, currency, amount)
    if reason:
        raise invalid_request(f"This promotion code cannot be redeemed because {reason}.", param=param)


def _refusal(call: Call, promotion: Json, customer: Json, currency: str, amount: int) -> str | None:
    restrictions = promotion["restrictions"]
    if promotion["customer"] not in (None, customer["id"]):
        return "it belongs to another customer"
    if promotion["expires_at"] is not None and call.now >= promotion["expires_at"]:
        return "it has expired"
    if _used_up(promotion):
        return "it has been used the maximum number of times"
    if not active(call.world, promotion):
        return "it is not active"
    if restrictions["first_time_transaction"] and _has_paid(call, customer["id"]):
        return "the associated customer has prior transactions"
    least = restrictions["minimum_amount"]
    if least is not None and restrictions["minimum_amount_currency"] != currency:
        return f"its minimum amount is in {restrictions['minimum_amount_currency']}"
    if least is not None and amount < least:
        return f"the purchase does not meet the minimum amount of {written(least, currency)}"
    return None


def _has_paid(call: Call, customer_id: str) -> bool:
    paid = call.world.select("invoice", {"customer": customer_id, "status": "paid"})
    charged = call.world.select("charge", {"customer": customer_id, "status": "succeeded"})
    return bool(charged) or any(invoice["total"] > 0 for invoice in paid)


@shown("promotion_code")
def show(world: World, promotion: Json) -> Json:
    return {**promotion, "active": active(world, promotion)}


def update(call: Call) -> Json:
    promotion = call.need("promotion_code", call.path["id"], "promotion_code")
    if "metadata" in call.params:
        promotion["metadata"] = merge_metadata(promotion["metadata"], call.params["metadata"])
    if "active" in call.params:
        if call.params["active"] and not promotion["active"]:
            _check_unique(call, promotion["code"], promotion["customer"])
        promotion["active"] = call.params["active"]
        if call.params["active"] and not active(call.world, promotion):
            raise invalid_request(
                "This promotion code can no longer be redeemed, so it stays inactive.", param="active"
            )
    return call.save(promotion, "promotion_code.updated")


def list_(call: Call) -> Json:
    given = call.params
    found = call.world.select("promotion_code", {name: given[name] for name in ("customer",) if name in given})
    if "coupon" in given:
        found = [each for each in found if each["promotion"]["coupon"] == given["coupon"]]
    if "code" in given:
        found = [each for each in found if each["code"].lower() == given["code"].lower()]
    if "active" in given:
        found = [each for each in found if active(call.world, each) == given["active"]]
    return paging.page(call, "/v1/promotion_codes", found)


ROUTES = [
    Route(
        "POST",
        "/v1/promotion_codes",
        create,
        {
            "active": Boolean(),
            "code": Text(max_length=500),
            "customer": Text(),
            "expires_at": Timestamp(),
            "max_redemptions": Integer(minimum=1),
            "metadata": Metadata(),
            "promotion": _PROMOTION,
            "restrictions": _RESTRICTIONS,
        },
        "promotion_code_write",
    ),
    Route(
        "GET",
        "/v1/promotion_codes",
        list_,
        {
            **paging.PARAMETERS,
            "active": Boolean(),
            "code": Text(),
            "coupon": Text(),
            "created": RANGE,
            "customer": Text(),
        },
        "promotion_code_read",
    ),
    Route("GET", "/v1/promotion_codes/{id}", fetch("promotion_code", "promotion_code"), {}, "promotion_code_read"),
    Route(
        "POST",
        "/v1/promotion_codes/{id}",
        update,
        {"active": Boolean(), "metadata": Metadata()},
        "promotion_code_write",
    ),
]
