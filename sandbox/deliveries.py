"""Which event still has to reach which webhook endpoint (docs.stripe.com/webhooks): rows, in the world's own file.

A row is written in the transaction of its event, so an event that exists is delivered, whatever is killed in between.
`sandbox/delivering.py` does the HTTP. States: `pending`, `delivered`, `failed` (all tries used up), `dropped` (the
endpoint was gone or disabled when its turn came). Stripe tries for up to three days with growing pauses and does not
say when exactly; `PAUSES` are the sandbox's, in seconds of its clock.
"""

import json
from dataclasses import dataclass

from sandbox import clock
from sandbox.calls import Call
from sandbox.control import action
from sandbox.errors import invalid_request
from sandbox.events import LISTENERS
from sandbox.expansion import shown
from sandbox.world import Json, World

PAUSES = (10, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400)
"""After the first try that failed, after the second, and so on; the last comes within three days of the first."""


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one endpoint."""

    event: str
    endpoint: str
    tries: int


def plan(world: World, event: Json) -> None:
    """Deliver a new event to every enabled endpoint that asked for its type."""
    for endpoint in world.select("webhook_endpoint", {"status": "enabled"}):
        if {"*", event["type"]} & set(endpoint["enabled_events"]):
            _put(world, event["id"], endpoint["id"], clock.own_now(world))


LISTENERS.append(plan)


def due(world: World, each: int) -> list[Delivery]:
    """What has to be tried now, the longest waiting first: at most `each` for one endpoint."""
    rows = world.rows(
        "SELECT event, endpoint, tries FROM (SELECT *, row_number() OVER (PARTITION BY endpoint ORDER BY next_at, seq) "
        "AS place FROM deliveries WHERE state = 'pending' AND next_at <= ?) WHERE place <= ? ORDER BY next_at, seq",
        (clock.own_now(world), each),
    )
    return [Delivery(*row) for row in rows]


def settle(world: World, delivery: Delivery, status: int | None, error: str | None) -> None:
    """Write a try down. `status`: the endpoint's answer, None without one; only 2xx counts as delivered."""
    if status is not None and 200 <= status < 300:
        state, pause = "delivered", 0
    elif delivery.tries < len(PAUSES):
        state, pause = "pending", PAUSES[delivery.tries]
    else:
        state, pause = "failed", 0
    now = clock.own_now(world)
    world.write(
        "UPDATE deliveries SET state = ?, tries = ?, next_at = ?, log = json_insert(log, '$[#]', json(?)) "
        "WHERE event = ? AND endpoint = ?",
        (
            state,
            delivery.tries + 1,
            now + pause,
            json.dumps({"at": now, "status": status, "error": error}),
            delivery.event,
            delivery.endpoint,
        ),
    )


def drop(world: World, delivery: Delivery) -> None:
    """docs.stripe.com/webhooks: an endpoint that is gone or disabled when its turn comes is not tried again."""
    world.write(
        "UPDATE deliveries SET state = 'dropped' WHERE event = ? AND endpoint = ?", (delivery.event, delivery.endpoint)
    )


def listed(world: World, event: str | None = None, endpoint: str | None = None) -> list[Json]:
    """All deliveries, newest first, of an event or to an endpoint; `tries` tells each try's time, answer and error."""
    rows = world.rows(
        "SELECT event, endpoint, state, next_at, log FROM deliveries "
        "WHERE (?1 IS NULL OR event = ?1) AND (?2 IS NULL OR endpoint = ?2) ORDER BY seq DESC",
        (event, endpoint),
    )
    return [
        {
            "event": event_id,
            "type": (world.find("event", event_id) or {}).get("type"),
            "endpoint": endpoint_id,
            "state": state,
            "next_at": next_at if state == "pending" else None,
            "tries": json.loads(log),
        }
        for event_id, endpoint_id, state, next_at, log in rows
    ]


def succeeded(world: World, event: str) -> bool:
    """Whether no endpoint still waits for the event or has missed it for good."""
    return not _waiting(world, event)


@shown("event")
def with_pending(world: World, event: Json) -> Json:
    """docs.stripe.com/api/events/object: how many endpoints have not taken the event yet."""
    return {**event, "pending_webhooks": _waiting(world, event["id"])}


@action("resend_event")
def resend(call: Call, body: Json) -> Json:
    """`{event, webhook_endpoint?}`: what `stripe events resend` does; without an endpoint, to all that asked for it."""
    event = call.need("event", str(body.get("event", "")), "event")
    wanted = body.get("webhook_endpoint")
    if wanted is None:
        plan(call.world, event)
        return event
    endpoint = call.need("webhook_endpoint", str(wanted), "webhook_endpoint")
    if endpoint["status"] != "enabled":
        raise invalid_request("The webhook endpoint is disabled.", param="webhook_endpoint")
    _put(call.world, event["id"], endpoint["id"], clock.own_now(call.world))
    return event


def _put(world: World, event: str, endpoint: str, at: int) -> None:
    """A delivery with all its tries before it; what happened so far stays in its log."""
    world.write(
        "INSERT INTO deliveries (event, endpoint, state, tries, next_at, log) VALUES (?, ?, 'pending', 0, ?, '[]') "
        "ON CONFLICT (event, endpoint) DO UPDATE SET state = 'pending', tries = 0, next_at = excluded.next_at",
        (event, endpoint, at),
    )


def _waiting(world: World, event: str) -> int:
    rows = world.rows("SELECT count(*) FROM deliveries WHERE event = ? AND state IN ('pending', 'failed')", (event,))
    return int(rows[0][0])
