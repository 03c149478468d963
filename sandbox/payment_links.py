"""Payment links: an address that may be shared, and opens a Checkout session for everybody who follows it.

docs.stripe.com/api/payment-link and docs.stripe.com/payment-links. The page that is opened is checkout_pages'.
"""

import contextlib
import re

from sandbox import checkout_discounts, checkout_sessions, links, paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.checkout_items import copied, line_items, repriced
from sandbox.checkout_terms import LONGEST
from sandbox.errors import StripeError, invalid_request
from sandbox.expansion import includable, shown
from sandbox.parameters import Boolean
from sandbox.payment_link_terms import (
    CREATE,
    UPDATE,
    blank,
    check,
    completion,
    payment_data,
    restrictions,
    subscription_data,
)
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json, World

_PATH = "/v1/payment_links"
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_KEPT = ("payment_intent_data", "subscription_data", "submit_type")


def create(call: Call) -> Json:
    given = call.params
    mode = _mode(call, given["line_items"])
    check(given, mode)
    items = line_items(call, given["line_items"], mode)
    links.ensure_secret(call.world)
    link = call.create(
        "payment_link",
        blank(mode)
        | {
            "after_completion": completion(given.get("after_completion")),
            "allow_promotion_codes": given.get("allow_promotion_codes", False),
            "currency": items[0]["currency"],
            "inactive_message": given.get("inactive_message"),
            "metadata": new_metadata(given.get("metadata")),
            "payment_intent_data": payment_data(given.get("payment_intent_data")),
            "restrictions": restrictions(given.get("restrictions")),
            "submit_type": given.get("submit_type", "auto"),
            "subscription_data": subscription_data(given.get("subscription_data", {}))
            if mode == "subscription"
            else None,
            "_given": {name: given[name] for name in _KEPT if name in given},
            "_items": items,
            "_mode": mode,
        }
        | ({"customer_creation": given["customer_creation"]} if "customer_creation" in given else {}),
    )
    call.save(with_its_address(call.world, link))
    call.emit("payment_link.created", link)
    return link


def update(call: Call) -> Json:
    link, given = call.need("payment_link", call.path["id"]), call.params
    check(given, link["_mode"])
    for name in ("active", "allow_promotion_codes", "customer_creation", "inactive_message", "submit_type"):
        if name in given:
            link[name] = given[name]
    if "submit_type" in given:
        link["_given"]["submit_type"] = given["submit_type"]
    if "after_completion" in given:
        link["after_completion"] = completion(given["after_completion"])
    if "metadata" in given:
        link["metadata"] = merge_metadata(link["metadata"], given["metadata"])
    if "restrictions" in given:
        link["restrictions"] = restrictions(given["restrictions"], _completed(call, link))
    if link["active"] and _used_up(link):
        raise invalid_request(
            "A payment link that has reached the limit of its completed sessions cannot be active.",
            param="restrictions[completed_sessions][limit]" if given.get("restrictions") else "active",
        )
    for position, item in enumerate(given.get("line_items", [])):
        _change_quantity(call, link, item, f"line_items[{position}]")
    return call.save(link, "payment_link.updated")


def open_link(
    call: Call, link: Json, *, reference: str | None, email: str | None, locked: bool, code: str | None
) -> Json | None:
    """The Checkout session for one visitor, with what the address says about them; None where nothing is sold any more.

    docs.stripe.com/payment-links/url-parameters: a reference or code that is not allowed is left out, the page works.
    """
    prices = [call.need("price", item["price"]["id"]) for item in link["_items"]]
    made_in_passing = {item["price"]["id"] for item in link["_items"] if not item["price"]["active"]}
    if not link["active"] or not all(price["active"] or price["id"] in made_in_passing for price in prices):
        return None
    after = link["after_completion"]
    given: Json = {
        **link["_given"],
        "allow_promotion_codes": link["allow_promotion_codes"],
        "mode": link["_mode"],
        "metadata": link["metadata"],
        "success_url": after["redirect"]["url"] if after["type"] == "redirect" else None,
    }
    if link["_mode"] == "payment":
        given["customer_creation"] = link["customer_creation"]
    if reference and _REFERENCE.fullmatch(reference):
        given["client_reference_id"] = reference
    if email and locked:
        given["customer_email"] = email
    session = checkout_sessions.open_session(
        call,
        given,
        copied(call, link["_items"]),
        expires_at=call.now + LONGEST,
        payment_link=link["id"],
    )
    session = call.save({**session, "_prefilled": email})
    if code:
        with contextlib.suppress(StripeError), call.world.attempt():
            checkout_discounts.enter(call, session, code)
    return session


def count(call: Call, session: Json) -> None:
    """A session of a link was completed: at its limit the link is switched off, and whoever else has it open comes too
    late (docs.stripe.com/payment-links/customize)."""
    link = call.find("payment_link", session["payment_link"])
    if link is None or link["restrictions"] is None:
        return
    link["restrictions"]["completed_sessions"]["count"] += 1
    if _used_up(link):
        link["active"] = False
        for other in call.select("checkout.session", payment_link=link["id"], status="open"):
            checkout_sessions.close(call, other)
    call.save(link, "payment_link.updated")


def _used_up(link: Json) -> bool:
    limited = (link["restrictions"] or {}).get("completed_sessions")
    return limited is not None and limited["count"] >= limited["limit"]


def _completed(call: Call, link: Json) -> int:
    """What the present restriction has counted; a new one begins with what was sold without it."""
    if link["restrictions"]:
        return link["restrictions"]["completed_sessions"]["count"]
    return len(call.select("checkout.session", payment_link=link["id"], status="complete"))


def _mode(call: Call, asked: list[Json]) -> str:
    """A link with a recurring price begins subscriptions."""
    prices = [call.find("price", item.get("price")) for item in asked]
    return "subscription" if any(price and price["recurring"] for price in prices) else "payment"


def _change_quantity(call: Call, link: Json, given: Json, param: str) -> None:
    position = next((n for n, item in enumerate(link["_items"]) if item["id"] == given["id"]), None)
    if position is None:
        raise invalid_request(
            f"No such line item: '{given['id']}'", param=f"{param}[id]", code="resource_missing", status=404
        )
    if "quantity" in given:
        link["_items"][position] = repriced(call, link["_items"][position], given["quantity"])


def list_line_items(call: Call) -> Json:
    link = call.need("payment_link", call.path["id"])
    return paging.page(call, f"{_PATH}/{link['id']}/line_items", link["_items"])


@includable("payment_link", "line_items")
def items_shown(_world: World, link: Json) -> Json:
    """docs.stripe.com/api/payment-link/object: `line_items` is shown only when expanded."""
    return paging.listed(f"{_PATH}/{link['id']}/line_items", link["_items"][:10], has_more=len(link["_items"]) > 10)


@shown("payment_link")
def with_its_address(world: World, link: Json) -> Json:
    """The address leads to wherever the sandbox is served now."""
    link["url"] = links.payment_link_url(world, link["id"])
    return link


ROUTES = [
    Route("POST", _PATH, create, CREATE, "payment_links_write"),
    listing(_PATH, "payment_link", {"active": Boolean()}, "payment_links_read", timed=False),
    Route("GET", f"{_PATH}/{{id}}", fetch("payment_link"), {}, "payment_links_read"),
    Route("POST", f"{_PATH}/{{id}}", update, UPDATE, "payment_links_write"),
    Route("GET", f"{_PATH}/{{id}}/line_items", list_line_items, paging.PARAMETERS, "payment_links_read"),
]
