"""Customers (docs.stripe.com/api/customers)."""

from typing import Any

from sandbox import paging
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.errors import invalid_request
from sandbox.parameters import RANGE, Choice, Fields, Integer, Kind, Many, Metadata, Text
from sandbox.routing import Route
from sandbox.tax_id_formats import TAX_ID_DATA
from sandbox.world import Json

ADDRESS = Fields(
    {part: Text(clearable=True) for part in ("city", "country", "line1", "line2", "postal_code", "state")},
    clearable=True,
)
REQUIRED_ADDRESS = Fields(ADDRESS.spec, required=True)
SHIPPING = Fields(
    {"name": Text(required=True), "address": REQUIRED_ADDRESS, "phone": Text(clearable=True)}, clearable=True
)
WRITABLE: dict[str, Kind] = {
    "address": ADDRESS,
    "balance": Integer(minimum=None),
    "description": Text(clearable=True),
    "email": Text(clearable=True, max_length=512),
    "invoice_prefix": Text(max_length=12),
    "invoice_settings": Fields({"default_payment_method": Text(clearable=True), "footer": Text(clearable=True)}),
    "metadata": Metadata(),
    "name": Text(clearable=True, max_length=256),
    "phone": Text(clearable=True, max_length=20),
    "preferred_locales": Many(Text()),
    "shipping": SHIPPING,
    "tax_exempt": Choice(("none", "exempt", "reverse"), clearable=True),
}
_PLAIN = ("description", "email", "invoice_prefix", "name", "phone", "preferred_locales")


def create(call: Call) -> Json:
    given = call.params
    fields: Json = {
        "address": None,
        "balance": 0,
        "business_name": None,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": call.new_secret(8, "invoice_prefix").upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": new_metadata(given.get("metadata")),
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": given.get("test_clock"),
    }
    if given.get("test_clock"):
        from sandbox import test_clocks  # which hold customers: imported above they would be a circle

        test_clocks.check_room(call, given["test_clock"])
    _apply(call, fields, customer_id=None)
    customer = call.create("customer", fields)
    if given.get("payment_method"):
        from sandbox import payment_methods  # which belong to customers: imported above they would be a circle

        method = payment_methods.attach_to(call, given["payment_method"], customer["id"])
        if customer["invoice_settings"]["default_payment_method"] == given["payment_method"]:
            # A test name made a card of its own, and the default is that card.
            customer["invoice_settings"]["default_payment_method"] = method["id"]
            call.save(customer)
    _check_default(call, customer, customer["id"])
    call.emit("customer.created", customer)
    for position, entry in enumerate(given.get("tax_id_data", [])):
        from sandbox import tax_ids  # which belong to customers: imported above they would be a circle

        tax_ids.add(call, customer["id"], entry, f"tax_id_data[{position}][value]")
    return _set_balance(call, customer, "initial")


def update(call: Call) -> Json:
    customer = living(call, call.path["id"])
    if "metadata" in call.params:
        customer["metadata"] = merge_metadata(customer["metadata"], call.params["metadata"])
    _apply(call, customer, customer_id=customer["id"])
    return _set_balance(call, call.save(customer, "customer.updated"), "adjustment")


def _set_balance(call: Call, customer: Json, reason: str) -> Json:
    """A balance that is set leaves a transaction, as all its changes do (docs.stripe.com/billing/customer/balance)."""
    change = call.params.get("balance", customer["balance"]) - customer["balance"]
    if change == 0:
        return customer
    from sandbox import customer_balance  # which belongs to customers: imported above it would be a circle

    customer_balance.move(call, customer["id"], change, customer["currency"] or "usd", reason)
    return call.need("customer", customer["id"])


def retrieve(call: Call) -> Json:
    customer = call.need("customer", call.path["id"])
    return _gone(customer) if customer.get("_deleted") else customer


def delete(call: Call) -> Json:
    return remove(call, living(call, call.path["id"]))


def remove(call: Call, customer: Json) -> Json:
    """Subscriptions end at once; the row stays, marked: it can still be retrieved as `{deleted: true}`."""
    from sandbox import subscription_endings  # which need customers: imported above they would be a circle

    subscription_endings.cancel_all(call, customer["id"])
    customer = call.need("customer", customer["id"])
    call.emit("customer.deleted", customer)
    call.save({**customer, "_deleted": True})
    for method in call.select("payment_method", customer=customer["id"]):
        call.save({**method, "customer": None})
    return _gone(customer)


def list_(call: Call) -> Json:
    # docs.stripe.com/api/customers/list: those of a test clock only when it is named.
    where: dict[str, Any] = {"_deleted": None, "test_clock": call.params.get("test_clock")}
    if call.params.get("email"):
        where["email"] = call.params["email"]
    return paging.page(call, "/v1/customers", call.world.select("customer", where))


def living(call: Call, id_: str, param: str = "id") -> Json:
    """A customer that exists and is not deleted, or 404."""
    customer = call.need("customer", id_, param)
    if customer.get("_deleted"):
        raise invalid_request(f"No such customer: '{id_}'", param=param, code="resource_missing", status=404)
    return customer


def _gone(customer: Json) -> Json:
    return {"id": customer["id"], "object": "customer", "deleted": True}


def _apply(call: Call, fields: Json, *, customer_id: str | None) -> None:
    given = call.params
    for name in _PLAIN:
        if name in given:
            fields[name] = given[name]
    if "address" in given:
        fields["address"] = full_address(given["address"])
    if "shipping" in given:
        shipping = given["shipping"]
        fields["shipping"] = shipping and {
            "address": full_address(shipping.get("address")),
            "name": shipping["name"],
            "phone": shipping.get("phone"),
        }
    if "tax_exempt" in given:
        fields["tax_exempt"] = given["tax_exempt"] or "none"
    if "invoice_settings" in given:
        fields["invoice_settings"] = {**fields["invoice_settings"], **given["invoice_settings"]}
        if customer_id:
            _check_default(call, given, customer_id)


def _check_default(call: Call, given: Json, customer_id: str) -> None:
    method_id = given.get("invoice_settings", {}).get("default_payment_method")
    if not method_id:
        return
    method = call.need("payment_method", method_id, "invoice_settings[default_payment_method]")
    if method["customer"] != customer_id:
        raise invalid_request(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached "
            "to the customer.",
            param="invoice_settings[default_payment_method]",
            code="resource_missing",
        )


def full_address(given: Json | None) -> Json | None:
    """All parts of an address, null where none was given."""
    if given is None:
        return None
    return {part: given.get(part) for part in ("city", "country", "line1", "line2", "postal_code", "state")}


ROUTES = [
    Route(
        "POST",
        "/v1/customers",
        create,
        {**WRITABLE, "payment_method": Text(), "test_clock": Text(), "tax_id_data": TAX_ID_DATA},
        "customer_write",
    ),
    Route(
        "GET",
        "/v1/customers",
        list_,
        {**paging.PARAMETERS, "created": RANGE, "email": Text(), "test_clock": Text()},
        "customer_read",
    ),
    Route("GET", "/v1/customers/{id}", retrieve, {}, "customer_read"),
    Route("POST", "/v1/customers/{id}", update, WRITABLE, "customer_write"),
    Route("DELETE", "/v1/customers/{id}", delete, {}, "customer_write"),
]
