"""Invoices (docs.stripe.com/api/invoices): the endpoints."""

from sandbox import discounts, paging, tax_rates
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.invoice_collection import collect
from sandbox.invoice_drafts import (
    announce,
    editable,
    exclude,
    include,
    new_draft,
    plan_finalization,
    source_item,
    summed,
)
from sandbox.invoice_items import pending
from sandbox.invoice_lifecycle import finalize, mark_paid, mark_uncollectible, void
from sandbox.parameters import RANGE, Boolean, Choice, Currency, Integer, Kind, Metadata, Text, Timestamp
from sandbox.payment_choice import check_payment_method, chosen_method, no_method
from sandbox.payment_methods import usable
from sandbox.routing import Route, fetch
from sandbox.world import Json

_METHODS = Choice(("charge_automatically", "send_invoice"))
_WRITABLE: dict[str, Kind] = {
    "auto_advance": Boolean(),
    "collection_method": _METHODS,
    "days_until_due": Integer(minimum=1, maximum=999),
    "default_payment_method": Text(),
    "default_tax_rates": tax_rates.RATES,
    "description": Text(clearable=True, max_length=1500),
    "discounts": discounts.DISCOUNTS,
    "due_date": Timestamp(),
    "footer": Text(clearable=True),
    "metadata": Metadata(),
}


def create(call: Call) -> Json:
    given = call.params
    customer = living(call, given["customer"], "customer")
    subscription = None
    if "subscription" in given:
        subscription = call.need("subscription", given["subscription"], "subscription")
    method = given.get("collection_method", "charge_automatically")
    _check_due(given, method)
    check_payment_method(call, given.get("default_payment_method"), customer["id"], "default_payment_method")
    currency = given.get("currency") or (subscription or customer)["currency"] or "usd"
    invoice = new_draft(
        call,
        customer,
        currency,
        billing_reason="manual",
        collection_method=method,
        auto_advance=given.get("auto_advance", False),
        days_until_due=given.get("days_until_due"),
        due_date=given.get("due_date"),
        default_payment_method=given.get("default_payment_method"),
        description=given.get("description"),
        footer=given.get("footer"),
        metadata=new_metadata(given.get("metadata")),
        subscription=subscription,
    )
    if given.get("pending_invoice_items_behavior", "exclude") == "include" or subscription:
        include(
            call,
            invoice,
            pending(call, customer["id"], currency, subscription=subscription["id"] if subscription else None),
        )
    if subscription and not invoice["lines"]["data"]:
        raise invalid_request(
            "Nothing to invoice for subscription", param="subscription", code="invoice_no_subscription_line_items"
        )
    if "default_tax_rates" in given:
        _tax(call, invoice, given["default_tax_rates"])
    if "discounts" in given:
        _discount(call, invoice, given["discounts"])
    if subscription:
        discounts.use_up(call, subscription, invoice)
        call.save(subscription, "customer.subscription.updated")
    return announce(call, invoice)


def _tax(call: Call, invoice: Json, rates: list[str] | None) -> None:
    invoice["default_tax_rates"] = tax_rates.chosen(call, rates, invoice["default_tax_rates"])
    summed(call, invoice)


def _discount(call: Call, invoice: Json, wishes: list[Json] | None) -> None:
    """docs.stripe.com/api/invoices/create#create_invoice-discounts: instead of the inherited ones; empty for none."""
    invoice["discounts"] = discounts.redeem(
        call,
        wishes,
        customer=call.need("customer", invoice["customer"]),
        currency=invoice["currency"],
        amount=invoice["subtotal"],
        held=invoice["discounts"],
        invoice=invoice["id"],
    )
    summed(call, invoice)


def _check_due(given: Json, method: str) -> None:
    due = [name for name in ("days_until_due", "due_date") if name in given]
    if method == "send_invoice" and len(due) != 1:
        raise invalid_request(
            "If invoice `collection_method` is `send_invoice`, you must specify one of `due_date` and "
            "`days_until_due`.",
            param="days_until_due",
        )
    if method == "charge_automatically" and due:
        raise invalid_request(f"You can only set `{due[0]}` if `collection_method` is `send_invoice`.", param=due[0])


def update(call: Call) -> Json:
    given = call.params
    invoice = call.need("invoice", call.path["id"], "invoice")
    if set(given) - {"auto_advance", "metadata", "default_payment_method", "expand"}:
        editable(invoice)
    check_payment_method(call, given.get("default_payment_method"), invoice["customer"], "default_payment_method")
    for name in ("collection_method", "default_payment_method", "description", "due_date", "footer"):
        if name in given:
            invoice[name] = given[name]
    if "days_until_due" in given:
        invoice["due_date"] = invoice["created"] + given["days_until_due"] * 86_400
    if "metadata" in given:
        invoice["metadata"] = merge_metadata(invoice["metadata"], given["metadata"])
    if "default_tax_rates" in given:
        _tax(call, invoice, given["default_tax_rates"])
    if "discounts" in given:
        _discount(call, invoice, given["discounts"])
    if "auto_advance" in given:
        invoice["auto_advance"] = given["auto_advance"]
        _follow_auto_advance(call, invoice)
    if invoice["status"] == "draft":
        stored = call.need("invoice", invoice["id"])
        call.world.put(invoice)
        plan_finalization(call, invoice)
        call.world.put(stored)
    return call.save(invoice, "invoice.updated")


def _follow_auto_advance(call: Call, invoice: Json) -> None:
    """An open invoice: automatic collection stops, or goes on now (docs.stripe.com/invoicing/integration/automatic-
    advancement-collection)."""
    if invoice["status"] != "open":
        return
    if not invoice["auto_advance"]:
        invoice["next_payment_attempt"] = None
        call.unschedule("invoice.collect", invoice["id"])
    elif invoice["collection_method"] == "charge_automatically":
        invoice["next_payment_attempt"] = call.now
        call.schedule(call.now, "invoice.collect", invoice["id"])


def delete(call: Call) -> Json:
    """Only a one-off draft can be deleted; its invoice items wait again."""
    invoice = call.need("invoice", call.path["id"], "invoice")
    if invoice["status"] != "draft" or invoice["parent"]:
        raise invalid_request("You can only delete draft invoices that are not for a subscription.", param="invoice")
    for line in invoice["lines"]["data"]:
        item = call.find("invoiceitem", source_item(line))
        if item:
            exclude(call, invoice, item["id"])
            call.world.put({**item, "invoice": None})
    call.unschedule("invoice.finalize", invoice["id"])
    return call.remove(invoice, "invoice.deleted")


def finalize_invoice(call: Call) -> Json:
    invoice = editable(call.need("invoice", call.path["id"], "invoice"))
    if "auto_advance" in call.params:
        invoice["auto_advance"] = call.params["auto_advance"]
    return finalize(call, invoice)


def pay(call: Call) -> Json:
    """A payment attempt now. A declined card answers 402 and leaves the failed attempt behind."""
    given = call.params
    invoice = call.need("invoice", call.path["id"], "invoice")
    if invoice["status"] == "draft":
        invoice = finalize(call, invoice)
        call.unschedule("invoice.collect", invoice["id"])
        if invoice["status"] == "paid":
            return invoice
    if invoice["status"] == "paid":
        raise invalid_request("Invoice is already paid")
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid_request(f"This invoice can't be paid: its status is {invoice['status']}.")
    if given.get("paid_out_of_band"):
        return mark_paid(call, invoice, out_of_band=True)
    method_id = given.get("payment_method")
    if method_id:
        method_id = usable(call, method_id, invoice["customer"])["id"]
        check_payment_method(call, method_id, invoice["customer"], "payment_method")
    else:
        method_id = chosen_method(call, invoice)
    if method_id is None:
        raise no_method()
    error = collect(call, invoice, method_id, automatic=False, off_session=given.get("off_session", True))
    if error:
        raise error
    return call.need("invoice", invoice["id"])


def void_invoice(call: Call) -> Json:
    return void(call, call.need("invoice", call.path["id"], "invoice"))


def mark_invoice_uncollectible(call: Call) -> Json:
    return mark_uncollectible(call, call.need("invoice", call.path["id"], "invoice"))


def send_invoice(call: Call) -> Json:
    """Finalizes a draft, and records that it was sent; no mail leaves the sandbox."""
    invoice = call.need("invoice", call.path["id"], "invoice")
    if invoice["collection_method"] != "send_invoice":
        raise invalid_request(
            "You can only manually send an invoice if its `collection_method` is `send_invoice`.", param="invoice"
        )
    if invoice["status"] == "draft":
        invoice = finalize(call, invoice)
    call.emit("invoice.sent", invoice)
    return invoice


def lines(call: Call) -> Json:
    invoice = call.need("invoice", call.path["id"], "invoice")
    return paging.page(call, invoice["lines"]["url"], invoice["lines"]["data"])


def list_(call: Call) -> Json:
    where = {name: call.params[name] for name in ("collection_method", "customer", "status") if name in call.params}
    if "subscription" in call.params:
        where["parent.subscription_details.subscription"] = call.params["subscription"]
    return paging.page(call, "/v1/invoices", call.world.select("invoice", where))


ROUTES = [
    Route(
        "POST",
        "/v1/invoices",
        create,
        {
            **_WRITABLE,
            "currency": Currency(),
            "customer": Text(required=True),
            "pending_invoice_items_behavior": Choice(("exclude", "include")),
            "subscription": Text(),
        },
        "invoice_write",
    ),
    Route(
        "GET",
        "/v1/invoices",
        list_,
        {
            **paging.PARAMETERS,
            "created": RANGE,
            "collection_method": _METHODS,
            "customer": Text(),
            "status": Choice(("draft", "open", "paid", "uncollectible", "void")),
            "subscription": Text(),
        },
        "invoice_read",
    ),
    Route("GET", "/v1/invoices/{id}", fetch("invoice", "invoice"), {}, "invoice_read"),
    Route("POST", "/v1/invoices/{id}", update, _WRITABLE, "invoice_write"),
    Route("DELETE", "/v1/invoices/{id}", delete, {}, "invoice_write"),
    Route("POST", "/v1/invoices/{id}/finalize", finalize_invoice, {"auto_advance": Boolean()}, "invoice_write"),
    Route(
        "POST",
        "/v1/invoices/{id}/pay",
        pay,
        {"off_session": Boolean(), "paid_out_of_band": Boolean(), "payment_method": Text()},
        "invoice_write",
    ),
    Route("POST", "/v1/invoices/{id}/void", void_invoice, {}, "invoice_write"),
    Route("POST", "/v1/invoices/{id}/mark_uncollectible", mark_invoice_uncollectible, {}, "invoice_write"),
    Route("POST", "/v1/invoices/{id}/send", send_invoice, {}, "invoice_write"),
    Route("GET", "/v1/invoices/{id}/lines", lines, paging.PARAMETERS, "invoice_read"),
]
