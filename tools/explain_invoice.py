"""The tool `explain_invoice`: why an invoice comes to what it does, in lines that add up to it."""

from __future__ import annotations

from functools import partial
from typing import Final

import stripe
from pydantic import Field

from billing.ids import PriceId
from billing.invoice_sums import SumLine, Sums, explain
from tools.answers import Amount, Answer, amount, brief, moment
from tools.desk import NOT_FOUND, Desk
from tools.list_invoices import InvoiceIdText
from tools.registry import Arguments
from tools.stripe_bills import bill_of, line_price, stretches, usage_price
from tools.stripe_objects import when
from tools.stripe_reads import CustomerReads, together, understood

EARLIER: Final = 12
LINES: Final = 300
PRICES: Final = 20
SHOWN: Final = 60


class ExplainInvoice(Arguments):
    """Explain why an invoice comes to its amount: each plan, each change by seconds, usage by tier, discounts, taxes,
    credit, in lines that add up to the total. Use it when the customer asks why a bill is higher or what it is for."""

    invoice: InvoiceIdText | None = Field(description="Invoice id from list_invoices, or null for the newest.")


class SumAnswer(Answer):
    """A line of kind `not_explained` could not be reproduced: say so, and guess nothing."""

    kind: str
    text: str
    amount: Amount


class InvoiceSumsAnswer(Answer):
    """`lines` add up to `total`; `total` and `after` to `amount_due`. `explained`: every line was reproduced."""

    invoice: str | None
    number: str | None
    created: str | None
    status: str | None
    lines: list[SumAnswer]
    total: Amount | None
    after: list[SumAnswer]
    amount_due: Amount | None
    explained: bool
    more_lines: bool
    note: str | None


async def explain_invoice(arguments: ExplainInvoice, desk: Desk) -> InvoiceSumsAnswer:
    reads = desk.stripe
    v1 = reads.line.v1
    recent = await reads.line.pages(v1.invoices.list_async, {"customer": reads.customer}, EARLIER)
    if arguments.invoice is None:
        found = next((each for each in recent.items if each.status != "draft"), None)
        note = "there is no invoice on this account"
    else:
        found = await reads.raw_invoice(arguments.invoice)
        note = NOT_FOUND
    if found is None:
        return _nothing(note)
    sums = await invoice_sums(reads, found, [each for each in recent.items if each.id != found.id])
    return InvoiceSumsAnswer(
        invoice=found.id,
        number=found.number,
        created=moment(when(found.created)),
        status=found.status,
        lines=[_sum(line) for line in sums.lines[:SHOWN]],
        total=amount(sums.total),
        after=[_sum(line) for line in sums.after],
        amount_due=amount(sums.amount_due),
        explained=sums.complete,
        more_lines=len(sums.lines) > SHOWN,
        note=None,
    )


async def invoice_sums(reads: CustomerReads, invoice: stripe.Invoice, others: list[stripe.Invoice]) -> Sums:
    """The sums of an invoice that was checked to be the customer's; `others` are more of theirs."""
    v1 = reads.line.v1
    lines = tuple(invoice.lines.data)
    if invoice.lines.has_more:
        lines = (await reads.line.pages(partial(v1.invoices.line_items.list_async, invoice.id), {}, LINES)).items
    wanted = sorted({price for line in lines if (price := line_price(line)) is not None})[:PRICES]
    found: list[stripe.Price | None] = await together(
        *(
            reads.line.look_up(lambda id_=id_: v1.prices.retrieve_async(id_, {"expand": ["tiers", "product"]}))
            for id_ in wanted
        )
    )
    prices = {price.id: price for price in found if price is not None}
    earlier = tuple(stretch for each in others for stretch in understood(stretches, each.lines.data))
    bill = understood(bill_of, invoice, lines, prices, earlier)
    tiered = {PriceId(id_): tiers for id_, price in prices.items() if (tiers := understood(usage_price, price))}
    return explain(bill, tiered)


def _sum(line: SumLine) -> SumAnswer:
    return SumAnswer(kind=line.kind, text=brief(line.text) or "", amount=amount(line.amount))


def _nothing(note: str) -> InvoiceSumsAnswer:
    return InvoiceSumsAnswer(
        invoice=None, number=None, created=None, status=None, lines=[], total=None, after=[], amount_due=None,
        explained=False, more_lines=False, note=note,
    )  # fmt: skip
