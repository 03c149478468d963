"""The items of a subscription: a price and a quantity, with a billing period of their own since API 2025-03-31.

docs.stripe.com/api/subscription_items/object. An item privately notes its *debits*: what was billed for time not yet
over, so that a later credit can be a share of it (sandbox/proration.py).
"""

from sandbox.calls import Call, new_metadata
from sandbox.errors import invalid_request
from sandbox.parameters import Fields, Integer, Kind, Metadata, Text
from sandbox.periods import Period
from sandbox.price_amounts import amount_for
from sandbox.proration import Debit, used_parts
from sandbox.world import Json

NEW_ITEM: dict[str, Kind] = {
    "price": Text(required=True),
    "quantity": Integer(minimum=0, maximum=999_999),
    "metadata": Metadata(),
}
ITEM = Fields(NEW_ITEM)


def new_item(call: Call, given: Json, subscription_id: str, period: Period, param: str) -> Json:
    """An item of a subscription being created or changed; `given` has price, quantity and metadata."""
    price = recurring_price(call, given["price"], f"{param}[price]")
    check_quantity(price, given, param)
    item: Json = {
        "id": call.new_id("subscription_item"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": call.now,
        "current_period_end": period.end,
        "current_period_start": period.start,
        "discounts": [],
        "metadata": new_metadata(given.get("metadata")),
        "plan": plan_of(price),
        "price": price,
        "quantity": given.get("quantity", 1),
        "subscription": subscription_id,
        "tax_rates": [],
        "_debits": [],
        "_used_from": call.now,
    }
    if is_metered(item):
        del item["quantity"]
    return item


def is_metered(item: Json) -> bool:
    """Billed by what a meter counts, after the period; such an item has no quantity."""
    return item["price"]["recurring"]["usage_type"] == "metered"


def check_quantity(price: Json, given: Json, param: str) -> None:
    if price["recurring"]["usage_type"] == "metered" and "quantity" in given:
        raise invalid_request(
            f"Quantity should not be specified where usage_type is `metered`. Remove quantity from `{param}`",
            param=f"{param}[quantity]",
        )


def recurring_price(call: Call, price_id: str, param: str) -> Json:
    """An active recurring price, or the error Stripe gives for another one."""
    price = call.need("price", price_id, param)
    if price["type"] != "recurring":
        raise invalid_request(
            f"The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`. "
            f"(price: {price_id})",
            param=param,
        )
    if not price["active"]:
        raise invalid_request("The price specified is inactive. This field only accepts active prices.", param=param)
    return price


def plan_of(price: Json) -> Json:
    """The legacy `plan` that Stripe still shows beside an item's price."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": price["recurring"]["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": None,
        "usage_type": price["recurring"]["usage_type"],
    }


def refresh_price(call: Call, price: Json) -> None:
    """Show a changed price (its name, its metadata) on every item that has it."""
    for subscription in call.world.select("subscription"):
        items = [item for item in subscription["items"]["data"] if item["price"]["id"] == price["id"]]
        for item in items:
            item["price"], item["plan"] = price, plan_of(price)
        if items:
            call.save(subscription)


def period_amount(item: Json) -> int:
    """What a whole period of the item costs in advance, in minor units."""
    return 0 if is_metered(item) else amount_for(item["price"], item["quantity"])


def is_free(item: Json) -> bool:
    """Costs nothing, whatever is used."""
    return not is_metered(item) and period_amount(item) == 0


def rhythm(item: Json) -> tuple[str, int]:
    """The item's interval and interval count."""
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def shared_rhythm(items: list[Json]) -> tuple[str, int]:
    """The one interval of all items. The sandbox has no mixed intervals."""
    rhythms = {rhythm(item) for item in items}
    if len(rhythms) != 1:
        raise invalid_request(
            "The sandbox bills all items of a subscription at one interval; mixed intervals are not supported.",
            param="items",
        )
    return rhythms.pop()


def check_currency(items: list[Json], currency: str) -> None:
    for item in items:
        if item["price"]["currency"] != currency:
            raise invalid_request(
                f"The price specified only supports `{item['price']['currency']}`. This doesn't match the expected "
                f"currency: `{currency}`.",
                param="items",
            )


def period_of(item: Json) -> Period:
    return Period(item["current_period_start"], item["current_period_end"])


def debits_of(item: Json) -> list[Debit]:
    return [
        Debit(
            amount=note["amount"],
            period=Period(note["start"], note["end"]),
            price=note["price"],
            quantity=note["quantity"],
            invoice=note["invoice"],
            line=note["line"],
            invoice_item=note["invoice_item"],
        )
        for note in item["_debits"]
    ]


def note_debit(
    item: Json,
    amount: int,
    period: Period,
    *,
    invoice: str | None = None,
    line: str | None = None,
    invoice_item: str | None = None,
) -> None:
    """Remember that the item was billed `amount` for `period`."""
    debit = Debit(amount, period, item["price"]["id"], item["quantity"], invoice, line, invoice_item)
    item["_debits"].append(_note(debit))


def settle_debits(subscription: Json, invoice: Json) -> None:
    """What the items were billed is what the invoice's lines come to after their discounts."""
    net = {
        line["id"]: line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
        for line in invoice["lines"]["data"]
    }
    for item in subscription["items"]["data"]:
        item["_debits"] = [{**note, "amount": net.get(note["line"], note["amount"])} for note in item["_debits"]]


def cut_debits(item: Json, moment: int) -> None:
    """The time from `moment` on has been credited: only what lies before it is still billed."""
    item["_debits"] = [_note(debit) for debit in used_parts(debits_of(item), moment)]


def _note(debit: Debit) -> Json:
    return {
        "amount": debit.amount,
        "start": debit.period.start,
        "end": debit.period.end,
        "price": debit.price,
        "quantity": debit.quantity,
        "invoice": debit.invoice,
        "line": debit.line,
        "invoice_item": debit.invoice_item,
    }
