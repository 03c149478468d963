"""Test clocks: a time of their own for some customers (docs.stripe.com/api/test_clocks).

Only what belongs to a clock's customers follows it. Advancing answers at once with `advancing`; the work is a timer of
the sandbox, so it is done, whole, before the next request is looked at, also by a process that was started anew.
"""

import logging
from typing import Any

from sandbox import clock, customers
from sandbox.calls import Call
from sandbox.clock import timer
from sandbox.errors import invalid_request
from sandbox.ids import type_of
from sandbox.parameters import Text, Timestamp
from sandbox.periods import boundary
from sandbox.routing import Route, fetch, listing
from sandbox.subscription_status import ENDED
from sandbox.world import Json, World

TYPE = "test_helpers.test_clock"
MOST = 100
CUSTOMERS = 3
"""On one clock (docs.stripe.com/billing/testing/test-clocks)."""

KEPT_SECONDS = 7 * 86_400
"""What `deletes_after` is beyond `created` in Stripe's own example."""

log = logging.getLogger(__name__)

_OWNERS = ("customer", "subscription", "invoice", "charge", "payment_intent")


def time_of(world: World, named: Any) -> tuple[str, int] | None:
    """The test clock (its id and time) that any of the ids in `named` belongs to, however deep they lie."""
    if not world.rows("SELECT 1 FROM objects WHERE type = ? LIMIT 1", (TYPE,)):
        return None
    for id_ in _strings(named):
        found = _clock_of(world, id_)
        if found:
            return found["id"], found["frozen_time"]
    return None


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _strings(part)]


def _clock_of(world: World, id_: str, depth: int = 0) -> Json | None:
    """An object's own clock, or that of the object it belongs to."""
    type_ = type_of(id_)
    found = world.find(type_, id_) if type_ else None
    if found is None or type_ == TYPE:
        return found
    if found.get("test_clock"):
        return world.find(TYPE, found["test_clock"])
    owners = [owner for name in _OWNERS if isinstance(owner := found.get(name), str)]
    return next((it for owner in owners if depth < 4 and (it := _clock_of(world, owner, depth + 1))), None)


def check_room(call: Call, clock_id: str) -> None:
    """Whether one more customer may stand on the clock."""
    _ready(call.need(TYPE, clock_id, "test_clock"))
    if len(_customers(call, clock_id)) >= CUSTOMERS:
        raise invalid_request(f"A test clock can have at most {CUSTOMERS} customers.", param="test_clock")


def create(call: Call) -> Json:
    if len(call.select(TYPE)) >= MOST:
        raise invalid_request(f"You have reached the maximum of {MOST} test clocks.")
    made = call.create(
        TYPE,
        {
            "deletes_after": call.now + KEPT_SECONDS,
            "frozen_time": call.params["frozen_time"],
            "name": call.params.get("name"),
            "status": "ready",
            "status_details": {},
        },
        f"{TYPE}.created",
    )
    call.schedule(made["deletes_after"], "test_clock.expire", made["id"])
    return made


def advance(call: Call) -> Json:
    found = _ready(call.need(TYPE, call.path["id"]))
    target, latest = call.params["frozen_time"], _latest(call, found)
    if target <= found["frozen_time"]:
        raise invalid_request(
            "A test clock only moves forward: frozen_time must be after its own.", param="frozen_time"
        )
    if target > latest:
        raise invalid_request(
            "A test clock moves at most two intervals of its shortest subscription at once, and two years without one: "
            f"to {latest} at the latest.",
            param="frozen_time",
        )
    found |= {"status": "advancing", "status_details": {"advancing": {"target_frozen_time": target}}}
    with clock.standing(call.world, None):
        call.schedule(call.now, "test_clock.advance", found["id"])
    call.save(found)
    call.emit(f"{TYPE}.advancing", found)
    return found


@timer("test_clock.advance")
def carry_out(call: Call, clock_id: str) -> None:
    """All that falls due on the way, or nothing of it and `internal_failure`."""
    found = call.find(TYPE, clock_id)
    if found is None or found["status"] != "advancing":
        return
    target = found["status_details"]["advancing"]["target_frozen_time"]
    found["status_details"] = {}
    try:
        with call.world.attempt():
            clock.run_test_clock(call.world, clock_id, found["frozen_time"], target)
    except Exception:
        log.exception("test clock %s could not be advanced", clock_id)
        found["status"] = "internal_failure"
    else:
        found |= {"status": "ready", "frozen_time": target}
    call.save(found)
    call.emit(f"{TYPE}.{found['status']}", found)


def delete(call: Call) -> Json:
    return _remove(call, call.need(TYPE, call.path["id"]))


@timer("test_clock.expire")
def expire(call: Call, clock_id: str) -> None:
    found = call.find(TYPE, clock_id)
    if found:
        _remove(call, found)


def _remove(call: Call, found: Json) -> Json:
    """Its customers go with it, and their subscriptions end."""
    with clock.standing(call.world, (found["id"], found["frozen_time"])):
        for customer in _customers(call, found["id"]):
            customers.remove(call, customer)
    call.world.write("DELETE FROM test_clock_timers WHERE clock = ?", (found["id"],))
    for kind in ("test_clock.advance", "test_clock.expire"):
        call.unschedule(kind, found["id"])
    return call.remove(found, f"{TYPE}.deleted")


def _customers(call: Call, clock_id: str) -> list[Json]:
    return call.world.select("customer", {"test_clock": clock_id, "_deleted": None})


def _latest(call: Call, found: Json) -> int:
    """docs.stripe.com/api/test_clocks/advance: two intervals of the shortest subscription; two years without one."""
    rhythms = [
        (item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"])
        for subscription in call.select("subscription", test_clock=found["id"])
        if subscription["status"] not in ENDED
        for item in subscription["items"]["data"]
    ]
    return min(boundary(found["frozen_time"], *rhythm, 2) for rhythm in rhythms or [("year", 1)])


def _ready(found: Json) -> Json:
    if found["status"] != "ready":
        raise invalid_request(
            f"The test clock cannot be used now: its status is {found['status']}.", param="test_clock"
        )
    return found


ROUTES = [
    Route(
        "POST",
        "/v1/test_helpers/test_clocks",
        create,
        {"frozen_time": Timestamp(required=True), "name": Text(max_length=300)},
        "test_clock_write",
    ),
    listing("/v1/test_helpers/test_clocks", TYPE, {}, "test_clock_read", timed=False),
    Route("GET", "/v1/test_helpers/test_clocks/{id}", fetch(TYPE), {}, "test_clock_read"),
    Route("DELETE", "/v1/test_helpers/test_clocks/{id}", delete, {}, "test_clock_write"),
    Route(
        "POST",
        "/v1/test_helpers/test_clocks/{id}/advance",
        advance,
        {"frozen_time": Timestamp(required=True)},
        "test_clock_write",
    ),
]
