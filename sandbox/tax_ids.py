"""Tax ids of customers (docs.stripe.com/api/tax_ids, docs.stripe.com/billing/customer/tax-ids).

A well-formed number of a type that can be checked is `pending` until the authorities have answered; the sandbox answers
a quarter of an hour later: `unverified` for nothing but ones, never for nothing but twos, else `verified`, as with the
documentation's test numbers. The action `verify_tax_id` answers as one likes. Numbers of other types are `unavailable`.
"""

import re

from sandbox import paging
from sandbox.calls import Call
from sandbox.clock import timer
from sandbox.control import action
from sandbox.customers import living
from sandbox.errors import invalid_request, missing_object
from sandbox.expansion import includable
from sandbox.routing import Route
from sandbox.tax_id_formats import NEW, VERIFIED_TYPES, country_of, normalized, well_formed
from sandbox.world import Json, World

ANSWERED_AFTER = 15 * 60
STATUSES = ("pending", "unavailable", "unverified", "verified")


def add(call: Call, customer_id: str, given: Json, param: str = "value") -> Json:
    """A new tax id of the customer. Refuses (`tax_id_invalid`) what cannot be a number of its type."""
    type_, value = given["type"], given["value"]
    if not well_formed(type_, value):
        raise invalid_request(f"Invalid value for {type_}.", param=param, code="tax_id_invalid")
    same = [each for each in call.select("tax_id", customer=customer_id) if _key(each) == (type_, normalized(value))]
    if same:
        raise invalid_request(
            "The tax ID already exists on this customer.", param=param, code="resource_already_exists"
        )
    status = "pending" if type_ in VERIFIED_TYPES else "unavailable"
    tax_id = call.create(
        "tax_id",
        {
            "country": country_of(type_, value),
            "customer": customer_id,
            "customer_account": None,
            "owner": {"customer": customer_id, "type": "customer"},
            "type": type_,
            "value": value,
            "verification": {"status": status, "verified_address": None, "verified_name": None},
        },
        "customer.tax_id.created",
    )
    if status == "pending":
        call.schedule(call.now + ANSWERED_AFTER, "tax_id.answer", tax_id["id"])
    return tax_id


def _key(tax_id: Json) -> tuple[str, str]:
    return tax_id["type"], normalized(tax_id["value"])


def create(call: Call) -> Json:
    customer = living(call, call.path["id"], "customer")
    return add(call, customer["id"], call.params)


def retrieve(call: Call) -> Json:
    customer = living(call, call.path["id"], "customer")
    tax_id = call.find("tax_id", call.path["tax_id"])
    if tax_id is None or tax_id["customer"] != customer["id"]:
        raise missing_object("tax_id", call.path["tax_id"])
    return tax_id


def delete(call: Call) -> Json:
    tax_id = retrieve(call)
    call.unschedule("tax_id.answer", tax_id["id"])
    return call.remove(tax_id, "customer.tax_id.deleted")


def list_(call: Call) -> Json:
    customer = living(call, call.path["id"], "customer")
    return paging.page(call, _url(customer), call.select("tax_id", customer=customer["id"]))


@includable("customer", "tax_ids")
def tax_ids(world: World, customer: Json) -> Json:
    """docs.stripe.com/api/customers/object#customer_object-tax_ids: shown only when expanded."""
    return paging.listed(_url(customer), world.select("tax_id", {"customer": customer["id"]}))


def _url(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}/tax_ids"


def for_invoice(call: Call, customer_id: str) -> list[Json]:
    """What an invoice shows of them, the oldest first."""
    found = call.select("tax_id", customer=customer_id)
    return [{"type": each["type"], "value": each["value"]} for each in reversed(found)]


@timer("tax_id.answer")
def answer(call: Call, tax_id_id: str) -> None:
    """The authorities have looked the number up."""
    tax_id = call.find("tax_id", tax_id_id)
    if tax_id is None or tax_id["verification"]["status"] != "pending":
        return
    digits = set(re.sub(r"\D", "", tax_id["value"]))
    if digits != {"2"}:
        _settle(call, tax_id, "unverified" if digits == {"1"} else "verified")


@action("verify_tax_id")
def verify_tax_id(call: Call, body: Json) -> Json:
    """`{tax_id, status, verified_name?, verified_address?}`: what the authorities answer about a number."""
    tax_id = call.need("tax_id", str(body.get("tax_id", "")), "tax_id")
    status = body.get("status")
    if status not in STATUSES:
        raise invalid_request(f"status must be one of {', '.join(STATUSES)}", param="status")
    call.unschedule("tax_id.answer", tax_id["id"])
    found = {name: body.get(name) for name in ("verified_address", "verified_name")}
    return _settle(call, tax_id, status, **found)


def _settle(call: Call, tax_id: Json, status: str, **found: str | None) -> Json:
    tax_id["verification"] = {**tax_id["verification"], "status": status, **found}
    return call.save(tax_id, "customer.tax_id.updated")


ROUTES = [
    Route("POST", "/v1/customers/{id}/tax_ids", create, NEW.spec, "customer_write"),
    Route("GET", "/v1/customers/{id}/tax_ids", list_, paging.PARAMETERS, "customer_read"),
    Route("GET", "/v1/customers/{id}/tax_ids/{tax_id}", retrieve, {}, "customer_read"),
    Route("DELETE", "/v1/customers/{id}/tax_ids/{tax_id}", delete, {}, "customer_write"),
]
