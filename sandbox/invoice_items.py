"""Invoice items (docs.stripe.com/api/invoiceitems): amounts waiting for an invoice, prorations above all."""

from typing import Any

from sandbox import discounts, paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.invoice_drafts import editable, exclude, include
from sandbox.invoice_lines import pricing_of, product_name, proration_description
from sandbox.parameters import Boolean, Currency, DecimalText, Fields, Integer, Kind, Metadata, Text, Timestamp
from sandbox.periods import Period
from sandbox.price_amounts import amount_for
from sandbox.proration import Credit
from sandbox.routing import Route, fetch
from sandbox.world import Json

_WRITABLE: dict[str, Kind] = {
    "amount": Integer(minimum=None),
    "description": Text(clearable=True),
    "discountable": Boolean(),
    "metadata": Metadata(),
    "period": Fields({"start": Timestamp(required=True), "end": Timestamp(required=True)}),
    "pricing": Fields({"price": Text(required=True)}),
    "quantity": Integer(minimum=0, maximum=999_999),
    "unit_amount_decimal": DecimalText(),
}


def store(call: Call, fields: Json) -> Json:
    """A new invoice item. It has a `date` instead of `created`, unlike every other object."""
    item: Json = {
        "id": call.new_id("invoiceitem"),
        "object": "invoiceitem",
        "customer_account": None,
        "date": call.now,
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "proration": False,
        "tax_rates": [],
        "test_clock": call.test_clock,
        **fields,
        "net_amount": fields["amount"],
        "quantity_decimal": str(fields["quantity"]),
    }
    call.world.put(item)
    call.emit("invoiceitem.created", item)
    return item


def proration_credit(call: Call, subscription: Json, item: Json, credit: Credit) -> Json:
    """The pending item that gives back the unused time of a debit."""
    debit = credit.debit
    price = call.need("price", debit.price)
    credited: Json = {
        "invoice_item": debit.invoice_item if debit.line is None else None,
        "invoice_line_item_details": (
            {"invoice": debit.invoice, "invoice_line_items": [debit.line]} if debit.line else None
        ),
        "type": "invoice_line_items" if debit.line else "invoice_item",
    }
    description = proration_description(call, price, debit.quantity, credit.period.start, credit=True)
    return _proration(
        call, subscription, item, price, debit.quantity, credit.amount, credit.period, description, credited
    )


def proration_debit(call: Call, subscription: Json, item: Json, amount: int, period: Period) -> Json:
    """The pending item that charges the rest of a period at the item's new price."""
    price = item["price"]
    description = proration_description(call, price, item["quantity"], period.start, credit=False)
    return _proration(call, subscription, item, price, item["quantity"], amount, period, description, None)


def _proration(
    call: Call,
    subscription: Json,
    item: Json,
    price: Json,
    quantity: int,
    amount: int,
    period: Period,
    description: str,
    credited: Json | None,
) -> Json:
    line_details = (credited or {}).get("invoice_line_item_details")
    return store(
        call,
        {
            "amount": amount,
            "currency": subscription["currency"],
            "customer": subscription["customer"],
            "description": description,
            "discountable": False,
            "metadata": dict(subscription["metadata"]),
            "parent": {
                "subscription_details": {"subscription": subscription["id"], "subscription_item": item["id"]},
                "type": "subscription_details",
            },
            "period": {"end": period.end, "start": period.start},
            "pricing": pricing_of(price),
            "proration": True,
            "proration_details": {"credited_items": credited, "discount_amounts": _included(call, subscription)},
            "quantity": quantity,
            "_credited": line_details,
        },
    )


def _included(call: Call, subscription: Json) -> list[Json]:
    """Each discount named with 0: the proration's amount has them in it already."""
    return [{"amount": 0, "discount": id_} for id_ in discounts.lasting(call, subscription)]


def create(call: Call) -> Json:
    given = call.params
    customer = living(call, given["customer"], "customer")
    fields = _priced(call, given, customer)
    if given.get("invoice"):
        invoice = editable(call.need("invoice", given["invoice"], "invoice"))
        if invoice["customer"] != customer["id"] or invoice["currency"] != fields["currency"]:
            raise invalid_request("The invoice belongs to another customer or is in another currency.", param="invoice")
    subscription_id = given.get("subscription")
    if subscription_id and call.need("subscription", subscription_id, "subscription")["customer"] != customer["id"]:
        raise invalid_request("The subscription belongs to another customer.", param="subscription")
    item = store(
        call,
        {
            "customer": customer["id"],
            "discountable": given.get("discountable", fields["amount"] >= 0),
            "metadata": new_metadata(given.get("metadata")),
            "parent": {
                "subscription_details": {"subscription": subscription_id, "subscription_item": None},
                "type": "subscription_details",
            }
            if subscription_id
            else None,
            "period": given.get("period") or {"end": call.now, "start": call.now},
            "proration_details": None,
            **fields,
        },
    )
    if given.get("invoice"):
        include(call, call.need("invoice", given["invoice"]), [item])
        item = call.need("invoiceitem", item["id"])
    return item


def _priced(call: Call, given: Json, customer: Json) -> Json:
    """`amount`, `currency`, `quantity`, `pricing`, `description` from one of amount, pricing, unit_amount_decimal."""
    sources = [name for name in ("amount", "pricing", "unit_amount_decimal") if name in given]
    if len(sources) != 1:
        raise invalid_request(
            "You must specify exactly one of `amount`, `pricing` and `unit_amount_decimal`.", param="amount"
        )
    quantity = given.get("quantity", 1)
    description = given.get("description")
    if "pricing" in given:
        price = call.need("price", given["pricing"]["price"], "pricing[price]")
        if price["type"] != "one_time":
            raise invalid_request(
                "The price specified is set to `type=recurring` but this field only accepts prices with "
                "`type=one_time`.",
                param="pricing[price]",
            )
        return {
            "amount": amount_for(price, quantity),
            "currency": price["currency"],
            "description": description or product_name(call, price),
            "pricing": pricing_of(price),
            "quantity": quantity,
        }
    if "amount" in given and "quantity" in given:
        raise invalid_request("`quantity` cannot be combined with `amount`.", param="quantity")
    currency = given.get("currency") or customer["currency"]
    if currency is None:
        raise invalid_request("Missing required param: currency.", param="currency", code="parameter_missing")
    exact = given.get("unit_amount_decimal")
    unit: Any = {"billing_scheme": "per_unit", "unit_amount": given.get("amount"), "unit_amount_decimal": exact}
    return {
        "amount": given["amount"] if exact is None else amount_for(unit, quantity),
        "currency": currency,
        "description": description,
        "pricing": None,
        "quantity": quantity,
    }


def pending(call: Call, customer_id: str, currency: str, *, subscription: str | None = None) -> list[Json]:
    """Items that wait for an invoice in this currency, oldest first. With a subscription: its own and the free ones;
    without one: only those tied to no subscription."""
    found = call.world.select("invoiceitem", {"customer": customer_id, "invoice": None, "currency": currency})
    return [item for item in reversed(found) if _tie(item) in (None, subscription)]


def pending_of(call: Call, subscription: Json) -> list[Json]:
    """Items that wait and belong to this subscription, oldest first."""
    found = pending(call, subscription["customer"], subscription["currency"], subscription=subscription["id"])
    return [item for item in found if _tie(item) == subscription["id"]]


def _tie(item: Json) -> str | None:
    return item["parent"]["subscription_details"]["subscription"] if item["parent"] else None


def update(call: Call) -> Json:
    item = _unsealed(call)
    given = call.params
    if "amount" in given:
        item["amount"] = item["net_amount"] = given["amount"]
    for name in ("description", "discountable", "period"):
        if name in given:
            item[name] = given[name]
    if "metadata" in given:
        item["metadata"] = merge_metadata(item["metadata"], given["metadata"])
    call.world.put(item)
    _rebuild(call, item)
    return item


def delete(call: Call) -> Json:
    item = _unsealed(call)
    answer = call.remove(item, "invoiceitem.deleted")
    _rebuild(call, item)
    return answer


def _unsealed(call: Call) -> Json:
    item = call.need("invoiceitem", call.path["id"])
    if item["invoice"]:
        editable(call.need("invoice", item["invoice"]))
    return item


def _rebuild(call: Call, item: Json) -> None:
    if item["invoice"]:
        invoice = exclude(call, call.need("invoice", item["invoice"]), item["id"])
        current = call.find("invoiceitem", item["id"])
        if current:
            include(call, invoice, [current])


def list_(call: Call) -> Json:
    where = {name: call.params[name] for name in ("customer", "invoice") if name in call.params}
    if call.params.get("pending"):
        where["invoice"] = None
    return paging.page(call, "/v1/invoiceitems", call.world.select("invoiceitem", where))


ROUTES = [
    Route(
        "POST",
        "/v1/invoiceitems",
        create,
        {
            **_WRITABLE,
            "customer": Text(required=True),
            "currency": Currency(),
            "invoice": Text(),
            "subscription": Text(),
        },
        "invoice_write",
    ),
    Route("GET", "/v1/invoiceitems/{id}", fetch("invoiceitem"), {}, "invoice_read"),
    Route(
        "POST",
        "/v1/invoiceitems/{id}",
        update,
        {name: _WRITABLE[name] for name in ("amount", "description", "discountable", "metadata", "period")},
        "invoice_write",
    ),
    Route("DELETE", "/v1/invoiceitems/{id}", delete, {}, "invoice_write"),
    Route(
        "GET",
        "/v1/invoiceitems",
        list_,
        {**paging.PARAMETERS, "customer": Text(), "invoice": Text(), "pending": Boolean()},
        "invoice_read",
    ),
]
