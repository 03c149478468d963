"""docs/sandbox.md has one row for each endpoint, page and control, and calls nothing missing that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.routing import Route as PageRoute

from sandbox import endpoints
from sandbox.control import ACTIONS
from sandbox.routing import Route
from sandbox.server import create_app
from tests.sandbox.sdk_routes import route_of
from tests.sandbox.sdk_types import class_named

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"

REQUEST = re.compile(r"`(GET|POST|DELETE|PUT|PATCH) (/\S+)`")


def rows() -> list[list[str]]:
    """The cells of every row of every table, headings and rules left out."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in ("request", "what", "action") and set(row[0]) != {"-"}]


def requests() -> list[tuple[str, list[str]]]:
    """`POST /v1/refunds` and the other cells of its row."""
    return [(f"{found[1]} {found[2]}", row[1:]) for row in rows() if (found := REQUEST.fullmatch(row[0]))]


def served() -> list[str]:
    """Everything the server answers to, but for the one route that hands on to the API."""
    around = [route for route in create_app().routes if isinstance(route, PageRoute)]
    return [f"{route.method} {route.path}" for route in endpoints.ALL] + [
        f"{method} {route.path}"
        for route in around
        for method in sorted(route.methods or ())
        if route.path != "/{path:path}" and method != "HEAD"
    ]


def test_every_endpoint_has_its_row_and_every_row_its_endpoint() -> None:
    named = [request for request, _ in requests()]
    assert sorted(named) == sorted(served())


def test_every_action_has_its_row_and_every_row_its_action() -> None:
    named = [row[0].strip("`") for row in rows() if len(row) == 2 and not REQUEST.fullmatch(row[0])]
    assert sorted(named) == sorted(ACTIONS)


def test_every_row_names_the_page_it_follows() -> None:
    for request, cells in requests():
        if not request.split()[1].startswith("/_sandbox/"):
            assert len(cells) == 3, request
            assert re.fullmatch(r"docs\.stripe\.com/[a-z0-9_/-]+", cells[2]), request
            assert all(cells), request


@pytest.mark.parametrize("route", endpoints.ALL, ids=lambda route: f"{route.method} {route.path}")
def test_what_a_row_calls_missing_is_a_parameter_of_stripes_that_is_refused(route: Route) -> None:
    missing = dict(requests()).get(f"{route.method} {route.path}", ["", ""])[1]
    known = route_of(route.method, route.path.replace("{", "").replace("}", ""))
    assert known is not None
    parameters = class_named(known.params, known.module).__annotations__ if known.params else {}
    for name in re.findall(r"`([a-z_]+)`", missing):
        assert name in parameters, f"{name} is no parameter of Stripe's"
        assert name not in route.spec, f"{name} is taken"
