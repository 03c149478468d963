"""An invoice in the words a customer reads, the same on its page and in its PDF."""

from typing import NamedTuple

from sandbox.amounts import written
from sandbox.invoice_lines import date_text
from sandbox.world import Json


class Row(NamedTuple):
    """A line of the bill: what it is for and its amount as written, e.g. `$20.00`."""

    text: str
    amount: str


class Bill(NamedTuple):
    """standing: one sentence on where the invoice stands. remaining: what is still to be paid."""

    number: str
    customer: str
    dates: list[tuple[str, str]]
    lines: list[Row]
    sums: list[Row]
    standing: str
    remaining: str
    title: str = "Invoice"


def bill(invoice: Json) -> Bill:
    """A finalized invoice, all of its lines included."""
    currency = invoice["currency"]
    return Bill(
        number=invoice["number"],
        customer=invoice["customer_name"] or invoice["customer_email"] or invoice["customer"],
        dates=_dates(invoice),
        lines=[
            Row(line["description"] or "Item", written(line["amount"], currency)) for line in invoice["lines"]["data"]
        ],
        sums=_sums(invoice),
        standing=_standing(invoice),
        remaining=written(invoice["amount_remaining"], currency),
    )


def credit_note_bill(note: Json, invoice: Json) -> Bill:
    """A credit note, in the same words."""
    currency = note["currency"]
    ways = (
        ("Taken off what was due", note["pre_payment_amount"]),
        ("Refunded", sum(each["amount_refunded"] for each in note["refunds"])),
        ("Credited outside of Stripe", note["out_of_band_amount"] or 0),
    )
    rest = note["total"] - sum(amount for _, amount in ways)
    named = (*ways, ("Kept as credit for the next invoices", rest))
    return Bill(
        number=note["number"],
        customer=invoice["customer_name"] or invoice["customer_email"] or invoice["customer"],
        dates=[("Issued", date_text(note["effective_at"])), ("For invoice", invoice["number"])],
        lines=[
            Row(line["description"] or "Credit", written(line["amount"], currency)) for line in note["lines"]["data"]
        ],
        sums=[
            *_reductions(note, [{"amount": note["discount_amount"]}]),
            Row("Total credit", written(note["total"], currency)),
            *(Row(name, written(amount, currency)) for name, amount in named if amount),
        ],
        standing="This credit note was voided." if note["status"] == "void" else "This is a credit in your favour.",
        remaining=written(0, currency),
        title="Credit note",
    )


def _dates(invoice: Json) -> list[tuple[str, str]]:
    moments = invoice["status_transitions"]
    named = (
        ("Issued", moments["finalized_at"]),
        ("Due", invoice["due_date"]),
        ("Paid", moments["paid_at"]),
        ("Voided", moments["voided_at"]),
    )
    return [(name, date_text(moment)) for name, moment in named if moment]


def _sums(invoice: Json) -> list[Row]:
    """From the lines to the total and what is due, row by row (docs.stripe.com/billing/customer/balance)."""
    currency, starting = invoice["currency"], invoice["starting_balance"]
    rows = [*_reductions(invoice, invoice["total_discount_amounts"])]
    rows.append(Row("Total", written(invoice["total"], currency)))
    credited = invoice["pre_payment_credit_notes_amount"]
    if credited:
        rows.append(Row("Credit note", written(-credited, currency)))
    balance = invoice["amount_due"] + credited - invoice["total"]
    if balance < 0:
        rows.append(Row("Credit used" if starting < 0 else "Moved to the next invoice", written(balance, currency)))
    elif balance > 0:
        rows.append(Row("Owed from before" if starting > 0 else "Kept as credit", written(balance, currency)))
    if invoice["amount_paid"]:
        rows.append(Row("Paid", written(-invoice["amount_paid"], currency)))
    # What is left of a void invoice is owed by nobody.
    if invoice["status"] != "void":
        rows.append(Row("Amount due", written(invoice["amount_remaining"], currency)))
    return rows


def _reductions(document: Json, discounts: list[Json]) -> list[Row]:
    """How the lines come to the total, where they are not the total themselves."""
    currency = document["currency"]
    taken = sum(each["amount"] for each in discounts)
    rows = [Row("Discount", written(-taken, currency))] if taken else []
    for tax in document["total_taxes"]:
        name = "Tax" if tax["tax_behavior"] == "exclusive" else "Tax, within the prices"
        rows.append(Row(name, written(tax["amount"], currency)))
    return [Row("Subtotal", written(document["subtotal"], currency)), *rows] if rows else []


def _standing(invoice: Json) -> str:
    match invoice["status"]:
        case "paid":
            credited = invoice["post_payment_credit_notes_amount"]
            after = f" {written(credited, invoice['currency'])} of it was credited since." if credited else ""
            return f"This invoice is paid. Thank you.{after}"
        case "void":
            return "This invoice was voided. Nothing is owed."
        case _:
            return "This invoice has not been paid yet."
