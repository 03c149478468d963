"""`/v1/events`: what happened, newest first, for 30 days (docs.stripe.com/api/events)."""

from sandbox import deliveries, paging
from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.parameters import RANGE, Boolean, Many, Text
from sandbox.routing import Route, fetch
from sandbox.world import Json

KEPT_SECONDS = 30 * 24 * 3600


def list_events(call: Call) -> Json:
    wanted, several = call.params.get("type"), call.params.get("types")
    if wanted and several:
        raise invalid_request("You may not specify both type and types.", param="types")
    patterns = several or ([wanted] if wanted else [])
    oldest = call.now - KEPT_SECONDS
    found = [
        event
        for event in call.select("event")
        if event["created"] >= oldest and (not patterns or any(_matches(event["type"], each) for each in patterns))
    ]
    wished = call.params.get("delivery_success")
    if wished is not None:
        found = [event for event in found if deliveries.succeeded(call.world, event["id"]) is wished]
    return paging.page(call, "/v1/events", found)


def _matches(type_: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return type_.startswith(pattern[:-1])
    return type_ == pattern


ROUTES = [
    Route(
        "GET",
        "/v1/events",
        list_events,
        {
            **paging.PARAMETERS,
            "created": RANGE,
            "type": Text(),
            "types": Many(Text(), max_items=20),
            "delivery_success": Boolean(),
        },
        "event_read",
    ),
    Route("GET", "/v1/events/{id}", fetch("event"), {}, "event_read"),
]
