"""The table of endpoints.

How to add a resource: write a flat noun module with handlers and a `ROUTES` list, name the module in
`sandbox/endpoints.py`, and give each route its row in `docs/sandbox.md`::

    from sandbox.calls import Call, new_metadata
    from sandbox.parameters import Metadata, Text
    from sandbox.routing import Route, fetch, listing

    def create(call: Call) -> Json:
        return call.create("product", {"name": call.params["name"], "metadata": ...}, "product.created")

    ROUTES = [
        Route("POST", "/v1/products", create, {"name": Text(required=True), "metadata": Metadata()}, "product_write"),
        Route("GET", "/v1/products/{id}", fetch("product"), {}, "product_read"),
        listing("/v1/products", "product", {"active": Boolean()}, "product_read"),
    ]

- A parameter that is not declared is refused (`parameter_unknown`); `expand` is accepted by itself.
- A handler returns the object (a dict) or, for lists, `paging.page(call, url, objects)`. It changes the world only
  through `call.create`, `call.save`, `call.remove`; raising a StripeError undoes its writes unless it says `commit`.
- Fields whose names begin with `_` are stored but never shown: the sandbox's own notes on an object.
- The id prefix of a new type goes into `sandbox/ids.py`. Expansion follows id prefixes by itself; what an id does not
  lead to (`charge.refunds`) is registered in `sandbox/expansion.py`, as are fields computed when an object is shown.
- The last word is the restricted-key permission, without Stripe's `rak_`: `charge_read`, `customer_write`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import paging
from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.parameters import RANGE, Kind, Many, Text
from sandbox.world import Json

Handler = Callable[[Call], Json]

EXPAND = Many(Text(max_length=200))


@dataclass(frozen=True)
class Route:
    """One endpoint. `path` has ids in braces: `/v1/customers/{id}`."""

    method: str
    path: str
    handler: Handler
    parameters: Mapping[str, Kind] = field(default_factory=dict)
    permission: str = ""

    @property
    def spec(self) -> dict[str, Kind]:
        # Of the deletions only a subscription's answers with a whole object, so only it can be expanded.
        if self.method == "DELETE" and self.path != "/v1/subscriptions/{id}":
            return dict(self.parameters)
        return {**self.parameters, "expand": EXPAND}


class Router:
    """Finds the route of a request. Two routes for one method and path are an error at start."""

    def __init__(self, routes: list[Route]) -> None:
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Route]] = []
        seen: set[tuple[str, str]] = set()
        for route in routes:
            shape = (route.method, re.sub(r"\{\w+\}", "{}", route.path))
            if shape in seen:
                raise ValueError(f"two routes for {route.method} {route.path}")
            seen.add(shape)
            if "{" in route.path:
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path))
                self._patterns.append((route.method, pattern, route))
            else:
                self._exact[route.method, route.path] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the ids in the path; 404 when there is none."""
        exact = self._exact.get((method, path))
        if exact:
            return exact, {}
        for wanted, pattern, route in self._patterns:
            match = pattern.fullmatch(path)
            if match and wanted == method:
                return route, match.groupdict()
        raise invalid_request(
            f"Unrecognized request URL ({method}: {path}). Please see https://docs.stripe.com/api; the "
            "endpoints that the sandbox knows are in docs/sandbox.md.",
            status=404,
        )


def fetch(type_: str, param: str = "id") -> Handler:
    """The handler of `GET …/{id}`."""

    def retrieve(call: Call) -> Json:
        return call.need(type_, call.path["id"], param)

    return retrieve


def listing(
    path: str, type_: str, filters: Mapping[str, Kind], permission: str, *, timed: bool = True, **fields: str
) -> Route:
    """A `GET` list, newest first, with paging and equality filters; `timed`: it takes `created`, as nearly all do.

    `fields` renames a filter to the dotted field it compares:
    `subscription="parent.subscription_details.subscription"`.
    """

    def list_(call: Call) -> Json:
        where: dict[str, Any] = {
            fields.get(name, name): call.params[name] for name in filters if call.params.get(name) is not None
        }
        return paging.page(call, path, call.world.select(type_, where))

    times = {"created": RANGE} if timed else {}
    return Route("GET", path, list_, {**paging.PARAMETERS, **times, **filters}, permission)
