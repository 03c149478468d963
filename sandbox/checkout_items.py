"""What a Checkout session or a payment link sells: its line items, from prices or described on the spot.

docs.stripe.com/api/checkout/sessions/line_items
"""

from dataclasses import replace

from sandbox import prices
from sandbox.amounts import MAXIMUM, MINIMUM, written
from sandbox.calls import Call, new_metadata
from sandbox.errors import invalid_request
from sandbox.invoice_lines import product_name
from sandbox.parameters import Choice, Currency, DecimalText, Fields, Integer, Kind, Metadata, Text
from sandbox.price_amounts import amount_for
from sandbox.world import Json

PRICE_DATA = Fields(
    {
        "currency": Currency(required=True),
        "product": Text(),
        "product_data": Fields(
            {"name": Text(required=True, max_length=250), "metadata": Metadata(), "unit_label": Text(max_length=12)}
        ),
        "tax_behavior": Choice(("exclusive", "inclusive", "unspecified")),
        "unit_amount": Integer(minimum=0, maximum=99_999_999_999),
        "unit_amount_decimal": DecimalText(),
    }
)
QUANTITY = Integer(minimum=1, maximum=999_999)
ITEM: dict[str, Kind] = {"price": Text(), "price_data": PRICE_DATA, "quantity": QUANTITY}


def line_items(call: Call, asked: list[Json], mode: str) -> list[Json]:
    """The line items of a new session or link. Raises StripeError 400 for prices that do not go with the mode."""
    if not asked:
        raise invalid_request(f"`line_items` is required in `{mode}` mode.", param="line_items")
    items = [_line_item(call, given, mode, f"line_items[{position}]") for position, given in enumerate(asked)]
    if len({item["currency"] for item in items}) > 1:
        raise invalid_request("All prices must use the same currency.", param="line_items")
    total = total_of(items)
    smallest = MINIMUM.get(items[0]["currency"], 1)
    if mode == "payment" and total < smallest:
        raise invalid_request(
            "The total amount due must add up to at least "
            f"{written(smallest, items[0]['currency'])} {items[0]['currency']}",
            param="line_items",
            code="amount_too_small",
        )
    if total > MAXIMUM:
        raise invalid_request(
            f"The total amount due must be no more than {written(MAXIMUM, items[0]['currency'])}",
            param="line_items",
            code="amount_too_large",
        )
    return items


def copied(call: Call, items: list[Json]) -> list[Json]:
    """The same items, not discounted, for another session: of a payment link, or of a session that expired."""
    return [
        {**item, "id": call.world.new_id("item"), "amount_discount": 0, "amount_total": item["amount_subtotal"]}
        for item in items
    ]


def repriced(call: Call, item: Json, quantity: int) -> Json:
    """The same item in another quantity."""
    price = call.need("price", item["price"]["id"])
    if item["quantity"] is None:
        raise invalid_request("Quantity should not be specified where usage_type is `metered`.", param="quantity")
    amount = amount_for(price, quantity)
    return {**item, "quantity": quantity, "amount_subtotal": amount, "amount_total": amount}


def total_of(items: list[Json]) -> int:
    return sum(item["amount_total"] for item in items)


def _line_item(call: Call, given: Json, mode: str, param: str) -> Json:
    if ("price" in given) == ("price_data" in given):
        raise invalid_request(f"You must specify either `price` or `price_data` in `{param}`.", param=param)
    price = _new_price(call, given["price_data"], mode, param) if "price_data" in given else _price(call, given, param)
    recurring = price["recurring"]
    if mode == "payment" and recurring:
        raise invalid_request(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            param="mode",
        )
    if mode == "subscription" and not recurring:
        # Stripe puts one-time prices onto the first invoice.
        raise invalid_request(
            "The sandbox sells recurring prices only in `subscription` mode; one-time prices beside them are not "
            "supported.",
            param=f"{param}[price]",
        )
    metered = bool(recurring) and recurring["usage_type"] == "metered"
    if metered and "quantity" in given:
        raise invalid_request(
            f"Quantity should not be specified where usage_type is `metered`. Remove quantity from `{param}`",
            param=f"{param}[quantity]",
        )
    if not metered and "quantity" not in given:
        raise invalid_request(
            f"Quantity is required. Add `quantity` to `{param}`", param=f"{param}[quantity]", code="parameter_missing"
        )
    amount = 0 if metered else amount_for(price, given["quantity"])
    return {
        "id": call.world.new_id("item"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product_name(call, price),
        "metadata": new_metadata(given.get("metadata")),
        "price": price,
        "quantity": None if metered else given["quantity"],
    }


def _price(call: Call, given: Json, param: str) -> Json:
    price = call.need("price", given["price"], f"{param}[price]")
    if not price["active"]:
        raise invalid_request(
            "The price specified is inactive. This field only accepts active prices.", param=f"{param}[price]"
        )
    return price


def _new_price(call: Call, given: Json, mode: str, param: str) -> Json:
    """docs.stripe.com/products-prices/how-products-and-prices-work: a price made in passing is not for anybody else, so
    it is stored inactive."""
    if mode != "payment":
        raise invalid_request("The sandbox takes `price_data` in `payment` mode only.", param=f"{param}[price_data]")
    price = prices.create(replace(call, params=given))
    return call.save({**price, "active": False})
