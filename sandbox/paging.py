"""Lists: cursors and time filters (docs.stripe.com/api/pagination)."""

from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.parameters import Integer, Kind, Text
from sandbox.world import Json

PARAMETERS: dict[str, Kind] = {
    "limit": Integer(minimum=1, maximum=100),
    "starting_after": Text(),
    "ending_before": Text(),
}


def page(call: Call, url: str, objects: list[Json]) -> Json:
    """One page of `objects` (newest first, already filtered) by the parameters' cursors and `created` range."""
    chosen = [obj for obj in objects if _within(obj.get("created", 0), call.params.get("created"))]
    limit = call.params.get("limit", 10)
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    if after and before:
        raise invalid_request("You can only specify one of starting_after and ending_before.", param="starting_after")
    if before:
        end = _position(chosen, before, "ending_before")
        start = max(0, end - limit)
        return listed(url, chosen[start:end], has_more=start > 0)
    start = _position(chosen, after, "starting_after") + 1 if after else 0
    return listed(url, chosen[start : start + limit], has_more=len(chosen) > start + limit)


def listed(url: str, objects: list[Json], *, has_more: bool = False) -> Json:
    """Stripe's list object."""
    return {"object": "list", "data": objects, "has_more": has_more, "url": url}


def _position(objects: list[Json], cursor: str, param: str) -> int:
    for position, obj in enumerate(objects):
        if obj["id"] == cursor:
            return position
    raise invalid_request(f"No such object in this list: '{cursor}'", param=param, code="resource_missing")


def _within(created: int, wanted: int | dict[str, int] | None) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return created == wanted
    checks = {
        "gt": lambda bound: created > bound,
        "gte": lambda bound: created >= bound,
        "lt": lambda bound: created < bound,
        "lte": lambda bound: created <= bound,
    }
    return all(checks[name](bound) for name, bound in wanted.items())
