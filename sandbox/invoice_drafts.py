"""Draft invoices: made, filled with lines, summed up. What happens once they are finalized is invoice_lifecycle's."""

from sandbox import discounts, tax_ids, tax_rates
from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.invoice_lines import invoice_item_line
from sandbox.periods import SECONDS_PER_HOUR, Period
from sandbox.world import Json

FINALIZE_AFTER = SECONDS_PER_HOUR
"""docs.stripe.com/invoicing/integration/automatic-advancement-collection: about an hour after creation."""


def new_draft(
    call: Call,
    customer: Json,
    currency: str,
    *,
    billing_reason: str,
    collection_method: str = "charge_automatically",
    auto_advance: bool = True,
    days_until_due: int | None = None,
    due_date: int | None = None,
    default_payment_method: str | None = None,
    description: str | None = None,
    footer: str | None = None,
    metadata: dict[str, str] | None = None,
    subscription: Json | None = None,
    period: Period | None = None,
    proration_date: int | None = None,
) -> Json:
    """A stored draft without lines; `announce` emits `invoice.created` once they are in."""
    covered = period or Period(call.now, call.now)
    if due_date is None and days_until_due is not None:
        due_date = call.now + days_until_due * 86_400
    parent = None
    if subscription is not None:
        parent = {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        }
        if proration_date is not None:
            parent["subscription_details"]["subscription_proration_date"] = proration_date
    invoice = call.create(
        "invoice",
        {
            "account_country": "US",
            "account_name": "Sandbox",
            "account_tax_ids": None,
            "amount_due": 0,
            "amount_overpaid": 0,
            "amount_paid": 0,
            "amount_remaining": 0,
            "amount_shipping": 0,
            "application": None,
            "attempt_count": 0,
            "attempted": False,
            "auto_advance": auto_advance,
            "automatic_tax": {
                "disabled_reason": None,
                "enabled": False,
                "liability": None,
                "provider": None,
                "status": None,
            },
            "automatically_finalizes_at": None,
            "billing_reason": billing_reason,
            "collection_method": collection_method,
            "currency": currency,
            "custom_fields": None,
            "customer": customer["id"],
            "customer_account": None,
            "customer_address": customer["address"],
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "customer_phone": customer["phone"],
            "customer_shipping": customer["shipping"],
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": [],
            "default_payment_method": default_payment_method,
            "default_source": None,
            "default_tax_rates": subscription["default_tax_rates"] if subscription else [],
            "description": description,
            "discounts": discounts.for_invoice(call, customer, subscription),
            "due_date": due_date,
            "effective_at": None,
            "ending_balance": None,
            "footer": footer,
            "from_invoice": None,
            "hosted_invoice_url": None,
            "invoice_pdf": None,
            "issuer": {"type": "self"},
            "last_finalization_error": None,
            "latest_revision": None,
            "lines": {"object": "list", "data": [], "has_more": False, "url": ""},
            "metadata": metadata or {},
            "next_payment_attempt": None,
            "number": None,
            "on_behalf_of": None,
            "parent": parent,
            "payment_settings": {
                "default_mandate": None,
                "payment_method_options": None,
                "payment_method_types": None,
            },
            "period_end": covered.end,
            "period_start": covered.start,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "receipt_number": None,
            "rendering": None,
            "shipping_cost": None,
            "shipping_details": None,
            "starting_balance": 0,
            "statement_descriptor": None,
            "status": "draft",
            "status_transitions": {
                "finalized_at": None,
                "marked_uncollectible_at": None,
                "paid_at": None,
                "voided_at": None,
            },
            "subtotal": 0,
            "subtotal_excluding_tax": 0,
            "test_clock": call.test_clock,
            "total": 0,
            "total_discount_amounts": [],
            "total_excluding_tax": 0,
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "webhooks_delivered_at": call.now,
        },
    )
    invoice["lines"]["url"] = f"/v1/invoices/{invoice['id']}/lines"
    call.save(invoice)
    return invoice


def announce(call: Call, invoice: Json) -> Json:
    """Store the finished draft, emit `invoice.created` and plan its finalization when it advances by itself."""
    call.save(invoice)
    plan_finalization(call, invoice)
    call.emit("invoice.created", invoice)
    return invoice


def plan_finalization(call: Call, invoice: Json) -> None:
    """A draft that advances by itself is finalized an hour from its creation; another one never."""
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        at = max(call.now, invoice["created"] + FINALIZE_AFTER)
        invoice["automatically_finalizes_at"] = at
        if invoice["collection_method"] == "charge_automatically":
            invoice["next_payment_attempt"] = at
        call.schedule(at, "invoice.finalize", invoice["id"])
    else:
        invoice["automatically_finalizes_at"] = None
        if invoice["status"] == "draft":
            invoice["next_payment_attempt"] = None
        call.unschedule("invoice.finalize", invoice["id"])
    call.save(invoice)


def add_lines(call: Call, invoice: Json, lines: list[Json]) -> Json:
    """Put lines on a draft and sum it up again."""
    invoice["lines"]["data"] += lines
    return summed(call, invoice)


def include(call: Call, invoice: Json, items: list[Json]) -> Json:
    """Move pending invoice items onto a draft, credits before debits of the same date as Stripe lists them."""
    for item in items:
        item["invoice"] = invoice["id"]
        call.world.put(item)
    return add_lines(call, invoice, [invoice_item_line(call, invoice["id"], item) for item in items])


def exclude(call: Call, invoice: Json, invoice_item: str) -> Json:
    """Take the line of an invoice item off a draft."""
    invoice["lines"]["data"] = [line for line in invoice["lines"]["data"] if source_item(line) != invoice_item]
    return summed(call, invoice)


def source_item(line: Json) -> str | None:
    """The invoice item a line came from."""
    parent = line["parent"]
    return parent[parent["type"]]["invoice_item"]


def summed(call: Call, invoice: Json) -> Json:
    """Totals from the lines, and what is due after the customer's balance; stored.

    docs.stripe.com/billing/customer/balance: credit lowers what is due, a balance owed raises it, never below 0.
    """
    customer = call.need("customer", invoice["customer"])
    invoice["customer_tax_exempt"] = customer["tax_exempt"]
    invoice["customer_tax_ids"] = tax_ids.for_invoice(call, customer["id"])
    subtotal = sum(line["amount"] for line in invoice["lines"]["data"])
    net = subtotal - discounts.apply(call, invoice)
    on_top, within = tax_rates.apply(call, invoice)
    total = net + on_top
    invoice |= {"subtotal": subtotal, "subtotal_excluding_tax": subtotal - within, "total": total}
    invoice["total_excluding_tax"] = total - sum(tax["amount"] for tax in invoice["total_taxes"])
    balance = customer["balance"]
    invoice["starting_balance"] = balance
    invoice["amount_due"] = invoice["amount_remaining"] = max(0, total + balance)
    call.save(invoice)
    return invoice


def editable(invoice: Json) -> Json:
    """The invoice, when it is still a draft."""
    if invoice["status"] != "draft":
        raise invalid_request(
            "Finalized invoices can't be updated in this way. Create a revision of this invoice instead.",
            code="invoice_not_editable",
        )
    return invoice
