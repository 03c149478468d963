"""Stripe events: every state change leaves one (docs.stripe.com/api/events)."""

from collections.abc import Callable
from typing import Any

from sandbox.world import Json, World, public

API_VERSION = "2026-10-28.endive"

LISTENERS: list[Callable[[World, Json], None]] = []
"""Told of each new event within its transaction."""


def record(
    world: World,
    type_: str,
    obj: Json,
    *,
    created: int,
    previous: Json | None = None,
    request_id: str | None = None,
    idempotency_key: str | None = None,
) -> Json:
    """Store an event about `obj` as it is now and return it. No request id means that time caused it."""
    data: Json = {"object": public(obj)}
    if previous is not None:
        data["previous_attributes"] = previous
    event: Json = {
        "id": world.new_id("event"),
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": type_,
    }
    world.put(event)
    for tell in LISTENERS:
        tell(world, event)
    return event


def previous_attributes(before: Json, after: Json) -> Json:
    """The former values of what changed, nested objects reduced to their changed keys; a new key was null before."""
    before, after = public(before), public(after)
    changed: dict[str, Any] = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            changed[key] = previous_attributes(old, new)
        else:
            changed[key] = old
    return {key: changed[key] for key in sorted(changed)}
