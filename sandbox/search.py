"""Search: objects by Stripe's search query language (docs.stripe.com/api/pagination/search).

The language is search_query's, the fields are search_fields', the delay of a minute is search_index's.
"""

import base64
import binascii

from sandbox import paging, search_index
from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.parameters import Kind, Text
from sandbox.routing import Handler, Route
from sandbox.search_fields import matcher
from sandbox.search_query import parse
from sandbox.world import Json

PARAMETERS: dict[str, Kind] = {
    "limit": paging.PARAMETERS["limit"],
    "page": Text(),
    "query": Text(required=True),
}


def searching(resource: str, type_: str) -> Handler:
    """The handler of `GET /v1/<resource>/search`."""

    def search(call: Call) -> Json:
        matches = matcher(parse(call.params["query"]), type_, resource)
        before = _position(call.params.get("page"))
        found = [
            (place, current)
            for place, indexed, current in search_index.seen(call.world, type_)
            if _is_listed(current) and matches(indexed)
        ]
        rest = [each for each in found if before is None or each[0] < before]
        limit = call.params.get("limit", 10)
        page, more = rest[:limit], len(rest) > limit
        answer: Json = {
            "object": "search_result",
            "data": [current for _, current in page],
            "has_more": more,
            "next_page": _cursor(page[-1][0]) if more else None,
            "url": f"/v1/{resource}/search",
        }
        if "total_count" in call.params.get("expand", []):
            # A number that is only there when it is expanded, and nothing an id leads to.
            call.params["expand"].remove("total_count")
            answer["total_count"] = len(found)
        return answer

    return search


def _is_listed(obj: Json) -> bool:
    """Deleted customers are found no more; what belongs to a test clock is found by its id or its customer only."""
    return not obj.get("_deleted") and not obj.get("test_clock")


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"before,{place}".encode()).decode().rstrip("=")


def _position(cursor: str | None) -> int | None:
    """The place in the order that a page begins after. Raises StripeError 400 for a cursor that was not given out."""
    if cursor is None:
        return None
    try:
        word, _, place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(",")
    except (binascii.Error, ValueError):
        word, place = "", ""
    if word != "before" or not place.isdecimal():
        raise invalid_request("The page is not one that an earlier search gave out as `next_page`.", param="page")
    return int(place)


ROUTES = [
    Route("GET", f"/v1/{resource}/search", searching(resource, type_), PARAMETERS, permission)
    for resource, type_, permission in (
        ("charges", "charge", "charge_read"),
        ("customers", "customer", "customer_read"),
        ("invoices", "invoice", "invoice_read"),
        ("payment_intents", "payment_intent", "payment_intent_read"),
        ("prices", "price", "plan_read"),
        ("products", "product", "product_read"),
        ("subscriptions", "subscription", "subscription_read"),
    )
]
