"""The phases of a subscription schedule: as they are asked for, as they are stored, as changes of the subscription.

docs.stripe.com/billing/subscriptions/subscription-schedules#phases
"""

from typing import Any

from sandbox.calls import Call, new_metadata
from sandbox.errors import invalid_request
from sandbox.parameters import Choice, Currency, Fields, Integer, Kind, Many, Metadata, Text, Timestamp
from sandbox.payment_choice import check_payment_method
from sandbox.periods import boundary
from sandbox.schedule_status import phase_item
from sandbox.subscription_items import check_currency, check_quantity, period_of, recurring_price, shared_rhythm
from sandbox.world import Json

MOST = 10

BEHAVIORS = ("always_invoice", "create_prorations", "none")

_ITEM = Fields({"metadata": Metadata(), "price": Text(required=True), "quantity": Integer(minimum=0, maximum=999_999)})
_PHASE: dict[str, Kind] = {
    "currency": Currency(),
    "default_payment_method": Text(),
    "description": Text(max_length=500),
    "duration": Fields(
        {
            "interval": Choice(("day", "month", "week", "year"), required=True),
            "interval_count": Integer(minimum=1, maximum=365),
        }
    ),
    "end_date": Timestamp(),
    "items": Many(_ITEM, required=True, max_items=20),
    "metadata": Metadata(),
    "proration_behavior": Choice(BEHAVIORS),
}
NEW = Many(Fields(_PHASE), max_items=MOST)
CHANGED = Many(Fields({**_PHASE, "start_date": Timestamp()}), max_items=MOST)


def laid_out(call: Call, asked: list[Json], start: int, customer: str) -> list[Json]:
    """The phases as they follow each other from `start` (Unix seconds) on.

    A phase lasts to its `end_date` or for its `duration`, to the next one's `start_date`, or one interval of its price.
    """
    phases: list[Json] = []
    for position, wish in enumerate(asked):
        name = f"phases[{position}]"
        begin = phases[-1]["end_date"] if phases else start
        if wish.get("start_date", begin) != begin:
            raise invalid_request("A phase has to start when the phase before it ends.", param=f"{name}[start_date]")
        items = [_item(call, item, f"{name}[items][{n}]") for n, item in enumerate(wish["items"])]
        if len({item["price"]["id"] for item in items}) != len(items):
            raise invalid_request("A price can be in a phase only once.", param=f"{name}[items]")
        currency = wish.get("currency") or (phases[0]["currency"] if phases else items[0]["price"]["currency"])
        check_currency(items, currency)
        check_payment_method(call, wish.get("default_payment_method"), customer, f"{name}[default_payment_method]")
        following = asked[position + 1] if position + 1 < len(asked) else {}
        end = _end(wish, begin, following.get("start_date"), shared_rhythm(items), name)
        phases.append(_phase(wish, [phase_item(item) for item in items], currency, begin, end))
    if not phases:
        raise invalid_request("A schedule needs at least one phase.", param="phases")
    return phases


def _item(call: Call, wish: Json, name: str) -> Json:
    price = recurring_price(call, wish["price"], f"{name}[price]")
    check_quantity(price, wish, name)
    item: Json = {"price": price, "metadata": new_metadata(wish.get("metadata"))}
    if price["recurring"]["usage_type"] != "metered":
        item["quantity"] = wish.get("quantity", 1)
    return item


def _end(wish: Json, begin: int, following: int | None, rhythm: tuple[str, int], name: str) -> int:
    if "duration" in wish and "end_date" in wish:
        raise invalid_request(
            "You may only specify one of these parameters: duration, end_date.", param=f"{name}[end_date]"
        )
    duration: dict[str, Any] | None = wish.get("duration")
    if duration:
        return boundary(begin, duration["interval"], duration.get("interval_count", 1), 1)
    end = wish.get("end_date", following)
    if end is None:
        return boundary(begin, *rhythm, 1)
    if end <= begin:
        raise invalid_request("A phase has to end after its start.", param=f"{name}[end_date]")
    return end


def _phase(wish: Json, items: list[Json], currency: str, begin: int, end: int) -> Json:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": currency,
        "default_payment_method": wish.get("default_payment_method"),
        "default_tax_rates": [],
        "description": wish.get("description"),
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        # An empty value is kept: on entering the phase it takes the key away from the subscription.
        "metadata": wish.get("metadata") or {},
        "on_behalf_of": None,
        "proration_behavior": wish.get("proration_behavior", "create_prorations"),
        "start_date": begin,
        "transfer_data": None,
        "trial_end": None,
    }


def present_phase(subscription: Json) -> Json:
    """The period that a subscription is in, as the one phase of its new schedule."""
    items = subscription["items"]["data"]
    period = period_of(items[0])
    wish = {name: subscription[name] for name in ("default_payment_method", "description", "metadata")}
    phase = _phase(wish, [phase_item(item) for item in items], subscription["currency"], period.start, period.end)
    return phase | {"trial_end": subscription["trial_end"] if subscription["status"] == "trialing" else None}


def item_changes(subscription: Json, phase: Json) -> list[Json]:
    """`items` of a subscription's update that make it what the phase says.

    An item keeps its id where its price stays; what is left is paired off in order, then removed or added.
    """
    wanted = {item["price"]: item for item in phase["items"]}
    held = {item["price"]["id"]: item["id"] for item in subscription["items"]["data"]}
    goers = [id_ for price, id_ in held.items() if price not in wanted]
    changes: list[Json] = []
    for price, item in wanted.items():
        wish = {name: item[name] for name in ("price", "quantity", "metadata") if name in item}
        id_ = held.get(price) or (goers.pop(0) if goers else None)
        changes.append({"id": id_, **wish} if id_ else wish)
    return [*changes, *({"id": id_, "deleted": True} for id_ in goers)]
