"""Webhook endpoints (docs.stripe.com/api/webhook_endpoints): addresses on this machine that are told of events."""

import re
from urllib.parse import urlsplit

from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.errors import invalid_request
from sandbox.events import API_VERSION
from sandbox.parameters import Boolean, Choice, Kind, Many, Metadata, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json

MOST = 16
"""Endpoints of an account (docs.stripe.com/webhooks)."""

_EVENTS = Many(Text(max_length=100), max_items=300)
_WRITABLE: dict[str, Kind] = {
    "description": Text(clearable=True),
    "enabled_events": _EVENTS,
    "metadata": Metadata(),
    "url": Text(),
}


def create(call: Call) -> Json:
    """The only answer that shows the secret."""
    given = call.params
    if len(call.select("webhook_endpoint")) >= MOST:
        raise invalid_request(f"You have reached the maximum of {MOST} test webhook endpoints.")
    secret = f"whsec_{call.new_secret(32, 'webhook_secret')}"
    endpoint = call.create(
        "webhook_endpoint",
        {
            "api_version": given.get("api_version"),
            "application": None,
            "description": given.get("description"),
            "enabled_events": _events(given["enabled_events"]),
            "metadata": new_metadata(given.get("metadata")),
            "status": "enabled",
            "url": _url(given["url"]),
            "_secret": secret,
        },
    )
    return {**endpoint, "secret": secret}


def update(call: Call) -> Json:
    endpoint = call.need("webhook_endpoint", call.path["id"])
    given = call.params
    if "description" in given:
        endpoint["description"] = given["description"]
    if "enabled_events" in given:
        endpoint["enabled_events"] = _events(given["enabled_events"])
    if "url" in given:
        endpoint["url"] = _url(given["url"])
    if "metadata" in given:
        endpoint["metadata"] = merge_metadata(endpoint["metadata"], given["metadata"])
    if "disabled" in given:
        endpoint["status"] = "disabled" if given["disabled"] else "enabled"
    return call.save(endpoint)


def delete(call: Call) -> Json:
    return call.remove(call.need("webhook_endpoint", call.path["id"]))


def _events(names: list[str]) -> list[str]:
    if not names:
        raise invalid_request("You must enable at least one event.", param="enabled_events")
    for position, name in enumerate(names):
        if name != "*" and not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", name):
            raise invalid_request(
                f"Invalid enabled_events[{position}]: must be `*` or an event such as `invoice.paid`",
                param=f"enabled_events[{position}]",
            )
    return list(dict.fromkeys(names))


def _url(text: str) -> str:
    """An address on this machine: what the sandbox makes never leaves it."""
    try:
        parts = urlsplit(text)
        known = parts.scheme == "http" and parts.hostname == "127.0.0.1" and parts.username is None and parts.port != 0
    except ValueError:
        known = False
    if not known or not text.isascii() or re.search(r"\s", text):
        raise invalid_request(
            "Invalid URL: the sandbox delivers to http://127.0.0.1 only, e.g. http://127.0.0.1:8000/webhooks.",
            param="url",
            code="url_invalid",
        )
    return text


ROUTES = [
    Route(
        "POST",
        "/v1/webhook_endpoints",
        create,
        {
            **_WRITABLE,
            "api_version": Choice((API_VERSION,)),
            "enabled_events": Many(_EVENTS.of, _EVENTS.max_items, required=True),
            "url": Text(required=True),
        },
        "webhook_write",
    ),
    listing("/v1/webhook_endpoints", "webhook_endpoint", {}, "webhook_read", timed=False),
    Route("GET", "/v1/webhook_endpoints/{id}", fetch("webhook_endpoint"), {}, "webhook_read"),
    Route("POST", "/v1/webhook_endpoints/{id}", update, {**_WRITABLE, "disabled": Boolean()}, "webhook_write"),
    Route("DELETE", "/v1/webhook_endpoints/{id}", delete, {}, "webhook_write"),
]
