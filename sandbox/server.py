"""The ASGI application: one request through authentication, faults, routing, idempotency, handler and answer.

It needs no lifespan events, so a client may call it in process. When a fault ends the connection the application raises
`errors.ConnectionLost` instead of answering. Waiting (`delay` and `timeout_…` faults) goes through the coroutine
function `scope["extensions"]["sandbox.wait"]` when the caller gives one, else `asyncio.sleep`.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import access, checkout_pages, clock, control, endpoints, forms, ids, pages
from sandbox.calls import Call, read_wanted
from sandbox.errors import ConnectionLost, StripeError, api_error, invalid_request
from sandbox.events import API_VERSION
from sandbox.expansion import render
from sandbox.faults import Fault, Faults
from sandbox.idempotency import Answer, Keys, fingerprint
from sandbox.parameters import read_all
from sandbox.routing import Route, Router
from sandbox.test_clocks import time_of
from sandbox.world import World


class Sandbox(Starlette):
    """The application with its `world` and `faults` at hand, for callers in the same process."""

    world: World
    faults: Faults

    def build_middleware_stack(self) -> ASGIApp:
        """Only the router: errors are answered in Stripe's envelope below, and ConnectionLost must reach the caller."""
        return self.router


def create_app(
    path: Path | None = None,
    *,
    seed: str | None = None,
    start: datetime | None = None,
    world: World | None = None,
) -> Sandbox:
    """A sandbox over the file at `path` (None: in memory) or over a given world.

    seed: ids follow from the order of creation. start: a new world's clock stands still there; else it runs.
    """
    world = world or World(path, seed=seed, start=start)
    faults = Faults()
    api = Api(world, faults)
    app = Sandbox(
        routes=[
            *control.routes(world, faults),
            *pages.routes(world),
            *checkout_pages.routes(world),
            StarletteRoute("/{path:path}", api.answer, methods=["GET", "POST", "DELETE", "PUT", "PATCH"]),
        ]
    )
    app.world, app.faults = world, faults
    return app


@dataclass
class Incoming:
    """A request as far as it has been understood."""

    method: str
    path: str
    form: str
    request_id: str
    idempotency_key: str | None
    wanted_ids: list[str]
    api_key: str = ""

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.path}"


class Api:
    """Stripe's API over a world."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._keys = Keys(world)
        self._router = Router(endpoints.ALL)
        self._requests = 0

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        wait = request.scope.get("extensions", {}).get("sandbox.wait", asyncio.sleep)
        incoming = Incoming(
            method=request.method,
            path=request.url.path,
            form=request.url.query if request.method in ("GET", "DELETE") else "",
            request_id=self._request_id(),
            # Keys only mean something for POST: GET and DELETE are idempotent by definition.
            idempotency_key=request.headers.get("idempotency-key") if request.method == "POST" else None,
            wanted_ids=[],
        )
        replayed = False
        try:
            incoming.api_key = access.authenticate(request.headers.get("authorization", ""))
            _check_version(request.headers.get("stripe-version", API_VERSION))
            incoming.wanted_ids = read_wanted(request.headers.get("sandbox-id", ""))
            if not incoming.form:
                incoming.form = _decoded(body)
            with self._world.lock:
                fault = self._faults.take(incoming.method, incoming.path)
            if fault:
                await _before(fault, wait)
            answer, replayed = await self._perform(incoming, fault, wait)
            if fault and (broken := await _after(fault, wait, answer)):
                return broken
        except StripeError as error:
            answer = self._failure(error, incoming.request_id)
        return _response(answer, incoming, replayed=replayed)

    async def _perform(self, incoming: Incoming, fault: Fault | None, wait: Any) -> tuple[Answer, bool]:
        """The answer, and whether it was replayed. Raises StripeError for what is not stored under a key."""
        route, path = self._router.find(incoming.method, incoming.path)
        tree = forms.decode(incoming.form)
        digest = fingerprint(tree)
        key = incoming.idempotency_key
        with self._world.lock:
            access.check(self._world, incoming.api_key, route.permission)
            clock.catch_up(self._world)
            if key:
                stored = self._keys.begin(key, incoming.endpoint, digest, clock.now(self._world))
                if stored:
                    return stored, True
        try:
            params = read_all(route.spec, tree)
            if fault and fault.kind == "delay":
                await wait(fault.seconds)
            with self._world.lock:
                return self._execute(incoming, route, path, params, digest, fault), False
        finally:
            if key:
                with self._world.lock:
                    self._keys.end(key)

    def _execute(
        self,
        incoming: Incoming,
        route: Route,
        path: dict[str, str],
        params: dict[str, Any],
        digest: str,
        fault: Fault | None,
    ) -> Answer:
        call = Call(self._world, params, path, incoming.request_id, incoming.idempotency_key, incoming.api_key)
        call.wanted_ids = list(incoming.wanted_ids)
        with self._world.transaction():
            try:
                with self._world.attempt(), clock.standing(self._world, time_of(self._world, [path, params])):
                    shown = render(self._world, route.handler(call), params.get("expand"))
                answer = Answer(200, json.dumps(shown), incoming.request_id)
            except StripeError as error:
                answer = self._failure(error, incoming.request_id)
            if fault and fault.kind == "error_after":
                answer = self._failure(api_error(), incoming.request_id)
            if incoming.idempotency_key:
                self._keys.store(incoming.idempotency_key, incoming.endpoint, digest, call.now, answer)
        return answer

    def _failure(self, error: StripeError, request_id: str) -> Answer:
        body = error.body()
        with self._world.lock:
            body["error"] = {
                name: render(self._world, value) if isinstance(value, dict) else value
                for name, value in body["error"].items()
            }
        body["error"]["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return Answer(error.status, json.dumps(body), request_id)

    def _request_id(self) -> str:
        with self._world.lock:
            self._requests += 1
            return ids.make_id("request", seed=self._world.seed, ordinal=self._requests)


async def _before(fault: Fault, wait: Any) -> None:
    match fault.kind:
        case "rate_limit":
            raise invalid_request(
                "Request rate limit exceeded. Learn more about rate limits here https://docs.stripe.com/rate-limits.",
                code="rate_limit",
                status=429,
            )
        case "lock_timeout":
            raise invalid_request(
                "This object cannot be accessed right now because another API request or Stripe process is currently "
                "accessing it.",
                code="lock_timeout",
                status=429,
            )
        case "key_expired":
            raise invalid_request("Expired API Key provided.", code="api_key_expired", status=401)
        case "permission_missing":
            raise invalid_request(
                "The provided key does not have the required permissions for this endpoint.", status=403
            )
        case "error_before":
            raise api_error()
        case "unavailable":
            raise api_error("Stripe is temporarily unavailable. Please try again.", 503)
        case "key_in_use":
            raise StripeError(
                409,
                "idempotency_error",
                "There is currently another in-progress request using this Idempotent Key. Please try again later.",
                code="idempotency_key_in_use",
            )
        case "lost_before":
            raise ConnectionLost
        case "timeout_before":
            await wait(fault.seconds)
            raise ConnectionLost(timed_out=True)


async def _after(fault: Fault, wait: Any, answer: Answer) -> Response | None:
    """What reaches the client instead of the answer, which is committed; None when nothing is in its way."""
    match fault.kind:
        case "lost_after":
            raise ConnectionLost
        case "timeout_after":
            await wait(fault.seconds)
            raise ConnectionLost(timed_out=True)
        case "cut":
            return CutShort(answer.body, answer.status, media_type="application/json")
        case "garbled" | "bad_gateway":
            return Response(PAGE, 200 if fault.kind == "garbled" else 502, media_type="text/html")
    return None


PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class CutShort(Response):
    """Half of the body, then the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})
        raise ConnectionLost


def _check_version(version: str) -> None:
    if version != API_VERSION:
        raise invalid_request(f"Invalid Stripe API version: {version}. The sandbox speaks {API_VERSION} only.")


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise invalid_request("Invalid request body: it must be UTF-8.") from error


def _response(answer: Answer, incoming: Incoming, *, replayed: bool) -> Response:
    headers = {
        "Request-Id": incoming.request_id,
        "Sandbox": "agent-lee",
        "Stripe-Version": API_VERSION,
    }
    if incoming.idempotency_key and incoming.idempotency_key.isascii():
        headers["Idempotency-Key"] = incoming.idempotency_key
    if replayed:
        headers["Idempotent-Replayed"] = "true"
        headers["Original-Request"] = answer.request_id
    return Response(answer.body, answer.status, headers, "application/json")
