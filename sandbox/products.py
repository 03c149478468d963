"""Products (docs.stripe.com/api/products): what is sold; its prices say for how much."""

from dataclasses import replace

from sandbox import paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.errors import invalid_request
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
    Text,
)
from sandbox.routing import Route, fetch
from sandbox.world import Json

_DESCRIBED: dict[str, Kind] = {
    "active": Boolean(),
    "description": Text(clearable=True),
    "images": Many(Text(), clearable=True, max_items=8),
    "metadata": Metadata(),
    "statement_descriptor": Text(max_length=22),
    "unit_label": Text(max_length=12, clearable=True),
    "url": Text(clearable=True),
}
_PRICE_DATA = Fields(
    {
        "currency": Currency(required=True),
        "metadata": Metadata(),
        "recurring": Fields(
            {"interval": Choice(("day", "week", "month", "year"), required=True), "interval_count": Integer(minimum=1)}
        ),
        "tax_behavior": Choice(("exclusive", "inclusive", "unspecified")),
        "unit_amount": Integer(minimum=0, maximum=99_999_999_999),
        "unit_amount_decimal": DecimalText(),
    }
)


def new_product(call: Call, given: Json) -> Json:
    """A product from `name` and the other parameters of creation; also used for a price's `product_data`."""
    if given.get("id") and call.find("product", given["id"]):
        raise invalid_request(f"Product already exists: {given['id']}", param="id", code="resource_already_exists")
    fields = {
        "active": given.get("active", True),
        "default_price": None,
        "description": given.get("description"),
        "images": given.get("images") or [],
        "marketing_features": [],
        "metadata": new_metadata(given.get("metadata")),
        "name": given["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": given.get("statement_descriptor"),
        "tax_code": None,
        "type": "service",
        "unit_label": given.get("unit_label"),
        "updated": call.now,
        "url": given.get("url"),
    }
    if given.get("id"):
        fields["id"] = given["id"]
    return call.create("product", fields, "product.created")


def create(call: Call) -> Json:
    product = new_product(call, call.params)
    if "default_price_data" not in call.params:
        return product
    from sandbox import prices  # which belong to products: imported above they would be a circle

    price = prices.create(replace(call, params={**call.params["default_price_data"], "product": product["id"]}))
    return call.save({**product, "default_price": price["id"]}, "product.updated")


def update(call: Call) -> Json:
    product = call.need("product", call.path["id"])
    for name, value in call.params.items():
        if name == "metadata":
            product["metadata"] = merge_metadata(product["metadata"], value)
        elif name == "default_price":
            price = call.need("price", value, "default_price")
            if price["product"] != product["id"]:
                raise invalid_request("The default price must belong to the product.", param="default_price")
            product["default_price"] = value
        elif name == "images":
            product["images"] = value or []
        elif name != "expand":
            product[name] = value
    product["updated"] = call.now
    return call.save(product, "product.updated")


def delete(call: Call) -> Json:
    product = call.need("product", call.path["id"])
    if call.select("price", product=product["id"]):
        raise invalid_request(
            "This product cannot be deleted because it has one or more user-created prices.", param="id"
        )
    return call.remove(product, "product.deleted")


def list_(call: Call) -> Json:
    """docs.stripe.com/api/products/list: `ids` gives only those; unknown ones are left out."""
    where = {name: call.params[name] for name in ("active", "url") if name in call.params}
    wanted = call.params.get("ids")
    found = [each for each in call.world.select("product", where) if wanted is None or each["id"] in wanted]
    return paging.page(call, "/v1/products", found)


ROUTES = [
    Route(
        "POST",
        "/v1/products",
        create,
        {
            **_DESCRIBED,
            "default_price_data": _PRICE_DATA,
            "id": Text(max_length=250),
            "name": Text(required=True, max_length=250),
        },
        "product_write",
    ),
    Route("GET", "/v1/products/{id}", fetch("product"), {}, "product_read"),
    Route(
        "POST",
        "/v1/products/{id}",
        update,
        {**_DESCRIBED, "name": Text(max_length=250), "default_price": Text()},
        "product_write",
    ),
    Route("DELETE", "/v1/products/{id}", delete, {}, "product_write"),
    Route(
        "GET",
        "/v1/products",
        list_,
        {**paging.PARAMETERS, "active": Boolean(), "created": RANGE, "ids": Many(Text()), "url": Text()},
        "product_read",
    ),
]
