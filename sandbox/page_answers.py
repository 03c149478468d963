"""What the hosted pages share: the token in the address, the form, one transaction a page, and the answer's headers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from sandbox import clock, forms, links
from sandbox.calls import Call, read_wanted
from sandbox.errors import StripeError
from sandbox.test_clocks import time_of
from sandbox.world import Json, World

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    # `no-referrer` would make browsers post our own forms with `Origin: null`, which sandbox.loopback refuses.
    "Referrer-Policy": "same-origin",
    "Sandbox": "agent-lee",
    "X-Content-Type-Options": "nosniff",
}
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def answered(world: World, request: Request, page: Callable[[Call], Response]) -> Response:
    """The page, as one transaction in the world like an API request; the header `Sandbox-Id` names what it makes."""
    with world.lock:
        clock.catch_up(world)
        try:
            call = Call(world, wanted_ids=read_wanted(request.headers.get("sandbox-id", "")))
        except StripeError as error:
            return PlainTextResponse(error.message, error.status, HEADERS)
        link = linked(world, request)
        with world.transaction(), clock.standing(world, time_of(world, link and link.subject)):
            return page(call)


def tried(world: World, deed: Callable[[], object]) -> str | None:
    """What went wrong, in the words for the customer; what a decline wrote is kept."""
    try:
        with world.attempt():
            deed()
    except StripeError as error:
        return error.message
    return None


def linked(world: World, request: Request) -> links.Link | None:
    """The link of the token in the address; None when it was not made here."""
    token = str(request.path_params["token"])
    return links.read(world, token.removeprefix("test_")) if token.startswith("test_") else None


async def form_of(request: Request) -> Json:
    """The posted form; an unreadable one is empty."""
    try:
        return forms.decode((await request.body()).decode("utf-8", "replace"))
    except StripeError:
        return {}


def page(template: str, status: int, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(**values), status, HEADERS)
