"""Lines of an invoice (docs.stripe.com/api/invoice-line-item/object) and the wording Stripe gives them."""

from datetime import UTC, datetime
from typing import Any

from sandbox.amounts import written
from sandbox.calls import Call
from sandbox.periods import Period
from sandbox.world import Json


def date_text(moment: int) -> str:
    """A unix time as `16 Oct 2026`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y").lstrip("0")


def product_name(call: Call, price: Json) -> str:
    product = call.find("product", price["product"])
    return product["name"] if product else price["product"]


def period_description(call: Call, price: Json, quantity: int) -> str:
    """`1 × Pro (at $20.00 / month)`."""
    name = f"{quantity} × {product_name(call, price)}"
    if price["unit_amount"] is None or price["recurring"] is None:
        return name
    count = price["recurring"]["interval_count"]
    every = price["recurring"]["interval"] if count == 1 else f"every {count} {price['recurring']['interval']}s"
    return f"{name} (at {written(price['unit_amount'], price['currency'])} / {every})"


def trial_description(call: Call, price: Json, quantity: int) -> str:
    """`Free trial for 1 × Pro`."""
    return f"Free trial for {quantity} × {product_name(call, price)}"


def proration_description(call: Call, price: Json, quantity: int, moment: int, *, credit: bool) -> str:
    """`Unused time on Pro after 16 Oct 2026`."""
    name = product_name(call, price)
    counted = name if quantity == 1 else f"{quantity} × {name}"
    return f"{'Unused' if credit else 'Remaining'} time on {counted} after {date_text(moment)}"


def pricing_of(price: Json) -> Json:
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def new_line(
    call: Call,
    invoice_id: str,
    *,
    amount: int,
    currency: str,
    description: str | None,
    period: Period,
    parent: Json | None,
    pricing: Json | None,
    quantity: int,
    metadata: dict[str, str] | None = None,
    subscription: str | None = None,
    discountable: bool = True,
    discount_amounts: list[Json] | None = None,
) -> Json:
    return {
        "id": call.new_id("line_item"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": discount_amounts or [],
        "discountable": discountable,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": metadata or {},
        "parent": parent,
        "period": {"end": period.end, "start": period.start},
        "pretax_credit_amounts": [],
        "pricing": pricing,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription,
        "subtotal": amount,
        "taxes": [],
    }


def subscription_line(
    call: Call,
    invoice_id: str,
    subscription: Json,
    item: Json,
    *,
    amount: int,
    period: Period,
    description: str | None = None,
    quantity: int | None = None,
    unit_amount_decimal: str | None = None,
) -> Json:
    """What a subscription item costs for a period: its own quantity and price, unless a part of them is named."""
    price = item["price"]
    return new_line(
        call,
        invoice_id,
        amount=amount,
        currency=price["currency"],
        description=description or period_description(call, price, item["quantity"]),
        period=period,
        parent=_subscription_parent(subscription["id"], item["id"], invoice_item=None, credited=None),
        pricing=pricing_of(price) | ({"unit_amount_decimal": unit_amount_decimal} if unit_amount_decimal else {}),
        quantity=item["quantity"] if quantity is None else quantity,
        metadata=dict(subscription["metadata"]),
        subscription=subscription["id"],
    )


def invoice_item_line(call: Call, invoice_id: str, invoice_item: Json) -> Json:
    """The line of an invoice item, a proration or one that was added by hand."""
    parent = invoice_item["parent"]
    details: dict[str, Any] = (parent or {}).get("subscription_details") or {}
    if invoice_item["proration"]:
        credited = invoice_item["_credited"]
        line_parent = _subscription_parent(
            details["subscription"],
            details["subscription_item"],
            invoice_item=invoice_item["id"],
            credited=credited,
            proration=True,
        )
    else:
        line_parent = {
            "invoice_item_details": {
                "invoice_item": invoice_item["id"],
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": details.get("subscription"),
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return new_line(
        call,
        invoice_id,
        amount=invoice_item["amount"],
        currency=invoice_item["currency"],
        description=invoice_item["description"],
        period=Period(invoice_item["period"]["start"], invoice_item["period"]["end"]),
        parent=line_parent,
        pricing=invoice_item["pricing"],
        quantity=invoice_item["quantity"],
        metadata=dict(invoice_item["metadata"]),
        subscription=details.get("subscription"),
        discountable=invoice_item["discountable"],
        discount_amounts=(invoice_item["proration_details"] or {}).get("discount_amounts"),
    )


def _subscription_parent(
    subscription_id: str,
    item_id: str,
    *,
    invoice_item: str | None,
    credited: Json | None,
    proration: bool = False,
) -> Json:
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": invoice_item,
            "proration": proration,
            "proration_details": {"credited_items": credited},
            "subscription": subscription_id,
            "subscription_item": item_id,
        },
        "type": "subscription_item_details",
    }
