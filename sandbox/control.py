"""`/_sandbox/…`: what Stripe has no API for. JSON in, JSON out, no key: the server listens on 127.0.0.1 only.

| request | body | answer |
| --- | --- | --- |
| `GET /_sandbox/clock` | – | `{now, frozen, planned: [{at, kind, target}]}` |
| `POST /_sandbox/clock` | `{"freeze": true}`, `{"run": true}`, `{"to": unix}`, `{"advance": secs}` | also `ran` |
| `GET /_sandbox/faults` | – | the queue |
| `POST /_sandbox/faults` | `{kind, method?, path?, count?, skip?, seconds?}` (sandbox/faults.py) | the queue |
| `DELETE /_sandbox/faults` | – | the empty queue |
| `GET /_sandbox/world` | – | `{type: {id: object}}`, sorted |
| `POST /_sandbox/snapshots/{name}` | – | keep the present world under a name (in memory) |
| `POST /_sandbox/snapshots/{name}/restore` | – | become that world again |
| `POST /_sandbox/keys` | `{key, permissions: ["charge_read", …]}` | `{key, permissions}` |
| `GET /_sandbox/deliveries?event=…&endpoint=…` | – | `{deliveries: […]}` (sandbox/deliveries.py) |
| `POST /_sandbox/actions/{name}` | `{…}` | whatever the registered action answers |
"""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import access, clock
from sandbox.calls import Call
from sandbox.errors import StripeError, invalid_request
from sandbox.expansion import render
from sandbox.faults import Fault, Faults
from sandbox.world import Json, World

Action = Callable[[Call, Json], Json]

ACTIONS: dict[str, Action] = {}


def action(name: str) -> Callable[[Action], Action]:
    """Register something that happens outside Stripe's API (a cardholder disputes, a bank refuses a refund)."""

    def register(run: Action) -> Action:
        if name in ACTIONS:
            raise ValueError(f"two actions named {name}")
        ACTIONS[name] = run
        return run

    return register


def perform(world: World, name: str, body: Json) -> Json:
    """Run a registered action in a transaction of its own; the object it answers, as a client would see it."""
    run = ACTIONS.get(name)
    if run is None:
        raise invalid_request(f"No such action; there are: {', '.join(sorted(ACTIONS))}.", status=404)
    from sandbox.test_clocks import time_of  # which emit events through calls: imported above they would be a circle

    with world.lock, world.transaction(), world.attempt(), clock.standing(world, time_of(world, body)):
        return render(world, run(Call(world), body))


class Control:
    """The handlers, over one world and its faults."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._snapshots: dict[str, World] = {}

    def clock(self, _: Request, body: Json) -> Json:
        ran = 0
        if body:
            _only(body, {"freeze", "run", "to", "advance"})
            if len(body) != 1:
                raise invalid_request("Say one of freeze, run, to and advance.")
            if "to" in body:
                ran = clock.advance_to(self._world, _whole(body, "to"))
            elif "advance" in body:
                ran = clock.advance_to(self._world, clock.now(self._world) + _whole(body, "advance"))
            elif "freeze" in body:
                clock.freeze(self._world)
            else:
                clock.run(self._world)
        return {**clock.state(self._world), "ran": ran, "planned": clock.planned(self._world)}

    def faults(self, request: Request, body: Json) -> Json:
        if request.method == "DELETE":
            self._faults.clear()
        if request.method == "POST":
            _only(body, {field.name for field in fields(Fault)})
            if "kind" not in body:
                raise invalid_request("Missing required param: kind.", param="kind")
            self._faults.add(Fault(**body))
        return {"waiting": [asdict(fault) for fault in self._faults.waiting()]}

    def world(self, _request: Request, _body: Json) -> Json:
        return self._world.snapshot()

    def keep(self, request: Request, _: Json) -> Json:
        self._snapshots[request.path_params["name"]] = self._world.copy()
        return {"kept": sorted(self._snapshots)}

    def restore(self, request: Request, _: Json) -> Json:
        kept = self._snapshots.get(request.path_params["name"])
        if kept is None:
            raise invalid_request("No snapshot has this name.", param="name", status=404)
        self._world.restore(kept)
        return {"kept": sorted(self._snapshots)}

    def keys(self, _: Request, body: Json) -> Json:
        _only(body, {"key", "permissions"})
        permissions = body.get("permissions")
        if not isinstance(permissions, list) or not all(isinstance(each, str) for each in permissions):
            raise invalid_request("permissions must be a list of strings", param="permissions")
        access.register(self._world, str(body.get("key", "")), permissions)
        return {"key": body["key"], "permissions": sorted(permissions)}

    def deliveries(self, request: Request, _: Json) -> Json:
        from sandbox.deliveries import listed  # which registers an action here: imported above it would be a circle

        asked = request.query_params
        return {"deliveries": listed(self._world, asked.get("event"), asked.get("endpoint"))}

    def act(self, request: Request, body: Json) -> Json:
        return perform(self._world, request.path_params["name"], body)


def routes(world: World, faults: Faults) -> list[Route]:
    control = Control(world, faults)

    def endpoint(path: str, handler: Callable[[Request, Json], Json], *methods: str) -> Route:
        async def respond(request: Request) -> Response:
            raw = await request.body()
            try:
                with world.lock:
                    return JSONResponse(handler(request, _parsed(raw)), headers={"Sandbox": "agent-lee"})
            except StripeError as error:
                return JSONResponse(error.body(), error.status, {"Sandbox": "agent-lee"})

        return Route(f"/_sandbox/{path}", respond, methods=list(methods))

    return [
        endpoint("clock", control.clock, "GET", "POST"),
        endpoint("faults", control.faults, "GET", "POST", "DELETE"),
        endpoint("world", control.world, "GET"),
        endpoint("snapshots/{name}", control.keep, "POST"),
        endpoint("snapshots/{name}/restore", control.restore, "POST"),
        endpoint("keys", control.keys, "POST"),
        endpoint("deliveries", control.deliveries, "GET"),
        endpoint("actions/{name}", control.act, "POST"),
    ]


def _parsed(raw: bytes) -> Json:
    if not raw:
        return {}
    try:
        body: Any = json.loads(raw)
    except ValueError as error:
        raise invalid_request("The body must be JSON.") from error
    if not isinstance(body, dict):
        raise invalid_request("The body must be a JSON object.")
    return body


def _only(body: Json, known: set[str]) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        raise invalid_request(f"Received unknown parameter: {unknown[0]}", param=unknown[0], code="parameter_unknown")


def _whole(body: Json, name: str) -> int:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_request(f"{name} must be whole seconds", param=name)
    return value
