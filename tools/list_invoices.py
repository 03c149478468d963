"""The tools `list_invoices` and `invoice_link`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from billing.facts import InvoiceFacts
from tools.answers import Amount, Answer, DeclineAnswer, amount, brief, day, decline, moment
from tools.desk import NOT_FOUND, Desk
from tools.registry import Arguments
from tools.stripe_history import history, one_invoice
from tools.stripe_objects import invoice_facts
from tools.stripe_reads import understood

SHOWN: Final = 12
LINES: Final = 8
LINES_OF_ONE: Final = 60
# docs.stripe.com/invoicing/hosted-invoice-page: an invoice fetched again carries a link for at least ten more days.
LINK_LIFE: Final = timedelta(days=10)

InvoiceIdText = Annotated[str, StringConstraints(max_length=128)]


class ListInvoices(Arguments):
    """List the customer's newest invoices with ids, numbers, status, what is still owed and why a payment failed. The
    newest one shows its lines; proration lines come from a plan change within a period and explain a different bill."""

    status: Literal["open", "paid", "all"] = Field(description="`open` still has to be paid; `all` for everything.")
    invoice: InvoiceIdText | None = Field(description="Show this one invoice id with its lines, or null for a list.")
    lines: bool = Field(description="True to show the lines of every invoice, not only of the newest.")


class LineAnswer(Answer):
    description: str
    amount: Amount
    proration: bool
    period_start: str | None
    period_end: str | None


class InvoiceAnswer(Answer):
    """`requires_action`: the bank waits for the customer to approve the payment, on the invoice link."""

    id: str
    number: str | None
    created: str
    status: str
    reason: str | None
    subscription: str | None
    total: Amount
    amount_paid: Amount
    amount_remaining: Amount
    attempts: int
    next_attempt: str | None
    due: str | None
    decline: DeclineAnswer | None
    requires_action: bool
    charges: list[str]
    has_proration: bool
    lines: list[LineAnswer] | None
    more_lines: bool


class InvoicesAnswer(Answer):
    """`more` says that there are older invoices which are not shown. `note` explains an empty list."""

    invoices: list[InvoiceAnswer]
    more: bool
    note: str | None


async def list_invoices(arguments: ListInvoices, desk: Desk) -> InvoicesAnswer:
    if arguments.invoice is not None:
        found = await desk.stripe.raw_invoice(arguments.invoice)
        if found is None:
            return InvoicesAnswer(invoices=[], more=False, note=NOT_FOUND)
        facts = await one_invoice(desk.stripe, found)
        return InvoicesAnswer(invoices=[_invoice(facts, LINES_OF_ONE)], more=False, note=None)
    past = await history(desk.stripe)
    wanted = [each for each in past.invoices if arguments.status in ("all", each.status)]
    return InvoicesAnswer(
        invoices=[_invoice(each, LINES if arguments.lines or n == 0 else 0) for n, each in enumerate(wanted[:SHOWN])],
        more="invoices" in past.cut or len(wanted) > SHOWN,
        note=None if wanted else "no such invoices on this account",
    )


def _invoice(invoice: InvoiceFacts, lines: int) -> InvoiceAnswer:
    return InvoiceAnswer(
        id=invoice.id,
        number=invoice.number,
        created=moment(invoice.created),
        status=invoice.status,
        reason=invoice.billing_reason,
        subscription=invoice.subscription,
        total=amount(invoice.total),
        amount_paid=amount(invoice.amount_paid),
        amount_remaining=amount(invoice.amount_remaining),
        attempts=invoice.attempt_count,
        next_attempt=day(invoice.next_payment_attempt),
        due=day(invoice.due_date),
        decline=decline(invoice.last_decline) if invoice.status == "open" else None,
        requires_action=invoice.requires_action,
        charges=list(invoice.charges),
        has_proration=any(line.proration for line in invoice.lines),
        lines=[
            LineAnswer(
                description=brief(line.description) or "",
                amount=amount(line.amount),
                proration=line.proration,
                period_start=day(line.period_start),
                period_end=day(line.period_end),
            )
            for line in invoice.lines[:lines]
        ]
        if lines
        else None,
        more_lines=0 < lines < len(invoice.lines),
    )


class InvoiceLink(Arguments):
    """Get a fresh link to an invoice's payment page, where the customer can see and pay it, approve a payment for their
    bank, or download it. Old links expire; this one works for at least ten days."""

    invoice: InvoiceIdText | None = Field(
        description="Invoice id from list_invoices or diagnose, or null for the newest open invoice."
    )


class InvoiceLinkAnswer(Answer):
    """`url` is null when there is none, and `note` says why."""

    invoice: str | None
    number: str | None
    status: str | None
    amount_remaining: Amount | None
    url: str | None
    valid_until: str | None
    note: str | None


async def invoice_link(arguments: InvoiceLink, desk: Desk) -> InvoiceLinkAnswer:
    chosen = arguments.invoice
    if chosen is None:
        v1 = desk.stripe.line.v1
        newest = await desk.stripe.line.pages(
            v1.invoices.list_async, {"customer": desk.stripe.customer, "status": "open"}, 1
        )
        if not newest.items:
            return _no_link("there is no open invoice on this account")
        chosen = newest.items[0].id
    found = await desk.stripe.raw_invoice(chosen)
    if found is None:
        return _no_link(NOT_FOUND)
    facts = understood(invoice_facts, found)
    url = facts.hosted_invoice_url
    return InvoiceLinkAnswer(
        invoice=facts.id,
        number=facts.number,
        status=facts.status,
        amount_remaining=amount(facts.amount_remaining),
        url=url,
        valid_until=day(desk.now() + LINK_LIFE) if url else None,
        note=None if url else f"an invoice that is {facts.status} has no link",
    )


def _no_link(note: str) -> InvoiceLinkAnswer:
    return InvoiceLinkAnswer(
        invoice=None, number=None, status=None, amount_remaining=None, url=None, valid_until=None, note=note
    )
