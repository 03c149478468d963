"""From draft to settled: finalize, pay, void, write off.

docs.stripe.com/invoicing/integration/workflow-transitions
"""

from sandbox import customer_balance, links, subscription_status
from sandbox.amounts import MINIMUM
from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.invoice_drafts import FINALIZE_AFTER, editable, summed
from sandbox.invoice_payments import cancel_default, open_default
from sandbox.metered_lines import take_in_late_usage
from sandbox.world import Json


def finalize(call: Call, invoice: Json) -> Json:
    """draft → open, or paid when nothing is due. The customer's balance is applied, number and links are made."""
    take_in_late_usage(call, subscription_status.subscription_of(call, editable(invoice)), invoice)
    summed(call, invoice)
    customer = call.need("customer", invoice["customer"])
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    customer["currency"] = invoice["currency"]
    call.save(customer)
    _apply_balance(call, invoice)
    links.ensure_secret(call.world)
    invoice["status"] = "open"
    invoice["effective_at"] = invoice["status_transitions"]["finalized_at"] = call.now
    invoice["automatically_finalizes_at"] = None
    invoice["next_payment_attempt"] = None
    if invoice["collection_method"] == "charge_automatically":
        invoice["due_date"] = None
    expires = links.invoice_expiry(invoice)
    invoice["hosted_invoice_url"] = links.invoice_url(call.world, invoice["id"], expires)
    invoice["invoice_pdf"] = links.invoice_pdf(call.world, invoice["id"], expires)
    call.unschedule("invoice.finalize", invoice["id"])
    if invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically" and invoice["amount_due"]:
        invoice["next_payment_attempt"] = call.now + FINALIZE_AFTER
        call.schedule(invoice["next_payment_attempt"], "invoice.collect", invoice["id"])
    if invoice["due_date"] and invoice["amount_due"]:
        call.schedule(max(call.now, invoice["due_date"]), "invoice.due", invoice["id"])
    call.save(invoice)
    if invoice["amount_due"] == 0:
        call.emit("invoice.finalized", invoice)
        return mark_paid(call, invoice)
    open_default(call, invoice)
    call.emit("invoice.finalized", invoice)
    return invoice


def _apply_balance(call: Call, invoice: Json) -> None:
    """docs.stripe.com/billing/customer/balance. Nothing is lost: starting + total = due + ending, always."""
    starting, total = invoice["starting_balance"], invoice["total"]
    due = max(0, starting + total)
    ending = starting + total - due
    if ending != starting:
        customer_balance.move(
            call,
            invoice["customer"],
            ending - starting,
            invoice["currency"],
            "applied_to_invoice",
            invoice=invoice["id"],
        )
    if 0 < due < MINIMUM.get(invoice["currency"], 1):
        customer_balance.move(
            call, invoice["customer"], due, invoice["currency"], "invoice_too_small", invoice=invoice["id"]
        )
        due, ending = 0, ending + due
    invoice["ending_balance"] = ending
    invoice["amount_due"] = invoice["amount_remaining"] = due


def mark_paid(call: Call, invoice: Json, *, out_of_band: bool = False) -> Json:
    """open (or uncollectible) → paid, whatever paid it."""
    invoice["status"] = "paid"
    invoice["attempted"] = True
    invoice["auto_advance"] = False
    invoice["amount_paid"] = invoice["amount_due"]
    invoice["amount_remaining"] = 0
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"]["paid_at"] = call.now
    call.unschedule("invoice.collect", invoice["id"])
    if out_of_band:
        cancel_default(call, invoice)
    call.save(invoice)
    call.emit("invoice.paid", invoice)
    if not out_of_band:
        call.emit("invoice.payment_succeeded", invoice)
    subscription_status.invoice_settled(call, invoice)
    _settle_delinquency(call, invoice["customer"])
    return invoice


def void(call: Call, invoice: Json) -> Json:
    """open or uncollectible → void. Balance that was applied is given back."""
    _require(invoice, ("open", "uncollectible"), "void")
    given_back = (invoice["starting_balance"] or 0) - (invoice["ending_balance"] or 0)
    if given_back:
        customer_balance.move(
            call,
            invoice["customer"],
            given_back,
            invoice["currency"],
            "unapplied_from_invoice",
            invoice=invoice["id"],
        )
    return _close(call, invoice, "void", "voided_at", "invoice.voided")


def mark_uncollectible(call: Call, invoice: Json) -> Json:
    """open → uncollectible: bad debt. It can still be paid or voided."""
    _require(invoice, ("open",), "mark as uncollectible")
    return _close(call, invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")


def _close(call: Call, invoice: Json, status: str, transition: str, event: str) -> Json:
    invoice["status"] = status
    invoice["auto_advance"] = False
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"][transition] = call.now
    call.unschedule("invoice.collect", invoice["id"])
    if status == "void":
        cancel_default(call, invoice)
    call.save(invoice)
    call.emit(event, invoice)
    subscription_status.invoice_settled(call, invoice)
    _settle_delinquency(call, invoice["customer"])
    return invoice


def _require(invoice: Json, statuses: tuple[str, ...], deed: str) -> None:
    if invoice["status"] not in statuses:
        raise invalid_request(
            f"You can only {deed} an invoice whose status is {' or '.join(statuses)}. This invoice's status is "
            f"{invoice['status']}.",
        )


def _settle_delinquency(call: Call, customer_id: str) -> None:
    """docs.stripe.com/api/customers/object: delinquent while an invoice whose charge failed is open."""
    customer = call.need("customer", customer_id)
    failing = [i for i in call.world.select("invoice", {"customer": customer_id, "status": "open"}) if i["attempted"]]
    if customer["delinquent"] and not failing:
        customer["delinquent"] = False
        call.save(customer, "customer.updated")
