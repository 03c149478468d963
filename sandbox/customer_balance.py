"""The customer's balance (docs.stripe.com/billing/customer/balance): negative is credit, positive is owed.

Each change is a transaction; the balance on the customer is the last transaction's `ending_balance`.
"""

from sandbox import paging
from sandbox.calls import Call, new_metadata
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.parameters import RANGE, Currency, Integer, Metadata, Text
from sandbox.routing import Route
from sandbox.world import Json


def move(
    call: Call,
    customer_id: str,
    amount: int,
    currency: str,
    type_: str,
    *,
    invoice: str | None = None,
    credit_note: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Json:
    """Add `amount` (minor units; negative gives credit) to the balance. Returns the transaction that records it."""
    customer = call.need("customer", customer_id, "customer")
    if customer["currency"] not in (None, currency):
        raise invalid_request(
            f"The customer's balance is kept in {customer['currency']}; the transaction is in {currency}.",
            param="currency",
        )
    customer["balance"] += amount
    customer["currency"] = currency
    call.save(customer, "customer.updated")
    return call.create(
        "customer_balance_transaction",
        {
            "amount": amount,
            "checkout_session": None,
            "credit_note": credit_note,
            "currency": currency,
            "customer": customer_id,
            "customer_account": None,
            "description": description,
            "ending_balance": customer["balance"],
            "invoice": invoice,
            "metadata": metadata or {},
            "type": type_,
        },
    )


def create(call: Call) -> Json:
    customer = living(call, call.path["id"], "customer")
    if call.params["amount"] == 0:
        raise invalid_request("The amount of a balance transaction cannot be 0.", param="amount")
    return move(
        call,
        customer["id"],
        call.params["amount"],
        call.params["currency"],
        "adjustment",
        description=call.params.get("description"),
        metadata=new_metadata(call.params.get("metadata")),
    )


def retrieve(call: Call) -> Json:
    transaction = call.need("customer_balance_transaction", call.path["transaction"], "id")
    if transaction["customer"] != call.path["id"]:
        raise invalid_request(
            f"No such customer balance transaction: '{transaction['id']}'", code="resource_missing", status=404
        )
    return transaction


def list_(call: Call) -> Json:
    customer = living(call, call.path["id"], "customer")
    where = {"customer": customer["id"]}
    if call.params.get("invoice"):
        where["invoice"] = call.params["invoice"]
    found = call.world.select("customer_balance_transaction", dict(where))
    return paging.page(call, f"/v1/customers/{customer['id']}/balance_transactions", found)


ROUTES = [
    Route(
        "POST",
        "/v1/customers/{id}/balance_transactions",
        create,
        {
            "amount": Integer(required=True),
            "currency": Currency(required=True),
            "description": Text(max_length=350),
            "metadata": Metadata(),
        },
        "customer_write",
    ),
    Route(
        "GET",
        "/v1/customers/{id}/balance_transactions",
        list_,
        {**paging.PARAMETERS, "created": RANGE, "invoice": Text()},
        "customer_read",
    ),
    Route("GET", "/v1/customers/{id}/balance_transactions/{transaction}", retrieve, {}, "customer_read"),
]
