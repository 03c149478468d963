"""Prices (docs.stripe.com/api/prices): amount, currency and interval of a product. An amount never changes: a new price
is made and the old one is archived."""

from decimal import Decimal
from typing import Any

from sandbox import paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.errors import invalid_request
from sandbox.expansion import includable
from sandbox.parameters import (
    RANGE,
    Boolean,
    Choice,
    Currency,
    DecimalText,
    Fields,
    Integer,
    Kind,
    Many,
    Metadata,
    OneOf,
    Text,
)
from sandbox.products import new_product
from sandbox.routing import Route, fetch
from sandbox.subscription_items import refresh_price
from sandbox.world import Json, World

INTERVALS = ("day", "week", "month", "year")
# docs.stripe.com/api/prices/create: three years are the most.
_MOST_PER_INTERVAL = {"day": 1095, "week": 156, "month": 36, "year": 3}

RECURRING = Fields(
    {
        "interval": Choice(INTERVALS, required=True),
        "interval_count": Integer(minimum=1),
        "meter": Text(),
        "usage_type": Choice(("licensed", "metered")),
    }
)
_TIER = Fields(
    {
        "up_to": OneOf((Choice(("inf",)), Integer(minimum=1)), required=True),
        "unit_amount": Integer(minimum=0),
        "unit_amount_decimal": DecimalText(),
        "flat_amount": Integer(minimum=0),
        "flat_amount_decimal": DecimalText(),
    }
)
_PRODUCT_DATA = Fields(
    {
        "name": Text(required=True, max_length=250),
        "id": Text(max_length=250),
        "active": Boolean(),
        "metadata": Metadata(),
        "statement_descriptor": Text(max_length=22),
        "unit_label": Text(max_length=12),
    }
)
_CREATE: dict[str, Kind] = {
    "currency": Currency(required=True),
    "active": Boolean(),
    "billing_scheme": Choice(("per_unit", "tiered")),
    "lookup_key": Text(max_length=200),
    "metadata": Metadata(),
    "nickname": Text(clearable=True),
    "product": Text(),
    "product_data": _PRODUCT_DATA,
    "recurring": RECURRING,
    "tax_behavior": Choice(("exclusive", "inclusive", "unspecified")),
    "tiers": Many(_TIER),
    "tiers_mode": Choice(("graduated", "volume")),
    "transfer_lookup_key": Boolean(),
    "transform_quantity": Fields(
        {"divide_by": Integer(required=True, minimum=1), "round": Choice(("down", "up"), required=True)}
    ),
    "unit_amount": Integer(minimum=0, maximum=99_999_999_999),
    "unit_amount_decimal": DecimalText(),
}


def create(call: Call) -> Json:
    given = call.params
    if ("product" in given) == ("product_data" in given):
        raise invalid_request("You must specify either `product` or `product_data`.", param="product")
    if "product" in given:
        product = call.need("product", given["product"], "product")
    else:
        product = new_product(call, given["product_data"])
    amounts = _amounts(given)
    key = given.get("lookup_key")
    if key:
        _claim_lookup_key(call, key, transfer=given.get("transfer_lookup_key", False))
    recurring = given.get("recurring")
    fields: Json = {
        "active": given.get("active", True),
        "currency": given["currency"],
        "custom_unit_amount": None,
        "lookup_key": key,
        "metadata": new_metadata(given.get("metadata")),
        "nickname": given.get("nickname"),
        "product": product["id"],
        "recurring": _recurring(call, recurring) if recurring else None,
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "transform_quantity": given.get("transform_quantity"),
        "type": "recurring" if recurring else "one_time",
        **amounts,
    }
    return call.create("price", fields, "price.created")


def _recurring(call: Call, given: Json) -> Json:
    interval, count = given["interval"], given.get("interval_count", 1)
    if count > _MOST_PER_INTERVAL[interval]:
        raise invalid_request(
            "Invalid recurring: the interval can be at most three years.", param="recurring[interval_count]"
        )
    return {
        "interval": interval,
        "interval_count": count,
        "meter": _meter(call, given),
        "trial_period_days": None,
        "usage_type": given.get("usage_type", "licensed"),
    }


def _meter(call: Call, given: Json) -> str | None:
    """docs.stripe.com/api/prices/create#create_price-recurring-meter: a metered price needs one, another has none."""
    param = "recurring[meter]"
    if given.get("usage_type", "licensed") == "licensed":
        if "meter" in given:
            raise invalid_request("`recurring[meter]` can only be used with `usage_type=metered`.", param=param)
        return None
    if "meter" not in given:
        raise invalid_request("Prices with `usage_type=metered` must be backed by a meter.", param=param)
    meter = call.need("billing.meter", given["meter"], param)
    if meter["status"] != "active":
        raise invalid_request("You cannot attach a deactivated meter to a price.", param=param)
    return meter["id"]


def _amounts(given: Json) -> Json:
    """`billing_scheme`, `tiers_mode`, `unit_amount`, `unit_amount_decimal` and the private tiers."""
    if given.get("billing_scheme", "per_unit") == "tiered":
        tiers = given.get("tiers")
        if not tiers or "tiers_mode" not in given:
            raise invalid_request("A tiered price needs `tiers` and `tiers_mode`.", param="tiers")
        if "transform_quantity" in given:
            raise invalid_request("`transform_quantity` cannot be combined with `tiers`.", param="transform_quantity")
        return {
            "billing_scheme": "tiered",
            "tiers_mode": given["tiers_mode"],
            "unit_amount": None,
            "unit_amount_decimal": None,
            "_tiers": _tiers(tiers),
        }
    if "tiers" in given or "tiers_mode" in given:
        raise invalid_request("`tiers` can only be used with `billing_scheme=tiered`.", param="tiers")
    if ("unit_amount" in given) == ("unit_amount_decimal" in given):
        raise invalid_request(
            "You must specify exactly one of `unit_amount` and `unit_amount_decimal`.", param="unit_amount"
        )
    whole, exact = _both(given, "unit_amount")
    return {"billing_scheme": "per_unit", "tiers_mode": None, "unit_amount": whole, "unit_amount_decimal": exact}


def _both(given: Json, name: str) -> tuple[int | None, str | None]:
    """An amount as integer (None when it is not whole) and as decimal string."""
    if name in given:
        return given[name], str(given[name])
    text: str | None = given.get(f"{name}_decimal")
    if text is None:
        return None, None
    exact = Decimal(text)
    return (int(exact) if exact == exact.to_integral_value() else None), text


def _tiers(given: list[Json]) -> list[Json]:
    tiers: list[Json] = []
    below = 0
    for position, tier in enumerate(given):
        ceiling: Any = tier["up_to"]
        last = position == len(given) - 1
        if (ceiling == "inf") != last:
            raise invalid_request("The last tier, and only the last, must be `up_to=inf`.", param="tiers")
        if ceiling != "inf" and ceiling <= below:
            raise invalid_request("Tiers must rise in `up_to`.", param=f"tiers[{position}][up_to]")
        below = 0 if ceiling == "inf" else ceiling
        unit, unit_exact = _both(tier, "unit_amount")
        flat, flat_exact = _both(tier, "flat_amount")
        if unit_exact is None and flat_exact is None:
            raise invalid_request("A tier needs a `unit_amount` or a `flat_amount`.", param=f"tiers[{position}]")
        tiers.append(
            {
                "flat_amount": flat,
                "flat_amount_decimal": flat_exact,
                "unit_amount": unit,
                "unit_amount_decimal": unit_exact,
                "up_to": None if ceiling == "inf" else ceiling,
            }
        )
    return tiers


def _claim_lookup_key(call: Call, key: str, *, transfer: bool) -> None:
    for other in call.select("price", lookup_key=key):
        if not transfer:
            raise invalid_request(f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key")
        other["lookup_key"] = None
        call.save(other, "price.updated")


def update(call: Call) -> Json:
    price = call.need("price", call.path["id"])
    for name in ("active", "nickname", "tax_behavior"):
        if name in call.params:
            price[name] = call.params[name]
    if "metadata" in call.params:
        price["metadata"] = merge_metadata(price["metadata"], call.params["metadata"])
    if "lookup_key" in call.params and call.params["lookup_key"] != price["lookup_key"]:
        _claim_lookup_key(call, call.params["lookup_key"], transfer=call.params.get("transfer_lookup_key", False))
        price["lookup_key"] = call.params["lookup_key"]
    call.save(price, "price.updated")
    refresh_price(call, price)
    return price


def list_(call: Call) -> Json:
    where = {name: call.params[name] for name in ("active", "currency", "product", "type") if name in call.params}
    where |= {f"recurring.{name}": value for name, value in call.params.get("recurring", {}).items()}
    found = call.world.select("price", where)
    keys = call.params.get("lookup_keys")
    return paging.page(call, "/v1/prices", [p for p in found if keys is None or p["lookup_key"] in keys])


@includable("price", "tiers")
def tiers(_: World, price: Json) -> list[Json] | None:
    """docs.stripe.com/api/prices/object: tiers are shown only when expanded."""
    return price.get("_tiers")


ROUTES = [
    Route("POST", "/v1/prices", create, _CREATE, "plan_write"),
    Route("GET", "/v1/prices/{id}", fetch("price"), {}, "plan_read"),
    Route(
        "POST",
        "/v1/prices/{id}",
        update,
        {name: _CREATE[name] for name in ("active", "lookup_key", "metadata", "nickname", "tax_behavior")}
        | {"transfer_lookup_key": Boolean()},
        "plan_write",
    ),
    Route(
        "GET",
        "/v1/prices",
        list_,
        {
            **paging.PARAMETERS,
            "created": RANGE,
            "active": Boolean(),
            "currency": Currency(),
            "lookup_keys": Many(Text(), max_items=10),
            "product": Text(),
            "recurring": Fields(
                {"interval": Choice(INTERVALS), "meter": Text(), "usage_type": Choice(("licensed", "metered"))}
            ),
            "type": Choice(("one_time", "recurring")),
        },
        "plan_read",
    ),
]
