"""Billing by use: the lines of a period that is over, from what a meter counted.

docs.stripe.com/billing/subscriptions/usage-based: metered prices are billed in arrears; a draft takes in what is still
reported for its period until it is finalized (the hour of grace).
"""

from decimal import Decimal

from sandbox.amounts import written_exact
from sandbox.calls import Call
from sandbox.invoice_lines import product_name, subscription_line
from sandbox.meter_events import aggregated, counted
from sandbox.periods import Period
from sandbox.price_amounts import Part, parts_for
from sandbox.subscription_items import is_metered
from sandbox.world import Json


def used(call: Call, subscription: Json, item: Json, period: Period) -> int:
    """What the item's meter counted for the customer; never below 0."""
    meter = call.need("billing.meter", item["price"]["recurring"]["meter"])
    return max(0, aggregated(meter, counted(call, meter, subscription["customer"]), period))


def usage_lines(call: Call, invoice_id: str, subscription: Json, *, until: int | None = None) -> list[Json]:
    """The lines of every metered item for its present period, or for that period up to `until`. A graduated price has
    a line for each tier that was entered, a flat amount one of its own; each line is rounded for itself."""
    lines: list[Json] = []
    for item in filter(is_metered, subscription["items"]["data"]):
        end = item["current_period_end"] if until is None else until
        lines += item_lines(call, invoice_id, subscription, item, Period(usage_start(item), end))
    return lines


def usage_start(item: Json) -> int:
    """Later than the period's start when the item's price changed within it."""
    return max(item["current_period_start"], item.get("_used_from", 0))


def item_lines(call: Call, invoice_id: str, subscription: Json, item: Json, period: Period) -> list[Json]:
    price = item["price"]
    lines: list[Json] = []
    for part in parts_for(price, used(call, subscription, item, period)):
        line = subscription_line(
            call,
            invoice_id,
            subscription,
            item,
            amount=part.amount,
            period=period,
            description=usage_description(call, price, part),
            quantity=part.quantity,
            unit_amount_decimal=part.unit_amount_decimal,
        )
        line["_usage"] = item["id"]
        lines.append(line)
    return lines


def usage_description(call: Call, price: Json, part: Part) -> str:
    """`50000 × API requests (Tier 1 at $0.00 / month)`; a flat amount without a count."""
    count = price["recurring"]["interval_count"]
    every = price["recurring"]["interval"] if count == 1 else f"every {count} {price['recurring']['interval']}s"
    each = written_exact(Decimal(part.unit_amount_decimal), price["currency"])
    tier = f"Tier {part.tier} at" if part.tier else "at"
    name = product_name(call, price)
    counted_name = name if part.flat else f"{part.quantity} × {name}"
    return f"{counted_name} ({tier} {each} / {every})"


def take_in_late_usage(call: Call, subscription: Json | None, invoice: Json) -> None:
    """Count the usage of a draft's metered lines anew, as far as their items still exist."""
    items = {item["id"]: item for item in subscription["items"]["data"]} if subscription else {}
    done: set[tuple[str, Period]] = set()
    lines: list[Json] = []
    for line in invoice["lines"]["data"]:
        item = items.get(line.get("_usage", ""))
        if subscription is None or item is None or item["price"]["id"] != line["pricing"]["price_details"]["price"]:
            lines.append(line)
            continue
        period = Period(line["period"]["start"], line["period"]["end"])
        if (item["id"], period) not in done:
            done.add((item["id"], period))
            lines += item_lines(call, invoice["id"], subscription, item, period)
    invoice["lines"]["data"] = lines
