"""What a handler is given: the parameters, the world, the clock, and the only ways to create and change objects.

Every change goes through `create`, `save` or `remove`, which emit the matching Stripe event in the same transaction.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox import clock, events, search_index
from sandbox.errors import invalid_request, missing_object
from sandbox.ids import type_of
from sandbox.world import Json, World

# Stripe's shapes of these have no such field; the `Sandbox` header labels the response all the same.
WITHOUT_LIVEMODE = frozenset({"balance_transaction", "refund", "subscription_item"})
WITHOUT_CREATED = frozenset({"payment_link"})


@dataclass
class Call:
    """One request, or one run of a timer (then without parameters, request id and key).

    params: typed by the route's declaration; path: the ids in the URL; wanted_ids: what the caller would like new
    objects to be called (header `Sandbox-Id`), so that a demonstration has ids people can read.
    """

    world: World
    params: Json = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    request_id: str | None = None
    idempotency_key: str | None = None
    api_key: str | None = None
    wanted_ids: list[str] = field(default_factory=list)

    @property
    def now(self) -> int:
        """The sandbox's time in Unix seconds."""
        return clock.now(self.world)

    @property
    def test_clock(self) -> str | None:
        """The test clock in whose time this runs: what is made here belongs to it."""
        return self.world.standing[0] if self.world.standing else None

    def new_id(self, type_: str) -> str:
        """The first wanted id of this type, otherwise one of Stripe's kind. An id in use is refused."""
        for wanted in self.wanted_ids:
            if type_of(wanted) == type_:
                self.wanted_ids.remove(wanted)
                if self.world.find(type_, wanted):
                    raise invalid_request(f"The id {wanted} is already in use.", code="resource_already_exists")
                return wanted
        return self.world.new_id(type_)

    def new_secret(self, length: int, label: str) -> str:
        return self.world.new_secret(length, label)

    def need(self, type_: str, id_: str, param: str = "id") -> Json:
        """The object, or 404 `resource_missing` naming `param`."""
        found = self.world.find(type_, id_)
        if found is None:
            raise missing_object(type_, id_, param)
        return found

    def find(self, type_: str, id_: str | None) -> Json | None:
        return self.world.find(type_, id_) if id_ else None

    def select(self, type_: str, **where: Any) -> list[Json]:
        """All objects of a type whose fields equal `where`, newest first."""
        return self.world.select(type_, where)

    def create(self, type_: str, fields: Json, event: str | None = None) -> Json:
        """A new stored object: `id`, `object`, `created`, `livemode: false`, then `fields`. Returns it."""
        obj: Json = {"id": "", "object": type_}
        if type_ not in WITHOUT_CREATED:
            obj["created"] = self.now
        if type_ not in WITHOUT_LIVEMODE:
            obj["livemode"] = False
        obj |= fields
        obj["id"] = fields.get("id") or self.new_id(type_)
        self.world.put(obj)
        search_index.note(self.world, type_, obj["id"], None)
        if event:
            self.emit(event, obj)
        return obj

    def save(self, obj: Json, event: str | None = None) -> Json:
        """Store a changed object. The event carries `previous_attributes`; none is emitted when nothing changed."""
        stored = self.world.find(obj["object"], obj["id"])
        self.world.put(obj)
        if stored != obj:
            search_index.note(self.world, obj["object"], obj["id"], stored)
        if event and stored is not None:
            previous = events.previous_attributes(stored, obj)
            if previous or not event.endswith(".updated"):
                self.emit(event, obj, previous if event.endswith(".updated") else None)
        return obj

    def remove(self, obj: Json, event: str | None = None) -> Json:
        """Delete for good; returns Stripe's `{id, object, deleted: true}`."""
        self.world.remove(obj["object"], obj["id"])
        if event:
            self.emit(event, obj)
        return {"id": obj["id"], "object": obj["object"], "deleted": True}

    def emit(self, type_: str, obj: Json, previous: Json | None = None) -> Json:
        """Record a Stripe event about `obj` as it is now."""
        return events.record(
            self.world,
            type_,
            obj,
            previous=previous,
            # Events of a test clock come when they come: their list is ordered and kept by the sandbox's own time.
            created=clock.own_now(self.world) if self.world.standing else self.now,
            request_id=self.request_id,
            idempotency_key=self.idempotency_key,
        )

    def schedule(self, at: int, kind: str, target: str) -> None:
        """Run the time-driven hook `kind` on the object id `target` at Unix time `at`, instead of any earlier plan."""
        clock.schedule(self.world, at, kind, target)

    def unschedule(self, kind: str, target: str) -> None:
        clock.unschedule(self.world, kind, target)


def merge_metadata(current: dict[str, str], given: dict[str, str] | None) -> dict[str, str]:
    """Stripe's update rule: sent keys are set, keys sent empty are removed, an empty `metadata` removes all."""
    if given is None:
        return {}
    merged = {**current, **given}
    return {key: value for key, value in merged.items() if value != ""}


def new_metadata(given: dict[str, str] | None) -> dict[str, str]:
    """The metadata of a new object."""
    return merge_metadata({}, given)


def read_wanted(header: str) -> list[str]:
    """The ids of a `Sandbox-Id` header. Raises StripeError 400 for one that no object can have."""
    for wanted in header.split():
        if not re.fullmatch(r"[a-z_]{2,20}_[A-Za-z0-9]{2,60}", wanted) or type_of(wanted) is None:
            raise invalid_request(f"Sandbox-Id: {wanted[:20]} is not an id of the form cus_maya.")
    return header.split()
