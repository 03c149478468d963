"""Items of a subscription one by one (docs.stripe.com/api/subscription_items): each is a change of its subscription."""

from dataclasses import replace

from sandbox import clock, subscription_changes
from sandbox.calls import Call
from sandbox.errors import missing_object
from sandbox.parameters import Choice, Integer, Kind, Metadata, Text, Timestamp
from sandbox.routing import Route
from sandbox.subscriptions import BEHAVIORS, PAYMENT_BEHAVIORS
from sandbox.test_clocks import time_of
from sandbox.world import Json

_HOW: dict[str, Kind] = {
    "payment_behavior": Choice(PAYMENT_BEHAVIORS),
    "proration_behavior": Choice(BEHAVIORS),
    "proration_date": Timestamp(),
}
_WHAT: dict[str, Kind] = {"metadata": Metadata(), "quantity": Integer(minimum=0, maximum=999_999)}


def create(call: Call) -> Json:
    subscription = call.need("subscription", call.params["subscription"], "subscription")
    before = {item["id"] for item in subscription["items"]["data"]}
    return next(item for item in _changed(call, subscription, {}) if item["id"] not in before)


def retrieve(call: Call) -> Json:
    return _found(call)[1]


def update(call: Call) -> Json:
    subscription, item = _found(call)
    return next(each for each in _changed(call, subscription, {"id": item["id"]}) if each["id"] == item["id"])


def delete(call: Call) -> Json:
    subscription, item = _found(call)
    _changed(call, subscription, {"id": item["id"], "deleted": True})
    return {"id": item["id"], "object": "subscription_item", "deleted": True}


def _found(call: Call) -> tuple[Json, Json]:
    """The subscription and its item, or 404."""
    for subscription in call.select("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == call.path["id"]:
                return subscription, item
    raise missing_object("subscription_item", call.path["id"], "item")


def _changed(call: Call, subscription: Json, wish: Json) -> list[Json]:
    """The subscription's items after the change, made in the time of its test clock."""
    given = call.params
    item = {**{name: given[name] for name in ("price", *_WHAT) if name in given}, **wish}
    params = {"items": [item], **{name: given[name] for name in _HOW if name in given}}
    with clock.standing(call.world, time_of(call.world, subscription["id"])):
        changed = subscription_changes.update(replace(call, params=params, path={"id": subscription["id"]}))
    return changed["items"]["data"]


ROUTES = [
    Route(
        "POST",
        "/v1/subscription_items",
        create,
        {**_HOW, **_WHAT, "price": Text(required=True), "subscription": Text(required=True)},
        "subscription_write",
    ),
    Route("GET", "/v1/subscription_items/{id}", retrieve, {}, "subscription_read"),
    Route("POST", "/v1/subscription_items/{id}", update, {**_HOW, **_WHAT, "price": Text()}, "subscription_write"),
    Route("DELETE", "/v1/subscription_items/{id}", delete, _HOW, "subscription_write"),
]
